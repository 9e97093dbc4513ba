/* SPDX-License-Identifier: MIT
 * The generator against published values, and what is drawn from it. */
#include "base/rng.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* xoshiro256** from the state 1, 2, 3, 4: the values that the authors' program prints. */
static void the_numbers_are_those_of_the_authors(void **state)
{
	(void)state;
	static const uint64_t wanted[] = {UINT64_C(11520),
					  UINT64_C(0),
					  UINT64_C(1509978240),
					  UINT64_C(1215971899390074240),
					  UINT64_C(1216172134540287360),
					  UINT64_C(607988272756665600),
					  UINT64_C(16172922978634559625),
					  UINT64_C(8476171486693032832),
					  UINT64_C(10595114339597558777),
					  UINT64_C(2904607092377533576)};
	struct rng rng = {{1, 2, 3, 4}};
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		assert_true(rng_next(&rng) == wanted[i]);
}

static void seeds_are_spread_as_the_authors_say(void **state)
{
	(void)state;
	static const uint64_t wanted[] = {UINT64_C(1985237415132408290), UINT64_C(2979275885539914483),
					  UINT64_C(13511426838097143398), UINT64_C(8488337342461049707),
					  UINT64_C(15141737807933549159)};
	uint64_t seed = UINT64_C(1477776061723855037);
	for (size_t i = 0; i < 5; i++)
		assert_true(rng_splitmix(&seed) == wanted[i]);
	struct rng rng;
	rng_seed(&rng, UINT64_C(1477776061723855037));
	for (size_t i = 0; i < 4; i++)
		assert_true(rng.state[i] == wanted[i]);
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
	(void)state;
	struct rng one, other, third;
	rng_seed(&one, 0);
	rng_seed(&other, 0);
	rng_seed(&third, 1);
	bool differs = false;
	for (int i = 0; i < 100; i++) {
		uint64_t value = rng_next(&one);
		assert_true(value == rng_next(&other));
		differs |= value != rng_next(&third);
	}
	assert_true(differs);
}

/* 60,000 throws of a die: each face 10,000 times, sigma = 91. */
static void a_die_is_fair(void **state)
{
	(void)state;
	struct rng rng;
	int faces[6] = {0};
	rng_seed(&rng, 1);
	for (int i = 0; i < 60000; i++) {
		uint64_t face = rng_below(&rng, 6);
		assert_true(face < 6);
		faces[face]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(faces[i], 10000 - 5 * 91, 10000 + 5 * 91);
}

static void extreme_bounds_are_kept(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 1);
	for (int i = 0; i < 1000; i++) {
		assert_true(rng_below(&rng, 1) == 0);
		assert_true(rng_below(&rng, UINT64_MAX) < UINT64_MAX);
	}
}

/* Stretched to the bound 3 * 2^62, four draws share three values, and every third value comes twice as often unless draws are
 * thrown away. 30,000 draws: each remainder 10,000, sigma = 82. */
static void large_bounds_are_fair(void **state)
{
	(void)state;
	struct rng rng;
	int thirds[3] = {0};
	rng_seed(&rng, 1);
	for (int i = 0; i < 30000; i++)
		thirds[rng_below(&rng, UINT64_C(3) << 62) % 3]++;
	for (int i = 0; i < 3; i++)
		assert_in_range(thirds[i], 10000 - 5 * 82, 10000 + 5 * 82);
}

static void units_lie_in_their_interval(void **state)
{
	(void)state;
	struct rng rng;
	double sum = 0;
	rng_seed(&rng, 1);
	for (int i = 0; i < 10000; i++) {
		double unit = rng_unit(&rng);
		assert_true(unit >= 0 && unit < 1);
		sum += unit;
	}
	/* Mean 1/2, sigma of the mean 0.0029. */
	assert_true(sum / 10000 > 0.485 && sum / 10000 < 0.515);
	struct rng all = {{0, UINT64_MAX, 0, 0}};
	assert_true(rng_unit(&all) < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_numbers_are_those_of_the_authors),
		cmocka_unit_test(seeds_are_spread_as_the_authors_say),
		cmocka_unit_test(the_same_seed_gives_the_same_numbers),
		cmocka_unit_test(a_die_is_fair),
		cmocka_unit_test(extreme_bounds_are_kept),
		cmocka_unit_test(large_bounds_are_fair),
		cmocka_unit_test(units_lie_in_their_interval),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
