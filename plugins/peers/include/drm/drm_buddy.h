/* SPDX-License-Identifier: MIT
 * What drivers/gpu/drm/drm_buddy.c takes from a header of its name: written from the names that it uses. */
#ifndef PEERS_DRM_DRM_BUDDY_H
#define PEERS_DRM_DRM_BUDDY_H

#include "linux/list.h"
#include "linux/rbtree.h"

#define DRM_BUDDY_RANGE_ALLOCATION (1UL << 0)
#define DRM_BUDDY_TOPDOWN_ALLOCATION (1UL << 1)
#define DRM_BUDDY_CONTIGUOUS_ALLOCATION (1UL << 2)
#define DRM_BUDDY_CLEAR_ALLOCATION (1UL << 3)
#define DRM_BUDDY_CLEARED (1UL << 4)
#define DRM_BUDDY_TRIM_DISABLE (1UL << 5)

/* The header of a block: its offset in bytes, and below bit 12 what it is. */
#define DRM_BUDDY_HEADER_OFFSET (~UINT64_C(0xfff))
#define DRM_BUDDY_HEADER_STATE UINT64_C(0xc00)
#define DRM_BUDDY_ALLOCATED UINT64_C(0x400)
#define DRM_BUDDY_FREE UINT64_C(0x800)
#define DRM_BUDDY_SPLIT UINT64_C(0xc00)
#define DRM_BUDDY_HEADER_CLEAR UINT64_C(0x200)
#define DRM_BUDDY_HEADER_UNUSED UINT64_C(0x1c0)
#define DRM_BUDDY_HEADER_ORDER UINT64_C(0x3f)
#define DRM_BUDDY_MAX_ORDER (63 - 12)

struct drm_buddy_block {
	u64 header;
	struct drm_buddy_block *left, *right, *parent;
	void *private; /* the driver's */
	struct list_head link, tmp_link;
};

struct drm_buddy {
	struct list_head *free_list;
	struct drm_buddy_block **roots;
	unsigned int n_roots, max_order;
	u64 chunk_size, size, avail, clear_avail;
};

struct drm_printer;
#define drm_printf(printer, ...) ((void)(printer))

static inline u64 drm_buddy_block_offset(const struct drm_buddy_block *block)
{
	return block->header & DRM_BUDDY_HEADER_OFFSET;
}

static inline unsigned int drm_buddy_block_order(const struct drm_buddy_block *block)
{
	return block->header & DRM_BUDDY_HEADER_ORDER;
}

static inline u64 drm_buddy_block_state(const struct drm_buddy_block *block)
{
	return block->header & DRM_BUDDY_HEADER_STATE;
}

static inline bool drm_buddy_block_is_allocated(const struct drm_buddy_block *block)
{
	return drm_buddy_block_state(block) == DRM_BUDDY_ALLOCATED;
}

static inline bool drm_buddy_block_is_free(const struct drm_buddy_block *block)
{
	return drm_buddy_block_state(block) == DRM_BUDDY_FREE;
}

static inline bool drm_buddy_block_is_split(const struct drm_buddy_block *block)
{
	return drm_buddy_block_state(block) == DRM_BUDDY_SPLIT;
}

static inline bool drm_buddy_block_is_clear(const struct drm_buddy_block *block)
{
	return block->header & DRM_BUDDY_HEADER_CLEAR;
}

static inline u64 drm_buddy_block_size(const struct drm_buddy *mm, const struct drm_buddy_block *block)
{
	return mm->chunk_size << drm_buddy_block_order(block);
}

#endif
