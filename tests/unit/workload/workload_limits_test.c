/* SPDX-License-Identifier: MIT
 * What a workload file may cost: time and memory of hostile ones, and every failing memory request in turn. Run from the root
 * of the repository. */
#include "workload/workload_yaml.h"

#include "base/memory.h"
#include "support/lack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "support/workload_fixture.h"

#define FULL "tests/golden/workload/full.yaml"
#define HEAD "iovabench: 1\nname: x\n"
#define REQUEST "requests: [{name: a, size: {fixed: 4KiB}}]\n"
#define FILL "phases: [{name: fill, mix: [{request: a}], until: {live: 10}}]\n"

/* Sanitizers copy a growing array with every step. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define SLOWDOWN 20
#else
#define SLOWDOWN 1
#endif

static void a_size_has_at_most_1024_parts(void **state)
{
	(void)state;
	struct text yaml = {0};
	for (size_t parts = 1024; parts <= 1025; parts++) {
		yaml.length = 0;
		text_add(&yaml, HEAD "requests:\n- name: a\n  size:\n    weights:\n");
		for (size_t i = 0; i < parts; i++)
			text_add(&yaml, "    - {size: %zu pages}\n", i + 1);
		text_add(&yaml, FILL);
		int result = workload_parse("test.yaml", yaml.bytes, yaml.length, &workload, &messages);
		assert_int_equal(result, parts > 1024 ? -1 : 0);
		workload_release(&workload);
	}
	assert_non_null(
		strstr(messages.bytes, "test.yaml:1031:7: requests[0].size.weights[1024]: 1025 parts; at most 1024\n"));
	text_release(&yaml);
}

static void errors_beyond_the_thousandth_are_counted(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD REQUEST FILL);
	for (int i = 0; i < 1100; i++)
		text_add(&yaml, "zz%d: 1\n", i);
	assert_int_equal(workload_parse("test.yaml", yaml.bytes, yaml.length, &workload, &messages), -1);
	assert_non_null(strstr(messages.bytes, "zz999: unknown key"));
	assert_null(strstr(messages.bytes, "zz1000: unknown key"));
	assert_non_null(strstr(messages.bytes, "test.yaml: 100 more errors are not shown\n"));
	text_release(&yaml);
}

/* Each request of the program for memory fails in turn: no crash, no leak, no half workload, and the message says so. */
static void fail_each_request(const char *file, int without_failure)
{
	static const struct workload zeroed;
	for (struct lack lack = {.least = 50}; lack_next(&lack);) {
		lack_begins(&lack);
		int result = workload_load(file, &workload, &messages);
		if (!lack_ends(&lack)) {
			assert_int_equal(result, without_failure);
			continue;
		}
		bool told = messages.bytes && strstr(messages.bytes, "no memory to read the workload");
		assert_int_equal(result, told || messages.failed ? WORKLOAD_NO_MEMORY : -1);
		assert_memory_equal(&workload, &zeroed, sizeof workload);
		if (!messages.failed && !strstr(messages.bytes, "no memory"))
			fail_msg("request %lu: %s", (unsigned long)lack.passes, messages.bytes);
		text_release(&messages);
	}
}

static void without_memory_a_right_file_is_refused_cleanly(void **state)
{
	(void)state;
	fail_each_request(FULL, 0);
}

static void without_memory_a_wrong_file_is_refused_cleanly(void **state)
{
	(void)state;
	fail_each_request("tests/bad/many-errors.yaml", -1);
}

static void without_memory_a_script_is_refused_cleanly(void **state)
{
	(void)state;
	fail_each_request("tests/bad/script-slots-both-forms.yaml", -1);
}

static double cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void assert_refused_within(const struct text *yaml, double seconds, const char *message)
{
	double begin = cpu_seconds();
	assert_false(yaml->failed);
	assert_int_equal(workload_parse("test.yaml", yaml->bytes, yaml->length, &workload, &messages), -1);
	double took = cpu_seconds() - begin;
	if (took > seconds * SLOWDOWN)
		fail_msg("took %f s", took);
	if (!strstr(messages.bytes, message))
		fail_msg("says: %.500s", messages.bytes);
}

static void an_alias_bomb_is_refused_in_a_second_and_100_mib(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 100; i++) {
		text_add(&yaml, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			text_add(&yaml, "%s*a%d", j ? ", " : "", i - 1);
		text_add(&yaml, "]\n");
	}
	assert_refused_within(&yaml, 1, "more than 100000 values, aliases written out");
	text_release(&yaml);
#ifndef SANITIZED
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	assert_in_range(usage.ru_maxrss, 1, 100 * 1024);
#endif
}

static void long_texts_multiplied_by_aliases_are_refused(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD "about: &a '");
	for (int i = 0; i < 4096; i++)
		text_add(&yaml, "x");
	text_add(&yaml, "'\nrequests: [{name: a, high: [");
	for (int i = 0; i < 50000; i++)
		text_add(&yaml, "*a, ");
	text_add(&yaml, "]}]\n");
	assert_refused_within(&yaml, 1, "values of more than 4194304 bytes together, aliases written out");
	text_release(&yaml);
}

static void a_hundred_thousand_levels_are_refused_in_a_second(void **state)
{
	(void)state;
	struct text yaml = {0};
	for (int i = 0; i < 100000; i++)
		text_add(&yaml, "[");
	assert_refused_within(&yaml, 1, "nested deeper than 32 levels");
	text_release(&yaml);
}

static void a_hundred_thousand_block_levels_are_refused_in_a_second(void **state)
{
	(void)state;
	struct text yaml = {0};
	for (int i = 0; i < 100000; i++)
		text_add(&yaml, "- ");
	assert_refused_within(&yaml, 1, "nested deeper than 32 levels");
	text_release(&yaml);
}

/* One line of 16 MiB with more problems than are told. */
static void a_thousand_problems_in_one_long_line_are_told_in_a_second(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, "{");
	for (int i = 0; i < 1000; i++)
		text_add(&yaml, "zz%d: 1, %16000s\t", i, "");
	text_add(&yaml, "}\n");
	assert_refused_within(&yaml, 1, "zz999: unknown key");
	text_release(&yaml);
}

static void too_many_values_are_refused(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD "expect: [");
	for (int i = 0; i < 100000; i++)
		text_add(&yaml, "x, ");
	text_add(&yaml, "]\n");
	assert_refused_within(&yaml, 1, "more than 100000 values");
	text_release(&yaml);
}

static void the_129th_request_is_refused(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD "requests:\n");
	for (int i = 0; i < 129; i++)
		text_add(&yaml, "  - {name: r%d, size: {fixed: 4KiB}}\n", i);
	text_add(&yaml, "phases: [{name: drain, free: all}]\n");
	assert_refused_within(&yaml, 1, "test.yaml:132:5: requests[128]: 129 requests; at most 128\n");
	text_release(&yaml);
}

static void the_257th_phase_is_refused(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD "phases:\n");
	for (int i = 0; i < 257; i++)
		text_add(&yaml, "  - {name: p%d, free: all}\n", i);
	assert_refused_within(&yaml, 1, "test.yaml:260:5: phases[256]: 257 phases; at most 256\n");
	text_release(&yaml);
}

static void as_many_requests_and_phases_as_allowed_are_read(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD "requests:\n");
	for (int i = 0; i < 128; i++)
		text_add(&yaml, "  - {name: r%d, size: {fixed: 4KiB}}\n", i);
	text_add(&yaml, "phases:\n");
	for (int i = 0; i < 256; i++)
		text_add(&yaml, "  - {name: p%d, free: all}\n", i);
	parse(yaml.bytes);
	assert_int_equal(workload.request_count, 128);
	assert_int_equal(workload.phase_count, 256);
	text_release(&yaml);
}

static void too_large_a_file_is_refused_before_it_is_read(void **state)
{
	(void)state;
	static char yaml[WORKLOAD_FILE_BYTES_MAX + 1];
	memset(yaml, '#', sizeof yaml);
	assert_int_equal(workload_parse("test.yaml", yaml, sizeof yaml, &workload, &messages), -1);
	assert_string_equal(messages.bytes, "test.yaml: larger than 16777216 bytes, the most that is read here\n");
}

static void five_thousand_lines_are_read_in_a_fifth_of_a_second(void **state)
{
	(void)state;
	struct text yaml = {0};
	text_add(&yaml, HEAD REQUEST "phases:\n  - name: s\n    script:\n");
	for (int i = 0; i < 5000; i++)
		text_add(&yaml, "      - {alloc: 'slot%d[0..9]', request: a, size: 8KiB}\n", i);
	double begin = cpu_seconds();
	parse(yaml.bytes);
	double took = cpu_seconds() - begin;
	assert_int_equal(workload.phases[0].script_count, 5000);
	assert_int_equal(workload.script_array_count, 5000);
	if (took > 0.2 * SLOWDOWN)
		fail_msg("took %f s", took);
	text_release(&yaml);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, release)
	const struct CMUnitTest tests[] = {
		TEST(a_size_has_at_most_1024_parts),
		TEST(errors_beyond_the_thousandth_are_counted),
		TEST(an_alias_bomb_is_refused_in_a_second_and_100_mib),
		TEST(long_texts_multiplied_by_aliases_are_refused),
		TEST(a_hundred_thousand_levels_are_refused_in_a_second),
		TEST(a_thousand_problems_in_one_long_line_are_told_in_a_second),
		TEST(a_hundred_thousand_block_levels_are_refused_in_a_second),
		TEST(too_many_values_are_refused),
		TEST(the_129th_request_is_refused),
		TEST(the_257th_phase_is_refused),
		TEST(as_many_requests_and_phases_as_allowed_are_read),
		TEST(too_large_a_file_is_refused_before_it_is_read),
		TEST(five_thousand_lines_are_read_in_a_fifth_of_a_second),
		TEST(without_memory_a_right_file_is_refused_cleanly),
		TEST(without_memory_a_wrong_file_is_refused_cleanly),
		TEST(without_memory_a_script_is_refused_cleanly),
	};
	return cmocka_run_group_tests_name("limits of workload files", tests, NULL, NULL);
}
