/* SPDX-License-Identifier: MIT
 * Churns in which every extent has its time: arrivals of a Poisson process, one in two operations, so that as many operations
 * pass as ticks say in the long run. The live count is that of the queue M/G/infinity: its mean and its variance are half the
 * mean lifetime (Little). */
#include "stream/op_stream_internal.h"

#include "base/memory.h"

#include <math.h>

#define ARRIVAL_OPS 2u
#define HEAP_WAYS 4u
/* Deviations above the mean for which there are slots: a Poisson variable passes them with a probability below 10^-15. */
#define BOUND_DEVIATIONS 10.0
#define BOUND_EXTRA 64u

int lifetimes_make(struct op_stream *stream)
{
	const struct workload *workload = stream->workload;
	struct lifetimes *lifetimes = stream->lifetimes = memory_zeroed(1, sizeof *lifetimes);
	if (!lifetimes)
		return -1;
	lifetimes->whole = memory_zeroed(workload->request_count, sizeof *lifetimes->whole);
	lifetimes->rest = memory_zeroed(workload->request_count, sizeof *lifetimes->rest);
	lifetimes->request_of = memory_zeroed(0, sizeof *lifetimes->request_of);
	lifetimes->heap = memory_zeroed(0, sizeof *lifetimes->heap);
	if (!lifetimes->whole || !lifetimes->rest || !lifetimes->request_of || !lifetimes->heap)
		return -1;
	for (size_t i = 0; i < workload->request_count; i++) {
		const struct workload_lifetime *lifetime = &workload->requests[i].lifetime;
		if (lifetime->kind != WORKLOAD_LIFETIME_NONE &&
		    (distribution_init_lifetime(&lifetimes->whole[i], lifetime, false) ||
		     distribution_init_lifetime(&lifetimes->rest[i], lifetime, true)))
			return -1;
	}
	/* A thread plays its share of the arrivals, and lifetimes are told in operations of all threads. */
	return distribution_init_arrivals(&lifetimes->arrivals, ARRIVAL_OPS * (workload->threads ? workload->threads : 1));
}

int lifetimes_reserve(struct lifetimes *lifetimes, uint32_t capacity)
{
	uint8_t *request_of = memory_resize(lifetimes->request_of, capacity, sizeof *request_of);
	if (!request_of)
		return -1;
	lifetimes->request_of = request_of;
	struct due *heap = memory_resize(lifetimes->heap, capacity, sizeof *heap);
	if (!heap)
		return -1;
	lifetimes->heap = heap;
	return 0;
}

void lifetimes_close(struct lifetimes *lifetimes, size_t request_count)
{
	if (!lifetimes)
		return;
	for (size_t i = 0; i < request_count; i++) {
		if (lifetimes->whole)
			distribution_release(&lifetimes->whole[i]);
		if (lifetimes->rest)
			distribution_release(&lifetimes->rest[i]);
	}
	distribution_release(&lifetimes->arrivals);
	memory_release(lifetimes->whole);
	memory_release(lifetimes->rest);
	memory_release(lifetimes->request_of);
	memory_release(lifetimes->heap);
	memory_release(lifetimes);
}

uint64_t lifetimes_bound(const struct op_stream *stream, const struct workload_phase *phase)
{
	const struct lifetimes *lifetimes = stream->lifetimes;
	double sum = 0, weights = 0;
	for (size_t i = 0; i < phase->mix_count; i++) {
		sum += (double)phase->mix[i].weight * lifetimes->whole[phase->mix[i].request].mean;
		weights += (double)phase->mix[i].weight;
	}
	double mean = sum / weights / lifetimes->arrivals.mean;
	return (uint64_t)(mean + BOUND_DEVIATIONS * sqrt(mean)) + BOUND_EXTRA;
}

/* Of the children from first on, which is one at least. Which of four is the earliest is a coin's throw: without a branch. */
static uint64_t earliest(const struct lifetimes *lifetimes, uint64_t first)
{
	const struct due *heap = lifetimes->heap;
	if (__builtin_expect(first + HEAP_WAYS <= lifetimes->count, 1)) {
		uint64_t left = first + (heap[first + 1].key < heap[first].key);
		uint64_t right = first + 2 + (heap[first + 3].key < heap[first + 2].key);
		return left + ((right - left) & -(uint64_t)(heap[right].key < heap[left].key));
	}
	uint64_t best = first;
	for (uint64_t child = first + 1; child < lifetimes->count; child++)
		if (heap[child].key < heap[best].key)
			best = child;
	return best;
}

static void sink(struct lifetimes *lifetimes, uint32_t at, struct due due)
{
	for (;;) {
		uint64_t first = (uint64_t)at * HEAP_WAYS + 1;
		if (first >= lifetimes->count)
			break;
		/* The next level, whichever child it will be: without this a pop waits for memory at every level. The
		 * children's children lie in a row; beyond the end it is a hint for nothing. */
		uintptr_t row = (uintptr_t)lifetimes->heap + (first * HEAP_WAYS + 1) * sizeof lifetimes->heap[0];
		for (unsigned group = 0; group < HEAP_WAYS; group++)
			__builtin_prefetch((const void *)(row + group * HEAP_WAYS * sizeof lifetimes->heap[0]));
		uint64_t best = earliest(lifetimes, first);
		if (lifetimes->heap[best].key >= due.key)
			break;
		lifetimes->heap[at] = lifetimes->heap[best];
		at = (uint32_t)best;
	}
	lifetimes->heap[at] = due;
}

static void push(struct lifetimes *lifetimes, uint64_t time, uint32_t slot)
{
	uint64_t turn = lifetimes->turn++ & ((UINT64_C(1) << LIFETIMES_TURN_BITS) - 1);
	struct due due = {time << LIFETIMES_TURN_BITS | turn, slot};
	uint32_t at = lifetimes->count++;
	while (at && lifetimes->heap[(at - 1) / HEAP_WAYS].key > due.key) {
		lifetimes->heap[at] = lifetimes->heap[(at - 1) / HEAP_WAYS];
		at = (at - 1) / HEAP_WAYS;
	}
	lifetimes->heap[at] = due;
}

static uint32_t pop(struct lifetimes *lifetimes)
{
	uint32_t slot = lifetimes->heap[0].slot;
	struct due last = lifetimes->heap[--lifetimes->count];
	if (lifetimes->count)
		sink(lifetimes, 0, last);
	return slot;
}

/* What lives already is somewhere in its life: what is left of it is a uniform part of a lifetime weighed by its length. */
void lifetimes_begin(struct op_stream *stream, const struct workload_phase *phase, uint64_t seed)
{
	struct lifetimes *lifetimes = stream->lifetimes;
	rng_seed(&lifetimes->draws, seed);
	lifetimes->count = 0;
	lifetimes->turn = 0;
	lifetimes->live_max = stream->mix_live + lifetimes_bound(stream, phase);
	for (uint32_t i = 0; i < stream->mix_live; i++) {
		uint32_t slot = mix_slot(stream, i);
		const struct distribution *rest = &lifetimes->rest[lifetimes->request_of[slot]];
		if (!rest->ranges)
			continue;
		rng_wide length = distribution_draw(rest, &lifetimes->draws);
		uint64_t time = (uint64_t)(length * rng_next(&lifetimes->draws) >> 64);
		push(lifetimes, time, slot);
	}
	lifetimes->arrival = distribution_draw(&lifetimes->arrivals, &lifetimes->draws);
}

/* During the phase order tells the empty slots alone; who lives is known to the heap. Where ages are known they tell the
 * order: in which slots extents lie depends on how many there are, and later victims must not. */
static void tell_live(struct op_stream *stream)
{
	uint32_t live = 0;
	for (uint32_t slot = 0; slot < stream->mix_capacity; slot++)
		if (stream->pages[stream->mix_first + slot])
			stream->order[live++] = slot;
	if (stream->stamps)
		mix_order(stream, true);
}

static void arrive(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	struct lifetimes *lifetimes = stream->lifetimes;
	uint32_t request = mix_draw_request(stream, phase);
	uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
	uint32_t slot = mix_alloc(stream, writer, request, pages);
	uint64_t life = distribution_draw(&lifetimes->whole[request], &lifetimes->draws);
	push(lifetimes, lifetimes->arrival + life, slot);
	lifetimes->arrival += distribution_draw(&lifetimes->arrivals, &lifetimes->draws);
	stream->done += phase->until == WORKLOAD_UNTIL_OPS ? 1 : pages;
}

bool lifetimes_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	struct lifetimes *lifetimes = stream->lifetimes;
	while (stream->done < stream->target) {
		if (writer_full(writer))
			return false;
		bool due = lifetimes->count && lifetimes->heap[0].key >> LIFETIMES_TURN_BITS <= lifetimes->arrival;
		if (due || (stream->mix_live >= lifetimes->live_max && lifetimes->count)) {
			uint32_t slot = pop(lifetimes);
			stream->order[--stream->mix_live] = slot;
			mix_release(stream, phase, writer, slot);
			stream->done += phase->until == WORKLOAD_UNTIL_OPS;
		} else {
			arrive(stream, phase, writer);
		}
	}
	tell_live(stream);
	return true;
}
