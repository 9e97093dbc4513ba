/* SPDX-License-Identifier: MIT
 * The streams of several threads, played by one: an operation of each in turn. */
#include "stream/op_stream_internal.h"

#include "base/memory.h"

#include <string.h>

#define PIECE 4096u

/* One thread. */
struct strand {
	struct op_stream *stream;
	struct op *ops; /* its piece at hand */
	size_t at, count, phase;
	bool ended;
	uint32_t *places;                  /* slot of the woven stream, by slot of its own */
	uint32_t waiting[OP_RING_EXTENTS]; /* sent to it: slots of the woven stream, oldest at first % OP_RING_EXTENTS */
	uint64_t first, end;
	uint64_t owed; /* receives that found nothing */
};

struct weave {
	struct strand *strands;
	uint32_t count;
	uint32_t turn;
	uint32_t *unused; /* slots, the next one last */
	uint32_t unused_count, slots;
};

static void look_ahead(struct strand *strand)
{
	if (strand->at < strand->count || strand->ended)
		return;
	strand->at = 0;
	strand->count = stream_next(strand->stream, strand->ops, PIECE, &strand->phase);
	strand->ended = strand->count == 0;
}

static void put_back(struct op_stream *stream, struct writer *writer, uint32_t slot)
{
	put_context(stream, writer, 0, stream->weave->turn);
	stream_free(stream, writer, slot);
	stream->weave->unused[stream->weave->unused_count++] = slot;
}

static bool receive_one(struct op_stream *stream, struct writer *writer, struct strand *strand)
{
	if (strand->first == strand->end)
		return false;
	put_back(stream, writer, strand->waiting[strand->first++ % OP_RING_EXTENTS]);
	return true;
}

static void receive(struct op_stream *stream, struct writer *writer, struct strand *strand)
{
	if (!receive_one(stream, writer, strand))
		strand->owed++;
	else if (strand->owed && receive_one(stream, writer, strand))
		strand->owed--;
}

static void send(struct op_stream *stream, struct writer *writer, struct strand *to, uint32_t slot)
{
	if (to->end - to->first == OP_RING_EXTENTS)
		put_back(stream, writer, slot);
	else
		to->waiting[to->end++ % OP_RING_EXTENTS] = slot;
}

/* One operation of the strand whose turn it is. */
static void take_turn(struct op_stream *stream, struct writer *writer, struct strand *strand)
{
	struct weave *weave = stream->weave;
	uint64_t high = 0;
	for (;;) {
		struct op op = strand->ops[strand->at++];
		uint32_t request = op.demand >> OP_REQUEST_SHIFT, low = op.demand & OP_COUNT_MAX;
		if (op.demand == 0) {
			put_back(stream, writer, strand->places[op.slot]);
		} else if (request != OP_CONTROL) {
			if (!weave->unused_count) {
				stream_fail(stream, "phase %zu has more extents than its threads have slots",
					    stream->phase);
				return;
			}
			uint32_t slot = weave->unused[--weave->unused_count];
			strand->places[op.slot] = slot;
			put_context(stream, writer, 0, weave->turn);
			stream_alloc(stream, writer, slot, request, high + low);
		} else if (low == OP_COUNT_HIGH) {
			high = (uint64_t)op.slot << OP_REQUEST_SHIFT;
			continue;
		} else if (low == OP_POLL) {
			writer->ops[writer->count++] = op;
			continue;
		} else if (low == OP_SEND) {
			send(stream, writer, &weave->strands[(weave->turn + 1) % weave->count], strand->places[op.slot]);
		} else if (low == OP_RECEIVE) {
			receive(stream, writer, strand);
		}
		return;
	}
}

/* What still waits when nobody receives any more. */
static bool drain(struct op_stream *stream, struct writer *writer)
{
	struct weave *weave = stream->weave;
	for (weave->turn = 0; weave->turn < weave->count; weave->turn++) {
		struct strand *strand = &weave->strands[weave->turn];
		while (strand->first != strand->end) {
			if (writer_full(writer))
				return false;
			receive_one(stream, writer, strand);
		}
		strand->owed = 0;
	}
	weave->turn = 0;
	return true;
}

/* Writes until the piece is full (false) or the phase has ended (true). */
static bool take_turns(struct op_stream *stream, struct writer *writer)
{
	struct weave *weave = stream->weave;
	uint32_t resting = 0; /* threads in a row that have nothing left to do in this phase */
	while (resting < weave->count) {
		struct strand *strand = &weave->strands[weave->turn];
		look_ahead(strand);
		if (strand->ended || strand->phase != stream->phase) {
			resting++;
		} else if (writer_full(writer)) {
			return false;
		} else {
			resting = 0;
			take_turn(stream, writer, strand);
		}
		weave->turn = (weave->turn + 1) % weave->count;
	}
	return drain(stream, writer);
}

size_t weave_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase)
{
	while (stream->phase < stream->workload->phase_count && !*stream->fault) {
		if (!stream->begun)
			stream_phase_begin(stream);
		struct writer writer = {ops, 0, capacity};
		bool ended = take_turns(stream, &writer);
		*phase = stream->phase;
		stream_piece_end(stream, writer.count, ended);
		if (writer.count)
			return stream_words_fit(stream, *phase, ops, writer.count) ? writer.count : 0;
	}
	return 0;
}

void weave_rewind(struct weave *weave)
{
	for (uint32_t i = 0; i < weave->count; i++) {
		struct strand *strand = &weave->strands[i];
		stream_rewind(strand->stream);
		strand->at = strand->count = strand->phase = 0;
		strand->ended = false;
		strand->first = strand->end = strand->owed = 0;
	}
	weave->turn = 0;
	weave->unused_count = weave->slots;
	for (uint32_t i = 0; i < weave->slots; i++)
		weave->unused[i] = weave->slots - 1 - i;
}

const char *weave_fault(const struct weave *weave)
{
	for (uint32_t i = 0; i < weave->count; i++)
		if (*weave->strands[i].stream->fault)
			return weave->strands[i].stream->fault;
	return NULL;
}

void weave_close(struct weave *weave)
{
	if (!weave)
		return;
	for (uint32_t i = 0; weave->strands && i < weave->count; i++) {
		memory_release(weave->strands[i].ops);
		memory_release(weave->strands[i].places);
	}
	memory_release(weave->strands);
	memory_release(weave->unused);
	memory_release(weave);
}

static bool open_strands(struct weave *weave, struct op_stream *const *shares)
{
	for (uint32_t i = 0; i < weave->count; i++) {
		struct strand *strand = &weave->strands[i];
		strand->stream = shares[i];
		strand->ops = memory_zeroed(PIECE, sizeof strand->ops[0]);
		strand->places = memory_zeroed(op_stream_slots(shares[i]), sizeof strand->places[0]);
		if (!strand->ops || !strand->places)
			return false;
	}
	return true;
}

static bool open_tables(struct op_stream *stream, const struct op_stream *share)
{
	struct weave *weave = stream->weave;
	stream->requests = memory_zeroed(share->request_count, sizeof stream->requests[0]);
	stream->pages = memory_zeroed(weave->slots, sizeof stream->pages[0]);
	stream->plans = memory_zeroed(stream->workload->phase_count, sizeof stream->plans[0]);
	weave->unused = memory_zeroed(weave->slots, sizeof weave->unused[0]);
	if (!stream->requests || !stream->pages || !stream->plans || !weave->unused)
		return false;
	memcpy(stream->requests, share->requests, share->request_count * sizeof stream->requests[0]);
	stream->request_count = share->request_count;
	stream->request_zero_again = share->request_zero_again;
	return true;
}

struct op_stream *op_stream_weave(const struct workload *whole, struct op_stream *const *shares, uint32_t count,
				  struct error *error)
{
	uint64_t slots = (uint64_t)count * OP_RING_EXTENTS;
	for (uint32_t i = 0; i < count; i++)
		slots += op_stream_slots(shares[i]);
	struct op_stream *stream = memory_zeroed(1, sizeof *stream);
	struct weave *weave = memory_zeroed(1, sizeof *weave);
	struct strand *strands = memory_zeroed(count, sizeof strands[0]);
	if (stream && weave && strands && slots <= WORKLOAD_LIVE_MAX * 2) {
		*weave = (struct weave){.strands = strands, .count = count, .slots = (uint32_t)slots};
		*stream = (struct op_stream){.workload = whole,
					     .weave = weave,
					     .domains = 1,
					     .cpus = count,
					     .slots = (uint32_t)slots,
					     .mix_first = (uint32_t)slots,
					     .poll_ns = shares[0]->poll_ns,
					     .poll_operations = UINT64_MAX}; /* those of the first share are taken over */
		if (open_strands(weave, shares) && open_tables(stream, shares[0])) {
			op_stream_rewind(stream);
			return stream;
		}
		op_stream_close(stream);
	} else {
		memory_release(strands);
		memory_release(weave);
		memory_release(stream);
	}
	error_set(error, EXIT_CODE_IO, "no memory to play the %u threads of %s as one", count, whole->file);
	return NULL;
}
