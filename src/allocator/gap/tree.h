/* SPDX-License-Identifier: MIT
 * Red-black tree of free gaps, ordered by address (with the longest gap of every subtree), by length and address, or as an
 * index of constrained requests has them (gap/index.h).
 *
 * Gaps are numbers of 31 bits into one array: what a descent reads fills half a cache line, and there are no more of them than
 * gaps, however many extents live. Gap 0 is the empty subtree: black, of no pages, never written.
 *
 * The order is a compile-time constant of every caller: it folds away. */
#ifndef ALLOCATOR_GAP_TREE_H
#define ALLOCATOR_GAP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GAP_INLINE static inline __attribute__((always_inline))

__extension__ typedef unsigned __int128 gap_wide;

enum gap_order {
	GAP_BY_LENGTH,       /* then by address */
	GAP_BY_LENGTH_DOWN,  /* then by address, the highest first: of indices alone */
	GAP_BY_ADDRESS,      /* with `longest` */
	GAP_BY_ADDRESS_DOWN, /* the highest first: how indices are filed */
	GAP_INDEXED,         /* with `reach` */
};

/* Multiples that an index knows of: of 1 page, and of alignments that were asked for. */
#define GAP_ALIGNS 6u

/* What the gaps of a subtree offer, each figure by itself. */
struct gap_reach {
	uint64_t lowest;              /* page */
	uint64_t end;                 /* behind the highest page */
	uint64_t longest[GAP_ALIGNS]; /* pages from the first multiple of the alignment on */
};

struct gap {
	uint64_t first;    /* page */
	uint64_t length;   /* pages; 0: not in the tree */
	uint32_t child[2]; /* lower and higher in the tree's order */
	uint32_t parent;   /* times 2; bit 0: black */
	union {
		uint32_t longest; /* by address: the greatest gap_rank in this subtree */
		uint32_t owner;   /* indexed: what the allocator calls it */
	};
};
_Static_assert(sizeof(struct gap) == 32, "two gaps share a cache line");

struct gap_tree {
	struct gap *gaps;
	uint32_t root;
	uint32_t unused;   /* gaps given back, most recent first; child[0] is the next one */
	uint32_t fresh;    /* from here to capacity none was ever used */
	uint32_t capacity; /* gaps, with gap 0 */
	/* GAP_INDEXED alone. */
	enum gap_order asked; /* one of the others */
	unsigned aligns_log2[GAP_ALIGNS];
	unsigned align_count;
	struct gap_reach *reach; /* by gap; that of gap 0 offers nothing */
};

/* Gaps of GAP_RANK_MAX pages and more are told apart by their length alone. */
#define GAP_RANK_MAX UINT32_MAX

GAP_INLINE uint32_t gap_rank(uint64_t length)
{
	return length < GAP_RANK_MAX ? (uint32_t)length : GAP_RANK_MAX;
}

GAP_INLINE uint32_t gap_parent(const struct gap *gaps, uint32_t gap)
{
	return gaps[gap].parent >> 1;
}

GAP_INLINE bool gap_is_black(const struct gap *gaps, uint32_t gap)
{
	return gaps[gap].parent & 1;
}

GAP_INLINE void gap_set_parent(struct gap *gaps, uint32_t gap, uint32_t parent)
{
	gaps[gap].parent = (gaps[gap].parent & 1) | parent << 1;
}

GAP_INLINE void gap_set_black(struct gap *gaps, uint32_t gap, bool black)
{
	gaps[gap].parent = (gaps[gap].parent & ~1u) | black;
}

/* A gap that is not in the tree, or 0. */
GAP_INLINE uint32_t gap_take(struct gap_tree *tree)
{
	uint32_t gap = tree->unused;
	if (gap) {
		tree->unused = tree->gaps[gap].child[0];
		return gap;
	}
	return tree->fresh < tree->capacity ? tree->fresh++ : 0;
}

/* gap has left the tree. */
GAP_INLINE void gap_put(struct gap_tree *tree, uint32_t gap)
{
	tree->gaps[gap].length = 0;
	tree->gaps[gap].child[0] = tree->unused;
	tree->unused = gap;
}

/* Puts child where old hangs below parent. */
GAP_INLINE void gap_set_child(struct gap_tree *tree, uint32_t parent, uint32_t old, uint32_t child)
{
	if (parent)
		tree->gaps[parent].child[tree->gaps[parent].child[1] == old] = child;
	else
		tree->root = child;
}

GAP_INLINE uint32_t gap_longest(const struct gap *gaps, uint32_t gap)
{
	uint32_t longest = gap_rank(gaps[gap].length);
	uint32_t low = gaps[gaps[gap].child[0]].longest, high = gaps[gaps[gap].child[1]].longest;
	longest = low > longest ? low : longest;
	return high > longest ? high : longest;
}

/* Pages of the gap from the first multiple of 2^log2 on. */
GAP_INLINE uint64_t gap_pages_aligned(const struct gap *gap, unsigned log2)
{
	uint64_t past = -gap->first & ((UINT64_C(1) << log2) - 1);
	return gap->length > past ? gap->length - past : 0;
}

/* Of one gap. */
GAP_INLINE struct gap_reach gap_reach_own(const struct gap_tree *tree, const struct gap *gap)
{
	struct gap_reach own = {.lowest = gap->first, .end = gap->first + gap->length};
	for (unsigned i = 0; i < tree->align_count; i++)
		own.longest[i] = gap_pages_aligned(gap, tree->aligns_log2[i]);
	return own;
}

GAP_INLINE void gap_reach_add(const struct gap_tree *tree, struct gap_reach *sum, const struct gap_reach *more)
{
	sum->lowest = more->lowest < sum->lowest ? more->lowest : sum->lowest;
	sum->end = more->end > sum->end ? more->end : sum->end;
	for (unsigned i = 0; i < tree->align_count; i++)
		sum->longest[i] = more->longest[i] > sum->longest[i] ? more->longest[i] : sum->longest[i];
}

GAP_INLINE struct gap_reach gap_reach_count(const struct gap_tree *tree, uint32_t gap)
{
	const struct gap *own = &tree->gaps[gap];
	struct gap_reach sum = gap_reach_own(tree, own);
	gap_reach_add(tree, &sum, &tree->reach[own->child[0]]);
	gap_reach_add(tree, &sum, &tree->reach[own->child[1]]);
	return sum;
}

GAP_INLINE bool gap_reach_is(const struct gap_tree *tree, const struct gap_reach *a, const struct gap_reach *b)
{
	bool same = a->lowest == b->lowest && a->end == b->end;
	for (unsigned i = 0; i < tree->align_count; i++)
		same &= a->longest[i] == b->longest[i];
	return same;
}

/* What is told of gap's subtree, from what is told of its children. False: it was told before. */
GAP_INLINE bool gap_sum(struct gap_tree *tree, uint32_t gap, enum gap_order order)
{
	if (order == GAP_INDEXED) {
		const struct gap_reach sum = gap_reach_count(tree, gap);
		bool same = gap_reach_is(tree, &sum, &tree->reach[gap]);
		tree->reach[gap] = sum;
		return !same;
	}
	uint32_t longest = gap_longest(tree->gaps, gap), before = tree->gaps[gap].longest;
	tree->gaps[gap].longest = longest;
	return longest != before;
}

/* A gap at or below gap has changed: recounts upwards until nothing changes. */
GAP_INLINE void gap_recount(struct gap_tree *tree, uint32_t gap, enum gap_order order)
{
	while (gap && gap_sum(tree, gap, order))
		gap = gap_parent(tree->gaps, gap);
}

/* The gap's length has grown. */
GAP_INLINE void gap_raise(struct gap *gaps, uint32_t gap)
{
	uint32_t rank = gap_rank(gaps[gap].length);
	while (gap && gaps[gap].longest < rank) {
		gaps[gap].longest = rank;
		gap = gap_parent(gaps, gap);
	}
}

/* gap goes down to the given side, its other child takes its place. */
GAP_INLINE void gap_rotate(struct gap_tree *tree, uint32_t gap, int side, enum gap_order order)
{
	struct gap *gaps = tree->gaps;
	uint32_t up = gaps[gap].child[!side], parent = gap_parent(gaps, gap), between = gaps[up].child[side];
	gaps[gap].child[!side] = between;
	if (between)
		gap_set_parent(gaps, between, gap);
	gap_set_child(tree, parent, gap, up);
	gap_set_parent(gaps, up, parent);
	gaps[up].child[side] = gap;
	gap_set_parent(gaps, gap, up);
	if (order == GAP_BY_ADDRESS)
		gaps[up].longest = gaps[gap].longest;
	if (order == GAP_INDEXED)
		tree->reach[up] = tree->reach[gap];
	if (order != GAP_BY_LENGTH)
		gap_sum(tree, gap, order);
}

GAP_INLINE void gap_balance_link(struct gap_tree *tree, uint32_t gap, enum gap_order order)
{
	struct gap *gaps = tree->gaps;
	for (;;) {
		uint32_t parent = gap_parent(gaps, gap);
		if (!parent) {
			gap_set_black(gaps, gap, true);
			return;
		}
		if (gap_is_black(gaps, parent))
			return;
		uint32_t grand = gap_parent(gaps, parent);
		int side = gaps[grand].child[1] == parent;
		uint32_t uncle = gaps[grand].child[!side];
		if (!gap_is_black(gaps, uncle)) {
			gap_set_black(gaps, parent, true);
			gap_set_black(gaps, uncle, true);
			gap_set_black(gaps, grand, false);
			gap = grand;
			continue;
		}
		if (gaps[parent].child[!side] == gap) {
			gap_rotate(tree, parent, side, order);
			parent = gap;
		}
		gap_set_black(gaps, parent, true);
		gap_set_black(gaps, grand, false);
		gap_rotate(tree, grand, !side, order);
		return;
	}
}

/* An index has one of the other orders. */
GAP_INLINE enum gap_order gap_asked(const struct gap_tree *tree, enum gap_order order)
{
	return order == GAP_INDEXED ? tree->asked : order;
}

/* Does gap come behind the position (first, length)? */
GAP_INLINE bool gap_is_behind(const struct gap *gap, uint64_t first, uint64_t length, enum gap_order order)
{
	if (order == GAP_BY_ADDRESS)
		return gap->first > first;
	if (order == GAP_BY_ADDRESS_DOWN)
		return gap->first < first;
	if (order == GAP_BY_LENGTH_DOWN)
		return ((gap_wide)gap->length << 64 | ~gap->first) > ((gap_wide)length << 64 | ~first);
	/* One comparison of 128 bits: a descent is a chain of these, and a branch would be mispredicted every other time. */
	return ((gap_wide)gap->length << 64 | gap->first) > ((gap_wide)length << 64 | first);
}

/* Inserts a gap whose first and length are set. */
GAP_INLINE void gap_insert(struct gap_tree *tree, uint32_t gap, enum gap_order order, uint64_t *examined)
{
	struct gap *gaps = tree->gaps;
	const uint64_t first = gaps[gap].first, length = gaps[gap].length;
	const enum gap_order asked = gap_asked(tree, order);
	uint32_t parent = 0;
	if (order == GAP_INDEXED)
		tree->reach[gap] = gap_reach_own(tree, &gaps[gap]);
	for (uint32_t below = tree->root; below;) {
		/* Both children are loaded before the comparison is known. */
		uint32_t low = gaps[below].child[0], high = gaps[below].child[1];
		parent = below;
		if (order == GAP_INDEXED)
			gap_reach_add(tree, &tree->reach[below], &tree->reach[gap]);
		below = gap_is_behind(&gaps[below], first, length, asked) ? low : high;
		if (examined)
			++*examined;
	}
	if (parent)
		gaps[parent].child[!gap_is_behind(&gaps[parent], first, length, asked)] = gap;
	else
		tree->root = gap;
	gaps[gap].child[0] = gaps[gap].child[1] = 0;
	gaps[gap].parent = parent << 1;
	if (order == GAP_BY_ADDRESS) {
		gaps[gap].longest = 0;
		gap_raise(gaps, gap);
	}
	gap_balance_link(tree, gap, order);
}

/* One black node is missing on the path to gap (possibly none) below parent. */
GAP_INLINE void gap_balance_erase(struct gap_tree *tree, uint32_t gap, uint32_t parent, enum gap_order order)
{
	struct gap *gaps = tree->gaps;
	while (parent && gap_is_black(gaps, gap)) {
		int side = gaps[parent].child[1] == gap;
		uint32_t sibling = gaps[parent].child[!side];
		if (!gap_is_black(gaps, sibling)) {
			gap_set_black(gaps, sibling, true);
			gap_set_black(gaps, parent, false);
			gap_rotate(tree, parent, side, order);
			sibling = gaps[parent].child[!side];
		}
		if (gap_is_black(gaps, gaps[sibling].child[0]) && gap_is_black(gaps, gaps[sibling].child[1])) {
			gap_set_black(gaps, sibling, false);
			gap = parent;
			parent = gap_parent(gaps, gap);
			continue;
		}
		if (gap_is_black(gaps, gaps[sibling].child[!side])) {
			gap_set_black(gaps, gaps[sibling].child[side], true);
			gap_set_black(gaps, sibling, false);
			gap_rotate(tree, sibling, !side, order);
			sibling = gaps[parent].child[!side];
		}
		gap_set_black(gaps, sibling, gap_is_black(gaps, parent));
		gap_set_black(gaps, parent, true);
		gap_set_black(gaps, gaps[sibling].child[!side], true);
		gap_rotate(tree, parent, side, order);
		return;
	}
	if (gap)
		gap_set_black(gaps, gap, true);
}

/* fresh takes the position of old, with whatever first and length it has. */
GAP_INLINE void gap_replace(struct gap_tree *tree, uint32_t old, uint32_t fresh)
{
	struct gap *gaps = tree->gaps;
	gap_set_child(tree, gap_parent(gaps, old), old, fresh);
	for (int side = 0; side < 2; side++) {
		uint32_t child = gaps[old].child[side];
		gaps[fresh].child[side] = child;
		if (child)
			gap_set_parent(gaps, child, fresh);
	}
	gaps[fresh].parent = gaps[old].parent;
}

GAP_INLINE void gap_erase(struct gap_tree *tree, uint32_t gap, enum gap_order order)
{
	struct gap *gaps = tree->gaps;
	uint32_t moved = 0, out = gap;
	if (gaps[gap].child[0] && gaps[gap].child[1]) {
		moved = gaps[gap].child[1];
		while (gaps[moved].child[0])
			moved = gaps[moved].child[0];
		out = moved;
	}
	/* out has one child at most, which takes its place. */
	uint32_t child = gaps[out].child[!gaps[out].child[0]], parent = gap_parent(gaps, out);
	bool black = gap_is_black(gaps, out);
	gap_set_child(tree, parent, out, child);
	if (child)
		gap_set_parent(gaps, child, parent);
	if (moved) {
		if (parent == gap)
			parent = moved;
		gap_replace(tree, gap, moved);
		if (order == GAP_BY_ADDRESS)
			gaps[moved].longest = gaps[gap].longest;
		if (order == GAP_INDEXED)
			tree->reach[moved] = tree->reach[gap];
	}
	if (order != GAP_BY_LENGTH) {
		gap_recount(tree, parent, order);
		gap_recount(tree, moved, order);
	}
	if (black)
		gap_balance_erase(tree, child, parent, order);
}

/* The next gap in the tree's order towards side (1: ascending), or 0. */
GAP_INLINE uint32_t gap_neighbour(const struct gap *gaps, uint32_t gap, int side)
{
	uint32_t next = gaps[gap].child[side];
	if (next) {
		while (gaps[next].child[!side])
			next = gaps[next].child[!side];
		return next;
	}
	next = gap_parent(gaps, gap);
	while (next && gaps[next].child[side] == gap) {
		gap = next;
		next = gap_parent(gaps, gap);
	}
	return next;
}

/* The outermost gap on side (0: the lowest), or 0. */
GAP_INLINE uint32_t gap_outermost(const struct gap_tree *tree, int side)
{
	uint32_t gap = tree->root;
	while (tree->gaps[gap].child[side])
		gap = tree->gaps[gap].child[side];
	return gap;
}

#endif
