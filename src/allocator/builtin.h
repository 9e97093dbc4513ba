/* SPDX-License-Identifier: MIT
 * The tables of the built-in allocators; everyone else finds them through registry.h. */
#ifndef ALLOCATOR_BUILTIN_H
#define ALLOCATOR_BUILTIN_H

#include "iovabench/allocator.h"

extern const struct iova_allocator allocator_bitmap;
extern const struct iova_allocator allocator_buddy;
extern const struct iova_allocator allocator_lazy;
extern const struct iova_allocator allocator_magazine;
extern const struct iova_allocator allocator_null;
extern const struct iova_allocator allocator_rbtree;
extern const struct iova_allocator allocator_segregated;

#endif
