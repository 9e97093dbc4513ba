/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* jansson neither says always that memory was the cause nor always fails. */
static bool ran_out;

static void *get(size_t bytes)
{
	void *memory = memory_resize(NULL, bytes, 1);
	if (!memory)
		ran_out = true;
	return memory;
}

bool json_ran_out(void)
{
	return ran_out;
}

void json_prepare(void)
{
	static bool done;
	if (!done)
		json_set_alloc_funcs(get, memory_release);
	done = true;
	ran_out = false;
}

void json_put(struct json_writer *writer, json_t *object, const char *key, json_t *value)
{
	assert(key);
	if (json_object_set_new(object, key, value) < 0)
		writer->failed = true;
}

/* A container that could not be put into its parent is gone: nothing may be added to it. */
json_t *json_put_object(struct json_writer *writer, json_t *object, const char *key)
{
	json_put(writer, object, key, json_object());
	return json_object_get(object, key);
}

json_t *json_put_array(struct json_writer *writer, json_t *object, const char *key)
{
	json_put(writer, object, key, json_array());
	return json_object_get(object, key);
}

void json_append(struct json_writer *writer, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		writer->failed = true;
}

static json_t *append_container(struct json_writer *writer, json_t *array, json_t *container)
{
	if (json_array_append_new(array, container) == 0)
		return container;
	writer->failed = true;
	return NULL;
}

json_t *json_append_object(struct json_writer *writer, json_t *array)
{
	return append_container(writer, array, json_object());
}

json_t *json_append_array(struct json_writer *writer, json_t *array)
{
	return append_container(writer, array, json_array());
}

json_t *json_text(const char *value)
{
	if (!value)
		return json_null();
	json_t *json = json_string(value);
	if (json)
		return json;
	/* Not UTF-8 (or no memory, which the second way meets again). */
	struct text repaired = {0};
	text_add_json(&repaired, value);
	if (!repaired.failed)
		json = json_loadb(repaired.bytes, repaired.length, JSON_DECODE_ANY, NULL);
	text_release(&repaired);
	return json;
}

void json_put_text(struct json_writer *writer, json_t *object, const char *key, const char *value)
{
	json_put(writer, object, key, json_text(value));
}

json_t *json_double(double value)
{
	if (!isfinite(value))
		return json_null();
	if (value == trunc(value) && fabs(value) < 0x1p53 && !(value == 0 && signbit(value)))
		return json_integer((json_int_t)value);
	return json_real(value);
}

json_t *json_double_rounded(double value, unsigned digits)
{
	char text[40];
	assert(digits >= 1 && digits <= 17);
	snprintf(text, sizeof text, "%.*g", (int)digits, value);
	return json_double(isfinite(value) ? strtod(text, NULL) : value);
}

void json_put_double(struct json_writer *writer, json_t *object, const char *key, double value)
{
	json_put(writer, object, key, json_double(value));
}

static json_t *hex(uint64_t value)
{
	char digits[24];
	snprintf(digits, sizeof digits, "0x%016" PRIx64, value);
	return json_string(digits);
}

json_t *json_u64(uint64_t value)
{
	return value <= INT64_MAX ? json_integer((json_int_t)value) : hex(value);
}

void json_put_u64(struct json_writer *writer, json_t *object, const char *key, uint64_t value)
{
	json_put(writer, object, key, json_u64(value));
}

void json_put_hex(struct json_writer *writer, json_t *object, const char *key, uint64_t value)
{
	json_put(writer, object, key, hex(value));
}

static int add_piece(const char *bytes, size_t length, void *text)
{
	text_add_bytes(text, bytes, length);
	return ((struct text *)text)->failed ? -1 : 0;
}

/* Behind the closing quote of the string that begins at `at`. */
static const char *after_string(const char *at)
{
	for (at++; *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at + 1;
}

/* The ']' of an array that holds neither arrays nor objects, or NULL. */
static const char *end_of_flat_array(const char *at)
{
	for (at++; *at != '[' && *at != '{';) {
		if (*at == ']')
			return at;
		at = *at == '"' ? after_string(at) : at + 1;
	}
	return NULL;
}

static void add_flat_array(const char *at, const char *end, struct text *text)
{
	while (at <= end) {
		const char *next = *at == '"' ? after_string(at) : at + 1;
		if (*at != '\n' && *at != ' ')
			text_add_bytes(text, at, (size_t)(next - at));
		if (*at == ',')
			text_add_bytes(text, " ", 1);
		at = next;
	}
}

/* jansson's indentation gives every number a line: tables would be unreadable and five times as long. */
static void add_with_flat_arrays(const struct text *indented, struct text *text)
{
	for (const char *at = indented->bytes; *at;) {
		const char *end = *at == '[' ? end_of_flat_array(at) : NULL;
		if (end) {
			add_flat_array(at, end, text);
			at = end + 1;
			continue;
		}
		const char *from = at;
		do
			at = *at == '"' ? after_string(at) : at + 1;
		while (*at && *at != '[');
		text_add_bytes(text, from, (size_t)(at - from));
	}
}

int json_dump_text(const json_t *document, bool indented, unsigned digits, struct text *text)
{
	assert(digits && digits <= 17);
	struct text dump = {0}, laid_out = {0};
	size_t flags = (indented ? JSON_INDENT(1) : JSON_COMPACT) | JSON_REAL_PRECISION(digits);
	int result = json_dump_callback(document, add_piece, &dump, flags);
	if (result == 0 && indented)
		add_with_flat_arrays(&dump, &laid_out);
	if (result == 0)
		text_add_json_document(text, indented ? laid_out.bytes : dump.bytes,
				       indented ? laid_out.length : dump.length);
	text->failed |= laid_out.failed;
	text_add(text, "\n");
	text_release(&laid_out);
	text_release(&dump);
	return result < 0 || text->failed ? -1 : 0;
}

int json_finish(struct json_writer *writer, json_t *document, bool indented, const char *what, struct text *text,
		struct error *error)
{
	assert(what);
	int result = writer->failed || !document || json_ran_out() ? -1 : json_dump_text(document, indented, 17, text);
	json_decref(document);
	if (result < 0)
		return error_set(error, EXIT_CODE_IO, "%s: no memory to write it", what);
	return 0;
}
