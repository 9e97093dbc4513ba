/* SPDX-License-Identifier: MIT
 * Contiguous memory. What drivers ask most often, memory anywhere and its end, is inline: for ddi.h, and for the interface,
 * which has the parts of a request in another structure. */
#ifndef DDI_CONTIGUOUS_H
#define DDI_CONTIGUOUS_H

#include "ddi/adapter.h"
#include "ddi/limits.h"

/* What is not inline: a request that limits something, is not in order, or needs frames; a failure; the end of frames. */
enum ntstatus contiguous_allocate_closely(struct ddi_adapter *adapter, const struct ddi_contiguous_request *request,
					  uint32_t cpu, ddi_handle *memory_handle);
enum ntstatus contiguous_refused(struct ddi_adapter *adapter, enum iova_status status, const struct iova_request *request);
void contiguous_end_frames(struct ddi_adapter *adapter, const struct handle_entry *entry);

/* Whether nothing has to be looked at but the size: who asks reaches all of the space, no frames lie behind it, and the
 * adapter does not trap. */
static inline bool contiguous_is_anywhere(const struct ddi_adapter *adapter, uint64_t pages, uint64_t lowest,
					  uint64_t highest, uint64_t boundary, enum ddi_cache_type cache_type)
{
	/* Of no pages the difference is larger than any space. */
	return pages - 1 < adapter->plain_pages && lowest <= adapter->first_byte && highest >= adapter->last_byte &&
	       boundary == 0 && !cache_type_unknown(cache_type);
}

/* The request for which that holds. */
static inline __attribute__((always_inline)) enum ntstatus contiguous_allocate_anywhere(struct ddi_adapter *adapter,
											uint64_t count,
											uint32_t constraints, uint32_t cpu,
											ddi_handle *memory_handle)
{
	const struct iova_request pages = {.count = count, .constraints = constraints};
	if (__builtin_expect(handle_table_prepare(&adapter->handles) != 0, 0))
		return contiguous_refused(adapter, IOVA_NO_MEMORY, &pages);
	/* The allocator writes its extent where it stays: reading two halves back as one would wait for both. */
	enum iova_status status =
		adapter->table->alloc(adapter->self, &pages, cpu, &handle_table_next(&adapter->handles)->as.extent);
	if (__builtin_expect(status != IOVA_OK, 0))
		return contiguous_refused(adapter, status, &pages);
	*memory_handle = handle_table_take(&adapter->handles, HANDLE_CONTIGUOUS)->handle;
	return NTSTATUS_SUCCESS;
}

/* As dxgk_cb_free_contiguous_memory. */
static inline __attribute__((always_inline)) enum ntstatus contiguous_free(struct ddi_adapter *adapter,
									   ddi_handle memory_handle, uint32_t cpu)
{
	struct handle_entry *entry;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	enum ntstatus status = handle_table_find(&adapter->handles, memory_handle, HANDLE_CONTIGUOUS, &entry);
	if (__builtin_expect(status != NTSTATUS_SUCCESS, 0))
		return adapter_refuse_handle(adapter, status);
	adapter->table->free(adapter->self, &entry->as.extent, cpu);
	if (__builtin_expect(adapter->physical != NULL, 0))
		contiguous_end_frames(adapter, entry);
	handle_table_drop(&adapter->handles, entry);
	return NTSTATUS_SUCCESS;
}

/* Gives back the frames behind a block, if it has any: for the end of an adapter. */
void contiguous_give_frames(struct ddi_adapter *adapter, const struct handle_entry *entry, union handle_more *more);

#endif
