/* SPDX-License-Identifier: MIT
 * Mixes: fills, which only allocate, and churns, which replace one extent a step. */
#include "stream/op_stream_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Beyond what fills make. */
#define HOLD_EXTENTS_MAX (UINT32_C(1) << 24)

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
	}
	if (stream->order) {
		mix_order(stream, false);
		uint32_t *order = memory_resize(stream->order, capacity, sizeof *order);
		if (!order)
			return -1;
		stream->order = order;
		for (uint32_t slot = stream->mix_capacity; slot < capacity; slot++)
			order[slot] = slot;
	}
	if (stream->lifetimes && lifetimes_reserve(stream->lifetimes, capacity))
		return -1;
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

void mix_cut(struct op_stream *stream, uint32_t capacity)
{
	assert(!stream->mix_live && !stream->order_first && capacity <= stream->mix_capacity);
	stream->mix_capacity = capacity;
}

uint64_t mix_pages_of_share(double ratio, uint64_t pages)
{
	/* Two roundings lie before: 7 % of 100 pages are 7, not 8. */
	double wanted = ceil(ratio * (double)pages * (1.0 - 0x1.0p-51));
	return wanted < 0x1.0p62 ? (uint64_t)wanted : UINT64_C(1) << 62;
}

uint64_t mix_live_bound(const struct op_stream *stream)
{
	uint64_t smallest = UINT64_MAX, bound = 1;
	for (size_t i = 0; i < stream->workload->request_count; i++) {
		uint64_t min = workload_request_pages_min(&stream->workload->requests[i]);
		smallest = min < smallest ? min : smallest;
	}
	for (size_t i = 0; i < stream->workload->phase_count; i++) {
		const struct workload_phase *phase = &stream->workload->phases[i];
		if (!phase_fills(phase))
			continue;
		uint64_t live =
			phase->until == WORKLOAD_UNTIL_LIVE
				? phase->until_value
				: mix_pages_of_share(phase->until_ratio, stream->workload->space.usable) / smallest + 1;
		bound = live > bound ? live : bound;
	}
	return bound < UINT32_MAX ? bound : UINT32_MAX;
}

uint64_t mix_hold_bound(const struct op_stream *stream)
{
	const struct workload *workload = stream->workload;
	uint64_t smallest = UINT64_MAX, largest = 0, extents = 1;
	rng_wide pages = 0;
	bool held = false;
	for (size_t i = 0; i < workload->request_count; i++) {
		uint64_t min = workload_request_pages_min(&workload->requests[i]);
		uint64_t max = workload_request_pages_max(&workload->requests[i]);
		smallest = min < smallest ? min : smallest;
		largest = max > largest ? max : largest;
	}
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		held = held || (phase->body == WORKLOAD_BODY_MIX && phase->hold == WORKLOAD_HOLD_OCCUPANCY);
		if (!phase_fills(phase))
			continue;
		rng_wide level =
			phase->until == WORKLOAD_UNTIL_LIVE
				? (rng_wide)phase->until_value * largest
				: (rng_wide)mix_pages_of_share(phase->until_ratio, workload->space.usable) + largest;
		pages = level > pages ? level : pages;
		if (phase->until == WORKLOAD_UNTIL_LIVE && phase->until_value > extents)
			extents = phase->until_value;
	}
	if (!held)
		return 0;
	pages = pages < workload->space.usable ? pages : workload->space.usable;
	rng_wide bound = pages / smallest;
	return (uint64_t)(bound < HOLD_EXTENTS_MAX ? bound : HOLD_EXTENTS_MAX) + extents;
}

static int older(const void *left, const void *right, void *context)
{
	const uint64_t *stamps = context;
	uint64_t a = stamps[*(const uint32_t *)left], b = stamps[*(const uint32_t *)right];
	return (a > b) - (a < b);
}

/* Turns the ring until its live part begins at 0. */
static void straighten(struct op_stream *stream)
{
	uint32_t ends[3][2] = {
		{0, stream->order_first}, {stream->order_first, stream->mix_capacity}, {0, stream->mix_capacity}};
	for (size_t i = 0; stream->order_first && i < 3; i++)
		for (uint32_t low = ends[i][0], high = ends[i][1]; low + 1 < high; low++) {
			uint32_t kept = stream->order[low];
			stream->order[low] = stream->order[--high];
			stream->order[high] = kept;
		}
	stream->order_first = 0;
}

/* Random victims leave ages in no order of slots: they are sorted once, at the start of a phase that asks for them. */
void mix_order(struct op_stream *stream, bool by_age)
{
	bool sorted = true;
	if (!stream->order)
		return;
	straighten(stream);
	if (!stream->scattered || !stream->mix_live)
		for (uint32_t i = 0; i < (stream->scattered ? stream->mix_capacity : stream->mix_live); i++)
			stream->order[i] = i;
	for (uint32_t i = 1; by_age && i < stream->mix_live; i++)
		sorted = sorted && stream->stamps[stream->order[i]] > stream->stamps[stream->order[i - 1]];
	if (!sorted)
		qsort_r(stream->order, stream->mix_live, sizeof *stream->order, older, stream->stamps);
}

void mix_begin(struct op_stream *stream, const struct workload_phase *phase)
{
	stream->done = 0;
	stream->cursor = 0;
	switch (phase->until) {
	case WORKLOAD_UNTIL_OCCUPANCY:
		stream->target = mix_pages_of_share(phase->until_ratio, stream->workload->space.usable);
		break;
	case WORKLOAD_UNTIL_TURNOVERS:
		stream->target = mix_pages_of_share(phase->until_ratio, stream->live_pages);
		break;
	case WORKLOAD_UNTIL_OPS:
	case WORKLOAD_UNTIL_LIVE:
		stream->target = phase->until_value;
		break;
	}
	if (!phase_fills(phase))
		mix_order(stream, phase->victims == WORKLOAD_VICTIMS_FIFO || phase->victims == WORKLOAD_VICTIMS_LIFO);
	steps_begin(stream, phase);
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

/* Frees a victim where the phase says; its successor is to be of cpu. */
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
	}
	if (stream->cpu_of)
		stream->cpu_of[victim] = (uint16_t)cpu;
}

uint32_t mix_alloc(struct op_stream *stream, struct writer *writer, uint32_t request, uint64_t pages)
{
	uint32_t slot = mix_slot(stream, stream->mix_live++), cpu = draw_cpu(stream);
	if (stream->stamps)
		stream->stamps[slot] = stream->clock++;
	if (stream->cpu_of)
		stream->cpu_of[slot] = (uint16_t)cpu;
	if (stream->lifetimes)
		stream->lifetimes->request_of[slot] = (uint8_t)request;
	put_context(stream, writer, 0, cpu);
	stream_alloc(stream, writer, stream->mix_first + slot, request, pages);
	return slot;
}

void mix_release(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer, uint32_t victim)
{
	uint32_t slot = stream->mix_first + victim, cpu = draw_cpu(stream);
	if (phase->free_on == WORKLOAD_FREE_ON_NEXT && stream->workload->threads > 1) {
		put_poll(stream, writer);
		writer->ops[writer->count++] = op_control(OP_SEND, slot);
		writer->ops[writer->count++] = op_control(OP_RECEIVE, 0);
	} else {
		if (phase->free_on == WORKLOAD_FREE_ON_NEXT)
			cpu = stream->cpu_of ? (stream->cpu_of[victim] + 1u) % stream->workload->cpus : 0;
		put_context(stream, writer, 0, cpu);
		put_free(stream, writer, slot);
	}
	stream_forget(stream, slot);
}

uint32_t mix_free(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer, uint32_t i)
{
	uint32_t slot = mix_slot(stream, i), last = --stream->mix_live;
	if (i == 0 && phase->victims == WORKLOAD_VICTIMS_FIFO) {
		/* The ring is full of slots: the one that leaves the live part at its front follows at its end. */
		stream->order_first = stream->order_first + 1 < stream->mix_capacity ? stream->order_first + 1 : 0;
	} else {
		uint64_t at = (uint64_t)stream->order_first + i, end = (uint64_t)stream->order_first + last;
		stream->order[at < stream->mix_capacity ? at : at - stream->mix_capacity] = mix_slot(stream, last);
		stream->order[end < stream->mix_capacity ? end : end - stream->mix_capacity] = slot;
	}
	mix_release(stream, phase, writer, slot);
	return slot;
}

uint32_t mix_draw_request(struct op_stream *stream, const struct workload_phase *phase)
{
	return draw_request(stream, phase);
}

static bool fill(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	bool occupancy = phase->until == WORKLOAD_UNTIL_OCCUPANCY;
	while ((occupancy ? stream->live_pages : stream->mix_live) < stream->target) {
		if (writer_full(writer))
			return false;
		if (stream->mix_live == stream->mix_capacity) {
			if (!stream->measuring) {
				stream_fail(stream, "phase %zu fills more than the %u slots that were measured",
					    stream->phase, stream->mix_capacity);
				return true;
			}
			uint64_t wanted = (uint64_t)stream->mix_capacity * 2 + 1024;
			if (wanted > WORKLOAD_LIVE_MAX)
				wanted = WORKLOAD_LIVE_MAX;
			if (stream->mix_live == WORKLOAD_LIVE_MAX || mix_reserve(stream, (uint32_t)wanted)) {
				stream->no_memory = true;
				return true;
			}
		}
		uint32_t request = draw_request(stream, phase);
		mix_alloc(stream, writer, request, distribution_draw(&stream->sizes[request], &stream->draws));
	}
	return true;
}

/* With nothing live a step is an allocation and its free: the live count stays. */
static bool churn_nothing(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	while (stream->done < stream->target) {
		if (writer_full(writer))
			return false;
		stream_think(stream, phase->think);
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
		return mix_slot(stream, (uint32_t)rng_below(&stream->victims, live));
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
		stream_think(stream, phase->think);
		uint32_t cpu = draw_cpu(stream);
		uint32_t victim = next_victim(stream, phase->victims);
		uint32_t request = draw_request(stream, phase);
		uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
		put_victim(stream, phase, writer, victim, cpu);
		put_context(stream, writer, 0, cpu);
		put_alloc(stream, writer, stream->mix_first + victim, request, pages);
		stream->live_pages += pages - all_pages[victim];
		all_pages[victim] = pages;
		if (stream->stamps)
			stream->stamps[victim] = stream->clock++;
		if (stream->lifetimes)
			stream->lifetimes->request_of[victim] = (uint8_t)request;
		raise_peak(stream);
		plan->allocations++;
		plan->frees++;
		stream->done += by_ops ? 2 : pages;
	}
	return true;
}

bool mix_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	if (phase_fills(phase))
		return fill(stream, phase, writer);
	if (phase->victims == WORKLOAD_VICTIMS_LIFETIME)
		return lifetimes_next(stream, phase, writer);
	return phase_scatters(phase) ? steps_next(stream, phase, writer) : churn(stream, phase, writer);
}
