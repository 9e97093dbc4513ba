/* SPDX-License-Identifier: MIT
 * What lies behind the ADLs of a memory object. */
#ifndef DDI_MEMORY_OBJECT_H
#define DDI_MEMORY_OBJECT_H

#include "ddi/adapter.h"

#include <assert.h>

/* object.boundary_shift of an object without a boundary. */
#define OBJECT_NO_BOUNDARY 64u

static inline uint64_t object_pages(const struct handle_entry *entry, const union handle_more *more)
{
	return more->object.type == DDI_MEMORY_IO_SPACE ? entry->as.run.count : entry->as.frames.pages;
}

/* Its frames from page `offset` on, which it has. O(runs before it). */
static inline struct run_cursor object_frames_at(const struct ddi_adapter *adapter, const struct handle_entry *entry,
						 const union handle_more *more, uint64_t offset)
{
	assert(offset <= object_pages(entry, more));
	if (more->object.type != DDI_MEMORY_IO_SPACE)
		return run_cursor_at(adapter->frame_nodes, &entry->as.frames, offset);
	return (struct run_cursor){.frame = entry->as.run.frame + offset, .left = entry->as.run.count - offset};
}

#endif
