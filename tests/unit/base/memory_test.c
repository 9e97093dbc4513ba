/* SPDX-License-Identifier: MIT
 * Memory of the program, and the clock of measurements. */
#include "base/memory.h"

#include "base/bits.h"
#include "base/clock.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed(void **state)
{
	(void)state;
	char *memory = memory_zeroed(1000, 10);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(memory[i], 0);
	memory_release(memory);
}

/* Memory that was written to and released comes again, when a block behind it keeps it from going back to the system. */
static void memory_in_huge_pages_is_zeroed(void **state)
{
	(void)state;
	const size_t counts[] = {0, 1, MEMORY_HUGE_LEAST / 8 - 1, MEMORY_HUGE_LEAST / 8, 3 << 18};
	enum { WRITTEN = 32 << 20 };
	mallopt(M_MMAP_MAX, 0);
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		void *written = memory_zeroed(1, WRITTEN), *behind = memory_zeroed(1, 100000);
		memset(written, 0xff, WRITTEN);
		memory_release(written);
		uint64_t *memory = memory_zeroed_huge(counts[i], sizeof memory[0]);
		assert_non_null(memory);
		if (counts[i] * sizeof memory[0] >= MEMORY_HUGE_LEAST)
			assert_int_equal((uintptr_t)memory % (2u << 20), 0);
		for (size_t at = 0; at < counts[i]; at++)
			assert_int_equal(memory[at], 0);
		memory_release(memory);
		memory_release(behind);
	}
	mallopt(M_MMAP_MAX, 65536);
	volatile size_t huge = SIZE_MAX / 2;
	assert_null(memory_zeroed_huge(huge, 3));
	assert_null(memory_zeroed_huge(huge, 2)); /* no room to round up */
	memory_fail_after(0);
	assert_null(memory_zeroed_huge(1, 1));
	memory_fail_after(UINT64_MAX);
}

/* 64 GiB of addresses, of which both ends come to memory. */
static void addresses_come_to_memory_by_parts(void **state)
{
	(void)state;
	const size_t all = (size_t)64 << 30, part = (size_t)64 << 10;
	char *addresses = memory_addresses(all);
	assert_non_null(addresses);
	assert_int_equal((uintptr_t)addresses % (2u << 20), 0);
	memory_fail_after(0);
	assert_int_equal(memory_back(addresses, part), -1);
	memory_fail_after(UINT64_MAX);
	assert_int_equal(memory_back(addresses, part), 0);
	assert_int_equal(memory_back(addresses + all - part, part), 0);
	for (size_t i = 0; i < part; i++) {
		assert_int_equal(addresses[i] | addresses[all - 1 - i], 0);
		addresses[i] = addresses[all - 1 - i] = 1;
	}
	memory_give_addresses(addresses, all);
	memory_give_addresses(NULL, all);
	volatile size_t huge = SIZE_MAX;
	assert_null(memory_addresses(huge));
	assert_null(memory_addresses(huge / 2));
	memory_fail_after(0);
	assert_null(memory_addresses(part));
	memory_fail_after(UINT64_MAX);
}

static void products_that_overflow_are_refused(void **state)
{
	(void)state;
	volatile size_t huge = SIZE_MAX / 2;
	assert_null(memory_zeroed(huge, 3));
	assert_null(memory_resize(NULL, huge, 3));
}

static void nothing_is_a_block_too(void **state)
{
	(void)state;
	void *one = memory_zeroed(0, 8), *other = memory_resize(NULL, 0, 8);
	assert_non_null(one);
	assert_non_null(other);
	memory_release(one);
	memory_release(other);
	memory_release(NULL);
}

static void texts_are_copied(void **state)
{
	(void)state;
	char text[] = "text", *copy = memory_text(text);
	text[0] = 'n';
	assert_string_equal(copy, "text");
	memory_release(copy);
	assert_null(memory_text(NULL));
}

static void arrays_grow_and_keep_what_they_hold(void **state)
{
	(void)state;
	int *array = NULL;
	size_t capacity = 0;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(memory_grow(&array, &capacity, (size_t)i, sizeof *array), 0);
		assert_true(capacity > (size_t)i);
		array[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(array[i], i);
	memory_fail_after(0);
	int *before = array;
	size_t capacity_before = capacity;
	assert_int_equal(memory_grow(&array, &capacity, capacity, sizeof *array), -1);
	assert_ptr_equal(array, before);
	assert_int_equal(capacity, capacity_before);
	memory_release(array);
}

static void the_request_that_shall_fail_fails_once(void **state)
{
	(void)state;
	memory_fail_after(2);
	for (int i = 0; i < 5; i++) {
		void *memory = memory_zeroed(1, 1);
		assert_true((memory == NULL) == (i == 2));
		memory_release(memory);
	}
	uint64_t before = memory_requests();
	memory_release(memory_zeroed(1, 1));
	assert_int_equal(memory_requests() - before, 1);
}

static void powers_of_two_are_known(void **state)
{
	(void)state;
	static const struct {
		uint64_t value;
		unsigned floor, ceil;
	} cases[] = {{1, 0, 0},
		     {2, 1, 1},
		     {3, 1, 2},
		     {4, 2, 2},
		     {5, 2, 3},
		     {UINT64_C(1) << 62, 62, 62},
		     {(UINT64_C(1) << 62) + 1, 62, 63}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(bits_log2_floor(cases[i].value), cases[i].floor);
		assert_int_equal(bits_log2_ceil(cases[i].value), cases[i].ceil);
		assert_true(bits_power_of_two_ceil(cases[i].value) == UINT64_C(1) << cases[i].ceil);
		assert_int_equal(bits_is_power_of_two(cases[i].value), cases[i].floor == cases[i].ceil);
	}
	assert_false(bits_is_power_of_two(0));
	assert_int_equal(bits_align_up(4097, 4096), 8192);
	assert_int_equal(bits_align_up(4096, 4096), 4096);
	assert_int_equal(bits_align_down(4095, 4096), 0);
}

/* Against the system's clock, over 20 ms: what the machine does in between is on both. */
static void ticks_are_nanoseconds_once_scaled(void **state)
{
	(void)state;
	struct clock clock;
	clock_calibrate(&clock, 50);
	assert_true(clock.ns_per_tick > 0 && clock.step_ns > 0 && clock.pair_ns >= clock.step_ns);
	double best = INFINITY;
	for (int i = 0; i < 5; i++) {
		uint32_t cpu;
		uint64_t ns = clock_system_ns(), start = clock_start(&clock);
		while (clock_system_ns() - ns < 20000000)
			;
		uint64_t stop = clock_stop(&clock, &cpu);
		double system = (double)(clock_system_ns() - ns);
		best = fmin(best, fabs((double)(stop - start) * clock.ns_per_tick / system - 1));
	}
	assert_true(best < 0.001);
}

static void a_wrong_rate_is_noticed(void **state)
{
	(void)state;
	struct clock clock;
	clock_calibrate(&clock, 20);
	if (!clock.counter)
		skip();
	clock.ns_per_tick *= 1.01;
	double drift = clock_compare(&clock, 50);
	assert_true(drift > 5000 && drift < 15000);
	assert_true(drift == clock.drift_ppm);
	/* The run itself is what a rate is held against: no second sleep. */
	uint64_t begin_ns = clock_system_ns();
	clock_compare(&clock, 50);
	assert_true(clock_system_ns() - begin_ns < 40000000);
	clock.ns_per_tick /= 1.01;
	clock_begin(&clock);
	assert_true(clock_compare(&clock, 20) < 500);
}

static void the_systems_clock_has_no_drift_against_itself(void **state)
{
	(void)state;
	struct clock clock = {.counter = false, .ns_per_tick = 1, .drift_ppm = 7};
	assert_true(clock_compare(&clock, 1) == 0);
	uint32_t cpu = UINT32_MAX;
	uint64_t start = clock_start(&clock);
	assert_true(clock_stop(&clock, &cpu) >= start);
	assert_true(cpu < 65536);
}

static uint64_t steps_of_seven(void)
{
	static uint64_t ns;
	return ns += 7;
}

static void a_pretended_clock_is_measured_as_it_is(void **state)
{
	(void)state;
	struct clock clock;
	setenv("IOVABENCH_CLOCK", "system", 1);
	clock_pretend(steps_of_seven);
	clock_calibrate(&clock, 1);
	clock_pretend(NULL);
	unsetenv("IOVABENCH_CLOCK");
	assert_false(clock.counter);
	assert_true(clock.step_ns == 7 && clock.pair_ns == 7);
}

/* Of four pairs one takes 20, two 30 and one 50, with 40 between them: no two readings are 10 apart, but strides of 10 make
 * all. */
static uint64_t uneven_steps(void)
{
	static const uint64_t steps[] = {40, 20, 40, 30, 40, 50, 40, 30};
	static uint64_t ns;
	static size_t reading = 7; /* the first one is no pair */
	return ns += steps[reading++ % 8];
}

static void the_step_divides_every_difference_and_the_pair_is_their_median(void **state)
{
	(void)state;
	struct clock clock;
	setenv("IOVABENCH_CLOCK", "system", 1);
	clock_pretend(uneven_steps);
	clock_calibrate(&clock, 1);
	clock_pretend(NULL);
	unsetenv("IOVABENCH_CLOCK");
	assert_true(clock.step_ns == 10 && clock.pair_ns == 30);
}

/* 64 additions to a turn, each a cycle: a core between 100 MHz and 10 GHz. */
static void the_core_has_a_frequency(void **state)
{
	(void)state;
	struct clock clock;
	clock_calibrate(&clock, 10);
	double ghz = clock_core_ghz(&clock);
	assert_true(ghz > 0.1 && ghz < 10);
}

static uint64_t steps_of_a_thousand(void)
{
	static uint64_t ns;
	return ns += 1000;
}

static uint32_t elsewhere(void)
{
	static uint32_t cpu;
	return cpu++;
}

/* 64,000 additions in the 800 ns that are left of 1000; on two CPUs nothing can be told. */
static void the_frequency_is_additions_by_time_without_the_stamps(void **state)
{
	(void)state;
	const struct clock clock = {.ns_per_tick = 1, .pair_ns = 200};
	clock_pretend(steps_of_a_thousand);
	assert_true(clock_core_ghz(&clock) == 80);
	clock_pretend_cpu(elsewhere);
	assert_true(isnan(clock_core_ghz(&clock)));
	clock_pretend(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed),
		cmocka_unit_test(memory_in_huge_pages_is_zeroed),
		cmocka_unit_test(addresses_come_to_memory_by_parts),
		cmocka_unit_test(products_that_overflow_are_refused),
		cmocka_unit_test(nothing_is_a_block_too),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(arrays_grow_and_keep_what_they_hold),
		cmocka_unit_test(the_request_that_shall_fail_fails_once),
		cmocka_unit_test(powers_of_two_are_known),
		cmocka_unit_test(ticks_are_nanoseconds_once_scaled),
		cmocka_unit_test(a_wrong_rate_is_noticed),
		cmocka_unit_test(the_systems_clock_has_no_drift_against_itself),
		cmocka_unit_test(a_pretended_clock_is_measured_as_it_is),
		cmocka_unit_test(the_step_divides_every_difference_and_the_pair_is_their_median),
		cmocka_unit_test(the_core_has_a_frequency),
		cmocka_unit_test(the_frequency_is_additions_by_time_without_the_stamps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
