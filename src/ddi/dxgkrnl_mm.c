/* SPDX-License-Identifier: MIT
 * The Mm routines and levels of the current adapter. A block is memory of the program; behind it are frames of the model. */
#include "ddi/dxgkrnl_room.h"

#include <stdlib.h>

/* Between a routine and the model: gives the block its memory. */
static PVOID block(struct dxgkrnl *dxgkrnl, enum routine routine, uint64_t bytes, uint64_t base, uint64_t malformed)
{
	uint32_t index;
	if (!base) {
		if (dxgkrnl->adapter->failures.malformed != malformed)
			dxgkrnl_leave(dxgkrnl, routine, STATUS_INVALID_PARAMETER, NULL);
		return NULL;
	}
	void *memory = dxgkrnl_memory(bytes);
	if (!memory) {
		mm_free_contiguous_memory(dxgkrnl->adapter, base);
		return NULL;
	}
	bool found = address_map_find(&dxgkrnl->adapter->blocks_at, base >> dxgkrnl->adapter->page_shift, &index);
	assert(found);
	(void)found;
	struct tracked *made = track_pointer(dxgkrnl, OBJECT_MM_BLOCK, routine, index, memory, bytes);
	made->handle = base;
	made->memory = memory;
	made->memory_bytes = bytes;
	dxgkrnl_leave(dxgkrnl, routine, STATUS_SUCCESS, NULL);
	return memory;
}

PVOID MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_current();
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_MM_ALLOCATE, NumberOfBytes, &status) ||
	    !track_prepare(dxgkrnl, true))
		return NULL;
	uint64_t malformed = dxgkrnl->adapter->failures.malformed;
	uint64_t base =
		mm_allocate_contiguous_memory(dxgkrnl->adapter, NumberOfBytes, (uint64_t)HighestAcceptableAddress.QuadPart);
	return block(dxgkrnl, ROUTINE_MM_ALLOCATE, NumberOfBytes, base, malformed);
}

/* NULL with *status why. */
static PVOID allocate(enum routine routine, SIZE_T bytes, PHYSICAL_ADDRESS lowest, PHYSICAL_ADDRESS highest,
		      PHYSICAL_ADDRESS boundary, MEMORY_CACHING_TYPE cache_type, NODE_REQUIREMENT node, NTSTATUS *status)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_current();
	*status = STATUS_UNSUCCESSFUL;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, routine, bytes, status))
		return NULL;
	*status = STATUS_INSUFFICIENT_RESOURCES;
	if (!track_prepare(dxgkrnl, true))
		return NULL;
	uint64_t malformed = dxgkrnl->adapter->failures.malformed;
	uint64_t base = mm_allocate_contiguous_memory_specify_cache_node(
		dxgkrnl->adapter, bytes, (uint64_t)lowest.QuadPart, (uint64_t)highest.QuadPart, (uint64_t)boundary.QuadPart,
		(enum ddi_cache_type)cache_type, node);
	if (dxgkrnl->adapter->failures.malformed != malformed)
		*status = STATUS_INVALID_PARAMETER;
	PVOID memory = block(dxgkrnl, routine, bytes, base, malformed);
	*status = memory ? STATUS_SUCCESS : *status;
	return memory;
}

static PVOID specify_cache(enum routine routine, SIZE_T bytes, PHYSICAL_ADDRESS lowest, PHYSICAL_ADDRESS highest,
			   PHYSICAL_ADDRESS boundary, MEMORY_CACHING_TYPE cache_type, NODE_REQUIREMENT node)
{
	NTSTATUS status;
	return allocate(routine, bytes, lowest, highest, boundary, cache_type, node, &status);
}

PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
					     PHYSICAL_ADDRESS HighestAcceptableAddress,
					     PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE CacheType)
{
	return specify_cache(ROUTINE_MM_ALLOCATE_CACHE, NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress,
			     BoundaryAddressMultiple, CacheType, MM_ANY_NODE_OK);
}

PVOID MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
						 PHYSICAL_ADDRESS HighestAcceptableAddress,
						 PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE CacheType,
						 NODE_REQUIREMENT PreferredNode)
{
	return specify_cache(ROUTINE_MM_ALLOCATE_NODE, NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress,
			     BoundaryAddressMultiple, CacheType, PreferredNode);
}

/* No cache type at all, which the model calls malformed, for a protection that the pages do not have. */
static MEMORY_CACHING_TYPE type_of(ULONG protect)
{
	ULONG caching = protect & (PAGE_NOCACHE | PAGE_WRITECOMBINE), access = protect & ~caching;
	if ((access != PAGE_READWRITE && access != PAGE_EXECUTE_READWRITE) || caching == (PAGE_NOCACHE | PAGE_WRITECOMBINE))
		return (MEMORY_CACHING_TYPE)(MmWriteCombined + 1);
	return caching == PAGE_NOCACHE ? MmNonCached : caching == PAGE_WRITECOMBINE ? MmWriteCombined : MmCached;
}

PVOID MmAllocateContiguousNodeMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
				     PHYSICAL_ADDRESS HighestAcceptableAddress, PHYSICAL_ADDRESS BoundaryAddressMultiple,
				     ULONG Protect, NODE_REQUIREMENT PreferredNode)
{
	return specify_cache(ROUTINE_MM_ALLOCATE_NODE_MEMORY, NumberOfBytes, LowestAcceptableAddress,
			     HighestAcceptableAddress, BoundaryAddressMultiple, type_of(Protect), PreferredNode);
}

NTSTATUS MmAllocateContiguousMemoryEx(PSIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
				      PHYSICAL_ADDRESS HighestAcceptableAddress, PHYSICAL_ADDRESS BoundaryAddressMultiple,
				      NODE_REQUIREMENT PreferredNode, ULONG Protect, PVOID PartitionObject, ULONG Tag,
				      ULONG Flags, PVOID *BaseAddress)
{
	NTSTATUS status;
	MEMORY_CACHING_TYPE type = type_of(Protect);
	(void)Tag;
	/* Partitions are the memory manager's. */
	if (PartitionObject || Flags & ~MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY)
		type = (MEMORY_CACHING_TYPE)(MmWriteCombined + 1);
	*BaseAddress = allocate(ROUTINE_MM_ALLOCATE_EX, *NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress,
				BoundaryAddressMultiple, type, PreferredNode, &status);
	if (status == STATUS_SUCCESS)
		*NumberOfBytes = (*NumberOfBytes + PAGE_SIZE - 1) & ~(SIZE_T)(PAGE_SIZE - 1);
	return status;
}

/* The live block of a base address; NULL, told, when it is none. */
static struct tracked *block_of(struct dxgkrnl *dxgkrnl, enum routine routine, void *base)
{
	struct tracked *found = tracked_pointer(dxgkrnl, base);
	if (found && found->object == OBJECT_MM_BLOCK)
		return found;
	dxgkrnl_blame(dxgkrnl, routine, base);
	return NULL;
}

VOID MmFreeContiguousMemory(PVOID BaseAddress)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_current();
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_MM_FREE, 0, &status))
		return;
	struct tracked *found = block_of(dxgkrnl, ROUTINE_MM_FREE, BaseAddress);
	if (!found)
		return;
	mm_free_contiguous_memory(dxgkrnl->adapter, found->handle);
	if (!dxgkrnl->adapter->fatal)
		untrack(dxgkrnl, found, ROUTINE_MM_FREE);
	dxgkrnl_leave(dxgkrnl, ROUTINE_MM_FREE, STATUS_SUCCESS, NULL);
}

VOID MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_current();
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_MM_FREE_CACHE, 0, &status))
		return;
	struct tracked *found = block_of(dxgkrnl, ROUTINE_MM_FREE_CACHE, BaseAddress);
	if (!found)
		return;
	uint64_t before = dxgkrnl->adapter->violations.mm_mismatched;
	mm_free_contiguous_memory_specify_cache(dxgkrnl->adapter, found->handle, NumberOfBytes,
						(enum ddi_cache_type)CacheType);
	if (dxgkrnl->adapter->violations.mm_mismatched != before)
		dxgkrnl_find(dxgkrnl, ROUTINE_MM_FREE_CACHE, RULE_ARGUMENT, STATUS_SUCCESS, found, NULL);
	else if (!dxgkrnl->adapter->fatal)
		untrack(dxgkrnl, found, ROUTINE_MM_FREE_CACHE);
	dxgkrnl_leave(dxgkrnl, ROUTINE_MM_FREE_CACHE, STATUS_SUCCESS, NULL);
}

static PMDL pages(enum routine routine, PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS skip, SIZE_T bytes,
		  MEMORY_CACHING_TYPE cache_type, ULONG node, ULONG flags)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_current();
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, routine, bytes, &status) || !track_prepare(dxgkrnl, true))
		return NULL;
	uint64_t malformed = dxgkrnl->adapter->failures.malformed;
	ddi_handle mdl = mm_allocate_node_pages_for_mdl_ex(dxgkrnl->adapter, (uint64_t)low.QuadPart,
							   (uint64_t)high.QuadPart, (uint64_t)skip.QuadPart, bytes,
							   (enum ddi_cache_type)cache_type, node, flags);
	MDL *made = mdl ? dxgkrnl_make_mdl(dxgkrnl, mdl) : NULL;
	if (mdl && !made) {
		mm_free_pages_from_mdl(dxgkrnl->adapter, mdl);
		ex_free_pool(dxgkrnl->adapter, mdl);
	}
	bool wrong = dxgkrnl->adapter->failures.malformed != malformed;
	if (made) {
		struct tracked *tracked =
			track_pointer(dxgkrnl, OBJECT_MM_MDL, routine, handle_index(mdl), made, made->ByteCount);
		tracked->handle = mdl;
		tracked->memory = made;
		tracked->memory_bytes = dxgkrnl_mdl_bytes(((uint64_t)made->ByteCount + PAGE_SIZE - 1) / PAGE_SIZE);
	}
	dxgkrnl_leave(dxgkrnl, routine, wrong ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS, NULL);
	return made;
}

PMDL MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
			   SIZE_T TotalBytes)
{
	return pages(ROUTINE_MM_PAGES, LowAddress, HighAddress, SkipBytes, TotalBytes, MmCached, DDI_MM_ANY_NODE_OK, 0);
}

PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
			     SIZE_T TotalBytes, MEMORY_CACHING_TYPE CacheType, ULONG Flags)
{
	return pages(ROUTINE_MM_PAGES_EX, LowAddress, HighAddress, SkipBytes, TotalBytes, CacheType, DDI_MM_ANY_NODE_OK,
		     Flags);
}

PMDL MmAllocateNodePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
				 SIZE_T TotalBytes, MEMORY_CACHING_TYPE CacheType, ULONG IdealNode, ULONG Flags)
{
	return pages(ROUTINE_MM_PAGES_NODE, LowAddress, HighAddress, SkipBytes, TotalBytes, CacheType, IdealNode, Flags);
}

VOID MmFreePagesFromMdl(PMDL MemoryDescriptorList)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_current();
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_MM_FREE_PAGES, 0, &status))
		return;
	struct tracked *mdl = tracked_pointer(dxgkrnl, MemoryDescriptorList);
	if (!mdl || mdl->object != OBJECT_MM_MDL) {
		dxgkrnl_blame(dxgkrnl, ROUTINE_MM_FREE_PAGES, MemoryDescriptorList);
		return;
	}
	uint64_t mapped = dxgkrnl->adapter->violations.mdl_freed_while_mapped;
	mm_free_pages_from_mdl(dxgkrnl->adapter, mdl->handle);
	if (dxgkrnl->adapter->violations.mdl_freed_while_mapped != mapped)
		dxgkrnl_find(dxgkrnl, ROUTINE_MM_FREE_PAGES, RULE_MDL_LIFETIME, STATUS_SUCCESS, mdl, NULL);
	else if (mdl->pages_freed)
		dxgkrnl_find(dxgkrnl, ROUTINE_MM_FREE_PAGES, RULE_DOUBLE_FREE, STATUS_SUCCESS, mdl, NULL);
	else
		mdl->pages_freed = !dxgkrnl->adapter->fatal;
	dxgkrnl_leave(dxgkrnl, ROUTINE_MM_FREE_PAGES, STATUS_SUCCESS, NULL);
}

VOID ExFreePool(PVOID P)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_current();
	NTSTATUS status;
	if (!dxgkrnl || !dxgkrnl_enter(dxgkrnl, ROUTINE_EX_FREE_POOL, 0, &status))
		return;
	struct tracked *mdl = tracked_pointer(dxgkrnl, P);
	if (!mdl || mdl->object != OBJECT_MM_MDL) {
		dxgkrnl_blame(dxgkrnl, ROUTINE_EX_FREE_POOL, P);
		return;
	}
	ex_free_pool(dxgkrnl->adapter, mdl->handle);
	if (!mdl->pages_freed)
		dxgkrnl_find(dxgkrnl, ROUTINE_EX_FREE_POOL, RULE_MDL_LIFETIME, STATUS_SUCCESS, mdl, NULL);
	else if (!dxgkrnl->adapter->fatal)
		untrack(dxgkrnl, mdl, ROUTINE_EX_FREE_POOL);
	dxgkrnl_leave(dxgkrnl, ROUTINE_EX_FREE_POOL, STATUS_SUCCESS, NULL);
}

PVOID MmGetSystemAddressForMdlSafe(PMDL mdl, ULONG priority)
{
	struct dxgkrnl *dxgkrnl = dxgkrnl_current();
	(void)priority;
	if (!dxgkrnl)
		return NULL;
	dxgkrnl->counts.calls++;
	struct tracked *tracked = tracked_pointer(dxgkrnl, mdl);
	if (!tracked || (tracked->object != OBJECT_MDL && tracked->object != OBJECT_MM_MDL) || tracked->pages_freed) {
		dxgkrnl_blame(dxgkrnl, ROUTINE_SYSTEM_ADDRESS, mdl);
		return NULL;
	}
	tracked->cpu = tracked->cpu ? tracked->cpu : dxgkrnl_memory(mdl->ByteCount);
	mdl->MappedSystemVa = tracked->cpu;
	return tracked->cpu;
}

static KIRQL level;

KIRQL KeGetCurrentIrql(VOID)
{
	return dxgkrnl_current() ? (KIRQL)dxgkrnl_current()->adapter->irql : level;
}

static void set_level(KIRQL irql)
{
	level = irql;
	if (dxgkrnl_current())
		ddi_adapter_set_irql(dxgkrnl_current()->adapter, (enum ddi_irql)irql);
}

VOID KeRaiseIrql(KIRQL NewIrql, KIRQL *OldIrql)
{
	*OldIrql = KeGetCurrentIrql();
	set_level(NewIrql);
}

VOID KeLowerIrql(KIRQL NewIrql)
{
	set_level(NewIrql);
}
