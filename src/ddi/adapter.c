/* SPDX-License-Identifier: MIT */
#include "ddi/adapter.h"

#include "base/bits.h"
#include "base/memory.h"

#define SPACE_PAGES_MAX (UINT64_C(1) << 52)

/* NULL, or what is wrong with the options. */
static const char *options_fault(const struct ddi_adapter_options *options)
{
	if (options->space_count == 0)
		return "the space of an adapter is empty";
	if (options->space_first > SPACE_PAGES_MAX || options->space_count > SPACE_PAGES_MAX - options->space_first)
		return "the space of an adapter ends beyond 2^52 pages";
	if (!bits_is_power_of_two(options->page_bytes))
		return "the page of an adapter is not a power of two of bytes";
	if (options->space_first + options->space_count - 1 > UINT64_MAX / options->page_bytes)
		return "the space of an adapter ends beyond 2^64 bytes";
	if (options->mode != DDI_MODE_REMAP)
		return "identity mode is not supported yet: only remap, where logical addresses come from the space";
	return NULL;
}

/* The constraints that an allocator of these capabilities is able to follow. */
static uint32_t constraints_honoured(uint64_t capabilities)
{
	uint32_t honoured = IOVA_CONSTRAIN_NO_DRAIN;
	if (capabilities & IOVA_ALIGN)
		honoured |= IOVA_CONSTRAIN_ALIGN;
	if (capabilities & IOVA_LIMIT)
		honoured |= IOVA_CONSTRAIN_LIMIT;
	if (capabilities & IOVA_BOUNDARY)
		honoured |= IOVA_CONSTRAIN_BOUNDARY;
	return honoured;
}

struct ddi_adapter *ddi_adapter_create(const struct ddi_adapter_options *options, const char **reason)
{
	const char *fault = options_fault(options);
	if (fault) {
		*reason = fault;
		return NULL;
	}
	struct ddi_adapter *adapter = memory_zeroed(1, sizeof(*adapter));
	if (!adapter || handle_table_open(&adapter->handles) != 0) {
		memory_release(adapter);
		*reason = "no memory for an adapter";
		return NULL;
	}
	adapter->honoured = constraints_honoured(options->capabilities);
	adapter->page_shift = bits_log2_floor(options->page_bytes);
	adapter->page_mask = options->page_bytes - 1;
	adapter->first_page = options->space_first;
	adapter->last_page = options->space_first + options->space_count - 1;
	adapter->first_byte = adapter->first_page << adapter->page_shift;
	adapter->last_byte = (adapter->last_page << adapter->page_shift) | adapter->page_mask;
	ddi_adapter_set_allocator(adapter, options->table, options->self);
	return adapter;
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
}

int ddi_adapter_reserve_handles(struct ddi_adapter *adapter, uint64_t handles)
{
	return handle_table_reserve(&adapter->handles, handles);
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
	if (status == NTSTATUS_OBJECT_TYPE_MISMATCH)
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
		return NTSTATUS_NO_MEMORY;
	case IOVA_NO_MEMORY:
		adapter->failures.no_metadata++;
		return NTSTATUS_INSUFFICIENT_RESOURCES;
	default:
		adapter->failures.unsupported++;
		return NTSTATUS_NOT_SUPPORTED;
	}
}
