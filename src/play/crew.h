/* SPDX-License-Identifier: MIT
 * Several threads that play their streams on one allocator, a piece of each at a time: a round. */
#ifndef PLAY_CREW_H
#define PLAY_CREW_H

#include "base/error.h"
#include "play/engine.h"
#include "play/pass.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all threads did between two barriers. */
struct crew_round {
	size_t phase;
	double ns;           /* from the first thread's start to the last one's end */
	uint64_t operations; /* completed */
	uint64_t words;
	uint64_t failures;
	uint64_t starved, ring_full; /* as in struct engine */
	bool tainted;                /* some thread was disturbed */
};

struct crew_player {
	/* Plays the piece: in every thread at once, and the only thing that is timed. */
	void (*play)(void *context, uint32_t thread, struct engine *engine, struct op_piece piece);
	/* Both by the calling thread while nobody plays; -1 ends it all. */
	int (*round_ended)(void *context, const struct crew_round *round, struct error *error);
	int (*phase_ended)(void *context, size_t phase, struct error *error);
};

/* Plays all streams of pass (threads > 1) from their start in a fresh allocator; the calling thread is the first one. A thread
 * whose phase has ended waits for the others. What is still on its way between two threads when a round ends is freed outside
 * of it. -1: the allocator refused the space or broke the contract, no memory, no thread, or a callback said so. */
int crew_play(struct pass *pass, const struct crew_player *player, void *context, struct error *error);

#endif
