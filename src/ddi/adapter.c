/* SPDX-License-Identifier: MIT */
#include "ddi/adapter.h"

#include "base/bits.h"
#include "base/memory.h"

#define SPACE_PAGES_MAX (UINT64_C(1) << 52)

/* NULL, or what is wrong with a setup. */
static const char *setup_fault(const struct ddi_adapter_setup *setup)
{
	if (setup->first >= setup->end)
		return "the space of an adapter is empty: first must be below end";
	if (setup->end > SPACE_PAGES_MAX)
		return "the space of an adapter ends beyond 2^52 pages";
	if (!bits_is_power_of_two(setup->page_bytes))
		return "the page of an adapter is not a power of two of bytes";
	if (setup->end - 1 > UINT64_MAX / setup->page_bytes)
		return "the space of an adapter ends beyond 2^64 bytes";
	return NULL;
}

enum ntstatus ddi_adapter_create(const struct ddi_adapter_setup *setup, struct ddi_adapter **adapter, const char **reason)
{
	*adapter = NULL;
	*reason = setup_fault(setup);
	if (*reason)
		return STATUS_INVALID_PARAMETER;
	if (setup->mode != DDI_MODE_REMAP) {
		*reason = "identity mode is not supported: only remap, where logical addresses come from the space";
		return STATUS_NOT_SUPPORTED;
	}
	struct ddi_adapter *made = memory_zeroed(1, sizeof(*made));
	if (!made || handle_table_open(&made->handles) != 0) {
		memory_release(made);
		*reason = "no memory for the adapter";
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	made->page_shift = bits_log2_floor(setup->page_bytes);
	made->page_mask = setup->page_bytes - 1;
	made->first_page = setup->first;
	made->last_page = setup->end - 1;
	made->first_byte = made->first_page << made->page_shift;
	made->last_byte = (made->last_page << made->page_shift) | made->page_mask;
	ddi_adapter_set_allocator(made, setup->table, setup->self);
	*adapter = made;
	return STATUS_SUCCESS;
}

uint64_t ddi_adapter_destroy(struct ddi_adapter *adapter)
{
	if (!adapter)
		return 0;
	uint64_t leaks = adapter->handles.live;
	for (uint64_t index = 0; index < adapter->handles.used; index++) {
		const struct handle_entry *entry = handle_table_entry(&adapter->handles, index);
		if (handle_kind_of(entry->handle) == HANDLE_CONTIGUOUS)
			adapter->table->free(adapter->self, &entry->as.extent, 0);
	}
	handle_table_close(&adapter->handles);
	memory_release(adapter);
	return leaks;
}

void ddi_adapter_set_allocator(struct ddi_adapter *adapter, const struct iova_allocator *table, void *self)
{
	adapter->table = table;
	adapter->self = self;
	adapter->honoured = IOVA_CONSTRAIN_NO_DRAIN;
	if (table->capabilities & IOVA_ALIGN)
		adapter->honoured |= IOVA_CONSTRAIN_ALIGN;
	if (table->capabilities & IOVA_LIMIT)
		adapter->honoured |= IOVA_CONSTRAIN_LIMIT;
	if (table->capabilities & IOVA_BOUNDARY)
		adapter->honoured |= IOVA_CONSTRAIN_BOUNDARY;
}

enum ntstatus ddi_adapter_reserve_handles(struct ddi_adapter *adapter, uint64_t handles)
{
	return handle_table_reserve(&adapter->handles, handles) == 0 ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

uint64_t ddi_adapter_live_handles(const struct ddi_adapter *adapter)
{
	return adapter->handles.live;
}

struct ddi_failures ddi_adapter_failures(const struct ddi_adapter *adapter)
{
	return adapter->failures;
}

enum ntstatus adapter_refuse_handle(struct ddi_adapter *adapter, enum ntstatus status)
{
	if (status == STATUS_OBJECT_TYPE_MISMATCH)
		adapter->failures.handles_mistyped++;
	else
		adapter->failures.handles_invalid++;
	return status;
}

/* Counts a request that found no room. The allocator knows how many usable pages the space has, not how many the window: outside
 * it there are at most as many as it has pages. */
static void count_no_room(struct ddi_adapter *adapter, const struct iova_request *request)
{
	if (request->constraints & IOVA_CONSTRAIN_NO_DRAIN) {
		adapter->failures.undecided++;
		return;
	}
	struct iova_statistics statistics = {0};
	adapter->table->statistics(adapter->self, &statistics);
	uint64_t outside = 0;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT)
		outside = (request->low - adapter->first_page) + (adapter->last_page - request->high);
	if (statistics.usable_pages < request->count)
		adapter->failures.exhausted++;
	else if (statistics.usable_pages - request->count >= outside)
		adapter->failures.fragmented++;
	else
		adapter->failures.undecided++;
}

enum ntstatus adapter_refusal(struct ddi_adapter *adapter, enum iova_status status, const struct iova_request *request)
{
	switch (status) {
	case IOVA_NO_SPACE:
		count_no_room(adapter, request);
		return STATUS_NO_MEMORY;
	case IOVA_NO_MEMORY:
		adapter->failures.no_metadata++;
		return STATUS_INSUFFICIENT_RESOURCES;
	default:
		adapter->failures.unsupported++;
		return STATUS_NOT_SUPPORTED;
	}
}
