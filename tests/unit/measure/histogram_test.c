/* SPDX-License-Identifier: MIT
 * The layout is HdrHistogram's: its indices, bucket limits and quantiles, worked out by hand. */
#include "measure/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct histogram one, two;

static int clean(void **state)
{
	(void)state;
	memset(&one, 0, sizeof one);
	memset(&two, 0, sizeof two);
	return 0;
}

static void values_below_256_have_their_own_bucket(void **state)
{
	(void)state;
	for (uint64_t value = 0; value < 256; value++) {
		assert_int_equal(histogram_index(value), value);
		assert_int_equal(histogram_bucket_low(value), value);
		assert_int_equal(histogram_bucket_high(value), value);
	}
}

/* A million samples at the middles of a million equal shares of an exponential distribution. */
static void quantiles_of_an_exponential_are_those_of_the_formula(void **state)
{
	(void)state;
	const double mean = 1e6, samples = 1e6;
	for (double i = 0; i < samples; i++)
		histogram_record(&one, (uint64_t)(-mean * log(1 - (i + 0.5) / samples)));
	const double at[] = {0.5, 0.99, 0.999, 0.9999}, wanted[] = {0.6931, 4.605, 6.908, 9.210};
	for (size_t i = 0; i < 4; i++) {
		uint64_t found = histogram_quantile(&one, at[i]);
		double width = (double)(histogram_bucket_high(histogram_index(found)) -
					histogram_bucket_low(histogram_index(found)) + 1);
		assert_true(fabs((double)found - wanted[i] * mean) <= width);
	}
}

static void widths_double_every_128_buckets(void **state)
{
	(void)state;
	assert_int_equal(histogram_index(256), 256);
	assert_int_equal(histogram_index(257), 256);
	assert_int_equal(histogram_index(258), 257);
	assert_int_equal(histogram_index(511), 383);
	assert_int_equal(histogram_index(512), 384);
	assert_int_equal(histogram_index(515), 384);
	assert_int_equal(histogram_index(516), 385);
	assert_int_equal(histogram_bucket_low(384), 512);
	assert_int_equal(histogram_bucket_high(384), 515);
	assert_int_equal(histogram_bucket_low(512), 1024);
	assert_int_equal(histogram_bucket_high(512), 1031);
}

static void the_largest_value_has_the_last_bucket(void **state)
{
	(void)state;
	uint64_t largest = (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1;
	assert_int_equal(histogram_index(largest), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_bucket_high(HISTOGRAM_BUCKETS - 1), largest);
}

static void buckets_follow_each_other_without_gap(void **state)
{
	(void)state;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(histogram_index(histogram_bucket_low(i)), i);
		assert_int_equal(histogram_index(histogram_bucket_high(i)), i);
		if (i)
			assert_int_equal(histogram_bucket_low(i), histogram_bucket_high(i - 1) + 1);
	}
}

static void a_bucket_is_narrower_than_a_128th_of_its_values(void **state)
{
	(void)state;
	for (size_t i = 256; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t low = histogram_bucket_low(i);
		assert_true((histogram_bucket_high(i) - low + 1) * 128 <= low);
	}
}

static void quantiles_of_one_to_a_hundred_are_their_ranks(void **state)
{
	(void)state;
	for (uint64_t value = 1; value <= 100; value++)
		histogram_record(&one, value);
	for (int percent = 1; percent <= 100; percent++)
		assert_int_equal(histogram_quantile(&one, percent / 100.0), percent);
	assert_int_equal(histogram_quantile(&one, 0), 1);
	assert_int_equal(histogram_quantile(&one, 0.991), 100);
}

static void a_quantile_is_the_highest_value_of_its_bucket(void **state)
{
	(void)state;
	histogram_record(&one, 1000); /* bucket 1000..1003 */
	histogram_record(&one, 100000);
	assert_int_equal(histogram_quantile(&one, 0.5), 1003);
}

static void a_quantile_is_never_above_the_maximum(void **state)
{
	(void)state;
	histogram_record(&one, 1000);
	assert_int_equal(histogram_quantile(&one, 0.5), 1000);
	assert_int_equal(histogram_quantile(&one, 1), 1000);
}

static void nothing_recorded_reads_as_zero_and_nan(void **state)
{
	(void)state;
	assert_int_equal(histogram_quantile(&one, 0.5), 0);
	assert_true(isnan(histogram_mean(&one)));
}

static void too_large_values_are_dropped_but_rank_as_the_largest(void **state)
{
	(void)state;
	uint64_t huge = UINT64_C(1) << HISTOGRAM_VALUE_BITS;
	histogram_record(&one, 10);
	histogram_record(&one, huge);
	histogram_record_many(&one, huge + 5, 2);
	assert_int_equal(one.total, 1);
	assert_int_equal(one.dropped, 3);
	assert_int_equal(one.max, huge + 5);
	assert_int_equal(histogram_quantile(&one, 0.25), 10);
	assert_int_equal(histogram_quantile(&one, 0.26), huge + 5);
}

static void only_dropped_values_still_have_a_maximum(void **state)
{
	(void)state;
	histogram_record(&one, UINT64_MAX);
	assert_int_equal(histogram_quantile(&one, 0.5), UINT64_MAX);
	assert_true(isnan(histogram_mean(&one)));
}

static void the_mean_is_that_of_bucket_middles(void **state)
{
	(void)state;
	histogram_record(&one, 3);
	histogram_record(&one, 1000); /* middle of 1000..1003: 1001.5 */
	assert_true(fabs(histogram_mean(&one) - 502.25) < 1e-9);
}

static void adding_equals_recording_into_one(void **state)
{
	(void)state;
	static struct histogram both;
	memset(&both, 0, sizeof both);
	uint64_t value = 1;
	for (int i = 0; i < 2000; i++) {
		value = value * UINT64_C(6364136223846793005) + 1;
		uint64_t sample = value >> (20 + i % 40);
		histogram_record(i % 3 ? &one : &two, sample);
		histogram_record(&both, sample);
	}
	histogram_add(&one, &two);
	assert_memory_equal(&one, &both, sizeof both);
}

static void adding_to_an_empty_one_copies_the_minimum(void **state)
{
	(void)state;
	histogram_record(&two, 77);
	histogram_add(&one, &two);
	assert_int_equal(one.min, 77);
	static struct histogram empty;
	histogram_add(&one, &empty);
	assert_int_equal(one.min, 77);
}

static void recording_many_equals_recording_each(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		histogram_record(&one, 300);
	histogram_record_many(&two, 300, 5);
	histogram_record_many(&two, 1, 0);
	assert_memory_equal(&one, &two, sizeof one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(values_below_256_have_their_own_bucket, clean),
		cmocka_unit_test_setup(widths_double_every_128_buckets, clean),
		cmocka_unit_test_setup(quantiles_of_an_exponential_are_those_of_the_formula, clean),
		cmocka_unit_test_setup(the_largest_value_has_the_last_bucket, clean),
		cmocka_unit_test_setup(buckets_follow_each_other_without_gap, clean),
		cmocka_unit_test_setup(a_bucket_is_narrower_than_a_128th_of_its_values, clean),
		cmocka_unit_test_setup(quantiles_of_one_to_a_hundred_are_their_ranks, clean),
		cmocka_unit_test_setup(a_quantile_is_the_highest_value_of_its_bucket, clean),
		cmocka_unit_test_setup(a_quantile_is_never_above_the_maximum, clean),
		cmocka_unit_test_setup(nothing_recorded_reads_as_zero_and_nan, clean),
		cmocka_unit_test_setup(too_large_values_are_dropped_but_rank_as_the_largest, clean),
		cmocka_unit_test_setup(only_dropped_values_still_have_a_maximum, clean),
		cmocka_unit_test_setup(the_mean_is_that_of_bucket_middles, clean),
		cmocka_unit_test_setup(adding_equals_recording_into_one, clean),
		cmocka_unit_test_setup(adding_to_an_empty_one_copies_the_minimum, clean),
		cmocka_unit_test_setup(recording_many_equals_recording_each, clean),
	};
	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
