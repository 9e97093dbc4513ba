/* SPDX-License-Identifier: MIT
 * Plays a stream ahead of those whose time is taken, on null, so that what the physical side decides is on a tape when they
 * come to it: they are timed without it. */
#ifndef PLAY_RECORDER_H
#define PLAY_RECORDER_H

#include "allocator/registry.h"
#include "ddi/tape.h"
#include "play/arena.h"
#include "play/engine.h"
#include "play/op_source.h"

#include <stdbool.h>
#include <stdint.h>

struct workload;

struct recorder {
	bool on; /* open; else nothing below counts */
	struct tape tape;
	struct engine engine;
	struct arena arena;
	struct allocator_spec null;
	/* Of the phase at hand. */
	size_t phase;
	uint64_t operations;
	uint64_t ticks_before, stamps_before; /* of the tape, where the phase began */
};

/* Opens it for the players, which have opened and played nothing: each plays to its tape from then on; without players
 * it keeps all that it plays, for those who come later. workload, stream and clock outlive it, and it is closed after
 * the players. Returns 0, or -1: no memory; it is closed then. It stays closed, too, where there is nothing to record:
 * engine_tape_refusal. */
int recorder_open(struct recorder *recorder, const struct workload *workload, const struct op_stream *stream,
		  const struct clock *clock, struct engine *players, uint32_t player_count, struct error *error);
void recorder_close(struct recorder *recorder);

/* Plays a piece, and rewinds the players to its start; they have played the one before. Returns 0, or -1: no memory. */
int recorder_play(struct recorder *recorder, struct op_piece piece, struct engine *players, uint32_t player_count,
		  struct error *error);

/* What the physical side took of an operation of the phase that was recorded last; NaN: nothing that the clock can tell. */
double recorder_ns_per_op(const struct recorder *recorder);

#endif
