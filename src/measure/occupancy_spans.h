/* SPDX-License-Identifier: MIT
 * What occupancy.c keeps, for occupancy_walk.c, which reads it. Live pages are spans of 2 MiB regions: a span of regions that
 * are wholly live, however long it is, or one region with a bitmap. Nothing else is kept of them, so that memory and work
 * follow the number of extents and not their sizes. Which regions were ever live is three sets of spans, one for each size. */
#ifndef MEASURE_OCCUPANCY_SPANS_H
#define MEASURE_OCCUPANCY_SPANS_H

#include "measure/occupancy.h"
#include "measure/span_tree.h"

#include <assert.h>
#include <stddef.h>

#define LEAF_SHIFT 9u /* 2 MiB: what a leaf page table maps */
#define GIB_SHIFT 18u
#define TOP_SHIFT 27u /* 512 GiB */
#define LEAF_PAGES (1u << LEAF_SHIFT)
#define LEAF_WORDS (LEAF_PAGES / 64)

enum { OCCUPANCY_LEAF, OCCUPANCY_GIB, OCCUPANCY_TOP, OCCUPANCY_SIZES };

struct bitmap {
	uint64_t live[LEAF_WORDS]; /* unused: the first one is 1 + the index of the next unused bitmap */
};

struct reserved_range {
	uint64_t first;
	uint64_t end;
	uint64_t before; /* pages of all ranges below */
};

struct occupancy {
	uint64_t first;
	uint64_t end;
	/* Regions; weight: live pages, never 0; value: 1 + index of the bitmap of a single region, or 0: all its pages are
	 * live. */
	struct span_tree live;
	struct span_tree touched[OCCUPANCY_SIZES];
	struct bitmap *bitmaps;
	size_t bitmap_capacity, bitmaps_left;
	uint64_t bitmaps_unused;         /* 1 + index of the first unused one; 0: none */
	struct reserved_range *reserved; /* ascending, disjoint */
	size_t reserved_count;
	size_t reserved_capacity;
	uint64_t slots_2mib; /* in the space, without those that have a reserved page */
	uint64_t slots_1gib;
	uint64_t used_2mib_slots; /* of those, with a live page */
	uint64_t used_1gib_slots;
	struct occupancy_counters counters;
};

/* Bits [from, to) of word number i of a bitmap. */
static inline uint64_t occupancy_word_mask(unsigned i, unsigned from, unsigned to)
{
	unsigned base = 64 * i;
	uint64_t mask = UINT64_MAX;
	if (from > base)
		mask = from < base + 64 ? mask << (from - base) : 0;
	if (to < base + 64)
		mask &= to > base ? ~(UINT64_MAX << (to - base)) : 0;
	return mask;
}

static inline unsigned occupancy_bits_set(const struct bitmap *bitmap, unsigned from, unsigned to)
{
	assert(from <= to && to <= LEAF_PAGES);
	unsigned set = 0;
	for (unsigned i = from / 64; i < LEAF_WORDS && 64 * i < to; i++)
		set += (unsigned)__builtin_popcountll(bitmap->live[i] & occupancy_word_mask(i, from, to));
	return set;
}

/* Pages [from, to) of one region. */
struct part {
	uint64_t region;
	unsigned from, to;
};

static inline struct part part_of(uint64_t region, uint64_t first, uint64_t end)
{
	assert(first < end && end > region << LEAF_SHIFT);
	uint64_t base = region << LEAF_SHIFT;
	return (struct part){region, first > base ? (unsigned)(first - base) : 0,
			     end - base < LEAF_PAGES ? (unsigned)(end - base) : LEAF_PAGES};
}

static inline bool covers(const struct span *span, uint64_t region)
{
	return span && span->first + span->count > region;
}

static inline struct bitmap *bitmap_of(const struct occupancy *occupancy, const struct span *span)
{
	assert(span->value <= occupancy->bitmap_capacity);
	return span->value ? &occupancy->bitmaps[span->value - 1] : NULL;
}

/* Live pages of a part, and the span that its region lies in; NULL: it has no live page at all. */
unsigned occupancy_live_of(const struct occupancy *occupancy, const struct part *part, struct span **span,
			   struct span_position *position);
/* Of [first, end), first < end. */
uint64_t occupancy_live_between(const struct occupancy *occupancy, uint64_t first, uint64_t end);

/* [first, first + count) is not empty and lies in the space. */
bool occupancy_inside(const struct occupancy *occupancy, uint64_t first, uint64_t count);
/* Some page of [first, end) is reserved. */
bool occupancy_meets_reserved(const struct occupancy *occupancy, uint64_t first, uint64_t end);

/* Aligned regions of 2^shift pages that lie inside the space and have no reserved page. */
uint64_t occupancy_slots(const struct occupancy *occupancy, unsigned shift);
/* Of the regions low to high, of which all but these two are wholly live or wholly free, how many are such slots. */
uint64_t occupancy_slots_of(const struct occupancy *occupancy, uint64_t low, uint64_t high, unsigned shift);

#endif
