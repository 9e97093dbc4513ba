/* SPDX-License-Identifier: MIT
 * Magazines that no CPU holds: the full ones of every class, and the empty ones. The caller serialises. */
#ifndef ALLOCATOR_MAGAZINE_DEPOT_H
#define ALLOCATOR_MAGAZINE_DEPOT_H

#include "base/bits.h"
#include "iovabench/allocator.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for `rounds` extents. Who holds it knows how many it has. */
struct magazine {
	struct magazine *next; /* in the depot */
	uint32_t given;        /* an index: where giving back in portions goes on */
	struct iova_extent extents[];
};

/* The full magazines of one class, most recent first. */
struct magazine_shelf {
	struct magazine *full; /* may be read, not followed, by anybody */
	uint64_t count;
};

/* Magazines come from the host in chunks, each as large as all before it. */
struct magazine_chunk {
	struct magazine_chunk *next;
	size_t bytes;
};

struct magazine_depot {
	struct magazine *empty;
	struct magazine_shelf *shelves; /* one for each class */
	struct magazine_chunk *chunks;
	unsigned char *fresh; /* in the newest chunk: magazines that were never used */
	uint64_t fresh_count;
	uint64_t total;
	size_t magazine_bytes;
	const struct iova_host *host;
};

static inline size_t magazine_bytes(uint64_t rounds)
{
	return bits_align_up(sizeof(struct magazine) + rounds * sizeof(struct iova_extent), 64);
}

/* Makes room for more magazines; false without memory. */
bool depot_grow(struct magazine_depot *depot);

/* NULL: there is none without more memory. */
static inline struct magazine *depot_take_empty(struct magazine_depot *depot)
{
	struct magazine *magazine = depot->empty;
	if (magazine) {
		depot->empty = magazine->next;
		return magazine;
	}
	if (!depot->fresh_count)
		return NULL;
	magazine = (void *)depot->fresh;
	depot->fresh += depot->magazine_bytes;
	depot->fresh_count--;
	return magazine;
}

static inline void depot_put_empty(struct magazine_depot *depot, struct magazine *magazine)
{
	assert(magazine);
	magazine->next = depot->empty;
	depot->empty = magazine;
}

static inline struct magazine *depot_take_full(struct magazine_depot *depot, unsigned size_class)
{
	assert(!depot->shelves[size_class].full == !depot->shelves[size_class].count);
	struct magazine_shelf *shelf = &depot->shelves[size_class];
	struct magazine *magazine = shelf->full;
	if (magazine) {
		__atomic_store_n(&shelf->full, magazine->next, __ATOMIC_RELAXED);
		shelf->count--;
	}
	return magazine;
}

static inline void depot_put_full(struct magazine_depot *depot, unsigned size_class, struct magazine *magazine)
{
	assert(magazine);
	struct magazine_shelf *shelf = &depot->shelves[size_class];
	magazine->next = shelf->full;
	__atomic_store_n(&shelf->full, magazine, __ATOMIC_RELAXED);
	shelf->count++;
}

/* Those that came first are the first then. */
static inline void depot_reverse(struct magazine_depot *depot, unsigned size_class)
{
	struct magazine *reversed = NULL;
	for (struct magazine *magazine = depot->shelves[size_class].full, *next; magazine; magazine = next) {
		next = magazine->next;
		magazine->next = reversed;
		reversed = magazine;
	}
	__atomic_store_n(&depot->shelves[size_class].full, reversed, __ATOMIC_RELAXED);
}

void depot_release(struct magazine_depot *depot);

#endif
