/* SPDX-License-Identifier: MIT */
#include "ddi/adapter.h"

#include "base/bits.h"

static bool malformed(const struct ddi_contiguous_request *request)
{
	uint64_t boundary = request->boundary_address_multiple;
	uint64_t alignment = request->alignment_pages;
	return request->number_of_bytes == 0 || request->lowest_acceptable_address > request->highest_acceptable_address ||
	       (boundary & (boundary - 1)) != 0 || (alignment & (alignment - 1)) != 0;
}

/* The whole pages between two inclusive byte addresses, clipped to the space: low > high when there are none. False when high would
 * lie below the space. */
static bool window(const struct ddi_adapter *adapter, uint64_t lowest, uint64_t highest, struct iova_request *pages)
{
	pages->low = adapter->first_page;
	pages->high = adapter->last_page;
	if (lowest > adapter->first_byte) {
		pages->low = (lowest >> adapter->page_shift) + ((lowest & adapter->page_mask) != 0);
		pages->constraints |= IOVA_CONSTRAIN_LIMIT;
	}
	if (highest < adapter->last_byte) {
		uint64_t end = (highest >> adapter->page_shift) + ((highest & adapter->page_mask) == adapter->page_mask);
		if (end <= adapter->first_page)
			return false;
		pages->high = end - 1;
		pages->constraints |= IOVA_CONSTRAIN_LIMIT;
	}
	return true;
}

/* Adds alignment and boundary, in so far as they constrain anything inside the window. A boundary below a page becomes 0 pages: no
 * request fits into it. */
static void placement_rules(const struct ddi_adapter *adapter, const struct ddi_contiguous_request *request,
			    struct iova_request *pages)
{
	if (request->alignment_pages > 1) {
		pages->align = request->alignment_pages;
		pages->constraints |= IOVA_CONSTRAIN_ALIGN;
	}
	if (request->boundary_address_multiple != 0) {
		pages->boundary = request->boundary_address_multiple >> adapter->page_shift;
		if ((pages->low ^ pages->high) >= pages->boundary)
			pages->constraints |= IOVA_CONSTRAIN_BOUNDARY;
	}
}

/* Whether the request fits into its window when that is empty. No sum overflows: pages are below 2^53, powers of two at most
 * 2^63. */
static bool possible(const struct iova_request *pages)
{
	uint64_t first = pages->low;
	if (pages->constraints & IOVA_CONSTRAIN_ALIGN)
		first = bits_align_up(first, pages->align);
	if (pages->constraints & IOVA_CONSTRAIN_BOUNDARY) {
		if (pages->count > pages->boundary)
			return false;
		/* The start of the next block is aligned too: with an alignment >= boundary, first is a start of a block already. */
		if ((first & (pages->boundary - 1)) + pages->count > pages->boundary)
			first = bits_align_up(first, pages->boundary);
	}
	return first <= pages->high && pages->count <= pages->high - first + 1;
}

enum ntstatus dxgk_cb_allocate_contiguous_memory(struct ddi_adapter *adapter, const struct ddi_contiguous_request *request,
						 uint32_t cpu, ddi_handle *memory_handle)
{
	if (malformed(request)) {
		adapter->failures.malformed++;
		return NTSTATUS_INVALID_PARAMETER;
	}
	/* Lives in registers until the request is complete. Copied by fields: as a whole it would go through memory, and a wide
	 * load of narrow stores stalls for longer than the rest of the call takes. */
	struct iova_request wanted = {0};
	uint64_t bytes = request->number_of_bytes;
	wanted.count = (bytes >> adapter->page_shift) + ((bytes & adapter->page_mask) != 0);
	wanted.constraints = request->no_drain ? IOVA_CONSTRAIN_NO_DRAIN : 0;
	bool whole_pages =
		window(adapter, request->lowest_acceptable_address, request->highest_acceptable_address, &wanted);
	placement_rules(adapter, request, &wanted);
	if (!whole_pages || !possible(&wanted)) {
		adapter->failures.impossible++;
		return NTSTATUS_INVALID_PARAMETER;
	}
	const struct iova_request pages = {.count = wanted.count,
					   .align = wanted.align,
					   .low = wanted.low,
					   .high = wanted.high,
					   .boundary = wanted.boundary,
					   .constraints = wanted.constraints};
	if (pages.constraints & ~adapter->honoured)
		return adapter_refusal(adapter, IOVA_UNSUPPORTED, &pages);
	if (handle_table_prepare(&adapter->handles) != 0)
		return adapter_refusal(adapter, IOVA_NO_MEMORY, &pages);

	struct iova_extent extent;
	enum iova_status status = adapter->table->alloc(adapter->self, &pages, cpu, &extent);
	if (__builtin_expect(status != IOVA_OK, 0))
		return adapter_refusal(adapter, status, &pages);
	struct handle_entry *entry = handle_table_take(&adapter->handles, HANDLE_CONTIGUOUS);
	entry->as.extent = extent;
	*memory_handle = entry->handle;
	return NTSTATUS_SUCCESS;
}

enum ntstatus dxgk_cb_free_contiguous_memory(struct ddi_adapter *adapter, ddi_handle memory_handle, uint32_t cpu)
{
	struct handle_entry *entry;
	enum ntstatus status = handle_table_find(&adapter->handles, memory_handle, HANDLE_CONTIGUOUS, &entry);
	if (__builtin_expect(status != NTSTATUS_SUCCESS, 0))
		return adapter_refuse_handle(adapter, status);
	adapter->table->free(adapter->self, &entry->as.extent, cpu);
	handle_table_drop(&adapter->handles, entry);
	return NTSTATUS_SUCCESS;
}

enum ntstatus ddi_contiguous_extent(const struct ddi_adapter *adapter, ddi_handle memory_handle, struct iova_extent *extent)
{
	struct handle_entry *entry;
	enum ntstatus status = handle_table_find(&adapter->handles, memory_handle, HANDLE_CONTIGUOUS, &entry);
	if (status == NTSTATUS_SUCCESS)
		*extent = entry->as.extent;
	return status;
}
