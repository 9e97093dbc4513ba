/* SPDX-License-Identifier: MIT
 * The instance of rbtree:search=augmented, and where a request goes. */
#ifndef ALLOCATOR_RBTREE_FIND_H
#define ALLOCATOR_RBTREE_FIND_H

#include "allocator/gap_ends.h"
#include "allocator/gap_find.h"
#include "allocator/gap_fit.h"
#include "allocator/gap_tree.h"
#include "allocator/rbtree_cached.h"

/* Gaps of up to so many pages are also found by their length. */
#define SHORT_PAGES 64u

struct rbtree {
	enum rbtree_kind kind;
	struct gap_tree tree;
	struct gap_ends ends;
	uint64_t
		mirror; /* last is first in a mirrored space: its page p is page mirror - 1 - p of the space; 0: not mirrored */
	uint64_t usable_pages;
	uint64_t live;
	uint64_t extents_max;
	uint64_t room; /* extents that may live before room is made for the ends of more gaps */

	/* By length: the lowest gap of n + 1 pages, if bit n is set. Most requests are short; these skip the descent. */
	uint64_t short_lengths;
	uint32_t lowest[SHORT_PAGES];

	const struct iova_host *host;
	uint64_t first; /* of the tree's addresses, mirrored or not: the space mirrored has the same range */
	uint64_t count;
};

/* From an address of the tree to one of the space, and back: the first page of count ones. */
GAP_INLINE uint64_t turn(const struct rbtree *self, uint64_t first, uint64_t count)
{
	return self->mirror ? self->mirror - first - count : first;
}

/* By length: the shortest gap of at least count pages, the lowest of several. */
GAP_INLINE uint32_t find_best(const struct rbtree *self, uint64_t count, uint64_t *examined)
{
	const struct gap *gaps = self->tree.gaps;
	uint32_t found = 0;
	uint64_t lengths = count <= SHORT_PAGES ? self->short_lengths >> (count - 1) : 0;
	if (lengths) {
		gap_count_step(examined);
		return self->lowest[count - 1 + (unsigned)__builtin_ctzll(lengths)];
	}
	for (uint32_t gap = self->tree.root; gap;) {
		gap_count_step(examined);
		uint32_t low = gaps[gap].child[0], high = gaps[gap].child[1];
		bool suffices = gaps[gap].length >= count;
		found = suffices ? gap : found;
		gap = suffices ? low : high;
	}
	return found;
}

/* Tries one gap; *first is an address of the tree. */
static inline bool fit(const struct rbtree *self, uint32_t gap, const struct gap_wish *wish, uint64_t *first)
{
	const struct gap *tried = &self->tree.gaps[gap];
	uint64_t low = turn(self, tried->first, tried->length), place;
	if (tried->length < wish->count || !gap_fit(low, low + tried->length, wish, self->mirror, &place))
		return false;
	*first = turn(self, place, wish->count);
	return true;
}

/* The first gap in the order of the search that satisfies the constraints, and the place in it. */
static __attribute__((noinline)) uint32_t find_constrained(const struct rbtree *self, const struct iova_request *request,
							   uint64_t *first, uint64_t *examined)
{
	const struct gap *gaps = self->tree.gaps;
	struct gap_wish wish = gap_wish_make(request, self->first, self->first + self->count);
	if (gap_wish_is_hopeless(&wish))
		return 0;
	if (self->kind == RBTREE_BY_LENGTH) {
		uint32_t gap = find_best(self, wish.count, examined);
		while (gap && !fit(self, gap, &wish, first)) {
			gap_count_step(examined);
			gap = gap_neighbour(gaps, gap, 1);
		}
		return gap;
	}
	uint64_t begin = turn(self, wish.low, wish.end - wish.low), end = begin + (wish.end - wish.low);
	uint32_t gap = gap_find_ending_behind(&self->tree, begin, examined);
	while (gap && gaps[gap].first < end) {
		if (fit(self, gap, &wish, first))
			return gap;
		gap = gap_find_next(gaps, gap, gap_rank(wish.count), examined);
	}
	return 0;
}

/* The gap that contains [first, first + count), or 0. By length there is no index by address: from the longest gap down,
 * which is the first one while holes are made in a fresh space. */
static uint32_t find_around(const struct rbtree *self, uint64_t first, uint64_t count)
{
	const struct gap *gaps = self->tree.gaps;
	uint32_t gap;
	if (self->kind == RBTREE_BY_ADDRESS) {
		gap = gap_find_ending_behind(&self->tree, first, NULL);
	} else {
		gap = gap_outermost(&self->tree, 1);
		while (gap && gaps[gap].length >= count &&
		       (first < gaps[gap].first || first - gaps[gap].first >= gaps[gap].length))
			gap = gap_neighbour(gaps, gap, 0);
	}
	if (first < gaps[gap].first || gaps[gap].length < count || first - gaps[gap].first > gaps[gap].length - count)
		return 0;
	return gap;
}

#endif
