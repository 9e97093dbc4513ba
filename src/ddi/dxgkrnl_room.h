/* SPDX-License-Identifier: MIT
 * The inside of dxgkrnl.h: what the driver was given, and what it is told about it. */
#ifndef DDI_DXGKRNL_ROOM_H
#define DDI_DXGKRNL_ROOM_H

#include "base/rng.h"
#include "ddi/adapter.h"
#include "iovabench/ddi.h"
#include "iovabench/dxgkrnl.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What may be refused, made to fail and told: documented name, page, what it does, and the version that has it. */
#define DXGKRNL_ROUTINES(X)                                                                                                \
	X(MAP_MEMORY, "DxgkCbMapMemory", "DXGKCB_MAP_MEMORY", GIVES, 0)                                                    \
	X(UNMAP_MEMORY, "DxgkCbUnmapMemory", "DXGKCB_UNMAP_MEMORY", ENDS, 0)                                               \
	X(ALLOCATE_CONTIGUOUS, "DxgkCbAllocateContiguousMemory", "DXGKCB_ALLOCATECONTIGUOUSMEMORY", GIVES_OLD, 0x2400)     \
	X(FREE_CONTIGUOUS, "DxgkCbFreeContiguousMemory", "DXGKCB_FREECONTIGUOUSMEMORY", ENDS, 0x2400)                      \
	X(ALLOCATE_PAGES, "DxgkCbAllocatePagesForMdl", "DXGKCB_ALLOCATEPAGESFORMDL", GIVES_OLD, 0x2400)                    \
	X(FREE_PAGES, "DxgkCbFreePagesFromMdl", "DXGKCB_FREEPAGESFROMMDL", ENDS, 0x2400)                                   \
	X(PIN, "DxgkCbPinFrameBufferForSave", "DXGKCB_PINFRAMEBUFFERFORSAVE", GIVES_OLD, 0x2400)                           \
	X(UNPIN, "DxgkCbUnpinFrameBufferForSave", "DXGKCB_UNPINFRAMEBUFFERFORSAVE", ENDS, 0x2400)                          \
	X(MAP_FRAME_BUFFER, "DxgkCbMapFrameBufferPointer", "DXGKCB_MAPFRAMEBUFFERPOINTER", GIVES, 0x2400)                  \
	X(UNMAP_FRAME_BUFFER, "DxgkCbUnmapFrameBufferPointer", "DXGKCB_UNMAPFRAMEBUFFERPOINTER", ENDS, 0x2400)             \
	X(MAP_MDL, "DxgkCbMapMdlToIoMmu", "DXGKCB_MAPMDLTOIOMMU", GIVES_OLD, 0x2400)                                       \
	X(UNMAP_MDL, "DxgkCbUnmapMdlFromIoMmu", "DXGKCB_UNMAPMDLFROMIOMMU", ENDS, 0x2400)                                  \
	X(CREATE_OBJECT, "DxgkCbCreatePhysicalMemoryObject", "DXGKCB_CREATEPHYSICALMEMORYOBJECT", GIVES, 0x2900)           \
	X(DESTROY_OBJECT, "DxgkCbDestroyPhysicalMemoryObject", "DXGKCB_DESTROYPHYSICALMEMORYOBJECT", ENDS, 0x2900)         \
	X(MAP_PHYSICAL, "DxgkCbMapPhysicalMemory", "DXGKCB_MAPPHYSICALMEMORY", GIVES, 0x2900)                              \
	X(UNMAP_PHYSICAL, "DxgkCbUnmapPhysicalMemory", "DXGKCB_UNMAPPHYSICALMEMORY", ENDS, 0x2900)                         \
	X(ALLOCATE_ADL, "DxgkCbAllocateAdl", "DXGKCB_ALLOCATEADL", GIVES, 0x2900)                                          \
	X(FREE_ADL, "DxgkCbFreeAdl", "DXGKCB_FREEADL", ENDS, 0x2900)                                                       \
	X(OPEN_OBJECT, "DxgkCbOpenPhysicalMemoryObject", "DXGKCB_OPENPHYSICALMEMORYOBJECT", GIVES, 0x2900)                 \
	X(CLOSE_OBJECT, "DxgkCbClosePhysicalMemoryObject", "DXGKCB_CLOSEPHYSICALMEMORYOBJECT", ENDS, 0x2900)               \
	X(PIN_2, "DxgkCbPinFrameBufferForSave2", "DXGKCB_PINFRAMEBUFFERFORSAVE2", GIVES, 0x2900)                           \
	X(MM_ALLOCATE, "MmAllocateContiguousMemory", "MmAllocateContiguousMemory", GIVES_MM, 0)                            \
	X(MM_ALLOCATE_CACHE, "MmAllocateContiguousMemorySpecifyCache", "MmAllocateContiguousMemorySpecifyCache", GIVES_MM, \
	  0)                                                                                                               \
	X(MM_ALLOCATE_NODE, "MmAllocateContiguousMemorySpecifyCacheNode", "MmAllocateContiguousMemorySpecifyCacheNode",    \
	  GIVES_MM, 0)                                                                                                     \
	X(MM_ALLOCATE_NODE_MEMORY, "MmAllocateContiguousNodeMemory", "MmAllocateContiguousNodeMemory", GIVES_MM, 0)        \
	X(MM_ALLOCATE_EX, "MmAllocateContiguousMemoryEx", "MmAllocateContiguousMemoryEx", GIVES_MM, 0)                     \
	X(MM_FREE, "MmFreeContiguousMemory", "MmFreeContiguousMemory", ENDS, 0)                                            \
	X(MM_FREE_CACHE, "MmFreeContiguousMemorySpecifyCache", "MmFreeContiguousMemorySpecifyCache", ENDS, 0)              \
	X(MM_PAGES, "MmAllocatePagesForMdl", "MmAllocatePagesForMdl", GIVES_MM, 0)                                         \
	X(MM_PAGES_EX, "MmAllocatePagesForMdlEx", "MmAllocatePagesForMdlEx", GIVES_MM, 0)                                  \
	X(MM_PAGES_NODE, "MmAllocateNodePagesForMdlEx", "MmAllocateNodePagesForMdlEx", GIVES_MM, 0)                        \
	X(MM_FREE_PAGES, "MmFreePagesFromMdl", "MmFreePagesFromMdl", ENDS, 0)                                              \
	X(EX_FREE_POOL, "ExFreePool", "ExFreePool", ENDS, 0)                                                               \
	X(SYSTEM_ADDRESS, "MmGetSystemAddressForMdlSafe", "MmGetSystemAddressForMdlSafe", ENDS, 0)                         \
	X(STOP, "stop", "DXGKDDI_STOP_DEVICE", ENDS, 0)                                                                    \
	X(RESET, "reset", "DXGKDDI_RESETFROMTIMEOUT", ENDS, 0)

enum routine {
#define NAME(id, name, page, does, since) ROUTINE_##id,
	DXGKRNL_ROUTINES(NAME)
#undef NAME
		ROUTINES,
};

/* What a finding may be about, by its name in docs/ddi.md. */
#define DXGKRNL_RULES(X)                                                                                                   \
	X(DOUBLE_FREE, "double-free", "what was given back is gone: it is not given back, closed or unmapped again")       \
	X(AFTER_FREE, "use-after-free", "what was given back is not used any more")                                        \
	X(MDL_LIFETIME, "mdl-lifetime",                                                                                    \
	  "an MDL lives, with its pages, as long as it is mapped, and is not used afterwards")                             \
	X(WRONG_KIND, "wrong-kind", "each kind of memory is given back by the routine that belongs to it")                 \
	X(UNKNOWN, "unknown-object", "handles and pointers are those that a call gave")                                    \
	X(PART, "part-of-mapping", "a mapping ends as a whole: by the very address, and the size, that mapping it gave")   \
	X(ARGUMENT, "argument", "arguments keep the rules of their page")                                                  \
	X(IN_USE, "in-use", "what is in use is not opened, pinned or given back")                                          \
	X(UNLOCKED, "unlocked-under-adl",                                                                                  \
	  "no memory object is closed or destroyed while an ADL of it lives (bug check 0x1E4, 5)")                         \
	X(OBJECT_LEAKED, "object-leaked", "memory objects are closed before the adapter stops (bug check 0x1E4, 6)")       \
	X(ADL_LEAKED, "adl-leaked", "ADLs are freed before the adapter stops (bug check 0x1E4, 7)")                        \
	X(LEAKED, "leaked", "all memory is given back before the adapter stops")                                           \
	X(IRQL, "irql", "a routine is called from the level of its page or below")                                         \
	X(OLD_CALLBACK, "old-callback",                                                                                    \
	  "with DMA remapping the callbacks of WDDM 2.4 cannot be used (iommu-dma-remapping)")                             \
	X(MM_ROUTINE, "mm-routine",                                                                                        \
	  "a driver that opted in to isolation does not call the Mm routines (iommu-based-gpu-isolation)")                 \
	X(VERSION, "not-in-version", "a member belongs to the version that the interface tells")

enum rule {
#define NAME(id, name, says) RULE_##id,
	DXGKRNL_RULES(NAME)
#undef NAME
		RULES,
};

enum object {
	OBJECT_NONE,
	OBJECT_CONTIGUOUS,
	OBJECT_MDL,
	OBJECT_MDL_MAP,
	OBJECT_MEMORY,
	OBJECT_OPENED,
	OBJECT_ADL,
	OBJECT_VIEW,
	OBJECT_MM_BLOCK,
	OBJECT_MM_MDL,
	OBJECT_PHYSICAL_VIEW,
};

/* Something that the driver was given: by the index of its handle in the adapter, or among views. */
struct tracked {
	void *name;        /* handle or pointer that the driver has; NULL: nothing lives here */
	ddi_handle handle; /* of an Mm block: its base address */
	uint64_t bytes;
	uint64_t born; /* number of the call */
	uint64_t died;
	void *memory; /* released when it ends: CPU memory, MDL or ADL */
	uint64_t memory_bytes;
	uint64_t context; /* of a memory object; of an MDL: of what maps it; of a physical view: its object */
	void *cpu;        /* of an MDL or memory object: CPU memory, once asked for */
	uint8_t object, born_by, died_by;
	bool pages_freed; /* of an Mm MDL */
};

/* What ended last, for findings. Memory in it is not reused, so that stale pointers are told as such. */
#define DEAD_KEPT 4096u
#define FAULTS_MAX 8u
#define LINKED_MAX 8u

struct fault {
	int routine; /* of enum routine; -1: any that gives */
	uint64_t nth;
	uint64_t bytes;
	double probability; /* 0: always */
	struct rng rng;
	uint64_t passed; /* calls that the other keys let pass */
};

struct pin {
	ddi_handle handle, object, opened;
	struct tracked adl_or_mdl; /* memory of the driver's structure; name NULL: nothing is pinned */
	struct tracked last;       /* what was unpinned last, for findings; name NULL: nothing was */
	void *save;                /* the section, once a pointer was mapped */
};

struct dxgkrnl {
	struct ddi_adapter *adapter;
	DXGKRNL_INTERFACE *interface;
	uint64_t secret; /* over handles, so that those of other adapters are told apart */
	uint32_t version;
	bool strict;
	bool look; /* strict, or a version without some member, or faults: calls look closer */
	bool no_memory;
	uint64_t save_bytes;
	uint32_t linked;
	dxgkrnl_report report;
	void *context;
	struct dxgkrnl_counts counts;
	struct tracked *objects; /* by handle index */
	size_t object_capacity;
	struct tracked *views; /* of physical memory and frame buffers, in no order */
	size_t view_count, view_capacity;
	struct address_map pointers; /* MDLs, ADLs and Mm blocks that live: address → index in objects */
	struct tracked *dead;        /* DEAD_KEPT of them, a ring */
	uint64_t died;               /* ever */
	struct fault faults[FAULTS_MAX];
	unsigned fault_count;
	struct pin pins[LINKED_MAX];
};

const char *routine_name(enum routine routine);
const char *routine_page(enum routine routine);

/* The current one, which calls without an adapter speak to, or NULL. */
extern struct dxgkrnl *_Atomic current_dxgkrnl;
static inline struct dxgkrnl *dxgkrnl_current(void)
{
	return atomic_load_explicit(&current_dxgkrnl, memory_order_acquire);
}

/* Among those that are not current. */
struct dxgkrnl *dxgkrnl_search(HANDLE device);

/* The adapter of a handle, or NULL. */
static inline struct dxgkrnl *dxgkrnl_of(HANDLE device)
{
	struct dxgkrnl *current = dxgkrnl_current();
	return __builtin_expect(device && device == (HANDLE)current, 1) ? current : dxgkrnl_search(device);
}

/* The one that has such a live handle, whatever its kind, else the current one, or NULL. */
struct dxgkrnl *dxgkrnl_of_object(HANDLE handle);

static inline HANDLE to_driver(const struct dxgkrnl *dxgkrnl, ddi_handle handle)
{
	return (HANDLE)(uintptr_t)(handle ^ dxgkrnl->secret);
}

static inline ddi_handle from_driver(const struct dxgkrnl *dxgkrnl, HANDLE handle)
{
	return handle ? (uint64_t)(uintptr_t)handle ^ dxgkrnl->secret : 0;
}

/* The rest of dxgkrnl_enter and of dxgkrnl_leave. */
bool dxgkrnl_looks(struct dxgkrnl *dxgkrnl, enum routine routine, uint64_t bytes, NTSTATUS *status);
NTSTATUS dxgkrnl_judge(struct dxgkrnl *dxgkrnl, enum routine routine, NTSTATUS status, void *name);

/* Begins a call. False: it is refused or made to fail with *status. */
static inline bool dxgkrnl_enter(struct dxgkrnl *dxgkrnl, enum routine routine, uint64_t bytes, NTSTATUS *status)
{
	dxgkrnl->counts.calls++;
	return __builtin_expect(!dxgkrnl->look, 1) || dxgkrnl_looks(dxgkrnl, routine, bytes, status);
}

/* Ends it: tells what broke a rule, by its status and by what was counted since. name: what the driver spoke of, or NULL.
 * Returns status. */
static inline NTSTATUS dxgkrnl_leave(struct dxgkrnl *dxgkrnl, enum routine routine, NTSTATUS status, void *name)
{
	if (__builtin_expect(status == STATUS_SUCCESS && !dxgkrnl->adapter->trap, 1))
		return status;
	return dxgkrnl_judge(dxgkrnl, routine, status, name);
}

/* The same of calls without a status, after the adapter counted a violation or the pointer was none. */
void dxgkrnl_blame(struct dxgkrnl *dxgkrnl, enum routine routine, void *name);
void dxgkrnl_find(struct dxgkrnl *dxgkrnl, enum routine routine, enum rule rule, NTSTATUS status,
		  const struct tracked *object, void *name);

/* A new live object in the slot of its handle; NULL without memory. with_pointer: it is found by name, too. */
struct tracked *track(struct dxgkrnl *dxgkrnl, enum object object, enum routine by, uint32_t index, void *name,
		      uint64_t bytes);
struct tracked *track_pointer(struct dxgkrnl *dxgkrnl, enum object object, enum routine by, uint32_t index, void *name,
			      uint64_t bytes);
/* Makes sure that tracking cannot fail. false: no memory. */
bool track_prepare(struct dxgkrnl *dxgkrnl, bool pointer);
/* The live object of a pointer or handle, or NULL. */
struct tracked *tracked_pointer(struct dxgkrnl *dxgkrnl, const void *pointer);
struct tracked *tracked_handle(struct dxgkrnl *dxgkrnl, HANDLE handle);
/* It ended: its memory is kept for a while, where a sanitizer finds who touches it. */
void untrack(struct dxgkrnl *dxgkrnl, struct tracked *object, enum routine by);
/* Page-aligned zeroed memory, of which a sanitizer guards the end; NULL. Released with free. */
void *dxgkrnl_memory(uint64_t bytes);

/* After strict, version or faults have changed. */
void dxgkrnl_set_look(struct dxgkrnl *dxgkrnl);
bool fault_hits(struct dxgkrnl *dxgkrnl, enum routine routine, uint64_t bytes);

/* An MDL over frames of the adapter's MDL, or NULL. */
MDL *dxgkrnl_make_mdl(struct dxgkrnl *dxgkrnl, ddi_handle mdl);
uint64_t dxgkrnl_mdl_bytes(uint64_t pages);
/* The structure of an ADL, with its page array, or NULL; its size. */
DXGK_ADL *dxgkrnl_make_adl(const struct dxgkrnl *dxgkrnl, const struct ddi_adl *adl);
uint64_t dxgkrnl_adl_bytes(const struct ddi_adl *adl);
void dxgkrnl_fill_interface(struct dxgkrnl *dxgkrnl);
void dxgkrnl_fill_objects(DXGKRNL_INTERFACE *interface);
void dxgkrnl_fill_frame_buffers(DXGKRNL_INTERFACE *interface);
uint64_t dxgkrnl_not_modelled(void);
uint32_t dxgkrnl_interface_bytes(uint32_t version);

#endif
