/* SPDX-License-Identifier: MIT
 * Phases that only free: down to a level, or all that lives. */
#include "stream/generator.h"

struct drain {
	uint64_t target; /* pages, or extents of mixes */
};

static int drain_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	(void)bound;
	return population_ask(stream, &stream->workload->phases[phase], true) ? stream_no_memory(stream, error) : 0;
}

static void drain_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct drain *drain = state;
	drain->target = stream_target(stream, phase);
	population_order(&stream->mixes, phase->victims != WORKLOAD_VICTIMS_RANDOM);
}

static bool drain_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	const struct drain *drain = state;
	struct population *mixes = &stream->mixes;
	bool pages = phase->until == WORKLOAD_UNTIL_OCCUPANCY;
	while (mixes->live && (pages ? stream->live_pages : mixes->live) > drain->target) {
		if (writer_full(writer))
			return false;
		population_free(stream, phase, writer, population_victim(mixes, phase->victims));
	}
	return true;
}

const struct generator generator_drain = {
	.state_bytes = sizeof(struct drain), .bound = drain_bound, .begin = drain_begin, .next = drain_next};

struct free_all {
	uint64_t slot;
};

static void free_all_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct free_all *all = state;
	(void)stream;
	(void)phase;
	all->slot = 0;
}

static void free_slot(struct op_stream *stream, struct writer *writer, uint32_t slot)
{
	put_context(stream, writer, stream_domain(stream, slot), 0);
	stream_free(stream, writer, slot);
}

bool stream_free_all(struct op_stream *stream, struct writer *writer, uint64_t *at, bool backwards)
{
	struct population *mixes = &stream->mixes;
	/* Not the slots that stand ready for later. */
	uint64_t end = (uint64_t)mixes->first + (mixes->scattered ? mixes->capacity : mixes->live);
	if (backwards && *at > end)
		*at = end;
	while (backwards ? *at > 0 : *at < end) {
		uint32_t slot = (uint32_t)(backwards ? *at - 1 : *at);
		if (stream->pages[slot] && writer_full(writer))
			return false;
		if (stream->pages[slot])
			free_slot(stream, writer, slot);
		*at = backwards ? slot : slot + UINT64_C(1);
	}
	mixes->live = 0;
	return true;
}

static bool free_all_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct free_all *all = state;
	(void)phase;
	return stream_free_all(stream, writer, &all->slot, false);
}

const struct generator generator_free_all = {
	.state_bytes = sizeof(struct free_all), .begin = free_all_begin, .next = free_all_next};
