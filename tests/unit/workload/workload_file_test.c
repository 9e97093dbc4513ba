/* SPDX-License-Identifier: MIT
 * Around a workload file: reading it, expanding it, its hash, its traces, and the files that are shipped. Run from the root of
 * the repository. */
#include "workload/workload_yaml.h"

#include "base/file.h"
#include "base/memory.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/workload_fixture.h"

#define FULL "tests/golden/workload/full.yaml"

static void load_full(void)
{
	if (workload_load(FULL, &workload, &messages))
		fail_msg("refused: %s", messages.bytes);
}

static void a_trace_lies_beside_its_workload(void **state)
{
	(void)state;
	struct workload_phase phase = {.trace = {.file = (char[]){"traces/a.iovatrace"}}};
	struct workload beside = {.file = (char[]){"workloads/nic.yaml"}};
	workload_trace_path(&beside, &phase, &messages);
	assert_string_equal(messages.bytes, "workloads/traces/a.iovatrace");
}

static void a_trace_of_a_file_without_a_folder_lies_here(void **state)
{
	(void)state;
	struct workload_phase phase = {.trace = {.file = (char[]){"a.iovatrace"}}};
	struct workload here = {.file = (char[]){"nic.yaml"}};
	workload_trace_path(&here, &phase, &messages);
	assert_string_equal(messages.bytes, "a.iovatrace");
}

static void an_absolute_trace_stays_where_it_is(void **state)
{
	(void)state;
	struct workload_phase phase = {.trace = {.file = (char[]){"/a.iovatrace"}}};
	struct workload beside = {.file = (char[]){"workloads/nic.yaml"}};
	workload_trace_path(&beside, &phase, &messages);
	assert_string_equal(messages.bytes, "/a.iovatrace");
}

static void the_hash_is_fnv_1a(void **state)
{
	(void)state;
	/* Test vectors of the authors (isthe.com/chongo). */
	assert_int_equal(workload_hash("", 0), UINT64_C(0xcbf29ce484222325));
	assert_int_equal(workload_hash("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
	assert_int_equal(workload_hash("foobar", 6), UINT64_C(0x85944171f73967e8));
}

static void expanding_writes_every_default_out(void **state)
{
	(void)state;
	char *expected;
	size_t length;
	struct error error = {0};
	if (file_read("tests/golden/workload/full.json", 1u << 20, &expected, &length, &error))
		fail_msg("%s", error.message);
	load_full();
	struct text json = {0};
	workload_expand(&workload, &json);
	assert_string_equal(json.bytes, expected);
	text_release(&json);
	memory_release(expected);
}

static void the_examples_of_the_manual_are_right(void **state)
{
	(void)state;
	char *manual;
	size_t length;
	struct error error = {0};
	if (file_read("docs/workload-format.md", 1u << 20, &manual, &length, &error))
		fail_msg("%s", error.message);
	int examples = 0;
	for (char *at = manual; (at = strstr(at, "```yaml\n"));) {
		at += strlen("```yaml\n");
		*strstr(at, "```") = '\0';
		parse(at);
		workload_release(&workload);
		examples++;
		at += strlen(at) + 1;
	}
	assert_int_equal(examples, 6);
	memory_release(manual);
}

static void every_workload_that_is_shipped_is_right(void **state)
{
	(void)state;
	glob_t files;
	assert_int_equal(glob("workloads/*.yaml", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 7);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		if (workload_load(files.gl_pathv[i], &workload, &messages))
			fail_msg("%s", messages.bytes);
		assert_true(*workload.about && *workload.source);
		workload_release(&workload);
	}
	globfree(&files);
}

static void a_missing_file_is_a_message(void **state)
{
	(void)state;
	assert_int_equal(workload_load("no/such.yaml", &workload, &messages), -1);
	assert_string_equal(messages.bytes, "no/such.yaml: cannot open: No such file or directory\n");
}

static void a_folder_is_a_message(void **state)
{
	(void)state;
	assert_int_equal(workload_load("tests", &workload, &messages), -1);
	assert_non_null(strstr(messages.bytes, "tests: "));
}

static void releasing_twice_does_no_harm(void **state)
{
	(void)state;
	load_full();
	workload_release(&workload);
	workload_release(&workload);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, release)
	const struct CMUnitTest tests[] = {
		TEST(a_trace_lies_beside_its_workload),
		TEST(a_trace_of_a_file_without_a_folder_lies_here),
		TEST(an_absolute_trace_stays_where_it_is),
		TEST(the_hash_is_fnv_1a),
		TEST(expanding_writes_every_default_out),
		TEST(the_examples_of_the_manual_are_right),
		TEST(every_workload_that_is_shipped_is_right),
		TEST(a_missing_file_is_a_message),
		TEST(a_folder_is_a_message),
		TEST(releasing_twice_does_no_harm),
	};
	return cmocka_run_group_tests_name("around workload files", tests, NULL, NULL);
}
