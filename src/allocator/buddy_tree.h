/* SPDX-License-Identifier: MIT
 * The free blocks of a buddy system.
 *
 * Fan-out 64 over the pages. A node of level l covers 64 units of 64^l pages and holds
 *  - words[0], words[1]: its free blocks of the orders 6l … 6l + 5 as a binary tree in 128 bits, like a heap: the unit
 * u is bit 64 + u, a block of 2^s units starting there is bit (64 + u) >> s, its buddy is that bit with the lowest one
 * flipped;
 *  - words[2 + order] for the orders below 6l: which of its 64 children may hold a free block of that order.
 * The first kind is the truth. The second is a superset of it: set with the block, cleared by a search that found
 * nothing. Indices are page numbers relative to a multiple of the largest block; orders are log2 of pages. */
#ifndef ALLOCATOR_BUDDY_TREE_H
#define ALLOCATOR_BUDDY_TREE_H

#include "base/bits.h"
#include "iovabench/allocator.h"

#include <stdbool.h>

#define BUDDY_TREE_NOTHING UINT64_MAX

#define BUDDY_TREE_FAN_OUT_LOG2 6
#define BUDDY_TREE_SMALL_ORDERS BUDDY_TREE_FAN_OUT_LOG2
#define BUDDY_TREE_LEVELS_MAX 9
#define BUDDY_TREE_ORDERS_MAX (BUDDY_TREE_LEVELS_MAX * BUDDY_TREE_SMALL_ORDERS)
/* Spaces end at 2^52, and a block index has one bit more than the order of the whole space. */
_Static_assert(BUDDY_TREE_ORDERS_MAX > 52 + 1, "the levels cover every space");

#define BUDDY_TREE_RECENT                                                                                                  \
	126 /* makes struct buddy_tree_order 1 KiB; shorter rings forget too much, and then the tree is searched */

/* What is known of the free blocks of one order. */
struct buddy_tree_order {
	uint64_t blocks;                    /* exact */
	uint64_t bound;                     /* by address: no block of the order lies before it in the direction */
	uint64_t newest;                    /* in recent */
	uint64_t recent[BUDDY_TREE_RECENT]; /* a ring of blocks that were free once; the tree tells whether they still
					       are */
};

/* Where the bits of an order are. */
struct buddy_tree_place {
	uint64_t *nodes;   /* of its level */
	uint64_t *parents; /* in the first node of the level above: the word about this order */
	uint8_t node_log2; /* pages of a node */
	uint8_t stride_log2;
	uint8_t parent_stride_log2;
	uint8_t slots; /* blocks of this order in a node, and the bit of the first one */
};

struct buddy_tree {
	uint64_t nonempty; /* bit per order: blocks != 0 */
	bool by_address;   /* blocks are searched by address, and the rings not kept */
	bool downwards;    /* the direction of search_all */
	unsigned top;      /* level of the root, at least 1 */
	unsigned order_max;
	uint64_t all_set; /* stands in for the parent of the root */
	uint64_t *levels[BUDDY_TREE_LEVELS_MAX];
	size_t level_bytes[BUDDY_TREE_LEVELS_MAX];
	const struct iova_host *host;
	struct buddy_tree_order orders[BUDDY_TREE_ORDERS_MAX];
	struct buddy_tree_place places[BUDDY_TREE_ORDERS_MAX];
};

/* A tree without free blocks for indices below 2^(order_max + 1), of which no block of order_max + 1 is ever whole.
 * Returns IOVA_OK or IOVA_NO_MEMORY; release is due in both cases, and takes a zeroed tree, too. */
enum iova_status buddy_tree_create(struct buddy_tree *tree, unsigned order_max, bool by_address, bool downwards,
				   const struct iova_host *host);
void buddy_tree_release(struct buddy_tree *tree);

/* Tells the nodes above that the node of this block has one. */
void buddy_tree_mark_ancestors(struct buddy_tree *tree, unsigned log2, uint64_t index);

/* As release_block, for any order. */
void buddy_tree_release_large(struct buddy_tree *tree, unsigned log2, uint64_t index, struct iova_steps *steps);

/* Frees [index, end), or puts it in when the buddies of all its blocks are in use. steps may be NULL. */
void buddy_tree_release_range(struct buddy_tree *tree, uint64_t index, uint64_t end, struct iova_steps *steps);
void buddy_tree_insert_range(struct buddy_tree *tree, uint64_t index, uint64_t end, struct iova_steps *steps);

/* The free block of the order with the lowest address, or the highest; or, starting with the block that contains index,
 * the first one upwards or downwards. BUDDY_TREE_NOTHING if there is none. */
uint64_t buddy_tree_search_all(struct buddy_tree *tree, unsigned log2, struct iova_steps *steps);
uint64_t buddy_tree_search_from(struct buddy_tree *tree, unsigned log2, uint64_t index, bool downwards,
				struct iova_steps *steps);

/* NULL, or which rule is broken; free blocks lie in [first, end). Looks at every node. */
const char *buddy_tree_broken_invariant(const struct buddy_tree *tree, uint64_t first, uint64_t end);

static inline __attribute__((always_inline)) unsigned buddy_tree_level_of(unsigned order)
{
	return order / BUDDY_TREE_SMALL_ORDERS;
}

/* The word and the bit of a block. */
static inline __attribute__((always_inline)) uint64_t *buddy_tree_block_word(const struct buddy_tree_place *place,
									     unsigned log2, uint64_t index, uint64_t *bit)
{
	uint64_t position = ((index >> log2) & (place->slots - 1u)) | place->slots;
	*bit = UINT64_C(1) << (position & 63);
	return place->nodes + ((index >> place->node_log2) << place->stride_log2) + (position >> 6);
}

static inline __attribute__((always_inline)) bool buddy_tree_is_free(const struct buddy_tree *tree, unsigned log2,
								     uint64_t index)
{
	uint64_t bit, *word = buddy_tree_block_word(&tree->places[log2], log2, index, &bit);
	return *word & bit;
}

/* Branches that are foretold break the chain from one call's mask to the next one's; a mask made without them is 1.8
 * times slower when blocks come and go. */
static inline __attribute__((always_inline)) void buddy_tree_count_in(struct buddy_tree *tree, unsigned log2,
								      uint64_t index)
{
	struct buddy_tree_order *order = &tree->orders[log2];
	if (__builtin_expect(!order->blocks++, 0))
		tree->nonempty |= UINT64_C(1) << log2;
	if (tree->by_address) {
		bool before = tree->downwards ? index > order->bound : index < order->bound;
		order->bound = before ? index : order->bound;
		return;
	}
	order->newest = order->newest == BUDDY_TREE_RECENT - 1 ? 0 : order->newest + 1;
	order->recent[order->newest] = index;
}

static inline __attribute__((always_inline)) void buddy_tree_count_out(struct buddy_tree *tree, unsigned log2)
{
	if (__builtin_expect(!--tree->orders[log2].blocks, 0))
		tree->nonempty &= ~(UINT64_C(1) << log2);
}

static inline __attribute__((always_inline)) void buddy_tree_insert(struct buddy_tree *tree, unsigned log2, uint64_t index)
{
	const struct buddy_tree_place *place = &tree->places[log2];
	uint64_t bit, *word = buddy_tree_block_word(place, log2, index, &bit);
	*word |= bit;
	buddy_tree_count_in(tree, log2, index);
	uint64_t node = index >> place->node_log2;
	uint64_t parent = place->parents[(node >> BUDDY_TREE_FAN_OUT_LOG2) << place->parent_stride_log2];
	if (__builtin_expect(!(parent >> (node & 63) & 1), 0))
		buddy_tree_mark_ancestors(tree, log2, index);
}

static inline __attribute__((always_inline)) void buddy_tree_take_out(struct buddy_tree *tree, unsigned log2,
								      uint64_t index)
{
	uint64_t bit, *word = buddy_tree_block_word(&tree->places[log2], log2, index, &bit);
	*word &= ~bit;
	buddy_tree_count_out(tree, log2);
}

/* The same for orders of level 0, where the shape of a node is known: position is that of the block in the heap. */
static inline __attribute__((always_inline)) uint64_t *buddy_tree_small_node(const struct buddy_tree *tree, uint64_t index)
{
	return tree->levels[0] + (index >> BUDDY_TREE_FAN_OUT_LOG2 << 1);
}

static inline __attribute__((always_inline)) unsigned buddy_tree_small_position(unsigned log2, uint64_t index)
{
	return (unsigned)(64 | (index & 63)) >> log2;
}

static inline __attribute__((always_inline)) void buddy_tree_insert_small(struct buddy_tree *tree, uint64_t *node,
									  unsigned position, unsigned log2, uint64_t index)
{
	node[position >> 6] |= UINT64_C(1) << (position & 63);
	buddy_tree_count_in(tree, log2, index);
	uint64_t parent = tree->levels[1][(index >> (2 * BUDDY_TREE_FAN_OUT_LOG2) << 3) + 2 + log2];
	if (__builtin_expect(!(parent >> (index >> BUDDY_TREE_FAN_OUT_LOG2 & 63) & 1), 0))
		buddy_tree_mark_ancestors(tree, log2, index);
}

/* Frees one block and coalesces. */
static inline __attribute__((always_inline)) void buddy_tree_release_block(struct buddy_tree *tree, unsigned log2,
									   uint64_t index, struct iova_steps *steps)
{
	if (__builtin_expect(log2 >= BUDDY_TREE_SMALL_ORDERS, 0)) {
		buddy_tree_release_large(tree, log2, index, steps);
		return;
	}
	uint64_t *node = buddy_tree_small_node(tree, index);
	unsigned position = buddy_tree_small_position(log2, index);
	/* Bit 0 is no block and never set: the loop ends at the root of the node, 1. */
	while (node[position >> 6] >> ((position ^ 1) & 63) & 1) {
		node[position >> 6] &= ~(UINT64_C(1) << ((position ^ 1) & 63));
		buddy_tree_count_out(tree, log2);
		position >>= 1;
		log2++;
		if (steps)
			steps->merges++, steps->examined++;
	}
	index = index >> log2 << log2;
	if (__builtin_expect(position == 1, 0)) {
		buddy_tree_release_large(tree, log2, index, steps);
		return;
	}
	if (steps)
		steps->examined++;
	buddy_tree_insert_small(tree, node, position, log2, index);
}

/* Takes the last entry off the ring. */
static inline __attribute__((always_inline)) uint64_t buddy_tree_pop_recent(struct buddy_tree_order *order)
{
	uint64_t index = order->recent[order->newest];
	order->newest = order->newest ? order->newest - 1 : BUDDY_TREE_RECENT - 1;
	return index;
}

#endif
