/* SPDX-License-Identifier: MIT */
#include "ddi/limits.h"

enum ntstatus dxgk_cb_map_memory(struct ddi_adapter *adapter, const struct ddi_view_request *request, uint32_t cpu,
				 uint64_t *virtual_address)
{
	if (!adapter_enter(adapter, DDI_PASSIVE_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	if (!adapter->view_table)
		return adapter_count(&adapter->failures.unsupported, NTSTATUS_NOT_SUPPORTED);
	if (request->length == 0 || request->length - 1 > UINT64_MAX - request->translated_address ||
	    cache_type_unknown(request->cache_type))
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER);
	uint64_t into = request->translated_address & adapter->page_mask;
	uint64_t last = request->translated_address + (request->length - 1);
	const struct iova_request pages = {.count = (last >> adapter->page_shift) -
						    (request->translated_address >> adapter->page_shift) + 1};
	if (pages.count > adapter->view_count)
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	if (handle_table_prepare(&adapter->handles) != 0 ||
	    address_map_reserve(&adapter->views, adapter->views.count + 1) != 0)
		return adapter_refusal(adapter, IOVA_NO_MEMORY, &pages);
	struct iova_extent extent;
	enum iova_status status = adapter->view_table->alloc(adapter->view_self, &pages, cpu, &extent);
	if (status == IOVA_NO_SPACE) {
		struct iova_statistics statistics = {0};
		adapter->view_table->statistics(adapter->view_self, &statistics);
		return adapter_count(statistics.usable_pages < pages.count ? &adapter->failures.exhausted
									   : &adapter->failures.fragmented,
				     NTSTATUS_NO_MEMORY);
	}
	if (status != IOVA_OK)
		return adapter_refusal(adapter, status, &pages);
	union handle_more *more;
	struct handle_entry *entry = adapter_take(adapter, HANDLE_VIEW, &more);
	entry->as.extent = extent;
	more->virtual_address = (extent.first << adapter->page_shift) + into;
	address_map_add(&adapter->views, extent.first, handle_index(entry->handle));
	*virtual_address = more->virtual_address;
	return NTSTATUS_SUCCESS;
}

/* The live view that begins at this byte, or NULL. */
static struct handle_entry *view_at(const struct ddi_adapter *adapter, uint64_t virtual_address)
{
	uint32_t index;
	if (!address_map_find(&adapter->views, virtual_address >> adapter->page_shift, &index) ||
	    handle_table_more(&adapter->handles, index)->virtual_address != virtual_address)
		return NULL;
	return handle_table_entry(&adapter->handles, index);
}

enum ntstatus dxgk_cb_unmap_memory(struct ddi_adapter *adapter, uint64_t virtual_address, uint32_t cpu)
{
	if (!adapter_enter(adapter, DDI_PASSIVE_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	struct handle_entry *entry = view_at(adapter, virtual_address);
	if (!entry)
		return adapter_count(&adapter->failures.not_mapped, NTSTATUS_NOT_MAPPED_VIEW);
	address_map_remove(&adapter->views, entry->as.extent.first);
	adapter->view_table->free(adapter->view_self, &entry->as.extent, cpu);
	handle_table_drop(&adapter->handles, entry);
	return NTSTATUS_SUCCESS;
}

enum ntstatus ddi_view_extent(const struct ddi_adapter *adapter, uint64_t virtual_address, struct iova_extent *extent)
{
	const struct handle_entry *entry = view_at(adapter, virtual_address);
	if (!entry)
		return NTSTATUS_NOT_MAPPED_VIEW;
	*extent = entry->as.extent;
	return NTSTATUS_SUCCESS;
}
