/* SPDX-License-Identifier: MIT
 * Asks the layer below, and gives back to it what magazines hold. */
#ifndef ALLOCATOR_MAGAZINE_DRAIN_H
#define ALLOCATOR_MAGAZINE_DRAIN_H

#include "allocator/magazine_state.h"

/* Empties a magazine in the hands of a CPU; returns its pages. */
static inline uint64_t empty_hand(struct magazines *self, struct hand *hand, uint32_t cpu, struct iova_steps *steps)
{
	uint64_t pages = hand->count ? below_free(self, hand->magazine->extents, hand->count, cpu, steps) : 0;
	hand->count = 0;
	return pages;
}

/* Frees at most so many full magazines of a class, down to those it keeps. Returns whether there was one. */
static inline bool empty_shelf(struct magazines *self, unsigned size_class, uint64_t keep, uint64_t most, uint32_t cpu,
			       struct iova_steps *steps)
{
	for (uint64_t done = 0;; done++) {
		acquire(self, self->depot_lock);
		struct magazine *full = done < most && self->depot.shelves[size_class].count > keep
						? depot_take_full(&self->depot, size_class)
						: NULL;
		release(self, self->depot_lock);
		if (!full)
			return done != 0;
		uint64_t pages = below_free(self, full->extents, self->rounds, cpu, steps);
		acquire(self, self->depot_lock);
		depot_put_empty(&self->depot, full);
		self->released_pages += pages;
		release(self, self->depot_lock);
	}
}

/* Every gate is closed. Returns whether there was anything. */
static inline bool empty_class(struct magazines *self, unsigned size_class, uint32_t cpu, struct iova_steps *steps)
{
	uint64_t pages = 0;
	bool shelf = empty_shelf(self, size_class, 0, UINT64_MAX, cpu, steps);
	for (uint32_t i = 0; i < self->cpu_count; i++) {
		struct pair *pair = &cpu_of(self, i)->pairs[size_class];
		pages += empty_hand(self, &pair->loaded, cpu, steps);
		pages += empty_hand(self, &pair->previous, cpu, steps);
	}
	acquire(self, self->depot_lock);
	self->released_pages += pages;
	release(self, self->depot_lock);
	return shelf || pages;
}

static inline void gates_close(struct magazines *self)
{
	acquire(self, self->drain_lock);
	for (uint32_t i = 0; i < self->cpu_count; i++)
		gate_close(&cpu_of(self, i)->gate);
	if (!self->fenced)
		gate_barrier();
	for (uint32_t i = 0; i < self->cpu_count; i++)
		gate_wait(&cpu_of(self, i)->gate);
}

static inline void gates_open(struct magazines *self)
{
	for (uint32_t i = 0; i < self->cpu_count; i++)
		gate_open(&cpu_of(self, i)->gate);
	release(self, self->drain_lock);
}

/* Every magazine is emptied into the layer below. */
static inline void magazines_drain(struct magazines *self, uint32_t cpu)
{
	gates_close(self);
	for (unsigned size_class = self->classes; size_class-- > 0;)
		empty_class(self, size_class, cpu, NULL);
	gates_open(self);
}

/* The rounded request first, so that what it gets can be cached; a run that is only long enough for the exact one is better than
 * none. */
static inline enum iova_status ask_below(const struct magazines *self, const struct iova_request *request, uint32_t cpu,
					 struct iova_extent *extent, struct iova_steps *steps)
{
	if (self->key == KEY_ORDER && request->count <= self->largest && !bits_is_power_of_two(request->count)) {
		struct iova_request rounded = *request;
		rounded.count = bits_power_of_two_ceil(request->count);
		enum iova_status status = below_alloc(self, &rounded, cpu, extent, steps);
		if (status != IOVA_NO_SPACE)
			return status;
	}
	return below_alloc(self, request, cpu, extent, steps);
}

/* Where there is no space all is given back that caches hold; with DRAIN_LARGEST first only the longest extents, which give the
 * most pages for each free. */
static inline enum iova_status drain_for(struct magazines *self, const struct iova_request *request, uint32_t cpu,
					 struct iova_extent *extent, struct iova_steps *steps)
{
	enum iova_status status = IOVA_NO_SPACE;
	bool emptied = false, asked = self->drain == DRAIN_ALL;
	gates_close(self);
	for (unsigned size_class = self->classes; size_class-- > 0 && status == IOVA_NO_SPACE;) {
		emptied |= empty_class(self, size_class, cpu, steps);
		if (!emptied || asked)
			continue;
		status = ask_below(self, request, cpu, extent, steps);
		asked = true;
		emptied = false;
	}
	if (status == IOVA_NO_SPACE && emptied)
		status = ask_below(self, request, cpu, extent, steps);
	gates_open(self);
	return status;
}

#endif
