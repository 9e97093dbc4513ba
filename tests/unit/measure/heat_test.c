/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "measure/heat.h"

static void a_bin_is_from_its_lowest_value_to_the_next_one(void **state)
{
	(void)state;
	for (size_t bin = 0; bin + 1 < HEAT_BINS; bin++) {
		assert_true(heat_bin_low(bin) < heat_bin_low(bin + 1));
		assert_int_equal(heat_bin(heat_bin_low(bin)), bin);
		assert_int_equal(heat_bin(heat_bin_low(bin + 1) - 1), bin);
	}
}

static void there_are_four_bins_for_a_doubling(void **state)
{
	(void)state;
	for (uint64_t value = 4; value < UINT64_C(1) << 39; value *= 2)
		assert_int_equal(heat_bin(2 * value) - heat_bin(value), 4);
	assert_int_equal(heat_bin(UINT64_MAX), HEAT_BINS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bin_is_from_its_lowest_value_to_the_next_one),
		cmocka_unit_test(there_are_four_bins_for_a_doubling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
