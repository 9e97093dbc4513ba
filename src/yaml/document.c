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

yaml_place yaml_key_place(const struct yaml_document *document, yaml_place parent, const char *key)
{
	return parent == YAML_PLACE_NONE ? parent : yaml_places_value(&document->places, parent, key);
}

yaml_place yaml_item_place(const struct yaml_document *document, yaml_place list, size_t index)
{
	return list == YAML_PLACE_NONE ? list : yaml_places_item(&document->places, list, (uint32_t)index);
}

bool yaml_given(const struct yaml_document *document, yaml_place parent, const char *key)
{
	return yaml_key_place(document, parent, key) != YAML_PLACE_NONE;
}

bool yaml_good(const struct yaml_document *document, yaml_place parent, const char *key)
{
	yaml_place place = yaml_key_place(document, parent, key);
	return place != YAML_PLACE_NONE && yaml_places_sound(&document->places, place);
}

bool yaml_sound(const struct yaml_document *document, yaml_place place)
{
	return place == YAML_PLACE_NONE || yaml_places_sound(&document->places, place);
}

const char *yaml_value_text(const struct yaml_document *document, yaml_place place)
{
	if (place == YAML_PLACE_NONE || yaml_places_refused(&document->places, place))
		return NULL;
	uint32_t node = yaml_places_node(&document->places, place);
	return document->tree.nodes[node].kind == YAML_NODE_SCALAR ? yaml_tree_text(&document->tree, node) : NULL;
}

const char *yaml_key_value(const struct yaml_document *document, yaml_place parent, const char *key)
{
	return yaml_value_text(document, yaml_key_place(document, parent, key));
}

size_t yaml_list_length(const struct yaml_document *document, yaml_place list)
{
	const struct yaml_node *nodes = document->tree.nodes;
	uint32_t node = yaml_places_node(&document->places, list);
	size_t length = 0;
	if (nodes[node].kind != YAML_NODE_LIST)
		return 1;
	for (uint32_t at = nodes[node].first; at != YAML_NODE_NONE; at = nodes[at].next)
		length++;
	return length;
}

void yaml_fault(struct yaml_document *document, yaml_place place, const char *format, ...)
{
	assert(document->problems);
	char path[YAML_PATH_BYTES], message[1024];
	va_list arguments;
	if (place == YAML_PLACE_NONE)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	yaml_problems_add(document->problems, yaml_places_position(&document->places, place),
			  yaml_places_path(&document->places, place, path), "%s", message);
	yaml_places_refuse(&document->places, place);
}

void yaml_fault_missing(struct yaml_document *document, yaml_place parent, const char *key, const char *advice)
{
	char path[YAML_PATH_BYTES], whole[YAML_PATH_BYTES + 64];
	yaml_places_path(&document->places, parent, path);
	snprintf(whole, sizeof whole, "%s%s%s", parent == YAML_PLACE_ROOT ? "" : path, parent == YAML_PLACE_ROOT ? "" : ".",
		 key);
	yaml_problems_add(document->problems, yaml_places_position(&document->places, parent), whole, "is missing; %s",
			  advice);
	yaml_places_spoil(&document->places, parent);
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
static yaml_place place_below(const struct yaml_document *document, const struct yaml_level *above,
			      const struct yaml_key *row)
{
	return row ? yaml_key_place(document, above->place, row->name)
		   : yaml_item_place(document, above->place, above->index - 1);
}

/* Whether a rule may look below a row: it was given and not refused, or its fallbacks stand there (*place is YAML_PLACE_NONE
 * then). */
static bool leads_on(const struct yaml_document *document, const struct yaml_key *row, yaml_place *place)
{
	if (row->kind == YAML_INCLUDE)
		return true;
	if (row->kind != YAML_MAP && (row->kind != YAML_LIST || !row->map->rule))
		return false;
	if (*place == YAML_PLACE_NONE || yaml_places_refused(&document->places, *place)) {
		*place = YAML_PLACE_NONE;
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
	cursor.levels[0].place = YAML_PLACE_ROOT;
	for (enum yaml_step step; (step = yaml_cursor_next(&cursor)) != YAML_AT_END;) {
		struct yaml_level *top = cursor.depth ? yaml_cursor_top(&cursor) : NULL;
		if (step == YAML_AT_ITEM) {
			top->place = place_below(document, top - 1, NULL);
		} else if (step == YAML_AT_ROW) {
			yaml_place place =
				cursor.row->kind == YAML_INCLUDE ? top->place : place_below(document, top, cursor.row);
			if (leads_on(document, cursor.row, &place))
				yaml_cursor_enter(&cursor)->place = place;
		} else if (cursor.left.map && cursor.left.map->rule &&
			   (cursor.left.place == YAML_PLACE_NONE ||
			    !yaml_places_refused(&document->places, cursor.left.place))) {
			cursor.left.map->rule(document, cursor.left.place, cursor.left.item);
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
	/* A lone value that may be a list takes a place more. */
	if (yaml_places_prepare(&document->places, 2 * document->tree.expanded + 1, document->tree.nodes[0].position)) {
		yaml_no_memory(document);
		return;
	}
	yaml_walk(document, &text);
	if (!problems->no_memory && !yaml_places_refused(&document->places, YAML_PLACE_ROOT) &&
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
	yaml_places_release(&document->places);
	yaml_tree_release(&document->tree);
	*document = (struct yaml_document){0};
}
