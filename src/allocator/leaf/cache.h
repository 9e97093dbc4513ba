/* SPDX-License-Identifier: MIT
 * Caches inside leaf: extents that a CPU has freed wait, whole, for its next request of their length. To the rest of leaf they
 * are live: their pages are used. docs/leaf.md tells which extents wait, how many, and why. */
#ifndef ALLOCATOR_LEAF_CACHE_H
#define ALLOCATOR_LEAF_CACHE_H

#include "allocator/leaf/state.h"

/* Extents for which caches that are awake have room, all together: the most that one call gives back. */
#define CACHE_ROOM_MOST 400u

/* Of each length up to CACHE_LENGTH_MOST, and of powers of two above, so many pages, shared by the CPUs. */
#define CACHE_PAGES 64u
#define CACHE_PAGES_LEAST 8u
#define CACHE_LENGTH_MOST 16u

/* Bytes of what a CPU has. */
#define CACHE_CPU_LOG2 11u

/* Extents of one length that one CPU has freed, the last one on top. Asleep: empty, and without room. */
struct leaf_cache {
	uint32_t count;
	uint32_t room;
	uint32_t pages[]; /* the first one of each */
};

struct leaf_caches {
	uint64_t pages;      /* that are cached */
	uint64_t pages_most; /* when there are as many, no more come in */
	uint64_t below;      /* only extents that begin below this page come in */
	uint64_t returned;   /* extents that were given back, for ever */
	uint32_t awake_count;
	uint32_t awake_room;         /* of all that are awake */
	uint32_t turn;               /* of the one that gives something back next, modulo awake_count */
	uint16_t at[LINE_PAGES + 1]; /* by length: bytes from what a CPU has to the cache; 0: one that never wakes */
	struct {
		uint32_t at; /* in of_cpus */
		uint32_t length;
	} awake[CACHE_ROOM_MOST];
	unsigned char of_cpus[] __attribute__((aligned(64)));
};

/* Behind the state, for instances that have caches. */
#define CACHES_AT ((sizeof(struct leaf) + 63) / 64 * 64)
INLINE struct leaf_caches *caches_of(const struct leaf *self)
{
	assert(self->cpus);
	return (void *)((char *)(uintptr_t)self + CACHES_AT);
}

/* count <= LINE_PAGES. */
INLINE struct leaf_cache *cache_of(struct leaf_caches *caches, uint32_t cpu, uint64_t count)
{
	assert(count <= LINE_PAGES);
	return (void *)(caches->of_cpus + ((size_t)cpu << CACHE_CPU_LOG2) + caches->at[count]);
}

INLINE struct leaf_cache *cache_awake(struct leaf_caches *caches, uint32_t number)
{
	assert(number < caches->awake_count);
	return (void *)(caches->of_cpus + caches->awake[number].at);
}

/* Bytes of caches for so many CPUs, or none. */
static inline size_t cache_bytes(uint32_t cpus)
{
	return !cpus ? 0 : sizeof(struct leaf_caches) + ((size_t)cpus << CACHE_CPU_LOG2);
}

extern const struct leaf_calls leaf_calls_cached;

/* These do nothing where there are no caches. */

/* In zeroed memory. */
void cache_make(struct leaf *self);
/* Gives at most so many extents back to the leaves. Returns how many. */
unsigned cache_return(struct leaf *self, unsigned most);
/* All that one CPU has. */
void cache_leave(struct leaf *self, uint32_t cpu);
void cache_visit(const struct leaf *self, iova_visit visit, void *context);

#endif
