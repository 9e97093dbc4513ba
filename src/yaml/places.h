/* SPDX-License-Identifier: MIT
 * Where every value of a document stands: path -> line and column. A value reached through an alias has the path of its use
 * and the position at which it is written. */
#ifndef YAML_PLACES_H
#define YAML_PLACES_H

#include "yaml/problems.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value; the document itself is place 0. */
typedef uint32_t yaml_place;
#define YAML_PLACE_ROOT 0u
#define YAML_PLACE_NONE UINT32_MAX

struct yaml_places {
	struct yaml_place_entry *entries;
	uint32_t count;
	uint32_t capacity;
	uint32_t *heads; /* of hash chains; head_count is a power of two */
	uint32_t head_count;
};

/* Makes room for capacity places, the root included, which it adds. Returns 0, or -1 without memory. */
int yaml_places_prepare(struct yaml_places *places, uint32_t capacity, struct yaml_position root);
void yaml_places_release(struct yaml_places *places);

/* Adds a value of a map (key, borrowed) or of a list (key NULL, index from 0), which is a node of the tree. There is room: the
 * caller adds no more than it prepared. hidden: no part of the path, because the user did not write it. */
yaml_place yaml_places_add(struct yaml_places *places, yaml_place parent, const char *key, uint32_t index, uint32_t node,
			   struct yaml_position position, bool hidden);

/* A value that nobody finds: its key was given before. */
yaml_place yaml_places_add_again(struct yaml_places *places, yaml_place parent, const char *key,
				 struct yaml_position position);

/* The value below parent, or YAML_PLACE_NONE. O(1). */
yaml_place yaml_places_value(const struct yaml_places *places, yaml_place parent, const char *key);
yaml_place yaml_places_item(const struct yaml_places *places, yaml_place parent, uint32_t index);

struct yaml_position yaml_places_position(const struct yaml_places *places, yaml_place place);

uint32_t yaml_places_node(const struct yaml_places *places, yaml_place place);

/* A value that has been reported as wrong and must not be looked at again; what it is a part of is not sound then. */
void yaml_places_refuse(struct yaml_places *places, yaml_place place);
bool yaml_places_refused(const struct yaml_places *places, yaml_place place);
/* Something is wrong with it, or with a part of it. */
void yaml_places_spoil(struct yaml_places *places, yaml_place place);
bool yaml_places_sound(const struct yaml_places *places, yaml_place place);

#define YAML_PATH_BYTES 512

/* requests[0].size.fixed; "document" for the root. Returns buffer. */
const char *yaml_places_path(const struct yaml_places *places, yaml_place place, char buffer[YAML_PATH_BYTES]);

#endif
