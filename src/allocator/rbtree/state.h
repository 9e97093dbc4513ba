/* SPDX-License-Identifier: MIT
 * The instance of rbtree. */
#ifndef ALLOCATOR_RBTREE_STATE_H
#define ALLOCATOR_RBTREE_STATE_H

#include "allocator/rbtree/buckets.h"
#include "allocator/rbtree/ends.h"
#include "allocator/rbtree/keys.h"
#include "allocator/gap/index.h"

/* Live extents at most: gaps for so many are reserved for a space of more pages, and backed when touched. */
#define RBTREE_EXTENTS_MAX (UINT32_C(1) << 26)

/* A walk that has tried so many gaps in vain looks at so many pages below its limit for all that are there. */
#define RBTREE_TRIES 512u
#define RBTREE_LOOKS 32u

/* Gaps of up to so many pages are also found by their length. */
#define SHORT_PAGES 64u

/* A space of up to so many pages, 64 GiB of 4 KiB, has gaps by length as keys, and an array by page: 64 MiB of it at most,
 * however few extents touch all of it. In a larger one it could cost a page of memory for every extent. */
#define RBTREE_KEYS_PAGES (UINT64_C(1) << 24)

/* Gaps in the order of their length, then of their address, as keys. Where an extent is freed, the gaps beside it are found by
 * their lengths at its ends: gaps never touch, so that one at most begins or ends at a page. */
struct rbtree_by_key {
	struct gap_keys keys; /* of make_key */
	uint32_t *length_at;  /* by page - the first one of the space: pages of the gap that begins or ends there, or 0 */
};

/* Gaps in the order of their length, then of their address. */
struct rbtree_by_length {
	struct gap_tree tree;
	struct gap_ends ends;
	/* The lowest gap of n + 1 pages, if bit n is set. Most requests are short; these skip the descent. */
	uint64_t short_lengths;
	uint32_t lowest[SHORT_PAGES];
};

enum rbtree_order {
	RBTREE_BY_ADDRESS,
	RBTREE_BY_KEY,    /* by length, in a space of up to RBTREE_KEYS_PAGES */
	RBTREE_BY_LENGTH, /* in a larger one */
};

struct rbtree {
	enum rbtree_order order; /* the gaps' */
	uint64_t live;
	uint64_t room; /* extents that may live before room is made for more gaps */
	uint64_t usable_pages;
	/* last is first in a mirrored space: its page p is page mirror - 1 - p of the space; 0: not mirrored */
	uint64_t mirror;
	union {
		struct gap_buckets by_address;
		struct rbtree_by_key by_key;
		struct rbtree_by_length by_length;
	};
	struct gap_index index; /* by the addresses of the space */
	uint64_t extents_max;
	const struct iova_host *host;
	uint64_t first; /* of the tree's addresses, mirrored or not: the space mirrored has the same range */
	uint64_t count;
};

/* A gap as a key: by its length, then by its first page in the space, the offset. */
GAP_INLINE uint64_t make_key(uint64_t length, uint64_t offset)
{
	return length << 32 | offset;
}

GAP_INLINE uint64_t key_length(uint64_t key)
{
	return key >> 32;
}

GAP_INLINE uint64_t key_offset(uint64_t key)
{
	return (uint32_t)key;
}

/* From an address of the tree to one of the space, and back: the first page of count ones. */
GAP_INLINE uint64_t turn(const struct rbtree *self, uint64_t first, uint64_t count)
{
	return self->mirror ? self->mirror - first - count : first;
}

/* Pages [first, first + count) of the tree, which it has taken out, are the caller's. */
GAP_INLINE void rbtree_grant(struct rbtree *self, uint64_t first, uint64_t count, struct iova_extent *extent)
{
	self->usable_pages -= count;
	self->live++;
	extent->first = turn(self, first, count);
	extent->count = count;
	extent->cookie = 0;
}

/* The other way round; returns the first page of the tree, which is to take them in. */
GAP_INLINE uint64_t rbtree_take_back(struct rbtree *self, const struct iova_extent *extent)
{
	self->usable_pages += extent->count;
	self->live--;
	return turn(self, extent->first, extent->count);
}

/* Tries the gap [low, low + length) of the tree, and takes its highest or lowest place by the addresses of the tree, of which
 * *first is one. */
static inline bool fit_towards(const struct rbtree *self, uint64_t low, uint64_t length, const struct gap_wish *wish,
			       bool highest, uint64_t *first)
{
	uint64_t place, turned = turn(self, low, length);
	if (length < wish->count || !gap_fit(turned, turned + length, wish, highest != (self->mirror != 0), &place))
		return false;
	*first = turn(self, place, wish->count);
	return true;
}

static inline bool fit(const struct rbtree *self, uint64_t low, uint64_t length, const struct gap_wish *wish,
		       uint64_t *first)
{
	return fit_towards(self, low, length, wish, false, first);
}

#endif
