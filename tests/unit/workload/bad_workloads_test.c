/* SPDX-License-Identifier: MIT
 * Every tests/bad/<case>.yaml must be refused with exactly the messages of <case>.error. Run from the root of the
 * repository. */
#include "base/file.h"
#include "base/memory.h"
#include "workload/workload_yaml.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER "tests/bad"
#define CASES_MAX 1000

static struct CMUnitTest cases[CASES_MAX];
static size_t case_count;

static void is_refused_with_exactly_its_messages(void **state)
{
	char yaml[512], expected_file[512];
	snprintf(yaml, sizeof yaml, FOLDER "/%s.yaml", (const char *)*state);
	snprintf(expected_file, sizeof expected_file, FOLDER "/%s.error", (const char *)*state);
	char *expected = NULL;
	size_t length = 0;
	struct error error = {0};
	if (file_read(expected_file, 1u << 20, &expected, &length, &error))
		fail_msg("%s", error.message);
	static const struct workload zeroed;
	struct workload workload;
	struct text messages = {0};
	assert_int_equal(workload_load(yaml, &workload, &messages), -1);
	assert_memory_equal(&workload, &zeroed, sizeof workload);
	assert_string_equal(messages.bytes, expected);
	text_release(&messages);
	memory_release(expected);
}

static int by_name(const void *left, const void *right)
{
	const struct CMUnitTest *a = left, *b = right;
	return strcmp(a->name, b->name);
}

static int find_cases(void)
{
	DIR *folder = opendir(FOLDER);
	if (!folder)
		return -1;
	for (struct dirent *entry; (entry = readdir(folder)) && case_count < CASES_MAX;) {
		char *end = strstr(entry->d_name, ".yaml");
		if (!end || strcmp(end, ".yaml") != 0)
			continue;
		*end = '\0';
		char *name = strdup(entry->d_name);
		if (!name)
			break;
		cases[case_count++] = (struct CMUnitTest){
			.name = name, .test_func = is_refused_with_exactly_its_messages, .initial_state = name};
	}
	closedir(folder);
	qsort(cases, case_count, sizeof *cases, by_name);
	return case_count >= 60 ? 0 : -1;
}

int main(void)
{
	if (find_cases()) {
		puts("not ok 1 - the cases of " FOLDER " are found");
		return 1;
	}
	int failed = _cmocka_run_group_tests("bad workloads", cases, case_count, NULL, NULL);
	for (size_t i = 0; i < case_count; i++)
		free(cases[i].initial_state);
	return failed;
}
