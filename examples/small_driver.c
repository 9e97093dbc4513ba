/* SPDX-License-Identifier: MIT
 * The memory code of a small display driver, as it would be compiled for Windows: a command ring in contiguous memory, a
 * staging buffer of scattered pages, registers in a BAR. main is the test around it: an adapter over a built-in allocator.
 *
 *     cc -fsanitize=address,undefined small_driver.c $(pkg-config --cflags --libs --static iovabench) -o small_driver
 */
#include <iovabench/dxgkrnl.h>
#include <iovabench/instance.h>

#include <stdio.h>
#include <string.h>

struct device {
	DXGKRNL_INTERFACE dxgkrnl;
	HANDLE ring_handle, staging_handle;
	PVOID ring;
	PMDL staging;
	PVOID registers;
};

static NTSTATUS start_device(struct device *device, const DXGKRNL_INTERFACE *interface)
{
	const PHYSICAL_ADDRESS bar = {.QuadPart = 0xd0000000};
	/* Not sizeof: an older system has a shorter interface. */
	memset(&device->dxgkrnl, 0, sizeof device->dxgkrnl);
	memcpy(&device->dxgkrnl, interface,
	       interface->Size < sizeof device->dxgkrnl ? interface->Size : sizeof device->dxgkrnl);
	HANDLE adapter = device->dxgkrnl.DeviceHandle;

	DXGKARGCB_ALLOCATECONTIGUOUSMEMORY ring = {.NumberOfBytes = 65536,
						   .HighestAcceptableAddress = {.QuadPart = 0xffffffff},
						   .CacheType = DXGK_MEMORY_CACHING_TYPE_WRITE_COMBINED};
	NTSTATUS status = device->dxgkrnl.DxgkCbAllocateContiguousMemory(adapter, &ring);
	if (!NT_SUCCESS(status))
		return status;
	device->ring_handle = ring.hMemoryHandle;
	device->ring = ring.pMemory;

	DXGKARGCB_ALLOCATEPAGESFORMDL staging = {
		.HighAddress = {.QuadPart = -1}, .TotalBytes = 1 << 20, .CacheType = DXGK_MEMORY_CACHING_TYPE_CACHED};
	status = device->dxgkrnl.DxgkCbAllocatePagesForMdl(adapter, &staging);
	if (!NT_SUCCESS(status))
		return status;
	device->staging_handle = staging.hMemoryHandle;
	device->staging = staging.pMdl;

	return device->dxgkrnl.DxgkCbMapMemory(adapter, bar, 0x4000, FALSE, FALSE, MmNonCached, &device->registers);
}

static void submit(struct device *device)
{
	UCHAR *data = MmGetSystemAddressForMdlSafe(device->staging, NormalPagePriority);
	if (data)
		memset(data, 0x5a, MmGetMdlByteCount(device->staging));
	memset(device->ring, 0xff, 65536);
}

/* Everything that start_device got to. */
static void stop_device(struct device *device)
{
	HANDLE adapter = device->dxgkrnl.DeviceHandle;
	const DXGKARGCB_FREECONTIGUOUSMEMORY ring = {device->ring_handle};
	const DXGKARGCB_FREEPAGESFROMMDL staging = {device->staging_handle};
	if (device->registers)
		device->dxgkrnl.DxgkCbUnmapMemory(adapter, device->registers);
	if (device->staging_handle)
		device->dxgkrnl.DxgkCbFreePagesFromMdl(adapter, &staging);
	if (device->ring_handle)
		device->dxgkrnl.DxgkCbFreeContiguousMemory(adapter, &ring);
}

int main(int argc, char **argv)
{
	const struct iova_space space = {.first = 1, .count = 1 << 20, .page_bytes = PAGE_SIZE};
	const struct iova_space cpu = {.first = 1 << 20, .count = 4096, .page_bytes = PAGE_SIZE};
	const struct ddi_physical_options frames = {.frames = 1 << 20, .scatter_percent = 25, .seed = 1};
	const char *spec = argc > 1 ? argv[1] : "buddy:preset=hal";
	char message[256] = "";
	const char *reason = message;
	struct iova_instance *logical = iova_instance_create(spec, &space, NULL, message, sizeof message);
	struct iova_instance *views = iova_instance_create("rbtree", &cpu, NULL, message, sizeof message);
	struct ddi_physical *physical = ddi_physical_create(&frames, &reason);
	struct dxgkrnl *dxgkrnl = NULL;
	struct ddi_adapter *adapter = NULL;
	if (logical && views && physical) {
		const struct ddi_adapter_options options = {.table = iova_instance_table(logical),
							    .self = iova_instance_self(logical),
							    .capabilities = iova_instance_capabilities(logical),
							    .space_first = space.first,
							    .space_count = space.count,
							    .page_bytes = PAGE_SIZE,
							    .physical = physical,
							    .view_table = iova_instance_table(views),
							    .view_self = iova_instance_self(views),
							    .view_first = cpu.first,
							    .view_count = cpu.count};
		adapter = ddi_adapter_create(&options, &reason);
	}
	if (adapter) {
		const struct dxgkrnl_options options = {.adapter = adapter};
		dxgkrnl = dxgkrnl_create(&options, &reason);
	}
	int failed = 1;
	if (dxgkrnl) {
		struct device device = {0};
		NTSTATUS status = start_device(&device, dxgkrnl_interface(dxgkrnl));
		if (NT_SUCCESS(status))
			submit(&device);
		else
			fprintf(stderr, "not started: %s\n", ntstatus_name((enum ntstatus)status));
		stop_device(&device);
		dxgkrnl_stop(dxgkrnl);
		failed = dxgkrnl_destroy(dxgkrnl) != 0;
	} else {
		fprintf(stderr, "no adapter: %s\n", reason);
	}
	ddi_adapter_destroy(adapter);
	ddi_physical_destroy(physical);
	iova_instance_destroy(views);
	iova_instance_destroy(logical);
	return failed;
}
