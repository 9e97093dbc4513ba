/* SPDX-License-Identifier: MIT
 * A model of what an IOMMU keeps of translations: a set-associative IOTLB and two paging-structure caches, each replaced by
 * least recent use. Page tables have four levels of 512 entries, so that a leaf maps 2^0, 2^9 or 2^18 pages (4 KiB, 2 MiB and
 * 1 GiB for pages of 4 KiB). Nothing here knows an allocator: who maps, touches and invalidates says so. */
#ifndef MEASURE_IOTLB_H
#define MEASURE_IOTLB_H

#include <stdint.h>

#define IOTLB_ENTRIES_MAX 65536u
#define IOTLB_WAYS_MAX 1024u
#define IOTLB_WALK_MAX 256u
#define IOTLB_DOMAINS_MAX 256u
#define IOTLB_PAGES_MAX (UINT64_C(1) << 52)

struct iotlb_shape {
	uint32_t entries; /* 1 to IOTLB_ENTRIES_MAX */
	uint32_t ways;    /* 1 to IOTLB_WAYS_MAX; entries / ways is a power of two, without a remainder */
	uint32_t walk_l2; /* cached entries that lead to leaf tables, of 2^9 pages each; 0 to IOTLB_WALK_MAX */
	uint32_t walk_l3; /* cached entries that lead to tables of 2^18 pages each; likewise */
};

/* Pages that one leaf entry maps, as a power of two. */
enum iotlb_leaf { IOTLB_LEAF_PAGE = 0, IOTLB_LEAF_LARGE = 9, IOTLB_LEAF_HUGE = 18 };

struct iotlb;

/* NULL: no memory. */
struct iotlb *iotlb_create(const struct iotlb_shape *shape);
void iotlb_destroy(struct iotlb *iotlb);

/* The device reads or writes a page, below IOTLB_PAGES_MAX, of a domain, below IOTLB_DOMAINS_MAX. Returns how many entries of
 * page tables the walk reads from memory: 0 when the IOTLB holds the leaf, else 1 to 4: one for each level down to the leaf,
 * less those above the lowest cached one. O(ways + walk_l2 + walk_l3). */
unsigned iotlb_touch(struct iotlb *iotlb, uint32_t domain, uint64_t page, enum iotlb_leaf leaf);

/* Nothing maps [first, end) any more: its leaves leave the IOTLB. [free_first, free_end): the run around it in which nothing
 * is mapped; tables of which no more is left leave the paging-structure caches. O(min(pages, sets) * ways). */
void iotlb_invalidate(struct iotlb *iotlb, uint32_t domain, uint64_t first, uint64_t end, uint64_t free_first,
		      uint64_t free_end);
/* All of a domain. O(entries). */
void iotlb_invalidate_domain(struct iotlb *iotlb, uint32_t domain);

#endif
