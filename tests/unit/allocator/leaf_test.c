/* SPDX-License-Identifier: MIT
 * Where leaf places: worked out by hand, then any place against a search of every page. */
#include "allocator/builtin.h"
#include "support/array_model.h"
#include "support/cpu_time.h"

static const uint64_t plain[] = {1, 0}, best[] = {0, 0};
static const uint64_t *options = best;
static struct test_host host;
static void *self;

static const struct iova_allocator *const table = &allocator_leaf;

static void begin(uint64_t first, uint64_t count)
{
	const struct iova_space space = {first, count, 4096};
	const char *reason;
	test_host_init(&host);
	assert_int_equal(table->create(&space, options, &host.host, NULL, &self, &reason), IOVA_OK);
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
	assert_null(table->broken_invariant(self));
	return extent;
}

static void give(struct iova_extent extent)
{
	table->free(self, &extent, 0);
	assert_null(table->broken_invariant(self));
}

static struct iova_extent block(uint64_t first, uint64_t count)
{
	struct iova_extent extent = {0};
	assert_int_equal(table->place(self, first, count, 0, &extent), IOVA_OK);
	return extent;
}

static struct iova_extent at(uint64_t first, uint64_t count)
{
	return (struct iova_extent){first, count, 0};
}

/* Steps of a request, which is served or not. */
static uint64_t looks(const struct iova_request *request, enum iova_status wanted, uint64_t *first)
{
	struct iova_extent extent = {UINT64_MAX, 0, 0};
	struct iova_steps steps = {0};
	assert_int_equal(table->alloc_counted(self, request, 0, &extent, &steps), wanted);
	*first = extent.first;
	return steps.examined;
}

static void the_lowest_held_hole_of_a_length_is_taken_first(void **state)
{
	(void)state;
	begin(0, 2048);
	block(0, 64);
	give(at(40, 3));
	give(at(20, 3));
	give(at(30, 3));
	give(at(10, 5));
	assert_int_equal(take(3).first, 20);
	assert_int_equal(take(3).first, 30);
	assert_int_equal(take(3).first, 40);
	assert_int_equal(take(3).first, 10);
	assert_int_equal(take(2).first, 13);
	end();
}

static void holes_that_are_held_merge(void **state)
{
	(void)state;
	begin(0, 2048);
	block(0, 64);
	give(at(10, 2));
	give(at(14, 2));
	give(at(12, 2));
	assert_int_equal(take(6).first, 10);
	end();
}

/* Five of one length: the highest is no longer held, and its leaf's bound leads to it. */
static void a_hole_that_is_pushed_out_is_found_by_its_leaf(void **state)
{
	(void)state;
	begin(0, 1024);
	block(0, 1024);
	for (uint64_t i = 0; i < 6; i++)
		give(at(600 - 64 * i + 5, 2));
	for (uint64_t i = 6; i--;)
		assert_int_equal(take(2).first, 600 - 64 * i + 5);
	assert_int_equal(take(1).first, UINT64_MAX);
	end();
}

/* Of three leaves in use, with runs of 200, 100 and 150 pages, a request takes the shortest that suffices. */
static void the_fullest_leaf_fills_first(void **state)
{
	(void)state;
	begin(0, 8 * 512);
	block(0, 312);
	block(512, 412);
	block(1024, 362);
	block(1536, 1);
	assert_int_equal(take(70).first, 512 + 412);
	assert_int_equal(take(70).first, 1024 + 362);
	assert_int_equal(take(70).first, 1024 + 432);
	assert_int_equal(take(70).first, 312);
	assert_int_equal(take(512).first, 2048);
	end();
}

static void a_run_across_two_leaves_in_use_serves_before_a_free_leaf_is_broken(void **state)
{
	(void)state;
	/* [412, 612) and [1024, 4096). */
	begin(0, 8 * 512);
	block(0, 412);
	block(612, 412);
	assert_int_equal(take(150).first, 412);
	assert_int_equal(take(50).first, 562);
	assert_int_equal(take(50).first, 1024);
	end();
}

static void a_long_request_breaks_as_few_leaves_as_can_be(void **state)
{
	(void)state;
	/* [500, 2600): twelve pages, four leaves and forty pages. */
	begin(0, 8 * 512);
	block(0, 500);
	block(2600, 1496);
	/* Whole leaves begin with one, with pages of the leaf before they end with one. */
	give(take(512));
	assert_int_equal(take(512).first, 512);
	give(at(512, 512));
	assert_int_equal(take(512 + 12).first, 500);
	give(at(500, 524));
	assert_int_equal(take(512 + 30).first, 2560 - 512);
	give(at(2560 - 512, 542));
	assert_int_equal(take(512 + 60).first, 500);
	give(at(500, 572));
	assert_int_equal(take(4 * 512 + 50).first, 500);
	end();
}

/* Of 128 to 143 pages, which are of one class. */
static void the_shortest_of_a_class_is_taken(void **state)
{
	(void)state;
	begin(0, 4 * 512);
	for (uint64_t leaf = 0; leaf < 4; leaf++)
		block(512 * leaf, 512);
	give(at(100, 141));
	give(at(512 + 100, 130));
	give(at(1024 + 100, 135));
	assert_int_equal(take(128).first, 512 + 100);
	assert_int_equal(take(128).first, 1024 + 100);
	assert_int_equal(take(128).first, 100);
	assert_int_equal(take(128).count, 0);
	end();
}

static void a_failed_request_is_remembered_until_something_is_freed(void **state)
{
	(void)state;
	uint64_t first;
	const struct iova_request two = {.count = 2}, one = {.count = 1};
	begin(0, 1024);
	block(0, 1024);
	give(at(10, 1));
	assert_true(looks(&two, IOVA_NO_SPACE, &first) <= 1);
	assert_int_equal(looks(&two, IOVA_NO_SPACE, &first), 0);
	assert_int_equal(looks(&one, IOVA_OK, &first), 1);
	assert_int_equal(first, 10);
	give(at(70, 2));
	assert_int_equal(looks(&two, IOVA_OK, &first), 1);
	assert_int_equal(first, 70);
	end();
}

/* A run that begins far below the limits. */
static void limits_are_found_inside_a_run(void **state)
{
	(void)state;
	uint64_t first;
	const struct iova_request within = {.count = 7, .low = 100000, .high = 100006, .constraints = IOVA_CONSTRAIN_LIMIT};
	begin(5, UINT64_C(1) << 20);
	assert_true(looks(&within, IOVA_OK, &first) <= 4);
	assert_int_equal(first, 100000);
	assert_int_equal(looks(&within, IOVA_NO_SPACE, &first), 2);
	end();
}

/* 4,000 holes of two pages at odd addresses: a leaf is looked at once for all of its own, and after 48 one that suffices. */
static void an_alignment_above_the_size_takes_a_look_a_leaf(void **state)
{
	(void)state;
	uint64_t first;
	const struct iova_request aligned = {.count = 2, .align = 64, .constraints = IOVA_CONSTRAIN_ALIGN};
	begin(0, 200 * 512);
	block(0, 100 * 512);
	for (uint64_t i = 0; i < 4000; i++)
		give(at(12 * i + 5, 2));
	assert_in_range(looks(&aligned, IOVA_OK, &first), 48, 4 * 62 + 52);
	assert_int_equal(first, 100 * 512);
	assert_in_range(looks(&aligned, IOVA_OK, &first), 1, 60);
	end();
}

/* A request that fails leaves all bounds alone, however many misled it: the next one goes where it would have gone. */
static void a_failure_changes_no_later_place(void **state)
{
	(void)state;
	enum { HOLES = 100 };
	static uint64_t places[2][HOLES];
	const struct iova_request within = {.count = 1, .low = 0, .high = 1, .constraints = IOVA_CONSTRAIN_LIMIT};
	for (unsigned failing = 0; failing < 2; failing++) {
		struct iova_extent extent = {0};
		begin(0, 20 * 512);
		block(0, 20 * 512);
		for (uint64_t i = 0; i < HOLES; i++)
			give(at(2 + i * 100, 20));
		for (uint64_t i = 0; i < HOLES; i++)
			take(12);
		if (failing)
			assert_int_equal(take(15).first, UINT64_MAX);
		for (unsigned i = 0; i < HOLES; i++) {
			places[failing][i] = take(1 + i % 8).first;
			if (failing)
				assert_int_equal(table->alloc(self, &within, 0, &extent), IOVA_NO_SPACE);
		}
		table->destroy(self);
	}
	assert_memory_equal(places[0], places[1], sizeof places[0]);
}

/* Plain instructions and the best place alike. */
static void all_cpus_place_alike(void **state)
{
	(void)state;
	enum { STEPS = 20000, LIVE = 300 };
	static uint64_t places[2][STEPS];
	for (unsigned kind = 0; kind < 2; kind++) {
		static struct iova_extent extents[LIVE];
		struct rng rng;
		rng_seed(&rng, 7);
		memset(extents, 0, sizeof extents);
		options = kind ? best : plain;
		begin(3, 9000);
		for (unsigned i = 0; i < STEPS; i++) {
			struct iova_extent *extent = &extents[rng_below(&rng, LIVE)];
			const struct iova_request request = {.count = 1 + rng_below(&rng, 1 + rng_below(&rng, 70))};
			places[kind][i] = UINT64_MAX;
			if (extent->count)
				table->free(self, extent, 0), extent->count = 0;
			else if (table->alloc(self, &request, 0, extent) == IOVA_OK)
				places[kind][i] = extent->first;
		}
		end();
	}
	assert_memory_equal(places[0], places[1], sizeof places[0]);
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
					.options = {0},
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
	walk(511, 3 * 512 + 2, 700);
	walk(1025, 4000, 2000);
	walk((UINT64_C(1) << 51) + 3, 3000, 20);
	walk(5, 70, 9);
}

static void spaces_of_any_size_are_managed(void **state)
{
	(void)state;
	static const uint64_t counts[] = {1, 63, 511, 512, 513, 64 * 512, 64 * 512 + 1, 4096 * 512 + 77, UINT64_C(1) << 27};
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		begin(3 * i, counts[i]);
		const struct iova_extent all = {3 * i, counts[i], 0};
		struct iova_extent taken = {0};
		table->alloc(self, &(struct iova_request){.count = counts[i]}, 0, &taken);
		assert_memory_equal(&taken, &all, sizeof all);
		table->free(self, &taken, 0);
		table->alloc(self, &(struct iova_request){.count = 1}, 0, &taken);
		assert_true(taken.count == 1);
		table->destroy(self);
	}
	const struct iova_space space = {0, (UINT64_C(1) << 44) + 1, 4096};
	const char *reason = NULL;
	assert_int_equal(table->create(&space, options, &host.host, NULL, &self, &reason), IOVA_UNSUPPORTED);
	assert_string_equal(reason, "its bins are for 2^44 pages at most");
}

static void a_space_of_2_to_the_36_pages_costs_no_more_than_a_small_one(void **state)
{
	(void)state;
	uint64_t least_ns = UINT64_MAX;
	struct iova_extent extent;
	for (int try = 0; try < 20; try++) {
		const uint64_t begin_ns = cpu_time_ns();
		begin(12345, UINT64_C(1) << 36);
		const uint64_t spent_ns = cpu_time_ns() - begin_ns;
		least_ns = spent_ns < least_ns ? spent_ns : least_ns;
		table->destroy(self);
	}
	assert_true(least_ns < 1000000);
	begin(12345, UINT64_C(1) << 36);
	assert_int_equal(table->alloc(self, &(struct iova_request){.count = 1}, 0, &extent), IOVA_OK);
	assert_int_equal(table->place(self, UINT64_C(1) << 35, 1, 0, &extent), IOVA_OK);
	assert_true(test_host_touched_bytes(&host) < 1 << 18);
	/* Above the pages of which holes are held. */
	const uint64_t far = (UINT64_C(1) << 35) + 4 * 512;
	assert_int_equal(table->place(self, far, 512, 0, &extent), IOVA_OK);
	table->free(self, &(struct iova_extent){far + 7, 5, 0}, 0);
	assert_int_equal(table->alloc(self, &(struct iova_request){.count = 5}, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, far + 7);
	table->destroy(self);
}

/* 128 bytes for 512 pages that are all extents of one page: lines, bounds and bins. */
static void a_leaf_in_use_costs_less_than_two_bytes_a_page(void **state)
{
	(void)state;
	enum { LEAVES = 1000 };
	struct iova_extent extent;
	begin(0, UINT64_C(1) << 30);
	uint64_t empty = test_host_touched_bytes(&host);
	for (uint64_t i = 0; i < LEAVES * 512; i++)
		assert_int_equal(table->alloc(self, &(struct iova_request){.count = 1}, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, LEAVES * 512 - 1);
	assert_true(test_host_touched_bytes(&host) - empty <= LEAVES * 512 / 4);
	table->destroy(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_held_hole_of_a_length_is_taken_first),
		cmocka_unit_test(holes_that_are_held_merge),
		cmocka_unit_test(a_hole_that_is_pushed_out_is_found_by_its_leaf),
		cmocka_unit_test(the_fullest_leaf_fills_first),
		cmocka_unit_test(a_run_across_two_leaves_in_use_serves_before_a_free_leaf_is_broken),
		cmocka_unit_test(a_long_request_breaks_as_few_leaves_as_can_be),
		cmocka_unit_test(the_shortest_of_a_class_is_taken),
		cmocka_unit_test(a_failed_request_is_remembered_until_something_is_freed),
		cmocka_unit_test(limits_are_found_inside_a_run),
		cmocka_unit_test(an_alignment_above_the_size_takes_a_look_a_leaf),
		cmocka_unit_test(a_failure_changes_no_later_place),
		cmocka_unit_test(all_cpus_place_alike),
		cmocka_unit_test(whatever_fits_is_found_under_all_constraints),
		cmocka_unit_test(spaces_of_any_size_are_managed),
		cmocka_unit_test(a_space_of_2_to_the_36_pages_costs_no_more_than_a_small_one),
		cmocka_unit_test(a_leaf_in_use_costs_less_than_two_bytes_a_page),
	};
	return cmocka_run_group_tests_name("leaf", tests, NULL, NULL);
}
