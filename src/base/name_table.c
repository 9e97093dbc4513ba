/* SPDX-License-Identifier: MIT */
#include "base/name_table.h"

#include "base/memory.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct name_table_entry {
	const char *name;
	uint64_t hash;
	size_t number;
	size_t next; /* index + 1; 0 ends a chain */
};

static uint64_t hash_of(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 32);
}

static struct name_table_entry *find(const struct name_table *table, const char *name, uint64_t hash)
{
	if (!table->head_count)
		return NULL;
	for (size_t at = table->heads[hash & (table->head_count - 1)]; at; at = table->entries[at - 1].next) {
		struct name_table_entry *entry = &table->entries[at - 1];
		if (entry->hash == hash && !strcmp(entry->name, name))
			return entry;
	}
	return NULL;
}

size_t name_table_find(const struct name_table *table, const char *name)
{
	assert(name);
	const struct name_table_entry *entry = find(table, name, hash_of(name));
	return entry ? entry->number : NAME_TABLE_NONE;
}

static int spread(struct name_table *table)
{
	size_t count = table->head_count ? 2 * table->head_count : 32;
	size_t *heads = memory_zeroed(count, sizeof *heads);
	if (!heads)
		return -1;
	for (size_t i = 0; i < table->count; i++) {
		size_t *head = &heads[table->entries[i].hash & (count - 1)];
		table->entries[i].next = *head;
		*head = i + 1;
	}
	memory_release(table->heads);
	table->heads = heads;
	table->head_count = count;
	return 0;
}

int name_table_set(struct name_table *table, const char *name, size_t number)
{
	assert(name && number != NAME_TABLE_NONE);
	uint64_t hash = hash_of(name);
	struct name_table_entry *entry = find(table, name, hash);
	if (entry) {
		entry->number = number;
		return 0;
	}
	if (table->count >= table->head_count && spread(table))
		return -1;
	if (memory_grow(&table->entries, &table->capacity, table->count, sizeof *table->entries))
		return -1;
	size_t *head = &table->heads[hash & (table->head_count - 1)];
	table->entries[table->count] = (struct name_table_entry){name, hash, number, *head};
	*head = ++table->count;
	return 0;
}

void name_table_release(struct name_table *table)
{
	memory_release(table->entries);
	memory_release(table->heads);
	*table = (struct name_table){0};
}
