/* SPDX-License-Identifier: MIT
 * Trees of intervals [start, last] by start, each node with the largest last below it. Written for iovabench. */
#ifndef PEERS_LINUX_INTERVAL_TREE_GENERIC_H
#define PEERS_LINUX_INTERVAL_TREE_GENERIC_H

#include "linux/rbtree_augmented.h"

#define INTERVAL_TREE_DEFINE(type, member, number, sum, start_of, last_of, scope, prefix)                                  \
	RB_DECLARE_CALLBACKS_MAX(static, prefix##_augment, type, member, number, sum, last_of)                             \
	scope void prefix##_insert(type *node, struct rb_root_cached *root)                                                \
	{                                                                                                                  \
		struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;                                            \
		bool leftmost = true;                                                                                      \
		while (*link) {                                                                                            \
			parent = *link;                                                                                    \
			type *above = rb_entry(parent, type, member);                                                      \
			if (above->sum < last_of(node))                                                                    \
				above->sum = last_of(node);                                                                \
			bool left = start_of(node) < start_of(above);                                                      \
			leftmost = leftmost && left;                                                                       \
			link = left ? &parent->rb_left : &parent->rb_right;                                                \
		}                                                                                                          \
		node->sum = last_of(node);                                                                                 \
		rb_link_node(&node->member, parent, link);                                                                 \
		rb_insert_augmented_cached(&node->member, root, leftmost, &prefix##_augment);                              \
	}                                                                                                                  \
	scope void prefix##_remove(type *node, struct rb_root_cached *root)                                                \
	{                                                                                                                  \
		rb_erase_augmented_cached(&node->member, root, &prefix##_augment);                                         \
	}                                                                                                                  \
	/* The first by start that meets [start, last]; NULL: none. */                                                     \
	scope type *prefix##_iter_first(struct rb_root_cached *root, number start, number last)                            \
	{                                                                                                                  \
		struct rb_node *at = root->rb_root.rb_node;                                                                \
		while (at) {                                                                                               \
			type *here = rb_entry(at, type, member);                                                           \
			if (at->rb_left && rb_entry(at->rb_left, type, member)->sum >= start)                              \
				at = at->rb_left;                                                                          \
			else if (start_of(here) > last)                                                                    \
				return NULL;                                                                               \
			else if (last_of(here) >= start)                                                                   \
				return here;                                                                               \
			else                                                                                               \
				at = at->rb_right;                                                                         \
		}                                                                                                          \
		return NULL;                                                                                               \
	}

#endif
