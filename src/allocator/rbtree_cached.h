/* SPDX-License-Identifier: MIT
 * Between the two searches of rbtree: they are two designs with one name. */
#ifndef ALLOCATOR_RBTREE_CACHED_H
#define ALLOCATOR_RBTREE_CACHED_H

#include "iovabench/allocator.h"

#include <stdint.h>

/* Live extents at most: nodes for so many are reserved for a space of more pages, and backed when touched. */
#define RBTREE_EXTENTS_MAX (UINT32_C(1) << 26)

/* The first member of every instance of rbtree: whose functions it is for. */
enum rbtree_kind {
	RBTREE_BY_LENGTH,  /* search=augmented, gaps in the order of their length */
	RBTREE_BY_ADDRESS, /* search=augmented, gaps in the order of their address */
	RBTREE_CACHED,     /* search=cached */
};

/* What create of rbtree_cached reads from its options, flags. */
enum { RBTREE_CACHED_HINT32, RBTREE_CACHED_RETRY, RBTREE_CACHED_GATE, RBTREE_CACHED_OPTIONS };

/* rbtree:search=cached. It has no name of its own: the functions of rbtree call those of this table for their instances. */
extern const struct iova_allocator rbtree_cached;

#endif
