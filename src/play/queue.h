/* SPDX-License-Identifier: MIT
 * Requests that wait until something is freed (J. E. Shore, CACM 18(8), 1975): there is always one that waits, the next comes
 * when it was served, and its lifetime begins then. */
#ifndef PLAY_QUEUE_H
#define PLAY_QUEUE_H

#include "base/error.h"
#include "play/adversary.h"
#include "stream/op_stream.h"

#include <stdint.h>

struct queue_figures {
	uint64_t served;
	uint64_t waited;   /* of them, those that were not served at once */
	uint64_t frees;    /* for which they waited, all together */
	uint64_t given_up; /* nothing lived any more, and it failed all the same */
	double live_pages; /* as asked for, mean over time */
};

/* Plays a phase to its end; what lives then stays. Time passes only while a request waits: then the extent whose time is over
 * first is freed, the oldest of several, and the request is tried again. One that fails although nothing lives is tried once
 * more as a request that may not fail, and is given up. -1: no memory. Cost: O(log live) an operation. */
int queue_play(const struct op_stream *stream, const struct op_queue *queue, const struct adversary_player *player,
	       struct queue_figures *figures, struct error *error);

#endif
