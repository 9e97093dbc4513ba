/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define PATH_DEPTH_MAX 16
#define FOUND_BYTES_MAX 60

json_t *json_parse(struct json_reader *reader, const char *bytes, size_t length)
{
	json_error_t cause;
	json_prepare();
	json_t *document = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &cause);
	if (document && !json_ran_out())
		return document;
	/* jansson's lexer goes on with half a word when there is no memory for the rest. */
	json_decref(document);
	reader->failed = true;
	if (json_ran_out())
		json_fail_memory(reader);
	else
		error_set(reader->error, EXIT_CODE_USAGE, "%s:%d:%d: not JSON: %s", reader->what, cause.line, cause.column,
			  cause.text);
	return NULL;
}

/* Behind the closing quote of the string that begins at `at`, or end. */
static const char *after_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

/* Behind the bracket that closes the one at `at`, or end. */
static const char *after_bracket(const char *at, const char *end)
{
	size_t depth = 0;
	do {
		if (*at == '"') {
			at = after_string(at, end);
			continue;
		}
		depth += *at == '[' || *at == '{';
		depth -= *at == ']' || *at == '}';
		at++;
	} while (depth && at < end);
	return at;
}

static bool is_named(const char *string, size_t length, const char *const *names)
{
	for (; *names; names++)
		if (strlen(*names) + 2 == length && memcmp(string + 1, *names, length - 2) == 0)
			return true;
	return false;
}

/* Whatever it is, what is left in is parsed. An array that is left out is an empty one. */
json_t *json_parse_without(struct json_reader *reader, const char *bytes, size_t length, const char *const *names)
{
	struct text kept = {0};
	const char *end = bytes + length, *from = bytes, *at = memchr(bytes, '{', length);
	bool named = false;
	for (at = at ? at + 1 : end; at < end;) {
		if (*at == '"') {
			const char *next = after_string(at, end);
			named = is_named(at, (size_t)(next - at), names);
			at = next;
		} else if (*at == '[' && named) {
			text_add_bytes(&kept, from, (size_t)(at - from));
			text_add_bytes(&kept, "[]", 2);
			from = at = after_bracket(at, end);
		} else if (*at == '[' || *at == '{') {
			at = after_bracket(at, end);
		} else {
			named = named && *at != ',';
			at++;
		}
	}
	text_add_bytes(&kept, from, (size_t)(end - from));
	json_t *document = NULL;
	if (kept.failed)
		json_fail_memory(reader);
	else
		document = json_parse(reader, kept.bytes, kept.length);
	text_release(&kept);
	return document;
}

void json_fail_memory(struct json_reader *reader)
{
	reader->failed = true;
	error_set(reader->error, EXIT_CODE_IO, "%s: no memory to read it", reader->what);
}

static void add_path(const struct json_at *at, struct text *path)
{
	const struct json_at *way[PATH_DEPTH_MAX];
	size_t depth = 0;
	for (; at && at->parent && depth < PATH_DEPTH_MAX; at = at->parent)
		way[depth++] = at;
	while (depth--) {
		if (way[depth]->key)
			text_add(path, "%s%s", path->length ? "." : "", way[depth]->key);
		else
			text_add(path, "[%zu]", way[depth]->index);
	}
}

void json_fail(struct json_reader *reader, const struct json_at *at, const char *should)
{
	assert(reader->what && should);
	if (reader->failed)
		return;
	reader->failed = true;
	struct text path = {0};
	add_path(at, &path);
	error_set(reader->error, EXIT_CODE_USAGE, "%s: %s%s%s", reader->what, path.length ? path.bytes : "",
		  path.length ? ": " : "", should);
	text_release(&path);
}

struct json_at json_child_optional(struct json_reader *reader, const struct json_at *parent, const char *key)
{
	assert(key);
	struct json_at at = {parent, key, 0, NULL};
	if (reader->failed)
		return at;
	if (json_is_object(parent->value))
		at.value = json_object_get(parent->value, key);
	else
		json_fail(reader, parent, "must be an object");
	return at;
}

struct json_at json_child(struct json_reader *reader, const struct json_at *parent, const char *key)
{
	struct json_at at = json_child_optional(reader, parent, key);
	if (!at.value)
		json_fail(reader, &at, "is missing");
	return at;
}

/* "is "…", ", shortened; what a terminal would take for more than text is not repeated. */
static void add_found(struct text *text, const char *found)
{
	text_add(text, "is \"");
	for (size_t i = 0; found[i] && i < FOUND_BYTES_MAX; i++)
		text_add(text, "%c", found[i] >= ' ' && found[i] <= '~' ? found[i] : '?');
	text_add(text, "\", ");
}

void json_check_schema(struct json_reader *reader, const struct json_at *document, const char *schema)
{
	struct json_at at = json_child(reader, document, "schema");
	if (json_is_string(at.value) && !strcmp(json_string_value(at.value), schema))
		return;
	struct text should = {0};
	if (json_is_string(at.value))
		add_found(&should, json_string_value(at.value));
	text_add(&should, "must be \"%s\": this is another kind of document, or of another version", schema);
	if (should.failed)
		json_fail_memory(reader);
	else
		json_fail(reader, &at, should.bytes);
	text_release(&should);
}

struct json_at json_object_child(struct json_reader *reader, const struct json_at *parent, const char *key)
{
	struct json_at at = json_child(reader, parent, key);
	if (!json_is_object(at.value))
		json_fail(reader, &at, "must be an object");
	return at;
}

struct json_at json_array_child(struct json_reader *reader, const struct json_at *parent, const char *key, size_t limit,
				size_t *count)
{
	struct json_at at = json_child(reader, parent, key);
	*count = json_array_size(at.value);
	if (!json_is_array(at.value))
		json_fail(reader, &at, "must be an array");
	else if (*count > limit)
		json_fail(reader, &at, "has more elements than are possible");
	if (reader->failed)
		*count = 0;
	return at;
}

struct json_at json_element(const struct json_at *array, size_t index)
{
	assert(index < json_array_size(array->value));
	return (struct json_at){array, NULL, index, json_array_get(array->value, index)};
}

void *json_room(struct json_reader *reader, size_t count, size_t bytes)
{
	assert(bytes);
	if (reader->failed || count == 0)
		return NULL;
	void *room = memory_zeroed(count, bytes);
	if (!room)
		json_fail_memory(reader);
	return room;
}

char *json_text_at(struct json_reader *reader, const struct json_at *at)
{
	if (!json_is_string(at->value))
		json_fail(reader, at, "must be a text");
	if (reader->failed)
		return NULL;
	char *copy = memory_text(json_string_value(at->value));
	if (!copy)
		json_fail_memory(reader);
	return copy;
}

char *json_read_text(struct json_reader *reader, const struct json_at *parent, const char *key)
{
	struct json_at at = json_child(reader, parent, key);
	return json_text_at(reader, &at);
}

char *json_read_text_or_null(struct json_reader *reader, const struct json_at *parent, const char *key)
{
	struct json_at at = json_child(reader, parent, key);
	return json_is_null(at.value) ? NULL : json_text_at(reader, &at);
}

bool json_read_bool(struct json_reader *reader, const struct json_at *parent, const char *key)
{
	struct json_at at = json_child(reader, parent, key);
	if (!json_is_boolean(at.value))
		json_fail(reader, &at, "must be true or false");
	return json_is_true(at.value);
}

/* "0x" and one to sixteen hex digits, nothing else. */
static bool parse_hex(const char *text, uint64_t *value)
{
	size_t digits = strlen(text);
	if (strncmp(text, "0x", 2) != 0 || digits < 3 || digits > 18 ||
	    strspn(text + 2, "0123456789abcdefABCDEF") != digits - 2)
		return false;
	*value = 0;
	for (text += 2; *text; text++)
		*value = *value << 4 | (uint64_t)(*text <= '9' ? *text - '0' : (*text | 0x20) - 'a' + 10);
	return true;
}

uint64_t json_u64_at(struct json_reader *reader, const struct json_at *at, uint64_t maximum)
{
	uint64_t value = 0;
	bool good = false;
	if (json_is_integer(at->value)) {
		good = json_integer_value(at->value) >= 0;
		value = (uint64_t)json_integer_value(at->value);
	} else if (json_is_string(at->value)) {
		good = parse_hex(json_string_value(at->value), &value);
	}
	if (!good)
		json_fail(reader, at, "must be a whole number, not negative, or a hex string (0x...)");
	else if (value > maximum)
		json_fail(reader, at, "is larger than possible");
	return reader->failed ? 0 : value;
}

uint64_t json_read_u64(struct json_reader *reader, const struct json_at *parent, const char *key, uint64_t maximum)
{
	struct json_at at = json_child(reader, parent, key);
	return json_u64_at(reader, &at, maximum);
}

double json_double_at(struct json_reader *reader, const struct json_at *at)
{
	if (json_is_number(at->value))
		return json_number_value(at->value);
	if (!json_is_null(at->value))
		json_fail(reader, at, "must be a number or null");
	return (double)NAN;
}

double json_read_double(struct json_reader *reader, const struct json_at *parent, const char *key)
{
	struct json_at at = json_child(reader, parent, key);
	return json_double_at(reader, &at);
}

size_t json_read_choice(struct json_reader *reader, const struct json_at *parent, const char *key, const char *const *names,
			size_t count)
{
	assert(count);
	struct json_at at = json_child(reader, parent, key);
	const char *value = json_string_value(at.value);
	for (size_t i = 0; value && i < count; i++)
		if (strcmp(names[i], value) == 0)
			return i;
	struct text should = {0};
	text_add(&should, "must be one of");
	for (size_t i = 0; i < count; i++)
		text_add(&should, "%s \"%s\"", i ? "," : "", names[i]);
	if (should.failed)
		json_fail_memory(reader);
	else
		json_fail(reader, &at, should.bytes);
	text_release(&should);
	return 0;
}
