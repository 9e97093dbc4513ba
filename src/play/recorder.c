/* SPDX-License-Identifier: MIT */
#include "play/recorder.h"

#include "play/engine_ddi.h"

#include <assert.h>
#include <math.h>

/* Fewer steps of the clock say nothing. */
#define PHASE_STEPS 1000.0

int recorder_open(struct recorder *recorder, const struct workload *workload, const struct op_stream *stream,
		  const struct clock *clock, struct engine *players, uint32_t player_count, struct error *error)
{
	const struct engine_surroundings surroundings = {.grows = true};
	*recorder = (struct recorder){.phase = SIZE_MAX};
	if (arena_create(&recorder->arena, true, op_stream_cpus(stream), error) < 0)
		return -1;
	recorder->on = true;
	int result = allocator_spec_open("null", &recorder->null, error);
	if (result == 0 && tape_open(&recorder->tape, clock) < 0)
		result = error_set(error, EXIT_CODE_IO, "no memory for a tape");
	if (result == 0)
		result = engine_open_in(&recorder->engine, workload, stream, &recorder->null, &recorder->arena,
					&surroundings, error);
	if (result < 0 || engine_tape_refusal(&recorder->engine, workload) != RESULT_REASON_COUNT) {
		recorder_close(recorder);
		return result;
	}
	if (!player_count)
		tape_keep(&recorder->tape);
	engine_record(&recorder->engine, &recorder->tape);
	for (uint32_t i = 0; i < player_count; i++)
		engine_play_to(&players[i], &recorder->tape);
	return 0;
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder->on)
		return;
	engine_close(&recorder->engine);
	tape_close(&recorder->tape);
	allocator_spec_close(&recorder->null);
	arena_destroy(&recorder->arena);
	*recorder = (struct recorder){0};
}

static void begin_phase(struct recorder *recorder, size_t phase)
{
	engine_phase_begin(&recorder->engine);
	recorder->phase = phase;
	recorder->operations = 0;
	recorder->ticks_before = recorder->tape.ticks;
	recorder->stamps_before = recorder->tape.stamps;
}

/* Whether somebody still needs the tape, or may later. */
static bool is_needed(const struct engine *players, uint32_t player_count)
{
	if (!player_count)
		return true;
	for (uint32_t i = 0; i < player_count; i++)
		if (!engine_left_tape(&players[i]))
			return true;
	return false;
}

int recorder_play(struct recorder *recorder, struct op_piece piece, struct engine *players, uint32_t player_count,
		  struct error *error)
{
	assert(recorder->on);
	tape_next_piece(&recorder->tape);
	if (!piece.count || !is_needed(players, player_count))
		return 0;
	if (piece.phase != recorder->phase)
		begin_phase(recorder, piece.phase);
	engine_play(&recorder->engine, piece.ops, piece.count);
	recorder->operations += op_count_operations(piece.ops, piece.count);
	for (uint32_t i = 0; i < player_count; i++)
		engine_rewind_tape(&players[i]);
	bool broken = recorder->tape.broken || recorder->engine.broken == IOVA_NO_MEMORY;
	return broken ? error_set(error, EXIT_CODE_IO, "no memory for a piece of a tape") : 0;
}

double recorder_ns_per_op(const struct recorder *recorder)
{
	const struct tape *tape = &recorder->tape;
	double ns = (double)(tape->ticks - recorder->ticks_before) * tape->clock->ns_per_tick -
		    (double)(tape->stamps - recorder->stamps_before) * tape->clock->pair_ns;
	return recorder->operations && ns >= PHASE_STEPS * tape->clock->step_ns ? ns / (double)recorder->operations
										: (double)NAN;
}
