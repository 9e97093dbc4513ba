/* SPDX-License-Identifier: MIT
 * What the counted calls of every allocator count, worked out by hand. */
#include "allocator/rbtree/state.h"
#include "support/layer_fixture.h"

static struct iova_extent take_within(uint64_t count, uint64_t low, uint64_t high)
{
	const struct iova_request request = {.count = count, .low = low, .high = high, .constraints = IOVA_CONSTRAIN_LIMIT};
	struct iova_extent extent = {UINT64_MAX, 0, 0};
	assert_int_equal(try_get(&request, 0, &extent), IOVA_OK);
	return extent;
}

static void expect(uint64_t examined, uint64_t splits, uint64_t merges)
{
	assert_int_equal(steps.examined, examined);
	assert_int_equal(steps.splits, splits);
	assert_int_equal(steps.merges, merges);
}

static void expect_layer(uint64_t cache_hits, uint64_t depot_trips, uint64_t backend_trips)
{
	assert_int_equal(steps.cache_hits, cache_hits);
	assert_int_equal(steps.depot_trips, depot_trips);
	assert_int_equal(steps.backend_trips, backend_trips);
}

/* 16 pages are one block. `examined` are stack entries, or words from the root down; merging looks at every buddy and at the
 * one that is in use. */
static void a_buddy_counts_halvings_and_buddies(void **state)
{
	(void)state;
	static const struct {
		const char *spec;
		uint64_t examined;
	} all[] = {{"buddy", 1}, {"buddy:first=low", 2}, {"buddy:first=high", 2}, {"buddy:preset=hal", 2}};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		begin(all[i].spec, 0, 16, 1);
		struct iova_extent extent = take(1, 0);
		expect(all[i].examined, 4, 0);
		give(extent, 0);
		expect(5, 0, 4);
		end();
	}
}

static void a_trimmed_tail_is_split_off_and_merged_again(void **state)
{
	(void)state;
	begin("buddy:rounding=trim", 0, 16, 1);
	/* 16 into 8 and 8; of the lower 8 pages, 1 and 2 go back. */
	struct iova_extent extent = take(5, 0);
	expect(1, 1 + 2, 0);
	/* A block of 4 whose buddy is not whole, then one of 1 that merges four times. */
	give(extent, 0);
	expect(1 + 5, 0, 4);
	end();
}

/* Pages 1 and 1000 are free. Page 1000 is marked by a search by address and then taken: the search that trusts the mark clears
 * it. */
static void a_mark_over_nothing_is_followed_once(void **state)
{
	(void)state;
	const struct iova_request high = {.count = 1, .low = 512, .high = 1023, .constraints = IOVA_CONSTRAIN_LIMIT};
	struct iova_extent extents[1024], extent;
	begin("buddy", 0, 1024, 1);
	for (size_t i = 0; i < 1024; i++) {
		extent = take(1, 0);
		extents[extent.first] = extent;
	}
	give(extents[1000], 0);
	extents[1000] = take_within(1, 1000, 1000);
	give(extents[1], 0);
	/* The word of page 512, the root, the word of page 1000, the root again. */
	assert_int_equal(try_get(&high, 0, &extent), IOVA_NO_SPACE);
	expect(4, 0, 0);
	assert_int_equal(try_get(&high, 0, &extent), IOVA_NO_SPACE);
	expect(2, 0, 0);
	end();
}

/* Around page 5: 4 pages and 1 below, 2 and 8 above. */
static void a_limit_cuts_a_block_into_all_its_parts(void **state)
{
	(void)state;
	begin("buddy:first=low", 0, 16, 1);
	struct iova_extent extent = take_within(1, 5, 5);
	expect(1, 4, 0);
	give(extent, 0);
	expect(5, 0, 4);
	end();
}

/* One word, or one entry of the stack, says where the only run begins. */
static void a_bitmap_counts_words_and_the_runs_beside(void **state)
{
	(void)state;
	static const char *const specs[] = {"bitmap:fit=any", "bitmap:fit=first", "bitmap:fit=next"};
	for (size_t i = 0; i < 3; i++) {
		begin(specs[i], 0, 1024, 1);
		struct iova_extent low = take(130, 0);
		expect(1, 1, 0);
		struct iova_extent middle = take_within(64, 192, 255);
		assert_int_equal(steps.splits, 2);
		struct iova_extent rest = take_within(62, 130, 191);
		assert_int_equal(steps.splits, 0);
		give(rest, 0);
		expect(1, 0, 0);
		give(low, 0);
		expect(3, 0, 1);
		give(middle, 0);
		expect(1, 0, 2);
		end();
	}
}

static void a_tree_counts_gaps_that_remain_and_that_are_joined(void **state)
{
	(void)state;
	static const char *const specs[] = {"rbtree:fit=first", "rbtree:fit=best", "rbtree:fit=last"};
	for (size_t i = 0; i < 3; i++) {
		begin(specs[i], 0, 100, 1);
		struct iova_extent middle = take_within(10, 45, 54);
		assert_int_equal(steps.splits, 2);
		struct iova_extent low = take_within(40, 0, 39);
		assert_int_equal(steps.splits, 1);
		struct iova_extent high = take_within(40, 60, 99);
		assert_int_equal(steps.splits, 1);
		struct iova_extent rest = take_within(5, 40, 44);
		assert_int_equal(steps.splits, 0);
		give(high, 0);
		assert_int_equal(steps.merges, 1);
		give(middle, 0);
		assert_int_equal(steps.merges, 1);
		give(low, 0);
		assert_int_equal(steps.merges, 0);
		give(rest, 0);
		assert_int_equal(steps.merges, 2);
		/* At either end of the space nothing is left but a gap without pages, if any. */
		low = take_within(10, 0, 9);
		high = take_within(90, 10, 99);
		assert_int_equal(steps.splits, 0);
		give(high, 0);
		assert_int_equal(steps.merges, 0);
		high = take_within(90, 10, 99);
		give(low, 0);
		assert_int_equal(steps.merges, 0);
		give(high, 0);
		assert_int_equal(steps.merges, 1);
		end();
	}
}

/* A look at each node on the way to a key: to where one is that leaves, and to where one comes. Here there is one leaf, which
 * every change looks at; the lowest gap of all suffices at the first look. */
static void gaps_as_keys_count_the_nodes_on_the_way(void **state)
{
	(void)state;
	begin("rbtree:fit=best", 0, 1000, 1);
	struct iova_extent low = take(10, 0);
	expect(2, 1, 0);
	struct iova_extent next = take(10, 0);
	expect(2, 1, 0);
	give(low, 0);
	expect(1, 0, 0);
	/* The shortest gap leaves as a whole; then the other one is looked for, becomes another one. */
	low = take(10, 0);
	expect(1, 0, 0);
	give(next, 0);
	expect(2, 0, 1);
	end();
}

/* A list by length is one look, a descent one for each node. */
static void a_tree_by_length_counts_the_table_and_the_nodes(void **state)
{
	(void)state;
	begin("rbtree:fit=best", 0, RBTREE_KEYS_PAGES + 1, 1);
	/* From the only gap, which shrinks in its place. */
	struct iova_extent low = take(10, 0);
	expect(1, 1, 0);
	struct iova_extent next = take(10, 0);
	expect(1, 1, 0);
	/* A gap of 10 pages goes in beside the root. */
	give(low, 0);
	expect(1, 0, 0);
	/* The table of short lengths. */
	low = take(10, 0);
	expect(1, 0, 0);
	give(next, 0);
	expect(0, 0, 1);
	end();
}

/* A look at the bins, and one at each gap of the bin that may suffice. */
static void lists_by_length_count_bins_and_gaps(void **state)
{
	(void)state;
	begin("segregated", 0, 71 + 1 + 65 + 1 + 70, 1);
	struct iova_extent a = take(71, 0), b = take(1, 0), c = take(65, 0);
	expect(1, 1, 0);
	take(1, 0);
	take(70, 0);
	expect(1, 0, 0);
	give(a, 0);
	give(c, 0);
	expect(0, 0, 0);
	/* Gaps of 65 and 71 pages: none suffices for sure, and the shorter one is the more recent. */
	a = take(70, 0);
	assert_int_equal(a.first, 0);
	expect(2, 1, 0);
	give(a, 0);
	expect(0, 0, 1);
	give(b, 0);
	expect(0, 0, 2);
	take_within(5, 10, 14);
	expect(1, 2, 0);
	end();
}

/* A look at each leaf or held hole. */
static void leaves_count_leaves_and_holes(void **state)
{
	(void)state;
	begin("leaf", 0, 4 * 512, 1);
	struct iova_extent a = take(100, 0), b = take(3, 0), c = take(409, 0);
	expect(1, 1, 0);
	take(600, 0);
	expect(1, 1, 0);
	give(b, 0);
	expect(1, 0, 0);
	b = take(2, 0);
	assert_int_equal(b.first, 100);
	expect(1, 1, 0);
	give(b, 0);
	expect(1, 0, 1);
	give(a, 0);
	expect(1, 0, 1);
	give(c, 0);
	expect(1, 0, 1);
	end();
}

static void a_magazine_counts_hits_trips_and_looks(void **state)
{
	(void)state;
	begin("magazine:rounds=2+segregated", 0, 100, 1);
	struct iova_extent extents[7];
	for (size_t i = 0; i < 7; i++) {
		extents[i] = take(1, 0);
		expect_layer(0, 0, 1);
		expect(1, 1, 0);
	}
	/* The CPU's two are filled, and then the second one goes to the depot with every other free: the first empty ones are
	 * no exchange. */
	for (size_t i = 0; i < 7; i++) {
		give(extents[i], 0);
		expect_layer(0, i == 4 || i == 6, 0);
	}
	/* 6 of a new one, 5 and 4 of the previous, then two of the depot. */
	for (size_t i = 0; i < 7; i++) {
		extents[i] = take(1, 0);
		assert_int_equal(extents[i].first, 6 - i);
		expect_layer(1, i == 3 || i == 5, 0);
		expect(0, 0, 0);
	}
	/* A constrained hit looks from the top: three extents, two magazines. */
	give(extents[0], 0);
	give(extents[1], 0);
	struct iova_extent found = take_within(1, 6, 6);
	expect_layer(1, 0, 0);
	expect(2, 0, 0);
	give(found, 0);
	end();
}

static void a_full_depot_counts_what_is_freed_below(void **state)
{
	(void)state;
	begin("magazine:rounds=2,depot=1+segregated", 0, 100, 1);
	struct iova_extent extents[7];
	for (size_t i = 0; i < 7; i++)
		extents[i] = take(1, 0);
	for (size_t i = 0; i < 6; i++)
		give(extents[i], 0);
	/* Pages 2 and 3 go below, the second one beside the first. */
	give(extents[6], 0);
	expect_layer(0, 0, 2);
	expect(0, 0, 1);
	assert_int_equal(pages().cached_pages, 5);
	end();
}

static void a_queue_counts_what_it_frees_below(void **state)
{
	(void)state;
	begin("lazy:entries=2+segregated", 0, 100, 1);
	struct iova_extent a = take(1, 0), b = take(1, 0), c = take(1, 0);
	expect_layer(0, 0, 1);
	expect(1, 1, 0);
	give(a, 0);
	give(b, 0);
	expect_layer(0, 0, 0);
	expect(0, 0, 0);
	give(c, 0);
	expect_layer(0, 0, 2);
	expect(0, 0, 1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buddy_counts_halvings_and_buddies),
		cmocka_unit_test(a_trimmed_tail_is_split_off_and_merged_again),
		cmocka_unit_test(a_mark_over_nothing_is_followed_once),
		cmocka_unit_test(a_limit_cuts_a_block_into_all_its_parts),
		cmocka_unit_test(a_bitmap_counts_words_and_the_runs_beside),
		cmocka_unit_test(a_tree_counts_gaps_that_remain_and_that_are_joined),
		cmocka_unit_test(gaps_as_keys_count_the_nodes_on_the_way),
		cmocka_unit_test(a_tree_by_length_counts_the_table_and_the_nodes),
		cmocka_unit_test(lists_by_length_count_bins_and_gaps),
		cmocka_unit_test(leaves_count_leaves_and_holes),
		cmocka_unit_test(a_magazine_counts_hits_trips_and_looks),
		cmocka_unit_test(a_full_depot_counts_what_is_freed_below),
		cmocka_unit_test(a_queue_counts_what_it_frees_below),
	};
	return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}
