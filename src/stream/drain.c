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

static bool free_all_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct free_all *all = state;
	struct population *mixes = &stream->mixes;
	/* Not the slots that stand ready for later. */
	uint64_t end = (uint64_t)mixes->first + (mixes->scattered ? mixes->capacity : mixes->live);
	(void)phase;
	for (; all->slot < end; all->slot++) {
		uint32_t slot = (uint32_t)all->slot;
		if (!stream->pages[slot])
			continue;
		if (writer_full(writer))
			return false;
		put_context(stream, writer, stream->domain ? stream->domain[slot] : 0, 0);
		stream_free(stream, writer, slot);
	}
	mixes->live = 0;
	return true;
}

const struct generator generator_free_all = {
	.state_bytes = sizeof(struct free_all), .begin = free_all_begin, .next = free_all_next};
