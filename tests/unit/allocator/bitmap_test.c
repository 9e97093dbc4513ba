/* SPDX-License-Identifier: MIT
 * bitmap: placements worked out by hand, then a random walk against an array for every fit. */
#include "allocator/builtin.h"
#include "support/array_model.h"
#include "support/lone_regions.h"

enum { ANY, FIRST, NEXT };

struct fixture {
	struct test_host host;
	void *self;
};

static void begin(struct fixture *fixture, uint64_t fit, uint64_t first, uint64_t count)
{
	struct iova_space space = {first, count, 4096};
	const char *reason = NULL;
	test_host_init(&fixture->host);
	assert_int_equal(allocator_bitmap.create(&space, &fit, &fixture->host.host, NULL, &fixture->self, &reason),
			 IOVA_OK);
}

static void end(struct fixture *fixture)
{
	assert_null(allocator_bitmap.broken_invariant(fixture->self));
	allocator_bitmap.destroy(fixture->self);
	assert_int_equal(test_host_blocks_held(&fixture->host), 0);
}

static uint64_t request(struct fixture *fixture, struct iova_request request)
{
	struct iova_extent extent;
	enum iova_status status = allocator_bitmap.alloc(fixture->self, &request, 0, &extent);
	if (status == IOVA_NO_SPACE)
		return MODEL_NOTHING;
	assert_int_equal(status, IOVA_OK);
	assert_int_equal(extent.count, request.count);
	return extent.first;
}

static uint64_t alloc(struct fixture *fixture, uint64_t count)
{
	return request(fixture, (struct iova_request){.count = count});
}

static void release(struct fixture *fixture, uint64_t first, uint64_t count)
{
	struct iova_extent extent = {first, count, 0};
	allocator_bitmap.free(fixture->self, &extent, 0);
}

static enum iova_status place(struct fixture *fixture, uint64_t first, uint64_t count)
{
	struct iova_extent extent;
	return allocator_bitmap.place(fixture->self, first, count, 0, &extent);
}

static void first_fit_takes_the_lowest_run_that_is_long_enough(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, FIRST, 1, 1000);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(alloc(&f, 10), 1 + 10 * i);
	release(&f, 11, 10);
	release(&f, 41, 10);
	release(&f, 51, 10);
	assert_int_equal(alloc(&f, 11), 41);
	assert_int_equal(alloc(&f, 10), 11);
	assert_int_equal(alloc(&f, 9), 52);
	end(&f);
}

static void a_run_across_words_is_found(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, FIRST, 0, 256);
	assert_int_equal(place(&f, 0, 60), IOVA_OK);
	assert_int_equal(place(&f, 70, 186), IOVA_OK);
	assert_int_equal(alloc(&f, 11), MODEL_NOTHING);
	assert_int_equal(alloc(&f, 10), 60);
	end(&f);
}

static void a_run_across_whole_words_is_found(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, FIRST, 0, 1024);
	assert_int_equal(place(&f, 0, 63), IOVA_OK);
	assert_int_equal(place(&f, 63 + 200, 1024 - 263), IOVA_OK);
	assert_int_equal(alloc(&f, 201), MODEL_NOTHING);
	assert_int_equal(alloc(&f, 200), 63);
	release(&f, 63, 200);
	assert_int_equal(alloc(&f, 3), 63);
	assert_int_equal(alloc(&f, 197), 66);
	end(&f);
}

/* 300 and 310 share a code: the first one must be refused by its length. */
static void lengths_that_share_a_code_are_told_apart(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, FIRST, 0, 2048);
	assert_int_equal(place(&f, 300, 100), IOVA_OK);
	assert_int_equal(place(&f, 710, 2048 - 710), IOVA_OK);
	assert_int_equal(alloc(&f, 310), 400);
	assert_int_equal(alloc(&f, 300), 0);
	end(&f);
}

static void next_fit_goes_on_and_wraps(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, NEXT, 1, 99);
	assert_int_equal(alloc(&f, 40), 1);
	assert_int_equal(alloc(&f, 40), 41);
	release(&f, 1, 40);
	assert_int_equal(alloc(&f, 10), 81);
	assert_int_equal(alloc(&f, 10), 1);
	assert_int_equal(alloc(&f, 9), 11);
	/* Behind the last allocation, also when that is free again. */
	release(&f, 11, 9);
	assert_int_equal(alloc(&f, 9), 20);
	/* With constraints, too: behind it, then from the lowest page on. */
	release(&f, 1, 10);
	const struct iova_request even = {.count = 2, .align = 2, .constraints = IOVA_CONSTRAIN_ALIGN};
	assert_int_equal(request(&f, even), 30);
	const struct iova_request low = {
		.count = 2, .align = 2, .low = 1, .high = 29, .constraints = IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT};
	assert_int_equal(request(&f, low), 2);
	end(&f);
}

static void alignment_is_of_the_address(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, FIRST, 100, 1000);
	assert_int_equal(request(&f, (struct iova_request){.count = 3, .align = 256, .constraints = IOVA_CONSTRAIN_ALIGN}),
			 256);
	assert_int_equal(request(&f, (struct iova_request){.count = 3, .align = 128, .constraints = IOVA_CONSTRAIN_ALIGN}),
			 128);
	assert_int_equal(request(&f, (struct iova_request){.count = 1, .align = 2048, .constraints = IOVA_CONSTRAIN_ALIGN}),
			 MODEL_NOTHING);
	end(&f);
}

static void limits_are_inclusive(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, FIRST, 0, 1000);
	struct iova_request wanted = {.count = 10, .low = 50, .high = 58, .constraints = IOVA_CONSTRAIN_LIMIT};
	assert_int_equal(request(&f, wanted), MODEL_NOTHING);
	wanted.high = 59;
	assert_int_equal(request(&f, wanted), 50);
	end(&f);
}

static void a_boundary_is_not_crossed(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, FIRST, 0, 1000);
	assert_int_equal(alloc(&f, 100), 0);
	struct iova_request wanted = {.count = 30, .boundary = 64, .constraints = IOVA_CONSTRAIN_BOUNDARY};
	assert_int_equal(request(&f, wanted), 128);
	wanted.count = 28;
	assert_int_equal(request(&f, wanted), 100);
	wanted.count = 65;
	assert_int_equal(request(&f, wanted), MODEL_NOTHING);
	end(&f);
}

static void a_hole_is_taken_once_and_can_be_freed(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, ANY, 5, 500);
	assert_int_equal(place(&f, 100, 70), IOVA_OK);
	assert_int_equal(place(&f, 169, 1), IOVA_TAKEN);
	assert_int_equal(place(&f, 90, 11), IOVA_TAKEN);
	assert_int_equal(alloc(&f, 400), MODEL_NOTHING);
	release(&f, 100, 70);
	assert_int_equal(alloc(&f, 500), 5);
	assert_int_equal(alloc(&f, 1), MODEL_NOTHING);
	end(&f);
}

static void a_space_of_too_many_pages_is_refused(void **state)
{
	(void)state;
	static const uint64_t counts[] = {(UINT64_C(1) << 46) + 1, UINT64_C(1) << 52};
	const uint64_t option = ANY;
	for (size_t i = 0; i < 2; i++) {
		const struct iova_space space = {0, counts[i], 4096};
		struct test_host host;
		const char *reason = NULL;
		void *self = NULL;
		test_host_init(&host);
		assert_int_equal(allocator_bitmap.create(&space, &option, &host.host, NULL, &self, &reason),
				 IOVA_UNSUPPORTED);
		assert_string_equal(reason, "its bits are for 2^46 pages at most");
		assert_int_equal(test_host_blocks_held(&host), 0);
	}
}

static void creation_fails_cleanly_without_memory(void **state)
{
	(void)state;
	struct test_host host;
	struct iova_space space = {1, 1000, 4096};
	uint64_t options = 0, passes = 0;
	const char *reason;
	for (;; passes++) {
		void *self = NULL;
		test_host_init(&host);
		host.passes = passes;
		enum iova_status status = allocator_bitmap.create(&space, &options, &host.host, NULL, &self, &reason);
		if (status == IOVA_OK) {
			allocator_bitmap.destroy(self);
			break;
		}
		assert_int_equal(status, IOVA_NO_MEMORY);
		assert_int_equal(test_host_blocks_held(&host), 0);
	}
	assert_int_equal(passes, 4);
}

static void memory_follows_the_regions_that_are_touched(void **state)
{
	(void)state;
	for (uint64_t fit = ANY; fit <= NEXT; fit++)
		assert_regions_cost_4_bits_a_page(&allocator_bitmap, &fit);
}

static void a_space_of_256_tib_costs_little(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, FIRST, 1, UINT64_C(1) << 36);
	assert_true(test_host_touched_bytes(&f.host) < 1 << 20);
	assert_int_equal(alloc(&f, 1), 1);
	assert_int_equal(alloc(&f, UINT64_C(1) << 20), 2);
	struct iova_request high = {.count = 512,
				    .align = 512,
				    .low = UINT64_C(1) << 35,
				    .high = UINT64_C(1) << 36,
				    .constraints = IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_ALIGN};
	assert_int_equal(request(&f, high), UINT64_C(1) << 35);
	assert_int_equal(alloc(&f, UINT64_C(1) << 36), MODEL_NOTHING);
	assert_true(test_host_touched_bytes(&f.host) < 1 << 20);
	allocator_bitmap.destroy(f.self);
}

static uint64_t same(const struct model_plan *plan, uint64_t count)
{
	(void)plan;
	return count;
}

static uint64_t lowest_run(const struct model_plan *plan, const struct model *model, const struct iova_request *wanted)
{
	for (uint64_t page = plan->first; page + wanted->count <= plan->first + plan->count; page++)
		if (model_satisfies(wanted, page) && model_is_free(model, page, wanted->count))
			return page;
	return MODEL_NOTHING;
}

static void walk(uint64_t fit)
{
	static const struct model_plan plans[] = {
		{.first = 0, .count = 512, .largest = 40, .steps = 8000},
		{.first = 1, .count = 1023, .largest = 200, .steps = 8000},
		{.first = 77, .count = 3900, .largest = 130, .steps = 5000},
		{.first = (UINT64_C(1) << 40) - 333, .count = 777, .largest = 8, .steps = 8000},
		{.first = 63, .count = 1, .largest = 2, .steps = 500},
		{.first = 128, .count = 64, .largest = 64, .steps = 4000},
	};
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct model_plan plan = plans[i];
		plan.table = &allocator_bitmap;
		plan.options[0] = fit;
		plan.seed = 100 * fit + i;
		plan.exact = fit == FIRST;
		plan.granted = same;
		plan.expected = lowest_run;
		model_walk(&plan);
	}
}

static void any_fit_finds_a_run_when_there_is_one(void **state)
{
	(void)state;
	walk(ANY);
}

static void first_fit_is_the_lowest_run_of_the_array(void **state)
{
	(void)state;
	walk(FIRST);
}

static void next_fit_finds_a_run_when_there_is_one(void **state)
{
	(void)state;
	walk(NEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_fit_takes_the_lowest_run_that_is_long_enough),
		cmocka_unit_test(a_run_across_words_is_found),
		cmocka_unit_test(a_run_across_whole_words_is_found),
		cmocka_unit_test(lengths_that_share_a_code_are_told_apart),
		cmocka_unit_test(next_fit_goes_on_and_wraps),
		cmocka_unit_test(alignment_is_of_the_address),
		cmocka_unit_test(limits_are_inclusive),
		cmocka_unit_test(a_boundary_is_not_crossed),
		cmocka_unit_test(a_hole_is_taken_once_and_can_be_freed),
		cmocka_unit_test(a_space_of_too_many_pages_is_refused),
		cmocka_unit_test(creation_fails_cleanly_without_memory),
		cmocka_unit_test(memory_follows_the_regions_that_are_touched),
		cmocka_unit_test(a_space_of_256_tib_costs_little),
		cmocka_unit_test(any_fit_finds_a_run_when_there_is_one),
		cmocka_unit_test(first_fit_is_the_lowest_run_of_the_array),
		cmocka_unit_test(next_fit_finds_a_run_when_there_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
