/* SPDX-License-Identifier: MIT
 * The paired pass: that both allocators play the same words, in both orders, that no burst hides, what is no part of the time,
 * and whose fault it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/flawed_allocator.h"
#include "support/quiet_machine.h"
#include "support/run_fixture.h"

#include <math.h>

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
static uint64_t burst_at, burst_ns, allocations, created, turns[RESULT_SIDES][RESULT_SIDES];
static int last_side;
/* A clock that goes on in allocations alone. */
static uint64_t quiet_ns;
static uint64_t allocation_ns, steal_ns; /* between two steps of steal */

static int steal_ticks(void)
{
	return (int)(quiet_ns / steal_ns);
}

static uint64_t pretended_ns(void)
{
	return ++quiet_ns;
}

static void be_quiet(void)
{
	quiet = true;
	quiet_ns = 0;
	bench.clock.counter = false;
	clock_pretend(pretended_ns);
}

static int set_up(void **state)
{
	(void)state;
	flaw = FLAW_NONE;
	burst_at = burst_ns = allocations = created = 0;
	quiet = false;
	quiet_steal_ticks = NULL;
	allocation_ns = 10;
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

static void later_rounds_play_short_windows_alone(void **state)
{
	(void)state;
	static struct interference interference;
	const struct workload_interference size = {.data_bytes = 1024, .code_bytes = 1024};
	for (uint32_t round = PASS_ROUNDS_BESIDE - 1; round <= PASS_ROUNDS_BESIDE; round++) {
		open_pair(SHORT, "rbtree", NULL, "buddy", NULL);
		assert_int_equal(interference_open(&interference, &size, &bench.error), 0);
		bench.pass.interference = &interference;
		bench.pass.interfered_samples = 100;
		bench.pass.round = round;
		play();
		bool beside = round < PASS_ROUNDS_BESIDE;
		const struct result_record_pairs *interfered = &phase(1)->pairs_interfered;
		assert_true(phase(1)->pairs.pairs + phase(1)->pairs.tainted > 0);
		assert_int_equal(phase(1)->pairs_long.pairs + phase(1)->pairs_long.tainted > 0, beside);
		assert_int_equal(interfered->pairs + interfered->tainted > 0, beside);
		interference_close(&interference);
		tear_down(state);
	}
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
	quiet_ns += ++allocations == burst_at ? burst_ns : allocation_ns;
	return flawed_alloc(self, request, cpu, extent);
}

static enum iova_status failing_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	return ++allocations == 1000 ? IOVA_NO_SPACE : flawed_alloc(self, request, cpu, extent);
}

static enum iova_status against_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	note(RESULT_SIDE_AGAINST);
	quiet_ns += allocation_ns;
	return flawed_alloc(self, request, cpu, extent);
}

static enum iova_status arm_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				   const struct iova_below *below, void **self, const char **reason)
{
	allocations = 0;
	created++;
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

static uint64_t rounds_of(size_t index)
{
	const struct result_record_pairs *its[] = {&phase(index)->pairs, &phase(index)->pairs_long};
	return its[0]->pairs + its[0]->tainted + its[1]->pairs + its[1]->tainted;
}

/* Two in a row of one side: it was last in a round, and first in the next. */
static void both_orders_occur(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("400k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	be_quiet();
	play();
	double rounds = (double)(rounds_of(0) + rounds_of(1)), changes = (double)(turns[0][1] + turns[1][0]) / rounds;
	assert_true(rounds > 60);
	/* Of two rounds each begins one, and chance says which: sides change 1.25 times a round. By chance alone it would be
	 * 1.5 times, in a fixed order twice, by turns once. */
	if (!(changes > 1.125 && changes < 1.375))
		fail_msg("sides change %g times a round, of %g", changes, rounds);
}

/* After each switch: brings the allocator's memory back into the caches. */
static void a_third_of_each_round_is_not_timed(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("400k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	be_quiet();
	allocation_ns = 1000;
	play();
	double timed_ns = 0, all_ns = (double)(allocations * allocation_ns);
	for (size_t i = 0; i < 2; i++)
		timed_ns += phase(i)->pairs.ns[RESULT_SIDE_ARM] + phase(i)->pairs_long.ns[RESULT_SIDE_ARM];
	if (!(timed_ns > 0.6 * all_ns && timed_ns < 0.7 * all_ns))
		fail_msg("%g of all that was played is timed", timed_ns / all_ns);
}

static int created_first;

static enum iova_status note_arm(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				 const struct iova_below *below, void **self, const char **reason)
{
	created_first = created_first < 0 ? RESULT_SIDE_ARM : created_first;
	return flawed_create(space, options, host, below, self, reason);
}

static enum iova_status note_against(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				     const struct iova_below *below, void **self, const char **reason)
{
	created_first = created_first < 0 ? RESULT_SIDE_AGAINST : created_first;
	return flawed_create(space, options, host, below, self, reason);
}

/* Not always the same one has the memory that came first. */
static void either_is_created_first(void **state)
{
	int firsts[RESULT_SIDES] = {0};
	for (uint32_t round = 0; round < 16; round++) {
		struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
		arm.create = note_arm;
		against.create = note_against;
		created_first = -1;
		open_pair(YAML("2k", "4MiB", "10%"), NULL, &arm, NULL, &against);
		bench.pass.brief = true;
		bench.pass.round = round;
		play();
		firsts[created_first]++;
		tear_down(state);
	}
	assert_true(firsts[RESULT_SIDE_ARM] > 0 && firsts[RESULT_SIDE_AGAINST] > 0);
}

static void a_brief_pass_has_short_windows_of_one_length(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("60k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	bench.pass.brief = true;
	bench.clock.step_ns = 0.001;
	play();
	assert_true(phase(1)->pairs.pairs > 0 && bench.record.window_words[1] == 0);
	assert_true(bench.record.window_words[0] >= 1024 && bench.record.window_words[0] < 4096);
	assert_true(turns[0][1] > 0 && turns[1][0] > 0);
}

static uint64_t iterations_with[RESULT_SIDES][2]; /* memory: the own, the other's */

static void note_memory(int now, const struct iova_host *host)
{
	iterations_with[now][host != (now == RESULT_SIDE_ARM ? &bench.arena.host : &rival_arena.host)]++;
}

static enum iova_status arm_in_memory(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				      const struct iova_below *below, void **self, const char **reason)
{
	note_memory(RESULT_SIDE_ARM, host);
	return flawed_create(space, options, host, below, self, reason);
}

static enum iova_status against_in_memory(const struct iova_space *space, const uint64_t *options,
					  const struct iova_host *host, const struct iova_below *below, void **self,
					  const char **reason)
{
	note_memory(RESULT_SIDE_AGAINST, host);
	return flawed_create(space, options, host, below, self, reason);
}

static void each_has_either_memory_as_often(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	arm.create = arm_in_memory;
	against.create = against_in_memory;
	memset(iterations_with, 0, sizeof iterations_with);
	open_pair(YAML("20k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	be_quiet();
	play();
	for (int i = 0; i < RESULT_SIDES; i++) {
		uint64_t own = iterations_with[i][0], other = iterations_with[i][1];
		assert_true(other >= 6 && (own == other || own == other + 1));
		assert_int_equal(own, iterations_with[!i][0]);
	}
}

static uint64_t made[RESULT_SIDES];

/* Who is ahead begins the round. */
static enum iova_status costly_first(int now, void *self, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	quiet_ns += ++made[now] > made[!now] ? 1200 : 1000;
	return flawed_alloc(self, request, cpu, extent);
}

static enum iova_status arm_costly_first(void *self, const struct iova_request *request, uint32_t cpu,
					 struct iova_extent *extent)
{
	return costly_first(RESULT_SIDE_ARM, self, request, cpu, extent);
}

static enum iova_status against_costly_first(void *self, const struct iova_request *request, uint32_t cpu,
					     struct iova_extent *extent)
{
	return costly_first(RESULT_SIDE_AGAINST, self, request, cpu, extent);
}

/* Pairs say 1.2 or 1 / 1.2, never 1: a median of them is either. */
static void who_begins_does_not_move_the_typical_ratio(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_costly_first), against = table_with(against_costly_first);
	memset(made, 0, sizeof made);
	open_pair(YAML("100k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	be_quiet();
	play();
	const struct result_record_pairs *pairs = &phase(1)->pairs;
	assert_true(pairs->pairs > 10);
	if (!(fabs(pairs->typical - 1) < 1e-3))
		fail_msg("typical ratio %g", pairs->typical);
}

/* A burst of the allocator's own is met whenever it plays the same words afresh. */
static void what_does_not_return_is_a_disturbance(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("20k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	be_quiet();
	allocation_ns = 1000;
	burst_at = 21000; /* of all iterations: far from the ends of one */
	burst_ns = 1000 * 1000;
	play();
	const struct result_record_pairs *pairs = &phase(1)->pairs;
	assert_true(allocations > burst_at && pairs->pairs > 9);
	assert_int_equal(pairs->tainted, 1);
	if (!(fabs(pairs->ns[RESULT_SIDE_ARM] / pairs->ns[RESULT_SIDE_AGAINST] - 1) < 1e-3))
		fail_msg("ratio %g", pairs->ns[RESULT_SIDE_ARM] / pairs->ns[RESULT_SIDE_AGAINST]);
}

/* It shows in steps of 10 ms, so that those of the last few milliseconds are suspects, and no others. */
static void steal_taints_what_was_played_in_its_time(void **state)
{
	(void)state;
	static struct interference interference;
	const struct workload_interference size = {.data_bytes = 1024, .code_bytes = 1024};
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("100k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	assert_int_equal(interference_open(&interference, &size, &bench.error), 0);
	bench.pass.interference = &interference;
	bench.pass.interfered_samples = 2000;
	be_quiet();
	allocation_ns = 2000;
	steal_ns = 50 * 1000 * 1000;
	quiet_steal_ticks = steal_ticks;
	play();
	const struct result_record_pairs *const all[] = {&phase(1)->pairs, &phase(1)->pairs_interfered};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		double share = (double)all[i]->tainted / (double)(all[i]->pairs + all[i]->tainted);
		if (!(share > 0.02 && share < 0.4))
			fail_msg("%g of all pairs are tainted%s", share, i ? ", under interference" : "");
	}
	interference_close(&interference);
}

/* Allocations take a thousand times as long as frees: who took others would have another sum. */
static void under_interference_both_take_the_same_samples(void **state)
{
	(void)state;
	static struct interference interference;
	const struct workload_interference size = {.data_bytes = 1024, .code_bytes = 1024};
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("100k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	assert_int_equal(interference_open(&interference, &size, &bench.error), 0);
	bench.pass.interference = &interference;
	bench.pass.interfered_samples = 2000;
	be_quiet();
	allocation_ns = 1000;
	play();
	const struct result_record_pairs *pairs = &phase(1)->pairs_interfered;
	assert_int_equal(pairs->tainted, 0);
	assert_true(pairs->pairs > 10 && pairs->operations > 1000);
	assert_true(fabs(pairs->ns[RESULT_SIDE_ARM] / pairs->ns[RESULT_SIDE_AGAINST] - 1) < 1e-3);
	assert_true(fabs(pairs->typical - 1) < 1e-3);
	interference_close(&interference);
}

static void disturbed_pairs_do_not_count(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
	open_pair(YAML("100k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	be_quiet();
	allocation_ns = 2000;
	steal_ns = 1000; /* at all times */
	quiet_steal_ticks = steal_ticks;
	play();
	const struct result_record_pairs *pairs = &phase(1)->pairs;
	assert_true(pairs->tainted > 0);
	assert_int_equal(pairs->pairs, 0);
	assert_int_equal(pairs->operations, 0);
	assert_true(pairs->ns[RESULT_SIDE_ARM] == 0 && pairs->ns[RESULT_SIDE_AGAINST] == 0);
}

/* Wherever a burst lies, three iterations in nine time it at least, and six far from the ends of a phase. Every second word
 * is an allocation: with windows that always begin at the same words, the first three would lie where none is timed. */
static void no_burst_hides(void **state)
{
	static const struct {
		uint64_t allocation;
		double least; /* of three times three */
	} places[] = {{500, 1}, {3700, 2}, {7100, 1}, {2500, 2}};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		struct iova_allocator arm = table_with(arm_alloc), against = table_with(against_alloc);
		set_up(state);
		arm.create = arm_create;
		open_pair(YAML("20k", "4MiB", "10%"), NULL, &arm, NULL, &against);
		be_quiet();
		burst_at = places[i].allocation;
		burst_ns = 1000 * 1000;
		play();
		const struct result_record_pairs *pairs = &phase(1)->pairs;
		double bursts = (pairs->ns[RESULT_SIDE_ARM] - pairs->ns[RESULT_SIDE_AGAINST]) / (double)burst_ns;
		double iterations = (double)created - 1; /* the last one has long windows */
		assert_int_equal(pairs->tainted, 0);
		assert_true(iterations >= 9 && pairs->typical < 3);
		/* Three iterations in a row begin at the same words. */
		if (!(bursts > places[i].least * 3 * floor(iterations / 9) - 0.1))
			fail_msg("a burst at allocation %d was timed %g times of %g", (int)burst_at, bursts, iterations);
		tear_down(state);
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

/* Once short windows have shown where all lies. */
static void longer_windows_end_at_another_outcome(void **state)
{
	(void)state;
	struct iova_allocator arm = table_with(failing_alloc), against = table_with(against_alloc);
	arm.create = arm_create;
	open_pair(YAML("400k", "4MiB", "10%"), NULL, &arm, NULL, &against);
	play();
	assert_true(phase(1)->equal_share < 0.1 && phase(1)->side_hash[RESULT_SIDE_ARM] > 1);
	assert_in_range(allocations, 1001, 50000); /* of the last play; 200,000 are in the stream */
	assert_true(created > 1 && bench.record.window_words[1] > 0);
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
	be_quiet(); /* so many iterations as there can be */
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

/* A clock by which barriers take long, as long as nothing was allocated. */
static _Atomic uint64_t shared_ns;
static _Atomic bool works;

static uint64_t slow_until_it_works(void)
{
	return atomic_fetch_add(&shared_ns, works ? 1 : 1000 * 1000);
}

static enum iova_status working_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	works = true;
	return flawed_alloc(self, request, cpu, extent);
}

static enum iova_status idle_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	works = false;
	return flawed_create(space, options, host, below, self, reason);
}

static void barriers_are_not_what_is_timed(void **state)
{
	(void)state;
	for (int slow = 0; slow <= 1; slow++) {
		struct iova_allocator arm = table_with(working_alloc), against = table_with(working_alloc);
		if (slow)
			arm.create = against.create = idle_create;
		works = !slow;
		bench_threads = 2;
		open_pair(YAML("20k", "4MiB", "10%"), NULL, &arm, NULL, &against);
		quiet = true;
		bench.clock.counter = false;
		clock_pretend(slow_until_it_works);
		play();
		assert_true(phase(1)->pairs.pairs + phase(1)->pairs.tainted > 0);
		assert_int_equal(phase(1)->pairs.pairs > 0, !slow);
		tear_down(state);
	}
}

int main(void)
{
#define IN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN(both_place_as_they_do_alone),
		IN(later_rounds_play_short_windows_alone),
		IN(steal_taints_what_was_played_in_its_time),
		IN(disturbed_pairs_do_not_count),
		IN(under_interference_both_take_the_same_samples),
		IN(a_third_of_each_round_is_not_timed),
		IN(both_orders_occur),
		IN(either_is_created_first),
		IN(a_brief_pass_has_short_windows_of_one_length),
		IN(each_has_either_memory_as_often),
		IN(who_begins_does_not_move_the_typical_ratio),
		IN(what_does_not_return_is_a_disturbance),
		IN(no_burst_hides),
		IN(polls_are_timed_apart),
		IN(what_follows_another_outcome_does_not_count),
		IN(longer_windows_end_at_another_outcome),
		IN(windows_grow_until_the_clock_can_tell),
		IN(a_fault_has_its_side),
		IN(who_wanders_is_found),
		IN(without_memory_it_ends_with_a_message),
		IN(threads_play_in_turns),
		IN(barriers_are_not_what_is_timed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
