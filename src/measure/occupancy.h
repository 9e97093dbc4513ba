/* SPDX-License-Identifier: MIT
 * Which pages of a space are live, kept apart from any allocator: spans of 2 MiB regions (512 pages), with bitmaps where one
 * is live in part, with counters above them. The audit checks every extent against it, and page tables, footprint, span and
 * free 2 MiB slots are read off it. "2 MiB", "1 GiB" and "512 GiB" stand for 2^9, 2^18 and 2^27 pages, exact for pages of 4
 * KiB. */
#ifndef MEASURE_OCCUPANCY_H
#define MEASURE_OCCUPANCY_H

#include <stdbool.h>
#include <stdint.h>

struct occupancy;

/* Space [first, first + count). holes are not live; tell them with occupancy_reserve before anything else. NULL: no memory. */
struct occupancy *occupancy_create(uint64_t first, uint64_t count);
void occupancy_destroy(struct occupancy *occupancy);

enum occupancy_result {
	OCCUPANCY_OK,
	OCCUPANCY_OVERLAP,   /* take: some page is live or reserved; drop: some page is not live. Nothing was changed */
	OCCUPANCY_OUTSIDE,   /* not inside the space. Nothing was changed */
	OCCUPANCY_NO_MEMORY, /* nothing was changed */
};

enum occupancy_result occupancy_reserve(struct occupancy *occupancy, uint64_t first, uint64_t count);
/* Cost: O(log extents), whatever their sizes; a drop of what several takes took, as much for each of them. */
enum occupancy_result occupancy_take(struct occupancy *occupancy, uint64_t first, uint64_t count);
enum occupancy_result occupancy_drop(struct occupancy *occupancy, uint64_t first, uint64_t count);

/* True when no page of [first, first + count) is live or reserved and all are inside the space. */
bool occupancy_is_free(const struct occupancy *occupancy, uint64_t first, uint64_t count);
/* Pages of [first, first + count) that are neither live nor reserved. O(log extents). */
uint64_t occupancy_free_pages(const struct occupancy *occupancy, uint64_t first, uint64_t count);
/* Live pages of [first, first + count), for the picture of the space. */
uint64_t occupancy_live_pages(const struct occupancy *occupancy, uint64_t first, uint64_t count);

/* O(1): kept by every take and drop. All in pages or numbers of regions. */
struct occupancy_counters {
	uint64_t live_pages;
	uint64_t peak_live_pages;
	uint64_t reserved_pages;
	uint64_t lowest_page; /* ever live; meaningless while nothing ever was */
	uint64_t highest_page;
	bool ever_used;
	uint64_t regions_2mib_live; /* with a live page: leaf page tables */
	uint64_t regions_1gib_live;
	uint64_t regions_512gib_live;
	uint64_t regions_2mib_touched; /* ever live */
	uint64_t regions_1gib_touched;
	uint64_t regions_512gib_touched;
	uint64_t free_2mib_slots; /* aligned regions inside the space without a live or reserved page */
	uint64_t free_1gib_slots;
	uint64_t regions_2mib_live_peak;
};
struct occupancy_counters occupancy_counters(const struct occupancy *occupancy);

/* Page-table pages (leaf + 1 GiB + 512 GiB level + root) of the live pages, and the least that so many pages could need:
 * ceil(live/512) + ceil(live/512^2) + ceil(live/512^3) + 1; both 0 when nothing is live. */
uint64_t occupancy_page_table_pages(const struct occupancy *occupancy);
uint64_t occupancy_page_table_floor(uint64_t live_pages);
/* The same of all pages that were ever live: what a driver keeps that gives none back. */
uint64_t occupancy_page_tables_ever(const struct occupancy *occupancy);

/* NULL, or the counter that a full recount contradicts. */
const char *occupancy_broken_invariant(const struct occupancy *occupancy);

/* Calls visit for every maximal run of pages that are neither live nor reserved, ascending. */
void occupancy_visit_free(const struct occupancy *occupancy, void (*visit)(void *context, uint64_t first, uint64_t count),
			  void *context);

#endif
