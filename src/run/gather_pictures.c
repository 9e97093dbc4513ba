/* SPDX-License-Identifier: MIT */
#include "run/gather_pictures.h"

#include "base/memory.h"
#include "measure/heat.h"
#include "measure/statistics.h"

#include <math.h>

#define INTERVAL_LEVEL 0.95
/* Of a figure. */
#define CELLS_MAX 100u
/* Times are kept in this part of a nanosecond: its digits are few. */
#define STEPS_PER_NS 128.0

_Static_assert(HEAT_BINS == RESULT_HEAT_BINS, "a record has these bins");

/* ---- latencies ---- */

/* Sums of all rounds; returns how many columns there are. */
static size_t add_columns(const struct gather_arm *records, size_t lowest, uint64_t *sum)
{
	size_t columns = 0;
	for (size_t i = 0; i < records->count; i++) {
		const struct result_record *record = &records->records[i];
		if (!record->ok || record->pass != RESULT_PASS_TIMED)
			continue;
		for (size_t at = 0; at < record->heat.column_count && at < RESULT_HEAT_COLUMNS; at++) {
			const struct result_heat_column *column = &record->heat.columns[at];
			for (size_t n = 0; n < column->count && column->first + n < HEAT_BINS; n++) {
				size_t bin = column->first + n;
				sum[at * HEAT_BINS + (bin > lowest ? bin : lowest)] += column->samples[n];
				if (column->samples[n] && at >= columns)
					columns = at + 1;
			}
		}
	}
	return columns;
}

/* Of the first columns, the bins that any of them has samples in: [*low, *high). */
static void range_of(const uint64_t *sum, size_t columns, size_t *low, size_t *high)
{
	*low = HEAT_BINS;
	*high = 0;
	for (size_t i = 0; i < columns * HEAT_BINS; i++) {
		size_t bin = i % HEAT_BINS;
		if (!sum[i])
			continue;
		*low = bin < *low ? bin : *low;
		*high = bin + 1 > *high ? bin + 1 : *high;
	}
}

static int store_column(struct result_heat_column *column, const uint64_t *sum, size_t low, size_t high)
{
	size_t first = low, end = high;
	while (first < end && !sum[first])
		first++;
	while (end > first && !sum[end - 1])
		end--;
	*column = (struct result_heat_column){.first = (uint32_t)(first - low),
					      .samples = memory_zeroed(end - first, sizeof column->samples[0])};
	if (!column->samples)
		return -1;
	for (; first < end; first++)
		column->samples[column->count++] = sum[first];
	return 0;
}

/* Where a column ends, as the series saw it; without one, in equal parts. */
static double operations_at(const struct result_arm *arm, const struct gather_arm *records, double share)
{
	double total = 0;
	size_t row = (size_t)ceil(share * (double)arm->series_count);
	if (row && isfinite(arm->series[row - 1].value[RESULT_SERIES_OP]))
		return arm->series[row - 1].value[RESULT_SERIES_OP];
	for (size_t i = 0; i < records->count && total == 0; i++)
		for (size_t phase = 0; gather_timed_phase(&records->records[i], phase); phase++)
			total += (double)records->records[i].phases[phase].operations;
	return share * total;
}

static int store_heat(struct result_heat *heat, const struct result_arm *arm, const struct gather_arm *records,
		      const uint64_t *sum, size_t columns, const struct clock *clock)
{
	size_t low, high;
	range_of(sum, columns, &low, &high);
	heat->edge_count = high - low + 1;
	heat->columns = memory_zeroed(columns, sizeof heat->columns[0]);
	heat->ops = memory_zeroed(columns, sizeof heat->ops[0]);
	heat->edges_ns = memory_zeroed(heat->edge_count, sizeof heat->edges_ns[0]);
	if (!heat->columns || !heat->ops || !heat->edges_ns)
		return -1;
	for (size_t i = 0; i < heat->edge_count; i++)
		heat->edges_ns[i] = (double)heat_bin_low(low + i) * clock->ns_per_tick;
	for (size_t i = 0; i < columns; i++) {
		heat->column_count = i + 1;
		heat->ops[i] = operations_at(arm, records, (double)(i + 1) / (double)columns);
		if (store_column(&heat->columns[i], &sum[i * HEAT_BINS], low, high) < 0)
			return -1;
	}
	return 0;
}

int gather_heat(struct result_arm *arm, const struct gather_arm *records, const struct clock *clock)
{
	uint64_t *sum = memory_zeroed((size_t)RESULT_HEAT_COLUMNS * HEAT_BINS, sizeof sum[0]);
	if (!sum)
		return -1;
	/* What the clock cannot tell apart is one bin. */
	double resolution = clock->pair_ns + clock->step_ns;
	size_t columns = add_columns(records, heat_bin((uint64_t)(resolution / clock->ns_per_tick)), sum);
	int result = columns ? store_heat(&arm->heat, arm, records, sum, columns, clock) : 0;
	arm->heat.resolution_ns = resolution;
	memory_release(sum);
	return result;
}

/* ---- time per operation ---- */

/* Of one round in cells [from, to) of the grid; NaN: all were disturbed. */
static double mean_of(const struct result_record_phase *phase, size_t from, size_t to)
{
	double ns = 0, operations = 0;
	for (size_t i = from; i < to && i < phase->cell_count; i++) {
		if (isnan(phase->cells_ns_per_op[i]))
			continue;
		ns += phase->cells_ns_per_op[i] * phase->cells_operations[i];
		operations += phase->cells_operations[i];
	}
	return operations > 0 ? ns / operations : (double)NAN;
}

static double in_steps(double ns)
{
	return round(ns * STEPS_PER_NS) / STEPS_PER_NS;
}

/* Operations of the stream at the beginning and the end of a phase, of which the grid's add up to total. */
static void place_phase(const struct result_arm *arm, const struct gather_arm *records, size_t index, double total,
			double *begin, double *end)
{
	*begin = *end = 0;
	for (size_t i = 0; i < arm->series_count; i++) {
		double op = arm->series[i].value[RESULT_SERIES_OP];
		if (isfinite(op) && arm->series[i].phase < index)
			*begin = op;
		if (isfinite(op) && arm->series[i].phase == index)
			*end = op;
	}
	if (*end > *begin)
		return;
	*begin = 0;
	for (size_t before = 0; before < index; before++) {
		const struct result_record_phase *phase = gather_grid(records, before);
		*begin += phase ? (double)phase->operations : 0;
	}
	*end = *begin + total;
}

static void fill_cell(struct result_cells *cells, const struct gather_arm *records, size_t index, size_t from, size_t to,
		      double *scratch)
{
	size_t rounds = 0, at = cells->count;
	for (size_t i = 0; i < records->count; i++) {
		const struct result_record_phase *phase = gather_timed_phase(&records->records[i], index);
		double ns = phase ? mean_of(phase, from, to) : (double)NAN;
		if (!isnan(ns))
			scratch[rounds++] = ns;
	}
	struct statistics_interval interval = statistics_median_interval(scratch, rounds, INTERVAL_LEVEL);
	bool enough = interval.level > 0;
	cells->ns_per_op[at] = in_steps(statistics_median(scratch, rounds));
	cells->ci_low[at] = enough ? in_steps(interval.low) : (double)NAN;
	cells->ci_high[at] = enough ? in_steps(interval.high) : (double)NAN;
	cells->count++;
}

int gather_cells(struct result_phase *phase, const struct result_arm *arm, const struct gather_arm *records, size_t index)
{
	const struct result_record_phase *grid = gather_grid(records, index);
	struct result_cells *cells = &phase->cells;
	if (!grid)
		return 0;
	size_t stride = (grid->cell_count + CELLS_MAX - 1) / CELLS_MAX, count = (grid->cell_count + stride - 1) / stride;
	double *scratch = memory_zeroed(records->count, sizeof scratch[0]), total = 0, done = 0, begin, end;
	cells->ops = memory_zeroed(count, sizeof cells->ops[0]);
	cells->ns_per_op = memory_zeroed(count, sizeof cells->ns_per_op[0]);
	cells->ci_low = memory_zeroed(count, sizeof cells->ci_low[0]);
	cells->ci_high = memory_zeroed(count, sizeof cells->ci_high[0]);
	if (!scratch || !cells->ops || !cells->ns_per_op || !cells->ci_low || !cells->ci_high) {
		memory_release(scratch);
		return -1;
	}
	for (size_t i = 0; i < grid->cell_count; i++)
		total += grid->cells_operations[i];
	place_phase(arm, records, index, total, &begin, &end);
	for (size_t from = 0; from < grid->cell_count; from += stride) {
		for (size_t i = from; i < from + stride && i < grid->cell_count; i++)
			done += grid->cells_operations[i];
		cells->ops[cells->count] = round(total > 0 ? begin + (end - begin) * done / total : begin);
		fill_cell(cells, records, index, from, from + stride, scratch);
	}
	memory_release(scratch);
	return 0;
}
