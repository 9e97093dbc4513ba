/* SPDX-License-Identifier: MIT
 * The folder of a run: it is new, what is in it is whole, and what could not be written is not there. */
#include "run/store.h"

#include "base/file.h"
#include "base/memory.h"
#include "support/folder.h"
#include "support/lack.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], inside[128];
static struct store store;
static struct text messages;
static size_t lost;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/iovabench-store-XXXXXX");
	error = (struct error){0};
	if (!mkdtemp(folder))
		return -1;
	snprintf(inside, sizeof inside, "%s/a", folder);
	store = STORE_CLOSED;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	file_fail_writes_after(UINT64_MAX);
	memory_fail_after(UINT64_MAX);
	store_close(&store);
	text_release(&messages);
	folder_remove(inside);
	return folder_remove(folder);
}

static bool exists(const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", inside, name);
	return access(path, F_OK) == 0;
}

static void open_store(void)
{
	assert_int_equal(store_open(&store, inside, false, &error), 0);
}

static void reads(const char *name, const char *wanted)
{
	char path[256], *bytes;
	size_t length;
	snprintf(path, sizeof path, "%s/%s", inside, name);
	assert_int_equal(file_read(path, 1 << 20, &bytes, &length, &error), 0);
	assert_string_equal(bytes, wanted);
	memory_release(bytes);
}

static int add(const char *line)
{
	struct text text = {0};
	text_add(&text, "%s", line);
	int result_code = store_record(&store, &text, &error);
	text_release(&text);
	return result_code;
}

static void the_journal_grows_by_whole_lines(void **state)
{
	(void)state;
	open_store();
	assert_true(exists("rounds.jsonl"));
	assert_int_equal(add("{\"one\": 1}\n"), 0);
	reads("rounds.jsonl", "{\"one\": 1}\n");
	assert_int_equal(add("{\"two\": 2}\n"), 0);
	reads("rounds.jsonl", "{\"one\": 1}\n{\"two\": 2}\n");
}

static void a_folder_with_a_journal_is_refused(void **state)
{
	(void)state;
	open_store();
	assert_int_equal(add("{}\n"), 0);
	store_close(&store);
	for (int merging = 0; merging < 2; merging++) {
		error = (struct error){0};
		assert_int_equal(store_open(&store, inside, merging, &error), -1);
		assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
		assert_non_null(strstr(error.message,
				       "a/rounds.jsonl exists: this folder holds another run; choose a new one with -o"));
	}
	reads("rounds.jsonl", "{}\n");
}

static void write_file(const char *name)
{
	assert_int_equal(store_file(&store, name, &(struct text){.bytes = (char[]){"{}"}, .length = 2}, &error), 0);
}

static void what_was_killed_before_it_began_starts_over(void **state)
{
	(void)state;
	open_store();
	store_close(&store);
	open_store();
	assert_true(exists("rounds.jsonl"));
}

static void a_merge_that_was_killed_starts_over_and_is_nobody_elses(void **state)
{
	(void)state;
	assert_int_equal(store_open(&store, inside, true, &error), 0);
	write_file("merge.json");
	assert_int_equal(add("{\"half\": 1}\n"), 0);
	store_close(&store);
	assert_int_equal(store_open(&store, inside, false, &error), -1);
	assert_non_null(strstr(error.message, "a/merge.json exists: this folder holds another run"));
	error = (struct error){0};
	assert_int_equal(store_reopen(&store, inside, &error), -1);
	assert_non_null(strstr(error.message, "a merge, which did not end: ask for it again"));
	error = (struct error){0};
	assert_int_equal(store_open(&store, inside, true, &error), 0);
	reads("rounds.jsonl", "");
	write_file("result.json");
	store_close(&store);
	assert_int_equal(store_open(&store, inside, true, &error), -1);
	assert_non_null(strstr(error.message, "a/result.json exists"));
}

static void a_folder_is_one_programs_while_it_works(void **state)
{
	(void)state;
	struct store second;
	open_store();
	assert_int_equal(store_open(&second, inside, false, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, "another iovabench works in this folder"));
}

/* Opening waits for nobody who reads the other end. */
static void a_journal_that_is_no_file_is_refused(void **state)
{
	(void)state;
	char path[256];
	assert_int_equal(mkdir(inside, 0777), 0);
	snprintf(path, sizeof path, "%s/rounds.jsonl", inside);
	assert_int_equal(mkfifo(path, 0666), 0);
	assert_int_equal(store_open(&store, inside, false, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, "a/rounds.jsonl: is not a file"));
}

/* As when another run began between the look and the opening: a link to nowhere is not seen by the one, and is in the way of
 * the other. */
static void a_journal_that_appears_meanwhile_is_refused(void **state)
{
	(void)state;
	char path[256];
	assert_int_equal(mkdir(inside, 0777), 0);
	snprintf(path, sizeof path, "%s/rounds.jsonl", inside);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(store_open(&store, inside, false, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, "a/rounds.jsonl exists: this folder holds another run"));
}

static void a_run_that_cannot_begin_leaves_the_folder_free(void **state)
{
	(void)state;
	open_store();
	write_file("run.json");
	store_abandon(&store);
	assert_false(exists("run.json") || exists("rounds.jsonl"));
	store_close(&store);
	open_store();
}

static void a_folder_with_a_result_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(inside, 0777), 0);
	char path[256];
	snprintf(path, sizeof path, "%s/result.json", inside);
	assert_int_equal(file_write_whole(path, "{}", 2, &error), 0);
	assert_int_equal(store_open(&store, inside, false, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_false(exists("rounds.jsonl"));
}

static void a_folder_with_other_files_is_taken(void **state)
{
	(void)state;
	assert_int_equal(mkdir(inside, 0777), 0);
	char path[256];
	snprintf(path, sizeof path, "%s/notes", inside);
	assert_int_equal(file_write_whole(path, "x", 1, &error), 0);
	open_store();
	reads("notes", "x");
}

static void parents_are_made(void **state)
{
	(void)state;
	char deep[256];
	snprintf(deep, sizeof deep, "%s/a", inside);
	assert_int_equal(store_open(&store, deep, false, &error), 0);
	struct stat found;
	assert_int_equal(stat(deep, &found), 0);
	store_close(&store);
	assert_int_equal(folder_remove(deep), 0);
}

static void a_file_in_the_way_is_named(void **state)
{
	(void)state;
	char path[256];
	assert_int_equal(file_write_whole(inside, "x", 1, &error), 0);
	snprintf(path, sizeof path, "%s/b", inside);
	assert_int_equal(store_open(&store, path, false, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
	assert_non_null(strstr(error.message, "/a/b: cannot make this folder for results: Not a directory"));
	remove(inside);
}

static struct result *make_result(void)
{
	static struct result result;
	result = (struct result){0};
	result.run.id = memory_text("id");
	result.run.started = memory_text("2026-01-01T00:00:00Z");
	result.run.command = memory_text("test");
	result.machine.cpu = memory_text("cpu");
	result.machine.kernel = memory_text("kernel");
	result.machine.clock = memory_text("clock");
	result.machine.warnings = memory_text("");
	result.build.version = memory_text("1");
	result.build.git = memory_text("g");
	result.build.compiler = memory_text("c");
	result.build.flags = memory_text("f");
	result.workloads = memory_zeroed(1, sizeof result.workloads[0]);
	result.workload_count = 1;
	result.workloads[0].name = memory_text("w");
	result.workloads[0].about = memory_text("");
	result.workloads[0].file = memory_text("w.yaml");
	result.workloads[0].expanded = memory_text("{}");
	result.arms = memory_zeroed(2, sizeof result.arms[0]);
	result.arm_count = 2;
	for (size_t i = 0; i < 2; i++) {
		struct result_arm *arm = &result.arms[i];
		arm->allocator = memory_text(i ? "b" : "a");
		arm->spec = memory_text(i ? "b" : "a");
		arm->lock = memory_text("none");
		arm->threads = 1;
		arm->phases = memory_zeroed(1, sizeof arm->phases[0]);
		arm->phase_count = 1;
		arm->phases[0].name = memory_text("p");
		result_figures_clear(&arm->phases[0].figures);
		arm->phases[0].latency[METRIC_KIND_ALLOC].count = 1; /* else it has no log */
	}
	return &result;
}

static size_t files(bool partial)
{
	size_t count = 0;
	DIR *entries = opendir(inside);
	assert_non_null(entries);
	for (struct dirent *entry; (entry = readdir(entries));) {
		const char *dot = strrchr(entry->d_name, '.');
		count += entry->d_name[0] != '.' && (!partial || (dot && strcmp(dot, ".partial") == 0));
	}
	closedir(entries);
	return count;
}

static int write_result(const struct result *result)
{
	text_release(&messages);
	return store_result(&store, result, &messages, &lost, &error);
}

static void a_result_has_all_its_files(void **state)
{
	(void)state;
	open_store();
	struct result *result = make_result();
	assert_int_equal(write_result(result), 0);
	assert_int_equal(lost, 0);
	assert_true(exists("result.json") && exists("series.csv") && exists("w-a.hlog") && exists("w-b.hlog"));
	assert_int_equal(files(false), 5);
	result_release(result);
}

/* What is in the way of another file is told, and costs result.json nothing; what is missing can be written later. */
static void a_file_that_cannot_be_written_costs_no_result(void **state)
{
	(void)state;
	static const char *const names[] = {"series.csv", "w-a.hlog", "w-b.hlog"};
	char path[256];
	struct result *result = make_result();
	open_store();
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", inside, names[i]);
		remove(path);
		assert_int_equal(mkdir(path, 0777), 0);
		assert_int_equal(write_result(result), 0);
		assert_int_equal(error.exit_code, EXIT_CODE_OK);
		assert_int_equal(lost, 1);
		assert_non_null(strstr(messages.bytes, names[i]));
		assert_non_null(strstr(messages.bytes, "cannot write: Is a directory"));
		assert_int_equal(files(true), 0);
		assert_true(exists("result.json"));
		for (size_t j = 0; j < 3; j++)
			assert_true(exists(names[j]));
		assert_int_equal(rmdir(path), 0);
		assert_int_equal(store_complete(&store, result, &messages), 0);
		assert_int_equal(files(false), 5);
	}
	result_release(result);
}

/* Nothing is written again that is there. */
static void what_is_complete_is_left_alone(void **state)
{
	(void)state;
	struct result *result = make_result();
	open_store();
	assert_int_equal(write_result(result), 0);
	file_fail_writes_after(0);
	assert_int_equal(store_complete(&store, result, &messages), 0);
	file_fail_writes_after(UINT64_MAX);
	result_release(result);
}

/* Whatever write fails first: there is no result.json, and no file that is not whole. */
static void a_write_that_fails_leaves_no_half_result(void **state)
{
	(void)state;
	struct result *result = make_result();
	bool done = false;
	for (uint64_t n = 0; !done; n++) {
		assert_true(n < 20);
		folder_remove(inside);
		open_store();
		file_fail_writes_after(n);
		error = (struct error){0};
		done = write_result(result) == 0;
		file_fail_writes_after(UINT64_MAX);
		assert_int_equal(files(true), 0);
		assert_true(exists("result.json") == done);
		assert_true(done || error.exit_code == EXIT_CODE_IO);
		assert_true(done || strstr(error.message, "No space left on device"));
		assert_true(!done || n >= 4);
		store_close(&store);
	}
	result_release(result);
}

static void a_record_that_cannot_be_written_is_an_error(void **state)
{
	(void)state;
	open_store();
	file_fail_writes_after(0);
	assert_int_equal(add("{}\n"), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
	assert_string_equal(error.message, "rounds.jsonl: cannot append: No space left on device");
}

static void every_lack_of_memory_is_an_error(void **state)
{
	(void)state;
	struct result *result = make_result();
	for (struct lack lack = {0}; lack_next(&lack);) {
		folder_remove(inside);
		error = (struct error){0};
		lack_begins(&lack);
		bool done = store_open(&store, inside, false, &error) == 0 && write_result(result) == 0;
		/* A name or a log less is none the worse result. */
		done &= lost == 0;
		lack_ends(&lack);
		assert_true(done || lost || error.exit_code == EXIT_CODE_IO);
		assert_true(!exists("result.json") || done || lost);
		store_close(&store);
	}
	result_release(result);
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(the_journal_grows_by_whole_lines),
		A(a_folder_with_a_journal_is_refused),
		A(what_was_killed_before_it_began_starts_over),
		A(a_merge_that_was_killed_starts_over_and_is_nobody_elses),
		A(a_folder_is_one_programs_while_it_works),
		A(a_journal_that_is_no_file_is_refused),
		A(a_journal_that_appears_meanwhile_is_refused),
		A(a_run_that_cannot_begin_leaves_the_folder_free),
		A(a_folder_with_a_result_is_refused),
		A(a_folder_with_other_files_is_taken),
		A(parents_are_made),
		A(a_file_in_the_way_is_named),
		A(a_result_has_all_its_files),
		A(a_file_that_cannot_be_written_costs_no_result),
		A(what_is_complete_is_left_alone),
		A(a_write_that_fails_leaves_no_half_result),
		A(a_record_that_cannot_be_written_is_an_error),
		A(every_lack_of_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
