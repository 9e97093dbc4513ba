/* SPDX-License-Identifier: MIT */
#include "stream/population.h"

#include "base/memory.h"
#include "stream/generator.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beyond what fills make. */
#define HOLD_EXTENTS_MAX (UINT32_C(1) << 24)

/* Tables grow with the capacity. */
int population_ask(struct op_stream *stream, const struct workload_phase *phase, bool scatters)
{
	struct population *mixes = &stream->mixes;
	bool ages = phase->victims == WORKLOAD_VICTIMS_FIFO || phase->victims == WORKLOAD_VICTIMS_LIFO;
	bool cpus = phase->free_on == WORKLOAD_FREE_ON_NEXT && stream->workload->cpus > 1;
	mixes->scattered = mixes->scattered || scatters;
	if (ages && !mixes->stamps && !(mixes->stamps = memory_zeroed(0, sizeof *mixes->stamps)))
		return -1;
	if ((ages || scatters) && !mixes->order && !(mixes->order = memory_zeroed(0, sizeof *mixes->order)))
		return -1;
	return cpus && !mixes->cpu_of && !(mixes->cpu_of = memory_zeroed(0, sizeof *mixes->cpu_of)) ? -1 : 0;
}

/* A table that somebody asked for. */
static bool resize(void *table, uint64_t capacity, size_t bytes)
{
	void *old, *resized;
	memcpy(&old, table, sizeof old);
	if (!old)
		return true;
	resized = memory_resize(old, capacity, bytes);
	if (resized)
		memcpy(table, &resized, sizeof resized);
	return resized;
}

int population_reserve(struct op_stream *stream, uint32_t capacity)
{
	struct population *mixes = &stream->mixes;
	if (capacity <= mixes->capacity)
		return 0;
	size_t slots = (size_t)mixes->first + capacity, old = (size_t)mixes->first + mixes->capacity;
	population_order(mixes, false);
	if (!resize(&stream->pages, slots, sizeof *stream->pages) ||
	    !resize(&stream->domain, slots, sizeof *stream->domain) ||
	    !resize(&mixes->stamps, capacity, sizeof *mixes->stamps) ||
	    !resize(&mixes->order, capacity, sizeof *mixes->order) ||
	    !resize(&mixes->cpu_of, capacity, sizeof *mixes->cpu_of) ||
	    !resize(&mixes->request_of, capacity, sizeof *mixes->request_of) ||
	    (mixes->lifetimes && lifetimes_reserve(mixes->lifetimes, capacity)))
		return -1;
	for (uint32_t slot = mixes->capacity; mixes->order && slot < capacity; slot++)
		mixes->order[slot] = slot;
	for (size_t slot = old; slot < slots; slot++) {
		stream->pages[slot] = 0;
		if (stream->domain)
			stream->domain[slot] = 0;
	}
	mixes->capacity = capacity;
	return 0;
}

void population_cut(struct population *mixes, uint32_t capacity)
{
	assert(!mixes->live && !mixes->order_first && capacity <= mixes->capacity);
	mixes->capacity = capacity;
}

void population_rewind(struct op_stream *stream)
{
	stream->mixes.live = 0;
	stream->mixes.clock = 0;
	population_order(&stream->mixes, false);
}

void population_release(struct op_stream *stream)
{
	struct population *mixes = &stream->mixes;
	lifetimes_close(mixes->lifetimes);
	memory_release(mixes->stamps);
	memory_release(mixes->order);
	memory_release(mixes->cpu_of);
	memory_release(mixes->request_of);
}

uint64_t population_share(double ratio, uint64_t pages)
{
	assert(ratio >= 0);
	/* Two roundings lie before: 7 % of 100 pages are 7, not 8. */
	double wanted = ceil(ratio * (double)pages * (1.0 - 0x1.0p-51));
	return wanted < 0x1.0p62 ? (uint64_t)wanted : UINT64_C(1) << 62;
}

uint64_t population_fill_bound(const struct workload *workload)
{
	uint64_t smallest = UINT64_MAX, bound = 1;
	for (size_t i = 0; i < workload->request_count; i++) {
		uint64_t min = workload_request_pages_min(&workload->requests[i]);
		smallest = min < smallest ? min : smallest;
	}
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		if (!phase_fills(phase))
			continue;
		uint64_t live = phase->until == WORKLOAD_UNTIL_LIVE
					? phase->until_value
					: population_share(phase->until_ratio, workload->space.usable) / smallest + 1;
		bound = live > bound ? live : bound;
	}
	return bound < UINT32_MAX ? bound : UINT32_MAX;
}

uint64_t population_hold_bound(const struct workload *workload)
{
	uint64_t smallest = UINT64_MAX, largest = 0, extents = 1;
	rng_wide pages = 0;
	for (size_t i = 0; i < workload->request_count; i++) {
		uint64_t min = workload_request_pages_min(&workload->requests[i]);
		uint64_t max = workload_request_pages_max(&workload->requests[i]);
		smallest = min < smallest ? min : smallest;
		largest = max > largest ? max : largest;
	}
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		if (!phase_fills(phase))
			continue;
		rng_wide level = phase->until == WORKLOAD_UNTIL_LIVE
					 ? (rng_wide)phase->until_value * largest
					 : (rng_wide)population_share(phase->until_ratio, workload->space.usable) + largest;
		pages = level > pages ? level : pages;
		if (phase->until == WORKLOAD_UNTIL_LIVE && phase->until_value > extents)
			extents = phase->until_value;
	}
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
static void straighten(struct population *mixes)
{
	uint32_t ends[3][2] = {{0, mixes->order_first}, {mixes->order_first, mixes->capacity}, {0, mixes->capacity}};
	for (size_t i = 0; mixes->order_first && i < 3; i++)
		for (uint32_t low = ends[i][0], high = ends[i][1]; low + 1 < high; low++) {
			uint32_t kept = mixes->order[low];
			mixes->order[low] = mixes->order[--high];
			mixes->order[high] = kept;
		}
	mixes->order_first = 0;
}

/* Random victims leave ages in no order of slots: they are sorted once, at the start of a phase that asks for them. */
void population_order(struct population *mixes, bool by_age)
{
	assert(mixes->live <= mixes->capacity && (!by_age || mixes->stamps));
	bool sorted = true;
	if (!mixes->order)
		return;
	straighten(mixes);
	if (!mixes->scattered || !mixes->live)
		for (uint32_t i = 0; i < (mixes->scattered ? mixes->capacity : mixes->live); i++)
			mixes->order[i] = i;
	for (uint32_t i = 1; by_age && i < mixes->live; i++)
		sorted = sorted && mixes->stamps[mixes->order[i]] > mixes->stamps[mixes->order[i - 1]];
	if (!sorted)
		qsort_r(mixes->order, mixes->live, sizeof *mixes->order, older, mixes->stamps);
}

uint32_t population_alloc(struct op_stream *stream, struct writer *writer, uint32_t request, uint64_t pages)
{
	assert(stream->mixes.live < stream->mixes.capacity);
	struct population *mixes = &stream->mixes;
	uint32_t slot = population_slot(mixes, mixes->live++), cpu = stream_draw_cpu(stream);
	if (mixes->stamps)
		mixes->stamps[slot] = mixes->clock++;
	if (mixes->cpu_of)
		mixes->cpu_of[slot] = (uint16_t)cpu;
	if (mixes->request_of)
		mixes->request_of[slot] = (uint8_t)request;
	put_context(stream, writer, stream_adapter(stream, request), cpu);
	stream_alloc(stream, writer, mixes->first + slot, request, pages);
	return slot;
}

void population_give_back(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer,
			  uint32_t victim)
{
	assert(victim < stream->mixes.capacity);
	put_victim(stream, phase, writer, victim, stream_draw_cpu(stream));
	stream_forget(stream, stream->mixes.first + victim);
}

uint32_t population_remove(struct population *mixes, uint32_t i, bool oldest)
{
	assert(i < mixes->live && mixes->scattered && (!oldest || i == 0));
	uint32_t slot = population_slot(mixes, i), last = --mixes->live;
	if (oldest) {
		/* The ring is full of slots: the one that leaves the live part at its front follows at its end. */
		mixes->order_first = mixes->order_first + 1 < mixes->capacity ? mixes->order_first + 1 : 0;
	} else {
		uint64_t at = (uint64_t)mixes->order_first + i, end = (uint64_t)mixes->order_first + last;
		mixes->order[at < mixes->capacity ? at : at - mixes->capacity] = population_slot(mixes, last);
		mixes->order[end < mixes->capacity ? end : end - mixes->capacity] = slot;
	}
	return slot;
}

void population_free(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer, uint32_t i)
{
	bool oldest = i == 0 && phase->victims == WORKLOAD_VICTIMS_FIFO;
	population_give_back(stream, phase, writer, population_remove(&stream->mixes, i, oldest));
}
