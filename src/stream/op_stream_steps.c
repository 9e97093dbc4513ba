/* SPDX-License-Identifier: MIT
 * Phases in which the live count moves: drains, churns in bursts, churns that keep pages instead of extents. */
#include "stream/op_stream_internal.h"

void steps_begin(struct op_stream *stream, const struct workload_phase *phase)
{
	(void)phase;
	stream->frees_left = stream->allocations_left = 0;
	stream->drawn_pages = 0;
	stream->level = stream->live_pages;
}

static uint32_t victim(struct op_stream *stream, enum workload_victims victims)
{
	if (victims == WORKLOAD_VICTIMS_RANDOM)
		return (uint32_t)rng_below(&stream->victims, stream->mix_live);
	return victims == WORKLOAD_VICTIMS_LIFO ? stream->mix_live - 1 : 0;
}

static void draw(struct op_stream *stream, const struct workload_phase *phase)
{
	stream->drawn_request = mix_draw_request(stream, phase);
	stream->drawn_pages = distribution_draw(&stream->sizes[stream->drawn_request], &stream->draws);
}

static void allocate_drawn(struct op_stream *stream, struct writer *writer, bool by_ops)
{
	mix_alloc(stream, writer, stream->drawn_request, stream->drawn_pages);
	stream->done += by_ops ? 1 : stream->drawn_pages;
	stream->drawn_pages = 0;
}

/* Frees until the request that was drawn fits below the level, then allocates it. */
static bool hold_pages(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	bool by_ops = phase->until == WORKLOAD_UNTIL_OPS;
	while (stream->done < stream->target) {
		if (writer_full(writer))
			return false;
		if (!stream->drawn_pages) {
			stream_think(stream, phase->think);
			draw(stream, phase);
		}
		if (stream->mix_live &&
		    (stream->live_pages + stream->drawn_pages > stream->level || stream->mix_live >= stream->hold_max)) {
			mix_free(stream, phase, writer, victim(stream, phase->victims));
			stream->done += by_ops;
		} else {
			allocate_drawn(stream, writer, by_ops);
		}
	}
	return true;
}

/* The end is looked at between steps alone, so that the live count is what it was. */
static bool burst(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	bool by_ops = phase->until == WORKLOAD_UNTIL_OPS;
	for (;;) {
		if (!stream->frees_left && !stream->allocations_left) {
			if (stream->done >= stream->target)
				return true;
			uint64_t size = phase->burst;
			stream_think(stream, phase->think);
			stream->allocates_first = !stream->mix_live;
			if (!stream->allocates_first && size > stream->mix_live)
				size = stream->mix_live;
			stream->frees_left = stream->allocations_left = size;
		}
		if (writer_full(writer))
			return false;
		if (stream->frees_left && !(stream->allocates_first && stream->allocations_left)) {
			mix_free(stream, phase, writer, victim(stream, phase->victims));
			stream->frees_left--;
			stream->done += by_ops;
		} else {
			draw(stream, phase);
			allocate_drawn(stream, writer, by_ops);
			stream->allocations_left--;
		}
	}
}

bool steps_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	if (phase->hold == WORKLOAD_HOLD_OCCUPANCY)
		return hold_pages(stream, phase, writer);
	return burst(stream, phase, writer);
}

void drain_begin(struct op_stream *stream, const struct workload_phase *phase)
{
	stream->target = phase->until == WORKLOAD_UNTIL_LIVE
				 ? phase->until_value
				 : mix_pages_of_share(phase->until_ratio, stream->workload->space.usable);
	mix_order(stream, phase->victims != WORKLOAD_VICTIMS_RANDOM);
}

bool drain_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	bool pages = phase->until == WORKLOAD_UNTIL_OCCUPANCY;
	while (stream->mix_live && (pages ? stream->live_pages : stream->mix_live) > stream->target) {
		if (writer_full(writer))
			return false;
		mix_free(stream, phase, writer, victim(stream, phase->victims));
	}
	return true;
}
