/* SPDX-License-Identifier: MIT
 * Disjoint spans of numbers in ascending order, each with a weight: a tree of nodes, in which spans are found and the weights
 * in front of one are summed in O(log spans), however long the spans are. */
#ifndef MEASURE_SPAN_TREE_H
#define MEASURE_SPAN_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [first, first + count), count >= 1. */
struct span {
	uint64_t first;
	uint64_t count;
	uint64_t weight;
	uint64_t value; /* the caller's */
};

#define SPAN_TREE_LEVELS_MAX 12u /* each has at least half of SPAN_TREE_CHILDREN as many spans below it as the one before */
#define SPAN_TREE_CHILDREN 32u

struct span_leaf;
struct span_fork;

/* Zero-initialise. */
struct span_tree {
	struct span_leaf *leaves;
	struct span_fork *forks;
	size_t leaf_capacity, fork_capacity;
	uint32_t leaves_unused, forks_unused; /* 1 + index of the first unused one, which leads to the next; 0: none */
	size_t leaves_left, forks_left;       /* unused ones */
	unsigned levels;                      /* of forks above the leaves */
	uint32_t root;                        /* meaningless while there is no span */
	size_t count;
};

/* Where a span lies. Inserting and removing makes it meaningless. */
struct span_position {
	uint32_t fork[SPAN_TREE_LEVELS_MAX], child[SPAN_TREE_LEVELS_MAX];
	uint32_t leaf, at;
};

void span_tree_release(struct span_tree *tree);

/* Makes room for so many insertions (few): they cannot fail then. Returns 0, or -1 without memory. */
int span_tree_reserve(struct span_tree *tree, unsigned insertions) __attribute__((warn_unused_result));

/* The last span that begins at or below number, or NULL; its count may be changed in position as long as spans stay
 * disjoint. */
struct span *span_tree_find(const struct span_tree *tree, uint64_t number, struct span_position *position);
/* Of all spans in front of one that was found, together. */
uint64_t span_tree_weight_before(const struct span_tree *tree, const struct span_position *position);
/* The first span, and the one behind; NULL at the end. */
const struct span *span_tree_first(const struct span_tree *tree, struct span_position *position);
const struct span *span_tree_next(const struct span_tree *tree, struct span_position *position);

/* It meets no other, and room was made for it. */
void span_tree_insert(struct span_tree *tree, const struct span *span);
void span_tree_remove(struct span_tree *tree, const struct span_position *position);
/* Adds to the weight of a span; modulo 2^64, so that it can take away. */
void span_tree_weigh(struct span_tree *tree, const struct span_position *position, uint64_t more);

/* Order, keys and sums are what a walk of all spans finds. O(spans). */
bool span_tree_sound(const struct span_tree *tree);

#endif
