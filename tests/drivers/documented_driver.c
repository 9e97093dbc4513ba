/* SPDX-License-Identifier: MIT
 * The memory code of a display driver, written from the pages of learn.microsoft.com alone: names, members and pointer types
 * are those of the pages, and nothing of iovabench is named. tests/gates/drivers changes the include lines, and nothing
 * else. */
#include <ntddk.h>
#include <dispmprt.h>

#define DRIVER_SURFACES 32
#define DRIVER_SAVE_BYTES (4 * 1024 * 1024)

/* Memory of a surface: a physical memory object that is open on the adapter, and its ADL. */
typedef struct _DRIVER_SURFACE {
	HANDLE hPhysicalMemoryObject;
	HANDLE hAdapterMemoryObject;
	DXGK_ADL *pAdl;
	SIZE_T Size;
} DRIVER_SURFACE;

typedef struct _DRIVER_EXTENSION {
	DXGKRNL_INTERFACE DxgkInterface;
	DRIVER_SURFACE Surfaces[DRIVER_SURFACES];
	HANDLE hRing;
	PVOID pRing;
	HANDLE hStaging;
	PMDL pStagingMdl;
	HANDLE hStagingMap;
	PVOID pRegisters;
	PVOID pScratch;
} DRIVER_EXTENSION;

static DRIVER_EXTENSION Extension;

NTSTATUS DriverStartDevice(PDXGKRNL_INTERFACE DxgkInterface);
NTSTATUS DriverRender(VOID);
NTSTATUS DriverSetPowerState(VOID);
VOID DriverPlantMistakes(VOID);
VOID DriverStopDevice(BOOLEAN LeakOneAdl);

static NTSTATUS CreateSurface(DRIVER_SURFACE *Surface, SIZE_T Size, DXGK_PHYSICAL_MEMORY_TYPE Type)
{
	DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT Create;
	DXGKARGCB_ALLOCATE_ADL Allocate;
	NTSTATUS Status;
	RtlZeroMemory(&Create, sizeof(Create));
	Create.hAdapter = Extension.DxgkInterface.DeviceHandle;
	Create.Size = Size;
	Create.Type = Type;
	Create.CacheType = DXGK_MEMORY_CACHING_TYPE_CACHED;
	if (Type == DXGK_PHYSICAL_MEMORY_TYPE_MDL)
		Create.Mdl.HighAddress.QuadPart = -1;
	else
		Create.ContiguousMemory.HighestAcceptableAddress.QuadPart = -1;
	Status = Extension.DxgkInterface.DxgkCbCreatePhysicalMemoryObject(&Create);
	if (!NT_SUCCESS(Status))
		return Status;
	Surface->hPhysicalMemoryObject = Create.hPhysicalMemoryObject;
	Surface->hAdapterMemoryObject = Create.hAdapterMemoryObject;
	Surface->Size = Size;
	RtlZeroMemory(&Allocate, sizeof(Allocate));
	Allocate.hAdapterMemoryObject = Surface->hAdapterMemoryObject;
	Allocate.Size = Size;
	Allocate.Flags.PreferContiguous = TRUE;
	Status = Extension.DxgkInterface.DxgkCbAllocateAdl(&Allocate);
	Surface->pAdl = NT_SUCCESS(Status) ? Allocate.pAdl : NULL;
	return Status;
}

static VOID DestroySurface(DRIVER_SURFACE *Surface, BOOLEAN KeepAdl)
{
	DXGKARGCB_FREE_ADL Free = {Surface->hAdapterMemoryObject, Surface->pAdl};
	DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT Destroy = {Surface->hPhysicalMemoryObject, Surface->hAdapterMemoryObject};
	if (KeepAdl)
		return;
	if (Surface->pAdl)
		Extension.DxgkInterface.DxgkCbFreeAdl(&Free);
	if (Surface->hPhysicalMemoryObject)
		Extension.DxgkInterface.DxgkCbDestroyPhysicalMemoryObject(&Destroy);
	RtlZeroMemory(Surface, sizeof(*Surface));
}

/* The callbacks of WDDM 2.4, and what no callback is for. */
static NTSTATUS AllocateRings(VOID)
{
	IN_CONST_HANDLE hAdapter = Extension.DxgkInterface.DeviceHandle;
	DXGKARGCB_ALLOCATECONTIGUOUSMEMORY Ring;
	DXGKARGCB_ALLOCATEPAGESFORMDL Staging;
	DXGKARGCB_MAPMDLTOIOMMU Map;
	INOUT_PDXGKARGCB_ALLOCATECONTIGUOUSMEMORY pRing = &Ring;
	PHYSICAL_ADDRESS Registers;
	NTSTATUS Status;
	RtlZeroMemory(&Ring, sizeof(Ring));
	Ring.NumberOfBytes = 3 * PAGE_SIZE + 1;
	Ring.HighestAcceptableAddress.QuadPart = 0xFFFFFFFF;
	Ring.CacheType = DXGK_MEMORY_CACHING_TYPE_WRITE_COMBINED;
	Status = Extension.DxgkInterface.DxgkCbAllocateContiguousMemory(hAdapter, pRing);
	if (!NT_SUCCESS(Status))
		return Status;
	Extension.hRing = Ring.hMemoryHandle;
	Extension.pRing = Ring.pMemory;
	RtlZeroMemory(Extension.pRing, Ring.NumberOfBytes);
	RtlZeroMemory(&Staging, sizeof(Staging));
	Staging.HighAddress.QuadPart = -1;
	Staging.TotalBytes = 16 * PAGE_SIZE;
	Staging.CacheType = DXGK_MEMORY_CACHING_TYPE_CACHED;
	Status = Extension.DxgkInterface.DxgkCbAllocatePagesForMdl(hAdapter, &Staging);
	if (!NT_SUCCESS(Status))
		return Status;
	Extension.hStaging = Staging.hMemoryHandle;
	Extension.pStagingMdl = Staging.pMdl;
	if (MmGetMdlByteCount(Staging.pMdl) != Staging.TotalBytes)
		return STATUS_UNSUCCESSFUL;
	RtlZeroMemory(&Map, sizeof(Map));
	Map.pMdl = Extension.pStagingMdl;
	Status = Extension.DxgkInterface.DxgkCbMapMdlToIoMmu(hAdapter, &Map);
	if (!NT_SUCCESS(Status))
		return Status;
	Extension.hStagingMap = Map.hMemoryHandle;
	Registers.QuadPart = 0xF0000000;
	return Extension.DxgkInterface.DxgkCbMapMemory(Extension.DxgkInterface.DeviceHandle, Registers, 0x10000, FALSE,
						       FALSE, MmNonCached, &Extension.pRegisters);
}

static NTSTATUS AllocateScratch(VOID)
{
	PHYSICAL_ADDRESS Lowest, Highest, Boundary;
	SIZE_T Size = 100;
	Lowest.QuadPart = 0;
	Highest.QuadPart = -1;
	Boundary.QuadPart = 0;
	return MmAllocateContiguousMemoryEx(&Size, Lowest, Highest, Boundary, MM_ANY_NODE_OK, PAGE_READWRITE, NULL, 'tset',
					    0, &Extension.pScratch);
}

NTSTATUS DriverStartDevice(PDXGKRNL_INTERFACE DxgkInterface)
{
	NTSTATUS Status;
	ULONG i;
	RtlZeroMemory(&Extension, sizeof(Extension));
	RtlCopyMemory(&Extension.DxgkInterface, DxgkInterface,
		      DxgkInterface->Size < sizeof(DXGKRNL_INTERFACE) ? DxgkInterface->Size : sizeof(DXGKRNL_INTERFACE));
	Status = AllocateRings();
	if (NT_SUCCESS(Status))
		Status = AllocateScratch();
	for (i = 0; NT_SUCCESS(Status) && i < DRIVER_SURFACES; i++)
		Status = CreateSurface(&Extension.Surfaces[i], (SIZE_T)PAGE_SIZE << (i % 8),
				       i % 2 ? DXGK_PHYSICAL_MEMORY_TYPE_MDL : DXGK_PHYSICAL_MEMORY_TYPE_CONTIGUOUS_MEMORY);
	return Status;
}

NTSTATUS DriverRender(VOID)
{
	DXGKARGCB_MAP_PHYSICAL_MEMORY Map;
	DXGKARGCB_UNMAP_PHYSICAL_MEMORY Unmap;
	NTSTATUS Status = STATUS_SUCCESS;
	ULONG Frame;
	for (Frame = 0; NT_SUCCESS(Status) && Frame < 200; Frame++) {
		DRIVER_SURFACE *Surface = &Extension.Surfaces[Frame * 7 % DRIVER_SURFACES];
		RtlZeroMemory(&Map, sizeof(Map));
		Map.hPhysicalMemoryObject = Surface->hPhysicalMemoryObject;
		Map.AccessMode = DXGK_ACCESS_MODE_KERNEL_MODE;
		Map.Size = Surface->Size;
		Status = Extension.DxgkInterface.DxgkCbMapPhysicalMemory(&Map);
		if (!NT_SUCCESS(Status))
			break;
		RtlZeroMemory(Map.pMappedAddress, Surface->Size);
		Unmap.hPhysicalMemoryObject = Surface->hPhysicalMemoryObject;
		Unmap.pBaseAddress = Map.pMappedAddress;
		Unmap.Size = Map.Size;
		Extension.DxgkInterface.DxgkCbUnmapPhysicalMemory(&Unmap);
		DestroySurface(Surface, FALSE);
		Status = CreateSurface(Surface, (SIZE_T)PAGE_SIZE << (Frame % 8), DXGK_PHYSICAL_MEMORY_TYPE_MDL);
	}
	return Status;
}

NTSTATUS DriverSetPowerState(VOID)
{
	IN_CONST_HANDLE hAdapter = Extension.DxgkInterface.DeviceHandle;
	DXGKARGCB_PINFRAMEBUFFERFORSAVE2 Pin;
	DXGKARGCB_UNPINFRAMEBUFFERFORSAVE Unpin;
	NTSTATUS Status;
	RtlZeroMemory(&Pin, sizeof(Pin));
	Pin.CommitSize = DRIVER_SAVE_BYTES;
	Pin.Flags.PreferContiguous = 1;
	Status = Extension.DxgkInterface.DxgkCbPinFrameBufferForSave2(hAdapter, &Pin);
	if (!NT_SUCCESS(Status))
		return Status;
	if (Pin.pAdl->PageCount != DRIVER_SAVE_BYTES / PAGE_SIZE)
		return STATUS_UNSUCCESSFUL;
	Unpin.PhysicalAdapterIndex = 0;
	return Extension.DxgkInterface.DxgkCbUnpinFrameBufferForSave(hAdapter, &Unpin);
}

/* Four of the five; the fifth is an ADL that is left at the stop. */
VOID DriverPlantMistakes(VOID)
{
	IN_CONST_HANDLE hAdapter = Extension.DxgkInterface.DeviceHandle;
	DRIVER_SURFACE *Surface = &Extension.Surfaces[0];
	DXGKARGCB_ALLOCATECONTIGUOUSMEMORY Contiguous;
	DXGKARGCB_FREECONTIGUOUSMEMORY FreeContiguous;
	DXGKARGCB_ALLOCATEPAGESFORMDL Pages;
	DXGKARGCB_FREEPAGESFROMMDL FreePages;
	DXGKARGCB_MAPMDLTOIOMMU MapMdl;
	DXGKARGCB_MAP_PHYSICAL_MEMORY Map;
	DXGKARGCB_UNMAP_PHYSICAL_MEMORY Unmap;

	RtlZeroMemory(&Contiguous, sizeof(Contiguous));
	Contiguous.NumberOfBytes = 20000;
	Contiguous.HighestAcceptableAddress.QuadPart = -1;
	if (!NT_SUCCESS(Extension.DxgkInterface.DxgkCbAllocateContiguousMemory(hAdapter, &Contiguous)))
		return;
	FreeContiguous.hMemoryHandle = Contiguous.hMemoryHandle;
	Extension.DxgkInterface.DxgkCbFreeContiguousMemory(hAdapter, &FreeContiguous);
	Extension.DxgkInterface.DxgkCbFreeContiguousMemory(hAdapter, &FreeContiguous); /* a second time */

	RtlZeroMemory(&Pages, sizeof(Pages));
	Pages.HighAddress.QuadPart = -1;
	Pages.TotalBytes = 8 * PAGE_SIZE;
	if (!NT_SUCCESS(Extension.DxgkInterface.DxgkCbAllocatePagesForMdl(hAdapter, &Pages)))
		return;
	FreeContiguous.hMemoryHandle = Pages.hMemoryHandle; /* of another kind */
	Extension.DxgkInterface.DxgkCbFreeContiguousMemory(hAdapter, &FreeContiguous);
	FreePages.hMemoryHandle = Pages.hMemoryHandle;
	Extension.DxgkInterface.DxgkCbFreePagesFromMdl(hAdapter, &FreePages);
	MapMdl.pMdl = Pages.pMdl; /* after its free */
	Extension.DxgkInterface.DxgkCbMapMdlToIoMmu(hAdapter, &MapMdl);

	RtlZeroMemory(&Map, sizeof(Map));
	Map.hPhysicalMemoryObject = Surface->hPhysicalMemoryObject;
	Map.Size = Surface->Size;
	if (!NT_SUCCESS(Extension.DxgkInterface.DxgkCbMapPhysicalMemory(&Map)))
		return;
	Unmap.hPhysicalMemoryObject = Surface->hPhysicalMemoryObject;
	Unmap.pBaseAddress = Map.pMappedAddress;
	Unmap.Size = Map.Size / 2; /* a part */
	Extension.DxgkInterface.DxgkCbUnmapPhysicalMemory(&Unmap);
	Unmap.Size = Map.Size;
	Extension.DxgkInterface.DxgkCbUnmapPhysicalMemory(&Unmap);
}

VOID DriverStopDevice(BOOLEAN LeakOneAdl)
{
	IN_CONST_HANDLE hAdapter = Extension.DxgkInterface.DeviceHandle;
	DXGKARGCB_UNMAPMDLFROMIOMMU Unmap = {Extension.hStagingMap};
	DXGKARGCB_FREEPAGESFROMMDL FreePages = {Extension.hStaging};
	DXGKARGCB_FREECONTIGUOUSMEMORY FreeContiguous = {Extension.hRing};
	ULONG i;
	for (i = 0; i < DRIVER_SURFACES; i++)
		DestroySurface(&Extension.Surfaces[i], LeakOneAdl && i == 5);
	if (Extension.pScratch)
		MmFreeContiguousMemory(Extension.pScratch);
	if (Extension.pRegisters)
		Extension.DxgkInterface.DxgkCbUnmapMemory(hAdapter, Extension.pRegisters);
	if (Extension.hStagingMap)
		Extension.DxgkInterface.DxgkCbUnmapMdlFromIoMmu(hAdapter, &Unmap);
	if (Extension.hStaging)
		Extension.DxgkInterface.DxgkCbFreePagesFromMdl(hAdapter, &FreePages);
	if (Extension.hRing)
		Extension.DxgkInterface.DxgkCbFreeContiguousMemory(hAdapter, &FreeContiguous);
}
