/* SPDX-License-Identifier: MIT
 * When freed pages become usable behind a flush queue. */
#include "support/layer_fixture.h"

#define MS UINT64_C(1000000)

static bool can_take(uint64_t count)
{
	struct iova_extent extent;
	return try_get(&(struct iova_request){.count = count}, 0, &extent) == IOVA_OK;
}

static void freed_pages_are_deferred_and_not_usable(void **state)
{
	(void)state;
	begin("lazy+segregated", 0, 100, 2);
	give(take(100, 0), 0);
	assert_int_equal(pages().usable_pages, 0);
	assert_int_equal(pages().deferred_pages, 100);
	assert_false(can_take(1));
	end();
}

static void a_free_into_a_full_queue_flushes_it_and_waits_itself(void **state)
{
	(void)state;
	struct iova_extent extents[4];
	begin("lazy:entries=3+segregated", 0, 100, 2);
	for (size_t i = 0; i < 4; i++)
		extents[i] = take(1 + i, 0);
	for (size_t i = 0; i < 3; i++)
		give(extents[i], 0);
	assert_int_equal(pages().deferred_pages, 1 + 2 + 3);
	give(extents[3], 0);
	assert_int_equal(steps.backend_trips, 3);
	assert_int_equal(pages().deferred_pages, 4);
	assert_int_equal(pages().usable_pages, 96);
	end();
}

/* segregated gives what was freed last: the order of a flush shows. */
static void a_flush_frees_in_the_order_of_the_queue(void **state)
{
	(void)state;
	struct iova_extent extents[6];
	begin("lazy+segregated", 0, 6, 2);
	for (size_t i = 0; i < 6; i++)
		extents[i] = take(1, 0);
	give(extents[4], 0);
	give(extents[0], 0);
	give(extents[2], 0);
	instance.table->drain(instance.self);
	assert_int_equal(take(1, 0).first, 2);
	assert_int_equal(take(1, 0).first, 0);
	assert_int_equal(take(1, 0).first, 4);
	end();
}

static void the_queue_of_another_cpu_is_its_own(void **state)
{
	(void)state;
	begin("lazy:entries=1+segregated", 0, 100, 2);
	struct iova_extent a = take(10, 0), b = take(20, 0), c = take(30, 0);
	give(a, 0);
	give(b, 1);
	assert_int_equal(pages().deferred_pages, 30);
	give(c, 1);
	assert_int_equal(pages().deferred_pages, 40);
	end();
}

static void a_single_queue_is_shared(void **state)
{
	(void)state;
	begin("lazy:entries=1,queue=single+segregated", 0, 100, 2);
	struct iova_extent a = take(10, 0), b = take(20, 0);
	give(a, 0);
	give(b, 1);
	assert_int_equal(pages().deferred_pages, 20);
	end();
}

static void a_poll_flushes_every_queue_10_ms_after_the_first_entry(void **state)
{
	(void)state;
	begin("lazy+segregated", 0, 100, 2);
	struct iova_extent a = take(10, 0), b = take(20, 0);
	instance.table->poll(instance.self, 1000 * MS);
	give(a, 0);
	instance.table->poll(instance.self, 1009 * MS);
	give(b, 1);
	assert_int_equal(pages().deferred_pages, 30);
	instance.table->poll(instance.self, 1010 * MS);
	assert_int_equal(pages().deferred_pages, 0);
	assert_int_equal(pages().usable_pages, 100);
	end();
}

static void the_period_is_that_of_the_option(void **state)
{
	(void)state;
	begin("lazy:period=1ms+segregated", 0, 100, 2);
	struct iova_extent extent = take(10, 0);
	instance.table->poll(instance.self, 5 * MS);
	give(extent, 0);
	instance.table->poll(instance.self, 6 * MS - 1);
	assert_int_equal(pages().deferred_pages, 10);
	instance.table->poll(instance.self, 6 * MS);
	assert_int_equal(pages().deferred_pages, 0);
	end();
}

static void the_period_begins_anew_after_a_flush(void **state)
{
	(void)state;
	begin("lazy+segregated", 0, 100, 2);
	struct iova_extent a = take(10, 0), b = take(20, 0);
	instance.table->poll(instance.self, 0);
	give(a, 0);
	instance.table->poll(instance.self, 10 * MS);
	give(b, 0);
	instance.table->poll(instance.self, 19 * MS);
	assert_int_equal(pages().deferred_pages, 20);
	instance.table->poll(instance.self, 20 * MS);
	assert_int_equal(pages().deferred_pages, 0);
	end();
}

static void a_single_queue_waits_for_a_second(void **state)
{
	(void)state;
	begin("lazy:queue=single+segregated", 0, 100, 2);
	struct iova_extent a = take(10, 0);
	instance.table->poll(instance.self, 0);
	give(a, 1);
	instance.table->poll(instance.self, 999 * MS);
	assert_int_equal(pages().deferred_pages, 10);
	instance.table->poll(instance.self, 1000 * MS);
	assert_int_equal(pages().deferred_pages, 0);
	end();
}

static void a_clock_that_begins_late_is_no_reason_to_flush(void **state)
{
	(void)state;
	begin("lazy+segregated", 0, 100, 2);
	give(take(10, 0), 0);
	instance.table->poll(instance.self, 5000 * MS);
	assert_int_equal(pages().deferred_pages, 10);
	instance.table->poll(instance.self, 5010 * MS);
	assert_int_equal(pages().deferred_pages, 0);
	end();
}

static void drain_flushes_and_drains_below(void **state)
{
	(void)state;
	begin("lazy+magazine+segregated", 0, 100, 2);
	give(take(10, 0), 0);
	instance.table->drain(instance.self);
	assert_int_equal(pages().usable_pages, 100);
	end();
}

static void a_poll_goes_on_to_the_layer_below(void **state)
{
	(void)state;
	struct iova_extent extents[32];
	begin("lazy+magazine:rounds=4+segregated", 0, 100, 1);
	instance.table->poll(instance.self, 0);
	for (size_t i = 0; i < 32; i++)
		extents[i] = take(1, 0);
	for (size_t i = 0; i < 32; i++)
		give(extents[i], 0);
	/* Eight magazines, six of them in the depot, which gives one back every 100 ms. */
	instance.table->poll(instance.self, 10 * MS);
	assert_int_equal(pages().deferred_pages, 0);
	assert_int_equal(pages().cached_pages, 32);
	instance.table->poll(instance.self, 100 * MS);
	assert_int_equal(pages().cached_pages, 28);
	end();
}

static void a_range_that_waits_can_be_placed(void **state)
{
	(void)state;
	struct iova_extent extent;
	begin("lazy+segregated", 0, 100, 2);
	give(take(100, 0), 0);
	assert_int_equal(instance.table->place(instance.self, 40, 10, 0, &extent), IOVA_OK);
	assert_int_equal(pages().deferred_pages, 0);
	assert_int_equal(pages().usable_pages, 90);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_pages_are_deferred_and_not_usable),
		cmocka_unit_test(a_free_into_a_full_queue_flushes_it_and_waits_itself),
		cmocka_unit_test(a_flush_frees_in_the_order_of_the_queue),
		cmocka_unit_test(the_queue_of_another_cpu_is_its_own),
		cmocka_unit_test(a_single_queue_is_shared),
		cmocka_unit_test(a_poll_flushes_every_queue_10_ms_after_the_first_entry),
		cmocka_unit_test(the_period_is_that_of_the_option),
		cmocka_unit_test(the_period_begins_anew_after_a_flush),
		cmocka_unit_test(a_single_queue_waits_for_a_second),
		cmocka_unit_test(a_clock_that_begins_late_is_no_reason_to_flush),
		cmocka_unit_test(drain_flushes_and_drains_below),
		cmocka_unit_test(a_poll_goes_on_to_the_layer_below),
		cmocka_unit_test(a_range_that_waits_can_be_placed),
	};
	return cmocka_run_group_tests_name("lazy", tests, NULL, NULL);
}
