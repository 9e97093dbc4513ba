/* SPDX-License-Identifier: MIT */
#include "allocator/magazine/drain.h"

#include <assert.h>
#include <string.h>

uint64_t empty_hand(struct magazines *self, struct hand *hand, uint32_t cpu, struct iova_steps *steps)
{
	assert(hand->magazine ? hand->count <= self->rounds : !hand->count);
	uint64_t pages = hand->count ? below_free(self, hand->magazine->extents, hand->count, cpu, steps) : 0;
	hand->count = 0;
	return pages;
}

/* From place to place, around all but the last ones, which is where extents come in; those fill the places. */
uint64_t relieve_hand(struct magazines *self, struct hand *hand, uint32_t cpu, struct iova_steps *steps)
{
	struct magazine *magazine = hand->magazine;
	if (!hand->count)
		return 0;
	uint32_t rounds = self->rounds, end = rounds > MAGAZINE_PORTION ? rounds - MAGAZINE_PORTION : rounds;
	uint32_t at = magazine->given, left = end - at, count = left < MAGAZINE_PORTION ? left : MAGAZINE_PORTION;
	assert(hand->count == rounds && at < end);
	uint64_t pages = below_free(self, &magazine->extents[at], count, cpu, steps);
	hand->count -= count;
	if (end < rounds)
		memcpy(&magazine->extents[at], &magazine->extents[hand->count], count * sizeof magazine->extents[0]);
	magazine->given = count < left ? at + count : 0;
	return pages;
}

uint64_t empty_shelf(struct magazines *self, unsigned size_class, uint64_t keep, uint64_t most, uint32_t cpu,
		     struct iova_steps *steps)
{
	for (uint64_t done = 0;; done++) {
		acquire(self, self->depot_lock);
		struct magazine *full = done < most && self->depot.shelves[size_class].count > keep
						? depot_take_full(&self->depot, size_class)
						: NULL;
		release(self, self->depot_lock);
		if (!full)
			return done;
		uint64_t pages = below_free(self, full->extents, self->rounds, cpu, steps);
		acquire(self, self->depot_lock);
		depot_put_empty(&self->depot, full);
		self->released_pages += pages;
		release(self, self->depot_lock);
	}
}

/* Where giving back goes on: the depot's magazines of a class, then what each CPU holds of it, then the class of shorter
 * extents. */
struct drain_at {
	uint64_t classes; /* that are left, with the one at hand */
	uint64_t cpu;
};

/* The highest set bit below `below`, plus one; 0: there is none. */
static uint64_t bits_below(const uint64_t *words, uint64_t below)
{
	for (uint64_t word = words_of(below); word-- > 0;) {
		uint64_t bits = __atomic_load_n(&words[word], __ATOMIC_RELAXED);
		if (below - word * 64 < 64)
			bits &= (UINT64_C(1) << (below - word * 64)) - 1;
		if (bits)
			return word * 64 + bits_log2_floor(bits) + 1;
	}
	return 0;
}

/* The lowest set bit from `from`; count: there is none. */
static uint64_t bit_from(const uint64_t *words, uint64_t from, uint64_t count)
{
	for (uint64_t word = from / 64; word < words_of(count); word++) {
		uint64_t bits = __atomic_load_n(&words[word], __ATOMIC_RELAXED);
		if (word == from / 64)
			bits &= ~UINT64_C(0) << from % 64;
		if (bits)
			return word * 64 + (uint64_t)__builtin_ctzll(bits);
	}
	return count;
}

/* What a CPU holds of a class. Returns whether it held anything. */
static bool empty_pair(struct magazines *self, uint32_t holder, unsigned size_class, uint32_t cpu, struct iova_steps *steps)
{
	struct pair *pair = &cpu_of(self, holder)->pairs[size_class];
	bool held = pair->loaded.count || pair->previous.count;
	uint64_t pages = empty_hand(self, &pair->loaded, cpu, steps);
	pages += empty_hand(self, &pair->previous, cpu, steps);
	bit_clear(cpus_of_class(self, size_class), holder);
	pair->loaded.room = 0;
	acquire(self, self->depot_lock);
	self->released_pages += pages;
	release(self, self->depot_lock);
	return held;
}

/* Every gate is closed. Gives back so many pieces, a magazine of the depot or what one CPU holds of a class. Returns whether
 * there was one. */
static bool give_back(struct magazines *self, struct drain_at *at, uint64_t pieces, uint32_t cpu, struct iova_steps *steps)
{
	uint64_t left = pieces;
	while (left) {
		uint64_t classes = bits_below(self->cached_classes, at->classes);
		if (!classes)
			break;
		unsigned size_class = (unsigned)classes - 1;
		if (classes != at->classes)
			*at = (struct drain_at){classes, 0};
		left -= empty_shelf(self, size_class, 0, left, cpu, steps);
		if (!left)
			break;
		at->cpu = bit_from(cpus_of_class(self, size_class), at->cpu, self->cpu_count);
		if (at->cpu < self->cpu_count)
			left -= empty_pair(self, (uint32_t)at->cpu, size_class, cpu, steps);
		else
			bit_clear(self->cached_classes, size_class);
	}
	return left != pieces;
}

bool drains_as_linux(const struct magazines *self)
{
	return self->key == KEY_ORDER && self->drain == DRAIN_ALL;
}

/* All that is cached, in Linux's order, which decides where its search begins then: each CPU's, shorter ones first, then the
 * depot's, those that came first at first. Returns whether there was anything. */
static bool give_back_all(struct magazines *self, uint32_t cpu, struct iova_steps *steps)
{
	bool any = false;
	for (uint32_t holder = 0; holder < self->cpu_count; holder++)
		for (unsigned size_class = 0; size_class < self->classes; size_class++)
			if (bit_is_set(cpus_of_class(self, size_class), holder))
				any |= empty_pair(self, holder, size_class, cpu, steps);
	for (unsigned size_class = 0; size_class < self->classes; size_class++) {
		acquire(self, self->depot_lock);
		depot_reverse(&self->depot, size_class);
		release(self, self->depot_lock);
		any |= empty_shelf(self, size_class, 0, UINT64_MAX, cpu, steps) > 0;
		bit_clear(self->cached_classes, size_class);
	}
	return any;
}

static void gates_close(struct magazines *self)
{
	acquire(self, self->drain_lock);
	for (uint32_t i = 0; i < self->cpu_count; i++)
		gate_close(&cpu_of(self, i)->gate);
	if (!self->fenced)
		gate_barrier();
	for (uint32_t i = 0; i < self->cpu_count; i++)
		gate_wait(&cpu_of(self, i)->gate);
}

static void gates_open(struct magazines *self)
{
	for (uint32_t i = 0; i < self->cpu_count; i++)
		gate_open(&cpu_of(self, i)->gate);
	release(self, self->drain_lock);
}

void magazines_drain(struct magazines *self, uint32_t cpu)
{
	assert(cpu < self->cpu_count);
	struct drain_at at = {self->classes, 0};
	gates_close(self);
	if (drains_as_linux(self))
		give_back_all(self, cpu, NULL);
	else
		give_back(self, &at, UINT64_MAX, cpu, NULL);
	gates_open(self);
}

void magazines_leave(struct magazines *self, uint32_t cpu)
{
	assert(cpu < self->cpu_count);
	gates_close(self);
	for (unsigned size_class = 0; size_class < self->classes; size_class++)
		if (bit_is_set(cpus_of_class(self, size_class), cpu))
			empty_pair(self, cpu, size_class, cpu, NULL);
	gates_open(self);
}

enum iova_status ask_below(const struct magazines *self, const struct iova_request *request, uint32_t cpu,
			   struct iova_extent *extent, struct iova_steps *steps)
{
	if (self->key == KEY_ORDER && request->count <= self->largest && !bits_is_power_of_two(request->count)) {
		struct iova_request rounded = *request;
		rounded.count = bits_power_of_two_ceil(request->count);
		return below_alloc(self, &rounded, cpu, extent, steps);
	}
	return below_alloc(self, request, cpu, extent, steps);
}

enum iova_status drain_for(struct magazines *self, const struct iova_request *request, uint32_t cpu,
			   struct iova_extent *extent, struct iova_steps *steps)
{
	enum iova_status status = IOVA_NO_SPACE;
	struct drain_at at = {self->classes, 0};
	uint64_t pieces = self->drain == DRAIN_ALL ? UINT64_MAX : 1;
	if (!bits_below(self->cached_classes, self->classes))
		return status;
	gates_close(self);
	if (drains_as_linux(self) && give_back_all(self, cpu, steps))
		status = ask_below(self, request, cpu, extent, steps);
	for (; status == IOVA_NO_SPACE && give_back(self, &at, pieces, cpu, steps); pieces *= 2)
		status = ask_below(self, request, cpu, extent, steps);
	gates_open(self);
	return status;
}
