/* SPDX-License-Identifier: MIT
 * Plays the stream of a pass in a fresh allocator: threads, each with a stream of its own, a round at a time. One thread is a
 * crew of one. Two allocators play every round in turns. */
#ifndef PLAY_CREW_H
#define PLAY_CREW_H

#include "base/error.h"
#include "play/engine.h"
#include "play/pass.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all threads of a side did between two barriers: of several a piece each, of one a part of its piece. What warmed up is
 * no part of it. */
struct crew_round {
	size_t phase;
	enum result_side side;
	double ns;           /* from the first thread's start to the last one's end, without what play leaves out */
	double cpu_ns;       /* CPU time of all threads, likewise; NaN: see cpu_time */
	uint64_t operations; /* completed */
	uint64_t words;
	uint64_t failures;
	uint64_t starved, ring_full; /* as in struct engine */
	bool tainted;                /* some thread was disturbed */
	double barrier_ns;           /* what a barrier of these threads costs; 0: there is one thread */
	bool own_frames;             /* a logical call has failed: the side's physical side is its own, and in the times */
};

/* What makes a pass of it. Callbacks that may be NULL are marked; all but play, ready and phase_begins are called by the
 * calling thread while nobody plays, and end it all with -1. */
struct crew_player {
	const char *name; /* of the pass, for people */
	bool pairs; /* pass->rival plays every round, too, before or after the pass's own allocator as chance has it */
	/* Rounds tell cpu_ns, but those that were disturbed and of which play leaves something out: how long that was is known
	 * by another clock. */
	bool cpu_time;
	bool tells_frames; /* figures of METRIC_SOURCE_FRAMES are set before phase_ended, or null with a reason */
	bool audits; /* one thread plays pass->source, without times or locks; fatal misuse of a driver call is no error */
	/* The allocator is there, engine is the first thread's; of a pair RESULT_SIDES of them, one for each side; NULL */
	int (*opened)(void *context, struct engine *engine, struct error *error);
	/* By every thread, before it plays the first word of a phase; NULL */
	void (*phase_begins)(void *context, uint32_t thread, size_t phase);
	/* Least words of a part, after which a thread tells that it lives; below twice as many; NULL: PASS_WINDOW_WORDS */
	size_t (*part_words)(const void *context, size_t phase);
	/* Words by which the first part of a piece is shorter, so that parts do not always begin at the same words; NULL: 0 */
	size_t (*skew_words)(const void *context);
	/* So many of a round's first words are played before its time begins; NULL: none */
	size_t (*warm_words)(struct op_piece round);
	/* By every thread, last thing before a round is timed; round: the words of it; NULL */
	void (*ready)(void *context, uint32_t thread, struct op_piece round);
	/* Plays a part: in every thread at once, and the only thing that is timed. Returns ticks of it that do not count; 0
	 * where there are several threads. */
	uint64_t (*play)(void *context, uint32_t thread, struct engine *engine, struct op_piece part);
	int (*round_ended)(void *context, const struct crew_round *round, struct error *error);
	/* Asked when all sides have played a round; true: nothing behind it counts, and the stream ends here; NULL */
	bool (*enough)(const void *context);
	/* engine: the first thread's, as for opened; its placement hash is that of the phase, but where there are several
	 * threads */
	int (*phase_ended)(void *context, const struct engine *engine, size_t phase, struct error *error);
	/* The stream was played to its end, or to what is fatal; NULL: adapters are stopped */
	int (*ended)(void *context, struct error *error);
	ddi_map_event map_event; /* of the adapters, with context; NULL */
};

/* Plays a part and times its polls apart. Returns their ticks. One thread. */
uint64_t crew_play_polls_apart(const struct pass *pass, struct engine *engine, struct op_piece part);

/* Plays all streams of pass from their start; the calling thread is the first one. A thread whose phase has ended waits for
 * the others. What is still on its way between two threads when a round ends is freed outside of it. -1: the allocator refused
 * the space or broke the contract, no memory, no thread, or a callback said so. */
int crew_play(struct pass *pass, const struct crew_player *player, void *context, struct error *error);

#endif
