/* SPDX-License-Identifier: MIT
 * The instance of rbtree:search=augmented. */
#ifndef ALLOCATOR_RBTREE_STATE_H
#define ALLOCATOR_RBTREE_STATE_H

#include "allocator/gap_buckets.h"
#include "allocator/gap_ends.h"
#include "allocator/gap_fit.h"
#include "allocator/rbtree_cached.h"

/* Gaps of up to so many pages are also found by their length. */
#define SHORT_PAGES 64u

/* Gaps in the order of their length, then of their address. */
struct rbtree_by_length {
	struct gap_tree tree;
	struct gap_ends ends;
	/* The lowest gap of n + 1 pages, if bit n is set. Most requests are short; these skip the descent. */
	uint64_t short_lengths;
	uint32_t lowest[SHORT_PAGES];
};

struct rbtree {
	enum rbtree_kind kind;
	uint64_t live;
	uint64_t room; /* extents that may live before room is made for more gaps */
	uint64_t usable_pages;
	/* last is first in a mirrored space: its page p is page mirror - 1 - p of the space; 0: not mirrored */
	uint64_t mirror;
	union {
		struct gap_buckets by_address;
		struct rbtree_by_length by_length;
	};
	uint64_t extents_max;
	const struct iova_host *host;
	uint64_t first; /* of the tree's addresses, mirrored or not: the space mirrored has the same range */
	uint64_t count;
};

/* From an address of the tree to one of the space, and back: the first page of count ones. */
GAP_INLINE uint64_t turn(const struct rbtree *self, uint64_t first, uint64_t count)
{
	return self->mirror ? self->mirror - first - count : first;
}

/* Tries the gap [low, low + length) of the tree; *first is an address of the tree. */
static inline bool fit(const struct rbtree *self, uint64_t low, uint64_t length, const struct gap_wish *wish,
		       uint64_t *first)
{
	uint64_t place, turned = turn(self, low, length);
	if (length < wish->count || !gap_fit(turned, turned + length, wish, self->mirror, &place))
		return false;
	*first = turn(self, place, wish->count);
	return true;
}

#endif
