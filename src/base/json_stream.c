/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/hash.h"
#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int no_memory(const struct json_stream *stream)
{
	return error_set(stream->error, EXIT_CODE_IO, "%s: no memory to write it", stream->what);
}

static void put(struct json_stream *stream, const char *bytes, size_t length)
{
	if (!stream->failed && stream->sink->put(stream->sink->to, bytes, length, stream->error) < 0)
		stream->failed = true;
}

static void put_words(struct json_stream *stream, const char *words)
{
	put(stream, words, strlen(words));
}

void json_stream_begin(struct json_stream *stream, const struct file_sink *sink, const char *what, struct error *error)
{
	assert(sink && what);
	json_prepare();
	*stream = (struct json_stream){.sink = sink, .what = what, .error = error};
}

/* Takes value, and gives an array of it. */
static json_t *alone(json_t *value)
{
	json_t *list = json_array();
	if (list && json_array_append_new(list, value) == 0)
		return list;
	if (!list)
		json_decref(value);
	json_decref(list);
	return NULL;
}

/* Takes value. The lines between the first and the last one of {key: value}, or of an element's {key: [value]}. */
static void put_lines(struct json_stream *stream, const char *key, json_t *value, bool element)
{
	static const char end[] = "\n}\n", end_of_list[] = "\n ]\n}\n";
	size_t begin_length = 2 + (element ? strlen(key) + strlen(" \"\": [\n") : 0);
	size_t end_length = element ? sizeof end_of_list - 1 : sizeof end - 1;
	json_t *parent = json_object(); /* without it what is set is given back */
	struct text lines = {0};
	bool good = json_object_set_new(parent, key, element ? alone(value) : value) == 0 && !json_ran_out() &&
		    json_dump_text(parent, true, 17, &lines) == 0;
	json_decref(parent);
	if (!good && !stream->failed) {
		no_memory(stream);
		stream->failed = true;
	}
	if (!stream->failed) {
		assert(lines.length > begin_length + end_length);
		put(stream, lines.bytes + begin_length, lines.length - begin_length - end_length);
	}
	text_release(&lines);
}

static void separate(struct json_stream *stream)
{
	put_words(stream, stream->begun ? ",\n" : "{\n");
	stream->begun = true;
}

void json_stream_member(struct json_stream *stream, const char *key, json_t *value)
{
	separate(stream);
	put_lines(stream, key, value, false);
}

void json_stream_list(struct json_stream *stream, const char *key)
{
	struct text head = {0};
	assert(!stream->list);
	separate(stream);
	text_add(&head, " \"%s\": [", key);
	if (head.failed && !stream->failed)
		stream->failed = no_memory(stream) < 0;
	put_words(stream, head.failed ? "" : head.bytes);
	text_release(&head);
	stream->list = key;
	stream->elements = 0;
}

void json_stream_element(struct json_stream *stream, json_t *value)
{
	assert(stream->list);
	if (!stream->failed && !json_is_object(value))
		stream->failed = no_memory(stream) < 0;
	put_words(stream, stream->elements++ ? ",\n" : "\n");
	put_lines(stream, stream->list, value, true);
}

void json_stream_list_end(struct json_stream *stream)
{
	assert(stream->list);
	put_words(stream, stream->elements ? "\n ]" : "]");
	stream->list = NULL;
}

int json_stream_end(struct json_stream *stream)
{
	assert(stream->begun && !stream->list);
	put_words(stream, "\n}\n");
	return stream->failed ? -1 : 0;
}
