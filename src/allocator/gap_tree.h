/* SPDX-License-Identifier: MIT
 * Red-black tree of free gaps, ordered by address (with the longest gap of every subtree) or by length and address.
 *
 * The space is a list of blocks in address order. A block is a gap, possibly of no pages, and the live extent behind it;
 * the last block is the end of the space and has no extent. Every gap thus belongs to the extent behind it: freeing an
 * extent needs no search for its neighbours, and no memory for a new gap. Blocks with a gap are in the tree.
 *
 * The order is a compile-time constant of every caller: `by_address` folds away. */
#ifndef ALLOCATOR_GAP_TREE_H
#define ALLOCATOR_GAP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GAP_INLINE static inline __attribute__((always_inline))

/* One cache line. */
struct gap {
	struct gap *child[2]; /* lower and higher in the tree's order */
	uintptr_t parent;     /* bit 0: black */
	uint64_t first;       /* first page of the gap; the extent begins at first + length */
	uint64_t length;      /* pages; 0: not in the tree */
	uint64_t longest;     /* by address: the greatest length in this subtree */
	struct gap *previous; /* blocks in address order; the list of unused blocks uses next */
	struct gap *next;
};
_Static_assert(sizeof(struct gap) == 64, "a gap is one cache line, and all that a live extent costs");

struct gap_tree {
	struct gap *root;
};

GAP_INLINE struct gap *gap_parent(const struct gap *gap)
{
	return (struct gap *)(gap->parent & ~(uintptr_t)1);
}

GAP_INLINE bool gap_is_black(const struct gap *gap)
{
	return gap->parent & 1;
}

GAP_INLINE bool gap_is_red(const struct gap *gap)
{
	return gap && !gap_is_black(gap);
}

GAP_INLINE void gap_set_parent(struct gap *gap, const struct gap *parent)
{
	gap->parent = (gap->parent & 1) | (uintptr_t)parent;
}

GAP_INLINE void gap_set_black(struct gap *gap, bool black)
{
	gap->parent = (gap->parent & ~(uintptr_t)1) | black;
}

/* Puts child where old hangs below parent. */
GAP_INLINE void gap_set_child(struct gap_tree *tree, struct gap *parent, const struct gap *old, struct gap *child)
{
	if (parent)
		parent->child[parent->child[1] == old] = child;
	else
		tree->root = child;
}

GAP_INLINE uint64_t gap_longest(const struct gap *gap)
{
	uint64_t longest = gap->length;
	uint64_t low = gap->child[0] ? gap->child[0]->longest : 0;
	uint64_t high = gap->child[1] ? gap->child[1]->longest : 0;
	longest = low > longest ? low : longest;
	return high > longest ? high : longest;
}

/* A gap at or below gap has changed: recounts upwards until nothing changes. */
GAP_INLINE void gap_recount(struct gap *gap)
{
	while (gap) {
		uint64_t longest = gap_longest(gap);
		if (gap->longest == longest)
			break;
		gap->longest = longest;
		gap = gap_parent(gap);
	}
}

/* gap->length has grown. */
GAP_INLINE void gap_raise(struct gap *gap)
{
	uint64_t length = gap->length;
	while (gap && gap->longest < length) {
		gap->longest = length;
		gap = gap_parent(gap);
	}
}

/* gap goes down to the given side, its other child takes its place. */
GAP_INLINE void gap_rotate(struct gap_tree *tree, struct gap *gap, int side, bool by_address)
{
	struct gap *up = gap->child[!side], *parent = gap_parent(gap), *between = up->child[side];
	gap->child[!side] = between;
	if (between)
		gap_set_parent(between, gap);
	gap_set_child(tree, parent, gap, up);
	gap_set_parent(up, parent);
	up->child[side] = gap;
	gap_set_parent(gap, up);
	if (by_address) {
		up->longest = gap->longest;
		gap->longest = gap_longest(gap);
	}
}

GAP_INLINE void gap_balance_link(struct gap_tree *tree, struct gap *gap, bool by_address)
{
	for (;;) {
		struct gap *parent = gap_parent(gap);
		if (!parent) {
			gap_set_black(gap, true);
			return;
		}
		if (gap_is_black(parent))
			return;
		struct gap *grand = gap_parent(parent);
		int side = grand->child[1] == parent;
		struct gap *uncle = grand->child[!side];
		if (gap_is_red(uncle)) {
			gap_set_black(parent, true);
			gap_set_black(uncle, true);
			gap_set_black(grand, false);
			gap = grand;
			continue;
		}
		if (parent->child[!side] == gap) {
			gap_rotate(tree, parent, side, by_address);
			parent = gap;
		}
		gap_set_black(parent, true);
		gap_set_black(grand, false);
		gap_rotate(tree, grand, !side, by_address);
		return;
	}
}

/* Does gap come behind the position (first, length)? */
GAP_INLINE bool gap_is_behind(const struct gap *gap, uint64_t first, uint64_t length, bool by_address)
{
	if (by_address)
		return gap->first > first;
	return (gap->length > length) | ((gap->length == length) & (gap->first > first));
}

/* Inserts a gap whose first and length are set. */
GAP_INLINE void gap_insert(struct gap_tree *tree, struct gap *gap, bool by_address, uint64_t *examined)
{
	struct gap *parent = NULL, **link = &tree->root;
	while (*link) {
		parent = *link;
		if (examined)
			++*examined;
		link = &parent->child[!gap_is_behind(parent, gap->first, gap->length, by_address)];
	}
	*link = gap;
	gap->child[0] = gap->child[1] = NULL;
	gap->parent = (uintptr_t)parent;
	if (by_address) {
		gap->longest = 0;
		gap_raise(gap);
	}
	gap_balance_link(tree, gap, by_address);
}

/* One black node is missing on the path to gap (possibly NULL) below parent. */
GAP_INLINE void gap_balance_erase(struct gap_tree *tree, struct gap *gap, struct gap *parent, bool by_address)
{
	while (parent && !gap_is_red(gap)) {
		int side = parent->child[1] == gap;
		struct gap *sibling = parent->child[!side];
		if (gap_is_red(sibling)) {
			gap_set_black(sibling, true);
			gap_set_black(parent, false);
			gap_rotate(tree, parent, side, by_address);
			sibling = parent->child[!side];
		}
		if (!gap_is_red(sibling->child[0]) && !gap_is_red(sibling->child[1])) {
			gap_set_black(sibling, false);
			gap = parent;
			parent = gap_parent(gap);
			continue;
		}
		if (!gap_is_red(sibling->child[!side])) {
			gap_set_black(sibling->child[side], true);
			gap_set_black(sibling, false);
			gap_rotate(tree, sibling, !side, by_address);
			sibling = parent->child[!side];
		}
		gap_set_black(sibling, gap_is_black(parent));
		gap_set_black(parent, true);
		gap_set_black(sibling->child[!side], true);
		gap_rotate(tree, parent, side, by_address);
		return;
	}
	if (gap)
		gap_set_black(gap, true);
}

/* fresh takes the position of old, with whatever first and length it has. */
GAP_INLINE void gap_replace(struct gap_tree *tree, struct gap *old, struct gap *fresh)
{
	gap_set_child(tree, gap_parent(old), old, fresh);
	for (int side = 0; side < 2; side++) {
		fresh->child[side] = old->child[side];
		if (fresh->child[side])
			gap_set_parent(fresh->child[side], fresh);
	}
	fresh->parent = old->parent;
	fresh->longest = old->longest;
}

GAP_INLINE void gap_erase(struct gap_tree *tree, struct gap *gap, bool by_address)
{
	struct gap *moved = NULL, *child, *parent;
	bool black;
	if (gap->child[0] && gap->child[1]) {
		moved = gap->child[1];
		while (moved->child[0])
			moved = moved->child[0];
		child = moved->child[1];
		parent = gap_parent(moved);
		black = gap_is_black(moved);
		gap_set_child(tree, parent, moved, child);
		if (child)
			gap_set_parent(child, parent);
		if (parent == gap)
			parent = moved;
		gap_replace(tree, gap, moved);
	} else {
		child = gap->child[!gap->child[0]];
		parent = gap_parent(gap);
		black = gap_is_black(gap);
		gap_set_child(tree, parent, gap, child);
		if (child)
			gap_set_parent(child, parent);
	}
	if (by_address) {
		gap_recount(parent);
		if (moved)
			gap_recount(moved);
	}
	if (black)
		gap_balance_erase(tree, child, parent, by_address);
}

/* The next gap in the tree's order towards side (1: ascending), or NULL. */
static inline struct gap *gap_neighbour(const struct gap *gap, int side)
{
	if (gap->child[side]) {
		struct gap *next = gap->child[side];
		while (next->child[!side])
			next = next->child[!side];
		return next;
	}
	struct gap *parent = gap_parent(gap);
	while (parent && parent->child[side] == gap) {
		gap = parent;
		parent = gap_parent(gap);
	}
	return parent;
}

/* The outermost gap on side (0: the lowest), or NULL. */
static inline struct gap *gap_outermost(const struct gap_tree *tree, int side)
{
	struct gap *gap = tree->root;
	while (gap && gap->child[side])
		gap = gap->child[side];
	return gap;
}

#endif
