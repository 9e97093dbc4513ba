/* SPDX-License-Identifier: MIT
 * buddy: splits, merges and placements worked out by hand, then a random walk against an array for every option. */
#include "allocator/builtin.h"
#include "support/array_model.h"
#include "support/lone_regions.h"

enum { RECENT, LOW, HIGH };
enum { POW2, TRIM };

struct fixture {
	struct test_host host;
	void *self;
};

static void begin(struct fixture *fixture, uint64_t which, uint64_t rounding, uint64_t first, uint64_t count)
{
	struct iova_space space = {first, count, 4096};
	uint64_t options[3] = {which, rounding, 0};
	const char *reason = NULL;
	test_host_init(&fixture->host);
	assert_int_equal(allocator_buddy.create(&space, options, &fixture->host.host, NULL, &fixture->self, &reason),
			 IOVA_OK);
}

static void end(struct fixture *fixture)
{
	assert_null(allocator_buddy.broken_invariant(fixture->self));
	allocator_buddy.destroy(fixture->self);
	assert_int_equal(test_host_blocks_held(&fixture->host), 0);
}

static struct iova_extent request(struct fixture *fixture, struct iova_request request)
{
	struct iova_extent extent = {MODEL_NOTHING, 0, 0};
	enum iova_status status = allocator_buddy.alloc(fixture->self, &request, 0, &extent);
	assert_int_equal(status, extent.count ? IOVA_OK : IOVA_NO_SPACE);
	return extent;
}

static uint64_t alloc(struct fixture *fixture, uint64_t count)
{
	return request(fixture, (struct iova_request){.count = count}).first;
}

static void release(struct fixture *fixture, uint64_t first, uint64_t count)
{
	struct iova_extent extent = {first, count, 0};
	allocator_buddy.free(fixture->self, &extent, 0);
}

static enum iova_status place(struct fixture *fixture, uint64_t first, uint64_t count)
{
	struct iova_extent extent;
	return allocator_buddy.place(fixture->self, first, count, 0, &extent);
}

static void a_block_is_split_from_the_smallest_sufficient_order(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 0, 16);
	assert_int_equal(alloc(&f, 1), 0); /* leaves 1 | 2-3 | 4-7 | 8-15 */
	assert_int_equal(alloc(&f, 4), 4);
	assert_int_equal(alloc(&f, 2), 2);
	assert_int_equal(alloc(&f, 1), 1);
	assert_int_equal(alloc(&f, 1), 8);
	end(&f);
}

static void high_takes_the_upper_half(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, HIGH, POW2, 0, 16);
	assert_int_equal(alloc(&f, 1), 15);
	assert_int_equal(alloc(&f, 4), 8);
	assert_int_equal(alloc(&f, 1), 14);
	assert_int_equal(alloc(&f, 3), 4);
	end(&f);
}

static void recent_takes_what_was_freed_last(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, RECENT, POW2, 0, 16);
	for (uint64_t i = 0; i < 16; i++)
		alloc(&f, 1);
	release(&f, 5, 1);
	release(&f, 12, 1);
	release(&f, 2, 1);
	assert_int_equal(alloc(&f, 1), 2);
	assert_int_equal(alloc(&f, 1), 12);
	assert_int_equal(alloc(&f, 1), 5);
	end(&f);
}

/* More than a stack of freed blocks holds, 114. */
static void a_block_that_was_freed_long_ago_is_found(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, RECENT, POW2, 0, 1024);
	for (uint64_t i = 0; i < 1024; i++)
		alloc(&f, 1);
	for (uint64_t i = 0; i < 1024; i += 2)
		release(&f, i, 1);
	assert_null(allocator_buddy.broken_invariant(f.self));
	for (uint64_t i = 0; i < 1024; i += 2)
		assert_int_not_equal(alloc(&f, 1), MODEL_NOTHING);
	assert_int_equal(alloc(&f, 1), MODEL_NOTHING);
	end(&f);
}

static void a_limit_finds_what_was_freed_last(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, RECENT, POW2, 0, 64);
	for (uint64_t i = 0; i < 64; i++)
		alloc(&f, 1);
	release(&f, 40, 1);
	struct iova_request wanted = {.count = 1, .low = 33, .high = 47, .constraints = IOVA_CONSTRAIN_LIMIT};
	assert_int_equal(request(&f, wanted).first, 40);
	assert_int_equal(request(&f, wanted).first, MODEL_NOTHING);
	end(&f);
}

static void buddies_coalesce_at_once(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 0, 4096);
	for (uint64_t i = 0; i < 4096; i++)
		assert_int_equal(alloc(&f, 1), i);
	assert_int_equal(alloc(&f, 1), MODEL_NOTHING);
	for (uint64_t i = 0; i < 4096; i += 2)
		release(&f, i, 1);
	assert_int_equal(alloc(&f, 2), MODEL_NOTHING);
	for (uint64_t i = 1; i < 4096; i += 2)
		release(&f, i, 1);
	assert_int_equal(alloc(&f, 4096), 0);
	end(&f);
}

/* Pages 1 and 2 are neighbours, but not buddies. */
static void neighbours_that_are_not_buddies_stay_apart(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 0, 4);
	for (uint64_t i = 0; i < 4; i++)
		alloc(&f, 1);
	release(&f, 1, 1);
	release(&f, 2, 1);
	assert_int_equal(alloc(&f, 2), MODEL_NOTHING);
	end(&f);
}

static void pow2_grants_the_whole_block(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 0, 16);
	assert_int_equal(request(&f, (struct iova_request){.count = 5}).count, 8);
	assert_int_equal(alloc(&f, 3), 8);
	end(&f);
}

static void trim_gives_the_tail_back(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, TRIM, 0, 16);
	assert_int_equal(request(&f, (struct iova_request){.count = 5}).count, 5);
	assert_int_equal(alloc(&f, 1), 5);
	assert_int_equal(alloc(&f, 2), 6);
	release(&f, 0, 5);
	release(&f, 5, 1);
	release(&f, 6, 2);
	assert_int_equal(alloc(&f, 16), 0);
	end(&f);
}

/* [3, 13) is 3 | 4-7 | 8-11 | 12: blocks are aligned by address, not by the start of the space. */
static void a_space_of_any_shape_is_covered(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 3, 10);
	assert_int_equal(alloc(&f, 8), MODEL_NOTHING);
	assert_int_equal(alloc(&f, 4), 4);
	assert_int_equal(alloc(&f, 4), 8);
	assert_int_equal(alloc(&f, 1), 3);
	assert_int_equal(alloc(&f, 1), 12);
	assert_int_equal(alloc(&f, 1), MODEL_NOTHING);
	end(&f);
}

static void alignment_above_the_size_is_found_in_small_blocks(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 0, 64);
	struct iova_request wanted = {.count = 1, .align = 16, .constraints = IOVA_CONSTRAIN_ALIGN};
	assert_int_equal(place(&f, 0, 16), IOVA_OK);
	assert_int_equal(place(&f, 17, 47), IOVA_OK);
	assert_int_equal(request(&f, wanted).first, 16);
	assert_int_equal(request(&f, wanted).first, MODEL_NOTHING);
	end(&f);
}

static void limits_choose_the_part_of_a_block(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 0, 1024);
	struct iova_request wanted = {.count = 3, .low = 99, .high = 101, .constraints = IOVA_CONSTRAIN_LIMIT};
	assert_int_equal(request(&f, wanted).first, MODEL_NOTHING);
	wanted.high = 102; /* 100-102 asked for, 100-103 granted */
	assert_int_equal(request(&f, wanted).first, 100);
	end(&f);
	begin(&f, HIGH, POW2, 0, 1024);
	wanted.low = 0;
	assert_int_equal(request(&f, wanted).first, 100);
	assert_int_equal(request(&f, wanted).first, 96);
	end(&f);
	/* One page less than the space at either end. */
	begin(&f, LOW, POW2, 16, 16);
	assert_int_equal(
		request(&f, (struct iova_request){.count = 1, .low = 17, .high = 31, .constraints = IOVA_CONSTRAIN_LIMIT})
			.first,
		17);
	end(&f);
	begin(&f, HIGH, POW2, 16, 16);
	assert_int_equal(
		request(&f, (struct iova_request){.count = 1, .low = 16, .high = 30, .constraints = IOVA_CONSTRAIN_LIMIT})
			.first,
		30);
	end(&f);
}

static void a_boundary_below_the_request_cannot_be_met(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 0, 64);
	struct iova_request wanted = {.count = 3, .boundary = 2, .constraints = IOVA_CONSTRAIN_BOUNDARY};
	assert_int_equal(request(&f, wanted).first, MODEL_NOTHING);
	wanted.boundary = 4;
	assert_int_equal(request(&f, wanted).first, 0);
	end(&f);
}

static void a_hole_is_cut_out_and_can_be_freed(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, LOW, POW2, 0, 64);
	assert_int_equal(place(&f, 5, 21), IOVA_OK);
	assert_int_equal(place(&f, 25, 1), IOVA_TAKEN);
	assert_int_equal(place(&f, 0, 6), IOVA_TAKEN);
	assert_int_equal(alloc(&f, 32), 32);
	assert_int_equal(alloc(&f, 4), 0);
	assert_int_equal(alloc(&f, 4), 28);
	assert_int_equal(alloc(&f, 2), 26);
	assert_int_equal(alloc(&f, 1), 4);
	assert_int_equal(alloc(&f, 1), MODEL_NOTHING);
	release(&f, 5, 21);
	assert_int_equal(alloc(&f, 8), 8);
	end(&f);
}

static void begin_hal(struct fixture *fixture, uint64_t which, uint64_t rounding)
{
	const struct iova_space space = {0, 16, 4096};
	const uint64_t options[3] = {which, rounding, 1};
	const char *reason = NULL;
	test_host_init(&fixture->host);
	assert_int_equal(allocator_buddy.create(&space, options, &fixture->host.host, NULL, &fixture->self, &reason),
			 IOVA_OK);
}

/* Low first: [0, 1) and [1, 2), then page 0 once more although page 1 came back last. */
static void hal_is_low_first_and_rounds_as_it_is_told(void **state)
{
	(void)state;
	struct fixture f;
	begin_hal(&f, RECENT, POW2);
	assert_int_equal(alloc(&f, 1), 0);
	assert_int_equal(alloc(&f, 1), 1);
	assert_int_equal(request(&f, (struct iova_request){.count = 3}).count, 4);
	release(&f, 0, 1);
	release(&f, 1, 1);
	assert_int_equal(alloc(&f, 1), 0);
	end(&f);
	begin_hal(&f, LOW, TRIM);
	assert_int_equal(request(&f, (struct iova_request){.count = 3}).count, 3);
	assert_int_equal(alloc(&f, 1), 3);
	end(&f);
}

static void hal_places_holes_and_nothing_after_the_first_allocation(void **state)
{
	(void)state;
	struct fixture f;
	const struct iova_request impossible = {.count = 32}, one = {.count = 1};
	struct iova_steps steps = {0};
	struct iova_extent extent;
	for (int counted = 0; counted < 2; counted++) {
		begin_hal(&f, RECENT, counted ? TRIM : POW2);
		assert_int_equal(place(&f, 0, 2), IOVA_OK);
		request(&f, impossible); /* a failure is no allocation */
		assert_int_equal(place(&f, 8, 1), IOVA_OK);
		if (counted)
			assert_int_equal(allocator_buddy.alloc_counted(f.self, &one, 0, &extent, &steps), IOVA_OK);
		else
			assert_int_equal(alloc(&f, 1), 9);
		assert_int_equal(place(&f, 15, 1), IOVA_UNSUPPORTED);
		release(&f, 9, 1);
		assert_int_equal(place(&f, 15, 1), IOVA_UNSUPPORTED); /* for ever */
		assert_int_equal(place(&f, 16, 1), IOVA_UNSUPPORTED);
		end(&f);
	}
}

static void hal_and_high_first_contradict_each_other(void **state)
{
	(void)state;
	struct test_host host;
	const struct iova_space space = {0, 16, 4096};
	const uint64_t options[3] = {HIGH, POW2, 1};
	const char *reason = NULL;
	void *self = NULL;
	test_host_init(&host);
	assert_int_equal(allocator_buddy.create(&space, options, &host.host, NULL, &self, &reason), IOVA_UNSUPPORTED);
	assert_string_equal(reason, "preset=hal takes low addresses first, first=high the high ones");
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static void a_space_of_too_many_pages_is_refused(void **state)
{
	(void)state;
	/* The second one has blocks of up to 2^45 pages: it is counted from page 0. */
	static const struct iova_space spaces[] = {{0, (UINT64_C(1) << 45) + 1, 4096},
						   {(UINT64_C(1) << 44) - 1, (UINT64_C(1) << 44) + 2, 4096},
						   {0, UINT64_C(1) << 52, 4096}};
	const uint64_t options[3] = {RECENT, POW2, 0};
	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
		struct test_host host;
		const char *reason = NULL;
		void *self = NULL;
		test_host_init(&host);
		assert_int_equal(allocator_buddy.create(&spaces[i], options, &host.host, NULL, &self, &reason),
				 IOVA_UNSUPPORTED);
		assert_string_equal(reason,
				    "its tree is for 2^45 pages at most, counted from a multiple of the largest block");
		assert_int_equal(test_host_blocks_held(&host), 0);
	}
}

static void creation_fails_cleanly_without_memory(void **state)
{
	(void)state;
	struct test_host host;
	struct iova_space space = {1, 1 << 20, 4096};
	uint64_t options[3] = {0}, passes = 0;
	const char *reason;
	for (;; passes++) {
		void *self = NULL;
		test_host_init(&host);
		host.passes = passes;
		enum iova_status status = allocator_buddy.create(&space, options, &host.host, NULL, &self, &reason);
		if (status == IOVA_OK) {
			allocator_buddy.destroy(self);
			break;
		}
		assert_int_equal(status, IOVA_NO_MEMORY);
		assert_int_equal(test_host_blocks_held(&host), 0);
	}
	assert_true(passes > 1);
}

static void memory_follows_the_regions_that_are_touched(void **state)
{
	(void)state;
	for (uint64_t which = RECENT; which <= HIGH; which++)
		assert_regions_cost_4_bits_a_page(&allocator_buddy, (const uint64_t[3]){which, POW2, 0});
}

static void a_space_of_256_tib_costs_little(void **state)
{
	(void)state;
	for (uint64_t which = RECENT; which <= HIGH; which++) {
		struct fixture f;
		begin(&f, which, POW2, 1, UINT64_C(1) << 36);
		assert_true(test_host_touched_bytes(&f.host) < 1 << 20);
		assert_int_equal(alloc(&f, UINT64_C(1) << 35), UINT64_C(1) << 35);
		assert_int_equal(alloc(&f, UINT64_C(1) << 36), MODEL_NOTHING);
		assert_int_equal(alloc(&f, UINT64_C(1) << 63), MODEL_NOTHING);
		assert_int_equal(alloc(&f, (UINT64_C(1) << 63) + 1), MODEL_NOTHING);
		release(&f, UINT64_C(1) << 35, UINT64_C(1) << 35);
		struct iova_request high = {.count = 512,
					    .low = UINT64_C(1) << 34,
					    .high = (UINT64_C(1) << 34) + 1023,
					    .constraints = IOVA_CONSTRAIN_LIMIT};
		assert_int_equal(request(&f, high).first, (UINT64_C(1) << 34) + (which == HIGH ? 512 : 0));
		assert_true(test_host_touched_bytes(&f.host) < 1 << 20);
		allocator_buddy.destroy(f.self);
	}
}

static uint64_t granted(const struct model_plan *plan, uint64_t count)
{
	return plan->options[1] == TRIM ? count : bits_power_of_two_ceil(count);
}

/* The order of the free block that contains a page: the largest aligned range around it that is free. */
static unsigned order_around(const struct model *model, uint64_t page)
{
	unsigned order = 0;
	while (model_is_free(model, page >> (order + 1) << (order + 1), UINT64_C(2) << order))
		order++;
	return order;
}

/* The first suitable block-shaped start from the smallest order that has one, lowest or highest. */
static uint64_t suitable_block(const struct model_plan *plan, const struct model *model, const struct iova_request *wanted)
{
	uint64_t need = bits_power_of_two_ceil(wanted->count), best = MODEL_NOTHING;
	unsigned best_order = 64;
	for (uint64_t page = bits_align_up(plan->first, need); page + need <= plan->first + plan->count; page += need) {
		if (!model_is_free(model, page, need) || !model_satisfies(wanted, page))
			continue;
		unsigned order = order_around(model, page);
		if (order < best_order || (order == best_order && plan->options[0] == HIGH)) {
			best = page;
			best_order = order;
		}
	}
	return best;
}

static void walk(uint64_t which, uint64_t rounding)
{
	static const struct model_plan plans[] = {
		{.first = 0, .count = 512, .largest = 40, .steps = 6000},
		{.first = 1, .count = 1023, .largest = 200, .steps = 6000},
		{.first = 77, .count = 3900, .largest = 130, .steps = 4000},
		{.first = (UINT64_C(1) << 40) - 333, .count = 777, .largest = 8, .steps = 6000},
		{.first = 63, .count = 1, .largest = 2, .steps = 500},
		{.first = 128, .count = 64, .largest = 64, .steps = 4000},
	};
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct model_plan plan = plans[i];
		plan.table = &allocator_buddy;
		plan.options[0] = which;
		plan.options[1] = rounding;
		plan.seed = 100 * which + 10 * rounding + i;
		plan.exact = which != RECENT;
		plan.granted = granted;
		plan.expected = suitable_block;
		model_walk(&plan);
	}
}

static void recent_finds_a_block_when_there_is_one(void **state)
{
	(void)state;
	walk(RECENT, POW2);
	walk(RECENT, TRIM);
}

static void low_is_the_lowest_block_of_the_smallest_order(void **state)
{
	(void)state;
	walk(LOW, POW2);
	walk(LOW, TRIM);
}

static void high_is_the_highest_block_of_the_smallest_order(void **state)
{
	(void)state;
	walk(HIGH, POW2);
	walk(HIGH, TRIM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_split_from_the_smallest_sufficient_order),
		cmocka_unit_test(high_takes_the_upper_half),
		cmocka_unit_test(recent_takes_what_was_freed_last),
		cmocka_unit_test(a_block_that_was_freed_long_ago_is_found),
		cmocka_unit_test(a_limit_finds_what_was_freed_last),
		cmocka_unit_test(buddies_coalesce_at_once),
		cmocka_unit_test(neighbours_that_are_not_buddies_stay_apart),
		cmocka_unit_test(pow2_grants_the_whole_block),
		cmocka_unit_test(trim_gives_the_tail_back),
		cmocka_unit_test(a_space_of_any_shape_is_covered),
		cmocka_unit_test(alignment_above_the_size_is_found_in_small_blocks),
		cmocka_unit_test(limits_choose_the_part_of_a_block),
		cmocka_unit_test(a_boundary_below_the_request_cannot_be_met),
		cmocka_unit_test(a_hole_is_cut_out_and_can_be_freed),
		cmocka_unit_test(hal_is_low_first_and_rounds_as_it_is_told),
		cmocka_unit_test(hal_places_holes_and_nothing_after_the_first_allocation),
		cmocka_unit_test(hal_and_high_first_contradict_each_other),
		cmocka_unit_test(a_space_of_too_many_pages_is_refused),
		cmocka_unit_test(creation_fails_cleanly_without_memory),
		cmocka_unit_test(memory_follows_the_regions_that_are_touched),
		cmocka_unit_test(a_space_of_256_tib_costs_little),
		cmocka_unit_test(recent_finds_a_block_when_there_is_one),
		cmocka_unit_test(low_is_the_lowest_block_of_the_smallest_order),
		cmocka_unit_test(high_is_the_highest_block_of_the_smallest_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
