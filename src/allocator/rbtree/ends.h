/* SPDX-License-Identifier: MIT
 * Which gap begins or ends at a page. Gaps never touch, so that it is one at most; where an extent is freed, the gap that ends
 * at its first page and the one that begins behind it are its neighbours, found without a search.
 *
 * A hash table with linear probing, at most three quarters full. When it grows the old table stays beside the new one until
 * its entries have moved, GAP_ENDS_PORTION slots at a time.
 *
 * An entry of the table tells its page by its gap. So a gap's first page and length change while neither its old nor its new
 * end is in here: clear, change, set. */
#ifndef ALLOCATOR_RBTREE_ENDS_H
#define ALLOCATOR_RBTREE_ENDS_H

#include "allocator/gap/tree.h"
#include "iovabench/allocator.h"

#define GAP_ENDS_SLOTS_MIN 64u
#define GAP_ENDS_PORTION 64u

struct gap_ends {
	uint32_t *gap_at; /* by slot: gap * 2, + 1 for its end; 0 for none */
	uint64_t entries; /* of gap_at: a power of two */
	unsigned shift;   /* 64 - log2(entries): what a hash is shifted by */
	uint32_t *old;    /* half as many slots, whose entries are moving, or NULL */
	uint64_t moved;   /* of its slots, so many from the first one are empty, and stay so */
};

/* The old table as if it were one by itself. */
GAP_INLINE struct gap_ends gap_ends_old(const struct gap_ends *ends)
{
	return (struct gap_ends){.gap_at = ends->old, .entries = ends->entries / 2, .shift = ends->shift + 1};
}

/* 2^64 / the golden ratio (Knuth, The Art of Computer Programming 3, 6.4): neighbouring pages spread over the table. */
GAP_INLINE uint64_t gap_ends_slot(const struct gap_ends *ends, uint64_t page)
{
	return page * UINT64_C(0x9e3779b97f4a7c15) >> ends->shift;
}

GAP_INLINE uint64_t gap_ends_page(const struct gap *gaps, uint32_t entry)
{
	const struct gap *gap = &gaps[entry >> 1];
	return gap->first + (entry & 1 ? gap->length : 0);
}

/* The slot of page, or the free one where a search for it ends. */
static inline uint64_t gap_ends_probe(const struct gap_ends *ends, const struct gap *gaps, uint64_t page)
{
	uint64_t slot = gap_ends_slot(ends, page);
	while (ends->gap_at[slot] && gap_ends_page(gaps, ends->gap_at[slot]) != page)
		slot = (slot + 1) & (ends->entries - 1);
	return slot;
}

/* Empties a slot and moves up what had been pushed behind it (Knuth, algorithm 6.4 R). */
static inline void gap_ends_empty(const struct gap_ends *ends, const struct gap *gaps, uint64_t hole)
{
	const uint64_t mask = ends->entries - 1;
	for (uint64_t slot = (hole + 1) & mask; ends->gap_at[slot]; slot = (slot + 1) & mask) {
		uint64_t home = gap_ends_slot(ends, gap_ends_page(gaps, ends->gap_at[slot]));
		if (((slot - home) & mask) < ((slot - hole) & mask))
			continue;
		ends->gap_at[hole] = ends->gap_at[slot];
		hole = slot;
	}
	ends->gap_at[hole] = 0;
}

/* The gap that begins or ends at page, or 0. */
GAP_INLINE uint32_t gap_ends_at(const struct gap_ends *ends, const struct gap *gaps, uint64_t page)
{
	uint32_t entry = ends->gap_at[gap_ends_probe(ends, gaps, page)];
	if (!entry && ends->old) {
		const struct gap_ends old = gap_ends_old(ends);
		entry = old.gap_at[gap_ends_probe(&old, gaps, page)];
	}
	return entry >> 1;
}

/* There is none at page any more. */
static inline void gap_ends_clear(const struct gap_ends *ends, const struct gap *gaps, uint64_t page)
{
	uint64_t slot = gap_ends_probe(ends, gaps, page);
	if (!ends->gap_at[slot] && ends->old) {
		const struct gap_ends old = gap_ends_old(ends);
		gap_ends_empty(&old, gaps, gap_ends_probe(&old, gaps, page));
		return;
	}
	gap_ends_empty(ends, gaps, slot);
}

/* gap begins at page, or ends there. There was none before. */
GAP_INLINE void gap_ends_set(struct gap_ends *ends, const struct gap *gaps, uint64_t page, uint32_t gap, bool is_end)
{
	ends->gap_at[gap_ends_probe(ends, gaps, page)] = gap << 1 | is_end;
}

/* An empty one. Returns IOVA_OK or IOVA_NO_MEMORY; release takes a zeroed one, too. */
enum iova_status gap_ends_create(struct gap_ends *ends, const struct iova_host *host);
void gap_ends_release(struct gap_ends *ends, const struct iova_host *host);

/* So many gaps have room. */
GAP_INLINE uint64_t gap_ends_gaps_max(const struct gap_ends *ends)
{
	return ends->entries / 8 * 3;
}

/* Whether so many gaps have room. */
GAP_INLINE bool gap_ends_suffice(const struct gap_ends *ends, uint64_t gaps)
{
	return gaps <= gap_ends_gaps_max(ends);
}

/* Twice the slots, while no entries are moving. Returns IOVA_OK, or IOVA_NO_MEMORY with nothing done. O(1). */
enum iova_status gap_ends_grow(struct gap_ends *ends, const struct iova_host *host);

/* Moves a portion, while entries are moving; the last one gives the old table back. Returns how many slots it looked at. Every
 * gap is entered at both of its ends meanwhile. */
uint64_t gap_ends_move(struct gap_ends *ends, const struct gap *gaps, const struct iova_host *host);

#endif
