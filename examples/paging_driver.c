/* SPDX-License-Identifier: MIT
 * A display driver of WDDM 3.x with DMA remapping: memory objects and their address descriptor lists, a paging buffer, CPU
 * mappings, frame buffers saved when the power goes down, and a reset after a timeout. With "planted" it makes five mistakes,
 * each of which is told by the call, the object and the rule.
 *
 *     cc -fsanitize=address,undefined paging_driver.c $(pkg-config --cflags --libs --static iovabench) -o paging_driver
 *     ./paging_driver buddy:preset=hal && ! ./paging_driver buddy:preset=hal planted
 */
#include <iovabench/dxgkrnl.h>
#include <iovabench/instance.h>

#include <stdio.h>
#include <string.h>

#define ALLOCATIONS 64u
#define SAVED_BYTES (8u << 20)

/* Memory of one surface: system memory that pages in and out of the aperture through an ADL. */
struct allocation {
	HANDLE memory, opened;
	DXGK_ADL *adl; /* while it is resident */
	SIZE_T size;
};

struct device {
	DXGKRNL_INTERFACE dxgkrnl;
	struct allocation allocations[ALLOCATIONS];
	struct allocation paging_buffer;
	UINT paging_entries;
};

static NTSTATUS create(struct device *device, struct allocation *allocation, DXGK_PHYSICAL_MEMORY_TYPE type, SIZE_T size)
{
	DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT args = {.hAdapter = device->dxgkrnl.DeviceHandle,
							.Size = size,
							.Context = (ULONG_PTR)allocation,
							.Type = type,
							.CacheType = DXGK_MEMORY_CACHING_TYPE_CACHED};
	if (type == DXGK_PHYSICAL_MEMORY_TYPE_MDL)
		args.Mdl.HighAddress.QuadPart = -1;
	else
		args.ContiguousMemory.HighestAcceptableAddress.QuadPart = -1;
	NTSTATUS status = device->dxgkrnl.DxgkCbCreatePhysicalMemoryObject(&args);
	if (NT_SUCCESS(status))
		*allocation = (struct allocation){args.hPhysicalMemoryObject, args.hAdapterMemoryObject, NULL, size};
	return status;
}

static NTSTATUS page_in(struct device *device, struct allocation *allocation)
{
	DXGKARGCB_ALLOCATE_ADL args = {.hAdapterMemoryObject = allocation->opened, .Size = allocation->size};
	args.Flags.PreferContiguous = 1;
	NTSTATUS status = device->dxgkrnl.DxgkCbAllocateAdl(&args);
	if (!NT_SUCCESS(status))
		return status;
	allocation->adl = args.pAdl;
	/* One entry of the page table for a contiguous list, one for each page of any other. */
	device->paging_entries += args.pAdl->Flags.Contiguous ? 1 : args.pAdl->PageCount;
	return status;
}

static void page_out(struct device *device, struct allocation *allocation)
{
	const DXGKARGCB_FREE_ADL args = {allocation->opened, allocation->adl};
	if (allocation->adl)
		device->dxgkrnl.DxgkCbFreeAdl(&args);
	allocation->adl = NULL;
}

static void destroy(struct device *device, struct allocation *allocation)
{
	const DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT args = {allocation->memory, allocation->opened};
	page_out(device, allocation);
	if (allocation->memory)
		device->dxgkrnl.DxgkCbDestroyPhysicalMemoryObject(&args);
	*allocation = (struct allocation){0};
}

/* The CPU writes commands into the paging buffer. */
static NTSTATUS write_commands(struct device *device, SIZE_T offset, SIZE_T size)
{
	DXGKARGCB_MAP_PHYSICAL_MEMORY map = {.hPhysicalMemoryObject = device->paging_buffer.memory,
					     .AccessMode = DXGK_ACCESS_MODE_KERNEL_MODE,
					     .Offset = offset,
					     .Size = size};
	NTSTATUS status = device->dxgkrnl.DxgkCbMapPhysicalMemory(&map);
	if (!NT_SUCCESS(status))
		return status;
	memset((char *)map.pMappedAddress + map.Offset, 0x11, size);
	const DXGKARGCB_UNMAP_PHYSICAL_MEMORY unmap = {device->paging_buffer.memory, map.pMappedAddress, map.Size};
	device->dxgkrnl.DxgkCbUnmapPhysicalMemory(&unmap);
	return status;
}

static NTSTATUS start_device(struct device *device, const DXGKRNL_INTERFACE *interface)
{
	*device = (struct device){0};
	memcpy(&device->dxgkrnl, interface,
	       interface->Size < sizeof device->dxgkrnl ? interface->Size : sizeof device->dxgkrnl);
	NTSTATUS status = create(device, &device->paging_buffer, DXGK_PHYSICAL_MEMORY_TYPE_CONTIGUOUS_MEMORY, 65536);
	if (NT_SUCCESS(status))
		status = page_in(device, &device->paging_buffer);
	for (UINT i = 0; i < ALLOCATIONS && NT_SUCCESS(status); i++)
		status = create(device, &device->allocations[i], DXGK_PHYSICAL_MEMORY_TYPE_MDL,
				(SIZE_T)PAGE_SIZE << (i % 9));
	return status;
}

static void stop_device(struct device *device)
{
	for (UINT i = 0; i < ALLOCATIONS; i++)
		destroy(device, &device->allocations[i]);
	destroy(device, &device->paging_buffer);
}

static NTSTATUS render(struct device *device)
{
	NTSTATUS status = write_commands(device, 100, 8000);
	for (UINT frame = 0; frame < 1000 && NT_SUCCESS(status); frame++) {
		struct allocation *allocation = &device->allocations[frame * 37 % ALLOCATIONS];
		if (allocation->adl)
			page_out(device, allocation);
		else
			status = page_in(device, allocation);
	}
	return status;
}

/* All is paged out, and what the frame buffer holds is saved through pinned pages, or piece by piece when there is no room. */
static NTSTATUS power_down_and_up(struct device *device)
{
	HANDLE adapter = device->dxgkrnl.DeviceHandle;
	DXGKARGCB_PINFRAMEBUFFERFORSAVE2 pin = {.CommitSize = SAVED_BYTES};
	const DXGKARGCB_UNPINFRAMEBUFFERFORSAVE unpin = {0};
	for (UINT i = 0; i < ALLOCATIONS; i++)
		page_out(device, &device->allocations[i]);
	pin.Flags.PreferContiguous = 1;
	if (NT_SUCCESS(device->dxgkrnl.DxgkCbPinFrameBufferForSave2(adapter, &pin)))
		return device->dxgkrnl.DxgkCbUnpinFrameBufferForSave(adapter, &unpin);
	for (SIZE_T offset = 0; offset < SAVED_BYTES; offset += 1 << 20) {
		DXGKARGCB_MAPFRAMEBUFFERPOINTER map = {.Size = 1 << 20, .Offset = offset};
		NTSTATUS status = device->dxgkrnl.DxgkCbMapFrameBufferPointer(adapter, &map);
		if (!NT_SUCCESS(status))
			return status;
		memset((char *)map.pBaseAddress + map.Offset, 0x22, 1 << 20);
		const DXGKARGCB_UNMAPFRAMEBUFFERPOINTER unmap = {0, map.pBaseAddress};
		device->dxgkrnl.DxgkCbUnmapFrameBufferPointer(adapter, &unmap);
	}
	return STATUS_SUCCESS;
}

/* What must be found. The last one is left for the stop. */
static void planted(struct device *device)
{
	HANDLE adapter = device->dxgkrnl.DeviceHandle;
	DXGKARGCB_ALLOCATECONTIGUOUSMEMORY contiguous = {.NumberOfBytes = 12345,
							 .HighestAcceptableAddress = {.QuadPart = -1},
							 .CacheType = DXGK_MEMORY_CACHING_TYPE_CACHED};
	DXGKARGCB_ALLOCATEPAGESFORMDL pages = {.HighAddress = {.QuadPart = -1}, .TotalBytes = 40960};
	device->dxgkrnl.DxgkCbAllocateContiguousMemory(adapter, &contiguous);
	device->dxgkrnl.DxgkCbAllocatePagesForMdl(adapter, &pages);

	/* Free of the wrong kind. */
	const DXGKARGCB_FREECONTIGUOUSMEMORY wrong = {pages.hMemoryHandle};
	device->dxgkrnl.DxgkCbFreeContiguousMemory(adapter, &wrong);

	/* Use of an MDL after its free. */
	const DXGKARGCB_FREEPAGESFROMMDL right = {pages.hMemoryHandle};
	device->dxgkrnl.DxgkCbFreePagesFromMdl(adapter, &right);
	DXGKARGCB_MAPMDLTOIOMMU map = {.pMdl = pages.pMdl};
	device->dxgkrnl.DxgkCbMapMdlToIoMmu(adapter, &map);

	/* Double free. */
	const DXGKARGCB_FREECONTIGUOUSMEMORY twice = {contiguous.hMemoryHandle};
	device->dxgkrnl.DxgkCbFreeContiguousMemory(adapter, &twice);
	device->dxgkrnl.DxgkCbFreeContiguousMemory(adapter, &twice);

	/* Unmap of a part. */
	DXGKARGCB_MAP_PHYSICAL_MEMORY view = {.hPhysicalMemoryObject = device->paging_buffer.memory, .Size = 65536};
	device->dxgkrnl.DxgkCbMapPhysicalMemory(&view);
	DXGKARGCB_UNMAP_PHYSICAL_MEMORY part = {device->paging_buffer.memory, view.pMappedAddress, 4096};
	device->dxgkrnl.DxgkCbUnmapPhysicalMemory(&part);
	part.Size = view.Size;
	device->dxgkrnl.DxgkCbUnmapPhysicalMemory(&part);

	/* Leak of an ADL at stop. */
	page_in(device, &device->allocations[0]);
}

static int play(struct dxgkrnl *dxgkrnl, BOOLEAN mistakes)
{
	struct device device;
	NTSTATUS status = start_device(&device, dxgkrnl_interface(dxgkrnl));
	if (NT_SUCCESS(status))
		status = render(&device);
	if (NT_SUCCESS(status))
		status = power_down_and_up(&device);
	if (NT_SUCCESS(status)) {
		dxgkrnl_reset(dxgkrnl); /* a timeout: nothing of the device is left, and it starts anew */
		status = start_device(&device, dxgkrnl_interface(dxgkrnl));
	}
	if (NT_SUCCESS(status))
		status = render(&device);
	if (mistakes) {
		power_down_and_up(&device);
		planted(&device);
		for (UINT i = 1; i < ALLOCATIONS; i++)
			destroy(&device, &device.allocations[i]);
		destroy(&device, &device.paging_buffer);
	} else {
		stop_device(&device);
	}
	if (!NT_SUCCESS(status))
		fprintf(stderr, "stopped early: %s\n", ntstatus_name((enum ntstatus)status));
	const struct ddi_bug_check *check = dxgkrnl_stop(dxgkrnl);
	if (check)
		fprintf(stderr, "stopped with %s\n", check->why);
	printf("%u entries of page tables, %llu calls\n", device.paging_entries,
	       (unsigned long long)dxgkrnl_counts(dxgkrnl).calls);
	return dxgkrnl_destroy(dxgkrnl) != 0 || !NT_SUCCESS(status);
}

int main(int argc, char **argv)
{
	const struct iova_space space = {.first = 1, .count = 1 << 20, .page_bytes = PAGE_SIZE};
	const struct ddi_physical_options frames = {.frames = 1 << 20, .scatter_percent = 50, .seed = 1};
	const char *spec = argc > 1 ? argv[1] : "buddy:preset=hal";
	char message[256] = "";
	const char *reason = message;
	struct iova_instance *logical = iova_instance_create(spec, &space, NULL, message, sizeof message);
	struct ddi_physical *physical = ddi_physical_create(&frames, &reason);
	struct ddi_adapter *adapter = NULL;
	struct dxgkrnl *dxgkrnl = NULL;
	if (logical && physical) {
		const struct ddi_adapter_options options = {.table = iova_instance_table(logical),
							    .self = iova_instance_self(logical),
							    .capabilities = iova_instance_capabilities(logical),
							    .space_first = space.first,
							    .space_count = space.count,
							    .page_bytes = PAGE_SIZE,
							    .physical = physical};
		adapter = ddi_adapter_create(&options, &reason);
	}
	if (adapter) {
		const struct dxgkrnl_options options = {.adapter = adapter, .version = DXGKDDI_INTERFACE_VERSION_WDDM3_0};
		dxgkrnl = dxgkrnl_create(&options, &reason);
	}
	if (!dxgkrnl)
		fprintf(stderr, "no adapter: %s\n", reason);
	int failed = dxgkrnl ? play(dxgkrnl, argc > 2 && strcmp(argv[2], "planted") == 0) : 1;
	ddi_adapter_destroy(adapter);
	ddi_physical_destroy(physical);
	iova_instance_destroy(logical);
	return failed;
}
