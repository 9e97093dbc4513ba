/* SPDX-License-Identifier: MIT
 * Rows of options: what they read, what they write is read again, and what help makes of them. */
#include "base/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum fruit { APPLE, PEAR };

struct target {
	bool loud;
	uint32_t number;
	uint64_t count;
	enum fruit fruit;
	const char *name;
};

static const char *const fruits[] = {"apple", "pear", NULL};

static const struct option_row rows[] = {
	{"loud", 'l', OPTION_FLAG, OPTION_SHOWS, NULL, NULL, "makes noise", OPTION_AT(struct target, loud)},
	{"number", 0, OPTION_NUMBER, OPTION_FIGURES, "N", "takes 2 to 9", "of things", OPTION_AT(struct target, number),
	 .minimum = 2, .maximum = 9},
	{"count", 'c', OPTION_COUNT, OPTION_FIGURES, "N", "takes a count", "of things", OPTION_AT(struct target, count),
	 .minimum = 1, .maximum = UINT64_MAX},
	{"fruit", 0, OPTION_CHOICE, OPTION_FIGURES, "KIND", "takes apple or pear", "to eat",
	 OPTION_AT(struct target, fruit), .choices = fruits},
	{"name", 0, OPTION_TEXT, OPTION_SHOWS, "NAME", "takes a name", "of all", OPTION_AT(struct target, name)},
};
enum { LOUD, NUMBER, COUNT, FRUIT, NAME };

static struct target target;
static struct error error;

static int read_row(int row, const char *value)
{
	error = (struct error){0};
	return option_read(&rows[row], &target, value, &error);
}

static void refused(int row, const char *value, const char *message)
{
	const struct target before = target;
	assert_int_equal(read_row(row, value), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_string_equal(error.message, message);
	if (row != NAME)
		assert_memory_equal(&before, &target, sizeof before);
}

static void members_of_every_size_are_set(void **state)
{
	(void)state;
	target = (struct target){0};
	assert_int_equal(read_row(LOUD, NULL), 0);
	assert_int_equal(read_row(NUMBER, "0x9"), 0);
	assert_int_equal(read_row(COUNT, "18446744073709551615"), 0);
	assert_int_equal(read_row(FRUIT, "pear"), 0);
	assert_int_equal(read_row(NAME, "x"), 0);
	assert_true(target.loud);
	assert_int_equal(target.number, 9);
	assert_true(target.count == UINT64_MAX);
	assert_int_equal(target.fruit, PEAR);
	assert_string_equal(target.name, "x");
	assert_int_equal(read_row(COUNT, "3M"), 0);
	assert_true(target.count == 3000000);
}

static void what_is_wrong_is_told_with_what_would_be_right(void **state)
{
	(void)state;
	target = (struct target){.number = 5, .fruit = PEAR};
	refused(NUMBER, "1", "--number '1': takes 2 to 9");
	refused(NUMBER, "10", "--number '10': takes 2 to 9");
	refused(NUMBER, "-3", "--number '-3': takes 2 to 9");
	refused(NUMBER, " 3", "--number ' 3': takes 2 to 9");
	refused(NUMBER, "3k", "--number '3k': takes 2 to 9");
	refused(NUMBER, "", "--number '': takes 2 to 9");
	refused(COUNT, "18446744073709551616", "-c '18446744073709551616': takes a count");
	refused(COUNT, "18446744073709552k", "-c '18446744073709552k': takes a count");
	refused(COUNT, "3kk", "-c '3kk': takes a count");
	refused(FRUIT, "plum", "--fruit 'plum': takes apple or pear");
	refused(NAME, "", "--name '': takes a name");
}

static void what_is_written_is_read_again(void **state)
{
	(void)state;
	static const char *const values[] = {"yes", "7", "12345678901", "pear", "here"};
	target = (struct target){.loud = true, .number = 7, .count = 12345678901, .fruit = PEAR, .name = "here"};
	const struct target before = target;
	for (int i = 0; i < NAME; i++) {
		struct text text = {0};
		option_write(&rows[i], &target, &text);
		assert_string_equal(text.bytes, values[i]);
		assert_int_equal(read_row(i, text.bytes), 0);
		text_release(&text);
	}
	assert_memory_equal(&before, &target, sizeof before);
	struct text nothing = {0};
	target = (struct target){0};
	option_write(&rows[LOUD], &target, &nothing);
	option_write(&rows[NUMBER], &target, &nothing);
	option_write(&rows[NAME], &target, &nothing);
	assert_int_equal(nothing.length, 0);
	text_release(&nothing);
}

static void help_keeps_its_columns(void **state)
{
	(void)state;
	static const struct option_row wide = {
		.name = "a-rather-long-one", .value = "KEY=A,B", .help = "one two three four five six"};
	struct text text = {0};
	option_help(&rows[LOUD], 80, &text);
	option_help(&wide, 40, &text);
	assert_string_equal(text.bytes, "  -l, --loud             makes noise\n"
					"      --a-rather-long-one KEY=A,B\n"
					"                         one two three\n"
					"                         four five six\n");
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_of_every_size_are_set),
		cmocka_unit_test(what_is_wrong_is_told_with_what_would_be_right),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(help_keeps_its_columns),
	};
	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
