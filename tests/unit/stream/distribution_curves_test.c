/* SPDX-License-Identifier: MIT
 * Goal: the distributions that follow a curve have the probabilities that the manual says. Method: the tables themselves
 * against closed forms, then moments and chi-square (0.1 %) of a fixed seed, and a look that chi-square finds a wrong
 * sampler. */
#include "stream/distribution.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "support/lack.h"

#define DRAWS 200000
#define TOP 255
#define CHI_SQUARE_9 27.9 /* nine degrees of freedom, 0.1 % */

static struct rng rng;
static struct distribution drawn;
static double *mass; /* by class */

static int set_up(void **state)
{
	(void)state;
	rng_seed(&rng, 77);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	distribution_release(&drawn);
	memory_release(mass);
	mass = NULL;
	return 0;
}

/* What the alias tables make of the weights. */
static void read_masses(void)
{
	const struct choice *classes = &drawn.classes;
	mass = memory_zeroed(classes->count, sizeof *mass);
	assert_non_null(mass);
	for (uint32_t i = 0; i < classes->count; i++) {
		double keep = classes->count == 1 ? 1 : ((double)classes->columns[i].keep + 1) * 0x1.0p-64;
		mass[i] += keep / classes->count;
		mass[classes->columns[i].alias] += (1 - keep) / classes->count;
	}
}

static void make(struct workload_size size)
{
	assert_int_equal(distribution_init(&drawn, &size), 0);
	read_masses();
}

static void make_lifetime(struct workload_lifetime lifetime, bool by_length)
{
	assert_int_equal(distribution_init_lifetime(&drawn, &lifetime, by_length), 0);
	read_masses();
}

/* Probability of a number below limit, which a class begins at. */
static double below(uint64_t limit)
{
	double sum = 0;
	for (uint32_t i = 0; i < drawn.classes.count; i++)
		sum += drawn.ranges[i].low < limit ? mass[i] : 0;
	return sum;
}

static void assert_near(double got, double wanted, double error)
{
	if (!(fabs(got - wanted) <= error))
		fail_msg("%.12g is not %.12g", got, wanted);
}

/* Every class has the probability that the curve of all below says. */
static void assert_curve(double (*curve)(double below))
{
	double before = curve((double)drawn.ranges[0].low);
	for (uint32_t i = 0; i < drawn.classes.count; i++) {
		double after = curve((double)(drawn.ranges[i].low + drawn.ranges[i].width));
		assert_near(mass[i], after - before, 1e-12);
		before = after;
	}
	assert_near(before, 1, 1e-12);
}

/* Chi-square of draws in ten bins that the curve makes equally likely, of sizes plus an error. */
static double ten_bins(double (*curve)(double below), uint64_t error)
{
	double seen[10] = {0}, expected[10] = {0}, chi = 0;
	for (uint32_t i = 0; i < drawn.classes.count; i++) {
		double middle = (double)drawn.ranges[i].low + (double)drawn.ranges[i].width / 2;
		double portion = curve(middle);
		expected[portion < 0.999 ? (int)(10 * portion) : 9] += mass[i];
	}
	for (int i = 0; i < DRAWS; i++) {
		uint64_t number = distribution_draw(&drawn, &rng) + error;
		for (uint32_t k = 0; k < drawn.classes.count; k++)
			if (number - drawn.ranges[k].low < drawn.ranges[k].width) {
				double middle = (double)drawn.ranges[k].low + (double)drawn.ranges[k].width / 2;
				double portion = curve(middle);
				seen[portion < 0.999 ? (int)(10 * portion) : 9]++;
				break;
			}
	}
	for (int i = 0; i < 10; i++)
		chi += expected[i] > 0
			       ? (seen[i] - DRAWS * expected[i]) * (seen[i] - DRAWS * expected[i]) / (DRAWS * expected[i])
			       : 0;
	return chi;
}

static void assert_drawn_mean(double mean, double deviation)
{
	double sum = 0;
	for (int i = 0; i < DRAWS; i++)
		sum += (double)distribution_draw(&drawn, &rng);
	assert_near(sum / DRAWS, mean, 4 * deviation / sqrt(DRAWS));
}

static double log_uniform_curve(double x)
{
	return log(x) / log(TOP + 1);
}

static void log_uniform_has_the_same_share_in_every_octave(void **state)
{
	(void)state;
	make((struct workload_size){.kind = WORKLOAD_SIZE_LOG_UNIFORM, .min = 1, .max = TOP});
	for (unsigned k = 1; k <= 8; k++)
		assert_near(below(1u << k), k / 8.0, 1e-12);
	assert_curve(log_uniform_curve);
	/* Sum of s ln((s + 1) / s) telescopes to n ln(n + 1) - ln n!. */
	double mean = (TOP * log(TOP + 1) - lgamma(TOP + 1)) / log(TOP + 1);
	assert_near(drawn.mean, mean, 1e-9);
	assert_drawn_mean(mean, 60);
	assert_true(ten_bins(log_uniform_curve, 0) < CHI_SQUARE_9);
	assert_true(ten_bins(log_uniform_curve, 1) > CHI_SQUARE_9);
}

static double pareto_curve(double x)
{
	return (1 - 1 / x) / (1 - 1.0 / (TOP + 1));
}

static void pareto_falls_with_its_power(void **state)
{
	(void)state;
	make((struct workload_size){.kind = WORKLOAD_SIZE_PARETO, .min = 1, .max = TOP, .alpha = 1});
	assert_curve(pareto_curve);
	double harmonic = 0;
	for (int s = 1; s <= TOP; s++)
		harmonic += 1.0 / s;
	/* Sum over s of P(X >= s). */
	double mean = (harmonic - TOP / (TOP + 1.0)) * (TOP + 1) / TOP;
	assert_near(drawn.mean, mean, 1e-9);
	assert_drawn_mean(mean, 16);
	assert_true(ten_bins(pareto_curve, 0) < CHI_SQUARE_9);
	assert_true(ten_bins(pareto_curve, 1) > CHI_SQUARE_9);
}

static double wide_pareto_curve(double x)
{
	return (1 - pow(4 / x, 0.7)) / (1 - pow(4 / 1048577.0, 0.7));
}

static void wide_classes_keep_the_curve(void **state)
{
	(void)state;
	make((struct workload_size){.kind = WORKLOAD_SIZE_PARETO, .min = 4, .max = 1 << 20, .alpha = 0.7});
	assert_curve(wide_pareto_curve);
	for (uint32_t i = 0; i < drawn.classes.count; i++)
		assert_true(drawn.ranges[i].width == 1 || drawn.ranges[i].width <= drawn.ranges[i].low / 256);
}

static double lognormal_curve(double x)
{
	double end = erf(log(10) / log(2) / sqrt(2));
	return 0.5 + 0.5 * erf(log(x / 100) / log(2) / sqrt(2)) / end;
}

/* ln 10 on both sides of the median, sigma = ln 2: half lies below, and 0.6827 / 0.9991 within a factor of two. */
static void lognormal_is_symmetric_around_its_median(void **state)
{
	(void)state;
	make((struct workload_size){
		.kind = WORKLOAD_SIZE_LOGNORMAL, .min = 10, .max = 999, .median = 100, .sigma = 0.69314718055994530942});
	assert_near(below(100), 0.5, 1e-12);
	assert_near(below(200) - below(50), 0.682689492 / 0.999105651, 1e-6);
	assert_curve(lognormal_curve);
	assert_true(ten_bins(lognormal_curve, 0) < CHI_SQUARE_9);
	assert_true(ten_bins(lognormal_curve, 2) > CHI_SQUARE_9);
}

static double harmonic_curve(double x)
{
	double sum = 0, all = 0;
	for (int s = 1; s <= TOP; s++) {
		sum += s < x ? 1.0 / s : 0;
		all += 1.0 / s;
	}
	return sum / all;
}

static void zipf_weighs_by_rank(void **state)
{
	(void)state;
	make((struct workload_size){.kind = WORKLOAD_SIZE_ZIPF, .min = 1, .max = TOP, .alpha = 1});
	assert_curve(harmonic_curve);
	assert_near(mass[0] / mass[9], 10, 1e-9);
	double mean = TOP * (harmonic_curve(2) - harmonic_curve(1)); /* n / H(n) */
	assert_near(drawn.mean, mean, 1e-9);
	assert_drawn_mean(mean, 60);
	assert_true(ten_bins(harmonic_curve, 0) < CHI_SQUARE_9);
	assert_true(ten_bins(harmonic_curve, 1) > CHI_SQUARE_9);
}

static void zipf_sums_up_inside_wide_classes(void **state)
{
	(void)state;
	const double alpha = 1.3;
	make((struct workload_size){.kind = WORKLOAD_SIZE_ZIPF, .min = 2, .max = 1 << 16, .alpha = alpha});
	double all = 0;
	for (uint64_t s = 2; s <= 1 << 16; s++)
		all += pow((double)s, -alpha);
	for (uint32_t i = 0; i < drawn.classes.count; i++) {
		double sum = 0;
		for (uint64_t s = 0; s < drawn.ranges[i].width; s++)
			sum += pow((double)(drawn.ranges[i].low + s), -alpha);
		assert_near(mass[i], sum / all, 1e-12);
	}
}

/* Law 4: what a buddy grants for what is requested. */
static void rounding_to_powers_of_two_costs_what_the_laws_say(void **state)
{
	(void)state;
	make((struct workload_size){.kind = WORKLOAD_SIZE_ZIPF, .min = 1, .max = 65536, .alpha = 1});
	double granted = 0, requested = 0, ratios = 0;
	for (int i = 0; i < 1000000; i++) {
		double size = (double)distribution_draw(&drawn, &rng);
		granted += exp2(ceil(log2(size)));
		requested += size;
	}
	assert_near(granted / requested, 1.3862, 0.005 * 1.3862);
	tear_down(NULL);
	make((struct workload_size){.kind = WORKLOAD_SIZE_LOG_UNIFORM, .min = 1024, .max = 65536});
	for (int i = 0; i < 1000000; i++) {
		double size = (double)distribution_draw(&drawn, &rng);
		ratios += exp2(ceil(log2(size))) / size;
	}
	assert_near(ratios / 1000000, 1.4425, 0.005 * 1.4425);
}

static void weights_are_what_they_are(void **state)
{
	(void)state;
	struct workload_size_part parts[] = {{7, {.min = 1, .max = 1}}, {1, {.min = 32, .max = 32}}};
	make((struct workload_size){.kind = WORKLOAD_SIZE_WEIGHTS, .min = 1, .max = 32, .parts = parts, .part_count = 2});
	assert_near(mass[0], 0.875, 1e-15);
	assert_near(drawn.mean, 4.875, 1e-12);
	assert_drawn_mean(4.875, 10.3);
}

static void a_mixture_shares_by_the_weights_of_its_parts(void **state)
{
	(void)state;
	struct workload_size_part parts[] = {
		{3, {.kind = WORKLOAD_SIZE_FIXED, .min = 1, .max = 1}},
		{1, {.kind = WORKLOAD_SIZE_POWERS_OF_TWO, .min = 2, .max = 8, .ratio = 0.5, .exact = true}},
		{4, {.kind = WORKLOAD_SIZE_ZIPF, .min = 100, .max = 101, .alpha = 1}},
	};
	make((struct workload_size){.kind = WORKLOAD_SIZE_MIXED, .min = 1, .max = 101, .parts = parts, .part_count = 3});
	const double expected[] = {3.0 / 8, 4.0 / 7 / 8, 2.0 / 7 / 8, 1.0 / 7 / 8, 101.0 / 201 / 2, 100.0 / 201 / 2};
	assert_int_equal(drawn.classes.count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_near(mass[i], expected[i], 1e-14);
}

static void a_single_size_has_no_curve(void **state)
{
	(void)state;
	const enum workload_size_kind kinds[] = {WORKLOAD_SIZE_LOG_UNIFORM, WORKLOAD_SIZE_LOGNORMAL, WORKLOAD_SIZE_PARETO,
						 WORKLOAD_SIZE_ZIPF};
	for (size_t i = 0; i < 4; i++) {
		make((struct workload_size){.kind = kinds[i], .min = 9, .max = 9, .median = 9, .sigma = 0.01, .alpha = 16});
		assert_int_equal(distribution_draw(&drawn, &rng), 9);
		tear_down(NULL);
	}
}

static void the_largest_spaces_and_steepest_curves_have_tables(void **state)
{
	(void)state;
	const double alphas[] = {0.01, 1, 16};
	for (size_t i = 0; i < 3; i++) {
		make((struct workload_size){.kind = i ? WORKLOAD_SIZE_PARETO : WORKLOAD_SIZE_ZIPF,
					    .min = 1,
					    .max = UINT64_C(1) << 52,
					    .alpha = alphas[i]});
		assert_in_range(drawn.classes.count, 11000, 12000);
		for (int k = 0; k < 1000; k++)
			assert_in_range(distribution_draw(&drawn, &rng), 1, UINT64_C(1) << 52);
		tear_down(NULL);
	}
}

static double exponential_curve(double ticks)
{
	return ticks <= 0 ? 0 : 1 - exp(-(ticks - 0.5) / (1000.0 * DISTRIBUTION_TICKS));
}

static void exponential_lifetimes_have_no_memory(void **state)
{
	(void)state;
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = 1000}, false);
	assert_curve(exponential_curve);
	assert_near(drawn.mean / DISTRIBUTION_TICKS, 1000, 0.05);
	assert_drawn_mean(1000 * DISTRIBUTION_TICKS, 1000 * DISTRIBUTION_TICKS);
	assert_true(ten_bins(exponential_curve, 0) < CHI_SQUARE_9);
	assert_true(ten_bins(exponential_curve, 10 * DISTRIBUTION_TICKS) > CHI_SQUARE_9);
}

static double pareto_life_curve(double ticks)
{
	double x = fmin(fmax((ticks - 0.5) / DISTRIBUTION_TICKS, 10), 10000);
	return (1 - pow(10 / x, 1.5)) / (1 - pow(0.001, 1.5));
}

static void pareto_lifetimes_keep_their_curve_and_mean(void **state)
{
	(void)state;
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_PARETO, .min = 10, .max = 10000, .alpha = 1.5},
		      false);
	assert_curve(pareto_life_curve);
	/* alpha / (alpha - 1) (m^(1-alpha) - M^(1-alpha)) / (m^-alpha - M^-alpha) */
	double mean = 3 * (pow(10, -0.5) - pow(10000, -0.5)) / (pow(10, -1.5) - pow(10000, -1.5));
	assert_near(drawn.mean / DISTRIBUTION_TICKS, mean, 1e-4 * mean);
	assert_drawn_mean(mean * DISTRIBUTION_TICKS, 175 * DISTRIBUTION_TICKS);
	assert_true(ten_bins(pareto_life_curve, 0) < CHI_SQUARE_9);
	assert_true(ten_bins(pareto_life_curve, DISTRIBUTION_TICKS) > CHI_SQUARE_9);
}

static double uniform_life_curve(double ticks)
{
	double x = fmin(fmax((ticks - 0.5) / DISTRIBUTION_TICKS, 100), 300);
	return (x - 100) / 200;
}

static void uniform_lifetimes_are_level(void **state)
{
	(void)state;
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_UNIFORM, .min = 100, .max = 300}, false);
	assert_curve(uniform_life_curve);
	assert_near(drawn.mean / DISTRIBUTION_TICKS, 200, 1e-3);
	assert_drawn_mean(200 * DISTRIBUTION_TICKS, 200 / sqrt(12) * DISTRIBUTION_TICKS);
	assert_true(ten_bins(uniform_life_curve, 0) < CHI_SQUARE_9);
	assert_true(ten_bins(uniform_life_curve, 2 * DISTRIBUTION_TICKS) > CHI_SQUARE_9);
}

static void generations_have_the_means_of_both(void **state)
{
	(void)state;
	struct workload_lifetime lifetime = {
		.kind = WORKLOAD_LIFETIME_GENERATIONAL, .mean = 100, .old_mean = 10000, .young_share = 0.9};
	make_lifetime(lifetime, false);
	assert_near(drawn.mean / DISTRIBUTION_TICKS, 1090, 0.1);
	uint64_t seen = 0;
	for (int i = 0; i < DRAWS; i++)
		seen += distribution_draw(&drawn, &rng) < 500 * DISTRIBUTION_TICKS;
	double portion = 0.9 * (1 - exp(-5)) + 0.1 * (1 - exp(-0.05));
	assert_near((double)seen / DRAWS, portion, 4 * sqrt(portion * (1 - portion) / DRAWS));
}

static void a_fixed_lifetime_is_that_many_ticks(void **state)
{
	(void)state;
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_FIXED, .min = 7, .max = 7}, false);
	assert_int_equal(distribution_draw(&drawn, &rng), 7 * DISTRIBUTION_TICKS);
}

/* E(X^2) / E(X): twice the mean of an exponential, 2/3 (b^3 - a^3) / (b^2 - a^2) of a uniform. */
static void what_lives_already_is_longer_than_what_comes(void **state)
{
	(void)state;
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = 1000}, true);
	assert_near(drawn.mean / DISTRIBUTION_TICKS, 2000, 0.2);
	tear_down(NULL);
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_UNIFORM, .min = 100, .max = 300}, true);
	assert_near(drawn.mean / DISTRIBUTION_TICKS, 2.0 / 3 * (27e6 - 1e6) / (9e4 - 1e4), 0.02);
	tear_down(NULL);
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_FIXED, .min = 7, .max = 7}, true);
	assert_int_equal(distribution_draw(&drawn, &rng), 7 * DISTRIBUTION_TICKS);
}

static uint64_t hash_draws(uint64_t hash)
{
	for (int i = 0; i < 10000; i++)
		hash = (hash ^ distribution_draw(&drawn, &rng)) * UINT64_C(0x100000001b3);
	tear_down(NULL);
	return hash;
}

static void the_same_seed_gives_the_same_numbers_everywhere(void **state)
{
	(void)state;
	const enum workload_size_kind kinds[] = {WORKLOAD_SIZE_LOG_UNIFORM, WORKLOAD_SIZE_LOGNORMAL, WORKLOAD_SIZE_PARETO,
						 WORKLOAD_SIZE_ZIPF};
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < 4; i++) {
		make((struct workload_size){
			.kind = kinds[i], .min = 3, .max = 100003, .median = 77, .sigma = 1.7, .alpha = 0.9});
		hash = hash_draws(hash);
	}
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = 12345}, false);
	hash = hash_draws(hash);
	make_lifetime((struct workload_lifetime){.kind = WORKLOAD_LIFETIME_PARETO, .min = 3, .max = 1000000, .alpha = 0.7},
		      true);
	hash = hash_draws(hash);
	assert_int_equal(hash, UINT64_C(0x3c8451055343a561));
}

static void every_failing_allocation_is_an_error(void **state)
{
	(void)state;
	struct workload_size size = {.kind = WORKLOAD_SIZE_ZIPF, .min = 1, .max = 100, .alpha = 1};
	for (struct lack lack = {.least = 5}; lack_next(&lack);) {
		lack_begins(&lack);
		int result = distribution_init(&drawn, &size);
		if (!lack_ends(&lack)) {
			assert_int_equal(result, 0);
			continue;
		}
		assert_int_equal(result, -1);
		assert_null(drawn.ranges);
		assert_null(drawn.classes.columns);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(log_uniform_has_the_same_share_in_every_octave),
		TEST(pareto_falls_with_its_power),
		TEST(wide_classes_keep_the_curve),
		TEST(lognormal_is_symmetric_around_its_median),
		TEST(zipf_weighs_by_rank),
		TEST(zipf_sums_up_inside_wide_classes),
		TEST(rounding_to_powers_of_two_costs_what_the_laws_say),
		TEST(weights_are_what_they_are),
		TEST(a_mixture_shares_by_the_weights_of_its_parts),
		TEST(a_single_size_has_no_curve),
		TEST(the_largest_spaces_and_steepest_curves_have_tables),
		TEST(exponential_lifetimes_have_no_memory),
		TEST(pareto_lifetimes_keep_their_curve_and_mean),
		TEST(uniform_lifetimes_are_level),
		TEST(generations_have_the_means_of_both),
		TEST(a_fixed_lifetime_is_that_many_ticks),
		TEST(what_lives_already_is_longer_than_what_comes),
		TEST(the_same_seed_gives_the_same_numbers_everywhere),
		TEST(every_failing_allocation_is_an_error),
	};
	return cmocka_run_group_tests_name("distribution curves", tests, NULL, NULL);
}
