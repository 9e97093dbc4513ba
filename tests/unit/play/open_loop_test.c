/* SPDX-License-Identifier: MIT
 * Passes under a clock of the test: what an allocator is known to take comes back from the histograms, in a closed loop as
 * service, in an open one as response; lateness and saturation; a clock that goes back. */
#include "play/open_loop.h"

#include "measure/histogram.h"
#include "run/gather.h"
#include "play/plain_histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plugins/bump.h"
#include "support/run_fixture.h"

/* ---- the schedule alone ---- */

static struct open_loop loop;

static void even_gaps_do_not_drift(void **state)
{
	(void)state;
	open_loop_begin(&loop, 1000, 2.5, false, 1);
	const uint64_t intended[] = {1002, 1005, 1007, 1010, 1012};
	for (size_t i = 0; i < 5; i++) {
		assert_true(open_loop_intended(&loop) == intended[i]);
		open_loop_done(&loop, intended[i], intended[i] + 1);
	}
	for (size_t i = 5; i < 1000000; i++)
		open_loop_done(&loop, 0, 0);
	assert_true(open_loop_intended(&loop) == 1000 + 2500002);
}

static void random_gaps_have_the_mean_and_spread_of_a_poisson_process(void **state)
{
	(void)state;
	enum { COUNT = 100000 };
	double sum = 0, squares = 0;
	uint64_t before = 0;
	open_loop_begin(&loop, 0, 1e6, true, 7);
	for (size_t i = 0; i < COUNT; i++) {
		double gap = (double)(open_loop_intended(&loop) - before);
		before = open_loop_intended(&loop);
		sum += gap;
		squares += gap * gap;
		open_loop_done(&loop, before, before);
	}
	double mean = sum / COUNT, deviation = sqrt(squares / COUNT - mean * mean);
	/* Both are the mean gap; their own deviation is about 1 / sqrt(COUNT) = 0.3 %. */
	assert_true(fabs(mean / 1e6 - 1) < 0.015 && fabs(deviation / 1e6 - 1) < 0.03);
}

static void response_counts_from_the_intended_begin(void **state)
{
	(void)state;
	open_loop_begin(&loop, 0, 100, false, 1);
	assert_true(open_loop_done(&loop, 100, 130) == 30);  /* on time */
	assert_true(open_loop_done(&loop, 350, 380) == 180); /* meant for 200 */
	assert_true(open_loop_done(&loop, 380, 410) == 110); /* meant for 300 */
	assert_true(loop.lateness_max == 150);
	struct result_figures figures;
	result_figures_clear(&figures);
	const struct clock clock = {.ns_per_tick = 2};
	open_loop_store(&loop, &clock, &figures);
	assert_true(figures.value[METRIC_OFFERED_RATE] == 5e6);                      /* 200 ns apart */
	assert_true(fabs(figures.value[METRIC_ACHIEVED_RATE] - 3e9 / 820) < 1);      /* 3 in 410 ticks */
	assert_true(figures.value[METRIC_LATENESS_MEAN_NS] == 2 * (150 + 80) / 3.0); /* 0, 150, 80 ticks */
	assert_true(figures.value[METRIC_LATENESS_MAX_NS] == 300);
	assert_true(figures.value[METRIC_SATURATED] == 0);
}

static void a_pause_is_no_part_of_the_schedule(void **state)
{
	(void)state;
	open_loop_begin(&loop, 0, 100, false, 1);
	open_loop_done(&loop, 100, 130);
	open_loop_pause(&loop, 150);
	open_loop_resume(&loop, 10150);
	assert_true(open_loop_intended(&loop) == 10200);
	/* One operation in 130 ticks, however long the pause. */
	struct result_figures figures;
	result_figures_clear(&figures);
	const struct clock clock = {.ns_per_tick = 1};
	open_loop_store(&loop, &clock, &figures);
	assert_true(fabs(figures.value[METRIC_ACHIEVED_RATE] - 1e9 / 130) < 1e-3);
}

/* One server: begin = max(intended, end of the one before). */
static bool saturates(double gap, uint64_t service, size_t stall_at, uint64_t stall, size_t count)
{
	uint64_t free_at = 0;
	open_loop_begin(&loop, 0, gap, true, 3);
	for (size_t i = 0; i < count; i++) {
		uint64_t intended = open_loop_intended(&loop), begin = intended > free_at ? intended : free_at;
		free_at = begin + service + (i == stall_at ? stall : 0);
		open_loop_done(&loop, begin, free_at);
	}
	return open_loop_saturated(&loop);
}

static void a_queue_that_grows_is_saturated_and_one_that_drains_is_not(void **state)
{
	(void)state;
	enum { COUNT = 50000, NEVER = COUNT };
	assert_true(saturates(1000, 1100, NEVER, 0, COUNT));
	assert_true(saturates(1000, 5000, NEVER, 0, COUNT));
	assert_false(saturates(1000, 500, NEVER, 0, COUNT));
	assert_false(saturates(1000, 900, NEVER, 0, COUNT));
	/* A stall of 2 % of the whole, wherever it comes; and one as long as all arrivals together hides nothing. */
	for (size_t at = 0; at < COUNT; at += COUNT / 10) {
		assert_false(saturates(1000, 300, at, 1000000, COUNT));
		assert_false(saturates(1000, 900, at, 1000000, COUNT));
	}
	for (size_t at = 0; at < COUNT / 2; at += COUNT / 10) {
		assert_true(saturates(1000, 1100, at, 50000000, COUNT));
		assert_false(saturates(1000, 900, at, 50000000, COUNT));
	}
	assert_false(saturates(1000, 5000, NEVER, 0, 15));
}

/* Three quarters are equally late, the last one on a line. */
static void saturation_takes_growth_that_goes_on_and_a_hundredth_of_the_time(void **state)
{
	(void)state;
	enum { GAP = 1000, COUNT = 64000 };
	static const struct {
		double second, last_begin, last_end; /* lateness, in shares of the whole time */
		bool saturated;
	} cases[] = {
		{0.05, 0.10, 0.12, true},    {0.05, 0.051, 0.052, false},   /* 0.8 % of the time */
		{0.05, 0.12, 0.10, false},                                  /* falls again */
		{0.05, 0.055, 0.06, true},   {0.0005, 0.005, 0.006, false}, /* 0.6 % of the whole */
		{0.005, 0.012, 0.014, true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		open_loop_begin(&loop, 0, GAP, false, 1);
		for (size_t at = 0; at < COUNT; at++) {
			double into = ((double)at - 0.75 * COUNT) / (0.25 * COUNT);
			double share = into < 0 ? cases[i].second
						: cases[i].last_begin + (cases[i].last_end - cases[i].last_begin) * into;
			uint64_t begin = open_loop_intended(&loop) + (uint64_t)(share * COUNT * GAP);
			open_loop_done(&loop, begin, begin + 1);
		}
		assert_int_equal(open_loop_saturated(&loop), cases[i].saturated);
	}
}

/* A thousand operations are more than there are bins: those that were joined count, too. */
static void the_mean_lateness_is_that_of_all_operations(void **state)
{
	(void)state;
	struct result_figures figures;
	const struct clock clock = {.ns_per_tick = 1};
	result_figures_clear(&figures);
	open_loop_begin(&loop, 0, 100, false, 1);
	for (size_t i = 0; i < 1000; i++) {
		uint64_t begin = open_loop_intended(&loop) + (i < 500 ? 30 : 10);
		open_loop_done(&loop, begin, begin + 1);
	}
	open_loop_store(&loop, &clock, &figures);
	assert_true(figures.value[METRIC_LATENESS_MEAN_NS] == 20);
}

/* Whatever a tick is, the rate that was asked for is told to its last digit. */
static void the_offered_rate_is_the_one_asked_for(void **state)
{
	(void)state;
	static const double rates[] = {100, 1e5, 1e6, 999983, 5e7};
	for (size_t i = 0; i < 1000; i++) {
		const struct clock clock = {.ns_per_tick = 1 / (2.0 + (double)i / 997)};
		double rate = rates[i % (sizeof rates / sizeof rates[0])];
		struct result_figures figures;
		result_figures_clear(&figures);
		open_loop_begin(&loop, 0, 1e9 / rate / clock.ns_per_tick, false, 1);
		uint64_t begin = open_loop_intended(&loop);
		open_loop_done(&loop, begin, begin + 1);
		open_loop_store(&loop, &clock, &figures);
		assert_true(figures.value[METRIC_OFFERED_RATE] == rate);
	}
}

/* ---- whole passes ---- */

static uint64_t now_ns, reading_ns, readings;
static uint32_t next_gap = 1, next_round; /* of the next play, too */
static uint32_t (*pretended_cpu)(void);   /* of the next play */

static uint64_t read_clock(void)
{
	now_ns += reading_ns;
	readings++;
	return now_ns;
}

static uint64_t (*service_of)(uint64_t call);
static double *services; /* as they were taken */
static size_t service_count;

static enum iova_status timed_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct bump *bump = self;
	uint64_t service = service_of(bump->calls++);
	now_ns += service;
	if (services)
		services[service_count++] = (double)service;
	if (bump->taken == bump->space.count)
		bump->taken = 0; /* nobody looks where extents lie */
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("timed"), .alloc = timed_alloc};

static struct bench bench;
static struct gather_arm arm;
static struct result_arm gathered;
static struct result result;

static void play(const char *operations, double rate, bool poisson)
{
	struct text yaml = {0};
	text_add(&yaml,
		 "iovabench: 1\nname: t\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
		 "phases: [{name: fill, mix: [{request: page}], until: {live: 10}},"
		 " {name: churn, mix: [{request: page}], ops: %s}]\n",
		 operations);
	now_ns = 1000;
	clock_pretend(read_clock);
	clock_pretend_cpu(pretended_cpu);
	bench_open(&bench, yaml.bytes, NULL, &table);
	text_release(&yaml);
	bench.pass.latency_gap = next_gap;
	bench.pass.round = next_round;
	bench.pass.rate = rate;
	bench.pass.poisson = poisson;
	service_count = 0;
	assert_int_equal(pass_latency(&bench.pass, &bench.error), 0);
	bench.record.ok = true;
	/* There was no other pass to place alike. */
	for (size_t i = 0; i < bench.record.phase_count; i++)
		bench.record.phases[i].placement_hash = 1;
	assert_int_equal(gather_add(&arm, &bench.record, &bench.error), 0);
	gathered.rate = rate > 0 ? memory_text("x") : NULL;
	assert_int_equal(gather_fill(&gathered, &arm, NULL, &bench.plan.workload, &bench.clock, &bench.error), 0);
}

static int set_up(void **state)
{
	(void)state;
	services = memory_zeroed(1000000, sizeof services[0]);
	reading_ns = 1;
	pretended_cpu = NULL;
	return services ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	clock_pretend(NULL);
	gather_release(&arm);
	bench_close(&bench);
	memory_release(services);
	services = NULL;
	result.arms = memory_zeroed(1, sizeof result.arms[0]);
	result.arms[0] = gathered;
	result.arm_count = 1;
	gathered = (struct result_arm){0};
	result_release(&result);
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Whether got is the exact quantile of count values, or in its bucket, which is narrower than 1/128; extra: what stamps may
 * add. */
static void within_a_bucket(double got, double *values, size_t count, double quantile, double extra)
{
	double exact = values[(size_t)ceil(quantile * (double)count) - 1];
	if (!(got >= exact * (1 - 1.0 / 128) - 1 && got <= (exact + extra) * (1 + 1.0 / 128) + 1))
		fail_msg("at %g: got %g, exact %g", quantile, got, exact);
}

static void percentiles_are(const struct result_latency *latency, double *values, size_t count, double extra)
{
	qsort(values, count, sizeof values[0], compare);
	within_a_bucket(latency->p50_ns, values, count, 0.5, extra);
	within_a_bucket(latency->p90_ns, values, count, 0.9, extra);
	within_a_bucket(latency->p99_ns, values, count, 0.99, extra);
	within_a_bucket(latency->p999_ns, values, count, 0.999, extra);
	within_a_bucket(latency->p9999_ns, values, count, 0.9999, extra);
}

/* Log-uniform from 50 ns to 5 ms: five decades, so that every percentile lies in another bucket. */
static uint64_t spread(uint64_t call)
{
	uint64_t mixed = call;
	return (uint64_t)(50 * pow(10, 5 * (double)(rng_splitmix(&mixed) >> 11) * 0x1.0p-53));
}

static void an_injected_distribution_comes_back(void **state)
{
	(void)state;
	service_of = spread;
	play("300k", 0, false);
	/* The first ten are those of the fill. */
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_int_equal(latency->count, service_count - 10);
	percentiles_are(latency, services + 10, service_count - 10, 2);
	assert_true(latency->dropped == 0);
}

/* 5 us once in 5000 allocations, which is once in 10,000 operations. */
static uint64_t stalling(uint64_t call)
{
	return call % 5000 == 4999 ? 5000 : 100;
}

static void a_planted_stall_is_seen_at_its_percentile(void **state)
{
	(void)state;
	service_of = stalling;
	play("300k", 0, false);
	const struct result_latency *latency = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_true(latency->p999_ns < 110);
	assert_true(latency->p9999_ns >= 5000 && latency->p9999_ns < 5050);
}

static uint64_t stalling_long(uint64_t call)
{
	return call % 5000 == 4999 ? 50000 : 100;
}

/* What would have come meanwhile waits: 50 us at 1 M/s are 50 operations. Those have to be in the response, not only the one
 * that was slow: 1 % of the operations do not, 49 of 10,000 do. */
static void in_an_open_loop_those_that_wait_behind_a_stall_count(void **state)
{
	(void)state;
	service_of = stalling_long;
	reading_ns = 10;
	play("100k", 1e6, false);
	const struct result_latency *service = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	const struct result_latency *response = &gathered.phases[1].latency[METRIC_KIND_RESPONSE];
	assert_int_equal(response->count, 100000);
	assert_int_equal(service->count, 50000);
	assert_true(service->p999_ns < 150);
	assert_true(response->p99_ns < 300);
	assert_true(response->p999_ns > 35000);
	assert_true(response->max_ns >= 50000 && response->max_ns < 52000);
	const struct result_figures *figures = &gathered.phases[1].figures;
	assert_true(fabs(figures->value[METRIC_OFFERED_RATE] - 1e6) < 1);
	assert_true(fabs(figures->value[METRIC_ACHIEVED_RATE] / 1e6 - 1) < 0.001);
	assert_true(figures->value[METRIC_SATURATED] == 0);
	assert_true(isnan(figures->value[METRIC_SLOWDOWN]));
	/* The fill is not measured, so nothing waits there. */
	assert_int_equal(gathered.phases[0].latency[METRIC_KIND_RESPONSE].count, 0);
}

static uint64_t too_slow(uint64_t call)
{
	(void)call;
	return 5000;
}

static void an_allocator_that_cannot_keep_up_is_saturated(void **state)
{
	(void)state;
	service_of = too_slow;
	reading_ns = 10;
	play("20k", 1e6, true);
	const struct result_figures *figures = &gathered.phases[1].figures;
	assert_true(figures->value[METRIC_SATURATED] == 1);
	assert_true(figures->value[METRIC_ACHIEVED_RATE] < 0.5e6);
	assert_true(figures->value[METRIC_LATENESS_MAX_NS] > 1e7);
}

static uint64_t a_hundred(uint64_t call)
{
	(void)call;
	return 100;
}

/* A stamp costs 1: the service is 100 and the stop, whatever else lies between begin and end of an operation. */
static void service_is_the_allocators_time_alone(void **state)
{
	(void)state;
	service_of = a_hundred;
	play("1k", 1e6, false);
	const struct result_latency *alloc = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_int_equal(alloc->histogram.min, 101);
	assert_int_equal(alloc->histogram.max, 101);
	assert_true(gathered.phases[1].latency[METRIC_KIND_RESPONSE].histogram.max > 101);
}

static double mean_response(uint32_t round)
{
	struct histogram all = {0};
	tear_down(NULL);
	set_up(NULL);
	service_of = a_hundred;
	next_round = round;
	play("2k", 5e6, true);
	plain_histogram_add(&all, &gathered.phases[1].latency[METRIC_KIND_RESPONSE].histogram);
	next_round = 0;
	return histogram_mean(&all);
}

/* Arrivals are drawn from the seed and the round, and from nothing else. */
static void a_schedule_repeats_and_rounds_differ(void **state)
{
	(void)state;
	double first = mean_response(1), again = mean_response(1), second = mean_response(2);
	assert_true(first == again && first != second);
}

static uint64_t sampled_calls[4096];
static size_t sampled_count;

/* Two readings stand right in front of a sampled call, none in front of the others but those of a sampled free. */
static uint64_t note_sampled(uint64_t call)
{
	static uint64_t seen;
	if (readings - seen >= 2 && sampled_count < 4096)
		sampled_calls[sampled_count++] = call;
	seen = readings;
	return 10;
}

/* Geometric gaps of mean 16: any fixed one, or a few, would let what is periodic hide. */
static void distances_between_samples_vary(void **state)
{
	(void)state;
	bool distance[256] = {false};
	size_t distinct = 0;
	service_of = note_sampled;
	sampled_count = 0;
	next_gap = 16;
	play("20k", 0, false);
	next_gap = 1;
	assert_true(sampled_count > 500);
	for (size_t i = 1; i < sampled_count; i++) {
		uint64_t away = sampled_calls[i] - sampled_calls[i - 1];
		distinct += away < 256 && !distance[away];
		distance[away < 256 ? away : 0] = true;
	}
	assert_true(distinct > 20);
}

static void a_closed_loop_has_no_schedule(void **state)
{
	(void)state;
	service_of = stalling;
	play("1k", 0, false);
	const struct result_figures *figures = &gathered.phases[1].figures;
	assert_true(isnan(figures->value[METRIC_OFFERED_RATE]));
	assert_int_equal(figures->reason[METRIC_SATURATED], RESULT_REASON_CLOSED_LOOP);
	assert_int_equal(gathered.phases[1].latency[METRIC_KIND_RESPONSE].count, 0);
	assert_int_equal(gathered.state, RESULT_ARM_OK);
}

/* While some of the sampled operations are under way. */
static uint64_t now_and_then_back(uint64_t call)
{
	if (call % 50 == 49)
		now_ns -= 2000;
	return 100;
}

static void a_clock_that_goes_back_is_not_trusted(void **state)
{
	(void)state;
	service_of = now_and_then_back;
	play("1k", 0, false);
	assert_int_equal(gathered.state, RESULT_ARM_UNTRUSTWORTHY);
	assert_string_equal(gathered.reason, "the clock went back while it was measured");
	/* No sample of 2^64 ns came of it. */
	assert_true(gathered.phases[1].latency[METRIC_KIND_ALLOC].max_ns < 10000);
	assert_true(gathered.phases[1].latency[METRIC_KIND_ALLOC].dropped == 0);
	/* Nor one of 0: ten of the 500 in this phase have none. */
	assert_int_equal(gathered.phases[1].latency[METRIC_KIND_ALLOC].count, 490);
}

static uint32_t cpu_at_hand;

static uint32_t read_cpu(void)
{
	return cpu_at_hand;
}

static uint64_t now_and_then_elsewhere(uint64_t call)
{
	cpu_at_hand += call % 50 == 49;
	return call % 50 == 49 ? 1000000 : 100;
}

static void a_sample_that_ended_on_another_cpu_is_tainted_and_stays(void **state)
{
	(void)state;
	service_of = now_and_then_elsewhere;
	pretended_cpu = read_cpu;
	play("1k", 0, false);
	assert_int_equal(gathered.state, RESULT_ARM_OK);
	const struct result_latency *alloc = &gathered.phases[1].latency[METRIC_KIND_ALLOC];
	assert_int_equal(alloc->count, 500);
	assert_true(alloc->max_ns >= 1000000);
	assert_int_equal(alloc->max_taint, RESULT_TAINT_MOVED);
	assert_true(alloc->max_clean_ns < 10000);
	assert_int_equal(gathered.phases[1].latency[METRIC_KIND_FREE].count, 500);
	assert_int_equal(gathered.phases[1].latency[METRIC_KIND_FREE].max_taint, RESULT_TAINT_NONE);
	for (size_t i = 0; i < gathered.phases[1].worst_count; i++)
		assert_int_equal(gathered.phases[1].worst[i].taint, RESULT_TAINT_MOVED);
}

/* The clock goes back while the allocator works: inside a window, whatever its length. */
static uint64_t going_back(uint64_t call)
{
	if (call == 500)
		now_ns -= 1000000000;
	return 100;
}

static void a_clock_that_goes_back_in_a_window_is_not_trusted(void **state)
{
	(void)state;
	service_of = going_back;
	now_ns = 50000000000; /* a second for each iteration, and more */
	clock_pretend(read_clock);
	bench_open(&bench,
		   "iovabench: 1\nname: t\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: fill, mix: [{request: page}], until: {live: 10}},"
		   " {name: churn, mix: [{request: page}], ops: 2k}]\n",
		   NULL, &table);
	assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
	assert_true(bench.record.clock_backward > 0);
	assert_true(bench.record.phases[1].windows > 0);
	assert_true(bench.record.phases[1].windows_tainted == bench.record.phases[1].windows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(even_gaps_do_not_drift),
		cmocka_unit_test(random_gaps_have_the_mean_and_spread_of_a_poisson_process),
		cmocka_unit_test(response_counts_from_the_intended_begin),
		cmocka_unit_test(a_pause_is_no_part_of_the_schedule),
		cmocka_unit_test(a_queue_that_grows_is_saturated_and_one_that_drains_is_not),
		cmocka_unit_test_setup_teardown(an_injected_distribution_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_planted_stall_is_seen_at_its_percentile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(in_an_open_loop_those_that_wait_behind_a_stall_count, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_allocator_that_cannot_keep_up_is_saturated, set_up, tear_down),
		cmocka_unit_test(saturation_takes_growth_that_goes_on_and_a_hundredth_of_the_time),
		cmocka_unit_test(the_mean_lateness_is_that_of_all_operations),
		cmocka_unit_test(the_offered_rate_is_the_one_asked_for),
		cmocka_unit_test_setup_teardown(service_is_the_allocators_time_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_schedule_repeats_and_rounds_differ, set_up, tear_down),
		cmocka_unit_test_setup_teardown(distances_between_samples_vary, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_closed_loop_has_no_schedule, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_clock_that_goes_back_is_not_trusted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_sample_that_ended_on_another_cpu_is_tainted_and_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_clock_that_goes_back_in_a_window_is_not_trusted, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
