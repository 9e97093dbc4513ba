/* SPDX-License-Identifier: MIT
 * Finds numbers by 64-bit keys: a hash table with open addressing, at most half full. */
#ifndef DDI_ADDRESS_MAP_H
#define DDI_ADDRESS_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct address_map {
	struct address_slot {
		uint64_t key; /* the key plus one; 0: empty. Keys are below 2^64 - 1 */
		uint32_t value;
	} * slots;
	uint64_t capacity; /* a power of two, or 0 */
	uint64_t count;
};

/* Room for `count` keys, touched. Returns 0, or -1 without memory: the map is as it was. */
int address_map_reserve(struct address_map *map, uint64_t count);
/* No key is there any more; the room stays. O(capacity), O(1) of an empty one. */
void address_map_clear(struct address_map *map);
/* Idempotent. */
void address_map_close(struct address_map *map);

/* The key is new, and there is room. O(1) expected. */
void address_map_add(struct address_map *map, uint64_t key, uint32_t value);
bool address_map_find(const struct address_map *map, uint64_t key, uint32_t *value);
/* The key is there. */
void address_map_remove(struct address_map *map, uint64_t key);

#endif
