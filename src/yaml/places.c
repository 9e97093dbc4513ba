/* SPDX-License-Identifier: MIT */
#include "yaml/places.h"

#include "base/bits.h"
#include "base/memory.h"
#include "yaml/tree.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct yaml_place_entry {
	const char *key; /* NULL: an item of a list */
	yaml_place parent;
	uint32_t index;
	struct yaml_position position;
	uint32_t next; /* in its chain: place, or 0 (the root is in no chain) */
	uint32_t node;
	bool hidden;
	bool refused;
	bool spoiled;
};

int yaml_places_prepare(struct yaml_places *places, uint32_t capacity, struct yaml_position root)
{
	assert(capacity);
	*places = (struct yaml_places){.capacity = capacity, .head_count = (uint32_t)bits_power_of_two_ceil(capacity)};
	places->entries = memory_zeroed(capacity, sizeof *places->entries);
	places->heads = memory_zeroed(places->head_count, sizeof *places->heads);
	if (!places->entries || !places->heads) {
		yaml_places_release(places);
		return -1;
	}
	places->entries[0].position = root;
	places->count = 1;
	return 0;
}

void yaml_places_release(struct yaml_places *places)
{
	memory_release(places->entries);
	memory_release(places->heads);
	*places = (struct yaml_places){0};
}

static uint32_t *chain(const struct yaml_places *places, yaml_place parent, const char *key, uint32_t index)
{
	uint64_t hash = (UINT64_C(0xcbf29ce484222325) ^ parent) * UINT64_C(0x9e3779b97f4a7c15);
	if (!key)
		hash = (hash ^ index) * UINT64_C(0x9e3779b97f4a7c15);
	for (; key && *key; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
	return &places->heads[(hash ^ (hash >> 32)) & (places->head_count - 1)];
}

yaml_place yaml_places_add(struct yaml_places *places, yaml_place parent, const char *key, uint32_t index, uint32_t node,
			   struct yaml_position position, bool hidden)
{
	assert(places->count < places->capacity && parent < places->count);
	uint32_t *head = chain(places, parent, key, index);
	yaml_place place = places->count++;
	places->entries[place] = (struct yaml_place_entry){.key = key,
							   .parent = parent,
							   .index = index,
							   .node = node,
							   .position = position,
							   .next = *head,
							   .hidden = hidden};
	*head = place;
	return place;
}

yaml_place yaml_places_add_again(struct yaml_places *places, yaml_place parent, const char *key,
				 struct yaml_position position)
{
	assert(places->count < places->capacity && parent < places->count);
	places->entries[places->count] = (struct yaml_place_entry){.key = key, .parent = parent, .position = position};
	return places->count++;
}

static yaml_place find(const struct yaml_places *places, yaml_place parent, const char *key, uint32_t index)
{
	for (yaml_place place = *chain(places, parent, key, index); place; place = places->entries[place].next) {
		const struct yaml_place_entry *entry = &places->entries[place];
		if (entry->parent != parent || !entry->key != !key)
			continue;
		if (key ? !strcmp(entry->key, key) : entry->index == index)
			return place;
	}
	return YAML_PLACE_NONE;
}

yaml_place yaml_places_value(const struct yaml_places *places, yaml_place parent, const char *key)
{
	assert(key && places->head_count);
	return find(places, parent, key, 0);
}

yaml_place yaml_places_item(const struct yaml_places *places, yaml_place parent, uint32_t index)
{
	assert(places->head_count);
	return find(places, parent, NULL, index);
}

struct yaml_position yaml_places_position(const struct yaml_places *places, yaml_place place)
{
	assert(place < places->count);
	return places->entries[place].position;
}

uint32_t yaml_places_node(const struct yaml_places *places, yaml_place place)
{
	assert(place < places->count);
	return places->entries[place].node;
}

void yaml_places_spoil(struct yaml_places *places, yaml_place place)
{
	assert(place < places->count);
	while (!places->entries[place].spoiled) {
		places->entries[place].spoiled = true;
		place = places->entries[place].parent;
	}
}

bool yaml_places_sound(const struct yaml_places *places, yaml_place place)
{
	assert(place < places->count);
	return !places->entries[place].spoiled;
}

void yaml_places_refuse(struct yaml_places *places, yaml_place place)
{
	yaml_places_spoil(places, place);
	places->entries[place].refused = true;
}

bool yaml_places_refused(const struct yaml_places *places, yaml_place place)
{
	assert(place < places->count);
	return places->entries[place].refused;
}

static bool is_word(const char *key)
{
	size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	return length && length <= 40 && !key[length];
}

const char *yaml_places_path(const struct yaml_places *places, yaml_place place, char buffer[YAML_PATH_BYTES])
{
	assert(place < places->count);
	yaml_place way[YAML_DEPTH_MAX + 2];
	size_t count = 0, used = 0;
	for (; place != YAML_PLACE_ROOT && count < sizeof way / sizeof way[0]; place = places->entries[place].parent)
		if (!places->entries[place].hidden)
			way[count++] = place;
	buffer[0] = '\0';
	while (count && used < YAML_PATH_BYTES) {
		const struct yaml_place_entry *entry = &places->entries[way[--count]];
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
