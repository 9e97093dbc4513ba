/* SPDX-License-Identifier: MIT
 *
 * The display-driver room: a model of the Windows driver callbacks over any allocator of allocator.h, with their arguments, rules
 * and status codes. Written from the public driver documentation; never run on Windows. What the documentation leaves open and
 * this model decides is marked "ours". docs/ddi.md maps every call.
 *
 * What holds for every function below:
 *  - Sizes and addresses of the calls are bytes, as in the documentation; names that end in _pages are pages of the space.
 *  - Lowest and highest addresses are inclusive. The documentation means physical addresses; here they limit logical ones (ours).
 *  - A call that does not return NTSTATUS_SUCCESS changes nothing but the counters of struct ddi_failures.
 *  - Pointers are not NULL unless a comment says so.
 *  - The caller serialises the calls on one adapter, also over an IOVA_CONCURRENT allocator. Adapters share no state: threads
 *    with an adapter each may share such an allocator.
 *
 * This header stands on its own with allocator.h, in C11 and in C++11.
 */
#ifndef IOVABENCH_DDI_H
#define IOVABENCH_DDI_H

#include "iovabench/allocator.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An NT status is a signed 32-bit number whose documented form is unsigned hexadecimal. The documentation says STATUS_ for
 * NTSTATUS_. */
#define NTSTATUS_OF(code) ((int32_t)(code))

enum ntstatus {
	NTSTATUS_SUCCESS = 0,
	NTSTATUS_INVALID_HANDLE = NTSTATUS_OF(0xC0000008),    /* never given, or freed since */
	NTSTATUS_INVALID_PARAMETER = NTSTATUS_OF(0xC000000D), /* malformed, or well formed but impossible: ddi_failures */
	NTSTATUS_NO_MEMORY = NTSTATUS_OF(0xC0000017),         /* no room in the space: exhausted or fragmented */
	NTSTATUS_NOT_MAPPED_VIEW = NTSTATUS_OF(0xC0000019),   /* unmap of what is not mapped */
	NTSTATUS_OBJECT_TYPE_MISMATCH = NTSTATUS_OF(0xC0000024), /* a live handle that another call gave */
	NTSTATUS_INVALID_PARAMETER_MIX = NTSTATUS_OF(0xC0000030),
	NTSTATUS_INSUFFICIENT_RESOURCES =
		NTSTATUS_OF(0xC000009A), /* no memory for the model or the allocator's metadata (ours) */
	NTSTATUS_FREE_VM_NOT_AT_BASE = NTSTATUS_OF(0xC000009F),
	NTSTATUS_NOT_SUPPORTED =
		NTSTATUS_OF(0xC00000BB), /* the allocator lacks the capability that the request needs (ours) */
	NTSTATUS_INVALID_PARAMETER_2 = NTSTATUS_OF(0xC00000F0),
	NTSTATUS_INVALID_PARAMETER_3 = NTSTATUS_OF(0xC00000F1),
	NTSTATUS_INVALID_PARAMETER_4 = NTSTATUS_OF(0xC00000F2),
	NTSTATUS_RESOURCE_IN_USE = NTSTATUS_OF(0xC0000708),
};

/* "NTSTATUS_INVALID_HANDLE" and so on; "NTSTATUS_UNKNOWN" for a number that is not above. */
const char *ntstatus_name(enum ntstatus status);

/* The two regimes of docs/ddi.md. */
enum ddi_mode {
	DDI_MODE_REMAP,    /* logical addresses come from the space */
	DDI_MODE_IDENTITY, /* logical = physical; not there yet: refused by ddi_adapter_create */
};

/* What an adapter stands on. The allocator belongs to the caller and outlives the adapter. */
struct ddi_adapter_options {
	const struct iova_allocator *table;
	void *self; /* a created instance of table that manages the space */
	uint64_t
		capabilities; /* IOVA_ bits of all that stands below: a layer passes on what the one under it cannot follow */
	uint64_t space_first; /* page */
	uint64_t space_count; /* pages, >= 1; space_first + space_count <= 2^52 */
	uint64_t page_bytes;  /* a power of two; (space_first + space_count) * page_bytes <= 2^64 */
	enum ddi_mode mode;
};

/* One display adapter with one domain: its live handles and its counters. */
struct ddi_adapter;

/* NULL with *reason = a constant sentence that says what is wrong with the options, what is not supported, or that there is no
 * memory; *reason is left alone on success. */
struct ddi_adapter *ddi_adapter_create(const struct ddi_adapter_options *options, const char **reason);

/* Gives every live extent back to the allocator (on CPU 0) and releases the adapter; returns how many handles were live: the
 * driver's leaks. NULL is ignored. */
uint64_t ddi_adapter_destroy(struct ddi_adapter *adapter);

/* Later calls go to this table and instance: the first ones, or a proxy in front of them, which need not repeat the table's
 * capabilities: those of the options hold; alloc, free and statistics are called. Cost: two stores. */
void ddi_adapter_set_allocator(struct ddi_adapter *adapter, const struct iova_allocator *table, void *self);

/* Makes room for `handles` live handles and touches it, so that calls within it need no memory of the model (a handle whose 2^32
 * generations are used up takes one of them). Returns 0, or -1: no memory, or more than DDI_HANDLES_MAX; what was there stays. */
int ddi_adapter_reserve_handles(struct ddi_adapter *adapter, uint64_t handles);

#define DDI_HANDLES_MAX (UINT64_C(1) << 28)

uint64_t ddi_adapter_live_handles(const struct ddi_adapter *adapter);

/* Calls that did not succeed, by cause. The sum of the first five is the number of allocations that returned
 * NTSTATUS_INVALID_PARAMETER or NTSTATUS_NO_MEMORY. */
struct ddi_failures {
	uint64_t malformed;  /* the arguments break a rule */
	uint64_t impossible; /* well formed, but not even the empty space could hold it */
	uint64_t exhausted;  /* fewer usable pages than needed */
	uint64_t fragmented; /* enough usable pages, no run of them that fits */
	/* No room in a window narrower than the space, and the number of usable pages does not tell whether they lie in it; or a
	 * request with no_drain, which the caller tries again elsewhere. Who sees the free runs may classify these. */
	uint64_t undecided;
	uint64_t unsupported;      /* NTSTATUS_NOT_SUPPORTED */
	uint64_t no_metadata;      /* NTSTATUS_INSUFFICIENT_RESOURCES */
	uint64_t handles_invalid;  /* NTSTATUS_INVALID_HANDLE */
	uint64_t handles_mistyped; /* NTSTATUS_OBJECT_TYPE_MISMATCH */
};

struct ddi_failures ddi_adapter_failures(const struct ddi_adapter *adapter);

/* Names one live object of one adapter: kind, generation and index. 0 is never one. */
typedef uint64_t ddi_handle;

/* MEMORY_CACHING_TYPE. Carried, not judged: it does not change where memory lies. */
enum ddi_cache_type {
	DDI_NON_CACHED = 0,
	DDI_CACHED = 1,
	DDI_WRITE_COMBINED = 2,
};

/* What DXGKARGCB_ALLOCATE_CONTIGUOUS_MEMORY asks for. */
struct ddi_contiguous_request {
	uint64_t number_of_bytes;           /* >= 1, any number: rounded up to pages */
	uint64_t lowest_acceptable_address; /* byte; rounded up to a page */
	uint64_t
		highest_acceptable_address; /* byte, inclusive, >= lowest; 2^64 - 1 = no limit; only whole pages up to it count */
	uint64_t
		boundary_address_multiple; /* bytes, a power of two, never crossed by the rounded size; 0 = none; no alignment */
	uint64_t alignment_pages;          /* ours: a power of two; 0 or 1 = none but the page */
	enum ddi_cache_type cache_type;
	bool no_drain; /* ours: another window will be tried, so the allocator need not empty its caches for this one */
};

/* One extent of the logical space. *memory_handle stays as it was unless the call succeeds. cpu (ours): the logical CPU that
 * calls, below iova_host.cpus of the allocator. pMemory, a CPU address, is not modelled; ddi_contiguous_extent tells the pages.
 *   NTSTATUS_INVALID_PARAMETER  malformed: size 0, boundary or alignment no power of two, lowest > highest
 *                               impossible: the window, the boundary (also one below a page) or the alignment leave no place
 *   NTSTATUS_NO_MEMORY          no room now; exhausted or fragmented by the allocator's count of usable pages
 *   NTSTATUS_NOT_SUPPORTED      the allocator cannot follow a limit, a boundary or an alignment
 *   NTSTATUS_INSUFFICIENT_RESOURCES
 * A window that covers the space, a boundary that cannot be crossed in it and an alignment of one page reach the allocator as no
 * constraint. Cost: O(1) and the allocator's. */
enum ntstatus dxgk_cb_allocate_contiguous_memory(struct ddi_adapter *adapter, const struct ddi_contiguous_request *request,
						 uint32_t cpu, ddi_handle *memory_handle);

/* NTSTATUS_SUCCESS; NTSTATUS_INVALID_HANDLE: 0, unknown, or freed before (ours); NTSTATUS_OBJECT_TYPE_MISMATCH: live, but of
 * another kind (ours). cpu as above. Cost: O(1) and the allocator's. */
enum ntstatus dxgk_cb_free_contiguous_memory(struct ddi_adapter *adapter, ddi_handle memory_handle, uint32_t cpu);

/* What lies behind a live handle of contiguous memory, for audits. Statuses as for freeing, nothing is counted. */
enum ntstatus ddi_contiguous_extent(const struct ddi_adapter *adapter, ddi_handle memory_handle,
				    struct iova_extent *extent);

#ifdef __cplusplus
}
#endif

#endif
