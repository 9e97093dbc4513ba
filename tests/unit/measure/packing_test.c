/* SPDX-License-Identifier: MIT
 * Floors and packings: worked out by hand, against all placements of a few extents, and held against each other on many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/rng.h"
#include "measure/packing.h"

#include <math.h>
#include <string.h>

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	return 0;
}

static void take_all(struct packing_floor *floor, size_t count, uint64_t pages, uint64_t align)
{
	for (size_t i = 0; i < count; i++)
		packing_floor_take(floor, pages, align);
}

static void what_lives_needs_its_pages_and_as_many_tables(void **state)
{
	(void)state;
	struct packing_floor floor = {0};
	take_all(&floor, 2, 256, 1);
	assert_int_equal(floor.tables, 1);
	assert_int_equal(floor.span_pages, 512);
	packing_floor_take(&floor, 1, 1);
	assert_int_equal(floor.tables, 2);
	packing_floor_drop(&floor, 256, 1);
	packing_floor_take(&floor, 1, 1);
	assert_int_equal(floor.live_pages, 258);
	assert_int_equal(floor.peak_live_pages, 513); /* the worst moment, not what there was together */
	assert_int_equal(floor.tables, 2);
	assert_int_equal(floor.largest_pages, 256);
}

static void what_begins_at_multiples_lies_apart(void **state)
{
	(void)state;
	struct packing_floor floor = {0}, far = {0}, loose = {0}, whole = {0};
	take_all(&floor, 2, 2, 512);
	assert_int_equal(floor.tables, 2);
	assert_int_equal(floor.span_pages, 513);
	take_all(&far, 2, 2, 4096);
	assert_int_equal(far.tables, 2);
	assert_int_equal(far.span_pages, 4097);
	/* Eight to a table, whatever lies between them. */
	take_all(&loose, 9, 2, 64);
	assert_int_equal(loose.tables, 2);
	assert_int_equal(loose.span_pages, 8 * 64 + 1);
	/* 511 pages are left behind the first of two tables, for those that may lie anywhere. */
	packing_floor_take(&whole, 513, 1024);
	packing_floor_take(&whole, 511, 1);
	assert_int_equal(whole.tables, 2);
	packing_floor_take(&whole, 1, 1);
	assert_int_equal(whole.tables, 3);
}

/* As law 1 has them. */
static void robsons_bound_is_that_of_his_adversary(void **state)
{
	(void)state;
	assert_true(packing_robson_pages(64, 16) == 177);
	assert_true(packing_robson_pages(1024, 16) == 3057);
	assert_true(packing_robson_pages(4096, 64) == 16321);
	assert_true(packing_robson_pages(16384, 33) == 65473);
	assert_true(packing_robson_buddy_pages(64, 16) == 192);
	assert_true(packing_robson_buddy_pages(16384, 64) == 65536);
}

#define EXTENT(from, to, count)                                                                                            \
	{                                                                                                                  \
		.born = from, .died = to, .pages = count, .align = 1, .end = 100                                           \
	}

static uint64_t span_of(struct packing_extent *extents, size_t count, enum packing_way way)
{
	struct packing packing;
	assert_int_equal(packing_place(extents, count, count, way, &packing), 0);
	assert_true(packing.tried && packing.placed);
	return packing.span_pages;
}

/* First fit leaves a hole of one page, into which the pair does not fit. */
static void by_size_is_better_than_in_the_order_of_birth(void **state)
{
	(void)state;
	struct packing_extent extents[] = {EXTENT(0, 3, 1), EXTENT(0, 9, 1), EXTENT(4, 9, 2)};
	assert_int_equal(span_of(extents, 3, PACKING_BIRTH), 4);
	assert_int_equal(span_of(extents, 3, PACKING_SIZE), 3);
	/* The one that stays lies at the bottom. */
	struct packing_extent lives[] = {EXTENT(0, 2, 2), EXTENT(1, 9, 1), EXTENT(3, 9, 3)};
	assert_int_equal(span_of(lives, 3, PACKING_BIRTH), 6);
	assert_int_equal(span_of(lives, 3, PACKING_LIFE), 4);
}

/* ---- random extents ---- */

#define MOST 300

static struct packing_extent extents[MOST];

static void draw(struct rng *rng, size_t count, uint64_t times, uint64_t pages, uint64_t unit, bool constrained)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t born = rng_below(rng, times), align = UINT64_C(1) << rng_below(rng, 7);
		extents[i] = (struct packing_extent){.born = born,
						     .died = born + 1 + rng_below(rng, times - born),
						     .pages = unit * (1 + rng_below(rng, pages)),
						     .align = constrained ? align : 1,
						     .end = UINT64_C(1) << 30};
		if (constrained && rng_below(rng, 3) == 0)
			extents[i].boundary = 64;
		if (constrained && rng_below(rng, 3) == 0)
			extents[i].low = 1000 + rng_below(rng, 1000);
	}
	if (constrained)
		extents[0] = (struct packing_extent){
			.died = UINT64_MAX, .pages = 77, .align = 1, .low = 30, .end = 107, .hole = true};
}

static struct packing_floor floor_of(const struct packing_extent *of, size_t count, uint64_t times)
{
	struct packing_floor floor = {0};
	for (uint64_t now = 0; now <= times; now++) {
		for (size_t i = 0; i < count; i++)
			if (!of[i].hole && of[i].died == now)
				packing_floor_drop(&floor, of[i].pages, of[i].align);
		for (size_t i = 0; i < count; i++)
			if (!of[i].hole && of[i].born == now)
				packing_floor_take(&floor, of[i].pages, of[i].align);
	}
	return floor;
}

static bool meet(const struct packing_extent *a, const struct packing_extent *b)
{
	return a->born < b->died && b->born < a->died && a->first < b->first + b->pages && b->first < a->first + a->pages;
}

#define TABLES_MOST 4096

static void check_packing(size_t count, const struct packing *packing)
{
	static bool used[TABLES_MOST];
	uint64_t tables = 0;
	memset(used, 0, sizeof used);
	for (size_t i = 0; i < count; i++)
		for (uint64_t page = extents[i].first; !extents[i].hole && page < extents[i].first + extents[i].pages;
		     page++) {
			assert_true(page / 512 < TABLES_MOST);
			tables += !used[page / 512];
			used[page / 512] = true;
		}
	assert_int_equal(packing->tables, tables);
	for (size_t i = 0; i < count; i++) {
		const struct packing_extent *extent = &extents[i];
		assert_true(extent->first >= extent->low && extent->first + extent->pages <= extent->end);
		assert_int_equal(extent->first % extent->align, 0);
		if (extent->boundary)
			assert_true(extent->first % extent->boundary + extent->pages <= extent->boundary);
		for (size_t k = 0; k < i; k++)
			assert_false(meet(extent, &extents[k]));
	}
}

static void packings_are_right_and_not_below_the_floor(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 1);
	for (size_t trial = 0; trial < 60; trial++) {
		size_t count = 2 + rng_below(&rng, MOST - 1);
		draw(&rng, count, 100, 50, 1, trial % 2);
		struct packing_floor floor = floor_of(extents, count, 100);
		for (enum packing_way way = 0; way < PACKING_WAYS; way++) {
			struct packing packing;
			assert_int_equal(packing_place(extents, count, count, way, &packing), 0);
			assert_true(packing.tried && packing.placed);
			check_packing(count, &packing);
			assert_true(packing.span_pages >= floor.span_pages);
			assert_true(packing.tables >= floor.tables);
		}
	}
}

static void extents_of_one_size_are_packed_as_well_as_can_be(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 2);
	for (size_t trial = 0; trial < 20; trial++) {
		draw(&rng, MOST, 200, 1, 3, false);
		struct packing_floor floor = floor_of(extents, MOST, 200);
		assert_int_equal(span_of(extents, MOST, PACKING_BIRTH), floor.peak_live_pages);
	}
}

/* ---- all placements of a few ---- */

#define FEW 5

/* The least span and the fewest tables of all placements at multiples of unit. */
static void try_all(struct packing_extent *of, uint64_t unit, uint64_t room, uint64_t *span, uint64_t *tables)
{
	uint64_t at[FEW] = {0};
	*span = *tables = UINT64_MAX;
	for (size_t i = 0; i < FEW;) {
		uint64_t end = 0, used = 0;
		bool good = true;
		for (size_t k = 0; k < FEW; k++) {
			of[k].first = at[k] * unit;
			for (size_t j = 0; j < k; j++)
				good &= !meet(&of[k], &of[j]);
			end = of[k].first + of[k].pages > end ? of[k].first + of[k].pages : end;
			for (uint64_t table = of[k].first / 512; table <= (of[k].first + of[k].pages - 1) / 512; table++)
				used |= UINT64_C(1) << table;
		}
		*span = good && end < *span ? end : *span;
		if (good && (uint64_t)__builtin_popcountll(used) < *tables)
			*tables = (uint64_t)__builtin_popcountll(used);
		for (i = 0; i < FEW && ++at[i] == room; i++)
			at[i] = 0;
	}
}

static void the_best_placement_lies_between_floor_and_packing(void **state)
{
	(void)state;
	struct rng rng;
	uint64_t exact = 0, tried = 0;
	rng_seed(&rng, 3);
	for (size_t trial = 0; trial < 150; trial++) {
		uint64_t span, tables, best_span = UINT64_MAX, best_tables = UINT64_MAX;
		draw(&rng, FEW, 6, 3, 256, false);
		struct packing_floor floor = floor_of(extents, FEW, 6);
		if (floor.span_pages > UINT64_C(10) * 256)
			continue; /* not all of its placements are tried */
		try_all(extents, 256, 9, &span, &tables);
		tried++;
		for (enum packing_way way = 0; way < PACKING_WAYS; way++) {
			struct packing packing;
			assert_int_equal(packing_place(extents, FEW, FEW, way, &packing), 0);
			best_span = packing.span_pages < best_span ? packing.span_pages : best_span;
			best_tables = packing.tables < best_tables ? packing.tables : best_tables;
		}
		assert_true(floor.span_pages <= span && span <= best_span);
		assert_true(floor.tables <= tables && tables <= best_tables);
		exact += span == best_span;
	}
	assert_true(tried >= 100 && exact >= tried - 3); /* these ways are good at few extents */
}

static void what_has_no_room_or_would_take_too_long_is_told(void **state)
{
	(void)state;
	struct packing_extent two[] = {EXTENT(0, 3, 60), EXTENT(0, 9, 60)};
	struct packing packing;
	assert_int_equal(packing_place(two, 2, 2, PACKING_SIZE, &packing), 0);
	assert_true(packing.tried && !packing.placed);
	size_t many = (size_t)1 << 16;
	struct packing_extent *all = memory_zeroed(many, sizeof all[0]);
	assert_non_null(all);
	assert_int_equal(packing_place(all, many, many, PACKING_BIRTH, &packing), 0);
	assert_false(packing.tried);
	memory_release(all);
	memory_fail_after(0);
	assert_int_equal(packing_place(two, 2, 2, PACKING_SIZE, &packing), -1);
	memory_fail_after(UINT64_MAX);
	assert_int_equal(packing_place(two, 0, 0, PACKING_SIZE, &packing), 0);
	assert_int_equal(packing.span_pages, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_lives_needs_its_pages_and_as_many_tables, tear_down),
		cmocka_unit_test_teardown(what_begins_at_multiples_lies_apart, tear_down),
		cmocka_unit_test_teardown(robsons_bound_is_that_of_his_adversary, tear_down),
		cmocka_unit_test_teardown(by_size_is_better_than_in_the_order_of_birth, tear_down),
		cmocka_unit_test_teardown(packings_are_right_and_not_below_the_floor, tear_down),
		cmocka_unit_test_teardown(extents_of_one_size_are_packed_as_well_as_can_be, tear_down),
		cmocka_unit_test_teardown(the_best_placement_lies_between_floor_and_packing, tear_down),
		cmocka_unit_test_teardown(what_has_no_room_or_would_take_too_long_is_told, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
