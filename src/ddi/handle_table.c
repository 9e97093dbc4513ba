/* SPDX-License-Identifier: MIT */
#include "ddi/handle_table.h"

#include "base/memory.h"

int handle_table_open(struct handle_table *table)
{
	*table = (struct handle_table){.first_generation = 1};
	table->chunks = memory_zeroed(HANDLE_CHUNKS_MAX, sizeof(*table->chunks));
	table->more = memory_zeroed(HANDLE_CHUNKS_MAX, sizeof(*table->more));
	if (table->chunks && table->more)
		return 0;
	handle_table_close(table);
	return -1;
}

void handle_table_close(struct handle_table *table)
{
	for (uint64_t chunk = 0; chunk < table->capacity >> HANDLE_CHUNK_SHIFT; chunk++) {
		memory_release(table->chunks[chunk]);
		memory_release(table->more[chunk]);
	}
	memory_release(table->chunks);
	memory_release(table->more);
	*table = (struct handle_table){0};
}

/* Adds one chunk. Returns 0, or -1. */
static int grow(struct handle_table *table)
{
	uint64_t chunk = table->capacity >> HANDLE_CHUNK_SHIFT;
	if (chunk == HANDLE_CHUNKS_MAX)
		return -1;
	table->chunks[chunk] = memory_zeroed(HANDLE_CHUNK_ENTRIES, sizeof(**table->chunks));
	table->more[chunk] = memory_zeroed(HANDLE_CHUNK_ENTRIES, sizeof(**table->more));
	if (!table->chunks[chunk] || !table->more[chunk]) {
		memory_release(table->chunks[chunk]);
		memory_release(table->more[chunk]);
		return -1;
	}
	table->capacity += HANDLE_CHUNK_ENTRIES;
	return 0;
}

int handle_table_refresh(struct handle_table *table, unsigned wanted)
{
	struct handle_entry **last = &table->dead;
	for (; wanted > 0; wanted--, last = &(*last)->as.next_dead) {
		if (*last)
			continue;
		if (table->used == table->capacity && grow(table) != 0)
			return -1;
		struct handle_entry *fresh = handle_table_entry(table, table->used);
		fresh->handle = ((uint64_t)table->first_generation << HANDLE_GENERATION_SHIFT) | table->used++;
		fresh->as.next_dead = NULL;
		*last = fresh;
	}
	return 0;
}

int handle_table_reserve(struct handle_table *table, uint64_t handles)
{
	if (handles > DDI_HANDLES_MAX)
		return -1;
	while (table->capacity < handles) {
		if (grow(table) != 0)
			return -1;
	}
	/* Zeroes on top of zeroes, but their memory is backed now and not inside a measured window. */
	for (uint64_t index = table->used; index < handles; index++) {
		*handle_table_entry(table, index) = (struct handle_entry){0};
		*handle_table_more(table, index) = (union handle_more){0};
	}
	return 0;
}
