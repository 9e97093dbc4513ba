/* SPDX-License-Identifier: MIT
 * Shares of a workload and their weave, and passes of several threads: that nothing is lost, doubled or freed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "play/crew.h"
#include "support/run_fixture.h"
#include "workload/portion.h"
#include "support/lack.h"

#define HEAD                                                                                                               \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 64MiB}\nrequests: [{name: any, size: {uniform: {min: 4KiB, "   \
	"max: 32KiB}}}]\n"
#define TRAVEL                                                                                                             \
	HEAD "phases:\n  - {name: fill, mix: [{request: any}], until: {live: 300}}\n"                                      \
	     "  - {name: churn, mix: [{request: any}], ops: 20k}\n"                                                        \
	     "  - {name: travel, mix: [{request: any}], ops: 20k, free_on: next}\n"                                        \
	     "  - {name: drain, free: all}\n"

static struct bench bench;

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	bench_close(&bench);
	bench_threads = 0;
	return 0;
}

static void begin(const char *yaml, uint32_t threads)
{
	bench_threads = threads;
	bench_open(&bench, yaml, "rbtree", NULL);
}

static void shares_add_up_to_the_whole(void **state)
{
	(void)state;
	begin(HEAD "phases:\n  - {name: fill, mix: [{request: any}], until: {live: 301}}\n"
		   "  - {name: more, mix: [{request: any}], until: {occupancy: 60%}}\n"
		   "  - {name: churn, mix: [{request: any}], ops: 1001}\n",
	      1);
	for (uint32_t threads = 2; threads <= 3; threads++) {
		uint64_t live = 0, ops = 0;
		double occupancy = 0;
		for (uint32_t i = 0; i < threads; i++) {
			struct workload portion;
			assert_int_equal(workload_portion(&bench.plan.workload, i, threads, &portion, NULL), 0);
			live += portion.phases[0].until_value;
			occupancy += portion.phases[1].until_ratio;
			ops += portion.phases[2].until_value;
			assert_int_equal(portion.cpus, 1);
			assert_int_equal(portion.seed == bench.plan.workload.seed, i == 0);
			workload_portion_release(&portion);
		}
		assert_int_equal(live, 301);
		assert_int_equal(ops, 1002); /* whole steps */
		assert_true(fabs(occupancy - 0.6) < 1e-9);
	}
}

/* One player sees every allocation into an empty slot, every free of a live one, and nothing left at the end. */
static void a_woven_stream_allocates_and_frees_every_extent_once(void **state)
{
	(void)state;
	begin(TRAVEL, 3);
	struct op_stream *stream = bench.plan.stream;
	unsigned char *live = memory_zeroed(op_stream_slots(stream), 1);
	static struct op ops[1000];
	uint64_t allocations = 0, frees = 0, by_cpu[3] = {0};
	uint32_t cpu = 0, polls = 0;
	size_t phase, last = SIZE_MAX;
	op_stream_rewind(stream);
	for (size_t count; (count = op_stream_next(stream, ops, 1000, &phase)) > 0;) {
		assert_true(ops[count - 1].demand >> OP_REQUEST_SHIFT != OP_CONTROL);
		cpu = phase == last ? cpu : 0;
		last = phase;
		for (size_t i = 0; i < count; i++) {
			if (ops[i].demand == op_control(OP_POLL, 0).demand) {
				assert_int_equal(ops[i].slot, ++polls);
				continue;
			}
			if (ops[i].demand >> OP_REQUEST_SHIFT == OP_CONTROL) {
				assert_int_equal(ops[i].demand, op_control(OP_CONTEXT, 0).demand);
				cpu = ops[i].slot;
				continue;
			}
			assert_int_equal(live[ops[i].slot], ops[i].demand == 0);
			live[ops[i].slot] = ops[i].demand != 0;
			allocations += ops[i].demand != 0;
			frees += ops[i].demand == 0;
			by_cpu[cpu] += phase == 2;
		}
	}
	memory_release(live);
	assert_int_equal(allocations, 300 + 10000 + 10000);
	assert_int_equal(frees, allocations);
	/* A third of 1M/s and of 40,600 operations; with free_on: next, frees of the first thread's own inbox. */
	assert_int_equal(polls, (100 + 6668 + 6668 + 100) / 333);
	assert_int_equal(op_stream_totals(stream, 3).live_after, 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_in_range(by_cpu[i], 6600, 6700);
}

/* Two threads, one extent each: what thread 0 sends is freed by thread 1 and the other way round. */
static void what_is_sent_is_freed_by_the_next_thread(void **state)
{
	(void)state;
	begin(HEAD "phases:\n  - {name: fill, mix: [{request: any}], until: {live: 2}}\n"
		   "  - {name: travel, mix: [{request: any}], ops: 40, free_on: next}\n",
	      2);
	struct op_stream *stream = bench.plan.stream;
	static struct op ops[1000];
	uint32_t owner[2 * (1 + OP_RING_EXTENTS)] = {0}, cpu = 0;
	size_t phase, last = SIZE_MAX, frees = 0;
	op_stream_rewind(stream);
	for (size_t count; (count = op_stream_next(stream, ops, 1000, &phase)) > 0;) {
		cpu = phase == last ? cpu : 0;
		last = phase;
		for (size_t i = 0; i < count; i++) {
			if (ops[i].demand >> OP_REQUEST_SHIFT == OP_CONTROL)
				cpu = ops[i].slot;
			else if (ops[i].demand)
				owner[ops[i].slot] = cpu;
			else
				assert_int_equal(owner[ops[i].slot], 1 - cpu);
			frees += ops[i].demand == 0;
		}
	}
	assert_int_equal(frees, 20);
}

static void one_thread_frees_on_the_cpu_after_the_allocating_one(void **state)
{
	(void)state;
	begin("cpus: 3\n" HEAD "phases:\n  - {name: fill, mix: [{request: any}], until: {live: 50}}\n"
	      "  - {name: travel, mix: [{request: any}], ops: 2k, free_on: next}\n",
	      1);
	uint32_t owner[50] = {0}, cpu = 0;
	size_t frees = 0;
	for (size_t i = 0; i < bench.stream.words; i++) {
		const struct op *op = &bench.words[i];
		if (i == bench.stream.phase_words[0])
			cpu = 0;
		if (op->demand >> OP_REQUEST_SHIFT == OP_CONTROL) {
			cpu = op->slot;
		} else if (op->demand) {
			owner[op->slot] = cpu;
		} else {
			assert_int_equal(cpu, (owner[op->slot] + 1) % 3);
			frees++;
		}
	}
	assert_int_equal(frees, 1000);
}

static void all_threads_together_do_what_the_workload_says(void **state)
{
	(void)state;
	begin(TRAVEL, 2);
	if (pass_throughput(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
	const struct result_record_phase *phases = bench.record.phases;
	assert_int_equal(phases[0].operations, 300);
	assert_int_equal(phases[1].operations, 20000);
	/* What waits in the rings when a round ends is freed outside of it. */
	assert_in_range(phases[2].operations, 20000 - 2 * OP_RING_EXTENTS, 20000);
	assert_int_equal(phases[3].operations, 300);
	assert_true(phases[1].ns_per_op[0] > 0);
	assert_int_equal(phases[1].failures, 0);
}

static uint64_t poll_samples(void)
{
	uint64_t count = 0;
	for (size_t phase = 0; phase < bench.record.phase_count; phase++) {
		const struct result_histogram *polls = &bench.record.phases[phase].latency[METRIC_KIND_POLL];
		for (size_t i = 0; i < polls->count; i++)
			count += polls->samples[i];
	}
	return count;
}

/* Two threads at 100 k/s: the first one, at 50 k/s, polls every 100 of its 150 + 10,000 + 10,000 + 150 operations, while the
 * other one allocates and frees: under the lock that lazy needs, and without one. */
static void the_first_thread_polls_for_all(void **state)
{
	(void)state;
	static const char *const specs[] = {"lazy+rbtree", "magazine+rbtree", "magazine+lazy+rbtree"};
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		bench_threads = 2;
		bench_open(&bench, "pace: 100k/s\n" TRAVEL, specs[i], NULL);
		bench_on_one_cpu(&bench);
		if (bench.spec.parts[0].table->capabilities & IOVA_CONCURRENT)
			bench.pass.lock = LOCK_NONE;
		if (pass_throughput(&bench.pass, &bench.error) < 0)
			fail_msg("%s", bench.error.message);
		bench.pass.latency_gap = 64;
		if (pass_latency(&bench.pass, &bench.error) < 0)
			fail_msg("%s", bench.error.message);
		assert_int_equal(poll_samples(), 202);
		bench_close(&bench);
	}
	begin(TRAVEL, 2);
}

static void the_audit_of_threads_is_exact_and_finds_nothing(void **state)
{
	(void)state;
	uint64_t hash = 0;
	for (int i = 0; i < 2; i++) {
		begin(TRAVEL, 3);
		bench.arena.host.cpus = 3;
		assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
		assert_int_equal(bench_figure(&bench, 2, METRIC_AUDIT_VIOLATIONS), 0);
		assert_int_equal(bench_figure(&bench, 1, METRIC_AUDIT_OPS), 20000);
		assert_int_equal(bench_figure(&bench, 2, METRIC_FREES), 10000);
		assert_int_equal(bench.record.stream_hash, bench.stream.hash);
		assert_true(i == 0 || hash == bench.record.phases[2].placement_hash);
		hash = bench.record.phases[2].placement_hash;
		tear_down(NULL);
	}
}

static void every_thread_samples(void **state)
{
	(void)state;
	begin(TRAVEL, 2);
	bench.pass.latency_gap = 1;
	if (pass_latency(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
	const struct result_histogram *alloc = &bench.record.phases[0].latency[METRIC_KIND_ALLOC];
	uint64_t samples = alloc->dropped;
	for (size_t i = 0; i < alloc->count; i++)
		samples += alloc->samples[i];
	assert_in_range(samples, 280, 300); /* some CPU may change between two stamps */
	assert_true(bench.record.phases[2].latency[METRIC_KIND_FREE].count > 0);
	assert_true(bench.record.phases[1].latency_ns_per_op > 0);
}

static double slowest(size_t phase)
{
	return (double)bench.record.phases[phase].latency[METRIC_KIND_ALLOC].max;
}

/* One piece per thread and phase: points can stand where a phase ends. The 300 allocations of the fill are too few for one and
 * go into that of the churn; the drain has none. Which thread was slowest is chance: several runs show that all are in the
 * points. */
static void points_of_the_series_hold_the_samples_of_all_threads(void **state)
{
	(void)state;
	for (int run = 0; run < 8; run++) {
		size_t points[3], count = 0;
		begin(TRAVEL, 3);
		bench.pass.latency_gap = 1;
		if (pass_latency(&bench.pass, &bench.error) < 0)
			fail_msg("%s", bench.error.message);
		for (size_t i = 0; i < bench.record.series_count; i++)
			if (!isnan(bench.record.series[i].value[RESULT_SERIES_ALLOC_P50_NS])) {
				assert_in_range(count, 0, 2);
				points[count++] = i;
			}
		assert_int_equal(count, 2);
		const double *churn = bench.record.series[points[0]].value, *travel = bench.record.series[points[1]].value;
		/* Of 10,000 allocations each, with 300 of the fill: a percentile of 99 has more than ten above it. */
		assert_true(churn[RESULT_SERIES_ALLOC_P99_NS] >= churn[RESULT_SERIES_ALLOC_P50_NS]);
		assert_true(churn[RESULT_SERIES_ALLOC_MAX_NS] == fmax(slowest(0), slowest(1)));
		assert_true(travel[RESULT_SERIES_ALLOC_MAX_NS] == slowest(2));
		/* About 300, 20,000 and 30,000 words, and 200 rows for all of them with the drain. */
		uint64_t row_words = pass_row_words(&bench.pass);
		assert_in_range(points[0], 20000 / row_words, 22000 / row_words);
		assert_true(points[1] > points[0]);
		tear_down(NULL);
	}
}

static void refused(const char *phases, const char *message)
{
	struct plan plan;
	struct plan_changes changes = {.threads = 2};
	struct text messages = {0}, yaml = {0};
	struct error error = {0};
	text_add(&yaml,
		 "iovabench: 1\nname: test\nrequests: [{name: any, call: contiguous, size: {fixed: 4KiB}}]\nphases: [%s]\n",
		 phases);
	size_t length = yaml.length;
	assert_int_equal(plan_open(&plan, "test.yaml", yaml.bytes, length, &changes, &messages, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_string_equal(error.message, message);
	text_release(&messages);
}

static void what_threads_cannot_share_is_refused(void **state)
{
	(void)state;
	refused("{name: steps, script: [{alloc: x, request: any}]}",
		"test.yaml: phase steps is a script: one sequence of operations, which 2 threads cannot share");
	refused("{name: go, mix: [{request: any}], ops: 10, free_on: next}",
		"test.yaml: phase go frees on the next CPU, and driver calls belong to the thread that made them: threads "
		"take "
		"free_on: next with call: extent only");
}

static void threads_fail_cleanly_without_memory(void **state)
{
	(void)state;
	begin(HEAD "phases:\n  - {name: travel, mix: [{request: any}], ops: 100, free_on: next}\n", 2);
	for (struct lack lack = {0}; lack_next(&lack);) {
		bench.error = (struct error){0};
		lack_begins(&lack);
		int result = pass_throughput(&bench.pass, &bench.error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || bench.error.exit_code == EXIT_CODE_IO);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(shares_add_up_to_the_whole),
		TEST(a_woven_stream_allocates_and_frees_every_extent_once),
		TEST(what_is_sent_is_freed_by_the_next_thread),
		TEST(one_thread_frees_on_the_cpu_after_the_allocating_one),
		TEST(all_threads_together_do_what_the_workload_says),
		TEST(the_first_thread_polls_for_all),
		TEST(the_audit_of_threads_is_exact_and_finds_nothing),
		TEST(every_thread_samples),
		TEST(points_of_the_series_hold_the_samples_of_all_threads),
		TEST(what_threads_cannot_share_is_refused),
		TEST(threads_fail_cleanly_without_memory),
	};
	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
