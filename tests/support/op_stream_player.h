/* SPDX-License-Identifier: MIT
 * Plays a stream against the simplest model there is, one count of pages per slot, and judges every word on the way: slots and
 * requests exist, allocations take empty slots, frees live ones, control words stay with their operations, and plans are what
 * the stream did. Include after cmocka.h. */
#ifndef SUPPORT_OP_STREAM_PLAYER_H
#define SUPPORT_OP_STREAM_PLAYER_H

#include "base/memory.h"
#include "stream/op_stream.h"

#include <string.h>

#define PLAYER_PHASES 16

/* An operation with its control words resolved. */
struct played {
	uint32_t slot;
	uint32_t context;
	uint32_t request; /* allocations */
	uint64_t pages;   /* 0 = free */
};

struct player {
	uint64_t poll_operations; /* set by the test: operations between two polls */
	uint32_t polls;
	struct played *ops;
	size_t count;
	size_t capacity;
	size_t phase_start[PLAYER_PHASES + 1]; /* index into ops */
	uint64_t hash;
	uint64_t words;
	/* By slot. */
	uint64_t *pages;
	uint32_t *owner; /* context of the allocation */
	uint64_t live;
	uint64_t live_pages;
	struct op_phase_totals plan;
	uint32_t context;
	uint64_t high;
	uint32_t events; /* of the adapter: digits, one more than each */
};

static inline void player_release(struct player *player)
{
	memory_release(player->ops);
	memory_release(player->pages);
	memory_release(player->owner);
	memset(player, 0, sizeof *player);
}

static inline void player_operation(struct player *player, const struct op_stream *stream, struct op op)
{
	size_t requests;
	op_stream_requests(stream, &requests);
	struct played played = {op.slot, player->context, op.demand >> OP_REQUEST_SHIFT, 0};
	assert_true(op.slot < op_stream_slots(stream));
	if (op.demand) {
		played.pages = (op.demand & OP_COUNT_MAX) + player->high;
		assert_true(played.request < requests);
		assert_true(played.pages >= 1);
		assert_int_equal(player->pages[op.slot], 0);
		player->pages[op.slot] = played.pages;
		player->owner[op.slot] = player->context;
		player->live++;
		player->live_pages += played.pages;
		player->plan.allocations++;
		if (player->live_pages > player->plan.live_pages_peak)
			player->plan.live_pages_peak = player->live_pages;
	} else {
		assert_int_equal(player->high, 0);
		assert_true(player->pages[op.slot] > 0);
		assert_int_equal(player->owner[op.slot] >> 16, player->context >> 16); /* its own domain */
		player->live--;
		player->live_pages -= player->pages[op.slot];
		player->pages[op.slot] = 0;
		player->plan.frees++;
	}
	player->high = 0;
	assert_int_equal(memory_grow(&player->ops, &player->capacity, player->count, sizeof played), 0);
	player->ops[player->count++] = played;
}

static inline void player_word(struct player *player, const struct op_stream *stream, struct op op)
{
	player->plan.words++;
	if (op.demand >> OP_REQUEST_SHIFT != OP_CONTROL) {
		player_operation(player, stream, op);
	} else if ((op.demand & OP_COUNT_MAX) == OP_CONTEXT) {
		assert_true(op.slot >> 16 < op_stream_domains(stream));
		assert_true((op.slot & 0xffff) < op_stream_cpus(stream));
		assert_true(op.slot != player->context);
		player->context = op.slot;
	} else if ((op.demand & OP_COUNT_MAX) == OP_POLL) {
		assert_int_equal(op.slot, ++player->polls);
		assert_int_equal(player->count, (size_t)op.slot * player->poll_operations);
	} else if ((op.demand & OP_COUNT_MAX) == OP_ADAPTER) {
		assert_true(player->live == 0 || (op.slot & 0xffff) != OP_ADAPTERS_ALL);
		player->events = 10 * player->events + (op.slot >> 16) + 1;
	} else {
		assert_int_equal(op.demand & OP_COUNT_MAX, OP_COUNT_HIGH);
		assert_int_equal(player->high, 0);
		player->high = (uint64_t)op.slot << OP_REQUEST_SHIFT;
	}
}

/* Phases between the last one and phase have ended. */
static inline void player_phase(struct player *player, const struct op_stream *stream, size_t *last, size_t phase)
{
	for (; *last < phase; ++*last) {
		struct op_phase_totals plan = op_stream_totals(stream, *last);
		player->plan.live_after = player->live;
		player->plan.live_pages_after = player->live_pages;
		assert_memory_equal(&plan, &player->plan, sizeof plan);
		player->plan = (struct op_phase_totals){.live_pages_peak = player->live_pages};
		player->phase_start[*last + 1] = player->count;
		player->context = 0;
	}
}

/* Plays the whole stream in pieces of capacity words. */
static inline void player_run(struct player *player, struct op_stream *stream, size_t capacity, size_t phases)
{
	uint64_t poll_operations = player->poll_operations;
	memset(player, 0, sizeof *player);
	player->poll_operations = poll_operations;
	struct op *piece = memory_zeroed(capacity, sizeof *piece);
	player->pages = memory_zeroed(op_stream_slots(stream), sizeof *player->pages);
	player->owner = memory_zeroed(op_stream_slots(stream), sizeof *player->owner);
	assert_true(piece && player->pages && player->owner);
	size_t count, phase, last = 0;
	while ((count = op_stream_next(stream, piece, capacity, &phase)) > 0) {
		assert_true(count <= capacity && phase < phases && phase >= last);
		player_phase(player, stream, &last, phase);
		assert_true(piece[count - 1].demand >> OP_REQUEST_SHIFT != OP_CONTROL ||
			    piece[count - 1].demand == op_control(OP_ADAPTER, 0).demand);
		for (size_t i = 0; i < count; i++)
			player_word(player, stream, piece[i]);
		player->hash = op_stream_hash(player->hash, piece, count);
		player->words += count;
	}
	player_phase(player, stream, &last, phases);
	assert_int_equal(op_stream_next(stream, piece, capacity, &phase), 0);
	memory_release(piece);
}

#endif
