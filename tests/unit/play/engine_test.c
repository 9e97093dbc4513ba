/* SPDX-License-Identifier: MIT
 * The engine with real allocators: slots, limits in their order, alignment, domains and CPUs, driver calls; and that its three
 * ways of playing place alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "play/engine_ddi.h"
#include "support/run_fixture.h"
#include "support/lack.h"

#define SCRIPT(requests, script)                                                                                           \
	"iovabench: 1\nname: test\nspace: {base: 0x0, size: 1MiB}\nrequests: [" requests "]\n"                             \
	"phases: [{name: only, script: [" script "]}]\n"
#define ANY "{name: any, size: {fixed: 4KiB}}"

static struct bench bench;
static struct engine engine;

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	engine_close(&engine);
	bench_close(&bench);
	return 0;
}

static void begin(const char *yaml, const char *spec)
{
	bench_open(&bench, yaml, spec, NULL);
	if (engine_open(&engine, &bench.plan.workload, bench.plan.stream, &bench.spec, &bench.arena, &bench.error) < 0)
		fail_msg("%s", bench.error.message);
	engine_phase_begin(&engine);
}

static void play(const char *yaml, const char *spec)
{
	begin(yaml, spec);
	engine_play(&engine, bench.words, bench.stream.words);
}

static void holds(uint32_t slot, uint64_t first, uint64_t count)
{
	assert_int_equal(engine.slots[slot].count, count);
	if (count)
		assert_int_equal(engine.slots[slot].first, first);
}

static void slots_hold_what_was_granted(void **state)
{
	(void)state;
	play(SCRIPT(ANY, "{alloc: 'a[0..2]', request: any}, {free: 'a[1]'}, {alloc: b, request: any, size: 8KiB}"),
	     "rbtree:fit=first");
	holds(0, 0, 1);
	holds(1, 0, 0);
	holds(2, 2, 1);
	holds(3, 3, 2);
	assert_int_equal(engine.skipped + engine.failures, 0);
}

static void the_free_of_a_failed_allocation_is_skipped(void **state)
{
	(void)state;
	play(SCRIPT(ANY, "{alloc: a, request: any, size: 1MiB}, {alloc: b, request: any}, {free: b}, {free: a}"), "rbtree");
	assert_int_equal(engine.failures, 1);
	assert_int_equal(engine.skipped, 1);
	holds(0, 0, 0);
	holds(1, 0, 0);
}

/* Pages [0,4) hold two of 8 KiB, the third goes to the next limit, the fourth and fifth to no limit but the space. */
static void limits_are_tried_in_their_order(void **state)
{
	(void)state;
	begin(SCRIPT("{name: any, size: {fixed: 8KiB}, high: [0x3fff, 0x5fff, 0xfffff]}",
		     "{alloc: 'a[0..4]', request: any}"),
	      "rbtree:fit=first");
	uint32_t attempts[5];
	for (size_t i = 0; i < 5; i++) {
		struct engine_outcome outcome;
		engine_play_counted(&engine, &bench.words[i], 2, &outcome);
		attempts[i] = outcome.attempt;
		holds((uint32_t)i, 2 * i, 2);
	}
	assert_int_equal(attempts[0] + attempts[1], 0);
	assert_int_equal(attempts[2], 1);
	assert_int_equal(attempts[3], 2);
	assert_int_equal(attempts[4], 2);
	assert_int_equal(engine.failures, 0);
}

/* After another limit served, the next demand begins with the first one again, which has room by then. */
static void every_demand_begins_with_the_first_limit(void **state)
{
	(void)state;
	play(SCRIPT("{name: any, size: {fixed: 16KiB}, high: [0x3fff, 0xfffff]}",
		    "{alloc: a, request: any}, {alloc: b, request: any}, {free: a}, {alloc: c, request: any}"),
	     "rbtree:fit=first");
	holds(1, 4, 4);
	holds(2, 0, 4);
	assert_true(engine.requests[0].request.constraints & IOVA_CONSTRAIN_NO_DRAIN);
	assert_int_equal(engine.requests[0].request.high, 3);
}

static void a_demand_fails_once_whatever_its_limits(void **state)
{
	(void)state;
	play(SCRIPT("{name: any, size: {fixed: 512KiB}, high: [0x7ffff, 0xfffff]}", "{alloc: 'a[0..2]', request: any}"),
	     "rbtree:fit=first");
	assert_int_equal(engine.failures, 1);
	holds(2, 0, 0);
}

static void natural_alignment_is_that_of_the_count(void **state)
{
	(void)state;
	play(SCRIPT(ANY
		    ", {name: natural, size: {fixed: 12KiB}, align: natural}, {name: capped, size: {fixed: 64KiB}, align:"
		    " {natural_up_to: 8KiB}}, {name: fixed, size: {fixed: 4KiB}, align: 64KiB}",
		    "{alloc: a, request: any}, {alloc: b, request: natural}, {alloc: c, request: capped}, {alloc: d, "
		    "request: fixed}"),
	     "rbtree:fit=first");
	holds(1, 4, 3);  /* 3 pages: a multiple of 4 */
	holds(2, 8, 16); /* 16 pages, but only a multiple of 2 is wanted */
	holds(3, 32, 1); /* one page on 16 */
}

static void guards_lie_behind_their_extents_and_align_nothing(void **state)
{
	(void)state;
	play(SCRIPT(ANY
		    ", {name: natural, size: {fixed: 12KiB}, align: natural, guard: 8KiB}, {name: guarded, size: {fixed: "
		    "64KiB}, guard: 1 page}",
		    "{alloc: a, request: any}, {alloc: b, request: natural}, {alloc: c, request: guarded, size: 8KiB}"),
	     "rbtree:fit=first");
	holds(1, 4, 5); /* 3 pages and 2: still a multiple of 4 */
	holds(2, 1, 3); /* 2 and 1 */
}

static void counts_above_24_bits_are_whole(void **state)
{
	(void)state;
	play("iovabench: 1\nname: test\nspace: {base: 0x0, size: 256TiB}\nrequests: [{name: any, size: {fixed: 65GiB}}]\n"
	     "phases: [{name: only, script: [{alloc: a, request: any}, {alloc: b, request: any, size: 64GiB}]}]\n",
	     "rbtree:fit=first");
	holds(0, 0, UINT64_C(65) << 18);
	holds(1, UINT64_C(65) << 18, UINT64_C(64) << 18);
}

static void contexts_choose_domain_and_cpu(void **state)
{
	(void)state;
	begin(SCRIPT(ANY, "{alloc: 'a[0..3]', request: any}"), "rbtree:fit=first");
	const struct op words[] = {{0, 1}, op_control(OP_CONTEXT, 3), {1, 1}};
	engine_play(&engine, words, 3);
	assert_int_equal(engine.domain, 0);
	assert_int_equal(engine.cpu, 3);
	engine_phase_begin(&engine);
	assert_int_equal(engine.cpu, 0);
}

/* A recording with two domains: each has a space of its own, so both begin at page 0. */
static void domains_do_not_share_a_space(void **state)
{
	(void)state;
	static struct recording_op ops[] = {{.slot = 0, .count = 4, .domain = 0},
					    {.slot = 1, .count = 4, .domain = 1},
					    {.slot = 2, .count = 4, .domain = 1},
					    {.slot = 1, .domain = 1}};
	static struct recording recording = {.ops = ops,
					     .op_count = 4,
					     .slot_count = 3,
					     .cpus = 1,
					     .domain_count = 2,
					     .limits_count = 1,
					     .limits = {{.high = {255}, .count = 1}}};
	const struct recording *recordings[] = {&recording};
	bench_open(&bench, SCRIPT(ANY, "{alloc: a, request: any}"), "rbtree:fit=first", NULL);
	struct workload *workload = &bench.plan.workload;
	struct workload_phase traced = {.name = workload->phases[0].name,
					.body = WORKLOAD_BODY_TRACE,
					.trace = {.repeat = 1, .between = WORKLOAD_BETWEEN_KEEP}};
	struct workload played = *workload;
	played.phases = &traced;
	played.phase_count = 1;
	struct op_stream *stream = op_stream_open(&played, recordings, 1, &bench.error);
	if (!stream)
		fail_msg("%s", bench.error.message);
	assert_int_equal(op_stream_domains(stream), 2);
	assert_int_equal(engine_open(&engine, &played, stream, &bench.spec, &bench.arena, &bench.error), 0);
	struct op words[64];
	size_t phase;
	size_t count = op_stream_next(stream, words, 64, &phase);
	engine_phase_begin(&engine);
	engine_play(&engine, words, count);
	/* Slot 0 is the script's. */
	holds(1, 0, 4);
	holds(2, 0, 0);
	holds(3, 4, 4);
	op_stream_close(stream);
}

static void driver_calls_and_bare_calls_share_a_space(void **state)
{
	(void)state;
	play(SCRIPT(ANY ", {name: call, call: contiguous, size: {fixed: 8KiB}}",
		    "{alloc: a, request: any}, {alloc: b, request: call}, {alloc: c, request: any}, {free: b}, {alloc: d, "
		    "request: call},"
		    " {alloc: e, request: call}"),
	     "rbtree:fit=first");
	holds(0, 0, 1);
	holds(1, 0, 0);
	holds(2, 3, 1);
	holds(3, ENGINE_SLOT_IS_HANDLE, 1);
	holds(4, ENGINE_SLOT_IS_HANDLE, 1);
	assert_int_equal(engine.failures + engine.skipped, 0);
	struct iova_extent extent;
	ddi_contiguous_extent(engine.domains[0].adapter, engine.slots[3].cookie, &extent);
	assert_int_equal(extent.first, 1);
	assert_int_equal(extent.count, 2);
}

/* The lock in front of an allocator must not hide what the allocator can do. */
static void driver_calls_behind_a_lock_keep_their_limits(void **state)
{
	(void)state;
	bench_open(&bench,
		   SCRIPT("{name: call, call: contiguous, size: {fixed: 8KiB}, low: 0x8000}", "{alloc: a, request: call}"),
		   "lazy+rbtree:fit=first", NULL);
	struct lock lock;
	lock_open(&lock, LOCK_MUTEX);
	const struct engine_surroundings surroundings = {.lock = &lock};
	assert_int_equal(engine_open_in(&engine, &bench.plan.workload, bench.plan.stream, &bench.spec, &bench.arena,
					&surroundings, &bench.error),
			 0);
	engine_phase_begin(&engine);
	engine_play(&engine, bench.words, bench.stream.words);
	assert_int_equal(engine.broken, IOVA_OK);
	struct iova_extent extent;
	assert_int_equal(ddi_contiguous_extent(engine.domains[0].adapter, engine.slots[0].cookie, &extent),
			 NTSTATUS_SUCCESS);
	assert_int_equal(extent.first, 8);
	engine_close(&engine);
	lock_close(&lock);
}

static void a_driver_call_that_finds_no_room_is_a_failure(void **state)
{
	(void)state;
	play(SCRIPT("{name: call, call: contiguous, size: {fixed: 768KiB}}",
		    "{alloc: a, request: call}, {alloc: b, request: call}, {free: b}"),
	     "rbtree");
	assert_int_equal(engine.failures, 1);
	assert_int_equal(engine.skipped, 1);
	assert_int_equal(engine.broken, IOVA_OK);
}

#define MIXED                                                                                                              \
	"iovabench: 1\nname: test\nspace: {size: 16MiB, reserved: [{base: 0x100000, size: 64KiB}]}\ncpus: 4\n"             \
	"requests:\n  - {name: any, size: {uniform: {min: 4KiB, max: 256KiB}}}\n"                                          \
	"  - {name: call, call: contiguous, size: {powers_of_two: {min: 4KiB, max: 128KiB, ratio: 50%}}, high: "           \
	"[0x3fffff, 0xffffff]}\n"                                                                                          \
	"  - {name: natural, size: {uniform: {min: 4KiB, max: 64KiB}}, align: natural}\n"                                  \
	"phases:\n  - {name: fill, mix: [{request: any}, {request: call}, {request: natural}], until: {occupancy: "        \
	"100%}}\n"                                                                                                         \
	"  - {name: churn, mix: [{request: any}, {request: call}, {request: natural}], ops: 20k}\n"

enum way { PLAY, PLAY_TIMED, PLAY_COUNTED };

static void play_word(enum way way, const struct op *op, uint64_t *high)
{
	struct engine_timed timed;
	struct engine_outcome outcome;
	if (op->demand >> OP_REQUEST_SHIFT == OP_CONTROL) {
		assert_true((op->demand & OP_COUNT_MAX) == OP_CONTEXT || (op->demand & OP_COUNT_MAX) == OP_POLL);
		engine_play(&engine, op, 1);
	} else if (way == PLAY_TIMED) {
		engine_play_timed(&engine, op, &bench.clock, &timed);
	} else {
		engine_play_counted(&engine, op, *high + (op->demand & OP_COUNT_MAX), &outcome);
	}
}

static uint64_t placement(enum way way, const char *spec, uint64_t *failures, uint64_t *skipped)
{
	uint64_t high = 0;
	engine_close(&engine);
	bench_close(&bench);
	begin(MIXED, spec);
	if (way == PLAY)
		engine_play(&engine, bench.words, bench.stream.words);
	for (uint64_t i = 0; way != PLAY && i < bench.stream.words; i++)
		play_word(way, &bench.words[i], &high);
	*failures = engine.failures;
	*skipped = engine.skipped;
	engine_note_placement(&engine, bench.words, bench.stream.words);
	return engine.placement_hash;
}

static void the_three_ways_of_playing_place_alike(void **state)
{
	(void)state;
	static const char *const specs[] = {"buddy", "bitmap", "rbtree", "rbtree:fit=best"};
	uint64_t failures[3], skipped[3], hashes[3], buddy = 0;
	bench_open(&bench, MIXED, "null", NULL);
	for (size_t i = 0; i < 4; i++) {
		for (enum way way = PLAY; way <= PLAY_COUNTED; way++)
			hashes[way] = placement(way, specs[i], &failures[way], &skipped[way]);
		assert_true(failures[PLAY] > 0);
		for (enum way way = PLAY_TIMED; way <= PLAY_COUNTED; way++) {
			assert_int_equal(hashes[way], hashes[PLAY]);
			assert_int_equal(failures[way], failures[PLAY]);
			assert_int_equal(skipped[way], skipped[PLAY]);
		}
		buddy = i ? buddy : hashes[PLAY];
		assert_true(i == 0 || hashes[PLAY] != buddy);
	}
}

static struct iova_statistics statistics(void)
{
	struct iova_statistics statistics = {0};
	engine.domains[0].table->statistics(engine.domains[0].self, &statistics);
	return statistics;
}

/* Plays all words in front of operation number `until`, and returns where it is. Polls in front of it are not played yet. */
static size_t play_up_to(size_t from, uint64_t *operations, uint64_t until)
{
	size_t to = from;
	for (; *operations < until; to++)
		*operations += bench.words[to].demand >> OP_REQUEST_SHIFT != OP_CONTROL;
	engine_play(&engine, bench.words + from, to - from);
	return to;
}

/* 200 k/s: a poll every 200 operations, 1 ms. a is freed at 0.005 ms and waits for 10 ms, which operation 2000 begins. b's
 * first page is freed at 11.5 ms, after the poll at 11 ms: due at 21 ms, operation 4200. */
static void lazy_flushes_after_10_ms_of_operations(void **state)
{
	(void)state;
	begin("iovabench: 1\nname: test\nspace: {base: 0x0, size: 64MiB}\npace: 200k/s\nrequests: [" ANY "]\n"
	      "phases: [{name: only, script: [{alloc: a, request: any}, {free: a}, {alloc: 'b[0..2297]', request: any},"
	      " {free: 'b[0]'}, {alloc: 'c[0..2999]', request: any}]}]\n",
	      "lazy+rbtree:fit=first");
	uint64_t operations = 0;
	size_t word = play_up_to(0, &operations, 2000);
	assert_int_equal(statistics().deferred_pages, 1);
	holds(1998, 1998, 1); /* page 0 waits: b[1997] is the 1998th of b */
	assert_int_equal(bench.words[word].demand, op_control(OP_POLL, 0).demand);
	assert_int_equal(bench.words[word].slot, 10);
	word = play_up_to(word, &operations, 2001);
	assert_int_equal(statistics().deferred_pages, 0);
	holds(1999, 0, 1); /* b[1998] */
	word = play_up_to(word, &operations, 4200);
	assert_int_equal(statistics().deferred_pages, 1);
	play_up_to(word, &operations, 4201);
	assert_int_equal(statistics().deferred_pages, 0);
}

/* What Linux 6.12 does with a burst of 100,000 frees, at 100 k/s: all of them between 1 s and 2 s. They fill 788 magazines of
 * 127, two of which the CPU keeps; from 1.1 s on one of the 786 goes every 100 ms until one for each CPU is left: after 785,
 * at 79.5 s. 127 pages stay in the depot, 127 in the other magazine and 100,000 - 787 * 127 = 51 in the loaded one. Requests
 * of 33 pages pass by. */
static void a_burst_of_frees_leaves_the_depot_in_79_seconds(void **state)
{
	(void)state;
	begin("iovabench: 1\nname: test\nspace: {base: 0x0, size: 4GiB}\npace: 100k/s\nrequests: [" ANY
	      ", {name: long, size: {fixed: 132KiB}}]\n"
	      "phases: [{name: only, script: [{alloc: 'a[0..99999]', request: any}, {free: 'a[0..99999]'},"
	      " {repeat: 4M, script: [{alloc: b, request: long}, {free: b}]}]}]\n",
	      "magazine:key=order+buddy");
	uint64_t operations = 0;
	size_t word = play_up_to(0, &operations, 200000);
	assert_int_equal(statistics().cached_pages, 100000 - 9 * 127); /* 1.1 s to 1.9 s */
	word = play_up_to(word, &operations, 7950000);
	assert_int_equal(statistics().cached_pages, 100000 - 784 * 127);
	word = play_up_to(word, &operations, 7950001);
	assert_int_equal(statistics().cached_pages, 127 + 127 + 51);
	word = play_up_to(word, &operations, 8200000);
	assert_int_equal(statistics().cached_pages, 127 + 127 + 51);
	assert_int_equal(word, bench.stream.words);
}

static void kinds_are_told_apart(void **state)
{
	(void)state;
	begin(SCRIPT(ANY ", {name: call, call: contiguous, size: {fixed: 4KiB}}",
		     "{alloc: a, request: any}, {alloc: b, request: call}, {alloc: c, request: any, size: 1MiB}, {free: "
		     "a}, {free: b}, {free: c}"),
	      "rbtree");
	static const enum metric_kind wanted[] = {METRIC_KIND_ALLOC, METRIC_KIND_CONTIGUOUS_ALLOC, METRIC_KIND_ALLOC_FAILED,
						  METRIC_KIND_FREE, METRIC_KIND_CONTIGUOUS_FREE};
	struct engine_timed timed;
	bench_on_one_cpu(&bench);
	for (size_t i = 0; i < 5; i++) {
		assert_true(engine_play_timed(&engine, &bench.words[i], &bench.clock, &timed));
		assert_int_equal(timed.kind, wanted[i]);
		assert_true(timed.ticks < 1000000000);
	}
	assert_false(engine_play_timed(&engine, &bench.words[5], &bench.clock, &timed));
	assert_int_equal(engine.skipped, 1);
}

static void a_hash_tells_place_size_and_slot_apart(void **state)
{
	(void)state;
	begin(SCRIPT(ANY, "{alloc: 'a[0..3]', request: any}"), "rbtree");
	uint64_t hashes[5];
	const struct iova_extent extents[] = {{0, 0, 0}, {7, 1, 0}, {8, 1, 0}, {7, 2, 0}};
	/* Two words look at the slots that they name, four at all slots. */
	static const struct op ops[4] = {{.slot = 1}, {.slot = 2}};
	for (size_t count = 2; count <= 4; count += 2)
		for (size_t i = 0; i < 5; i++) {
			memset(engine.slots, 0, 4 * sizeof engine.slots[0]);
			engine.slots[i < 4 ? 1 : 2] = extents[i < 4 ? i : 1];
			engine.placement_hash = 0;
			engine_note_placement(&engine, ops, count);
			hashes[i] = engine.placement_hash;
			assert_true(hashes[i] != 0);
			for (size_t n = 0; n < i; n++)
				assert_true(hashes[n] != hashes[i]);
		}
	memset(engine.slots, 0, 4 * sizeof engine.slots[0]);
}

/* A piece that is shorter than the slots: what it did not touch was hashed when it was, and costs nothing now. */
static void a_short_piece_is_hashed_by_its_words(void **state)
{
	(void)state;
	begin(SCRIPT(ANY, "{alloc: 'a[0..9999]', request: any}"), "rbtree");
	assert_int_equal(engine.slot_count, 10000);
	for (uint32_t slot = 0; slot < 10000; slot++)
		engine.slots[slot] = (struct iova_extent){slot, 1, 0};
	const struct op ops[] = {op_control(OP_POLL, 5),      {.slot = 3},
				 {.slot = 9999, .demand = 1}, op_control(OP_CONTEXT, 0),
				 {.slot = 3, .demand = 1},    op_control(OP_SEND, 77)};
	const uint32_t touched[] = {3, 9999, 77}, others[] = {0, 4, 5, 9998};
	engine.placement_hash = 0;
	engine_note_placement(&engine, ops, 6);
	uint64_t hash = engine.placement_hash;
	for (size_t i = 0; i < 7; i++) {
		struct iova_extent *slot = &engine.slots[i < 3 ? touched[i] : others[i - 3]], kept = *slot;
		slot->first++;
		engine.placement_hash = 0;
		engine_note_placement(&engine, ops, 6);
		assert_int_equal(engine.placement_hash != hash, i < 3);
		slot->count = 0;
		engine.placement_hash = 0;
		engine_note_placement(&engine, ops, 6);
		assert_int_equal(engine.placement_hash != hash, i < 3);
		*slot = kept;
	}
	/* An adversary names none of its slots. */
	const struct op adversary = op_control(OP_ADVERSARY, 0);
	engine.placement_hash = 0;
	engine_note_placement(&engine, &adversary, 1);
	hash = engine.placement_hash;
	engine.slots[4321].first++;
	engine.placement_hash = 0;
	engine_note_placement(&engine, &adversary, 1);
	assert_true(engine.placement_hash != hash);
	memset(engine.slots, 0, 10000 * sizeof engine.slots[0]);
}

static void no_memory_leaves_nothing_behind(void **state)
{
	(void)state;
	bench_open(&bench, MIXED, "rbtree", NULL);
	for (struct lack lack = {0}; lack_next(&lack);) {
		bench.error = (struct error){0};
		lack_begins(&lack);
		int result = engine_open(&engine, &bench.plan.workload, bench.plan.stream, &bench.spec, &bench.arena,
					 &bench.error);
		bool failed = lack_ends(&lack);
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(!failed || bench.error.exit_code == EXIT_CODE_IO);
	}
}

static void every_call_and_routine_can_be_made(void **state)
{
	(void)state;
	for (enum workload_call i = WORKLOAD_CALL_EXTENT + 1; i < WORKLOAD_CALL_COUNT; i++)
		if (!engine_call_table[i].alloc || !engine_call_table[i].free)
			fail_msg("call %s has no row in engine_ddi.c", workload_call_table[i].name);
	for (enum workload_routine i = 0; i < WORKLOAD_ROUTINE_COUNT; i++)
		if (!engine_routine_table[i].call)
			fail_msg("routine %s has no row in engine_routine.c", workload_routine_table[i].name);
	/* What takes nothing of the space shows no extent of it. */
	for (enum workload_call i = WORKLOAD_CALL_EXTENT + 1; i < WORKLOAD_CALL_COUNT; i++)
		assert_true(workload_call_is_outside(i) ==
			    (engine_call_table[i].maps_views || !engine_call_table[i].visit));
}

int main(void)
{
#define A(test) cmocka_unit_test_teardown(test, tear_down)
	const struct CMUnitTest tests[] = {
		A(slots_hold_what_was_granted),
		A(the_free_of_a_failed_allocation_is_skipped),
		A(limits_are_tried_in_their_order),
		A(every_demand_begins_with_the_first_limit),
		A(a_demand_fails_once_whatever_its_limits),
		A(natural_alignment_is_that_of_the_count),
		A(guards_lie_behind_their_extents_and_align_nothing),
		A(counts_above_24_bits_are_whole),
		A(contexts_choose_domain_and_cpu),
		A(domains_do_not_share_a_space),
		A(driver_calls_and_bare_calls_share_a_space),
		A(driver_calls_behind_a_lock_keep_their_limits),
		A(a_driver_call_that_finds_no_room_is_a_failure),
		A(the_three_ways_of_playing_place_alike),
		A(lazy_flushes_after_10_ms_of_operations),
		A(a_burst_of_frees_leaves_the_depot_in_79_seconds),
		A(kinds_are_told_apart),
		A(a_hash_tells_place_size_and_slot_apart),
		A(a_short_piece_is_hashed_by_its_words),
		A(every_call_and_routine_can_be_made),
		A(no_memory_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
