/* SPDX-License-Identifier: MIT
 * Where every value of a document stands: path -> line and column. A value reached through an alias has the path of its use
 * and the position at which it is written. */
#ifndef YAML_LOCATIONS_H
#define YAML_LOCATIONS_H

#include "yaml/problems.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value; the document itself is location 0. */
typedef uint32_t yaml_location;
#define YAML_LOCATION_ROOT 0u
#define YAML_LOCATION_NONE UINT32_MAX

struct yaml_locations {
	struct yaml_location_entry *entries;
	uint32_t count;
	uint32_t capacity;
	uint32_t *heads; /* of hash chains; head_count is a power of two */
	uint32_t head_count;
};

/* Makes room for capacity locations, the root included, which it adds. Returns 0, or -1 without memory. */
int yaml_locations_prepare(struct yaml_locations *locations, uint32_t capacity, struct yaml_position root);
void yaml_locations_release(struct yaml_locations *locations);

/* Adds a value of a map (key, borrowed) or of a list (key NULL, index from 0), which is a node of the tree. There is room: the
 * caller adds no more than it prepared. hidden: no part of the path, because the user did not write it. */
yaml_location yaml_locations_add(struct yaml_locations *locations, yaml_location parent, const char *key, uint32_t index,
				 uint32_t node, struct yaml_position position, bool hidden);

/* A value that nobody finds: its key was given before. */
yaml_location yaml_locations_add_again(struct yaml_locations *locations, yaml_location parent, const char *key,
				       struct yaml_position position);

/* The value below parent, or YAML_LOCATION_NONE. O(1). */
yaml_location yaml_locations_value(const struct yaml_locations *locations, yaml_location parent, const char *key);
yaml_location yaml_locations_item(const struct yaml_locations *locations, yaml_location parent, uint32_t index);

struct yaml_position yaml_locations_position(const struct yaml_locations *locations, yaml_location location);

uint32_t yaml_locations_node(const struct yaml_locations *locations, yaml_location location);

/* A value that has been reported as wrong and must not be looked at again; what it is a part of is not sound then. */
void yaml_locations_refuse(struct yaml_locations *locations, yaml_location location);
bool yaml_locations_refused(const struct yaml_locations *locations, yaml_location location);
/* Something is wrong with it, or with a part of it. */
void yaml_locations_spoil(struct yaml_locations *locations, yaml_location location);
bool yaml_locations_sound(const struct yaml_locations *locations, yaml_location location);

#define YAML_PATH_BYTES 512

/* requests[0].size.fixed; "document" for the root. Returns buffer. */
const char *yaml_locations_path(const struct yaml_locations *locations, yaml_location location,
				char buffer[YAML_PATH_BYTES]);

#endif
