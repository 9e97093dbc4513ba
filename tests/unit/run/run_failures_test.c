/* SPDX-License-Identifier: MIT
 * A run whose disk or memory ends at any moment says so, and can be completed or begun again. Whole runs, with this program as
 * their worker. */
#include "base/file.h"
#include "base/memory.h"
#include "run/job.h"
#include "run/run.h"
#include "support/folder.h"
#include "support/lack.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* run.json; one line for the audit, the round, and the harness in it; series.csv, result.json. */
#define JOURNAL_LINES 3
#define WRITES (1 + JOURNAL_LINES + 2)

static char folder[64], inside[128], workload[128];

static const char yaml[] = "iovabench: 1\nname: small\nspace: {size: 4GiB}\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
			   "phases:\n  - {name: fill, mix: [{request: page}], until: {live: 100}}\n"
			   "  - {name: churn, mix: [{request: page}], ops: 2k}\n";

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/iovabench-run-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(inside, sizeof inside, "%s/t", folder);
	snprintf(workload, sizeof workload, "%s/small.yaml", folder);
	return file_write_whole(workload, yaml, sizeof yaml - 1, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	file_fail_writes_after(UINT64_MAX);
	memory_fail_after(UINT64_MAX);
	folder_remove(inside);
	return folder_remove(folder);
}

/* What a call left in *error, and of a result what does not depend on time. */
struct found {
	enum exit_code code;
	struct error error;
	bool told, finished;
	uint64_t placement_hash;
	double operations, rounds;
	size_t arms;
};

static struct found note(enum exit_code code, struct result *result, struct text *into, struct text *messages,
			 const struct error *error, bool finished)
{
	struct found found = {.code = code,
			      .error = *error,
			      .told = *error->message || messages->length,
			      .finished = finished,
			      .arms = result->arm_count};
	if (code == EXIT_CODE_OK && !finished) {
		assert_int_equal(result->arm_count, 1);
		const struct result_arm *arm = &result->arms[0];
		assert_int_equal(arm->state, RESULT_ARM_OK);
		assert_int_equal(arm->phase_count, 2);
		found.placement_hash = arm->placement_hash;
		found.operations = arm->phases[1].figures.value[METRIC_OPERATIONS];
		found.rounds = arm->phases[1].figures.value[METRIC_ROUNDS];
	}
	result_release(result);
	text_release(into);
	text_release(messages);
	return found;
}

static struct found begin(void)
{
	const char *const files[] = {workload}, *const specs[] = {"rbtree"};
	struct run_options options = {.files = files,
				      .file_count = 1,
				      .specs = specs,
				      .spec_count = 1,
				      .rounds = 1,
				      .latency = RUN_LATENCY_OFF,
				      .audit = true,
				      .folder = inside,
				      .paired_ms = RUN_PAIRED_MS_DEFAULT,
				      .stall_seconds = 60,
				      .command = "test"};
	struct result result = {0};
	struct text into = {0}, messages = {0};
	struct error error = {0};
	enum exit_code code = run_matrix(&options, &result, &into, &messages, &error);
	return note(code, &result, &into, &messages, &error, false);
}

static struct found go_on(void)
{
	struct run_options options = {0};
	struct result result = {0};
	struct text into = {0}, messages = {0};
	struct error error = {0};
	bool finished;
	enum exit_code code = run_resume(inside, 0, &options, &result, &into, &messages, &finished, &error);
	return note(code, &result, &into, &messages, &error, finished);
}

static bool exists(const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", inside, name);
	return access(path, F_OK) == 0;
}

/* Lines of the journal; *torn: its last one is not whole. */
static size_t journal_lines(bool *torn)
{
	char path[256], *bytes;
	size_t length, lines = 0;
	snprintf(path, sizeof path, "%s/rounds.jsonl", inside);
	assert_int_equal(file_read(path, 1 << 24, &bytes, &length, NULL), 0);
	for (size_t i = 0; i < length; i++)
		lines += bytes[i] == '\n';
	*torn = length && bytes[length - 1] != '\n';
	memory_release(bytes);
	return lines;
}

static bool any_partial(void)
{
	bool found = false;
	DIR *entries = opendir(inside);
	for (struct dirent *entry; entries && (entry = readdir(entries));)
		found |= strstr(entry->d_name, ".partial") != NULL;
	if (entries)
		closedir(entries);
	return found;
}

static void same(const struct found *found, const struct found *wanted)
{
	bool torn;
	assert_int_equal(found->code, EXIT_CODE_OK);
	assert_true(found->placement_hash == wanted->placement_hash && wanted->placement_hash);
	assert_true(found->operations == wanted->operations && wanted->operations == 2000);
	assert_true(found->rounds == 1 && wanted->rounds == 1);
	assert_int_equal(journal_lines(&torn), JOURNAL_LINES);
	assert_false(torn);
	assert_true(exists("result.json") && exists("series.csv") && exists("run.json"));
}

/* The disk becomes full in the middle of write n, for every n. */
static void a_full_disk_ends_the_run_and_resume_completes_it(void **state)
{
	(void)state;
	struct found whole = begin();
	same(&whole, &whole);
	for (uint64_t n = 0; n < WRITES; n++) {
		bool torn;
		folder_remove(inside);
		file_fail_writes_after(n);
		struct found found = begin();
		file_fail_writes_after(UINT64_MAX);
		assert_int_equal(found.code, EXIT_CODE_IO);
		assert_non_null(strstr(found.error.message, "No space left on device"));
		assert_non_null(strstr(found.error.message, n == 0               ? "t/run.json: cannot write"
							    : n <= JOURNAL_LINES ? "rounds.jsonl: cannot append"
										 : "t/result.json: cannot write"));
		assert_false(any_partial() || exists("result.json"));
		if (n == 0) {
			/* Nothing was begun: nothing to go on with, and nothing in the way. */
			assert_false(exists("rounds.jsonl") || exists("run.json"));
			found = go_on();
			assert_int_equal(found.code, EXIT_CODE_USAGE);
			assert_non_null(strstr(found.error.message, "no run was begun here"));
			found = begin();
		} else {
			assert_int_equal(journal_lines(&torn), n <= JOURNAL_LINES ? n - 1 : JOURNAL_LINES);
			assert_true(torn == (n <= JOURNAL_LINES));
			found = go_on();
		}
		same(&found, &whole);
	}
	file_fail_writes_after(WRITES);
	folder_remove(inside);
	assert_int_equal(begin().code, EXIT_CODE_OK);
	assert_true(go_on().finished);
}

/* The disk is full again while the run is completed. */
static void a_disk_that_is_full_again_costs_nothing(void **state)
{
	(void)state;
	struct found whole = begin(), found;
	folder_remove(inside);
	file_fail_writes_after(2);
	found = begin();
	assert_int_equal(found.code, EXIT_CODE_IO);
	for (uint64_t n = 0; n < 2; n++) {
		file_fail_writes_after(n);
		found = go_on();
		assert_int_equal(found.code, EXIT_CODE_IO);
		assert_non_null(strstr(found.error.message, "rounds.jsonl: cannot append: No space left on device"));
	}
	file_fail_writes_after(UINT64_MAX);
	found = go_on();
	same(&found, &whole);
}

/* All processes are in the journal: nothing is run. Far into it, not every allocation is tried. */
static void memory_that_ends_costs_nothing(void **state)
{
	(void)state;
	struct found whole = begin(), found;
	char path[256], series[256];
	snprintf(path, sizeof path, "%s/result.json", inside);
	snprintf(series, sizeof series, "%s/series.csv", inside);
	remove(path);
	for (struct lack lack = {.sparse = 8}; lack_next(&lack);) {
		remove(path);
		remove(series);
		lack_begins(&lack);
		found = go_on();
		if (!lack_ends(&lack)) {
			same(&found, &whole);
			continue;
		}
		assert_int_equal(found.code, EXIT_CODE_IO);
		assert_true(found.told);
		/* What is only made of the result does not cost it. */
		assert_false(any_partial() || (exists("result.json") && found.error.message[0]));
	}
}

int main(int argc, char **argv)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(a_full_disk_ends_the_run_and_resume_completes_it),
		A(a_disk_that_is_full_again_costs_nothing),
		A(memory_that_ends_costs_nothing),
	};
	if (argc == 3 && strcmp(argv[1], "worker") == 0)
		return worker_run(atoi(argv[2]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
