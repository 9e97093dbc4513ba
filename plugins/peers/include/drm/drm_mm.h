/* SPDX-License-Identifier: MIT
 * What drivers/gpu/drm/drm_mm.c takes from a header of its name: written from the names that it uses. */
#ifndef PEERS_DRM_DRM_MM_H
#define PEERS_DRM_DRM_MM_H

#include "linux/list.h"
#include "linux/rbtree_augmented.h"

#define DRM_MM_BUG_ON(condition) ((void)sizeof(condition))

enum drm_mm_insert_mode {
	DRM_MM_INSERT_BEST,
	DRM_MM_INSERT_LOW,
	DRM_MM_INSERT_HIGH,
	DRM_MM_INSERT_EVICT,
	DRM_MM_INSERT_ONCE = INT_MIN, /* beside one of those above: the first hole or none */
};

struct drm_mm;

/* An extent, and the hole behind it. */
struct drm_mm_node {
	unsigned long color;
	u64 start, size;
	struct drm_mm *mm;
	struct list_head node_list, hole_stack;
	struct rb_node rb, rb_hole_size, rb_hole_addr;
	u64 __subtree_last, hole_size, subtree_max_hole;
	unsigned long flags;
#define DRM_MM_NODE_ALLOCATED_BIT 0
#define DRM_MM_NODE_SCANNED_BIT 1
};

struct drm_mm {
	void (*color_adjust)(const struct drm_mm_node *node, unsigned long color, u64 *start, u64 *end);
	struct list_head hole_stack;
	struct drm_mm_node head_node; /* behind the last extent and in front of the first */
	struct rb_root_cached interval_tree, holes_size;
	struct rb_root holes_addr;
	unsigned long scan_active;
};

struct drm_mm_scan {
	struct drm_mm *mm;
	u64 size, alignment, remainder_mask, range_start, range_end, hit_start, hit_end;
	unsigned long color;
	enum drm_mm_insert_mode mode;
};

struct drm_printer;
#define drm_printf(printer, ...) ((void)(printer))

static inline bool drm_mm_node_allocated(const struct drm_mm_node *node)
{
	return node->flags & 1UL << DRM_MM_NODE_ALLOCATED_BIT;
}

static inline bool drm_mm_hole_follows(const struct drm_mm_node *node)
{
	return node->hole_size;
}

static inline u64 __drm_mm_hole_node_start(const struct drm_mm_node *node)
{
	return node->start + node->size;
}

static inline u64 __drm_mm_hole_node_end(const struct drm_mm_node *node)
{
	return list_next_entry(node, node_list)->start;
}

#define drm_mm_hole_node_start __drm_mm_hole_node_start
#define drm_mm_hole_node_end __drm_mm_hole_node_end
#define drm_mm_nodes(mm) (&(mm)->head_node.node_list)
#define drm_mm_for_each_node(at, mm) list_for_each_entry(at, drm_mm_nodes(mm), node_list)
#define drm_mm_clean(mm) list_empty(drm_mm_nodes(mm))

struct drm_mm_node *__drm_mm_interval_first(const struct drm_mm *mm, u64 start, u64 last);
void drm_mm_init(struct drm_mm *mm, u64 start, u64 size);
void drm_mm_takedown(struct drm_mm *mm);
int drm_mm_reserve_node(struct drm_mm *mm, struct drm_mm_node *node);
int drm_mm_insert_node_in_range(struct drm_mm *mm, struct drm_mm_node *node, u64 size, u64 alignment, unsigned long color,
				u64 range_start, u64 range_end, enum drm_mm_insert_mode mode);
void drm_mm_remove_node(struct drm_mm_node *node);
void drm_mm_replace_node(struct drm_mm_node *old, struct drm_mm_node *new);

#endif
