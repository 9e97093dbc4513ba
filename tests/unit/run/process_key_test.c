/* SPDX-License-Identifier: MIT
 * The key of a process changes with everything that its record depends on, and with nothing else. */
#include "run/process_key.h"

#include "base/memory.h"
#include "run/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run_fixture.h"

static struct job job;
static struct run_options options;

static uint64_t key_over(uint64_t identity, uint64_t build)
{
	struct error error = {0};
	uint64_t key = 0;
	assert_int_equal(process_key(&job, &options, identity, build, &key, &error), 0);
	return key;
}

static uint64_t key(void)
{
	return key_over(1, 2);
}

static int set_up(void **state)
{
	(void)state;
	job = (struct job){.pass = RESULT_PASS_TIMED, .round = 3};
	options = run_options_default();
	strcpy(job.spec, "rbtree:fit=best");
	return 0;
}

static void what_chance_decides_is_not_in_it(void **state)
{
	(void)state;
	uint64_t before = key();
	job.cpu = 5;
	job.clock.ns_per_tick = 0.25;
	job.stream_words = 9;
	assert_true(key() == before);
}

#define CHANGES(change)                                                                                                    \
	do {                                                                                                               \
		struct job kept = job;                                                                                     \
		uint64_t before = key();                                                                                   \
		change;                                                                                                    \
		assert_true(key() != before);                                                                              \
		job = kept;                                                                                                \
	} while (0)

static void all_that_it_plays_is_in_it(void **state)
{
	(void)state;
	CHANGES(job.pass = RESULT_PASS_AUDIT);
	CHANGES(job.round = 4);
	CHANGES(job.twins = 1);
	CHANGES(job.with_series = true);
	CHANGES(strcpy(job.changes.settings, "phases.p.ops=1k\n"));
	CHANGES(strcpy(job.spec, "rbtree:fit=last"));
	job.pass = RESULT_PASS_PAIRED;
	CHANGES(strcpy(job.against, "buddy"));
	CHANGES(job.against_twins = 1);
	job.pass = RESULT_PASS_TIMED;
	uint64_t before = key();
	assert_true(key_over(9, 2) != before);
	assert_true(key_over(1, 9) != before);
}

/* A value of each option that is not the usual one; a new row has to be entered here. */
static const struct {
	const char *name, *value;
} unusual[] = {{"seed", "9"},
	       {"ops", "1k"},
	       {"until", "steady"},
	       {"rounds", "3"},
	       {"alone", "3"},
	       {"budget", "2m"},
	       {"latency", "all"},
	       {"audit", "off"},
	       {"bounds", "on"},
	       {"paired", "off"},
	       {"against", "buddy"},
	       {"paired-ms", "7"},
	       {"interfere", "data=64KiB,code=1KiB"},
	       {"threads", "3"},
	       {"lock", "spin"},
	       {"rate", "1k"},
	       {"shard", "2/3"},
	       {"costs", "result.json"},
	       {"stall", "1"},
	       {"memory", "64"},
	       {"cpus", "0"},
	       {"node", "0"},
	       {"dump-placements", "file"},
	       {"profile", "perf"},
	       {"output", "place"}};
_Static_assert(sizeof unusual / sizeof unusual[0] == RUN_SETTINGS, "every option is tried");

static const struct option_row *row_of(const char *name)
{
	size_t i = 0;
	while (strcmp(run_settings[i].name, name) != 0)
		i++;
	return &run_settings[i];
}

static void an_option_is_in_it_when_figures_depend_on_it(void **state)
{
	(void)state;
	struct error error = {0};
	for (size_t i = 0; i < RUN_SETTINGS; i++) {
		const struct option_row *row = &run_settings[i];
		uint64_t before = key();
		assert_string_equal(row->name, unusual[i].name);
		if (option_read(row, &options, unusual[i].value, &error) < 0)
			fail_msg("%s", error.message);
		if ((key() != before) != (row->effect == OPTION_FIGURES))
			fail_msg("--%s", row->name);
		options = run_options_default();
	}
	const struct option_row *rate = row_of("rate");
	uint64_t even = (assert_int_equal(option_read(rate, &options, "1k", &error), 0), key());
	assert_int_equal(option_read(rate, &options, "1k:poisson", &error), 0);
	assert_true(key() != even);
}

static void the_bytes_of_a_plugin_are_in_it(void **state)
{
	(void)state;
	char path[] = "/tmp/iovabench-key-XXXXXX";
	int file = mkstemp(path);
	assert_true(file >= 0);
	snprintf(job.spec, sizeof job.spec, "magazine+%s:a=b", path);
	uint64_t before = key();
	assert_int_equal(write(file, "x", 1), 1);
	assert_true(key() != before);
	close(file);
	unlink(path);
}

static uint64_t identity(const char *yaml, uint64_t stream_hash, size_t number)
{
	struct plan plan;
	struct error error = {0};
	uint64_t found = 0;
	bench_plan(&plan, yaml);
	assert_int_equal(process_identity(&plan.workload, stream_hash, number, &found, &error), 0);
	plan_close(&plan);
	return found;
}

static void a_workload_is_what_it_says_not_how_it_is_written(void **state)
{
	(void)state;
	static const char one[] = "iovabench: 1\nname: a\nrequests: [{name: r, size: {fixed: 4KiB}}]\n"
				  "phases: [{name: p, mix: [{request: r}], ops: 10}]\n";
	static const char same[] = "# a comment\niovabench: 1\nname: a\nrequests:\n  - {name: r, size: {fixed: 4096B}}\n"
				   "phases:\n  - {name: p, mix: [{request: r, weight: 1}], ops: 10}\n";
	static const char other[] = "iovabench: 1\nname: a\nrequests: [{name: r, size: {fixed: 4KiB}}]\n"
				    "phases: [{name: p, mix: [{request: r}], ops: 11}]\n";
	assert_true(identity(one, 1, 0) == identity(same, 1, 0));
	assert_true(identity(one, 1, 0) != identity(other, 1, 0));
	assert_true(identity(one, 1, 0) != identity(one, 2, 0));
	assert_true(identity(one, 1, 0) != identity(one, 1, 1));
}

static void every_lack_of_memory_is_an_error(void **state)
{
	(void)state;
	struct error error = {0};
	uint64_t found;
	memory_fail_after(0);
	assert_int_equal(process_key(&job, &options, 1, 2, &found, &error), -1);
	memory_fail_after(UINT64_MAX);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_chance_decides_is_not_in_it, set_up),
		cmocka_unit_test_setup(all_that_it_plays_is_in_it, set_up),
		cmocka_unit_test_setup(an_option_is_in_it_when_figures_depend_on_it, set_up),
		cmocka_unit_test_setup(the_bytes_of_a_plugin_are_in_it, set_up),
		cmocka_unit_test_setup(a_workload_is_what_it_says_not_how_it_is_written, set_up),
		cmocka_unit_test_setup(every_lack_of_memory_is_an_error, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
