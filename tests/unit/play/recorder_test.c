/* SPDX-License-Identifier: MIT
 * Goal: timed passes have their frames off a tape, and place every extent as the audit does, which has none; their times end
 * where a logical call fails. Who cannot have a tape says why.
 * Method: streams of all calls that take frames, with room and without, over allocators that place differently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "run/tape_file.h"
#include "support/run_fixture.h"

#include <unistd.h>

#define HEAD(space, rest)                                                                                                  \
	"iovabench: 1\nname: test\nspace: {size: " space "}\nphysical: {size: 256MiB, scatter: 50%}\n" rest
#define CALLS(space, ops, occupancy)                                                                                       \
	HEAD(space, "requests:\n"                                                                                          \
		    "  - {name: block, call: contiguous, size: {uniform: {min: 4KiB, max: 32KiB}}}\n"                      \
		    "  - {name: texture, call: aperture, size: {uniform: {min: 4KiB, max: 256KiB}}}\n"                     \
		    "  - {name: runs, call: mdl, contiguous: no, size: {uniform: {min: 4KiB, max: 64KiB}}}\n"              \
		    "  - {name: chunks, call: mdl, size: {fixed: 32KiB}, skip: 8KiB, flags: REQUIRE_CONTIGUOUS_CHUNKS}\n"  \
		    "  - {name: surface, call: adl, contiguous: require, size: {uniform: {min: 4KiB, max: 64KiB}}}\n"      \
		    "  - {name: buffer, call: adl, size: {uniform: {min: 4KiB, max: 64KiB}}}\n"                            \
		    "  - {name: pages, call: mm_mdl, size: {fixed: 16KiB}}\n"                                              \
		    "  - {name: frames, call: mm_contiguous, size: {fixed: 16KiB}}\n"                                      \
		    "phases:\n"                                                                                            \
		    "  - {name: fill, mix: [{request: block}, {request: texture}, {request: runs}, {request: chunks}, "    \
		    "{request: surface}, {request: buffer}], until: {occupancy: " occupancy "}}\n"                         \
		    "  - {name: churn, mix: [{request: block}, {request: texture}, {request: runs}, {request: chunks}, "   \
		    "{request: surface}, {request: buffer}, {request: pages}, {request: frames}], ops: " ops "}\n"         \
		    "  - {name: drain, free: all}\n")
#define ROOMY CALLS("128MiB", "20k", "40%")
#define TIGHT CALLS("64MiB", "20k", "98%")
#define SEVERAL_PIECES CALLS("128MiB", "300k", "40%")

static const char *const specs[] = {"buddy", "bitmap", "segregated", "rbtree"};
enum { SPECS = sizeof specs / sizeof specs[0], PHASES = 3 };

static struct bench bench;

static void hashes_of(const char *yaml, const char *spec, int (*pass)(struct pass *, struct error *), uint64_t *hashes,
		      struct result_figures *figures)
{
	bench_open(&bench, yaml, spec, NULL);
	if (pass(&bench.pass, &bench.error) < 0)
		fail_msg("%s: %s", spec, bench.error.message);
	for (size_t i = 0; i < PHASES; i++) {
		hashes[i] = bench.record.phases[i].placement_hash;
		figures[i] = bench.record.phases[i].figures;
	}
	bench_close(&bench);
}

/* Returns the least share of a phase that was played off the tape. */
static double assert_placed_alike(const char *yaml, const char *spec)
{
	uint64_t audited[PHASES], timed[PHASES];
	struct result_figures exact[PHASES], figures[PHASES];
	double share = 1;
	hashes_of(yaml, spec, pass_audit, audited, exact);
	hashes_of(yaml, spec, pass_throughput, timed, figures);
	for (size_t i = 0; i < PHASES; i++) {
		assert_true(audited[i] == timed[i] && timed[i] > 1);
		share = fmin(share, figures[i].value[METRIC_AHEAD_SHARE]);
	}
	assert_true(figures[0].value[METRIC_PHYSICAL_NS_PER_OP] > 0);
	assert_true(exact[0].value[METRIC_AUDIT_VIOLATIONS] == 0);
	return share;
}

static void extents_lie_where_the_audit_has_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < SPECS; i++)
		assert_true(assert_placed_alike(ROOMY, specs[i]) == 1);
	assert_true(assert_placed_alike(SEVERAL_PIECES, "rbtree") == 1);
}

static void so_they_do_behind_a_failure(void **state)
{
	(void)state;
	for (size_t i = 0; i < SPECS; i++)
		assert_true(assert_placed_alike(TIGHT, specs[i]) < 1);
}

/* The side that fails leaves; what follows does not enter, though the other one plays on. */
static void pairs_end_with_the_first_failure(void **state)
{
	(void)state;
	struct allocator_spec against;
	struct arena arena;
	bench_open(&bench, TIGHT, "buddy", NULL);
	assert_int_equal(allocator_spec_open("rbtree", &against, &bench.error), 0);
	assert_int_equal(arena_create(&arena, false, 1, &bench.error), 0);
	const struct pass_rival rival = {&against, &arena, LOCK_NONE};
	bench.pass.rival = &rival;
	assert_int_equal(pass_paired(&bench.pass, &bench.error), 0);
	assert_true(bench.record.phases[1].equal_share < 0.5);
	uint64_t hashes[RESULT_SIDES], alone[PHASES];
	struct result_figures figures[PHASES];
	for (int side = 0; side < RESULT_SIDES; side++)
		hashes[side] = bench.record.phases[1].side_hash[side];
	allocator_spec_close(&against);
	arena_destroy(&arena);
	bench_close(&bench);
	hashes_of(TIGHT, "buddy", pass_audit, alone, figures);
	assert_true(alone[1] == hashes[RESULT_SIDE_ARM]);
	hashes_of(TIGHT, "rbtree", pass_audit, alone, figures);
	assert_true(alone[1] == hashes[RESULT_SIDE_AGAINST]);
}

/* The tape of a run, as workers have it. */
struct shared {
	struct tape_file file;
	struct pass_tape pass;
	void *image;
	size_t bytes;
};

static void share_tape(struct shared *shared)
{
	*shared = (struct shared){.file = {.tried = false}};
	struct tape_file *file = &shared->file;
	assert_int_equal(
		tape_file_create(file, &bench.plan, &bench.stream, &bench.clock, tape_file_bytes_most(), &bench.error), 0);
	assert_true(file->descriptor >= 0);
	shared->bytes = (size_t)lseek(file->descriptor, 0, SEEK_END);
	shared->image = mmap(NULL, shared->bytes, PROT_READ, MAP_PRIVATE, file->descriptor, 0);
	assert_true(shared->image != MAP_FAILED);
	assert_int_equal(tape_open_image(&shared->pass.tape, shared->image, shared->bytes), 0);
	shared->pass.ns_per_op = file->ns_per_op;
	bench.pass.tape = &shared->pass;
}

static void give_back(struct shared *shared)
{
	tape_close(&shared->pass.tape);
	munmap(shared->image, shared->bytes);
	tape_file_close(&shared->file);
}

/* Returns the least share of a phase. */
static double assert_shared_alike(const char *yaml, const char *spec)
{
	uint64_t audited[PHASES];
	struct result_figures exact[PHASES];
	struct shared shared;
	double share = 1;
	hashes_of(yaml, spec, pass_audit, audited, exact);
	bench_open(&bench, yaml, spec, NULL);
	share_tape(&shared);
	bench.pass.latency_gap = 16;
	assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
	assert_int_equal(pass_latency(&bench.pass, &bench.error), 0);
	assert_int_equal(pass_steps(&bench.pass, &bench.error), 0);
	for (size_t i = 0; i < PHASES; i++) {
		const struct result_record_phase *phase = &bench.record.phases[i];
		assert_true(phase->placement_hash == audited[i] && audited[i] > 1);
		share = fmin(share, phase->figures.value[METRIC_AHEAD_SHARE]);
		assert_true(phase->figures.value[METRIC_PHYSICAL_NS_PER_OP] == shared.file.ns_per_op[i]);
	}
	assert_true(shared.file.ns_per_op[0] > 0);
	give_back(&shared);
	bench_close(&bench);
	return share;
}

/* Recorded once, played by all passes, all iterations and all arms. */
static void a_tape_of_the_run_is_as_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < SPECS; i++) {
		assert_true(assert_shared_alike(ROOMY, specs[i]) == 1);
		assert_true(assert_shared_alike(TIGHT, specs[i]) < 1);
	}
	assert_true(assert_shared_alike(SEVERAL_PIECES, "rbtree") == 1);
}

static void both_of_a_pair_play_to_it(void **state)
{
	(void)state;
	struct allocator_spec against;
	struct arena arena;
	struct shared shared;
	uint64_t alone[PHASES];
	struct result_figures figures[PHASES];
	hashes_of(TIGHT, "buddy", pass_audit, alone, figures);
	bench_open(&bench, TIGHT, "buddy", NULL);
	share_tape(&shared);
	assert_int_equal(allocator_spec_open("rbtree", &against, &bench.error), 0);
	assert_int_equal(arena_create(&arena, false, 1, &bench.error), 0);
	const struct pass_rival rival = {&against, &arena, LOCK_NONE};
	bench.pass.rival = &rival;
	assert_int_equal(pass_paired(&bench.pass, &bench.error), 0);
	uint64_t hash = bench.record.phases[1].side_hash[RESULT_SIDE_ARM];
	uint64_t other = bench.record.phases[1].side_hash[RESULT_SIDE_AGAINST];
	assert_true(bench.record.phases[1].equal_share < 0.5);
	allocator_spec_close(&against);
	arena_destroy(&arena);
	give_back(&shared);
	bench_close(&bench);
	assert_true(hash == alone[1]);
	hashes_of(TIGHT, "rbtree", pass_audit, alone, figures);
	assert_true(other == alone[1]);
}

/* Then workers record what they need themselves. */
static void no_tape_is_made_where_it_cannot_be_kept(void **state)
{
	(void)state;
	struct tape_file file = {0};
	bench_open(&bench, ROOMY, "rbtree", NULL);
	assert_int_equal(tape_file_create(&file, &bench.plan, &bench.stream, &bench.clock, 4096, &bench.error), 0);
	assert_true(file.tried && file.descriptor < 0);
	tape_file_close(&file);
	stream_file_close_words(&bench.stream);
	file = (struct tape_file){0};
	assert_int_equal(tape_file_create(&file, &bench.plan, &bench.stream, &bench.clock, UINT64_MAX, &bench.error), 0);
	assert_true(file.descriptor < 0);
	bench_close(&bench);
	bench_open(&bench,
		   "iovabench: 1\nname: test\nspace: {size: 64MiB}\nrequests: [{name: a, size: {fixed: 8KiB}}]\n"
		   "phases: [{name: p, mix: [{request: a}], ops: 100}]\n",
		   "rbtree", NULL);
	file = (struct tape_file){0};
	assert_int_equal(tape_file_create(&file, &bench.plan, &bench.stream, &bench.clock, UINT64_MAX, &bench.error), 0);
	assert_true(file.descriptor < 0);
	bench_close(&bench);
	struct tape tape;
	static const uint64_t cut[512] = {1000};
	assert_int_equal(tape_open_image(&tape, cut, sizeof cut), -1);
	assert_int_equal(tape_open_image(&tape, cut, 8), -1);
}

static enum result_reason refusal_of(const char *yaml)
{
	bench_open(&bench, yaml, "rbtree", NULL);
	assert_int_equal(pass_throughput(&bench.pass, &bench.error), 0);
	const struct result_figures *figures = &bench.record.phases[0].figures;
	assert_true(isnan(figures->value[METRIC_PHYSICAL_NS_PER_OP]) && isnan(figures->value[METRIC_AHEAD_SHARE]));
	assert_int_equal(figures->reason[METRIC_PHYSICAL_NS_PER_OP], figures->reason[METRIC_AHEAD_SHARE]);
	enum result_reason reason = (enum result_reason)figures->reason[METRIC_AHEAD_SHARE];
	bench_close(&bench);
	return reason;
}

static void who_has_no_tape_says_why(void **state)
{
	(void)state;
#define ONE(call)                                                                                                          \
	"requests: [{name: a, call: " call ", size: {fixed: 8KiB}}]\nphases: [{name: p, mix: [{request: a}], ops: 100}]\n"
	const char *const identity =
		"iovabench: 1\nname: test\nspace: {base: 4KiB, size: 64MiB, mode: identity}\n" ONE("mdl");
	const char *const frameless = "iovabench: 1\nname: test\nspace: {size: 64MiB}\n" ONE("contiguous");
	const char *const bare = "iovabench: 1\nname: test\nspace: {size: 64MiB}\n" ONE("extent");
	const char *const script =
		HEAD("64MiB", "phases:\n  - name: p\n    script:\n"
			      "      - {call: DxgkCbAllocatePagesForMdl, size: 1MiB, into: [pages, mdl]}\n"
			      "      - {call: DxgkCbFreePagesFromMdl, of: pages}\n");
#undef ONE
	assert_int_equal(refusal_of(identity), RESULT_REASON_PLACE_CAN_FAIL);
	assert_int_equal(refusal_of(script), RESULT_REASON_ROUTINES);
	assert_int_equal(refusal_of(frameless), RESULT_REASON_NOT_APPLICABLE);
	assert_int_equal(refusal_of(bare), RESULT_REASON_NOT_APPLICABLE);
}

/* Whatever request for memory fails, it is told, and nothing stays behind. */
static void a_lack_of_memory_is_told(void **state)
{
	(void)state;
	uint64_t passes = 0, told = 0;
	for (int result = -1; result < 0; passes++) {
		assert_true(passes < 400);
		bench_open(&bench,
			   HEAD("64MiB", "requests: [{name: a, call: mdl, size: {fixed: 64KiB}}]\n"
					 "phases: [{name: p, mix: [{request: a}], until: {live: 64}}]\n"),
			   "rbtree", NULL);
		memory_fail_after(passes);
		result = pass_throughput(&bench.pass, &bench.error);
		memory_fail_after(UINT64_MAX);
		told += result < 0;
		assert_true(result == 0 || bench.error.message[0]);
		bench_close(&bench);
	}
	assert_true(told > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extents_lie_where_the_audit_has_them),
		cmocka_unit_test(so_they_do_behind_a_failure),
		cmocka_unit_test(pairs_end_with_the_first_failure),
		cmocka_unit_test(a_tape_of_the_run_is_as_good),
		cmocka_unit_test(both_of_a_pair_play_to_it),
		cmocka_unit_test(no_tape_is_made_where_it_cannot_be_kept),
		cmocka_unit_test(who_has_no_tape_says_why),
		cmocka_unit_test(a_lack_of_memory_is_told),
	};
	return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
