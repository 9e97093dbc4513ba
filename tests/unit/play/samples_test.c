/* SPDX-License-Identifier: MIT
 * Latencies by request, CPU and outcome, what came over the largest, and the worst ones, under a clock and an allocator of the
 * test. What disturbs from outside can come at any time: what must be clean is tried until nothing came in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "play/samples.h"
#include "plugins/bump.h"
#include "support/lack.h"
#include "support/run_fixture.h"

#define TRIES 100

static uint64_t now_ns, stalled_call, stall_ns;

static uint64_t read_clock(void)
{
	return ++now_ns;
}

static uint32_t one_cpu(void)
{
	return 0;
}

static enum iova_status timed_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct bump *bump = self;
	now_ns += 100 + (bump->calls++ == stalled_call ? stall_ns : 0);
	if (bump->taken + request->count > bump->space.count)
		bump->taken = 0; /* nobody looks where extents lie */
	return bump_alloc(self, request, cpu, extent);
}

static enum iova_status counted_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent, struct iova_steps *steps)
{
	steps->examined += 10 * request->count;
	return timed_alloc(self, request, cpu, extent);
}

static void counted_free(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	steps->examined += 7;
	bump_free(self, extent, cpu);
}

static const struct iova_allocator table = {BUMP("counted"), .alloc = timed_alloc, .alloc_counted = counted_alloc,
					    .free_counted = counted_free, .capabilities = IOVA_STEPS};
static const struct iova_allocator plain = {BUMP("plain"), .alloc = timed_alloc};

static struct bench bench;

static int set_up(void **state)
{
	(void)state;
	stalled_call = UINT64_MAX;
	stall_ns = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	bench_close(&bench);
	return 0;
}

static void play(const char *yaml, const struct iova_allocator *allocator, uint32_t gap)
{
	bench_close(&bench);
	now_ns = 1000;
	clock_pretend(read_clock);
	clock_pretend_cpu(one_cpu);
	bench_open(&bench, yaml, NULL, allocator);
	bench.pass.latency_gap = gap;
	assert_int_equal(pass_latency(&bench.pass, &bench.error), 0);
}

/* Two requests of other sizes; 100 allocations, then 500 frees and allocations in turn. */
#define TWO                                                                                                                \
	"iovabench: 1\nname: t\ncpus: 2\nrequests: [{name: page, size: {fixed: 4KiB}}, {name: block, size: {fixed: "       \
	"32KiB}}]\nphases: [{name: fill, mix: [{request: page}, {request: block}], until: {live: 100}},"                   \
	" {name: churn, mix: [{request: page}, {request: block}], ops: 1000}]\n"

static uint64_t count_of(size_t phase, enum result_class_by by, const char *name, enum metric_kind kind)
{
	const struct result_record_phase *record = &bench.record.phases[phase];
	uint64_t count = 0;
	for (size_t i = 0; i < record->class_count; i++)
		if (record->classes[i].by == by && record->classes[i].kind == kind &&
		    (!name || strcmp(record->classes[i].name, name) == 0))
			count += record->classes[i].count;
	return count;
}

static void every_sample_is_in_a_class_of_each_sort(void **state)
{
	(void)state;
	play(TWO, &table, 1);
	assert_int_equal(count_of(1, RESULT_BY_REQUEST, NULL, METRIC_KIND_ALLOC), 500);
	assert_in_range(count_of(1, RESULT_BY_REQUEST, "page", METRIC_KIND_ALLOC), 100, 400);
	assert_int_equal(count_of(1, RESULT_BY_REQUEST, "page", METRIC_KIND_ALLOC) +
				 count_of(1, RESULT_BY_REQUEST, "block", METRIC_KIND_ALLOC),
			 500);
	assert_int_equal(count_of(1, RESULT_BY_REQUEST, NULL, METRIC_KIND_FREE), 0);
	assert_in_range(count_of(1, RESULT_BY_CPU, "1", METRIC_KIND_FREE), 100, 400);
	assert_int_equal(count_of(1, RESULT_BY_CPU, NULL, METRIC_KIND_FREE), 500);
	assert_int_equal(count_of(1, RESULT_BY_OUTCOME, "granted", METRIC_KIND_ALLOC), 500);
	assert_int_equal(count_of(1, RESULT_BY_OUTCOME, "freed", METRIC_KIND_FREE), 500);
	assert_int_equal(count_of(0, RESULT_BY_OUTCOME, NULL, METRIC_KIND_FREE), 0);
}

#define LIMITED                                                                                                            \
	"iovabench: 1\nname: t\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: page, size: {fixed: 4KiB}, high: "      \
	"[0x3fff, 0xffff]}, {name: wide, size: {fixed: 64KiB}}]\nphases: [{name: fill, mix: [{request: page}], until: "    \
	"{live: 16}}, {name: more, script: [{alloc: a, request: wide}]}]\n"

/* Four pages lie below the first limit and twelve below the second; then nothing is left. */
static void outcomes_tell_limits_and_failures(void **state)
{
	(void)state;
	bench_close(&bench);
	bench_open(&bench, LIMITED, "rbtree", NULL);
	bench.pass.latency_gap = 1;
	assert_int_equal(pass_latency(&bench.pass, &bench.error), 0);
	assert_int_equal(count_of(0, RESULT_BY_OUTCOME, "granted", METRIC_KIND_ALLOC), 4);
	assert_int_equal(count_of(0, RESULT_BY_OUTCOME, "later limit", METRIC_KIND_ALLOC), 12);
	assert_int_equal(count_of(1, RESULT_BY_OUTCOME, "failed", METRIC_KIND_ALLOC_FAILED), 1);
	assert_int_equal(count_of(1, RESULT_BY_REQUEST, "wide", METRIC_KIND_ALLOC_FAILED), 1);
}

/* Sixteen requests and CPUs have a name; what is left is told as that. */
static void what_is_too_much_is_counted_together(void **state)
{
	struct text yaml = {0};
	(void)state;
	text_add(&yaml, "iovabench: 1\nname: t\ncpus: 20\nrequests:\n");
	for (int i = 0; i < 20; i++)
		text_add(&yaml, "  - {name: r%d, size: {fixed: 4KiB}}\n", i);
	text_add(&yaml, "phases:\n  - name: churn\n    until: {live: 2000}\n    mix: [{request: r0}");
	for (int i = 1; i < 20; i++)
		text_add(&yaml, ", {request: r%d}", i);
	text_add(&yaml, "]\n");
	play(yaml.bytes, &table, 1);
	text_release(&yaml);
	assert_int_equal(count_of(0, RESULT_BY_REQUEST, NULL, METRIC_KIND_ALLOC), 2000);
	assert_in_range(count_of(0, RESULT_BY_REQUEST, "r15", METRIC_KIND_ALLOC), 50, 200);
	assert_int_equal(count_of(0, RESULT_BY_REQUEST, "r16", METRIC_KIND_ALLOC), 0);
	assert_in_range(count_of(0, RESULT_BY_REQUEST, RESULT_CLASS_OTHERS, METRIC_KIND_ALLOC), 200, 800);
	assert_int_equal(count_of(0, RESULT_BY_CPU, NULL, METRIC_KIND_ALLOC), 2000);
	assert_int_equal(count_of(0, RESULT_BY_CPU, "16", METRIC_KIND_ALLOC), 0);
	assert_in_range(count_of(0, RESULT_BY_CPU, RESULT_CLASS_OTHERS, METRIC_KIND_ALLOC), 200, 800);
}

static void classes_of_threads_are_those_of_all(void **state)
{
	(void)state;
	bench_close(&bench);
	bench_threads = 2;
	bench_open(&bench,
		   "iovabench: 1\nname: t\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: churn, mix: [{request: page}], ops: 20k}]\n",
		   "rbtree", NULL);
	bench_threads = 0;
	bench.pass.latency_gap = 1;
	assert_int_equal(pass_latency(&bench.pass, &bench.error), 0);
	assert_int_equal(count_of(0, RESULT_BY_REQUEST, "page", METRIC_KIND_ALLOC), 10000);
	assert_int_equal(count_of(0, RESULT_BY_CPU, "0", METRIC_KIND_ALLOC), 5000);
	assert_int_equal(count_of(0, RESULT_BY_CPU, "1", METRIC_KIND_ALLOC), 5000);
	assert_int_equal(bench.record.phases[0].worst_count, RESULT_WORST_MAX);
	assert_int_equal(pass_steps(&bench.pass, &bench.error), 0);
	for (size_t i = 0; i < RESULT_WORST_MAX; i++) {
		const struct result_sample *sample = &bench.record.phases[0].worst[i];
		assert_in_range(sample->thread, 0, 1);
		assert_in_range(sample->operation, 1, 10000);
		assert_true(isnan(sample->steps));
		assert_int_equal(sample->no_steps, RESULT_REASON_SEVERAL_THREADS);
	}
}

/* The 300th allocation is operation 100 + 2 * 200, the 200th of the churn. */
static void the_worst_can_be_found_again(void **state)
{
	bool clean = false;
	(void)state;
	stalled_call = 299;
	stall_ns = 4000000;
	for (int i = 0; i < TRIES && !clean; i++) {
		play(TWO, &table, 1);
		clean = bench.record.phases[1].worst[0].taint == RESULT_TAINT_NONE;
	}
	assert_true(clean);
	const struct result_record_phase *churn = &bench.record.phases[1];
	assert_int_equal(churn->worst_count, RESULT_WORST_MAX);
	const struct result_sample *worst = churn->worst;
	assert_int_equal(worst->operation, 500);
	assert_int_equal(worst->kind, METRIC_KIND_ALLOC);
	assert_true(worst->latency >= 4000000 && worst->latency < 4001000);
	for (size_t i = 1; i < RESULT_WORST_MAX; i++)
		assert_true(worst[i].latency <= worst[i - 1].latency && worst[i].latency < 1000);
	/* Its request is that of its size. */
	assert_true(worst->pages == 1 || worst->pages == 8);
	assert_string_equal(worst->request, worst->pages == 1 ? "page" : "block");
	const struct op *op = &bench.words[worst->word];
	assert_int_equal(op->demand & OP_COUNT_MAX, worst->pages);
	assert_int_equal(op_count_operations(bench.words, (size_t)worst->word), 499);
	/* The largest of its classes, too, and of no other. */
	assert_true(churn->latency_max[METRIC_KIND_ALLOC].clean == worst->latency);
	for (size_t i = 0; i < churn->class_count; i++)
		if (churn->classes[i].by == RESULT_BY_REQUEST)
			assert_int_equal(churn->classes[i].max >= 4000000,
					 strcmp(churn->classes[i].name, worst->request) == 0);
}

static void steps_are_those_of_the_counted_twins(void **state)
{
	(void)state;
	play(TWO, &table, 1);
	assert_int_equal(pass_steps(&bench.pass, &bench.error), 0);
	for (size_t phase = 0; phase < 2; phase++) {
		assert_int_equal(bench.record.phases[phase].worst_count, RESULT_WORST_MAX);
		for (size_t i = 0; i < RESULT_WORST_MAX; i++) {
			const struct result_sample *sample = &bench.record.phases[phase].worst[i];
			assert_true(sample->pages > 0);
			assert_true(sample->steps == (sample->kind == METRIC_KIND_FREE ? 7 : 10.0 * (double)sample->pages));
		}
	}
}

/* Every operation is played once, whether it is counted or not. */
static void counting_steps_places_as_the_other_passes_do(void **state)
{
	(void)state;
	bench_open(&bench, TWO, "rbtree:fit=first", NULL);
	bench.pass.latency_gap = 4;
	assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
	uint64_t hash = bench.record.phases[1].placement_hash;
	arena_reset(&bench.arena);
	assert_int_equal(pass_latency(&bench.pass, &bench.error), 0);
	assert_int_equal(pass_steps(&bench.pass, &bench.error), 0);
	assert_true(hash != 0 && bench.record.phases[1].placement_hash == hash);
	for (size_t i = 0; i < bench.record.phases[1].worst_count; i++)
		assert_true(bench.record.phases[1].worst[i].steps >= 1);
}

static void steps_of_the_audit_are_those_of_a_play(void **state)
{
	(void)state;
	static uint32_t steps[8192];
	double played[RESULT_WORST_MAX];
	bench_open(&bench, TWO, "rbtree:fit=first", NULL);
	const struct result_record_phase *churn = &bench.record.phases[1];
	memset(steps, 0, sizeof steps);
	assert_in_range(bench.pass.words, 1000, sizeof steps / sizeof steps[0] - 1);
	bench.pass.steps = steps;
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_int_equal(steps[bench.pass.words], 0); /* what is given back at the end is no word */
	bench.pass.steps = NULL;
	bench.pass.latency_gap = 4;
	arena_reset(&bench.arena);
	assert_int_equal(pass_latency(&bench.pass, &bench.error), 0);
	assert_int_equal(pass_steps(&bench.pass, &bench.error), 0);
	assert_int_equal(churn->worst_count, RESULT_WORST_MAX);
	for (size_t i = 0; i < RESULT_WORST_MAX; i++)
		played[i] = churn->worst[i].steps;
	bench.pass.steps = steps;
	steps[churn->worst[0].word] += 1000; /* that it is what is read */
	assert_int_equal(pass_steps(&bench.pass, &bench.error), 0);
	for (size_t i = 0; i < RESULT_WORST_MAX; i++)
		assert_true(churn->worst[i].steps == played[i] + (i ? 0 : 1000));
}

static void no_steps_have_a_reason(void **state)
{
	(void)state;
	play(TWO, &plain, 1);
	assert_int_equal(pass_steps(&bench.pass, &bench.error), 0);
	assert_true(isnan(bench.record.phases[1].worst[0].steps));
	assert_int_equal(bench.record.phases[1].worst[0].no_steps, RESULT_REASON_NO_STEPS);
	play(TWO, &table, 1);
	bench.pass.latency_took_ns = UINT64_C(1000000001);
	assert_int_equal(pass_steps(&bench.pass, &bench.error), 0);
	assert_true(isnan(bench.record.phases[1].worst[0].steps));
	assert_int_equal(bench.record.phases[1].worst[0].no_steps, RESULT_REASON_LONG_PASS);
}

/* ---- taint: samples made by hand, and readings that are made older than they are ---- */

static struct samples samples;

static void open_by_hand(void)
{
	bench_close(&bench);
	clock_pretend(read_clock);
	bench_open(&bench, TWO, NULL, &table);
	assert_int_equal(samples_open(&samples, &bench.pass, 0), 0);
	samples_ready(&samples, (struct op_piece){bench.words, 100, 0});
}

static void record(uint64_t ticks, bool moved)
{
	const struct engine_timed timed = {.kind = METRIC_KIND_ALLOC, .ticks = ticks, .pages = 1, .moved = moved};
	samples_record(&samples, &timed, &bench.words[1], 0);
}

/* Of one sample, after which the state had changed. */
static enum result_taint taint_of(uint64_t ticks, int switches, int steal)
{
	open_by_hand();
	samples.taint.switches -= switches;
	samples.taint.steal_ticks -= (uint64_t)steal;
	record(ticks, false);
	enum result_taint taint = samples.kinds[METRIC_KIND_ALLOC].taint;
	samples_close(&samples);
	return taint;
}

static void the_system_is_asked_about_long_samples_only(void **state)
{
	(void)state;
	bool none = false, steal = false;
	assert_int_equal(taint_of(1999, 1, 1), RESULT_TAINT_NONE);
	assert_int_equal(taint_of(2000, 1, 0), RESULT_TAINT_PREEMPTED);
	for (int i = 0; i < TRIES && !(none && steal); i++) {
		none |= taint_of(2000, 0, 0) == RESULT_TAINT_NONE;
		steal |= taint_of(2000, 0, 1) == RESULT_TAINT_STEAL;
	}
	assert_true(none && steal);
}

static void the_largest_without_taint_stands_beside_the_largest(void **state)
{
	bool clean = false;
	(void)state;
	for (int i = 0; i < TRIES && !clean; i++) {
		open_by_hand();
		record(1000, false);
		record(9000, true);
		samples.taint.switches--;
		record(8000, false);
		record(3000, false);
		record(2500, false); /* shorter than the clean one: nobody asks */
		const struct samples_max *max = &samples.kinds[METRIC_KIND_ALLOC];
		assert_int_equal(max->ticks, 9000);
		assert_int_equal(max->taint, RESULT_TAINT_MOVED);
		assert_true(max->has_clean);
		clean = max->clean == 3000;
		assert_int_equal(samples.worst_count, 5);
		assert_int_equal(samples.worst[1].taint, RESULT_TAINT_PREEMPTED);
		assert_int_equal(samples.worst[0].operation, op_count_operations(bench.words, 1) + 1);
		samples_close(&samples);
	}
	assert_true(clean);
}

/* A reading counts once: what came before it is not laid at the door of the next sample. */
static void each_look_begins_anew(void **state)
{
	bool clean = false;
	(void)state;
	for (int i = 0; i < TRIES && !clean; i++) {
		open_by_hand();
		samples.taint.switches--;
		record(5000, false);
		record(6000, false);
		assert_int_equal(samples.worst[1].taint, RESULT_TAINT_PREEMPTED);
		clean = samples.worst[0].taint == RESULT_TAINT_NONE;
		samples_close(&samples);
	}
	assert_true(clean);
}

static void operations_are_numbered_over_rounds(void **state)
{
	(void)state;
	open_by_hand();
	samples_ready(&samples, (struct op_piece){bench.words + 100, 800, 0});
	const struct engine_timed timed = {.kind = METRIC_KIND_FREE, .ticks = 100};
	samples_record(&samples, &timed, &bench.words[350], 1);
	assert_int_equal(samples.worst[0].word, 350);
	assert_int_equal(samples.worst[0].operation, op_count_operations(bench.words, 350) + 1);
	samples_close(&samples);
}

static void every_lack_of_memory_is_an_error(void **state)
{
	(void)state;
	for (struct lack lack = {0}; lack_next(&lack);) {
		bench_close(&bench);
		clock_pretend(read_clock);
		bench_open(&bench, TWO, NULL, &table);
		bench.pass.latency_gap = 16;
		lack_begins(&lack);
		int result = pass_latency(&bench.pass, &bench.error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
	}
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(every_sample_is_in_a_class_of_each_sort),
		A(outcomes_tell_limits_and_failures),
		A(what_is_too_much_is_counted_together),
		A(classes_of_threads_are_those_of_all),
		A(the_worst_can_be_found_again),
		A(steps_are_those_of_the_counted_twins),
		A(counting_steps_places_as_the_other_passes_do),
		A(steps_of_the_audit_are_those_of_a_play),
		A(no_steps_have_a_reason),
		A(the_system_is_asked_about_long_samples_only),
		A(the_largest_without_taint_stands_beside_the_largest),
		A(each_look_begins_anew),
		A(operations_are_numbered_over_rounds),
		A(every_lack_of_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
