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

/* Lists of fewer runs are walked. */
#define OBJECT_INDEXED_RUNS 32u

/* Before its frames from some page on are asked for again and again: makes an index, where there is memory. */
static inline void object_prepare_index(struct ddi_adapter *adapter, const struct handle_entry *entry,
					union handle_more *more, uint64_t offset)
{
	if (offset > 0 && more->object.type != DDI_MEMORY_IO_SPACE && more->object.index == NODE_NONE &&
	    entry->as.frames.runs >= OBJECT_INDEXED_RUNS)
		more->object.index = run_index_make(&adapter->list_nodes, adapter->frame_nodes, &entry->as.frames);
}

static inline void object_drop_index(struct ddi_adapter *adapter, const struct handle_entry *entry, union handle_more *more)
{
	if (more->object.type != DDI_MEMORY_IO_SPACE)
		run_index_clear(&adapter->list_nodes, &entry->as.frames, more->object.index);
	more->object.index = NODE_NONE;
}

/* Its frames from page `offset` on, which it has. O(log runs) with an index, else O(runs before it). */
static inline struct run_cursor object_frames_at(const struct ddi_adapter *adapter, const struct handle_entry *entry,
						 const union handle_more *more, uint64_t offset)
{
	assert(offset <= object_pages(entry, more));
	if (more->object.type != DDI_MEMORY_IO_SPACE)
		return run_cursor_by(&adapter->list_nodes, more->object.index, adapter->frame_nodes, &entry->as.frames,
				     offset);
	return (struct run_cursor){.frame = entry->as.run.frame + offset, .left = entry->as.run.count - offset};
}

#endif
