/* SPDX-License-Identifier: MIT
 * Hardware counters over several iterations: sums worked out by hand. None has to be in the machine. */
#include "play/counters.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct counters_total total;
static struct result_figures figures;

static int set_up(void **state)
{
	(void)state;
	total = (struct counters_total){0};
	for (size_t i = 0; i < COUNTERS_COUNT; i++)
		total.why[i] = RESULT_REASON_COUNTERS_MISSING;
	result_figures_clear(&figures);
	return 0;
}

static double instructions(void)
{
	counters_store(&total, &figures);
	return figures.value[METRIC_INSTRUCTIONS];
}

static void add(struct counters_reading before, struct counters_reading after, double operations)
{
	counters_add(&total, 0, &before, &after, operations);
}

/* 30,000 in 1000 operations, then 100,000 in 3000: 130,000 / 4000, neither the last iteration nor the mean of both. */
static void all_iterations_count_by_their_operations(void **state)
{
	(void)state;
	add((struct counters_reading){0, 0, 0}, (struct counters_reading){30000, 500, 500}, 1000);
	assert_true(instructions() == 30);
	add((struct counters_reading){0, 0, 0}, (struct counters_reading){100000, 900, 900}, 3000);
	assert_true(instructions() == 32.5);
}

/* A second phase reads on where the first one ended: 20,000 of 25,000, 10 of 40 ns counted, so times four. */
static void the_growth_since_the_last_reading_is_scaled_by_its_own_time(void **state)
{
	(void)state;
	add((struct counters_reading){5000, 100, 100}, (struct counters_reading){25000, 140, 110}, 1000);
	assert_true(instructions() == 80);
}

/* It had no place in the first iteration: that says nothing about its 1000 operations. */
static void an_iteration_that_was_not_counted_is_left_out(void **state)
{
	(void)state;
	add((struct counters_reading){0, 0, 0}, (struct counters_reading){0, 70, 0}, 1000);
	assert_true(isnan(instructions()));
	assert_int_equal(figures.reason[METRIC_INSTRUCTIONS], RESULT_REASON_COUNTERS_MISSING);
	add((struct counters_reading){0, 0, 0}, (struct counters_reading){12000, 70, 70}, 600);
	assert_true(instructions() == 20);
}

static void a_phase_without_operations_has_no_figure(void **state)
{
	(void)state;
	add((struct counters_reading){0, 0, 0}, (struct counters_reading){9, 70, 70}, 0);
	assert_true(isnan(instructions()));
}

static void counters_that_are_refused_say_so(void **state)
{
	(void)state;
	struct counters none;
	for (size_t i = 0; i < COUNTERS_COUNT; i++) {
		none.descriptor[i] = -1;
		none.why[i] = i ? RESULT_REASON_COUNTERS_MISSING : RESULT_REASON_COUNTERS_REFUSED;
	}
	counters_note(&none, 1000, &total);
	assert_true(isnan(instructions()));
	assert_int_equal(figures.reason[METRIC_INSTRUCTIONS], RESULT_REASON_COUNTERS_REFUSED);
	assert_int_equal(figures.reason[METRIC_CYCLES], RESULT_REASON_COUNTERS_MISSING);
}

/* What the system would say stands in a file that counters are read from. */
static void every_counter_is_read_into_its_own_metric(void **state)
{
	(void)state;
	static const enum metric metrics[] = {METRIC_INSTRUCTIONS, METRIC_CYCLES, METRIC_LLC_MISSES, METRIC_BRANCH_MISSES,
					      METRIC_DTLB_MISSES};
	struct counters counters = {0};
	for (size_t i = 0; i < COUNTERS_COUNT; i++) {
		/* In two iterations: 1000 (i + 1) of 1000 operations, then twice that, by a counter that runs half of the
		 * time. */
		const uint64_t readings[] = {1000 * (i + 1), 10, 10, 2000 * (i + 1), 30, 20};
		counters.descriptor[i] = memfd_create("counter", 0);
		assert_int_equal(write(counters.descriptor[i], readings, sizeof readings), sizeof readings);
		lseek(counters.descriptor[i], 0, SEEK_SET);
	}
	counters_note(&counters, 1000, &total);
	counters_note(&counters, 1000, &total);
	counters_store(&total, &figures);
	for (size_t i = 0; i < COUNTERS_COUNT; i++)
		assert_true(figures.value[metrics[i]] == 1.5 * (double)(i + 1));
	counters_close(&counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_iterations_count_by_their_operations, set_up),
		cmocka_unit_test_setup(the_growth_since_the_last_reading_is_scaled_by_its_own_time, set_up),
		cmocka_unit_test_setup(an_iteration_that_was_not_counted_is_left_out, set_up),
		cmocka_unit_test_setup(a_phase_without_operations_has_no_figure, set_up),
		cmocka_unit_test_setup(counters_that_are_refused_say_so, set_up),
		cmocka_unit_test_setup(every_counter_is_read_into_its_own_metric, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
