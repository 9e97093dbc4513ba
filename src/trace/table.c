/* SPDX-License-Identifier: MIT */
#include "trace/table.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

#define CAPACITY_MIN 64

/* Linear probing, at most half full. Removal shifts the entries behind back, so that no tombstones pile up in a long
 * recording. */

static size_t home(const struct table *table, uint64_t key)
{
	key = (key ^ (key >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(key >> 32) & (table->capacity - 1);
}

static size_t home_of(const struct table *table, uint64_t key)
{
	assert(table->capacity && 2 * table->count <= table->capacity);
	size_t at = home(table, key);
	while (table->entries[at].used && table->entries[at].key != key)
		at = (at + 1) & (table->capacity - 1);
	return at;
}

uint32_t *table_find(const struct table *table, uint64_t key)
{
	if (!table->capacity)
		return NULL;
	struct table_entry *entry = &table->entries[home_of(table, key)];
	return entry->used ? &entry->value : NULL;
}

static int grow(struct table *table)
{
	struct table wider = {.capacity = table->capacity ? 2 * table->capacity : CAPACITY_MIN, .count = table->count};
	wider.entries = memory_zeroed(wider.capacity, sizeof *wider.entries);
	if (!wider.entries)
		return -1;
	for (size_t i = 0; i < table->capacity; i++)
		if (table->entries[i].used)
			wider.entries[home_of(&wider, table->entries[i].key)] = table->entries[i];
	memory_release(table->entries);
	*table = wider;
	return 0;
}

int table_put(struct table *table, uint64_t key, uint32_t value)
{
	if (2 * (table->count + 1) > table->capacity && grow(table))
		return -1;
	struct table_entry *entry = &table->entries[home_of(table, key)];
	if (!entry->used)
		table->count++;
	*entry = (struct table_entry){key, value, 1};
	return 0;
}

void table_remove(struct table *table, uint64_t key)
{
	if (!table->capacity)
		return;
	size_t mask = table->capacity - 1;
	size_t gap = home_of(table, key);
	if (!table->entries[gap].used)
		return;
	table->count--;
	for (size_t at = (gap + 1) & mask; table->entries[at].used; at = (at + 1) & mask) {
		/* An entry may move back to the gap if its home is not between the two. */
		size_t from_home = (at - home(table, table->entries[at].key)) & mask;
		if (from_home < ((at - gap) & mask))
			continue;
		table->entries[gap] = table->entries[at];
		gap = at;
	}
	table->entries[gap].used = 0;
}

void table_release(struct table *table)
{
	memory_release(table->entries);
	memset(table, 0, sizeof *table);
}
