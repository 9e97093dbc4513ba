/* SPDX-License-Identifier: MIT
 * Interference: that it walks as much data and runs as much code as it says, and that samples alone meet it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "play/interference.h"
#include "support/run_fixture.h"

#define YAML                                                                                                                \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 4MiB}\nrequests: [{name: any, size: {fixed: 4KiB}}]\nphases:\n" \
	"  - {name: fill, mix: [{request: any}], until: {live: 100}}\n"                                                     \
	"  - {name: churn, mix: [{request: any}], ops: 100k}\n"

static struct interference interference;
static struct error error;

static void open_sized(uint64_t data_bytes, uint64_t code_bytes)
{
	const struct workload_interference size = {.data_bytes = data_bytes, .code_bytes = code_bytes};
	assert_int_equal(interference_open(&interference, &size, &error), 0);
}

static void every_line_is_written(void **state)
{
	(void)state;
	open_sized(64 * 1000, 0);
	assert_int_equal(interference.lines, 1000);
	uint64_t before[1000];
	for (size_t i = 0; i < 1000; i++)
		before[i] = interference.data[8 * i];
	interference_run(&interference);
	for (size_t i = 0; i < 1000; i++)
		assert_true(interference.data[8 * i] == before[i] + 1);
	interference_close(&interference);
}

/* A quarter of the code is a quarter of the functions; the whole is what every build offers, at least. */
static void code_is_run_in_proportion(void **state)
{
	(void)state;
	assert_true(interference_code_most() >= WORKLOAD_INTERFERENCE_CODE_MAX);
	open_sized(0, WORKLOAD_INTERFERENCE_CODE_MAX);
	size_t all = interference.functions;
	interference_close(&interference);
	assert_in_range(all, 192, 256);
	open_sized(0, WORKLOAD_INTERFERENCE_CODE_MAX / 4);
	assert_in_range(4 * interference.functions, all - 3, all + 3);
	interference_close(&interference);
}

/* What comes out depends on each of them. */
static void every_function_is_run(void **state)
{
	(void)state;
	open_sized(0, 64 << 10);
	size_t all = interference.functions;
	uint64_t before = 0;
	for (size_t count = 0; count <= all; count++) {
		interference.functions = count;
		interference.value = 1;
		interference_run(&interference);
		assert_true(count == 0 || interference.value != before);
		before = interference.value;
	}
	assert_true(all > 10);
	interference_close(&interference);
}

static void branches_never_repeat(void **state)
{
	(void)state;
	open_sized(0, 64 << 10);
	uint64_t values[3];
	for (int i = 0; i < 3; i++) {
		interference_run(&interference);
		values[i] = interference.value;
	}
	assert_true(values[0] != values[1] && values[1] != values[2] && values[0] != values[2]);
	interference_close(&interference);
}

static void without_memory_it_says_so(void **state)
{
	(void)state;
	const struct workload_interference size = {.data_bytes = 1 << 20};
	memory_fail_after(0);
	assert_int_equal(interference_open(&interference, &size, &error), -1);
	memory_fail_after(UINT64_MAX);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
	interference_close(&interference);
}

/* One run of the interference for each sample, and none for others: the first word of its data counts them. */
static void samples_alone_meet_it(void **state)
{
	(void)state;
	struct bench bench;
	bench_open(&bench, YAML, "rbtree", NULL);
	open_sized(64, 0);
	interference.data[0] = 0;
	bench.pass.interference = &interference;
	bench.pass.latency_gap = 50;
	assert_int_equal(pass_latency(&bench.pass, &bench.error), 0);
	uint64_t samples = 0;
	for (size_t phase = 0; phase < 2; phase++)
		for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
			const struct result_histogram *histogram = &bench.record.phases[phase].latency[kind];
			for (size_t i = 0; i < histogram->count; i++)
				samples += histogram->samples[i];
		}
	assert_true(samples > 1000);
	assert_true(interference.data[0] == samples);
	/* What it costs is no slow-down by the stamps. */
	assert_true(isnan(bench.record.phases[1].latency_ns_per_op));
	interference_close(&interference);
	bench_close(&bench);
}

/* What is taken off samples was measured as they were: after the same interference. */
static void an_empty_pair_meets_it(void **state)
{
	(void)state;
	const struct clock clock = {.ns_per_tick = 1};
	open_sized(64, 0);
	interference.data[0] = 0;
	for (int i = 0; i < 3; i++)
		interference_empty_pair(&interference, &clock);
	assert_int_equal(interference.data[0], 3);
	interference_close(&interference);
}

/* Both sides of a pair take as many samples; what is stored is without the stamps. */
static void a_pair_takes_the_same_samples(void **state)
{
	(void)state;
	struct bench bench;
	struct arena arena;
	struct allocator_spec spec;
	bench_open(&bench, YAML, "rbtree", NULL);
	assert_int_equal(allocator_spec_open("buddy", &spec, &bench.error), 0);
	assert_int_equal(arena_create(&arena, false, 1, &bench.error), 0);
	const struct pass_rival rival = {&spec, &arena, LOCK_NONE};
	open_sized(4096, 4096);
	bench.pass.interference = &interference;
	bench.pass.interfered_samples = 3000;
	bench.pass.rival = &rival;
	assert_int_equal(pass_paired(&bench.pass, &bench.error), 0);
	const struct result_record_pairs *pairs = &bench.record.phases[1].pairs_interfered;
	assert_true(pairs->pairs + pairs->tainted > 100);
	assert_true(pairs->pairs == 0 || pairs->operations >= 10 * pairs->pairs);
	assert_true(bench.record.empty_pair_ns > 0);
	interference_close(&interference);
	allocator_spec_close(&spec);
	arena_destroy(&arena);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_written),         cmocka_unit_test(code_is_run_in_proportion),
		cmocka_unit_test(every_function_is_run),         cmocka_unit_test(branches_never_repeat),
		cmocka_unit_test(without_memory_it_says_so),     cmocka_unit_test(samples_alone_meet_it),
		cmocka_unit_test(a_pair_takes_the_same_samples), cmocka_unit_test(an_empty_pair_meets_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
