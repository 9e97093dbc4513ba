/* SPDX-License-Identifier: MIT
 * FIFO rings. The slots of a ring are its places in order; its head is the oldest. */
#include "stream/op_stream_internal.h"

#include "base/memory.h"

#include <string.h>

static bool same_rings(const struct workload_rings *a, const struct workload_rings *b)
{
	return a->count == b->count && a->depth == b->depth &&
	       memcmp(a->request, b->request, a->count * sizeof a->request[0]) == 0;
}

int rings_lay_out(struct op_stream *stream, uint64_t *slots)
{
	const struct workload *workload = stream->workload;
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		if (phase->body != WORKLOAD_BODY_RINGS)
			continue;
		size_t home = 0;
		while (workload->phases[home].body != WORKLOAD_BODY_RINGS ||
		       !same_rings(&workload->phases[home].rings, &phase->rings))
			home++;
		stream->rings[i].home = home;
		if (home != i)
			continue;
		stream->rings[i].slot_first = (uint32_t)*slots;
		uint64_t more = (uint64_t)phase->rings.count * phase->rings.depth;
		if (more > WORKLOAD_LIVE_MAX - *slots)
			return -1;
		*slots += more;
	}
	return 0;
}

void rings_rewind(struct op_stream *stream)
{
	for (size_t i = 0; stream->rings && i < stream->workload->phase_count; i++) /* woven streams have none */
		memset(stream->rings[i].head, 0, sizeof stream->rings[i].head);
}

void rings_begin(struct op_stream *stream)
{
	stream->cursor = 0;
	stream->step = 0;
	stream->done = 0;
	stream->rings_full = false;
}

static struct rings_layout *layout_at_hand(struct op_stream *stream)
{
	return &stream->rings[stream->rings[stream->phase].home];
}

/* The slot of a ring that is place places younger than its oldest. */
static uint32_t slot_of(const struct rings_layout *layout, const struct workload_rings *rings, uint32_t ring,
			uint64_t place)
{
	return layout->slot_first + ring * rings->depth + (uint32_t)((layout->head[ring] + place) % rings->depth);
}

static uint64_t put_ring_alloc(struct op_stream *stream, struct writer *writer, const struct workload_rings *rings,
			       uint32_t ring, uint32_t slot)
{
	size_t request = rings->request[ring];
	uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
	put_context(stream, writer, 0, ring % stream->workload->cpus);
	stream_alloc(stream, writer, slot, (uint32_t)request, pages);
	return pages;
}

/* One ring after the other, from its oldest place on: what is left of a ring keeps its order. */
static bool fill_rings(struct op_stream *stream, const struct workload_rings *rings, struct writer *writer)
{
	uint64_t places = (uint64_t)rings->count * rings->depth;
	for (; stream->cursor < places; stream->cursor++) {
		uint32_t ring = (uint32_t)(stream->cursor / rings->depth);
		uint32_t slot = slot_of(layout_at_hand(stream), rings, ring, stream->cursor % rings->depth);
		if (stream->pages[slot])
			continue;
		if (writer_full(writer))
			return false;
		put_ring_alloc(stream, writer, rings, ring, slot);
	}
	stream->cursor = 0;
	return true;
}

static void put_ring_free(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer,
			  uint32_t ring, uint32_t slot)
{
	uint32_t cpu = ring + (phase->free_on == WORKLOAD_FREE_ON_NEXT);
	put_context(stream, writer, 0, cpu % stream->workload->cpus);
	stream_free(stream, writer, slot);
}

/* stream->step: whose turn it is; stream->cursor: operation of its turn. */
static bool play_rings(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	const struct workload_rings *rings = &phase->rings;
	struct rings_layout *layout = layout_at_hand(stream);
	bool by_ops = phase->until == WORKLOAD_UNTIL_OPS;
	uint64_t step_ops = 2 * (uint64_t)rings->burst;
	for (;;) {
		uint64_t part = stream->cursor % step_ops;
		if (part == 0 && stream->done >= stream->target)
			return true;
		if (writer_full(writer))
			return false;
		uint32_t ring = (uint32_t)stream->step;
		uint32_t slot = slot_of(layout, rings, ring, part % rings->burst);
		if (part < rings->burst)
			put_ring_free(stream, phase, writer, ring, slot);
		else
			stream->done += put_ring_alloc(stream, writer, rings, ring, slot) * !by_ops;
		stream->done += by_ops;
		if (part + 1 == step_ops)
			layout->head[ring] = (layout->head[ring] + rings->burst) % rings->depth;
		if (++stream->cursor == step_ops * rings->pace[ring]) {
			stream->cursor = 0;
			stream->step = (stream->step + 1) % rings->count;
		}
	}
}

bool rings_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	if (!stream->rings_full) {
		if (!fill_rings(stream, &phase->rings, writer))
			return false;
		stream->rings_full = true;
		stream->target = phase->until == WORKLOAD_UNTIL_TURNOVERS
					 ? mix_pages_of_share(phase->until_ratio, stream->live_pages)
					 : phase->until_value;
	}
	return phase->until == WORKLOAD_UNTIL_LIVE || play_rings(stream, phase, writer);
}
