/* SPDX-License-Identifier: MIT */
#include "ddi/adapter.h"

#include "base/bits.h"

static bool malformed(const struct dxgk_allocate_contiguous_memory *arguments)
{
	uint64_t boundary = arguments->boundary_address_multiple;
	uint64_t alignment = arguments->alignment_pages;
	return arguments->number_of_bytes == 0 ||
	       arguments->lowest_acceptable_address > arguments->highest_acceptable_address ||
	       (boundary & (boundary - 1)) != 0 || (alignment & (alignment - 1)) != 0 ||
	       (arguments->flags & ~DDI_NO_DRAIN) != 0;
}

/* The whole pages between two inclusive byte addresses, clipped to the space. False when there are none. */
static bool window(const struct ddi_adapter *adapter, uint64_t lowest, uint64_t highest, struct iova_request *request)
{
	request->low = adapter->first_page;
	request->high = adapter->last_page;
	if (lowest > adapter->first_byte) {
		request->low = (lowest >> adapter->page_shift) + ((lowest & adapter->page_mask) != 0);
		request->constraints |= IOVA_CONSTRAIN_LIMIT;
	}
	if (highest < adapter->last_byte) {
		uint64_t end = (highest >> adapter->page_shift) + ((highest & adapter->page_mask) == adapter->page_mask);
		if (end == 0)
			return false;
		request->high = end - 1;
		request->constraints |= IOVA_CONSTRAIN_LIMIT;
	}
	return request->low <= request->high && request->low <= adapter->last_page && request->high >= adapter->first_page;
}

/* Whether the request fits into its window when that is empty. No sum overflows: pages are below 2^52, powers of two at most
 * 2^63. */
static bool possible(const struct iova_request *request)
{
	uint64_t first = request->low;
	if (request->count > request->high - request->low + 1)
		return false;
	if (request->constraints & IOVA_CONSTRAIN_ALIGN)
		first = bits_align_up(first, request->align);
	if (request->constraints & IOVA_CONSTRAIN_BOUNDARY) {
		if (request->count > request->boundary)
			return false;
		/* The start of the next block is aligned too: with an alignment >= boundary, first is a start of a block already. */
		if ((first & (request->boundary - 1)) + request->count > request->boundary)
			first = bits_align_up(first, request->boundary);
	}
	return first <= request->high && request->count <= request->high - first + 1;
}

/* Adds alignment and boundary, in so far as they constrain anything inside the window. False when the boundary lies below a page. */
static bool placement_rules(const struct ddi_adapter *adapter, const struct dxgk_allocate_contiguous_memory *arguments,
			    struct iova_request *request)
{
	if (arguments->alignment_pages > 1) {
		request->align = arguments->alignment_pages;
		request->constraints |= IOVA_CONSTRAIN_ALIGN;
	}
	if (arguments->boundary_address_multiple != 0) {
		request->boundary = arguments->boundary_address_multiple >> adapter->page_shift;
		if (request->boundary == 0)
			return false;
		if ((request->low ^ request->high) >= request->boundary)
			request->constraints |= IOVA_CONSTRAIN_BOUNDARY;
	}
	return true;
}

enum ntstatus dxgk_cb_allocate_contiguous_memory(struct ddi_adapter *adapter,
						 struct dxgk_allocate_contiguous_memory *arguments)
{
	if (malformed(arguments)) {
		adapter->failures.malformed++;
		return STATUS_INVALID_PARAMETER;
	}
	/* Lives in registers until the request is complete. Copied by fields: as a whole it would go through memory, and a wide
	 * load of narrow stores stalls for longer than the rest of the call takes. */
	struct iova_request wanted = {0};
	uint64_t bytes = arguments->number_of_bytes;
	wanted.count = (bytes >> adapter->page_shift) + ((bytes & adapter->page_mask) != 0);
	wanted.constraints = (arguments->flags & DDI_NO_DRAIN) ? IOVA_CONSTRAIN_NO_DRAIN : 0;
	if (!window(adapter, arguments->lowest_acceptable_address, arguments->highest_acceptable_address, &wanted) ||
	    !placement_rules(adapter, arguments, &wanted) || !possible(&wanted)) {
		adapter->failures.impossible++;
		return STATUS_INVALID_PARAMETER;
	}
	const struct iova_request request = {.count = wanted.count,
					     .align = wanted.align,
					     .low = wanted.low,
					     .high = wanted.high,
					     .boundary = wanted.boundary,
					     .constraints = wanted.constraints};
	if (request.constraints & ~adapter->honoured)
		return adapter_refusal(adapter, IOVA_UNSUPPORTED, &request);
	if (handle_table_prepare(&adapter->handles) != 0)
		return adapter_refusal(adapter, IOVA_NO_MEMORY, &request);

	struct iova_extent extent;
	enum iova_status status = adapter->table->alloc(adapter->self, &request, arguments->cpu, &extent);
	if (__builtin_expect(status != IOVA_OK, 0))
		return adapter_refusal(adapter, status, &request);
	struct handle_entry *entry = handle_table_take(&adapter->handles, HANDLE_CONTIGUOUS);
	entry->as.extent = extent;
	arguments->memory_handle = entry->handle;
	arguments->logical_address = extent.first << adapter->page_shift;
	return STATUS_SUCCESS;
}

enum ntstatus dxgk_cb_free_contiguous_memory(struct ddi_adapter *adapter,
					     const struct dxgk_free_contiguous_memory *arguments)
{
	struct handle_entry *entry;
	enum ntstatus status = handle_table_find(&adapter->handles, arguments->memory_handle, HANDLE_CONTIGUOUS, &entry);
	if (__builtin_expect(status != STATUS_SUCCESS, 0))
		return adapter_refuse_handle(adapter, status);
	adapter->table->free(adapter->self, &entry->as.extent, arguments->cpu);
	handle_table_drop(&adapter->handles, entry);
	return STATUS_SUCCESS;
}

enum ntstatus ddi_contiguous_extent(const struct ddi_adapter *adapter, ddi_handle memory_handle, struct iova_extent *extent)
{
	struct handle_entry *entry;
	enum ntstatus status = handle_table_find(&adapter->handles, memory_handle, HANDLE_CONTIGUOUS, &entry);
	if (status == STATUS_SUCCESS)
		*extent = entry->as.extent;
	return status;
}
