/* SPDX-License-Identifier: MIT
 * Windows that cannot be trusted, under a clock and CPUs of the test. What disturbs from outside can come at any time and
 * taints, too: what must not be tainted is tried until nothing came in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/bump.h"
#include "play/taint.h"
#include "support/quiet_machine.h"
#include "support/run_fixture.h"

#define TRIES 200

/* ---- what the system tells ---- */

enum { SWITCHES, RUN_DELAY, STEAL };

/* True when the one that is named tells by itself, and nothing else did. */
static bool tells_alone(int which)
{
	struct taint taint;
	taint_open(&taint, true);
	taint_before(&taint);
	struct taint older = taint;
	older.switches -= which == SWITCHES;
	older.run_delay_ns -= which == RUN_DELAY;
	older.steal_ticks -= which == STEAL;
	struct taint looked = older;
	bool told = taint_after(&older) && !taint_after(&taint);
	/* Which one it was, and only once. */
	told = told && taint_look(&looked) == (which == STEAL ? RESULT_TAINT_STEAL : RESULT_TAINT_PREEMPTED) &&
	       taint_look(&looked) == RESULT_TAINT_NONE;
	taint_close(&taint);
	return told;
}

static void each_of_three_tells_alone(void **state)
{
	(void)state;
	for (int which = SWITCHES; which <= STEAL; which++) {
		bool told = false;
		for (int i = 0; i < TRIES && !told; i++)
			told = tells_alone(which);
		assert_true(told);
	}
}

/* ---- windows ---- */

static uint64_t now_ns;
static _Atomic uint32_t cpu_at_hand;

static uint64_t read_clock(void)
{
	return ++now_ns;
}

static uint32_t read_cpu(void)
{
	return cpu_at_hand;
}

static uint64_t service_ns, stall_ns, stalled_call, stalled_again;
static unsigned iteration, fast_iteration; /* from 1; 0: none */
static uint64_t slower_ns;                 /* in all others */
static uint64_t moving_call;               /* after which the thread is on another CPU */

static enum iova_status timed_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct bump *bump = self;
	uint64_t call = bump->calls++;
	iteration += call == 0;
	now_ns += service_ns + (call == stalled_call || call == stalled_again ? stall_ns : 0) +
		  (iteration == fast_iteration ? 0 : slower_ns);
	cpu_at_hand += call == moving_call;
	if (bump->taken == bump->space.count)
		bump->taken = 0; /* nobody looks where extents lie */
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("timed"), .alloc = timed_alloc};

static struct bench bench;

/* Ten pages to begin with; then five windows of 65,536 words, every other one an allocation. */
#define WINDOWS 5
#define WORDS UINT64_C(65536)
#define CALL_OF(window) (10 + (window)*WORDS / 2 + 100)

static int set_up(void **state)
{
	(void)state;
	service_ns = 1000;
	stall_ns = slower_ns = 0;
	fast_iteration = 0;
	stalled_call = stalled_again = moving_call = UINT64_MAX;
	quiet = false;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	clock_pretend(NULL);
	bench_close(&bench);
	return 0;
}

/* At 1 us an allocation one iteration takes more than 100 ms, and there is no second one. */
static const struct result_record_phase *play(void)
{
	bench_close(&bench);
	now_ns = 1000;
	iteration = 0;
	clock_pretend(read_clock);
	clock_pretend_cpu(read_cpu);
	bench_open(&bench,
		   "iovabench: 1\nname: t\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: fill, mix: [{request: page}], until: {live: 10}},"
		   " {name: churn, mix: [{request: page}], ops: 327680}]\n",
		   NULL, &table);
	assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
	const struct result_record_phase *churn = &bench.record.phases[1];
	assert_int_equal(churn->windows, WINDOWS * churn->iterations);
	return churn;
}

static bool taints(uint64_t tainted)
{
	bool found = false;
	for (int i = 0; i < TRIES / 10 && !found; i++)
		found = play()->windows_tainted == tainted;
	return found;
}

/* 32,768 allocations of 1 us are 32.8 ms: ten times that is 295 ms more. */
static void a_window_of_ten_times_the_median_is_tainted_and_stays_in_the_figure(void **state)
{
	(void)state;
	stalled_call = CALL_OF(2);
	stall_ns = 300000000;
	assert_true(taints(1));
	const struct result_record_phase *churn = &bench.record.phases[1];
	assert_int_equal(churn->iterations, 1);
	/* 163,840 us and 300,000 us for 327,680 operations; without the third window 500 ns each. */
	assert_true(fabs(churn->ns_per_op[0] - 463840000.0 / 327680) < 0.01);
	assert_true(fabs(churn->clean_ns_per_op[0] - 500) < 0.01);
	stall_ns = 290000000;
	assert_true(taints(0));
}

/* How many iterations have a figure without tainted windows that still contains the stall. */
static size_t iterations_that_keep_the_stall(void)
{
	size_t kept = 0;
	const struct result_record_phase *churn = play();
	for (size_t i = 0; i < churn->iterations; i++)
		kept += churn->clean_ns_per_op[i] > (double)stall_ns / 2 / (WINDOWS * WORDS);
	return kept;
}

/* With free allocations a window takes some ns: ten times the median is soon reached, 100 us are not. */
static void a_short_gap_is_none(void **state)
{
	(void)state;
	size_t kept = 0;
	service_ns = 0;
	stalled_call = CALL_OF(1);
	stall_ns = 110000;
	assert_int_equal(iterations_that_keep_the_stall(), 0);
	assert_true(bench.record.phases[1].iterations > 1);
	stall_ns = 90000;
	for (int i = 0; i < TRIES / 10 && !kept; i++)
		kept = iterations_that_keep_the_stall();
	assert_true(kept > 0);
}

/* Two of five: no chance from outside, but the phase itself. */
static void windows_that_are_often_that_long_are_clean(void **state)
{
	(void)state;
	quiet = true;
	stalled_call = CALL_OF(2);
	stalled_again = CALL_OF(3);
	stall_ns = 300000000;
	const struct result_record_phase *churn = play();
	assert_true(churn->windows_tainted == 0 && churn->clean_ns_per_op[0] == churn->ns_per_op[0]);
}

static void a_window_that_ended_on_another_cpu_is_tainted_and_no_cell(void **state)
{
	(void)state;
	moving_call = CALL_OF(3);
	assert_true(taints(1));
	assert_int_equal(bench.record.phases[1].cell_count, WINDOWS);
	for (size_t i = 0; i < WINDOWS; i++)
		assert_true(isnan(bench.record.phases[1].cells_ns_per_op[i]) == (i == 3));
}

/* Filling takes 200 ms, what is measured some ns: played again, it would say no more. */
static void phases_that_are_not_measured_count_in_the_bound_of_a_pass(void **state)
{
	(void)state;
	service_ns = 0;
	stalled_call = 5;
	stall_ns = 200000000;
	assert_int_equal(play()->iterations, 1);
}

/* At 120 ns an allocation an iteration takes 15 ms, the second one at 60 ns half of it: three take 30 ms. */
static void a_cell_is_the_least_of_all_iterations(void **state)
{
	(void)state;
	quiet = true;
	service_ns = slower_ns = 60;
	fast_iteration = 2;
	const struct result_record_phase *churn = play();
	assert_int_equal(churn->iterations, 3);
	for (size_t cell = 0; cell < WINDOWS; cell++)
		assert_true(fabs(churn->cells_ns_per_op[cell] - 30) < 0.01);
}

/* Another process on this CPU, which does nothing but run. */
static pid_t run_beside(void)
{
	cpu_set_t set, before;
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
	pid_t child = fork();
	if (child == 0) {
		alarm(60);
		for (;;)
			__asm__ volatile("");
	}
	return child;
}

static void windows_shared_with_another_process_are_tainted(void **state)
{
	(void)state;
	cpu_set_t before;
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	pid_t child = run_beside();
	assert_true(child > 0);
	uint64_t tainted = 0;
	for (int i = 0; i < TRIES && !tainted; i++)
		tainted = play()->windows_tainted;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	sched_setaffinity(0, sizeof before, &before);
	assert_true(tainted > 0);
}

/* Every window of two threads that change their CPUs all the time. */
static uint32_t another_cpu(void)
{
	return cpu_at_hand++;
}

static void threads_that_change_their_cpu_are_tainted(void **state)
{
	(void)state;
	bench_threads = 2;
	clock_pretend_cpu(another_cpu);
	bench_open(&bench,
		   "iovabench: 1\nname: t\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: churn, mix: [{request: page}], ops: 20k}]\n",
		   "rbtree", NULL);
	bench_threads = 0;
	assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
	assert_true(bench.record.phases[0].windows > 0);
	assert_int_equal(bench.record.phases[0].windows_tainted, bench.record.phases[0].windows);
}

#define NAP_MS 100

static unsigned naps;

static enum iova_status napping_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	struct bump *bump = self;
	if (bump->calls++ == 1000) {
		nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
		naps++;
	}
	if (bump->taken == bump->space.count)
		bump->taken = 0;
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator napping = {BUMP("napping"), .alloc = napping_alloc};

/* By the system's own clocks: the window that slept took at least as long, and its CPU time at least that much less. */
static void cpu_time_is_no_time_that_the_thread_slept(void **state)
{
	(void)state;
	naps = 0;
	bench_open(&bench,
		   "iovabench: 1\nname: t\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: churn, mix: [{request: page}], until: {ops: 400k}}]\n",
		   NULL, &napping);
	assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
	const struct result_record_phase *churn = &bench.record.phases[0];
	assert_int_equal(naps, churn->iterations);
	for (size_t i = 0; i < churn->iterations; i++) {
		double slept_ns = (churn->ns_per_op[i] - churn->cpu_ns_per_op[i]) * (double)churn->operations;
		assert_true(churn->cpu_ns_per_op[i] > 0 && slept_ns > NAP_MS * 0.99e6);
	}
}

#define BURN_MS 20

static bool burned[2];

/* In each thread once. */
static enum iova_status burning_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	struct bump *bump = self;
	if (bump->calls++ == 0)
		burned[0] = burned[1] = false;
	for (uint64_t begin = clock_cpu_time_ns(); !burned[cpu] && clock_cpu_time_ns() - begin < BURN_MS * 1000000;)
		;
	burned[cpu] = true;
	if (bump->taken == bump->space.count)
		bump->taken = 0;
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator burning = {BUMP("burning"), .alloc = burning_alloc};

static void cpu_time_of_threads_is_added_up(void **state)
{
	(void)state;
	bench_threads = 2;
	bench_open(&bench,
		   "iovabench: 1\nname: t\nrequests: [{name: page, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: churn, mix: [{request: page}], ops: 20k}]\n",
		   NULL, &burning);
	bench_threads = 0;
	bench.pass.lock = LOCK_MUTEX;
	assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
	const struct result_record_phase *churn = &bench.record.phases[0];
	for (size_t i = 0; i < churn->iterations; i++)
		assert_true(churn->cpu_ns_per_op[i] * (double)churn->operations > 2 * BURN_MS * 0.99e6);
}

int main(void)
{
#define A(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_of_three_tells_alone),
		A(a_window_of_ten_times_the_median_is_tainted_and_stays_in_the_figure),
		A(a_short_gap_is_none),
		A(windows_that_are_often_that_long_are_clean),
		A(cpu_time_is_no_time_that_the_thread_slept),
		A(cpu_time_of_threads_is_added_up),
		A(a_window_that_ended_on_another_cpu_is_tainted_and_no_cell),
		A(phases_that_are_not_measured_count_in_the_bound_of_a_pass),
		A(a_cell_is_the_least_of_all_iterations),
		A(windows_shared_with_another_process_are_tainted),
		A(threads_that_change_their_cpu_are_tainted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
