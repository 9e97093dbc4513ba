/* SPDX-License-Identifier: MIT
 * Classes worked out by hand, then moments and chi-square of fixed seeds. Critical values: chi-square at 0.1 %. */
#include "stream/distribution.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define DRAWS 200000
#define WIDE 128 /* a choice of so many */

static struct rng rng;
static struct distribution distribution;

static int seed(void **state)
{
	(void)state;
	rng_seed(&rng, 2024);
	return 0;
}

static double chi_square(const uint64_t *seen, const double *weights, size_t count)
{
	double sum = 0, draws = 0, result = 0;
	for (size_t i = 0; i < count; i++) {
		sum += weights[i];
		draws += (double)seen[i];
	}
	for (size_t i = 0; i < count; i++) {
		double expected = draws * weights[i] / sum;
		result += ((double)seen[i] - expected) * ((double)seen[i] - expected) / expected;
	}
	return result;
}

static int release(void **state)
{
	(void)state;
	distribution_release(&distribution);
	return 0;
}

static void make(const struct workload_size *size)
{
	assert_int_equal(distribution_init(&distribution, size), 0);
}

static void make_powers(uint64_t min, uint64_t max, double ratio, bool exact)
{
	make(&(struct workload_size){
		.kind = WORKLOAD_SIZE_POWERS_OF_TWO, .min = min, .max = max, .ratio = ratio, .exact = exact});
}

static void assert_range(size_t class, uint64_t low, uint64_t high)
{
	assert_int_equal(distribution.ranges[class].low, low);
	assert_int_equal(distribution.ranges[class].width, high - low + 1);
}

static void a_fixed_size_draws_no_random_number(void **state)
{
	(void)state;
	make(&(struct workload_size){.kind = WORKLOAD_SIZE_FIXED, .min = 7, .max = 7});
	struct rng before = rng;
	assert_int_equal(distribution_draw(&distribution, &rng), 7);
	assert_memory_equal(&before, &rng, sizeof rng);
}

static void powers_have_a_class_for_each_doubling(void **state)
{
	(void)state;
	make_powers(16, 128, 0.5, false);
	assert_int_equal(distribution.classes.count, 4);
	assert_range(0, 16, 16);
	assert_range(1, 17, 32);
	assert_range(2, 33, 64);
	assert_range(3, 65, 128);
}

static void the_last_class_ends_at_the_maximum(void **state)
{
	(void)state;
	make_powers(1, 10, 1, false);
	assert_int_equal(distribution.classes.count, 5);
	assert_range(3, 5, 8);
	assert_range(4, 9, 10);
}

static void exact_powers_do_not_pass_the_maximum(void **state)
{
	(void)state;
	make_powers(3, 47, 1, true);
	assert_int_equal(distribution.classes.count, 4);
	assert_range(0, 3, 3);
	assert_range(3, 24, 24);
}

static void all_sizes_of_a_space_have_room(void **state)
{
	(void)state;
	make_powers(1, UINT64_C(1) << 52, 0.001, false);
	assert_int_equal(distribution.classes.count, 53);
	assert_range(52, (UINT64_C(1) << 51) + 1, UINT64_C(1) << 52);
	for (int i = 0; i < 1000; i++)
		assert_in_range(distribution_draw(&distribution, &rng), 1, UINT64_C(1) << 52);
}

static void uniform_sizes_have_their_mean_variance_and_borders(void **state)
{
	(void)state;
	make(&(struct workload_size){.kind = WORKLOAD_SIZE_UNIFORM, .min = 11, .max = 110});
	double sum = 0, squares = 0;
	uint64_t seen[100] = {0};
	double weights[100];
	for (int i = 0; i < DRAWS; i++) {
		uint64_t size = distribution_draw(&distribution, &rng);
		assert_in_range(size, 11, 110);
		seen[size - 11]++;
		sum += (double)size;
		squares += (double)size * (double)size;
	}
	double mean = sum / DRAWS, variance = squares / DRAWS - mean * mean;
	assert_true(fabs(mean - 60.5) < 4 * sqrt(833.25 / DRAWS));
	assert_true(fabs(variance / 833.25 - 1) < 0.01);
	for (size_t i = 0; i < 100; i++)
		weights[i] = 1;
	assert_true(chi_square(seen, weights, 100) < 148.2);
}

static void classes_weigh_powers_of_the_ratio(void **state)
{
	(void)state;
	make_powers(1, 256, 0.7, true);
	uint64_t seen[9] = {0};
	double weights[9];
	for (int i = 0; i < DRAWS; i++) {
		uint64_t size = distribution_draw(&distribution, &rng);
		assert_true((size & (size - 1)) == 0);
		seen[__builtin_ctzll(size)]++;
	}
	for (size_t i = 0; i < 9; i++)
		weights[i] = pow(0.7, (double)i);
	assert_true(chi_square(seen, weights, 9) < 26.1);
}

static void sizes_inside_a_class_are_uniform(void **state)
{
	(void)state;
	make_powers(1, 64, 0.5, false);
	uint64_t seen[65] = {0};
	double weights[65] = {0};
	for (int i = 0; i < DRAWS; i++)
		seen[distribution_draw(&distribution, &rng)]++;
	assert_int_equal(seen[0], 0);
	weights[1] = 1;
	for (unsigned k = 1; k <= 6; k++) {
		for (unsigned size = (1u << (k - 1)) + 1; size <= 1u << k; size++)
			weights[size] = pow(0.5, k) / (1u << (k - 1));
	}
	assert_true(chi_square(seen + 1, weights + 1, 64) < 103.5);
}

static void choices_follow_their_weights(void **state)
{
	(void)state;
	static const uint64_t weights[] = {8, 2, 0, 1, 100, 9};
	struct choice choice;
	assert_int_equal(choice_init(&choice, weights, 6), 0);
	uint64_t seen[6] = {0};
	for (int i = 0; i < DRAWS; i++)
		seen[choice_draw(&choice, &rng)]++;
	assert_int_equal(seen[2], 0);
	uint64_t without_zero[] = {seen[0], seen[1], seen[3], seen[4], seen[5]};
	assert_true(chi_square(without_zero, (const double[]){8, 2, 1, 100, 9}, 5) < 18.5);
	choice_release(&choice);
}

/* The tables themselves: what each entry keeps and gets from others, in units of 2^-64. */
static void tables_hold_the_exact_probabilities(void **state)
{
	(void)state;
	uint64_t weights[WIDE];
	double mass[WIDE] = {0}, sum = 0;
	struct choice choice;
	for (size_t i = 0; i < WIDE; i++) {
		weights[i] = 1 + rng_below(&rng, i % 3 ? 1000 : 10);
		sum += (double)weights[i];
	}
	assert_int_equal(choice_init(&choice, weights, WIDE), 0);
	for (uint32_t i = 0; i < WIDE; i++) {
		double keep = ((double)choice.columns[i].keep + 1) * 0x1.0p-64;
		mass[i] += keep / WIDE;
		mass[choice.columns[i].alias] += (1 - keep) / WIDE;
	}
	for (uint32_t i = 0; i < WIDE; i++)
		assert_true(fabs(mass[i] - (double)weights[i] / sum) < 1e-14);
	choice_release(&choice);
}

static void huge_weights_keep_their_proportions(void **state)
{
	(void)state;
	static const uint64_t weights[] = {UINT64_MAX, UINT64_MAX, 1};
	struct choice choice;
	assert_int_equal(choice_init(&choice, weights, 3), 0);
	uint64_t seen[3] = {0};
	for (int i = 0; i < DRAWS; i++)
		seen[choice_draw(&choice, &rng)]++;
	assert_int_equal(seen[2], 0);
	assert_true(chi_square(seen, (const double[]){1, 1}, 2) < 10.9);
	choice_release(&choice);
}

static void the_same_seed_gives_the_same_sizes_everywhere(void **state)
{
	(void)state;
	make_powers(1, 4096, 0.6, false);
	uint64_t hash = 0;
	for (int i = 0; i < 10000; i++)
		hash = (hash ^ distribution_draw(&distribution, &rng)) * UINT64_C(0x100000001b3);
	assert_int_equal(hash, UINT64_C(0xf1fcf534c6ef4fff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fixed_size_draws_no_random_number, seed, release),
		cmocka_unit_test_setup_teardown(powers_have_a_class_for_each_doubling, seed, release),
		cmocka_unit_test_setup_teardown(the_last_class_ends_at_the_maximum, seed, release),
		cmocka_unit_test_setup_teardown(exact_powers_do_not_pass_the_maximum, seed, release),
		cmocka_unit_test_setup_teardown(all_sizes_of_a_space_have_room, seed, release),
		cmocka_unit_test_setup_teardown(uniform_sizes_have_their_mean_variance_and_borders, seed, release),
		cmocka_unit_test_setup_teardown(classes_weigh_powers_of_the_ratio, seed, release),
		cmocka_unit_test_setup_teardown(sizes_inside_a_class_are_uniform, seed, release),
		cmocka_unit_test_setup_teardown(choices_follow_their_weights, seed, release),
		cmocka_unit_test_setup_teardown(tables_hold_the_exact_probabilities, seed, release),
		cmocka_unit_test_setup_teardown(huge_weights_keep_their_proportions, seed, release),
		cmocka_unit_test_setup_teardown(the_same_seed_gives_the_same_sizes_everywhere, seed, release),
	};
	return cmocka_run_group_tests_name("distribution", tests, NULL, NULL);
}
