/* SPDX-License-Identifier: MIT
 * What lib/rbtree.c of a kernel takes from a header of its name, and trees whose nodes sum up what is below them. Written for
 * iovabench. */
#ifndef PEERS_LINUX_RBTREE_AUGMENTED_H
#define PEERS_LINUX_RBTREE_AUGMENTED_H

#include "linux/rbtree.h"

struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop); /* sums are made again from node upwards */
	void (*copy)(struct rb_node *old, struct rb_node *new);
	void (*rotate)(struct rb_node *old, struct rb_node *new); /* new is where old was, old below it */
};

#define RB_RED 0
#define RB_BLACK 1
#define __rb_parent(word) ((struct rb_node *)((word) & ~3UL))
#define __rb_color(word) ((word)&1UL)
#define __rb_is_black(word) __rb_color(word)
#define __rb_is_red(word) (!__rb_color(word))
#define rb_color(node) __rb_color((node)->__rb_parent_color)
#define rb_is_red(node) __rb_is_red((node)->__rb_parent_color)
#define rb_is_black(node) __rb_is_black((node)->__rb_parent_color)

static inline void rb_set_parent_color(struct rb_node *node, struct rb_node *parent, int colour)
{
	node->__rb_parent_color = (unsigned long)parent + (unsigned long)colour;
}

static inline void rb_set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->__rb_parent_color = (unsigned long)parent + rb_color(node);
}

static inline void __rb_change_child(struct rb_node *old, struct rb_node *new, struct rb_node *parent, struct rb_root *root)
{
	*(!parent ? &root->rb_node : parent->rb_left == old ? &parent->rb_left : &parent->rb_right) = new;
}

#define __rb_change_child_rcu __rb_change_child

void __rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			   void (*rotate)(struct rb_node *old, struct rb_node *new));
void __rb_erase_color(struct rb_node *parent, struct rb_root *root,
		      void (*rotate)(struct rb_node *old, struct rb_node *new));

/* Takes the node out, and leaves colours wrong by one black node below what it returns; NULL: they are right. When it has two
 * children, the next one leaves its place and takes that of the node. */
static __always_inline struct rb_node *__rb_erase_augmented(struct rb_node *node, struct rb_root *root,
							    const struct rb_augment_callbacks *augment)
{
	struct rb_node *leaves = node;
	if (node->rb_left && node->rb_right)
		for (leaves = node->rb_right; leaves->rb_left; leaves = leaves->rb_left)
			;
	struct rb_node *child = leaves->rb_left ? leaves->rb_left : leaves->rb_right, *above = rb_parent(leaves);
	bool lacks = rb_is_black(leaves) && !child;
	__rb_change_child(leaves, child, above, root);
	if (child) /* a single child is red, its parent black */
		rb_set_parent_color(child, above, RB_BLACK);
	if (leaves == node) {
		augment->propagate(above, NULL);
		return lacks ? above : NULL;
	}
	*leaves = *node;
	__rb_change_child(node, leaves, rb_parent(node), root);
	rb_set_parent(leaves->rb_left, leaves);
	if (leaves->rb_right)
		rb_set_parent(leaves->rb_right, leaves);
	augment->copy(node, leaves);
	if (above == node)
		above = leaves;
	else
		augment->propagate(above, leaves);
	augment->propagate(leaves, NULL);
	return lacks ? above : NULL;
}

static __always_inline void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
					       const struct rb_augment_callbacks *augment)
{
	struct rb_node *lacks = __rb_erase_augmented(node, root, augment);
	if (lacks)
		__rb_erase_color(lacks, root, augment->rotate);
}

static __always_inline void rb_erase_augmented_cached(struct rb_node *node, struct rb_root_cached *root,
						      const struct rb_augment_callbacks *augment)
{
	if (root->rb_leftmost == node)
		root->rb_leftmost = rb_next(node);
	rb_erase_augmented(node, &root->rb_root, augment);
}

static inline void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
				       const struct rb_augment_callbacks *augment)
{
	__rb_insert_augmented(node, root, augment->rotate);
}

static inline void rb_insert_augmented_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost,
					      const struct rb_augment_callbacks *augment)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_augmented(node, &root->rb_root, augment);
}

/* The member `sum` of each node is the largest `compute` at it and below it. */
#define RB_DECLARE_CALLBACKS_MAX(scope, name, type, member, sum_type, sum, compute)                                        \
	static inline bool name##_sum_up(type *entry)                                                                      \
	{                                                                                                                  \
		sum_type most = compute(entry), was = entry->sum;                                                          \
		struct rb_node *left = entry->member.rb_left, *right = entry->member.rb_right;                             \
		if (left && rb_entry(left, type, member)->sum > most)                                                      \
			most = rb_entry(left, type, member)->sum;                                                          \
		if (right && rb_entry(right, type, member)->sum > most)                                                    \
			most = rb_entry(right, type, member)->sum;                                                         \
		entry->sum = most;                                                                                         \
		return most != was;                                                                                        \
	}                                                                                                                  \
	static inline void name##_propagate(struct rb_node *node, struct rb_node *stop)                                    \
	{                                                                                                                  \
		while (node != stop && name##_sum_up(rb_entry(node, type, member)))                                        \
			node = rb_parent(node);                                                                            \
	}                                                                                                                  \
	static inline void name##_copy(struct rb_node *old, struct rb_node *new)                                           \
	{                                                                                                                  \
		rb_entry(new, type, member)->sum = rb_entry(old, type, member)->sum;                                       \
	}                                                                                                                  \
	static void name##_rotate(struct rb_node *old, struct rb_node *new)                                                \
	{                                                                                                                  \
		name##_copy(old, new);                                                                                     \
		name##_sum_up(rb_entry(old, type, member));                                                                \
	}                                                                                                                  \
	scope const struct rb_augment_callbacks name = {name##_propagate, name##_copy, name##_rotate};

#endif
