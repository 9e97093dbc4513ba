/* SPDX-License-Identifier: MIT
 * What audits ask. Nothing here is counted or changed. */
#include "ddi/limits.h"
#include "ddi/mapping.h"
#include "ddi/memory_object.h"

struct ddi_placement ddi_adapter_placements(const struct ddi_adapter *adapter, enum ddi_call call)
{
	return adapter->placements[call];
}

/* The live entry of a handle, whatever it is, or NULL. */
static struct handle_entry *live_entry(const struct ddi_adapter *adapter, ddi_handle handle)
{
	struct handle_entry *entry;
	enum handle_kind kind = handle_kind_of(handle);
	return handle_table_find(&adapter->handles, handle, kind, &entry) == NTSTATUS_SUCCESS ? entry : NULL;
}

static struct extent_list one_extent(const struct iova_extent *extent, uint64_t pages)
{
	struct extent_list list = extent_list_empty();
	list.first = *extent;
	list.first_pages = (uint32_t)pages;
	list.count = 1;
	return list;
}

static struct run_cursor frames_behind_map(const struct ddi_adapter *adapter, const struct handle_entry *entry,
					   const union handle_more *more)
{
	const struct handle_entry *target = handle_table_entry(&adapter->handles, more->map.target);
	if (handle_kind_of(entry->handle) != HANDLE_ADL)
		return run_cursor_at(adapter->frame_nodes, &target->as.frames, 0);
	return object_frames_at(adapter, target, handle_table_more(&adapter->handles, more->map.target), more->map.offset);
}

static void measure_contiguous(const struct ddi_adapter *adapter, const struct handle_entry *entry,
			       const union handle_more *more, struct ddi_placement *placement)
{
	struct run_cursor frames = {0};
	uint64_t pages = adapter->physical ? more->frames.pages : entry->as.extent.count;
	if (adapter->identity)
		frames = (struct run_cursor){.frame = entry->as.extent.first, .left = pages};
	else if (adapter->physical)
		frames = run_cursor_at(adapter->frame_nodes, &more->frames, 0);
	struct extent_list list = one_extent(&entry->as.extent, pages);
	mapping_measure(adapter, &list, frames, pages, placement);
}

static void measure_segment(const struct ddi_adapter *adapter, const struct handle_entry *entry,
			    struct ddi_placement *placement)
{
	const struct iova_extent extent = {.first = entry->as.run.logical, .count = entry->as.run.count};
	struct extent_list list = one_extent(&extent, extent.count);
	const struct run_cursor frames = {.frame = entry->as.run.frame, .left = entry->as.run.count};
	mapping_measure(adapter, &list, frames, extent.count, placement);
}

static void measure_map(const struct ddi_adapter *adapter, const struct handle_entry *entry, const union handle_more *more,
			struct ddi_placement *placement)
{
	struct extent_list list = mapping_load(entry, more);
	uint64_t array = (uint64_t)more->map.pages * PAGE_ARRAY_ENTRY_BYTES;
	mapping_measure(adapter, &list, frames_behind_map(adapter, entry, more), more->map.pages, placement);
	if (more->map.contiguous)
		placement->page_array_bytes_saved = array;
	else
		placement->page_array_bytes = array;
}

enum ntstatus ddi_placement_of(const struct ddi_adapter *adapter, ddi_handle handle, struct ddi_placement *placement)
{
	const struct handle_entry *entry = live_entry(adapter, handle);
	if (!entry)
		return NTSTATUS_INVALID_HANDLE;
	const union handle_more *more = handle_table_more(&adapter->handles, handle_index(handle));
	struct ddi_placement measured = {0};
	switch (handle_kind_of(handle)) {
	case HANDLE_CONTIGUOUS:
		measure_contiguous(adapter, entry, more, &measured);
		break;
	case HANDLE_ALLOCATED_MDL:
	case HANDLE_MAPPED_MDL:
	case HANDLE_ADL:
		measure_map(adapter, entry, more, &measured);
		break;
	case HANDLE_SEGMENT:
		measure_segment(adapter, entry, &measured);
		break;
	case HANDLE_MDL:
		measured.pages = entry->as.frames.pages;
		measured.frame_runs = entry->as.frames.runs;
		measured.page_array_bytes = measured.pages * PAGE_ARRAY_ENTRY_BYTES;
		break;
	default:
		return NTSTATUS_OBJECT_TYPE_MISMATCH;
	}
	*placement = measured;
	return NTSTATUS_SUCCESS;
}

enum ntstatus ddi_visit_extents(const struct ddi_adapter *adapter, ddi_handle handle, ddi_visit_extent visit, void *context)
{
	const struct handle_entry *entry = live_entry(adapter, handle);
	struct extent_list list;
	if (!entry)
		return NTSTATUS_INVALID_HANDLE;
	switch (handle_kind_of(handle)) {
	case HANDLE_CONTIGUOUS:
	case HANDLE_TOKEN:
		list = one_extent(&entry->as.extent, entry->as.extent.count);
		break;
	case HANDLE_ALLOCATED_MDL:
	case HANDLE_MAPPED_MDL:
	case HANDLE_ADL:
		list = mapping_load(entry, handle_table_more(&adapter->handles, handle_index(handle)));
		break;
	default:
		return NTSTATUS_OBJECT_TYPE_MISMATCH;
	}
	struct extent_cursor cursor = extent_cursor_at(&adapter->list_nodes, &list);
	for (; cursor.extent; extent_cursor_next(&cursor))
		visit(context, cursor.extent);
	return NTSTATUS_SUCCESS;
}

enum ntstatus ddi_describe_mdl(const struct ddi_adapter *adapter, ddi_handle mdl, struct ddi_mdl *description)
{
	struct handle_entry *entry;
	union handle_more *more;
	enum ntstatus status = adapter_find(adapter, mdl, HANDLE_MDL, &entry, &more);
	if (status == NTSTATUS_SUCCESS)
		*description = (struct ddi_mdl){.byte_count = more->mdl.byte_count,
						.node = more->mdl.node,
						.page_count = entry->as.frames.pages,
						.frame_runs = entry->as.frames.runs,
						.cache_type = (enum ddi_cache_type)more->mdl.cache_type,
						.flags = more->mdl.flags,
						.maps = (uint64_t)more->mdl.maps + !more->mdl.of_mm};
	return status;
}

enum ntstatus ddi_mdl_frames(const struct ddi_adapter *adapter, ddi_handle mdl, uint64_t first, uint64_t count,
			     uint64_t *frames)
{
	struct handle_entry *entry;
	union handle_more *more;
	enum ntstatus status = adapter_find(adapter, mdl, HANDLE_MDL, &entry, &more);
	if (status != NTSTATUS_SUCCESS)
		return status;
	if (first > entry->as.frames.pages || count > entry->as.frames.pages - first)
		return NTSTATUS_INVALID_PARAMETER;
	struct run_cursor cursor = run_cursor_at(adapter->frame_nodes, &entry->as.frames, first);
	for (; count > 0; count--) {
		*frames++ = cursor.frame;
		run_cursor_advance(&cursor, 1);
	}
	return NTSTATUS_SUCCESS;
}

struct longest {
	uint64_t low, high;
	uint64_t pages;
};

static void look_at(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct longest *longest = context;
	uint64_t last = first + count - 1;
	if (state != IOVA_USABLE || last < longest->low || first > longest->high)
		return;
	first = first > longest->low ? first : longest->low;
	last = last < longest->high ? last : longest->high;
	if (last - first + 1 > longest->pages)
		longest->pages = last - first + 1;
}

uint64_t ddi_adapter_largest_free_pages(struct ddi_adapter *adapter, uint64_t lowest, uint64_t highest)
{
	struct iova_request window = {0};
	if (lowest > highest || !limits_window(adapter, lowest, highest, &window) || window.low > window.high)
		return 0;
	struct longest longest = {window.low, window.high, 0};
	if (!adapter->table->visit_free)
		return 0;
	adapter->table->visit_free(adapter->self, look_at, &longest);
	return longest.pages;
}
