/* SPDX-License-Identifier: MIT */
#include "run/gather_ageing.h"

#include "base/memory.h"
#include "measure/ageing.h"
#include "measure/statistics.h"

#include <math.h>

_Static_assert(RESULT_CELLS_MAX <= AGEING_VALUES_MAX, "every series of cells can be judged");
_Static_assert((int)RESULT_AGEING_UNKNOWN == (int)AGEING_UNKNOWN && (int)RESULT_AGEING_FLAT == (int)AGEING_FLAT &&
		       (int)RESULT_AGEING_WARM_UP == (int)AGEING_WARM_UP &&
		       (int)RESULT_AGEING_AGEING == (int)AGEING_AGEING &&
		       (int)RESULT_AGEING_NO_STEADY_STATE == (int)AGEING_NO_STEADY_STATE,
	       "classes are the same numbers on both sides");

/* The cells of a phase over all rounds. */
struct cells {
	double ns_per_op[RESULT_CELLS_MAX];
	struct ageing_extent extents[RESULT_CELLS_MAX]; /* operations of the phase */
	size_t count;
	double end; /* operations of the whole phase */
};

/* One median of each cell; a cell that was disturbed in every round is left out, the others stay where they are. scratch: as
 * many as records. */
static void cell_medians(const struct gather_arm *records, size_t index, struct cells *cells, double *scratch)
{
	const struct result_record_phase *grid = gather_grid(records, index);
	cells->count = 0;
	cells->end = 0;
	for (size_t cell = 0; grid && cell < grid->cell_count && cell < RESULT_CELLS_MAX; cell++) {
		size_t rounds = 0;
		double first = cells->end;
		cells->end += grid->cells_operations[cell];
		for (size_t i = 0; i < records->count; i++) {
			const struct result_record_phase *phase = gather_timed_phase(&records->records[i], index);
			if (phase && cell < phase->cell_count && !isnan(phase->cells_ns_per_op[cell]))
				scratch[rounds++] = phase->cells_ns_per_op[cell];
		}
		if (!rounds || !(cells->end > first))
			continue;
		cells->extents[cells->count] = (struct ageing_extent){first, cells->end};
		cells->ns_per_op[cells->count++] = statistics_median(scratch, rounds);
	}
}

/* The ratio of one process; NaN: a tenth of it was disturbed. */
static double ratio_of(const struct result_record_phase *phase)
{
	struct cells cells = {.count = 0};
	for (size_t cell = 0; cell < phase->cell_count && cell < RESULT_CELLS_MAX; cell++) {
		double first = cells.end;
		cells.end += phase->cells_operations[cell];
		if (isnan(phase->cells_ns_per_op[cell]) || !(cells.end > first))
			continue;
		cells.extents[cells.count] = (struct ageing_extent){first, cells.end};
		cells.ns_per_op[cells.count++] = phase->cells_ns_per_op[cell];
	}
	return ageing_ratio(cells.ns_per_op, cells.extents, cells.count, cells.end);
}

/* scratch: as many as records. */
static struct statistics_interval ratio_interval(const struct gather_arm *records, size_t index, double *scratch)
{
	size_t rounds = 0;
	for (size_t i = 0; i < records->count; i++) {
		const struct result_record_phase *phase = gather_timed_phase(&records->records[i], index);
		double ratio = phase ? ratio_of(phase) : (double)NAN;
		if (isfinite(ratio))
			scratch[rounds++] = ratio;
	}
	return statistics_median_interval(scratch, rounds, 0.95);
}

static void judge(struct result_phase *phase, enum ageing_class class, const struct statistics_interval *interval)
{
	if (interval->level > 0) {
		phase->ageing_low = interval->low;
		phase->ageing_high = interval->high;
	}
	if (class > AGEING_FLAT && interval->level <= 0)
		class = AGEING_UNKNOWN;
	else if (class > AGEING_FLAT && interval->low <= 1 && interval->high >= 1)
		class = AGEING_FLAT;
	phase->ageing = (enum result_ageing) class;
}

/* A column of the phase's rows, where it has a figure. Returns how many; values has room for all rows. */
static size_t column_of(const struct result_series_row *series, size_t rows, size_t phase, enum result_series_column column,
			double *values)
{
	size_t count = 0;
	for (size_t i = 0; i < rows; i++)
		if (series[i].phase == phase && isfinite(series[i].value[column]))
			values[count++] = series[i].value[column];
	return count;
}

int gather_growth(const struct result_series_row *series, size_t rows, size_t phase, struct gather_growth *growth)
{
	static const enum result_series_column columns[] = {RESULT_SERIES_UNUSABLE_2MIB, RESULT_SERIES_PAGE_TABLE_PAGES,
							    RESULT_SERIES_SPAN_PAGES};
	double *values = memory_zeroed(rows, sizeof values[0]);
	if (!values)
		return -1;
	size_t live = column_of(series, rows, phase, RESULT_SERIES_LIVE_PAGES, values);
	*growth = (struct gather_growth){.known = live >= AGEING_VALUES_MIN};
	if (ageing_grows(values, live))
		growth->growing = UINT32_C(1) << RESULT_SERIES_LIVE_PAGES;
	for (size_t i = 0; i < sizeof columns / sizeof columns[0] && !(growth->growing >> RESULT_SERIES_LIVE_PAGES & 1);
	     i++)
		if (ageing_grows(values, column_of(series, rows, phase, columns[i], values)))
			growth->growing |= UINT32_C(1) << columns[i];
	memory_release(values);
	return 0;
}

/* While the load does not grow itself. */
static int judge_growth(struct result_phase *phase, const struct result_arm *arm, size_t index)
{
	struct gather_growth growth;
	if (gather_growth(arm->series, arm->series_count, index, &growth) < 0)
		return -1;
	phase->growth_known = growth.known;
	phase->growing = growth.growing & ~(UINT32_C(1) << RESULT_SERIES_LIVE_PAGES);
	return 0;
}

int gather_ageing(struct result_phase *phase, const struct result_arm *arm, const struct gather_arm *records, size_t index)
{
	struct cells cells;
	struct ageing found;
	struct result_figures *figures = &phase->figures;
	double *scratch = memory_zeroed(records->count, sizeof scratch[0]);
	if (!scratch || judge_growth(phase, arm, index) < 0) {
		memory_release(scratch);
		return -1;
	}
	cell_medians(records, index, &cells, scratch);
	struct statistics_interval interval = ratio_interval(records, index, scratch);
	memory_release(scratch);
	if (!cells.count)
		return 0; /* no timed pass: not measured */
	result_set(figures, METRIC_AGEING_WINDOWS, (double)cells.count);
	if (ageing_judge(cells.ns_per_op, cells.extents, cells.count, cells.end, &found) < 0)
		return -1;
	judge(phase, found.class, &interval);
	if (found.class == AGEING_UNKNOWN) {
		result_set_null(figures, METRIC_AGEING_RATIO, RESULT_REASON_FEW_WINDOWS);
		result_set_null(figures, METRIC_AGEING_SLOPE, RESULT_REASON_FEW_WINDOWS);
		result_set_null(figures, METRIC_AGEING_CHANGES, RESULT_REASON_FEW_WINDOWS);
		return 0;
	}
	if (isnan(found.first_to_last_decile))
		result_set_null(figures, METRIC_AGEING_RATIO, RESULT_REASON_DISTURBED);
	else
		result_set(figures, METRIC_AGEING_RATIO, found.first_to_last_decile);
	result_set(figures, METRIC_AGEING_CHANGES, (double)found.change_points);
	result_set(figures, METRIC_AGEING_SLOPE, found.slope * 1e6);
	return 0;
}
