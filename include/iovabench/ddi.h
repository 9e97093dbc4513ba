/* SPDX-License-Identifier: MIT
 *
 * The display-driver room: a model of the Windows driver callbacks over any allocator of allocator.h, with their arguments,
 * rules and status codes. Written from the public driver documentation; never run on Windows. What the documentation leaves
 * open and this model decides is marked "ours". docs/ddi.md maps every call.
 *
 * What holds for every function below:
 *  - Sizes and addresses of the calls are bytes, as in the documentation; names that end in _pages are pages of the space. A
 *    frame is a physical page; it has the size of a page of the space.
 *  - Lowest and highest addresses are inclusive (ours of MDLs, whose pages say "the end of the range"). The documentation
 *    means physical addresses. In remap mode they limit logical ones (ours), in identity mode both are the same; the Mm
 *    calls always limit physical ones.
 *  - A call that does not return NTSTATUS_SUCCESS changes nothing but the counters of struct ddi_failures. A call without a
 *    result that breaks a rule changes nothing but the counters of struct ddi_violations (ours).
 *  - Results of a call (handles, addresses) are left alone unless it succeeds. 0 is never a handle.
 *  - cpu (ours): the logical CPU that calls, below iova_host.cpus of the allocator.
 *  - Pointers are not NULL unless a comment says so.
 *  - The caller serialises the calls on one adapter, also over an IOVA_CONCURRENT allocator, and those on all adapters that
 *    share a physical side. Other adapters share no state: threads with an adapter each may share such an allocator.
 *
 * This header includes ddi_adapter.h, ntstatus.h and allocator.h and needs nothing else, in C11 and in C++11.
 */
#ifndef IOVABENCH_DDI_H
#define IOVABENCH_DDI_H

#include "iovabench/ddi_adapter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What DXGKARGCB_ALLOCATECONTIGUOUSMEMORY asks for. */
struct ddi_contiguous_request {
	uint64_t number_of_bytes;           /* >= 1, any number: rounded up to pages */
	uint64_t lowest_acceptable_address; /* byte; rounded up to a page */
	/* byte, inclusive, >= lowest; 2^64 - 1 = no limit; only whole pages up to it count */
	uint64_t highest_acceptable_address;
	/* bytes, a power of two, never crossed by the rounded size; 0 = none; no alignment */
	uint64_t boundary_address_multiple;
	uint64_t alignment_pages; /* ours: a power of two; 0 or 1 = none but the page */
	enum ddi_cache_type cache_type;
	bool no_drain; /* ours: another window will be tried, so the allocator need not empty its caches for this one */
};

/* One extent of the logical space. *memory_handle stays as it was unless the call succeeds. cpu (ours): the logical CPU that
 * calls, below iova_host.cpus of the allocator. pMemory, a CPU address, is not modelled; ddi_contiguous_extent tells the
 * pages.
 *   NTSTATUS_INVALID_PARAMETER  malformed: size 0, boundary or alignment no power of two, lowest > highest, no cache type
 *                               impossible: the window, the boundary (also one below a page) or the alignment leave no place
 *   NTSTATUS_NO_MEMORY          no room now; exhausted or fragmented by the allocator's count of usable pages
 *   NTSTATUS_NOT_SUPPORTED      the allocator cannot follow a limit, a boundary or an alignment
 *   NTSTATUS_INSUFFICIENT_RESOURCES
 * A window that covers the space, a boundary that cannot be crossed in it and an alignment of one page reach the allocator as
 * no constraint. Cost: O(1) and the allocator's. With a physical side also NTSTATUS_NO_MEMORY for lack of frames, and the cost
 * of its frames: one run, counted as physical_fragmented when there is none; in remap mode anywhere (ours: limits are those of
 * the extent), in identity mode it decides the address (NTSTATUS_RESOURCE_IN_USE: the space refuses that address). */
enum ntstatus dxgk_cb_allocate_contiguous_memory(struct ddi_adapter *adapter, const struct ddi_contiguous_request *request,
						 uint32_t cpu, ddi_handle *memory_handle);

/* NTSTATUS_SUCCESS; NTSTATUS_INVALID_HANDLE: 0, unknown, or freed before (ours); NTSTATUS_OBJECT_TYPE_MISMATCH: live, but of
 * another kind (ours). cpu as above. Cost: O(1) and the allocator's. */
enum ntstatus dxgk_cb_free_contiguous_memory(struct ddi_adapter *adapter, ddi_handle memory_handle, uint32_t cpu);

/* What lies behind a live handle of contiguous memory, for audits. Statuses as for freeing, nothing is counted. */
enum ntstatus ddi_contiguous_extent(const struct ddi_adapter *adapter, ddi_handle memory_handle,
				    struct iova_extent *extent);

/* ---- Memory descriptor lists ---- */

#define DDI_MDL_PAGES_MAX UINT64_C(1048575)

/* Flags of the calls that allocate pages for an MDL: MM_DONT_ZERO_ALLOCATION, MM_ALLOCATE_FROM_LOCAL_NODE_ONLY, and
 * MM_ALLOCATE_ before the others. MM_ALLOCATE_AND_HOT_REMOVE (0x100) is not modelled, and so unknown. All but FULLY_REQUIRED
 * and REQUIRE_CONTIGUOUS_CHUNKS are carried only. */
enum ddi_mm_flags {
	DDI_MM_DONT_ZERO = 0x1,
	DDI_MM_LOCAL_NODE_ONLY = 0x2,
	DDI_MM_FULLY_REQUIRED = 0x4, /* all pages or none */
	DDI_MM_NO_WAIT = 0x8,
	DDI_MM_PREFER_CONTIGUOUS = 0x10,         /* protects the contiguity of others; promises none */
	DDI_MM_REQUIRE_CONTIGUOUS_CHUNKS = 0x20, /* skip_bytes is the size of a chunk */
	DDI_MM_FAST_LARGE_PAGES = 0x40,          /* needs REQUIRE_CONTIGUOUS_CHUNKS and chunks of whole 2 MiB */
	DDI_MM_FLAGS = 0x7f,
};

/* The logical extents of an MDL in remap mode (ours). */
enum ddi_contiguity {
	/* One extent; when there is no run that long, pieces: the largest power of two of pages that succeeds, halved down to
	 * a page. */
	DDI_CONTIGUITY_PREFER = 0,
	DDI_CONTIGUITY_REQUIRE, /* one extent or NTSTATUS_NO_MEMORY */
	DDI_CONTIGUITY_NO,      /* one extent for each physically contiguous run of frames */
};

/* What DXGKARGCB_ALLOCATEPAGESFORMDL asks for. */
struct ddi_mdl_request {
	uint64_t low_address;  /* byte; of the first window; rounded up to a page */
	uint64_t high_address; /* byte, inclusive, >= low */
	/* Bytes, a multiple of the page. Without REQUIRE_CONTIGUOUS_CHUNKS the step between windows: pages also come from
	 * [low + k * skip, high + k * skip]; 0 = one window (ours). With it the size and alignment of each chunk: a power of
	 * two, total_bytes a multiple; 0 = one block or nothing. */
	uint64_t skip_bytes;
	uint64_t total_bytes; /* >= 1, rounded up to pages; at most 4 GiB - one page and DDI_MDL_PAGES_MAX pages */
	enum ddi_cache_type cache_type;
	uint32_t flags;                 /* of enum ddi_mm_flags */
	enum ddi_contiguity contiguity; /* ours; remap mode, without REQUIRE_CONTIGUOUS_CHUNKS */
	uint64_t alignment_pages;       /* ours; remap mode: of every extent; a power of two; 0 or 1 = none but the page */
	bool no_drain;                  /* ours: another window will be tried */
};

/* DxgkCbAllocatePagesForMdl: pages, an MDL of them, and their mapping. Never partial. memory_handle frees it; mdl only
 * describes it. Remap: frames from anywhere; logical extents within the first window that has room for all of them (ours: in
 * Windows, and here where windows are those of frames, the pages of several windows add up). Identity: frames of the windows,
 * in order, mapped one by one where they are: a call of place for every run.
 *   NTSTATUS_INVALID_PARAMETER  malformed: size 0 or too large, low > high, skip no page multiple, unknown flags, no cache
 *                               type, chunks whose size is no power of two or does not divide the total
 *                               impossible: no window holds it (with chunks or contiguity required: no window holds a chunk)
 *   NTSTATUS_NO_MEMORY          no frames, or no logical room
 *   NTSTATUS_RESOURCE_IN_USE    identity: the space refuses the address of a frame
 *   NTSTATUS_NOT_SUPPORTED, NTSTATUS_INSUFFICIENT_RESOURCES as for contiguous memory; no physical side
 * Cost: O(runs of frames + extents) and the allocator's. */
enum ntstatus dxgk_cb_allocate_pages_for_mdl(struct ddi_adapter *adapter, const struct ddi_mdl_request *request,
					     uint32_t cpu, ddi_handle *memory_handle, ddi_handle *mdl);

/* DxgkCbFreePagesFromMdl: ends the mapping, the pages and the MDL: the driver gets none to release. NTSTATUS_SUCCESS,
 * NTSTATUS_INVALID_HANDLE, NTSTATUS_OBJECT_TYPE_MISMATCH; NTSTATUS_RESOURCE_IN_USE when the driver has mapped the MDL a second
 * time (ours). */
enum ntstatus dxgk_cb_free_pages_from_mdl(struct ddi_adapter *adapter, ddi_handle memory_handle, uint32_t cpu);

/* What DxgkCbMapMdlToIoMmu takes besides the MDL (ours: the call has no such arguments). */
struct ddi_map_request {
	enum ddi_contiguity contiguity;
	uint64_t lowest_address;  /* remap mode: logical; byte */
	uint64_t highest_address; /* inclusive; 2^64 - 1 = no limit */
	uint64_t alignment_pages;
	bool no_drain;
};

/* DxgkCbMapMdlToIoMmu: logical extents for the pages of a live MDL, which must outlive the map. An MDL may be mapped
 * several times in remap mode (ours). Identity: its pages where they are; NTSTATUS_RESOURCE_IN_USE when they are mapped
 * already. An MDL whose pages were freed: NTSTATUS_INVALID_PARAMETER (malformed). Other statuses as for allocating. request
 * NULL: no limit, one extent preferred. */
enum ntstatus dxgk_cb_map_mdl_to_io_mmu(struct ddi_adapter *adapter, ddi_handle mdl, const struct ddi_map_request *request,
					uint32_t cpu, ddi_handle *memory_handle);

/* DxgkCbUnmapMdlFromIoMmu. Violation unmap_mdl: not the handle of a live map. */
void dxgk_cb_unmap_mdl_from_io_mmu(struct ddi_adapter *adapter, ddi_handle memory_handle, uint32_t cpu);

/* The fields of an MDL. frames are asked for with ddi_mdl_frames. */
struct ddi_mdl {
	uint64_t byte_count;
	uint32_t byte_offset; /* into the first page: 0 in every MDL that these calls make */
	uint32_t node;        /* that was asked for */
	uint64_t page_count;  /* 0 after MmFreePagesFromMdl */
	uint64_t frame_runs;  /* maximal contiguous ones */
	enum ddi_cache_type cache_type;
	uint32_t flags;
	uint64_t maps; /* live mappings */
};

/* NTSTATUS_SUCCESS, or the statuses of a handle; nothing is counted. */
enum ntstatus ddi_describe_mdl(const struct ddi_adapter *adapter, ddi_handle mdl, struct ddi_mdl *description);

/* Copies the frame numbers of pages [first, first + count) of the page array: NTSTATUS_INVALID_PARAMETER when they are not in
 * it. Cost: O(runs + count). */
enum ntstatus ddi_mdl_frames(const struct ddi_adapter *adapter, ddi_handle mdl, uint64_t first, uint64_t count,
			     uint64_t *frames);

/* ---- Device memory in the CPU's address space ---- */

/* The arguments of DXGKCB_MAP_MEMORY, which has no structure. */
struct ddi_view_request {
	uint64_t translated_address; /* byte, any: of a BAR or I/O range */
	uint64_t length;             /* bytes, >= 1; translated_address + length <= 2^64; whole pages are mapped (ours) */
	bool in_io_space;            /* carried */
	bool map_to_user_mode;       /* carried */
	enum ddi_cache_type cache_type;
};

/* DxgkCbMapMemory: pages of the second space. *virtual_address has the offset into a page of translated_address.
 * NTSTATUS_INVALID_PARAMETER (malformed: length 0, end beyond 2^64, no cache type; impossible: longer than the space),
 * NTSTATUS_NO_MEMORY, NTSTATUS_NOT_SUPPORTED, NTSTATUS_INSUFFICIENT_RESOURCES (statuses: ours). Ports take pages of the space,
 * too (ours). From PASSIVE_LEVEL only, as unmapping. Cost: O(1) and the allocator's. */
enum ntstatus dxgk_cb_map_memory(struct ddi_adapter *adapter, const struct ddi_view_request *request, uint32_t cpu,
				 uint64_t *virtual_address);

/* DxgkCbUnmapMemory: takes the address that mapping gave, nothing inside. NTSTATUS_SUCCESS or NTSTATUS_NOT_MAPPED_VIEW (ours).
 * An address that was unmapped and given again is the new view's. */
enum ntstatus dxgk_cb_unmap_memory(struct ddi_adapter *adapter, uint64_t virtual_address, uint32_t cpu);

/* The extent of a live view, for audits; NTSTATUS_NOT_MAPPED_VIEW otherwise. Nothing is counted. */
enum ntstatus ddi_view_extent(const struct ddi_adapter *adapter, uint64_t virtual_address, struct iova_extent *extent);

/* ---- The Mm routines: physical frames and no logical addresses (ours) ---- */

/* Named as node when any will do; of an MDL, too (ours: its page has node numbers alone). */
#define DDI_MM_ANY_NODE_OK UINT32_C(0x80000000)

/* MmAllocateContiguousMemory and its kin: one run of frames between two physical addresses. Return a base address, a multiple
 * of the page that names the block and is no physical address, or 0 (NULL), counted in struct ddi_failures: malformed as for
 * dxgk_cb_allocate_contiguous_memory, a node that does not exist; unsupported without a physical side; no_metadata also when
 * all 2^63 bytes of base addresses were given.
 * No address is given twice to one adapter (ours: Windows gives addresses again): a stale base is always told as such, where
 * Windows might free the block of whoever has the address by then. Cost: O(2 MiB frames searched). */
uint64_t mm_allocate_contiguous_memory(struct ddi_adapter *adapter, uint64_t number_of_bytes,
				       uint64_t highest_acceptable_address);
uint64_t mm_allocate_contiguous_memory_specify_cache(struct ddi_adapter *adapter, uint64_t number_of_bytes,
						     uint64_t lowest_acceptable_address,
						     uint64_t highest_acceptable_address,
						     uint64_t boundary_address_multiple, enum ddi_cache_type cache_type);
uint64_t mm_allocate_contiguous_memory_specify_cache_node(struct ddi_adapter *adapter, uint64_t number_of_bytes,
							  uint64_t lowest_acceptable_address,
							  uint64_t highest_acceptable_address,
							  uint64_t boundary_address_multiple,
							  enum ddi_cache_type cache_type, uint32_t preferred_node);

/* base must be what was returned, and not freed: violation mm_not_at_base otherwise (also for 0). MmFreeContiguousMemory frees
 * blocks of all three routines. MmFreeContiguousMemorySpecifyCache frees those of the two SpecifyCache routines, and must
 * repeat their bytes and cache type: violation mm_mismatched, and the block stays. */
void mm_free_contiguous_memory(struct ddi_adapter *adapter, uint64_t base_address);
void mm_free_contiguous_memory_specify_cache(struct ddi_adapter *adapter, uint64_t base_address, uint64_t number_of_bytes,
					     enum ddi_cache_type cache_type);

/* The frames of a live block, for audits; NTSTATUS_FREE_VM_NOT_AT_BASE otherwise. Nothing is counted. */
enum ntstatus ddi_mm_contiguous_frames(const struct ddi_adapter *adapter, uint64_t base_address, uint64_t *first_frame,
				       uint64_t *frame_count);

/* MmAllocatePagesForMdl and its kin: an MDL of frames of the windows, or 0 (NULL), counted in struct ddi_failures. It may
 * describe less than asked for (counted as partial), unless FULLY_REQUIRED or one block is; chunks are whole. The driver
 * releases it with both functions below. Rules as for struct ddi_mdl_request; a node that does not exist is malformed. */
ddi_handle mm_allocate_pages_for_mdl(struct ddi_adapter *adapter, uint64_t low_address, uint64_t high_address,
				     uint64_t skip_bytes, uint64_t total_bytes);
ddi_handle mm_allocate_pages_for_mdl_ex(struct ddi_adapter *adapter, uint64_t low_address, uint64_t high_address,
					uint64_t skip_bytes, uint64_t total_bytes, enum ddi_cache_type cache_type,
					uint32_t flags);
ddi_handle mm_allocate_node_pages_for_mdl_ex(struct ddi_adapter *adapter, uint64_t low_address, uint64_t high_address,
					     uint64_t skip_bytes, uint64_t total_bytes, enum ddi_cache_type cache_type,
					     uint32_t ideal_node, uint32_t flags);

/* MmFreePagesFromMdl: the frames go back, the MDL stays until ex_free_pool. Violations: mdl_free_pages,
 * mdl_freed_while_mapped. */
void mm_free_pages_from_mdl(struct ddi_adapter *adapter, ddi_handle mdl);

/* ExFreePool of an MDL of the Mm routines. Violation: mdl_free_pool. */
void ex_free_pool(struct ddi_adapter *adapter, ddi_handle mdl);

/* ---- Physical memory objects and address descriptor lists ---- */

enum ddi_memory_type {
	DDI_MEMORY_MDL,
	DDI_MEMORY_CONTIGUOUS,
	DDI_MEMORY_SECTION, /* NTSTATUS_NOT_SUPPORTED (ours: not modelled) */
	DDI_MEMORY_IO_SPACE,
};

/* What DXGKARGCB_CREATE_PHYSICAL_MEMORY_OBJECT asks for. */
struct ddi_memory_object_request {
	enum ddi_memory_type type;
	uint64_t size; /* bytes, >= 1, rounded up to pages; of an MDL as total_bytes of struct ddi_mdl_request */
	enum ddi_cache_type cache_type;
	bool open; /* hAdapter is given: the object is open on the adapter at once */
	/* MDL, contiguous. Identity: of the frames. Remap: of the logical ranges of the ADLs (ours), one window. */
	uint64_t lowest_address;
	uint64_t highest_address;           /* inclusive */
	uint64_t boundary_address_multiple; /* contiguous: bytes, a power of two or 0 */
	uint64_t skip_bytes;                /* MDL: as in struct ddi_mdl_request */
	uint32_t flags;                     /* MDL: of enum ddi_mm_flags */
	uint64_t base_address;              /* I/O space: physical byte, a multiple of the page; base + size <= 2^64 */
};

/* DxgkCbCreatePhysicalMemoryObject: frames, and no logical addresses yet. An object of contiguous memory has one run of frames
 * (its limits: of frames in identity mode, of ADLs in remap mode, ours). adapter_memory_object: only set when
 * request->open; NULL allowed otherwise. Objects stay with the adapter that they were created through (ours).
 * NTSTATUS_INVALID_PARAMETER (also: no such type or cache type), NTSTATUS_NO_MEMORY, NTSTATUS_NOT_SUPPORTED,
 * NTSTATUS_INSUFFICIENT_RESOURCES. What is open when the adapter is stopped is fatal: DDI_SYSMM_ADAPTER_OBJECT_LEAKED. */
enum ntstatus dxgk_cb_create_physical_memory_object(struct ddi_adapter *adapter,
						    const struct ddi_memory_object_request *request,
						    ddi_handle *physical_memory_object, ddi_handle *adapter_memory_object);

/* DxgkCbOpenPhysicalMemoryObject: on one adapter at a time: NTSTATUS_RESOURCE_IN_USE (status: ours) when it is open. Statuses
 * of a handle; NTSTATUS_INSUFFICIENT_RESOURCES. */
enum ntstatus dxgk_cb_open_physical_memory_object(struct ddi_adapter *adapter, ddi_handle physical_memory_object,
						  ddi_handle *adapter_memory_object);

/* DxgkCbClosePhysicalMemoryObject. Violation close_object: no open object, or one with a live ADL (ours: no page says what
 * comes of that). */
void dxgk_cb_close_physical_memory_object(struct ddi_adapter *adapter, ddi_handle adapter_memory_object);

/* DxgkCbDestroyPhysicalMemoryObject. adapter_memory_object 0, or the open one, which is closed with it. Violation
 * destroy_object: no live object, another adapter object, or one that would stay open (ours). With a live ADL: fatal,
 * DDI_SYSMM_UNLOCKED_UNDER_ADL. */
void dxgk_cb_destroy_physical_memory_object(struct ddi_adapter *adapter, ddi_handle physical_memory_object,
					    ddi_handle adapter_memory_object);

#define DDI_ADL_REQUIRE_CONTIGUOUS 0x1u /* objects of contiguous memory and I/O space only */
#define DDI_ADL_PREFER_CONTIGUOUS 0x2u  /* a hint: a contiguous ADL has no page array */

/* What DXGKARGCB_ALLOCATE_ADL asks for. */
struct ddi_adl_request {
	ddi_handle adapter_memory_object;
	uint64_t offset;          /* bytes, a multiple of the page */
	uint64_t size;            /* bytes, >= 1 page, a multiple of it; offset + size within the object */
	uint32_t flags;           /* DDI_ADL_; other bits are reserved */
	uint64_t alignment_pages; /* ours; remap mode */
	bool no_drain;            /* ours */
};

/* DXGK_ADL. */
struct ddi_adl {
	ddi_handle handle; /* names it to dxgk_cb_free_adl (ours: the documented call takes the structure) */
	uint32_t page_count;
	bool contiguous;
	uint64_t base_page; /* contiguous: the first logical page; else ddi_adl_pages tells the page array */
};

/* DxgkCbAllocateAdl: takes logical addresses now and shares none with another ADL (ours).
 * Remap: with REQUIRE_CONTIGUOUS one extent or NTSTATUS_NO_MEMORY; otherwise as DDI_CONTIGUITY_PREFER. Without a flag the ADL
 * has a page array even over one extent: that is what the hint saves.
 * Identity: the frames themselves, which one ADL at a time can have (NTSTATUS_RESOURCE_IN_USE); I/O space is in no pool, but
 * in the space.
 *   NTSTATUS_INVALID_PARAMETER  malformed: offset or size unaligned, empty or outside, reserved flags, REQUIRE_CONTIGUOUS on
 *                               an MDL object, more than 2^32 - 1 pages; impossible as for contiguous memory
 *   NTSTATUS_NO_MEMORY          also: REQUIRE_CONTIGUOUS in identity mode, and the frames are no single run
 *   NTSTATUS_NOT_SUPPORTED, NTSTATUS_INSUFFICIENT_RESOURCES, statuses of a handle
 * Cost: O(log of the object's runs of frames + runs of the ADL + extents), and once O(runs) for an object of which ADLs are
 * taken at an offset. */
enum ntstatus dxgk_cb_allocate_adl(struct ddi_adapter *adapter, const struct ddi_adl_request *request, uint32_t cpu,
				   struct ddi_adl *adl);

/* DxgkCbFreeAdl. Violation free_adl: no live ADL. What lives when the adapter is stopped is fatal: DDI_SYSMM_ADL_LEAKED. */
void dxgk_cb_free_adl(struct ddi_adapter *adapter, ddi_handle adl, uint32_t cpu);

/* Copies logical pages [first, first + count) of a live ADL, contiguous or not: the page array as the hardware would get it.
 * Statuses of a handle, NTSTATUS_INVALID_PARAMETER when they are not in it; nothing is counted. Cost: O(extents + count). */
enum ntstatus ddi_adl_pages(const struct ddi_adapter *adapter, ddi_handle adl, uint64_t first, uint64_t count,
			    uint64_t *pages);

/* ---- Reserved logical ranges of the HAL ---- */

/* What is reserved. Addresses are bytes, NULL = not given; with an explicit address the other two are ignored (ours). */
struct ddi_reserve_request {
	uint64_t size; /* bytes, a multiple of the page, >= 1 page */
	const uint64_t *explicit_address;
	const uint64_t *min_address; /* inclusive; rounded up to a page */
	const uint64_t *max_address; /* inclusive */
	uint64_t alignment_pages;    /* ours: a power of two; 0 or 1 = none but the page */
	bool no_drain;               /* ours */
};

/* IOMMU_RESERVE_LOGICAL_ADDRESS_RANGE: one contiguous range whose page tables are there, so that mapping needs no memory.
 *   NTSTATUS_INVALID_PARAMETER_2    size 0 (ours) or no page multiple
 *   NTSTATUS_INVALID_PARAMETER_3    explicit address no page multiple
 *   NTSTATUS_INVALID_PARAMETER_MIX  least and greatest address, or the space, cannot hold the size: impossible
 *   NTSTATUS_RESOURCE_IN_USE        explicit range taken (ours: the documentation says STATUS_IN_USE, which has no known
 *                                   value)
 *   NTSTATUS_NOT_SUPPORTED          explicit address, and the allocator has no IOVA_EXPLICIT
 *   NTSTATUS_INVALID_PARAMETER      alignment no power of two (ours)
 *   NTSTATUS_NO_MEMORY              no room now (ours: the page has no status for it)
 *   NTSTATUS_INSUFFICIENT_RESOURCES */
enum ntstatus iommu_reserve_logical_address_range(struct ddi_adapter *adapter, const struct ddi_reserve_request *request,
						  uint32_t cpu, ddi_handle *token);

#define DDI_PERMISSION_READ 0x1u
#define DDI_PERMISSION_WRITE 0x2u

/* IOMMU_MAP_RESERVED_LOGICAL_RANGE: a segment of the token, from byte `offset` on, to physical bytes [physical_address,
 * physical_address + size). No allocator call.
 *   NTSTATUS_INVALID_PARAMETER_2  offset no page multiple
 *   NTSTATUS_INVALID_PARAMETER_3  reserved permission bits (ours)
 *   NTSTATUS_INVALID_PARAMETER_4  physical address or size no page multiple; size 0, end beyond 2^64 (ours)
 *   NTSTATUS_INVALID_PARAMETER    not inside the token (ours)
 *   NTSTATUS_RESOURCE_IN_USE      part of it is mapped
 *   statuses of a handle, NTSTATUS_INSUFFICIENT_RESOURCES
 * More than 2^32 - 1 pages: NTSTATUS_INVALID_PARAMETER (ours). The physical side of a segment is one contiguous range: of the
 * documented three forms MDL and page array are not modelled. Cost: O(log of the live segments of the token), expected. */
enum ntstatus iommu_map_reserved_logical_range(struct ddi_adapter *adapter, ddi_handle token, uint64_t offset,
					       uint32_t permissions, uint64_t physical_address, uint64_t size,
					       ddi_handle *segment);

/* IOMMU_UNMAP_RESERVED_LOGICAL_RANGE: NTSTATUS_INVALID_PARAMETER: no mapped segment. Cost as above. */
enum ntstatus iommu_unmap_reserved_logical_range(struct ddi_adapter *adapter, ddi_handle segment);

/* IOMMU_FREE_RESERVED_LOGICAL_ADDRESS_RANGE: NTSTATUS_RESOURCE_IN_USE while a segment is mapped; statuses of a handle. */
enum ntstatus iommu_free_reserved_logical_address_range(struct ddi_adapter *adapter, ddi_handle token, uint32_t cpu);

#ifdef __cplusplus
}
#endif

#endif
