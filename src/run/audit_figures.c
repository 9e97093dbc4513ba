/* SPDX-License-Identifier: MIT */
#include "run/audit_figures.h"

#include <math.h>

void audit_totals_add(struct audit_totals *totals, const struct audit_space *space)
{
	struct occupancy_counters map = occupancy_counters(space->occupancy);
	for (unsigned order = 0; order < FRAGMENTATION_ORDERS; order++)
		totals->free.blocks[order] += space->free.blocks[order];
	totals->free.free_pages += space->free.free_pages;
	totals->free.free_extents += space->free.free_extents;
	if (space->free.largest_free_pages > totals->free.largest_free_pages)
		totals->free.largest_free_pages = space->free.largest_free_pages;
	totals->cached_pages += space->cached_pages;
	totals->deferred_pages += space->deferred_pages;
	totals->page_table_pages += occupancy_page_table_pages(space->occupancy);
	totals->map.live_pages += map.live_pages;
	totals->map.peak_live_pages += map.peak_live_pages;
	totals->map.regions_2mib_live += map.regions_2mib_live;
	totals->map.regions_2mib_touched += map.regions_2mib_touched;
	totals->map.free_2mib_slots += map.free_2mib_slots;
	totals->map.free_1gib_slots += map.free_1gib_slots;
	if (map.ever_used) {
		totals->span_pages += map.highest_page - map.lowest_page + 1;
		totals->high_water_pages += map.highest_page + 1 - space->first;
	}
}

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : (double)NAN;
}

void audit_set_space(struct result_figures *figures, const struct audit_totals *totals)
{
	const struct fragmentation *free = &totals->free;
	result_set(figures, RESULT_METRIC_PEAK_LIVE_PAGES, (double)totals->map.peak_live_pages);
	result_set(figures, RESULT_METRIC_SPAN_PAGES, (double)totals->span_pages);
	result_set(figures, RESULT_METRIC_HIGH_WATER_PAGES, (double)totals->high_water_pages);
	result_set(figures, RESULT_METRIC_FOOTPRINT_RATIO,
		   ratio(512.0 * (double)totals->map.regions_2mib_touched, (double)totals->map.peak_live_pages));
	result_set(figures, RESULT_METRIC_FREE_PAGES, (double)free->free_pages);
	result_set(figures, RESULT_METRIC_CACHED_PAGES, (double)totals->cached_pages);
	result_set(figures, RESULT_METRIC_DEFERRED_PAGES, (double)totals->deferred_pages);
	result_set(figures, RESULT_METRIC_FREE_EXTENTS, (double)free->free_extents);
	result_set(figures, RESULT_METRIC_LARGEST_FREE_PAGES, (double)free->largest_free_pages);
	result_set(figures, RESULT_METRIC_UNUSABLE_16KIB, fragmentation_unusable(free, 2));
	result_set(figures, RESULT_METRIC_UNUSABLE_64KIB, fragmentation_unusable(free, 4));
	result_set(figures, RESULT_METRIC_UNUSABLE_2MIB, fragmentation_unusable(free, 9));
	result_set(figures, RESULT_METRIC_UNUSABLE_1GIB, fragmentation_unusable(free, 18));
	result_set(figures, RESULT_METRIC_FREE_2MIB_SLOTS, (double)totals->map.free_2mib_slots);
	result_set(figures, RESULT_METRIC_FREE_1GIB_SLOTS, (double)totals->map.free_1gib_slots);
	result_set(figures, RESULT_METRIC_PAGE_TABLE_PAGES, (double)totals->page_table_pages);
	result_set(figures, RESULT_METRIC_PAGE_TABLE_LEAF_PAGES, (double)totals->map.regions_2mib_live);
	double floor = (double)occupancy_page_table_floor(totals->map.live_pages);
	if (floor > 0)
		result_set(figures, RESULT_METRIC_PAGE_TABLE_RATIO, (double)totals->page_table_pages / floor);
	else
		result_set_null(figures, RESULT_METRIC_PAGE_TABLE_RATIO, RESULT_REASON_NOT_APPLICABLE);
}

void audit_set_failures(struct result_figures *figures, const struct audit_counts *counts)
{
	uint64_t total = 0;
	for (size_t i = 0; i < AUDIT_FAILURES; i++)
		total += counts->failures[i];
	result_set(figures, RESULT_METRIC_FAILURES_TOTAL, (double)total);
	result_set(figures, RESULT_METRIC_FAILURES_MALFORMED, 0);
	result_set(figures, RESULT_METRIC_FAILURES_IMPOSSIBLE, (double)counts->failures[AUDIT_IMPOSSIBLE]);
	result_set(figures, RESULT_METRIC_FAILURES_EXHAUSTED, (double)counts->failures[AUDIT_EXHAUSTED]);
	result_set(figures, RESULT_METRIC_FAILURES_FRAGMENTED, (double)counts->failures[AUDIT_FRAGMENTED]);
	if (counts->failed) {
		result_set(figures, RESULT_METRIC_FIRST_FAILURE_OP, (double)counts->first_operation);
		result_set(figures, RESULT_METRIC_FIRST_FAILURE_LIVE_PAGES, (double)counts->first_live_pages);
		result_set(figures, RESULT_METRIC_FIRST_FAILURE_OCCUPANCY, counts->first_occupancy);
	} else {
		result_set_null(figures, RESULT_METRIC_FIRST_FAILURE_OP, RESULT_REASON_NO_FAILURE);
		result_set_null(figures, RESULT_METRIC_FIRST_FAILURE_LIVE_PAGES, RESULT_REASON_NO_FAILURE);
		result_set_null(figures, RESULT_METRIC_FIRST_FAILURE_OCCUPANCY, RESULT_REASON_NO_FAILURE);
	}
	result_set(figures, RESULT_METRIC_BEYOND_DEMANDS, (double)counts->beyond_demands);
	result_set(figures, RESULT_METRIC_BEYOND_FITTED, (double)counts->beyond_fitted);
}

void audit_set_work(struct result_figures *figures, const struct audit_counts *counts, uint64_t usable_pages,
		    uint64_t peak_live_pages)
{
	result_set(figures, RESULT_METRIC_ALLOCATIONS, (double)counts->allocations);
	result_set(figures, RESULT_METRIC_FREES, (double)counts->frees);
	result_set(figures, RESULT_METRIC_FREES_SKIPPED, (double)counts->skipped);
	result_set(figures, RESULT_METRIC_REQUESTED_PAGES, (double)counts->requested);
	result_set(figures, RESULT_METRIC_GRANTED_PAGES, (double)counts->granted);
	double rounding = ratio((double)counts->granted, (double)counts->requested);
	result_set(figures, RESULT_METRIC_ROUNDING_RATIO, rounding);
	result_set(figures, RESULT_METRIC_ROUNDING_RATIO_MEAN,
		   ratio(counts->rounding_sum, (double)counts->granted_allocations));
	result_set(figures, RESULT_METRIC_OVER_CAPACITY, (double)peak_live_pages * rounding > (double)usable_pages);
	result_set(figures, RESULT_METRIC_AUDIT_OPS, (double)(counts->allocations + counts->frees));
	result_set(figures, RESULT_METRIC_AUDIT_POLLS, (double)counts->polls);
}

void audit_set_steps(struct result_figures *figures, const struct audit_counts *counts, const struct histogram *alloc_steps)
{
	static const enum result_metric metrics[] = {RESULT_METRIC_STEPS_ALLOC_MEAN,  RESULT_METRIC_STEPS_ALLOC_P99,
						     RESULT_METRIC_STEPS_ALLOC_MAX,   RESULT_METRIC_STEPS_FREE_MEAN,
						     RESULT_METRIC_STEPS_SPLITS_MEAN, RESULT_METRIC_STEPS_MERGES_MEAN};
	for (size_t i = 0; !alloc_steps && i < sizeof metrics / sizeof metrics[0]; i++)
		result_set_null(figures, metrics[i], RESULT_REASON_NO_STEPS);
	if (!alloc_steps)
		return;
	double allocations = (double)counts->allocations, frees = (double)counts->frees;
	result_set(figures, RESULT_METRIC_STEPS_ALLOC_MEAN, ratio((double)counts->alloc_steps, allocations));
	result_set(figures, RESULT_METRIC_STEPS_ALLOC_P99, (double)histogram_quantile(alloc_steps, 0.99));
	result_set(figures, RESULT_METRIC_STEPS_ALLOC_MAX, (double)alloc_steps->max);
	result_set(figures, RESULT_METRIC_STEPS_FREE_MEAN, ratio((double)counts->free_steps, frees));
	result_set(figures, RESULT_METRIC_STEPS_SPLITS_MEAN, ratio((double)counts->splits, allocations));
	result_set(figures, RESULT_METRIC_STEPS_MERGES_MEAN, ratio((double)counts->merges, frees));
}
