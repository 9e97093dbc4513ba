/* SPDX-License-Identifier: MIT
 * The way through a table of keys and, beside it, through a model: row by row, without recursion. */
#ifndef YAML_CURSOR_H
#define YAML_CURSOR_H

#include "yaml/key.h"
#include "yaml/tree.h"

/* An INCLUDE opens a level of its own. */
#define YAML_LEVELS_MAX (2 * YAML_DEPTH_MAX + 4)

struct yaml_level {
	const struct yaml_key *row;  /* that led here; NULL: the root, or an item */
	const struct yaml_map *map;  /* NULL: a list */
	const struct yaml_key *next; /* of the map */
	char *item;                  /* the struct; of a list its elements */
	size_t offset;               /* of it in the struct that it is a part of */
	size_t index, count;         /* of a list */
	/* Of whoever goes. */
	yaml_location location;
	size_t prefix;
	uint32_t has;
	json_t *json;
};

enum yaml_step {
	YAML_AT_ROW,  /* cursor->row; yaml_cursor_enter goes in when it is a map, a list or an INCLUDE */
	YAML_AT_ITEM, /* a new level: the next item of a list */
	YAML_LEFT,    /* a level: cursor->left */
	YAML_AT_END
};

struct yaml_cursor {
	struct yaml_level levels[YAML_LEVELS_MAX], left;
	size_t depth;
	const struct yaml_key *row;
};

void yaml_cursor_begin(struct yaml_cursor *cursor, const struct yaml_map *map, const void *item);
enum yaml_step yaml_cursor_next(struct yaml_cursor *cursor);
/* Into the map, list or INCLUDE of the row; a list has no items where the level has no struct. The new level has the location,
 * prefix, bits and json of the one above. */
struct yaml_level *yaml_cursor_enter(struct yaml_cursor *cursor);
struct yaml_level *yaml_cursor_top(struct yaml_cursor *cursor);

/* The number in a member of 1, 4 or 8 bytes; 0 for none. */
uint64_t yaml_member_number(const char *item, const struct yaml_member *member);

#endif
