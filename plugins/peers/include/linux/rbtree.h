/* SPDX-License-Identifier: MIT
 * Nodes and links of trees as lib/rbtree.c of a kernel, which keeps them balanced, expects them. Written for iovabench. */
#ifndef PEERS_LINUX_RBTREE_H
#define PEERS_LINUX_RBTREE_H

#include "kernel.h"

struct rb_node {
	unsigned long __rb_parent_color; /* the parent's address; bit 0: black */
	struct rb_node *rb_right, *rb_left;
} __attribute__((aligned(sizeof(long))));
struct rb_root {
	struct rb_node *rb_node;
};
struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};
#define RB_ROOT ((struct rb_root){NULL})
#define RB_ROOT_CACHED ((struct rb_root_cached){{NULL}, NULL})
#define RB_EMPTY_ROOT(root) (!(root)->rb_node)
/* A node that is in no tree is its own parent. */
#define RB_CLEAR_NODE(node) ((node)->__rb_parent_color = (unsigned long)(node))
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (unsigned long)(node))
#define rb_entry(pointer, type, member) container_of(pointer, type, member)
#define rb_parent(node) ((struct rb_node *)((node)->__rb_parent_color & ~3UL))
#define rb_first_cached(root) ((root)->rb_leftmost)
#define rb_entry_safe(pointer, type, member)                                                                               \
	({                                                                                                                 \
		__typeof__(pointer) node_ = (pointer);                                                                     \
		node_ ? rb_entry(node_, type, member) : NULL;                                                              \
	})
#define rbtree_postorder_for_each_entry_safe(at, behind, root, member)                                                     \
	for ((at) = rb_entry_safe(rb_first_postorder(root), __typeof__(*(at)), member);                                    \
	     (at) && ((behind) = rb_entry_safe(rb_next_postorder(&(at)->member), __typeof__(*(at)), member), 1);           \
	     (at) = (behind))

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	*node = (struct rb_node){(unsigned long)parent, NULL, NULL};
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root);
void rb_replace_node_rcu(struct rb_node *victim, struct rb_node *new, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);

static inline void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}

static inline struct rb_node *rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	struct rb_node *leftmost = NULL;
	if (root->rb_leftmost == node)
		leftmost = root->rb_leftmost = rb_next(node);
	rb_erase(node, &root->rb_root);
	return leftmost;
}

static inline void rb_replace_node_cached(struct rb_node *victim, struct rb_node *new, struct rb_root_cached *root)
{
	if (root->rb_leftmost == victim)
		root->rb_leftmost = new;
	rb_replace_node(victim, new, &root->rb_root);
}

/* Returns the node when it is the new leftmost. */
static inline struct rb_node *rb_add_cached(struct rb_node *node, struct rb_root_cached *root,
					    bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;
	bool leftmost = true;
	while (*link) {
		parent = *link;
		bool left = less(node, parent);
		leftmost = leftmost && left;
		link = left ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color_cached(node, root, leftmost);
	return leftmost ? node : NULL;
}

#endif
