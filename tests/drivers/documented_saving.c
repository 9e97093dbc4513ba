/* SPDX-License-Identifier: MIT
 * The memory code of a second display driver, written from the pages of learn.microsoft.com alone, as documented_driver.c: it
 * saves its frame buffer piece by piece, keeps pages of the memory manager that it maps for the IOMMU by itself, and objects
 * that it opens when it needs them. */
#include <ntddk.h>
#include <dispmprt.h>

#define FRAME_BUFFER_SIZE (1024 * 1024)
#define TRANSFER_SIZE (64 * 1024)

typedef struct _SAVING_EXTENSION {
	DXGKRNL_INTERFACE Dxgk;
	PMDL pPageTableMdl; /* of MmAllocatePagesForMdlEx */
	HANDLE hPageTableMap;
	PVOID pTransfer; /* of MmAllocateContiguousNodeMemory */
	HANDLE hObject, hOpened;
} SAVING_EXTENSION, *PSAVING_EXTENSION;

static SAVING_EXTENSION Saving;

NTSTATUS DriverStartDevice(PDXGKRNL_INTERFACE DxgkInterface);
NTSTATUS DriverRender(VOID);
NTSTATUS DriverSetPowerState(VOID);
VOID DriverPlantMistakes(VOID);
VOID DriverStopDevice(BOOLEAN LeakOneAdl);

static NTSTATUS AllocatePageTable(IN_CONST_HANDLE hAdapter)
{
	PHYSICAL_ADDRESS Low, High, Skip;
	DXGKARGCB_MAPMDLTOIOMMU Map;
	NTSTATUS Status;
	Low.QuadPart = 0;
	High.QuadPart = 0xFFFFFFFF;
	Skip.QuadPart = 0;
	Saving.pPageTableMdl = MmAllocatePagesForMdlEx(Low, High, Skip, 33 * PAGE_SIZE, MmWriteCombined,
						       MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FULLY_REQUIRED);
	if (Saving.pPageTableMdl == NULL)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (MmGetMdlByteCount(Saving.pPageTableMdl) != 33 * PAGE_SIZE || MmGetMdlByteOffset(Saving.pPageTableMdl) != 0)
		return STATUS_UNSUCCESSFUL;
	RtlZeroMemory(&Map, sizeof(Map));
	Map.pMdl = Saving.pPageTableMdl;
	Status = Saving.Dxgk.DxgkCbMapMdlToIoMmu(hAdapter, &Map);
	if (NT_SUCCESS(Status))
		Saving.hPageTableMap = Map.hMemoryHandle;
	return Status;
}

static NTSTATUS CreateObject(IN_CONST_HANDLE hAdapter)
{
	DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT Create;
	NTSTATUS Status;
	RtlZeroMemory(&Create, sizeof(Create));
	Create.hAdapter = hAdapter;
	Create.Size = 8 * PAGE_SIZE;
	Create.Type = DXGK_PHYSICAL_MEMORY_TYPE_MDL;
	Create.CacheType = DXGK_MEMORY_CACHING_TYPE_CACHED;
	Create.Mdl.HighAddress.QuadPart = -1;
	Status = Saving.Dxgk.DxgkCbCreatePhysicalMemoryObject(&Create);
	if (!NT_SUCCESS(Status))
		return Status;
	Saving.hObject = Create.hPhysicalMemoryObject;
	Saving.hOpened = Create.hAdapterMemoryObject;
	return STATUS_SUCCESS;
}

NTSTATUS DriverStartDevice(PDXGKRNL_INTERFACE DxgkInterface)
{
	PHYSICAL_ADDRESS Lowest, Highest, Boundary;
	NTSTATUS Status;
	RtlZeroMemory(&Saving, sizeof(Saving));
	RtlCopyMemory(&Saving.Dxgk, DxgkInterface,
		      DxgkInterface->Size < sizeof(Saving.Dxgk) ? DxgkInterface->Size : sizeof(Saving.Dxgk));
	Lowest.QuadPart = 0;
	Highest.QuadPart = -1;
	Boundary.QuadPart = 0x100000;
	Saving.pTransfer = MmAllocateContiguousNodeMemory(TRANSFER_SIZE, Lowest, Highest, Boundary,
							  PAGE_READWRITE | PAGE_WRITECOMBINE, MM_ANY_NODE_OK);
	if (Saving.pTransfer == NULL)
		return STATUS_INSUFFICIENT_RESOURCES;
	Status = AllocatePageTable(Saving.Dxgk.DeviceHandle);
	return NT_SUCCESS(Status) ? CreateObject(Saving.Dxgk.DeviceHandle) : Status;
}

/* Closes the object, opens it again and takes an ADL over a part of it. */
NTSTATUS DriverRender(VOID)
{
	DXGKARGCB_CLOSE_PHYSICAL_MEMORY_OBJECT Close;
	DXGKARGCB_OPEN_PHYSICAL_MEMORY_OBJECT Open;
	DXGKARGCB_ALLOCATE_ADL Allocate;
	DXGKARGCB_FREE_ADL Free;
	NTSTATUS Status;
	ULONG64 i;
	Close.hAdapterMemoryObject = Saving.hOpened;
	Saving.Dxgk.DxgkCbClosePhysicalMemoryObject(&Close);
	Saving.hOpened = NULL;
	RtlZeroMemory(&Open, sizeof(Open));
	Open.hPhysicalMemoryObject = Saving.hObject;
	Open.hAdapter = Saving.Dxgk.DeviceHandle;
	Status = Saving.Dxgk.DxgkCbOpenPhysicalMemoryObject(&Open);
	if (!NT_SUCCESS(Status))
		return Status;
	Saving.hOpened = Open.hAdapterMemoryObject;
	RtlZeroMemory(&Allocate, sizeof(Allocate));
	Allocate.hAdapterMemoryObject = Saving.hOpened;
	Allocate.Offset = 2 * PAGE_SIZE;
	Allocate.Size = 4 * PAGE_SIZE;
	Status = Saving.Dxgk.DxgkCbAllocateAdl(&Allocate);
	if (!NT_SUCCESS(Status))
		return Status;
	if (Allocate.pAdl->PageCount != 4)
		Status = STATUS_UNSUCCESSFUL;
	for (i = 1; i < Allocate.pAdl->PageCount && !Allocate.pAdl->Flags.Contiguous; i++)
		if (Allocate.pAdl->Pages[i] == Allocate.pAdl->Pages[0])
			Status = STATUS_UNSUCCESSFUL;
	Free.hAdapterMemoryObject = Saving.hOpened;
	Free.pAdl = Allocate.pAdl;
	Saving.Dxgk.DxgkCbFreeAdl(&Free);
	return Status;
}

/* Through the transfer buffer, as when the whole of it cannot be pinned. */
NTSTATUS DriverSetPowerState(VOID)
{
	IN_CONST_HANDLE hAdapter = Saving.Dxgk.DeviceHandle;
	DXGKARGCB_MAPFRAMEBUFFERPOINTER Map;
	DXGKARGCB_UNMAPFRAMEBUFFERPOINTER Unmap;
	NTSTATUS Status;
	SIZE_T Done;
	for (Done = 0; Done < FRAME_BUFFER_SIZE; Done += TRANSFER_SIZE) {
		RtlZeroMemory(Saving.pTransfer, TRANSFER_SIZE);
		RtlZeroMemory(&Map, sizeof(Map));
		Map.PhysicalAdapterIndex = 0;
		Map.Size = TRANSFER_SIZE;
		Map.Offset = (UINT)Done;
		Status = Saving.Dxgk.DxgkCbMapFrameBufferPointer(hAdapter, &Map);
		if (!NT_SUCCESS(Status))
			return Status;
		RtlCopyMemory((UCHAR *)Map.pBaseAddress + Map.Offset, Saving.pTransfer, TRANSFER_SIZE);
		RtlZeroMemory(&Unmap, sizeof(Unmap));
		Unmap.PhysicalAdapterIndex = 0;
		Unmap.pBaseAddress = Map.pBaseAddress;
		Status = Saving.Dxgk.DxgkCbUnmapFrameBufferPointer(hAdapter, &Unmap);
		if (!NT_SUCCESS(Status))
			return Status;
	}
	return STATUS_SUCCESS;
}

/* Four of the five; the fifth is a block of the memory manager that is left at the stop. */
VOID DriverPlantMistakes(VOID)
{
	IN_CONST_HANDLE hAdapter = Saving.Dxgk.DeviceHandle;
	DXGKARGCB_ALLOCATE_ADL Allocate;
	DXGKARGCB_FREE_ADL Free;
	DXGKARGCB_CLOSE_PHYSICAL_MEMORY_OBJECT Close;
	DXGKARGCB_PINFRAMEBUFFERFORSAVE Pin;
	DXGKARGCB_UNPINFRAMEBUFFERFORSAVE Unpin;
	RtlZeroMemory(&Allocate, sizeof(Allocate));
	Allocate.hAdapterMemoryObject = Saving.hOpened;
	Allocate.Size = 3 * PAGE_SIZE;
	Allocate.Flags.RequireContiguous = 1; /* not of an MDL object */
	Saving.Dxgk.DxgkCbAllocateAdl(&Allocate);
	Allocate.Flags.RequireContiguous = 0;
	if (!NT_SUCCESS(Saving.Dxgk.DxgkCbAllocateAdl(&Allocate)))
		return;
	Close.hAdapterMemoryObject = Saving.hOpened; /* under an ADL that lives */
	Saving.Dxgk.DxgkCbClosePhysicalMemoryObject(&Close);
	Free.hAdapterMemoryObject = Saving.hOpened;
	Free.pAdl = Allocate.pAdl;
	Saving.Dxgk.DxgkCbFreeAdl(&Free);
	MmFreePagesFromMdl(Saving.pPageTableMdl); /* while the IOMMU maps it */
	RtlZeroMemory(&Pin, sizeof(Pin));
	Pin.CommitSize = TRANSFER_SIZE;
	if (!NT_SUCCESS(Saving.Dxgk.DxgkCbPinFrameBufferForSave(hAdapter, &Pin)))
		return;
	Unpin.PhysicalAdapterIndex = 0;
	Saving.Dxgk.DxgkCbUnpinFrameBufferForSave(hAdapter, &Unpin);
	Saving.Dxgk.DxgkCbUnpinFrameBufferForSave(hAdapter, &Unpin); /* once more */
}

VOID DriverStopDevice(BOOLEAN LeakOneAdl)
{
	DXGKARGCB_UNMAPMDLFROMIOMMU Unmap;
	DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT Destroy;
	if (Saving.hObject) {
		Destroy.hPhysicalMemoryObject = Saving.hObject;
		Destroy.hAdapterMemoryObject = Saving.hOpened;
		Saving.Dxgk.DxgkCbDestroyPhysicalMemoryObject(&Destroy);
	}
	if (Saving.hPageTableMap) {
		Unmap.hMemoryHandle = Saving.hPageTableMap;
		Saving.Dxgk.DxgkCbUnmapMdlFromIoMmu(Saving.Dxgk.DeviceHandle, &Unmap);
	}
	if (Saving.pPageTableMdl) {
		MmFreePagesFromMdl(Saving.pPageTableMdl);
		ExFreePool(Saving.pPageTableMdl);
	}
	if (Saving.pTransfer && !LeakOneAdl)
		MmFreeContiguousMemory(Saving.pTransfer);
}
