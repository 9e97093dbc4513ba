/* SPDX-License-Identifier: MIT
 *
 * The domains of Windows' HAL, as DMA_IOMMU_INTERFACE_EX documents them, and the common buffers of a domain: what drivers
 * reach its logical allocator through. A domain with IommuDmaLogicalAllocatorBuddy stands on buddy:preset=hal, or on any other
 * allocator for comparison; one without an allocator takes the addresses that its caller decides. Written from the public
 * pages, never run on Windows; what is ours is marked, and begins with dma_iommu_. docs/ddi.md has every call.
 *
 * The caller serialises all calls on one domain, and creating and deleting domains. This header includes dxgkrnl.h and needs
 * nothing else, in C11 and in C++11.
 */
#ifndef IOVABENCH_DMA_IOMMU_H
#define IOVABENCH_DMA_IOMMU_H

#include "iovabench/dxgkrnl.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef ULONGLONG IOMMU_DMA_LOGICAL_ADDRESS, *PIOMMU_DMA_LOGICAL_ADDRESS;
typedef struct _IOMMU_DMA_DOMAIN IOMMU_DMA_DOMAIN, *PIOMMU_DMA_DOMAIN;
typedef struct _IOMMU_DMA_DEVICE IOMMU_DMA_DEVICE, *PIOMMU_DMA_DEVICE;

#define STATUS_INVALID_PARAMETER_MIX ((NTSTATUS)0xC0000030)
#define STATUS_INVALID_PARAMETER_1 ((NTSTATUS)0xC00000EF)
#define STATUS_INVALID_PARAMETER_2 ((NTSTATUS)0xC00000F0)
#define STATUS_INVALID_PARAMETER_3 ((NTSTATUS)0xC00000F1)
#define STATUS_INVALID_PARAMETER_4 ((NTSTATUS)0xC00000F2)

typedef enum _IOMMU_DMA_DOMAIN_TYPE {
	DomainTypeTranslate,
	DomainTypePassThrough,
	DomainTypeUnmanaged, /* refused (ours) with the documented STATUS_NOT_SUPPORTED */
	DomainTypeMax
} IOMMU_DMA_DOMAIN_TYPE;

typedef union _IOMMU_DMA_DOMAIN_CREATION_FLAGS {
	__extension__ struct {
		ULONGLONG Reserved : 64;
	};
	ULONGLONG AsUlonglong;
} IOMMU_DMA_DOMAIN_CREATION_FLAGS;

typedef enum _IOMMU_DMA_LOGICAL_ALLOCATOR_TYPE {
	IommuDmaLogicalAllocatorNone,
	IommuDmaLogicalAllocatorBuddy,
	IommuDmaLogicalAllocatorMax
} IOMMU_DMA_LOGICAL_ALLOCATOR_TYPE;

typedef struct _IOMMU_DMA_LOGICAL_ALLOCATOR_CONFIG {
	IOMMU_DMA_LOGICAL_ALLOCATOR_TYPE LogicalAllocatorType;
	__extension__ union {
		struct {
			ULONG AddressWidth; /* 13 (ours) to 63 */
		} BuddyAllocatorConfig;
	};
} IOMMU_DMA_LOGICAL_ALLOCATOR_CONFIG, *PIOMMU_DMA_LOGICAL_ALLOCATOR_CONFIG;

typedef struct _IOMMU_DMA_RESERVED_REGION {
	struct _IOMMU_DMA_RESERVED_REGION *RegionNext;
	IOMMU_DMA_LOGICAL_ADDRESS Base;
	SIZE_T NumberOfPages;
	BOOLEAN ShouldMap; /* carried: identity mapping costs no logical address more */
} IOMMU_DMA_RESERVED_REGION, *PIOMMU_DMA_RESERVED_REGION;

typedef enum _IOMMU_MAP_PHYSICAL_ADDRESS_TYPE {
	MapPhysicalAddressTypeMdl,
	MapPhysicalAddressTypeContiguousRange,
	MapPhysicalAddressTypePfn,
	MapPhysicalAddressTypeMax
} IOMMU_MAP_PHYSICAL_ADDRESS_TYPE;

typedef struct _IOMMU_MAP_PHYSICAL_ADDRESS {
	IOMMU_MAP_PHYSICAL_ADDRESS_TYPE MapType;
	__extension__ union {
		struct {
			PMDL Mdl;
		} Mdl;
		struct {
			PHYSICAL_ADDRESS Base;
			SIZE_T Size;
		} ContiguousRange;
		struct {
			PPFN_NUMBER PageFrame;
			SIZE_T NumberOfPages;
		} PfnArray;
	};
} IOMMU_MAP_PHYSICAL_ADDRESS, *PIOMMU_MAP_PHYSICAL_ADDRESS;

typedef struct _IOMMU_DMA_LOGICAL_ADDRESS_TOKEN {
	IOMMU_DMA_LOGICAL_ADDRESS LogicalAddressBase;
	SIZE_T Size;
} IOMMU_DMA_LOGICAL_ADDRESS_TOKEN, *PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN;

typedef struct _IOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT {
	PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN OwningToken;
	SIZE_T Offset;
	SIZE_T Size;
} IOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT, *PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT;

/* Statuses are those of the pages, with STATUS_RESOURCE_IN_USE for their STATUS_IN_USE, which has no known number. What is
 * ours: STATUS_INVALID_PARAMETER_1 also for a domain that nobody created, STATUS_INVALID_PARAMETER_2 for reserved permissions,
 * STATUS_NO_MEMORY when there is no room now, STATUS_INSUFFICIENT_RESOURCES of mapping and reserving. Deleting a domain ends
 * what lives in it, untold (ours: the driver is to free its tokens before). */
typedef NTSTATUS (*PIOMMU_DOMAIN_CREATE_EX)(IOMMU_DMA_DOMAIN_TYPE DomainType, IOMMU_DMA_DOMAIN_CREATION_FLAGS Flags,
					    PIOMMU_DMA_LOGICAL_ALLOCATOR_CONFIG LogicalAllocatorConfig,
					    PIOMMU_DMA_RESERVED_REGION ReservedRegions, PIOMMU_DMA_DOMAIN *DomainOut);
typedef NTSTATUS (*PIOMMU_DOMAIN_DELETE)(PIOMMU_DMA_DOMAIN Domain);
typedef NTSTATUS (*PIOMMU_DOMAIN_ATTACH_DEVICE_EX)(PIOMMU_DMA_DOMAIN Domain, PIOMMU_DMA_DEVICE DmaDevice);
typedef NTSTATUS (*PIOMMU_DOMAIN_DETACH_DEVICE_EX)(PIOMMU_DMA_DEVICE DmaDevice);
typedef NTSTATUS (*PIOMMU_FLUSH_DOMAIN)(PIOMMU_DMA_DOMAIN Domain);
typedef NTSTATUS (*PIOMMU_MAP_LOGICAL_RANGE_EX)(PIOMMU_DMA_DOMAIN Domain, ULONG Permissions,
						PIOMMU_MAP_PHYSICAL_ADDRESS PhysicalAddressToMap,
						PIOMMU_DMA_LOGICAL_ADDRESS ExplicitLogicalAddress,
						PIOMMU_DMA_LOGICAL_ADDRESS MinLogicalAddress,
						PIOMMU_DMA_LOGICAL_ADDRESS MaxLogicalAddress,
						PIOMMU_DMA_LOGICAL_ADDRESS LogicalAddressOut);
/* Whole mappings, one behind the other; a part of one: STATUS_INVALID_PARAMETER (ours: the page names no status). */
typedef NTSTATUS (*PIOMMU_UNMAP_LOGICAL_RANGE)(PIOMMU_DMA_DOMAIN Domain, ULONGLONG LogicalAddress, ULONGLONG NumberOfPages);
typedef NTSTATUS (*PIOMMU_MAP_IDENTITY_RANGE_EX)(PIOMMU_DMA_DOMAIN Domain, ULONG Permissions,
						 PIOMMU_MAP_PHYSICAL_ADDRESS PhysicalAddressToMap);
typedef NTSTATUS (*PIOMMU_UNMAP_IDENTITY_RANGE_EX)(PIOMMU_DMA_DOMAIN Domain,
						   PIOMMU_MAP_PHYSICAL_ADDRESS MappedPhysicalAddress);
typedef NTSTATUS (*PIOMMU_RESERVE_LOGICAL_ADDRESS_RANGE)(PIOMMU_DMA_DOMAIN Domain, SIZE_T Size,
							 PIOMMU_DMA_LOGICAL_ADDRESS ExplicitLogicalAddress,
							 PIOMMU_DMA_LOGICAL_ADDRESS MinLogicalAddress,
							 PIOMMU_DMA_LOGICAL_ADDRESS MaxLogicalAddress,
							 PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN *LogicalAddressToken);
typedef NTSTATUS (*PIOMMU_FREE_RESERVED_LOGICAL_ADDRESS_RANGE)(PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN LogicalAddressToken);
typedef NTSTATUS (*PIOMMU_MAP_RESERVED_LOGICAL_RANGE)(PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN LogicalAddressToken, SIZE_T Offset,
						      ULONG Permissions, PIOMMU_MAP_PHYSICAL_ADDRESS PhysicalAddressToMap,
						      PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT MappedSegment);
typedef NTSTATUS (*PIOMMU_UNMAP_RESERVED_LOGICAL_RANGE)(PIOMMU_DMA_LOGICAL_ADDRESS_TOKEN_MAPPED_SEGMENT MappedSegment);

typedef struct _DMA_IOMMU_INTERFACE_V2 {
	PIOMMU_DOMAIN_CREATE_EX CreateDomainEx;
	PIOMMU_DOMAIN_DELETE DeleteDomain;
	PIOMMU_DOMAIN_ATTACH_DEVICE_EX AttachDeviceEx;
	PIOMMU_DOMAIN_DETACH_DEVICE_EX DetachDeviceEx;
	PIOMMU_FLUSH_DOMAIN FlushDomain;
	DXGKRNL_NOT_MODELLED FlushDomainByVaList;
	DXGKRNL_NOT_MODELLED QueryInputMappings;
	PIOMMU_MAP_LOGICAL_RANGE_EX MapLogicalRangeEx;
	PIOMMU_UNMAP_LOGICAL_RANGE UnmapLogicalRange;
	PIOMMU_MAP_IDENTITY_RANGE_EX MapIdentityRangeEx;
	PIOMMU_UNMAP_IDENTITY_RANGE_EX UnmapIdentityRangeEx;
	DXGKRNL_NOT_MODELLED SetDeviceFaultReportingEx;
	DXGKRNL_NOT_MODELLED ConfigureDomain;
	DXGKRNL_NOT_MODELLED QueryAvailableDomainTypes;
	DXGKRNL_NOT_MODELLED RegisterInterfaceStateChangeCallback;
	DXGKRNL_NOT_MODELLED UnregisterInterfaceStateChangeCallback;
	PIOMMU_RESERVE_LOGICAL_ADDRESS_RANGE ReserveLogicalAddressRange;
	PIOMMU_FREE_RESERVED_LOGICAL_ADDRESS_RANGE FreeReservedLogicalAddressRange;
	PIOMMU_MAP_RESERVED_LOGICAL_RANGE MapReservedLogicalRange;
	PIOMMU_UNMAP_RESERVED_LOGICAL_RANGE UnmapReservedLogicalRange;
	DXGKRNL_NOT_MODELLED CreateDevice; /* dma_iommu_device instead */
	DXGKRNL_NOT_MODELLED DeleteDevice;
} DMA_IOMMU_INTERFACE_V2, *PDMA_IOMMU_INTERFACE_V2;

/* Version 2 alone: the unions of the page with those of versions 1 and 3 are not modelled. */
typedef struct _DMA_IOMMU_INTERFACE_EX {
	SIZE_T Size;
	ULONG Version; /* 2 */
	__extension__ union {
		DMA_IOMMU_INTERFACE_V2 V2;
	};
} DMA_IOMMU_INTERFACE_EX, *PDMA_IOMMU_INTERFACE_EX;

/* ---- Ours ---- */

/* What IoGetIommuInterfaceEx would give. Lives as long as the program. */
const DMA_IOMMU_INTERFACE_EX *dma_iommu_interface(void);

/* Domains that are created with a buddy from now on stand on this allocator; NULL: buddy:preset=hal. The text is kept by its
 * pointer. */
void dma_iommu_set_allocator(const char *spec);

/* A device that can be attached; released when it is detached for the last time with dma_iommu_device_delete. */
PIOMMU_DMA_DEVICE dma_iommu_device(void);
void dma_iommu_device_delete(PIOMMU_DMA_DEVICE device);

/* The adapter behind a domain, for audits: failures, placements. NULL: no such domain. */
struct ddi_adapter *dma_iommu_domain_adapter(PIOMMU_DMA_DOMAIN domain);

#define DOMAIN_COMMON_BUFFER_LARGE_PAGE 0x1u

/* AllocateDomainCommonBuffer of DMA_OPERATIONS without its adapter: Length bytes of CPU memory, in one extent at or below
 * *MaximumAddress (NULL: no maximum; ours: the page says "maximum" and "below"), with large pages in whole ones of 2 MiB, the
 * documented granularity, aligned (ours, as the number of the flag). STATUS_INVALID_PARAMETER (ours): no such domain with an
 * allocator, Length 0, other flags. */
NTSTATUS dma_iommu_allocate_domain_common_buffer(PIOMMU_DMA_DOMAIN DomainHandle, const PHYSICAL_ADDRESS *MaximumAddress,
						 ULONG Length, ULONG Flags, PHYSICAL_ADDRESS *LogicalAddress,
						 PVOID *VirtualAddress);

/* FreeCommonBuffer. STATUS_INVALID_PARAMETER (ours: the routine is void): not what allocating gave. */
NTSTATUS dma_iommu_free_common_buffer(PIOMMU_DMA_DOMAIN DomainHandle, ULONG Length, PHYSICAL_ADDRESS LogicalAddress,
				      PVOID VirtualAddress);

#ifdef __cplusplus
}
#endif

#endif
