/* SPDX-License-Identifier: MIT
 * Counters worked out by hand, then a naive array of pages as the judge of random operations, and memory failing in turn. */
#include "measure/occupancy.h"

#include "base/memory.h"
#include "base/rng.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define GIB (UINT64_C(1) << 18)

static struct occupancy *occupancy;

static void make(uint64_t first, uint64_t count)
{
	occupancy = occupancy_create(first, count);
	assert_non_null(occupancy);
}

static int release(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	occupancy_destroy(occupancy);
	occupancy = NULL;
	return 0;
}

static void assert_sound(void)
{
	const char *broken = occupancy_broken_invariant(occupancy);
	if (broken)
		fail_msg("broken: %s", broken);
}

static void take(uint64_t first, uint64_t count)
{
	assert_int_equal(occupancy_take(occupancy, first, count), OCCUPANCY_OK);
}

static void drop(uint64_t first, uint64_t count)
{
	assert_int_equal(occupancy_drop(occupancy, first, count), OCCUPANCY_OK);
}

static void a_new_space_is_free(void **state)
{
	(void)state;
	make(0, 4 * GIB);
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.live_pages, 0);
	assert_int_equal(counters.free_2mib_slots, 2048);
	assert_int_equal(counters.free_1gib_slots, 4);
	assert_false(counters.ever_used);
	assert_int_equal(occupancy_page_table_pages(occupancy), 0);
	assert_int_equal(occupancy_page_table_floor(0), 0);
	assert_true(occupancy_is_free(occupancy, 0, 4 * GIB));
	assert_int_equal(occupancy_free_pages(occupancy, 0, 4 * GIB), 4 * GIB);
}

static void slots_lie_wholly_inside_the_space(void **state)
{
	(void)state;
	make(1, 4 * GIB - 1); /* page 0 is missing: the first slot of either size is lost */
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.free_2mib_slots, 2047);
	assert_int_equal(counters.free_1gib_slots, 3);
}

static void a_space_without_an_aligned_region_has_no_slot(void **state)
{
	(void)state;
	make(100, 900);
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.free_2mib_slots, 0);
	take(512, 400);
	drop(512, 400);
	assert_int_equal(occupancy_counters(occupancy).free_2mib_slots, 0);
	assert_sound();
}

static void one_page_uses_one_table_of_every_level(void **state)
{
	(void)state;
	make(0, 4 * GIB);
	take(GIB + 700, 1);
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.live_pages, 1);
	assert_int_equal(counters.regions_2mib_live, 1);
	assert_int_equal(counters.regions_1gib_live, 1);
	assert_int_equal(counters.regions_512gib_live, 1);
	assert_int_equal(counters.free_2mib_slots, 2047);
	assert_int_equal(counters.free_1gib_slots, 3);
	assert_int_equal(counters.lowest_page, GIB + 700);
	assert_int_equal(counters.highest_page, GIB + 700);
	assert_int_equal(occupancy_page_table_pages(occupancy), 4);
	assert_int_equal(occupancy_page_table_floor(1), 4);
	assert_sound();
}

static void a_dense_aligned_block_needs_the_floor_of_tables(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {1, 511, 512, 513, 1024, 5000, GIB - 1, GIB, GIB + 1};
	make(0, 8 * GIB);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		take(2 * GIB, sizes[i]);
		assert_int_equal(occupancy_counters(occupancy).regions_2mib_live, (sizes[i] + 511) / 512);
		assert_int_equal(occupancy_page_table_pages(occupancy), occupancy_page_table_floor(sizes[i]));
		drop(2 * GIB, sizes[i]);
		assert_sound();
	}
	assert_int_equal(occupancy_page_table_floor(GIB), 512 + 1 + 1 + 1);
	assert_int_equal(occupancy_page_table_floor(GIB + 1), 513 + 2 + 1 + 1);
}

static void touched_regions_are_remembered(void **state)
{
	(void)state;
	make(0, 4 * GIB);
	for (uint64_t region = 0; region < 10; region++) {
		take(region * 512 + 5, 1);
		drop(region * 512 + 5, 1);
	}
	take(3, 1);
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.regions_2mib_touched, 10);
	assert_int_equal(counters.regions_2mib_live, 1);
	assert_int_equal(counters.regions_2mib_live_peak, 1);
	assert_int_equal(counters.peak_live_pages, 1);
	assert_int_equal(counters.lowest_page, 3);
	assert_int_equal(counters.highest_page, 9 * 512 + 5);
}

static void overlapping_takes_change_nothing(void **state)
{
	(void)state;
	make(0, GIB);
	take(100, 50);
	assert_int_equal(occupancy_take(occupancy, 149, 1), OCCUPANCY_OVERLAP);
	assert_int_equal(occupancy_take(occupancy, 0, 101), OCCUPANCY_OVERLAP);
	assert_int_equal(occupancy_take(occupancy, 120, 5000), OCCUPANCY_OVERLAP);
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.live_pages, 50);
	assert_int_equal(counters.highest_page, 149);
	assert_int_equal(counters.regions_2mib_touched, 1);
	assert_sound();
	take(150, 1);
	take(0, 100);
}

static void dropping_what_is_not_live_changes_nothing(void **state)
{
	(void)state;
	make(0, GIB);
	take(100, 50);
	assert_int_equal(occupancy_drop(occupancy, 100, 51), OCCUPANCY_OVERLAP);
	assert_int_equal(occupancy_drop(occupancy, 99, 2), OCCUPANCY_OVERLAP);
	assert_int_equal(occupancy_drop(occupancy, 5000, 1), OCCUPANCY_OVERLAP);
	assert_int_equal(occupancy_counters(occupancy).live_pages, 50);
	assert_sound();
}

static void what_leaves_the_space_is_refused(void **state)
{
	(void)state;
	make(512, 1024);
	assert_int_equal(occupancy_take(occupancy, 511, 1), OCCUPANCY_OUTSIDE);
	assert_int_equal(occupancy_take(occupancy, 1535, 2), OCCUPANCY_OUTSIDE);
	assert_int_equal(occupancy_take(occupancy, 600, UINT64_MAX), OCCUPANCY_OUTSIDE);
	assert_int_equal(occupancy_take(occupancy, 600, 0), OCCUPANCY_OUTSIDE);
	assert_int_equal(occupancy_drop(occupancy, 1536, 1), OCCUPANCY_OUTSIDE);
	assert_int_equal(occupancy_reserve(occupancy, 1535, 2), OCCUPANCY_OUTSIDE);
	assert_false(occupancy_is_free(occupancy, 511, 2));
	take(1535, 1);
	take(512, 1);
}

static void reserved_pages_are_neither_free_nor_live(void **state)
{
	(void)state;
	make(0, 4 * GIB);
	assert_int_equal(occupancy_reserve(occupancy, 1000, 100), OCCUPANCY_OK);
	assert_int_equal(occupancy_reserve(occupancy, 1100, 10), OCCUPANCY_OK); /* the slot at 1024 counts once */
	assert_int_equal(occupancy_reserve(occupancy, 500, 10), OCCUPANCY_OK);
	assert_int_equal(occupancy_reserve(occupancy, 1050, 1), OCCUPANCY_OVERLAP);
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.reserved_pages, 120);
	assert_int_equal(counters.live_pages, 0);
	assert_int_equal(counters.free_2mib_slots, 2048 - 3); /* 0, 512 and 1024 */
	assert_int_equal(counters.free_1gib_slots, 3);
	assert_int_equal(occupancy_free_pages(occupancy, 0, 1050), 1050 - 10 - 50);
	assert_int_equal(occupancy_free_pages(occupancy, 505, 700), 700 - 5 - 110);
	assert_int_equal(occupancy_free_pages(occupancy, 1105, 1), 0);
	assert_int_equal(occupancy_take(occupancy, 999, 2), OCCUPANCY_OVERLAP);
	take(510, 490);
	assert_int_equal(occupancy_counters(occupancy).free_2mib_slots, 2048 - 3);
	assert_int_equal(occupancy_counters(occupancy).free_1gib_slots, 3);
	assert_int_equal(occupancy_free_pages(occupancy, 0, 1200), 500 + 90);
	assert_int_equal(occupancy_live_pages(occupancy, 0, 520), 10);
	assert_sound();
}

struct runs {
	uint64_t first[64], count[64];
	size_t number;
};

static void add_run(void *context, uint64_t first, uint64_t count)
{
	struct runs *runs = context;
	runs->first[runs->number] = first;
	runs->count[runs->number++] = count;
}

static void free_runs_are_maximal_and_ascending(void **state)
{
	(void)state;
	make(10, 2 * GIB);
	assert_int_equal(occupancy_reserve(occupancy, 100, 20), OCCUPANCY_OK);
	take(GIB, 1);
	take(120, 8); /* beside the reserved range */
	take(512, 512);
	take(1024, 64);
	struct runs runs = {.number = 0};
	occupancy_visit_free(occupancy, add_run, &runs);
	static const uint64_t expected[][2] = {{10, 90}, {128, 384}, {1088, GIB - 1088}, {GIB + 1, GIB + 9}};
	assert_int_equal(runs.number, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(runs.first[i], expected[i][0]);
		assert_int_equal(runs.count[i], expected[i][1]);
	}
}

static void a_huge_extent_can_be_dropped_in_pieces(void **state)
{
	(void)state;
	make(0, UINT64_C(1) << 36);
	take(100, (UINT64_C(1) << 36) - 200);
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.regions_2mib_live, UINT64_C(1) << 27);
	assert_int_equal(counters.regions_1gib_live, UINT64_C(1) << 18);
	assert_int_equal(counters.regions_512gib_live, UINT64_C(1) << 9);
	assert_int_equal(counters.free_2mib_slots, 0);
	drop(5 * GIB + 1, 2 * GIB);
	counters = occupancy_counters(occupancy);
	assert_int_equal(counters.free_2mib_slots, 1023); /* the first begins one page too early */
	assert_int_equal(counters.free_1gib_slots, 1);
	assert_int_equal(occupancy_free_pages(occupancy, 0, 16 * GIB), 2 * GIB + 100);
	assert_int_equal(occupancy_live_pages(occupancy, 5 * GIB, GIB), 1);
}

static void the_highest_page_of_the_largest_space_can_be_used(void **state)
{
	(void)state;
	make(0, UINT64_C(1) << 52);
	take((UINT64_C(1) << 52) - 1, 1);
	assert_int_equal(occupancy_counters(occupancy).free_2mib_slots, (UINT64_C(1) << 43) - 1);
	assert_sound();
}

/* A space with odd borders and holes, one byte a page: 0 free, 1 live, 2 reserved. */
#define NAIVE_FIRST (GIB - 3000)
#define NAIVE_PAGES 7000u
static unsigned char naive[NAIVE_PAGES];
static unsigned char painted[NAIVE_PAGES];

static unsigned naive_count(uint64_t first, uint64_t count, unsigned char what)
{
	unsigned found = 0;
	for (uint64_t i = first; i < first + count; i++)
		found += naive[i - NAIVE_FIRST] == what;
	return found;
}

static void paint(void *context, uint64_t first, uint64_t count)
{
	(void)context;
	memset(painted + (first - NAIVE_FIRST), 0, count);
}

static void assert_counters_are_naive(uint64_t peak)
{
	struct occupancy_counters counters = occupancy_counters(occupancy);
	uint64_t live = 0, slots = 0;
	for (uint64_t region = NAIVE_FIRST / 512; region <= (NAIVE_FIRST + NAIVE_PAGES) / 512; region++) {
		bool whole = true, used = false, any = false;
		for (uint64_t page = region * 512; page < region * 512 + 512; page++) {
			if (page < NAIVE_FIRST || page >= NAIVE_FIRST + NAIVE_PAGES) {
				whole = false;
				continue;
			}
			used |= naive[page - NAIVE_FIRST] != 0;
			any |= naive[page - NAIVE_FIRST] == 1;
		}
		slots += whole && !used;
		live += any;
	}
	assert_int_equal(counters.regions_2mib_live, live);
	assert_int_equal(counters.free_2mib_slots, slots);
	assert_int_equal(counters.live_pages, naive_count(NAIVE_FIRST, NAIVE_PAGES, 1));
	assert_int_equal(counters.peak_live_pages, peak);
	memset(painted, 1, sizeof painted);
	occupancy_visit_free(occupancy, paint, NULL);
	for (unsigned i = 0; i < NAIVE_PAGES; i++)
		assert_int_equal(painted[i], naive[i] != 0);
}

static void random_operations_agree_with_an_array_of_pages(void **state)
{
	(void)state;
	make(NAIVE_FIRST, NAIVE_PAGES);
	memset(naive, 0, sizeof naive);
	static const uint64_t holes[][2] = {{NAIVE_FIRST + 50, 3}, {GIB - 1, 2}, {GIB + 1500, 600}};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(occupancy_reserve(occupancy, holes[i][0], holes[i][1]), OCCUPANCY_OK);
		memset(naive + (holes[i][0] - NAIVE_FIRST), 2, holes[i][1]);
	}
	struct rng rng;
	rng_seed(&rng, 11);
	uint64_t live = 0, peak = 0;
	for (int i = 0; i < 30000; i++) {
		/* Mostly small, at times several regions; aligned at times. */
		uint64_t count = 1 + rng_below(&rng, rng_below(&rng, 8) ? 40 : 2000);
		uint64_t first = NAIVE_FIRST + rng_below(&rng, NAIVE_PAGES - count + 1);
		if (!rng_below(&rng, 4) && (first & ~UINT64_C(511)) >= NAIVE_FIRST) {
			first &= ~UINT64_C(511);
			count = count > 512 ? 1024 : 512;
		}
		if (first + count > NAIVE_FIRST + NAIVE_PAGES)
			continue;
		assert_int_equal(occupancy_is_free(occupancy, first, count), naive_count(first, count, 0) == count);
		assert_int_equal(occupancy_free_pages(occupancy, first, count), naive_count(first, count, 0));
		assert_int_equal(occupancy_live_pages(occupancy, first, count), naive_count(first, count, 1));
		if (naive_count(first, count, 0) == count) {
			take(first, count);
			memset(naive + (first - NAIVE_FIRST), 1, count);
			live += count;
			peak = live > peak ? live : peak;
		} else if (naive_count(first, count, 1) == count) {
			drop(first, count);
			memset(naive + (first - NAIVE_FIRST), 0, count);
			live -= count;
		} else {
			assert_int_equal(occupancy_take(occupancy, first, count), OCCUPANCY_OVERLAP);
			assert_int_equal(occupancy_drop(occupancy, first, count), OCCUPANCY_OVERLAP);
		}
		if (i % 100)
			continue;
		assert_sound();
		assert_counters_are_naive(peak);
	}
}

/* Extents of up to some TiB in a space of 2^40 pages; the judge is a list of them, and of all that there ever were. */
#define HUGE_FIRST UINT64_C(12345)
#define HUGE_PAGES (UINT64_C(1) << 40)
#define HUGE_EXTENTS 60u
#define HUGE_RANGES 4000u

struct range {
	uint64_t first, end;
};

static struct range live_ranges[HUGE_EXTENTS], ever[HUGE_RANGES];
static size_t live_count, ever_count;

static int by_first(const void *left, const void *right)
{
	const struct range *a = left, *b = right;
	return (a->first > b->first) - (a->first < b->first);
}

/* Regions of one size that ranges meet. */
static uint64_t regions_of(const struct range *ranges, size_t count, unsigned shift)
{
	static struct range sorted[HUGE_RANGES];
	uint64_t regions = 0, next = 0;
	memcpy(sorted, ranges, count * sizeof ranges[0]);
	if (count)
		qsort(sorted, count, sizeof sorted[0], by_first);
	for (size_t i = 0; i < count; i++) {
		uint64_t low = sorted[i].first >> shift, high = (sorted[i].end - 1) >> shift;
		low = low > next ? low : next;
		regions += low <= high ? high - low + 1 : 0;
		next = high + 1 > next ? high + 1 : next;
	}
	return regions;
}

static uint64_t pages_between(uint64_t first, uint64_t end)
{
	uint64_t pages = 0;
	for (size_t i = 0; i < live_count; i++) {
		uint64_t low = live_ranges[i].first > first ? live_ranges[i].first : first;
		uint64_t high = live_ranges[i].end < end ? live_ranges[i].end : end;
		pages += low < high ? high - low : 0;
	}
	return pages;
}

static void assert_counters_are_those_of_the_list(void)
{
	struct occupancy_counters counters = occupancy_counters(occupancy);
	assert_int_equal(counters.live_pages, pages_between(0, UINT64_MAX));
	assert_int_equal(counters.regions_2mib_live, regions_of(live_ranges, live_count, 9));
	assert_int_equal(counters.regions_1gib_live, regions_of(live_ranges, live_count, 18));
	assert_int_equal(counters.regions_512gib_live, regions_of(live_ranges, live_count, 27));
	assert_int_equal(counters.regions_2mib_touched, regions_of(ever, ever_count, 9));
	assert_int_equal(counters.regions_1gib_touched, regions_of(ever, ever_count, 18));
	assert_int_equal(counters.regions_512gib_touched, regions_of(ever, ever_count, 27));
	/* The space begins inside a region and ends inside one: both may be live, and neither is a slot. */
	uint64_t last = (HUGE_FIRST + HUGE_PAGES) >> 9;
	bool first_lives = pages_between(HUGE_FIRST, ((HUGE_FIRST >> 9) + 1) << 9) > 0;
	bool last_lives = pages_between(last << 9, (last + 1) << 9) > 0;
	assert_int_equal(counters.free_2mib_slots,
			 last - (HUGE_FIRST >> 9) - 1 - (counters.regions_2mib_live - first_lives - last_lives));
}

static struct range any_range(struct rng *rng)
{
	uint64_t count = 1 + (rng_next(rng) >> (24 + rng_below(rng, 40))) % (HUGE_PAGES / 4);
	uint64_t first = HUGE_FIRST + rng_below(rng, HUGE_PAGES - count);
	unsigned shift = (unsigned)rng_below(rng, 4) * 9;
	if (rng_below(rng, 3) && (first >> shift << shift) >= HUGE_FIRST)
		first = first >> shift << shift;
	/* Beside another one. */
	if (live_count && rng_below(rng, 3) == 0)
		first = live_ranges[rng_below(rng, live_count)].end;
	if (count > HUGE_FIRST + HUGE_PAGES - first)
		count = HUGE_FIRST + HUGE_PAGES - first;
	return (struct range){first, first + count};
}

static void drop_any(struct rng *rng)
{
	struct range *range = &live_ranges[rng_below(rng, live_count)];
	if (rng_below(rng, 3) || range->end - range->first < 3 || live_count == HUGE_EXTENTS) {
		drop(range->first, range->end - range->first);
		*range = live_ranges[--live_count];
		return;
	}
	/* A hole in it, near one of its ends at times. */
	uint64_t pages = range->end - range->first, end = range->end;
	uint64_t from = range->first + 1 + rng_below(rng, rng_below(rng, 2) ? pages - 2 : 1 + pages % 700 % (pages - 2));
	uint64_t count = 1 + rng_below(rng, end - 1 - from);
	drop(from, count);
	range->end = from;
	live_ranges[live_count++] = (struct range){from + count, end};
}

static void huge_extents_agree_with_a_list(void **state)
{
	(void)state;
	struct rng rng;
	for (uint64_t seed = 0; seed < 20; seed++) {
		rng_seed(&rng, seed);
		live_count = ever_count = 0;
		make(HUGE_FIRST, HUGE_PAGES);
		for (int i = 0; i < 1500; i++) {
			struct range range = any_range(&rng);
			uint64_t count = range.end - range.first;
			uint64_t taken = count ? pages_between(range.first, range.end) : 1;
			if (count) {
				assert_int_equal(occupancy_is_free(occupancy, range.first, count), !taken);
				assert_int_equal(occupancy_live_pages(occupancy, range.first, count), taken);
				assert_int_equal(occupancy_free_pages(occupancy, range.first, count), count - taken);
			}
			if (!taken && live_count < HUGE_EXTENTS) {
				take(range.first, count);
				live_ranges[live_count++] = ever[ever_count++] = range;
			} else if (taken && count && taken < count) {
				assert_int_equal(occupancy_take(occupancy, range.first, count), OCCUPANCY_OVERLAP);
				assert_int_equal(occupancy_drop(occupancy, range.first, count), OCCUPANCY_OVERLAP);
			}
			if (live_count && (live_count == HUGE_EXTENTS || rng_below(&rng, 3) == 0))
				drop_any(&rng);
			if (i % 20 == 0) {
				assert_sound();
				assert_counters_are_those_of_the_list();
			}
		}
		for (; live_count; live_count--) {
			const struct range *last = &live_ranges[live_count - 1];
			drop(last->first, last->end - last->first);
		}
		assert_sound();
		assert_counters_are_those_of_the_list();
		release(state);
	}
}

/* Neither work nor memory follows the size of an extent. */
static void terabytes_cost_as_much_as_pages(void **state)
{
	(void)state;
	make(0, UINT64_C(1) << 52);
	uint64_t before = memory_requests();
	for (uint64_t i = 0; i < 200000; i++) {
		uint64_t first = (i * 7919 % 4096 << 40) + i % 5 * 37;
		take(first, (UINT64_C(1) << 39) + i % 3);
		assert_int_equal(occupancy_live_pages(occupancy, 0, UINT64_C(1) << 52), (UINT64_C(1) << 39) + i % 3);
		assert_false(occupancy_is_free(occupancy, first + (UINT64_C(1) << 38), UINT64_C(1) << 40));
		drop(first, (UINT64_C(1) << 39) + i % 3);
	}
	assert_true(memory_requests() - before < 40);
	assert_sound();
}

static void every_failing_allocation_leaves_it_as_it_was(void **state)
{
	(void)state;
	memory_fail_after(0);
	assert_null(occupancy_create(0, 1));
	make(0, 8 * GIB);
	memory_fail_after(0);
	assert_int_equal(occupancy_reserve(occupancy, 0, 1), OCCUPANCY_NO_MEMORY);
	assert_int_equal(occupancy_counters(occupancy).reserved_pages, 0);
	assert_int_equal(occupancy_counters(occupancy).free_2mib_slots, 8 * 512);
	for (struct lack lack = {.least = 3}; lack_next(&lack);) {
		lack_begins(&lack);
		enum occupancy_result result = occupancy_take(occupancy, GIB - 5, 2 * GIB);
		bool failed = lack_ends(&lack);
		assert_sound();
		assert_int_equal(result, failed ? OCCUPANCY_NO_MEMORY : OCCUPANCY_OK);
		if (!failed)
			continue;
		assert_int_equal(occupancy_counters(occupancy).live_pages, 0);
		assert_false(occupancy_counters(occupancy).ever_used);
	}
	/* A region that is full without a bitmap is taken apart. The few bitmaps so far leave room for many more, so use it
	 * up. */
	for (unsigned i = 0; i < 14; i++)
		take(4 * GIB + 1024 * i, 1);
	memory_fail_after(0);
	assert_int_equal(occupancy_drop(occupancy, GIB + 700, 1), OCCUPANCY_NO_MEMORY);
	assert_int_equal(occupancy_counters(occupancy).live_pages, 2 * GIB + 14);
	assert_sound();
	memory_fail_after(UINT64_MAX);
	drop(GIB + 700, 1);
	assert_sound();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_new_space_is_free, release),
		cmocka_unit_test_teardown(slots_lie_wholly_inside_the_space, release),
		cmocka_unit_test_teardown(a_space_without_an_aligned_region_has_no_slot, release),
		cmocka_unit_test_teardown(one_page_uses_one_table_of_every_level, release),
		cmocka_unit_test_teardown(a_dense_aligned_block_needs_the_floor_of_tables, release),
		cmocka_unit_test_teardown(touched_regions_are_remembered, release),
		cmocka_unit_test_teardown(overlapping_takes_change_nothing, release),
		cmocka_unit_test_teardown(dropping_what_is_not_live_changes_nothing, release),
		cmocka_unit_test_teardown(what_leaves_the_space_is_refused, release),
		cmocka_unit_test_teardown(reserved_pages_are_neither_free_nor_live, release),
		cmocka_unit_test_teardown(free_runs_are_maximal_and_ascending, release),
		cmocka_unit_test_teardown(a_huge_extent_can_be_dropped_in_pieces, release),
		cmocka_unit_test_teardown(the_highest_page_of_the_largest_space_can_be_used, release),
		cmocka_unit_test_teardown(random_operations_agree_with_an_array_of_pages, release),
		cmocka_unit_test_teardown(huge_extents_agree_with_a_list, release),
		cmocka_unit_test_teardown(terabytes_cost_as_much_as_pages, release),
		cmocka_unit_test_teardown(every_failing_allocation_leaves_it_as_it_was, release),
	};
	return cmocka_run_group_tests_name("occupancy", tests, NULL, NULL);
}
