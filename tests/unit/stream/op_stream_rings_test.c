/* SPDX-License-Identifier: MIT
 * Rings and adversaries: what a phase of them becomes in the stream, worked out by hand. */
#include "play/adversary.h"
#include "stream/op_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/stream_fixture.h"
#include "support/lack.h"

#define FIXED(pages)                                                                                                       \
	{                                                                                                                  \
		.name = text, .size = {.kind = WORKLOAD_SIZE_FIXED, .min = pages, .max = pages}, .high = {(1 << 20) - 1},  \
		.high_count = 1                                                                                            \
	}
static struct workload_request requests[] = {FIXED(1), FIXED(4)};

static int set_up(void **state)
{
	(void)state;
	stream_set_up(requests, 2, 1 << 20);
	return 0;
}

/* ops 0: filled only. Request i % 2 for ring i. */
static struct workload_phase *add_rings(uint32_t count, uint32_t depth, uint64_t ops)
{
	struct workload_phase *phase = &phases[workload.phase_count++];
	*phase = (struct workload_phase){.name = text, .body = WORKLOAD_BODY_RINGS};
	phase->rings = (struct workload_rings){.count = count, .depth = depth, .burst = 1};
	for (uint32_t i = 0; i < count; i++) {
		phase->rings.request[i] = i % 2;
		phase->rings.pace[i] = 1;
	}
	phase->until = ops ? WORKLOAD_UNTIL_OPS : WORKLOAD_UNTIL_LIVE;
	phase->until_value = ops ? ops : (uint64_t)count * depth;
	return phase;
}

/* Slots in order; a free has a minus in front, and slot 0 counts as 1. */
static void assert_slots(size_t phase, const int *slots, size_t count)
{
	size_t first = player.phase_start[phase];
	assert_int_equal(player.phase_start[phase + 1] - first, count);
	for (size_t i = 0; i < count; i++) {
		const struct played *played = &player.ops[first + i];
		int is = (int)played->slot + 1;
		assert_int_equal(played->pages ? is : -is, slots[i]);
	}
}

static void rings_are_filled_one_after_the_other(void **state)
{
	(void)state;
	const int wanted[] = {1, 2, 3, 4, 5, 6};
	add_rings(2, 3, 0);
	play(64);
	assert_slots(0, wanted, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(player.ops[i].pages, i < 3 ? 1 : 4);
}

static void steps_take_turns_by_pace_and_the_oldest_goes_first(void **state)
{
	(void)state;
	/* Ring 0 has slots 1 to 3, ring 1 slots 4 to 6: two steps of the first, one of the second. */
	const int wanted[] = {-1, 1, -2, 2, -4, 4, -3, 3, -1, 1, -5, 5};
	add_rings(2, 3, 0);
	add_rings(2, 3, 12)->rings.pace[0] = 2;
	play(64);
	assert_slots(1, wanted, 12);
}

static void a_burst_frees_before_it_allocates(void **state)
{
	(void)state;
	const int wanted[] = {-1, -2, 1, 2, -3, -1, 3, 1};
	add_rings(1, 3, 0);
	add_rings(1, 3, 7)->rings.burst = 2; /* whole steps: eight */
	play(64);
	assert_slots(1, wanted, 8);
}

static void the_same_rings_go_on_in_another_phase(void **state)
{
	(void)state;
	const int first[] = {1, 2, -1, 1}, second[] = {-2, 2}, others[] = {3, 4, 5, -3, 3};
	add_rings(1, 2, 2);
	add_rings(1, 2, 2);
	add_rings(1, 3, 2); /* another depth: other rings */
	play(64);
	assert_slots(0, first, 4);
	assert_slots(1, second, 2);
	assert_slots(2, others, 5);
}

static void what_was_freed_is_filled_again_in_its_order(void **state)
{
	(void)state;
	const int freed[] = {-1, -2, -3}, again[] = {2, 3, 1, -2, 2};
	add_rings(1, 3, 2);
	phases[workload.phase_count++] = (struct workload_phase){.name = text, .body = WORKLOAD_BODY_FREE_ALL};
	add_rings(1, 3, 2);
	play(64);
	assert_slots(1, freed, 3);
	assert_slots(2, again, 5);
}

static void turnovers_count_from_the_full_rings_on(void **state)
{
	(void)state;
	struct workload_phase *phase = add_rings(2, 3, 0); /* 3 * 1 + 3 * 4 = 15 pages */
	phase->until = WORKLOAD_UNTIL_TURNOVERS;
	phase->until_ratio = 1;
	play(64);
	/* Steps of 1 and 4 pages in turn: 5, 10, 15 after six of them. */
	assert_int_equal(player.count, 6 + 12);
}

static void each_ring_has_its_cpu_and_next_frees_on_the_one_behind(void **state)
{
	(void)state;
	workload.cpus = 3;
	add_rings(2, 2, 4)->free_on = WORKLOAD_FREE_ON_NEXT;
	play(64);
	const uint32_t cpus[] = {0, 0, 1, 1, /* free */ 1, 0, /* free */ 2, 1};
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(player.ops[i].context, cpus[i]);
}

static void pieces_do_not_change_rings(void **state)
{
	(void)state;
	workload.cpus = 2;
	add_rings(3, 7, 1000)->rings.burst = 5;
	play(16);
	uint64_t hash = player.hash;
	op_stream_rewind(stream);
	player_run(&other, stream, 4096, workload.phase_count);
	assert_int_equal(other.hash, hash);
}

static void every_failing_allocation_is_an_error(void **state)
{
	(void)state;
	add_rings(2, 3, 10);
	for (struct lack lack = {0}; lack_next(&lack);) {
		error = (struct error){0};
		lack_begins(&lack);
		stream = op_stream_open(&workload, NULL, 1, &error);
		if (!lack_ends(&lack)) {
			assert_non_null(stream);
			continue;
		}
		assert_null(stream);
		assert_int_equal(error.exit_code, EXIT_CODE_IO);
	}
}

static void too_many_slots_are_refused(void **state)
{
	(void)state;
	error = (struct error){0};
	add_rings(64, WORKLOAD_LIVE_MAX / 64, 10);
	add_rings(1, 1, 10);
	assert_null(op_stream_open(&workload, NULL, 1, &error));
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
}

static void an_adversary_is_one_word_and_its_slots_are_planned(void **state)
{
	(void)state;
	error = (struct error){0};
	struct op ops[16];
	size_t phase;
	add_rings(1, 3, 0);
	phases[workload.phase_count++] =
		(struct workload_phase){.name = text, .body = WORKLOAD_BODY_ADVERSARY, .robson = {8, 4}};
	phases[workload.phase_count++] = (struct workload_phase){.name = text, .body = WORKLOAD_BODY_FREE_ALL};
	stream = op_stream_open(&workload, NULL, 1, &error);
	assert_non_null(stream);
	assert_true(op_stream_adaptive(stream));
	assert_int_equal(op_stream_slots(stream), 3 + 8);
	assert_int_equal(op_stream_next(stream, ops, 16, &phase), 3);
	assert_int_equal(op_stream_next(stream, ops, 16, &phase), 1);
	assert_int_equal(phase, 1);
	assert_int_equal(ops[0].demand, op_control(OP_ADVERSARY, 0).demand);
	assert_int_equal(ops[0].slot, 1);
	const struct op_adversary *adversary = op_stream_adversary(stream, 1);
	assert_int_equal(adversary->slot_first, 3);
	assert_int_equal(adversary->request, 2); /* behind those of the workload */
	assert_int_equal(op_stream_totals(stream, 1).live_pages_after, 3 + 8);
	assert_int_equal(op_stream_next(stream, ops, 16, &phase), 11);
	assert_int_equal(op_stream_totals(stream, 2).live_after, 0);
}

/* First fit over 64 pages, as slow as can be. */
struct first_fit {
	bool live[64];
	struct iova_extent slots[16];
	uint64_t live_pages, peak, high_water, plays;
};

static void first_fit_play(void *context, const struct op *op, uint64_t count)
{
	struct first_fit *space = context;
	struct iova_extent *slot = &space->slots[op->slot];
	space->plays++;
	if (op->demand == 0) {
		assert_true(slot->count > 0);
		for (uint64_t i = 0; i < slot->count; i++)
			space->live[slot->first + i] = false;
		space->live_pages -= slot->count;
		slot->count = 0;
		return;
	}
	assert_int_equal(slot->count, 0);
	for (uint64_t first = 0, run = 0, page = 0; page < 64; page++) {
		run = space->live[page] ? 0 : run + 1;
		first = page + 1 - run;
		if (run < count)
			continue;
		*slot = (struct iova_extent){.first = first, .count = count};
		for (uint64_t i = first; i <= page; i++)
			space->live[i] = true;
		space->live_pages += count;
		space->peak = space->live_pages > space->peak ? space->live_pages : space->peak;
		space->high_water = page >= space->high_water ? page + 1 : space->high_water;
		return;
	}
}

static void robson_drives_first_fit_to_its_bound(void **state)
{
	(void)state;
	static struct first_fit space;
	error = (struct error){0};
	memset(&space, 0, sizeof space);
	const struct op_adversary adversary = {.live = 16, .largest = 4};
	const struct adversary_player moves = {first_fit_play, &space, space.slots};
	assert_int_equal(adversary_play(&adversary, 0, &moves, &error), 0);
	assert_int_equal(space.high_water, 29); /* 16 (log2(4) / 2 + 1) - 4 + 1 */
	assert_int_equal(space.peak, 16);
}

static void an_adversary_ends_when_nothing_fits_any_more(void **state)
{
	(void)state;
	static struct first_fit space;
	error = (struct error){0};
	memset(&space, 0, sizeof space);
	for (size_t page = 20; page < 64; page++)
		space.live[page] = true;
	const struct op_adversary adversary = {.live = 16, .largest = 4};
	const struct adversary_player moves = {first_fit_play, &space, space.slots};
	assert_int_equal(adversary_play(&adversary, 0, &moves, &error), 0);
	assert_true(space.high_water <= 20);
	assert_true(space.plays < 100);
}

static void an_adversary_without_memory_says_so(void **state)
{
	(void)state;
	static struct first_fit space;
	error = (struct error){0};
	const struct op_adversary adversary = {.live = 16, .largest = 4};
	const struct adversary_player moves = {first_fit_play, &space, space.slots};
	memory_fail_after(0);
	assert_int_equal(adversary_play(&adversary, 0, &moves, &error), -1);
	assert_int_equal(error.exit_code, EXIT_CODE_IO);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rings_are_filled_one_after_the_other),
		T(steps_take_turns_by_pace_and_the_oldest_goes_first),
		T(a_burst_frees_before_it_allocates),
		T(the_same_rings_go_on_in_another_phase),
		T(what_was_freed_is_filled_again_in_its_order),
		T(turnovers_count_from_the_full_rings_on),
		T(each_ring_has_its_cpu_and_next_frees_on_the_one_behind),
		T(pieces_do_not_change_rings),
		T(every_failing_allocation_is_an_error),
		T(too_many_slots_are_refused),
		T(an_adversary_is_one_word_and_its_slots_are_planned),
		T(robson_drives_first_fit_to_its_bound),
		T(an_adversary_ends_when_nothing_fits_any_more),
		T(an_adversary_without_memory_says_so),
	};
	return cmocka_run_group_tests_name("rings and adversaries", tests, NULL, NULL);
}
