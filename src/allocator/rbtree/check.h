/* SPDX-License-Identifier: MIT
 * The invariants of rbtree, recounted from the lowest level. */
#ifndef ALLOCATOR_RBTREE_CHECK_H
#define ALLOCATOR_RBTREE_CHECK_H

#include "allocator/rbtree/state.h"

/* NULL, or the one that does not hold: of a tree, and of keys by themselves. */
const char *rbtree_check(const struct rbtree *self);
const char *gap_keys_check(const struct gap_keys *keys);

#endif
