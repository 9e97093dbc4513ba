/* SPDX-License-Identifier: MIT
 * rbtree against others that must place alike, over long random runs: fit=first against bitmap:fit=first, fit=best against a
 * search of every page, in spaces whose gaps by length are keys and nodes of a tree. */
#include "allocator/rbtree/state.h"
#include "allocator/registry.h"
#include "base/rng.h"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SLOTS_MAX = 6000, STEPS_A_DRIFT = 20000, STEPS_A_CHECK = 500, MODEL_PAGES = 2000 };

static struct iova_extent slots[SLOTS_MAX];

static struct allocator_instance make(const char *spec, struct test_host *host, uint64_t first, uint64_t count)
{
	struct allocator_instance made;
	struct allocator_spec parsed;
	const struct iova_space space = {first, count, 4096};
	test_host_init(host);
	assert_int_equal(allocator_spec_open(spec, &parsed, NULL), 0);
	assert_int_equal(allocator_instance_create(&parsed, &space, &host->host, &made, NULL), 0);
	return made;
}

static void check(const struct allocator_instance *instance)
{
	const char *broken = instance->table->broken_invariant(instance->self);
	if (broken)
		fail_msg("%s", broken);
}

/* Mostly few pages, so that there are many gaps. Every other request has a constraint or several. */
static struct iova_request draw(struct rng *rng, uint64_t first, uint64_t pages)
{
	const uint64_t a = first + rng_below(rng, pages), b = first + rng_below(rng, pages);
	return (struct iova_request){.count = 1 + rng_below(rng, rng_below(rng, 16) ? 5 : 60),
				     .align = UINT64_C(1) << rng_below(rng, 7),
				     .low = a < b ? a : b,
				     .high = a < b ? b : a,
				     .boundary = UINT64_C(1) << rng_below(rng, 8),
				     .constraints = rng_below(rng, 2) ? (uint32_t)rng_below(rng, 8) : 0};
}

/* The space fills up, then empties, and so on: buckets are split and joined. */
static bool skips(struct rng *rng, int step, bool is_live)
{
	const bool fills = step / STEPS_A_DRIFT % 2 == 0;
	return is_live == fills && rng_below(rng, 4) != 0;
}

static void first_places_like_a_bitmap(void **state)
{
	(void)state;
	enum { PAGES = 16384, FIRST = 777, STEPS = 1000000 };
	struct test_host hosts[2];
	struct allocator_instance tree = make("rbtree:fit=first", &hosts[0], FIRST, PAGES);
	struct allocator_instance bitmap = make("bitmap:fit=first", &hosts[1], FIRST, PAGES);
	struct rng rng;
	uint64_t placed = 0, failed = 0;
	rng_seed(&rng, 5);
	memset(slots, 0, sizeof slots);
	for (int step = 0; step < STEPS; step++) {
		struct iova_extent *slot = &slots[rng_below(&rng, SLOTS_MAX)], other = {0};
		if (skips(&rng, step, slot->count != 0))
			continue;
		if (slot->count) {
			tree.table->free(tree.self, slot, 0);
			other = (struct iova_extent){slot->first, slot->count, 0};
			bitmap.table->free(bitmap.self, &other, 0);
			slot->count = 0;
		} else {
			const struct iova_request request = draw(&rng, FIRST, PAGES);
			const enum iova_status status = tree.table->alloc(tree.self, &request, 0, slot);
			assert_int_equal(bitmap.table->alloc(bitmap.self, &request, 0, &other), status);
			assert_int_equal(other.count, slot->count);
			assert_true(!slot->count || other.first == slot->first);
			placed += slot->count != 0;
			failed += slot->count == 0;
		}
		if (step % STEPS_A_CHECK == 0)
			check(&tree);
	}
	check(&tree);
	assert_true(placed > 100000 && failed > 1000);
	allocator_instance_destroy(&tree);
	allocator_instance_destroy(&bitmap);
}

static bool fits(const struct iova_request *request, uint64_t page)
{
	const uint64_t last = page + request->count - 1;
	return !((request->constraints & IOVA_CONSTRAIN_ALIGN) && page % request->align) &&
	       !((request->constraints & IOVA_CONSTRAIN_LIMIT) && (page < request->low || last > request->high)) &&
	       !((request->constraints & IOVA_CONSTRAIN_BOUNDARY) && page / request->boundary != last / request->boundary);
}

/* Where best fit places in the pages that are not live, or UINT64_MAX. */
static uint64_t best(const uint8_t *live, const struct iova_request *request)
{
	uint64_t found = UINT64_MAX, shortest = UINT64_MAX;
	for (uint64_t begin = 0, end; begin < MODEL_PAGES; begin = end + 1) {
		for (end = begin; end < MODEL_PAGES && !live[end];)
			end++;
		if (end - begin >= shortest)
			continue;
		for (uint64_t page = begin; page + request->count <= end; page++) {
			if (!fits(request, page))
				continue;
			found = page;
			shortest = end - begin;
			break;
		}
	}
	return found;
}

/* Of the space, the first MODEL_PAGES are left; FIRST is a multiple of every alignment and boundary that is drawn. */
static void check_best(uint64_t count)
{
	enum { SLOTS = 700, STEPS = 150000, FIRST = 1 << 10 };
	static uint8_t live[MODEL_PAGES];
	struct test_host host;
	struct allocator_instance tree = make("rbtree:fit=best", &host, FIRST, count);
	struct iova_extent rest;
	struct rng rng;
	assert_int_equal(tree.table->place(tree.self, FIRST + MODEL_PAGES, count - MODEL_PAGES, 0, &rest), IOVA_OK);
	rng_seed(&rng, 9);
	memset(slots, 0, sizeof slots);
	memset(live, 0, sizeof live);
	for (int step = 0; step < STEPS; step++) {
		struct iova_extent *slot = &slots[rng_below(&rng, SLOTS)];
		if (skips(&rng, step, slot->count != 0))
			continue;
		if (slot->count) {
			memset(live + slot->first - FIRST, 0, slot->count);
			tree.table->free(tree.self, slot, 0);
			slot->count = 0;
		} else {
			const struct iova_request model = draw(&rng, 0, MODEL_PAGES);
			const uint64_t place = best(live, &model);
			struct iova_request request = model;
			request.low += FIRST;
			request.high += FIRST;
			const enum iova_status status = tree.table->alloc(tree.self, &request, 0, slot);
			assert_int_equal(status, place == UINT64_MAX ? IOVA_NO_SPACE : IOVA_OK);
			assert_true(status != IOVA_OK || slot->first == FIRST + place);
			memset(live + (status == IOVA_OK ? place : 0), 1, slot->count);
		}
		if (step % STEPS_A_CHECK == 0)
			check(&tree);
	}
	check(&tree);
	allocator_instance_destroy(&tree);
}

static void best_places_like_a_search_of_every_page(void **state)
{
	(void)state;
	check_best(2 * MODEL_PAGES);
}

static void best_does_so_in_a_large_space(void **state)
{
	(void)state;
	check_best(RBTREE_KEYS_PAGES + 1);
}

/* 64 slots hold the ends of 24 gaps, which 23 extents leave at most: the next one doubles the table. */
static void without_memory_for_the_table_nothing_has_changed(void **state)
{
	(void)state;
	enum { EXTENTS = 23 };
	struct test_host host;
	struct allocator_instance tree = make("rbtree:fit=best", &host, 0, RBTREE_KEYS_PAGES + 1);
	const struct iova_request request = {.count = 1};
	struct iova_statistics before, after;
	struct iova_extent extent;
	for (uint64_t i = 0; i < EXTENTS; i++)
		assert_int_equal(tree.table->place(tree.self, 2 * i + 1, 1, 0, &extent), IOVA_OK);
	tree.table->statistics(tree.self, &before);
	host.passes = 0;
	extent = (struct iova_extent){1, 2, 3};
	assert_int_equal(tree.table->alloc(tree.self, &request, 0, &extent), IOVA_NO_MEMORY);
	assert_int_equal(tree.table->place(tree.self, 2 * EXTENTS + 1, 1, 0, &extent), IOVA_NO_MEMORY);
	assert_true(extent.first == 1 && extent.count == 2 && extent.cookie == 3);
	tree.table->statistics(tree.self, &after);
	assert_memory_equal(&before, &after, sizeof before);
	check(&tree);
	host.passes = UINT64_MAX;
	struct iova_steps steps = {0};
	assert_int_equal(tree.table->alloc_counted(tree.self, &request, 0, &extent, &steps), IOVA_OK);
	assert_int_equal(extent.first, 0);
	/* The lowest gap of one page, and as many slots of the table as move at once. */
	assert_int_equal(steps.examined, 1 + GAP_ENDS_PORTION);
	check(&tree);
	allocator_instance_destroy(&tree);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

/* Twenty thousand extents double a table of 64 slots ten times. */
static void no_request_pays_for_a_whole_table(void **state)
{
	(void)state;
	enum { EXTENTS = 20000 };
	struct test_host host;
	struct allocator_instance tree = make("rbtree:fit=best", &host, 0, RBTREE_KEYS_PAGES + 1);
	static struct iova_extent live[EXTENTS];
	const struct iova_request request = {.count = 1};
	struct rng rng;
	uint64_t most = 0;
	rng_seed(&rng, 3);
	for (uint64_t i = 0; i < 2 * EXTENTS; i++) {
		struct iova_steps steps = {0};
		struct iova_extent extent;
		assert_int_equal(tree.table->alloc_counted(tree.self, &request, 0, &extent, &steps), IOVA_OK);
		if (i % 2)
			live[i / 2] = extent; /* between two gaps, once the others are free */
		else if (i)
			tree.table->free(tree.self, &live[i / 2 - 1], 0), live[i / 2 - 1] = extent;
		most = steps.examined > most ? steps.examined : most;
		if (i % 1000 == 0)
			check(&tree);
	}
	for (uint64_t i = 0; i < EXTENTS; i++) {
		size_t other = rng_below(&rng, EXTENTS);
		struct iova_extent swapped = live[i];
		live[i] = live[other];
		live[other] = swapped;
	}
	for (uint64_t i = 0; i < EXTENTS; i++) {
		tree.table->free(tree.self, &live[i], 0);
		if (i % 1000 == 0)
			check(&tree);
	}
	assert_true(most <= GAP_ENDS_PORTION + 40);
	check(&tree);
	allocator_instance_destroy(&tree);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

/* An extent in every 1024 pages of a space whose ends are found by page: the array is backed as a whole, and beside it leaves
 * that are half full. */
static void the_array_by_page_costs_64_mib_at_most(void **state)
{
	(void)state;
	enum { LIVE = 16384 };
	struct test_host host;
	struct allocator_instance tree = make("rbtree:fit=best", &host, 0, RBTREE_KEYS_PAGES);
	struct iova_extent extent;
	for (uint64_t i = 0; i < LIVE; i++)
		assert_int_equal(tree.table->place(tree.self, i * 1024 + 7, 1, 0, &extent), IOVA_OK);
	assert_true(test_host_touched_bytes(&host) <= (64 << 20) + 40 * LIVE + 4 * TEST_PAGE_BYTES);
	allocator_instance_destroy(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_places_like_a_bitmap),
		cmocka_unit_test(best_places_like_a_search_of_every_page),
		cmocka_unit_test(best_does_so_in_a_large_space),
		cmocka_unit_test(no_request_pays_for_a_whole_table),
		cmocka_unit_test(without_memory_for_the_table_nothing_has_changed),
		cmocka_unit_test(the_array_by_page_costs_64_mib_at_most),
	};
	return cmocka_run_group_tests_name("rbtree_differential", tests, NULL, NULL);
}
