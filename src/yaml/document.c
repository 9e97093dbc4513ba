/* SPDX-License-Identifier: MIT
 * libcyaml 1.3.1 misreads numbers silently, stops at its first error and tells no positions. So the tables of a language are walked
 * twice: first by us, over the tree of the pre-pass, which reports whatever does not fit and writes the rest down again in one form
 * (aliases written out, a lone value where a list or map may stand made one); then by libcyaml, over that text, which has nothing
 * to do but to fill structures of strings. */
#include "yaml/document.h"

#include "base/memory.h"
#include "yaml/setting.h"

#include <stdio.h>
#include <string.h>

#define KEYS_MAX 40

struct level {
	const cyaml_schema_value_t *schema;
	uint32_t child; /* of the tree: next key or item */
	yaml_place place;
	uint32_t index; /* next item */
	bool begun;     /* something was written */
};

struct walk {
	const struct yaml_language *language;
	const struct yaml_tree *tree;
	struct yaml_places *places;
	struct yaml_problems *problems;
	struct text *out;
	struct level levels[YAML_DEPTH_MAX + 1];
	size_t depth;
};

static bool is_in(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

static bool takes_lone_value(const struct yaml_language *language, const cyaml_schema_field_t *fields)
{
	const cyaml_schema_field_t *const *lone = language->lone;
	while (lone && *lone && *lone != fields)
		lone++;
	return lone && *lone;
}

/* The user may not write the name that stands for a lone value. */
static const cyaml_schema_field_t *find_field(const struct walk *walk, const cyaml_schema_field_t *fields, const char *key)
{
	for (const cyaml_schema_field_t *field = fields; field->key; field++)
		if (!strcmp(field->key, key) && !(field == fields && takes_lone_value(walk->language, fields)))
			return field;
	return NULL;
}

static void list_keys(const struct walk *walk, const cyaml_schema_field_t *fields, const char *keys[KEYS_MAX])
{
	size_t count = 0;
	for (const cyaml_schema_field_t *field = fields; field->key && count + 1 < KEYS_MAX; field++)
		if (find_field(walk, fields, field->key))
			keys[count++] = field->key;
	keys[count] = NULL;
}

static void add_keys(const struct walk *walk, struct text *text, const cyaml_schema_field_t *fields)
{
	const char *keys[KEYS_MAX];
	list_keys(walk, fields, keys);
	for (size_t i = 0; keys[i]; i++)
		text_add(text, "%s%s", i ? ", " : "", keys[i]);
}

static void tell(struct walk *walk, yaml_place place, const char *message)
{
	char path[YAML_PATH_BYTES];
	yaml_problems_add(walk->problems, yaml_places_position(walk->places, place),
			  yaml_places_path(walk->places, place, path), "%s", message);
}

static void tell_unknown(struct walk *walk, yaml_place place, const cyaml_schema_field_t *fields, const char *key)
{
	struct text message = {0};
	const char *keys[KEYS_MAX];
	for (const struct yaml_absent *absent = walk->language->absent; absent && absent->fields; absent++)
		if (absent->fields == fields && is_in(key, absent->keys))
			text_add(&message, "%s", absent->reason);
	if (!message.length) {
		list_keys(walk, fields, keys);
		const char *nearest = text_nearest(key, keys);
		if (nearest)
			text_add(&message, "unknown key; did you mean '%s'?", nearest);
		else if (!strcmp(key, "<<"))
			text_add(&message, "unknown key; merge keys are not supported, write the values out");
		else
			text_add(&message, "unknown key; known here: ");
		if (!nearest && strcmp(key, "<<") != 0)
			add_keys(walk, &message, fields);
	}
	if (message.failed)
		walk->problems->no_memory = true;
	else
		tell(walk, place, message.bytes);
	text_release(&message);
}

/* Only escapes that libyaml takes back to the same character; JSON's do not all. */
static void write_text(struct text *out, const char *text)
{
	size_t left = strlen(text), plain = 0;
	text_add(out, "\"");
	while (plain < left) {
		uint32_t code = 0;
		size_t length = yaml_utf8_decode(text + plain, left - plain, &code);
		if (code >= 0x20 && code < 0x7f && code != '"' && code != '\\') {
			plain++;
			continue;
		}
		text_add_bytes(out, text, plain);
		text_add(out, code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x", code);
		length = length ? length : 1;
		text += plain + length;
		left -= plain + length;
		plain = 0;
	}
	text_add_bytes(out, text, plain);
	text_add(out, "\"");
}

static void write_scalar(struct walk *walk, uint32_t node, yaml_place place)
{
	const struct yaml_node *scalar = &walk->tree->nodes[node];
	const char *text = yaml_tree_text(walk->tree, node);
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
	if (!scalar->refused && scalar->plain && is_in(text, nothing)) {
		tell(walk, place, "has no value; write one, or leave the key out");
		yaml_places_refuse(walk->places, place);
	}
	if (scalar->refused)
		yaml_places_refuse(walk->places, place);
	write_text(walk->out, yaml_places_refused(walk->places, place) ? "" : text);
}

static void tell_misfit(struct walk *walk, const cyaml_schema_value_t *schema, yaml_place place)
{
	struct text message = {0};
	if (schema->type == CYAML_STRING) {
		text_add(&message, "must be one value, no list and no map");
	} else if (schema->type == CYAML_SEQUENCE) {
		text_add(&message, "must be a list: [ ... ], or '- ' before each item");
	} else {
		text_add(&message, "must be %sa map with the keys ",
			 takes_lone_value(walk->language, schema->mapping.fields) ? "one value or " : "");
		add_keys(walk, &message, schema->mapping.fields);
	}
	if (message.failed)
		walk->problems->no_memory = true;
	else
		tell(walk, place, message.bytes);
	text_release(&message);
}

static void open_level(struct walk *walk, const cyaml_schema_value_t *schema, uint32_t node, yaml_place place)
{
	text_add(walk->out, schema->type == CYAML_MAPPING ? "{" : "[");
	walk->levels[walk->depth++] =
		(struct level){.schema = schema, .child = walk->tree->nodes[node].first, .place = place};
}

/* Writes a value that fits its table, or reports it and writes one that says nothing in its stead. */
static void walk_value(struct walk *walk, const cyaml_schema_value_t *schema, uint32_t node, yaml_place place)
{
	node = yaml_tree_resolve(walk->tree, node);
	const struct yaml_node *value = &walk->tree->nodes[node];
	bool scalar = value->kind == YAML_NODE_SCALAR;
	if (schema->type == CYAML_STRING && scalar) {
		write_scalar(walk, node, place);
	} else if ((schema->type == CYAML_MAPPING && value->kind == YAML_NODE_MAP) ||
		   (schema->type == CYAML_SEQUENCE && value->kind == YAML_NODE_LIST)) {
		open_level(walk, schema, node, place);
	} else if (scalar && schema->type == CYAML_SEQUENCE && schema->sequence.entry->type == CYAML_STRING) {
		text_add(walk->out, "[");
		write_scalar(walk, node, yaml_places_add(walk->places, place, NULL, 0, value->position, true));
		text_add(walk->out, "]");
	} else if (scalar && schema->type == CYAML_MAPPING && takes_lone_value(walk->language, schema->mapping.fields)) {
		const char *key = schema->mapping.fields[0].key;
		text_add(walk->out, "{%s: ", key);
		write_scalar(walk, node, yaml_places_add(walk->places, place, key, 0, value->position, true));
		text_add(walk->out, "}");
	} else {
		bool empty = scalar && value->plain && !*yaml_tree_text(walk->tree, node);
		if (empty)
			tell(walk, place,
			     place == YAML_PLACE_ROOT ? walk->language->empty
						      : "has no value; write one, or leave the key out");
		else if (!value->refused)
			tell_misfit(walk, schema, place);
		yaml_places_refuse(walk->places, place);
		text_add(walk->out, schema->type == CYAML_STRING ? "\"\"" : schema->type == CYAML_SEQUENCE ? "[]" : "{}");
	}
}

/* One key and its value. */
static void walk_pair(struct walk *walk, struct level *level)
{
	const struct yaml_tree *tree = walk->tree;
	uint32_t key_node = level->child, node = tree->nodes[key_node].next;
	const char *key = yaml_tree_text(tree, key_node);
	struct yaml_position key_position = tree->nodes[key_node].position;
	level->child = tree->nodes[node].next;
	if (tree->nodes[key_node].refused)
		return;
	const cyaml_schema_field_t *field = find_field(walk, level->schema->mapping.fields, key);
	if (yaml_places_value(walk->places, level->place, key) != YAML_PLACE_NONE) {
		yaml_place again = yaml_places_add(walk->places, level->place, key, 0, key_position, false);
		tell(walk, again, "given twice; one of them must go");
		return;
	}
	if (!field) {
		yaml_place unknown = yaml_places_add(walk->places, level->place, key, 0, key_position, false);
		tell_unknown(walk, unknown, level->schema->mapping.fields, key);
		return;
	}
	struct yaml_position position = tree->nodes[yaml_tree_resolve(tree, node)].position;
	yaml_place place = yaml_places_add(walk->places, level->place, field->key, 0, position, false);
	text_add(walk->out, "%s%s: ", level->begun ? ",\n" : "", field->key);
	level->begun = true;
	walk_value(walk, &field->value, node, place);
}

static void walk_item(struct walk *walk, struct level *level)
{
	uint32_t node = level->child;
	level->child = walk->tree->nodes[node].next;
	struct yaml_position position = walk->tree->nodes[yaml_tree_resolve(walk->tree, node)].position;
	yaml_place place = yaml_places_add(walk->places, level->place, NULL, level->index++, position, false);
	text_add(walk->out, "%s", level->begun ? ",\n" : "");
	level->begun = true;
	walk_value(walk, level->schema->sequence.entry, node, place);
}

static void walk_document(struct walk *walk)
{
	walk_value(walk, walk->language->schema, 0, YAML_PLACE_ROOT);
	while (walk->depth) {
		struct level *level = &walk->levels[walk->depth - 1];
		bool is_map = level->schema->type == CYAML_MAPPING;
		if (level->child == YAML_NODE_NONE) {
			text_add(walk->out, is_map ? "}" : "]");
			walk->depth--;
		} else if (is_map) {
			walk_pair(walk, level);
		} else {
			walk_item(walk, level);
		}
	}
	text_add(walk->out, "\n");
	walk->problems->no_memory = walk->problems->no_memory || walk->out->failed;
}

static void *give_memory(void *context, void *memory, size_t bytes)
{
	bool *no_memory = context;
	if (bytes) {
		void *resized = memory_resize(memory, bytes, 1);
		*no_memory |= !resized;
		return resized;
	}
	memory_release(memory);
	return NULL;
}

/* Not every lack of memory is CYAML_ERR_OOM. */
static cyaml_config_t cyaml_that_tells(bool *no_memory)
{
	return (cyaml_config_t){.mem_fn = give_memory, .mem_ctx = no_memory, .log_level = CYAML_LOG_ERROR};
}

static void load(struct yaml_document *document, const struct text *text, struct yaml_problems *problems)
{
	bool no_memory = false;
	const cyaml_config_t cyaml = cyaml_that_tells(&no_memory);
	cyaml_err_t error = cyaml_load_data((const uint8_t *)text->bytes, text->length, &cyaml, document->language->schema,
					    &document->data, NULL);
	if (no_memory || error == CYAML_ERR_OOM)
		problems->no_memory = true;
	else if (error != CYAML_OK)
		yaml_problems_add(problems, (struct yaml_position){1, 1}, "document", "libcyaml: %s",
				  cyaml_strerror(error));
	else
		document->loaded = true;
}

void yaml_document_open_set(struct yaml_document *document, const struct yaml_language *language,
			    const struct yaml_setting *settings, size_t setting_count, struct yaml_problems *problems)
{
	struct text text = {0};
	*document = (struct yaml_document){.language = language};
	if (problems->length >= 3 && !memcmp(problems->bytes, "\xef\xbb\xbf", 3)) {
		problems->bytes += 3;
		problems->length -= 3;
	}
	if (yaml_tree_read(&document->tree, language->empty, problems))
		return;
	for (size_t i = 0; i < setting_count; i++)
		if (yaml_setting_apply(&document->tree, &settings[i], problems))
			return;
	/* A lone value that becomes a list or map takes a place more. */
	if (yaml_places_prepare(&document->places, 2 * document->tree.expanded + 1, document->tree.nodes[0].position)) {
		problems->no_memory = true;
		return;
	}
	struct walk walk = {.language = language,
			    .tree = &document->tree,
			    .places = &document->places,
			    .problems = problems,
			    .out = &text};
	walk_document(&walk);
	if (!problems->no_memory && !yaml_places_refused(&document->places, YAML_PLACE_ROOT))
		load(document, &text, problems);
	text_release(&text);
}

void yaml_document_open(struct yaml_document *document, const struct yaml_language *language,
			struct yaml_problems *problems)
{
	yaml_document_open_set(document, language, NULL, 0, problems);
}

void yaml_document_close(struct yaml_document *document)
{
	bool no_memory;
	const cyaml_config_t cyaml = cyaml_that_tells(&no_memory);
	if (document->data)
		cyaml_free(&cyaml, document->language->schema, document->data, 0);
	yaml_places_release(&document->places);
	yaml_tree_release(&document->tree);
	*document = (struct yaml_document){0};
}

void yaml_language_keys(const struct yaml_language *language, void (*each)(void *context, const char *path), void *context)
{
	const cyaml_schema_field_t *root = language->schema->mapping.fields;
	struct {
		const cyaml_schema_field_t *table, *next;
		size_t length; /* of the path above */
	} levels[YAML_DEPTH_MAX] = {{root, root, 0}};
	char path[YAML_PATH_BYTES] = "";
	for (size_t depth = 1; depth;) {
		const cyaml_schema_field_t *table = levels[depth - 1].table, *field = levels[depth - 1].next++;
		size_t length = levels[depth - 1].length;
		if (!field->key) {
			depth--;
			continue;
		}
		if (field == table && takes_lone_value(language, table))
			continue;
		length += (size_t)snprintf(path + length, sizeof path - length, "%s%s", length ? "." : "", field->key);
		each(context, path);
		const cyaml_schema_value_t *value =
			field->value.type == CYAML_SEQUENCE ? field->value.sequence.entry : &field->value;
		/* A script in a script has the keys of the outer one. */
		if (value->type != CYAML_MAPPING || value->mapping.fields == table)
			continue;
		levels[depth].table = levels[depth].next = value->mapping.fields;
		levels[depth++].length = length;
	}
}
