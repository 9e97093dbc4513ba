/* SPDX-License-Identifier: MIT */
#include "yaml/walk.h"

#include "base/memory.h"
#include "yaml/cursor.h"
#include "yaml/scalar.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEYS_MAX 64

struct level {
	const struct yaml_key *list; /* whose items these are, or NULL: a map */
	const struct yaml_map *map;
	const struct yaml_key *next; /* of the map */
	uint32_t node;               /* of the list: next item */
	uint32_t index;
	yaml_location location; /* YAML_LOCATION_NONE: a map that was left out */
	size_t prefix;          /* where the names of the members of its struct begin in walk->prefix */
	size_t length;          /* what goes before them */
	bool is_struct;         /* wrote a brace */
	size_t members;         /* of a struct: where those that are open begin in walk->members, and in walk->left_out */
	size_t left_out;
};

struct walk {
	struct yaml_document *document;
	struct text *out;
	struct level levels[YAML_LEVELS_MAX];
	size_t depth;
	char prefix[2 * YAML_PREFIX_BYTES]; /* one behind the other, for each struct that is open */
	struct text members;                /* names of those that were written, each with its '\0' */
	struct text left_out;               /* name and value of those that a fallback stands for, if nothing else does */
};

static bool is_in(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* The rows of a map with those of the tables that it includes: calls until each returns true. */
static const struct yaml_key *find_row(const struct yaml_map *map, const char *key)
{
	const struct yaml_map *included[4] = {map};
	size_t count = 1;
	for (size_t i = 0; i < count; i++)
		for (const struct yaml_key *row = included[i]->keys; row->kind != YAML_END; row++) {
			if (row->kind == YAML_INCLUDE) {
				assert(count < sizeof included / sizeof included[0]);
				included[count++] = row->map;
			} else if (!strcmp(row->name, key)) {
				return row;
			}
		}
	return NULL;
}

/* In the order of the tables; NULL at the end. */
static void list_keys(const struct yaml_map *map, const char *keys[KEYS_MAX])
{
	struct yaml_cursor cursor;
	size_t count = 0;
	yaml_cursor_begin(&cursor, map, NULL);
	for (enum yaml_step step; (step = yaml_cursor_next(&cursor)) != YAML_AT_END;) {
		if (step != YAML_AT_ROW)
			continue;
		if (cursor.row->kind == YAML_INCLUDE)
			yaml_cursor_enter(&cursor);
		else if (cursor.row->kind != YAML_ABSENT && count + 1 < KEYS_MAX)
			keys[count++] = cursor.row->name;
	}
	keys[count] = NULL;
}

static void add_keys(struct text *text, const struct yaml_map *map)
{
	const char *keys[KEYS_MAX];
	list_keys(map, keys);
	for (size_t i = 0; keys[i]; i++)
		text_add(text, "%s%s", i ? ", " : "", keys[i]);
}

/* Tells a message that was put together, without refusing the location, and releases it. */
static void tell(struct walk *walk, yaml_location location, struct text *message)
{
	char path[YAML_PATH_BYTES];
	if (message->failed)
		yaml_no_memory(walk->document);
	else
		yaml_problems_add(walk->document->problems, yaml_locations_position(&walk->document->locations, location),
				  yaml_locations_path(&walk->document->locations, location, path), "%s", message->bytes);
	text_release(message);
}

static void tell_unknown(struct walk *walk, yaml_location location, const struct yaml_map *map, const char *key)
{
	struct text message = {0};
	const char *keys[KEYS_MAX];
	char meant[YAML_MEANT_BYTES];
	const struct yaml_key *row = find_row(map, key);
	list_keys(map, keys);
	if (row)
		text_add(&message, "%s", row->help);
	else if (*yaml_meant(meant, key, keys))
		text_add(&message, "unknown key%s", meant);
	else if (!strcmp(key, "<<"))
		text_add(&message, "unknown key; merge keys are not supported, write the values out");
	else
		text_add(&message, "unknown key; known here: ");
	if (!row && !*meant && strcmp(key, "<<") != 0)
		add_keys(&message, map);
	tell(walk, location, &message);
}

static bool may_be_many(const struct yaml_key *row)
{
	return row->kind != YAML_LIST && (row->count.name || row->kind == YAML_BITS);
}

/* item: of a list of values. */
static void tell_misfit(struct walk *walk, const struct yaml_key *row, yaml_location location, bool item)
{
	struct text message = {0};
	if (row->kind == YAML_LIST || (!item && may_be_many(row))) {
		text_add(&message, "must be a list: [ ... ], or '- ' before each item");
	} else if (row->kind == YAML_MAP) {
		text_add(&message, "must be %sa map with the keys ", row->map->lone ? "one value or " : "");
		add_keys(&message, row->map);
	} else {
		text_add(&message, "must be one value, no list and no map");
	}
	tell(walk, location, &message);
	yaml_locations_refuse(&walk->document->locations, location);
}

/* ---- the text for libcyaml ---- */

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

size_t yaml_prefix_add(char *prefix, size_t length, const char *name)
{
	if (!name)
		return length;
	size_t bytes = strlen(name);
	assert(length + 1 + bytes < YAML_PREFIX_BYTES);
	if (length)
		prefix[length++] = '.';
	memcpy(prefix + length, name, bytes + 1);
	return length + bytes;
}

static void begin_element(struct walk *walk)
{
	char last = walk->out->length ? walk->out->bytes[walk->out->length - 1] : '[';
	if (last != '{' && last != '[')
		text_add_bytes(walk->out, ",\n", 2);
}

static void name_member(struct walk *walk, const struct yaml_member *member)
{
	const struct level *level = &walk->levels[walk->depth - 1];
	yaml_prefix_add(walk->prefix + level->prefix, level->length, member->name);
}

/* Whether a member of the open struct was written. */
static bool is_written(const struct walk *walk, size_t from, const char *name)
{
	for (size_t at = from; at < walk->members.length; at += strlen(walk->members.bytes + at) + 1)
		if (!strcmp(walk->members.bytes + at, name))
			return true;
	return false;
}

static void add_member(struct walk *walk, const char *name)
{
	size_t length = strlen(name);
	text_add_bytes(&walk->members, name, length + 1);
	begin_element(walk);
	text_add_bytes(walk->out, "\"", 1);
	text_add_bytes(walk->out, name, length);
	text_add_bytes(walk->out, "\": ", 3);
}

/* False: something else was written there already, which was told, or what it stands for is the same. */
static bool begin_member(struct walk *walk, const struct yaml_member *member)
{
	const struct level *level = &walk->levels[walk->depth - 1];
	const char *name = walk->prefix + level->prefix;
	name_member(walk, member);
	if (is_written(walk, level->members, name))
		return false;
	add_member(walk, name);
	return true;
}

/* Fallbacks stand for what was not written. */
static void close_struct(struct walk *walk, const struct level *level)
{
	for (size_t at = level->left_out; at < walk->left_out.length && !walk->left_out.failed;) {
		const char *name = walk->left_out.bytes + at, *value = name + strlen(name) + 1;
		at += strlen(name) + 1 + strlen(value) + 1;
		if (is_written(walk, level->members, name))
			continue;
		add_member(walk, name);
		text_add(walk->out, "%s", value);
	}
	walk->members.length = level->members;
	walk->left_out.length = level->left_out;
	text_add(walk->out, "}");
}

static void write_scalar(struct walk *walk, const struct yaml_key *row, yaml_location location, const char *text,
			 const struct yaml_scalar *scalar)
{
	struct yaml_position position = {0};
	switch (row->kind) {
	case YAML_TEXT:
	case YAML_NAME:
		write_text(walk->out, text);
		break;
	case YAML_WORD:
		text_add(walk->out, "%" PRId64, scalar->word);
		break;
	case YAML_FLAG:
		text_add(walk->out, "%s", scalar->whole ? "true" : "false");
		break;
	case YAML_RATE:
	case YAML_NUMBER:
	case YAML_DECIMAL:
	case YAML_SHARE:
		text_add(walk->out, "%.17g", scalar->real);
		break;
	case YAML_WRITTEN:
		if (location != YAML_LOCATION_NONE)
			position = yaml_locations_position(&walk->document->locations, location);
		text_add(walk->out, "{\"text\": ");
		write_text(walk->out, text);
		text_add(walk->out, ", \"line\": %u, \"column\": %u}", position.line, position.column);
		break;
	default:
		text_add(walk->out, "%" PRIu64, scalar->whole);
		break;
	}
}

static void write_setter(struct walk *walk, const struct yaml_setter *sets)
{
	if (sets->at.name && begin_member(walk, &sets->at))
		text_add(walk->out, "%d", sets->value);
}

static void write_given(struct walk *walk, const struct yaml_key *row)
{
	write_setter(walk, &row->sets);
	if (row->given.name && begin_member(walk, &row->given))
		text_add(walk->out, "true");
}

/* ---- values ---- */

/* Later references find it. */
static void note_name(struct walk *walk, const struct yaml_key *row, yaml_location location, const char *text)
{
	struct yaml_document *document = walk->document;
	const struct level *item = &walk->levels[walk->depth - 1], *list = item - 1;
	if (!row->names)
		return;
	struct yaml_names *names = &document->names[row->names - 1];
	assert(walk->depth >= 2 && list->list);
	size_t before = name_table_find(&names->numbers, text);
	if (before != NAME_TABLE_NONE) {
		yaml_fault(document, location, "a second %s of this name; the first is %s[%zu]", row->what,
			   list->list->name, before);
		return;
	}
	/* One more for the end. */
	if (memory_grow(&names->names, &names->capacity, names->count + 1, sizeof *names->names)) {
		yaml_no_memory(document);
		return;
	}
	names->names[names->count++] = text;
	names->names[names->count] = NULL;
	if (name_table_set(&names->numbers, text, list->index - 1))
		yaml_no_memory(document);
}

/* The value of a scalar node, or NULL: it was refused, or is now. */
static const char *value_of(struct walk *walk, uint32_t node, yaml_location location)
{
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
	const struct yaml_node *scalar = &walk->document->tree.nodes[node];
	const char *text = yaml_tree_text(&walk->document->tree, node);
	if (scalar->refused)
		yaml_locations_refuse(&walk->document->locations, location);
	else if (scalar->plain && is_in(text, nothing))
		yaml_fault(walk->document, location, "has no value; write one, or leave the key out");
	return yaml_locations_refused(&walk->document->locations, location) ? NULL : text;
}

/* Reads one value; without a text, and when it is wrong, something harmless stands for it. */
static struct yaml_scalar read_scalar(struct walk *walk, const struct yaml_key *row, yaml_location location,
				      const char *text)
{
	struct yaml_scalar scalar = {.whole = row->min, .real = row->least};
	if (text && !yaml_scalar_read(walk->document, row, location, text, &scalar))
		scalar = (struct yaml_scalar){.whole = row->kind == YAML_REFERENCE ? 0 : row->min, .real = row->least};
	else if (text && row->kind == YAML_NAME)
		note_name(walk, row, location, text);
	if (row->kind == YAML_PAGE)
		walk->document->page_bytes = scalar.whole;
	return scalar;
}

/* Values of a list, or a lone one: in a list, or as the bits of one number. */
static void walk_values(struct walk *walk, const struct yaml_key *row, uint32_t node, yaml_location location)
{
	struct yaml_document *document = walk->document;
	const struct yaml_node *nodes = document->tree.nodes;
	bool lone = nodes[node].kind == YAML_NODE_SCALAR, listed = row->kind != YAML_BITS;
	size_t most = row->capacity ? row->capacity : SIZE_MAX, index = 0;
	struct yaml_scalar bits = {0};
	if (!begin_member(walk, &row->at))
		return;
	text_add(walk->out, "%s", listed ? "[" : "");
	for (uint32_t at = lone ? node : nodes[node].first; at != YAML_NODE_NONE && index < most; index++) {
		uint32_t item = yaml_tree_resolve(&document->tree, at);
		yaml_location below = yaml_locations_add(&document->locations, location, NULL, (uint32_t)index, item,
							 nodes[item].position, lone);
		const char *text = nodes[item].kind == YAML_NODE_SCALAR ? value_of(walk, item, below) : NULL;
		if (nodes[item].kind != YAML_NODE_SCALAR)
			tell_misfit(walk, row, below, true);
		struct yaml_scalar scalar = read_scalar(walk, row, below, text);
		bits.whole |= scalar.whole;
		if (listed) {
			begin_element(walk);
			write_scalar(walk, row, below, text ? text : "", &scalar);
		}
		at = lone ? YAML_NODE_NONE : nodes[at].next;
	}
	if (listed)
		text_add(walk->out, "]");
	else
		write_scalar(walk, row, location, NULL, &bits);
	if (!lone && row->max && !row->capacity && (index < row->min || index > row->max))
		yaml_fault(document, location, "has %zu %s; from %" PRIu64 " to %" PRIu64, index, row->what, row->min,
			   row->max);
}

/* A key that was given; text NULL: it was refused. */
static void write_value(struct walk *walk, const struct yaml_key *row, yaml_location location, const char *text)
{
	struct yaml_scalar scalar = read_scalar(walk, row, location, text);
	if (row->at.name && begin_member(walk, &row->at))
		write_scalar(walk, row, location, text ? text : "", &scalar);
}

/* A key that was left out. */
static void write_fallback(struct walk *walk, const struct yaml_key *row)
{
	struct yaml_scalar scalar = read_scalar(walk, row, YAML_LOCATION_NONE, row->fallback);
	const struct level *level = &walk->levels[walk->depth - 1];
	const char *name = walk->prefix + level->prefix;
	struct text *out = walk->out;
	bool text = row->kind == YAML_TEXT || row->kind == YAML_NAME;
	/* Nothing written is zeros. */
	if (!text && !scalar.whole && scalar.real == 0 && !scalar.word)
		return;
	name_member(walk, &row->at);
	walk->out = &walk->left_out;
	text_add_bytes(walk->out, name, strlen(name) + 1);
	write_scalar(walk, row, YAML_LOCATION_NONE, row->fallback, &scalar);
	text_add_bytes(walk->out, "", 1);
	walk->out = out;
}

/* The value in place of a map; false when it is none of those that may stand there. */
static bool write_lone(struct walk *walk, const struct yaml_lone *lone, yaml_location location, const char *text)
{
	for (const struct yaml_word *word = lone->words; word->word; word++)
		if (!strcmp(word->word, text)) {
			write_setter(walk, &(struct yaml_setter){lone->at, word->value});
			return true;
		}
	if (!lone->row || *text < '0' || *text > '9')
		return false;
	write_setter(walk, &lone->row->sets);
	write_value(walk, lone->row, location, text);
	return true;
}

static void walk_lone(struct walk *walk, const struct yaml_key *row, yaml_location location, const char *text)
{
	const struct yaml_lone *lone = row->map->lone;
	const char *names[8] = {NULL};
	char quoted[YAML_QUOTE_BYTES], meant[YAML_MEANT_BYTES];
	struct level *level = &walk->levels[walk->depth - 1];
	size_t length = level->length;
	level->length = yaml_prefix_add(walk->prefix + level->prefix, length, row->at.name);
	bool good = text && write_lone(walk, lone, location, text);
	level->length = length;
	if (good)
		return;
	write_given(walk, row);
	for (size_t i = 0; lone->words[i].word; i++)
		names[i] = lone->words[i].word;
	if (text)
		yaml_fault(walk->document, location, "%s %s%s", yaml_quote(quoted, text), lone->right,
			   yaml_meant(meant, text, names));
}

/* ---- maps and lists ---- */

/* Gives every key of a map its location; tells those that nobody knows, and returns whether there are any, and those that are
 * given twice. */
static bool place_keys(struct walk *walk, const struct yaml_map *map, uint32_t node, yaml_location location)
{
	const struct yaml_tree *tree = &walk->document->tree;
	struct yaml_locations *locations = &walk->document->locations;
	bool unknown = false;
	for (uint32_t at = tree->nodes[node].first; at != YAML_NODE_NONE;) {
		uint32_t key_node = at, value = tree->nodes[at].next, resolved = yaml_tree_resolve(tree, value);
		const char *key = yaml_tree_text(tree, key_node);
		struct yaml_position key_position = tree->nodes[key_node].position;
		at = tree->nodes[value].next;
		if (tree->nodes[key_node].refused)
			continue;
		const struct yaml_key *row = find_row(map, key);
		if (yaml_locations_value(locations, location, key) != YAML_LOCATION_NONE) {
			yaml_location again = yaml_locations_add_again(locations, location, key, key_position);
			struct text message = {0};
			text_add(&message, "given twice; one of them must go");
			tell(walk, again, &message);
		} else if (!row || row->kind == YAML_ABSENT) {
			tell_unknown(walk, yaml_locations_add(locations, location, key, 0, resolved, key_position, false),
				     map, key);
			unknown = true;
		} else {
			yaml_locations_add(locations, location, row->name, 0, resolved, tree->nodes[resolved].position,
					   false);
		}
	}
	return unknown;
}

/* "is missing a variant: fixed, uniform or zipf" */
static void tell_no_variant(struct walk *walk, const struct yaml_map *map, yaml_location location)
{
	struct yaml_word variants[KEYS_MAX] = {{NULL, 0}};
	size_t count = 0;
	for (const struct yaml_key *row = map->keys; row->kind != YAML_END; row++)
		if (row->variant && count + 1 < KEYS_MAX)
			variants[count++].word = row->name;
	struct text message = {0};
	bool listed = map->none[strlen(map->none) - 1] == ':';
	text_add(&message, "%s%s", map->none, listed ? " " : "");
	if (listed)
		yaml_join_words(&message, variants);
	tell(walk, location, &message);
	yaml_locations_spoil(&walk->document->locations, location);
}

/* What is required, and exactly one of the variants. */
static void check_keys(struct walk *walk, const struct yaml_map *map, yaml_location location)
{
	struct yaml_document *document = walk->document;
	const char *first = NULL;
	for (const struct yaml_key *row = map->keys; row->kind != YAML_END; row++) {
		if (row->kind == YAML_INCLUDE || row->kind == YAML_ABSENT)
			continue;
		yaml_location found = yaml_locations_value(&document->locations, location, row->name);
		if (row->missing && found == YAML_LOCATION_NONE)
			yaml_fault_missing(document, location, row->name, row->missing);
		if (!row->variant || found == YAML_LOCATION_NONE)
			continue;
		if (!first) {
			first = row->name;
			continue;
		}
		const char *mark = strchr(map->second, '$');
		yaml_fault(document, found, "%.*s%s%s", (int)(mark - map->second), map->second, first, mark + 1);
	}
	if (!first && map->none)
		tell_no_variant(walk, map, location);
}

static struct level *push(struct walk *walk, struct level level)
{
	assert(walk->depth < YAML_LEVELS_MAX);
	walk->levels[walk->depth++] = level;
	return &walk->levels[walk->depth - 1];
}

/* A struct of its own: the root, or an item. */
static void open_struct(struct walk *walk, const struct yaml_map *map, uint32_t node, yaml_location location)
{
	const struct level *above = walk->depth ? &walk->levels[walk->depth - 1] : NULL;
	size_t prefix = above ? above->prefix + above->length + 1 : 0;
	assert(prefix < YAML_PREFIX_BYTES);
	walk->prefix[prefix] = '\0';
	place_keys(walk, map, node, location);
	check_keys(walk, map, location);
	begin_element(walk);
	text_add(walk->out, "{");
	push(walk, (struct level){.map = map,
				  .next = map->keys,
				  .location = location,
				  .prefix = prefix,
				  .is_struct = true,
				  .members = walk->members.length,
				  .left_out = walk->left_out.length});
}

static void open_list(struct walk *walk, const struct yaml_key *row, yaml_location location)
{
	struct yaml_document *document = walk->document;
	uint32_t node = yaml_locations_node(&document->locations, location);
	size_t count = yaml_list_length(document, location);
	bool told = row->min && !row->empty && (count < row->min || count > row->max);
	if (told)
		yaml_fault(document, location, "has %zu %s; from %" PRIu64 " to %" PRIu64, count, row->what, row->min,
			   row->max);
	else if (!count && row->empty)
		yaml_fault(document, location, "%s", row->empty);
	bool again = !begin_member(walk, &row->at);
	(void)again;
	assert(!again); /* of two lists with the same member one is a second variant */
	text_add(walk->out, "[");
	const struct level *above = &walk->levels[walk->depth - 1];
	push(walk, (struct level){.list = row,
				  .node = told ? YAML_NODE_NONE : document->tree.nodes[node].first,
				  .location = location,
				  .prefix = above->prefix,
				  .length = above->length});
}

static void walk_item(struct walk *walk, struct level *level)
{
	struct yaml_document *document = walk->document;
	const struct yaml_node *nodes = document->tree.nodes;
	uint32_t node = yaml_tree_resolve(&document->tree, level->node);
	const struct yaml_key *row = level->list;
	level->node = nodes[level->node].next;
	yaml_location location = yaml_locations_add(&document->locations, level->location, NULL, level->index++, node,
						    nodes[node].position, false);
	if (row->max && level->index > row->max) {
		yaml_fault(document, location, "%zu %s; at most %" PRIu64, yaml_list_length(document, level->location),
			   row->what, row->max);
		level->node = YAML_NODE_NONE;
		return;
	}
	if (nodes[node].kind == YAML_NODE_MAP) {
		open_struct(walk, row->map, node, location);
		return;
	}
	if (nodes[node].kind == YAML_NODE_SCALAR && nodes[node].plain && !*yaml_tree_text(&document->tree, node))
		yaml_fault(document, location, "has no value; write one, or leave the key out");
	else if (nodes[node].refused)
		yaml_locations_refuse(&document->locations, location);
	else
		tell_misfit(walk, &(struct yaml_key){.kind = YAML_MAP, .map = row->map}, location, false);
	begin_element(walk);
	text_add(walk->out, "{}");
}

/* The map of a row below the level on top; location YAML_LOCATION_NONE: it was left out. */
static void open_map(struct walk *walk, const struct yaml_key *row, yaml_location location)
{
	const struct level *above = &walk->levels[walk->depth - 1];
	bool unknown = row->kind == YAML_MAP && location != YAML_LOCATION_NONE &&
		       place_keys(walk, row->map, yaml_locations_node(&walk->document->locations, location), location);
	/* Where a word may stand, a map with a key that nobody knows is told of once. */
	if (location != YAML_LOCATION_NONE && !(unknown && row->map->lone))
		check_keys(walk, row->map, location);
	push(walk, (struct level){.map = row->map,
				  .next = row->map->keys,
				  .location = location,
				  .prefix = above->prefix,
				  .length = yaml_prefix_add(walk->prefix + above->prefix, above->length, row->at.name),
				  .members = above->members});
}

/* A key that was left out. */
static void walk_absent(struct walk *walk, const struct yaml_key *row)
{
	if (row->kind == YAML_INCLUDE)
		open_map(walk, row, walk->levels[walk->depth - 1].location);
	else if (!row->fallback || row->kind == YAML_ABSENT)
		return;
	else if (row->kind != YAML_MAP)
		write_fallback(walk, row);
	else if (!strcmp(row->fallback, "{}"))
		open_map(walk, row, YAML_LOCATION_NONE);
	else
		walk_lone(walk, row, YAML_LOCATION_NONE, row->fallback);
}

/* A single value where the row has one, or may have one in place of a map. */
static void walk_scalar(struct walk *walk, const struct yaml_key *row, uint32_t node, yaml_location location)
{
	bool nested = row->kind == YAML_MAP || row->kind == YAML_LIST, lone = row->kind == YAML_MAP && row->map->lone;
	const struct yaml_node *value = &walk->document->tree.nodes[node];
	if (nested && !lone) {
		if (value->plain && !*yaml_tree_text(&walk->document->tree, node))
			yaml_fault(walk->document, location, "has no value; write one, or leave the key out");
		else if (value->refused)
			yaml_locations_refuse(&walk->document->locations, location);
		else
			tell_misfit(walk, row, location, false);
		return;
	}
	const char *text = value_of(walk, node, location);
	if (nested)
		walk_lone(walk, row, location, text);
	else
		write_value(walk, row, location, text);
}

/* A key that was given. */
static void walk_given(struct walk *walk, const struct yaml_key *row, yaml_location location)
{
	uint32_t node = yaml_locations_node(&walk->document->locations, location);
	enum yaml_node_kind kind = walk->document->tree.nodes[node].kind;
	/* A word in place of a map means something of its own. */
	if (kind != YAML_NODE_SCALAR || row->kind != YAML_MAP || !row->map->lone)
		write_given(walk, row);
	if (row->kind == YAML_MAP && kind == YAML_NODE_MAP)
		open_map(walk, row, location);
	else if (row->kind == YAML_LIST && kind == YAML_NODE_LIST)
		open_list(walk, row, location);
	else if (may_be_many(row) && kind != YAML_NODE_MAP)
		walk_values(walk, row, node, location);
	else if (kind == YAML_NODE_SCALAR)
		walk_scalar(walk, row, node, location);
	else
		tell_misfit(walk, row, location, false);
	/* The others may be told in pages, whatever these are. */
	if (row->kind == YAML_PAGE && kind != YAML_NODE_SCALAR)
		write_value(walk, row, location, NULL);
	if (row->kind == YAML_MAP && row->fallback && !strcmp(row->fallback, "{}") && kind != YAML_NODE_MAP)
		open_map(walk, row, YAML_LOCATION_NONE);
}

static void walk_row(struct walk *walk, const struct level *level, const struct yaml_key *row)
{
	yaml_location location = row->kind == YAML_INCLUDE || level->location == YAML_LOCATION_NONE
					 ? YAML_LOCATION_NONE
					 : yaml_locations_value(&walk->document->locations, level->location, row->name);
	if (location == YAML_LOCATION_NONE)
		walk_absent(walk, row);
	else if (row->kind != YAML_ABSENT && !yaml_locations_refused(&walk->document->locations, location))
		walk_given(walk, row, location);
}

/* The next row of a map. Sizes of the others may be told in pages, so that of a page goes before them. */
static void walk_next(struct walk *walk, struct level *level)
{
	if (level->next == level->map->keys)
		for (const struct yaml_key *row = level->next; row->kind != YAML_END; row++)
			if (row->kind == YAML_PAGE)
				walk_row(walk, level, row);
	const struct yaml_key *row = level->next++;
	if (row->kind != YAML_PAGE)
		walk_row(walk, level, row);
}

void yaml_walk(struct yaml_document *document, struct text *out)
{
	struct walk walk = {.document = document, .out = out};
	const struct yaml_map *root = document->language->root;
	const struct yaml_node *node = &document->tree.nodes[0];
	if (node->kind != YAML_NODE_MAP) {
		if (node->kind == YAML_NODE_SCALAR && node->plain && !*yaml_tree_text(&document->tree, 0))
			yaml_fault(document, YAML_LOCATION_ROOT, "%s", document->language->empty);
		else if (!node->refused)
			tell_misfit(&walk, &(struct yaml_key){.kind = YAML_MAP, .map = root}, YAML_LOCATION_ROOT, false);
		yaml_locations_refuse(&document->locations, YAML_LOCATION_ROOT);
		return;
	}
	open_struct(&walk, root, 0, YAML_LOCATION_ROOT);
	while (walk.depth) {
		struct level *level = &walk.levels[walk.depth - 1];
		if (level->list && level->node != YAML_NODE_NONE) {
			walk_item(&walk, level);
		} else if (level->map && level->next->kind != YAML_END) {
			walk_next(&walk, level);
		} else {
			if (level->list)
				text_add(out, "]");
			else if (level->is_struct)
				close_struct(&walk, level);
			walk.depth--;
		}
	}
	text_add(out, "\n");
	if (out->failed || walk.members.failed || walk.left_out.failed)
		yaml_no_memory(document);
	text_release(&walk.members);
	text_release(&walk.left_out);
}
