/* SPDX-License-Identifier: MIT
 * How JSON documents are built and taken apart, with jansson. Both sides are sticky: after the first failure every
 * further call does nothing, and the caller asks once, at the end. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lets jansson take its memory from base/memory.h. Called before every use. json_ran_out: there was none since then. */
void json_prepare(void);
bool json_ran_out(void);

/* ---- writing: objects may be NULL after a failure ---- */

struct json_writer {
	bool failed;
};
void json_put(struct json_writer *writer, json_t *object, const char *key, json_t *value);
/* A new object or array under a key; it belongs to its parent. */
json_t *json_put_object(struct json_writer *writer, json_t *object, const char *key);
json_t *json_put_array(struct json_writer *writer, json_t *object, const char *key);
void json_append(struct json_writer *writer, json_t *array, json_t *value);
json_t *json_append_object(struct json_writer *writer, json_t *array);
json_t *json_append_array(struct json_writer *writer, json_t *array);
/* NULL becomes null; bytes that are not UTF-8 become U+FFFD. */
void json_put_text(struct json_writer *writer, json_t *object, const char *key, const char *value);
json_t *json_text(const char *value);
/* Not finite: null. Integral values without a fraction part, exactly; all others with 17 digits. */
json_t *json_double(double value);
/* The nearest value with so many significant digits (1 to 17), which stay so few where json_dump_text is asked for as many. */
json_t *json_double_rounded(double value, unsigned digits);
void json_put_double(struct json_writer *writer, json_t *object, const char *key, double value);
/* Numbers above INT64_MAX become a hex string. */
void json_put_u64(struct json_writer *writer, json_t *object, const char *key, uint64_t value);
json_t *json_u64(uint64_t value);
void json_put_hex(struct json_writer *writer, json_t *object, const char *key, uint64_t value);
/* Puts a digest of all that a document has so far under "digest": a text of 16 hex digits, of its canonical form (compact,
 * keys sorted). */
void json_put_digest(struct json_writer *writer, json_t *document);
/* Adds the document to text and releases it. indented: arrays without arrays or objects inside still take one line.
 * what names the document in the message. */
int json_finish(struct json_writer *writer, json_t *document, bool indented, const char *what, struct text *text,
		struct error *error);

/* Adds it with so many significant digits of numbers that are not whole. -1: no memory. */
int json_dump_text(const json_t *document, bool indented, unsigned digits, struct text *text);

/* ---- writing what is too large to be whole in memory ---- */

/* The digest of a document whose members come in the order of their keys (strcmp), lists element by element. Values are
 * borrowed. After a failure further calls do nothing that counts. */
struct json_digest {
	uint64_t hash;
	const char *key; /* the last one */
	size_t elements;
	bool failed;
};
void json_digest_begin(struct json_digest *digest);
void json_digest_member(struct json_digest *digest, const char *key, const json_t *value);
void json_digest_list(struct json_digest *digest, const char *key);
void json_digest_element(struct json_digest *digest, const json_t *value);
void json_digest_list_end(struct json_digest *digest);
/* As json_put_digest puts it. NULL: no memory, now or before. */
json_t *json_digest_end(struct json_digest *digest);

/* The same bytes that json_finish makes of an indented document, member by member, lists of objects element by element. Values
 * are taken; NULL is no memory. Failures are sticky, as a writer's; error gets the first. */
struct json_stream {
	const struct file_sink *sink; /* borrowed */
	const char *what;
	struct error *error;
	const char *list; /* its key, while one is open */
	size_t elements;
	bool begun, failed;
};
void json_stream_begin(struct json_stream *stream, const struct file_sink *sink, const char *what, struct error *error);
void json_stream_member(struct json_stream *stream, const char *key, json_t *value);
void json_stream_list(struct json_stream *stream, const char *key);
void json_stream_element(struct json_stream *stream, json_t *value);
void json_stream_list_end(struct json_stream *stream);
int json_stream_end(struct json_stream *stream);

/* ---- reading ---- */

struct json_reader {
	const char *what; /* first words of every message */
	struct error *error;
	bool failed;
};

/* A value and the way to it. */
struct json_at {
	const struct json_at *parent;
	const char *key; /* NULL: an element of an array */
	size_t index;
	json_t *value; /* NULL when missing or after a failure */
};

/* Parses one document; the caller releases it with json_decref. NULL on failure. */
json_t *json_parse(struct json_reader *reader, const char *bytes, size_t length);
/* Leaves the members of the outermost object with these names (NULL at the end) out where they are arrays, unread. */
json_t *json_parse_without(struct json_reader *reader, const char *bytes, size_t length, const char *const *names);
/* Fails with "<what>: <path>: <should>". */
void json_fail(struct json_reader *reader, const struct json_at *at, const char *should);
void json_fail_memory(struct json_reader *reader);

/* Fails when a document has a digest and another content; the digest is gone afterwards. false: it has none. */
bool json_check_digest(struct json_reader *reader, json_t *document);

/* Fails unless schema stands under "schema". */
void json_check_schema(struct json_reader *reader, const struct json_at *document, const char *schema);

/* The value under a key of an object; optional ones may be missing (value NULL) or null. */
struct json_at json_child(struct json_reader *reader, const struct json_at *parent, const char *key);
struct json_at json_child_optional(struct json_reader *reader, const struct json_at *parent, const char *key);
struct json_at json_object_child(struct json_reader *reader, const struct json_at *parent, const char *key);
/* An array of at most limit elements; *count is 0 after a failure. */
struct json_at json_array_child(struct json_reader *reader, const struct json_at *parent, const char *key, size_t limit,
				size_t *count);
struct json_at json_element(const struct json_at *array, size_t index);
/* count zeroed objects for what an array holds; NULL (and failed) without memory, NULL for none. */
void *json_room(struct json_reader *reader, size_t count, size_t bytes);

/* A new text, or NULL when null is allowed and there. */
char *json_read_text(struct json_reader *reader, const struct json_at *parent, const char *key);
char *json_read_text_or_null(struct json_reader *reader, const struct json_at *parent, const char *key);
char *json_text_at(struct json_reader *reader, const struct json_at *at);
bool json_read_bool(struct json_reader *reader, const struct json_at *parent, const char *key);
uint64_t json_read_u64(struct json_reader *reader, const struct json_at *parent, const char *key, uint64_t maximum);
uint64_t json_u64_at(struct json_reader *reader, const struct json_at *at, uint64_t maximum);
/* null is NaN. */
double json_read_double(struct json_reader *reader, const struct json_at *parent, const char *key);
double json_double_at(struct json_reader *reader, const struct json_at *at);
/* Index of a text in a table of names, which are named in the message. */
size_t json_read_choice(struct json_reader *reader, const struct json_at *parent, const char *key, const char *const *names,
			size_t count);

#endif
