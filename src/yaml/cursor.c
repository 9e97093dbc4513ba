/* SPDX-License-Identifier: MIT */
#include "yaml/cursor.h"

#include <assert.h>
#include <string.h>

uint64_t yaml_member_number(const char *item, const struct yaml_member *member)
{
	uint8_t byte;
	uint32_t four;
	uint64_t eight;
	switch (member->name ? member->bytes : 0) {
	case sizeof byte:
		memcpy(&byte, item + member->offset, sizeof byte);
		return byte;
	case sizeof four:
		memcpy(&four, item + member->offset, sizeof four);
		return four;
	case sizeof eight:
		memcpy(&eight, item + member->offset, sizeof eight);
		return eight;
	default:
		assert(!member->name);
		return 0;
	}
}

void yaml_cursor_begin(struct yaml_cursor *cursor, const struct yaml_map *map, const void *item)
{
	assert(map && map->keys);
	cursor->depth = 1;
	cursor->levels[0] =
		(struct yaml_level){.map = map, .next = map->keys, .item = (char *)(uintptr_t)item, .has = UINT32_MAX};
}

struct yaml_level *yaml_cursor_top(struct yaml_cursor *cursor)
{
	assert(cursor->depth && cursor->depth <= YAML_LEVELS_MAX);
	return &cursor->levels[cursor->depth - 1];
}

enum yaml_step yaml_cursor_next(struct yaml_cursor *cursor)
{
	if (!cursor->depth)
		return YAML_AT_END;
	struct yaml_level *level = yaml_cursor_top(cursor);
	if (level->map && level->next->kind != YAML_END) {
		cursor->row = level->next++;
		return YAML_AT_ROW;
	}
	if (!level->map && level->index < level->count) {
		const struct yaml_map *map = level->row->map;
		assert(cursor->depth < YAML_LEVELS_MAX);
		cursor->levels[cursor->depth++] = (struct yaml_level){.map = map,
								      .next = map->keys,
								      .item = level->item + map->bytes * level->index++,
								      .location = level->location,
								      .has = level->has,
								      .json = level->json};
		return YAML_AT_ITEM;
	}
	cursor->left = *level;
	cursor->depth--;
	return YAML_LEFT;
}

struct yaml_level *yaml_cursor_enter(struct yaml_cursor *cursor)
{
	assert(cursor->row->kind == YAML_MAP || cursor->row->kind == YAML_LIST || cursor->row->kind == YAML_INCLUDE);
	assert(cursor->depth < YAML_LEVELS_MAX);
	const struct yaml_level *above = yaml_cursor_top(cursor);
	const struct yaml_key *row = cursor->row;
	struct yaml_level *level = &cursor->levels[cursor->depth++];
	assert(cursor->depth <= YAML_LEVELS_MAX);
	*level = *above;
	level->row = row;
	if (row->kind != YAML_LIST) {
		level->map = row->map;
		level->next = row->map->keys;
		level->item = above->item ? above->item + row->at.offset : NULL;
		level->offset = above->offset + row->at.offset;
		return level;
	}
	level->map = NULL;
	level->index = level->count = 0;
	level->item = NULL;
	if (above->item) {
		memcpy(&level->item, above->item + row->at.offset, sizeof level->item);
		level->count = (size_t)yaml_member_number(above->item, &row->count);
	}
	return level;
}
