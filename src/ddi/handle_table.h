/* SPDX-License-Identifier: MIT
 * Handles of one adapter: small numbers with a kind and a generation in them. An entry is 32 bytes, with 32 more apart for
 * kinds that need them: what is hot stays dense. Neither ever moves: the addresses of all that there can be are set aside, and
 * memory comes to them by chunks, so that no call copies or clears much. */
#ifndef DDI_HANDLE_TABLE_H
#define DDI_HANDLE_TABLE_H

#include "ddi/lists.h"
#include "iovabench/ddi.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A handle: index in the low 28 bits, kind in the next 4, generation in the upper 32. */
#define HANDLE_INDEX_BITS 28u
#define HANDLE_KIND_SHIFT HANDLE_INDEX_BITS
#define HANDLE_GENERATION_SHIFT 32u
#define HANDLE_INDEX_MASK ((UINT64_C(1) << HANDLE_INDEX_BITS) - 1)
#define HANDLE_KIND_MASK UINT64_C(15)
#define HANDLE_INDEX_NONE ((uint32_t)HANDLE_INDEX_MASK)
_Static_assert(DDI_HANDLES_MAX == HANDLE_INDEX_MASK, "every index fits into a handle, and none of them is NONE");

enum handle_kind {
	HANDLE_DEAD = 0, /* of an entry that is not in use; never part of a handle that was given */
	HANDLE_CONTIGUOUS,
	HANDLE_MDL,
	HANDLE_ALLOCATED_MDL, /* the mapping of an MDL that was made with it */
	HANDLE_MAPPED_MDL,
	HANDLE_MM_CONTIGUOUS, /* its handle is never given: the driver has a base address */
	HANDLE_MEMORY_OBJECT,
	HANDLE_ADAPTER_OBJECT,
	HANDLE_ADL,
	HANDLE_VIEW, /* its handle is never given: the driver has a virtual address */
	HANDLE_TOKEN,
	HANDLE_SEGMENT,
	HANDLE_KINDS,
};
_Static_assert(HANDLE_KINDS <= HANDLE_KIND_MASK + 1, "every kind fits into a handle");

struct handle_entry {
	/* In use: the handle. Dead: the generation that comes next, kind HANDLE_DEAD, and for an index that of the next dead
	 * entry, or HANDLE_INDEX_NONE. */
	ddi_handle handle;
	union {
		struct iova_extent extent; /* CONTIGUOUS, VIEW, TOKEN; the first one of ALLOCATED_MDL, MAPPED_MDL, ADL */
		struct run_list frames;    /* MDL, MEMORY_OBJECT but I/O space */
		struct {
			uint64_t frame;
			uint64_t count; /* pages */
			union {
				uint64_t logical;   /* SEGMENT: page */
				uint64_t base_page; /* MM_CONTIGUOUS: of the address that the driver has */
			};
		} run;           /* MM_CONTIGUOUS, MEMORY_OBJECT of I/O space, SEGMENT */
		uint32_t target; /* ADAPTER_OBJECT: index of its memory object */
	} as;
};
_Static_assert(sizeof(struct handle_entry) == 32, "two entries per cache line");

#define MAP_OFFSET_MASK ((UINT64_C(1) << 56) - 1)

/* The second half of an object, by kind. Unspecified until it is set. */
union handle_more {
	struct run_list frames; /* CONTIGUOUS in remap mode with a physical side */
	struct {
		uint64_t byte_count;
		uint32_t node;
		uint32_t maps; /* live mappings, without that of an ALLOCATED_MDL */
		uint8_t cache_type;
		uint8_t flags;
		bool of_mm;
		bool pages_freed;
	} mdl;
	struct {
		uint32_t first_pages; /* these four as in struct extent_list */
		uint32_t head;
		uint32_t tail;
		uint32_t count;
		uint32_t target; /* index of the MDL or the memory object */
		uint32_t pages;
		uint64_t offset : 56;    /* pages into the target */
		uint64_t contiguous : 8; /* ADL: no page array */
	} map;                           /* ALLOCATED_MDL, MAPPED_MDL, ADL */
	struct {
		uint64_t bytes;
		uint32_t node;
		uint8_t cache_type;
		bool plain; /* of MmAllocateContiguousMemory */
	} mm;
	struct {
		uint64_t low;            /* page: for the logical ranges of its ADLs */
		uint64_t high;           /* page, inclusive */
		uint32_t adapter_object; /* index, or HANDLE_INDEX_NONE: not open */
		uint32_t adls;
		uint8_t type;
		uint8_t boundary_shift; /* of the boundary in pages, or OBJECT_NO_BOUNDARY */
		uint8_t cache_type;
		uint32_t index; /* of its frames, in list_nodes, or NODE_NONE: not made yet */
	} object;
	uint64_t virtual_address; /* VIEW */
	struct {
		uint64_t pages;
		uint32_t segments; /* the root of a tree of them, or HANDLE_INDEX_NONE */
	} token;
	struct {
		uint32_t token;
		uint32_t below[2]; /* segments of the same token at lower and at higher pages, or HANDLE_INDEX_NONE */
	} segment;
};
_Static_assert(sizeof(union handle_more) == 32, "a live handle takes 64 bytes");

#define HANDLE_CHUNK_ENTRIES (UINT64_C(1) << 12)

/* Invariants: used <= capacity <= room, the latter two multiples of HANDLE_CHUNK_ENTRIES; live + dead ones in the list +
 * retired = used. */
struct handle_table {
	struct handle_entry *entries; /* the first capacity of them have memory */
	union handle_more *more;      /* likewise */
	uint64_t room;
	uint64_t capacity;
	uint64_t used; /* entries [used, capacity) have never been among the dead */
	uint64_t live;
	uint64_t retired;          /* entries whose generations are used up */
	uint32_t first_generation; /* of every entry, >= 1 */
	uint32_t dead; /* most recently dropped first: its cache line is the likeliest to be near; or HANDLE_INDEX_NONE */
};

/* Returns 0, or -1 without memory: nothing is held then. */
int handle_table_open(struct handle_table *table);
/* Idempotent on a zeroed table. */
void handle_table_close(struct handle_table *table);

/* Room for `handles` live handles, touched. Returns 0, or -1 without memory or above DDI_HANDLES_MAX. */
int handle_table_reserve(struct handle_table *table, uint64_t handles);

/* Until so many are dead, entries that were never given join them, behind those that were. Returns 0, or -1 without memory. */
int handle_table_refresh(struct handle_table *table, unsigned wanted);

static inline uint32_t handle_index(ddi_handle handle)
{
	return (uint32_t)(handle & HANDLE_INDEX_MASK);
}

static inline enum handle_kind handle_kind_of(ddi_handle handle)
{
	return (enum handle_kind)((handle >> HANDLE_KIND_SHIFT) & HANDLE_KIND_MASK);
}

/* The entry of an index below used. */
static inline struct handle_entry *handle_table_entry(const struct handle_table *table, uint64_t index)
{
	assert(index < table->capacity);
	return &table->entries[index];
}

static inline union handle_more *handle_table_more(const struct handle_table *table, uint64_t index)
{
	assert(index < table->capacity);
	return &table->more[index];
}

/* After it succeeds (0), the next take cannot fail: called first, so that nothing must be undone. -1 without memory. */
static inline int handle_table_prepare(struct handle_table *table)
{
	return __builtin_expect(table->dead != HANDLE_INDEX_NONE, 1) ? 0 : handle_table_refresh(table, 1);
}

/* The same for the next two takes. */
static inline int handle_table_prepare_pair(struct handle_table *table)
{
	return table->dead != HANDLE_INDEX_NONE && handle_index(table->entries[table->dead].handle) != HANDLE_INDEX_NONE
		       ? 0
		       : handle_table_refresh(table, 2);
}

/* The entry that the next take gives, after a prepare that succeeded: what it holds beside its handle is the caller's
 * already. */
static inline struct handle_entry *handle_table_next(const struct handle_table *table)
{
	return handle_table_entry(table, table->dead);
}

/* A new object of the kind, after a prepare that succeeded: its handle is set, and the rest is the caller's. */
static inline struct handle_entry *handle_table_take(struct handle_table *table, enum handle_kind kind)
{
	assert(kind > HANDLE_DEAD && kind < HANDLE_KINDS && table->dead < table->used);
	uint32_t index = table->dead;
	struct handle_entry *entry = &table->entries[index];
	table->dead = handle_index(entry->handle);
	entry->handle = (entry->handle & ~HANDLE_INDEX_MASK) | (uint64_t)kind << HANDLE_KIND_SHIFT | index;
	table->live++;
	return entry;
}

/* NTSTATUS_SUCCESS with the live entry; NTSTATUS_INVALID_HANDLE for anything that is not live;
 * NTSTATUS_OBJECT_TYPE_MISMATCH. */
static inline enum ntstatus handle_table_find(const struct handle_table *table, ddi_handle handle, enum handle_kind kind,
					      struct handle_entry **found)
{
	uint64_t index = handle & HANDLE_INDEX_MASK;
	if (index >= table->used)
		return NTSTATUS_INVALID_HANDLE;
	struct handle_entry *entry = handle_table_entry(table, index);
	bool same = entry->handle == handle;
	if (__builtin_expect(same && handle_kind_of(handle) == kind && kind != HANDLE_DEAD, 1)) {
		*found = entry;
		return NTSTATUS_SUCCESS;
	}
	return same && handle_kind_of(handle) != HANDLE_DEAD ? NTSTATUS_OBJECT_TYPE_MISMATCH : NTSTATUS_INVALID_HANDLE;
}

/* Ends the life of an entry. One whose generations are used up is never taken again: an old handle cannot come back to
 * life. */
static inline void handle_table_drop(struct handle_table *table, struct handle_entry *entry)
{
	assert(table->live && handle_kind_of(entry->handle) != HANDLE_DEAD);
	uint32_t index = handle_index(entry->handle);
	uint64_t next;
	bool used_up = __builtin_add_overflow(entry->handle >> HANDLE_GENERATION_SHIFT << HANDLE_GENERATION_SHIFT,
					      UINT64_C(1) << HANDLE_GENERATION_SHIFT, &next);
	entry->handle = next | table->dead;
	table->live--;
	if (__builtin_expect(used_up, 0)) {
		table->retired++;
		return;
	}
	table->dead = index;
}

#endif
