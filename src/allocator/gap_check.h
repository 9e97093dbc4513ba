/* SPDX-License-Identifier: MIT
 * The invariants of a gap tree and of its list of blocks, recounted. */
#ifndef ALLOCATOR_GAP_CHECK_H
#define ALLOCATOR_GAP_CHECK_H

#include "allocator/gap_tree.h"

/* Black nodes from gap up to the root. */
static inline uint64_t gap_check_blacks(const struct gap *gap)
{
	uint64_t blacks = 0;
	for (; gap; gap = gap_parent(gap))
		blacks += gap_is_black(gap);
	return blacks;
}

static inline const char *gap_check_node(const struct gap *gap, uint64_t black_height, bool by_address)
{
	if (!gap->length)
		return "a gap in the tree has pages";
	for (int side = 0; side < 2; side++) {
		const struct gap *child = gap->child[side];
		if (child && gap_parent(child) != gap)
			return "a child knows its parent";
		if (!gap_is_black(gap) && gap_is_red(child))
			return "a red gap has no red child";
		if (!child && gap_check_blacks(gap) != black_height)
			return "every path has the same number of black gaps";
	}
	if (by_address && gap->longest != gap_longest(gap))
		return "longest is the greatest length in the subtree";
	return NULL;
}

static inline const char *gap_check_tree(const struct gap_tree *tree, uint64_t gaps, bool by_address)
{
	const struct gap *gap = gap_outermost(tree, 0), *before = NULL;
	const uint64_t black_height = gap_check_blacks(gap);
	uint64_t count = 0;
	if (tree->root && (gap_parent(tree->root) || !gap_is_black(tree->root)))
		return "the root is black and has no parent";
	for (; gap && count <= gaps; gap = gap_neighbour(gap, 1)) {
		const char *broken = gap_check_node(gap, black_height, by_address);
		if (broken)
			return broken;
		if (before && !gap_is_behind(gap, before->first, before->length, by_address))
			return "the gaps of the tree ascend";
		before = gap;
		count++;
	}
	return count == gaps ? NULL : "the tree has exactly the blocks with a gap";
}

/* The blocks after end, in a circle, tile the space; NULL or the invariant that does not hold. */
static inline const char *gap_check(const struct gap_tree *tree, const struct gap *end, uint64_t first, uint64_t count,
				    uint64_t live, uint64_t usable, bool by_address)
{
	uint64_t page = first, blocks = 0, gaps = 0, pages = 0;
	const struct gap *block = end;
	do {
		const struct gap *before = block;
		block = block->next;
		if (block->previous != before)
			return "the next block's previous block is this one";
		if (before == end ? block->first != first : block->first <= before->first + before->length)
			return "every extent has pages and the first block begins with the space";
		page = block->first + block->length;
		pages += block->length;
		gaps += block->length != 0;
		blocks += block != end;
	} while (block != end && blocks <= live);
	if (blocks != live)
		return "there is one block for each live extent";
	if (page != first + count)
		return "the last block ends with the space";
	if (pages != usable)
		return "usable_pages is the sum of all gaps";
	return gap_check_tree(tree, gaps, by_address);
}

#endif
