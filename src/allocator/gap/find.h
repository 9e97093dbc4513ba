/* SPDX-License-Identifier: MIT
 * Searches of a gap tree by address. They return 0 when there is none; examined, unless NULL, counts the gaps that were looked
 * at. */
#ifndef ALLOCATOR_GAP_FIND_H
#define ALLOCATOR_GAP_FIND_H

#include "allocator/gap/tree.h"

GAP_INLINE void gap_count_step(uint64_t *examined)
{
	if (examined)
		++*examined;
}

/* The lowest gap of at least that rank below gap, whose subtree has one. */
GAP_INLINE uint32_t gap_descend(const struct gap *gaps, uint32_t gap, uint32_t rank, uint64_t *examined)
{
	for (;;) {
		uint32_t low = gaps[gap].child[0], high = gaps[gap].child[1];
		bool is_below = gaps[low].longest >= rank;
		gap_count_step(examined);
		if (!is_below & (gaps[gap].length >= rank))
			return gap;
		gap = is_below ? low : high;
	}
}

GAP_INLINE uint32_t gap_find_first(const struct gap_tree *tree, uint32_t rank, uint64_t *examined)
{
	uint32_t root = tree->root;
	return tree->gaps[root].longest >= rank ? gap_descend(tree->gaps, root, rank, examined) : 0;
}

/* The next gap of at least that rank by address. */
GAP_INLINE uint32_t gap_find_next(const struct gap *gaps, uint32_t gap, uint32_t rank, uint64_t *examined)
{
	for (;;) {
		uint32_t high = gaps[gap].child[1];
		if (gaps[high].longest >= rank)
			return gap_descend(gaps, high, rank, examined);
		uint32_t parent = gap_parent(gaps, gap);
		while (parent && gaps[parent].child[1] == gap) {
			gap_count_step(examined);
			gap = parent;
			parent = gap_parent(gaps, gap);
		}
		if (!parent)
			return 0;
		gap_count_step(examined);
		if (gaps[parent].length >= rank)
			return parent;
		gap = parent;
	}
}

/* The lowest gap that ends behind page. */
GAP_INLINE uint32_t gap_find_ending_behind(const struct gap_tree *tree, uint64_t page, uint64_t *examined)
{
	const struct gap *gaps = tree->gaps;
	uint32_t found = 0;
	for (uint32_t gap = tree->root; gap;) {
		gap_count_step(examined);
		bool ends_behind = gaps[gap].first + gaps[gap].length > page;
		found = ends_behind ? gap : found;
		gap = gaps[gap].child[!ends_behind];
	}
	return found;
}

#endif
