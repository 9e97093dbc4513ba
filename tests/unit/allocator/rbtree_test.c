/* SPDX-License-Identifier: MIT
 * Where the red-black tree places: worked out by hand, then against a search of every page. Its invariants are broken one by
 * one. */
#include "allocator/gap/check.h"
#include "allocator/rbtree/check.h"
#include "allocator/rbtree/order.h"
#include "allocator/registry.h"
#include "base/rng.h"
#include "support/cpu_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define PIECES_MAX 8
#define PAGE_BYTES 4096u

/* Memory is mapped, so that what was touched can be told. */
static struct {
	void *memory;
	size_t bytes;
} pieces[PIECES_MAX];

static void *host_get(void *context, size_t bytes)
{
	(void)context;
	for (size_t i = 0; i < PIECES_MAX; i++) {
		if (pieces[i].memory)
			continue;
		pieces[i].memory =
			mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		pieces[i].bytes = bytes;
		assert_ptr_not_equal(pieces[i].memory, MAP_FAILED);
		/* One huge page would look like much. */
		madvise(pieces[i].memory, bytes, MADV_NOHUGEPAGE);
		return pieces[i].memory;
	}
	return NULL;
}

static void host_put(void *context, void *memory, size_t bytes)
{
	(void)context;
	for (size_t i = 0; memory && i < PIECES_MAX; i++)
		if (pieces[i].memory == memory) {
			assert_int_equal(pieces[i].bytes, bytes);
			munmap(memory, bytes);
			pieces[i].memory = NULL;
		}
}

static size_t touched_bytes(void)
{
	size_t touched = 0;
	for (size_t i = 0; i < PIECES_MAX; i++) {
		size_t count = pieces[i].memory ? (pieces[i].bytes + PAGE_BYTES - 1) / PAGE_BYTES : 0;
		unsigned char *resident = calloc(count + 1, 1);
		assert_non_null(resident);
		assert_true(!count || !mincore(pieces[i].memory, pieces[i].bytes, resident));
		for (size_t page = 0; page < count; page++)
			touched += (resident[page] & 1) * (size_t)PAGE_BYTES;
		free(resident);
	}
	return touched;
}

static const struct iova_host host = {.size = sizeof host, .cpus = 1, .memory_get = host_get, .memory_put = host_put};

static struct allocator_instance instance;

static void begin(const char *spec, uint64_t first, uint64_t count)
{
	struct allocator_spec parsed;
	const struct iova_space space = {first, count, 4096};
	assert_int_equal(allocator_spec_open(spec, &parsed, NULL), 0);
	assert_int_equal(allocator_instance_create(&parsed, &space, &host, &instance, NULL), 0);
}

static void end(void)
{
	assert_null(instance.table->broken_invariant(instance.self));
	allocator_instance_destroy(&instance);
	for (size_t i = 0; i < PIECES_MAX; i++)
		assert_null(pieces[i].memory);
}

static struct iova_extent get(const struct iova_request *request)
{
	struct iova_extent extent = {UINT64_MAX, 0, 0};
	instance.table->alloc(instance.self, request, 0, &extent);
	return extent;
}

static struct iova_extent take(uint64_t count)
{
	return get(&(struct iova_request){.count = count});
}

static void give(struct iova_extent extent)
{
	instance.table->free(instance.self, &extent, 0);
}

/* Leaves the gaps [10, 14), [20, 23), [30, 34), [40, 100) in a space of pages 0 to 99. */
static void make_gaps(const char *spec)
{
	static const uint64_t extents[][2] = {{0, 10}, {14, 6}, {23, 7}, {34, 6}};
	begin(spec, 0, 100);
	for (size_t i = 0; i < 4; i++) {
		struct iova_extent extent;
		assert_int_equal(instance.table->place(instance.self, extents[i][0], extents[i][1], 0, &extent), IOVA_OK);
	}
}

static void first_takes_the_lowest_gap_that_suffices(void **state)
{
	(void)state;
	make_gaps("rbtree:fit=first");
	assert_int_equal(take(3).first, 10);
	assert_int_equal(take(4).first, 30);
	assert_int_equal(take(5).first, 40);
	assert_int_equal(take(1).first, 13);
	end();
}

static void best_takes_the_shortest_gap_and_the_lowest_of_equals(void **state)
{
	(void)state;
	make_gaps("rbtree:fit=best");
	assert_int_equal(take(3).first, 20);
	assert_int_equal(take(3).first, 10);
	assert_int_equal(take(4).first, 30);
	assert_int_equal(take(2).first, 40);
	assert_int_equal(take(1).first, 13);
	end();
}

static void last_takes_the_upper_end_of_the_highest_gap(void **state)
{
	(void)state;
	make_gaps("rbtree:fit=last");
	assert_int_equal(take(50).first, 50);
	assert_int_equal(take(4).first, 46);
	assert_int_equal(take(7).first, UINT64_MAX);
	assert_int_equal(take(6).first, 40);
	assert_int_equal(take(3).first, 31);
	assert_int_equal(take(3).first, 20);
	end();
}

static void an_alignment_skips_gaps_without_a_multiple(void **state)
{
	(void)state;
	const struct iova_request request = {.count = 2, .align = 8, .constraints = IOVA_CONSTRAIN_ALIGN};
	make_gaps("rbtree:fit=first");
	assert_int_equal(get(&request).first, 32);
	assert_int_equal(get(&request).first, 40);
	end();
	make_gaps("rbtree:fit=best");
	assert_int_equal(get(&request).first, 32);
	end();
	make_gaps("rbtree:fit=last");
	assert_int_equal(get(&request).first, 96);
	end();
}

static void a_boundary_is_not_crossed(void **state)
{
	(void)state;
	/* [10, 14) holds 3 pages within a block of 4 nowhere: 10, 11 | 12, 13. [20, 23) does. */
	const struct iova_request request = {.count = 3, .boundary = 4, .constraints = IOVA_CONSTRAIN_BOUNDARY};
	make_gaps("rbtree:fit=first");
	assert_int_equal(get(&request).first, 20);
	/* [30, 34) does not either, [40, 100) does, and then again behind the next boundary. */
	assert_int_equal(get(&request).first, 40);
	assert_int_equal(get(&request).first, 44);
	end();
	make_gaps("rbtree:fit=last");
	assert_int_equal(get(&request).first, 97);
	assert_int_equal(get(&request).first, 93);
	end();
}

static void a_gap_can_be_filled_exactly_at_its_place(void **state)
{
	(void)state;
	struct iova_extent extent;
	make_gaps("rbtree:fit=best");
	assert_int_equal(instance.table->place(instance.self, 10, 4, 0, &extent), IOVA_OK);
	assert_int_equal(instance.table->place(instance.self, 20, 3, 0, &extent), IOVA_OK);
	end();
}

/* Ranks do not tell such lengths apart; cut to 32 bits, 2^32 + 2 would be 2 and any of the first gaps enough. */
static void more_than_2_to_the_32_pages_are_looked_for_by_their_length(void **state)
{
	(void)state;
	const uint64_t more = UINT64_C(1) << 32;
	struct iova_extent extent;
	begin("rbtree:fit=first", 0, UINT64_C(1) << 36);
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(instance.table->place(instance.self, 4 * i + 3, 1, 0, &extent), IOVA_OK);
	assert_int_equal(instance.table->place(instance.self, 80 + more, 1, 0, &extent), IOVA_OK);
	assert_int_equal(take(more + 2).first, 80 + more + 1);
	assert_int_equal(take(more).first, 80);
	end();
}

/* More pages than there are, 2^32 more than a gap has: a key has no room for them. */
static void more_pages_than_the_space_has_are_no_space(void **state)
{
	(void)state;
	struct iova_extent extent;
	const uint64_t more = UINT64_C(1) << 32;
	make_gaps("rbtree:fit=best");
	assert_int_equal(take(101).first, UINT64_MAX);
	assert_int_equal(take(more + 1).first, UINT64_MAX);
	assert_int_equal(instance.table->place(instance.self, 99, 2, 0, &extent), IOVA_TAKEN);
	assert_int_equal(instance.table->place(instance.self, 100, 1, 0, &extent), IOVA_TAKEN);
	assert_int_equal(instance.table->place(instance.self, 40, more, 0, &extent), IOVA_TAKEN);
	end();
}

static void limits_are_inclusive(void **state)
{
	(void)state;
	const struct iova_request request = {.count = 4, .low = 11, .high = 43, .constraints = IOVA_CONSTRAIN_LIMIT};
	make_gaps("rbtree:fit=first");
	assert_int_equal(get(&request).first, 30);
	assert_int_equal(get(&request).first, 40);
	assert_int_equal(get(&request).first, UINT64_MAX);
	end();
	make_gaps("rbtree:fit=last");
	assert_int_equal(get(&request).first, 40);
	assert_int_equal(get(&request).first, 30);
	assert_int_equal(get(&request).first, UINT64_MAX);
	end();
}

/* The place that a search of every page finds, or UINT64_MAX. fit: 0 first, 1 best, 2 last. */
static uint64_t naive(const uint8_t *live, uint64_t pages, const struct iova_request *request, int fit)
{
	uint64_t found = UINT64_MAX, found_length = UINT64_MAX;
	for (uint64_t begin_page = 0, end_page; begin_page < pages; begin_page = end_page + 1) {
		for (end_page = begin_page; end_page < pages && !live[end_page];)
			end_page++;
		uint64_t place = UINT64_MAX;
		for (uint64_t page = begin_page; page + request->count <= end_page; page++) {
			uint64_t last = page + request->count - 1;
			bool fits = !((request->constraints & IOVA_CONSTRAIN_ALIGN) && page % request->align) &&
				    !((request->constraints & IOVA_CONSTRAIN_LIMIT) &&
				      (page < request->low || last > request->high)) &&
				    !((request->constraints & IOVA_CONSTRAIN_BOUNDARY) &&
				      page / request->boundary != last / request->boundary);
			if (fits && (place == UINT64_MAX || fit == 2))
				place = page;
		}
		if (place == UINT64_MAX)
			continue;
		if (fit == 2 || found == UINT64_MAX || (fit == 1 && end_page - begin_page < found_length)) {
			found = place;
			found_length = end_page - begin_page;
		}
	}
	return found;
}

static void check_against_naive(const char *spec, int fit)
{
	enum { PAGES = 300, SLOTS = 64, STEPS = 40000 };
	static uint8_t live[PAGES];
	static struct iova_extent slots[SLOTS];
	struct rng rng;
	memset(live, 0, sizeof live);
	memset(slots, 0, sizeof slots);
	rng_seed(&rng, 7);
	begin(spec, 0, PAGES);
	for (int step = 0; step < STEPS; step++) {
		struct iova_extent *slot = &slots[rng_below(&rng, SLOTS)];
		if (slot->count) {
			memset(live + slot->first, 0, slot->count);
			give(*slot);
			slot->count = 0;
			continue;
		}
		uint64_t a = rng_below(&rng, PAGES), b = rng_below(&rng, PAGES);
		const struct iova_request request = {.count = 1 + rng_below(&rng, 12),
						     .align = UINT64_C(1) << rng_below(&rng, 5),
						     .low = a < b ? a : b,
						     .high = a < b ? b : a,
						     .boundary = UINT64_C(1) << rng_below(&rng, 6),
						     .constraints = (uint32_t)(rng_next(&rng) & rng_next(&rng) & 7)};
		*slot = get(&request);
		assert_int_equal(slot->first, naive(live, PAGES, &request, fit));
		memset(live + (slot->count ? slot->first : 0), 1, slot->count);
	}
	end();
}

static void first_is_exact_first_fit_under_all_constraints(void **state)
{
	(void)state;
	check_against_naive("rbtree:fit=first", 0);
}

static void best_is_exact_best_fit_under_all_constraints(void **state)
{
	(void)state;
	check_against_naive("rbtree:fit=best", 1);
}

static void last_is_exact_last_fit_under_all_constraints(void **state)
{
	(void)state;
	check_against_naive("rbtree:fit=last", 2);
}

static void a_space_of_2_to_the_36_pages_costs_no_more_than_a_small_one(void **state)
{
	(void)state;
	uint64_t least_ns = UINT64_MAX;
	for (int try = 0; try < 20; try++) {
		const uint64_t start_ns = cpu_time_ns();
		begin("rbtree", 0, UINT64_C(1) << 36);
		const uint64_t spent_ns = cpu_time_ns() - start_ns;
		least_ns = spent_ns < least_ns ? spent_ns : least_ns;
		end();
	}
	assert_true(least_ns < 1000000);
	begin("rbtree", 0, UINT64_C(1) << 36);
	struct iova_extent low = take(1), high;
	assert_int_equal(instance.table->place(instance.self, (UINT64_C(1) << 36) - 1, 1, 0, &high), IOVA_OK);
	assert_true(touched_bytes() < 1 << 20);
	give(low);
	give(high);
	assert_int_equal(take(UINT64_C(1) << 36).first, 0);
	end();
}

/* Every other page is live: as many gaps as extents, the most there can be. The instance and the arrays may end within a
 * page. */
static void check_bytes_per_extent(const char *spec)
{
	enum { LIVE = 100000 };
	static struct iova_extent extents[LIVE];
	begin(spec, 0, UINT64_C(1) << 36);
	for (uint64_t i = 0; i < LIVE; i++)
		assert_int_equal(instance.table->place(instance.self, 2 * i + 1, 1, 0, &extents[i]), IOVA_OK);
	assert_true(touched_bytes() <= 64 * LIVE + 5 * PAGE_BYTES);
	for (size_t i = 0; i < LIVE; i++)
		give(extents[i]);
	assert_int_equal(take(UINT64_C(1) << 36).count, UINT64_C(1) << 36);
	end();
}

static void a_live_extent_costs_at_most_64_bytes_in_a_large_space(void **state)
{
	(void)state;
	check_bytes_per_extent("rbtree:fit=first");
	check_bytes_per_extent("rbtree:fit=last");
}

static void by_length_it_does_even_if_every_extent_lies_alone(void **state)
{
	(void)state;
	check_bytes_per_extent("rbtree:fit=best");
}

/* Gaps by length as keys and in a tree: what is placed does not depend on it. */
static void check_large_space(const char *spec)
{
	enum { SLOTS = 500, STEPS = 30000 };
	static struct iova_extent slots[2][SLOTS];
	for (uint64_t large = 0; large < 2; large++) {
		const uint64_t count = RBTREE_KEYS_PAGES + large;
		struct rng rng;
		struct iova_extent end_of_space;
		rng_seed(&rng, 11);
		memset(slots[large], 0, sizeof slots[large]);
		begin(spec, 1000, count);
		const struct rbtree *self = instance.self;
		assert_true(self->order == RBTREE_BY_ADDRESS || (self->order == RBTREE_BY_LENGTH) == large);
		/* The same pages are left in both. */
		assert_int_equal(
			instance.table->place(instance.self, 1000 + RBTREE_KEYS_PAGES - 1, 1 + large, 0, &end_of_space),
			IOVA_OK);
		for (int step = 0; step < STEPS; step++) {
			struct iova_extent *slot = &slots[large][rng_below(&rng, SLOTS)];
			uint64_t pages = 1 + rng_below(&rng, rng_below(&rng, 8) ? 20 : 20000);
			if (slot->count)
				give(*slot);
			*slot = slot->count ? (struct iova_extent){0} : take(pages);
			if (step % 100 == 0)
				assert_null(instance.table->broken_invariant(instance.self));
		}
		end();
	}
	assert_memory_equal(slots[0], slots[1], sizeof slots[0]);
}

static void a_large_space_places_like_a_small_one(void **state)
{
	(void)state;
	check_large_space("rbtree:fit=best");
	check_large_space("rbtree:fit=first");
	check_large_space("rbtree:fit=last");
}

/* 2^26 extents are too many to try: here there is room for two. */
static void more_extents_than_there_is_room_for_are_no_memory(void **state)
{
	(void)state;
	static const char *const specs[] = {"rbtree:fit=first", "rbtree:fit=best", "rbtree:fit=last"};
	const struct iova_request page = {.count = 1},
				  low = {.count = 1, .low = 0, .high = 50, .constraints = IOVA_CONSTRAIN_LIMIT};
	for (size_t i = 0; i < 3; i++) {
		begin(specs[i], 0, 100);
		struct rbtree *self = instance.self;
		self->extents_max = self->room = 2;
		struct iova_extent one = take(10), none = {7, 7, 7}, before;
		take(20);
		before = none;
		assert_int_equal(instance.table->alloc(self, &page, 0, &none), IOVA_NO_MEMORY);
		assert_int_equal(instance.table->alloc(self, &low, 0, &none), IOVA_NO_MEMORY);
		assert_int_equal(instance.table->place(self, 50, 1, 0, &none), IOVA_NO_MEMORY);
		assert_memory_equal(&none, &before, sizeof none);
		assert_null(instance.table->broken_invariant(self));
		give(one);
		assert_int_equal(take(70).count, 70);
		end();
	}
}

static void steps_count_the_nodes_on_the_way(void **state)
{
	(void)state;
	const struct iova_request request = {.count = 1};
	struct iova_steps steps = {0};
	struct iova_extent extent;
	begin("rbtree:fit=first", 0, 100);
	assert_int_equal(instance.table->alloc_counted(instance.self, &request, 0, &extent, &steps), IOVA_OK);
	assert_int_equal(steps.examined, 1);
	assert_int_equal(steps.splits, 1);
	steps = (struct iova_steps){0};
	instance.table->free_counted(instance.self, &extent, 0, &steps);
	assert_int_equal(steps.merges, 1);
	end();
}

/* Four extents of one page behind gaps of 1, 2, 3 and 4 pages: x [0,1) x [2,4) x [5,8) x [9,13), but for the first one. */
static struct rbtree tree;

static void make_tree(enum rbtree_order order)
{
	static const struct iova_request pages[4] = {{.count = 1}, {.count = 2}, {.count = 3}, {.count = 4}};
	struct iova_extent gap_extents[4];
	if (instance.table)
		allocator_instance_destroy(&instance);
	begin(order == RBTREE_BY_ADDRESS ? "rbtree:fit=first" : "rbtree:fit=best", 0,
	      order == RBTREE_BY_LENGTH ? RBTREE_KEYS_PAGES + 1 : 13);
	if (order == RBTREE_BY_LENGTH) {
		struct iova_extent rest;
		assert_int_equal(instance.table->place(instance.self, 13, RBTREE_KEYS_PAGES - 12, 0, &rest), IOVA_OK);
	}
	for (int i = 0; i < 4; i++) {
		gap_extents[i] = get(&pages[i]);
		if (i < 3)
			take(1);
	}
	for (int i = 0; i < 4; i++)
		give(gap_extents[i]);
	tree = *(struct rbtree *)instance.self;
	assert_int_equal(tree.order, order);
	assert_null(rbtree_check(&tree));
}

static void check_broken(const char *sentence)
{
	const char *broken = rbtree_check(&tree);
	assert_non_null(broken);
	assert_string_equal(broken, sentence);
	make_tree(tree.order);
}

static void every_broken_invariant_of_the_tree_is_named(void **state)
{
	(void)state;
	make_tree(RBTREE_BY_LENGTH);
	struct gap *gaps = tree.by_length.tree.gaps;
	const uint32_t root = tree.by_length.tree.root, low = gaps[root].child[0], high = gaps[root].child[1];
	const uint32_t longest = gap_outermost(&tree.by_length.tree, 1);
	assert_int_equal(gaps[longest].length, 4);
	/* make_tree gives the same numbers again. */
	gap_set_black(gaps, root, false);
	check_broken("the root is black and has no parent");
	gaps = tree.by_length.tree.gaps;
	gap_set_black(gaps, 0, false);
	check_broken("the empty subtree is black and empty");
	gaps = tree.by_length.tree.gaps;
	gap_set_black(gaps, longest, !gap_is_black(gaps, longest));
	check_broken("every path has the same number of black gaps");
	/* One black node on every path, and three red ones in a row of two. */
	gaps = tree.by_length.tree.gaps;
	gap_set_black(gaps, low, false);
	gap_set_black(gaps, high, false);
	check_broken("a red gap has no red child");
	gaps = tree.by_length.tree.gaps;
	gap_set_parent(gaps, longest, longest);
	check_broken("a child knows its parent");
	gaps = tree.by_length.tree.gaps;
	gaps[root].child[0] = high;
	gaps[root].child[1] = low;
	check_broken("the gaps of the tree ascend");
	gaps = tree.by_length.tree.gaps;
	gaps[longest].length = 0;
	check_broken("a gap in the tree has pages");
	gaps = tree.by_length.tree.gaps;
	gaps[longest].length += RBTREE_KEYS_PAGES;
	check_broken("a gap lies in the space");
	tree.usable_pages++;
	check_broken("usable_pages is the sum of all gaps");
	tree.live -= 2;
	check_broken("there is an extent between two gaps");
	tree.by_length.short_lengths ^= 2;
	check_broken("short_lengths has exactly the lengths of short gaps");
	tree.by_length.lowest[3] = root;
	check_broken("a table entry is the lowest gap of its length");
	const uint64_t slot = gap_ends_probe(&tree.by_length.ends, tree.by_length.tree.gaps, 1);
	tree.by_length.ends.gap_at[slot] = 0;
	check_broken("exactly the two ends of every gap are entered");
	tree.by_length.ends.gap_at[slot] = longest << 1;
	check_broken("a gap is found at both of its ends");
	tree.by_length.tree.fresh++;
	check_broken("the tree has exactly the gaps that are not unused");
	allocator_instance_destroy(&instance);
}

/* Of one leaf; gap_keys_test has trees of more. */
static void every_broken_invariant_of_the_keys_is_named(void **state)
{
	(void)state;
	make_tree(RBTREE_BY_KEY);
	struct gap_leaf *leaf = &tree.by_key.keys.leaves[tree.by_key.keys.root];
	assert_int_equal(leaf->count, 4);
	assert_int_equal(leaf->key[3], UINT64_C(4) << 32 | 9);
	leaf->key[0] = leaf->key[1];
	check_broken("keys ascend");
	leaf = &tree.by_key.keys.leaves[tree.by_key.keys.root];
	leaf->key[3]++;
	check_broken("a gap lies in the space");
	tree.by_key.length_at[9] = 3;
	check_broken("both ends of a gap tell its length");
	tree.by_key.length_at[13] = 0;
	check_broken("both ends of a gap tell its length");
	tree.by_key.length_at[3] = 1;
	check_broken("exactly the two ends of every gap tell a length");
	tree.live -= 2;
	check_broken("there is an extent between two gaps");
	tree.usable_pages++;
	check_broken("usable_pages is the sum of all gaps");
	allocator_instance_destroy(&instance);
}

static void too_much_room_in_a_table_of_ends_is_named(void **state)
{
	(void)state;
	if (instance.table)
		allocator_instance_destroy(&instance);
	begin("rbtree:fit=best", 0, RBTREE_KEYS_PAGES + 1);
	struct rbtree *large = instance.self;
	/* 64 slots, of which 48 may be full. */
	assert_int_equal(large->room, 23);
	large->room++;
	assert_string_equal(rbtree_check(large), "there is room for the ends of every gap that may be left");
	large->room--;
	end();
}

static void every_broken_invariant_of_the_buckets_is_named(void **state)
{
	(void)state;
	make_tree(RBTREE_BY_ADDRESS);
	const uint32_t bucket = tree.by_address.tree.root;
	assert_int_equal(tree.by_address.order[bucket].count, 4);
	tree.by_address.tree.gaps[bucket].longest++;
	check_broken("longest is the greatest length in the subtree");
	tree.by_address.tree.gaps[bucket].length++;
	tree.by_address.tree.gaps[bucket].longest++;
	check_broken("a node has its bucket's first page and longest gap");
	tree.by_address.tree.gaps[bucket].first++;
	check_broken("a node has its bucket's first page and longest gap");
	tree.by_address.order[bucket].count = 0;
	check_broken("a bucket has a gap, and no more than it has room for");
	tree.by_address.order[bucket].count--;
	check_broken("behind the last gap of a bucket there is none");
	tree.by_address.order[0].previous = 0;
	check_broken("the next bucket's previous one is this one");
	tree.by_address.order[0].next = 0;
	check_broken("the buckets by address are those of the tree");
	tree.by_address.buckets[bucket].first[1] = 1;
	check_broken("gaps ascend, and two of them do not touch");
	tree.by_address.buckets[bucket].first[3]++;
	check_broken("a gap lies in the space");
	tree.usable_pages--;
	check_broken("usable_pages is the sum of all gaps");
	tree.live -= 2;
	check_broken("there is an extent between two gaps");
	allocator_instance_destroy(&instance);
}

/* Any gap leaves a tree of any shape: in the allocator some of these are rare. */
static void check_random_erasures(enum gap_order order)
{
	enum { NODES = 64, TREES = 3000 };
	static struct gap nodes[NODES];
	struct rng rng;
	rng_seed(&rng, 3);
	for (int round = 0; round < TREES; round++) {
		struct gap_tree random = {.gaps = nodes};
		uint32_t count = 1 + (uint32_t)rng_below(&rng, NODES - 1), left = count;
		memset(nodes, 0, sizeof nodes);
		gap_set_black(nodes, 0, true);
		for (uint32_t i = 1; i <= count; i++) {
			nodes[i].first = i * 100;
			nodes[i].length = 1 + rng_below(&rng, 30);
			gap_insert(&random, i, order, NULL);
		}
		for (int erasure = 0; erasure < 8 && left; erasure++) {
			uint32_t gap = 1 + (uint32_t)rng_below(&rng, count);
			if (!nodes[gap].length)
				continue;
			gap_erase(&random, gap, order);
			nodes[gap].length = 0;
			const char *broken = gap_check_tree(&random, --left, order);
			if (broken)
				fail_msg("%s", broken);
		}
	}
}

static void a_tree_by_address_survives_any_erasure(void **state)
{
	(void)state;
	check_random_erasures(GAP_BY_ADDRESS);
}

static void a_tree_by_length_survives_any_erasure(void **state)
{
	(void)state;
	check_random_erasures(GAP_BY_LENGTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_by_address_survives_any_erasure),
		cmocka_unit_test(a_tree_by_length_survives_any_erasure),
		cmocka_unit_test(first_takes_the_lowest_gap_that_suffices),
		cmocka_unit_test(best_takes_the_shortest_gap_and_the_lowest_of_equals),
		cmocka_unit_test(last_takes_the_upper_end_of_the_highest_gap),
		cmocka_unit_test(an_alignment_skips_gaps_without_a_multiple),
		cmocka_unit_test(a_boundary_is_not_crossed),
		cmocka_unit_test(a_gap_can_be_filled_exactly_at_its_place),
		cmocka_unit_test(more_than_2_to_the_32_pages_are_looked_for_by_their_length),
		cmocka_unit_test(more_pages_than_the_space_has_are_no_space),
		cmocka_unit_test(limits_are_inclusive),
		cmocka_unit_test(first_is_exact_first_fit_under_all_constraints),
		cmocka_unit_test(best_is_exact_best_fit_under_all_constraints),
		cmocka_unit_test(last_is_exact_last_fit_under_all_constraints),
		cmocka_unit_test(a_space_of_2_to_the_36_pages_costs_no_more_than_a_small_one),
		cmocka_unit_test(a_live_extent_costs_at_most_64_bytes_in_a_large_space),
		cmocka_unit_test(by_length_it_does_even_if_every_extent_lies_alone),
		cmocka_unit_test(a_large_space_places_like_a_small_one),
		cmocka_unit_test(more_extents_than_there_is_room_for_are_no_memory),
		cmocka_unit_test(steps_count_the_nodes_on_the_way),
		cmocka_unit_test(every_broken_invariant_of_the_tree_is_named),
		cmocka_unit_test(every_broken_invariant_of_the_keys_is_named),
		cmocka_unit_test(too_much_room_in_a_table_of_ends_is_named),
		cmocka_unit_test(every_broken_invariant_of_the_buckets_is_named),
	};
	return cmocka_run_group_tests_name("rbtree", tests, NULL, NULL);
}
