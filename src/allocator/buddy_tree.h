/* SPDX-License-Identifier: MIT
 * The free blocks of a buddy system.
 *
 * Fan-out 64 over the pages. A node of level l covers 64 units of 64^l pages and holds
 *  - words[0], words[1]: its free blocks of the orders 6l … 6l + 5 as a binary tree in 128 bits, like a heap: the unit
 * u is bit 64 + u, a block of 2^s units starting there is bit (64 + u) >> s, its buddy is that bit with the lowest one
 * flipped;
 *  - words[2 + order] for the orders below 6l: which of its 64 children may hold a free block of that order.
 * The first kind is the truth, the second an index of it.
 *  - by address: marks are exact, and searches descend along them.
 *  - recent: a freed block is pushed on the stack of its order. It is marked when the stack forgets it, and a mark is
 *    cleared by a search that found nothing below it; an entry is only a hint, the bit decides. So a free block of an
 *    order is marked or on the stack, and most blocks come and go without a mark.
 * Indices are page numbers relative to a multiple of the largest block; orders are log2 of pages. */
#ifndef ALLOCATOR_BUDDY_TREE_H
#define ALLOCATOR_BUDDY_TREE_H

#include "base/bits.h"
#include "iovabench/allocator.h"

#include <stdbool.h>

#define INLINE static inline __attribute__((always_inline))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#define BUDDY_TREE_NOTHING UINT64_MAX

#define BUDDY_TREE_FAN_OUT_LOG2 6
#define BUDDY_TREE_SMALL_ORDERS BUDDY_TREE_FAN_OUT_LOG2
#define BUDDY_TREE_LEVELS_MAX 9
#define BUDDY_TREE_ORDERS_MAX (BUDDY_TREE_LEVELS_MAX * BUDDY_TREE_SMALL_ORDERS)
/* Spaces end at 2^52, and a block index has one bit more than the order of the whole space. */
_Static_assert(BUDDY_TREE_ORDERS_MAX > 52 + 1, "the levels cover every space");

#define BUDDY_TREE_RECENT 125 /* makes struct buddy_tree_order 1 KiB */

/* What is known of the free blocks of one order. */
struct buddy_tree_order {
	uint64_t blocks; /* exact */
	uint64_t bound;  /* by address: no node of the level above the order's that comes before this one has a mark */
	uint32_t held;   /* recent: entries on the stack */
	uint32_t marked; /* recent: of these, the ones from the bottom that are marked, too */
	uint64_t recent[BUDDY_TREE_RECENT];
};

/* Where the bits of an order are. */
struct buddy_tree_place {
	uint64_t *nodes;   /* of its level */
	uint8_t node_log2; /* pages of a node */
	uint8_t stride_log2;
	uint8_t slots; /* blocks of this order in a node, and the bit of the first one */
};

struct buddy_tree {
	uint64_t nonempty; /* bit per order: blocks != 0 */
	uint64_t *levels[BUDDY_TREE_LEVELS_MAX];
	bool by_address;
	bool downwards; /* the direction of search_all */
	unsigned top;   /* level of the root, at least 1 */
	unsigned order_max;
	size_t level_bytes[BUDDY_TREE_LEVELS_MAX];
	const struct iova_host *host;
	struct buddy_tree_place places[BUDDY_TREE_ORDERS_MAX];
	struct buddy_tree_order orders[BUDDY_TREE_ORDERS_MAX];
};

/* A tree without free blocks for indices below 2^(order_max + 1), of which no block of order_max + 1 is ever whole.
 * Returns IOVA_OK or IOVA_NO_MEMORY; release is due in both cases, and takes a zeroed tree, too. */
enum iova_status buddy_tree_create(struct buddy_tree *tree, unsigned order_max, bool by_address, bool downwards,
				   const struct iova_host *host);
void buddy_tree_release(struct buddy_tree *tree);

/* One block becomes free whose buddy is in use, or ceases to be free. */
void buddy_tree_insert(struct buddy_tree *tree, unsigned log2, uint64_t index);
void buddy_tree_take_out(struct buddy_tree *tree, unsigned log2, uint64_t index);

/* Frees one block and coalesces. */
void buddy_tree_release_block(struct buddy_tree *tree, unsigned log2, uint64_t index, struct iova_steps *steps);

/* Frees [index, end), or puts it in when the buddies of all its blocks are in use. steps may be NULL. */
void buddy_tree_release_range(struct buddy_tree *tree, uint64_t index, uint64_t end, struct iova_steps *steps);
void buddy_tree_insert_range(struct buddy_tree *tree, uint64_t index, uint64_t end, struct iova_steps *steps);

/* A free block of an order that has one: by address the first in the direction; else the last one freed that is known,
 * or the lowest. */
uint64_t buddy_tree_search_all(struct buddy_tree *tree, unsigned log2, struct iova_steps *steps);

/* Starting with the block that contains index, the first free one upwards or downwards, or BUDDY_TREE_NOTHING. Blocks
 * that were freed since the last call of settle may be missed. */
uint64_t buddy_tree_search_from(struct buddy_tree *tree, unsigned log2, uint64_t index, bool downwards,
				struct iova_steps *steps);
void buddy_tree_settle(struct buddy_tree *tree);

/* NULL, or which rule is broken; free blocks lie in [first, end). Looks at every node. */
const char *buddy_tree_broken_invariant(const struct buddy_tree *tree, uint64_t first, uint64_t end);

/* Marks a child of a node, or takes the mark away, and goes on upwards when the node had, or has, no other. */
void buddy_tree_mark(struct buddy_tree *tree, unsigned log2, unsigned level, uint64_t child);
void buddy_tree_unmark(struct buddy_tree *tree, unsigned log2, unsigned level, uint64_t child);

/* The stack is full: forgets the older half. */
void buddy_tree_forget(struct buddy_tree *tree, unsigned log2);

INLINE unsigned buddy_tree_level_of(unsigned log2)
{
	return log2 / BUDDY_TREE_SMALL_ORDERS;
}

/* The word and the bit of a block. */
INLINE uint64_t *buddy_tree_block_word(const struct buddy_tree_place *place, unsigned log2, uint64_t index, uint64_t *bit)
{
	uint64_t position = ((index >> log2) & (place->slots - 1u)) | place->slots;
	*bit = UINT64_C(1) << (position & 63);
	return place->nodes + ((index >> place->node_log2) << place->stride_log2) + (position >> 6);
}

INLINE bool buddy_tree_is_free(const struct buddy_tree *tree, unsigned log2, uint64_t index)
{
	uint64_t bit, *word = buddy_tree_block_word(&tree->places[log2], log2, index, &bit);
	return *word & bit;
}

/* Branches that are foretold break the chain from one call's mask to the next one's; a mask made without them is 1.8
 * times slower when blocks come and go. */
INLINE void buddy_tree_count_in(struct buddy_tree *tree, unsigned log2)
{
	if (UNLIKELY(!tree->orders[log2].blocks++))
		tree->nonempty |= UINT64_C(1) << log2;
}

INLINE void buddy_tree_count_out(struct buddy_tree *tree, unsigned log2)
{
	if (UNLIKELY(!--tree->orders[log2].blocks))
		tree->nonempty &= ~(UINT64_C(1) << log2);
}

INLINE void buddy_tree_push(struct buddy_tree *tree, unsigned log2, uint64_t index)
{
	struct buddy_tree_order *order = &tree->orders[log2];
	if (UNLIKELY(order->held == BUDDY_TREE_RECENT))
		buddy_tree_forget(tree, log2);
	order->recent[order->held++] = index;
}

/* The stack is not empty. */
INLINE uint64_t buddy_tree_pop(struct buddy_tree_order *order)
{
	uint32_t held = --order->held;
	if (UNLIKELY(order->marked > held))
		order->marked = held;
	return order->recent[held];
}

INLINE void buddy_tree_lower_bound(struct buddy_tree *tree, unsigned log2, uint64_t parent)
{
	struct buddy_tree_order *order = &tree->orders[log2];
	if (UNLIKELY(tree->downwards ? parent > order->bound : parent < order->bound))
		order->bound = parent;
}

/* From here on: orders of level 0, where the shape of a node is known. position is that of the block in the heap. */
extern const uint64_t buddy_tree_small_masks[BUDDY_TREE_SMALL_ORDERS];

INLINE uint64_t *buddy_tree_small_node(const struct buddy_tree *tree, uint64_t index)
{
	return tree->levels[0] + (index >> BUDDY_TREE_FAN_OUT_LOG2 << 1);
}

INLINE unsigned buddy_tree_small_position(unsigned log2, uint64_t index)
{
	return (unsigned)(64 | (index & 63)) >> log2;
}

INLINE uint64_t *buddy_tree_small_parent(const struct buddy_tree *tree, unsigned log2, uint64_t index)
{
	return tree->levels[1] + (index >> (2 * BUDDY_TREE_FAN_OUT_LOG2) << 3) + 2 + log2;
}

/* by_address is a constant: that of the tree. */
INLINE void buddy_tree_insert_small(struct buddy_tree *tree, bool by_address, uint64_t *node, unsigned position,
				    unsigned log2, uint64_t index)
{
	node[position >> 6] |= UINT64_C(1) << (position & 63);
	buddy_tree_count_in(tree, log2);
	if (!by_address) {
		buddy_tree_push(tree, log2, index);
		return;
	}
	uint64_t *parent = buddy_tree_small_parent(tree, log2, index), before = *parent;
	*parent = before | UINT64_C(1) << (index >> BUDDY_TREE_FAN_OUT_LOG2 & 63);
	if (UNLIKELY(!before))
		buddy_tree_mark(tree, log2, 2, index >> (2 * BUDDY_TREE_FAN_OUT_LOG2));
	buddy_tree_lower_bound(tree, log2, index >> (2 * BUDDY_TREE_FAN_OUT_LOG2));
}

INLINE void buddy_tree_take_small(struct buddy_tree *tree, bool by_address, uint64_t *node, unsigned position,
				  unsigned log2, uint64_t index)
{
	uint64_t rest = node[position >> 6] & ~(UINT64_C(1) << (position & 63));
	node[position >> 6] = rest;
	buddy_tree_count_out(tree, log2);
	if (!by_address)
		return;
	/* Without a branch: whether a node keeps a block of the order is anyone's guess. */
	uint64_t none = !(rest & buddy_tree_small_masks[log2]);
	uint64_t *parent = buddy_tree_small_parent(tree, log2, index);
	uint64_t after = *parent & ~(none << (index >> BUDDY_TREE_FAN_OUT_LOG2 & 63));
	*parent = after;
	if (UNLIKELY(!after))
		buddy_tree_unmark(tree, log2, 2, index >> (2 * BUDDY_TREE_FAN_OUT_LOG2));
}

/* By address: the first free block of an order that has one. */
INLINE uint64_t buddy_tree_first_small(struct buddy_tree *tree, bool downwards, unsigned log2, struct iova_steps *steps)
{
	uint64_t parent = tree->orders[log2].bound;
	uint64_t marks = tree->levels[1][(parent << 3) + 2 + log2];
	if (UNLIKELY(!marks))
		return buddy_tree_search_all(tree, log2, steps);
	uint64_t node =
		parent << BUDDY_TREE_FAN_OUT_LOG2 | (downwards ? bits_log2_floor(marks) : (unsigned)__builtin_ctzll(marks));
	uint64_t blocks = tree->levels[0][(node << 1) + !log2] & buddy_tree_small_masks[log2];
	uint64_t position = downwards ? bits_log2_floor(blocks) : (unsigned)__builtin_ctzll(blocks);
	if (steps)
		steps->examined += 2;
	/* Order 0 fills a word; the others begin at bit 64 >> log2, which the shift puts above the 64 pages. */
	return node << BUDDY_TREE_FAN_OUT_LOG2 | (position << log2 & 63);
}

INLINE void buddy_tree_release_small(struct buddy_tree *tree, bool by_address, unsigned log2, uint64_t index,
				     struct iova_steps *steps)
{
	uint64_t *node = buddy_tree_small_node(tree, index);
	unsigned position = buddy_tree_small_position(log2, index);
	/* Bit 0 is no block and never set: the loop ends at the root of the node, 1. */
	while (node[position >> 6] >> ((position ^ 1) & 63) & 1) {
		buddy_tree_take_small(tree, by_address, node, position ^ 1, log2, index);
		position >>= 1;
		log2++;
		if (steps)
			steps->merges++, steps->examined++;
	}
	index = index >> log2 << log2;
	if (UNLIKELY(position == 1)) {
		buddy_tree_release_block(tree, log2, index, steps);
		return;
	}
	if (steps)
		steps->examined++;
	buddy_tree_insert_small(tree, by_address, node, position, log2, index);
}

#endif
