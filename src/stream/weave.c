/* SPDX-License-Identifier: MIT
 * The streams of several threads, played by one: an operation of each in turn. */
#include "stream/generator.h"

#include "base/memory.h"

#include <string.h>

#define PIECE 4096u

/* One thread. */
struct strand {
	struct op_stream *stream;
	struct op *ops; /* its piece at hand */
	size_t at, count, phase;
	bool ended;
	uint32_t domain;                   /* of its operations at hand */
	uint32_t *slots;                   /* slot of the woven stream, by slot of its own */
	uint32_t waiting[OP_RING_EXTENTS]; /* sent to it: slots of the woven stream, oldest at first % OP_RING_EXTENTS */
	uint64_t first, end;
	uint64_t owed; /* receives that found nothing */
};

/* The state of the first phase plays all of them. */
struct weave {
	struct strand *strands;
	uint32_t count;
	uint32_t turn;
	uint32_t events;  /* threads whose adapters this phase has changed */
	uint32_t *unused; /* slots, the next one last */
	uint32_t unused_count, slots;
};

static void look_ahead(struct strand *strand)
{
	if (strand->at < strand->count || strand->ended)
		return;
	size_t before = strand->phase;
	strand->at = 0;
	strand->count = op_stream_next(strand->stream, strand->ops, PIECE, &strand->phase);
	strand->ended = strand->count == 0;
	if (strand->phase != before)
		strand->domain = 0;
}

static void put_back(struct op_stream *stream, struct weave *weave, struct writer *writer, uint32_t slot)
{
	put_context(stream, writer, stream_domain(stream, slot), weave->turn);
	stream_free(stream, writer, slot);
	weave->unused[weave->unused_count++] = slot;
}

static bool receive_one(struct op_stream *stream, struct weave *weave, struct writer *writer, struct strand *strand)
{
	if (strand->first == strand->end)
		return false;
	put_back(stream, weave, writer, strand->waiting[strand->first++ % OP_RING_EXTENTS]);
	return true;
}

static void receive(struct op_stream *stream, struct weave *weave, struct writer *writer, struct strand *strand)
{
	if (!receive_one(stream, weave, writer, strand))
		strand->owed++;
	else if (strand->owed && receive_one(stream, weave, writer, strand))
		strand->owed--;
}

static void send(struct op_stream *stream, struct weave *weave, struct writer *writer, struct strand *to, uint32_t slot)
{
	if (to->end - to->first == OP_RING_EXTENTS)
		put_back(stream, weave, writer, slot);
	else
		to->waiting[to->end++ % OP_RING_EXTENTS] = slot;
}

/* One operation of the strand whose turn it is. */
static void take_turn(struct op_stream *stream, struct weave *weave, struct writer *writer, struct strand *strand)
{
	uint64_t high = 0;
	for (;;) {
		struct op op = strand->ops[strand->at++];
		uint32_t request = op.demand >> OP_REQUEST_SHIFT, low = op.demand & OP_COUNT_MAX;
		if (op.demand == 0) {
			put_back(stream, weave, writer, strand->slots[op.slot]);
		} else if (request != OP_CONTROL) {
			if (!weave->unused_count) {
				stream_fail(stream, "phase %zu has more extents than its threads have slots",
					    stream->phase);
				return;
			}
			uint32_t slot = weave->unused[--weave->unused_count];
			strand->slots[op.slot] = slot;
			put_context(stream, writer, strand->domain, weave->turn);
			stream_alloc(stream, writer, slot, request, high + low);
		} else if (low == OP_CONTEXT) { /* the CPU is the thread's */
			strand->domain = op.slot >> 16;
			continue;
		} else if (low == OP_COUNT_HIGH) {
			high = (uint64_t)op.slot << OP_REQUEST_SHIFT;
			continue;
		} else if (low == OP_POLL) {
			writer->ops[writer->count++] = op;
			continue;
		} else if (low == OP_ADAPTER) { /* one adapter here, when the last of them has freed what it had */
			if (++weave->events < weave->count)
				return;
			weave->events = 0;
			writer->ops[writer->count++] = op;
		} else if (low == OP_SEND) {
			send(stream, weave, writer, &weave->strands[(weave->turn + 1) % weave->count],
			     strand->slots[op.slot]);
		} else if (low == OP_RECEIVE) {
			receive(stream, weave, writer, strand);
		}
		return;
	}
}

/* What still waits when nobody receives any more. */
static bool drain(struct op_stream *stream, struct weave *weave, struct writer *writer)
{
	for (weave->turn = 0; weave->turn < weave->count; weave->turn++) {
		struct strand *strand = &weave->strands[weave->turn];
		while (strand->first != strand->end) {
			if (writer_full(writer))
				return false;
			receive_one(stream, weave, writer, strand);
		}
		strand->owed = 0;
	}
	weave->turn = 0;
	return true;
}

static bool weave_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct weave *weave = stream->bodies[0].state;
	uint32_t resting = 0; /* threads in a row that have nothing left to do in this phase */
	(void)phase;
	(void)state;
	while (resting < weave->count) {
		struct strand *strand = &weave->strands[weave->turn];
		look_ahead(strand);
		if (*strand->stream->fault) {
			stream_fail(stream, "%s", strand->stream->fault);
			return true;
		}
		if (strand->ended || strand->phase != stream->phase) {
			resting++;
		} else if (writer_full(writer)) {
			return false;
		} else {
			resting = 0;
			take_turn(stream, weave, writer, strand);
		}
		weave->turn = (weave->turn + 1) % weave->count;
	}
	return drain(stream, weave, writer);
}

static void weave_rewind(void *state)
{
	struct weave *weave = state;
	for (uint32_t i = 0; i < weave->count; i++) {
		struct strand *strand = &weave->strands[i];
		op_stream_rewind(strand->stream);
		strand->at = strand->count = strand->phase = 0;
		strand->domain = 0;
		strand->ended = false;
		strand->first = strand->end = strand->owed = 0;
	}
	weave->turn = weave->events = 0;
	weave->unused_count = weave->slots;
	for (uint32_t i = 0; i < weave->slots; i++)
		weave->unused[i] = weave->slots - 1 - i;
}

static void weave_close(void *state)
{
	struct weave *weave = state;
	for (uint32_t i = 0; weave->strands && i < weave->count; i++) {
		memory_release(weave->strands[i].ops);
		memory_release(weave->strands[i].slots);
	}
	memory_release(weave->strands);
	memory_release(weave->unused);
}

const struct generator generator_weave = {.next = weave_next, .rewind = weave_rewind, .close = weave_close};

static bool open_strands(struct weave *weave, struct op_stream *const *portions)
{
	for (uint32_t i = 0; i < weave->count; i++) {
		struct strand *strand = &weave->strands[i];
		strand->stream = portions[i];
		strand->ops = memory_zeroed(PIECE, sizeof strand->ops[0]);
		strand->slots = memory_zeroed(op_stream_slots(portions[i]), sizeof strand->slots[0]);
		if (!strand->ops || !strand->slots)
			return false;
	}
	return true;
}

static bool open_tables(struct op_stream *stream, struct weave *weave, const struct op_stream *portion)
{
	stream->requests = memory_zeroed(portion->request_count, sizeof stream->requests[0]);
	stream->pages = memory_zeroed(weave->slots, sizeof stream->pages[0]);
	stream->totals = memory_zeroed(stream->workload->phase_count, sizeof stream->totals[0]);
	weave->unused = memory_zeroed(weave->slots, sizeof weave->unused[0]);
	if (stream->domains > 1)
		stream->domain = memory_zeroed(weave->slots, sizeof stream->domain[0]);
	if (!stream->requests || !stream->pages || !stream->totals || !weave->unused ||
	    (stream->domains > 1 && !stream->domain))
		return false;
	memcpy(stream->requests, portion->requests, portion->request_count * sizeof stream->requests[0]);
	stream->request_count = portion->request_count;
	stream->request_zero_again = portion->request_zero_again;
	return true;
}

struct op_stream *op_stream_weave(const struct workload *whole, struct op_stream *const *portions, uint32_t count,
				  struct error *error)
{
	uint64_t slots = (uint64_t)count * OP_RING_EXTENTS;
	for (uint32_t i = 0; i < count; i++)
		slots += op_stream_slots(portions[i]);
	assert(count && whole->phase_count);
	struct op_stream *stream = memory_zeroed(1, sizeof *stream);
	struct body *bodies = memory_zeroed(whole->phase_count, sizeof *bodies);
	struct weave *weave = memory_zeroed(1, sizeof *weave);
	struct strand *strands = memory_zeroed(count, sizeof strands[0]);
	if (stream && bodies && weave && strands && slots <= WORKLOAD_LIVE_MAX * 2) {
		*weave = (struct weave){.strands = strands, .count = count, .slots = (uint32_t)slots};
		*stream = (struct op_stream){.workload = whole,
					     .bodies = bodies,
					     .body_count = whole->phase_count,
					     .domains = portions[0]->domains,
					     .cpus = count,
					     .slots = (uint32_t)slots,
					     .mixes.first = (uint32_t)slots,
					     .poll_ns = portions[0]->poll_ns,
					     .poll_operations = UINT64_MAX}; /* those of the first portion are taken over */
		for (size_t i = 0; i < whole->phase_count; i++)
			bodies[i].generator = &generator_weave;
		bodies[0].state = weave;
		if (open_strands(weave, portions) && open_tables(stream, weave, portions[0])) {
			op_stream_rewind(stream);
			return stream;
		}
		op_stream_close(stream);
	} else {
		memory_release(strands);
		memory_release(weave);
		memory_release(bodies);
		memory_release(stream);
	}
	error_set(error, EXIT_CODE_IO, "no memory to play the %u threads of %s as one", count, whole->file);
	return NULL;
}
