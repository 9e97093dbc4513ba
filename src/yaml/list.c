/* SPDX-License-Identifier: MIT */
#include "base/memory.h"
#include "yaml/cursor.h"
#include "yaml/scalar.h"
#include "yaml/walk.h"

#include <string.h>

/* 1G, 500M, 4096: in the largest unit that people would use. */
static void add_count(struct text *text, uint64_t count)
{
	static const struct {
		uint64_t factor;
		const char *unit;
	} units[] = {{1000000000, "G"}, {1000000, "M"}};
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (count && count % units[i].factor == 0) {
			text_add(text, "%llu%s", (unsigned long long)(count / units[i].factor), units[i].unit);
			return;
		}
	text_add(text, "%llu", (unsigned long long)count);
}

static void add_list(struct text *text, const struct yaml_key *row)
{
	text_add(text, "list");
	if (row->min && row->max)
		text_add(text, ", %llu to %llu", (unsigned long long)row->min, (unsigned long long)row->max);
	else if (row->max)
		text_add(text, ", at most %llu", (unsigned long long)row->max);
	if (row->max && row->what && !strcmp(row->what, "parts"))
		text_add(text, " parts");
}

static void add_sizes(struct text *text, const struct yaml_key *row)
{
	char least[YAML_SIZE_BYTES], most[YAML_SIZE_BYTES];
	if (row->kind == YAML_PAGE)
		text_add(text, "size, a power of two, %s to %s", yaml_size_text(least, row->min),
			 yaml_size_text(most, row->max));
	else if (row->kind == YAML_POWER)
		text_add(text, "size, a power of two");
	else if (row->kind == YAML_BYTES && row->max)
		text_add(text, "size, 0 to %s", yaml_size_text(most, row->max));
	else
		text_add(text, row->kind == YAML_BYTES ? "size" : row->min ? "size, 1 page and more" : "size, 0 and more");
}

/* Kind and range of a value. */
static void add_value(struct text *text, const struct yaml_key *row)
{
	if (row->value) {
		text_add(text, "%s", row->value);
		return;
	}
	switch (row->kind) {
	case YAML_VERSION:
		text_add(text, "%llu", (unsigned long long)row->min);
		break;
	case YAML_NAME:
		text_add(text, "name%s", row->names ? ", unique" : "");
		break;
	case YAML_REFERENCE:
		text_add(text, "name of a %s", row->what);
		break;
	case YAML_WORD:
		yaml_join_words(text, row->words);
		break;
	case YAML_FLAG:
		text_add(text, "yes or no");
		break;
	case YAML_COUNT:
		text_add(text, "count, ");
		add_count(text, row->min);
		text_add(text, " to ");
		add_count(text, row->max);
		break;
	case YAML_SEED:
		text_add(text, "decimal or hex, below 2^64");
		break;
	case YAML_RATE:
		text_add(text, "count and /s");
		break;
	case YAML_NUMBER:
		text_add(text, "number, %.15g to %.15g", row->least, row->most);
		break;
	case YAML_DECIMAL:
		text_add(text, "number");
		break;
	case YAML_SHARE:
		text_add(text, "share, %s", row->min ? "above 0%" : "0% to 100%");
		break;
	case YAML_MAP:
		text_add(text, "map%s", row->map->none ? " with one variant" : "");
		break;
	case YAML_LIST:
		add_list(text, row);
		break;
	case YAML_PAGE:
	case YAML_PAGES:
	case YAML_POWER:
	case YAML_MEMORY:
	case YAML_BYTES:
		add_sizes(text, row);
		break;
	default:
		text_add(text, "text");
		break;
	}
}

static const char *default_of(const struct yaml_key *row)
{
	if (row->missing)
		return "required";
	if (row->or_else)
		return row->or_else;
	if (!row->fallback)
		return "none";
	return !*row->fallback ? "empty" : !strcmp(row->fallback, "{}") ? "every default below" : row->fallback;
}

static int add_key(struct yaml_key_list *list, const char *path, const struct yaml_key *row)
{
	struct text value = {0};
	if (memory_grow(&list->keys, &list->capacity, list->count, sizeof *list->keys))
		return -1;
	add_value(&value, row);
	struct yaml_key_text *key = &list->keys[list->count++];
	*key = (struct yaml_key_text){memory_text(path), value.bytes, default_of(row), row->help};
	return value.failed || !key->path ? -1 : 0;
}

/* Whether a map is open already: what holds itself is told once. */
static bool is_open(const struct yaml_cursor *cursor, const struct yaml_map *map)
{
	for (size_t i = 0; i < cursor->depth; i++)
		if (cursor->levels[i].map == map)
			return true;
	return false;
}

int yaml_key_list(struct yaml_key_list *list, const struct yaml_language *language)
{
	struct yaml_cursor cursor;
	char path[YAML_PREFIX_BYTES] = "";
	yaml_cursor_begin(&cursor, language->root, NULL);
	for (enum yaml_step step; (step = yaml_cursor_next(&cursor)) != YAML_AT_END;) {
		if (step != YAML_AT_ROW)
			continue;
		const struct yaml_key *row = cursor.row;
		size_t length = yaml_cursor_top(&cursor)->prefix, below = length;
		if (row->kind == YAML_ABSENT)
			continue;
		path[length] = '\0';
		if (row->kind != YAML_INCLUDE) {
			below = yaml_prefix_add(path, length, row->name);
			if (add_key(list, path, row))
				return -1;
		}
		if (row->map && !is_open(&cursor, row->map)) {
			struct yaml_level *level = yaml_cursor_enter(&cursor);
			level->map = row->map;
			level->next = row->map->keys;
			level->prefix = below;
		}
	}
	return 0;
}

void yaml_key_list_release(struct yaml_key_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		memory_release(list->keys[i].path);
		memory_release(list->keys[i].value);
	}
	memory_release(list->keys);
	*list = (struct yaml_key_list){0};
}
