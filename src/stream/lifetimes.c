/* SPDX-License-Identifier: MIT
 * Churns in which every extent has its time: arrivals of a Poisson process, one in two operations, so that as many
 * operations pass as ticks say in the long run. The live count is that of the queue M/G/infinity: its mean and its variance
 * are half the mean lifetime (Little). */
#include "stream/generator.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>

#define ARRIVAL_OPS 2u
#define HEAP_WAYS 4u
/* Deviations above the mean for which there are slots: a Poisson variable passes them with a probability below 10^-15. */
#define BOUND_DEVIATIONS 10.0
#define BOUND_EXTRA 64u
/* Times are below 2^40 operations of 2^8 ticks, and a lifetime. */
#define TURN_BITS 14u
/* Where the seeds of lifetimes begin in the sequence; phases are fewer. */
#define SEED_FIRST (UINT64_C(1) << 32)

/* When extents of mixes are due. Times are ticks since the phase began. */
struct lifetimes {
	/* By request: of a new extent, and weighed by length, of one that lives already. */
	struct distribution *whole, *rest;
	size_t request_count;
	struct distribution arrivals;
	struct due {
		/* time << TURN_BITS, and in the low bits whose turn it is among those of one tick */
		uint64_t key;
		uint32_t slot; /* of mixes */
	} * heap;              /* 4-ary, the earliest first */
	uint32_t count;
	uint64_t turn;     /* of what is pushed next */
	uint64_t arrival;  /* of the next allocation */
	uint64_t live_max; /* with so many live the earliest one makes room; about ten deviations above the mean */
	struct rng draws;
};

/* Of a phase. */
struct ageing {
	struct choice choice;
	uint64_t done, target;
};

static int lifetimes_make(struct op_stream *stream)
{
	const struct workload *workload = stream->workload;
	struct lifetimes *lifetimes = stream->mixes.lifetimes = memory_zeroed(1, sizeof *lifetimes);
	if (!lifetimes)
		return -1;
	lifetimes->request_count = workload->request_count;
	lifetimes->whole = memory_zeroed(workload->request_count, sizeof *lifetimes->whole);
	lifetimes->rest = memory_zeroed(workload->request_count, sizeof *lifetimes->rest);
	stream->mixes.request_of = memory_zeroed(0, sizeof *stream->mixes.request_of);
	lifetimes->heap = memory_zeroed(0, sizeof *lifetimes->heap);
	if (!lifetimes->whole || !lifetimes->rest || !stream->mixes.request_of || !lifetimes->heap)
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
	struct due *heap = memory_resize(lifetimes->heap, capacity, sizeof *heap);
	if (!heap)
		return -1;
	lifetimes->heap = heap;
	return 0;
}

void lifetimes_close(struct lifetimes *lifetimes)
{
	if (!lifetimes)
		return;
	for (size_t i = 0; i < lifetimes->request_count; i++) {
		if (lifetimes->whole)
			distribution_release(&lifetimes->whole[i]);
		if (lifetimes->rest)
			distribution_release(&lifetimes->rest[i]);
	}
	distribution_release(&lifetimes->arrivals);
	memory_release(lifetimes->whole);
	memory_release(lifetimes->rest);
	memory_release(lifetimes->heap);
	memory_release(lifetimes);
}

/* Extents that such a phase may add to those that live when it begins. */
static uint64_t live_more(const struct lifetimes *lifetimes, const struct workload_phase *phase)
{
	double sum = 0, weights = 0;
	for (size_t i = 0; i < phase->mix_count; i++) {
		sum += (double)phase->mix[i].weight * lifetimes->whole[phase->mix[i].request].mean;
		weights += (double)phase->mix[i].weight;
	}
	double mean = sum / weights / lifetimes->arrivals.mean;
	return (uint64_t)(mean + BOUND_DEVIATIONS * sqrt(mean)) + BOUND_EXTRA;
}

static int lifetimes_open(struct op_stream *stream, size_t phase, struct error *error)
{
	struct ageing *ageing = stream->bodies[phase].state;
	return choice_of_mix(&ageing->choice, &stream->workload->phases[phase]) ||
			       (!stream->mixes.lifetimes && lifetimes_make(stream))
		       ? stream_no_memory(stream, error)
		       : 0;
}

static void ageing_close(void *state)
{
	struct ageing *ageing = state;
	choice_release(&ageing->choice);
}

static int lifetimes_bound(struct op_stream *stream, size_t index, struct bound *bound, struct error *error)
{
	const struct workload_phase *phase = &stream->workload->phases[index];
	bound_live(bound, phase->burst > 1 ? phase->burst : 1);
	bound->beyond += live_more(stream->mixes.lifetimes, phase);
	return population_ask(stream, phase, true) ? stream_no_memory(stream, error) : 0;
}

/* Of the children from first on, which is one at least. Which of four is the earliest is a coin's throw: without a branch.
 */
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
	uint64_t turn = lifetimes->turn++ & ((UINT64_C(1) << TURN_BITS) - 1);
	struct due due = {time << TURN_BITS | turn, slot};
	uint32_t at = lifetimes->count++;
	while (at && lifetimes->heap[(at - 1) / HEAP_WAYS].key > due.key) {
		lifetimes->heap[at] = lifetimes->heap[(at - 1) / HEAP_WAYS];
		at = (at - 1) / HEAP_WAYS;
	}
	lifetimes->heap[at] = due;
}

static uint32_t pop(struct lifetimes *lifetimes)
{
	assert(lifetimes->count);
	uint32_t slot = lifetimes->heap[0].slot;
	struct due last = lifetimes->heap[--lifetimes->count];
	if (lifetimes->count)
		sink(lifetimes, 0, last);
	return slot;
}

/* What lives already is somewhere in its life: what is left of it is a uniform part of a lifetime weighed by its length. */
static void lifetimes_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct ageing *ageing = state;
	struct population *mixes = &stream->mixes;
	struct lifetimes *lifetimes = mixes->lifetimes;
	uint64_t seed = stream->seed + (SEED_FIRST + stream->phase) * UINT64_C(0x9e3779b97f4a7c15);
	ageing->done = 0;
	ageing->target = stream_target(stream, phase);
	population_order(mixes, false);
	rng_seed(&lifetimes->draws, rng_splitmix(&seed));
	lifetimes->count = 0;
	lifetimes->turn = 0;
	lifetimes->live_max = mixes->live + live_more(lifetimes, phase);
	for (uint32_t i = 0; i < mixes->live; i++) {
		uint32_t slot = population_slot(mixes, i);
		const struct distribution *rest = &lifetimes->rest[mixes->request_of[slot]];
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
	struct population *mixes = &stream->mixes;
	uint32_t live = 0;
	for (uint32_t slot = 0; slot < mixes->capacity; slot++)
		if (stream->pages[mixes->first + slot])
			mixes->order[live++] = slot;
	if (mixes->stamps)
		population_order(mixes, true);
}

static void arrive(struct op_stream *stream, const struct workload_phase *phase, struct ageing *ageing,
		   struct writer *writer)
{
	struct lifetimes *lifetimes = stream->mixes.lifetimes;
	uint32_t request = (uint32_t)phase->mix[choice_draw(&ageing->choice, &stream->draws)].request;
	uint64_t pages = distribution_draw(&stream->sizes[request], &stream->draws);
	uint32_t slot = population_alloc(stream, writer, request, pages);
	uint64_t life = distribution_draw(&lifetimes->whole[request], &lifetimes->draws);
	push(lifetimes, lifetimes->arrival + life, slot);
	lifetimes->arrival += distribution_draw(&lifetimes->arrivals, &lifetimes->draws);
	ageing->done += phase->until == WORKLOAD_UNTIL_OPS ? 1 : pages;
}

static bool lifetimes_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct ageing *ageing = state;
	struct population *mixes = &stream->mixes;
	struct lifetimes *lifetimes = mixes->lifetimes;
	while (ageing->done < ageing->target) {
		if (writer_full(writer))
			return false;
		bool due = lifetimes->count && lifetimes->heap[0].key >> TURN_BITS <= lifetimes->arrival;
		if (due || (mixes->live >= lifetimes->live_max && lifetimes->count)) {
			uint32_t slot = pop(lifetimes);
			mixes->order[--mixes->live] = slot;
			population_give_back(stream, phase, writer, slot);
			ageing->done += phase->until == WORKLOAD_UNTIL_OPS;
		} else {
			arrive(stream, phase, ageing, writer);
		}
	}
	tell_live(stream);
	return true;
}

const struct generator generator_lifetimes = {
	.state_bytes = sizeof(struct ageing),
	.open = lifetimes_open,
	.bound = lifetimes_bound,
	.begin = lifetimes_begin,
	.next = lifetimes_next,
	.close = ageing_close,
};
