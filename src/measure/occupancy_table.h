/* SPDX-License-Identifier: MIT
 * What occupancy.c keeps, for occupancy_walk.c, which reads it: a sorted table of the 1 GiB regions that were ever used, each with
 * the state of its 512 regions of 2 MiB. A region that is wholly live or wholly free needs no bitmap, so that huge extents cost a
 * few words per GiB; one that was ever live in part keeps its bitmap for good. */
#ifndef MEASURE_OCCUPANCY_TABLE_H
#define MEASURE_OCCUPANCY_TABLE_H

#include "measure/occupancy.h"

#include <stddef.h>

#define LEAF_SHIFT 9u /* 2 MiB: what a leaf page table maps */
#define GIB_SHIFT 18u
#define TOP_SHIFT 27u /* 512 GiB */
#define LEAF_PAGES (1u << LEAF_SHIFT)
#define LEAF_WORDS (LEAF_PAGES / 64)
#define GIB_LEAVES (1u << (GIB_SHIFT - LEAF_SHIFT))
#define GIB_WORDS (GIB_LEAVES / 64)
#define GIB_PAGES (1u << GIB_SHIFT)

struct leaf {
	uint64_t live[LEAF_WORDS];
	uint32_t live_pages;
};

/* 1 + index into leaves, by the region's place in its GiB; 0 = no bitmap. */
struct leaf_table {
	uint32_t leaf[GIB_LEAVES];
};

struct gib {
	uint64_t touched[GIB_WORDS]; /* regions that were ever live */
	uint64_t full[GIB_WORDS];    /* regions that are wholly live and have no bitmap */
	uint64_t slots[GIB_WORDS];   /* regions that lie inside the space and have no reserved page */
	uint32_t live_pages;
	uint32_t live_regions;
	uint32_t leaf_table; /* 1 + index into leaf_tables; 0 = no region has a bitmap */
	bool slot;           /* the whole GiB lies inside the space and has no reserved page */
};

/* Regions of one size that were ever used: ascending numbers (page >> shift). */
struct region_entry {
	uint64_t number;
	uint64_t value; /* gibs: index into gib; tops: GiB regions with a live page */
};

struct region_table {
	struct region_entry *entries;
	size_t count;
	size_t capacity;
};

struct reserved_range {
	uint64_t first;
	uint64_t end;
};

struct occupancy {
	uint64_t first;
	uint64_t end;
	struct region_table gibs;
	struct region_table tops;
	struct gib *gib;
	size_t gib_capacity;
	struct leaf_table *leaf_tables;
	size_t leaf_table_count;
	size_t leaf_table_capacity;
	struct leaf *leaves;
	size_t leaf_count;
	size_t leaf_capacity;
	struct reserved_range *reserved; /* ascending, disjoint */
	size_t reserved_count;
	size_t reserved_capacity;
	uint64_t slots_2mib; /* in the space, without those that have a reserved page */
	uint64_t slots_1gib;
	uint64_t used_2mib_slots; /* of those, with a live page */
	uint64_t used_1gib_slots;
	struct occupancy_counters counters;
};

/* Index of the bitmap of a region plus 1, or 0. */
static inline uint32_t occupancy_leaf_of(const struct occupancy *occupancy, const struct gib *gib, unsigned region)
{
	return gib->leaf_table ? occupancy->leaf_tables[gib->leaf_table - 1].leaf[region] : 0;
}

static inline bool occupancy_bit(const uint64_t *words, unsigned bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

/* Aligned regions of 2^shift pages that lie inside the space and have no reserved page. */
uint64_t occupancy_slots(const struct occupancy *occupancy, unsigned shift);

/* The region [number << shift, (number + 1) << shift) is such a slot. */
bool occupancy_is_slot(const struct occupancy *occupancy, uint64_t number, unsigned shift);

#endif
