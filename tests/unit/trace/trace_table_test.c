/* SPDX-License-Identifier: MIT
 * The hash table of the import against an array that holds the same. */
#include "trace/table.h"

#include "base/memory.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void table_agrees_with_an_array(void **state)
{
	(void)state;
	enum { KEYS = 512 };
	uint32_t values[KEYS] = {0};
	struct table table = {0};
	struct rng rng;
	rng_seed(&rng, 1);
	for (int round = 0; round < 200000; round++) {
		uint64_t key = rng_below(&rng, KEYS);
		/* Neighbouring pages of several domains, as in a recording. */
		uint64_t spread = (key % 4) << 52 | (0xfffff - key / 4);
		if (rng_below(&rng, 2)) {
			values[key] = (uint32_t)round + 1;
			assert_int_equal(table_put(&table, spread, values[key]), 0);
		} else {
			values[key] = 0;
			table_remove(&table, spread);
		}
		uint64_t other = rng_below(&rng, KEYS);
		uint32_t *found = table_find(&table, (other % 4) << 52 | (0xfffff - other / 4));
		assert_int_equal(found ? *found : 0, values[other]);
	}
	size_t live = 0;
	for (size_t i = 0; i < KEYS; i++)
		live += values[i] != 0;
	assert_int_equal(table.count, live);
	table_release(&table);
}

static void empty_table_finds_nothing(void **state)
{
	(void)state;
	struct table table = {0};
	assert_null(table_find(&table, 0));
	table_remove(&table, 0);
	table_release(&table);
}

static void table_that_cannot_grow_stays_as_it_was(void **state)
{
	(void)state;
	struct table table = {0};
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(table_put(&table, i, i), 0);
	memory_fail_after(0);
	int result = table_put(&table, 32, 32);
	memory_fail_after(UINT64_MAX);
	assert_int_equal(result, -1);
	assert_null(table_find(&table, 32));
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(*table_find(&table, i), i);
	table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_agrees_with_an_array),
		cmocka_unit_test(empty_table_finds_nothing),
		cmocka_unit_test(table_that_cannot_grow_stays_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
