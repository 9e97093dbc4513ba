/* SPDX-License-Identifier: MIT
 *
 * The documented interface of Dxgkrnl, in so far as it concerns memory, over an adapter of ddi.h: a display driver's own
 * memory code compiles against this header on Linux, runs under sanitizers, and every broken rule is told with the call, the
 * object and the rule. Names, members and their order are those of the public pages of the same names (learn.microsoft.com);
 * written from them, never run on Windows. What begins with dxgkrnl_ is ours. docs/windows.md shows how to use it, docs/ddi.md
 * has every call and rule.
 *
 * The caller serialises the calls on one adapter. This header includes ddi_adapter.h, ntstatus.h and allocator.h and needs
 * nothing else, in C11 and in C++11.
 */
#ifndef IOVABENCH_DXGKRNL_H
#define IOVABENCH_DXGKRNL_H

#include "iovabench/ddi_adapter.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Types ---- */

typedef void VOID, *PVOID, *HANDLE;
typedef uint8_t BOOLEAN, UCHAR, KIRQL;
typedef int16_t CSHORT;
typedef uint32_t ULONG, UINT, UINT32, NODE_REQUIREMENT, MM_PAGE_PRIORITY_ARGUMENT;
typedef int32_t LONG, NTSTATUS;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG, ULONG_PTR, ULONG64, SIZE_T, *PSIZE_T, PFN_NUMBER, *PPFN_NUMBER, DXGK_PAGE_NUMBER;

typedef union _LARGE_INTEGER {
	__extension__ struct {
		ULONG LowPart;
		LONG HighPart;
	};
	LONGLONG QuadPart;
} LARGE_INTEGER, PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif

#ifndef RtlZeroMemory
#define RtlZeroMemory(Destination, Length) ((void)__builtin_memset((Destination), 0, (Length)))
#define RtlCopyMemory(Destination, Source, Length) ((void)__builtin_memcpy((Destination), (Source), (Length)))
#define UNREFERENCED_PARAMETER(P) ((void)(P))
#endif

#define PAGE_SIZE 4096u
#define MAXULONG64 UINT64_MAX

/* ntstatus.h has the same numbers under other names. */
#define STATUS_SUCCESS ((NTSTATUS)0)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_NO_MEMORY ((NTSTATUS)0xC0000017)
#define STATUS_NOT_MAPPED_VIEW ((NTSTATUS)0xC0000019)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#define STATUS_OBJECT_TYPE_MISMATCH ((NTSTATUS)0xC0000024)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009A)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BB)
#define STATUS_RESOURCE_IN_USE ((NTSTATUS)0xC0000708)
#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)

typedef enum _MEMORY_CACHING_TYPE { MmNonCached = 0, MmCached = 1, MmWriteCombined = 2 } MEMORY_CACHING_TYPE;

/* Passed on to docs/ddi.md: carried, but for FULLY_REQUIRED and REQUIRE_CONTIGUOUS_CHUNKS. */
#define MM_DONT_ZERO_ALLOCATION 0x00000001u
#define MM_ALLOCATE_FROM_LOCAL_NODE_ONLY 0x00000002u
#define MM_ALLOCATE_FULLY_REQUIRED 0x00000004u
#define MM_ALLOCATE_NO_WAIT 0x00000008u
#define MM_ALLOCATE_PREFER_CONTIGUOUS 0x00000010u
#define MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS 0x00000020u
#define MM_ALLOCATE_FAST_LARGE_PAGES 0x00000040u
#define MM_ALLOCATE_AND_HOT_REMOVE 0x00000100u /* refused: it takes memory out of the system */
#define MM_ANY_NODE_OK 0x80000000u

/* A memory descriptor list. The frame numbers lie behind it: MmGetMdlPfnArray. Drivers read it through the functions below. */
typedef struct _MDL {
	struct _MDL *Next;
	CSHORT Size;
	CSHORT MdlFlags; /* MDL_PAGES_LOCKED */
	struct _EPROCESS *Process;
	PVOID MappedSystemVa;
	PVOID StartVa;
	ULONG ByteCount;
	ULONG ByteOffset;
} MDL, *PMDL;
#define MDL_PAGES_LOCKED 0x0002

static inline ULONG MmGetMdlByteCount(const MDL *mdl)
{
	return mdl->ByteCount;
}

static inline ULONG MmGetMdlByteOffset(const MDL *mdl)
{
	return mdl->ByteOffset;
}

static inline PPFN_NUMBER MmGetMdlPfnArray(PMDL mdl)
{
	return (PPFN_NUMBER)(void *)(mdl + 1);
}

/* CPU memory of an MDL of these calls, zeroed, which lives as long as it; NULL: none, or no such MDL. priority is ignored. */
PVOID MmGetSystemAddressForMdlSafe(PMDL mdl, ULONG priority);
#define NormalPagePriority 16u

/* ---- Arguments of the callbacks ---- */

typedef enum _DXGK_MEMORY_CACHING_TYPE {
	DXGK_MEMORY_CACHING_TYPE_NON_CACHED,
	DXGK_MEMORY_CACHING_TYPE_CACHED,
	DXGK_MEMORY_CACHING_TYPE_WRITE_COMBINED
} DXGK_MEMORY_CACHING_TYPE;

typedef enum _DXGK_PHYSICAL_MEMORY_TYPE {
	DXGK_PHYSICAL_MEMORY_TYPE_MDL,
	DXGK_PHYSICAL_MEMORY_TYPE_CONTIGUOUS_MEMORY,
	DXGK_PHYSICAL_MEMORY_TYPE_SECTION,
	DXGK_PHYSICAL_MEMORY_TYPE_IO_SPACE
} DXGK_PHYSICAL_MEMORY_TYPE;

typedef enum _DXGK_ACCESS_MODE { DXGK_ACCESS_MODE_KERNEL_MODE, DXGK_ACCESS_MODE_USER_MODE } DXGK_ACCESS_MODE;

typedef struct _DXGKARGCB_ALLOCATECONTIGUOUSMEMORY {
	SIZE_T NumberOfBytes;
	PHYSICAL_ADDRESS LowestAcceptableAddress;
	PHYSICAL_ADDRESS HighestAcceptableAddress;
	PHYSICAL_ADDRESS BoundaryAddressMultiple;
	DXGK_MEMORY_CACHING_TYPE CacheType;
	HANDLE hMemoryHandle; /* out */
	PVOID pMemory; /* out: NumberOfBytes of CPU memory, page-aligned and zeroed (ours: drivers must not rely on it) */
} DXGKARGCB_ALLOCATECONTIGUOUSMEMORY;

typedef struct _DXGKARGCB_FREECONTIGUOUSMEMORY {
	HANDLE hMemoryHandle;
} DXGKARGCB_FREECONTIGUOUSMEMORY;

typedef struct _DXGKARGCB_ALLOCATEPAGESFORMDL {
	PHYSICAL_ADDRESS LowAddress;
	PHYSICAL_ADDRESS HighAddress;
	PHYSICAL_ADDRESS SkipBytes;
	SIZE_T TotalBytes;
	DXGK_MEMORY_CACHING_TYPE CacheType;
	ULONG Flags;
	HANDLE hMemoryHandle; /* out */
	PMDL pMdl;            /* out */
} DXGKARGCB_ALLOCATEPAGESFORMDL;

typedef struct _DXGKARGCB_FREEPAGESFROMMDL {
	HANDLE hMemoryHandle;
} DXGKARGCB_FREEPAGESFROMMDL;

typedef struct _DXGKARGCB_MAPMDLTOIOMMU {
	PMDL pMdl;
	HANDLE hMemoryHandle; /* out */
} DXGKARGCB_MAPMDLTOIOMMU;

typedef struct _DXGKARGCB_UNMAPMDLFROMIOMMU {
	HANDLE hMemoryHandle;
} DXGKARGCB_UNMAPMDLFROMIOMMU;

typedef struct _DXGKARGCB_PINFRAMEBUFFERFORSAVE {
	UINT PhysicalAdapterIndex;
	SIZE_T CommitSize;
	PMDL pMdl; /* out */
} DXGKARGCB_PINFRAMEBUFFERFORSAVE;

typedef struct _DXGKARGCB_UNPINFRAMEBUFFERFORSAVE {
	UINT PhysicalAdapterIndex;
} DXGKARGCB_UNPINFRAMEBUFFERFORSAVE;

typedef struct _DXGKARGCB_MAPFRAMEBUFFERPOINTER {
	UINT PhysicalAdapterIndex;
	SIZE_T Size;
	SIZE_T Offset;      /* in, out */
	PVOID pBaseAddress; /* out */
} DXGKARGCB_MAPFRAMEBUFFERPOINTER;

typedef struct _DXGKARGCB_UNMAPFRAMEBUFFERPOINTER {
	UINT PhysicalAdapterIndex;
	PVOID pBaseAddress;
} DXGKARGCB_UNMAPFRAMEBUFFERPOINTER;

/* Section objects are not modelled: STATUS_NOT_SUPPORTED. */
typedef struct _DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT {
	HANDLE hAdapter; /* or NULL: to be opened later */
	SIZE_T Size;
	ULONG_PTR Context; /* told in findings */
	DXGK_PHYSICAL_MEMORY_TYPE Type;
	DXGK_MEMORY_CACHING_TYPE CacheType;
	__extension__ union {
		struct {
			PHYSICAL_ADDRESS LowAddress;
			PHYSICAL_ADDRESS HighAddress;
			PHYSICAL_ADDRESS SkipBytes;
			UINT Flags;
		} Mdl;
		struct {
			PHYSICAL_ADDRESS LowestAcceptableAddress;
			PHYSICAL_ADDRESS HighestAcceptableAddress;
			PHYSICAL_ADDRESS BoundaryAddressMultiple;
		} ContiguousMemory;
		struct {
			ULONG DesiredAccess;
			PVOID ObjectAttributes;
			ULONG PageProtection;
			ULONG AllocationAttributes;
		} Section;
		struct {
			PHYSICAL_ADDRESS BaseAddress;
		} IOSpace;
	};
	HANDLE hPhysicalMemoryObject; /* out */
	HANDLE hAdapterMemoryObject;  /* out: NULL without hAdapter */
} DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT;

typedef struct _DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT {
	HANDLE hPhysicalMemoryObject;
	HANDLE hAdapterMemoryObject; /* or NULL */
} DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT;

typedef struct _DXGKARGCB_OPEN_PHYSICAL_MEMORY_OBJECT {
	HANDLE hPhysicalMemoryObject;
	HANDLE hAdapter;
	HANDLE hAdapterMemoryObject; /* out */
} DXGKARGCB_OPEN_PHYSICAL_MEMORY_OBJECT;

typedef struct _DXGKARGCB_CLOSE_PHYSICAL_MEMORY_OBJECT {
	HANDLE hAdapterMemoryObject;
} DXGKARGCB_CLOSE_PHYSICAL_MEMORY_OBJECT;

typedef struct _DXGKARGCB_MAP_PHYSICAL_MEMORY {
	HANDLE hPhysicalMemoryObject;
	DXGK_ACCESS_MODE AccessMode;
	SIZE_T Offset;        /* in, out: of the data behind pMappedAddress */
	SIZE_T Size;          /* in, out: that is mapped */
	void *pMappedAddress; /* out */
} DXGKARGCB_MAP_PHYSICAL_MEMORY;

typedef struct _DXGKARGCB_UNMAP_PHYSICAL_MEMORY {
	HANDLE hPhysicalMemoryObject;
	void *pBaseAddress;
	SIZE_T Size;
} DXGKARGCB_UNMAP_PHYSICAL_MEMORY;

typedef struct _DXGK_ADL_FLAGS {
	__extension__ union {
		__extension__ struct {
			UINT32 Contiguous : 1;
			UINT32 Reserved : 31;
		};
		UINT32 Value;
	};
} DXGK_ADL_FLAGS;

typedef struct _DXGK_ADL {
	UINT32 PageCount;
	DXGK_ADL_FLAGS Flags;
	__extension__ union {
		DXGK_PAGE_NUMBER BasePageNumber; /* contiguous */
		const DXGK_PAGE_NUMBER *Pages;   /* otherwise: PageCount of them */
	};
} DXGK_ADL;

typedef struct _DXGKARGCB_ALLOCATE_ADL {
	HANDLE hAdapterMemoryObject;
	SIZE_T Offset;
	SIZE_T Size;
	union {
		__extension__ struct {
			UINT32 RequireContiguous : 1;
			UINT32 PreferContiguous : 1;
			UINT32 Reserved : 30;
		};
		UINT32 Value;
	} Flags;
	DXGK_ADL *pAdl; /* out: freed by DxgkCbFreeAdl */
} DXGKARGCB_ALLOCATE_ADL;

typedef struct _DXGKARGCB_FREE_ADL {
	HANDLE hAdapterMemoryObject;
	DXGK_ADL *pAdl;
} DXGKARGCB_FREE_ADL;

typedef struct _DXGKARGCB_PINFRAMEBUFFERFORSAVE2 {
	UINT PhysicalAdapterIndex;
	SIZE_T CommitSize;
	union {
		__extension__ struct {
			UINT PreferContiguous : 1;
			UINT Reserved : 31;
		};
		UINT Value;
	} Flags;
	DXGK_ADL *pAdl; /* out: ended by DxgkCbUnpinFrameBufferForSave */
} DXGKARGCB_PINFRAMEBUFFERFORSAVE2;

/* The names that the pages of the callbacks give to what they take. */
typedef HANDLE IN_CONST_HANDLE;
#define DXGKRNL_IN(name) typedef const DXGKARGCB_##name *IN_CONST_PDXGKARGCB_##name
#define DXGKRNL_INOUT(prefix, name) typedef DXGKARGCB_##name *prefix##_PDXGKARGCB_##name
DXGKRNL_INOUT(INOUT, ALLOCATECONTIGUOUSMEMORY);
DXGKRNL_IN(FREECONTIGUOUSMEMORY);
DXGKRNL_INOUT(INOUT, ALLOCATEPAGESFORMDL);
DXGKRNL_IN(FREEPAGESFROMMDL);
DXGKRNL_INOUT(INOUT, MAPMDLTOIOMMU);
DXGKRNL_IN(UNMAPMDLFROMIOMMU);
DXGKRNL_INOUT(INOUT, PINFRAMEBUFFERFORSAVE);
DXGKRNL_INOUT(INOUT, PINFRAMEBUFFERFORSAVE2);
DXGKRNL_IN(UNPINFRAMEBUFFERFORSAVE);
DXGKRNL_INOUT(INOUT, MAPFRAMEBUFFERPOINTER);
DXGKRNL_IN(UNMAPFRAMEBUFFERPOINTER);
DXGKRNL_INOUT(IN_OUT, CREATE_PHYSICAL_MEMORY_OBJECT);
DXGKRNL_IN(DESTROY_PHYSICAL_MEMORY_OBJECT);
DXGKRNL_INOUT(IN_OUT, OPEN_PHYSICAL_MEMORY_OBJECT);
DXGKRNL_IN(CLOSE_PHYSICAL_MEMORY_OBJECT);
DXGKRNL_INOUT(IN_OUT, MAP_PHYSICAL_MEMORY);
DXGKRNL_IN(UNMAP_PHYSICAL_MEMORY);
DXGKRNL_INOUT(IN_OUT, ALLOCATE_ADL);
DXGKRNL_IN(FREE_ADL);
#undef DXGKRNL_IN
#undef DXGKRNL_INOUT

/* ---- The interface ---- */

/* The pages name these values and tell no number: the numbers are ours, in the order of the versions. */
#define DXGKDDI_INTERFACE_VERSION_WDDM2_4 0x2400u
#define DXGKDDI_INTERFACE_VERSION_WDDM2_7 0x2700u
#define DXGKDDI_INTERFACE_VERSION_WDDM2_9 0x2900u
#define DXGKDDI_INTERFACE_VERSION_WDDM3_0 0x3000u
#define DXGKDDI_INTERFACE_VERSION_WDDM3_1 0x3100u
#define DXGKDDI_INTERFACE_VERSION_WDDM3_2 0x3200u

typedef NTSTATUS (*DXGKCB_MAP_MEMORY)(HANDLE DeviceHandle, PHYSICAL_ADDRESS TranslatedAddress, ULONG Length,
				      BOOLEAN InIoSpace, BOOLEAN MapToUserMode, MEMORY_CACHING_TYPE CacheType,
				      PVOID *VirtualAddress);
typedef NTSTATUS (*DXGKCB_UNMAP_MEMORY)(HANDLE DeviceHandle, PVOID VirtualAddress);
typedef NTSTATUS (*DXGKCB_ALLOCATECONTIGUOUSMEMORY)(HANDLE hAdapter,
						    DXGKARGCB_ALLOCATECONTIGUOUSMEMORY *pAllocateContiguousMemory);
typedef NTSTATUS (*DXGKCB_FREECONTIGUOUSMEMORY)(HANDLE hAdapter,
						const DXGKARGCB_FREECONTIGUOUSMEMORY *pFreeContiguousMemory);
typedef NTSTATUS (*DXGKCB_ALLOCATEPAGESFORMDL)(HANDLE hAdapter, DXGKARGCB_ALLOCATEPAGESFORMDL *pAllocatePagesForMdl);
typedef NTSTATUS (*DXGKCB_FREEPAGESFROMMDL)(HANDLE hAdapter, const DXGKARGCB_FREEPAGESFROMMDL *pFreePagesFromMdl);
typedef NTSTATUS (*DXGKCB_PINFRAMEBUFFERFORSAVE)(HANDLE hAdapter, DXGKARGCB_PINFRAMEBUFFERFORSAVE *pPinFrameBufferForSave);
typedef NTSTATUS (*DXGKCB_UNPINFRAMEBUFFERFORSAVE)(HANDLE hAdapter,
						   const DXGKARGCB_UNPINFRAMEBUFFERFORSAVE *pUnpinFrameBufferForSave);
typedef NTSTATUS (*DXGKCB_MAPFRAMEBUFFERPOINTER)(HANDLE hAdapter, DXGKARGCB_MAPFRAMEBUFFERPOINTER *pMapFrameBufferPointer);
typedef NTSTATUS (*DXGKCB_UNMAPFRAMEBUFFERPOINTER)(HANDLE hAdapter,
						   const DXGKARGCB_UNMAPFRAMEBUFFERPOINTER *pUnmapFrameBufferPointer);
typedef NTSTATUS (*DXGKCB_MAPMDLTOIOMMU)(HANDLE hAdapter, DXGKARGCB_MAPMDLTOIOMMU *pMapMdlToIoMmu);
typedef VOID (*DXGKCB_UNMAPMDLFROMIOMMU)(HANDLE hAdapter, const DXGKARGCB_UNMAPMDLFROMIOMMU *pUnmapMdlFromIoMmu);
typedef NTSTATUS (*DXGKCB_CREATEPHYSICALMEMORYOBJECT)(DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT *pArgs);
typedef VOID (*DXGKCB_DESTROYPHYSICALMEMORYOBJECT)(const DXGKARGCB_DESTROY_PHYSICAL_MEMORY_OBJECT *pArgs);
typedef NTSTATUS (*DXGKCB_MAPPHYSICALMEMORY)(DXGKARGCB_MAP_PHYSICAL_MEMORY *pArgs);
typedef VOID (*DXGKCB_UNMAPPHYSICALMEMORY)(const DXGKARGCB_UNMAP_PHYSICAL_MEMORY *pArgs);
typedef NTSTATUS (*DXGKCB_ALLOCATEADL)(DXGKARGCB_ALLOCATE_ADL *pArgs);
typedef VOID (*DXGKCB_FREEADL)(const DXGKARGCB_FREE_ADL *pArgs);
typedef NTSTATUS (*DXGKCB_OPENPHYSICALMEMORYOBJECT)(DXGKARGCB_OPEN_PHYSICAL_MEMORY_OBJECT *pArgs);
typedef VOID (*DXGKCB_CLOSEPHYSICALMEMORYOBJECT)(const DXGKARGCB_CLOSE_PHYSICAL_MEMORY_OBJECT *pArgs);
typedef NTSTATUS (*DXGKCB_PINFRAMEBUFFERFORSAVE2)(HANDLE hAdapter,
						  DXGKARGCB_PINFRAMEBUFFERFORSAVE2 *pPinFrameBufferForSave2);

/* Every member that does not concern memory, whatever its arguments: counts, and answers STATUS_NOT_SUPPORTED. */
typedef NTSTATUS (*DXGKRNL_NOT_MODELLED)(void);

/* Members that this header does not model are there, so that the others lie where the page has them. */
typedef struct _DXGKRNL_INTERFACE {
	ULONG Size;
	ULONG Version;
	HANDLE DeviceHandle;
	DXGKRNL_NOT_MODELLED DxgkCbEvalAcpiMethod;
	DXGKRNL_NOT_MODELLED DxgkCbGetDeviceInformation;
	DXGKRNL_NOT_MODELLED DxgkCbIndicateChildStatus;
	DXGKCB_MAP_MEMORY DxgkCbMapMemory;
	DXGKRNL_NOT_MODELLED DxgkCbQueueDpc;
	DXGKRNL_NOT_MODELLED DxgkCbQueryServices;
	DXGKRNL_NOT_MODELLED DxgkCbReadDeviceSpace;
	DXGKRNL_NOT_MODELLED DxgkCbSynchronizeExecution;
	DXGKCB_UNMAP_MEMORY DxgkCbUnmapMemory;
	DXGKRNL_NOT_MODELLED DxgkCbWriteDeviceSpace;
	DXGKRNL_NOT_MODELLED DxgkCbIsDevicePresent;
	DXGKRNL_NOT_MODELLED DxgkCbGetHandleData;
	DXGKRNL_NOT_MODELLED DxgkCbGetHandleParent;
	DXGKRNL_NOT_MODELLED DxgkCbEnumHandleChildren;
	DXGKRNL_NOT_MODELLED DxgkCbNotifyInterrupt;
	DXGKRNL_NOT_MODELLED DxgkCbNotifyDpc;
	DXGKRNL_NOT_MODELLED DxgkCbQueryVidPnInterface;
	DXGKRNL_NOT_MODELLED DxgkCbQueryMonitorInterface;
	DXGKRNL_NOT_MODELLED DxgkCbGetCaptureAddress;
	DXGKRNL_NOT_MODELLED DxgkCbLogEtwEvent;
	DXGKRNL_NOT_MODELLED DxgkCbExcludeAdapterAccess;
	DXGKRNL_NOT_MODELLED DxgkCbCreateContextAllocation;
	DXGKRNL_NOT_MODELLED DxgkCbDestroyContextAllocation;
	DXGKRNL_NOT_MODELLED DxgkCbSetPowerComponentActive;
	DXGKRNL_NOT_MODELLED DxgkCbSetPowerComponentIdle;
	DXGKRNL_NOT_MODELLED DxgkCbAcquirePostDisplayOwnership;
	DXGKRNL_NOT_MODELLED DxgkCbPowerRuntimeControlRequest;
	DXGKRNL_NOT_MODELLED DxgkCbSetPowerComponentLatency;
	DXGKRNL_NOT_MODELLED DxgkCbSetPowerComponentResidency;
	DXGKRNL_NOT_MODELLED DxgkCbCompleteFStateTransition;
	DXGKRNL_NOT_MODELLED DxgkCbCompletePStateTransition;
	DXGKRNL_NOT_MODELLED DxgkCbMapContextAllocation;
	DXGKRNL_NOT_MODELLED DxgkCbUpdateContextAllocation;
	DXGKRNL_NOT_MODELLED DxgkCbReserveGpuVirtualAddressRange;
	DXGKRNL_NOT_MODELLED DxgkCbAcquireHandleData;
	DXGKRNL_NOT_MODELLED DxgkCbReleaseHandleData;
	DXGKRNL_NOT_MODELLED DxgkCbHardwareContentProtectionTeardown;
	DXGKRNL_NOT_MODELLED DxgkCbMultiPlaneOverlayDisabled;
	DXGKRNL_NOT_MODELLED DxgkCbMitigatedRangeUpdate;
	DXGKRNL_NOT_MODELLED DxgkCbInvalidateHwContext;
	DXGKRNL_NOT_MODELLED DxgkCbIndicateConnectorChange;
	DXGKRNL_NOT_MODELLED DxgkCbUnblockUEFIFrameBufferRanges;
	DXGKRNL_NOT_MODELLED DxgkCbAcquirePostDisplayOwnership2;
	DXGKRNL_NOT_MODELLED DxgkCbSetProtectedSessionStatus;
	/* WDDM 2.4 */
	DXGKCB_ALLOCATECONTIGUOUSMEMORY DxgkCbAllocateContiguousMemory;
	DXGKCB_FREECONTIGUOUSMEMORY DxgkCbFreeContiguousMemory;
	DXGKCB_ALLOCATEPAGESFORMDL DxgkCbAllocatePagesForMdl;
	DXGKCB_FREEPAGESFROMMDL DxgkCbFreePagesFromMdl;
	DXGKCB_PINFRAMEBUFFERFORSAVE DxgkCbPinFrameBufferForSave;
	DXGKCB_UNPINFRAMEBUFFERFORSAVE DxgkCbUnpinFrameBufferForSave;
	DXGKCB_MAPFRAMEBUFFERPOINTER DxgkCbMapFrameBufferPointer;
	DXGKCB_UNMAPFRAMEBUFFERPOINTER DxgkCbUnmapFrameBufferPointer;
	DXGKCB_MAPMDLTOIOMMU DxgkCbMapMdlToIoMmu;
	DXGKCB_UNMAPMDLFROMIOMMU DxgkCbUnmapMdlFromIoMmu;
	DXGKRNL_NOT_MODELLED DxgkCbReportDiagnostic;
	/* WDDM 2.5 to 2.8 */
	DXGKRNL_NOT_MODELLED DxgkCbSignalEvent;
	DXGKRNL_NOT_MODELLED DxgkCbIsFeatureEnabled;
	DXGKRNL_NOT_MODELLED DxgkCbSaveMemoryForHotUpdate;
	DXGKRNL_NOT_MODELLED DxgkCbNotifyCursorSupportChange;
	/* WDDM 2.9 */
	DXGKRNL_NOT_MODELLED DxgkCbQueryFeatureSupport;
	DXGKCB_CREATEPHYSICALMEMORYOBJECT DxgkCbCreatePhysicalMemoryObject;
	DXGKCB_DESTROYPHYSICALMEMORYOBJECT DxgkCbDestroyPhysicalMemoryObject;
	DXGKCB_MAPPHYSICALMEMORY DxgkCbMapPhysicalMemory;
	DXGKCB_UNMAPPHYSICALMEMORY DxgkCbUnmapPhysicalMemory;
	DXGKCB_ALLOCATEADL DxgkCbAllocateAdl;
	DXGKCB_FREEADL DxgkCbFreeAdl;
	DXGKCB_OPENPHYSICALMEMORYOBJECT DxgkCbOpenPhysicalMemoryObject;
	DXGKCB_CLOSEPHYSICALMEMORYOBJECT DxgkCbClosePhysicalMemoryObject;
	DXGKCB_PINFRAMEBUFFERFORSAVE2 DxgkCbPinFrameBufferForSave2;
	/* WDDM 3.1 by the page of the interface; 3.2 by that of its flags */
	DXGKRNL_NOT_MODELLED DxgkCbDisconnectDoorbell;
} DXGKRNL_INTERFACE, *PDXGKRNL_INTERFACE;

/* ---- The Mm routines, which name no adapter: they go to the one of dxgkrnl_set_current ---- */

PVOID MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress);
PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
					     PHYSICAL_ADDRESS HighestAcceptableAddress,
					     PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE CacheType);
PVOID MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
						 PHYSICAL_ADDRESS HighestAcceptableAddress,
						 PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE CacheType,
						 NODE_REQUIREMENT PreferredNode);
/* Protect: PAGE_READWRITE or PAGE_EXECUTE_READWRITE, with PAGE_NOCACHE or PAGE_WRITECOMBINE or neither. */
PVOID MmAllocateContiguousNodeMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
				     PHYSICAL_ADDRESS HighestAcceptableAddress, PHYSICAL_ADDRESS BoundaryAddressMultiple,
				     ULONG Protect, NODE_REQUIREMENT PreferredNode);
#define PAGE_READWRITE 0x04u
#define PAGE_EXECUTE_READWRITE 0x40u
#define PAGE_NOCACHE 0x200u
#define PAGE_WRITECOMBINE 0x400u
/* Answers why there is none: STATUS_INVALID_PARAMETER, or STATUS_INSUFFICIENT_RESOURCES (both ours). *NumberOfBytes becomes
 * whole pages (ours). PartitionObject must be NULL: partitions are not modelled. Tag is ignored; nothing here is slow, so that
 * MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY changes nothing. */
NTSTATUS MmAllocateContiguousMemoryEx(PSIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
				      PHYSICAL_ADDRESS HighestAcceptableAddress, PHYSICAL_ADDRESS BoundaryAddressMultiple,
				      NODE_REQUIREMENT PreferredNode, ULONG Protect, PVOID PartitionObject, ULONG Tag,
				      ULONG Flags, PVOID *BaseAddress);
#define MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY 0x1u
/* Of any of the five. */
VOID MmFreeContiguousMemory(PVOID BaseAddress);
VOID MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType);
PMDL MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
			   SIZE_T TotalBytes);
PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
			     SIZE_T TotalBytes, MEMORY_CACHING_TYPE CacheType, ULONG Flags);
PMDL MmAllocateNodePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
				 SIZE_T TotalBytes, MEMORY_CACHING_TYPE CacheType, ULONG IdealNode, ULONG Flags);
VOID MmFreePagesFromMdl(PMDL MemoryDescriptorList);
/* Of MDLs of the three routines above. */
VOID ExFreePool(PVOID P);

/* The level of the current adapter's calls. */
#define PASSIVE_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
KIRQL KeGetCurrentIrql(VOID);
VOID KeRaiseIrql(KIRQL NewIrql, KIRQL *OldIrql);
VOID KeLowerIrql(KIRQL NewIrql);

/* ---- Ours: an adapter behind the interface ---- */

struct dxgkrnl;

/* A broken rule. Strings live as long as the report. */
struct dxgkrnl_finding {
	uint64_t call;       /* how many calls the driver had made, this one included */
	const char *routine; /* documented name; "stop" of dxgkrnl_stop */
	const char *object;  /* a phrase: what it is, how large, which call gave it, which took it back */
	const char *rule;    /* name in docs/ddi.md */
	const char *says;    /* the rule as a sentence, with its page or "ours" */
	NTSTATUS status;     /* that the driver got; STATUS_SUCCESS of calls without one */
};
typedef void (*dxgkrnl_report)(void *context, const struct dxgkrnl_finding *finding);

struct dxgkrnl_options {
	/* The caller's; outlives this; used by nobody else meanwhile. Limits of its calls are those of frames from now on, as
	 * the documentation says. */
	struct ddi_adapter *adapter;
	uint32_t version; /* DXGKDDI_INTERFACE_VERSION_; 0: the newest. Decides Size and what is there */
	/* What the version forbids is refused with STATUS_NOT_SUPPORTED (ours): from 3.0 on with DMA remapping the callbacks
	 * of 2.4 that allocate or map, and the Mm routines; otherwise it is let through. */
	bool strict;
	const char *fail;    /* as IOVABENCH_DXGKRNL_FAIL, or NULL */
	uint64_t save_bytes; /* greatest CommitSize of a frame buffer (DXGK_FRAMEBUFFERSAVEAREA); 0: 256 MiB */
	uint32_t linked;     /* physical adapters that share the domain: PhysicalAdapterIndex is below this; 0: 1 */
	/* For measuring: pMemory of contiguous memory is NULL, and findings do not know which call gave it. */
	bool no_cpu_memory;
	dxgkrnl_report report; /* NULL: a line to standard error */
	void *context;
};

/* NULL with *reason = a constant sentence. Becomes the current one. The environment wins over options:
 * IOVABENCH_DXGKRNL_STRICT is one of 2.4, 2.7, 3.0, 3.1 and 3.2 and means that version and strict; IOVABENCH_DXGKRNL_FAIL
 * takes faults: rules with ; between them, of which each is keys with commas between them:
 *   routine:DxgkCbAllocateAdl  this routine (all that allocate, map or open, when left out)
 *   nth:3                      its third call that the other keys let pass
 *   bytes:65536                requests of at least so much
 *   probability:0.01           this share of the calls, by seed:7
 * A call that is made to fail gets STATUS_NO_MEMORY, or NULL, and changes nothing. */
struct dxgkrnl *dxgkrnl_create(const struct dxgkrnl_options *options, const char **reason);

/* Gives the memory of its objects back, and tells how many findings there were. What lives stays in the adapter. NULL is
 * ignored. */
uint64_t dxgkrnl_destroy(struct dxgkrnl *dxgkrnl);

/* What DxgkDdiStartDevice gets: exactly Size bytes, so that copying more is found by a sanitizer. Lives as long as dxgkrnl. */
const DXGKRNL_INTERFACE *dxgkrnl_interface(const struct dxgkrnl *dxgkrnl);

/* The same into a structure of `size` bytes, for drivers that were built for a smaller or larger one. Members that both have
 * are copied, Size is what was copied, what is behind it is zeroed. STATUS_BUFFER_TOO_SMALL: not even DeviceHandle fits;
 * STATUS_INVALID_PARAMETER: a size that cuts a member. */
NTSTATUS dxgkrnl_copy_interface(const struct dxgkrnl *dxgkrnl, void *to, ULONG size);

/* As the environment does: a version and strict; faults, which replace those before (NULL: none). 0, or -1 with *reason. */
int dxgkrnl_set_strict(struct dxgkrnl *dxgkrnl, const char *version, const char **reason);
int dxgkrnl_set_faults(struct dxgkrnl *dxgkrnl, const char *faults, const char **reason);

/* The Mm routines and Ke levels go to this one. NULL: Mm routines return NULL. */
void dxgkrnl_set_current(struct dxgkrnl *dxgkrnl);

/* The driver's device is stopped (DxgkDdiStopDevice has returned): every object that lives is a finding. Returns what
 * ddi_adapter_stop does. */
const struct ddi_bug_check *dxgkrnl_stop(struct dxgkrnl *dxgkrnl);

/* A timeout: all memory of the driver is freed at once, and every handle and pointer is stale from then on. */
void dxgkrnl_reset(struct dxgkrnl *dxgkrnl);

struct dxgkrnl_counts {
	uint64_t calls;
	uint64_t findings;
	uint64_t not_modelled; /* calls of members that are not modelled, of all adapters of the program */
	uint64_t failed;       /* calls that a fault made fail */
};
struct dxgkrnl_counts dxgkrnl_counts(const struct dxgkrnl *dxgkrnl);

#ifdef __cplusplus
}
#endif

#endif
