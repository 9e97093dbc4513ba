/* SPDX-License-Identifier: MIT */
#include "base/option.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 25u

bool option_number(const char *text, uint64_t low, uint64_t high, bool scaled, uint64_t *number)
{
	assert(low <= high);
	char *end;
	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	*number = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	uint64_t scale = 1;
	if (scaled && *end) {
		scale = *end == 'k' ? 1000 : *end == 'M' ? 1000000 : *end == 'G' ? 1000000000 : 0;
		end++;
	}
	if (errno || *end || !scale || __builtin_mul_overflow(*number, scale, number))
		return false;
	return *number >= low && *number <= high;
}

static void store(const struct option_row *row, void *target, uint64_t number)
{
	unsigned char *member = (unsigned char *)target + row->at;
	assert(row->bytes == 1 || row->bytes == 4 || row->bytes == 8);
	if (row->bytes == 1)
		*member = (unsigned char)number;
	else if (row->bytes == 4)
		memcpy(member, &(uint32_t){(uint32_t)number}, 4);
	else
		memcpy(member, &number, 8);
}

static uint64_t load(const struct option_row *row, const void *target)
{
	assert(row->bytes == 1 || row->bytes == 4 || row->bytes == 8);
	const unsigned char *member = (const unsigned char *)target + row->at;
	uint64_t number = 0;
	uint32_t half;
	if (row->bytes == 1)
		return *member;
	if (row->bytes == 8) {
		memcpy(&number, member, 8);
		return number;
	}
	memcpy(&half, member, 4);
	return half;
}

static bool read_choice(const struct option_row *row, void *target, const char *value)
{
	for (size_t i = 0; row->choices[i]; i++)
		if (!strcmp(row->choices[i], value)) {
			store(row, target, i);
			return true;
		}
	return false;
}

static bool read_value(const struct option_row *row, void *target, const char *value, struct error *error)
{
	uint64_t number;
	switch (row->kind) {
	case OPTION_FLAG:
		store(row, target, 1);
		return true;
	case OPTION_NUMBER:
	case OPTION_COUNT:
		if (!option_number(value, row->minimum, row->maximum, row->kind == OPTION_COUNT, &number))
			return false;
		store(row, target, number);
		return true;
	case OPTION_CHOICE:
		return read_choice(row, target, value);
	case OPTION_TEXT:
		memcpy((unsigned char *)target + row->at, &value, sizeof value);
		return *value != '\0';
	case OPTION_OWN:
		return row->read(target, value, error) == 0;
	}
	return false;
}

int option_read(const struct option_row *row, void *target, const char *value, struct error *error)
{
	assert(value || row->kind == OPTION_FLAG);
	if (read_value(row, target, value, error))
		return 0;
	if (!row->wanted)
		return -1;
	const char *nearest = row->kind == OPTION_CHOICE ? text_nearest(value, row->choices) : NULL;
	const char *ask = nearest ? "; did you mean '" : "", *end = nearest ? "'?" : "";
	nearest = nearest ? nearest : "";
	if (row->letter)
		return error_set(error, EXIT_CODE_USAGE, "-%c '%s': %s%s%s%s", row->letter, value, row->wanted, ask,
				 nearest, end);
	return error_set(error, EXIT_CODE_USAGE, "--%s '%s': %s%s%s%s", row->name, value, row->wanted, ask, nearest, end);
}

void option_write(const struct option_row *row, const void *target, struct text *text)
{
	const char *word = NULL;
	switch (row->kind) {
	case OPTION_FLAG:
		text_add(text, "%s", load(row, target) ? "yes" : "");
		return;
	case OPTION_NUMBER:
	case OPTION_COUNT:
		if (load(row, target) >= row->minimum)
			text_add(text, "%" PRIu64, load(row, target));
		return;
	case OPTION_CHOICE:
		text_add(text, "%s", row->choices[load(row, target)]);
		return;
	case OPTION_TEXT:
		memcpy(&word, (const unsigned char *)target + row->at, sizeof word);
		text_add(text, "%s", word ? word : "");
		return;
	case OPTION_OWN:
		if (row->write)
			row->write(target, text);
		return;
	}
}

void option_wrap(const char *words, unsigned at, unsigned indent, unsigned width, struct text *text)
{
	assert(indent < width);
	unsigned column = at;
	bool first = true;
	while (*words) {
		size_t length = strcspn(words, " \n");
		bool breaks = *words == '\n';
		if (!breaks && length) {
			bool fits = column + !first + length <= width;
			if (!first && !fits)
				text_add(text, "\n%*s", (int)indent, "");
			column = first || fits ? column + !first : indent;
			text_add(text, "%s%.*s", !first && fits ? " " : "", (int)length, words);
			column += (unsigned)length;
			first = false;
		}
		if (breaks) {
			text_add(text, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		words += length + (words[length] == ' ' || (breaks && !length));
	}
	text_add(text, "\n");
}

void option_help(const struct option_row *row, unsigned width, struct text *text)
{
	size_t begin = text->length;
	text_add(text, row->letter ? "  -%c, " : "      ", row->letter);
	text_add(text, "--%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
	unsigned column = (unsigned)(text->length - begin);
	if (column + 2 <= HELP_COLUMN)
		text_add(text, "%*s", (int)(HELP_COLUMN - column), "");
	else
		text_add(text, "\n%*s", (int)HELP_COLUMN, "");
	option_wrap(row->help, HELP_COLUMN, HELP_COLUMN, width, text);
}
