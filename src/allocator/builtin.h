/* SPDX-License-Identifier: MIT
 * The tables of the built-in allocators; everyone else finds them through registry.h. What else the files of a folder share
 * stays in it: its names are made local when its object is linked. */
#ifndef ALLOCATOR_BUILTIN_H
#define ALLOCATOR_BUILTIN_H

#include "iovabench/allocator.h"

/* The one name of a folder that others see. */
#define ALLOCATOR_TABLE __attribute__((visibility("default")))

extern const ALLOCATOR_TABLE struct iova_allocator allocator_bitmap;
extern const ALLOCATOR_TABLE struct iova_allocator allocator_buddy;
extern const ALLOCATOR_TABLE struct iova_allocator allocator_lazy;
extern const ALLOCATOR_TABLE struct iova_allocator allocator_leaf;
extern const ALLOCATOR_TABLE struct iova_allocator allocator_linux;
extern const ALLOCATOR_TABLE struct iova_allocator allocator_magazine;
extern const ALLOCATOR_TABLE struct iova_allocator allocator_null;
extern const ALLOCATOR_TABLE struct iova_allocator allocator_rbtree;
extern const ALLOCATOR_TABLE struct iova_allocator allocator_segregated;

#endif
