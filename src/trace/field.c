/* SPDX-License-Identifier: MIT */
#include "trace/field.h"

#include "trace/scan.h"

#include <assert.h>
#include <string.h>

const unsigned char scan_digit[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

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
		if (field->lengths[i] == length && *field->names[i] == *bytes &&
		    memcmp(field->names[i], bytes, length) == 0)
			return true;
	return false;
}

/* What a name of a field cannot hold, so that it begins behind it: "(iova=0x1000,size=0x2000)". */
static bool parts_names(char c)
{
	return c == ' ' || c == '\t' || c == ',' || c == '(' || c == '{';
}

void fields_read(struct fields *fields, const char *payload)
{
	const char *behind = payload; /* the value of the word before */
	fields->payload = payload;
	fields->count = 0;
	for (const char *equals = strchr(payload, '='); equals; equals = strchr(equals + 1, '=')) {
		const char *end = equals;
		while (end > behind && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		const char *name = end;
		while (name > behind && !parts_names(name[-1]))
			name--;
		/* In "a=b=c" the value of a is "b=c". */
		bool inside = name == behind && name > payload && name[-1] == '=';
		behind = equals + 1;
		if (inside || name == end)
			continue;
		const char *value = end < equals ? scan_blanks(behind) : behind;
		if (fields->count == FIELDS_MAX || (size_t)(value - payload) > FIELDS_BYTES_MAX)
			return;
		fields->words[fields->count].name = (uint16_t)(name - payload);
		fields->words[fields->count].length = (uint16_t)(end - name);
		fields->words[fields->count++].value = (uint16_t)(value - payload);
	}
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

const char *field_find(const struct field *field, const struct fields *fields)
{
	if (field->word) {
		const char *at = scan_blanks(fields->payload);
		for (unsigned i = 1; i < field->word && *at; i++)
			at = scan_blanks(scan_word(at));
		return *at ? at : NULL;
	}
	if (!field->count)
		return NULL;
	for (size_t i = 0; i < fields->count; i++)
		if (field_names(field, fields->payload + fields->words[i].name, fields->words[i].length))
			return fields->payload + fields->words[i].value;
	return field->may_lack ? NULL : spaced_value(field, fields->payload);
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
	uint64_t value = 0;
	unsigned digit;
	if (base == 16) {
		for (; (digit = scan_hex(*at)) < 16; at++) {
			if (value >> 60)
				return NULL;
			value = value << 4 | digit;
		}
	} else {
		for (; (digit = (unsigned)(*at - '0')) < 10; at++)
			if (__builtin_mul_overflow(value, 10u, &value) || __builtin_add_overflow(value, digit, &value))
				return NULL;
		if (scan_hex(*at) < 16)
			return NULL;
	}
	*number = value;
	return at == begin ? NULL : at;
}

bool field_value_number(const char *value, unsigned base, uint64_t *number)
{
	const char *end = field_number(value, base, number);
	return end && ends_value(*end);
}
