/* SPDX-License-Identifier: MIT
 * Goal: the documented interface over an adapter keeps its layout, tells every broken rule by name, and survives whatever a
 * driver does to it, in both modes and of every version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iovabench/dxgkrnl.h"
#include "unit/ddi/ddi_world.h"
#include "unit/ddi/dxgkrnl_versions.h"

#include <stdio.h>
#include <stdlib.h>

struct bench {
	struct world world;
	struct dxgkrnl *dxgkrnl;
	const DXGKRNL_INTERFACE *table;
	HANDLE device;
	unsigned findings;
	char rule[32], object[512], routine[64];
};

static void report(void *context, const struct dxgkrnl_finding *finding)
{
	struct bench *bench = context;
	bench->findings++;
	snprintf(bench->rule, sizeof bench->rule, "%s", finding->rule);
	snprintf(bench->object, sizeof bench->object, "%s", finding->object);
	snprintf(bench->routine, sizeof bench->routine, "%s", finding->routine);
	assert_non_null(strstr(finding->says, "; page "));
}

static bool open_over(struct bench *bench, const char *spec, bool identity, uint32_t version, bool strict, const char *fail)
{
	const char *reason = NULL;
	const struct world_options options = {.pages = 4096, .frames = 8192, .scatter_percent = 25, .identity = identity};
	*bench = (struct bench){0};
	if (!world_open(&bench->world, spec, &options))
		return false;
	const struct dxgkrnl_options behind = {.adapter = bench->world.adapter,
					       .version = version,
					       .strict = strict,
					       .fail = fail,
					       .save_bytes = 1 << 20,
					       .report = report,
					       .context = bench};
	bench->dxgkrnl = dxgkrnl_create(&behind, &reason);
	assert_non_null(bench->dxgkrnl);
	bench->table = dxgkrnl_interface(bench->dxgkrnl);
	bench->device = bench->table->DeviceHandle;
	return true;
}

static void open_bench(struct bench *bench, bool identity, uint32_t version)
{
	assert_true(open_over(bench, "rbtree", identity, version, false, NULL));
}

static void close_bench(struct bench *bench)
{
	dxgkrnl_destroy(bench->dxgkrnl);
	world_close(&bench->world);
}

/* The last finding named this. */
#define FOUND(bench, count, wanted)                                                                                        \
	do {                                                                                                               \
		assert_int_equal((bench)->findings, (count));                                                              \
		assert_string_equal((bench)->rule, (wanted));                                                              \
	} while (0)

static const PHYSICAL_ADDRESS no_limit = {.QuadPart = -1};

static NTSTATUS contiguous(struct bench *bench, SIZE_T bytes, HANDLE *handle)
{
	DXGKARGCB_ALLOCATECONTIGUOUSMEMORY args = {.NumberOfBytes = bytes, .HighestAcceptableAddress = no_limit};
	NTSTATUS status = bench->table->DxgkCbAllocateContiguousMemory(bench->device, &args);
	*handle = args.hMemoryHandle;
	if (NT_SUCCESS(status))
		memset(args.pMemory, 1, bytes);
	return status;
}

static NTSTATUS free_contiguous(struct bench *bench, HANDLE handle)
{
	const DXGKARGCB_FREECONTIGUOUSMEMORY args = {handle};
	return bench->table->DxgkCbFreeContiguousMemory(bench->device, &args);
}

static NTSTATUS pages(struct bench *bench, SIZE_T bytes, HANDLE *handle, PMDL *mdl)
{
	DXGKARGCB_ALLOCATEPAGESFORMDL args = {.HighAddress = no_limit, .TotalBytes = bytes};
	NTSTATUS status = bench->table->DxgkCbAllocatePagesForMdl(bench->device, &args);
	*handle = args.hMemoryHandle;
	*mdl = args.pMdl;
	return status;
}

static NTSTATUS free_pages(struct bench *bench, HANDLE handle)
{
	const DXGKARGCB_FREEPAGESFROMMDL args = {handle};
	return bench->table->DxgkCbFreePagesFromMdl(bench->device, &args);
}

static NTSTATUS object(struct bench *bench, SIZE_T bytes, HANDLE *memory, HANDLE *opened)
{
	DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT args = {.hAdapter = bench->device, .Size = bytes};
	args.Mdl.HighAddress = no_limit;
	NTSTATUS status = bench->table->DxgkCbCreatePhysicalMemoryObject(&args);
	*memory = args.hPhysicalMemoryObject;
	*opened = args.hAdapterMemoryObject;
	return status;
}

static void destroy(struct bench *bench, HANDLE memory, HANDLE opened)
{
	const DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT args = {memory, opened};
	bench->table->DxgkCbDestroyPhysicalMemoryObject(&args);
}

static DXGK_ADL *adl(struct bench *bench, HANDLE opened, SIZE_T offset, SIZE_T size)
{
	DXGKARGCB_ALLOCATE_ADL args = {.hAdapterMemoryObject = opened, .Offset = offset, .Size = size};
	return NT_SUCCESS(bench->table->DxgkCbAllocateAdl(&args)) ? args.pAdl : NULL;
}

static void free_adl(struct bench *bench, HANDLE opened, DXGK_ADL *list)
{
	const DXGKARGCB_FREE_ADL args = {opened, list};
	bench->table->DxgkCbFreeAdl(&args);
}

/* Members in the order of the page: what an adapter of version 2.4 gets ends before those of 2.5. */
static void the_table_is_as_large_as_its_version(void **state)
{
	(void)state;
	static const struct {
		uint32_t version;
		size_t size;
	} sizes[] = {{DXGKDDI_INTERFACE_VERSION_WDDM2_4, offsetof(DXGKRNL_INTERFACE, DxgkCbSignalEvent)},
		     {DXGKDDI_INTERFACE_VERSION_WDDM2_7, offsetof(DXGKRNL_INTERFACE, DxgkCbNotifyCursorSupportChange)},
		     {DXGKDDI_INTERFACE_VERSION_WDDM3_0, offsetof(DXGKRNL_INTERFACE, DxgkCbDisconnectDoorbell)},
		     {DXGKDDI_INTERFACE_VERSION_WDDM3_2, sizeof(DXGKRNL_INTERFACE)}};
	/* 2 ULONGs, a handle, 74 members. */
	assert_int_equal(sizeof(DXGKRNL_INTERFACE), 16 + (sizeof(DXGKRNL_INTERFACE) - 16) / 8 * 8);
	assert_int_equal(offsetof(DXGKRNL_INTERFACE, DxgkCbMapMemory), 16 + 3 * 8);
	assert_int_equal(offsetof(DXGKRNL_INTERFACE, DxgkCbAllocateContiguousMemory), 16 + 44 * 8);
	assert_int_equal(offsetof(DXGKRNL_INTERFACE, DxgkCbCreatePhysicalMemoryObject), 16 + 60 * 8);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct bench bench;
		unsigned char buffer[sizeof(DXGKRNL_INTERFACE) + 64];
		open_bench(&bench, false, sizes[i].version);
		assert_int_equal(bench.table->Size, sizes[i].size);
		assert_int_equal(bench.table->Version, sizes[i].version);
		for (ULONG size = 0; size <= sizeof buffer; size++) {
			memset(buffer, 0xee, sizeof buffer);
			NTSTATUS status = dxgkrnl_copy_interface(bench.dxgkrnl, buffer, size);
			NTSTATUS wanted = STATUS_SUCCESS;
			if (size < 16)
				wanted = STATUS_BUFFER_TOO_SMALL;
			else if (size % 8)
				wanted = STATUS_INVALID_PARAMETER;
			assert_int_equal(status, wanted);
			if (size < sizeof buffer)
				assert_int_equal(buffer[size], 0xee);
			if (status == STATUS_SUCCESS)
				assert_int_equal(*(ULONG *)(void *)buffer, size < sizes[i].size ? size : sizes[i].size);
			else if (size > 0)
				assert_int_equal(buffer[0], 0xee);
		}
		close_bench(&bench);
	}
}

static void members_that_are_not_modelled_answer_and_count(void **state)
{
	(void)state;
	struct bench bench;
	open_bench(&bench, false, 0);
	uint64_t before = dxgkrnl_counts(bench.dxgkrnl).not_modelled;
	assert_int_equal(bench.table->DxgkCbEvalAcpiMethod(), STATUS_NOT_SUPPORTED);
	assert_int_equal(bench.table->DxgkCbDisconnectDoorbell(), STATUS_NOT_SUPPORTED);
	assert_int_equal(dxgkrnl_counts(bench.dxgkrnl).not_modelled, before + 2);
	close_bench(&bench);
}

/* The whole life of everything, with nothing found and nothing left, in both modes. */
static void lives(struct bench *bench)
{
	HANDLE handle, memory, opened;
	PMDL mdl;
	assert_int_equal(contiguous(bench, 70000, &handle), STATUS_SUCCESS);
	assert_int_equal(free_contiguous(bench, handle), STATUS_SUCCESS);
	assert_int_equal(pages(bench, 70000, &handle, &mdl), STATUS_SUCCESS);
	assert_int_equal(MmGetMdlByteCount(mdl), 70000);
	for (unsigned i = 0; i < 18; i++)
		assert_in_range(MmGetMdlPfnArray(mdl)[i], 1, 8191);
	memset(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), 2, 70000);
	assert_int_equal(free_pages(bench, handle), STATUS_SUCCESS);
	assert_int_equal(object(bench, 65536, &memory, &opened), STATUS_SUCCESS);
	DXGK_ADL *list = adl(bench, opened, 4096, 8192);
	assert_int_equal(list->PageCount, 2);
	assert_int_equal(list->Flags.Contiguous, 0);
	assert_int_not_equal(list->Pages[1], 0);
	free_adl(bench, opened, list);
	destroy(bench, memory, opened);
	DXGKARGCB_PINFRAMEBUFFERFORSAVE pin = {.CommitSize = 1 << 20};
	DXGKARGCB_PINFRAMEBUFFERFORSAVE2 pin2 = {.CommitSize = 1 << 20};
	const DXGKARGCB_UNPINFRAMEBUFFERFORSAVE unpin = {0};
	assert_int_equal(bench->table->DxgkCbPinFrameBufferForSave(bench->device, &pin), STATUS_SUCCESS);
	assert_int_equal(MmGetMdlByteCount(pin.pMdl), 1 << 20);
	assert_int_equal(bench->table->DxgkCbUnpinFrameBufferForSave(bench->device, &unpin), STATUS_SUCCESS);
	assert_int_equal(bench->table->DxgkCbPinFrameBufferForSave2(bench->device, &pin2), STATUS_SUCCESS);
	assert_int_equal(pin2.pAdl->PageCount, 256);
	assert_int_equal(bench->table->DxgkCbUnpinFrameBufferForSave(bench->device, &unpin), STATUS_SUCCESS);
	uint64_t *block = MmAllocateContiguousMemory(100, no_limit);
	block[0] = 7;
	MmFreeContiguousMemory(block);
	mdl = MmAllocatePagesForMdl((PHYSICAL_ADDRESS){.QuadPart = 0}, no_limit, (PHYSICAL_ADDRESS){.QuadPart = 0}, 8192);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	const PHYSICAL_ADDRESS nothing = {.QuadPart = 0};
	mdl = MmAllocateNodePagesForMdlEx(nothing, no_limit, nothing, 9000, MmCached, 0, 0);
	assert_int_equal(MmGetMdlByteCount(mdl), 9000);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	block = MmAllocateContiguousNodeMemory(100, nothing, no_limit, nothing, PAGE_READWRITE | PAGE_WRITECOMBINE, 1);
	block[11] = 8;
	MmFreeContiguousMemory(block);
	PVOID view;
	assert_int_equal(bench->table->DxgkCbMapMemory(bench->device, (PHYSICAL_ADDRESS){.QuadPart = 0x1234}, 5000, 0, 0,
						       MmNonCached, &view),
			 STATUS_SUCCESS);
	assert_int_equal(bench->table->DxgkCbUnmapMemory(bench->device, view), STATUS_SUCCESS);
	assert_null(dxgkrnl_stop(bench->dxgkrnl));
	assert_int_equal(bench->findings, 0);
	assert_int_equal(ddi_adapter_live_handles(bench->world.adapter), 0);
}

static void whole_lives_find_nothing(void **state)
{
	(void)state;
	for (int identity = 0; identity < 2; identity++) {
		struct bench bench;
		open_bench(&bench, identity, 0);
		lives(&bench);
		close_bench(&bench);
	}
}

static void misuse_of_handles(struct bench *bench)
{
	HANDLE handle, mdl_handle, other;
	PMDL mdl;
	assert_int_equal(contiguous(bench, 1, &handle), STATUS_SUCCESS);
	assert_int_equal(pages(bench, 4096, &mdl_handle, &mdl), STATUS_SUCCESS);
	assert_int_equal(free_contiguous(bench, mdl_handle), STATUS_OBJECT_TYPE_MISMATCH);
	FOUND(bench, 1, "wrong-kind");
	assert_non_null(strstr(bench->object, "given by DxgkCbAllocatePagesForMdl in call 2"));
	assert_int_equal(free_contiguous(bench, handle), STATUS_SUCCESS);
	assert_int_equal(free_contiguous(bench, handle), STATUS_INVALID_HANDLE);
	FOUND(bench, 2, "double-free");
	assert_non_null(strstr(bench->object, "taken back by DxgkCbFreeContiguousMemory in call 4"));
	assert_int_equal(free_pages(bench, handle), STATUS_INVALID_HANDLE);
	FOUND(bench, 3, "use-after-free");
	assert_int_equal(free_contiguous(bench, NULL), STATUS_INVALID_HANDLE);
	FOUND(bench, 4, "unknown-object");
	assert_int_equal(contiguous(bench, 0, &other), STATUS_INVALID_PARAMETER);
	FOUND(bench, 5, "argument");
	DXGKARGCB_MAPMDLTOIOMMU map = {.pMdl = mdl};
	const DXGKARGCB_UNMAPMDLFROMIOMMU unmap = {mdl_handle};
	bench->table->DxgkCbUnmapMdlFromIoMmu(bench->device, &unmap);
	FOUND(bench, 6, "wrong-kind");
	assert_int_equal(free_pages(bench, mdl_handle), STATUS_SUCCESS);
	assert_int_equal(bench->table->DxgkCbMapMdlToIoMmu(bench->device, &map), STATUS_INVALID_PARAMETER);
	FOUND(bench, 7, "mdl-lifetime");
	assert_null(MmGetSystemAddressForMdlSafe(mdl, 0));
	FOUND(bench, 8, "mdl-lifetime");
	DXGKARGCB_ALLOCATECONTIGUOUSMEMORY nobody = {.NumberOfBytes = 1};
	assert_int_equal(bench->table->DxgkCbAllocateContiguousMemory((HANDLE)&nobody, &nobody), STATUS_INVALID_PARAMETER);
	FOUND(bench, 9, "unknown-object");
}

static void misuse_of_objects(struct bench *bench)
{
	HANDLE memory, opened;
	unsigned before = bench->findings;
	assert_int_equal(object(bench, 65536, &memory, &opened), STATUS_SUCCESS);
	DXGK_ADL *list = adl(bench, opened, 0, 4096);
	assert_non_null(list);
	assert_null(adl(bench, opened, 1, 4096));
	FOUND(bench, before + 1, "argument");
	assert_null(adl(bench, memory, 0, 4096));
	FOUND(bench, before + 2, "wrong-kind");
	const DXGKARGCB_CLOSE_PHYSICAL_MEMORY_OBJECT close = {opened}, wrong = {memory};
	bench->table->DxgkCbClosePhysicalMemoryObject(&close);
	FOUND(bench, before + 3, "unlocked-under-adl");
	bench->table->DxgkCbClosePhysicalMemoryObject(&wrong);
	FOUND(bench, before + 4, "wrong-kind");
	DXGKARGCB_OPEN_PHYSICAL_MEMORY_OBJECT again = {.hPhysicalMemoryObject = memory, .hAdapter = bench->device};
	assert_int_equal(bench->table->DxgkCbOpenPhysicalMemoryObject(&again), STATUS_RESOURCE_IN_USE);
	FOUND(bench, before + 5, "in-use");
	free_adl(bench, memory, list);
	FOUND(bench, before + 6, "wrong-kind");
	free_adl(bench, opened, list);
	free_adl(bench, opened, list);
	FOUND(bench, before + 7, "double-free");
	DXGKARGCB_MAP_PHYSICAL_MEMORY view = {.hPhysicalMemoryObject = memory, .Offset = 5000, .Size = 5000};
	assert_int_equal(bench->table->DxgkCbMapPhysicalMemory(&view), STATUS_SUCCESS);
	assert_int_equal(view.Offset, 904);
	assert_int_equal(view.Size, 8192);
	memset((char *)view.pMappedAddress + view.Offset, 1, 5000);
	DXGKARGCB_UNMAP_PHYSICAL_MEMORY unmap = {memory, (char *)view.pMappedAddress + 4096, 4096};
	bench->table->DxgkCbUnmapPhysicalMemory(&unmap);
	FOUND(bench, before + 8, "part-of-mapping");
	destroy(bench, memory, opened);
	FOUND(bench, before + 9, "in-use");
	unmap = (DXGKARGCB_UNMAP_PHYSICAL_MEMORY){memory, view.pMappedAddress, view.Size};
	bench->table->DxgkCbUnmapPhysicalMemory(&unmap);
	bench->table->DxgkCbUnmapPhysicalMemory(&unmap);
	FOUND(bench, before + 10, "double-free");
	destroy(bench, memory, opened);
	destroy(bench, memory, opened);
	FOUND(bench, before + 11, "double-free");
	bench->table->DxgkCbClosePhysicalMemoryObject(&close);
	FOUND(bench, before + 12, "use-after-free");
}

/* Returns how many findings it makes. */
static unsigned misuse_of_ex(struct bench *bench, unsigned before)
{
	const PHYSICAL_ADDRESS nothing = {.QuadPart = 0};
	SIZE_T bytes = 5000;
	PVOID block = bench;
	int partition;
	assert_int_equal(MmAllocateContiguousMemoryEx(&bytes, nothing, no_limit, nothing, MM_ANY_NODE_OK,
						      PAGE_READWRITE | PAGE_NOCACHE, NULL, 0,
						      MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY, &block),
			 STATUS_SUCCESS);
	assert_int_equal(bytes, 8192);
	memset(block, 1, 5000);
	MmFreeContiguousMemory(block);
	assert_int_equal(bench->findings, before);
	bytes = UINT64_C(1) << 40; /* no room, and no rule is broken */
	assert_int_equal(MmAllocateContiguousMemoryEx(&bytes, nothing, no_limit, nothing, MM_ANY_NODE_OK, PAGE_READWRITE,
						      NULL, 0, 0, &block),
			 STATUS_INSUFFICIENT_RESOURCES);
	assert_null(block);
	assert_int_equal(bytes, UINT64_C(1) << 40);
	assert_int_equal(bench->findings, before);
	bytes = 1;
	assert_int_equal(
		MmAllocateContiguousMemoryEx(&bytes, nothing, no_limit, nothing, 0, PAGE_NOCACHE, NULL, 0, 0, &block),
		STATUS_INVALID_PARAMETER);
	FOUND(bench, before + 1, "argument");
	assert_int_equal(MmAllocateContiguousMemoryEx(&bytes, nothing, no_limit, nothing, 0, PAGE_READWRITE, &partition, 0,
						      0, &block),
			 STATUS_INVALID_PARAMETER);
	FOUND(bench, before + 2, "argument");
	assert_int_equal(
		MmAllocateContiguousMemoryEx(&bytes, nothing, no_limit, nothing, 0, PAGE_READWRITE, NULL, 0, 2, &block),
		STATUS_INVALID_PARAMETER);
	FOUND(bench, before + 3, "argument");
	return 3;
}

static void misuse_of_views_and_blocks(struct bench *bench)
{
	unsigned before = bench->findings;
	PVOID view;
	assert_int_equal(bench->table->DxgkCbMapMemory(bench->device, (PHYSICAL_ADDRESS){.QuadPart = 0x10000}, 9000, 0, 0,
						       MmNonCached, &view),
			 STATUS_SUCCESS);
	assert_int_equal(bench->table->DxgkCbUnmapMemory(bench->device, (char *)view + 4096), STATUS_NOT_MAPPED_VIEW);
	FOUND(bench, before + 1, "part-of-mapping");
	assert_int_equal(bench->table->DxgkCbUnmapMemory(bench->device, view), STATUS_SUCCESS);
	assert_int_equal(bench->table->DxgkCbUnmapMemory(bench->device, view), STATUS_NOT_MAPPED_VIEW);
	FOUND(bench, before + 2, "double-free");
	const PHYSICAL_ADDRESS nothing = {.QuadPart = 0};
	assert_null(MmAllocateContiguousNodeMemory(1, nothing, no_limit, nothing, PAGE_NOCACHE, 0));
	FOUND(bench, before + 3, "argument");
	assert_null(MmAllocateNodePagesForMdlEx(nothing, no_limit, nothing, 4096, MmCached, 99, 0));
	FOUND(bench, before + 4, "argument");
	before += 2;
	before += misuse_of_ex(bench, before + 2);
	char *block = MmAllocateContiguousMemory(5000, no_limit);
	MmFreeContiguousMemory(block + 1);
	FOUND(bench, before + 3, "unknown-object");
	MmFreeContiguousMemorySpecifyCache(block, 5000, MmCached);
	FOUND(bench, before + 4, "argument");
	ExFreePool(block);
	FOUND(bench, before + 5, "wrong-kind");
	MmFreeContiguousMemory(block);
	MmFreeContiguousMemory(block);
	FOUND(bench, before + 6, "double-free");
	/* In identity mode the space begins above the lowest frames. */
	PMDL mdl = MmAllocatePagesForMdl((PHYSICAL_ADDRESS){.QuadPart = 1 << 20}, no_limit,
					 (PHYSICAL_ADDRESS){.QuadPart = 0}, 4096);
	ExFreePool(mdl);
	FOUND(bench, before + 7, "mdl-lifetime");
	DXGKARGCB_MAPMDLTOIOMMU map = {.pMdl = mdl};
	assert_int_equal(bench->table->DxgkCbMapMdlToIoMmu(bench->device, &map), STATUS_SUCCESS);
	MmFreePagesFromMdl(mdl);
	FOUND(bench, before + 8, "mdl-lifetime");
	const DXGKARGCB_UNMAPMDLFROMIOMMU unmap = {map.hMemoryHandle};
	bench->table->DxgkCbUnmapMdlFromIoMmu(bench->device, &unmap);
	bench->table->DxgkCbUnmapMdlFromIoMmu(bench->device, &unmap);
	FOUND(bench, before + 9, "double-free");
	MmFreePagesFromMdl(mdl);
	MmFreePagesFromMdl(mdl);
	FOUND(bench, before + 10, "double-free");
	ExFreePool(mdl);
	ExFreePool(mdl);
	FOUND(bench, before + 11, "double-free");
}

static void misuse_of_frame_buffers(struct bench *bench)
{
	unsigned before = bench->findings;
	DXGKARGCB_PINFRAMEBUFFERFORSAVE pin = {.CommitSize = 4096};
	const DXGKARGCB_UNPINFRAMEBUFFERFORSAVE unpin = {0}, beyond = {1};
	assert_int_equal(bench->table->DxgkCbUnpinFrameBufferForSave(bench->device, &unpin), STATUS_NOT_MAPPED_VIEW);
	FOUND(bench, before + 1, "double-free");
	assert_int_equal(bench->table->DxgkCbPinFrameBufferForSave(bench->device, &pin), STATUS_SUCCESS);
	assert_int_equal(bench->table->DxgkCbPinFrameBufferForSave(bench->device, &pin), STATUS_RESOURCE_IN_USE);
	FOUND(bench, before + 2, "in-use");
	assert_int_equal(bench->table->DxgkCbUnpinFrameBufferForSave(bench->device, &beyond), STATUS_INVALID_PARAMETER);
	FOUND(bench, before + 3, "argument");
	assert_int_equal(bench->table->DxgkCbUnpinFrameBufferForSave(bench->device, &unpin), STATUS_SUCCESS);
	pin.CommitSize = 2 << 20;
	assert_int_equal(bench->table->DxgkCbPinFrameBufferForSave(bench->device, &pin), STATUS_INVALID_PARAMETER);
	FOUND(bench, before + 4, "argument");
	DXGKARGCB_MAPFRAMEBUFFERPOINTER map = {.Size = 8192, .Offset = 4096};
	assert_int_equal(bench->table->DxgkCbMapFrameBufferPointer(bench->device, &map), STATUS_SUCCESS);
	memset((char *)map.pBaseAddress + map.Offset, 1, 8192);
	DXGKARGCB_UNMAPFRAMEBUFFERPOINTER unmap = {0, (char *)map.pBaseAddress + 4096};
	assert_int_equal(bench->table->DxgkCbUnmapFrameBufferPointer(bench->device, &unmap), STATUS_NOT_MAPPED_VIEW);
	FOUND(bench, before + 5, "part-of-mapping");
	unmap.pBaseAddress = map.pBaseAddress;
	assert_int_equal(bench->table->DxgkCbUnmapFrameBufferPointer(bench->device, &unmap), STATUS_SUCCESS);
}

/* The old callbacks and the Mm routines of every version, the new ones of those that have them. */
static void every_misuse_is_named(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * DXGKRNL_VERSIONS; i++) {
		struct bench bench;
		open_bench(&bench, i % 2, dxgkrnl_versions[i / 2]);
		misuse_of_handles(&bench);
		misuse_of_views_and_blocks(&bench);
		misuse_of_frame_buffers(&bench);
		if (dxgkrnl_versions[i / 2] >= DXGKDDI_INTERFACE_VERSION_WDDM2_9)
			misuse_of_objects(&bench);
		assert_null(dxgkrnl_stop(bench.dxgkrnl));
		assert_int_equal(ddi_adapter_live_handles(bench.world.adapter), 0);
		close_bench(&bench);
	}
}

static void what_lives_at_the_stop_is_named(void **state)
{
	(void)state;
	struct bench bench;
	HANDLE memory, opened, handle;
	open_bench(&bench, false, 0);
	assert_int_equal(object(&bench, 4096, &memory, &opened), STATUS_SUCCESS);
	assert_non_null(adl(&bench, opened, 0, 4096));
	assert_int_equal(dxgkrnl_stop(bench.dxgkrnl)->subcode, DDI_SYSMM_ADL_LEAKED);
	FOUND(&bench, 1, "adl-leaked");
	close_bench(&bench);
	open_bench(&bench, false, 0);
	assert_int_equal(object(&bench, 4096, &memory, &opened), STATUS_SUCCESS);
	assert_int_equal(contiguous(&bench, 1, &handle), STATUS_SUCCESS);
	assert_int_equal(dxgkrnl_stop(bench.dxgkrnl)->subcode, DDI_SYSMM_ADAPTER_OBJECT_LEAKED);
	FOUND(&bench, 2, "leaked");
	close_bench(&bench);
	open_bench(&bench, false, 0);
	assert_int_equal(object(&bench, 4096, &memory, &opened), STATUS_SUCCESS);
	assert_non_null(adl(&bench, opened, 0, 4096));
	destroy(&bench, memory, opened);
	FOUND(&bench, 1, "unlocked-under-adl");
	assert_int_equal(contiguous(&bench, 1, &handle), STATUS_UNSUCCESSFUL);
	close_bench(&bench);
}

static void strict_versions_forbid(void **state)
{
	(void)state;
	const char *reason = NULL;
	for (int identity = 0; identity < 2; identity++) {
		struct bench bench;
		HANDLE handle;
		open_bench(&bench, identity, 0);
		assert_int_equal(dxgkrnl_set_strict(bench.dxgkrnl, "2.9", &reason), -1);
		assert_int_equal(dxgkrnl_set_strict(bench.dxgkrnl, "3.2", &reason), 0);
		bench.table = dxgkrnl_interface(bench.dxgkrnl);
		assert_int_equal(contiguous(&bench, 1, &handle), identity ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
		assert_int_equal(bench.findings, !identity);
		assert_null(MmAllocateContiguousMemory(1, no_limit));
		FOUND(&bench, 1u + !identity, "mm-routine");
		KIRQL old;
		KeRaiseIrql(DISPATCH_LEVEL, &old);
		DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT args = {.hAdapter = bench.device, .Size = 4096};
		assert_int_equal(bench.table->DxgkCbCreatePhysicalMemoryObject(&args), STATUS_UNSUCCESSFUL);
		FOUND(&bench, 2u + !identity, "irql");
		KeLowerIrql(old);
		assert_non_null(ddi_adapter_fatal(bench.world.adapter));
		close_bench(&bench);
		open_bench(&bench, identity, 0);
		assert_int_equal(dxgkrnl_set_strict(bench.dxgkrnl, "2.7", &reason), 0);
		bench.table = dxgkrnl_interface(bench.dxgkrnl);
		assert_int_equal(contiguous(&bench, 1, &handle), STATUS_SUCCESS);
		assert_int_equal(free_contiguous(&bench, handle), STATUS_SUCCESS);
		close_bench(&bench);
	}
}

static void calls_fail_as_they_are_told_to(void **state)
{
	(void)state;
	struct bench bench;
	HANDLE handle;
	const char *reason = NULL;
	assert_true(open_over(&bench, "rbtree", false, 0, false, "routine:DxgkCbAllocateContiguousMemory,nth:2"));
	for (int i = 1; i <= 3; i++)
		assert_int_equal(contiguous(&bench, 4096, &handle), i == 2 ? STATUS_NO_MEMORY : STATUS_SUCCESS);
	assert_int_equal(dxgkrnl_set_faults(bench.dxgkrnl, "bytes:8192;nth:4", &reason), 0);
	assert_int_equal(contiguous(&bench, 8192, &handle), STATUS_NO_MEMORY);
	assert_int_equal(contiguous(&bench, 8191, &handle), STATUS_SUCCESS);
	assert_int_equal(contiguous(&bench, 4096, &handle), STATUS_SUCCESS);
	assert_int_equal(contiguous(&bench, 4096, &handle), STATUS_NO_MEMORY);
	assert_int_equal(free_contiguous(&bench, handle), STATUS_INVALID_HANDLE);
	unsigned failed[2] = {0};
	for (int round = 0; round < 2; round++) {
		assert_int_equal(dxgkrnl_set_faults(bench.dxgkrnl, "probability:0.25,seed:9", &reason), 0);
		for (int i = 0; i < 400; i++) {
			NTSTATUS status = contiguous(&bench, 4096, &handle);
			failed[round] += status == STATUS_NO_MEMORY;
			if (status == STATUS_SUCCESS)
				free_contiguous(&bench, handle);
		}
	}
	assert_in_range(failed[0], 70, 130);
	assert_int_equal(failed[0], failed[1]);
	static const char *const wrong[] = {"x",
					    "nth:0",
					    "nth:x",
					    "routine:DxgkCbNothing",
					    "probability:0",
					    "bytes:",
					    "probability:2",
					    "nth:1,",
					    "nth:99999999999999999999",
					    ",",
					    ";",
					    "seed:-1",
					    "probability:a",
					    "nth:1;;nth:2"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(dxgkrnl_set_faults(bench.dxgkrnl, wrong[i], &reason), -1);
	assert_int_equal(dxgkrnl_set_faults(bench.dxgkrnl, NULL, &reason), 0);
	assert_int_equal(contiguous(&bench, 4096, &handle), STATUS_SUCCESS);
	close_bench(&bench);
}

static void a_reset_leaves_nothing(void **state)
{
	(void)state;
	for (int identity = 0; identity < 2; identity++) {
		struct bench bench;
		HANDLE handle, mdl_handle, memory, opened;
		PMDL mdl;
		open_bench(&bench, identity, 0);
		uint64_t frames = ddi_physical_free_frames(bench.world.physical);
		assert_int_equal(contiguous(&bench, 4096, &handle), STATUS_SUCCESS);
		assert_int_equal(pages(&bench, 40960, &mdl_handle, &mdl), STATUS_SUCCESS);
		assert_int_equal(object(&bench, 400 * 4096, &memory, &opened), STATUS_SUCCESS);
		assert_non_null(adl(&bench, opened, 4096, 4096 * 300));
		dxgkrnl_reset(bench.dxgkrnl);
		assert_int_equal(ddi_physical_free_frames(bench.world.physical), frames);
		assert_int_equal(world_free_pages(&bench.world), 4096);
		assert_null(world_broken(&bench.world));
		assert_int_equal(free_contiguous(&bench, handle), STATUS_INVALID_HANDLE);
		FOUND(&bench, 1, "use-after-free");
		assert_non_null(strstr(bench.object, "taken back by reset"));
		assert_null(adl(&bench, opened, 0, 4096));
		assert_null(MmGetSystemAddressForMdlSafe(mdl, 0));
		bench.findings = 0;
		lives(&bench);
		close_bench(&bench);
	}
}

static void adapters_do_not_take_each_others_handles(void **state)
{
	(void)state;
	struct bench one, two;
	HANDLE mine, yours, memory, opened;
	open_bench(&one, false, 0);
	open_bench(&two, false, 0);
	assert_int_equal(contiguous(&one, 1, &mine), STATUS_SUCCESS);
	assert_int_equal(contiguous(&two, 1, &yours), STATUS_SUCCESS);
	assert_ptr_not_equal(mine, yours);
	assert_int_equal(free_contiguous(&one, yours), STATUS_INVALID_HANDLE);
	FOUND(&one, 1, "unknown-object");
	assert_int_equal(object(&one, 4096, &memory, &opened), STATUS_SUCCESS);
	DXGK_ADL *list = adl(&two, opened, 0, 4096);
	assert_non_null(list);
	assert_int_equal(ddi_adapter_leaks(one.world.adapter).adls, 1);
	free_adl(&one, opened, list);
	destroy(&two, memory, opened);
	close_bench(&two);
	assert_int_equal(free_contiguous(&one, mine), STATUS_SUCCESS);
	close_bench(&one);
}

/* Lowest and highest addresses are those of frames, as documented: logical ones come from anywhere. */
static void limits_are_those_of_frames(void **state)
{
	(void)state;
	for (int identity = 0; identity < 2; identity++) {
		struct bench bench;
		open_bench(&bench, identity, 0);
		const PHYSICAL_ADDRESS low = {.QuadPart = 0x400000}, high = {.QuadPart = 0x7fffff},
				       far = {.QuadPart = 1 << 30};
		DXGKARGCB_ALLOCATEPAGESFORMDL args = {.LowAddress = low, .HighAddress = high, .TotalBytes = 40 * 4096};
		assert_int_equal(bench.table->DxgkCbAllocatePagesForMdl(bench.device, &args), STATUS_SUCCESS);
		for (unsigned i = 0; i < 40; i++)
			assert_in_range(MmGetMdlPfnArray(args.pMdl)[i], 0x400, 0x7ff);
		assert_int_equal(free_pages(&bench, args.hMemoryHandle), STATUS_SUCCESS);
		args.HighAddress = args.LowAddress = far;
		assert_int_equal(bench.table->DxgkCbAllocatePagesForMdl(bench.device, &args), STATUS_INVALID_PARAMETER);
		DXGKARGCB_ALLOCATECONTIGUOUSMEMORY block = {.NumberOfBytes = 4096 * 16,
							    .LowestAcceptableAddress = low,
							    .HighestAcceptableAddress = high,
							    .BoundaryAddressMultiple.QuadPart = 0x20000};
		assert_int_equal(bench.table->DxgkCbAllocateContiguousMemory(bench.device, &block), STATUS_SUCCESS);
		/* More than the window has: impossible, though the space and the pool are larger. */
		HANDLE handle = block.hMemoryHandle;
		block.BoundaryAddressMultiple.QuadPart = 0;
		block.NumberOfBytes = 0x401000;
		assert_int_equal(bench.table->DxgkCbAllocateContiguousMemory(bench.device, &block),
				 STATUS_INVALID_PARAMETER);
		assert_int_equal(free_contiguous(&bench, handle), STATUS_SUCCESS);
		DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT object_args = {
			.hAdapter = bench.device, .Size = 4096 * 16, .Type = DXGK_PHYSICAL_MEMORY_TYPE_CONTIGUOUS_MEMORY};
		object_args.ContiguousMemory.LowestAcceptableAddress = low;
		object_args.ContiguousMemory.HighestAcceptableAddress = high;
		assert_int_equal(bench.table->DxgkCbCreatePhysicalMemoryObject(&object_args), STATUS_SUCCESS);
		DXGKARGCB_ALLOCATE_ADL adl_args = {.hAdapterMemoryObject = object_args.hAdapterMemoryObject,
						   .Size = 4096 * 16};
		adl_args.Flags.RequireContiguous = 1;
		assert_int_equal(bench.table->DxgkCbAllocateAdl(&adl_args), STATUS_SUCCESS);
		if (identity)
			assert_in_range(adl_args.pAdl->BasePageNumber, 0x400, 0x7f0);
		else
			assert_in_range(adl_args.pAdl->BasePageNumber, WORLD_FIRST, 0x3ff);
		free_adl(&bench, object_args.hAdapterMemoryObject, adl_args.pAdl);
		destroy(&bench, object_args.hPhysicalMemoryObject, object_args.hAdapterMemoryObject);
		close_bench(&bench);
	}
}

/* Random calls with live, stale, foreign and made-up arguments. */
#define KEPT 64u

struct player {
	struct bench *bench;
	HANDLE handles[KEPT];
	PMDL mdls[KEPT];
	DXGK_ADL *lists[KEPT];
	void *blocks[KEPT];
	uint64_t random;
};

static uint64_t draw(struct player *player, uint64_t bound)
{
	player->random ^= player->random << 13;
	player->random ^= player->random >> 7;
	player->random ^= player->random << 17;
	return player->random % bound;
}

static HANDLE some_handle(struct player *player)
{
	uint64_t kind = draw(player, 20);
	if (kind == 0)
		return (HANDLE)(uintptr_t)draw(player, UINT64_MAX);
	return kind == 1 ? player->bench->device : player->handles[draw(player, KEPT)];
}

static PHYSICAL_ADDRESS some_address(struct player *player)
{
	PHYSICAL_ADDRESS value = {.QuadPart =
					  (LONGLONG)(draw(player, 4) ? draw(player, 1 << 25) : draw(player, UINT64_MAX))};
	return draw(player, 2) ? no_limit : value;
}

static SIZE_T some_size(struct player *player)
{
	return draw(player, 30) ? draw(player, 40) * 1024 : draw(player, UINT64_MAX);
}

static void old_call(struct player *player, const DXGKRNL_INTERFACE *table, HANDLE device)
{
	size_t at = draw(player, KEPT);
	switch (draw(player, 6)) {
	case 0: {
		DXGKARGCB_ALLOCATECONTIGUOUSMEMORY args = {.NumberOfBytes = some_size(player),
							   .HighestAcceptableAddress = some_address(player),
							   .BoundaryAddressMultiple.QuadPart = draw(player, 3) ? 0 : 65536,
							   .CacheType = (DXGK_MEMORY_CACHING_TYPE)draw(player, 3)};
		if (NT_SUCCESS(table->DxgkCbAllocateContiguousMemory(device, &args)))
			player->handles[at] = args.hMemoryHandle;
		break;
	}
	case 1: {
		const DXGKARGCB_FREECONTIGUOUSMEMORY args = {some_handle(player)};
		table->DxgkCbFreeContiguousMemory(device, &args);
		break;
	}
	case 2: {
		DXGKARGCB_ALLOCATEPAGESFORMDL args = {.HighAddress = some_address(player),
						      .TotalBytes = some_size(player),
						      .Flags = (ULONG)draw(player, 16)};
		if (NT_SUCCESS(table->DxgkCbAllocatePagesForMdl(device, &args))) {
			player->handles[at] = args.hMemoryHandle;
			player->mdls[at] = args.pMdl;
		}
		break;
	}
	case 3: {
		const DXGKARGCB_FREEPAGESFROMMDL args = {some_handle(player)};
		table->DxgkCbFreePagesFromMdl(device, &args);
		break;
	}
	case 4: {
		DXGKARGCB_MAPMDLTOIOMMU args = {.pMdl = player->mdls[at]};
		if (NT_SUCCESS(table->DxgkCbMapMdlToIoMmu(device, &args)))
			player->handles[at] = args.hMemoryHandle;
		break;
	}
	default: {
		const DXGKARGCB_UNMAPMDLFROMIOMMU args = {some_handle(player)};
		table->DxgkCbUnmapMdlFromIoMmu(device, &args);
	}
	}
}

static void new_call(struct player *player, const DXGKRNL_INTERFACE *table, HANDLE device)
{
	size_t at = draw(player, KEPT);
	switch (draw(player, 7)) {
	case 0: {
		DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT args = {.hAdapter = draw(player, 4) ? device : NULL,
								.Size = some_size(player),
								.Type = (DXGK_PHYSICAL_MEMORY_TYPE)draw(player, 5)};
		args.Mdl.HighAddress = some_address(player);
		if (NT_SUCCESS(table->DxgkCbCreatePhysicalMemoryObject(&args))) {
			player->handles[at] = args.hPhysicalMemoryObject;
			player->handles[(at + 1) % KEPT] = args.hAdapterMemoryObject;
		}
		break;
	}
	case 1: {
		/* With an ADL that lives it would be the end. */
		if (ddi_adapter_leaks(player->bench->world.adapter).adls)
			break;
		const DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT args = {player->handles[at],
								       player->handles[(at + 1) % KEPT]};
		table->DxgkCbDestroyPhysicalMemoryObject(&args);
		break;
	}
	case 2: {
		DXGKARGCB_OPEN_PHYSICAL_MEMORY_OBJECT args = {.hPhysicalMemoryObject = some_handle(player),
							      .hAdapter = device};
		if (NT_SUCCESS(table->DxgkCbOpenPhysicalMemoryObject(&args)))
			player->handles[at] = args.hAdapterMemoryObject;
		break;
	}
	case 3: {
		const DXGKARGCB_CLOSE_PHYSICAL_MEMORY_OBJECT args = {some_handle(player)};
		table->DxgkCbClosePhysicalMemoryObject(&args);
		break;
	}
	case 4: {
		DXGKARGCB_ALLOCATE_ADL args = {.hAdapterMemoryObject = some_handle(player),
					       .Offset = draw(player, 4) * 4096,
					       .Size = draw(player, 6) * 4096};
		args.Flags.Value = (UINT32)draw(player, 5);
		if (NT_SUCCESS(table->DxgkCbAllocateAdl(&args)))
			player->lists[at] = args.pAdl;
		break;
	}
	default:
		for (size_t i = 0; i < KEPT; i += 1 + draw(player, 8)) {
			const DXGKARGCB_FREE_ADL args = {player->handles[i], player->lists[at]};
			table->DxgkCbFreeAdl(&args);
		}
	}
}

static void mm_call(struct player *player)
{
	size_t at = draw(player, KEPT);
	switch (draw(player, 5)) {
	case 0:
		player->blocks[at] = MmAllocateContiguousMemory(some_size(player) % 100000, some_address(player));
		break;
	case 1:
		MmFreeContiguousMemory(player->blocks[at]);
		break;
	case 2:
		player->mdls[at] = MmAllocateNodePagesForMdlEx((PHYSICAL_ADDRESS){.QuadPart = 0}, some_address(player),
							       (PHYSICAL_ADDRESS){.QuadPart = 0}, some_size(player),
							       MmCached, (ULONG)draw(player, 3), (ULONG)draw(player, 16));
		break;
	case 3:
		MmFreePagesFromMdl(player->mdls[at]);
		break;
	default:
		ExFreePool(draw(player, 10) ? (void *)player->mdls[at] : player->blocks[at]);
	}
}

static void random_calls_are_survived(void **state)
{
	(void)state;
	const char *wanted = getenv("DDI_RANDOM_CALLS");
	uint64_t calls = wanted ? strtoull(wanted, NULL, 10) / 4 : 20000;
	for (size_t i = 0; i < 2 * WORLD_SPECS; i++) {
		struct bench bench;
		if (!open_over(&bench, world_specs[i / 2], i % 2, 0, false, i % 3 ? NULL : "probability:0.1"))
			continue;
		struct player player = {.bench = &bench, .random = 88172645463325252u + i};
		for (uint64_t call = 0; call < calls; call++) {
			uint64_t kind = draw(&player, 8);
			if (kind < 3)
				old_call(&player, bench.table, bench.device);
			else if (kind < 6)
				new_call(&player, bench.table, bench.device);
			else
				mm_call(&player);
			if (draw(&player, 5000) == 0)
				dxgkrnl_reset(bench.dxgkrnl);
		}
		assert_null(world_broken(&bench.world));
		assert_null(ddi_adapter_fatal(bench.world.adapter));
		dxgkrnl_reset(bench.dxgkrnl);
		assert_int_equal(ddi_adapter_live_handles(bench.world.adapter), 0);
		assert_int_equal(world_free_pages(&bench.world), 4096);
		close_bench(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_as_large_as_its_version),
		cmocka_unit_test(members_that_are_not_modelled_answer_and_count),
		cmocka_unit_test(whole_lives_find_nothing),
		cmocka_unit_test(every_misuse_is_named),
		cmocka_unit_test(what_lives_at_the_stop_is_named),
		cmocka_unit_test(strict_versions_forbid),
		cmocka_unit_test(calls_fail_as_they_are_told_to),
		cmocka_unit_test(a_reset_leaves_nothing),
		cmocka_unit_test(adapters_do_not_take_each_others_handles),
		cmocka_unit_test(limits_are_those_of_frames),
		cmocka_unit_test(random_calls_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
