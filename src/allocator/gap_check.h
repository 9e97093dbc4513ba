/* SPDX-License-Identifier: MIT
 * The invariants of a gap tree and of its list of blocks, recounted. */
#ifndef ALLOCATOR_GAP_CHECK_H
#define ALLOCATOR_GAP_CHECK_H

#include "allocator/gap_tree.h"

/* What the tree and the list must agree with. */
struct gap_truth {
	uint64_t first; /* of the space */
	uint64_t count;
	uint64_t live;
	uint64_t usable;
	uint32_t end; /* the last block */
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
	return seen == count ? NULL : "the tree has exactly the blocks with a gap";
}

/* NULL, or the invariant that does not hold. */
static inline const char *gap_check(const struct gap_tree *tree, const struct gap_link *links,
				    const struct gap_truth *truth)
{
	uint64_t page = truth->first, live = 0, gaps = 0, pages = 0;
	uint32_t block = truth->end;
	do {
		const uint32_t before = block;
		block = links[before].next;
		const struct gap *gap = &tree->gaps[block];
		if (links[block].previous != before)
			return "the next block's previous block is this one";
		if (before == truth->end ? gap->first != page : gap->first <= page)
			return "every extent has pages and the first block begins with the space";
		page = gap->first + gap->length;
		pages += gap->length;
		gaps += gap->length != 0;
		live += block != truth->end;
	} while (block != truth->end && live <= truth->live);
	if (live != truth->live)
		return "there is one block for each live extent";
	if (page != truth->first + truth->count)
		return "the last block ends with the space";
	if (pages != truth->usable)
		return "usable_pages is the sum of all gaps";
	return gap_check_tree(tree, gaps, truth->by_address);
}

#endif
