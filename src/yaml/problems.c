/* SPDX-License-Identifier: MIT */
#include "yaml/problems.h"

#include "base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A longer source line is shown in part. */
#define SHOWN_CHARACTERS 160u
#define SHOWN_BEFORE 100u

void yaml_problems_add(struct yaml_problems *problems, struct yaml_position position, const char *path, const char *format,
		       ...)
{
	assert(position.line && position.column && path);
	if (problems->no_memory)
		return;
	if (problems->count == YAML_PROBLEMS_MAX) {
		problems->untold++;
		return;
	}
	if (memory_grow(&problems->items, &problems->capacity, problems->count, sizeof *problems->items)) {
		problems->no_memory = true;
		return;
	}
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	size_t offset = problems->texts.length;
	text_add(&problems->texts, "%s: %s", path, message);
	text_add_bytes(&problems->texts, "", 1);
	if (problems->texts.failed) {
		problems->no_memory = true;
		return;
	}
	problems->items[problems->count] = (struct yaml_problem){position, problems->count, offset};
	problems->count++;
}

bool yaml_problems_any(const struct yaml_problems *problems)
{
	return problems->no_memory || problems->count;
}

size_t yaml_utf8_decode(const char *bytes, size_t left, uint32_t *code)
{
	assert(left);
	const unsigned char *at = (const unsigned char *)bytes;
	if (at[0] < 0x80) {
		*code = at[0];
		return 1;
	}
	size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (at[0] < 0xc2 || at[0] > 0xf4 || length > left)
		return 0;
	uint32_t value = at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = (value << 6) | (at[i] & 0x3fu);
	}
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	if (value < smallest[length] || (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff)
		return 0;
	*code = value;
	return length;
}

size_t yaml_line_break(const char *bytes, size_t left)
{
	if (!left)
		return 0;
	if (bytes[0] == '\r')
		return left > 1 && bytes[1] == '\n' ? 2 : 1;
	if (bytes[0] == '\n')
		return 1;
	if (left > 1 && !memcmp(bytes, "\xc2\x85", 2))
		return 2;
	if (left > 2 && (!memcmp(bytes, "\xe2\x80\xa8", 3) || !memcmp(bytes, "\xe2\x80\xa9", 3)))
		return 3;
	return 0;
}

static bool is_shown(uint32_t code)
{
	return code >= 0x20 && code != 0x7f && (code < 0x80 || code >= 0xa0) && code != 0xfeff;
}

const char *yaml_quote(char buffer[YAML_QUOTE_BYTES], const char *text)
{
	size_t left = strlen(text), used = 0;
	buffer[used++] = '\'';
	while (left) {
		uint32_t code = 0;
		size_t length = yaml_utf8_decode(text, left, &code);
		if (used + 9 > YAML_QUOTE_BYTES) { /* a character, the dots, the quote, the end */
			memcpy(buffer + used, "...", 3);
			used += 3;
			break;
		}
		if (length && is_shown(code)) {
			memcpy(buffer + used, text, length);
			used += length;
		} else {
			buffer[used++] = '?';
		}
		text += length ? length : 1;
		left -= length ? length : 1;
	}
	buffer[used++] = '\'';
	buffer[used] = '\0';
	return buffer;
}

/* Where telling has come to: it only goes forward, so that a thousand problems in one long line cost one walk along it. */
struct cursor {
	const char *bytes;
	size_t left;
	struct yaml_position position;
};

/* Goes on to a position, or to the end of its line. */
static void advance(struct cursor *cursor, struct yaml_position to)
{
	while (cursor->left && cursor->position.line <= to.line) {
		size_t line_break = yaml_line_break(cursor->bytes, cursor->left);
		bool there = cursor->position.line == to.line;
		if (there && (line_break || cursor->position.column >= to.column))
			return;
		uint32_t code = 0;
		size_t length = line_break ? line_break : yaml_utf8_decode(cursor->bytes, cursor->left, &code);
		length = length ? length : 1;
		cursor->bytes += length;
		cursor->left -= length;
		cursor->position.line += line_break != 0;
		cursor->position.column = line_break ? 1 : cursor->position.column + 1;
	}
}

/* Shows the line from the cursor on, and a caret under its column-th character. */
static void tell_line(struct cursor cursor, uint32_t column, struct text *messages)
{
	struct text under = {0};
	uint32_t end = cursor.position.column + SHOWN_CHARACTERS;
	if (cursor.position.column > 1) {
		text_add(messages, "...");
		text_add(&under, "   ");
	}
	for (; cursor.left && !yaml_line_break(cursor.bytes, cursor.left); cursor.position.column++) {
		if (cursor.position.column == end) {
			text_add(messages, "...");
			break;
		}
		uint32_t code = 0;
		size_t length = yaml_utf8_decode(cursor.bytes, cursor.left, &code);
		bool shown = length && (is_shown(code) || code == '\t');
		text_add_bytes(messages, shown ? cursor.bytes : "?", shown ? length : 1);
		if (cursor.position.column < column)
			text_add(&under, "%s", code == '\t' ? "\t" : " ");
		length = length ? length : 1;
		cursor.bytes += length;
		cursor.left -= length;
	}
	text_add(messages, "\n%s^\n", under.bytes ? under.bytes : "");
	messages->failed = messages->failed || under.failed;
	text_release(&under);
}

static int by_position(const void *left, const void *right)
{
	const struct yaml_problem *a = left, *b = right;
	if (a->position.line != b->position.line)
		return a->position.line < b->position.line ? -1 : 1;
	if (a->position.column != b->position.column)
		return a->position.column < b->position.column ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void tell_all(struct yaml_problems *problems, struct text *messages)
{
	if (problems->count)
		qsort(problems->items, problems->count, sizeof *problems->items, by_position);
	struct cursor cursor = {problems->bytes, problems->length, {1, 1}};
	for (size_t i = 0; i < problems->count; i++) {
		const struct yaml_problem *problem = &problems->items[i];
		uint32_t column = problem->position.column, begin = column > SHOWN_CHARACTERS ? column - SHOWN_BEFORE : 1;
		text_add(messages, "%s:%u:%u: %s\n", problems->file, problem->position.line, column,
			 problems->texts.bytes + problem->offset);
		advance(&cursor, (struct yaml_position){problem->position.line, begin});
		tell_line(cursor, column, messages);
	}
	if (problems->untold)
		text_add(messages, "%s: %zu more errors are not shown\n", problems->file, problems->untold);
}

void yaml_problems_tell(struct yaml_problems *problems, struct text *messages)
{
	struct text whole = {0};
	if (!problems->no_memory)
		tell_all(problems, &whole);
	problems->no_memory |= whole.failed;
	if (problems->no_memory)
		text_add(messages, "%s: no memory to read the %s\n", problems->file, problems->what);
	else if (whole.length)
		text_add_bytes(messages, whole.bytes, whole.length);
	text_release(&whole);
}

void yaml_problems_release(struct yaml_problems *problems)
{
	memory_release(problems->items);
	text_release(&problems->texts);
	*problems = (struct yaml_problems){0};
}
