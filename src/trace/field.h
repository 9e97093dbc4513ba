/* SPDX-License-Identifier: MIT
 * Fields of an event as kernels and tools print them: name=value, "name value", "name: value", or the n-th word. */
#ifndef TRACE_FIELD_H
#define TRACE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELD_NAMES_MAX 8u

/* Borrows the text that it was made of. */
struct field {
	const char *names[FIELD_NAMES_MAX];
	size_t lengths[FIELD_NAMES_MAX];
	size_t count;
	unsigned word; /* the word of the payload, from 1; 0: by name */
	bool may_lack; /* its last name is "-" */
};

/* From "dom|iovad", "dev|-" or "1". NULL: a field that no line has. Returns false: too many names, an empty one. */
bool field_compile(const char *text, struct field *field);

/* Whether a rule names the field. */
static inline bool field_named(const struct field *field)
{
	return field->count || field->word;
}

/* Whether one of the names is exactly these bytes. O(names). */
bool field_names(const struct field *field, const char *bytes, size_t length);

/* Where the words "name=value" of a payload are; it borrows the payload. */
#define FIELDS_MAX 2048u
struct fields {
	const char *payload;
	size_t count;
	struct {
		uint16_t name, length, value; /* bytes from the payload on */
	} words[FIELDS_MAX];
};

/* Finds the words of a payload of at most FIELDS_BYTES_MAX bytes, the first FIELDS_MAX of them. O(payload). */
#define FIELDS_BYTES_MAX 65535u
void fields_read(struct fields *fields, const char *payload);

/* The value of a field, up to the end of the word, or NULL. O(words), of "name value" O(payload). */
const char *field_find(const struct field *field, const struct fields *fields);

/* How long a value is: up to a blank, a comma or a closing bracket. */
size_t field_value_bytes(const char *value);

/* Hexadecimal behind 0x, else of base (10 or 16). Returns the end, or NULL: no number, or more than 64 bits. */
const char *field_number(const char *at, unsigned base, uint64_t *number);

/* The same, and the value ends with it. */
bool field_value_number(const char *value, unsigned base, uint64_t *number);

#endif
