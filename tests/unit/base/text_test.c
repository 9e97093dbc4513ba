/* SPDX-License-Identifier: MIT
 * Texts that grow, escapes, numbers for people, and the nearest name. */
#include "base/text.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct text text;

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	text_release(&text);
	return 0;
}

static void texts_grow(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		text_add(&text, "%03d,", i);
	assert_int_equal(text.length, 4000);
	assert_memory_equal(text.bytes + 3996, "999,", 5);
}

static void bytes_may_be_nul(void **state)
{
	(void)state;
	text_add_bytes(&text, "a\0b", 3);
	assert_int_equal(text.length, 3);
	assert_memory_equal(text.bytes, "a\0b", 4);
	text_add_bytes(&text, NULL, 0);
	assert_int_equal(text.length, 3);
}

static void a_text_that_failed_stays_failed(void **state)
{
	(void)state;
	text_add(&text, "kept");
	memory_fail_after(0);
	for (int i = 0; i < 200; i++)
		text_add(&text, "x");
	assert_true(text.failed);
	assert_true(text.length < 204);
	text_add(&text, "more");
	assert_memory_equal(text.bytes, "kept", 4);
	assert_int_equal(strlen(text.bytes), text.length);
}

static void says(void (*add)(struct text *, const char *), const char *value, const char *wanted)
{
	text_release(&text);
	add(&text, value);
	assert_string_equal(text.bytes, wanted);
}

static void json_is_escaped(void **state)
{
	(void)state;
	says(text_add_json, "plain", "\"plain\"");
	says(text_add_json, "a\"b\\c\n\t\r\x01", "\"a\\\"b\\\\c\\n\\t\\r\\u0001\"");
	says(text_add_json, "\x7f", "\"\\u007f\"");
	says(text_add_json, "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"");
	says(text_add_json, "\xc2\x9b\xe2\x80\xae\xd8\x9c\xe2\x80\xa8\xef\xbb\xbf",
	     "\"\\u009b\\u202e\\u061c\\u2028\\ufeff\"");
	says(text_add_json, "", "\"\"");
	says(text_add_json, NULL, "null");
}

static void add_document(struct text *into, const char *json)
{
	text_add_json_document(into, json, strlen(json));
}

static void a_document_of_json_keeps_all_but_what_steers(void **state)
{
	(void)state;
	says(add_document, "{\"a\": [1,\n\t2], \"\\n\xc3\xbc\xf0\x9f\x98\x80\": \"\"}\n",
	     "{\"a\": [1,\n\t2], \"\\n\xc3\xbc\xf0\x9f\x98\x80\": \"\"}\n");
	says(add_document, "\"\x7f\xc2\x80x\xc2\x9f\xc2\xa0\xe2\x81\xa6\xe2\x80\x8f\"",
	     "\"\\u007f\\u0080x\\u009f\xc2\xa0\\u2066\\u200f\"");
	says(add_document, "\"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xe2\x82\xac\"", "\"\\u2028\\u2029\\ufeff\xe2\x82\xac\"");
	says(add_document, "\"\xff\"", "\"\\ufffd\"");
	says(add_document, "", "");
}

/* A lone continuation, a cut sequence, an overlong form, a surrogate, and one beyond U+10FFFF. */
static void wrong_utf8_becomes_a_replacement(void **state)
{
	(void)state;
	says(text_add_json, "\x80", "\"\\ufffd\"");
	says(text_add_json, "\xe2\x82", "\"\\ufffd\\ufffd\"");
	says(text_add_json, "\xc0\xaf", "\"\\ufffd\\ufffd\"");
	says(text_add_json, "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
	says(text_add_json, "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	says(text_add_json, "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
}

/* One line, which steers nothing and runs from left to right. */
static void plain_text_has_escapes(void **state)
{
	(void)state;
	says(text_add_plain, "buddy: a → b", "buddy: a → b");
	says(text_add_plain, "a\nb\tc\rd", "a\\nb\\tc\\rd");
	says(text_add_plain, "\x1b[31mred\x7f", "\\x1b[31mred\\x7f");
	says(text_add_plain,
	     "\xc2\x9b"
	     "31m",
	     "\\u009b31m");
	says(text_add_plain, "\u202eevil\u2066\u200f", "\\u202eevil\\u2066\\u200f");
	says(text_add_plain, "\xff\xc2", "\\xff\\xc2");
}

static void html_is_escaped(void **state)
{
	(void)state;
	says(text_add_csv, "rbtree:fit=best", "rbtree:fit=best");
	says(text_add_csv, "a \"b\", c\nd", "\"a \"\"b\"\", c\nd\"");
	says(text_add_csv, "=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
	says(text_add_csv, "-x", "\"'-x\"");
	says(text_add_csv, "+x", "\"'+x\"");
	says(text_add_csv, "@SUM(A1)", "\"'@SUM(A1)\"");
	says(text_add_csv, "\t=1", "\"'\t=1\"");
	says(text_add_csv, "\r=1", "\"'\r=1\"");
	says(text_add_csv, "\n=1", "\"'\n=1\"");
	says(text_add_csv, "a\x1b[31mb\xc2\x9b\xe2\x80\xae", "a\xef\xbf\xbd[31mb\xef\xbf\xbd\xef\xbf\xbd");
	says(text_add_csv, "a=1", "a=1");
	says(text_add_html, "<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

static void reads(const char *(*write)(char *, double), double value, const char *wanted)
{
	char buffer[TEXT_NUMBER_BYTES];
	assert_string_equal(write(buffer, value), wanted);
}

static void durations_have_three_digits_and_a_unit(void **state)
{
	(void)state;
	reads(text_duration, 0, "0 ns");
	reads(text_duration, 12.34, "12.3 ns");
	reads(text_duration, 7, "7 ns");
	reads(text_duration, 9.996, "10.0 ns");
	reads(text_duration, 999.4, "999 ns");
	reads(text_duration, 999.6, "1.00 us");
	reads(text_duration, 4560000, "4.56 ms");
	reads(text_duration, 60e9, "60.0 s");
	reads(text_duration, 5e12, "5000 s");
	reads(text_duration, NAN, "-");
	reads(text_duration, INFINITY, "-");
}

static void bytes_are_counted_in_powers_of_1024(void **state)
{
	(void)state;
	reads(text_bytes, 512, "512 B");
	reads(text_bytes, 1024, "1.00 KiB");
	reads(text_bytes, 1.5 * 1048576, "1.50 MiB");
	reads(text_bytes, 16.0 * (1 << 30), "16.0 GiB");
}

static void counts_have_no_unit_of_their_own(void **state)
{
	(void)state;
	reads(text_count, 950, "950");
	reads(text_count, 2e6, "2.00 M");
	reads(text_count, 20100, "20.1 k");
	reads(text_count, 0.5, "0.50");
}

static const char *const names[] = {"buddy", "bitmap", "rbtree", "run", "report", NULL};

static void is_nearest(const char *word, const char *wanted)
{
	const char *nearest = text_nearest(word, names);
	if (wanted)
		assert_string_equal(nearest ? nearest : "nothing", wanted);
	else
		assert_null(nearest);
}

static void slips_of_the_hand_are_understood(void **state)
{
	(void)state;
	is_nearest("budy", "buddy");
	is_nearest("buddyy", "buddy");
	is_nearest("bitmpa", "bitmap"); /* exchanged */
	is_nearest("rbtre", "rbtree");
	is_nearest("repotr", "report");
	is_nearest("ru", "run");
	is_nearest("rn", "run");
	is_nearest("rnu", "run"); /* one slip, not two */
	is_nearest("buddy", "buddy");
}

static void other_words_mean_nothing(void **state)
{
	(void)state;
	is_nearest("segregated", NULL);
	is_nearest("x", NULL);
	is_nearest("", NULL);
	is_nearest("bxxxy", NULL);
	is_nearest("a-word-that-is-longer-than-forty-letters-is-no-slip", NULL);
}

static void the_first_error_wins(void **state)
{
	(void)state;
	struct error error = {0};
	assert_int_equal(error_set(&error, EXIT_CODE_IO, "first %d", 1), -1);
	assert_int_equal(error_set(&error, EXIT_CODE_USAGE, "second"), -1);
	assert_string_equal(error.message, "first 1");
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
	assert_int_equal(error_set(NULL, EXIT_CODE_IO, "nobody listens"), -1);
}

static void a_long_message_is_cut(void **state)
{
	(void)state;
	struct error error = {0};
	char longer[2 * ERROR_MESSAGE_BYTES];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	error_set(&error, EXIT_CODE_IO, "%s", longer);
	assert_int_equal(strlen(error.message), ERROR_MESSAGE_BYTES - 1);
}

int main(void)
{
#define A(test) cmocka_unit_test_teardown(test, tear_down)
	const struct CMUnitTest tests[] = {
		A(plain_text_has_escapes),
		A(texts_grow),
		A(bytes_may_be_nul),
		A(a_text_that_failed_stays_failed),
		A(json_is_escaped),
		A(a_document_of_json_keeps_all_but_what_steers),
		A(wrong_utf8_becomes_a_replacement),
		A(html_is_escaped),
		A(durations_have_three_digits_and_a_unit),
		A(bytes_are_counted_in_powers_of_1024),
		A(counts_have_no_unit_of_their_own),
		A(slips_of_the_hand_are_understood),
		A(other_words_mean_nothing),
		A(the_first_error_wins),
		A(a_long_message_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
