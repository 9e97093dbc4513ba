/* SPDX-License-Identifier: MIT
 * Shared and generated words are the same words, cut into whole pieces of one phase each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/run_fixture.h"
#include "stream/generator.h"

/* 2.2 M words of churn on 4 CPUs, so that control words stand everywhere, between phases that are shorter than a piece. */
#define CHURN                                                                                                              \
	"iovabench: 1\nname: test\nspace: {size: 4GiB}\ncpus: 4\n"                                                         \
	"requests: [{name: any, size: {fixed: 4KiB}}]\n"                                                                   \
	"phases:\n  - {name: fill, mix: [{request: any}], until: {live: 100}}\n"                                           \
	"  - {name: churn, mix: [{request: any}], ops: 1500k}\n  - {name: drain, free: all}\n"
/* Every allocation of 64 GiB in pages of 4 KiB carries a word with the high bits of its count. */
#define LARGE                                                                                                              \
	"iovabench: 1\nname: test\nspace: {size: 256TiB}\n"                                                                \
	"requests: [{name: any, size: {fixed: 64GiB}}, {name: odd, size: {fixed: 65GiB}}]\n"                               \
	"phases:\n  - {name: fill, mix: [{request: any}, {request: odd}], until: {live: 100}}\n"                           \
	"  - {name: churn, mix: [{request: any}, {request: odd}], ops: 1500k}\n"

struct heard {
	uint64_t hash, words;
	uint64_t phase_words[3];
	size_t pieces;
};

static struct bench bench;

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	bench_close(&bench);
	return 0;
}

static bool is_control(struct op op)
{
	return op.demand >> OP_REQUEST_SHIFT == OP_CONTROL;
}

static struct heard hear(struct op_source *source)
{
	struct heard heard = {0};
	for (struct op_piece piece; (piece = op_source_next(source)).count > 0; heard.pieces++) {
		assert_true(piece.count <= OP_SOURCE_PIECE_WORDS);
		assert_false(is_control(piece.ops[piece.count - 1]));
		heard.hash = op_stream_hash(heard.hash, piece.ops, piece.count);
		heard.words += piece.count;
		heard.phase_words[piece.phase] += piece.count;
	}
	return heard;
}

static void both_give_the_same(const char *yaml)
{
	bench_open(&bench, yaml, "null", NULL);
	struct op_source own;
	assert_int_equal(op_source_open(&own, bench.plan.stream, NULL, NULL, 0, NULL), 0);
	op_source_rewind(&own);
	struct heard shared = hear(&bench.source), generated = hear(&own);
	op_source_close(&own);
	assert_int_equal(shared.hash, bench.stream.hash);
	assert_int_equal(generated.hash, bench.stream.hash);
	assert_int_equal(shared.words, bench.stream.words);
	for (size_t i = 0; i < bench.stream.phase_count; i++) {
		assert_int_equal(shared.phase_words[i], bench.stream.phase_words[i]);
		assert_int_equal(generated.phase_words[i], bench.stream.phase_words[i]);
	}
	assert_true(shared.pieces > bench.stream.phase_count);
}

static void contexts_stay_with_their_operations(void **state)
{
	(void)state;
	both_give_the_same(CHURN);
}

static void counts_stay_with_their_operations(void **state)
{
	(void)state;
	both_give_the_same(LARGE);
}

static void a_cut_tears_nothing(void **state)
{
	(void)state;
	const struct op context = op_control(OP_CONTEXT, 1), high = op_control(OP_COUNT_HIGH, 2);
	const struct op alloc = {7, 1}, ops[] = {alloc, alloc, context, high, alloc, alloc};
	assert_int_equal(op_cut(ops, 6, 6), 6);
	assert_int_equal(op_cut(ops, 6, 9), 6);
	assert_int_equal(op_cut(ops, 6, 5), 5);
	/* Before what belongs together; behind it where there is nothing before. */
	assert_int_equal(op_cut(ops, 6, 4), 2);
	assert_int_equal(op_cut(ops, 6, 3), 2);
	assert_int_equal(op_cut(ops, 6, 2), 2);
	assert_int_equal(op_cut(ops + 2, 4, 1), 3);
	assert_int_equal(op_cut(ops + 2, 4, 2), 3);
	assert_int_equal(op_cut(ops + 2, 2, 1), 2);
	assert_int_equal(op_count_operations(ops, 6), 4);
}

static void a_rewound_source_begins_again(void **state)
{
	(void)state;
	bench_open(&bench, CHURN, "null", NULL);
	struct heard once = hear(&bench.source);
	assert_int_equal(hear(&bench.source).words, 0);
	op_source_rewind(&bench.source);
	op_source_next(&bench.source);
	op_source_rewind(&bench.source);
	struct heard again = hear(&bench.source);
	assert_int_equal(once.hash, again.hash);
}

static void no_memory_for_a_piece_is_an_error(void **state)
{
	(void)state;
	bench_open(&bench, CHURN, "null", NULL);
	struct op_source own;
	struct error error = {0};
	memory_fail_after(0);
	assert_int_equal(op_source_open(&own, bench.plan.stream, NULL, NULL, 0, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
}

/* What the parent keeps is what its figures say. */
static void the_file_of_a_stream_tells_its_figures(void **state)
{
	(void)state;
	bench_open(&bench, CHURN, "null", NULL);
	assert_int_equal(bench.stream.phase_count, 3);
	assert_int_equal(bench.stream.operations, 100 + 1500000 + 100);
	assert_int_equal(bench.stream.peak_live_pages, 100);
	assert_int_equal(bench.stream.words,
			 bench.stream.phase_words[0] + bench.stream.phase_words[1] + bench.stream.phase_words[2]);
	uint64_t operations = 0;
	for (uint64_t i = 0; i < bench.stream.words; i++)
		operations += !is_control(bench.words[i]);
	assert_int_equal(operations, bench.stream.operations);
	stream_file_close_words(&bench.stream);
	stream_file_close_words(&bench.stream);
	assert_int_equal(bench.stream.descriptor, -1);
}

static void a_stream_that_is_too_long_is_not_kept(void **state)
{
	(void)state;
	bench_open(&bench,
		   "iovabench: 1\nname: test\nspace: {size: 4GiB}\nrequests: [{name: any, size: {fixed: 4KiB}}]\n"
		   "phases: [{name: churn, mix: [{request: any}], ops: 2}]\n",
		   "null", NULL);
	struct plan plan;
	struct stream_file stream;
	bench_plan(&plan, "iovabench: 1\nname: test\nspace: {size: 4GiB}\nrequests: [{name: any, size: {fixed: 4KiB}}]\n"
			  "phases: [{name: churn, mix: [{request: any}], ops: 30M}]\n");
	assert_int_equal(stream_file_create(&stream, &plan, &bench.error), 0);
	assert_int_equal(stream.descriptor, -1);
	assert_int_equal(stream.operations, 30000000);
	assert_true(stream.hash != 0);
	plan_close(&plan);
}

/* A generator that names a slot that is not there: nothing is run with it, and no allocator is blamed. */
static void operations_that_were_made_wrongly_are_our_fault(void **state)
{
	(void)state;
	static const char workload[] =
		"iovabench: 1\nname: test\nspace: {size: 4GiB}\nrequests: [{name: any, size: {fixed: 4KiB}}]\n"
		"phases: [{name: fill, mix: [{request: any}], until: {live: 100}}]\n";
	bench_open(&bench, workload, "null", NULL);
	for (uint32_t threads = 1; threads <= 2; threads++) {
		struct plan_changes changes = {.threads = threads};
		struct plan plan;
		struct stream_file stream;
		struct text messages = {0};
		struct error error = {0};
		assert_int_equal(
			plan_open(&plan, "file.yaml", memory_text(workload), strlen(workload), &changes, &messages, &error),
			0);
		(threads == 1 ? plan.stream : plan.portion_streams[1])->slots--;
		assert_int_equal(stream_file_create(&stream, &plan, &error), -1);
		assert_int_equal(error.exit_code, EXIT_CODE_IO);
		assert_int_equal(error.owner, ERROR_OWNER_HARNESS);
		assert_non_null(strstr(error.message, "file.yaml"));
		assert_non_null(strstr(error.message, "please report"));
		assert_non_null(strstr(error.message, threads == 1 ? "none of 99 slots" : "none of 49 slots"));
		plan_close(&plan);
		text_release(&messages);
	}
}

int main(void)
{
#define A(test) cmocka_unit_test_teardown(test, tear_down)
	const struct CMUnitTest tests[] = {
		A(contexts_stay_with_their_operations),
		A(counts_stay_with_their_operations),
		A(a_cut_tears_nothing),
		A(a_rewound_source_begins_again),
		A(no_memory_for_a_piece_is_an_error),
		A(the_file_of_a_stream_tells_its_figures),
		A(a_stream_that_is_too_long_is_not_kept),
		A(operations_that_were_made_wrongly_are_our_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
