/* SPDX-License-Identifier: MIT
 * Medians by hand; coverages against the table of order-statistic intervals of the median (n, k, 1 - 2 P(Bin(n, 1/2) < k)). */
#include "measure/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void the_median_of_an_odd_number_is_the_middle_value(void **state)
{
	(void)state;
	double values[] = {9, 1, 5};
	assert_true(statistics_median(values, 3) == 5);
}

static void the_median_of_an_even_number_is_the_mean_of_the_middle_two(void **state)
{
	(void)state;
	double values[] = {4, 1, 100, 2};
	assert_true(statistics_median(values, 4) == 3);
}

static void the_median_of_huge_values_does_not_overflow(void **state)
{
	(void)state;
	double values[] = {1.7e308, 1.7e308};
	assert_true(statistics_median(values, 2) == 1.7e308);
}

static void nothing_has_no_median(void **state)
{
	(void)state;
	double value = 1;
	assert_true(isnan(statistics_median(&value, 0)));
}

static void a_sample_that_is_no_number_has_neither_median_nor_interval(void **state)
{
	(void)state;
	double values[] = {1, (double)NAN, 3, 4, 5, 6, 7, 8};
	assert_true(isnan(statistics_median(values, 8)));
	struct statistics_interval interval = statistics_median_interval(values, 8, 0.5);
	assert_true(isnan(interval.low) && isnan(interval.high) && interval.level == 0);
}

/* 1 .. n in falling order: x_(k) is k itself. */
static struct statistics_interval interval_of_ranks(size_t count, double level)
{
	static double values[5000];
	for (size_t i = 0; i < count; i++)
		values[i] = (double)(count - i);
	return statistics_median_interval(values, count, level);
}

static void coverages_are_those_of_the_table(void **state)
{
	(void)state;
	static const struct {
		size_t count, order;
		double level;
	} table[] = {
		{6, 1, 0.96875},      {7, 1, 0.984375},         {8, 1, 0.9921875},        {9, 2, 0.9609375},
		{10, 2, 0.978515625}, {11, 2, 0.98828125},      {12, 3, 0.96142578125},   {13, 3, 0.9775390625},
		{15, 4, 0.96484375},  {20, 6, 0.9586105346680}, {25, 8, 0.9567147493362},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct statistics_interval interval = interval_of_ranks(table[i].count, 0.95);
		assert_true(interval.low == (double)table[i].order);
		assert_true(interval.high == (double)(table[i].count + 1 - table[i].order));
		assert_true(fabs(interval.level - table[i].level) < 1e-11);
	}
}

static void five_values_are_too_few_for_95_percent(void **state)
{
	(void)state;
	struct statistics_interval interval = interval_of_ranks(5, 0.95);
	assert_true(isnan(interval.low) && isnan(interval.high) && interval.level == 0);
	assert_true(interval_of_ranks(5, 0.9375).low == 1);
}

static void twelve_rounds_serve_a_hundred_metrics(void **state)
{
	(void)state;
	struct statistics_interval interval = interval_of_ranks(12, 1 - 0.05 / 100);
	assert_true(interval.low == 1 && interval.high == 12);
	assert_true(interval_of_ranks(12, 1 - 0.05 / 103).level == 0);
}

static void certainty_is_out_of_reach(void **state)
{
	(void)state;
	assert_true(interval_of_ranks(40, 1).level == 0);
	assert_true(interval_of_ranks(0, 0.5).level == 0);
}

static void a_large_sample_keeps_to_the_normal_approximation(void **state)
{
	(void)state;
	struct statistics_interval interval = interval_of_ranks(5000, 0.95);
	/* 2500 - 1.96 * sqrt(5000) / 2 */
	assert_in_range((unsigned)interval.low, 2430, 2432);
	assert_true(interval.level >= 0.95 && interval.level < 0.953);
}

static void a_level_of_zero_gives_the_median_itself(void **state)
{
	(void)state;
	struct statistics_interval interval = interval_of_ranks(7, 0);
	assert_true(interval.low == 4 && interval.high == 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_of_an_odd_number_is_the_middle_value),
		cmocka_unit_test(the_median_of_an_even_number_is_the_mean_of_the_middle_two),
		cmocka_unit_test(the_median_of_huge_values_does_not_overflow),
		cmocka_unit_test(nothing_has_no_median),
		cmocka_unit_test(a_sample_that_is_no_number_has_neither_median_nor_interval),
		cmocka_unit_test(coverages_are_those_of_the_table),
		cmocka_unit_test(five_values_are_too_few_for_95_percent),
		cmocka_unit_test(twelve_rounds_serve_a_hundred_metrics),
		cmocka_unit_test(certainty_is_out_of_reach),
		cmocka_unit_test(a_large_sample_keeps_to_the_normal_approximation),
		cmocka_unit_test(a_level_of_zero_gives_the_median_itself),
	};
	return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
