/* SPDX-License-Identifier: MIT */
#include "play/audit_figures.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>

static void add_runs(struct fragmentation *sum, const struct fragmentation *part)
{
	for (unsigned order = 0; order < FRAGMENTATION_ORDERS; order++)
		sum->blocks[order] += part->blocks[order];
	sum->free_pages += part->free_pages;
	sum->free_extents += part->free_extents;
	if (part->largest_free_pages > sum->largest_free_pages)
		sum->largest_free_pages = part->largest_free_pages;
}

void audit_totals_add(struct audit_totals *totals, const struct audit_space *space)
{
	struct occupancy_counters map = occupancy_counters(space->occupancy);
	add_runs(&totals->free, &space->free);
	add_runs(&totals->runs, &space->runs);
	add_runs(&totals->drained, &space->drained);
	totals->gaps += space->gaps;
	totals->space_pages += space->count;
	totals->page_table_ever_pages += occupancy_page_tables_ever(space->occupancy);
	totals->usable_pages += space->usable;
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

/* NaN: there is nothing that it could be a share of. */
static void set_share(struct result_figures *figures, enum metric metric, double share)
{
	if (isnan(share))
		result_set_null(figures, metric, RESULT_REASON_NOT_APPLICABLE);
	else
		result_set(figures, metric, share);
}

static void set_ratio(struct result_figures *figures, enum metric metric, double part, double whole)
{
	set_share(figures, metric, ratio(part, whole));
}

/* What the space would offer if all that is cached or deferred were given back. */
static void set_drained(struct result_figures *figures, const struct audit_totals *totals)
{
	const struct fragmentation *drained = &totals->drained;
	double runs = (double)drained->free_extents;
	result_set(figures, METRIC_DRAINED_UNUSABLE_16KIB, fragmentation_unusable(drained, 2));
	result_set(figures, METRIC_DRAINED_UNUSABLE_64KIB, fragmentation_unusable(drained, 4));
	result_set(figures, METRIC_DRAINED_UNUSABLE_2MIB, fragmentation_unusable(drained, 9));
	result_set(figures, METRIC_DRAINED_UNUSABLE_1GIB, fragmentation_unusable(drained, 18));
	result_set(figures, METRIC_FREE_RUNS_PER_PAGE, ratio(runs, (double)totals->space_pages));
	set_ratio(figures, METRIC_FREE_RUN_MEAN_PAGES, (double)drained->free_pages, runs);
}

void audit_set_space(struct result_figures *figures, const struct audit_totals *totals)
{
	const struct fragmentation *free = &totals->free, *runs = &totals->runs;
	result_set(figures, METRIC_PEAK_LIVE_PAGES, (double)totals->map.peak_live_pages);
	result_set(figures, METRIC_SPAN_PAGES, (double)totals->span_pages);
	set_ratio(figures, METRIC_SPAN_RATIO, (double)totals->span_pages, (double)totals->map.peak_live_pages);
	result_set(figures, METRIC_HIGH_WATER_PAGES, (double)totals->high_water_pages);
	result_set(figures, METRIC_FOOTPRINT_RATIO,
		   ratio(512.0 * (double)totals->map.regions_2mib_touched, (double)totals->map.peak_live_pages));
	result_set(figures, METRIC_FREE_PAGES, (double)free->free_pages);
	result_set(figures, METRIC_CACHED_PAGES, (double)totals->cached_pages);
	result_set(figures, METRIC_DEFERRED_PAGES, (double)totals->deferred_pages);
	result_set(figures, METRIC_FREE_EXTENTS, (double)runs->free_extents);
	result_set(figures, METRIC_LARGEST_FREE_PAGES, (double)runs->largest_free_pages);
	result_set(figures, METRIC_LARGEST_SERVABLE_PAGES, (double)free->largest_free_pages);
	set_share(figures, METRIC_OUTSIDE_LARGEST, fragmentation_outside_largest(runs));
	result_set(figures, METRIC_UNUSABLE_16KIB, fragmentation_unusable(free, 2));
	result_set(figures, METRIC_UNUSABLE_64KIB, fragmentation_unusable(free, 4));
	result_set(figures, METRIC_UNUSABLE_2MIB, fragmentation_unusable(free, 9));
	result_set(figures, METRIC_UNUSABLE_1GIB, fragmentation_unusable(free, 18));
	result_set(figures, METRIC_FREE_2MIB_SLOTS, (double)totals->map.free_2mib_slots);
	result_set(figures, METRIC_FREE_1GIB_SLOTS, (double)totals->map.free_1gib_slots);
	result_set(figures, METRIC_PAGE_TABLE_PAGES, (double)totals->page_table_pages);
	result_set(figures, METRIC_PAGE_TABLE_LEAF_PAGES, (double)totals->map.regions_2mib_live);
	result_set(figures, METRIC_PAGE_TABLE_EVER_PAGES, (double)totals->page_table_ever_pages);
	result_set(figures, METRIC_PAGE_TABLE_EVER_LEAF_PAGES, (double)totals->map.regions_2mib_touched);
	set_ratio(figures, METRIC_PAGE_TABLE_EVER_RATIO, (double)totals->page_table_ever_pages,
		  (double)occupancy_page_table_floor(totals->map.peak_live_pages));
	set_ratio(figures, METRIC_PAGE_TABLE_RATIO, (double)totals->page_table_pages,
		  (double)occupancy_page_table_floor(totals->map.live_pages));
	set_drained(figures, totals);
}

static void set_first_failure(struct result_figures *figures, const struct audit_counts *counts)
{
	const struct {
		enum metric metric;
		double value;
	} first[] = {
		{METRIC_FIRST_FAILURE_OP, (double)counts->first_operation},
		{METRIC_FIRST_FAILURE_DEVICE_S, counts->first_device_s},
		{METRIC_FIRST_FAILURE_LIVE_PAGES, (double)counts->first_live_pages},
		{METRIC_FIRST_FAILURE_OCCUPANCY, counts->first_occupancy},
		{METRIC_FIRST_FAILURE_WINDOW_OCCUPANCY, counts->first_window_occupancy},
		{METRIC_FIRST_FAILURE_HELD_PAGES, (double)counts->first_held_pages},
		{METRIC_FIRST_FAILURE_LARGEST_FREE_PAGES, (double)counts->first_largest_free_pages},
		{METRIC_FIRST_FAILURE_INDEX, counts->first_index},
	};
	for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
		if (counts->failed && isnan(first[i].value))
			result_set_null(figures, first[i].metric, RESULT_REASON_NOT_APPLICABLE);
		else if (counts->failed)
			result_set(figures, first[i].metric, first[i].value);
		else
			result_set_null(figures, first[i].metric, RESULT_REASON_NO_FAILURE);
}

void audit_set_failures(struct result_figures *figures, const struct audit_counts *counts)
{
	uint64_t total = 0;
	for (size_t i = 0; i < AUDIT_FAILURES; i++)
		total += counts->failures[i];
	result_set(figures, METRIC_FAILURES_TOTAL, (double)(total + counts->malformed));
	result_set(figures, METRIC_FAILURES_MALFORMED, (double)counts->malformed);
	result_set(figures, METRIC_FAILURES_PHYSICAL, (double)counts->failures[AUDIT_PHYSICAL]);
	result_set(figures, METRIC_FAILURES_IMPOSSIBLE, (double)counts->failures[AUDIT_IMPOSSIBLE]);
	result_set(figures, METRIC_FAILURES_EXHAUSTED, (double)counts->failures[AUDIT_EXHAUSTED]);
	result_set(figures, METRIC_FAILURES_FRAGMENTED, (double)counts->failures[AUDIT_FRAGMENTED]);
	result_set(figures, METRIC_FAILURES_HELD, (double)counts->failures[AUDIT_HELD]);
	result_set(figures, METRIC_FAILURES_REFUSED, (double)counts->failures[AUDIT_REFUSED]);
	result_set(figures, METRIC_FAILURES_METADATA, (double)counts->failures[AUDIT_METADATA]);
	set_first_failure(figures, counts);
	result_set(figures, METRIC_BEYOND_DEMANDS, (double)counts->beyond_demands);
	result_set(figures, METRIC_BEYOND_FITTED, (double)counts->beyond_fitted);
}

void audit_set_work(struct result_figures *figures, const struct audit_counts *counts, uint64_t usable_pages,
		    double peak_live_pages)
{
	result_set(figures, METRIC_ALLOCATIONS, (double)counts->allocations);
	set_share(figures, METRIC_DEVICE_S, counts->device_s - counts->device_s_before);
	result_set(figures, METRIC_FELL_BACK, (double)counts->fell_back);
	result_set(figures, METRIC_FREES, (double)counts->frees);
	result_set(figures, METRIC_ROUTINE_CALLS, (double)counts->routine_calls);
	result_set(figures, METRIC_FREES_SKIPPED, (double)counts->skipped);
	result_set(figures, METRIC_REQUESTED_PAGES, (double)counts->requested);
	result_set(figures, METRIC_GRANTED_PAGES, (double)counts->granted);
	double rounding = ratio((double)counts->granted, (double)counts->requested);
	result_set(figures, METRIC_ROUNDING_RATIO, rounding);
	result_set(figures, METRIC_ROUNDING_RATIO_MEAN, ratio(counts->rounding_sum, (double)counts->granted_allocations));
	if (isfinite(peak_live_pages)) {
		set_ratio(figures, METRIC_DEMAND_RATIO, peak_live_pages, (double)usable_pages);
		result_set(figures, METRIC_OVER_CAPACITY, peak_live_pages * rounding > (double)usable_pages);
	}
	set_ratio(figures, METRIC_INEXACT_SHARE, (double)counts->inexact, (double)counts->granted_allocations);
	set_ratio(figures, METRIC_TURNOVERS, (double)counts->granted, (double)counts->live_pages_before);
	set_ratio(figures, METRIC_HOLES_PER_EXTENT, counts->holes_sum, (double)counts->holes_walks);
	result_set(figures, METRIC_AUDIT_OPS, (double)(counts->allocations + counts->frees + counts->routine_calls));
	result_set(figures, METRIC_AUDIT_POLLS, (double)counts->polls);
}

void audit_set_queue(struct result_figures *figures, const struct audit_counts *counts, uint64_t usable_pages)
{
	const struct queue_figures *queue = &counts->queue;
	if (!queue->served && !queue->given_up) {
		result_set_null_of(figures, METRIC_SOURCE_QUEUE, RESULT_REASON_NOT_APPLICABLE);
		return;
	}
	result_set(figures, METRIC_QUEUE_SERVED, (double)queue->served);
	result_set(figures, METRIC_QUEUE_WAITED, (double)queue->waited);
	set_ratio(figures, METRIC_QUEUE_FREES_MEAN, (double)queue->frees, (double)queue->waited);
	set_ratio(figures, METRIC_QUEUE_OCCUPANCY_MEAN, queue->live_pages, (double)usable_pages);
}

void audit_count_holes(struct audit_counts *counts, const struct audit_totals *totals, uint64_t live_extents)
{
	if (!live_extents)
		return;
	counts->holes_sum += (double)totals->gaps / (double)live_extents;
	counts->holes_walks++;
}

static void set_layer(struct result_figures *figures, const struct audit_counts *counts, bool layer)
{
	double allocations = (double)counts->allocations, operations = allocations + (double)counts->frees;
	if (!layer) {
		result_set_null_of(figures, METRIC_SOURCE_LAYER, RESULT_REASON_NO_LAYER);
		return;
	}
	set_ratio(figures, METRIC_STEPS_CACHE_HIT_SHARE, (double)counts->cache_hits, allocations);
	set_ratio(figures, METRIC_STEPS_DEPOT_TRIPS_PER_OP, (double)counts->depot_trips, operations);
	set_ratio(figures, METRIC_STEPS_BACKEND_TRIPS_PER_OP, (double)counts->backend_trips, operations);
	result_set(figures, METRIC_STEPS_BACKEND_TRIPS_MAX, (double)counts->backend_trips_max);
}

void audit_set_steps(struct result_figures *figures, const struct audit_counts *counts, const struct histogram *alloc_steps,
		     bool layer)
{
	if (!alloc_steps) {
		result_set_null_of(figures, METRIC_SOURCE_STEPS, RESULT_REASON_NO_STEPS);
		result_set_null_of(figures, METRIC_SOURCE_LAYER, RESULT_REASON_NO_STEPS);
		return;
	}
	double allocations = (double)counts->allocations, frees = (double)counts->frees;
	result_set(figures, METRIC_STEPS_ALLOC_MEAN, ratio((double)counts->alloc_steps, allocations));
	result_set(figures, METRIC_STEPS_ALLOC_P99, (double)histogram_quantile(alloc_steps, 0.99));
	result_set(figures, METRIC_STEPS_ALLOC_MAX, (double)alloc_steps->max);
	result_set(figures, METRIC_STEPS_FREE_MEAN, ratio((double)counts->free_steps, frees));
	result_set(figures, METRIC_STEPS_FREE_MAX, (double)counts->free_steps_max);
	result_set(figures, METRIC_STEPS_SPLITS_MEAN, ratio((double)counts->splits, allocations));
	result_set(figures, METRIC_STEPS_MERGES_MEAN, ratio((double)counts->merges, frees));
	set_layer(figures, counts, layer);
}

/* The adapters of a space by their names, as many as there is room for: "gpu0+gpu1"; "" where they have none. */
static void name_domain(const struct engine *engine, uint32_t space, char name[RESULT_DOMAIN_BYTES])
{
	size_t length = 0;
	bool view = space >= engine->instance_count;
	name[0] = '\0';
	for (uint32_t i = 0; i < engine->adapter_count && length < RESULT_DOMAIN_BYTES; i++)
		if (view ? space - engine->instance_count == i : engine->domains[i].rank == space)
			length += (size_t)snprintf(name + length, RESULT_DOMAIN_BYTES - length, "%s%s%s", length ? "+" : "",
						   engine->adapters[i].name, view ? ".cpu" : "");
}

int audit_store_domains(struct result_record *record, const struct engine *engine, const struct audit_space *spaces,
			uint32_t count, struct error *error)
{
	if (count < 2)
		return 0;
	record->domains = memory_zeroed(count, sizeof record->domains[0]);
	if (!record->domains)
		return error_set(error, EXIT_CODE_IO, "no memory for the figures of domains");
	for (uint32_t i = 0; i < count; i++) {
		struct result_domain *domain = &record->domains[record->domain_count++];
		struct audit_totals totals = {0};
		audit_totals_add(&totals, &spaces[i]);
		name_domain(engine, i, domain->name);
		domain->first = spaces[i].first;
		domain->count = spaces[i].count;
		result_figures_clear(&domain->figures);
		audit_set_space(&domain->figures, &totals);
		result_set(&domain->figures, METRIC_FAILURES_TOTAL, (double)spaces[i].failures);
	}
	return 0;
}

void audit_set_row(double value[RESULT_SERIES_COUNT], const struct audit_totals *totals)
{
	value[RESULT_SERIES_LIVE_PAGES] = (double)totals->map.live_pages;
	value[RESULT_SERIES_FREE_PAGES] = (double)totals->free.free_pages;
	value[RESULT_SERIES_CACHED_PAGES] = (double)totals->cached_pages;
	value[RESULT_SERIES_DEFERRED_PAGES] = (double)totals->deferred_pages;
	value[RESULT_SERIES_FREE_EXTENTS] = (double)totals->runs.free_extents;
	value[RESULT_SERIES_LARGEST_FREE_PAGES] = (double)totals->runs.largest_free_pages;
	value[RESULT_SERIES_UNUSABLE_64KIB] = fragmentation_unusable(&totals->free, 4);
	value[RESULT_SERIES_UNUSABLE_2MIB] = fragmentation_unusable(&totals->free, 9);
	value[RESULT_SERIES_FREE_2MIB_SLOTS] = (double)totals->map.free_2mib_slots;
	value[RESULT_SERIES_PAGE_TABLE_PAGES] = (double)totals->page_table_pages;
	value[RESULT_SERIES_SPAN_PAGES] = (double)totals->span_pages;
}
