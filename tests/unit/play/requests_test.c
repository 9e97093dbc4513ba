/* SPDX-License-Identifier: MIT
 * What a request may ask for beside pages, and what CPUs and spaces may have: worked out by hand, seen by the audit. */
#include "play/queue.h"
#include "unit/play/audit_fixture.h"

#define BEGIN(space) "iovabench: 1\nname: test\ncpus: 4\nspace: {base: 0, " space "}\n"

static void play(const char *yaml, const char *spec)
{
	bench_open(&bench, yaml, spec, NULL);
	if (pass_audit(&bench.pass, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
	assert_about(figure(METRIC_AUDIT_VIOLATIONS), 0, 0);
}

static double figure_of(size_t phase, enum metric metric)
{
	return bench_figure(&bench, phase, metric);
}

/* 16 pages: 8, then 4 for want of 8, then 4, then nothing. */
static void a_size_falls_back_on_the_next_one_that_fits(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") "requests: [{name: a, size: {fallback: [36KiB, 16KiB, 12KiB]}}]\n"
				  "phases: [{name: p, measure: yes, script: [{alloc: \"x[0..2]\", request: a}]}]\n",
	     "bitmap");
	assert_about(figure(METRIC_REQUESTED_PAGES), 9 + 4 + 3, 0);
	assert_about(figure(METRIC_FELL_BACK), 2, 0);
	assert_about(figure(METRIC_FAILURES_TOTAL), 0, 0);
	bench_close(&bench);
	/* What fails fails with the smallest: no page is free. */
	play(BEGIN("size: 64KiB") "requests: [{name: a, size: {fallback: [36KiB, 16KiB, 12KiB]}}]\n"
				  "phases: [{name: p, measure: yes, script: [{alloc: \"x[0..3]\", request: a}]}]\n",
	     "bitmap");
	assert_about(figure(METRIC_FAILURES_EXHAUSTED), 1, 0);
	assert_about(figure(METRIC_FELL_BACK), 2, 0);
}

/* Limits are tried for each size, and natural alignment is that of the size at hand: 8 pages cannot be had below 0x7fff when
 * page 0 is taken, 4 can, at 0x4000. */
static void each_size_is_tried_at_each_limit(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") "requests:\n"
				  "  - {name: one, size: {fixed: 4KiB}, high: 0xfff}\n"
				  "  - {name: top, size: {fixed: 32KiB}, low: 0x8000}\n"
				  "  - {name: a, size: {fallback: [32KiB, 16KiB]}, align: natural, high: [0x7fff, 0xffff]}\n"
				  "phases: [{name: p, script: [{alloc: x, request: one}, {alloc: y, request: top}, "
				  "{alloc: z, request: a}]}]\n",
	     "bitmap");
	assert_about(figure(METRIC_FAILURES_TOTAL), 0, 0);
	assert_about(figure(METRIC_FELL_BACK), 1, 0);
	assert_about(figure(METRIC_REQUESTED_PAGES), 1 + 8 + 4, 0);
}

static void as_many_extents_live_as_the_space_may_have(void **state)
{
	(void)state;
	static const char *const specs[] = {"bitmap", "magazine+rbtree"};
	for (size_t i = 0; i < 2; i++) {
		play(BEGIN("size: 64KiB, extents: 3") "requests: [{name: a, size: {fixed: 4KiB}}]\n"
						      "phases: [{name: p, measure: yes, script: [{alloc: \"x[0..4]\", "
						      "request: a}, {free: \"x[0]\"}, {alloc: y, request: a}, "
						      "{alloc: z, request: a}]}]\n",
		     specs[i]);
		assert_about(figure(METRIC_FAILURES_REFUSED), 3, 0);
		assert_about(figure(METRIC_FAILURES_TOTAL), 3, 0);
		assert_about(figure(METRIC_PEAK_LIVE_PAGES), 3, 0);
		/* Those who count steps go on counting. */
		assert_true(figure(METRIC_STEPS_ALLOC_MEAN) > 0);
		bench_close(&bench);
	}
}

/* Attempts 3 and 6: x[2] and x[5]; the limit that is tried second, attempt 9, serves nobody either. */
static void attempts_find_no_memory_for_metadata(void **state)
{
	(void)state;
	static const char *const specs[] = {"bitmap", "magazine+rbtree"};
	for (size_t i = 0; i < 2; i++) {
		play(BEGIN("size: 64KiB, metadata_fails: {every: 3}") "requests:\n  - {name: a, size: {fixed: 4KiB}}\n"
								      "  - {name: b, size: {fixed: 4KiB}, "
								      "high: [0xfff, 0xffff]}\n"
								      "phases: [{name: p, measure: yes, script: [{alloc: "
								      "\"x[0..6]\", request: a}, {free: \"x[2..3]\"}, "
								      "{alloc: y, request: b}]}]\n",
		     specs[i]);
		assert_about(figure(METRIC_FAILURES_METADATA), 3, 0);
		assert_about(figure(METRIC_FAILURES_TOTAL), 3, 0);
		assert_about(figure(METRIC_PEAK_LIVE_PAGES), 5, 0);
		bench_close(&bench);
	}
}

#define SHARE_OF(seed)                                                                                                     \
	"iovabench: 1\nname: test\nseed: " seed "\nspace: {base: 0, size: 64MiB, metadata_fails: {share: 10%}}\n"          \
	"requests: [{name: a, size: {fixed: 4KiB}}]\n"                                                                     \
	"phases: [{name: p, mix: [{request: a}], until: {live: 10000}, measure: yes}]\n"

/* Four standard deviations of a binomial distribution are 120; another seed lets others fail. */
static void a_share_of_the_attempts_finds_no_memory(void **state)
{
	(void)state;
	play(SHARE_OF("1"), "bitmap");
	double failed = figure(METRIC_FAILURES_METADATA), first = figure(METRIC_FIRST_FAILURE_OP);
	assert_about(failed, 1000, 120);
	bench_close(&bench);
	play(SHARE_OF("1"), "buddy");
	assert_about(figure(METRIC_FAILURES_METADATA), failed, 0);
	assert_about(figure(METRIC_FIRST_FAILURE_OP), first, 0);
	bench_close(&bench);
	play(SHARE_OF("2"), "bitmap");
	assert_true(figure(METRIC_FAILURES_METADATA) != failed || figure(METRIC_FIRST_FAILURE_OP) != first);
}

/* 16 pages, of which 5 to 11 are busy while nine extents of a page are asked for; then they come back. */
static void ranges_are_busy_for_a_while(void **state)
{
	(void)state;
	static const char *const specs[] = {"buddy", "bitmap", "rbtree", "segregated", "leaf", "linux", "magazine+linux"};
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		play(BEGIN("size: 64KiB") "requests: [{name: a, size: {fixed: 4KiB}}]\nphases:\n"
					  "  - {name: busy, reserve: [{base: 0x5000, size: 28KiB}]}\n"
					  "  - {name: nine, script: [{alloc: \"x[0..9]\", request: a}]}\n"
					  "  - {name: back, unreserve: [{base: 0x5000, size: 28KiB}]}\n"
					  "  - {name: rest, script: [{alloc: \"y[0..6]\", request: a}]}\n"
					  "  - {name: late, measure: yes, reserve: [{base: 0x5000, size: 4KiB}]}\n"
					  "  - {name: clear, free: all}\n"
					  "  - {name: again, measure: yes, reserve: [{base: 0x5000, size: 4KiB}]}\n",
		     specs[i]);
		assert_about(figure_of(0, METRIC_FAILURES_TOTAL), 0, 0);
		assert_about(figure_of(0, METRIC_PEAK_LIVE_PAGES), 7, 0);
		assert_about(figure_of(1, METRIC_FAILURES_EXHAUSTED), 1, 0);
		assert_about(figure_of(3, METRIC_FAILURES_TOTAL), 0, 0);
		assert_about(figure_of(4, METRIC_FAILURES_EXHAUSTED), 1, 0);
		if (i < 6) /* it keeps a magazine of the page */
			assert_about(figure_of(6, METRIC_FAILURES_TOTAL), 0, 0);
		bench_close(&bench);
	}
}

#define WAITING(space, request, rest)                                                                                      \
	BEGIN(space)                                                                                                       \
	"requests:\n  - {name: a, " request "}\nphases:\n  - {name: wait, queue: {mix: [{request: a}], served: " rest

/* 64 pages hold 21 extents of 3, those of a buddy 16. All live five ticks from when they are served, so that each request from
 * the first that waits on waits for one free, or finds one of those that are due at the same time. */
static void requests_wait_until_they_are_served(void **state)
{
	(void)state;
	play(WAITING("size: 256KiB", "size: {fixed: 12KiB}, lifetime: {fixed: 5}", "100}}\n"), "bitmap");
	assert_about(figure(METRIC_QUEUE_SERVED), 100, 0);
	assert_about(figure(METRIC_QUEUE_WAITED), 100 - 21, 0);
	assert_about(figure(METRIC_QUEUE_FREES_MEAN), 1, 0);
	assert_about(figure(METRIC_QUEUE_OCCUPANCY_MEAN), 63.0 / 64, 1e-9);
	assert_about(figure(METRIC_FAILURES_TOTAL), 0, 0);
	assert_about(figure(METRIC_FREES), 79, 0);
	bench_close(&bench);
	play(WAITING("size: 256KiB", "size: {fixed: 12KiB}, lifetime: {fixed: 5}", "100}}\n"), "buddy");
	assert_about(figure(METRIC_QUEUE_OCCUPANCY_MEAN), 48.0 / 64, 1e-9);
	bench_close(&bench);
	/* What an empty space cannot hold is given up, and freed again is what lives. */
	play(WAITING("size: 256KiB", "size: {fixed: 12KiB}, boundary: 8KiB, lifetime: {fixed: 5}",
		     "7}}\n  - {name: clear, free: all, measure: yes}\n"),
	     "bitmap");
	assert_about(figure_of(0, METRIC_FAILURES_IMPOSSIBLE), 7, 0);
	assert_about(figure_of(0, METRIC_QUEUE_SERVED), 0, 0);
	assert_about(figure_of(1, METRIC_FREES), 0, 0);
	assert_true(isnan(figure_of(1, METRIC_QUEUE_SERVED)));
}

/* Plays a queue in the place of an allocator: room for three, and what is freed must be what is due first. */
struct witness {
	const struct op_queue *queue;
	struct rng draws;
	struct iova_extent slots[64];
	uint64_t due[64], now, live, frees;
};

static void witness_play(void *context, const struct op *op, uint64_t count)
{
	struct witness *witness = context;
	struct op_queue_request request;
	if (count && witness->live == 3)
		return;
	if (count) {
		op_queue_draw(bench.plan.stream, witness->queue, &witness->draws, &request);
		assert_int_equal(request.pages, count);
		witness->due[op->slot] = witness->now + request.ticks;
		witness->slots[op->slot].count = count;
		witness->live++;
		return;
	}
	for (size_t i = 0; i < 64; i++)
		assert_true(!witness->slots[i].count || witness->due[i] >= witness->due[op->slot]);
	assert_true(witness->slots[op->slot].count);
	witness->now = witness->due[op->slot];
	witness->slots[op->slot].count = 0;
	witness->live--;
	witness->frees++;
}

static void what_is_due_first_is_freed_first(void **state)
{
	(void)state;
	bench_open(&bench,
		   WAITING("size: 64 pages",
			   "size: {uniform: {min: 1 page, max: 9 pages}}, lifetime: {uniform: {min: 1, max: 90}}",
			   "500}}\n"),
		   "null", NULL);
	struct witness witness = {.queue = op_stream_queue(bench.plan.stream, 0)};
	const struct adversary_player player = {witness_play, &witness, witness.slots};
	struct queue_figures figures;
	op_queue_seed(bench.plan.stream, witness.queue, &witness.draws);
	assert_int_equal(queue_play(bench.plan.stream, witness.queue, &player, &figures, &bench.error), 0);
	assert_int_equal(figures.served, 500);
	assert_int_equal(witness.frees, 497);
	assert_int_equal(figures.frees, 497);
}

/* A boundary of 4 pages: 5 can never be had, and a window behind the space holds nothing. */
static void what_no_empty_space_could_hold_is_impossible(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") "requests:\n  - {name: a, size: {fixed: 20KiB}, boundary: 16KiB}\n"
				  "  - {name: b, size: {fixed: 4KiB}, low: 0x10000}\n"
				  "  - {name: c, size: {fixed: 4KiB}, low: 0x123456000, boundary: 16KiB}\n"
				  "phases: [{name: p, script: [{alloc: x, request: a}, {alloc: y, request: b}, "
				  "{alloc: z, request: c}]}]\n",
	     "buddy");
	assert_about(figure(METRIC_FAILURES_IMPOSSIBLE), 3, 0);
	assert_about(figure(METRIC_FAILURES_TOTAL), 3, 0);
}

#define FILL_AND_FREE                                                                                                      \
	"requests:\n  - {name: a, size: {fixed: 4KiB}}\n  - {name: big, size: {fixed: 16KiB}, align: natural}\n"           \
	"phases:\n  - {name: fill, script: [{alloc: \"x[0..15]\", request: a}]}\n"

/* 16 pages, all of which wait for a flush once they are freed. */
static void pages_that_wait_are_held_when_they_would_have_sufficed(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") FILL_AND_FREE
	     "  - {name: ask, script: [{free: \"x[0..7]\"}, {alloc: y, request: big}]}\n",
	     "lazy+rbtree:fit=first");
	assert_about(figure_of(1, METRIC_FAILURES_HELD), 1, 0);
	assert_about(figure_of(1, METRIC_FAILURES_TOTAL), 1, 0);
	assert_about(figure_of(1, METRIC_FIRST_FAILURE_HELD_PAGES), 8, 0);
	assert_about(figure_of(1, METRIC_FIRST_FAILURE_OCCUPANCY), 0.5, 0);
	bench_close(&bench);
	/* Eight pages wait, of which no four lie together: giving them back would not help. */
	play(BEGIN("size: 64KiB") FILL_AND_FREE
	     "  - {name: ask, script: [{free: \"x[0..14..2]\"}, {alloc: y, request: big}]}\n",
	     "lazy+rbtree:fit=first");
	assert_about(figure_of(1, METRIC_FAILURES_EXHAUSTED), 1, 0);
	assert_about(figure_of(1, METRIC_FAILURES_HELD), 0, 0);
	bench_close(&bench);
	/* Too few, waiting or not. */
	play(BEGIN("size: 64KiB") FILL_AND_FREE
	     "  - {name: ask, script: [{free: \"x[0..2]\"}, {alloc: y, request: big}]}\n",
	     "lazy+rbtree:fit=first");
	assert_about(figure_of(1, METRIC_FAILURES_EXHAUSTED), 1, 0);
}

/* Where a usable run would do, too, it is the allocator's own refusal: the old gate stays shut when something below the hint
 * is freed. */
static void pages_that_wait_are_no_excuse_where_others_would_do(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") "requests:\n  - {name: a, size: {fixed: 4KiB}, high: 0xffffffff}\n"
				  "  - {name: big, size: {fixed: 16KiB}, high: 0xffffffff}\n"
				  "phases:\n  - name: p\n    script:\n"
				  "      - {alloc: \"x[0..15]\", request: a}\n      - {free: \"x[0..1]\"}\n"
				  "      - {alloc: y, request: big}\n      - {free: \"x[8..15]\"}\n"
				  "      - {alloc: z, request: big}\n",
	     "lazy:entries=1+linux:gate=old");
	assert_about(figure(METRIC_FAILURES_EXHAUSTED), 1, 0);
	assert_about(figure(METRIC_FAILURES_FRAGMENTED), 1, 0);
	assert_about(figure(METRIC_FAILURES_HELD), 0, 0);
}

static void the_first_failure_tells_how_full_its_own_window_is(void **state)
{
	(void)state;
	play(BEGIN("size: 64KiB") "requests:\n  - {name: low, size: {fixed: 4KiB}, high: 0x3fff}\n"
				  "phases: [{name: p, script: [{alloc: \"x[0..4]\", request: low}]}]\n",
	     "rbtree");
	assert_about(figure(METRIC_FIRST_FAILURE_OCCUPANCY), 0.25, 1e-9);
	assert_about(figure(METRIC_FIRST_FAILURE_WINDOW_OCCUPANCY), 1, 1e-9);
	assert_about(figure(METRIC_DEMAND_RATIO), 5.0 / 16, 1e-9);
}

#define CACHED(caches)                                                                                                     \
	BEGIN("size: 4MiB")                                                                                                \
	"requests: [{name: a, size: {fixed: 4KiB}}]\nphases:\n"                                                            \
	"  - {name: fill, mix: [{request: a}], until: {live: 400}}\n"                                                      \
	"  - {name: thin, free: {until: {live: 4}}}\n"                                                                     \
	"  - {name: off, offline: [1, 2, 3]" caches "}\n"                                                                  \
	"  - {name: look, script: [{alloc: x, request: a}]}\n"

/* About three of four freed pages lie in the magazines of the CPUs that leave; an emptied one comes back whole. */
static void caches_of_a_cpu_that_leaves_drain_or_stay(void **state)
{
	(void)state;
	play(CACHED(""), "magazine+rbtree");
	double drained = figure_of(3, METRIC_CACHED_PAGES);
	assert_true(drained > 50 && drained < 150);
	assert_about(figure_of(1, METRIC_CACHED_PAGES), 396, 0);
	bench_close(&bench);
	play(CACHED(", caches: stay"), "magazine+rbtree");
	assert_true(figure_of(3, METRIC_CACHED_PAGES) >= 395);
	bench_close(&bench);
	play(CACHED(""), "lazy:entries=1+magazine+rbtree");
	assert_true(figure_of(3, METRIC_CACHED_PAGES) < 150);
}

/* No operation carries a CPU that has left: its magazines stay empty until it is back. */
static void operations_run_on_cpus_that_are_online(void **state)
{
	(void)state;
	bench_open(&bench,
		   BEGIN("size: 4MiB") "requests: [{name: a, size: {fixed: 4KiB}}]\nphases:\n"
				       "  - {name: off, offline: [1, 3]}\n"
				       "  - {name: fill, mix: [{request: a}], until: {live: 400}}\n"
				       "  - {name: churn, mix: [{request: a}], ops: 4000, free_on: next}\n"
				       "  - {name: on, online: 3}\n"
				       "  - {name: again, mix: [{request: a}], ops: 4000}\n",
		   "null", NULL);
	struct op piece[64];
	size_t phase, count;
	op_stream_rewind(bench.plan.stream);
	unsigned seen[5][4] = {{0}}, told = 0;
	while ((count = op_stream_next(bench.plan.stream, piece, 64, &phase)))
		for (size_t i = 0; i < count; i++) {
			told += piece[i].demand == op_control(OP_OFFLINE, 0).demand;
			if (piece[i].demand == op_control(OP_CONTEXT, 0).demand)
				seen[phase][piece[i].slot]++;
		}
	assert_int_equal(told, 2);
	for (phase = 1; phase < 3; phase++)
		assert_true(!seen[phase][1] && !seen[phase][3] && seen[phase][0] && seen[phase][2]);
	assert_true(seen[4][0] && !seen[4][1] && seen[4][2] && seen[4][3]);
	/* A rewound stream begins with all of them. */
	op_stream_rewind(bench.plan.stream);
	count = op_stream_next(bench.plan.stream, piece, 64, &phase);
	assert_true(count == 2 && phase == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_size_falls_back_on_the_next_one_that_fits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_size_is_tried_at_each_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(as_many_extents_live_as_the_space_may_have, set_up, tear_down),
		cmocka_unit_test_setup_teardown(attempts_find_no_memory_for_metadata, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_share_of_the_attempts_finds_no_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ranges_are_busy_for_a_while, set_up, tear_down),
		cmocka_unit_test_setup_teardown(requests_wait_until_they_are_served, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_due_first_is_freed_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_no_empty_space_could_hold_is_impossible, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pages_that_wait_are_held_when_they_would_have_sufficed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pages_that_wait_are_no_excuse_where_others_would_do, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_first_failure_tells_how_full_its_own_window_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(caches_of_a_cpu_that_leaves_drain_or_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(operations_run_on_cpus_that_are_online, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
