/* SPDX-License-Identifier: MIT
 * The invariants of a gap tree, recounted. */
#ifndef ALLOCATOR_GAP_CHECK_H
#define ALLOCATOR_GAP_CHECK_H

#include "allocator/gap/tree.h"

/* Black nodes from gap up to the root. */
static inline uint64_t gap_check_blacks(const struct gap *gaps, uint32_t gap)
{
	uint64_t blacks = 0;
	for (; gap; gap = gap_parent(gaps, gap))
		blacks += gap_is_black(gaps, gap);
	return blacks;
}

static inline const char *gap_check_node(const struct gap_tree *tree, uint32_t gap, uint64_t black_height,
					 enum gap_order order)
{
	const struct gap *gaps = tree->gaps;
	if (order != GAP_BY_ADDRESS && !gaps[gap].length)
		return "a gap in the tree has pages";
	for (int side = 0; side < 2; side++) {
		uint32_t child = gaps[gap].child[side];
		if (child && gap_parent(gaps, child) != gap)
			return "a child knows its parent";
		if (!gap_is_black(gaps, gap) && !gap_is_black(gaps, child))
			return "a red gap has no red child";
		if (!child && gap_check_blacks(gaps, gap) != black_height)
			return "every path has the same number of black gaps";
	}
	if (order == GAP_BY_ADDRESS && gaps[gap].longest != gap_longest(gaps, gap))
		return "longest is the greatest length in the subtree";
	if (order == GAP_INDEXED) {
		const struct gap_reach reach = gap_reach_count(tree, gap);
		if (!gap_reach_is(tree, &reach, &tree->reach[gap]))
			return "an index tells what the gaps of a subtree offer";
	}
	return NULL;
}

/* NULL, or the invariant that does not hold. count: gaps in it. */
static inline const char *gap_check_tree(const struct gap_tree *tree, uint64_t count, enum gap_order order)
{
	const struct gap *gaps = tree->gaps;
	uint32_t gap = gap_outermost(tree, 0), before = 0;
	const uint64_t black_height = gap_check_blacks(gaps, gap);
	uint64_t seen = 0;
	if (gaps[0].parent != 1 || gaps[0].child[0] || gaps[0].child[1] || gaps[0].length || gaps[0].longest)
		return "the empty subtree is black and empty";
	if (tree->root && (gap_parent(gaps, tree->root) || !gap_is_black(gaps, tree->root)))
		return "the root is black and has no parent";
	for (; gap && seen <= count; gap = gap_neighbour(gaps, gap, 1)) {
		const char *broken = gap_check_node(tree, gap, black_height, order);
		if (broken)
			return broken;
		if (before && !gap_is_behind(&gaps[gap], gaps[before].first, gaps[before].length, gap_asked(tree, order)))
			return "the gaps of the tree ascend";
		before = gap;
		seen++;
	}
	return seen == count ? NULL : "the tree has exactly the gaps that are not unused";
}

/* Gaps that were taken from the pool and not given back; UINT64_MAX when its list has no end. */
static inline uint64_t gap_check_taken(const struct gap_tree *tree)
{
	uint64_t taken = tree->fresh - 1;
	for (uint32_t gap = tree->unused; gap; gap = tree->gaps[gap].child[0])
		if (taken-- == 0)
			return UINT64_MAX;
	return taken;
}

#endif
