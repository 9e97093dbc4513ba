/* SPDX-License-Identifier: MIT
 * What a region of 128 MiB costs an allocator when its pages are touched, measured as metadata_bytes of a run is: what is
 * resident. (Memory that is only read is not, but mincore says so: tests/support/test_host_a.h.) */
#ifndef SUPPORT_LONE_REGIONS_H
#define SUPPORT_LONE_REGIONS_H

#include "play/arena.h"

#define REGION_PAGES UINT64_C(32768)
#define REGION_BUDGET (REGION_PAGES * 4 / 8) /* 4 bits a page: 16 KiB */

static inline void lone_regions_ignore(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	(void)context, (void)first, (void)count, (void)state;
}

/* Bytes for each of `regions` regions, `distance` pages apart in a space of 2^36, when one page in 16 of them is taken. */
static inline uint64_t bytes_of_a_region(const struct iova_allocator *table, const uint64_t *options, uint64_t regions,
					 uint64_t distance)
{
	const struct iova_space space = {1, UINT64_C(1) << 36, 4096};
	const char *reason = NULL;
	struct error error;
	struct arena arena;
	struct iova_extent extent;
	void *self = NULL;
	assert_int_equal(arena_create(&arena, false, 1, &error), 0);
	assert_int_equal(table->create(&space, options, &arena.host, NULL, &self, &reason), IOVA_OK);
	table->visit_free(self, lone_regions_ignore, NULL); /* what creation has left for later is no region's */
	uint64_t empty = arena_resident_bytes(&arena);
	assert_in_range(empty, 1, 1 << 20);
	for (uint64_t region = 1; region <= regions; region++)
		for (uint64_t page = 0; page < REGION_PAGES; page += 16)
			assert_int_equal(table->place(self, region * distance + page, 1, 0, &extent), IOVA_OK);
	uint64_t bytes = arena_resident_bytes(&arena) - empty;
	table->destroy(self);
	arena_destroy(&arena);
	return (bytes + regions - 1) / regions;
}

/* Side by side, each alone, a TiB from the next, and only one. */
static inline void assert_regions_cost_4_bits_a_page(const struct iova_allocator *table, const uint64_t *options)
{
	assert_in_range(bytes_of_a_region(table, options, 200, REGION_PAGES), REGION_PAGES / 8, REGION_BUDGET);
	assert_in_range(bytes_of_a_region(table, options, 200, UINT64_C(1) << 28), REGION_PAGES / 8, REGION_BUDGET);
	assert_in_range(bytes_of_a_region(table, options, 1, UINT64_C(5) << 33), REGION_PAGES / 8, REGION_BUDGET);
}

#endif
