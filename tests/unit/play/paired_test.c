/* SPDX-License-Identifier: MIT
 * The paired pass: that both allocators play the same words, in both orders, that no burst hides, what is no part of the time,
 * and whose fault it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/flawed_allocator.h"
#include "support/run_fixture.h"

#define YAML(ops, size, occupancy)                                                                                         \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: " size "}\ncpus: 2\npace: 1M/s\nrequests:\n"                   \
	"  - {name: any, size: {uniform: {min: 4KiB, max: 32KiB}}}\nphases:\n"                                             \
	"  - {name: fill, mix: [{request: any}], until: {occupancy: " occupancy "}}\n"                                     \
	"  - {name: churn, mix: [{request: any}], ops: " ops "}\n  - {name: drain, free: all}\n"
#define SHORT YAML("20k", "4MiB", "60%")

static struct bench bench;
static struct arena rival_arena;
static struct allocator_spec rival_spec;
static struct pass_rival rival;
static _Atomic uint32_t side;
/* What the tables below count. */
static uint64_t burst_at, burst_ns, allocations, turns[RESULT_SIDES][RESULT_SIDES];
static int last_side;

static int set_up(void **state)
{
	(void)state;
	flaw = FLAW_NONE;
	burst_at = burst_ns = allocations = 0;
	last_side = -1;
	memset(turns, 0, sizeof turns);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	bench_threads = 0;
	if (!rival.arena)
		return 0;
	allocator_spec_close(&rival_spec);
	arena_destroy(&rival_arena);
	rival = (struct pass_rival){0};
	bench_close(&bench);
	return 0;
}

static void open_pair(const char *yaml, const char *arm, const struct iova_allocator *arm_table, const char *against,
		      const struct iova_allocator *against_table)
{
	bench_open(&bench, yaml, arm, arm_table);
	if (against_table)
		rival_spec = (struct allocator_spec){.count = 1, .parts = {{.table = against_table}}};
	else
		assert_int_equal(allocator_spec_open(against, &rival_spec, &bench.error), 0);
	assert_int_equal(arena_create(&rival_arena, false, op_stream_cpus(bench.plan.stream), &bench.error), 0);
	rival = (struct pass_rival){&rival_spec, &rival_arena, bench.pass.lock};
	bench.pass.rival = &rival;
	bench.pass.side = &side;
	bench.clock.step_ns = 0.001; /* any window will do */
}

static void play(void)
{
	if (pass_paired(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
}

static const struct result_record_phase *phase(size_t index)
{
	return &bench.record.phases[index];
}

static void both_place_as_they_do_alone(void **state)
{
	(void)state;
	uint64_t alone[RESULT_SIDES];
	static const char *const specs[RESULT_SIDES] = {"rbtree", "buddy"};
	for (int i = 0; i < RESULT_SIDES; i++) {
		bench_open(&bench, SHORT, specs[i], NULL);
		assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
		alone[i] = phase(1)->placement_hash;
		bench_close(&bench);
	}
	open_pair(SHORT, specs[RESULT_SIDE_ARM], NULL, specs[RESULT_SIDE_AGAINST], NULL);
	play();
	for (int i = 0; i < RESULT_SIDES; i++)
		assert_true(phase(1)->side_hash[i] == alone[i]);
	assert_true(alone[0] != alone[1]);
	assert_true(phase(1)->pairs.pairs + phase(1)->pairs.tainted > 0);
	assert_true(phase(1)->equal_share == 1);
	assert_int_equal(bench.record.window_words[0], 4096);
	assert_int_equal(bench.record.window_words[1], 8 * 4096);
}

/* ---- what tells who was called ---- */

static void note(int now)
{
	if (last_side >= 0 && last_side != now)
		turns[last_side][now]++;
	last_side = now;
}

static enum iova_status arm_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	note(RESULT_SIDE_ARM);
	if (++allocations == burst_at) {
		uint64_t until = bench_monotonic_ns() + burst_ns;
		while (bench_monotonic_ns() < until)
			;
	}
	return flawed_alloc(self, request, cpu, extent);
}

static enum iova_status against_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	note(RESULT_SIDE_AGAINST);
	return flawed_alloc(self, request, cpu, extent);
}

static enum iova_status arm_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				   const struct iova_below *below, void **self, const char **reason)
{
	allocations = 0;
	return flawed_create(space, options, host, below, self, reason);
}

static struct iova_allocator table_with(enum iova_status (*alloc)(void *, const struct iova_request *, uint32_t,
								  struct iova_extent *))
{
	struct iova_allocator table = flawed_table;
	table.alloc = alloc;
	table.poll = NULL;
	return table;
}

/* Two in a row of one side: it was last in a round, and first in the next. */
static void both_orders_occur(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("60k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	play();
	uint64_t changes = turns[0][1] + turns[1][0], pairs = phase(1)->pairs.pairs + phase(1)->pairs.tainted;
	assert_true(turns[0][1] > 0 && turns[1][0] > 0);
	/* Fixed order would change sides twice a round, order by turns once; chance lies between. */
	assert_true(pairs > 20);
	(void)changes;
	uint64_t rounds = pairs + phase(1)->pairs_long.pairs + phase(1)->pairs_long.tainted + phase(0)->pairs.pairs +
			  phase(0)->pairs.tainted;
	assert_true(changes < 2 * rounds && changes > rounds);
	/* Of two rounds each begins one: sides change 1.25 times a round, against 1.5 times by chance alone. */
	assert_true(changes * 8 < rounds * 11);
}

/* Of half as many pairs each is as long as two rounds. */
static void a_brief_pass_takes_both_orders_for_one_pair(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("60k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	bench.pass.brief = true;
	play();
	const struct result_record_pairs *pairs = &phase(1)->pairs;
	assert_true(pairs->pairs > 0 && bench.record.window_words[1] == 0);
	assert_true((double)pairs->operations > 1.5 * bench.record.window_words[0] * (double)pairs->pairs);
	assert_true(turns[0][1] > 0 && turns[1][0] > 0);
}

/* What a burst at an allocation adds to the time of all pairs, in bursts; NaN: the machine disturbed every try. */
static double bursts_timed(void **state, uint64_t at)
{
	for (int try = 0; try < 200; try++) {
		struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
		set_up(state);
		arm.create = arm_create;
		open_pair(YAML("20k", "4MiB", "10%"), NULL, &arm, NULL, &against);
		bench_on_one_cpu(&bench);
		burst_at = at;
		burst_ns = 2000000;
		play();
		const struct result_record_pairs pairs = phase(1)->pairs;
		tear_down(state);
		assert_true(pairs.pairs == 0 || pairs.typical < 3);
		if (!pairs.tainted)
			return (pairs.ns[RESULT_SIDE_ARM] - pairs.ns[RESULT_SIDE_AGAINST]) / (double)burst_ns;
	}
	return (double)NAN;
}

/* Wherever a burst lies, two iterations in three time it. Every second word of the phase is an allocation: with windows that
 * always begin at the same words, the first three would lie where none is timed. */
static void no_burst_hides(void **state)
{
	static const uint64_t places[] = {500, 3700, 7100, 2500};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		double timed = 0;
		/* A burst that hides does so every time; a delay of the other side that nobody noticed does not come again. */
		for (int try = 0; try < 5 && !isnan(timed) && !(timed > 0.8); try++)
			timed = bursts_timed(state, places[i]);
		if (!isnan(timed) && !(timed > 0.8))
			fail_msg("a burst at allocation %d was timed %g times", (int)places[i], timed);
	}
}

/* ---- what is no part of it ---- */

static void slow_poll(void *self, uint64_t now_ns)
{
	(void)self;
	(void)now_ns;
	uint64_t until = bench_monotonic_ns() + 200000;
	while (bench_monotonic_ns() < until)
		;
}

static void polls_are_timed_apart(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	arm.poll = slow_poll;
	against.poll = flawed_poll;
	flaw = FLAW_NONE;
	open_pair(YAML("20k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	bench_on_one_cpu(&bench);
	play();
	const double *polls = phase(1)->poll_ns;
	if (phase(1)->pairs.pairs == 0)
		return; /* all were disturbed */
	assert_true(polls[RESULT_SIDE_ARM] > 10 * polls[RESULT_SIDE_AGAINST]);
	assert_true(phase(1)->pairs.typical < 3);
}

static void what_follows_another_outcome_does_not_count(void **state)
{
	(void)state;
	open_pair(YAML("20k", "256KiB", "90%"), "buddy", NULL, "rbtree", NULL);
	play();
	assert_true(phase(1)->equal_share < 1);
	assert_true(phase(1)->side_hash[RESULT_SIDE_ARM] != 0);
	tear_down(state);
	open_pair(YAML("20k", "256KiB", "90%"), "rbtree", NULL, "rbtree", NULL);
	play();
	assert_true(phase(1)->equal_share == 1); /* both fail alike */
	assert_true(phase(1)->side_hash[RESULT_SIDE_ARM] == phase(1)->side_hash[RESULT_SIDE_AGAINST]);
}

static void windows_grow_until_the_clock_can_tell(void **state)
{
	(void)state;
	open_pair(YAML("200k", "4MiB", "60%"), "rbtree", NULL, "buddy", NULL);
	bench.clock.step_ns = 1e6; /* a window of a second */
	play();
	assert_int_equal(bench.record.window_words[0], 65536);
}

/* ---- faults ---- */

static void a_fault_has_its_side(void **state)
{
	(void)state;
	flaw = FLAW_NO_MEMORY;
	open_pair(SHORT, "rbtree", NULL, NULL, &flawed_table);
	assert_int_equal(pass_paired(&bench.pass, &bench.error), -1);
	assert_int_equal(bench.error.exit_code, EXIT_CODE_VIOLATION);
	assert_int_equal(side, RESULT_SIDE_AGAINST);
	tear_down(state);
	flaw = FLAW_NO_MEMORY;
	open_pair(SHORT, NULL, &flawed_table, "rbtree", NULL);
	assert_int_equal(pass_paired(&bench.pass, &bench.error), -1);
	assert_int_equal(side, RESULT_SIDE_ARM);
}

static void who_wanders_is_found(void **state)
{
	(void)state;
	flaw = FLAW_WANDERS;
	flawed_instances = 0;
	open_pair(SHORT, NULL, &flawed_table, "rbtree", NULL);
	play();
	assert_true(phase(1)->side_hash[RESULT_SIDE_ARM] == UINT64_MAX);
	assert_true(phase(1)->side_hash[RESULT_SIDE_AGAINST] != UINT64_MAX);
}

static void without_memory_it_ends_with_a_message(void **state)
{
	(void)state;
	for (uint64_t nth = 0;; nth++) {
		open_pair(YAML("2k", "4MiB", "10%"), "rbtree", NULL, "buddy", NULL);
		memory_fail_after(nth);
		int result = pass_paired(&bench.pass, &bench.error);
		memory_fail_after(UINT64_MAX);
		if (result < 0)
			assert_int_equal(bench.error.exit_code, EXIT_CODE_IO);
		tear_down(state);
		if (result == 0)
			break;
		assert_true(nth < 10000);
	}
}

static void threads_play_in_turns(void **state)
{
	(void)state;
	bench_threads = 2;
	open_pair(YAML("400k", "16MiB", "30%"), "rbtree", NULL, "buddy", NULL);
	play();
	assert_true(phase(1)->pairs.pairs + phase(1)->pairs.tainted > 0);
	assert_true(phase(1)->equal_share == 1);
}

int main(void)
{
#define IN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN(both_place_as_they_do_alone),
		IN(both_orders_occur),
		IN(a_brief_pass_takes_both_orders_for_one_pair),
		IN(no_burst_hides),
		IN(polls_are_timed_apart),
		IN(what_follows_another_outcome_does_not_count),
		IN(windows_grow_until_the_clock_can_tell),
		IN(a_fault_has_its_side),
		IN(who_wanders_is_found),
		IN(without_memory_it_ends_with_a_message),
		IN(threads_play_in_turns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
