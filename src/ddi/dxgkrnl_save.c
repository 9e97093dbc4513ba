/* SPDX-License-Identifier: MIT
 * Frame buffers that are saved when the power goes down: pages pinned in the domain, or a pointer into the section when
 * pinning fails. The section's own pages belong to the memory manager; here they are memory of the program. */
#include "base/memory.h"
#include "ddi/dxgkrnl_room.h"
#include "iovabench/ddi.h"

static bool save_malformed(const struct dxgkrnl *dxgkrnl, uint32_t index, uint64_t bytes)
{
	return index >= dxgkrnl->linked || bytes == 0 || bytes % PAGE_SIZE != 0 || bytes > dxgkrnl->save_bytes;
}

/* What both ways of pinning begin with. */
static bool pin_enter(struct dxgkrnl *dxgkrnl, enum routine routine, uint32_t index, uint64_t bytes, NTSTATUS *status)
{
	if (!dxgkrnl_enter(dxgkrnl, routine, bytes, status))
		return false;
	*status = STATUS_SUCCESS;
	if (save_malformed(dxgkrnl, index, bytes))
		*status = STATUS_INVALID_PARAMETER;
	else if (dxgkrnl->pins[index].adl_or_mdl.name)
		*status = STATUS_RESOURCE_IN_USE;
	dxgkrnl_leave(dxgkrnl, routine, *status, NULL);
	return *status == STATUS_SUCCESS;
}

static void pinned(struct dxgkrnl *dxgkrnl, enum routine routine, struct pin *pin, void *made, uint64_t bytes,
		   uint64_t size)
{
	pin->adl_or_mdl = (struct tracked){.name = made,
					   .memory = made,
					   .memory_bytes = size,
					   .bytes = bytes,
					   .born = dxgkrnl->counts.calls,
					   .object = OBJECT_PHYSICAL_VIEW,
					   .born_by = (uint8_t)routine};
}

static NTSTATUS pin(HANDLE device, DXGKARGCB_PINFRAMEBUFFERFORSAVE *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	ddi_handle mdl;
	if (!dxgkrnl || !pin_enter(dxgkrnl, ROUTINE_PIN, args->PhysicalAdapterIndex, args->CommitSize, &status))
		return status;
	struct pin *pin = &dxgkrnl->pins[args->PhysicalAdapterIndex];
	const struct ddi_mdl_request request = {.high_address = UINT64_MAX, .total_bytes = args->CommitSize};
	status = (NTSTATUS)dxgk_cb_allocate_pages_for_mdl(dxgkrnl->adapter, &request, 0, &pin->handle, &mdl);
	if (status != STATUS_SUCCESS)
		return status;
	MDL *made = dxgkrnl_make_mdl(dxgkrnl, mdl);
	if (!made) {
		dxgk_cb_free_pages_from_mdl(dxgkrnl->adapter, pin->handle, 0);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	args->pMdl = made;
	pinned(dxgkrnl, ROUTINE_PIN, pin, made, args->CommitSize, dxgkrnl_mdl_bytes(args->CommitSize / PAGE_SIZE));
	return STATUS_SUCCESS;
}

static NTSTATUS pin_2(HANDLE device, DXGKARGCB_PINFRAMEBUFFERFORSAVE2 *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	struct ddi_adl adl;
	if (!dxgkrnl || !pin_enter(dxgkrnl, ROUTINE_PIN_2, args->PhysicalAdapterIndex, args->CommitSize, &status))
		return status;
	if (args->Flags.Reserved)
		return dxgkrnl_leave(dxgkrnl, ROUTINE_PIN_2, STATUS_INVALID_PARAMETER, NULL);
	struct pin *pin = &dxgkrnl->pins[args->PhysicalAdapterIndex];
	struct ddi_adapter *adapter = dxgkrnl->adapter;
	const struct ddi_memory_object_request object = {
		.type = DDI_MEMORY_MDL, .size = args->CommitSize, .open = true, .highest_address = UINT64_MAX};
	status = (NTSTATUS)dxgk_cb_create_physical_memory_object(adapter, &object, &pin->object, &pin->opened);
	if (status != STATUS_SUCCESS)
		return status;
	const struct ddi_adl_request request = {.adapter_memory_object = pin->opened,
						.size = args->CommitSize,
						.flags = args->Flags.PreferContiguous ? DDI_ADL_PREFER_CONTIGUOUS : 0};
	status = (NTSTATUS)dxgk_cb_allocate_adl(adapter, &request, 0, &adl);
	DXGK_ADL *made = status == STATUS_SUCCESS ? dxgkrnl_make_adl(dxgkrnl, &adl) : NULL;
	if (!made) {
		if (status == STATUS_SUCCESS)
			dxgk_cb_free_adl(adapter, adl.handle, 0);
		dxgk_cb_destroy_physical_memory_object(adapter, pin->object, pin->opened);
		return status == STATUS_SUCCESS ? STATUS_INSUFFICIENT_RESOURCES : status;
	}
	pin->handle = adl.handle;
	args->pAdl = made;
	pinned(dxgkrnl, ROUTINE_PIN_2, pin, made, args->CommitSize, dxgkrnl_adl_bytes(&adl));
	return STATUS_SUCCESS;
}

static NTSTATUS unpin(HANDLE device, const DXGKARGCB_UNPINFRAMEBUFFERFORSAVE *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_UNPIN, 0, &status))
		return status;
	if (args->PhysicalAdapterIndex >= dxgkrnl->linked)
		return dxgkrnl_leave(dxgkrnl, ROUTINE_UNPIN, STATUS_INVALID_PARAMETER, NULL);
	struct pin *pin = &dxgkrnl->pins[args->PhysicalAdapterIndex];
	if (!pin->adl_or_mdl.name) {
		const struct tracked *last = pin->last.name ? &pin->last : NULL;
		dxgkrnl_find(dxgkrnl, ROUTINE_UNPIN, RULE_DOUBLE_FREE, STATUS_NOT_MAPPED_VIEW, last, NULL);
		return STATUS_NOT_MAPPED_VIEW;
	}
	if (pin->adl_or_mdl.born_by == ROUTINE_PIN) {
		status = (NTSTATUS)dxgk_cb_free_pages_from_mdl(dxgkrnl->adapter, pin->handle, 0);
	} else {
		dxgk_cb_free_adl(dxgkrnl->adapter, pin->handle, 0);
		dxgk_cb_destroy_physical_memory_object(dxgkrnl->adapter, pin->object, pin->opened);
		status = dxgkrnl->adapter->fatal ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
	}
	if (status == STATUS_SUCCESS) {
		pin->last = pin->adl_or_mdl;
		pin->last.died = dxgkrnl->counts.calls;
		pin->last.died_by = ROUTINE_UNPIN;
		untrack(dxgkrnl, &pin->adl_or_mdl, ROUTINE_UNPIN);
	}
	return dxgkrnl_leave(dxgkrnl, ROUTINE_UNPIN, status, NULL);
}

static NTSTATUS map_frame_buffer(HANDLE device, DXGKARGCB_MAPFRAMEBUFFERPOINTER *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_MAP_FRAME_BUFFER, args->Size, &status))
		return status;
	if (save_malformed(dxgkrnl, args->PhysicalAdapterIndex, args->Size) || args->Offset % PAGE_SIZE != 0 ||
	    args->Offset > dxgkrnl->save_bytes - args->Size)
		return dxgkrnl_leave(dxgkrnl, ROUTINE_MAP_FRAME_BUFFER, STATUS_INVALID_PARAMETER, NULL);
	struct pin *pin = &dxgkrnl->pins[args->PhysicalAdapterIndex];
	pin->save = pin->save ? pin->save : memory_zeroed((size_t)dxgkrnl->save_bytes, 1);
	if (!pin->save ||
	    memory_grow(&dxgkrnl->views, &dxgkrnl->view_capacity, dxgkrnl->view_count, sizeof *dxgkrnl->views) < 0)
		return STATUS_INSUFFICIENT_RESOURCES;
	args->pBaseAddress = (char *)pin->save + args->Offset;
	args->Offset = 0;
	dxgkrnl->views[dxgkrnl->view_count++] = (struct tracked){.name = args->pBaseAddress,
								 .context = args->PhysicalAdapterIndex,
								 .bytes = args->Size,
								 .born = dxgkrnl->counts.calls,
								 .object = OBJECT_VIEW,
								 .born_by = ROUTINE_MAP_FRAME_BUFFER};
	return STATUS_SUCCESS;
}

static NTSTATUS unmap_frame_buffer(HANDLE device, const DXGKARGCB_UNMAPFRAMEBUFFERPOINTER *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	const struct tracked *around = NULL;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_UNMAP_FRAME_BUFFER, 0, &status))
		return status;
	for (size_t i = 0; i < dxgkrnl->view_count; i++) {
		struct tracked *view = &dxgkrnl->views[i];
		if (view->born_by != ROUTINE_MAP_FRAME_BUFFER || view->context != args->PhysicalAdapterIndex)
			continue;
		if (view->name == args->pBaseAddress) {
			untrack(dxgkrnl, view, ROUTINE_UNMAP_FRAME_BUFFER);
			*view = dxgkrnl->views[--dxgkrnl->view_count];
			return STATUS_SUCCESS;
		}
		if ((uint64_t)(uintptr_t)args->pBaseAddress - (uint64_t)(uintptr_t)view->name < view->bytes)
			around = view;
	}
	if (around)
		dxgkrnl_find(dxgkrnl, ROUTINE_UNMAP_FRAME_BUFFER, RULE_PART, STATUS_NOT_MAPPED_VIEW, around, NULL);
	else
		dxgkrnl_leave(dxgkrnl, ROUTINE_UNMAP_FRAME_BUFFER, STATUS_NOT_MAPPED_VIEW, args->pBaseAddress);
	return STATUS_NOT_MAPPED_VIEW;
}

void dxgkrnl_fill_frame_buffers(DXGKRNL_INTERFACE *interface)
{
	interface->DxgkCbPinFrameBufferForSave = pin;
	interface->DxgkCbUnpinFrameBufferForSave = unpin;
	interface->DxgkCbPinFrameBufferForSave2 = pin_2;
	interface->DxgkCbMapFrameBufferPointer = map_frame_buffer;
	interface->DxgkCbUnmapFrameBufferPointer = unmap_frame_buffer;
}
