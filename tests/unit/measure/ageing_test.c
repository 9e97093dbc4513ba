/* SPDX-License-Identifier: MIT
 * Levels of a series: worked out by hand, and how often noise alone is taken for a change. */
#include "measure/ageing.h"

#include "base/memory.h"
#include "base/rng.h"
#include "support/lack.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static double values[AGEING_VALUES_MAX];
static struct ageing found;

/* Levels one after another: value, how many. Ends with a count of 0. */
static size_t levels(const double (*parts)[2])
{
	size_t count = 0;
	for (; (*parts)[1] > 0; parts++)
		for (size_t i = 0; i < (size_t)(*parts)[1]; i++)
			values[count++] = (*parts)[0];
	return count;
}
#define LEVELS(...) levels((const double[][2]){__VA_ARGS__, {0, 0}})

/* Values side by side, one unit each. */
static struct ageing_extent places[AGEING_VALUES_MAX + 1];

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i <= AGEING_VALUES_MAX; i++)
		places[i] = (struct ageing_extent){(double)i, (double)i + 1};
	return 0;
}

static void judge(size_t count)
{
	assert_int_equal(ageing_judge(values, places, count, (double)count, &found), 0);
}

/* Leaves out the values of [first, end): the others stay where they are. Returns how many are left. */
static size_t leave_out(size_t count, size_t first, size_t end)
{
	for (size_t i = end; i < count; i++) {
		values[i - end + first] = values[i];
		places[i - end + first] = places[i];
	}
	return count - (end - first);
}

static void one_level_is_flat(void **state)
{
	(void)state;
	judge(LEVELS({10, 40}));
	assert_int_equal(found.class, AGEING_FLAT);
	assert_int_equal(found.change_points, 0);
	assert_true(found.first_to_last_decile == 1 && found.slope == 0);
}

static void levels_nearer_than_five_percent_are_one(void **state)
{
	(void)state;
	judge(LEVELS({100, 20}, {104, 20}));
	assert_int_equal(found.class, AGEING_FLAT);
	judge(LEVELS({100, 20}, {106, 20}));
	assert_int_equal(found.class, AGEING_AGEING);
	assert_int_equal(found.change_points, 1);
}

static void slow_at_first_is_warm_up(void **state)
{
	(void)state;
	judge(LEVELS({30, 10}, {10, 30}));
	assert_int_equal(found.class, AGEING_WARM_UP);
	assert_int_equal(found.change_points, 1);
	/* The first tenth is 30, the last one 10. */
	assert_true(fabs(found.first_to_last_decile - 1.0 / 3) < 1e-12);
	/* 10 and 10.3 are one level: joined, they fill half. The nearest are joined, not the first two. */
	judge(LEVELS({20, 50}, {10, 35}, {10.3, 15}));
	assert_int_equal(found.class, AGEING_WARM_UP);
	assert_int_equal(found.change_points, 1);
}

static void slower_later_is_ageing_wherever_it_begins(void **state)
{
	(void)state;
	judge(LEVELS({10, 10}, {20, 30}));
	assert_int_equal(found.class, AGEING_AGEING);
	assert_true(found.first_to_last_decile == 2);
	judge(LEVELS({10, 35}, {20, 5}));
	assert_int_equal(found.class, AGEING_AGEING);
	/* Warm at first, then slower than at its best. */
	judge(LEVELS({40, 5}, {10, 20}, {20, 15}));
	assert_int_equal(found.class, AGEING_AGEING);
	assert_int_equal(found.change_points, 2);
}

static void a_steady_rise_is_ageing_with_its_slope(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++)
		values[i] = 10 + 0.25 * (double)i;
	judge(100);
	assert_int_equal(found.class, AGEING_AGEING);
	assert_true(fabs(found.slope - 0.25) < 1e-12);
	/* Means of 10 … 12.25 and of 32.5 … 34.75. */
	assert_true(fabs(found.first_to_last_decile - 33.625 / 11.125) < 1e-12);
}

static void levels_that_change_to_the_end_are_no_steady_state(void **state)
{
	(void)state;
	judge(LEVELS({10, 8}, {20, 8}, {10, 8}, {20, 8}, {10, 4}, {20, 4}));
	assert_int_equal(found.class, AGEING_NO_STEADY_STATE);
	judge(LEVELS({40, 20}, {20, 15}, {10, 5}));
	assert_int_equal(found.class, AGEING_NO_STEADY_STATE);
}

/* The last level has to fill a quarter: 10 of 40 do, 9 do not. */
static void a_quarter_is_steady(void **state)
{
	(void)state;
	judge(LEVELS({40, 30}, {10, 10}));
	assert_int_equal(found.class, AGEING_WARM_UP);
	judge(LEVELS({40, 31}, {10, 9}));
	assert_int_equal(found.class, AGEING_NO_STEADY_STATE);
}

static void single_outliers_are_no_level(void **state)
{
	(void)state;
	size_t count = LEVELS({10, 40});
	values[0] = 900;
	values[17] = 500;
	values[39] = 300;
	judge(count);
	assert_int_equal(found.class, AGEING_FLAT);
	assert_true(found.slope == 0);
}

static void few_values_have_no_class(void **state)
{
	(void)state;
	judge(LEVELS({10, 10}, {20, 9}));
	assert_int_equal(found.class, AGEING_UNKNOWN);
	assert_true(isnan(found.first_to_last_decile) && isnan(found.slope));
	judge(LEVELS({10, 10}, {20, 10}));
	assert_int_equal(found.class, AGEING_AGEING);
	assert_int_equal(ageing_judge(values, places, AGEING_VALUES_MAX + 1, AGEING_VALUES_MAX + 1, &found), -1);
}

/* 0.25 per unit, whatever is left of it: as neighbours, values 29 and 70 would add 10.25 in one step, and 60 values 24.75. */
static void a_gap_does_not_steepen_the_slope(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++)
		values[i] = 10 + 0.25 * (double)i;
	size_t count = leave_out(100, 30, 70);
	assert_int_equal(ageing_judge(values, places, count, 100, &found), 0);
	assert_true(fabs(found.slope - 0.25) < 1e-12);
	/* Tenths of the axis, not of what is left: means of 10 … 12.25 and of 32.5 … 34.75. */
	assert_true(fabs(found.first_to_last_decile - 33.625 / 11.125) < 1e-12);
}

/* Units of 2, then of 6: the middles are 1, 3, … 39 and 43, 49, … 157; the values are 5 + middle / 4. */
static void values_of_different_width_stand_where_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < 20; i++) {
		places[i] = (struct ageing_extent){2 * (double)i, 2 * (double)i + 2};
		places[20 + i] = (struct ageing_extent){40 + 6 * (double)i, 40 + 6 * (double)i + 6};
	}
	for (size_t i = 0; i < 40; i++)
		values[i] = 5 + (places[i].first + places[i].end) / 8;
	assert_int_equal(ageing_judge(values, places, 40, 160, &found), 0);
	assert_true(fabs(found.slope - 0.25) < 1e-12);
	/* [0, 16): middles 1 … 15, mean 8, value 7. [144, 160): 145, 151, 157, mean 151, value 42.75. */
	assert_true(fabs(found.first_to_last_decile - 42.75 / 7) < 1e-12);
}

/* The last level begins at 70 of 100 and fills more than a quarter, though it has 10 of 80 values only. */
static void a_quarter_is_one_of_the_axis(void **state)
{
	(void)state;
	size_t count = leave_out(LEVELS({40, 70}, {10, 30}), 75, 95);
	assert_int_equal(count, 80);
	assert_int_equal(ageing_judge(values, places, count, 100, &found), 0);
	assert_int_equal(found.class, AGEING_WARM_UP);
	assert_int_equal(found.change_points, 1);
}

static void a_tenth_without_values_has_no_mean(void **state)
{
	(void)state;
	size_t count = leave_out(LEVELS({10, 100}), 0, 10);
	assert_int_equal(ageing_judge(values, places, count, 100, &found), 0);
	assert_int_equal(found.class, AGEING_FLAT);
	assert_true(isnan(found.first_to_last_decile) && found.slope == 0);
}

static double normal(struct rng *rng)
{
	return sqrt(-2 * log(1 - rng_unit(rng))) * cos(6.283185307179586 * rng_unit(rng));
}

/* Noise of one level: share of 600 series that are called anything but flat. kind 0: normal; 1: each value carries half of the
 * one before; 2: one value in fifty is far out. */
static double false_alarms(double deviation, int kind)
{
	struct rng rng;
	int alarms = 0;
	rng_seed(&rng, 5);
	for (int run = 0; run < 600; run++) {
		double before = 0;
		for (size_t i = 0; i < 120; i++) {
			double away = normal(&rng);
			if (kind == 1)
				away = before = 0.5 * before + sqrt(0.75) * away;
			if (kind == 2 && rng_below(&rng, 50) == 0)
				away += 20;
			values[i] = 100 * (1 + deviation * away);
		}
		judge(120);
		alarms += found.class != AGEING_FLAT;
	}
	return alarms / 600.0;
}

static void noise_is_rarely_taken_for_a_change(void **state)
{
	(void)state;
	assert_true(false_alarms(0.01, 0) == 0);
	assert_true(false_alarms(0.05, 0) < 0.01);
	assert_true(false_alarms(0.2, 0) < 0.01);
	assert_true(false_alarms(0.05, 1) < 0.05);
	assert_true(false_alarms(0.02, 2) < 0.01);
}

static void a_planted_change_is_found_in_noise(void **state)
{
	(void)state;
	struct rng rng;
	int hits = 0;
	rng_seed(&rng, 6);
	for (int run = 0; run < 500; run++) {
		for (size_t i = 0; i < 120; i++)
			values[i] = (i < 60 ? 100 : 110) * (1 + 0.03 * normal(&rng));
		judge(120);
		hits += found.class == AGEING_AGEING && found.change_points == 1;
	}
	assert_true(hits >= 490);
}

static void what_grows_to_the_end_is_told_from_what_does_not(void **state)
{
	(void)state;
	double rows[100];
	for (size_t i = 0; i < 100; i++)
		rows[i] = 100 + (double)i;
	assert_true(ageing_grows(rows, 100));
	assert_true(ageing_grows(rows, 20));
	assert_false(ageing_grows(rows, 19));
	/* It stands still from the middle on. */
	for (size_t i = 50; i < 100; i++)
		rows[i] = 150;
	assert_false(ageing_grows(rows, 100));
	/* One percent more is within what is the same. */
	for (size_t i = 90; i < 100; i++)
		rows[i] = 151.5;
	assert_false(ageing_grows(rows, 100));
	for (size_t i = 90; i < 100; i++)
		rows[i] = 151.6;
	assert_true(ageing_grows(rows, 100));
	/* It falls back at the very end, or was there before. */
	rows[99] = 150;
	assert_false(ageing_grows(rows, 100));
	rows[99] = 151.6;
	rows[10] = 151.6;
	assert_false(ageing_grows(rows, 100));
	for (size_t i = 0; i < 100; i++)
		rows[i] = i < 80 ? 0 : 0.01;
	assert_true(ageing_grows(rows, 100));
	rows[95] = (double)NAN;
	assert_false(ageing_grows(rows, 100));
}

static void every_lack_of_memory_is_told(void **state)
{
	(void)state;
	size_t count = LEVELS({10, 40});
	for (struct lack lack = {.least = 3}; lack_next(&lack);) {
		lack_begins(&lack);
		int result = ageing_judge(values, places, count, (double)count, &found);
		assert_int_equal(result, lack_ends(&lack) ? -1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_level_is_flat, set_up),
		cmocka_unit_test_setup(levels_nearer_than_five_percent_are_one, set_up),
		cmocka_unit_test_setup(slow_at_first_is_warm_up, set_up),
		cmocka_unit_test_setup(slower_later_is_ageing_wherever_it_begins, set_up),
		cmocka_unit_test_setup(a_steady_rise_is_ageing_with_its_slope, set_up),
		cmocka_unit_test_setup(levels_that_change_to_the_end_are_no_steady_state, set_up),
		cmocka_unit_test_setup(a_quarter_is_steady, set_up),
		cmocka_unit_test_setup(single_outliers_are_no_level, set_up),
		cmocka_unit_test_setup(few_values_have_no_class, set_up),
		cmocka_unit_test_setup(a_gap_does_not_steepen_the_slope, set_up),
		cmocka_unit_test_setup(values_of_different_width_stand_where_they_are, set_up),
		cmocka_unit_test_setup(a_quarter_is_one_of_the_axis, set_up),
		cmocka_unit_test_setup(a_tenth_without_values_has_no_mean, set_up),
		cmocka_unit_test_setup(noise_is_rarely_taken_for_a_change, set_up),
		cmocka_unit_test_setup(a_planted_change_is_found_in_noise, set_up),
		cmocka_unit_test(what_grows_to_the_end_is_told_from_what_does_not),
		cmocka_unit_test_setup(every_lack_of_memory_is_told, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
