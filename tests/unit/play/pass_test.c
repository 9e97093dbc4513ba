/* SPDX-License-Identifier: MIT
 * The timed passes over small workloads: what they count, when they have no figure, and that they notice what does not repeat.
 * And the plan behind a pass: it opens whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "play/taint.h"
#include "support/flawed_allocator.h"
#include "support/run_fixture.h"
#include "support/lack.h"

#define YAML                                                                                                               \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 256KiB}\ncpus: 2\nrequests: [{name: any, size: {uniform: "     \
	"{min: 4KiB, max:"                                                                                                 \
	" 32KiB}}}]\nphases:\n  - {name: fill, mix: [{request: any}], until: {occupancy: 90%}}\n"                          \
	"  - {name: churn, mix: [{request: any}], ops: 20k}\n  - {name: drain, free: all}\n"

static struct bench bench;

static int set_up(void **state)
{
	(void)state;
	flaw = FLAW_NONE;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	bench_close(&bench);
	return 0;
}

static void begin(const struct iova_allocator *table)
{
	bench_open(&bench, YAML, "rbtree", table);
}

static void throughput(void)
{
	if (pass_throughput(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
}

static void latency(uint32_t gap)
{
	bench.pass.latency_gap = gap;
	arena_reset(&bench.arena);
	if (pass_latency(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
}

static const struct result_record_phase *phase(size_t index)
{
	return &bench.record.phases[index];
}

static uint64_t samples(size_t index, enum metric_kind kind)
{
	const struct result_histogram *histogram = &phase(index)->latency[kind];
	uint64_t count = histogram->dropped;
	for (size_t i = 0; i < histogram->count; i++)
		count += histogram->samples[i];
	return count;
}

static void iterations_stop_at_their_limit(void **state)
{
	(void)state;
	begin(NULL);
	bench.clock.ns_per_tick = 1e-9; /* a pass that never takes long enough */
	throughput();
	assert_int_equal(phase(1)->iterations, PASS_ITERATIONS_MAX);
	assert_int_equal(phase(0)->iterations, PASS_ITERATIONS_MAX);
	assert_int_equal(phase(1)->windows, PASS_ITERATIONS_MAX);
}

/* Failures and skipped frees are the audit's; what is skipped is no operation. */
static void completed_operations_are_those_of_the_audit(void **state)
{
	(void)state;
	begin(NULL);
	throughput();
	uint64_t operations = phase(1)->operations, failures = phase(1)->failures;
	arena_reset(&bench.arena);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_true(failures > 0);
	assert_true(bench_figure(&bench, 1, METRIC_FREES_SKIPPED) > 0);
	assert_true(bench_figure(&bench, 1, METRIC_AUDIT_OPS) == (double)operations);
	assert_true(bench_figure(&bench, 1, METRIC_FAILURES_TOTAL) == (double)failures);
	assert_int_equal(phase(1)->placement_hash, bench.record.phases[1].placement_hash);
}

static void a_window_shorter_than_a_thousand_steps_has_no_figure(void **state)
{
	(void)state;
	begin(NULL);
	bench.clock.step_ns = 1e9; /* of a very slow clock */
	throughput();
	for (size_t i = 0; i < phase(1)->iterations; i++)
		assert_true(isnan(phase(1)->ns_per_op[i]));
}

static void times_are_those_of_the_clock(void **state)
{
	(void)state;
	begin(NULL);
	bench_on_one_cpu(&bench);
	bench.clock.ns_per_tick = 1000; /* a clock that goes a thousand times too fast */
	throughput();
	assert_true(phase(1)->ns_per_op[0] > 1000);
	assert_int_equal(phase(1)->iterations, 1); /* the tenth of a second is over soon */
}

static void the_series_counts_operations_by_window(void **state)
{
	(void)state;
	begin(NULL);
	throughput();
	assert_true(bench.record.series[0].value[RESULT_SERIES_NS_PER_OP] > 0);
	assert_true(isnan(bench.record.series[0].value[RESULT_SERIES_LIVE_PAGES]));
}

static void progress_tells_every_word(void **state)
{
	(void)state;
	begin(NULL);
	bench.clock.ns_per_tick = 1e-9; /* as often as it may be, whatever the machine is at */
	throughput();
	assert_int_equal(bench.progress, PASS_ITERATIONS_MAX * bench.stream.words);
	latency(4);
	assert_int_equal(bench.progress, (PASS_ITERATIONS_MAX + 1) * bench.stream.words);
}

static uint64_t calls_since, calls_longest, progress_seen;

static enum iova_status watched_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	calls_since = bench.progress == progress_seen ? calls_since + 1 : 0;
	progress_seen = bench.progress;
	calls_longest = calls_since > calls_longest ? calls_since : calls_longest;
	return flawed_alloc(self, request, cpu, extent);
}

/* A piece of the stream is longer than a window: a slow allocator must not seem to hang in it. */
static void no_pass_is_silent_for_long(void **state)
{
	(void)state;
	struct iova_allocator watched = flawed_table;
	int (*const passes[])(struct pass *, struct error *) = {pass_audit, pass_throughput, pass_latency};
	watched.alloc = watched_alloc;
	bench_open(
		&bench,
		"iovabench: 1\nname: test\nspace: {base: 0x0, size: 64KiB}\nrequests: [{name: any, size: {fixed: 4KiB}}]\n"
		"phases: [{name: churn, mix: [{request: any}], ops: 500k}]\n",
		NULL, &watched);
	bench.pass.latency_gap = 64;
	for (size_t i = 0; i < 3; i++) {
		calls_longest = 0;
		arena_reset(&bench.arena);
		assert_int_equal(passes[i](&bench.pass, &bench.error), 0);
		assert_in_range(calls_longest, 1, PASS_WINDOW_WORDS);
	}
}

static void every_operation_is_sampled_when_asked_for(void **state)
{
	(void)state;
	begin(NULL);
	throughput();
	bench_on_one_cpu(&bench);
	latency(1);
	for (size_t i = 0; i < 3; i++) {
		uint64_t sum = 0;
		for (enum metric_kind kind = 0; kind < METRIC_KIND_COUNT; kind++)
			sum += samples(i, kind);
		assert_int_equal(sum, phase(i)->operations);
	}
	assert_int_equal(samples(1, METRIC_KIND_ALLOC_FAILED), phase(1)->failures);
	assert_true(phase(1)->placement_hash != 0);
}

/* 20,000 operations at a mean gap of 16: 1250 samples, give or take five times the square root. */
static void gaps_have_the_mean_that_was_asked_for(void **state)
{
	(void)state;
	begin(NULL);
	throughput();
	bench_on_one_cpu(&bench);
	latency(16);
	double sum = 0;
	for (enum metric_kind kind = 0; kind < METRIC_KIND_COUNT; kind++)
		sum += (double)samples(1, kind);
	assert_true(fabs(sum - (double)phase(1)->operations / 16) < 5 * sqrt((double)phase(1)->operations / 16));
	assert_true(phase(1)->latency_ns_per_op > 0);
}

#define PACED                                                                                                              \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 16MiB}\npace: 100k/s\nrequests: [{name: any, size: {uniform: " \
	"{min: 4KiB, max: 32KiB}}}]\nphases:\n  - {name: fill, mix: [{request: any}], until: {live: 150}}\n"               \
	"  - {name: churn, mix: [{request: any}], ops: 20k}\n"

/* 20,150 operations, a poll every 100; every one is timed, however few samples there are. */
static void every_poll_is_a_sample(void **state)
{
	(void)state;
	bench_open(&bench, PACED, "lazy+rbtree", NULL);
	bench_on_one_cpu(&bench);
	latency(1000000);
	assert_int_equal(samples(0, METRIC_KIND_POLL), 1);
	assert_int_equal(samples(1, METRIC_KIND_POLL), 200);
	bench_close(&bench);
	bench_open(&bench, PACED, "lazy+rbtree", NULL);
	bench_on_one_cpu(&bench);
	latency(1);
	assert_int_equal(samples(1, METRIC_KIND_POLL), 200);
	assert_int_equal(samples(1, METRIC_KIND_ALLOC) + samples(1, METRIC_KIND_FREE), 20000);
	bench_close(&bench);
	bench_open(&bench, PACED, "rbtree", NULL);
	latency(1000000);
	assert_int_equal(samples(1, METRIC_KIND_POLL), 0); /* nothing is ever due */
}

/* Where a flush comes decides where the next request goes: one poll more or less in a pass would show. */
static void deferred_work_places_alike_in_every_pass(void **state)
{
	(void)state;
	bench_open(&bench, PACED, "lazy+rbtree:fit=first", NULL);
	throughput();
	uint64_t hash = phase(1)->placement_hash;
	assert_true(hash != 0);
	latency(10);
	assert_int_equal(phase(1)->placement_hash, hash);
	arena_reset(&bench.arena);
	assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
	assert_int_equal(phase(1)->placement_hash, hash);
	assert_true(bench_figure(&bench, 1, METRIC_AUDIT_POLLS) == 200);
	assert_true(bench_figure(&bench, 1, METRIC_AUDIT_VIOLATIONS) == 0);
}

static void slow_poll(void *self, uint64_t now_ns)
{
	(void)self;
	(void)now_ns;
	const struct timespec pause = {.tv_nsec = 200000};
	nanosleep(&pause, NULL);
}

/* 200 polls of 0.2 ms in each iteration: the least disturbed one has nothing of them. */
static void polls_are_outside_of_the_windows(void **state)
{
	(void)state;
	struct iova_allocator slow = *allocator_find("bitmap");
	slow.poll = slow_poll;
	bench_open(&bench, PACED, NULL, &slow);
	throughput();
	double least = INFINITY;
	for (size_t i = 0; i < phase(1)->iterations; i++)
		least = fmin(least, phase(1)->ns_per_op[i]);
	assert_true(least * 20000 < 40e6);
	least = INFINITY;
	for (int i = 0; i < 8 && least * 20000 >= 40e6; i++) {
		latency(64);
		least = fmin(least, phase(1)->latency_ns_per_op);
	}
	assert_true(least * 20000 < 40e6);
}

static void no_gap_is_no_pass(void **state)
{
	(void)state;
	begin(NULL);
	throughput();
	latency(0);
	assert_true(isnan(phase(1)->latency_ns_per_op));
	assert_true(phase(1)->placement_hash != 0);
}

static void iterations_that_place_differently_have_no_hash(void **state)
{
	(void)state;
	flaw = FLAW_WANDERS;
	begin(&flawed_table);
	throughput();
	assert_int_equal(phase(0)->placement_hash, 0);
}

static void a_latency_pass_that_places_differently_has_no_hash(void **state)
{
	(void)state;
	begin(&flawed_table);
	throughput();
	assert_true(phase(0)->placement_hash != 0);
	flaw = FLAW_WANDERS;
	flawed_instances = 1;
	latency(4);
	assert_int_equal(phase(0)->placement_hash, 0);
}

/* Of a piece with fewer words than there are slots only what it touched is hashed. */
static void passes_agree_on_pieces_that_touch_few_slots(void **state)
{
	(void)state;
	static const char yaml[] = "iovabench: 1\nname: test\nspace: {base: 0x0, size: 64MiB}\n"
				   "requests: [{name: any, size: {uniform: {min: 4KiB, max: 32KiB}}}]\nphases:\n"
				   "  - {name: fill, mix: [{request: any}], until: {live: 3000}}\n"
				   "  - {name: churn, mix: [{request: any}], ops: 100}\n"
				   "  - {name: more, mix: [{request: any}], ops: 102}\n";
	static const char *const specs[] = {"rbtree:fit=first", "rbtree:fit=last"};
	uint64_t hashes[2][3];
	for (size_t spec = 0; spec < 2; spec++) {
		bench_open(&bench, yaml, specs[spec], NULL);
		throughput();
		for (size_t i = 0; i < 3; i++) {
			hashes[spec][i] = phase(i)->placement_hash;
			assert_true(hashes[spec][i] != 0);
			assert_true(i == 0 || hashes[spec][i] != hashes[spec][i - 1]);
		}
		latency(2);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(phase(i)->placement_hash, hashes[spec][i]);
		arena_reset(&bench.arena);
		assert_int_equal(pass_audit(&bench.pass, &bench.error), 0);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(phase(i)->placement_hash, hashes[spec][i]);
		bench_close(&bench);
	}
	assert_true(hashes[0][2] != hashes[1][2]);
}

static void an_undisturbed_moment_is_not_tainted(void **state)
{
	(void)state;
	struct taint taint;
	bool calm = false;
	taint_open(&taint, true);
	assert_true(taint.schedstat >= 0);
	for (int i = 0; i < 1000 && !calm; i++) {
		taint_before(&taint);
		calm = !taint_after(&taint);
	}
	taint_close(&taint);
	assert_true(calm);
}

/* Two processes on one CPU cannot both run. */
static void a_moment_shared_with_others_is_tainted(void **state)
{
	(void)state;
	struct taint taint;
	bool tainted = false;
	taint_open(&taint, true);
	taint.switches = 0;
	for (int i = 0; i < 50 && !tainted; i++) {
		taint_before(&taint);
		taint.run_delay_ns--; /* as if the last reading were older */
		tainted = taint_after(&taint);
	}
	taint_close(&taint);
	assert_true(tainted);
}

static void steal_is_read_of_the_cpu_at_hand(void **state)
{
	(void)state;
	const char *text = "cpu  63101 890 10731 269390 161 0 20 90 0 0\ncpu0 1 2 3 4 5 6 7 81 9 10\n"
			   "cpu1 1 2 3 4 5 6 7 9 0 0\ncpu11 1 2 3 4 5 6 7 11 0 0\nintr 5 cpu1 1\ncpu3 1 2\n";
	assert_int_equal(taint_steal_ticks(text, 0), 81);
	assert_int_equal(taint_steal_ticks(text, 1), 9);
	assert_int_equal(taint_steal_ticks(text, 11), 11);
	assert_int_equal(taint_steal_ticks(text, 2), 0);
	assert_int_equal(taint_steal_ticks(text, 3), 0);
	assert_int_equal(taint_steal_ticks("", 0), 0);
	/* A CPU that is off has no line, and another one's is not its own. */
	assert_int_equal(taint_steal_ticks("cpu 9 9 9 9 9 9 9 9\ncpu0 1 2 3 4 5 6 7 8\ncpu11 1 2 3 4 5 6 7 11 0 0\n", 1),
			 0);
}

/* As if the last reading were older, and nothing but the hypervisor had been at work since. */
static void a_moment_with_steal_is_tainted(void **state)
{
	(void)state;
	struct taint taint;
	bool tainted = false;
	taint_open(&taint, true);
	assert_true(taint.stat >= 0);
	for (int i = 0; i < 1000 && !tainted; i++) {
		taint_before(&taint);
		struct taint before = taint;
		taint.steal_ticks--;
		tainted = !taint_after(&before) && taint_after(&taint);
	}
	taint_close(&taint);
	assert_true(tainted);
}

static void a_plan_is_changed_by_the_command_line(void **state)
{
	(void)state;
	struct plan plan;
	struct text messages = {0};
	struct plan_changes changes = {.has_seed = true, .seed = 77, .ops = 500};
	assert_int_equal(plan_open(&plan, "test.yaml", memory_text(YAML), strlen(YAML), &changes, &messages, NULL), 0);
	assert_int_equal(plan.workload.seed, 77);
	assert_int_equal(plan.workload.phases[1].until_value, 500);
	assert_int_equal(plan.workload.phases[0].until, WORKLOAD_UNTIL_OCCUPANCY);
	plan_close(&plan);
	plan_close(&plan);
}

static void opens_whole_or_not_at_all(const char *yaml)
{
	struct plan plan;
	struct plan_changes none = {0};
	for (struct lack lack = {0}; lack_next(&lack);) {
		struct text messages = {0};
		char *bytes = memory_text(yaml);
		bench.error = (struct error){0};
		lack_begins(&lack);
		int result = plan_open(&plan, "workloads/test.yaml", bytes, strlen(yaml), &none, &messages, &bench.error);
		bool failed = lack_ends(&lack);
		/* What failed says so somewhere; a text that ran out of memory says that much. */
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(result == 0 || *bench.error.message || messages.length || messages.failed);
		text_release(&messages);
		if (!failed)
			plan_close(&plan);
	}
}

static void a_plan_opens_whole_or_not_at_all(void **state)
{
	(void)state;
	begin(NULL);
	opens_whole_or_not_at_all(YAML);
}

static void a_plan_with_a_recording_opens_whole_or_not_at_all(void **state)
{
	(void)state;
	begin(NULL);
	opens_whole_or_not_at_all("iovabench: 1\nname: test\nspace: {size: 256TiB}\n"
				  "phases: [{name: replay, trace: {file: traces/e1000e.strict.iovatrace}}]\n");
}

static void a_recording_that_is_missing_is_named(void **state)
{
	(void)state;
	begin(NULL);
	struct plan plan;
	struct text messages = {0};
	struct plan_changes none = {0};
	const char *yaml =
		"iovabench: 1\nname: test\nspace: {size: 4GiB}\nphases: [{name: replay, trace: {file: gone.iovatrace}}]\n";
	assert_int_equal(
		plan_open(&plan, "some/test.yaml", memory_text(yaml), strlen(yaml), &none, &messages, &bench.error), -1);
	assert_int_equal(bench.error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(bench.error.message, "some/gone.iovatrace"));
	assert_null(plan.stream);
	text_release(&messages);
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		A(iterations_stop_at_their_limit),
		A(completed_operations_are_those_of_the_audit),
		A(a_window_shorter_than_a_thousand_steps_has_no_figure),
		A(times_are_those_of_the_clock),
		A(the_series_counts_operations_by_window),
		A(progress_tells_every_word),
		A(no_pass_is_silent_for_long),
		A(every_operation_is_sampled_when_asked_for),
		A(gaps_have_the_mean_that_was_asked_for),
		A(every_poll_is_a_sample),
		A(deferred_work_places_alike_in_every_pass),
		A(polls_are_outside_of_the_windows),
		A(no_gap_is_no_pass),
		A(iterations_that_place_differently_have_no_hash),
		A(a_latency_pass_that_places_differently_has_no_hash),
		A(passes_agree_on_pieces_that_touch_few_slots),
		A(an_undisturbed_moment_is_not_tainted),
		A(a_moment_shared_with_others_is_tainted),
		A(steal_is_read_of_the_cpu_at_hand),
		A(a_moment_with_steal_is_tainted),
		A(a_plan_is_changed_by_the_command_line),
		A(a_plan_opens_whole_or_not_at_all),
		A(a_plan_with_a_recording_opens_whole_or_not_at_all),
		A(a_recording_that_is_missing_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
