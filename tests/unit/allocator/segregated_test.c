/* SPDX-License-Identifier: MIT
 * Where segregated places: worked out by hand, then any place against a search of every page. */
#include "allocator/builtin.h"
#include "support/array_model.h"
#include "support/cpu_time.h"

static struct test_host host;
static void *self;
static uint64_t order; /* 0: recent, 1: low */

static const struct iova_allocator *const table = &allocator_segregated;

static void begin(uint64_t first, uint64_t count)
{
	const struct iova_space space = {first, count, 4096};
	const char *reason;
	test_host_init(&host);
	assert_int_equal(table->create(&space, &order, &host.host, NULL, &self, &reason), IOVA_OK);
}

static void end(void)
{
	assert_null(table->broken_invariant(self));
	table->destroy(self);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static struct iova_extent take(uint64_t count)
{
	struct iova_extent extent = {UINT64_MAX, 0, 0};
	table->alloc(self, &(struct iova_request){.count = count}, 0, &extent);
	return extent;
}

static void give(struct iova_extent extent)
{
	table->free(self, &extent, 0);
}

static void block(uint64_t first, uint64_t count)
{
	struct iova_extent extent;
	assert_int_equal(table->place(self, first, count, 0, &extent), IOVA_OK);
}

static void short_requests_take_the_most_recent_gap_of_the_next_length(void **state)
{
	(void)state;
	/* Gaps [0, 3), [10, 13), [20, 24) and [30, 100), made in this order. */
	begin(0, 100);
	block(3, 7);
	block(13, 7);
	block(24, 6);
	assert_int_equal(take(3).first, 10);
	assert_int_equal(take(3).first, 0);
	assert_int_equal(take(2).first, 20);
	assert_int_equal(take(2).first, 22);
	assert_int_equal(take(5).first, 30);
	end();
}

static void long_requests_take_a_bin_that_suffices_for_sure_before_one_that_may(void **state)
{
	(void)state;
	/* Gaps of 70 and 100 pages. 68 may fit into the bin of 64 to 71 pages, but every gap of 72 pages and more suffices. */
	begin(0, 200);
	block(70, 30);
	assert_int_equal(take(68).first, 100);
	assert_int_equal(take(68).first, 0);
	assert_int_equal(take(68).first, UINT64_MAX);
	end();
}

static void a_freed_extent_joins_both_gaps(void **state)
{
	(void)state;
	begin(0, 100);
	struct iova_extent a = take(10), b = take(10), c = take(10);
	struct iova_steps steps = {0};
	give(a);
	give(c);
	table->free_counted(self, &b, 0, &steps);
	assert_int_equal(steps.merges, 2);
	assert_int_equal(take(100).first, 0);
	end();
}

/* The bin of 64 to 71 pages suffices for 64, not for 65. */
static void the_shortest_length_of_a_bin_suffices(void **state)
{
	(void)state;
	/* Gaps of 64, 72 and 200 pages. */
	begin(0, 64 + 1 + 72 + 1 + 200);
	block(64, 1);
	block(64 + 1 + 72, 1);
	assert_int_equal(take(64).first, 0);
	assert_int_equal(take(65).first, 65);
	assert_int_equal(take(73).first, 138);
	end();
}

static void a_bit_of_an_emptied_bin_is_not_followed(void **state)
{
	(void)state;
	begin(0, 8);
	assert_int_equal(take(3).first, 0);
	assert_int_equal(take(5).first, 3);
	assert_int_equal(take(1).first, UINT64_MAX);
	end();
}

static void every_gap_is_tried_before_the_answer_is_no(void **state)
{
	(void)state;
	/* 200 gaps of two pages at odd addresses, one at an even address, which is the last to be tried. */
	begin(0, 1000);
	block(0, 2);
	block(4, 1);
	for (uint64_t i = 0; i < 200; i++)
		block(7 + 4 * i, 2);
	block(807, 193);
	struct iova_extent extent = {UINT64_MAX, 0, 0};
	const struct iova_request even = {.count = 2, .align = 2, .constraints = IOVA_CONSTRAIN_ALIGN};
	assert_int_equal(table->alloc(self, &even, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, 2);
	assert_int_equal(table->alloc(self, &even, 0, &extent), IOVA_NO_SPACE);
	end();
}

static void after_64_tries_a_gap_is_taken_that_is_long_enough_for_any_alignment(void **state)
{
	(void)state;
	/* 100 gaps of two pages at odd addresses and one of 595 pages from page 405 on. */
	begin(0, 1000);
	block(0, 1);
	for (uint64_t i = 0; i < 100; i++)
		block(3 + 4 * i, 2);
	struct iova_extent extent;
	struct iova_steps steps = {0};
	const struct iova_request even = {.count = 2, .align = 2, .constraints = IOVA_CONSTRAIN_ALIGN};
	assert_int_equal(table->alloc_counted(self, &even, 0, &extent, &steps), IOVA_OK);
	assert_int_equal(extent.first, 402);
	assert_int_equal(steps.examined, 64);
	end();
}

static uint64_t whole(const struct model_plan *plan, uint64_t count)
{
	(void)plan;
	return count;
}

/* Any place will do: the lowest one tells that there is one. */
static uint64_t lowest(const struct model_plan *plan, const struct model *model, const struct iova_request *request)
{
	for (uint64_t first = plan->first; first < plan->first + plan->count; first++)
		if (model_is_free(model, first, request->count) && model_satisfies(request, first))
			return first;
	return MODEL_NOTHING;
}

static void walk(uint64_t first, uint64_t count, uint64_t largest)
{
	const struct model_plan plan = {.table = table,
					.options = {order},
					.first = first,
					.count = count,
					.largest = largest,
					.steps = 8000,
					.seed = count,
					.granted = whole,
					.expected = lowest};
	model_walk(&plan);
}

static void whatever_fits_is_found_under_all_constraints(void **state)
{
	(void)state;
	walk(0, 1000, 40);
	walk(777, 4096, 300);
	walk(5, 70, 9);
}

static void with_order_low_the_lowest_gap_of_a_bin_is_taken(void **state)
{
	(void)state;
	order = 1;
	/* As above: gaps [0, 3), [10, 13), [20, 24) and [30, 100), made in this order; then [26, 29), which comes and goes. */
	begin(0, 100);
	block(3, 7);
	block(13, 7);
	block(24, 2);
	block(29, 1);
	assert_int_equal(take(3).first, 0);
	struct iova_extent middle = take(3), last = take(3);
	assert_int_equal(middle.first, 10);
	assert_int_equal(last.first, 26);
	give(last);
	give(middle);
	assert_int_equal(take(3).first, 10);
	assert_int_equal(take(3).first, 26);
	assert_int_equal(take(2).first, 20);
	end();
	walk(0, 1000, 40);
	walk(777, 4096, 300);
	walk(5, 70, 9);
	order = 0;
}

/* A thousand gaps of one page, freed in an order that a tree without balance would not bear, take few looks each. */
static void a_bin_by_address_is_in_order_whatever_came_first(void **state)
{
	(void)state;
	enum { EXTENTS = 1000 };
	static struct iova_extent live[2 * EXTENTS];
	order = 1;
	begin(0, 2 * EXTENTS);
	for (size_t i = 0; i < 2 * EXTENTS; i++)
		live[i] = take(1);
	for (size_t i = 0; i < EXTENTS; i++) /* upwards, downwards, and from the middle */
		give(live[2 * (i % 2 ? i / 2 : EXTENTS - 1 - i / 2)]);
	assert_null(table->broken_invariant(self));
	for (size_t i = 0; i < EXTENTS; i++)
		assert_int_equal(take(1).first, 2 * i);
	end();
	order = 0;
}

static void a_space_of_2_to_the_36_pages_costs_no_more_than_a_small_one(void **state)
{
	(void)state;
	uint64_t least_ns = UINT64_MAX;
	for (int try = 0; try < 20; try++) {
		const uint64_t begin_ns = cpu_time_ns();
		begin(12345, UINT64_C(1) << 36);
		const uint64_t spent_ns = cpu_time_ns() - begin_ns;
		least_ns = spent_ns < least_ns ? spent_ns : least_ns;
		end();
	}
	assert_true(least_ns < 1000000);
	begin(12345, UINT64_C(1) << 36);
	assert_true(test_host_touched_bytes(&host) < 1 << 20);
	assert_int_equal(take(UINT64_C(1) << 36).first, 12345);
	end();
}

static void a_live_extent_costs_32_bytes(void **state)
{
	(void)state;
	enum { EXTENTS = 100000 };
	begin(0, UINT64_C(1) << 36);
	uint64_t empty = test_host_touched_bytes(&host);
	for (uint64_t i = 0; i < EXTENTS; i++)
		take(1 + i % 1000);
	assert_true(test_host_touched_bytes(&host) - empty <= EXTENTS * 32 + 2 * TEST_PAGE_BYTES);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_requests_take_the_most_recent_gap_of_the_next_length),
		cmocka_unit_test(long_requests_take_a_bin_that_suffices_for_sure_before_one_that_may),
		cmocka_unit_test(a_freed_extent_joins_both_gaps),
		cmocka_unit_test(the_shortest_length_of_a_bin_suffices),
		cmocka_unit_test(a_bit_of_an_emptied_bin_is_not_followed),
		cmocka_unit_test(every_gap_is_tried_before_the_answer_is_no),
		cmocka_unit_test(after_64_tries_a_gap_is_taken_that_is_long_enough_for_any_alignment),
		cmocka_unit_test(whatever_fits_is_found_under_all_constraints),
		cmocka_unit_test(with_order_low_the_lowest_gap_of_a_bin_is_taken),
		cmocka_unit_test(a_bin_by_address_is_in_order_whatever_came_first),
		cmocka_unit_test(a_space_of_2_to_the_36_pages_costs_no_more_than_a_small_one),
		cmocka_unit_test(a_live_extent_costs_32_bytes),
	};
	return cmocka_run_group_tests_name("segregated", tests, NULL, NULL);
}
