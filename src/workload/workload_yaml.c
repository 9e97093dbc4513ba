/* SPDX-License-Identifier: MIT
 * libcyaml 1.3.1 misreads numbers silently, stops at its first error and tells no positions. So the tables below are walked twice:
 * first by us, over the tree of the pre-pass, which reports whatever does not fit and writes the rest down again in one form
 * (aliases written out, a lone value where a list or map may stand made one); then by libcyaml, over that text, which has nothing
 * to do but to fill structures of strings. Numbers are decoded from those strings, in decode_*.c. */
#include "workload/workload_yaml.h"

#include "base/memory.h"
#include "workload/decode.h"
#include "workload/workload_raw.h"
#include "workload/yaml_places.h"
#include "workload/yaml_problems.h"
#include "workload/yaml_tree.h"

#include <cyaml/cyaml.h>
#include <string.h>

/* 0, or a compile error when the member is not of this type: libcyaml would write through it all the same. */
#define MUST_BE(structure, member, type) _Generic(((structure *)NULL)->member, type : 0)

#define TEXT(structure, member)                                                                                            \
	CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_OPTIONAL | MUST_BE(structure, member, char *), structure, member, 0,    \
			       CYAML_UNLIMITED)
#define MAP(structure, member, type)                                                                                       \
	CYAML_FIELD_MAPPING_PTR(#member, CYAML_FLAG_OPTIONAL | MUST_BE(structure, member, struct type *), structure,       \
				member, type##_fields)
#define LIST_OF(structure, member, type, entry)                                                                            \
	CYAML_FIELD_SEQUENCE(#member,                                                                                      \
			     CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | MUST_BE(structure, member, type *) |               \
				     MUST_BE(structure, member##_count, unsigned),                                         \
			     structure, member, &(entry), 0, CYAML_UNLIMITED)
/* Keys that requests and scripts share. */
#define ARGUMENT(structure, key)                                                                                           \
	CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_OPTIONAL | MUST_BE(structure, arguments.key, char *), structure,           \
			       arguments.key, 0, CYAML_UNLIMITED)
#define ARGUMENTS(structure)                                                                                               \
	ARGUMENT(structure, skip), ARGUMENT(structure, address), ARGUMENT(structure, type),                                \
		ARGUMENT(structure, contiguous), ARGUMENT(structure, cache), ARGUMENT(structure, node),                    \
		ARGUMENT(structure, io_space), ARGUMENT(structure, user), ARGUMENT(structure, irql),                       \
		CYAML_FIELD_SEQUENCE_COUNT(                                                                                \
			"flags",                                                                                           \
			CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | MUST_BE(structure, arguments.flags, char **) |          \
				MUST_BE(structure, arguments.flags_count, unsigned),                                       \
			structure, arguments.flags, arguments.flags_count, &text_entry, 0, CYAML_UNLIMITED)
#define LIST(structure, member, type) LIST_OF(structure, member, struct type, type##_entry)
#define ENTRY(type)                                                                                                        \
	static const cyaml_schema_value_t type##_entry = {                                                                 \
		CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct type, type##_fields)}

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t raw_hole_fields[] = {TEXT(struct raw_hole, base), TEXT(struct raw_hole, size),
						       CYAML_FIELD_END};
ENTRY(raw_hole);

static const cyaml_schema_field_t raw_space_fields[] = {TEXT(struct raw_space, base),
							TEXT(struct raw_space, size),
							TEXT(struct raw_space, page),
							TEXT(struct raw_space, mode),
							LIST(struct raw_space, reserved, raw_hole),
							CYAML_FIELD_END};

static const cyaml_schema_field_t raw_physical_fields[] = {TEXT(struct raw_physical, size),
							   TEXT(struct raw_physical, scatter), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_adapter_fields[] = {TEXT(struct raw_adapter, wddm), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_uniform_fields[] = {TEXT(struct raw_uniform, min), TEXT(struct raw_uniform, max),
							  CYAML_FIELD_END};

static const cyaml_schema_field_t raw_powers_fields[] = {TEXT(struct raw_powers, min), TEXT(struct raw_powers, max),
							 TEXT(struct raw_powers, ratio), TEXT(struct raw_powers, exact),
							 CYAML_FIELD_END};

static const cyaml_schema_field_t raw_size_fields[] = {TEXT(struct raw_size, fixed),
						       MAP(struct raw_size, uniform, raw_uniform),
						       MAP(struct raw_size, powers_of_two, raw_powers), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_align_fields[] = {TEXT(struct raw_align, policy),
							TEXT(struct raw_align, natural_up_to), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_request_fields[] = {TEXT(struct raw_request, name),
							  TEXT(struct raw_request, call),
							  MAP(struct raw_request, size, raw_size),
							  MAP(struct raw_request, align, raw_align),
							  TEXT(struct raw_request, low),
							  LIST_OF(struct raw_request, high, char *, text_entry),
							  TEXT(struct raw_request, boundary),
							  ARGUMENTS(struct raw_request),
							  CYAML_FIELD_END};
ENTRY(raw_request);

static const cyaml_schema_field_t raw_share_fields[] = {TEXT(struct raw_share, request), TEXT(struct raw_share, weight),
							CYAML_FIELD_END};
ENTRY(raw_share);

static const cyaml_schema_field_t raw_until_fields[] = {TEXT(struct raw_until, occupancy), TEXT(struct raw_until, live),
							TEXT(struct raw_until, turnovers), TEXT(struct raw_until, ops),
							CYAML_FIELD_END};

/* A script may hold scripts: its table is a part of itself. */
static const cyaml_schema_value_t raw_script_op_entry;
static const cyaml_schema_field_t raw_script_op_fields[] = {TEXT(struct raw_script_op, alloc),
							    TEXT(struct raw_script_op, request),
							    TEXT(struct raw_script_op, size),
							    TEXT(struct raw_script_op, free),
							    TEXT(struct raw_script_op, repeat),
							    LIST(struct raw_script_op, script, raw_script_op),
							    TEXT(struct raw_script_op, call),
							    LIST_OF(struct raw_script_op, into, char *, text_entry),
							    LIST_OF(struct raw_script_op, of, char *, text_entry),
							    TEXT(struct raw_script_op, low),
							    TEXT(struct raw_script_op, high),
							    TEXT(struct raw_script_op, boundary),
							    TEXT(struct raw_script_op, offset),
							    TEXT(struct raw_script_op, open),
							    ARGUMENTS(struct raw_script_op),
							    TEXT(struct raw_script_op, status),
							    TEXT(struct raw_script_op, violation),
							    CYAML_FIELD_END};
ENTRY(raw_script_op);

static const cyaml_schema_field_t raw_trace_fields[] = {
	TEXT(struct raw_trace, file),   TEXT(struct raw_trace, repeat),          TEXT(struct raw_trace, between),
	TEXT(struct raw_trace, limits), MAP(struct raw_trace, align, raw_align), CYAML_FIELD_END};

static const cyaml_schema_field_t raw_phase_fields[] = {TEXT(struct raw_phase, name),
							LIST(struct raw_phase, mix, raw_share),
							MAP(struct raw_phase, until, raw_until),
							TEXT(struct raw_phase, ops),
							TEXT(struct raw_phase, victims),
							TEXT(struct raw_phase, free_on),
							TEXT(struct raw_phase, measure),
							TEXT(struct raw_phase, free),
							LIST(struct raw_phase, script, raw_script_op),
							MAP(struct raw_phase, trace, raw_trace),
							CYAML_FIELD_END};
ENTRY(raw_phase);

static const cyaml_schema_field_t raw_expectation_fields[] = {TEXT(struct raw_expectation, metric),
							      TEXT(struct raw_expectation, is),
							      TEXT(struct raw_expectation, below),
							      TEXT(struct raw_expectation, above),
							      TEXT(struct raw_expectation, tolerance),
							      TEXT(struct raw_expectation, allocator),
							      CYAML_FIELD_END};
ENTRY(raw_expectation);

static const cyaml_schema_field_t raw_workload_fields[] = {TEXT(struct raw_workload, iovabench),
							   TEXT(struct raw_workload, name),
							   TEXT(struct raw_workload, about),
							   TEXT(struct raw_workload, source),
							   MAP(struct raw_workload, space, raw_space),
							   MAP(struct raw_workload, physical, raw_physical),
							   MAP(struct raw_workload, adapter, raw_adapter),
							   TEXT(struct raw_workload, cpus),
							   TEXT(struct raw_workload, pace),
							   TEXT(struct raw_workload, seed),
							   LIST(struct raw_workload, requests, raw_request),
							   LIST(struct raw_workload, phases, raw_phase),
							   LIST(struct raw_workload, expect, raw_expectation),
							   CYAML_FIELD_END};
static const cyaml_schema_value_t raw_workload_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_workload, raw_workload_fields)};

/* Keys of the format that this version does not play. */
static const struct {
	const cyaml_schema_field_t *fields;
	const char *const *keys;
} not_yet[] = {
	{raw_workload_fields, (const char *const[]){"sweep", NULL}},
	{raw_request_fields, (const char *const[]){"guard", "lifetime", NULL}},
	{raw_size_fields, (const char *const[]){"log_uniform", "lognormal", "pareto", "zipf", "weights", "mixed", NULL}},
	{raw_phase_fields, (const char *const[]){"rings", "adversary", "hold", NULL}},
};

#define KEYS_MAX 40

struct level {
	const cyaml_schema_value_t *schema;
	uint32_t child; /* of the tree: next key or item */
	yaml_place place;
	uint32_t index; /* next item */
	bool begun;     /* something was written */
};

struct walk {
	const struct yaml_tree *tree;
	struct yaml_places *places;
	struct yaml_problems *problems;
	struct text *out;
	struct level levels[WORKLOAD_DEPTH_MAX + 1];
	size_t depth;
};

static bool is_in(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* The user may not write the name that stands for a lone value. */
static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
	for (const cyaml_schema_field_t *field = fields; field->key; field++)
		if (!strcmp(field->key, key) && !(fields == raw_align_fields && field == fields))
			return field;
	return NULL;
}

static void list_keys(const cyaml_schema_field_t *fields, const char *keys[KEYS_MAX])
{
	size_t count = 0;
	for (const cyaml_schema_field_t *field = fields; field->key && count + 1 < KEYS_MAX; field++)
		if (find_field(fields, field->key))
			keys[count++] = field->key;
	keys[count] = NULL;
}

static void add_keys(struct text *text, const cyaml_schema_field_t *fields)
{
	const char *keys[KEYS_MAX];
	list_keys(fields, keys);
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
	for (size_t i = 0; i < sizeof not_yet / sizeof not_yet[0]; i++)
		if (not_yet[i].fields == fields && is_in(key, not_yet[i].keys))
			text_add(&message, "not available in this version");
	if (!message.length) {
		list_keys(fields, keys);
		const char *nearest = text_nearest(key, keys);
		if (nearest)
			text_add(&message, "unknown key; did you mean '%s'?", nearest);
		else if (!strcmp(key, "<<"))
			text_add(&message, "unknown key; merge keys are not supported, write the values out");
		else
			text_add(&message, "unknown key; known here: ");
		if (!nearest && strcmp(key, "<<") != 0)
			add_keys(&message, fields);
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
		text_add(&message, "must be a map with the keys ");
		add_keys(&message, schema->mapping.fields);
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
	} else if (scalar && schema->type == CYAML_SEQUENCE && schema->sequence.entry == &text_entry) {
		text_add(walk->out, "[");
		write_scalar(walk, node, yaml_places_add(walk->places, place, NULL, 0, value->position, true));
		text_add(walk->out, "]");
	} else if (scalar && schema->type == CYAML_MAPPING && schema->mapping.fields == raw_align_fields) {
		const char *key = raw_align_fields[0].key;
		text_add(walk->out, "{%s: ", key);
		write_scalar(walk, node, yaml_places_add(walk->places, place, key, 0, value->position, true));
		text_add(walk->out, "}");
	} else {
		bool empty = scalar && value->plain && !*yaml_tree_text(walk->tree, node);
		if (empty)
			tell(walk, place,
			     place == YAML_PLACE_ROOT ? "is empty; a workload begins with iovabench: 1"
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
	const cyaml_schema_field_t *field = find_field(level->schema->mapping.fields, key);
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
	walk_value(walk, &raw_workload_schema, 0, YAML_PLACE_ROOT);
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
	(void)context;
	if (bytes)
		return memory_resize(memory, bytes, 1);
	memory_release(memory);
	return NULL;
}

static const cyaml_config_t cyaml = {.mem_fn = give_memory, .log_level = CYAML_LOG_ERROR};

static void load(const struct text *document, struct decode *decode)
{
	static const struct raw_workload nothing;
	cyaml_data_t *data = NULL;
	cyaml_err_t error = cyaml_load_data((const uint8_t *)document->bytes, document->length, &cyaml,
					    &raw_workload_schema, &data, NULL);
	if (error == CYAML_OK)
		decode_workload(decode, data ? data : &nothing);
	else if (error == CYAML_ERR_OOM)
		decode->problems->no_memory = true;
	else
		yaml_problems_add(decode->problems, (struct yaml_position){1, 1}, "document", "libcyaml: %s",
				  cyaml_strerror(error));
	if (data)
		cyaml_free(&cyaml, &raw_workload_schema, data, 0);
}

static void parse(struct yaml_tree *tree, struct yaml_problems *problems, struct workload *workload)
{
	struct yaml_places places = {0};
	struct text document = {0};
	/* A lone value that becomes a list or map takes a place more. */
	if (yaml_tree_read(tree, problems))
		return;
	if (yaml_places_prepare(&places, 2 * tree->expanded + 1, tree->nodes[0].position)) {
		problems->no_memory = true;
		return;
	}
	struct walk walk = {.tree = tree, .places = &places, .problems = problems, .out = &document};
	walk_document(&walk);
	struct decode decode = {.places = &places, .problems = problems, .workload = workload};
	if (!problems->no_memory && !yaml_places_refused(&places, YAML_PLACE_ROOT))
		load(&document, &decode);
	text_release(&document);
	yaml_places_release(&places);
}

int workload_parse(const char *file, const char *bytes, size_t length, struct workload *workload, struct text *messages)
{
	struct yaml_problems problems = {.file = file, .bytes = bytes, .length = length};
	struct yaml_tree tree = {0};
	*workload = (struct workload){0};
	if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		problems.bytes += 3;
		problems.length -= 3;
	}
	if (length > WORKLOAD_FILE_BYTES_MAX) {
		text_add(messages, "%s: larger than %u bytes, the most that is read here\n", file, WORKLOAD_FILE_BYTES_MAX);
		return -1;
	}
	parse(&tree, &problems, workload);
	workload->file = memory_text(file);
	if (!workload->file)
		problems.no_memory = true;
	int result = yaml_problems_any(&problems) ? -1 : 0;
	if (result) {
		yaml_problems_tell(&problems, messages);
		workload_release(workload);
	}
	yaml_tree_release(&tree);
	yaml_problems_release(&problems);
	return result;
}
