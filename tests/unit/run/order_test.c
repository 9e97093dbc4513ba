/* SPDX-License-Identifier: MIT
 * The order of rounds: balanced over a square, drawn anew for each, the same for the same seed. */
#include "run/order.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ARMS_MAX = 9 };

static void every_arm_stands_once_at_every_place_of_a_square(void **state)
{
	(void)state;
	for (size_t count = 1; count <= ARMS_MAX; count++)
		for (uint32_t square = 0; square < 5; square++) {
			bool at[ARMS_MAX][ARMS_MAX] = {{false}}, in[ARMS_MAX][ARMS_MAX] = {{false}};
			for (uint32_t row = 0; row < count; row++) {
				size_t order[ARMS_MAX];
				assert_int_equal(round_order(7, square * (uint32_t)count + row, count, order), 0);
				for (size_t place = 0; place < count; place++) {
					assert_true(order[place] < count);
					assert_false(at[order[place]][place]);
					assert_false(in[row][order[place]]);
					at[order[place]][place] = in[row][order[place]] = true;
				}
			}
		}
}

static void a_seed_repeats_and_another_one_does_not(void **state)
{
	(void)state;
	size_t one[8], again[8], other[8];
	int differ = 0;
	for (uint32_t round = 0; round < 16; round++) {
		assert_int_equal(round_order(1, round, 8, one), 0);
		assert_int_equal(round_order(1, round, 8, again), 0);
		assert_int_equal(round_order(2, round, 8, other), 0);
		assert_memory_equal(one, again, sizeof one);
		differ += memcmp(one, other, sizeof one) != 0;
	}
	assert_true(differ >= 15);
}

/* A fixed square would let an arm always follow the same one. Of two arms out of three, each follows the other about as
 * often. */
static void no_arm_always_follows_the_same_one(void **state)
{
	(void)state;
	int follows[3][3] = {{0}};
	for (uint32_t round = 0; round < 3000; round++) {
		size_t order[3];
		assert_int_equal(round_order(3, round, 3, order), 0);
		follows[order[0]][order[1]]++;
		follows[order[1]][order[2]]++;
	}
	/* 6000 pairs over 6 kinds: 1000 each; a square has three rows of one sense, so the deviation is sqrt(3) of 29. */
	for (size_t a = 0; a < 3; a++)
		for (size_t b = 0; b < 3; b++)
			assert_true(a == b ? follows[a][b] == 0 : follows[a][b] > 800 && follows[a][b] < 1200);
}

/* A cyclic square with its arms permuted alone: inside of it, each arm has one follower. */
static void arms_have_several_followers_inside_a_square(void **state)
{
	(void)state;
	enum { ARMS = 5 };
	int several = 0;
	for (uint32_t square = 0; square < 100; square++) {
		bool follows[ARMS] = {false};
		int followers = 0;
		for (uint32_t row = 0; row < ARMS; row++) {
			size_t order[ARMS];
			assert_int_equal(round_order(4, square * ARMS + row, ARMS, order), 0);
			for (size_t place = 0; place + 1 < ARMS; place++)
				if (order[place] == 0)
					follows[order[place + 1]] = true;
		}
		for (size_t arm = 0; arm < ARMS; arm++)
			followers += follows[arm];
		several += followers > 1;
	}
	/* Of the 24 cyclic orders of columns, 4 have one distance throughout. */
	assert_true(several > 60);
}

/* Whether two steps of one length, in rounds or in arms, lead the same way all over a square of five. */
static bool step_is_constant(uint32_t square, bool of_rounds)
{
	enum { ARMS = 5 };
	size_t order[ARMS][ARMS];
	for (uint32_t row = 0; row < ARMS; row++)
		assert_int_equal(round_order(5, square * ARMS + row, ARMS, order[row]), 0);
	size_t next[ARMS];
	for (size_t place = 0; place < ARMS; place++)
		next[order[0][place]] = order[1][place];
	for (uint32_t row = 0; row < ARMS; row++) {
		size_t distance = (order[row][1] + ARMS - order[row][0]) % ARMS;
		if (!of_rounds && distance != (order[0][1] + ARMS - order[0][0]) % ARMS)
			return false;
		for (size_t place = 0; of_rounds && row + 1 < ARMS && place < ARMS; place++)
			if (order[row + 1][place] != next[order[row][place]])
				return false;
	}
	return true;
}

/* Rows in their own order: what stood at a place is followed there by the same arm, round after round. Arms that keep their
 * numbers: two places are as far apart in every round. Of the 120 permutations of five, 20 are such ones by chance: a sixth of
 * 200. */
static void rows_and_arms_are_permuted_too(void **state)
{
	(void)state;
	int rows = 0, arms = 0;
	for (uint32_t square = 0; square < 200; square++) {
		rows += step_is_constant(square, true);
		arms += step_is_constant(square, false);
	}
	assert_true(rows < 70 && arms < 70);
}

static void without_memory_there_is_no_order(void **state)
{
	(void)state;
	size_t order[3];
	memory_fail_after(0);
	assert_int_equal(round_order(1, 0, 3, order), -1);
	memory_fail_after(UINT64_MAX);
	assert_int_equal(round_order(1, 0, 0, order), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_arm_stands_once_at_every_place_of_a_square),
		cmocka_unit_test(a_seed_repeats_and_another_one_does_not),
		cmocka_unit_test(no_arm_always_follows_the_same_one),
		cmocka_unit_test(arms_have_several_followers_inside_a_square),
		cmocka_unit_test(rows_and_arms_are_permuted_too),
		cmocka_unit_test(without_memory_there_is_no_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
