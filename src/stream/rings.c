/* SPDX-License-Identifier: MIT
 * FIFO rings. The slots of a ring are its positions in order; its head is the oldest. */
#include "stream/generator.h"

#include <string.h>

static bool same_rings(const struct workload_rings *a, const struct workload_rings *b)
{
	return a->count == b->count && a->depth == b->depth &&
	       memcmp(a->request, b->request, a->count * sizeof a->request[0]) == 0;
}

struct rings {
	struct rings *home; /* of the first phase with the same rings: slots and heads are those of it alone */
	uint32_t slot_first;
	uint32_t head[WORKLOAD_RINGS_MAX]; /* by ring: position of its oldest extent */
	bool full;
	uint64_t position;     /* to be filled next; then: operation of the turn */
	uint32_t turn;         /* of which ring */
	uint64_t done, target; /* operations or pages */
};

static int rings_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	const struct workload_phase *phases = stream->workload->phases;
	struct rings *rings = stream->bodies[phase].state;
	size_t home = 0;
	while (phases[home].body != WORKLOAD_BODY_RINGS || !same_rings(&phases[home].rings, &phases[phase].rings))
		home++;
	rings->home = stream->bodies[home].state;
	if (home != phase)
		return 0;
	rings->slot_first = (uint32_t)bound->slots;
	return bound_add_slots(stream, bound, (uint64_t)phases[phase].rings.count * phases[phase].rings.depth, error);
}

static void rings_rewind(void *state)
{
	struct rings *rings = state;
	memset(rings->head, 0, sizeof rings->head);
}

static void rings_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct rings *rings = state;
	(void)stream;
	(void)phase;
	rings->position = 0;
	rings->turn = 0;
	rings->done = 0;
	rings->full = false;
}

/* The slot of a ring that is so many positions younger than its oldest. */
static uint32_t slot_of(const struct rings *home, const struct workload_rings *shape, uint32_t ring, uint64_t position)
{
	return home->slot_first + ring * shape->depth + (uint32_t)((home->head[ring] + position) % shape->depth);
}

static uint64_t put_ring_alloc(struct op_stream *stream, struct writer *writer, const struct workload_rings *shape,
			       uint32_t ring, uint32_t slot)
{
	size_t request = shape->request[ring];
	uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
	put_context(stream, writer, stream_adapter(stream, (uint32_t)request),
		    stream_cpu(stream, ring % stream->workload->cpus));
	stream_alloc(stream, writer, slot, (uint32_t)request, pages);
	return pages;
}

/* One ring after the other, from its oldest position on: what is left of a ring keeps its order. */
static bool fill_rings(struct op_stream *stream, const struct workload_rings *shape, struct rings *rings,
		       struct writer *writer)
{
	uint64_t positions = (uint64_t)shape->count * shape->depth;
	for (; rings->position < positions; rings->position++) {
		uint32_t ring = (uint32_t)(rings->position / shape->depth);
		uint32_t slot = slot_of(rings->home, shape, ring, rings->position % shape->depth);
		if (stream->pages[slot])
			continue;
		if (writer_full(writer))
			return false;
		put_ring_alloc(stream, writer, shape, ring, slot);
	}
	rings->position = 0;
	return true;
}

static void put_ring_free(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer,
			  uint32_t ring, uint32_t slot)
{
	uint32_t cpu = ring + (phase->free_on == WORKLOAD_FREE_ON_NEXT);
	if (phase->free_on == WORKLOAD_FREE_ON_NEXT && stream->workload->threads > 1) {
		put_send(stream, writer, slot);
		stream_forget(stream, slot);
		return;
	}
	put_context(stream, writer, stream_domain(stream, slot), stream_cpu(stream, cpu % stream->workload->cpus));
	stream_free(stream, writer, slot);
}

static bool play_rings(struct op_stream *stream, const struct workload_phase *phase, struct rings *rings,
		       struct writer *writer)
{
	const struct workload_rings *shape = &phase->rings;
	struct rings *home = rings->home;
	bool by_ops = phase->until == WORKLOAD_UNTIL_OPS;
	uint64_t step_ops = 2 * (uint64_t)shape->burst;
	for (;;) {
		uint64_t part = rings->position % step_ops;
		if (part == 0 && rings->done >= rings->target)
			return true;
		if (writer_full(writer))
			return false;
		uint32_t ring = rings->turn;
		uint32_t slot = slot_of(home, shape, ring, part % shape->burst);
		if (part < shape->burst)
			put_ring_free(stream, phase, writer, ring, slot);
		else
			rings->done += put_ring_alloc(stream, writer, shape, ring, slot) * !by_ops;
		rings->done += by_ops;
		if (part + 1 == step_ops)
			home->head[ring] = (home->head[ring] + shape->burst) % shape->depth;
		if (++rings->position == step_ops * shape->pace[ring]) {
			rings->position = 0;
			rings->turn = (rings->turn + 1) % shape->count;
		}
	}
}

static bool rings_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct rings *rings = state;
	if (!rings->full) {
		if (!fill_rings(stream, &phase->rings, rings, writer))
			return false;
		rings->full = true;
		rings->target = stream_target(stream, phase);
	}
	return phase->until == WORKLOAD_UNTIL_LIVE || play_rings(stream, phase, rings, writer);
}

const struct generator generator_rings = {
	.state_bytes = sizeof(struct rings),
	.bound = rings_bound,
	.begin = rings_begin,
	.next = rings_next,
	.rewind = rings_rewind,
};
