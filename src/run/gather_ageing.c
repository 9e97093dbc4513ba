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

static const struct result_record_phase *timed_phase(const struct result_record *record, size_t index)
{
	if (!record->ok || record->pass != RESULT_PASS_TIMED || index >= record->phase_count)
		return NULL;
	return &record->phases[index];
}

/* Cells of all rounds, one median each, those that are NaN left out; how many. scratch: as many as records. */
static size_t cell_medians(const struct gather_arm *records, size_t index, double cells[RESULT_CELLS_MAX], double *scratch)
{
	size_t count = 0;
	for (size_t cell = 0; cell < RESULT_CELLS_MAX; cell++) {
		size_t rounds = 0;
		for (size_t i = 0; i < records->count; i++) {
			const struct result_record_phase *phase = timed_phase(&records->records[i], index);
			if (phase && cell < phase->cell_count && !isnan(phase->cells_ns_per_op[cell]))
				scratch[rounds++] = phase->cells_ns_per_op[cell];
		}
		if (rounds)
			cells[count++] = statistics_median(scratch, rounds);
	}
	return count;
}

static double operations_of(const struct gather_arm *records, size_t index)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct result_record_phase *phase = timed_phase(&records->records[i], index);
		if (phase)
			return (double)phase->operations;
	}
	return 0;
}

int gather_ageing(struct result_phase *phase, const struct gather_arm *records, size_t index)
{
	double cells[RESULT_CELLS_MAX];
	struct ageing found;
	struct result_figures *figures = &phase->figures;
	double *scratch = memory_zeroed(records->count, sizeof scratch[0]);
	if (!scratch)
		return -1;
	size_t count = cell_medians(records, index, cells, scratch);
	memory_release(scratch);
	if (!count)
		return 0; /* no timed pass: not measured */
	result_set(figures, RESULT_METRIC_AGEING_WINDOWS, (double)count);
	if (ageing_judge(cells, count, &found) < 0)
		return -1;
	phase->ageing = (enum result_ageing)found.class;
	if (found.class == AGEING_UNKNOWN) {
		result_set_null(figures, RESULT_METRIC_AGEING_RATIO, RESULT_REASON_FEW_WINDOWS);
		result_set_null(figures, RESULT_METRIC_AGEING_SLOPE, RESULT_REASON_FEW_WINDOWS);
		result_set_null(figures, RESULT_METRIC_AGEING_CHANGES, RESULT_REASON_FEW_WINDOWS);
		return 0;
	}
	result_set(figures, RESULT_METRIC_AGEING_RATIO, found.first_to_last_decile);
	result_set(figures, RESULT_METRIC_AGEING_CHANGES, (double)found.change_points);
	result_set(figures, RESULT_METRIC_AGEING_SLOPE, found.slope * (double)count / operations_of(records, index) * 1e6);
	return 0;
}
