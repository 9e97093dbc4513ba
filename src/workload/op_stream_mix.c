/* SPDX-License-Identifier: MIT
 * Mixes: fills, which only allocate, and churns, which replace one extent a step. */
#include "workload/op_stream_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

int mix_reserve(struct op_stream *stream, uint32_t capacity)
{
	if (capacity <= stream->mix_capacity)
		return 0;
	size_t slots = (size_t)stream->mix_first + capacity, old = (size_t)stream->mix_first + stream->mix_capacity;
	uint64_t *pages = memory_resize(stream->pages, slots, sizeof *pages);
	if (!pages)
		return -1;
	stream->pages = pages;
	if (stream->stamps) {
		uint64_t *stamps = memory_resize(stream->stamps, capacity, sizeof *stamps);
		if (!stamps)
			return -1;
		stream->stamps = stamps;
		uint32_t *order = memory_resize(stream->order, capacity, sizeof *order);
		if (!order)
			return -1;
		stream->order = order;
	}
	if (stream->cpu_of) {
		uint16_t *cpu_of = memory_resize(stream->cpu_of, capacity, sizeof *cpu_of);
		if (!cpu_of)
			return -1;
		stream->cpu_of = cpu_of;
	}
	if (stream->domain) {
		uint8_t *domain = memory_resize(stream->domain, slots, sizeof *domain);
		if (!domain)
			return -1;
		stream->domain = domain;
	}
	for (size_t slot = old; slot < slots; slot++) {
		stream->pages[slot] = 0;
		if (stream->domain)
			stream->domain[slot] = 0;
	}
	stream->mix_capacity = capacity;
	return 0;
}

static bool is_fill(const struct workload_phase *phase)
{
	return phase->until == WORKLOAD_UNTIL_OCCUPANCY || phase->until == WORKLOAD_UNTIL_LIVE;
}

static uint64_t pages_of_share(double ratio, uint64_t pages)
{
	/* Two roundings lie before: 7 % of 100 pages are 7, not 8. */
	double wanted = ceil(ratio * (double)pages * (1.0 - 0x1.0p-51));
	return wanted < 0x1.0p62 ? (uint64_t)wanted : UINT64_C(1) << 62;
}

uint64_t mix_live_bound(const struct op_stream *stream)
{
	uint64_t smallest = UINT64_MAX, bound = 1;
	for (size_t i = 0; i < stream->workload->request_count; i++) {
		uint64_t min = stream->workload->requests[i].size.min;
		smallest = min < smallest ? min : smallest;
	}
	for (size_t i = 0; i < stream->workload->phase_count; i++) {
		const struct workload_phase *phase = &stream->workload->phases[i];
		if (phase->body != WORKLOAD_BODY_MIX || !is_fill(phase))
			continue;
		uint64_t live = phase->until == WORKLOAD_UNTIL_LIVE
					? phase->until_value
					: pages_of_share(phase->until_ratio, stream->workload->space.usable) / smallest + 1;
		bound = live > bound ? live : bound;
	}
	return bound < UINT32_MAX ? bound : UINT32_MAX;
}

static int older(const void *left, const void *right, void *context)
{
	const uint64_t *stamps = context;
	uint64_t a = stamps[*(const uint32_t *)left], b = stamps[*(const uint32_t *)right];
	return (a > b) - (a < b);
}

/* Random victims leave ages in no order of slots: they are sorted once, at the start of a phase that asks for them. */
static void sort_by_age(struct op_stream *stream)
{
	bool sorted = true;
	for (uint32_t i = 0; i < stream->mix_live; i++) {
		stream->order[i] = i;
		sorted = sorted && (!i || stream->stamps[i] > stream->stamps[i - 1]);
	}
	if (!sorted)
		qsort_r(stream->order, stream->mix_live, sizeof *stream->order, older, stream->stamps);
}

void mix_begin(struct op_stream *stream, const struct workload_phase *phase)
{
	stream->done = 0;
	stream->cursor = 0;
	switch (phase->until) {
	case WORKLOAD_UNTIL_OCCUPANCY:
		stream->target = pages_of_share(phase->until_ratio, stream->workload->space.usable);
		break;
	case WORKLOAD_UNTIL_TURNOVERS:
		stream->target = pages_of_share(phase->until_ratio, stream->live_pages);
		break;
	case WORKLOAD_UNTIL_OPS:
	case WORKLOAD_UNTIL_LIVE:
		stream->target = phase->until_value;
		break;
	}
	if (!is_fill(phase) && phase->victims != WORKLOAD_VICTIMS_RANDOM)
		sort_by_age(stream);
}

static inline uint32_t draw_request(struct op_stream *stream, const struct workload_phase *phase)
{
	return (uint32_t)phase->mix[choice_draw(&stream->mixes[stream->phase], &stream->draws)].request;
}

static inline uint32_t draw_cpu(struct op_stream *stream)
{
	uint32_t cpus = stream->workload->cpus;
	return cpus > 1 ? (uint32_t)rng_below(&stream->cpu, cpus) : 0;
}

/* Frees a victim where the phase says; what follows runs on cpu. */
static inline void put_victim(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer,
			      uint32_t victim, uint32_t cpu)
{
	uint32_t slot = stream->mix_first + victim;
	if (__builtin_expect(phase->free_on == WORKLOAD_FREE_ON_SAME, 1)) {
		put_context(stream, writer, 0, cpu);
		put_free(stream, writer, slot);
	} else if (stream->workload->threads > 1) {
		put_poll(stream, writer);
		writer->ops[writer->count++] = op_control(OP_SEND, slot);
		writer->ops[writer->count++] = op_control(OP_RECEIVE, 0);
	} else {
		put_context(stream, writer, 0, stream->cpu_of ? (stream->cpu_of[victim] + 1u) % stream->workload->cpus : 0);
		put_free(stream, writer, slot);
		put_context(stream, writer, 0, cpu);
	}
	if (stream->cpu_of)
		stream->cpu_of[victim] = (uint16_t)cpu;
}

static bool fill(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	bool occupancy = phase->until == WORKLOAD_UNTIL_OCCUPANCY;
	while ((occupancy ? stream->live_pages : stream->mix_live) < stream->target) {
		if (writer_full(writer))
			return false;
		if (stream->mix_live == stream->mix_capacity) {
			assert(stream->measuring);
			uint64_t wanted = (uint64_t)stream->mix_capacity * 2 + 1024;
			if (wanted > WORKLOAD_LIVE_MAX)
				wanted = WORKLOAD_LIVE_MAX;
			if (stream->mix_live == WORKLOAD_LIVE_MAX || mix_reserve(stream, (uint32_t)wanted)) {
				stream->no_memory = true;
				return true;
			}
		}
		uint32_t request = draw_request(stream, phase);
		uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
		if (stream->stamps)
			stream->stamps[stream->mix_live] = stream->clock++;
		uint32_t cpu = draw_cpu(stream);
		if (stream->cpu_of)
			stream->cpu_of[stream->mix_live] = (uint16_t)cpu;
		put_context(stream, writer, 0, cpu);
		stream_alloc(stream, writer, stream->mix_first + stream->mix_live++, request, pages);
	}
	return true;
}

/* With nothing live a step is an allocation and its free: the live count stays. */
static bool churn_nothing(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	while (stream->done < stream->target) {
		if (writer_full(writer))
			return false;
		uint32_t request = draw_request(stream, phase);
		uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
		uint32_t cpu = draw_cpu(stream);
		if (stream->cpu_of)
			stream->cpu_of[0] = (uint16_t)cpu;
		put_context(stream, writer, 0, cpu);
		stream_alloc(stream, writer, stream->mix_first, request, pages);
		put_victim(stream, phase, writer, 0, cpu);
		stream_forget(stream, stream->mix_first);
		stream->done += phase->until == WORKLOAD_UNTIL_OPS ? 2 : pages;
	}
	return true;
}

static inline uint32_t next_victim(struct op_stream *stream, enum workload_victims victims)
{
	uint32_t live = stream->mix_live;
	if (victims == WORKLOAD_VICTIMS_RANDOM)
		return (uint32_t)rng_below(&stream->victims, live);
	/* Its successor takes the slot and is the youngest: the order of ages turns by one place, or stays. */
	if (victims == WORKLOAD_VICTIMS_LIFO)
		return stream->order[live - 1];
	uint32_t victim = stream->order[stream->cursor++];
	if (stream->cursor == live)
		stream->cursor = 0;
	return victim;
}

static bool churn(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	if (!stream->mix_live)
		return churn_nothing(stream, phase, writer);
	struct op_phase_plan *plan = &stream->plans[stream->phase];
	bool by_ops = phase->until == WORKLOAD_UNTIL_OPS;
	uint64_t *all_pages = stream->pages + stream->mix_first;
	while (stream->done < stream->target) {
		if (writer_full(writer))
			return false;
		uint32_t cpu = draw_cpu(stream);
		uint32_t victim = next_victim(stream, phase->victims);
		uint32_t request = draw_request(stream, phase);
		uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
		put_victim(stream, phase, writer, victim, cpu);
		put_alloc(stream, writer, stream->mix_first + victim, request, pages);
		stream->live_pages += pages - all_pages[victim];
		all_pages[victim] = pages;
		if (stream->stamps)
			stream->stamps[victim] = stream->clock++;
		raise_peak(stream);
		plan->allocations++;
		plan->frees++;
		stream->done += by_ops ? 2 : pages;
	}
	return true;
}

bool mix_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	return is_fill(phase) ? fill(stream, phase, writer) : churn(stream, phase, writer);
}
