/* SPDX-License-Identifier: MIT */
#include "trace/field.h"

#include "trace/scan.h"

#include <assert.h>
#include <string.h>

bool field_compile(const char *text, struct field *field)
{
	memset(field, 0, sizeof *field);
	if (!text)
		return true;
	if (text[0] >= '1' && text[0] <= '9' && !text[1]) {
		field->word = (unsigned)(text[0] - '0');
		return true;
	}
	for (const char *at = text;; at++) {
		const char *end = strchrnul(at, '|');
		size_t length = (size_t)(end - at);
		if (!length || field->may_lack || memchr(at, ' ', length) || memchr(at, '=', length))
			return false;
		if (length == 1 && *at == '-' && field->count) {
			field->may_lack = true;
		} else {
			if (field->count == FIELD_NAMES_MAX)
				return false;
			field->names[field->count] = at;
			field->lengths[field->count++] = length;
		}
		if (!*end)
			return true;
		at = end;
	}
}

bool field_names(const struct field *field, const char *bytes, size_t length)
{
	for (size_t i = 0; i < field->count; i++)
		if (field->lengths[i] == length && memcmp(field->names[i], bytes, length) == 0)
			return true;
	return false;
}

/* The value of a word that begins with one of the names and "=". */
static const char *equals_value(const struct field *field, const char *word)
{
	for (size_t i = 0; i < field->count; i++)
		if (*word == *field->names[i] && strncmp(word, field->names[i], field->lengths[i]) == 0 &&
		    word[field->lengths[i]] == '=')
			return word + field->lengths[i] + 1;
	return NULL;
}

/* "name value" and "name: value", where the value is a number. */
static const char *spaced_value(const struct field *field, const char *payload)
{
	for (const char *at = scan_blanks(payload); *at; at = scan_blanks(scan_word(at))) {
		size_t length = (size_t)(scan_word(at) - at);
		const char *value = scan_blanks(at + length);
		if (length > 1 && at[length - 1] == ':')
			length--;
		if (*value >= '0' && *value <= '9' && field_names(field, at, length))
			return value;
	}
	return NULL;
}

/* tabs: there are any; without them the C library finds the end of a word. */
static const char *next_word(const char *at, bool tabs)
{
	if (tabs)
		return scan_blanks(scan_word(at));
	const char *blank = strchr(at, ' ');
	return blank ? scan_blanks(blank) : at + strlen(at);
}

const char *field_find(const struct field *field, const char *payload)
{
	const char *at = scan_blanks(payload);
	if (field->word) {
		for (unsigned i = 1; i < field->word && *at; i++)
			at = scan_blanks(scan_word(at));
		return *at ? at : NULL;
	}
	if (!field->count)
		return NULL;
	bool tabs = strchr(at, '\t') != NULL;
	for (; *at; at = next_word(at, tabs)) {
		const char *value = equals_value(field, at[0] == '(' ? at + 1 : at);
		if (value)
			return value;
	}
	return field->may_lack ? NULL : spaced_value(field, payload);
}

static bool ends_value(char c)
{
	return !c || c == ' ' || c == '\t' || c == ',' || c == ')' || c == '}';
}

size_t field_value_bytes(const char *value)
{
	size_t length = 0;
	while (!ends_value(value[length]))
		length++;
	return length;
}

const char *field_number(const char *at, unsigned base, uint64_t *number)
{
	assert(base == 10 || base == 16);
	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
		base = 16;
		at += 2;
	}
	const char *begin = at;
	*number = 0;
	for (;; at++) {
		unsigned digit = scan_hex(*at);
		if (digit > 15)
			break;
		if (digit >= base)
			return NULL;
		if (__builtin_mul_overflow(*number, base, number) || __builtin_add_overflow(*number, digit, number))
			return NULL;
	}
	return at == begin ? NULL : at;
}

bool field_value_number(const char *value, unsigned base, uint64_t *number)
{
	const char *end = field_number(value, base, number);
	return end && ends_value(*end);
}
