/* SPDX-License-Identifier: MIT
 * Medians by hand; coverages against the table of order-statistic intervals of the median (n, k, 1 - 2 P(Bin(n, 1/2) < k)). */
#include "measure/statistics.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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

static bool near(double got, double wanted, double by)
{
	return fabs(got - wanted) <= by;
}

/* Conover's example of an interval for a quantile: 16 values, upper quartile, [x_(9), x_(15)] holds with 0.9365 - 0.0271. */
static void binomial_sums_are_those_of_conovers_table(void **state)
{
	(void)state;
	assert_true(near(statistics_binomial_below(16, 0.75, 9), 0.0271, 5e-5));
	assert_true(near(statistics_binomial_below(16, 0.75, 15), 0.9365, 5e-5));
	assert_true(near(statistics_binomial_below(4, 0.5, 2), 5.0 / 16, 1e-15));
	assert_true(near(statistics_binomial_below(4, 0.5, 4), 15.0 / 16, 1e-15));
}

static void binomial_sums_have_their_ends(void **state)
{
	(void)state;
	assert_true(statistics_binomial_below(10, 0.3, 0) == 0);
	assert_true(statistics_binomial_below(10, 0.3, 11) == 1);
	assert_true(statistics_binomial_below(10, 0, 1) == 1);
	assert_true(statistics_binomial_below(10, 1, 10) == 0);
	/* No overflow where the terms are tiny: half of a billion lies below its mean, up to half the middle term. */
	assert_true(near(statistics_binomial_below(1000000000, 0.5, 500000000), 0.5, 2e-5));
}

/* Hahn and Meeker: 95 % for the median of 100 are the ranks 40 and 61, with 0.9648. */
static void ranks_of_the_median_of_a_hundred(void **state)
{
	(void)state;
	struct statistics_ranks ranks = statistics_quantile_ranks(100, 0.5, 0.95);
	assert_int_equal(ranks.low, 40);
	assert_int_equal(ranks.high, 61);
	assert_true(near(ranks.level, 0.9648, 5e-5));
}

static void ranks_of_an_extreme_quantile_need_many_values(void **state)
{
	(void)state;
	/* x_(n) lies above the 99th percentile with 1 - 0.99^n: 0.975 needs 368. */
	assert_true(statistics_quantile_ranks(367, 0.99, 0.95).level == 0);
	struct statistics_ranks ranks = statistics_quantile_ranks(368, 0.99, 0.95);
	assert_true(ranks.level >= 0.95);
	assert_int_equal(ranks.high, 368);
	assert_int_equal(statistics_quantile_ranks(0, 0.5, 0.95).high, 0);
}

/* One failure in none of 20 may still be one in seven: 1 - 0.05^(1/20); Hanley and Lippman-Hand, JAMA 1983, give 14 %. */
static void no_alarm_in_twenty_may_still_be_one_in_seven(void **state)
{
	(void)state;
	assert_true(near(statistics_share_upper(0, 20, 0.95), 1 - pow(0.05, 1.0 / 20), 1e-12));
	assert_true(near(statistics_share_upper(0, 300, 0.95), 0.00994, 5e-6));
	/* Clopper and Pearson's own kind of table: 2 of 10, 95 % one-sided, 0.507. */
	assert_true(near(statistics_share_upper(2, 10, 0.95), 0.507, 5e-4));
	assert_true(statistics_share_upper(3, 3, 0.95) == 1);
}

static void the_least_number_of_values(void **state)
{
	(void)state;
	assert_int_equal(statistics_values_least(0.95), 6);
	assert_int_equal(statistics_values_least(1 - 0.05 / 100), 12);
	assert_int_equal(statistics_values_least(0), 1);
	assert_int_equal(statistics_values_least(1), 0);
}

static void values_wanted_are_those_where_the_rank_steps(void **state)
{
	(void)state;
	/* At 95 % the ranks 1 to 10 begin at these numbers of values; the others only widen the interval. */
	static const size_t begins[] = {6, 9, 12, 15, 17, 20, 23, 25, 28, 30};
	for (size_t beyond = 0; beyond <= 12; beyond++) {
		size_t wanted = statistics_values_wanted(12, 0.95, 0, beyond), i = 0;
		while (i < 10 && begins[i] != wanted)
			i++;
		assert_true(wanted > 30 || (i < 10 && wanted > 12));
	}
	/* The more of them lie beyond an edge, up to half, the longer it takes. */
	size_t before = 0;
	for (size_t beyond = 0; beyond <= 6; beyond++) {
		size_t wanted = statistics_values_wanted(12, 0.95, 0, beyond);
		assert_true(wanted >= before);
		before = wanted;
	}
	assert_true(before > 1000);
	/* Both sides are alike, and what lies wholly above lies above both edges. */
	assert_int_equal(statistics_values_wanted(12, 0.95, 2, 3), statistics_values_wanted(12, 0.95, 3, 2));
	assert_int_equal(statistics_values_wanted(12, 0.95, 0, 10), statistics_values_wanted(12, 0.95, 10, 0));
	/* Ten values at 0.9975 have their extremes as the interval. */
	assert_int_equal(statistics_values_least(0.9975), 10);
	assert_true(statistics_values_wanted(10, 0.9975, 0, 1) >= 13);
}

static void values_wanted_that_nobody_can_tell(void **state)
{
	(void)state;
	assert_int_equal(statistics_values_wanted(3, 0.95, 0, 3), 6);
	assert_int_equal(statistics_values_wanted(12, 1, 0, 6), 0);
	/* A source of which half lies beyond an edge has no number. */
	assert_int_equal(statistics_values_wanted(1000, 0.95, 0, 500), 0);
}

static void what_a_shift_must_be_to_be_seen(void **state)
{
	(void)state;
	double lows[] = {-0.01, -0.05, -0.02, -0.03, -0.04, -0.06, -0.07, -0.08, -0.09, -0.10};
	/* Nine of ten lie at -0.09 or above: 0.03 + 0.09. */
	assert_true(near(statistics_detectable_shift(lows, 10, 0.03, 0.9), 0.12, 1e-15));
	assert_true(near(statistics_detectable_shift(lows, 10, 0.03, 1), 0.13, 1e-15));
	assert_true(isnan(statistics_detectable_shift(lows, 0, 0.03, 0.9)));
}

/* Sum of twelve uniforms less six: near enough to normal, and symmetric. */
static double draw(struct rng *rng)
{
	double sum = -6;
	for (int i = 0; i < 12; i++)
		sum += rng_unit(rng);
	return sum;
}

enum { SIMULATED = 4000, ROUNDS = 12 };

/* How often the interval of twelve holds a median of 0, and how often it lies above an edge when the median is `shift`. */
static void the_interval_covers_as_often_as_it_says(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 7);
	int covered = 0, found = 0;
	double spread = 0.02, edge = log(1.03), shift = log(1.10);
	for (int i = 0; i < SIMULATED; i++) {
		double values[ROUNDS];
		for (int j = 0; j < ROUNDS; j++)
			values[j] = spread * draw(&rng);
		struct statistics_interval interval = statistics_median_interval(values, ROUNDS, 0.95);
		covered += interval.low <= 0 && interval.high >= 0;
		found += interval.low + shift > edge;
	}
	/* 96.1 % by the binomial; three standard errors of 4000 are 0.9 %. */
	assert_in_range(covered, (int)(0.951 * SIMULATED), (int)(0.971 * SIMULATED));
	assert_in_range(found, (int)(0.99 * SIMULATED), SIMULATED);
}

/* 0 in the median: normal, or with a long tail above. */
static double draw_of(struct rng *rng, bool skewed)
{
	double z = draw(rng);
	return skewed ? expm1(z) : z;
}

static struct statistics_interval sample(struct rng *rng, bool skewed, double shift, double spread, size_t count,
					 double level, double *values)
{
	for (size_t i = 0; i < count; i++)
		values[i] = shift + spread * draw_of(rng, skewed);
	return statistics_median_interval(values, count, level);
}

static bool is_decided(const struct statistics_interval *interval, double edge)
{
	return interval->low > edge || interval->high < -edge || (interval->low > -edge && interval->high < edge);
}

/* Sources with a shift of up to 10 % and a spread of 1 to 10 %, a threshold of 3 %, samples of 10, 12 and 20: where one does
 * not decide, as many values as were wanted do in nine of ten cases, at every level and of either shape. */
static void as_many_values_as_wanted_decide(void **state)
{
	(void)state;
	static const double levels[] = {0.95, 0.99, 0.9975};
	static const size_t counts[] = {10, 12, 20};
	static double values[STATISTICS_VALUES_MAX];
	struct rng rng;
	rng_seed(&rng, 11);
	double edge = log(1.03);
	for (size_t at = 0; at < 6; at++) {
		double level = levels[at % 3];
		bool skewed = at >= 3;
		int asked = 0, decided = 0;
		while (asked < 300) {
			double shift = 0.2 * rng_unit(&rng) - 0.1, spread = 0.01 + 0.09 * rng_unit(&rng);
			size_t count = counts[asked % 3], below = 0, above = 0;
			struct statistics_interval interval = sample(&rng, skewed, shift, spread, count, level, values);
			for (size_t i = 0; i < count; i++) {
				below += values[i] < -edge;
				above += values[i] > edge;
			}
			size_t wanted =
				is_decided(&interval, edge) ? 0 : statistics_values_wanted(count, level, below, above);
			if (!wanted)
				continue;
			asked++;
			interval = sample(&rng, skewed, shift, spread, wanted, level, values);
			decided += is_decided(&interval, edge);
		}
		if (decided < 270)
			fail_msg("%s at %g: %d of %d decided", skewed ? "skewed" : "normal", level, decided, asked);
	}
}

/* Tables of Student's T: Abramowitz and Stegun 26.10. */
static void means_have_the_interval_of_student(void **state)
{
	(void)state;
	static const struct {
		size_t freedom;
		double level, t;
	} table[] = {{1, 0.95, 12.706204736},  {2, 0.95, 4.3026527299},  {3, 0.95, 3.1824463053},
		     {4, 0.99, 4.6040948713},  {5, 0.998, 5.8934295314}, {10, 0.95, 2.2281388520},
		     {1, 0.9975, 254.6465999}, {120, 0.95, 1.9799304051}};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		assert_true(fabs(statistics_student(table[i].freedom, table[i].level) / table[i].t - 1) < 1e-6);
	const double values[3] = {3, 1, 2};
	struct statistics_interval interval = statistics_mean_interval(values, 3, 0.95);
	assert_true(fabs(interval.low - (2 - 4.3026527299 / sqrt(3))) < 1e-9 &&
		    fabs(interval.high - (2 + 4.3026527299 / sqrt(3))) < 1e-9);
	assert_true(interval.level == 0.95);
	assert_true(statistics_mean_interval(values, 1, 0.95).level == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(means_have_the_interval_of_student),
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
		cmocka_unit_test(binomial_sums_are_those_of_conovers_table),
		cmocka_unit_test(binomial_sums_have_their_ends),
		cmocka_unit_test(ranks_of_the_median_of_a_hundred),
		cmocka_unit_test(ranks_of_an_extreme_quantile_need_many_values),
		cmocka_unit_test(no_alarm_in_twenty_may_still_be_one_in_seven),
		cmocka_unit_test(the_least_number_of_values),
		cmocka_unit_test(values_wanted_are_those_where_the_rank_steps),
		cmocka_unit_test(values_wanted_that_nobody_can_tell),
		cmocka_unit_test(what_a_shift_must_be_to_be_seen),
		cmocka_unit_test(the_interval_covers_as_often_as_it_says),
		cmocka_unit_test(as_many_values_as_wanted_decide),
	};
	return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
