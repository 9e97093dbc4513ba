/* SPDX-License-Identifier: MIT */
#include "base/memory.h"
#include "yaml/cursor.h"
#include "yaml/scalar.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_DIGITS 15 /* as many as are read */

/* ---- from the model to a document ---- */

struct writing {
	const struct yaml_language *language;
	const void *root;
	uint64_t page_bytes;
};

static json_t *write_double(const struct yaml_key *row, double number)
{
	char text[YAML_NUMBER_BYTES];
	if (row->kind == YAML_RATE) {
		/* The largest count that is read is no double; its double is that of 2^64. */
		if (number < 18446744073709551616.0)
			snprintf(text, sizeof text, "%.0f/s", number);
		else
			snprintf(text, sizeof text, "%llu/s", (unsigned long long)UINT64_MAX);
		return json_string(text);
	}
	yaml_decimal_text(text, number, row->kind == YAML_SHARE);
	/* A number of JSON where that is written in as many digits and without an exponent. */
	bool plain = text[strlen(text) - 1] >= '0' && text[strlen(text) - 1] <= '9' &&
		     (number == 0 || (fabs(number) >= 1e-4 && fabs(number) < 1e15));
	return plain ? json_double(number) : json_string(text);
}

static json_t *write_number(const struct writing *writing, const struct yaml_key *row, uint64_t number)
{
	char text[YAML_SIZE_BYTES] = "0";
	switch (number || row->kind < YAML_BYTES ? row->kind : YAML_END) {
	case YAML_END: /* of any unit */
		return json_string(text);
	case YAML_PAGES:
	case YAML_POWER:
		return json_string(yaml_pages_text(writing->page_bytes, text, number));
	case YAML_PAGE:
	case YAML_MEMORY:
		return json_string(yaml_size_text(text, number));
	case YAML_BYTES:
		if (row->max)
			return json_string(yaml_size_text(text, number));
		/* fallthrough */
	case YAML_SEED:
	case YAML_BITS:
		snprintf(text, sizeof text, "0x%llx", (unsigned long long)number);
		return json_string(text);
	case YAML_REFERENCE:
		return json_string(writing->language->name_of(writing->root, row->names, number));
	case YAML_FLAG:
		return json_boolean(number);
	case YAML_WORD:
		for (const struct yaml_word *word = row->words; word->word; word++)
			if (word->value == (int)number)
				return json_string(word->word);
		return NULL;
	default:
		return json_u64(number);
	}
}

/* The value of a member; NULL: it was not given. */
static json_t *write_member(const struct writing *writing, const struct yaml_key *row, const char *at)
{
	double real;
	char *text;
	switch (row->kind) {
	case YAML_VERSION:
		return json_u64(row->min);
	case YAML_TEXT:
	case YAML_NAME:
	case YAML_WRITTEN: /* begins with its text */
		memcpy(&text, at, sizeof text);
		return text ? json_text(text) : NULL;
	case YAML_RATE:
	case YAML_NUMBER:
	case YAML_DECIMAL:
	case YAML_SHARE:
		memcpy(&real, at, sizeof real);
		return write_double(row, real);
	default: {
		struct yaml_member member = {"", 0, row->at.bytes};
		uint64_t number = yaml_member_number(at, &member);
		/* Below the least there is what nothing was said of. */
		return number < row->min && row->kind != YAML_REFERENCE ? NULL : write_number(writing, row, number);
	}
	}
}

static json_t *write_values(const struct writing *writing, const struct yaml_key *row, const char *item)
{
	size_t count = (size_t)yaml_member_number(item, &row->count);
	const char *elements = item + row->at.offset;
	if (!count)
		return NULL;
	if (!row->capacity)
		memcpy(&elements, item + row->at.offset, sizeof elements);
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, write_member(writing, row, elements + i * row->at.bytes));
	return array;
}

static bool is_set(const struct yaml_setter *sets, const char *item)
{
	return !sets->at.name || (int)yaml_member_number(item, &sets->at) == sets->value;
}

/* The word or value that stands for a map, or NULL. */
static json_t *write_lone(const struct writing *writing, const struct yaml_key *row, const char *item)
{
	const struct yaml_lone *lone = row->map->lone;
	if (!lone)
		return NULL;
	for (const struct yaml_word *word = lone->words; word->word; word++)
		if (is_set(&(struct yaml_setter){lone->at, word->value}, item))
			return json_string(word->word);
	return lone->row && is_set(&lone->row->sets, item) ? write_member(writing, lone->row, item + lone->row->at.offset)
							   : NULL;
}

/* What is no map and no list of them. */
static json_t *write_row(const struct writing *writing, const struct yaml_key *row, const char *item)
{
	if (row->write)
		return row->write(writing->root, item);
	if (row->given.name && !yaml_member_number(item, &row->given))
		return NULL;
	if (row->count.name)
		return write_values(writing, row, item);
	return row->at.name || row->kind == YAML_VERSION ? write_member(writing, row, item + row->at.offset) : NULL;
}

static void add_row(const struct writing *writing, struct yaml_cursor *cursor)
{
	const struct yaml_level *top = yaml_cursor_top(cursor);
	const struct yaml_key *row = cursor->row;
	const char *below = top->item + row->at.offset;
	if (row->kind == YAML_INCLUDE) {
		yaml_cursor_enter(cursor);
		return;
	}
	if (row->kind == YAML_ABSENT || (row->needs & ~top->has))
		return;
	json_t *lone = row->kind == YAML_MAP && !row->write ? write_lone(writing, row, below) : NULL;
	if (!lone && !is_set(&row->sets, top->item))
		return;
	bool nested = (row->kind == YAML_MAP || row->kind == YAML_LIST) && !row->write && !lone;
	json_t *value = lone     ? lone
			: nested ? row->kind == YAML_MAP ? json_object() : json_array()
				 : write_row(writing, row, top->item);
	if (!value)
		return;
	json_object_set_new(top->json, row->name, value);
	if (nested)
		yaml_cursor_enter(cursor)->json = value;
}

static json_t *write_map(const struct writing *writing, const struct yaml_map *map, const void *item)
{
	struct yaml_cursor cursor;
	json_t *document = json_object();
	yaml_cursor_begin(&cursor, map, item);
	cursor.levels[0].json = document;
	cursor.levels[0].has = map->has ? map->has(item) : UINT32_MAX;
	for (enum yaml_step step; (step = yaml_cursor_next(&cursor)) != YAML_AT_END && !json_ran_out();) {
		struct yaml_level *top = cursor.depth ? yaml_cursor_top(&cursor) : NULL;
		if (step == YAML_AT_ROW) {
			add_row(writing, &cursor);
		} else if (step == YAML_AT_ITEM) {
			json_t *object = json_object();
			json_array_append_new(top->json, object);
			top->json = object;
			top->has = top->map->has ? top->map->has(top->item) : top->has;
		} else if (top && cursor.left.row && cursor.left.row->kind != YAML_INCLUDE && !cursor.left.row->missing &&
			   (json_object_size(cursor.left.json) + json_array_size(cursor.left.json) == 0)) {
			json_object_del(top->json, cursor.left.row->name); /* nothing was said of it */
		}
	}
	return document;
}

json_t *yaml_write_item(const struct yaml_language *language, const void *root, const struct yaml_map *map,
			const void *item)
{
	struct writing writing = {language, root, 0};
	return write_map(&writing, map, item);
}

/* ---- from a document to YAML ---- */

/* Letters, digits and what means nothing to YAML inside of a word. */
static bool is_plain(const char *text)
{
	static const char *const nothing[] = {"null", "Null", "NULL"};
	size_t length = strlen(text);
	for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
		if (!strcmp(text, nothing[i]))
			return false;
	return length && text[0] != ' ' && text[length - 1] != ' ' && text[0] != '-' && text[0] != '%' && text[0] != '.' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._/%+-()") == length;
}

static void add_quoted(struct text *out, const char *text)
{
	size_t left = strlen(text);
	text_add(out, "\"");
	while (left) {
		uint32_t code = 0;
		size_t length = yaml_utf8_decode(text, left, &code);
		bool special = yaml_line_break(text, left) || code < 0x20 || (code >= 0x7f && code < 0xa0) ||
			       code == 0xfeff || code == 0xfffe || code == 0xffff;
		length = length ? length : 1;
		if (code == '"' || code == '\\')
			text_add(out, "\\%c", (char)code);
		else if (special)
			text_add(out, "\\u%04x", code);
		else
			text_add_bytes(out, text, length);
		text += length;
		left -= length;
	}
	text_add(out, "\"");
}

static void add_scalar(struct text *out, const json_t *value)
{
	const char *text = json_string_value(value);
	if (text && is_plain(text))
		text_add(out, "%s", text);
	else if (text)
		add_quoted(out, text);
	else if (json_is_boolean(value))
		text_add(out, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_integer(value))
		text_add(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else {
		char number[YAML_NUMBER_BYTES];
		text_add(out, "%s", yaml_decimal_text(number, json_real_value(value), false));
	}
}

static bool is_nested(const json_t *value)
{
	return json_is_object(value) || json_is_array(value);
}

struct line {
	json_t *value;
	void *next; /* of an object */
	size_t index;
	unsigned indent;
	bool flow, map;
};

#define LINE_LEVELS_MAX (2 * YAML_DEPTH_MAX)
#define FLOW_VALUES_MAX 12

/* Whether it takes one line: nothing in it holds more than values. */
static bool is_flow(json_t *value, unsigned indent)
{
	const char *key;
	json_t *below, *inner;
	size_t index, values = 0;
	if (!indent)
		return false;
	if (json_is_array(value)) {
		json_array_foreach(value, index, below) if (is_nested(below)) return false;
		return true;
	}
	json_object_foreach(value, key, below)
	{
		values++;
		if (json_is_array(below)) {
			json_array_foreach(below, index, inner)
			{
				values++;
				if (is_nested(inner))
					return false;
			}
		} else if (json_is_object(below)) {
			const char *name;
			json_object_foreach(below, name, inner)
			{
				values++;
				if (is_nested(inner))
					return false;
			}
		}
	}
	return values <= FLOW_VALUES_MAX;
}

/* Writes what is written as one line, without recursion. */
static void begin_value(struct text *out, struct line *lines, size_t *depth, json_t *value, bool after_dash)
{
	const struct line *above = &lines[*depth - 1];
	if (!is_nested(value)) {
		add_scalar(out, value);
		return;
	}
	bool empty = json_object_size(value) + json_array_size(value) == 0;
	bool flow = above->flow || empty || is_flow(value, above->indent + 1);
	assert(*depth < LINE_LEVELS_MAX);
	if (flow)
		text_add(out, "%s", json_is_object(value) ? "{" : "[");
	else if (!after_dash)
		text_add(out, "\n");
	lines[(*depth)++] = (struct line){.value = value,
					  .next = json_object_iter(value),
					  .indent = above->indent + 2,
					  .flow = flow,
					  .map = json_is_object(value)};
}

static void add_yaml(struct text *out, json_t *document)
{
	struct line lines[LINE_LEVELS_MAX];
	size_t depth = 1;
	bool dash = false; /* the first key of an item stands behind its dash */
	lines[0] = (struct line){.value = document, .next = json_object_iter(document), .map = true};
	while (depth) {
		struct line *line = &lines[depth - 1];
		bool first = line->index == 0,
		     ended = line->map ? !line->next : line->index == json_array_size(line->value);
		if (ended) {
			if (line->flow)
				text_add(out, "%s", line->map ? "}" : "]");
			bool flow = line->flow;
			depth--;
			if (flow && depth && !lines[depth - 1].flow)
				text_add(out, "\n");
			continue;
		}
		if (line->flow)
			text_add(out, "%s", first ? "" : ", ");
		else if (!dash)
			text_add(out, "%*s", (int)line->indent, "");
		dash = false;
		line->index++;
		json_t *value =
			line->map ? json_object_iter_value(line->next) : json_array_get(line->value, line->index - 1);
		if (line->map) {
			text_add(out, "%s:%s", json_object_iter_key(line->next), is_nested(value) ? "" : " ");
			line->next = json_object_iter_next(line->value, line->next);
		} else if (!line->flow) {
			text_add(out, "- ");
		}
		size_t before = depth;
		bool item = !line->map && !line->flow;
		if (line->map && is_nested(value) &&
		    (line->flow || json_object_size(value) + json_array_size(value) == 0 ||
		     is_flow(value, line->indent + 1)))
			text_add(out, " ");
		begin_value(out, lines, &depth, value, item);
		dash = item && depth > before && !lines[depth - 1].flow;
		if (depth == before && !line->flow)
			text_add(out, "\n");
	}
}

int yaml_write(const struct yaml_language *language, const void *root, bool json, struct text *text)
{
	assert(root && !text->failed);
	struct yaml_cursor cursor;
	struct writing writing = {language, root, 0};
	json_prepare();
	/* The size of a page is that of the units of all sizes. */
	yaml_cursor_begin(&cursor, language->root, root);
	for (enum yaml_step step; (step = yaml_cursor_next(&cursor)) != YAML_AT_END;) {
		if (step == YAML_AT_ROW && cursor.row->kind == YAML_PAGE)
			writing.page_bytes = yaml_member_number(yaml_cursor_top(&cursor)->item, &cursor.row->at);
		else if (step == YAML_AT_ROW && cursor.row->kind == YAML_MAP)
			yaml_cursor_enter(&cursor);
	}
	json_t *document = write_map(&writing, language->root, root);
	bool failed = json_ran_out() || (json && json_dump_text(document, true, NUMBER_DIGITS, text) < 0);
	if (!failed && !json)
		add_yaml(text, document);
	failed = failed || json_ran_out() || text->failed;
	json_decref(document);
	return failed ? -1 : 0;
}

/* ---- release ---- */

static void release_text(char *at)
{
	char *text, *const none = NULL;
	memcpy(&text, at, sizeof text);
	memory_release(text);
	memcpy(at, &none, sizeof none);
}

static void release_values(const struct yaml_key *row, char *item)
{
	char *elements = item + row->at.offset;
	size_t count = (size_t)yaml_member_number(item, &row->count);
	if (!row->capacity)
		memcpy(&elements, item + row->at.offset, sizeof elements);
	for (size_t i = 0; i < count && (row->kind == YAML_TEXT || row->kind == YAML_WRITTEN); i++)
		release_text(elements + i * row->at.bytes);
	if (!row->capacity)
		release_text(item + row->at.offset);
	memset(item + row->count.offset, 0, row->count.bytes);
}

void yaml_release(const struct yaml_map *map, void *item)
{
	struct yaml_cursor cursor;
	yaml_cursor_begin(&cursor, map, item);
	for (enum yaml_step step; (step = yaml_cursor_next(&cursor)) != YAML_AT_END;) {
		if (step == YAML_LEFT && !cursor.left.map) { /* a list, whose items are released */
			char *above = yaml_cursor_top(&cursor)->item;
			const struct yaml_key *row = cursor.left.row;
			release_text(above + row->at.offset);
			memset(above + row->count.offset, 0, row->count.bytes);
		}
		if (step != YAML_AT_ROW)
			continue;
		char *at = yaml_cursor_top(&cursor)->item;
		if (cursor.row->kind == YAML_MAP || cursor.row->kind == YAML_LIST || cursor.row->kind == YAML_INCLUDE)
			yaml_cursor_enter(&cursor);
		else if (cursor.row->count.name)
			release_values(cursor.row, at);
		else if (cursor.row->kind == YAML_TEXT || cursor.row->kind == YAML_NAME)
			release_text(at + cursor.row->at.offset);
	}
}
