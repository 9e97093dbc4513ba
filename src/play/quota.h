/* SPDX-License-Identifier: MIT
 * What a space refuses before an allocator is asked: extents beyond those that may live at once, as vfio does with mappings,
 * and attempts that find no memory for metadata. */
#ifndef PLAY_QUOTA_H
#define PLAY_QUOTA_H

#include "iovabench/allocator.h"
#include "workload/model.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct quota {
	struct iova_allocator table; /* what is called, with the quota as self */
	const struct iova_allocator *of;
	void *self;
	_Atomic int64_t left; /* extents */
	struct workload_metadata_fails metadata_fails;
	uint64_t seed;
	_Atomic uint64_t attempts; /* counted where some fail */
	_Atomic bool starved;      /* the last one did */
};

static inline bool quota_is_needed(const struct workload_space *space)
{
	return space->extents || space->metadata_fails.kind != WORKLOAD_METADATA_SUFFICES;
}

/* capabilities: of the allocator behind it. of and self outlive the quota. The same seed lets the same attempts fail. */
void quota_open(struct quota *quota, const struct iova_allocator *of, void *self, uint64_t capabilities,
		const struct workload_space *space, uint64_t seed);

/* Whether the last attempt found no memory for metadata. */
static inline bool quota_is_starved(const struct quota *quota)
{
	return atomic_load_explicit(&quota->starved, memory_order_relaxed);
}

/* Whether the next request would be refused for its number. */
static inline bool quota_is_spent(const struct quota *quota)
{
	return atomic_load_explicit(&quota->left, memory_order_relaxed) <= 0;
}

#endif
