/* SPDX-License-Identifier: MIT
 * Scripts and recordings as operations, and the kinds of demand that they and the requests of a workload become. */
#include "stream/op_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/stream_fixture.h"
#include "support/lack.h"

static char array_a[] = "a", array_b[] = "b";
static struct workload_request requests[2];
static struct workload_script_array arrays[2];
static struct recording recording;

static int set_up(void **state)
{
	(void)state;
	memset(&recording, 0, sizeof recording);
	arrays[0] = (struct workload_script_array){array_a, 10};
	arrays[1] = (struct workload_script_array){array_b, 4};
	requests[0] = (struct workload_request){.size = {.kind = WORKLOAD_SIZE_FIXED, .min = 8, .max = 8}};
	requests[1] = requests[0];
	stream_set_up(requests, 2, 1 << 20);
	workload.script_arrays = arrays;
	workload.script_array_count = 2;
	return 0;
}

static void add_script(struct workload_script_op *script, size_t count)
{
	phases[workload.phase_count++] = (struct workload_phase){
		.name = text, .body = WORKLOAD_BODY_SCRIPT, .script = script, .script_count = count};
}

static void add_free_all(void)
{
	phases[workload.phase_count++] = (struct workload_phase){.name = text, .body = WORKLOAD_BODY_FREE_ALL};
}

#define ALLOC(pages, array, first, last, step)                                                                             \
	{                                                                                                                  \
		.kind = WORKLOAD_SCRIPT_ALLOC, .count = pages, .slots = { array, first, last, step }                       \
	}
#define FREE(array, first, last, step)                                                                                     \
	{                                                                                                                  \
		.kind = WORKLOAD_SCRIPT_FREE, .slots = { array, first, last, step }                                        \
	}
#define REPEAT(times, end)                                                                                                 \
	{                                                                                                                  \
		.kind = WORKLOAD_SCRIPT_REPEAT, .count = times, .match = end                                               \
	}
#define END(repeat)                                                                                                        \
	{                                                                                                                  \
		.kind = WORKLOAD_SCRIPT_END, .match = repeat                                                               \
	}

/* Operation i: slot and pages, 0 for a free. */
static void assert_op(size_t i, uint32_t slot, uint64_t pages)
{
	assert_true(i < player.count);
	assert_int_equal(player.ops[i].slot, slot);
	assert_int_equal(player.ops[i].pages, pages);
}

static void ranges_go_up_and_down_by_their_step(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {ALLOC(3, 0, 0, 9, 1), FREE(0, 9, 1, -4), ALLOC(0, 1, 2, 2, 1),
						     FREE(0, 0, 3, 2)};
	add_script(script, 4);
	play(16);
	assert_int_equal(player.count, 10 + 3 + 1 + 2);
	for (uint32_t i = 0; i < 10; i++)
		assert_op(i, i, 3);
	assert_op(10, 9, 0);
	assert_op(11, 5, 0);
	assert_op(12, 1, 0);
	assert_op(13, 12, 8); /* b[2], drawn from its request's size */
	assert_op(14, 0, 0);
	assert_op(15, 2, 0);
	assert_int_equal(op_stream_slots(stream), 14);
	assert_int_equal(op_stream_totals(stream, 0).live_after, 6);
}

static void repeats_nest(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {
		REPEAT(3, 7), ALLOC(1, 0, 0, 0, 1), REPEAT(2, 5), ALLOC(2, 0, 1, 1, 1), FREE(0, 1, 1, 1),
		END(2),       FREE(0, 0, 0, 1),     END(0),
	};
	add_script(script, 8);
	play(17);
	assert_int_equal(player.count, 3 * 6);
	for (size_t round = 0; round < 3; round++) {
		assert_op(6 * round, 0, 1);
		assert_op(6 * round + 1, 1, 2);
		assert_op(6 * round + 2, 1, 0);
		assert_op(6 * round + 3, 1, 2);
		assert_op(6 * round + 4, 1, 0);
		assert_op(6 * round + 5, 0, 0);
	}
}

static void a_repeat_without_operations_ends(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {REPEAT(UINT64_C(1) << 40, 1), END(0), ALLOC(1, 0, 0, 0, 1)};
	add_script(script, 3);
	play(16);
	assert_int_equal(player.count, 1);
}

static void slots_live_on_from_script_to_script(void **state)
{
	(void)state;
	static struct workload_script_op first[] = {ALLOC(1, 0, 0, 4, 1)}, second[] = {FREE(0, 2, 4, 1)};
	add_script(first, 1);
	add_script(second, 1);
	add_free_all();
	add_script(first, 1);
	play(16);
	assert_int_equal(player.phase_start[3] - player.phase_start[2], 2);
	assert_int_equal(op_stream_totals(stream, 3).live_after, 5);
}

static void assert_refused(struct workload_script_op *script, size_t count, const char *message)
{
	add_script(script, count);
	assert_null(op_stream_open(&workload, recordings, 42, &error));
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_string_equal(error.message, message);
}

static void an_allocation_into_a_live_slot_is_refused(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {ALLOC(1, 1, 1, 3, 1), ALLOC(1, 1, 3, 3, 1)};
	assert_refused(script, 2,
		       "test: phase test: operation 2 of the script allocates slot b[3], which is live: free it first, "
		       "or take another slot");
}

static void a_free_of_an_empty_slot_is_refused(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {FREE(0, 7, 0, -1)};
	assert_refused(script, 1,
		       "test: phase test: operation 1 of the script frees slot a[7], which is empty: allocate it first");
}

static void a_repeat_that_fails_in_its_second_round_is_refused(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {REPEAT(5, 2), ALLOC(1, 0, 3, 3, 1), END(0)};
	assert_refused(script, 3,
		       "test: phase test: operation 2 of the script in the second round of its repeat allocates slot "
		       "a[3], which is live: free it first, or take another slot");
}

static void a_repeat_of_one_round_has_no_second(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {REPEAT(1, 2), ALLOC(1, 0, 3, 3, 1), END(0)};
	add_script(script, 3);
	play(16);
	assert_int_equal(player.count, 1);
}

static void mixes_leave_the_slots_of_scripts_alone(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {ALLOC(1000, 0, 0, 9, 1)};
	static struct workload_mix_entry mix[] = {{1, 1}};
	add_script(script, 1);
	phases[1] = (struct workload_phase){.name = text, .mix = mix, .mix_count = 1, .until = WORKLOAD_UNTIL_OCCUPANCY};
	phases[1].until_ratio = 0.0625;
	phases[2] = phases[1];
	phases[2].until = WORKLOAD_UNTIL_OPS;
	phases[2].until_value = 100;
	workload.phase_count = 3;
	add_free_all();
	play(16);
	/* All live pages count: 65536 of them, 10000 in the script's slots. */
	assert_int_equal(op_stream_totals(stream, 1).allocations, (65536 - 10000) / 8);
	for (size_t i = player.phase_start[1]; i < player.phase_start[3]; i++)
		assert_true(player.ops[i].slot >= 14);
	assert_int_equal(op_stream_totals(stream, 3).live_after, 0);
}

/* Playing it at open would take too long: the smallest sizes tell how many slots could be needed. */
static void a_long_churn_before_a_fill_is_bounded_not_measured(void **state)
{
	(void)state;
	static struct workload_mix_entry mix[] = {{1, 1}};
	struct workload_phase fill = {
		.name = text, .mix = mix, .mix_count = 1, .until = WORKLOAD_UNTIL_OCCUPANCY, .until_ratio = 0.5};
	phases[0] = fill;
	phases[1] = (struct workload_phase){.name = text, .mix = mix, .mix_count = 1, .until_value = UINT64_C(1) << 40};
	phases[2] = fill;
	workload.phase_count = 3;
	stream = op_stream_open(&workload, recordings, 42, &error);
	assert_non_null(stream);
	assert_int_equal(op_stream_slots(stream), 14 + (1 << 19) / 8 + 1);
}

/* Two domains and two CPUs; slot 1 of domain 1 stays live; slot 2 is refused by all limits; one demand passes its first
 * limit. */
static struct recording_op recorded[] = {
	{.slot = 0, .count = 4},
	{.slot = 1, .count = 2, .cpu = 1, .domain = 1, .limits = 1},
	{.slot = 2, .count = 9, .cpu = 1, .limits = 1, .refused = 2},
	{.slot = 2, .count = 5, .cpu = 1, .limits = 1, .refused = 1},
	{.slot = 0},
	{.slot = 2, .cpu = 1},
	{.slot = 2, .count = 7, .limits = 2},
	{.slot = 2},
};

static void add_trace(uint64_t repeat, enum workload_between between)
{
	recording.ops = recorded;
	recording.op_count = sizeof recorded / sizeof *recorded;
	recording.slot_count = 3;
	recording.cpus = 2;
	recording.domain_count = 2;
	recording.limits[0] = (struct recording_limits){{UINT64_C(0xffffffffffff)}, 1};
	recording.limits[1] = (struct recording_limits){{0xffff, UINT64_C(0xffffffffffff)}, 2};
	recording.limits[2] = (struct recording_limits){{(1 << 20) - 1}, 1};
	recording.limits_count = 3;
	recordings[workload.phase_count] = &recording;
	phases[workload.phase_count++] = (struct workload_phase){
		.name = text, .body = WORKLOAD_BODY_TRACE, .trace = {.file = text, .repeat = repeat, .between = between}};
}

static void a_recording_plays_in_its_order(void **state)
{
	(void)state;
	workload.script_array_count = 0;
	add_trace(1, WORKLOAD_BETWEEN_KEEP);
	play(16);
	static const struct played expected[] = {{0, 0, 0, 4}, {1, 0x10001, 0, 2}, {2, 1, 0, 9}, {2, 1, 0, 0}, {2, 1, 0, 5},
						 {0, 0, 0, 0}, {2, 1, 0, 0},       {2, 0, 0, 7}, {2, 0, 0, 0}};
	assert_int_equal(player.count, 9);
	for (size_t i = 0; i < 9; i++) {
		assert_op(i, expected[i].slot, expected[i].pages);
		assert_int_equal(player.ops[i].context, expected[i].context);
	}
	assert_int_equal(op_stream_domains(stream), 2);
	assert_int_equal(op_stream_cpus(stream), 2);
	assert_int_equal(op_stream_totals(stream, 0).live_after, 1);
}

/* 2^37 times 8 operations are 2^40: there is no room for another one. */
static void operations_of_all_phases_together_have_a_limit(void **state)
{
	(void)state;
	workload.script_array_count = 0;
	add_trace(UINT64_C(1) << 37, WORKLOAD_BETWEEN_DRAIN);
	stream = op_stream_open(&workload, recordings, 1, &error);
	assert_non_null(stream);
	workload.operations = 1;
	assert_null(op_stream_open(&workload, recordings, 1, &error));
	workload.operations = 0;
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_string_equal(error.message,
			    "test: phase test: 137438953472 times the 8 operations of test, behind 1 of other "
			    "phases, are more than 1099511627776, what a workload may have");
}

/* A recording of 3 slots that leaves one live each time. */
static void what_repetitions_keep_counts_as_live(void **state)
{
	(void)state;
	workload.script_array_count = 0;
	add_trace(WORKLOAD_LIVE_MAX - 1, WORKLOAD_BETWEEN_KEEP);
	assert_null(op_stream_open(&workload, recordings, 1, &error));
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_non_null(strstr(error.message, "more than 268435456 extents could be live at once"));
}

static void draining_frees_what_stayed_live_in_its_domain(void **state)
{
	(void)state;
	workload.script_array_count = 0;
	add_trace(3, WORKLOAD_BETWEEN_DRAIN);
	play(16);
	assert_int_equal(player.count, 30);
	assert_int_equal(op_stream_slots(stream), 3);
	for (size_t round = 0; round < 3; round++) {
		assert_op(10 * round + 9, 1, 0);
		assert_int_equal(player.ops[10 * round + 9].context, 0x10000);
	}
	assert_int_equal(op_stream_totals(stream, 0).live_after, 0);
}

static void keeping_gives_each_repetition_fresh_slots_for_what_stays(void **state)
{
	(void)state;
	workload.script_array_count = 0;
	add_trace(3, WORKLOAD_BETWEEN_KEEP);
	add_free_all();
	play(16);
	assert_int_equal(op_stream_slots(stream), 5);
	assert_op(1, 1, 2);
	assert_op(10, 3, 2);
	assert_op(19, 4, 2);
	assert_int_equal(op_stream_totals(stream, 0).live_after, 3);
	assert_int_equal(player.count, 30);
	for (size_t i = 27; i < 30; i++)
		assert_int_equal(player.ops[i].context, 0x10000);
}

static void pieces_and_rewinding_do_not_change_a_recording(void **state)
{
	(void)state;
	add_trace(50, WORKLOAD_BETWEEN_KEEP);
	add_trace(20, WORKLOAD_BETWEEN_DRAIN);
	add_free_all();
	play(16);
	op_stream_rewind(stream);
	player_run(&other, stream, 1000, workload.phase_count);
	assert_int_equal(player.hash, other.hash);
	assert_int_equal(player.hash, UINT64_C(0x83c397424c22eb93));
}

static void recorded_limits_become_kinds_of_demand(void **state)
{
	(void)state;
	add_trace(1, WORKLOAD_BETWEEN_DRAIN);
	phases[0].trace.align.kind = WORKLOAD_ALIGN_NATURAL;
	play(16);
	size_t count;
	const struct op_request *all = op_stream_requests(stream, &count);
	/* Limits 0 and 2 are the whole space: one kind. Limits 1: granted at once, after one limit, and never. */
	assert_int_equal(count, 2 + 4);
	assert_int_equal(player.ops[0].request, 2);
	assert_int_equal(player.ops[7].request, 2);
	assert_int_equal(all[2].request.constraints, IOVA_CONSTRAIN_ALIGN);
	assert_int_equal(all[2].align, WORKLOAD_ALIGN_NATURAL);
	for (size_t i = 3; i < 6; i++) {
		uint32_t constraints = IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_NO_DRAIN;
		assert_int_equal(all[i].request.constraints, constraints);
		assert_int_equal(all[i].high_count, 2);
		assert_int_equal(all[i].highs[0], 0xffff);
		assert_int_equal(all[i].highs[1], (1 << 20) - 1);
		assert_string_equal(all[i].name, "recording");
	}
	assert_int_equal(all[player.ops[1].request].refused_limits, 0);
	assert_true(all[player.ops[2].request].beyond);
	assert_int_equal(all[player.ops[4].request].refused_limits, 1);
	assert_false(all[player.ops[4].request].beyond);
}

static void limits_first_tries_the_recordings_first_limit(void **state)
{
	(void)state;
	add_trace(1, WORKLOAD_BETWEEN_DRAIN);
	recording.limits[0].high[0] = 0xfff;
	phases[0].trace.limits = WORKLOAD_LIMITS_FIRST;
	play(16);
	size_t count;
	const struct op_request *all = op_stream_requests(stream, &count);
	const struct op_request *own = &all[player.ops[0].request], *more = &all[player.ops[1].request];
	assert_int_equal(own->high_count, 1);
	assert_int_equal(own->highs[0], 0xfff);
	assert_int_equal(own->request.constraints, IOVA_CONSTRAIN_LIMIT);
	assert_int_equal(more->high_count, 3);
	assert_int_equal(more->highs[0], 0xfff);
	assert_int_equal(more->highs[1], 0xffff);
}

static void requests_of_a_workload_keep_their_constraints(void **state)
{
	(void)state;
	requests[0].align = (struct workload_align){WORKLOAD_ALIGN_FIXED, 16};
	requests[0].boundary = 256;
	requests[1].align = (struct workload_align){WORKLOAD_ALIGN_NATURAL_UP_TO, 512};
	requests[1].call = WORKLOAD_CALL_CONTIGUOUS;
	requests[1].low = 100;
	requests[1].high[0] = 0xfffff >> 4;
	requests[1].high[1] = 0xfffff;
	requests[1].high_count = 2;
	requests[1].limited = true;
	stream = op_stream_open(&workload, NULL, 1, &error);
	size_t count;
	const struct op_request *all = op_stream_requests(stream, &count);
	assert_int_equal(count, 2);
	assert_int_equal(all[0].request.constraints, IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_BOUNDARY);
	assert_int_equal(all[0].request.align, 16);
	assert_int_equal(all[0].request.boundary, 256);
	assert_int_equal(all[1].request.constraints, IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_NO_DRAIN);
	assert_int_equal(all[1].align_cap, 512);
	assert_int_equal(all[1].request.low, 100);
	assert_int_equal(all[1].request.high, 0xffff);
	assert_int_equal(all[1].call, WORKLOAD_CALL_CONTIGUOUS);
	assert_ptr_equal(all[1].name, requests[1].name);
}

static void too_many_kinds_of_demand_are_refused(void **state)
{
	(void)state;
	static struct workload_request many[256];
	for (size_t i = 0; i < 256; i++)
		many[i] = requests[0];
	workload.requests = many;
	workload.request_count = 255;
	stream = op_stream_open(&workload, recordings, 1, &error);
	assert_non_null(stream);
	workload.request_count = 256;
	assert_null(op_stream_open(&workload, recordings, 1, &error));
	assert_string_equal(
		error.message,
		"test: requests and the demands of its recordings are more than the 255 kinds that operations can name");
}

static void a_broken_recording_is_refused(void **state)
{
	(void)state;
	static struct recording_op twice[] = {{.slot = 1, .count = 1}, {.slot = 1, .count = 1}}, empty[] = {{.slot = 1}};
	add_trace(1, WORKLOAD_BETWEEN_DRAIN);
	recording.ops = twice;
	recording.op_count = 2;
	assert_null(op_stream_open(&workload, recordings, 1, &error));
	assert_string_equal(error.message, "test: operation 2 of the recording (phase test): it allocates a live slot");
	error = (struct error){0};
	recording.ops = empty;
	recording.op_count = 1;
	assert_null(op_stream_open(&workload, recordings, 1, &error));
	assert_string_equal(error.message, "test: operation 1 of the recording (phase test): it frees an empty slot");
}

static void every_failing_allocation_is_an_error(void **state)
{
	(void)state;
	static struct workload_script_op script[] = {ALLOC(1, 0, 0, 9, 1)};
	add_script(script, 1);
	add_trace(2, WORKLOAD_BETWEEN_KEEP);
	for (struct lack lack = {0}; lack_next(&lack);) {
		lack_begins(&lack);
		stream = op_stream_open(&workload, recordings, 42, &error);
		if (!lack_ends(&lack)) {
			assert_non_null(stream);
			continue;
		}
		assert_null(stream);
		assert_int_equal(error.exit_code, EXIT_CODE_IO);
		error = (struct error){0};
	}
	player_run(&player, stream, 4096, workload.phase_count);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ranges_go_up_and_down_by_their_step),
		TEST(repeats_nest),
		TEST(a_repeat_without_operations_ends),
		TEST(slots_live_on_from_script_to_script),
		TEST(an_allocation_into_a_live_slot_is_refused),
		TEST(a_free_of_an_empty_slot_is_refused),
		TEST(a_repeat_that_fails_in_its_second_round_is_refused),
		TEST(a_repeat_of_one_round_has_no_second),
		TEST(mixes_leave_the_slots_of_scripts_alone),
		TEST(a_long_churn_before_a_fill_is_bounded_not_measured),
		TEST(a_recording_plays_in_its_order),
		TEST(operations_of_all_phases_together_have_a_limit),
		TEST(what_repetitions_keep_counts_as_live),
		TEST(draining_frees_what_stayed_live_in_its_domain),
		TEST(keeping_gives_each_repetition_fresh_slots_for_what_stays),
		TEST(pieces_and_rewinding_do_not_change_a_recording),
		TEST(recorded_limits_become_kinds_of_demand),
		TEST(limits_first_tries_the_recordings_first_limit),
		TEST(requests_of_a_workload_keep_their_constraints),
		TEST(too_many_kinds_of_demand_are_refused),
		TEST(a_broken_recording_is_refused),
		TEST(every_failing_allocation_is_an_error),
	};
	return cmocka_run_group_tests_name("op_stream_script", tests, NULL, NULL);
}
