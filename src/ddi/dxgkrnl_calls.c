/* SPDX-License-Identifier: MIT
 * The callbacks of the interface: documented structures in, calls of ddi.h, documented structures out. */
#include "ddi/contiguous.h"
#include "ddi/dxgkrnl_room.h"
#include "iovabench/ddi.h"

#include <stdlib.h>
#include <string.h>

static uint64_t address(PHYSICAL_ADDRESS value)
{
	return (uint64_t)value.QuadPart;
}

/* A call to a device that there is not. */
static NTSTATUS no_device(enum routine routine, HANDLE device)
{
	struct dxgkrnl *current = dxgkrnl_current();
	if (current) {
		current->counts.calls++;
		dxgkrnl_find(current, routine, RULE_UNKNOWN, STATUS_INVALID_PARAMETER, NULL, device);
	}
	return STATUS_INVALID_PARAMETER;
}

uint64_t dxgkrnl_mdl_bytes(uint64_t pages)
{
	return sizeof(MDL) + pages * sizeof(PFN_NUMBER);
}

MDL *dxgkrnl_make_mdl(struct dxgkrnl *dxgkrnl, ddi_handle mdl)
{
	struct ddi_mdl description;
	if (ddi_describe_mdl(dxgkrnl->adapter, mdl, &description) != NTSTATUS_SUCCESS)
		return NULL;
	MDL *made = malloc(dxgkrnl_mdl_bytes(description.page_count));
	if (!made)
		return NULL;
	*made = (MDL){.Size = (CSHORT)sizeof *made,
		      .MdlFlags = MDL_PAGES_LOCKED,
		      .ByteCount = (ULONG)description.byte_count,
		      .ByteOffset = description.byte_offset};
	ddi_mdl_frames(dxgkrnl->adapter, mdl, 0, description.page_count, MmGetMdlPfnArray(made));
	return made;
}

/* Of the view that begins in the page of an address; HANDLE_INDEX_NONE: there is none. */
static uint32_t view_index(const struct dxgkrnl *dxgkrnl, uint64_t at)
{
	uint32_t index;
	const struct ddi_adapter *adapter = dxgkrnl->adapter;
	return address_map_find(&adapter->views, at >> adapter->page_shift, &index) ? index : HANDLE_INDEX_NONE;
}

static NTSTATUS map_memory(HANDLE device, PHYSICAL_ADDRESS translated, ULONG length, BOOLEAN in_io_space,
			   BOOLEAN map_to_user_mode, MEMORY_CACHING_TYPE cache_type, PVOID *virtual_address)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status;
	uint64_t at;
	if (!dxgkrnl)
		return no_device(ROUTINE_MAP_MEMORY, device);
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_MAP_MEMORY, length, &status))
		return status;
	if (!track_prepare(dxgkrnl, false))
		return STATUS_INSUFFICIENT_RESOURCES;
	const struct ddi_view_request request = {.translated_address = address(translated),
						 .length = length,
						 .in_io_space = in_io_space,
						 .map_to_user_mode = map_to_user_mode,
						 .cache_type = (enum ddi_cache_type)cache_type};
	status = (NTSTATUS)dxgk_cb_map_memory(dxgkrnl->adapter, &request, 0, &at);
	if (status == STATUS_SUCCESS) {
		*virtual_address = (PVOID)(uintptr_t)at;
		track(dxgkrnl, OBJECT_VIEW, ROUTINE_MAP_MEMORY, view_index(dxgkrnl, at), *virtual_address, length);
	}
	return dxgkrnl_leave(dxgkrnl, ROUTINE_MAP_MEMORY, status, NULL);
}

static NTSTATUS unmap_memory(HANDLE device, PVOID virtual_address)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status;
	if (!dxgkrnl)
		return no_device(ROUTINE_UNMAP_MEMORY, device);
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_UNMAP_MEMORY, 0, &status))
		return status;
	uint64_t at = (uint64_t)(uintptr_t)virtual_address;
	uint32_t index = view_index(dxgkrnl, at);
	status = (NTSTATUS)dxgk_cb_unmap_memory(dxgkrnl->adapter, at, 0);
	if (status == STATUS_SUCCESS)
		untrack(dxgkrnl, &dxgkrnl->objects[index], ROUTINE_UNMAP_MEMORY);
	return dxgkrnl_leave(dxgkrnl, ROUTINE_UNMAP_MEMORY, status, virtual_address);
}

static __attribute__((noinline)) enum ntstatus
take_contiguous_closely(struct ddi_adapter *adapter, const DXGKARGCB_ALLOCATECONTIGUOUSMEMORY *args, ddi_handle *handle)
{
	const struct ddi_contiguous_request request = {.number_of_bytes = args->NumberOfBytes,
						       .lowest_acceptable_address = address(args->LowestAcceptableAddress),
						       .highest_acceptable_address =
							       address(args->HighestAcceptableAddress),
						       .boundary_address_multiple = address(args->BoundaryAddressMultiple),
						       .cache_type = (enum ddi_cache_type)args->CacheType};
	return dxgk_cb_allocate_contiguous_memory(adapter, &request, 0, handle);
}

/* As dxgk_cb_allocate_contiguous_memory does; most calls need no request of ours made for it. */
static inline enum ntstatus take_contiguous(struct ddi_adapter *adapter, const DXGKARGCB_ALLOCATECONTIGUOUSMEMORY *args,
					    ddi_handle *handle)
{
	uint64_t pages = pages_of(adapter, args->NumberOfBytes);
	bool anywhere = contiguous_is_anywhere(
		adapter, pages, address(args->LowestAcceptableAddress), address(args->HighestAcceptableAddress),
		address(args->BoundaryAddressMultiple), (enum ddi_cache_type)args->CacheType);
	return __builtin_expect(anywhere, 1) ? contiguous_allocate_anywhere(adapter, pages, 0, 0, handle)
					     : take_contiguous_closely(adapter, args, handle);
}

/* What a driver sees behind the handle, and what it is told about it later. */
static __attribute__((noinline)) NTSTATUS
give_contiguous_memory(struct dxgkrnl *dxgkrnl, DXGKARGCB_ALLOCATECONTIGUOUSMEMORY *args, ddi_handle handle)
{
	void *memory = dxgkrnl_memory(args->NumberOfBytes), *name = to_driver(dxgkrnl, handle);
	if (!memory) {
		dxgk_cb_free_contiguous_memory(dxgkrnl->adapter, handle, 0);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	struct tracked *made = track(dxgkrnl, OBJECT_CONTIGUOUS, ROUTINE_ALLOCATE_CONTIGUOUS, handle_index(handle), name,
				     args->NumberOfBytes);
	made->memory = memory;
	made->memory_bytes = args->NumberOfBytes;
	args->hMemoryHandle = name;
	args->pMemory = memory;
	return dxgkrnl_leave(dxgkrnl, ROUTINE_ALLOCATE_CONTIGUOUS, STATUS_SUCCESS, NULL);
}

static NTSTATUS allocate_contiguous(HANDLE device, DXGKARGCB_ALLOCATECONTIGUOUSMEMORY *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS refused;
	ddi_handle handle;
	if (!dxgkrnl)
		return no_device(ROUTINE_ALLOCATE_CONTIGUOUS, device);
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_ALLOCATE_CONTIGUOUS, args->NumberOfBytes, &refused))
		return refused;
	if (!dxgkrnl->no_memory && !track_prepare(dxgkrnl, false))
		return STATUS_INSUFFICIENT_RESOURCES;
	NTSTATUS status = (NTSTATUS)take_contiguous(dxgkrnl->adapter, args, &handle);
	if (status != STATUS_SUCCESS)
		return dxgkrnl_leave(dxgkrnl, ROUTINE_ALLOCATE_CONTIGUOUS, status, NULL);
	if (!dxgkrnl->no_memory)
		return give_contiguous_memory(dxgkrnl, args, handle);
	args->hMemoryHandle = to_driver(dxgkrnl, handle);
	args->pMemory = NULL;
	return dxgkrnl_leave(dxgkrnl, ROUTINE_ALLOCATE_CONTIGUOUS, status, NULL);
}

static NTSTATUS free_contiguous(HANDLE device, const DXGKARGCB_FREECONTIGUOUSMEMORY *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS refused;
	if (!dxgkrnl)
		return no_device(ROUTINE_FREE_CONTIGUOUS, device);
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_FREE_CONTIGUOUS, 0, &refused))
		return refused;
	NTSTATUS status = (NTSTATUS)contiguous_free(dxgkrnl->adapter, from_driver(dxgkrnl, args->hMemoryHandle), 0);
	if (status == STATUS_SUCCESS && !dxgkrnl->no_memory)
		untrack(dxgkrnl, tracked_handle(dxgkrnl, args->hMemoryHandle), ROUTINE_FREE_CONTIGUOUS);
	return dxgkrnl_leave(dxgkrnl, ROUTINE_FREE_CONTIGUOUS, status, args->hMemoryHandle);
}

static NTSTATUS allocate_pages(HANDLE device, DXGKARGCB_ALLOCATEPAGESFORMDL *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status;
	ddi_handle handle, mdl;
	if (!dxgkrnl)
		return no_device(ROUTINE_ALLOCATE_PAGES, device);
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_ALLOCATE_PAGES, args->TotalBytes, &status))
		return status;
	if (!track_prepare(dxgkrnl, true))
		return STATUS_INSUFFICIENT_RESOURCES;
	const struct ddi_mdl_request request = {.low_address = address(args->LowAddress),
						.high_address = address(args->HighAddress),
						.skip_bytes = address(args->SkipBytes),
						.total_bytes = args->TotalBytes,
						.cache_type = (enum ddi_cache_type)args->CacheType,
						.flags = args->Flags};
	status = (NTSTATUS)dxgk_cb_allocate_pages_for_mdl(dxgkrnl->adapter, &request, 0, &handle, &mdl);
	if (status != STATUS_SUCCESS)
		return dxgkrnl_leave(dxgkrnl, ROUTINE_ALLOCATE_PAGES, status, NULL);
	MDL *made = dxgkrnl_make_mdl(dxgkrnl, mdl);
	if (!made) {
		dxgk_cb_free_pages_from_mdl(dxgkrnl->adapter, handle, 0);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	args->hMemoryHandle = to_driver(dxgkrnl, handle);
	args->pMdl = made;
	track(dxgkrnl, OBJECT_MDL_MAP, ROUTINE_ALLOCATE_PAGES, handle_index(handle), args->hMemoryHandle, args->TotalBytes)
		->context = handle_index(mdl);
	struct tracked *tracked =
		track_pointer(dxgkrnl, OBJECT_MDL, ROUTINE_ALLOCATE_PAGES, handle_index(mdl), made, args->TotalBytes);
	tracked->handle = mdl;
	tracked->memory = made;
	tracked->memory_bytes = dxgkrnl_mdl_bytes((args->TotalBytes + PAGE_SIZE - 1) / PAGE_SIZE);
	return dxgkrnl_leave(dxgkrnl, ROUTINE_ALLOCATE_PAGES, status, NULL);
}

static NTSTATUS free_pages(HANDLE device, const DXGKARGCB_FREEPAGESFROMMDL *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status;
	if (!dxgkrnl)
		return no_device(ROUTINE_FREE_PAGES, device);
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_FREE_PAGES, 0, &status))
		return status;
	status = (NTSTATUS)dxgk_cb_free_pages_from_mdl(dxgkrnl->adapter, from_driver(dxgkrnl, args->hMemoryHandle), 0);
	if (status == STATUS_SUCCESS) {
		struct tracked *map = tracked_handle(dxgkrnl, args->hMemoryHandle);
		untrack(dxgkrnl, &dxgkrnl->objects[map->context], ROUTINE_FREE_PAGES);
		untrack(dxgkrnl, map, ROUTINE_FREE_PAGES);
	}
	return dxgkrnl_leave(dxgkrnl, ROUTINE_FREE_PAGES, status, args->hMemoryHandle);
}

static NTSTATUS map_mdl(HANDLE device, DXGKARGCB_MAPMDLTOIOMMU *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status;
	ddi_handle handle;
	if (!dxgkrnl)
		return no_device(ROUTINE_MAP_MDL, device);
	struct tracked *mdl = tracked_pointer(dxgkrnl, args->pMdl);
	bool known = mdl && (mdl->object == OBJECT_MDL || mdl->object == OBJECT_MM_MDL);
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_MAP_MDL, known ? mdl->bytes : 0, &status))
		return status;
	if (!known || mdl->pages_freed) {
		dxgkrnl_blame(dxgkrnl, ROUTINE_MAP_MDL, args->pMdl);
		return STATUS_INVALID_PARAMETER;
	}
	if (!track_prepare(dxgkrnl, false))
		return STATUS_INSUFFICIENT_RESOURCES;
	mdl = tracked_pointer(dxgkrnl, args->pMdl);
	status = (NTSTATUS)dxgk_cb_map_mdl_to_io_mmu(dxgkrnl->adapter, mdl->handle, NULL, 0, &handle);
	if (status == STATUS_SUCCESS) {
		args->hMemoryHandle = to_driver(dxgkrnl, handle);
		track(dxgkrnl, OBJECT_MDL_MAP, ROUTINE_MAP_MDL, handle_index(handle), args->hMemoryHandle, mdl->bytes);
	}
	return dxgkrnl_leave(dxgkrnl, ROUTINE_MAP_MDL, status, args->pMdl);
}

static VOID unmap_mdl(HANDLE device, const DXGKARGCB_UNMAPMDLFROMIOMMU *args)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_of(device);
	NTSTATUS status;
	if (!dxgkrnl) {
		no_device(ROUTINE_UNMAP_MDL, device);
		return;
	}
	if (!dxgkrnl_enter(dxgkrnl, ROUTINE_UNMAP_MDL, 0, &status))
		return;
	uint64_t before = dxgkrnl->adapter->violations.unmap_mdl;
	dxgk_cb_unmap_mdl_from_io_mmu(dxgkrnl->adapter, from_driver(dxgkrnl, args->hMemoryHandle), 0);
	if (dxgkrnl->adapter->violations.unmap_mdl != before)
		dxgkrnl_blame(dxgkrnl, ROUTINE_UNMAP_MDL, args->hMemoryHandle);
	else if (!dxgkrnl->adapter->fatal)
		untrack(dxgkrnl, tracked_handle(dxgkrnl, args->hMemoryHandle), ROUTINE_UNMAP_MDL);
	dxgkrnl_leave(dxgkrnl, ROUTINE_UNMAP_MDL, STATUS_SUCCESS, NULL);
}

/* One for all: a member that is not modelled tells no adapter. */
static _Atomic uint64_t not_modelled_calls;

static NTSTATUS not_modelled(void)
{
	not_modelled_calls++;
	return STATUS_NOT_SUPPORTED;
}

uint64_t dxgkrnl_not_modelled(void)
{
	return not_modelled_calls;
}

uint32_t dxgkrnl_interface_bytes(uint32_t version)
{
	if (version < DXGKDDI_INTERFACE_VERSION_WDDM2_7)
		return offsetof(DXGKRNL_INTERFACE, DxgkCbSignalEvent);
	if (version < DXGKDDI_INTERFACE_VERSION_WDDM2_9)
		return offsetof(DXGKRNL_INTERFACE, DxgkCbNotifyCursorSupportChange);
	if (version < DXGKDDI_INTERFACE_VERSION_WDDM3_1)
		return offsetof(DXGKRNL_INTERFACE, DxgkCbDisconnectDoorbell);
	return sizeof(DXGKRNL_INTERFACE);
}

void dxgkrnl_fill_interface(struct dxgkrnl *dxgkrnl)
{
	DXGKRNL_INTERFACE whole;
	/* Every member behind DeviceHandle is a pointer to a function. */
	DXGKRNL_NOT_MODELLED *members = &whole.DxgkCbEvalAcpiMethod;
	for (size_t i = 0; i < (sizeof whole - offsetof(DXGKRNL_INTERFACE, DxgkCbEvalAcpiMethod)) / sizeof *members; i++)
		members[i] = not_modelled;
	whole.Size = dxgkrnl_interface_bytes(dxgkrnl->version);
	whole.Version = dxgkrnl->version;
	whole.DeviceHandle = dxgkrnl;
	whole.DxgkCbMapMemory = map_memory;
	whole.DxgkCbUnmapMemory = unmap_memory;
	whole.DxgkCbAllocateContiguousMemory = allocate_contiguous;
	whole.DxgkCbFreeContiguousMemory = free_contiguous;
	whole.DxgkCbAllocatePagesForMdl = allocate_pages;
	whole.DxgkCbFreePagesFromMdl = free_pages;
	whole.DxgkCbMapMdlToIoMmu = map_mdl;
	whole.DxgkCbUnmapMdlFromIoMmu = unmap_mdl;
	dxgkrnl_fill_objects(&whole);
	dxgkrnl_fill_frame_buffers(&whole);
	memcpy(dxgkrnl->interface, &whole, whole.Size);
}
