/* SPDX-License-Identifier: MIT */
#include "yaml/document.h"

#include "base/memory.h"
#include "yaml/cursor.h"
#include "yaml/schema.h"
#include "yaml/walk.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

yaml_location yaml_key_location(const struct yaml_document *document, yaml_location parent, const char *key)
{
	return parent == YAML_LOCATION_NONE ? parent : yaml_locations_value(&document->locations, parent, key);
}

yaml_location yaml_item_location(const struct yaml_document *document, yaml_location list, size_t index)
{
	return list == YAML_LOCATION_NONE ? list : yaml_locations_item(&document->locations, list, (uint32_t)index);
}

bool yaml_given(const struct yaml_document *document, yaml_location parent, const char *key)
{
	return yaml_key_location(document, parent, key) != YAML_LOCATION_NONE;
}

bool yaml_good(const struct yaml_document *document, yaml_location parent, const char *key)
{
	yaml_location location = yaml_key_location(document, parent, key);
	return location != YAML_LOCATION_NONE && yaml_locations_sound(&document->locations, location);
}

bool yaml_sound(const struct yaml_document *document, yaml_location location)
{
	return location == YAML_LOCATION_NONE || yaml_locations_sound(&document->locations, location);
}

const char *yaml_value_text(const struct yaml_document *document, yaml_location location)
{
	if (location == YAML_LOCATION_NONE || yaml_locations_refused(&document->locations, location))
		return NULL;
	uint32_t node = yaml_locations_node(&document->locations, location);
	return document->tree.nodes[node].kind == YAML_NODE_SCALAR ? yaml_tree_text(&document->tree, node) : NULL;
}

const char *yaml_key_value(const struct yaml_document *document, yaml_location parent, const char *key)
{
	return yaml_value_text(document, yaml_key_location(document, parent, key));
}

size_t yaml_list_length(const struct yaml_document *document, yaml_location list)
{
	const struct yaml_node *nodes = document->tree.nodes;
	uint32_t node = yaml_locations_node(&document->locations, list);
	size_t length = 0;
	if (nodes[node].kind != YAML_NODE_LIST)
		return 1;
	for (uint32_t at = nodes[node].first; at != YAML_NODE_NONE; at = nodes[at].next)
		length++;
	return length;
}

void yaml_fault(struct yaml_document *document, yaml_location location, const char *format, ...)
{
	assert(document->problems);
	char path[YAML_PATH_BYTES], message[1024];
	va_list arguments;
	if (location == YAML_LOCATION_NONE)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	yaml_problems_add(document->problems, yaml_locations_position(&document->locations, location),
			  yaml_locations_path(&document->locations, location, path), "%s", message);
	yaml_locations_refuse(&document->locations, location);
}

void yaml_fault_missing(struct yaml_document *document, yaml_location parent, const char *key, const char *advice)
{
	char path[YAML_PATH_BYTES], whole[YAML_PATH_BYTES + 64];
	yaml_locations_path(&document->locations, parent, path);
	snprintf(whole, sizeof whole, "%s%s%s", parent == YAML_LOCATION_ROOT ? "" : path,
		 parent == YAML_LOCATION_ROOT ? "" : ".", key);
	yaml_problems_add(document->problems, yaml_locations_position(&document->locations, parent), whole,
			  "is missing; %s", advice);
	yaml_locations_spoil(&document->locations, parent);
}

const char *yaml_meant(char buffer[YAML_MEANT_BYTES], const char *text, const char *const *names)
{
	const char *nearest = text_nearest(text, names);
	snprintf(buffer, YAML_MEANT_BYTES, "%s%s%s", nearest ? "; did you mean '" : "", nearest ? nearest : "",
		 nearest ? "'?" : "");
	return buffer;
}

void yaml_no_memory(struct yaml_document *document)
{
	document->problems->no_memory = true;
}

/* Where the map, list or item stands that a row or the next item leads to. */
static yaml_location place_below(const struct yaml_document *document, const struct yaml_level *above,
				 const struct yaml_key *row)
{
	return row ? yaml_key_location(document, above->location, row->name)
		   : yaml_item_location(document, above->location, above->index - 1);
}

/* Whether a rule may look below a row: it was given and not refused, or its fallbacks stand there (*location is
 * YAML_LOCATION_NONE then). */
static bool leads_on(const struct yaml_document *document, const struct yaml_key *row, yaml_location *location)
{
	if (row->kind == YAML_INCLUDE)
		return true;
	if (row->kind != YAML_MAP && (row->kind != YAML_LIST || !row->map->rule))
		return false;
	if (*location == YAML_LOCATION_NONE || yaml_locations_refused(&document->locations, *location)) {
		*location = YAML_LOCATION_NONE;
		return row->kind == YAML_MAP && row->fallback;
	}
	/* A lone value has nothing below, but the rule of its map holds. */
	return true;
}

/* Rules of maps run after those of the maps below them. */
static void run_rules(struct yaml_document *document, void *root)
{
	struct yaml_cursor cursor;
	yaml_cursor_begin(&cursor, document->language->root, root);
	cursor.levels[0].location = YAML_LOCATION_ROOT;
	for (enum yaml_step step; (step = yaml_cursor_next(&cursor)) != YAML_AT_END;) {
		struct yaml_level *top = cursor.depth ? yaml_cursor_top(&cursor) : NULL;
		if (step == YAML_AT_ITEM) {
			top->location = place_below(document, top - 1, NULL);
		} else if (step == YAML_AT_ROW) {
			yaml_location location =
				cursor.row->kind == YAML_INCLUDE ? top->location : place_below(document, top, cursor.row);
			if (leads_on(document, cursor.row, &location))
				yaml_cursor_enter(&cursor)->location = location;
		} else if (cursor.left.map && cursor.left.map->rule &&
			   (cursor.left.location == YAML_LOCATION_NONE ||
			    !yaml_locations_refused(&document->locations, cursor.left.location))) {
			cursor.left.map->rule(document, cursor.left.location, cursor.left.item);
		}
	}
}

void yaml_document_read(struct yaml_document *document, const struct yaml_language *language,
			const struct yaml_setting *settings, size_t setting_count, struct yaml_problems *problems,
			void *root, void *context)
{
	assert(language->root && problems->what && problems->file && !problems->count);
	assert(settings || !setting_count);
	struct text text = {0};
	*document = (struct yaml_document){.language = language, .problems = problems, .context = context};
	if (problems->length >= 3 && !memcmp(problems->bytes, "\xef\xbb\xbf", 3)) {
		problems->bytes += 3;
		problems->length -= 3;
	}
	if (yaml_tree_read(&document->tree, language->empty, problems))
		return;
	for (size_t i = 0; i < setting_count; i++)
		if (yaml_setting_apply(&document->tree, &settings[i], problems))
			return;
	/* A lone value that may be a list takes one location more. */
	if (yaml_locations_prepare(&document->locations, 2 * document->tree.expanded + 1,
				   document->tree.nodes[0].position)) {
		yaml_no_memory(document);
		return;
	}
	yaml_walk(document, &text);
	if (!problems->no_memory && !yaml_locations_refused(&document->locations, YAML_LOCATION_ROOT) &&
	    yaml_schema_load(document, &text, root) == 0)
		run_rules(document, root);
	text_release(&text);
}

void yaml_document_close(struct yaml_document *document)
{
	for (size_t i = 0; i < YAML_NAMES_MAX; i++) {
		name_table_release(&document->names[i].numbers);
		memory_release(document->names[i].names);
	}
	yaml_locations_release(&document->locations);
	yaml_tree_release(&document->tree);
	*document = (struct yaml_document){0};
}
