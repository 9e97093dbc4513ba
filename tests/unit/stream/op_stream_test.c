/* SPDX-License-Identifier: MIT
 * Mixes: when they end, which victims they take, that the same seed gives the same bytes. */
#include "stream/op_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/stream_fixture.h"
#include "support/lack.h"

#define REQUEST(what, least, most, factor)                                                                                 \
	{                                                                                                                  \
		.name = text, .size = {.kind = what, .min = least, .max = most, .ratio = factor}, .high = {(1 << 20) - 1}, \
		.high_count = 1                                                                                            \
	}
static struct workload_request requests[] = {
	REQUEST(WORKLOAD_SIZE_UNIFORM, 1, 64, 0),
	REQUEST(WORKLOAD_SIZE_FIXED, 8, 8, 0),
	REQUEST(WORKLOAD_SIZE_POWERS_OF_TWO, 1, 512, 0.5),
	REQUEST(WORKLOAD_SIZE_FIXED, 1 << 25, 1 << 25, 0),
};
static struct workload_mix_entry both[] = {{0, 3}, {2, 1}};
static struct workload_mix_entry only_fixed[] = {{1, 1}};
static struct workload_mix_entry only_huge[] = {{3, 1}};

static int set_up(void **state)
{
	(void)state;
	stream_set_up(requests, 3, 1 << 20);
	return 0;
}

static struct workload_phase *add_mix(struct workload_mix_entry *mix, size_t count, enum workload_until until)
{
	struct workload_phase *phase = &phases[workload.phase_count++];
	*phase = (struct workload_phase){.name = text, .mix = mix, .mix_count = count, .until = until};
	return phase;
}

static void add_fill(uint64_t live)
{
	add_mix(both, 2, WORKLOAD_UNTIL_LIVE)->until_value = live;
}

static struct workload_phase *add_churn(uint64_t ops, enum workload_victims victims)
{
	struct workload_phase *phase = add_mix(both, 2, WORKLOAD_UNTIL_OPS);
	phase->until_value = ops;
	phase->victims = victims;
	return phase;
}

static void add_free_all(void)
{
	phases[workload.phase_count++] = (struct workload_phase){.name = text, .body = WORKLOAD_BODY_FREE_ALL};
}

static size_t phase_ops(size_t phase)
{
	return player.phase_start[phase + 1] - player.phase_start[phase];
}

static void a_fill_by_live_only_allocates(void **state)
{
	(void)state;
	add_fill(1000);
	play(4096);
	assert_int_equal(player.count, 1000);
	assert_int_equal(op_stream_slots(stream), 1000);
	assert_int_equal(op_stream_totals(stream, 0).frees, 0);
	assert_int_equal(op_stream_totals(stream, 0).live_after, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(player.ops[i].slot, i);
}

/* 1000 pages hold 100 extents of 8 pages and a guard of 2; a turnover is all of them once more. */
static void guards_take_their_part_of_occupancy_and_turnovers(void **state)
{
	(void)state;
	requests[1].guard = 2;
	workload.space.end = workload.space.usable = 1000;
	add_mix(only_fixed, 1, WORKLOAD_UNTIL_OCCUPANCY)->until_ratio = 1;
	add_mix(only_fixed, 1, WORKLOAD_UNTIL_TURNOVERS)->until_ratio = 1;
	play(4096);
	requests[1].guard = 0;
	assert_int_equal(phase_ops(0), 100);
	assert_int_equal(phase_ops(1), 200);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(player.ops[i].pages, 10);
	assert_int_equal(op_stream_totals(stream, 0).live_pages_after, 1000);
	size_t count;
	assert_int_equal(op_stream_requests(stream, &count)[1].guard, 2);
}

/* 2^24 - 1 pages fit into a word; with the guard they do not. */
static void a_guard_may_make_a_count_wide(void **state)
{
	(void)state;
	requests[0].size.min = requests[0].size.max = OP_COUNT_MAX;
	requests[0].guard = 1;
	workload.request_count = 1;
	workload.space.end = workload.space.usable = UINT64_C(1) << 30;
	static struct workload_mix_entry only_first[] = {{0, 1}};
	add_mix(only_first, 1, WORKLOAD_UNTIL_LIVE)->until_value = 2;
	play(4096);
	requests[0].size.min = 1;
	requests[0].size.max = 64;
	requests[0].guard = 0;
	assert_int_equal(player.ops[0].pages, UINT64_C(1) << 24);
	assert_int_equal(player.ops[1].pages, UINT64_C(1) << 24);
}

static void a_fill_by_live_tops_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		add_fill((const uint64_t[]){10, 15, 12}[i]);
	play(16);
	assert_true(phase_ops(1) == 5 && phase_ops(2) == 0);
	assert_int_equal(op_stream_totals(stream, 2).live_after, 15);
}

static void a_fill_by_occupancy_stops_when_it_is_reached(void **state)
{
	(void)state;
	add_mix(only_fixed, 1, WORKLOAD_UNTIL_OCCUPANCY)->until_ratio = 0.07;
	workload.space.usable = 100; /* 7 pages, of which the first extent covers 8 */
	play(16);
	assert_int_equal(player.count, 1);
	player_release(&player);
	op_stream_close(stream);
	workload.space.usable = 1 << 20;
	phases[0].until_ratio = 0.5;
	play(16);
	assert_int_equal(player.count, (1 << 19) / 8);
	assert_int_equal(op_stream_totals(stream, 0).live_pages_after, 1 << 19);
	assert_int_equal(op_stream_slots(stream), (1 << 19) / 8);
}

static void slots_suffice_for_fills_after_churns(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		add_mix(both, 2, WORKLOAD_UNTIL_OCCUPANCY)->until_ratio = 0.2 + 0.2 * round;
		add_churn(5000, WORKLOAD_VICTIMS_RANDOM);
	}
	play(1000);
	assert_int_equal(op_stream_slots(stream), op_stream_totals(stream, 5).live_after);
}

static void a_churn_keeps_the_live_count(void **state)
{
	(void)state;
	add_fill(500);
	add_churn(10000, WORKLOAD_VICTIMS_RANDOM);
	play(4096);
	assert_int_equal(phase_ops(1), 10000);
	assert_int_equal(op_stream_totals(stream, 1).live_after, 500);
	for (size_t i = player.phase_start[1]; i < player.count; i += 2) {
		assert_int_equal(player.ops[i].pages, 0);
		assert_true(player.ops[i + 1].pages > 0);
		assert_int_equal(player.ops[i].slot, player.ops[i + 1].slot);
	}
}

static void an_odd_number_of_operations_ends_with_a_whole_step(void **state)
{
	(void)state;
	add_fill(5);
	add_churn(7, WORKLOAD_VICTIMS_RANDOM);
	play(16);
	assert_int_equal(phase_ops(1), 8);
	assert_int_equal(op_stream_totals(stream, 1).live_after, 5);
}

static void a_churn_of_nothing_allocates_and_frees(void **state)
{
	(void)state;
	add_churn(100, WORKLOAD_VICTIMS_FIFO);
	play(16);
	assert_int_equal(player.count, 100);
	assert_int_equal(op_stream_totals(stream, 0).live_after, 0);
	assert_int_equal(op_stream_totals(stream, 0).allocations, 50);
	assert_true(op_stream_totals(stream, 0).live_pages_peak > 0);
}

static void turnovers_are_counted_in_pages_at_the_start(void **state)
{
	(void)state;
	add_mix(only_fixed, 1, WORKLOAD_UNTIL_LIVE)->until_value = 100;
	add_mix(only_fixed, 1, WORKLOAD_UNTIL_TURNOVERS)->until_ratio = 2.5;
	play(16);
	assert_int_equal(phase_ops(1), 2 * 250);
}

static void turnovers_of_nothing_are_none(void **state)
{
	(void)state;
	add_mix(only_fixed, 1, WORKLOAD_UNTIL_TURNOVERS)->until_ratio = 3;
	play(16);
	assert_int_equal(player.count, 0);
}

static void fifo_takes_the_oldest(void **state)
{
	(void)state;
	add_fill(7);
	add_churn(40, WORKLOAD_VICTIMS_FIFO);
	play(16);
	for (size_t step = 0; step < 20; step++)
		assert_int_equal(player.ops[player.phase_start[1] + 2 * step].slot, step % 7);
}

static void lifo_takes_the_youngest(void **state)
{
	(void)state;
	add_fill(7);
	add_churn(40, WORKLOAD_VICTIMS_LIFO);
	play(16);
	for (size_t step = 0; step < 20; step++)
		assert_int_equal(player.ops[player.phase_start[1] + 2 * step].slot, 6);
}

/* Ages are kept here once more, as the index of the last allocation of each slot. */
static void fifo_after_random_victims_goes_by_age(void **state)
{
	(void)state;
	add_fill(50);
	add_churn(301, WORKLOAD_VICTIMS_RANDOM);
	add_churn(60, WORKLOAD_VICTIMS_FIFO);
	add_churn(30, WORKLOAD_VICTIMS_LIFO);
	add_churn(140, WORKLOAD_VICTIMS_FIFO);
	play(17);
	size_t born[50];
	for (size_t i = 0; i < player.count; i++) {
		const struct played *op = &player.ops[i];
		if (op->pages) {
			born[op->slot] = i;
			continue;
		}
		if (i < player.phase_start[2])
			continue;
		bool lifo = i >= player.phase_start[3] && i < player.phase_start[4];
		for (size_t slot = 0; slot < 50; slot++)
			assert_true(lifo ? born[slot] <= born[op->slot] : born[slot] >= born[op->slot]);
	}
}

static void random_victims_are_uniform(void **state)
{
	(void)state;
	add_fill(100);
	add_churn(200000, WORKLOAD_VICTIMS_RANDOM);
	play(4096);
	double seen[100] = {0}, chi = 0;
	for (size_t i = player.phase_start[1]; i < player.count; i += 2)
		seen[player.ops[i].slot]++;
	for (size_t slot = 0; slot < 100; slot++)
		chi += (seen[slot] - 1000) * (seen[slot] - 1000) / 1000;
	assert_true(chi < 148.2 && chi > 60);
}

static void requests_come_by_their_weights(void **state)
{
	(void)state;
	add_fill(100000);
	play(4096);
	double seen[3] = {0};
	for (size_t i = 0; i < player.count; i++)
		seen[player.ops[i].request]++;
	assert_true(seen[1] == 0);
	/* Chi-square of one degree of freedom at 0.1 %: (seen - n p)^2 / (n p q). */
	assert_true((seen[0] - 75000) * (seen[0] - 75000) / 18750 < 10.9);
}

static void free_all_goes_by_slots(void **state)
{
	(void)state;
	add_fill(200);
	add_churn(1000, WORKLOAD_VICTIMS_RANDOM);
	add_free_all();
	add_fill(3);
	play(16);
	assert_int_equal(phase_ops(2), 200);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(player.ops[player.phase_start[2] + i].slot, i);
	assert_int_equal(op_stream_totals(stream, 2).live_pages_after, 0);
	assert_int_equal(op_stream_totals(stream, 3).live_after, 3);
}

static struct workload_phase *add_event(enum workload_event event)
{
	struct workload_phase *phase = &phases[workload.phase_count++];
	*phase = (struct workload_phase){.name = text, .body = WORKLOAD_BODY_ADAPTER, .event = event};
	return phase;
}

/* The player holds every free against the context of its allocation. */
static void what_happens_to_one_adapter_leaves_the_others(void **state)
{
	(void)state;
	static char strong[] = "strong", panel[] = "panel";
	static struct workload_adapter adapters[] = {{.name = strong, .domain = 0}, {.name = panel, .domain = 1}};
	workload.adapters = adapters;
	workload.adapter_count = 2;
	requests[2].adapter = 1;
	add_fill(400);
	add_event(WORKLOAD_EVENT_POWER_DOWN)->save = (struct workload_save){2, 3};
	struct workload_phase *reset = add_event(WORKLOAD_EVENT_RESET), *stop;
	reset->one_adapter = true;
	reset->adapter = 1;
	add_churn(600, WORKLOAD_VICTIMS_FIFO);
	add_churn(600, WORKLOAD_VICTIMS_RANDOM);
	stop = add_event(WORKLOAD_EVENT_STOP);
	stop->one_adapter = true;
	add_event(WORKLOAD_EVENT_POWER_UP); /* of what the reset freed nothing is left */
	add_free_all();
	play(16);
	requests[2].adapter = 0;
	workload.adapter_count = 0;
	assert_int_equal(op_stream_domains(stream), 2);
	uint64_t of_panel = 3, freed = op_stream_totals(stream, 2).frees;
	for (size_t i = 0; i < 400; i++)
		of_panel += player.ops[i].request == 2;
	assert_int_equal(freed, of_panel);
	for (size_t i = player.phase_start[2]; i < player.phase_start[3]; i++)
		assert_int_equal(player.ops[i].context >> 16, 1);
	assert_int_equal(op_stream_totals(stream, 2).live_after, 403 - freed);
	for (size_t i = player.phase_start[5]; i < player.phase_start[6]; i++)
		assert_int_equal(player.ops[i].context >> 16, 0);
	assert_true(phase_ops(5) > 0);
	assert_int_equal(phase_ops(6), 0);
	assert_int_equal(op_stream_totals(stream, 7).live_after, 0);
	assert_true(phase_ops(7) > 0);
	assert_int_equal(player.events, 12); /* reset, stop */
	workload.adapter_count = 2;
	op_stream_rewind(stream);
	player_run(&other, stream, 4096, workload.phase_count);
	workload.adapter_count = 0;
	assert_int_equal(player.hash, other.hash);
}

static void an_adapter_stops_backwards_and_frees_what_it_saved(void **state)
{
	(void)state;
	add_fill(40);
	add_event(WORKLOAD_EVENT_POWER_DOWN)->save = (struct workload_save){1, 30};
	add_event(WORKLOAD_EVENT_POWER_UP);
	add_event(WORKLOAD_EVENT_STOP);
	add_event(WORKLOAD_EVENT_START);
	add_fill(20);
	add_event(WORKLOAD_EVENT_RESET);
	add_event(WORKLOAD_EVENT_RESET);
	add_fill(7);
	add_event(WORKLOAD_EVENT_POWER_DOWN)->save = (struct workload_save){0, 2};
	add_event(WORKLOAD_EVENT_UNPLUG);
	play(16);
	/* Slots of what is saved are in front of those of mixes. */
	assert_int_equal(op_stream_slots(stream), 32 + 40);
	for (size_t i = 0; i < 30; i++) {
		assert_int_equal(player.ops[player.phase_start[1] + i].slot, i);
		assert_int_equal(player.ops[player.phase_start[1] + i].pages, 8);
		assert_int_equal(player.ops[player.phase_start[2] + i].slot, i);
	}
	assert_int_equal(op_stream_totals(stream, 2).frees, 30);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(player.ops[player.phase_start[3] + i].slot, 71 - i);
	assert_int_equal(phase_ops(4), 0);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(player.ops[player.phase_start[6] + i].slot, 32 + i);
	assert_int_equal(phase_ops(7), 0);
	assert_int_equal(op_stream_totals(stream, 10).frees, 9);
	assert_int_equal(player.events, 2116); /* stop, reset, reset, unplug */
	op_stream_rewind(stream);
	player_run(&other, stream, 4096, workload.phase_count);
	assert_int_equal(player.hash, other.hash);
}

static void cpus_are_drawn_for_each_step(void **state)
{
	(void)state;
	workload.cpus = 4;
	add_fill(100);
	add_churn(40000, WORKLOAD_VICTIMS_RANDOM);
	add_free_all();
	play(16);
	assert_int_equal(op_stream_cpus(stream), 4);
	double seen[4] = {0}, chi = 0;
	for (size_t i = player.phase_start[1]; i < player.phase_start[2]; i += 2) {
		assert_int_equal(player.ops[i].context, player.ops[i + 1].context);
		seen[player.ops[i].context]++;
	}
	for (size_t cpu = 0; cpu < 4; cpu++)
		chi += (seen[cpu] - 5000) * (seen[cpu] - 5000) / 5000;
	assert_true(chi < 16.3);
	assert_int_equal(player.ops[player.phase_start[2]].context, 0);
}

static void cpus_do_not_change_sizes_or_victims(void **state)
{
	(void)state;
	add_fill(100);
	add_churn(2000, WORKLOAD_VICTIMS_RANDOM);
	play(64);
	op_stream_close(stream);
	workload.cpus = 8;
	stream = op_stream_open(&workload, NULL, 42, &error);
	player_run(&other, stream, 64, workload.phase_count);
	assert_int_equal(player.count, other.count);
	for (size_t i = 0; i < player.count; i++) {
		assert_int_equal(player.ops[i].slot, other.ops[i].slot);
		assert_int_equal(player.ops[i].pages, other.ops[i].pages);
	}
}

static void huge_counts_have_their_high_bits_in_front(void **state)
{
	(void)state;
	requests[3].size.min = requests[3].size.max = (UINT64_C(3) << 24) + 5;
	workload.request_count = 4;
	add_mix(only_huge, 1, WORKLOAD_UNTIL_LIVE)->until_value = 10;
	play(16);
	assert_int_equal(player.words, 20);
	assert_int_equal(player.ops[9].pages, (UINT64_C(3) << 24) + 5);
	assert_int_equal(player.ops[9].request, 3);
}

static void a_multiple_of_2_to_24_pages_of_request_0_is_no_free(void **state)
{
	(void)state;
	workload.requests = &requests[3];
	workload.request_count = 1;
	requests[3].size.min = requests[3].size.max = 1 << 25;
	static struct workload_mix_entry first[] = {{0, 1}};
	add_mix(first, 1, WORKLOAD_UNTIL_LIVE)->until_value = 2;
	play(16);
	size_t count;
	const struct op_request *all = op_stream_requests(stream, &count);
	assert_int_equal(count, 2);
	assert_memory_equal(&all[0], &all[1], sizeof *all);
	assert_int_equal(player.ops[0].request, 1);
	assert_int_equal(player.ops[0].pages, 1 << 25);
}

static void add_everything(void)
{
	workload.cpus = 3;
	add_mix(both, 2, WORKLOAD_UNTIL_OCCUPANCY)->until_ratio = 0.05;
	add_churn(5001, WORKLOAD_VICTIMS_RANDOM);
	add_churn(3000, WORKLOAD_VICTIMS_FIFO);
	add_mix(both, 2, WORKLOAD_UNTIL_TURNOVERS)->until_ratio = 1.5;
	add_free_all();
	add_churn(50, WORKLOAD_VICTIMS_LIFO);
}

static void pieces_do_not_change_the_stream(void **state)
{
	(void)state;
	static const size_t capacities[] = {17, 1000, 1 << 20};
	add_everything();
	play(16);
	for (size_t i = 0; i < 3; i++) {
		op_stream_rewind(stream);
		player_run(&other, stream, capacities[i], workload.phase_count);
		assert_int_equal(player.hash, other.hash);
		assert_int_equal(player.words, other.words);
		player_release(&other);
	}
}

static void rewinding_in_the_middle_starts_again(void **state)
{
	(void)state;
	add_everything();
	play(4096);
	op_stream_rewind(stream);
	struct op piece[500];
	for (size_t i = 0, phase; i < 20; i++)
		op_stream_next(stream, piece, 500, &phase);
	op_stream_rewind(stream);
	player_run(&other, stream, 4096, workload.phase_count);
	assert_int_equal(player.hash, other.hash);
}

static void a_seed_gives_the_same_bytes_on_every_machine(void **state)
{
	(void)state;
	add_everything();
	play(4096);
	assert_int_equal(player.hash, UINT64_C(0x546646e6821f3930));
}

static void another_seed_gives_another_stream(void **state)
{
	(void)state;
	add_everything();
	play(4096);
	op_stream_close(stream);
	stream = op_stream_open(&workload, NULL, 43, &error);
	player_run(&other, stream, 4096, workload.phase_count);
	assert_true(player.hash != other.hash);
}

static void a_phase_does_not_change_the_sizes_of_the_next(void **state)
{
	(void)state;
	add_fill(100);
	add_churn(100, WORKLOAD_VICTIMS_RANDOM);
	add_churn(200, WORKLOAD_VICTIMS_RANDOM);
	play(64);
	op_stream_close(stream);
	phases[1].until_value = 1000;
	stream = op_stream_open(&workload, NULL, 42, &error);
	player_run(&other, stream, 64, workload.phase_count);
	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(player.ops[player.phase_start[2] + i].slot, other.ops[other.phase_start[2] + i].slot);
		assert_int_equal(player.ops[player.phase_start[2] + i].pages, other.ops[other.phase_start[2] + i].pages);
	}
}

static void the_hash_tells_order_and_zeros(void **state)
{
	(void)state;
	struct op ops[] = {{0, 0}, {0, 0}, {1, 5}, {2, 5}}, swapped[] = {{2, 5}, {1, 5}};
	assert_true(op_stream_hash(0, ops, 1) != 0);
	assert_true(op_stream_hash(0, ops, 1) != op_stream_hash(0, ops, 2));
	assert_true(op_stream_hash(0, ops + 2, 2) != op_stream_hash(0, swapped, 2));
	assert_int_equal(op_stream_hash(op_stream_hash(0, ops, 3), ops + 3, 1), op_stream_hash(0, ops, 4));
}

/* 300 + 1000 + 300 operations at 250 k/s: 1 ms is 250 of them, across phases. */
static void a_poll_stands_in_front_of_every_millisecond_of_operations(void **state)
{
	(void)state;
	add_fill(300);
	add_churn(1000, WORKLOAD_VICTIMS_RANDOM);
	add_free_all();
	play(1000);
	assert_int_equal(player.polls, 0); /* no pace, no time */
	assert_true(op_stream_poll_ns(stream) == 0);
	op_stream_close(stream);
	workload.pace_ops_per_second = 250e3;
	workload.cpus = 2;
	stream = op_stream_open(&workload, NULL, 1, &error);
	for (size_t capacity = 16; capacity <= 1000; capacity += 123) {
		player_release(&other);
		other.poll_operations = 250;
		op_stream_rewind(stream);
		player_run(&other, stream, capacity, workload.phase_count);
		assert_int_equal(other.polls, 6); /* none after the last operation */
		assert_int_equal(other.count, player.count);
	}
	assert_true(op_stream_poll_ns(stream) == 1e6);
}

static void a_slow_pace_has_a_poll_every_100_operations(void **state)
{
	(void)state;
	add_fill(301);
	workload.pace_ops_per_second = 1e3;
	player.poll_operations = 100;
	play(16);
	assert_int_equal(player.polls, 3);
	assert_true(op_stream_poll_ns(stream) == 1e8);
}

static void too_many_live_extents_are_refused(void **state)
{
	(void)state;
	add_fill(WORKLOAD_LIVE_MAX + 1);
	assert_null(op_stream_open(&workload, NULL, 1, &error));
	assert_int_equal(error.exit_code, EXIT_CODE_USAGE);
	assert_string_equal(
		error.message,
		"test: more than 268435456 extents could be live at once: lower the occupancy, the live count or "
		"the repetitions, or ask for larger sizes");
}

static void every_failing_allocation_is_an_error(void **state)
{
	(void)state;
	add_everything();
	for (struct lack lack = {0}; lack_next(&lack);) {
		lack_begins(&lack);
		stream = op_stream_open(&workload, NULL, 42, &error);
		if (!lack_ends(&lack)) {
			assert_non_null(stream);
			continue;
		}
		assert_null(stream);
		assert_int_equal(error.exit_code, EXIT_CODE_IO);
		assert_non_null(strstr(error.message, "no memory"));
		error = (struct error){0};
	}
	player_run(&player, stream, 4096, workload.phase_count);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_fill_by_live_only_allocates),
		TEST(a_fill_by_live_tops_up),
		TEST(guards_take_their_part_of_occupancy_and_turnovers),
		TEST(a_guard_may_make_a_count_wide),
		TEST(a_fill_by_occupancy_stops_when_it_is_reached),
		TEST(slots_suffice_for_fills_after_churns),
		TEST(a_churn_keeps_the_live_count),
		TEST(an_odd_number_of_operations_ends_with_a_whole_step),
		TEST(a_churn_of_nothing_allocates_and_frees),
		TEST(turnovers_are_counted_in_pages_at_the_start),
		TEST(turnovers_of_nothing_are_none),
		TEST(fifo_takes_the_oldest),
		TEST(lifo_takes_the_youngest),
		TEST(fifo_after_random_victims_goes_by_age),
		TEST(random_victims_are_uniform),
		TEST(requests_come_by_their_weights),
		TEST(free_all_goes_by_slots),
		TEST(an_adapter_stops_backwards_and_frees_what_it_saved),
		TEST(what_happens_to_one_adapter_leaves_the_others),
		TEST(cpus_are_drawn_for_each_step),
		TEST(cpus_do_not_change_sizes_or_victims),
		TEST(huge_counts_have_their_high_bits_in_front),
		TEST(a_multiple_of_2_to_24_pages_of_request_0_is_no_free),
		TEST(pieces_do_not_change_the_stream),
		TEST(rewinding_in_the_middle_starts_again),
		TEST(a_seed_gives_the_same_bytes_on_every_machine),
		TEST(another_seed_gives_another_stream),
		TEST(a_phase_does_not_change_the_sizes_of_the_next),
		TEST(the_hash_tells_order_and_zeros),
		TEST(a_poll_stands_in_front_of_every_millisecond_of_operations),
		TEST(a_slow_pace_has_a_poll_every_100_operations),
		TEST(too_many_live_extents_are_refused),
		TEST(every_failing_allocation_is_an_error),
	};
	return cmocka_run_group_tests_name("op_stream", tests, NULL, NULL);
}
