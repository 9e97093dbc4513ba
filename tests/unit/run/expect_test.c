/* SPDX-License-Identifier: MIT
 * Expectations of a workload: which arms they speak of, when they are met, how they are told. */
#include "run/expect.h"

#include "base/memory.h"
#include "support/lack.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char metric[] = "failures.total", file[] = "test.yaml", rbtree[] = "rbtree:fit=best";
static struct workload_expectation expectation;
static struct workload workload = {.file = file, .expectations = &expectation, .expectation_count = 1};
static struct result result;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	expectation = (struct workload_expectation){.metric = metric, .comparison = WORKLOAD_IS, .value = 3};
	error = (struct error){0};
	result.arms = memory_zeroed(2, sizeof result.arms[0]);
	result.arm_count = 2;
	for (size_t i = 0; i < 2; i++) {
		result.arms[i].spec = memory_text(i ? "rbtree:fit=best" : "buddy");
		result.arms[i].phases = memory_zeroed(1, sizeof result.arms[i].phases[0]);
		result.arms[i].phase_count = 1;
		result_figures_clear(&result.arms[i].phases[0].figures);
		result_set(&result.arms[i].phases[0].figures, METRIC_FAILURES_TOTAL, 3 + (double)i);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	result_release(&result);
	result = (struct result){0};
	return 0;
}

static void judge(void)
{
	assert_int_equal(expect_judge(&result, 0, &workload, &error), 0);
}

static bool met(enum workload_comparison comparison, double value, double tolerance)
{
	expectation.comparison = comparison;
	expectation.value = value;
	expectation.tolerance = tolerance;
	size_t before = result.expectation_count;
	judge();
	return result.expectations[before].met;
}

static void comparisons_are_what_they_say(void **state)
{
	(void)state;
	assert_true(met(WORKLOAD_IS, 3, 0));
	assert_false(met(WORKLOAD_IS, 3.1, 0));
	assert_true(met(WORKLOAD_IS, 3.5, 0.5));
	assert_false(met(WORKLOAD_IS, 3.6, 0.5));
	assert_true(met(WORKLOAD_BELOW, 3.1, 0));
	assert_false(met(WORKLOAD_BELOW, 3, 0));
	assert_true(met(WORKLOAD_ABOVE, 2.9, 0));
	assert_false(met(WORKLOAD_ABOVE, 3, 0));
}

static void every_arm_is_judged(void **state)
{
	(void)state;
	judge();
	assert_int_equal(result.expectation_count, 2);
	assert_true(result.expectations[0].met);
	assert_false(result.expectations[1].met);
	assert_int_equal(result.expectations[1].arm, 1);
	assert_true(result.expectations[1].got == 4);
	assert_string_equal(result.expectations[0].metric, "failures.total");
}

static void one_allocator_alone_is_judged_when_it_is_named(void **state)
{
	(void)state;
	expectation.allocator = rbtree;
	judge();
	assert_int_equal(result.expectation_count, 1);
	assert_int_equal(result.expectations[0].arm, 1);
}

static void arms_that_cannot_play_are_left_out(void **state)
{
	(void)state;
	result.arms[0].state = RESULT_ARM_NOT_APPLICABLE;
	result.arms[1].state = RESULT_ARM_NOT_RUN;
	judge();
	assert_int_equal(result.expectation_count, 0);
}

static void arms_of_other_workloads_are_left_out(void **state)
{
	(void)state;
	result.arms[1].workload = 1;
	judge();
	assert_int_equal(result.expectation_count, 1);
}

static void what_was_not_measured_meets_nothing(void **state)
{
	(void)state;
	result.arms[0].phases[0].figures.value[METRIC_FAILURES_TOTAL] = (double)NAN;
	assert_false(met(WORKLOAD_IS, 3, 0));
	assert_false(met(WORKLOAD_BELOW, 100, 0));
	assert_false(met(WORKLOAD_ABOVE, -100, 0));
	assert_true(isnan(result.expectations[0].got));
}

static void wishes_are_told_as_a_person_would_write_them(void **state)
{
	(void)state;
	met(WORKLOAD_BELOW, 1.25, 0);
	assert_string_equal(result.expectations[0].wanted, "below 1.25");
	met(WORKLOAD_IS, 0, 0);
	assert_string_equal(result.expectations[2].wanted, "is 0");
	met(WORKLOAD_IS, 0.5, 0.01);
	assert_string_equal(result.expectations[4].wanted, "is 0.5 +- 0.01");
}

static void percentiles_are_expected_like_any_figure(void **state)
{
	(void)state;
	static char latency[] = "latency.alloc.p99_ns";
	for (size_t i = 0; i < 2; i++)
		result.arms[i].phases[0].latency[METRIC_KIND_ALLOC] = (struct result_latency){.count = 1, .p99_ns = 70};
	expectation.metric = latency;
	assert_true(met(WORKLOAD_BELOW, 71, 0));
	assert_false(met(WORKLOAD_BELOW, 70, 0));
}

static void every_lack_of_memory_is_an_error(void **state)
{
	(void)state;
	for (struct lack lack = {.least = 6}; lack_next(&lack);) {
		tear_down(NULL);
		set_up(NULL);
		lack_begins(&lack);
		int judged = expect_judge(&result, 0, &workload, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(judged, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
	}
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(comparisons_are_what_they_say),
		A(every_arm_is_judged),
		A(one_allocator_alone_is_judged_when_it_is_named),
		A(arms_that_cannot_play_are_left_out),
		A(arms_of_other_workloads_are_left_out),
		A(what_was_not_measured_meets_nothing),
		A(wishes_are_told_as_a_person_would_write_them),
		A(percentiles_are_expected_like_any_figure),
		A(every_lack_of_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
