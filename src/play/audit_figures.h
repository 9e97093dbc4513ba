/* SPDX-License-Identifier: MIT
 * From what the audit counted to the figures of a phase. */
#ifndef PLAY_AUDIT_FIGURES_H
#define PLAY_AUDIT_FIGURES_H

#include "measure/fragmentation.h"
#include "measure/histogram.h"
#include "measure/occupancy.h"
#include "result/figures.h"
#include "result/result.h"
#include "play/audit_space.h"
#include "play/queue.h"

#include <stdbool.h>
#include <stdint.h>

/* Of one phase. */
struct audit_counts {
	uint64_t allocations, frees, skipped, polls;
	uint64_t failures[AUDIT_FAILURES];
	bool failed;
	uint64_t first_operation, first_live_pages;
	double first_device_s;
	double device_s_before, device_s; /* of the stream, when the phase began and now; NaN: it has no pace */
	double first_occupancy;
	uint64_t granted, requested, granted_allocations;
	double rounding_sum;
	uint64_t inexact;
	uint64_t live_pages_before; /* granted, when the phase began */
	double first_index;
	double holes_sum; /* of holes / live extents, over walks */
	uint64_t holes_walks;
	uint64_t alloc_steps, free_steps, splits, merges, cache_hits, depot_trips, backend_trips;
	uint64_t free_steps_max, backend_trips_max; /* of one operation */
	uint64_t beyond_demands, beyond_fitted;
	uint64_t malformed, routine_calls;
	uint64_t first_largest_free_pages, first_held_pages;
	double first_window_occupancy;
	uint64_t fell_back; /* allocations that a smaller size served */
	struct queue_figures queue;
};

/* Sums over the domains, which a walk has filled. */
struct audit_totals {
	struct fragmentation free, runs, drained;
	uint64_t gaps, space_pages;
	struct occupancy_counters map;
	uint64_t cached_pages, deferred_pages, page_table_pages, page_table_ever_pages, span_pages, high_water_pages,
		usable_pages;
};

/* Adds what the last walk of a space found. */
void audit_totals_add(struct audit_totals *totals, const struct audit_space *space);

void audit_set_space(struct result_figures *figures, const struct audit_totals *totals);
void audit_set_failures(struct result_figures *figures, const struct audit_counts *counts);
/* usable_pages: of all domains; peak_live_pages: planned, as requested, or NaN: nobody can plan it. */
void audit_set_work(struct result_figures *figures, const struct audit_counts *counts, uint64_t usable_pages,
		    double peak_live_pages);
/* Of requests that wait; null in other phases. */
void audit_set_queue(struct result_figures *figures, const struct audit_counts *counts, uint64_t usable_pages);
/* What one walk saw of the holes between live extents. */
void audit_count_holes(struct audit_counts *counts, const struct audit_totals *totals, uint64_t live_extents);
/* alloc_steps NULL: the allocator does not count. layer: it stands in front of another. */
void audit_set_steps(struct result_figures *figures, const struct audit_counts *counts, const struct histogram *alloc_steps,
		     bool layer);

/* What a row of the series has of the last walk. */
void audit_set_row(double value[RESULT_SERIES_COUNT], const struct audit_totals *totals);

/* Figures of every space apart, when there are several. 0, or -1 with a message: no memory. */
int audit_store_domains(struct result_record *record, const struct engine *engine, const struct audit_space *spaces,
			uint32_t count, struct error *error);

#endif
