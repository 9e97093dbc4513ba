/* SPDX-License-Identifier: MIT
 * Handles of one adapter: small numbers with a kind and a generation in them. Entries are 32 bytes and never move; the table grows
 * by chunks, so that no call copies or clears much. */
#ifndef DDI_HANDLE_TABLE_H
#define DDI_HANDLE_TABLE_H

#include "iovabench/ddi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A handle: index in the low 28 bits, kind in the next 4, generation in the upper 32. */
#define HANDLE_INDEX_BITS 28u
#define HANDLE_KIND_SHIFT HANDLE_INDEX_BITS
#define HANDLE_GENERATION_SHIFT 32u
#define HANDLE_INDEX_MASK ((UINT64_C(1) << HANDLE_INDEX_BITS) - 1)
#define HANDLE_KIND_MASK UINT64_C(15)
_Static_assert(DDI_HANDLES_MAX == UINT64_C(1) << HANDLE_INDEX_BITS, "every index fits into a handle");

enum handle_kind {
	HANDLE_DEAD = 0, /* of an entry that is not in use; never part of a handle that was given */
	HANDLE_CONTIGUOUS,
	HANDLE_KINDS,
};
_Static_assert(HANDLE_KINDS <= HANDLE_KIND_MASK + 1, "every kind fits into a handle");

struct handle_entry {
	/* In use: the handle. Dead: the same with kind HANDLE_DEAD and the generation that comes next. */
	ddi_handle handle;
	union {
		struct iova_extent extent; /* HANDLE_CONTIGUOUS */
		void *object;              /* kinds whose state does not fit here */
		uint64_t next_free;        /* dead: index of the next dead entry, or HANDLE_NONE */
	} as;
};
_Static_assert(sizeof(struct handle_entry) == 32, "two entries per cache line");

#define HANDLE_NONE UINT64_MAX
#define HANDLE_CHUNK_SHIFT 12u
#define HANDLE_CHUNK_ENTRIES (UINT64_C(1) << HANDLE_CHUNK_SHIFT)
#define HANDLE_CHUNKS_MAX (UINT64_C(1) << (HANDLE_INDEX_BITS - HANDLE_CHUNK_SHIFT))

/* Invariants: used <= capacity = chunk_count * HANDLE_CHUNK_ENTRIES; live + free list + retired entries = used. */
struct handle_table {
	struct handle_entry **chunks; /* HANDLE_CHUNKS_MAX of them, backed as they are touched */
	uint64_t capacity;
	uint64_t used; /* entries [used, capacity) were never given */
	uint64_t live;
	uint64_t free_head; /* most recently dropped first: its cache line is the likeliest to be near */
};

/* Returns 0, or -1 without memory: nothing is held then. */
int handle_table_open(struct handle_table *table);
/* Idempotent on a zeroed table. */
void handle_table_close(struct handle_table *table);

/* Room for `handles` live handles, touched. Returns 0, or -1 without memory or above DDI_HANDLES_MAX. */
int handle_table_reserve(struct handle_table *table, uint64_t handles);

/* Adds one chunk. Returns 0, or -1. */
int handle_table_grow(struct handle_table *table);

/* The entry of an index below used. */
static inline struct handle_entry *handle_table_entry(const struct handle_table *table, uint64_t index)
{
	return &table->chunks[index >> HANDLE_CHUNK_SHIFT][index & (HANDLE_CHUNK_ENTRIES - 1)];
}

static inline enum handle_kind handle_kind_of(ddi_handle handle)
{
	return (enum handle_kind)((handle >> HANDLE_KIND_SHIFT) & HANDLE_KIND_MASK);
}

/* After it succeeds (0), the next take cannot fail: called first, so that nothing must be undone. -1 without memory. */
static inline int handle_table_prepare(struct handle_table *table)
{
	if (__builtin_expect(table->free_head != HANDLE_NONE || table->used < table->capacity, 1))
		return 0;
	return handle_table_grow(table);
}

/* An entry for a new object of the kind; its handle is set, the caller fills the rest. */
static inline struct handle_entry *handle_table_take(struct handle_table *table, enum handle_kind kind)
{
	struct handle_entry *entry;
	if (table->free_head != HANDLE_NONE) {
		entry = handle_table_entry(table, table->free_head);
		table->free_head = entry->as.next_free;
	} else {
		entry = handle_table_entry(table, table->used);
		entry->handle = (UINT64_C(1) << HANDLE_GENERATION_SHIFT) | table->used;
		table->used++;
	}
	entry->handle |= (uint64_t)kind << HANDLE_KIND_SHIFT;
	table->live++;
	return entry;
}

/* NTSTATUS_SUCCESS with the live entry; NTSTATUS_INVALID_HANDLE for anything that is not live; NTSTATUS_OBJECT_TYPE_MISMATCH. */
static inline enum ntstatus handle_table_find(const struct handle_table *table, ddi_handle handle, enum handle_kind kind,
					      struct handle_entry **found)
{
	uint64_t index = handle & HANDLE_INDEX_MASK;
	if (index >= table->used)
		return NTSTATUS_INVALID_HANDLE;
	struct handle_entry *entry = handle_table_entry(table, index);
	if (entry->handle != handle || handle_kind_of(handle) == HANDLE_DEAD)
		return NTSTATUS_INVALID_HANDLE;
	if (handle_kind_of(handle) != kind)
		return NTSTATUS_OBJECT_TYPE_MISMATCH;
	*found = entry;
	return NTSTATUS_SUCCESS;
}

/* Ends the life of an entry. One whose generations are used up is never taken again: an old handle cannot come back to life. */
static inline void handle_table_drop(struct handle_table *table, struct handle_entry *entry)
{
	uint64_t index = entry->handle & HANDLE_INDEX_MASK;
	uint64_t generation = entry->handle >> HANDLE_GENERATION_SHIFT;
	table->live--;
	if (__builtin_expect(generation == UINT32_MAX, 0)) {
		entry->handle = index;
		return;
	}
	entry->handle = ((generation + 1) << HANDLE_GENERATION_SHIFT) | index;
	entry->as.next_free = table->free_head;
	table->free_head = index;
}

#endif
