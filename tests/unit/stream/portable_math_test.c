/* SPDX-License-Identifier: MIT
 * Goal: our logarithm, exponential and normal distribution are right, as far as libm is, and their bits never change. */
#include "stream/portable_math.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void assert_near(double got, double wanted, double relative)
{
	if (fabs(got - wanted) > relative * fabs(wanted))
		fail_msg("%.17g is not %.17g", got, wanted);
}

static void logarithms_are_right(void **state)
{
	(void)state;
	assert_true(portable_log(1) == 0);
	for (double x = 1e-9; x < 1e18; x *= 1.37)
		assert_near(portable_log(x), log(x), 4e-16);
	/* Where the obvious form cancels. */
	for (double step = 1e-3; step > 1e-15; step /= 3)
		assert_near(portable_log(1 + step), log(1 + step), 4e-16);
}

static void exponentials_are_right(void **state)
{
	(void)state;
	assert_true(portable_exp(0) == 1);
	assert_true(portable_exp(-701) == 0);
	for (double x = -699.7; x < 700; x += 0.313)
		assert_near(portable_exp(x), exp(x), 1e-15);
}

static void growth_does_not_cancel(void **state)
{
	(void)state;
	assert_true(portable_growth(0) == 1);
	for (double x = 1e-12; x < 30; x *= 1.7) {
		assert_near(portable_growth(x), expm1(x) / x, 1e-14);
		assert_near(portable_growth(-x), expm1(-x) / -x, 1e-14);
	}
}

static void the_normal_distribution_is_right(void **state)
{
	(void)state;
	assert_true(portable_normal(0) == 0.5);
	assert_true(portable_normal(-8.5) == 0 && portable_normal(8.5) == 1);
	for (double z = -8; z <= 8; z += 0.037)
		assert_true(fabs(portable_normal(z) - 0.5 * erfc(-z / sqrt(2))) < 1e-14);
}

/* What a fused multiply-add or another libm would change. */
static void bits_are_the_same_everywhere(void **state)
{
	(void)state;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (int i = 1; i <= 2000; i++) {
		double results[] = {portable_log(i * 0.137), portable_exp(i * 0.31 - 300), portable_growth(i * 0.011 - 11),
				    portable_normal(i * 0.008 - 8)};
		for (size_t k = 0; k < 4; k++) {
			uint64_t bits;
			memcpy(&bits, &results[k], sizeof bits);
			hash = (hash ^ bits) * UINT64_C(0x100000001b3);
		}
	}
	assert_int_equal(hash, UINT64_C(0x1802875925b2f361));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logarithms_are_right),         cmocka_unit_test(exponentials_are_right),
		cmocka_unit_test(growth_does_not_cancel),       cmocka_unit_test(the_normal_distribution_is_right),
		cmocka_unit_test(bits_are_the_same_everywhere),
	};
	return cmocka_run_group_tests_name("portable_math", tests, NULL, NULL);
}
