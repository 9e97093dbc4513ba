/* SPDX-License-Identifier: MIT
 * The Mm routines. Blocks have addresses in the upper half of 2^64 bytes, which are given from below, each once, with a page
 * that is nobody's behind every block: neither a stale base nor one beyond the end of a block is ever another block's. */
#include "ddi/frames.h"
#include "ddi/limits.h"
#include "ddi/mdl.h"

#define BASES_FIRST (UINT64_C(1) << 63)

static bool node_exists(const struct ddi_adapter *adapter, uint32_t node)
{
	return node < adapter->nodes || node == DDI_MM_ANY_NODE_OK;
}

struct block_request {
	uint64_t bytes, lowest, highest, boundary;
	enum ddi_cache_type cache_type;
	uint32_t node;
	bool plain;
};

/* Takes addresses for a block: their first page, or 0 when there are too few or no memory for one. */
static uint64_t take_base_page(struct ddi_adapter *adapter, uint64_t pages)
{
	uint64_t begin = BASES_FIRST >> adapter->page_shift, own = adapter->number * (begin / DDI_ADAPTERS_MAX);
	uint64_t first = adapter->next_base_page ? adapter->next_base_page : begin + own;
	if (pages >= 2 * begin - first || address_map_reserve(&adapter->blocks_at, adapter->blocks_at.count + 1) != 0)
		return 0;
	adapter->next_base_page = first + pages + 1;
	return first;
}

static bool block_malformed(const struct ddi_adapter *adapter, const struct block_request *request)
{
	return request->bytes == 0 || request->lowest > request->highest || !power_of_two_or_zero(request->boundary) ||
	       !node_exists(adapter, request->node) || cache_type_unknown(request->cache_type);
}

static uint64_t allocate_block(struct ddi_adapter *adapter, const struct block_request *request)
{
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return 0;
	if (!adapter->physical || block_malformed(adapter, request)) {
		adapter_count(adapter->physical ? &adapter->failures.malformed : &adapter->failures.unsupported,
			      NTSTATUS_SUCCESS);
		return 0;
	}
	struct frame_request frames;
	if (!frame_request_of(adapter, request->lowest, request->highest, request->boundary,
			      pages_of(adapter, request->bytes), &frames)) {
		adapter->failures.impossible++;
		return 0;
	}
	struct run_list run;
	uint64_t base_page = 0;
	if (handle_table_prepare(&adapter->handles) != 0) {
		adapter->failures.no_metadata++;
		return 0;
	}
	if (frames_take_run(adapter, &frames, &run) != NTSTATUS_SUCCESS)
		return 0;
	base_page = take_base_page(adapter, frames.count);
	if (!base_page) {
		frames_give(adapter, &run);
		adapter->failures.no_metadata++;
		return 0;
	}
	union handle_more *more;
	struct handle_entry *entry = adapter_take(adapter, HANDLE_MM_CONTIGUOUS, &more);
	entry->as.run.frame = frame_run_first(run.first);
	entry->as.run.count = frames.count;
	more->mm.bytes = request->bytes;
	more->mm.node = request->node;
	more->mm.cache_type = (uint8_t)request->cache_type;
	more->mm.plain = request->plain;
	entry->as.run.base_page = base_page;
	address_map_add(&adapter->blocks_at, base_page, handle_index(entry->handle));
	return base_page << adapter->page_shift;
}

uint64_t mm_allocate_contiguous_memory(struct ddi_adapter *adapter, uint64_t number_of_bytes,
				       uint64_t highest_acceptable_address)
{
	return allocate_block(adapter, &(struct block_request){.bytes = number_of_bytes,
							       .highest = highest_acceptable_address,
							       .cache_type = DDI_CACHED,
							       .node = DDI_MM_ANY_NODE_OK,
							       .plain = true});
}

uint64_t mm_allocate_contiguous_memory_specify_cache(struct ddi_adapter *adapter, uint64_t number_of_bytes,
						     uint64_t lowest_acceptable_address,
						     uint64_t highest_acceptable_address,
						     uint64_t boundary_address_multiple, enum ddi_cache_type cache_type)
{
	return mm_allocate_contiguous_memory_specify_cache_node(adapter, number_of_bytes, lowest_acceptable_address,
								highest_acceptable_address, boundary_address_multiple,
								cache_type, DDI_MM_ANY_NODE_OK);
}

uint64_t mm_allocate_contiguous_memory_specify_cache_node(struct ddi_adapter *adapter, uint64_t number_of_bytes,
							  uint64_t lowest_acceptable_address,
							  uint64_t highest_acceptable_address,
							  uint64_t boundary_address_multiple,
							  enum ddi_cache_type cache_type, uint32_t preferred_node)
{
	return allocate_block(adapter, &(struct block_request){.bytes = number_of_bytes,
							       .lowest = lowest_acceptable_address,
							       .highest = highest_acceptable_address,
							       .boundary = boundary_address_multiple,
							       .cache_type = cache_type,
							       .node = preferred_node});
}

/* The live block of a base address, or NULL. */
static struct handle_entry *block_at_base(const struct ddi_adapter *adapter, uint64_t base)
{
	uint32_t index;
	if ((base & adapter->page_mask) != 0 || !address_map_find(&adapter->blocks_at, base >> adapter->page_shift, &index))
		return NULL;
	return handle_table_entry(&adapter->handles, index);
}

static void free_block(struct ddi_adapter *adapter, struct handle_entry *entry)
{
	address_map_remove(&adapter->blocks_at, entry->as.run.base_page);
	struct run_list run = frames_of_run(entry->as.run.frame, entry->as.run.count);
	frames_give(adapter, &run);
	handle_table_drop(&adapter->handles, entry);
}

void mm_free_contiguous_memory(struct ddi_adapter *adapter, uint64_t base_address)
{
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return;
	struct handle_entry *entry = block_at_base(adapter, base_address);
	if (entry)
		free_block(adapter, entry);
	else
		adapter->violations.mm_not_at_base++;
}

void mm_free_contiguous_memory_specify_cache(struct ddi_adapter *adapter, uint64_t base_address, uint64_t number_of_bytes,
					     enum ddi_cache_type cache_type)
{
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return;
	struct handle_entry *entry = block_at_base(adapter, base_address);
	if (!entry) {
		adapter->violations.mm_not_at_base++;
		return;
	}
	const union handle_more *more = handle_table_more(&adapter->handles, handle_index(entry->handle));
	if (more->mm.plain || more->mm.bytes != number_of_bytes || more->mm.cache_type != cache_type)
		adapter->violations.mm_mismatched++;
	else
		free_block(adapter, entry);
}

enum ntstatus ddi_mm_contiguous_frames(const struct ddi_adapter *adapter, uint64_t base_address, uint64_t *first_frame,
				       uint64_t *frame_count)
{
	const struct handle_entry *entry = block_at_base(adapter, base_address);
	if (!entry)
		return NTSTATUS_FREE_VM_NOT_AT_BASE;
	*first_frame = entry->as.run.frame;
	*frame_count = entry->as.run.count;
	return NTSTATUS_SUCCESS;
}

ddi_handle mm_allocate_pages_for_mdl(struct ddi_adapter *adapter, uint64_t low_address, uint64_t high_address,
				     uint64_t skip_bytes, uint64_t total_bytes)
{
	return mm_allocate_pages_for_mdl_ex(adapter, low_address, high_address, skip_bytes, total_bytes, DDI_CACHED, 0);
}

ddi_handle mm_allocate_pages_for_mdl_ex(struct ddi_adapter *adapter, uint64_t low_address, uint64_t high_address,
					uint64_t skip_bytes, uint64_t total_bytes, enum ddi_cache_type cache_type,
					uint32_t flags)
{
	return mm_allocate_node_pages_for_mdl_ex(adapter, low_address, high_address, skip_bytes, total_bytes, cache_type,
						 DDI_MM_ANY_NODE_OK, flags);
}

ddi_handle mm_allocate_node_pages_for_mdl_ex(struct ddi_adapter *adapter, uint64_t low_address, uint64_t high_address,
					     uint64_t skip_bytes, uint64_t total_bytes, enum ddi_cache_type cache_type,
					     uint32_t ideal_node, uint32_t flags)
{
	const struct ddi_mdl_request request = {
		.low_address = low_address,
		.high_address = high_address,
		.skip_bytes = skip_bytes,
		.total_bytes = total_bytes,
		.cache_type = cache_type,
		.flags = flags,
	};
	struct run_list frames;
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return 0;
	if (!adapter->physical || mdl_malformed(adapter, &request) || !node_exists(adapter, ideal_node)) {
		adapter_count(adapter->physical ? &adapter->failures.malformed : &adapter->failures.unsupported,
			      NTSTATUS_SUCCESS);
		return 0;
	}
	if (handle_table_prepare(&adapter->handles) != 0) {
		adapter->failures.no_metadata++;
		return 0;
	}
	bool whole = flags & DDI_MM_FULLY_REQUIRED;
	if (mdl_take_frames(adapter, &request, 0, UINT64_MAX, whole, &frames) != NTSTATUS_SUCCESS)
		return 0;
	adapter->failures.partial += frames.pages < pages_of(adapter, total_bytes);
	union handle_more *more;
	return mdl_make(adapter, &request, &frames, ideal_node, true, &more)->handle;
}

/* The live MDL of an Mm routine, or NULL. */
static struct handle_entry *mm_mdl(const struct ddi_adapter *adapter, ddi_handle mdl, union handle_more **more)
{
	struct handle_entry *entry;
	if (adapter_find(adapter, mdl, HANDLE_MDL, &entry, more) != NTSTATUS_SUCCESS || !(*more)->mdl.of_mm)
		return NULL;
	return entry;
}

void mm_free_pages_from_mdl(struct ddi_adapter *adapter, ddi_handle mdl)
{
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return;
	struct handle_entry *entry = mm_mdl(adapter, mdl, &more);
	if (!entry || more->mdl.pages_freed) {
		adapter->violations.mdl_free_pages++;
	} else if (more->mdl.maps > 0) {
		adapter->violations.mdl_freed_while_mapped++;
	} else {
		frames_give(adapter, &entry->as.frames);
		more->mdl.pages_freed = true;
		adapter->mdls_waiting++;
	}
}

void ex_free_pool(struct ddi_adapter *adapter, ddi_handle mdl)
{
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_DISPATCH_LEVEL))
		return;
	struct handle_entry *entry = mm_mdl(adapter, mdl, &more);
	if (!entry || !more->mdl.pages_freed) {
		adapter->violations.mdl_free_pool++;
		return;
	}
	adapter->mdls_waiting--;
	handle_table_drop(&adapter->handles, entry);
}
