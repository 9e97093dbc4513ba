/* SPDX-License-Identifier: MIT
 *
 * What the driver calls of ddi.h stand on: the physical side, adapters, and what they count. ddi.h tells what holds for all of
 * them.
 *
 * This header stands on its own with allocator.h and ntstatus.h, in C11 and in C++11.
 */
#ifndef IOVABENCH_DDI_ADAPTER_H
#define IOVABENCH_DDI_ADAPTER_H

#include "iovabench/allocator.h"
#include "iovabench/ntstatus.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The two regimes of docs/ddi.md. */
enum ddi_mode {
	DDI_MODE_REMAP, /* logical addresses come from the space */
	/* Logical = physical: the physical side decides, and the space receives memory at that address. Needs a physical side
	 * and an allocator with IOVA_EXPLICIT. */
	DDI_MODE_IDENTITY,
};

/* Version of the display driver model: decides what is fatal. */
enum ddi_wddm {
	DDI_WDDM_3_0 = 0,
	DDI_WDDM_2_4,
	/* A Dxgk call at DISPATCH_LEVEL or above is fatal, but for mapping and unmapping device memory; of
	 * DxgkCbPinFrameBufferForSave2 this is ours. */
	DDI_WDDM_3_2,
};

/* The physical side: a pool of frames [0, frames), of which frame 0 is never given. In a broken 2 MiB frame (512 frames,
 * aligned) every other frame belongs to somebody else, so that no page of it has a neighbour; the other 2 MiB frames are
 * whole. Frames are given lowest first. It is the same for every allocator under test, and its time is never an allocator's
 * (ours). */
struct ddi_physical;

#define DDI_FRAMES_MAX (UINT64_C(1) << 32)

struct ddi_physical_options {
	uint64_t frames;          /* >= 2, <= DDI_FRAMES_MAX */
	uint32_t scatter_percent; /* share of the whole 2 MiB frames that are broken up, 0 to 100; rounded to a frame */
	uint64_t seed;            /* decides which */
};

/* NULL with *reason = a constant sentence. Memory: one bit a frame and at most 64 bytes for 512 frames, touched here. */
struct ddi_physical *ddi_physical_create(const struct ddi_physical_options *options, const char **reason);

/* To be called after its adapters are destroyed. NULL is ignored. */
void ddi_physical_destroy(struct ddi_physical *physical);

/* Takes what is free of frames [first, first + count) out of the pool for good: in identity mode the holes of the logical
 * space. What lies outside the pool is ignored. Cost: O(count / 64). */
void ddi_physical_reserve(struct ddi_physical *physical, uint64_t first, uint64_t count);

uint64_t ddi_physical_free_frames(const struct ddi_physical *physical);

/* NULL, or a sentence that says which invariant does not hold. Recounts every frame; for tests. */
const char *ddi_physical_broken_invariant(const struct ddi_physical *physical);

/* count pages from logical page `logical` begin to lead to frames from `frame` on (mapped), or cease to. */
typedef void (*ddi_map_event)(void *context, uint64_t logical, uint64_t frame, uint64_t count, bool mapped);

/* What an adapter stands on. The allocator belongs to the caller and outlives the adapter. Zero is the default of what follows
 * mode. */
#define DDI_ADAPTERS_MAX 16u

struct ddi_adapter_options {
	const struct iova_allocator *table;
	void *self; /* a created instance of table that manages the space */
	/* IOVA_ bits of all that stands below: a layer passes on what the one under it cannot follow. */
	uint64_t capabilities;
	uint64_t space_first; /* page */
	uint64_t space_count; /* pages, >= 1; space_first + space_count <= 2^52 */
	uint64_t page_bytes;  /* a power of two; (space_first + space_count) * page_bytes <= 2^64 */
	enum ddi_mode mode;
	enum ddi_wddm wddm;
	/* The caller's; outlives the adapter. NULL: contiguous memory has no frames; MDLs, memory objects and the Mm
	 * routines are not supported. */
	struct ddi_physical *physical;
	/* Remap mode with a physical side: limits, boundaries and windows of Dxgk calls are those of frames, as the
	 * documentation says, and logical addresses come from anywhere. Otherwise they limit logical addresses (ours). */
	bool limits_on_frames;
	/* Of several adapters of a system, below DDI_ADAPTERS_MAX: handles and base addresses of one are none of another's. */
	uint32_t number;
	uint32_t nodes; /* NUMA nodes that requests may name; 0 = 1. All frames are on every node (ours) */
	/* The CPU address space of dxgk_cb_map_memory: a second instance over pages [view_first, view_first + view_count),
	 * with the rules of the first. view_table NULL: the call returns NTSTATUS_NOT_SUPPORTED. */
	const struct iova_allocator *view_table;
	void *view_self;
	uint64_t view_first;
	uint64_t view_count;
	/* Called for every mapping of pages whose frames are known, after the allocator. NULL: none. */
	ddi_map_event map_event;
	void *map_context;
};

/* One display adapter with one domain: its live handles and its counters. */
struct ddi_adapter;

/* NULL with *reason = a constant sentence that says what is wrong with the options, what is not supported, or that there is no
 * memory; *reason is left alone on success. */
struct ddi_adapter *ddi_adapter_create(const struct ddi_adapter_options *options, const char **reason);

/* Gives every live extent back to the allocator (on CPU 0) and every frame to the pool, and releases the adapter; returns how
 * many handles were live: the driver's leaks. No map events. NULL is ignored. */
uint64_t ddi_adapter_destroy(struct ddi_adapter *adapter);

/* Frees everything of the driver at once, as after a timeout: every handle is stale from then on, and counters stay. Returns
 * how many handles were live. No map events. Cost: O(handles that ever lived at once + what they hold). */
uint64_t ddi_adapter_reset(struct ddi_adapter *adapter);

/* Later calls go to this table and instance: the first ones, or a proxy in front of them, which need not repeat the table's
 * capabilities; alloc, free, place and statistics are called, one or several times in a call. Cost: two stores. The same for
 * the instance of dxgk_cb_map_memory. */
void ddi_adapter_set_allocator(struct ddi_adapter *adapter, const struct iova_allocator *table, void *self);
void ddi_adapter_set_view_allocator(struct ddi_adapter *adapter, const struct iova_allocator *table, void *self);

/* Makes room for `handles` live handles and touches it, so that calls within it need no memory of the model (a handle whose
 * 2^32 generations are used up takes one of them). At most 64 bytes each. Returns 0, or -1: no memory, or more than
 * DDI_HANDLES_MAX; what was there stays. Two are taken by dxgk_cb_allocate_pages_for_mdl and by a memory object that is open,
 * one by everything else that lives; Mm blocks and views of device memory take one, too. */
int ddi_adapter_reserve_handles(struct ddi_adapter *adapter, uint64_t handles);

#define DDI_HANDLES_MAX ((UINT64_C(1) << 28) - 1)

/* The same for lists: an MDL or memory object keeps its first run of frames in its handle, a mapping its first extent; of
 * what follows 7 runs or 2 extents take a block of 64 bytes. The worst case is one run a page. An object of 32 runs or more
 * of which ADLs are taken at an offset takes one more for every 6; where there is no memory for that, its runs are walked.
 * Returns 0 or -1. */
int ddi_adapter_reserve_blocks(struct ddi_adapter *adapter, uint64_t blocks);

/* The same for live views of dxgk_cb_map_memory: 32 bytes each at most. Returns 0 or -1. */
int ddi_adapter_reserve_views(struct ddi_adapter *adapter, uint64_t views);

/* The same for live blocks of mm_allocate_contiguous_memory and its kin: 32 bytes each at most. Returns 0 or -1. */
int ddi_adapter_reserve_mm_blocks(struct ddi_adapter *adapter, uint64_t blocks);

uint64_t ddi_adapter_live_handles(const struct ddi_adapter *adapter);

/* Where the driver is when it calls. The default is passive. */
enum ddi_irql {
	DDI_PASSIVE_LEVEL = 0,
	DDI_APC_LEVEL = 1,
	DDI_DISPATCH_LEVEL = 2,
};

/* Later calls come from this level (ours: the level is no argument). Mapping and unmapping device memory want PASSIVE_LEVEL,
 * the other Dxgk calls APC_LEVEL or below (so the articles; the pages say PASSIVE_LEVEL), the Mm routines DISPATCH_LEVEL or
 * below. The pages of the HAL calls leave it blank: DISPATCH_LEVEL or below (ours). A call from above counts as a violation
 * and is served all the same (ours), unless it is fatal. */
void ddi_adapter_set_irql(struct ddi_adapter *adapter, enum ddi_irql irql);

/* VIDEO_DXGKRNL_SYSMM_FATAL_ERROR. Its subcodes are documented as sentences; which call raises which is ours where it is not
 * the very sentence. Others than these (1 to 4, 8 to 0xA) are about what is not modelled. */
#define DDI_BUG_CHECK_SYSMM 0x1E4u
enum ddi_sysmm_subcode {
	DDI_SYSMM_UNLOCKED_UNDER_ADL =
		0x5, /* "memory is being unlocked while ADLs exist": an object destroyed under a live ADL,
						  which is documented to stop the machine, though not with which code */
	DDI_SYSMM_ADAPTER_OBJECT_LEAKED = 0x6, /* "adapter objects were leaked" */
	DDI_SYSMM_ADL_LEAKED = 0x7,            /* "ADL leaked" */
};

/* Why Windows would have stopped the machine. */
struct ddi_bug_check {
	uint32_t code;    /* DDI_BUG_CHECK_SYSMM; 0: the documentation tells none */
	uint32_t subcode; /* of enum ddi_sysmm_subcode; 0: none */
	const char *why;  /* a sentence with both; constant */
};

/* NULL, or what happened, which is constant. From then on every call of the driver returns NTSTATUS_UNSUCCESSFUL, 0 or
 * nothing, and changes nothing; no counter either. */
const struct ddi_bug_check *ddi_adapter_fatal(const struct ddi_adapter *adapter);

/* The driver says that it has freed everything, as when its device is stopped. Fatal when ADLs live, or else when memory
 * objects are open on the adapter (that leaks are found now, and ADLs first, is ours). What else lives is no bug check that
 * any page names: ddi_adapter_leaks counts it. Nothing is given back, and without a leak calls may go on. Returns what
 * ddi_adapter_fatal does. */
const struct ddi_bug_check *ddi_adapter_stop(struct ddi_adapter *adapter);

/* Calls that did not succeed, by cause. The sum of the first five is the number of allocations that returned
 * NTSTATUS_INVALID_PARAMETER, NTSTATUS_NO_MEMORY, or, for HAL ranges, one of NTSTATUS_INVALID_PARAMETER_2, _3, _4, _MIX. */
struct ddi_failures {
	uint64_t malformed;  /* the arguments break a rule */
	uint64_t impossible; /* well formed, but not even the empty space could hold it */
	uint64_t exhausted;  /* fewer usable pages than needed */
	uint64_t fragmented; /* enough usable pages, no run of them that fits */
	/* No room in a window narrower than the space, and the number of usable pages does not tell whether they lie in it; or
	 * a request with no_drain, which the caller tries again elsewhere. Who sees the free runs may classify these. */
	uint64_t undecided;
	uint64_t unsupported;         /* NTSTATUS_NOT_SUPPORTED */
	uint64_t no_metadata;         /* NTSTATUS_INSUFFICIENT_RESOURCES */
	uint64_t handles_invalid;     /* NTSTATUS_INVALID_HANDLE */
	uint64_t handles_mistyped;    /* NTSTATUS_OBJECT_TYPE_MISMATCH */
	uint64_t in_use;              /* NTSTATUS_RESOURCE_IN_USE */
	uint64_t not_mapped;          /* NTSTATUS_NOT_MAPPED_VIEW; NTSTATUS_INVALID_PARAMETER of a HAL unmap */
	uint64_t physical_exhausted;  /* NTSTATUS_NO_MEMORY or NULL: too few free frames in the pool or the window */
	uint64_t physical_fragmented; /* the same: enough free frames, no run that fits */
	uint64_t partial;             /* no failure: Mm calls that gave an MDL of fewer pages than asked for */
};

struct ddi_failures ddi_adapter_failures(const struct ddi_adapter *adapter);

/* Broken rules of calls that have no status, and of the interrupt level. */
struct ddi_violations {
	uint64_t unmap_mdl;      /* UnmapMdlFromIoMmu of what is no live map */
	uint64_t free_adl;       /* FreeAdl of what is no live ADL */
	uint64_t close_object;   /* Close of what is no open adapter object, or of one with a live ADL */
	uint64_t destroy_object; /* Destroy of what is no live object, or of one that stays open */
	uint64_t mm_not_at_base; /* Mm free of no base address, or of one that was freed: NTSTATUS_FREE_VM_NOT_AT_BASE */
	/* MmFreeContiguousMemorySpecifyCache of another size or cache type, or of a block that MmAllocateContiguousMemory
	 * gave. */
	uint64_t mm_mismatched;
	uint64_t mdl_free_pages;         /* MmFreePagesFromMdl of no Mm MDL, or twice */
	uint64_t mdl_freed_while_mapped; /* an MDL must outlive its map */
	uint64_t mdl_free_pool;          /* ExFreePool of no Mm MDL, twice, or before its pages were freed */
	uint64_t irql;                   /* calls from too high a level */
};

struct ddi_violations ddi_adapter_violations(const struct ddi_adapter *adapter);

/* What the driver still holds. */
struct ddi_leaks {
	uint64_t handles; /* all live ones; an open memory object is two */
	/* Of these: */
	uint64_t mdl_structures;  /* MDLs after MmFreePagesFromMdl that wait for ExFreePool */
	uint64_t adapter_objects; /* memory objects that are open; fatal when the adapter is stopped */
	uint64_t adls;            /* likewise */
};

struct ddi_leaks ddi_adapter_leaks(const struct ddi_adapter *adapter);

/* The longest free run of the space inside [lowest, highest] (bytes, inclusive), in pages, as visit_free of the table shows
 * it: usable runs only. For audits; the table that is set must have visit_free. Cost: O(free runs). */
uint64_t ddi_adapter_largest_free_pages(struct ddi_adapter *adapter, uint64_t lowest, uint64_t highest);

/* Names one live object of one adapter: kind, generation and index. 0 is never one. */
typedef uint64_t ddi_handle;

/* Leaf entries of a page table with leaves of 4 KiB, 2 MiB and 1 GiB (1, 512 and 512 * 512 pages). */
struct ddi_leaves {
	uint64_t leaves_1gib;
	uint64_t leaves_2mib;
	uint64_t leaves_4kib;
};

/* Adds the fewest leaves that map count pages from `logical` on to frames from `frame` on: a large leaf needs both addresses
 * to be multiples of its size. Cost: O(1). */
void ddi_count_leaves(uint64_t logical, uint64_t frame, uint64_t count, struct ddi_leaves *leaves);

/* What placements cost. Page-array bytes: 8 a page, the array of an MDL or of an ADL that is not contiguous; a contiguous ADL
 * saves its own. */
struct ddi_placement {
	uint64_t mappings; /* of one handle: 1; of one MDL: 0 */
	uint64_t pages;
	uint64_t extents;         /* contiguous logical extents behind them */
	uint64_t frame_runs;      /* contiguous physical runs behind them; 0 without frames */
	struct ddi_leaves leaves; /* 0 without frames */
	uint64_t page_array_bytes;
	uint64_t page_array_bytes_saved;
};

enum ddi_call {
	DDI_CALL_CONTIGUOUS,
	DDI_CALL_MDL, /* allocated or mapped */
	DDI_CALL_ADL,
	DDI_CALL_RESERVED, /* HAL: mapped segments */
	DDI_CALLS,
};

/* The sums over all successful calls of a kind that knew their frames: contiguous memory without a physical side is not
 * counted. */
struct ddi_placement ddi_adapter_placements(const struct ddi_adapter *adapter, enum ddi_call call);

/* What one live handle costs, of contiguous memory, an allocated or mapped MDL, an ADL or a HAL segment; of an MDL (pMdl) its
 * pages, runs and page array. Statuses as for freeing, nothing is counted. Cost: O(extents + runs). */
enum ntstatus ddi_placement_of(const struct ddi_adapter *adapter, ddi_handle handle, struct ddi_placement *placement);

/* Shows the logical extents of a live handle of contiguous memory, an allocated or mapped MDL, an ADL or a HAL token, in the
 * order of its pages, as the allocator gave them: granted may exceed what was asked. For audits; nothing is counted. */
typedef void (*ddi_visit_extent)(void *context, const struct iova_extent *extent);
enum ntstatus ddi_visit_extents(const struct ddi_adapter *adapter, ddi_handle handle, ddi_visit_extent visit,
				void *context);

/* DXGK_MEMORY_CACHING_TYPE, and of MEMORY_CACHING_TYPE those that are not reserved for the system. Carried: it does not change
 * where memory lies. Any other is malformed (the status is ours). */
enum ddi_cache_type {
	DDI_NON_CACHED = 0,
	DDI_CACHED = 1,
	DDI_WRITE_COMBINED = 2,
};

#ifdef __cplusplus
}
#endif

#endif
