/* SPDX-License-Identifier: MIT */
#include "ddi/mdl.h"

#include "ddi/frames.h"
#include "ddi/limits.h"

/* Windows beyond this many are not tried for logical addresses: each costs a call of the allocator. */
#define LOGICAL_WINDOWS_MAX 64

struct handle_entry *mdl_make(struct ddi_adapter *adapter, const struct ddi_mdl_request *request,
			      const struct run_list *frames, uint32_t node, bool of_mm, union handle_more **more)
{
	struct handle_entry *entry = adapter_take(adapter, HANDLE_MDL, more);
	uint64_t got = (uint64_t)frames->pages << adapter->page_shift;
	entry->as.frames = *frames;
	(*more)->mdl.byte_count = got < request->total_bytes ? got : request->total_bytes;
	(*more)->mdl.node = node;
	(*more)->mdl.maps = 0;
	(*more)->mdl.cache_type = (uint8_t)request->cache_type;
	(*more)->mdl.flags = (uint8_t)request->flags;
	(*more)->mdl.of_mm = of_mm;
	(*more)->mdl.pages_freed = false;
	return entry;
}

/* The alignment, contiguity and chunks of an MDL's logical extents. */
static struct mapping_wish wish_of(const struct ddi_adapter *adapter, const struct ddi_mdl_request *request)
{
	struct mapping_wish wish = {.pages = pages_of(adapter, request->total_bytes), .contiguity = request->contiguity};
	wish.limits.constraints = request->no_drain ? IOVA_CONSTRAIN_NO_DRAIN : 0;
	if (request->flags & DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS) {
		wish.chunk_pages = request->skip_bytes >> adapter->page_shift;
		wish.contiguity = DDI_CONTIGUITY_REQUIRE;
	}
	if (request->alignment_pages > 1) {
		wish.limits.align = request->alignment_pages;
		wish.limits.constraints |= IOVA_CONSTRAIN_ALIGN;
	}
	return wish;
}

/* Goes to the next window that could hold the wish when empty. false: there is none (any more). */
static bool next_possible(const struct ddi_adapter *adapter, struct page_windows *windows, int *tries,
			  struct mapping_wish *wish)
{
	uint32_t constraints = wish->limits.constraints & ~IOVA_CONSTRAIN_LIMIT;
	while (*tries < LOGICAL_WINDOWS_MAX && page_windows_next(windows, &wish->limits.low, &wish->limits.high)) {
		++*tries;
		wish->limits.constraints = constraints;
		if (wish->limits.low > adapter->first_page || wish->limits.high < adapter->last_page)
			wish->limits.constraints |= IOVA_CONSTRAIN_LIMIT;
		if (mapping_possible(wish))
			return true;
	}
	return false;
}

/* Remap mode: extents in the first window that has room; frames == NULL: take the frames, too, once the wish is possible.
 * Refusals are counted, and nothing is held then. */
static enum ntstatus map_into_windows(struct ddi_adapter *adapter, const struct ddi_mdl_request *request,
				      const struct run_list *frames, struct run_list *taken, uint32_t cpu,
				      struct extent_list *list)
{
	struct mapping_wish wish = wish_of(adapter, request);
	struct ddi_mdl_request logical = *request;
	bool limited = !frames && adapter->limits_on_frames;
	if (limited) {
		logical.low_address = 0;
		logical.high_address = UINT64_MAX;
	}
	struct page_windows windows = page_windows_of(adapter, &logical, adapter->first_page, adapter->last_page);
	int tries = 0;
	if (!next_possible(adapter, &windows, &tries, &wish))
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	if (!frames) {
		enum ntstatus status = limited ? mdl_take_frames(adapter, request, 0, UINT64_MAX, true, taken)
					       : frames_take_any(adapter, wish.pages, taken);
		if (status != NTSTATUS_SUCCESS)
			return status;
		frames = taken;
	}
	enum iova_status status;
	struct iova_request refused;
	do {
		status = mapping_take(adapter, &wish, run_cursor_at(adapter->frame_nodes, frames, 0), cpu, list);
		refused = wish.limits;
		refused.count = wish.pages;
	} while (status == IOVA_NO_SPACE && next_possible(adapter, &windows, &tries, &wish));
	if (status == IOVA_OK)
		return NTSTATUS_SUCCESS;
	if (frames_leave_tape(adapter, taken) < 0)
		return NTSTATUS_INSUFFICIENT_RESOURCES;
	if (taken)
		frames_give(adapter, taken);
	return adapter_refusal(adapter, status, &refused);
}

/* Whether all frames have an address in the space. */
static bool inside_space(const struct ddi_adapter *adapter, const struct run_list *frames)
{
	struct run_cursor cursor = run_cursor_at(adapter->frame_nodes, frames, 0);
	while (cursor.left > 0) {
		if (cursor.frame < adapter->first_page || cursor.frame + cursor.left - 1 > adapter->last_page)
			return false;
		run_cursor_advance(&cursor, cursor.left);
	}
	return true;
}

static enum ntstatus map_in_place(struct ddi_adapter *adapter, const struct run_list *frames, uint32_t cpu,
				  struct extent_list *list)
{
	if (!inside_space(adapter, frames))
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	enum iova_status status =
		mapping_place(adapter, run_cursor_at(adapter->frame_nodes, frames, 0), frames->pages, cpu, list);
	const struct iova_request request = {.count = frames->pages};
	return status == IOVA_OK ? NTSTATUS_SUCCESS : adapter_refusal(adapter, status, &request);
}

/* A handle for a new mapping, after handle_table_prepare. */
static struct handle_entry *make_map(struct ddi_adapter *adapter, enum handle_kind kind, ddi_handle mdl,
				     const struct run_list *frames, const struct extent_list *extents)
{
	union handle_more *more;
	struct handle_entry *entry = adapter_take(adapter, kind, &more);
	*more = (union handle_more){.map = {.target = handle_index(mdl), .pages = frames->pages}};
	mapping_store(entry, more, extents);
	mapping_begin(adapter, DDI_CALL_MDL, extents, run_cursor_at(adapter->frame_nodes, frames, 0), frames->pages,
		      frames->pages, 0);
	return entry;
}

enum ntstatus dxgk_cb_allocate_pages_for_mdl(struct ddi_adapter *adapter, const struct ddi_mdl_request *request,
					     uint32_t cpu, ddi_handle *memory_handle, ddi_handle *mdl)
{
	struct run_list frames;
	struct extent_list extents;
	enum ntstatus status;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	if (!adapter->physical)
		return adapter_count(&adapter->failures.unsupported, NTSTATUS_NOT_SUPPORTED);
	if (mdl_malformed(adapter, request))
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER);
	if (handle_table_prepare_pair(&adapter->handles) != 0)
		return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
	if (adapter->identity) {
		status = mdl_take_frames(adapter, request, adapter->first_page, adapter->last_page, true, &frames);
		if (status == NTSTATUS_SUCCESS)
			status = map_in_place(adapter, &frames, cpu, &extents);
		if (status != NTSTATUS_SUCCESS)
			frames_give(adapter, &frames);
	} else {
		status = map_into_windows(adapter, request, NULL, &frames, cpu, &extents);
	}
	if (status != NTSTATUS_SUCCESS)
		return status;
	union handle_more *more;
	*mdl = mdl_make(adapter, request, &frames, 0, false, &more)->handle;
	*memory_handle = make_map(adapter, HANDLE_ALLOCATED_MDL, *mdl, &frames, &extents)->handle;
	return NTSTATUS_SUCCESS;
}

/* Gives the extents of a map back. */
static void end_map(struct ddi_adapter *adapter, const struct handle_entry *entry, const union handle_more *more,
		    const struct run_list *frames, uint32_t cpu)
{
	struct extent_list extents = mapping_load(entry, more);
	mapping_end(adapter, &extents, run_cursor_at(adapter->frame_nodes, frames, 0), frames->pages);
	mapping_release(adapter, &extents, cpu);
}

enum ntstatus dxgk_cb_free_pages_from_mdl(struct ddi_adapter *adapter, ddi_handle memory_handle, uint32_t cpu)
{
	struct handle_entry *entry;
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	enum ntstatus status = adapter_find(adapter, memory_handle, HANDLE_ALLOCATED_MDL, &entry, &more);
	if (status != NTSTATUS_SUCCESS)
		return adapter_refuse_handle(adapter, status);
	struct handle_entry *mdl = handle_table_entry(&adapter->handles, more->map.target);
	if (handle_table_more(&adapter->handles, more->map.target)->mdl.maps > 0)
		return adapter_count(&adapter->failures.in_use, NTSTATUS_RESOURCE_IN_USE);
	end_map(adapter, entry, more, &mdl->as.frames, cpu);
	frames_give(adapter, &mdl->as.frames);
	handle_table_drop(&adapter->handles, mdl);
	handle_table_drop(&adapter->handles, entry);
	return NTSTATUS_SUCCESS;
}

static bool map_malformed(const struct ddi_map_request *request)
{
	return request->contiguity > DDI_CONTIGUITY_NO || request->lowest_address > request->highest_address ||
	       !power_of_two_or_zero(request->alignment_pages);
}

enum ntstatus dxgk_cb_map_mdl_to_io_mmu(struct ddi_adapter *adapter, ddi_handle mdl, const struct ddi_map_request *request,
					uint32_t cpu, ddi_handle *memory_handle)
{
	const struct ddi_map_request anywhere = {.highest_address = UINT64_MAX};
	struct handle_entry *entry;
	union handle_more *more;
	struct extent_list extents;
	request = request ? request : &anywhere;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	enum ntstatus status = adapter_find(adapter, mdl, HANDLE_MDL, &entry, &more);
	if (status != NTSTATUS_SUCCESS)
		return adapter_refuse_handle(adapter, status);
	if (more->mdl.pages_freed || map_malformed(request))
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER);
	if (handle_table_prepare(&adapter->handles) != 0)
		return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
	const struct run_list *frames = &entry->as.frames;
	if (adapter->identity) {
		status = map_in_place(adapter, frames, cpu, &extents);
	} else {
		const struct ddi_mdl_request as_mdl = {
			.low_address = request->lowest_address,
			.high_address = request->highest_address,
			.total_bytes = (uint64_t)frames->pages << adapter->page_shift,
			.contiguity = request->contiguity,
			.alignment_pages = request->alignment_pages,
			.no_drain = request->no_drain,
		};
		status = map_into_windows(adapter, &as_mdl, frames, NULL, cpu, &extents);
	}
	if (status != NTSTATUS_SUCCESS)
		return status;
	more->mdl.maps++;
	*memory_handle = make_map(adapter, HANDLE_MAPPED_MDL, mdl, frames, &extents)->handle;
	return NTSTATUS_SUCCESS;
}

void dxgk_cb_unmap_mdl_from_io_mmu(struct ddi_adapter *adapter, ddi_handle memory_handle, uint32_t cpu)
{
	struct handle_entry *entry;
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return;
	if (adapter_find(adapter, memory_handle, HANDLE_MAPPED_MDL, &entry, &more) != NTSTATUS_SUCCESS) {
		adapter->violations.unmap_mdl++;
		return;
	}
	end_map(adapter, entry, more, &handle_table_entry(&adapter->handles, more->map.target)->as.frames, cpu);
	handle_table_more(&adapter->handles, more->map.target)->mdl.maps--;
	handle_table_drop(&adapter->handles, entry);
}
