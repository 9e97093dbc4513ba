/* SPDX-License-Identifier: MIT */
#include "ddi/contiguous.h"

#include "ddi/frames.h"
#include "ddi/limits.h"
#include "ddi/mapping.h"
#include "ddi/mdl.h"

static bool malformed(const struct ddi_contiguous_request *request)
{
	return request->number_of_bytes == 0 || request->lowest_acceptable_address > request->highest_acceptable_address ||
	       !power_of_two_or_zero(request->boundary_address_multiple) ||
	       !power_of_two_or_zero(request->alignment_pages) || cache_type_unknown(request->cache_type);
}

/* Identity mode: the physical side finds a run, and the space receives it there. */
static enum ntstatus place_run(struct ddi_adapter *adapter, const struct iova_request *pages, uint32_t cpu,
			       struct iova_extent *extent)
{
	const struct frame_request request = {
		.count = pages->count,
		.align = pages->constraints & IOVA_CONSTRAIN_ALIGN ? pages->align : 1,
		.low = pages->low,
		.high = pages->high,
		.boundary = pages->constraints & IOVA_CONSTRAIN_BOUNDARY ? pages->boundary : 0,
	};
	uint64_t first;
	if (!frame_pool_take_run(adapter->physical, &request, &first))
		return adapter_no_frames(adapter, request.count, request.low, request.high);
	enum iova_status status = adapter->table->place(adapter->self, first, request.count, cpu, extent);
	if (status == IOVA_OK)
		return NTSTATUS_SUCCESS;
	frame_pool_give(adapter->physical, first, request.count);
	return adapter_refusal(adapter, status, pages);
}

/* What is mapped, as a list of one extent. */
static struct extent_list extent_of(const struct iova_extent *extent, uint64_t pages)
{
	struct extent_list list = extent_list_empty();
	list.first = *extent;
	list.first_pages = (uint32_t)pages;
	list.count = 1;
	return list;
}

/* The frames behind a block that has some. */
static struct run_cursor frames_of(const struct ddi_adapter *adapter, const struct handle_entry *entry,
				   const union handle_more *more)
{
	if (!adapter->identity)
		return run_cursor_at(adapter->frame_nodes, &more->frames, 0);
	return (struct run_cursor){.frame = entry->as.extent.first, .left = more->frames.pages};
}

/* With a physical side: frames first, so that the allocator is asked last. */
static enum ntstatus allocate_with_frames(struct ddi_adapter *adapter, const struct iova_request *pages,
					  const struct frame_request *run, uint32_t cpu, ddi_handle *memory_handle)
{
	struct run_list frames = run_list_empty();
	struct iova_extent extent;
	if (adapter->identity) {
		frames.pages = (uint32_t)pages->count;
		enum ntstatus status = place_run(adapter, pages, cpu, &extent);
		if (status != NTSTATUS_SUCCESS)
			return status;
	} else {
		enum ntstatus status = frames_take_run(adapter, run, &frames);
		if (status != NTSTATUS_SUCCESS)
			return status;
		enum iova_status refused = adapter->table->alloc(adapter->self, pages, cpu, &extent);
		if (refused != IOVA_OK) {
			if (frames_leave_tape(adapter, &frames) < 0)
				return NTSTATUS_INSUFFICIENT_RESOURCES;
			frames_give(adapter, &frames);
			return adapter_refusal(adapter, refused, pages);
		}
	}
	union handle_more *more;
	struct handle_entry *entry = adapter_take(adapter, HANDLE_CONTIGUOUS, &more);
	entry->as.extent = extent;
	more->frames = frames;
	struct extent_list list = extent_of(&extent, pages->count);
	mapping_begin(adapter, DDI_CALL_CONTIGUOUS, &list, frames_of(adapter, entry, more), pages->count, 0, 0);
	*memory_handle = entry->handle;
	return NTSTATUS_SUCCESS;
}

enum ntstatus contiguous_refused(struct ddi_adapter *adapter, enum iova_status status, const struct iova_request *request)
{
	struct iova_request anywhere = *request;
	anywhere.low = adapter->first_page;
	anywhere.high = adapter->last_page;
	return adapter_refusal(adapter, status, &anywhere);
}

/* What a request that was found in order asks of the allocator, and of the physical side. */
static enum ntstatus allocate(struct ddi_adapter *adapter, const struct iova_request *pages,
			      const struct frame_request *run, uint32_t cpu, ddi_handle *memory_handle)
{
	if (handle_table_prepare(&adapter->handles) != 0)
		return adapter_refusal(adapter, IOVA_NO_MEMORY, pages);
	if (adapter->physical)
		return allocate_with_frames(adapter, pages, run, cpu, memory_handle);
	struct iova_extent extent;
	enum iova_status status = adapter->table->alloc(adapter->self, pages, cpu, &extent);
	if (status != IOVA_OK)
		return adapter_refusal(adapter, status, pages);
	struct handle_entry *entry = handle_table_take(&adapter->handles, HANDLE_CONTIGUOUS);
	entry->as.extent = extent;
	*memory_handle = entry->handle;
	return NTSTATUS_SUCCESS;
}

/* A request that limits something, is not in order, or needs frames. */
enum ntstatus contiguous_allocate_closely(struct ddi_adapter *adapter, const struct ddi_contiguous_request *request,
					  uint32_t cpu, ddi_handle *memory_handle)
{
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	if (malformed(request))
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER);
	struct iova_request pages = {.count = pages_of(adapter, request->number_of_bytes),
				     .constraints = request->no_drain ? IOVA_CONSTRAIN_NO_DRAIN : 0};
	struct frame_request run = {.count = pages.count, .align = 1, .high = UINT64_MAX};
	uint64_t lowest = request->lowest_acceptable_address, highest = request->highest_acceptable_address;
	uint64_t boundary = request->boundary_address_multiple;
	bool whole_pages = true;
	if (adapter->limits_on_frames) {
		whole_pages = frame_request_of(adapter, lowest, highest, boundary, pages.count, &run);
		lowest = boundary = 0;
		highest = UINT64_MAX;
	}
	whole_pages = limits_window(adapter, lowest, highest, &pages) && whole_pages;
	limits_placement(adapter, request->alignment_pages, boundary, &pages);
	if (!whole_pages || !limits_possible(&pages))
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	if (pages.constraints & ~adapter->honoured && !adapter->identity)
		return frames_leave_tape(adapter, NULL) == 0 ? adapter_refusal(adapter, IOVA_UNSUPPORTED, &pages)
							     : NTSTATUS_INSUFFICIENT_RESOURCES;
	return allocate(adapter, &pages, &run, cpu, memory_handle);
}

enum ntstatus dxgk_cb_allocate_contiguous_memory(struct ddi_adapter *adapter, const struct ddi_contiguous_request *request,
						 uint32_t cpu, ddi_handle *memory_handle)
{
	uint64_t pages = pages_of(adapter, request->number_of_bytes);
	if (__builtin_expect(request->alignment_pages > 1 ||
				     !contiguous_is_anywhere(adapter, pages, request->lowest_acceptable_address,
							     request->highest_acceptable_address,
							     request->boundary_address_multiple, request->cache_type),
			     0))
		return contiguous_allocate_closely(adapter, request, cpu, memory_handle);
	return contiguous_allocate_anywhere(adapter, pages, request->no_drain ? IOVA_CONSTRAIN_NO_DRAIN : 0, cpu,
					    memory_handle);
}

void contiguous_give_frames(struct ddi_adapter *adapter, const struct handle_entry *entry, union handle_more *more)
{
	if (!adapter->physical)
		return;
	if (adapter->identity)
		frame_pool_give(adapter->physical, entry->as.extent.first, more->frames.pages);
	else
		frames_give(adapter, &more->frames);
}

void contiguous_end_frames(struct ddi_adapter *adapter, const struct handle_entry *entry)
{
	union handle_more *more = handle_table_more(&adapter->handles, handle_index(entry->handle));
	uint64_t pages = more->frames.pages;
	struct extent_list list = extent_of(&entry->as.extent, pages);
	mapping_end(adapter, &list, frames_of(adapter, entry, more), pages);
	contiguous_give_frames(adapter, entry, more);
}

enum ntstatus dxgk_cb_free_contiguous_memory(struct ddi_adapter *adapter, ddi_handle memory_handle, uint32_t cpu)
{
	return contiguous_free(adapter, memory_handle, cpu);
}

enum ntstatus ddi_contiguous_extent(const struct ddi_adapter *adapter, ddi_handle memory_handle, struct iova_extent *extent)
{
	struct handle_entry *entry;
	enum ntstatus status = handle_table_find(&adapter->handles, memory_handle, HANDLE_CONTIGUOUS, &entry);
	if (status == NTSTATUS_SUCCESS)
		*extent = entry->as.extent;
	return status;
}
