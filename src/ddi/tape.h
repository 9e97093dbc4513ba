/* SPDX-License-Identifier: MIT
 * What the physical side decides, ahead of those who need it. In remap mode it depends on the driver calls alone, not on
 * the allocator, until a logical call fails. So one adapter, the recorder, makes the calls of a piece of the stream over
 * a pool of frames; others, the players, make the same calls later and get the same frames at the cost of copying a
 * list's head. A tape that keeps all pieces can be written as an image, which players of other processes map. */
#ifndef DDI_TAPE_H
#define DDI_TAPE_H

#include "base/clock.h"
#include "ddi/lists.h"
#include "iovabench/ddi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one call asked of the pool, and got: whole lists, or nothing with a status. */
struct tape_take {
	struct run_list frames;
	enum ntstatus status;
};

/* Memory: O(calls of a piece + runs that live or lived in it); of one that keeps all, of the stream. Players read it and
 * own nothing of it; it outlives them. */
struct tape {
	struct node_pool nodes; /* of all lists, those of players among them */
	struct tape_take *taken;
	size_t taken_count, taken_capacity;
	struct run_list *given; /* back to the pool in this piece: players still read their nodes */
	size_t given_count, given_capacity;
	bool broken; /* there was no memory: what is on it is not all */
	bool keeps;  /* all pieces: nothing that was given back leaves it */
	bool mapped; /* takes and nodes lie in an image: nothing is recorded */
	/* The pool's time: searching, building lists, giving back. */
	const struct clock *clock;
	uint64_t ticks;
	uint64_t stamps; /* pairs of them, whose cost is in ticks */
};

/* clock outlives the tape. Returns 0, or -1 without memory. close is idempotent on a zeroed tape. */
int tape_open(struct tape *tape, const struct clock *clock);
void tape_close(struct tape *tape);

/* Before anything is recorded: what players read next is what they read last, and no piece is rewound. */
void tape_keep(struct tape *tape);
/* Bytes of the image of a tape that keeps all, so far. */
uint64_t tape_image_bytes(const struct tape *tape);
/* Hands the image out part by part, in order, until a part is refused (< 0). Returns what write returned last. */
int tape_image_write(const struct tape *tape, int (*write)(void *context, const void *part, size_t length), void *context);
/* Opens a tape over an image that this program wrote, which is only read, outlives it, and is aligned as a page. Returns
 * 0, or -1: no memory, or no image. Released by tape_close. */
int tape_open_image(struct tape *tape, const void *image, size_t length);

/* Both after the adapter was created in remap mode with a physical side of its own, before its first call. A player's pool is
 * like the recorder's; it is touched only when the player leaves. */
void tape_record(struct tape *tape, struct ddi_adapter *recorder);
void tape_play(struct tape *tape, struct ddi_adapter *player);

/* To be called before the recorder plays a piece: all players have played the last one. */
void tape_next_piece(struct tape *tape);
/* To be called before the player plays the piece that was recorded last. */
void tape_rewind(struct ddi_adapter *player);

/* Whether a logical call that takes frames has failed: what the player does from there on costs the physical side, too.
 * false of an adapter that never was on a tape. */
bool tape_is_left(const struct ddi_adapter *player);

#endif
