/* SPDX-License-Identifier: MIT
 * Mixes: fills, which only allocate, and churns: by one extent a step, by bursts, or holding the pages that are live. */
#include "stream/generator.h"

#include "base/memory.h"

struct mix {
	struct choice choice;
	uint64_t done, target; /* operations, pages or extents */
	uint64_t oldest;       /* CHURN by age: place in the order */
	/* HOLD and BURST: what is left to be done of the current step, and what was drawn for it. */
	uint64_t frees_left, allocations_left;
	uint64_t drawn_pages; /* 0: nothing */
	uint32_t drawn_request;
	bool allocates_first;
	uint64_t level; /* HOLD: pages that were live when the phase began */
};

static int mix_open(struct op_stream *stream, size_t phase, struct error *error)
{
	struct mix *mix = stream->bodies[phase].state;
	return choice_of_mix(&mix->choice, &stream->workload->phases[phase]) ? stream_no_memory(stream, error) : 0;
}

static void mix_close(void *state)
{
	struct mix *mix = state;
	choice_release(&mix->choice);
}

static void mix_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct mix *mix = state;
	*mix = (struct mix){.choice = mix->choice, .target = stream_target(stream, phase), .level = stream->live_pages};
	if (!phase_fills(phase))
		population_order(&stream->mixes,
				 phase->victims == WORKLOAD_VICTIMS_FIFO || phase->victims == WORKLOAD_VICTIMS_LIFO);
}

static inline uint32_t draw_request(struct op_stream *stream, const struct workload_phase *phase, const struct mix *mix)
{
	return (uint32_t)phase->mix[choice_draw(&mix->choice, &stream->draws)].request;
}

/* ---- fills ---- */

static int fill_bound(struct op_stream *stream, size_t index, struct bound *bound, struct error *error)
{
	const struct workload_phase *phase = &stream->workload->phases[index];
	if (phase->until == WORKLOAD_UNTIL_LIVE) {
		bound_live(bound, phase->until_value);
	} else {
		bound_live(bound, 1);
		bound->by_occupancy = true;
		bound->last_fill = index > bound->last_fill ? index : bound->last_fill;
	}
	return population_ask(stream, phase, false) ? stream_no_memory(stream, error) : 0;
}

/* Room for one more. */
static bool make_room(struct op_stream *stream)
{
	struct population *mixes = &stream->mixes;
	if (mixes->live < mixes->capacity)
		return true;
	if (!stream->measuring) {
		stream_fail(stream, "phase %zu fills more than the %u slots that were measured", stream->phase,
			    mixes->capacity);
		return false;
	}
	uint64_t wanted = (uint64_t)mixes->capacity * 2 + 1024;
	if (wanted > WORKLOAD_LIVE_MAX)
		wanted = WORKLOAD_LIVE_MAX;
	stream->no_memory = mixes->live == WORKLOAD_LIVE_MAX || population_reserve(stream, (uint32_t)wanted);
	return !stream->no_memory;
}

static bool fill_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	const struct mix *mix = state;
	bool occupancy = phase->until == WORKLOAD_UNTIL_OCCUPANCY;
	while ((occupancy ? stream->live_pages : stream->mixes.live) < mix->target) {
		if (writer_full(writer))
			return false;
		if (!make_room(stream))
			return true;
		uint32_t request = draw_request(stream, phase, mix);
		population_alloc(stream, writer, request, distribution_draw(&stream->sizes[request], &stream->draws));
	}
	return true;
}

/* ---- one extent a step ---- */

static int churn_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	bound_live(bound, 1);
	return population_ask(stream, &stream->workload->phases[phase], false) ? stream_no_memory(stream, error) : 0;
}

/* With nothing live a step is an allocation and its free: the live count stays. */
static bool churn_nothing(struct op_stream *stream, const struct workload_phase *phase, struct mix *mix,
			  struct writer *writer)
{
	struct population *mixes = &stream->mixes;
	while (mix->done < mix->target) {
		if (writer_full(writer))
			return false;
		stream_think(stream, phase->think);
		uint32_t request = draw_request(stream, phase, mix);
		uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
		uint32_t cpu = stream_draw_cpu(stream);
		if (mixes->cpu_of)
			mixes->cpu_of[0] = (uint16_t)cpu;
		put_context(stream, writer, stream_adapter(stream, request), cpu);
		stream_alloc(stream, writer, mixes->first, request, pages);
		put_victim(stream, phase, writer, 0, cpu);
		stream_forget(stream, mixes->first);
		mix->done += phase->until == WORKLOAD_UNTIL_OPS ? 2 : pages;
	}
	return true;
}

static inline uint32_t next_victim(struct population *mixes, struct mix *mix, enum workload_victims victims)
{
	uint32_t live = mixes->live;
	if (victims == WORKLOAD_VICTIMS_RANDOM)
		return population_slot(mixes, (uint32_t)rng_below(&mixes->victims, live));
	/* Its successor takes the slot and is the youngest: the order of ages turns by one place, or stays. */
	if (victims == WORKLOAD_VICTIMS_LIFO)
		return mixes->order[live - 1];
	uint32_t victim = mixes->order[mix->oldest++];
	if (mix->oldest == live)
		mix->oldest = 0;
	return victim;
}

static bool churn_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct mix *mix = state;
	struct population *mixes = &stream->mixes;
	if (!mixes->live)
		return churn_nothing(stream, phase, mix, writer);
	struct op_phase_totals *totals = &stream->totals[stream->phase];
	bool by_ops = phase->until == WORKLOAD_UNTIL_OPS;
	uint64_t *all_pages = stream->pages + mixes->first;
	while (mix->done < mix->target) {
		if (writer_full(writer))
			return false;
		stream_think(stream, phase->think);
		uint32_t cpu = stream_draw_cpu(stream);
		uint32_t victim = next_victim(mixes, mix, phase->victims);
		uint32_t request = draw_request(stream, phase, mix);
		uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
		put_victim(stream, phase, writer, victim, cpu);
		if (mixes->cpu_of)
			mixes->cpu_of[victim] = (uint16_t)cpu;
		put_context(stream, writer, stream_adapter(stream, request), cpu);
		put_alloc(stream, writer, mixes->first + victim, request, pages);
		stream->live_pages += pages - all_pages[victim];
		all_pages[victim] = pages;
		if (mixes->stamps)
			mixes->stamps[victim] = mixes->clock++;
		if (mixes->request_of)
			mixes->request_of[victim] = (uint8_t)request;
		raise_peak(stream);
		totals->allocations++;
		totals->frees++;
		mix->done += by_ops ? 2 : pages;
	}
	return true;
}

/* ---- the live count moves ---- */

static int hold_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	stream->mixes.hold_max = population_hold_bound(stream->workload);
	bound_live(bound, stream->mixes.hold_max);
	return population_ask(stream, &stream->workload->phases[phase], true) ? stream_no_memory(stream, error) : 0;
}

static int burst_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	bound_live(bound, stream->workload->phases[phase].burst);
	return population_ask(stream, &stream->workload->phases[phase], true) ? stream_no_memory(stream, error) : 0;
}

static void draw(struct op_stream *stream, const struct workload_phase *phase, struct mix *mix)
{
	mix->drawn_request = draw_request(stream, phase, mix);
	mix->drawn_pages = distribution_draw(&stream->sizes[mix->drawn_request], &stream->draws);
}

static void allocate_drawn(struct op_stream *stream, struct mix *mix, struct writer *writer, bool by_ops)
{
	population_alloc(stream, writer, mix->drawn_request, mix->drawn_pages);
	mix->done += by_ops ? 1 : mix->drawn_pages;
	mix->drawn_pages = 0;
}

/* Frees until the request that was drawn fits below the level, then allocates it. */
static bool hold_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct mix *mix = state;
	struct population *mixes = &stream->mixes;
	bool by_ops = phase->until == WORKLOAD_UNTIL_OPS;
	while (mix->done < mix->target) {
		if (writer_full(writer))
			return false;
		if (!mix->drawn_pages) {
			stream_think(stream, phase->think);
			draw(stream, phase, mix);
		}
		if (mixes->live && (stream->live_pages + mix->drawn_pages > mix->level || mixes->live >= mixes->hold_max)) {
			population_free(stream, phase, writer, population_victim(mixes, phase->victims));
			mix->done += by_ops;
		} else {
			allocate_drawn(stream, mix, writer, by_ops);
		}
	}
	return true;
}

/* The end is looked at between steps alone, so that the live count is what it was. */
static bool burst_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct mix *mix = state;
	struct population *mixes = &stream->mixes;
	bool by_ops = phase->until == WORKLOAD_UNTIL_OPS;
	for (;;) {
		if (!mix->frees_left && !mix->allocations_left) {
			if (mix->done >= mix->target)
				return true;
			uint64_t size = phase->burst;
			stream_think(stream, phase->think);
			mix->allocates_first = !mixes->live;
			if (!mix->allocates_first && size > mixes->live)
				size = mixes->live;
			mix->frees_left = mix->allocations_left = size;
		}
		if (writer_full(writer))
			return false;
		if (mix->frees_left && !(mix->allocates_first && mix->allocations_left)) {
			population_free(stream, phase, writer, population_victim(mixes, phase->victims));
			mix->frees_left--;
			mix->done += by_ops;
		} else {
			draw(stream, phase, mix);
			allocate_drawn(stream, mix, writer, by_ops);
			mix->allocations_left--;
		}
	}
}

#define MIX(how)                                                                                                           \
	const struct generator generator_##how = {                                                                         \
		.state_bytes = sizeof(struct mix),                                                                         \
		.open = mix_open,                                                                                          \
		.bound = how##_bound,                                                                                      \
		.begin = mix_begin,                                                                                        \
		.next = how##_next,                                                                                        \
		.close = mix_close,                                                                                        \
	}
MIX(fill);
MIX(churn);
MIX(hold);
MIX(burst);
