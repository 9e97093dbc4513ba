/* SPDX-License-Identifier: MIT */
#include "ddi/frames.h"
#include "ddi/limits.h"
#include "ddi/mapping.h"
#include "ddi/memory_object.h"

#define ADL_FLAGS (DDI_ADL_REQUIRE_CONTIGUOUS | DDI_ADL_PREFER_CONTIGUOUS)

static bool adl_malformed(const struct ddi_adapter *adapter, const struct ddi_adl_request *request,
			  const struct handle_entry *object, const union handle_more *more)
{
	uint64_t pages = object_pages(object, more);
	if (((request->offset | request->size) & adapter->page_mask) != 0 || request->flags & ~ADL_FLAGS ||
	    !power_of_two_or_zero(request->alignment_pages))
		return true;
	uint64_t offset = request->offset >> adapter->page_shift, size = request->size >> adapter->page_shift;
	if (size == 0 || size > UINT32_MAX || offset > pages || size > pages - offset)
		return true;
	return request->flags & DDI_ADL_REQUIRE_CONTIGUOUS && more->object.type == DDI_MEMORY_MDL;
}

static enum ntstatus map_logical(struct ddi_adapter *adapter, const struct ddi_adl_request *request,
				 const union handle_more *object, uint64_t pages, struct run_cursor frames, uint32_t cpu,
				 struct extent_list *list)
{
	bool require = request->flags & DDI_ADL_REQUIRE_CONTIGUOUS;
	struct mapping_wish wish = {.pages = pages, .contiguity = require ? DDI_CONTIGUITY_REQUIRE : DDI_CONTIGUITY_PREFER};
	wish.limits.low = object->object.low;
	wish.limits.high = object->object.high;
	wish.limits.constraints = request->no_drain ? IOVA_CONSTRAIN_NO_DRAIN : 0;
	if (wish.limits.low > adapter->first_page || wish.limits.high < adapter->last_page)
		wish.limits.constraints |= IOVA_CONSTRAIN_LIMIT;
	uint64_t boundary = 0;
	if (object->object.boundary_shift < OBJECT_NO_BOUNDARY)
		boundary = UINT64_C(1) << object->object.boundary_shift;
	limits_placement(adapter, request->alignment_pages, 0, &wish.limits);
	if (boundary) {
		wish.limits.boundary = boundary;
		wish.limits.constraints |= IOVA_CONSTRAIN_BOUNDARY;
	}
	if (!mapping_possible(&wish))
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	enum iova_status status = mapping_take(adapter, &wish, frames, cpu, list);
	wish.limits.count = pages;
	if (status == IOVA_OK)
		return NTSTATUS_SUCCESS;
	if (frames_leave_tape(adapter, NULL) < 0)
		return NTSTATUS_INSUFFICIENT_RESOURCES;
	return adapter_refusal(adapter, status, &wish.limits);
}

/* Identity mode: the addresses of the frames. Those of the pool lie in the space, device memory may not. */
static enum ntstatus map_in_place(struct ddi_adapter *adapter, const struct ddi_adl_request *request, uint64_t pages,
				  struct run_cursor frames, uint32_t cpu, struct extent_list *list)
{
	if (frames.left < pages && request->flags & DDI_ADL_REQUIRE_CONTIGUOUS)
		return adapter_count(&adapter->failures.physical_fragmented, NTSTATUS_NO_MEMORY);
	if (!frames.list && (frames.frame < adapter->first_page || frames.frame > adapter->last_page ||
			     pages > adapter->last_page - frames.frame + 1))
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	enum iova_status status = mapping_place(adapter, frames, pages, cpu, list);
	const struct iova_request refused = {.count = pages};
	return status == IOVA_OK ? NTSTATUS_SUCCESS : adapter_refusal(adapter, status, &refused);
}

enum ntstatus dxgk_cb_allocate_adl(struct ddi_adapter *adapter, const struct ddi_adl_request *request, uint32_t cpu,
				   struct ddi_adl *adl)
{
	struct handle_entry *opened;
	struct extent_list list;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	enum ntstatus status =
		handle_table_find(&adapter->handles, request->adapter_memory_object, HANDLE_ADAPTER_OBJECT, &opened);
	if (status != NTSTATUS_SUCCESS)
		return adapter_refuse_handle(adapter, status);
	uint32_t target = opened->as.target;
	const struct handle_entry *object = handle_table_entry(&adapter->handles, target);
	union handle_more *object_more = handle_table_more(&adapter->handles, target);
	if (adl_malformed(adapter, request, object, object_more))
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER);
	if (handle_table_prepare(&adapter->handles) != 0)
		return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
	uint64_t offset = request->offset >> adapter->page_shift, pages = request->size >> adapter->page_shift;
	object_prepare_index(adapter, object, object_more, offset);
	struct run_cursor frames = object_frames_at(adapter, object, object_more, offset);
	status = adapter->identity ? map_in_place(adapter, request, pages, frames, cpu, &list)
				   : map_logical(adapter, request, object_more, pages, frames, cpu, &list);
	if (status != NTSTATUS_SUCCESS)
		return status;
	bool contiguous = (request->flags & ADL_FLAGS) && list.count == 1;
	union handle_more *more;
	struct handle_entry *entry = adapter_take(adapter, HANDLE_ADL, &more);
	*more = (union handle_more){.map = {.target = target,
					    .pages = (uint32_t)pages,
					    .offset = offset & MAP_OFFSET_MASK,
					    .contiguous = contiguous}};
	mapping_store(entry, more, &list);
	object_more->object.adls++;
	adapter->adls++;
	mapping_begin(adapter, DDI_CALL_ADL, &list, frames, pages, contiguous ? 0 : pages, contiguous ? pages : 0);
	*adl = (struct ddi_adl){.handle = entry->handle,
				.page_count = (uint32_t)pages,
				.contiguous = contiguous,
				.base_page = contiguous ? list.first.first : 0};
	return NTSTATUS_SUCCESS;
}

void dxgk_cb_free_adl(struct ddi_adapter *adapter, ddi_handle adl, uint32_t cpu)
{
	struct handle_entry *entry;
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return;
	if (adapter_find(adapter, adl, HANDLE_ADL, &entry, &more) != NTSTATUS_SUCCESS) {
		adapter->violations.free_adl++;
		return;
	}
	const struct handle_entry *object = handle_table_entry(&adapter->handles, more->map.target);
	union handle_more *object_more = handle_table_more(&adapter->handles, more->map.target);
	struct extent_list list = mapping_load(entry, more);
	if (adapter->map_event)
		mapping_end(adapter, &list, object_frames_at(adapter, object, object_more, more->map.offset),
			    more->map.pages);
	mapping_release(adapter, &list, cpu);
	object_more->object.adls--;
	adapter->adls--;
	handle_table_drop(&adapter->handles, entry);
}

enum ntstatus ddi_adl_pages(const struct ddi_adapter *adapter, ddi_handle adl, uint64_t first, uint64_t count,
			    uint64_t *pages)
{
	struct handle_entry *entry;
	union handle_more *more;
	enum ntstatus status = adapter_find(adapter, adl, HANDLE_ADL, &entry, &more);
	if (status != NTSTATUS_SUCCESS)
		return status;
	if (first > more->map.pages || count > more->map.pages - first)
		return NTSTATUS_INVALID_PARAMETER;
	struct extent_list list = mapping_load(entry, more);
	struct extent_cursor cursor = extent_cursor_at(&adapter->list_nodes, &list);
	while (count > 0) {
		if (first >= cursor.pages) {
			first -= cursor.pages;
			extent_cursor_next(&cursor);
			continue;
		}
		*pages++ = cursor.extent->first + first++;
		count--;
	}
	return NTSTATUS_SUCCESS;
}
