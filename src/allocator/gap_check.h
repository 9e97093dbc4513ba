/* SPDX-License-Identifier: MIT
 * The invariants of a gap tree and of the ends of its gaps, recounted. */
#ifndef ALLOCATOR_GAP_CHECK_H
#define ALLOCATOR_GAP_CHECK_H

#include "allocator/gap_ends.h"

/* What the tree must agree with. */
struct gap_truth {
	uint64_t first; /* of the space */
	uint64_t count;
	uint64_t live;
	uint64_t usable;
	bool by_address;
};

/* Black nodes from gap up to the root. */
static inline uint64_t gap_check_blacks(const struct gap *gaps, uint32_t gap)
{
	uint64_t blacks = 0;
	for (; gap; gap = gap_parent(gaps, gap))
		blacks += gap_is_black(gaps, gap);
	return blacks;
}

static inline const char *gap_check_node(const struct gap *gaps, uint32_t gap, uint64_t black_height, bool by_address)
{
	if (!gaps[gap].length)
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
	if (by_address && gaps[gap].longest != gap_longest(gaps, gap))
		return "longest is the greatest length in the subtree";
	return NULL;
}

static inline const char *gap_check_tree(const struct gap_tree *tree, uint64_t count, bool by_address)
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
		const char *broken = gap_check_node(gaps, gap, black_height, by_address);
		if (broken)
			return broken;
		if (before && !gap_is_behind(&gaps[gap], gaps[before].first, gaps[before].length, by_address))
			return "the gaps of the tree ascend";
		before = gap;
		seen++;
	}
	return seen == count ? NULL : "the tree has exactly the gaps that are not unused";
}

/* Every gap is found at both of its ends, and nothing else is: by page, in the order of addresses. */
static inline const char *gap_check_ends(const struct gap_tree *tree, const struct gap_ends *ends, uint64_t count)
{
	const struct gap *gaps = tree->gaps;
	uint64_t entries = 0;
	for (uint64_t i = 0; i < ends->entries; i++)
		entries += ends->gap_at[i] != 0;
	if (entries != 2 * count)
		return "exactly the two ends of every gap are entered";
	for (uint32_t gap = gap_outermost(tree, 0); gap; gap = gap_neighbour(gaps, gap, 1))
		if (gap_ends_at(ends, gaps, gaps[gap].first) != gap ||
		    gap_ends_at(ends, gaps, gaps[gap].first + gaps[gap].length) != gap)
			return "a gap is found at both of its ends";
	return NULL;
}

/* NULL, or the invariant that does not hold. */
static inline const char *gap_check(const struct gap_tree *tree, const struct gap_ends *ends, const struct gap_truth *truth)
{
	const struct gap *gaps = tree->gaps;
	uint64_t taken = tree->fresh - 1, unused = 0, pages = 0;
	for (uint32_t gap = tree->unused; gap && unused <= taken; gap = gaps[gap].child[0])
		unused++;
	if (unused > taken)
		return "every gap of the pool is in the tree or unused";
	const char *broken = gap_check_tree(tree, taken - unused, truth->by_address);
	if (broken)
		return broken;
	if (taken - unused > truth->live + 1)
		return "there is an extent between two gaps";
	uint64_t behind = truth->first;
	for (uint32_t gap = gap_outermost(tree, 0); gap; gap = gap_neighbour(gaps, gap, 1)) {
		if (gaps[gap].first < truth->first || gaps[gap].length > truth->first + truth->count - gaps[gap].first)
			return "a gap lies in the space";
		if (truth->by_address && gaps[gap].first < behind)
			return "two gaps do not touch";
		behind = gaps[gap].first + gaps[gap].length + 1;
		pages += gaps[gap].length;
	}
	if (pages != truth->usable)
		return "usable_pages is the sum of all gaps";
	return gap_check_ends(tree, ends, taken - unused);
}

#endif
