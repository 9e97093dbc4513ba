/* SPDX-License-Identifier: MIT */
#include "ddi/handle_table.h"

#include "base/memory.h"

#include <sys/resource.h>

#define PAIR_BYTES (sizeof(struct handle_entry) + sizeof(union handle_more))

/* How many there is room for: all, or what an eighth of the addresses takes where these are limited (ulimit -v). */
static uint64_t room_of_process(void)
{
	uint64_t room = DDI_HANDLES_MAX + 1;
	struct rlimit limit;
	if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return room;
	while (room > HANDLE_CHUNK_ENTRIES && room * PAIR_BYTES > limit.rlim_cur / 8)
		room /= 2;
	return room;
}

int handle_table_open(struct handle_table *table)
{
	*table = (struct handle_table){.room = room_of_process(), .first_generation = 1, .dead = HANDLE_INDEX_NONE};
	table->entries = memory_addresses(table->room * PAIR_BYTES);
	if (!table->entries)
		return -1;
	table->more = (union handle_more *)(table->entries + table->room);
	return 0;
}

void handle_table_close(struct handle_table *table)
{
	memory_give_addresses(table->entries, table->room * PAIR_BYTES);
	*table = (struct handle_table){0};
}

/* Memory for entries [capacity, to), to <= room. Returns 0, or -1: none of it is used then. */
static int grow(struct handle_table *table, uint64_t to)
{
	size_t from = table->capacity;
	if (memory_back(table->entries + from, (to - from) * sizeof *table->entries) != 0 ||
	    memory_back(table->more + from, (to - from) * sizeof *table->more) != 0)
		return -1;
	table->capacity = to;
	return 0;
}

int handle_table_refresh(struct handle_table *table, unsigned wanted)
{
	uint32_t dead = table->dead;
	struct handle_entry *last = NULL;
	for (; wanted > 0 && dead != HANDLE_INDEX_NONE; wanted--) {
		last = handle_table_entry(table, dead);
		dead = handle_index(last->handle);
	}
	for (; wanted > 0; wanted--) {
		if (table->used == DDI_HANDLES_MAX ||
		    (table->used == table->capacity &&
		     (table->capacity == table->room || grow(table, table->capacity + HANDLE_CHUNK_ENTRIES) != 0)))
			return -1;
		uint32_t index = (uint32_t)table->used++;
		if (last)
			last->handle = (last->handle & ~HANDLE_INDEX_MASK) | index;
		else
			table->dead = index;
		last = &table->entries[index];
		last->handle = ((uint64_t)table->first_generation << HANDLE_GENERATION_SHIFT) | HANDLE_INDEX_NONE;
	}
	return 0;
}

int handle_table_reserve(struct handle_table *table, uint64_t handles)
{
	uint64_t capacity = (handles + HANDLE_CHUNK_ENTRIES - 1) / HANDLE_CHUNK_ENTRIES * HANDLE_CHUNK_ENTRIES;
	if (handles > DDI_HANDLES_MAX || capacity > table->room ||
	    (capacity > table->capacity && grow(table, capacity) != 0))
		return -1;
	/* Zeroes on top of zeroes, but their memory is backed now and not inside a measured window. */
	for (uint64_t index = table->used; index < handles; index++) {
		*handle_table_entry(table, index) = (struct handle_entry){0};
		*handle_table_more(table, index) = (union handle_more){0};
	}
	return 0;
}
