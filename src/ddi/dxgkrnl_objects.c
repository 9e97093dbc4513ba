/* SPDX-License-Identifier: MIT
 * Physical memory objects, their ADLs and their CPU mappings. Their callbacks tell no adapter: the handle does. */
#include "base/memory.h"
#include "ddi/dxgkrnl_room.h"
#include "ddi/memory_object.h"
#include "iovabench/ddi.h"

#include <stdlib.h>

/* Tells somebody of a handle that nobody gave. */
static void nobodys(enum routine routine, void *name, NTSTATUS status)
{
	struct dxgkrnl *current = dxgkrnl_current();
	if (!current)
		return;
	current->counts.calls++;
	dxgkrnl_find(current, routine, RULE_UNKNOWN, status, NULL, name);
}

static struct ddi_memory_object_request request_of(const DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT *args)
{
	struct ddi_memory_object_request request = {.type = (enum ddi_memory_type)args->Type,
						    .size = args->Size,
						    .cache_type = (enum ddi_cache_type)args->CacheType,
						    .open = args->hAdapter};
	switch (args->Type) {
	case DXGK_PHYSICAL_MEMORY_TYPE_MDL:
		request.lowest_address = (uint64_t)args->Mdl.LowAddress.QuadPart;
		request.highest_address = (uint64_t)args->Mdl.HighAddress.QuadPart;
		request.skip_bytes = (uint64_t)args->Mdl.SkipBytes.QuadPart;
		request.flags = args->Mdl.Flags;
		break;
	case DXGK_PHYSICAL_MEMORY_TYPE_CONTIGUOUS_MEMORY:
		request.lowest_address = (uint64_t)args->ContiguousMemory.LowestAcceptableAddress.QuadPart;
		request.highest_address = (uint64_t)args->ContiguousMemory.HighestAcceptableAddress.QuadPart;
		request.boundary_address_multiple = (uint64_t)args->ContiguousMemory.BoundaryAddressMultiple.QuadPart;
		break;
	case DXGK_PHYSICAL_MEMORY_TYPE_IO_SPACE:
		request.base_address = (uint64_t)args->IOSpace.BaseAddress.QuadPart;
		break;
	case DXGK_PHYSICAL_MEMORY_TYPE_SECTION:
		break;
	}
	return request;
}

static NTSTATUS create_object(DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT *args)
{
	struct dxgkrnl *dxgkrnl = args->hAdapter ? dxgkrnl_of(args->hAdapter) : dxgkrnl_current();
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	ddi_handle object, opened = 0;
	if (!dxgkrnl) {
		nobodys(ROUTINE_CREATE_OBJECT, args->hAdapter, status);
		return status;
	}
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_CREATE_OBJECT, args->Size, &status))
		return status;
	if (!track_prepare(dxgkrnl, false))
		return STATUS_INSUFFICIENT_RESOURCES;
	const struct ddi_memory_object_request request = request_of(args);
	status = (NTSTATUS)dxgk_cb_create_physical_memory_object(dxgkrnl->adapter, &request, &object, &opened);
	if (status != STATUS_SUCCESS)
		return dxgkrnl_leave(dxgkrnl, ROUTINE_CREATE_OBJECT, status, NULL);
	args->hPhysicalMemoryObject = to_driver(dxgkrnl, object);
	args->hAdapterMemoryObject = opened ? to_driver(dxgkrnl, opened) : NULL;
	struct tracked *made = track(dxgkrnl, OBJECT_MEMORY, ROUTINE_CREATE_OBJECT, handle_index(object),
				     args->hPhysicalMemoryObject, args->Size);
	made->context = args->Context;
	made->handle = object;
	if (opened)
		track(dxgkrnl, OBJECT_OPENED, ROUTINE_CREATE_OBJECT, handle_index(opened), args->hAdapterMemoryObject,
		      args->Size);
	return dxgkrnl_leave(dxgkrnl, ROUTINE_CREATE_OBJECT, status, NULL);
}

static NTSTATUS open_object(DXGKARGCB_OPEN_PHYSICAL_MEMORY_OBJECT *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(args->hAdapter);
	NTSTATUS status = STATUS_INVALID_PARAMETER;
	ddi_handle opened;
	if (!dxgkrnl) {
		nobodys(ROUTINE_OPEN_OBJECT, args->hAdapter, status);
		return status;
	}
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_OPEN_OBJECT, 0, &status))
		return status;
	if (!track_prepare(dxgkrnl, false))
		return STATUS_INSUFFICIENT_RESOURCES;
	status = (NTSTATUS)dxgk_cb_open_physical_memory_object(dxgkrnl->adapter,
							       from_driver(dxgkrnl, args->hPhysicalMemoryObject), &opened);
	if (status == STATUS_SUCCESS) {
		args->hAdapterMemoryObject = to_driver(dxgkrnl, opened);
		track(dxgkrnl, OBJECT_OPENED, ROUTINE_OPEN_OBJECT, handle_index(opened), args->hAdapterMemoryObject,
		      tracked_handle(dxgkrnl, args->hPhysicalMemoryObject)->bytes);
	}
	return dxgkrnl_leave(dxgkrnl, ROUTINE_OPEN_OBJECT, status, args->hPhysicalMemoryObject);
}

static VOID close_object(const DXGKARGCB_CLOSE_PHYSICAL_MEMORY_OBJECT *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of_object(args->hAdapterMemoryObject);
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_CLOSE_OBJECT, 0, &status))
		return;
	uint64_t before = dxgkrnl->adapter->violations.close_object;
	struct tracked *opened = tracked_handle(dxgkrnl, args->hAdapterMemoryObject);
	bool right = opened && opened->object == OBJECT_OPENED;
	dxgk_cb_close_physical_memory_object(dxgkrnl->adapter, from_driver(dxgkrnl, args->hAdapterMemoryObject));
	if (dxgkrnl->adapter->violations.close_object == before && right && !dxgkrnl->adapter->fatal)
		untrack(dxgkrnl, opened, ROUTINE_CLOSE_OBJECT);
	else if (right && !dxgkrnl->adapter->fatal)
		dxgkrnl_find(dxgkrnl, ROUTINE_CLOSE_OBJECT, RULE_UNLOCKED, STATUS_SUCCESS, opened, NULL);
	else if (!right)
		dxgkrnl_blame(dxgkrnl, ROUTINE_CLOSE_OBJECT, args->hAdapterMemoryObject);
	dxgkrnl_leave(dxgkrnl, ROUTINE_CLOSE_OBJECT, STATUS_SUCCESS, NULL);
}

/* Whether some CPU mapping of the object lives. */
static bool is_viewed(const struct dxgkrnl *dxgkrnl, const struct tracked *object)
{
	for (size_t i = 0; i < dxgkrnl->view_count; i++)
		if (dxgkrnl->views[i].handle == object->handle)
			return true;
	return false;
}

static VOID destroy_object(const DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of_object(args->hPhysicalMemoryObject);
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_DESTROY_OBJECT, 0, &status))
		return;
	struct ddi_adapter *adapter = dxgkrnl->adapter;
	struct tracked *object = tracked_handle(dxgkrnl, args->hPhysicalMemoryObject);
	struct tracked *opened = tracked_handle(dxgkrnl, args->hAdapterMemoryObject);
	bool right = object && object->object == OBJECT_MEMORY, fatal = adapter->fatal;
	if (right && is_viewed(dxgkrnl, object)) {
		dxgkrnl_find(dxgkrnl, ROUTINE_DESTROY_OBJECT, RULE_IN_USE, STATUS_SUCCESS, object, NULL);
		return;
	}
	uint64_t before = adapter->violations.destroy_object;
	dxgk_cb_destroy_physical_memory_object(adapter, from_driver(dxgkrnl, args->hPhysicalMemoryObject),
					       from_driver(dxgkrnl, args->hAdapterMemoryObject));
	if (adapter->fatal && !fatal && adapter->fatal->code)
		dxgkrnl_find(dxgkrnl, ROUTINE_DESTROY_OBJECT, RULE_UNLOCKED, STATUS_SUCCESS, object, NULL);
	else if (adapter->violations.destroy_object != before)
		dxgkrnl_blame(dxgkrnl, ROUTINE_DESTROY_OBJECT,
			      right ? args->hAdapterMemoryObject : args->hPhysicalMemoryObject);
	else if (!adapter->fatal) {
		untrack(dxgkrnl, object, ROUTINE_DESTROY_OBJECT);
		if (opened)
			untrack(dxgkrnl, opened, ROUTINE_DESTROY_OBJECT);
	}
	dxgkrnl_leave(dxgkrnl, ROUTINE_DESTROY_OBJECT, STATUS_SUCCESS, NULL);
}

uint64_t dxgkrnl_adl_bytes(const struct ddi_adl *adl)
{
	return sizeof(DXGK_ADL) + (adl->contiguous ? 0 : adl->page_count * sizeof(DXGK_PAGE_NUMBER));
}

DXGK_ADL *dxgkrnl_make_adl(const struct dxgkrnl *dxgkrnl, const struct ddi_adl *adl)
{
	DXGK_ADL *made = malloc(dxgkrnl_adl_bytes(adl));
	if (!made)
		return NULL;
	*made = (DXGK_ADL){.PageCount = adl->page_count};
	made->Flags.Contiguous = adl->contiguous;
	made->BasePageNumber = adl->base_page;
	if (!adl->contiguous) {
		uint64_t *pages = (uint64_t *)(void *)(made + 1);
		made->Pages = pages;
		ddi_adl_pages(dxgkrnl->adapter, adl->handle, 0, adl->page_count, pages);
	}
	return made;
}

static NTSTATUS allocate_adl(DXGKARGCB_ALLOCATE_ADL *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of_object(args->hAdapterMemoryObject);
	NTSTATUS status = STATUS_INVALID_HANDLE;
	struct ddi_adl adl;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_ALLOCATE_ADL, args->Size, &status))
		return status;
	if (!track_prepare(dxgkrnl, true))
		return STATUS_INSUFFICIENT_RESOURCES;
	const struct ddi_adl_request request = {.adapter_memory_object = from_driver(dxgkrnl, args->hAdapterMemoryObject),
						.offset = args->Offset,
						.size = args->Size,
						.flags = args->Flags.Value};
	status = (NTSTATUS)dxgk_cb_allocate_adl(dxgkrnl->adapter, &request, 0, &adl);
	if (status != STATUS_SUCCESS)
		return dxgkrnl_leave(dxgkrnl, ROUTINE_ALLOCATE_ADL, status, args->hAdapterMemoryObject);
	DXGK_ADL *made = dxgkrnl_make_adl(dxgkrnl, &adl);
	if (!made) {
		dxgk_cb_free_adl(dxgkrnl->adapter, adl.handle, 0);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	struct tracked *tracked =
		track_pointer(dxgkrnl, OBJECT_ADL, ROUTINE_ALLOCATE_ADL, handle_index(adl.handle), made, args->Size);
	tracked->handle = adl.handle;
	tracked->memory = made;
	tracked->memory_bytes = dxgkrnl_adl_bytes(&adl);
	tracked->context = (uint64_t)(uintptr_t)args->hAdapterMemoryObject;
	args->pAdl = made;
	return dxgkrnl_leave(dxgkrnl, ROUTINE_ALLOCATE_ADL, status, NULL);
}

static VOID free_adl(const DXGKARGCB_FREE_ADL *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of_object(args->hAdapterMemoryObject);
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_FREE_ADL, 0, &status))
		return;
	struct tracked *adl = tracked_pointer(dxgkrnl, args->pAdl);
	if (!adl || adl->object != OBJECT_ADL) {
		dxgkrnl_blame(dxgkrnl, ROUTINE_FREE_ADL, args->pAdl);
	} else if (adl->context != (uint64_t)(uintptr_t)args->hAdapterMemoryObject) {
		dxgkrnl_blame(dxgkrnl, ROUTINE_FREE_ADL, args->hAdapterMemoryObject);
	} else {
		dxgk_cb_free_adl(dxgkrnl->adapter, adl->handle, 0);
		if (!dxgkrnl->adapter->fatal)
			untrack(dxgkrnl, adl, ROUTINE_FREE_ADL);
	}
	dxgkrnl_leave(dxgkrnl, ROUTINE_FREE_ADL, STATUS_SUCCESS, NULL);
}

/* Whether the object may be mapped so. */
static bool mapping_right(const struct dxgkrnl *dxgkrnl, const struct tracked *object,
			  const DXGKARGCB_MAP_PHYSICAL_MEMORY *args)
{
	const union handle_more *more = handle_table_more(&dxgkrnl->adapter->handles, handle_index(object->handle));
	if (args->Size == 0 || args->Offset > object->bytes || args->Size > object->bytes - args->Offset)
		return false;
	return (uint32_t)args->AccessMode <= DXGK_ACCESS_MODE_USER_MODE &&
	       (more->object.type != DDI_MEMORY_IO_SPACE || args->AccessMode == DXGK_ACCESS_MODE_KERNEL_MODE);
}

static NTSTATUS map_physical(DXGKARGCB_MAP_PHYSICAL_MEMORY *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of_object(args->hPhysicalMemoryObject);
	NTSTATUS status = STATUS_INVALID_HANDLE;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_MAP_PHYSICAL, args->Size, &status))
		return status;
	struct tracked *object = tracked_handle(dxgkrnl, args->hPhysicalMemoryObject);
	if (!object || object->object != OBJECT_MEMORY)
		return dxgkrnl_leave(dxgkrnl, ROUTINE_MAP_PHYSICAL,
				     object ? STATUS_OBJECT_TYPE_MISMATCH : STATUS_INVALID_HANDLE,
				     args->hPhysicalMemoryObject);
	if (!mapping_right(dxgkrnl, object, args))
		return dxgkrnl_leave(dxgkrnl, ROUTINE_MAP_PHYSICAL, STATUS_INVALID_PARAMETER, args->hPhysicalMemoryObject);
	uint64_t size = (object->bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
	if (memory_grow(&dxgkrnl->views, &dxgkrnl->view_capacity, dxgkrnl->view_count, sizeof *dxgkrnl->views) < 0)
		return STATUS_INSUFFICIENT_RESOURCES;
	object->cpu = object->cpu ? object->cpu : dxgkrnl_memory(size);
	if (!object->cpu)
		return STATUS_INSUFFICIENT_RESOURCES;
	uint64_t into = args->Offset % PAGE_SIZE, first = args->Offset - into;
	args->pMappedAddress = (char *)object->cpu + first;
	args->Size = (into + args->Size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
	args->Offset = into;
	dxgkrnl->views[dxgkrnl->view_count++] = (struct tracked){.name = args->pMappedAddress,
								 .handle = object->handle,
								 .bytes = args->Size,
								 .born = dxgkrnl->counts.calls,
								 .object = OBJECT_PHYSICAL_VIEW,
								 .born_by = ROUTINE_MAP_PHYSICAL};
	return dxgkrnl_leave(dxgkrnl, ROUTINE_MAP_PHYSICAL, STATUS_SUCCESS, NULL);
}

static VOID unmap_physical(const DXGKARGCB_UNMAP_PHYSICAL_MEMORY *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of_object(args->hPhysicalMemoryObject);
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_UNMAP_PHYSICAL, 0, &status))
		return;
	const struct tracked *object = tracked_handle(dxgkrnl, args->hPhysicalMemoryObject), *around = NULL;
	uint64_t at = (uint64_t)(uintptr_t)args->pBaseAddress;
	for (size_t i = 0; object && i < dxgkrnl->view_count; i++) {
		struct tracked *view = &dxgkrnl->views[i];
		if (view->object != OBJECT_PHYSICAL_VIEW || view->handle != object->handle)
			continue;
		if (view->name == args->pBaseAddress && view->bytes == args->Size) {
			view->memory = NULL;
			untrack(dxgkrnl, view, ROUTINE_UNMAP_PHYSICAL);
			*view = dxgkrnl->views[--dxgkrnl->view_count];
			return;
		}
		if (at - (uint64_t)(uintptr_t)view->name < view->bytes)
			around = view;
	}
	if (around)
		dxgkrnl_find(dxgkrnl, ROUTINE_UNMAP_PHYSICAL, RULE_PART, STATUS_SUCCESS, around, NULL);
	else
		dxgkrnl_blame(dxgkrnl, ROUTINE_UNMAP_PHYSICAL, object ? args->pBaseAddress : args->hPhysicalMemoryObject);
}

void dxgkrnl_fill_objects(DXGKRNL_INTERFACE *interface)
{
	interface->DxgkCbCreatePhysicalMemoryObject = create_object;
	interface->DxgkCbDestroyPhysicalMemoryObject = destroy_object;
	interface->DxgkCbMapPhysicalMemory = map_physical;
	interface->DxgkCbUnmapPhysicalMemory = unmap_physical;
	interface->DxgkCbAllocateAdl = allocate_adl;
	interface->DxgkCbFreeAdl = free_adl;
	interface->DxgkCbOpenPhysicalMemoryObject = open_object;
	interface->DxgkCbClosePhysicalMemoryObject = close_object;
}
