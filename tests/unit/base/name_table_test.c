/* SPDX-License-Identifier: MIT */
#include "base/name_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define NAMES 5000

static char names[NAMES][8];

static void fill(struct name_table *table)
{
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(names[i], sizeof names[i], "n%zu", i);
		assert_int_equal(name_table_set(table, names[i], 3 * i), 0);
	}
}

static void an_empty_table_finds_nothing(void **state)
{
	(void)state;
	struct name_table table = {0};
	assert_true(name_table_find(&table, "a") == NAME_TABLE_NONE);
	name_table_release(&table);
}

static void every_name_is_found_again(void **state)
{
	(void)state;
	struct name_table table = {0};
	fill(&table);
	for (size_t i = 0; i < NAMES; i++)
		assert_int_equal(name_table_find(&table, names[i]), 3 * i);
	name_table_release(&table);
}

static void other_names_are_not_found(void **state)
{
	(void)state;
	struct name_table table = {0};
	fill(&table);
	char other[16];
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(other, sizeof other, "m%zu", i);
		assert_true(name_table_find(&table, other) == NAME_TABLE_NONE);
	}
	name_table_release(&table);
}

static void a_name_set_again_has_the_new_number(void **state)
{
	(void)state;
	struct name_table table = {0};
	fill(&table);
	assert_int_equal(name_table_set(&table, "n17", 4), 0);
	assert_int_equal(name_table_find(&table, "n17"), 4);
	assert_int_equal(table.count, NAMES);
	name_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_finds_nothing),
		cmocka_unit_test(every_name_is_found_again),
		cmocka_unit_test(other_names_are_not_found),
		cmocka_unit_test(a_name_set_again_has_the_new_number),
	};
	return cmocka_run_group_tests_name("tables of names", tests, NULL, NULL);
}
