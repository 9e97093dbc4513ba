/* SPDX-License-Identifier: MIT */
#include "ddi/frames.h"
#include "ddi/limits.h"
#include "ddi/mdl.h"
#include "ddi/memory_object.h"

/* The frames of an object, as a request for an MDL. */
static struct ddi_mdl_request as_mdl(const struct ddi_memory_object_request *request)
{
	return (struct ddi_mdl_request){
		.low_address = request->lowest_address,
		.high_address = request->highest_address,
		.skip_bytes = request->skip_bytes,
		.total_bytes = request->size,
		.cache_type = request->cache_type,
		.flags = request->flags,
	};
}

static bool object_malformed(const struct ddi_adapter *adapter, const struct ddi_memory_object_request *request)
{
	const struct ddi_mdl_request mdl = as_mdl(request);
	if (cache_type_unknown(request->cache_type))
		return true;
	switch (request->type) {
	case DDI_MEMORY_MDL:
		return mdl_malformed(adapter, &mdl);
	case DDI_MEMORY_CONTIGUOUS:
		return request->size == 0 || request->lowest_address > request->highest_address ||
		       !power_of_two_or_zero(request->boundary_address_multiple);
	case DDI_MEMORY_IO_SPACE:
		return request->size == 0 || (request->base_address & adapter->page_mask) != 0 ||
		       request->size - 1 > UINT64_MAX - request->base_address;
	case DDI_MEMORY_SECTION:
		return false;
	}
	return true;
}

/* Of contiguous memory one run. In identity mode limits are those of the frames, else of the ADLs alone. */
static enum ntstatus take_frames(struct ddi_adapter *adapter, const struct ddi_memory_object_request *request,
				 const struct iova_request *limits, struct run_list *frames)
{
	const struct ddi_mdl_request mdl = as_mdl(request);
	struct frame_request run = {.count = limits->count, .align = 1, .high = UINT64_MAX};
	if (request->type == DDI_MEMORY_MDL && adapter->limits_on_frames)
		return mdl_take_frames(adapter, &mdl, 0, UINT64_MAX, true, frames);
	if (request->type == DDI_MEMORY_MDL && !adapter->identity)
		return frames_take_any(adapter, limits->count, frames);
	if (request->type == DDI_MEMORY_MDL)
		return mdl_take_frames(adapter, &mdl, adapter->first_page, adapter->last_page, true, frames);
	if (adapter->limits_on_frames) {
		if (!frame_request_of(adapter, request->lowest_address, request->highest_address,
				      request->boundary_address_multiple, limits->count, &run))
			return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	} else if (adapter->identity) {
		run.low = limits->low;
		run.high = limits->high;
		run.boundary = limits->constraints & IOVA_CONSTRAIN_BOUNDARY ? limits->boundary : 0;
	}
	return frames_take_run(adapter, &run, frames);
}

/* The limits of a new object in pages, and its frames. */
static enum ntstatus object_frames(struct ddi_adapter *adapter, const struct ddi_memory_object_request *request,
				   struct iova_request *limits, struct run_list *frames)
{
	bool mdl = request->type == DDI_MEMORY_MDL;
	limits->count = pages_of(adapter, request->size);
	if (request->type == DDI_MEMORY_IO_SPACE) {
		limits->low = adapter->first_page;
		limits->high = adapter->last_page;
		return NTSTATUS_SUCCESS;
	}
	bool anywhere = adapter->limits_on_frames;
	bool any = limits_window(adapter, anywhere ? 0 : request->lowest_address,
				 anywhere ? UINT64_MAX : request->highest_address, limits);
	limits_placement(adapter, 1, mdl || anywhere ? 0 : request->boundary_address_multiple, limits);
	/* Later windows of an MDL count for frames alone. */
	bool possible = (mdl && adapter->identity) || (any && limits_possible(limits));
	if (!possible)
		return adapter_count(&adapter->failures.impossible, NTSTATUS_INVALID_PARAMETER);
	return take_frames(adapter, request, limits, frames);
}

/* After handle_table_prepare. */
static ddi_handle open_object(struct ddi_adapter *adapter, ddi_handle object, union handle_more *object_more)
{
	union handle_more *unused;
	struct handle_entry *opened = adapter_take(adapter, HANDLE_ADAPTER_OBJECT, &unused);
	opened->as.target = handle_index(object);
	adapter->open_objects++;
	object_more->object.adapter_object = handle_index(opened->handle);
	return opened->handle;
}

enum ntstatus dxgk_cb_create_physical_memory_object(struct ddi_adapter *adapter,
						    const struct ddi_memory_object_request *request,
						    ddi_handle *physical_memory_object, ddi_handle *adapter_memory_object)
{
	struct iova_request limits = {0};
	struct run_list frames = run_list_empty();
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	if (!adapter->physical || request->type == DDI_MEMORY_SECTION)
		return adapter_count(&adapter->failures.unsupported, NTSTATUS_NOT_SUPPORTED);
	if (object_malformed(adapter, request))
		return adapter_count(&adapter->failures.malformed, NTSTATUS_INVALID_PARAMETER);
	if (handle_table_prepare_pair(&adapter->handles) != 0)
		return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
	enum ntstatus status = object_frames(adapter, request, &limits, &frames);
	if (status != NTSTATUS_SUCCESS)
		return status;
	union handle_more *more;
	struct handle_entry *entry = adapter_take(adapter, HANDLE_MEMORY_OBJECT, &more);
	*more = (union handle_more){.object = {.low = limits.low,
					       .high = limits.high,
					       .adapter_object = HANDLE_INDEX_NONE,
					       .type = (uint8_t)request->type,
					       .boundary_shift = OBJECT_NO_BOUNDARY,
					       .index = NODE_NONE,
					       .cache_type = (uint8_t)request->cache_type}};
	if (limits.constraints & IOVA_CONSTRAIN_BOUNDARY)
		more->object.boundary_shift = (uint8_t)bits_log2_floor(limits.boundary);
	entry->as.frames = frames;
	if (request->type == DDI_MEMORY_IO_SPACE) {
		entry->as.run.frame = request->base_address >> adapter->page_shift;
		entry->as.run.count = limits.count;
	}
	*physical_memory_object = entry->handle;
	if (request->open)
		*adapter_memory_object = open_object(adapter, entry->handle, more);
	return NTSTATUS_SUCCESS;
}

enum ntstatus dxgk_cb_open_physical_memory_object(struct ddi_adapter *adapter, ddi_handle physical_memory_object,
						  ddi_handle *adapter_memory_object)
{
	struct handle_entry *entry;
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return NTSTATUS_UNSUCCESSFUL;
	enum ntstatus status = adapter_find(adapter, physical_memory_object, HANDLE_MEMORY_OBJECT, &entry, &more);
	if (status != NTSTATUS_SUCCESS)
		return adapter_refuse_handle(adapter, status);
	if (more->object.adapter_object != HANDLE_INDEX_NONE)
		return adapter_count(&adapter->failures.in_use, NTSTATUS_RESOURCE_IN_USE);
	if (handle_table_prepare(&adapter->handles) != 0)
		return adapter_count(&adapter->failures.no_metadata, NTSTATUS_INSUFFICIENT_RESOURCES);
	*adapter_memory_object = open_object(adapter, physical_memory_object, more);
	return NTSTATUS_SUCCESS;
}

/* Ends what is open without a live ADL. */
static void close_object(struct ddi_adapter *adapter, union handle_more *object)
{
	handle_table_drop(&adapter->handles, handle_table_entry(&adapter->handles, object->object.adapter_object));
	object->object.adapter_object = HANDLE_INDEX_NONE;
	adapter->open_objects--;
}

void dxgk_cb_close_physical_memory_object(struct ddi_adapter *adapter, ddi_handle adapter_memory_object)
{
	struct handle_entry *entry;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return;
	union handle_more *object = NULL;
	if (handle_table_find(&adapter->handles, adapter_memory_object, HANDLE_ADAPTER_OBJECT, &entry) == NTSTATUS_SUCCESS)
		object = handle_table_more(&adapter->handles, entry->as.target);
	if (!object || object->object.adls > 0)
		adapter->violations.close_object++;
	else
		close_object(adapter, object);
}

/* Whether the second argument of destroying is right. */
static bool closes_right(const struct ddi_adapter *adapter, const union handle_more *object,
			 ddi_handle adapter_memory_object)
{
	uint32_t open = object->object.adapter_object;
	if (open == HANDLE_INDEX_NONE)
		return adapter_memory_object == 0;
	return handle_table_entry(&adapter->handles, open)->handle == adapter_memory_object;
}

void dxgk_cb_destroy_physical_memory_object(struct ddi_adapter *adapter, ddi_handle physical_memory_object,
					    ddi_handle adapter_memory_object)
{
	struct handle_entry *entry;
	union handle_more *more;
	if (!adapter_enter(adapter, DDI_APC_LEVEL))
		return;
	enum ntstatus status = adapter_find(adapter, physical_memory_object, HANDLE_MEMORY_OBJECT, &entry, &more);
	if (status == NTSTATUS_SUCCESS && more->object.adls > 0) {
		adapter_bug_check(adapter, ADAPTER_UNLOCKED_UNDER_ADL);
		return;
	}
	if (status != NTSTATUS_SUCCESS || !closes_right(adapter, more, adapter_memory_object)) {
		adapter->violations.destroy_object++;
		return;
	}
	if (more->object.adapter_object != HANDLE_INDEX_NONE)
		close_object(adapter, more);
	object_drop_index(adapter, entry, more);
	if (more->object.type != DDI_MEMORY_IO_SPACE)
		frames_give(adapter, &entry->as.frames);
	handle_table_drop(&adapter->handles, entry);
}
