/* SPDX-License-Identifier: MIT
 * What the files of the magazine layer share: its structures, and the way to the layer below. */
#ifndef ALLOCATOR_MAGAZINE_STATE_H
#define ALLOCATOR_MAGAZINE_STATE_H

#include "allocator/magazine/depot.h"
#include "allocator/magazine/gate.h"
#include "base/bits.h"

#include <assert.h>

enum key { KEY_SIZE, KEY_ORDER };

/* Largest value of the option max. */
#define CACHED_PAGES_MAX 1024u
/* Extents that one free gives back where there is no room for its own. */
#define MAGAZINE_PORTION 8u
enum drain { DRAIN_LARGEST, DRAIN_ALL };

/* A magazine in the hands of a CPU. */
struct hand {
	struct magazine *magazine; /* NULL: none yet */
	uint32_t count;
	uint32_t room; /* 0 without a magazine or, of the loaded hand, after a drain; else its rounds */
};

/* What one CPU has of one class. */
struct pair {
	struct hand loaded;
	struct hand previous; /* full, empty or none */
};

/* Begins a cache line, and its pairs follow. Private to the CPU inside its gate. */
struct cpu {
	struct magazine_gate gate;
	uint64_t cached_pages; /* put into magazines less taken out, by this CPU; the sum over all CPUs is what counts */
	struct pair pairs[];
};

/* Locks are taken in this order. */
struct magazines {
	unsigned char *cpus;
	size_t cpu_bytes;
	uint64_t largest; /* pages of the largest request that is cached */
	enum key key;
	enum drain drain;
	bool below_is_concurrent;
	bool fenced;
	uint32_t cpu_count;
	uint32_t rounds;
	unsigned classes;
	uint64_t shelf_max; /* full magazines of a class; 0: any number */
	struct iova_below below;
	const struct iova_host *host;
	void *drain_lock; /* who holds it may close gates */
	void *depot_lock; /* the depot and what follows it */
	struct magazine_depot depot;
	/* Where a drain looks, so that its cost follows what is cached and not CPUs times classes. A bit for each class of
	 * which the depot or a CPU may hold extents, and for each class a bit for each CPU that may. A pair whose bit is clear
	 * is empty and its loaded hand has no room, so that what fills it comes by the slow path, which sets the bits; only a
	 * drain clears them. */
	uint64_t *cached_classes;
	uint64_t *cached_cpus; /* cpu_words for each class */
	size_t cpu_words;
	uint64_t released_pages; /* that were taken out by no CPU */
	uint64_t trim_ns;        /* when depots were looked at last */
	bool trim_began;
	void *below_lock; /* the layer below and the host's memory */
	/* By pages: the class that serves a request, and the class that an extent belongs to. An extent is as long as any
	 * request of its class. */
	uint16_t request_class[CACHED_PAGES_MAX + 1];
	uint16_t extent_class[CACHED_PAGES_MAX + 1];
};

static inline struct cpu *cpu_of(const struct magazines *self, uint32_t cpu)
{
	assert(cpu < self->cpu_count);
	return (struct cpu *)(void *)(self->cpus + cpu * self->cpu_bytes);
}

static inline size_t words_of(uint64_t bits)
{
	return (bits + 63) / 64;
}

static inline bool bit_is_set(const uint64_t *words, uint64_t bit)
{
	return __atomic_load_n(&words[bit / 64], __ATOMIC_RELAXED) >> bit % 64 & 1;
}

/* A word holds bits of many CPUs. */
static inline void bit_set(uint64_t *words, uint64_t bit)
{
	if (!bit_is_set(words, bit))
		__atomic_fetch_or(&words[bit / 64], UINT64_C(1) << bit % 64, __ATOMIC_RELAXED);
}

static inline void bit_clear(uint64_t *words, uint64_t bit)
{
	__atomic_fetch_and(&words[bit / 64], ~(UINT64_C(1) << bit % 64), __ATOMIC_RELAXED);
}

static inline uint64_t *cpus_of_class(const struct magazines *self, unsigned size_class)
{
	assert(size_class < self->classes);
	return self->cached_cpus + size_class * self->cpu_words;
}

/* From inside the CPU's gate, before its pair of the class gets an extent. */
static inline void wake(const struct magazines *self, struct pair *pair, uint32_t cpu, unsigned size_class)
{
	bit_set(cpus_of_class(self, size_class), cpu);
	bit_set(self->cached_classes, size_class);
	if (pair->loaded.magazine)
		pair->loaded.room = self->rounds;
}

static inline void acquire(const struct magazines *self, void *lock)
{
	self->host->lock_acquire(self->host->context, lock);
}

static inline void release(const struct magazines *self, void *lock)
{
	self->host->lock_release(self->host->context, lock);
}

static inline void below_acquire(const struct magazines *self)
{
	if (!self->below_is_concurrent)
		acquire(self, self->below_lock);
}

static inline void below_release(const struct magazines *self)
{
	if (!self->below_is_concurrent)
		release(self, self->below_lock);
}

static inline enum iova_status below_alloc(const struct magazines *self, const struct iova_request *request, uint32_t cpu,
					   struct iova_extent *extent, struct iova_steps *steps)
{
	const struct iova_allocator *table = self->below.table;
	below_acquire(self);
	enum iova_status status = steps && table->alloc_counted
					  ? table->alloc_counted(self->below.self, request, cpu, extent, steps)
					  : table->alloc(self->below.self, request, cpu, extent);
	below_release(self);
	if (steps)
		steps->backend_trips++;
	return status;
}

/* Returns the pages. */
static inline uint64_t below_free(const struct magazines *self, const struct iova_extent *extents, uint64_t count,
				  uint32_t cpu, struct iova_steps *steps)
{
	const struct iova_allocator *table = self->below.table;
	uint64_t pages = 0;
	below_acquire(self);
	for (uint64_t i = 0; i < count; i++) {
		if (steps && table->free_counted)
			table->free_counted(self->below.self, &extents[i], cpu, steps);
		else
			table->free(self->below.self, &extents[i], cpu);
		pages += extents[i].count;
	}
	below_release(self);
	if (steps)
		steps->backend_trips += count;
	return pages;
}

#endif
