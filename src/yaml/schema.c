/* SPDX-License-Identifier: MIT
 * libcyaml 1.3.1 misreads numbers silently, stops at its first error, knows neither fallbacks nor variants and tells no
 * positions. On the text of the walk, in which every value has one form and every struct one map, none of that can happen: it
 * converts, allocates, bounds the arrays, and would tell a mistake of the walk or of a table. */
#include "yaml/schema.h"

#include "base/memory.h"
#include "yaml/cursor.h"
#include "yaml/walk.h"

#include <assert.h>
#include <cyaml/cyaml.h>
#include <stdio.h>
#include <string.h>

#define STRUCTS_MAX 16u

#define MAPS_MAX 2u

/* A struct of the model: the root, or what a list holds. Lists with the same member hold the same struct, each with a map of
 * its own. */
struct structure {
	const struct yaml_map *maps[MAPS_MAX];
	size_t map_count;
	cyaml_schema_field_t *fields;
	size_t count, capacity;
	cyaml_schema_value_t value;
};

struct schema {
	struct structure structures[STRUCTS_MAX];
	size_t count;
	bool no_memory;
};

static const cyaml_schema_field_t written_fields[] = {
	CYAML_FIELD_STRING_PTR("text", CYAML_FLAG_POINTER, struct yaml_written, text, 0, CYAML_UNLIMITED),
	CYAML_FIELD_UINT("line", CYAML_FLAG_DEFAULT, struct yaml_written, line),
	CYAML_FIELD_UINT("column", CYAML_FLAG_DEFAULT, struct yaml_written, column), CYAML_FIELD_END};

/* What the elements of an array of values are. */
static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};
static const cyaml_schema_value_t written_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_written, written_fields)};
static const cyaml_schema_value_t four_entry = {CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t)};
static const cyaml_schema_value_t eight_entry = {CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint64_t)};

static cyaml_schema_value_t value_of(const struct yaml_key *row)
{
	enum cyaml_type type = CYAML_UINT;
	switch (row->kind) {
	case YAML_TEXT:
	case YAML_NAME:
		return (cyaml_schema_value_t){
			CYAML_VALUE_STRING(CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};
	case YAML_RATE:
	case YAML_NUMBER:
	case YAML_DECIMAL:
	case YAML_SHARE:
		assert(row->at.bytes == sizeof(double));
		type = CYAML_FLOAT;
		break;
	case YAML_FLAG:
		assert(row->at.bytes == sizeof(bool));
		type = CYAML_BOOL;
		break;
	case YAML_WORD:
		type = CYAML_INT;
		break;
	default:
		break;
	}
	return (cyaml_schema_value_t){
		.type = type, .flags = CYAML_FLAG_OPTIONAL, .data_size = (uint32_t)row->at.bytes, .string = {0, 0}};
}

static const cyaml_schema_value_t *entry_of(const struct yaml_key *row)
{
	if (row->kind == YAML_TEXT)
		return &text_entry;
	if (row->kind == YAML_WRITTEN)
		return &written_entry;
	assert(row->at.bytes == sizeof(uint32_t) || row->at.bytes == sizeof(uint64_t));
	return row->at.bytes == sizeof(uint32_t) ? &four_entry : &eight_entry;
}

static bool is_of(const struct structure *structure, const struct yaml_map *map)
{
	size_t i = 0;
	while (i < structure->map_count && structure->maps[i] != map)
		i++;
	return i < structure->map_count;
}

/* The struct of a map, which is added when it is met for the first time: a list may hold itself. */
static struct structure *find_structure(struct schema *schema, const struct yaml_map *map)
{
	size_t i = 0;
	while (i < schema->count && !is_of(&schema->structures[i], map))
		i++;
	assert(i < STRUCTS_MAX);
	if (i == schema->count)
		schema->structures[schema->count++] = (struct structure){.maps = {map},
									 .map_count = 1,
									 .value = {.type = CYAML_MAPPING,
										   .flags = CYAML_FLAG_DEFAULT,
										   .data_size = (uint32_t)map->bytes,
										   .mapping = {NULL}}};
	return &schema->structures[i];
}

static const cyaml_schema_field_t *find_field(const struct structure *structure, const char *name)
{
	for (size_t i = 0; i < structure->count; i++)
		if (!strcmp(structure->fields[i].key, name))
			return &structure->fields[i];
	return NULL;
}

static void add_field(struct schema *schema, struct structure *structure, const char *name, cyaml_schema_field_t field)
{
	const cyaml_schema_field_t *before = find_field(structure, name);
	if (before) {
		assert(before->data_offset == field.data_offset && before->value.data_size == field.value.data_size);
		return;
	}
	char *key = memory_text(name);
	if (!key ||
	    memory_grow(&structure->fields, &structure->capacity, structure->count + 1, sizeof *structure->fields)) {
		memory_release(key);
		schema->no_memory = true;
		return;
	}
	field.key = key;
	structure->fields[structure->count++] = field;
}

/* Where the struct of a level begins, and how its members are called. */
struct base {
	size_t offset;
	char *prefix;
	size_t length;
};

static void add_member(struct schema *schema, struct structure *structure, const struct base *base,
		       const struct yaml_member *member, cyaml_schema_value_t value)
{
	if (!member->name)
		return;
	yaml_prefix_add(base->prefix, base->length, member->name);
	add_field(schema, structure, base->prefix,
		  (cyaml_schema_field_t){.data_offset = (uint32_t)(base->offset + member->offset), .value = value});
	base->prefix[base->length] = '\0';
}

static void add_enum(struct schema *schema, struct structure *structure, const struct base *base,
		     const struct yaml_member *member)
{
	cyaml_schema_value_t value = {
		.type = CYAML_INT, .flags = CYAML_FLAG_OPTIONAL, .data_size = (uint32_t)member->bytes, .string = {0, 0}};
	add_member(schema, structure, base, member, value);
}

/* What the list of a row holds: the struct of its member, if another list has that already. */
static const cyaml_schema_value_t *item_of(struct schema *schema, const struct structure *structure, const char *name,
					   const struct yaml_map *map)
{
	const cyaml_schema_field_t *before = find_field(structure, name);
	if (!before)
		return &find_structure(schema, map)->value;
	for (size_t i = 0; i < schema->count; i++) {
		struct structure *item = &schema->structures[i];
		if (before->value.sequence.entry != &item->value || is_of(item, map))
			continue;
		assert(item->map_count < MAPS_MAX && !item->fields && item->value.data_size == map->bytes);
		item->maps[item->map_count++] = map;
	}
	return before->value.sequence.entry;
}

static void add_sequence(struct schema *schema, struct structure *structure, const struct base *base,
			 const struct yaml_key *row)
{
	yaml_prefix_add(base->prefix, base->length, row->at.name);
	const cyaml_schema_value_t *entry =
		row->kind == YAML_LIST ? item_of(schema, structure, base->prefix, row->map) : entry_of(row);
	cyaml_schema_field_t field = {
		.data_offset = (uint32_t)(base->offset + row->at.offset),
		.count_offset = (uint32_t)(base->offset + row->count.offset),
		.count_size = (uint8_t)row->count.bytes,
		.value = {.type = CYAML_SEQUENCE,
			  .flags = CYAML_FLAG_OPTIONAL | (row->capacity ? CYAML_FLAG_DEFAULT : CYAML_FLAG_POINTER),
			  .data_size = row->kind == YAML_LIST ? (uint32_t)row->map->bytes : (uint32_t)row->at.bytes,
			  .sequence = {entry, 0, row->capacity ? (uint32_t)row->capacity : CYAML_UNLIMITED}}};
	add_field(schema, structure, base->prefix, field);
	base->prefix[base->length] = '\0';
}

static void add_row(struct schema *schema, struct structure *structure, const struct base *base, const struct yaml_key *row)
{
	static const cyaml_schema_value_t flag = {
		.type = CYAML_BOOL, .flags = CYAML_FLAG_OPTIONAL, .data_size = sizeof(bool), .string = {0, 0}};
	add_enum(schema, structure, base, &row->sets.at);
	add_member(schema, structure, base, &row->given, flag);
	if (row->kind == YAML_MAP || row->kind == YAML_INCLUDE || row->kind == YAML_ABSENT)
		return;
	if (row->count.name)
		add_sequence(schema, structure, base, row);
	else
		add_member(schema, structure, base, &row->at, value_of(row));
}

/* The members that a table tells: its own and all that lie beside. */
static void add_members(struct schema *schema, struct structure *structure, const struct yaml_map *map)
{
	struct yaml_cursor cursor;
	char prefix[YAML_PREFIX_BYTES] = "";
	yaml_cursor_begin(&cursor, map, NULL);
	for (enum yaml_step step; (step = yaml_cursor_next(&cursor)) != YAML_AT_END && !schema->no_memory;) {
		if (step == YAML_LEFT) {
			prefix[cursor.depth ? yaml_cursor_top(&cursor)->prefix : 0] = '\0';
			continue;
		}
		const struct yaml_level *level = yaml_cursor_top(&cursor);
		struct base base = {level->offset, prefix, level->prefix};
		add_row(schema, structure, &base, cursor.row);
		if (cursor.row->kind != YAML_MAP && cursor.row->kind != YAML_INCLUDE)
			continue;
		struct yaml_level *below = yaml_cursor_enter(&cursor);
		const struct yaml_lone *lone = below->map->lone;
		below->prefix = yaml_prefix_add(prefix, base.length, cursor.row->at.name);
		base = (struct base){below->offset, prefix, below->prefix};
		if (lone)
			add_enum(schema, structure, &base, &lone->at);
		if (lone && lone->row)
			add_row(schema, structure, &base, lone->row);
	}
}

static void describe(struct schema *schema, struct structure *structure)
{
	for (size_t i = 0; i < structure->map_count; i++)
		add_members(schema, structure, structure->maps[i]);
	/* The end of the table is zeros. */
	if (!schema->no_memory &&
	    memory_grow(&structure->fields, &structure->capacity, structure->count, sizeof *structure->fields) == 0)
		structure->fields[structure->count] = (cyaml_schema_field_t){0};
	else
		schema->no_memory = true;
	structure->value.mapping.fields = structure->fields;
}

static void release(struct schema *schema)
{
	for (size_t i = 0; i < schema->count; i++) {
		for (size_t k = 0; k < schema->structures[i].count; k++)
			memory_release((char *)(uintptr_t)schema->structures[i].fields[k].key);
		memory_release(schema->structures[i].fields);
	}
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

static int load(struct yaml_document *document, const struct schema *schema, const struct text *text, void *root)
{
	bool no_memory = false; /* not every lack of memory is CYAML_ERR_OOM */
	const cyaml_config_t cyaml = {.mem_fn = give_memory, .mem_ctx = &no_memory, .log_level = CYAML_LOG_ERROR};
	cyaml_schema_value_t top = schema->structures[0].value;
	cyaml_data_t *data = NULL;
	top.flags = CYAML_FLAG_POINTER;
	cyaml_err_t error = cyaml_load_data((const uint8_t *)text->bytes, text->length, &cyaml, &top, &data, NULL);
	if (no_memory || error == CYAML_ERR_OOM) {
		yaml_no_memory(document);
	} else if (error != CYAML_OK) {
		yaml_problems_add(document->problems, (struct yaml_position){1, 1}, "document", "libcyaml: %s",
				  cyaml_strerror(error));
	} else {
		if (data)
			memcpy(root, data, schema->structures[0].maps[0]->bytes);
		memory_release(data);
		return 0;
	}
	return -1;
}

int yaml_schema_load(struct yaml_document *document, const struct text *text, void *root)
{
	struct schema schema = {.count = 0};
	int result = -1;
	find_structure(&schema, document->language->root);
	for (size_t i = 0; i < schema.count && !schema.no_memory; i++)
		describe(&schema, &schema.structures[i]);
	if (schema.no_memory)
		yaml_no_memory(document);
	else
		result = load(document, &schema, text, root);
	release(&schema);
	return result;
}
