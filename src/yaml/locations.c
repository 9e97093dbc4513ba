/* SPDX-License-Identifier: MIT */
#include "yaml/locations.h"

#include "base/bits.h"
#include "base/memory.h"
#include "yaml/tree.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct yaml_location_entry {
	const char *key; /* NULL: an item of a list */
	yaml_location parent;
	uint32_t index;
	struct yaml_position position;
	uint32_t next; /* in its chain: location, or 0 (the root is in no chain) */
	uint32_t node;
	bool hidden;
	bool refused;
	bool spoiled;
};

int yaml_locations_prepare(struct yaml_locations *locations, uint32_t capacity, struct yaml_position root)
{
	assert(capacity);
	*locations =
		(struct yaml_locations){.capacity = capacity, .head_count = (uint32_t)bits_power_of_two_ceil(capacity)};
	locations->entries = memory_zeroed(capacity, sizeof *locations->entries);
	locations->heads = memory_zeroed(locations->head_count, sizeof *locations->heads);
	if (!locations->entries || !locations->heads) {
		yaml_locations_release(locations);
		return -1;
	}
	locations->entries[0].position = root;
	locations->count = 1;
	return 0;
}

void yaml_locations_release(struct yaml_locations *locations)
{
	memory_release(locations->entries);
	memory_release(locations->heads);
	*locations = (struct yaml_locations){0};
}

static uint32_t *chain(const struct yaml_locations *locations, yaml_location parent, const char *key, uint32_t index)
{
	uint64_t hash = (UINT64_C(0xcbf29ce484222325) ^ parent) * UINT64_C(0x9e3779b97f4a7c15);
	if (!key)
		hash = (hash ^ index) * UINT64_C(0x9e3779b97f4a7c15);
	for (; key && *key; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
	return &locations->heads[(hash ^ (hash >> 32)) & (locations->head_count - 1)];
}

yaml_location yaml_locations_add(struct yaml_locations *locations, yaml_location parent, const char *key, uint32_t index,
				 uint32_t node, struct yaml_position position, bool hidden)
{
	assert(locations->count < locations->capacity && parent < locations->count);
	uint32_t *head = chain(locations, parent, key, index);
	yaml_location location = locations->count++;
	locations->entries[location] = (struct yaml_location_entry){.key = key,
								    .parent = parent,
								    .index = index,
								    .node = node,
								    .position = position,
								    .next = *head,
								    .hidden = hidden};
	*head = location;
	return location;
}

yaml_location yaml_locations_add_again(struct yaml_locations *locations, yaml_location parent, const char *key,
				       struct yaml_position position)
{
	assert(locations->count < locations->capacity && parent < locations->count);
	locations->entries[locations->count] =
		(struct yaml_location_entry){.key = key, .parent = parent, .position = position};
	return locations->count++;
}

static yaml_location find(const struct yaml_locations *locations, yaml_location parent, const char *key, uint32_t index)
{
	for (yaml_location location = *chain(locations, parent, key, index); location;
	     location = locations->entries[location].next) {
		const struct yaml_location_entry *entry = &locations->entries[location];
		if (entry->parent != parent || !entry->key != !key)
			continue;
		if (key ? !strcmp(entry->key, key) : entry->index == index)
			return location;
	}
	return YAML_LOCATION_NONE;
}

yaml_location yaml_locations_value(const struct yaml_locations *locations, yaml_location parent, const char *key)
{
	assert(key && locations->head_count);
	return find(locations, parent, key, 0);
}

yaml_location yaml_locations_item(const struct yaml_locations *locations, yaml_location parent, uint32_t index)
{
	assert(locations->head_count);
	return find(locations, parent, NULL, index);
}

struct yaml_position yaml_locations_position(const struct yaml_locations *locations, yaml_location location)
{
	assert(location < locations->count);
	return locations->entries[location].position;
}

uint32_t yaml_locations_node(const struct yaml_locations *locations, yaml_location location)
{
	assert(location < locations->count);
	return locations->entries[location].node;
}

void yaml_locations_spoil(struct yaml_locations *locations, yaml_location location)
{
	assert(location < locations->count);
	while (!locations->entries[location].spoiled) {
		locations->entries[location].spoiled = true;
		location = locations->entries[location].parent;
	}
}

bool yaml_locations_sound(const struct yaml_locations *locations, yaml_location location)
{
	assert(location < locations->count);
	return !locations->entries[location].spoiled;
}

void yaml_locations_refuse(struct yaml_locations *locations, yaml_location location)
{
	yaml_locations_spoil(locations, location);
	locations->entries[location].refused = true;
}

bool yaml_locations_refused(const struct yaml_locations *locations, yaml_location location)
{
	assert(location < locations->count);
	return locations->entries[location].refused;
}

static bool is_word(const char *key)
{
	size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	return length && length <= 40 && !key[length];
}

const char *yaml_locations_path(const struct yaml_locations *locations, yaml_location location,
				char buffer[YAML_PATH_BYTES])
{
	assert(location < locations->count);
	yaml_location way[YAML_DEPTH_MAX + 2];
	size_t count = 0, used = 0;
	for (; location != YAML_LOCATION_ROOT && count < sizeof way / sizeof way[0];
	     location = locations->entries[location].parent)
		if (!locations->entries[location].hidden)
			way[count++] = location;
	buffer[0] = '\0';
	while (count && used < YAML_PATH_BYTES) {
		const struct yaml_location_entry *entry = &locations->entries[way[--count]];
		char quoted[YAML_QUOTE_BYTES];
		int length;
		if (entry->key)
			length = snprintf(buffer + used, YAML_PATH_BYTES - used, "%s%s", used ? "." : "",
					  is_word(entry->key) ? entry->key : yaml_quote(quoted, entry->key));
		else
			length = snprintf(buffer + used, YAML_PATH_BYTES - used, "[%u]", entry->index);
		used += (size_t)length;
	}
	if (!used)
		snprintf(buffer, YAML_PATH_BYTES, "document");
	return buffer;
}
