/* SPDX-License-Identifier: MIT */
#include "ddi/limits.h"
#include "ddi/mapping.h"
#include "ddi/segments.h"

#define PERMISSIONS (DDI_PERMISSION_READ | DDI_PERMISSION_WRITE)

/* At one address. */
static enum ntstatus reserve_explicit(struct ddi_adapter *adapter, uint64_t address, uint64_t pages, uint32_t cpu,
				      struct iova_extent *extent)
{
	const struct iova_request refused = {.count = pages};
	uint64_t first = address >> adapter->page_shift;
	if (!adapter->explicit)
		return adapter_refusal(adapter, IOVA_UNSUPPORTED, &refused);
	if (first < adapter->first_page || first > adapter->last_page || pages > adapter->last_page - first + 1)
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER_MIX);
	enum iova_status status = adapter->table->place(adapter->self, first, pages, cpu, extent);
	return status == IOVA_OK ? NTSTATUS_SUCCESS : adapter_refusal(adapter, status, &refused);
}

static enum ntstatus reserve_anywhere(struct ddi_adapter *adapter, const struct ddi_reserve_request *request,
				      uint64_t pages, uint32_t cpu, struct iova_extent *extent)
{
	uint64_t lowest = request->min_address ? *request->min_address : 0;
	uint64_t highest = request->max_address ? *request->max_address : UINT64_MAX;
	struct iova_request limits = {.count = pages, .constraints = request->no_drain ? IOVA_CONSTRAIN_NO_DRAIN : 0};
	bool any = lowest <= highest && limits_window(adapter, lowest, highest, &limits);
	if (any)
		limits_placement(adapter, request->alignment_pages, 0, &limits);
	if (!any || !limits_possible(&limits))
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER_MIX);
	if (limits.constraints & ~adapter->honoured)
		return adapter_refusal(adapter, IOVA_UNSUPPORTED, &limits);
	enum iova_status status = adapter->table->alloc(adapter->self, &limits, cpu, extent);
	return status == IOVA_OK ? NTSTATUS_SUCCESS : adapter_refusal(adapter, status, &limits);
}

enum ntstatus iommu_reserve_logical_address_range(struct ddi_adapter *adapter, const struct ddi_reserve_request *request,
						  uint32_t cpu, ddi_handle *token)
{
	struct iova_extent extent;
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	if (adapter->identity)
		return adapter_count(&adapter->failures.unsupported, NTSTATUS_INVALID_PARAMETER_1);
	if (request->size == 0 || (request->size & adapter->page_mask) != 0)
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER_2);
	if (request->explicit_address && (*request->explicit_address & adapter->page_mask) != 0)
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER_3);
	if (!power_of_two_or_zero(request->alignment_pages))
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER);
	if (handle_table_prepare(&adapter->handles) != 0)
		return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
	uint64_t pages = request->size >> adapter->page_shift;
	enum ntstatus status = request->explicit_address
				       ? reserve_explicit(adapter, *request->explicit_address, pages, cpu, &extent)
				       : reserve_anywhere(adapter, request, pages, cpu, &extent);
	if (status != NTSTATUS_SUCCESS)
		return status;
	union handle_more *more;
	struct handle_entry *entry = adapter_take(adapter, HANDLE_TOKEN, &more);
	entry->as.extent = extent;
	more->token.pages = pages;
	more->token.segments = HANDLE_INDEX_NONE;
	*token = entry->handle;
	return NTSTATUS_SUCCESS;
}

/* Shows a segment as a mapping of one extent. */
static struct extent_list extent_of(const struct handle_entry *segment)
{
	struct extent_list list = extent_list_empty();
	list.first = (struct iova_extent){.first = segment->as.run.logical, .count = segment->as.run.count};
	list.first_pages = (uint32_t)segment->as.run.count;
	list.count = 1;
	return list;
}

static struct run_cursor frames_of(const struct handle_entry *segment)
{
	return (struct run_cursor){.frame = segment->as.run.frame, .left = segment->as.run.count};
}

enum ntstatus iommu_map_reserved_logical_range(struct ddi_adapter *adapter, ddi_handle token, uint64_t offset,
					       uint32_t permissions, uint64_t physical_address, uint64_t size,
					       ddi_handle *segment)
{
	struct handle_entry *entry;
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	enum ntstatus status = adapter_find(adapter, token, HANDLE_TOKEN, &entry, &more);
	if (status != NTSTATUS_SUCCESS)
		return adapter_refuse_handle(adapter, status);
	if ((offset & adapter->page_mask) != 0)
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER_2);
	if (permissions & ~PERMISSIONS)
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER_3);
	if (size == 0 || ((size | physical_address) & adapter->page_mask) != 0 || size - 1 > UINT64_MAX - physical_address)
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER_4);
	uint64_t at = offset >> adapter->page_shift, pages = size >> adapter->page_shift;
	if (at > more->token.pages || pages > more->token.pages - at || pages > UINT32_MAX)
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER);
	if (segments_meet(&adapter->handles, more->token.segments, entry->as.extent.first + at, pages))
		return adapter_count(&adapter->failures.in_use, NTSTATUS_RESOURCE_IN_USE);
	if (handle_table_prepare(&adapter->handles) != 0)
		return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
	union handle_more *mapped_more;
	struct handle_entry *mapped = adapter_take(adapter, HANDLE_SEGMENT, &mapped_more);
	mapped_more->segment.token = handle_index(token);
	mapped->as.run.logical = entry->as.extent.first + at;
	mapped->as.run.count = pages;
	mapped->as.run.frame = physical_address >> adapter->page_shift;
	segments_add(&adapter->handles, &more->token.segments, handle_index(mapped->handle));
	struct extent_list list = extent_of(mapped);
	mapping_begin(adapter, DDI_CALL_RESERVED, &list, frames_of(mapped), pages, 0, 0);
	*segment = mapped->handle;
	return NTSTATUS_SUCCESS;
}

enum ntstatus iommu_unmap_reserved_logical_range(struct ddi_adapter *adapter, ddi_handle segment)
{
	struct handle_entry *entry;
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	if (adapter_find(adapter, segment, HANDLE_SEGMENT, &entry, &more) != NTSTATUS_SUCCESS)
		return adapter_count(&adapter->failures.not_mapped, NTSTATUS_INVALID_PARAMETER);
	segments_remove(&adapter->handles, &handle_table_more(&adapter->handles, more->segment.token)->token.segments,
			handle_index(segment));
	struct extent_list list = extent_of(entry);
	mapping_end(adapter, &list, frames_of(entry), entry->as.run.count);
	handle_table_drop(&adapter->handles, entry);
	return NTSTATUS_SUCCESS;
}

enum ntstatus iommu_free_reserved_logical_address_range(struct ddi_adapter *adapter, ddi_handle token, uint32_t cpu)
{
	struct handle_entry *entry;
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	enum ntstatus status = adapter_find(adapter, token, HANDLE_TOKEN, &entry, &more);
	if (status != NTSTATUS_SUCCESS)
		return adapter_refuse_handle(adapter, status);
	if (more->token.segments != HANDLE_INDEX_NONE)
		return adapter_count(&adapter->failures.in_use, NTSTATUS_RESOURCE_IN_USE);
	adapter->table->free(adapter->self, &entry->as.extent, cpu);
	handle_table_drop(&adapter->handles, entry);
	return NTSTATUS_SUCCESS;
}
