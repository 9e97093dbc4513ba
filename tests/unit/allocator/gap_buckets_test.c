/* SPDX-License-Identifier: MIT
 * Buckets of gaps that become few beside a neighbour that is. Every page is an extent of its own; the freed ones do not touch,
 * but where gaps are joined to make a bucket poor. Which gaps are in which bucket follows from GAP_BUCKET_GAPS and its
 * neighbours. */
#include "allocator/rbtree/check.h"
#include "allocator/registry.h"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PAGES = 400 };

static struct test_host host;
static struct allocator_instance tree;

/* Frees pages first, first + 2, ... up to last. */
static void free_every_other(uint64_t first, uint64_t last)
{
	for (uint64_t page = first; page <= last; page += 2) {
		const struct iova_extent extent = {page, 1, 0};
		tree.table->free(tree.self, &extent, 0);
		const char *broken = tree.table->broken_invariant(tree.self);
		if (broken)
			fail_msg("%s, when page %d was freed", broken, (int)page);
	}
}

static void expect_buckets(unsigned lowest, unsigned next, unsigned third)
{
	const struct gap_buckets *gaps = &((const struct rbtree *)tree.self)->by_address;
	const unsigned expected[3] = {lowest, next, third};
	uint32_t bucket = gaps->order[0].next;
	for (int i = 0; i < 3 && expected[i]; bucket = gaps->order[bucket].next, i++)
		assert_int_equal(gaps->order[bucket].count, expected[i]);
	assert_int_equal(bucket, 0);
}

static void begin_full(void)
{
	struct allocator_spec parsed;
	const struct iova_space space = {0, PAGES, 4096};
	const struct iova_request page = {.count = 1};
	struct iova_extent extent;
	test_host_init(&host);
	assert_int_equal(allocator_spec_open("rbtree:fit=first", &parsed, NULL), 0);
	assert_int_equal(allocator_instance_create(&parsed, &space, &host.host, &tree, NULL), 0);
	for (int i = 0; i < PAGES; i++)
		assert_int_equal(tree.table->alloc(tree.self, &page, 0, &extent), IOVA_OK);
	/* Behind the space, the first gap is used up. */
	expect_buckets(1, 0, 0);
}

/* One bucket with seven gaps, 201 to 213, and one with nine, 215 to 231. */
static void begin(void)
{
	begin_full();
	free_every_other(201, 231);
	expect_buckets(7, 9, 0);
}

/* First fit takes the page that was just freed below all others: its gap stays, with no pages. */
static void use_up(uint64_t lowest, uint64_t highest)
{
	const struct iova_request page = {.count = 1};
	struct iova_extent extent;
	for (uint64_t low = highest; low >= lowest; low -= 2) {
		free_every_other(low, low);
		assert_int_equal(tree.table->alloc(tree.self, &page, 0, &extent), IOVA_OK);
		assert_int_equal(extent.first, low);
	}
}

static void end(void)
{
	allocator_instance_destroy(&tree);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static void two_poor_neighbours_are_named(void **state)
{
	(void)state;
	begin();
	struct gap_buckets *gaps = &((struct rbtree *)tree.self)->by_address;
	const uint32_t next = gaps->order[gaps->order[0].next].next;
	gaps->order[next].count = 2;
	assert_string_equal(tree.table->broken_invariant(tree.self), "two neighbouring buckets have ten gaps or more");
	gaps->order[next].count = 9;
	assert_null(tree.table->broken_invariant(tree.self));
	end();
}

static void the_upper_half_of_a_split_joins_a_poor_next_bucket(void **state)
{
	(void)state;
	begin();
	free_every_other(183, 199);
	free_every_other(216, 230);
	expect_buckets(16, 1, 0);
	/* 9 gaps, and 8 beside 1. */
	free_every_other(181, 181);
	expect_buckets(9, 9, 0);
	end();
}

static void the_lower_half_of_a_split_joins_a_poor_previous_bucket(void **state)
{
	(void)state;
	begin();
	free_every_other(233, 245);
	free_every_other(202, 212);
	expect_buckets(1, 16, 0);
	/* 1 beside 8 gaps, and 9. */
	free_every_other(247, 247);
	expect_buckets(9, 9, 0);
	end();
}

static void a_bucket_without_its_used_up_gaps_joins_a_poor_next_one(void **state)
{
	(void)state;
	begin();
	use_up(183, 199);
	free_every_other(216, 230);
	expect_buckets(16, 1, 0);
	/* 7 gaps that have pages and the new one, beside 1. */
	free_every_other(181, 181);
	expect_buckets(9, 0, 0);
	end();
}

static void one_gap_is_left_of_a_bucket_of_used_up_ones(void **state)
{
	(void)state;
	begin_full();
	free_every_other(301, 301);
	use_up(173, 199);
	expect_buckets(16, 0, 0);
	free_every_other(303, 303);
	expect_buckets(2, 0, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_poor_neighbours_are_named),
		cmocka_unit_test(the_upper_half_of_a_split_joins_a_poor_next_bucket),
		cmocka_unit_test(the_lower_half_of_a_split_joins_a_poor_previous_bucket),
		cmocka_unit_test(a_bucket_without_its_used_up_gaps_joins_a_poor_next_one),
		cmocka_unit_test(one_gap_is_left_of_a_bucket_of_used_up_ones),
	};
	return cmocka_run_group_tests_name("gap_buckets", tests, NULL, NULL);
}
