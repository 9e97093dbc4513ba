/* SPDX-License-Identifier: MIT
 * A limit on the extents that are live at once, in front of an allocator: what is beyond is refused before it is asked, as
 * vfio does with mappings. */
#ifndef PLAY_QUOTA_H
#define PLAY_QUOTA_H

#include "iovabench/allocator.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct quota {
	struct iova_allocator table; /* what is called, with the quota as self */
	const struct iova_allocator *of;
	void *self;
	_Atomic int64_t left; /* extents */
};

/* capabilities: of the allocator behind it. of and self outlive the quota. */
void quota_open(struct quota *quota, const struct iova_allocator *of, void *self, uint64_t capabilities, uint64_t extents);

/* Whether the next request would be refused. */
static inline bool quota_is_spent(const struct quota *quota)
{
	return atomic_load_explicit(&quota->left, memory_order_relaxed) <= 0;
}

#endif
