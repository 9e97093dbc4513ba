/* SPDX-License-Identifier: MIT
 * What resume and merge read and write fails cleanly at every allocation: run.json, the journal, results in one document. */
#include "base/memory.h"
#include "run/journal.h"
#include "run/run_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/result_fixture.h"
#include "support/lack.h"

static const char *const files[] = {"a.yaml", "b.yaml"};
static const char *const specs[] = {"rbtree", "magazine+buddy"};

static struct run_file sample(struct workload_sweep sweeps[2], struct yaml_written values[3])
{
	static struct input inputs[] = {{(char *)(uintptr_t) "a.yaml", 1}, {(char *)(uintptr_t) "b.yaml", UINT64_MAX}};
	static const bool named[] = {true, false};
	values[0].text = (char *)(uintptr_t) "10k";
	values[1].text = (char *)(uintptr_t) "10000";
	values[2].text = (char *)(uintptr_t) "64KiB";
	sweeps[0] = (struct workload_sweep){(char *)(uintptr_t) "phases.p.ops", values, 2};
	sweeps[1] = (struct workload_sweep){(char *)(uintptr_t) "requests.r.size.fixed", values + 2, 1};
	return (struct run_file){
		.options = {.files = files,
			    .file_count = 2,
			    .specs = specs,
			    .spec_count = 2,
			    .named = named,
			    .sweeps = sweeps,
			    .sweep_count = 2,
			    .audit = true,
			    .rounds = 0,
			    .stall_seconds = 60,
			    .command = "iovabench run"},
		.id = (char *)(uintptr_t) "id",
		.started = (char *)(uintptr_t) "now",
		.directory = (char *)(uintptr_t) "/",
		.cpu = (char *)(uintptr_t) "cpu",
		.build_hash = 7,
		.inputs = {.list = inputs, .count = 2},
		.clock = {.ns_per_tick = 0.5},
	};
}

static void written(struct text *json)
{
	struct workload_sweep sweeps[2];
	struct yaml_written values[3] = {0};
	struct run_file request = sample(sweeps, values);
	struct error error = {0};
	assert_int_equal(run_file_write(&request, json, &error), 0);
}

static void a_request_keeps_its_sweeps(void **state)
{
	(void)state;
	struct text json = {0};
	struct run_file request;
	struct error error = {0};
	written(&json);
	assert_int_equal(run_file_read(json.bytes, json.length, &request, &error), 0);
	assert_int_equal(request.options.rounds, 0);
	assert_int_equal(request.options.sweep_count, 2);
	assert_string_equal(request.options.sweeps[0].key, "phases.p.ops");
	assert_int_equal(request.options.sweeps[0].value_count, 2);
	assert_string_equal(request.options.sweeps[0].values[1].text, "10000");
	assert_int_equal(request.options.sweeps[1].value_count, 1);
	assert_string_equal(request.options.sweeps[1].values[0].text, "64KiB");
	assert_true(request.options.named[0] && !request.options.named[1]);
	assert_int_equal(request.inputs.count, 2);
	assert_string_equal(request.inputs.list[1].path, "b.yaml");
	assert_true(request.inputs.list[1].hash == UINT64_MAX);
	run_file_release(&request);
	text_release(&json);
}

static void a_request_is_made_or_there_is_no_memory(void **state)
{
	(void)state;
	struct workload_sweep sweeps[2];
	struct yaml_written values[3] = {0};
	struct run_file from = sample(sweeps, values);
	for (struct lack lack = {.least = 4}; lack_next(&lack);) {
		struct run_file request;
		struct error error = {0};
		lack_begins(&lack);
		int result = run_file_new(&request, &from.options, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		assert_true(result == 0 ? request.id && request.cpu : *error.message && !request.id && !request.cpu);
		run_file_release(&request);
	}
}

static void a_build_is_checked_or_there_is_no_memory(void **state)
{
	(void)state;
	struct workload_sweep sweeps[2];
	struct yaml_written values[3] = {0};
	struct run_file from = sample(sweeps, values), request;
	struct error error = {0};
	assert_int_equal(run_file_new(&request, &from.options, &error), 0);
	assert_int_equal(inputs_add(&request.inputs, memory_text("/proc/version"), 0, &error), 0);
	assert_int_equal(run_file_check_here(&request, &error), -1);
	assert_string_equal(error.message, "/proc/version changed since this run was begun: start a new one");
	inputs_release(&request.inputs);
	error = (struct error){0};
	assert_int_equal(inputs_add_plugins(&request.inputs, "./none.so", &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_int_equal(inputs_add_plugins(&request.inputs, "magazine+/proc/version:a=b+/proc/cpuinfo", &error), 0);
	assert_int_equal(request.inputs.count, 2);
	for (struct lack lack = {.least = 1}; lack_next(&lack);) {
		error = (struct error){0};
		lack_begins(&lack);
		int result = run_file_check_here(&request, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
	}
	run_file_release(&request);
}

static void a_request_is_written_or_there_is_no_memory(void **state)
{
	(void)state;
	struct workload_sweep sweeps[2];
	struct yaml_written values[3] = {0};
	struct run_file request = sample(sweeps, values);
	for (struct lack lack = {.least = 10}; lack_next(&lack);) {
		struct text json = {0};
		struct error error = {0};
		lack_begins(&lack);
		int result = run_file_write(&request, &json, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		text_release(&json);
	}
}

static void a_request_is_read_or_there_is_no_memory(void **state)
{
	(void)state;
	struct text json = {0};
	written(&json);
	for (struct lack lack = {.least = 10}; lack_next(&lack);) {
		struct run_file request;
		struct error error = {0};
		lack_begins(&lack);
		int result = run_file_read(json.bytes, json.length, &request, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		if (result < 0)
			assert_null(request.texts);
		else
			run_file_release(&request);
	}
	text_release(&json);
}

static void a_journal_is_read_or_there_is_no_memory(void **state)
{
	(void)state;
	struct text lines = {0};
	struct error error = {0};
	for (uint64_t key = 1; key <= 3; key++) {
		struct result_record record = {.key = key, .spec = (char *)(uintptr_t) "rbtree"};
		assert_int_equal(result_record_write(&record, &lines, &error), 0);
		if (lines.bytes[lines.length - 1] != '\n')
			text_add(&lines, "\n");
	}
	size_t whole = lines.length;
	text_add(&lines, "{\"torn");
	for (struct lack lack = {.least = 10}; lack_next(&lack);) {
		struct journal journal;
		error = (struct error){0};
		lack_begins(&lack);
		int result = journal_read(&journal, lines.bytes, lines.length, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		assert_int_equal(journal.count, result == 0 ? 3 : 0);
		assert_int_equal(journal.whole_bytes, result == 0 ? whole : 0);
		journal_release(&journal);
	}
	text_release(&lines);
}

static void results_are_merged_or_there_is_no_memory(void **state)
{
	(void)state;
	for (struct lack lack = {.least = 5}; lack_next(&lack);) {
		struct result from, into;
		struct error error = {0};
		struct text told = {0};
		fixture_result(&from, (struct fixture_size){4, 2, 2});
		size_t arms = from.arm_count, comparisons = from.comparison_count;
		lack_begins(&lack);
		int result = result_merge(&into, &from, 1, "iovabench merge", &told, &error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || error.exit_code == EXIT_CODE_IO);
		if (result == 0) {
			assert_int_equal(into.arm_count, arms);
			assert_int_equal(into.comparison_count, comparisons);
			assert_null(told.bytes);
		}
		result_release(&into);
		result_release(&from);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_keeps_its_sweeps),
		cmocka_unit_test(a_request_is_made_or_there_is_no_memory),
		cmocka_unit_test(a_build_is_checked_or_there_is_no_memory),
		cmocka_unit_test(a_request_is_written_or_there_is_no_memory),
		cmocka_unit_test(a_request_is_read_or_there_is_no_memory),
		cmocka_unit_test(a_journal_is_read_or_there_is_no_memory),
		cmocka_unit_test(results_are_merged_or_there_is_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
