/* SPDX-License-Identifier: MIT
 * The free blocks of a buddy system: per order a bitmap, one bit a block, with summaries of fan-out 64.
 *
 * Bit i of level 0 of an order is the block of 2^order pages from page i << order; its buddy is bit i ^ 1, the block of
 * the next order that contains it bit i >> 1. Level 0 is the truth. A bit of a level above says of one word below that
 * it has a bit set:
 *  - by address, exactly so, and searches descend from the root;
 *  - else it may have one. A freed block is pushed on the stack of its order, and is marked in the levels above when
 *    the stack forgets it; a search that finds nothing below a mark clears it. An entry of the stack is a hint, the bit
 *    decides. So a free block is marked or on the stack, and most come and go without a mark.
 * Page numbers are relative to a multiple of the largest block; log2 is an order.
 *
 * Word i of a level lies i << shift behind its word 0: what is about the same pages lies together, so that the
 * memory behind the bits follows use. buddy_tree_layout.c has the picture. */
#ifndef ALLOCATOR_BUDDY_TREE_H
#define ALLOCATOR_BUDDY_TREE_H

#include "allocator/gap/index.h"
#include "base/bits.h"
#include "iovabench/allocator.h"

#include <assert.h>
#include <stdbool.h>

#define INLINE static inline __attribute__((always_inline))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#define BUDDY_TREE_NOTHING UINT64_MAX

#define BUDDY_TREE_LEVELS_MAX 9
#define BUDDY_TREE_ORDERS_MAX 53
_Static_assert(BUDDY_TREE_LEVELS_MAX * 6 >= 53, "a root over every space: pages end at 2^52, and the largest block may "
						"contain the space without beginning in it");

#define BUDDY_TREE_RECENT 114 /* makes struct buddy_tree_order 1 KiB */

struct buddy_tree_order {
	uint64_t places[BUDDY_TREE_LEVELS_MAX]; /* of the levels below the root: word 0 in memory, << 6 | shift */
	uint64_t root;
	uint64_t only;   /* by address: the block of an order that has one, or NOTHING */
	int64_t more;    /* than one block; -1 if there is none. Not by address */
	uint64_t held;   /* entries on the stack */
	uint64_t marked; /* of these, how many from the bottom are marked, too, if they are free */
	uint64_t recent[BUDDY_TREE_RECENT];
};
_Static_assert(sizeof(struct buddy_tree_order) == 1024, "an order is found with a shift");

struct buddy_tree {
	uint64_t nonempty; /* bit per order: it has a free block */
	bool by_address;
	bool downwards; /* the direction of search_all */
	unsigned order_max;
	unsigned top; /* level of the root, at least 1, the same in all orders: so it is foretold where a search ends */
	uint64_t end; /* pages */
	uint64_t *memory;
	size_t bytes;
	const struct iova_host *host;
	uint64_t base; /* page of index 0: 0, unless the caller sets it */
	struct buddy_tree_order orders[BUDDY_TREE_ORDERS_MAX];
	/* Blocks, for what is asked for at multiples of more than its size: by their pages, and by address for who says from
	 * which end. */
	struct gap_index index;
	struct gap_index directed;
};

INLINE bool buddy_tree_is_indexed(const struct buddy_tree *tree)
{
	return tree->index.on || tree->directed.on;
}

/* What calls have in common is a compile-time constant of the usual ones. */
enum buddy_tree_use {
	BUDDY_TREE_QUICK_RECENT,
	BUDDY_TREE_QUICK_BY_ADDRESS,
	BUDDY_TREE_GENERAL, /* as the tree says, and an index may be on */
};

INLINE bool buddy_tree_is_by_address(const struct buddy_tree *tree, enum buddy_tree_use use)
{
	return use == BUDDY_TREE_GENERAL ? tree->by_address : use == BUDDY_TREE_QUICK_BY_ADDRESS;
}

/* A tree without free blocks for pages below end, of which no block of order_max + 1 is ever whole. Returns IOVA_OK or
 * IOVA_NO_MEMORY; release is due in both cases, and takes a zeroed tree, too. */
enum iova_status buddy_tree_create(struct buddy_tree *tree, unsigned order_max, uint64_t end, bool by_address,
				   bool downwards, const struct iova_host *host);
void buddy_tree_release(struct buddy_tree *tree);

/* Frees the pages [first, end), or puts them in when the buddies of all their blocks are in use. steps may be NULL. */
void buddy_tree_release_range(struct buddy_tree *tree, uint64_t first, uint64_t end, struct iova_steps *steps);
void buddy_tree_insert_range(struct buddy_tree *tree, uint64_t first, uint64_t end, struct iova_steps *steps);

/* A free block of an order that has one: by address the first in the direction; else the last one freed that is known,
 * or the lowest. */
uint64_t buddy_tree_search_all(struct buddy_tree *tree, unsigned log2, struct iova_steps *steps);

/* Starting with the given block, the first free one upwards or downwards, or BUDDY_TREE_NOTHING. Blocks that were freed
 * since the last call of settle may be missed, unless by address. */
uint64_t buddy_tree_search_from(struct buddy_tree *tree, unsigned log2, uint64_t block, bool downwards,
				struct iova_steps *steps);
void buddy_tree_settle(struct buddy_tree *tree);

/* A portion of the blocks enters one of the tree's indexes, which wants them: the smallest first, then by address. */
void buddy_tree_file(struct buddy_tree *tree, struct gap_index *index, struct iova_steps *steps);

/* NULL, or which rule is broken; free blocks lie in [first, end). Looks at every word; *free_pages counts the pages. */
const char *buddy_tree_broken_invariant(const struct buddy_tree *tree, uint64_t first, uint64_t end, uint64_t *free_pages);

/* Words of a level of an order over end pages. */
INLINE uint64_t buddy_tree_words(uint64_t end, unsigned log2, unsigned level)
{
	/* A buddy of the last block has a bit in the same word. */
	unsigned shift = log2 + 6 * (level + 1);
	return (shift < 64 ? (end - 1) >> shift : 0) + 1;
}

/* For create, which has set end, order_max and top: sets the places. Returns the words of memory that they take; of these, the
 * shared ones are about so many pages that few are touched, however many regions of the space are. */
uint64_t buddy_tree_lay_out(struct buddy_tree *tree, uint64_t *shared_first, uint64_t *shared_words);

/* To the indexes that are on. */
void buddy_tree_note_free(struct buddy_tree *tree, unsigned log2, uint64_t block);
void buddy_tree_note_taken(struct buddy_tree *tree, unsigned log2, uint64_t block);

/* Pushes when the stack is full: forgets the older half. */
void buddy_tree_forget(struct buddy_tree *tree, unsigned log2, uint64_t block);

/* level < top. */
INLINE uint64_t *buddy_tree_word(const struct buddy_tree *tree, unsigned log2, unsigned level, uint64_t word)
{
	assert(log2 <= tree->order_max + 1 && level < tree->top);
	uint64_t place = tree->orders[log2].places[level];
	return tree->memory + (place >> 6) + (word << (place & 63));
}

INLINE bool buddy_tree_is_free(const struct buddy_tree *tree, unsigned log2, uint64_t block)
{
	return *buddy_tree_word(tree, log2, 0, block >> 6) >> (block & 63) & 1;
}

/* Its bit is in the same word, which need not be found twice. */
INLINE bool buddy_tree_is_buddy_free(const struct buddy_tree *tree, unsigned log2, uint64_t block)
{
	return *buddy_tree_word(tree, log2, 0, block >> 6) >> ((block ^ 1) & 63) & 1;
}

/* Above level 0, from the word that got its first bit, or lost its last one. True: so did the root. */
INLINE bool buddy_tree_mark(struct buddy_tree *tree, unsigned log2, uint64_t word)
{
	for (unsigned level = 1; level != tree->top; level++) {
		uint64_t bit = UINT64_C(1) << (word & 63);
		uint64_t *marks = buddy_tree_word(tree, log2, level, word >>= 6), before = *marks;
		*marks = before | bit;
		if (before)
			return false;
	}
	uint64_t before = tree->orders[log2].root;
	tree->orders[log2].root = before | UINT64_C(1) << (word & 63);
	return !before;
}

INLINE bool buddy_tree_unmark(struct buddy_tree *tree, unsigned log2, uint64_t word)
{
	for (unsigned level = 1; level != tree->top; level++) {
		uint64_t bit = UINT64_C(1) << (word & 63);
		uint64_t *marks = buddy_tree_word(tree, log2, level, word >>= 6), after = *marks & ~bit;
		*marks = after;
		if (after)
			return false;
	}
	return !(tree->orders[log2].root &= ~(UINT64_C(1) << (word & 63)));
}

/* A block becomes free whose buddy is in use. */
INLINE void buddy_tree_insert(struct buddy_tree *tree, enum buddy_tree_use use, unsigned log2, uint64_t block)
{
	const bool by_address = buddy_tree_is_by_address(tree, use);
	assert(by_address == tree->by_address && (use == BUDDY_TREE_GENERAL || !buddy_tree_is_indexed(tree)));
	if (use == BUDDY_TREE_GENERAL && buddy_tree_is_indexed(tree))
		buddy_tree_note_free(tree, log2, block);
	struct buddy_tree_order *order = &tree->orders[log2];
	uint64_t *word = buddy_tree_word(tree, log2, 0, block >> 6), before = *word;
	*word = before | UINT64_C(1) << (block & 63);
	if (by_address) {
		order->only = BUDDY_TREE_NOTHING;
		if (!before && buddy_tree_mark(tree, log2, block >> 6)) {
			tree->nonempty |= UINT64_C(1) << log2;
			order->only = block;
		}
		return;
	}
	/* Branches that are foretold break the chain from one call's mask to the next one's; a mask made without them
	 * is 1.8 times slower when blocks come and go. */
	if (UNLIKELY(++order->more == 0))
		tree->nonempty |= UINT64_C(1) << log2;
	uint64_t held = order->held;
	if (UNLIKELY(held == BUDDY_TREE_RECENT)) {
		buddy_tree_forget(tree, log2, block);
		return;
	}
	order->recent[held] = block;
	order->held = held + 1;
}

INLINE void buddy_tree_take_out(struct buddy_tree *tree, enum buddy_tree_use use, unsigned log2, uint64_t block)
{
	const bool by_address = buddy_tree_is_by_address(tree, use);
	assert(buddy_tree_is_free(tree, log2, block) && by_address == tree->by_address);
	assert(use == BUDDY_TREE_GENERAL || !buddy_tree_is_indexed(tree));
	if (use == BUDDY_TREE_GENERAL && buddy_tree_is_indexed(tree))
		buddy_tree_note_taken(tree, log2, block);
	struct buddy_tree_order *order = &tree->orders[log2];
	uint64_t *word = buddy_tree_word(tree, log2, 0, block >> 6), after = *word & ~(UINT64_C(1) << (block & 63));
	*word = after;
	if (by_address) {
		if (!after && buddy_tree_unmark(tree, log2, block >> 6))
			tree->nonempty &= ~(UINT64_C(1) << log2);
		return;
	}
	if (UNLIKELY(--order->more < 0))
		tree->nonempty &= ~(UINT64_C(1) << log2);
}

/* The stack is not empty. */
INLINE uint64_t buddy_tree_pop(struct buddy_tree_order *order)
{
	assert(order->held && order->held <= BUDDY_TREE_RECENT);
	uint64_t held = --order->held;
	if (UNLIKELY(order->marked > held))
		order->marked = held;
	return order->recent[held];
}

/* By address: takes out the first free block of an order that has one. */
INLINE uint64_t buddy_tree_take_first(struct buddy_tree *tree, bool downwards, unsigned log2)
{
	assert(tree->by_address && tree->nonempty >> log2 & 1);
	struct buddy_tree_order *order = &tree->orders[log2];
	/* A ring of equal sizes frees one block and takes it again: reading words that were just written makes the CPU
	 * wait, so a block that is alone is not searched. */
	uint64_t block = order->only, word = order->root, *bits;
	if (block == BUDDY_TREE_NOTHING) {
		block = 0;
		unsigned level = tree->top;
		do {
			block = block << 6 | (downwards ? bits_log2_floor(word) : (unsigned)__builtin_ctzll(word));
			bits = buddy_tree_word(tree, log2, --level, block);
			word = *bits;
		} while (level);
		block = block << 6 | (downwards ? bits_log2_floor(word) : (unsigned)__builtin_ctzll(word));
	} else {
		bits = buddy_tree_word(tree, log2, 0, block >> 6);
		word = *bits;
	}
	word &= ~(UINT64_C(1) << (block & 63));
	*bits = word;
	if (!word && buddy_tree_unmark(tree, log2, block >> 6))
		tree->nonempty &= ~(UINT64_C(1) << log2);
	return block;
}

/* Frees one block and coalesces. A buddy of the largest block is outside the space and never free, so the loop ends. */
INLINE void buddy_tree_release_block(struct buddy_tree *tree, enum buddy_tree_use use, unsigned log2, uint64_t block,
				     struct iova_steps *steps)
{
	assert(!buddy_tree_is_free(tree, log2, block));
	while (UNLIKELY(buddy_tree_is_buddy_free(tree, log2, block))) {
		buddy_tree_take_out(tree, use, log2, block ^ 1);
		block >>= 1;
		log2++;
		if (steps)
			steps->merges++, steps->examined++;
	}
	if (steps)
		steps->examined++;
	buddy_tree_insert(tree, use, log2, block);
}

#endif
