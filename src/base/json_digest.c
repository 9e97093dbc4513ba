/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/hash.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGEST_KEY "digest"
#define DIGEST_BYTES 24
#define DIGEST_FORMAT "0x%016" PRIx64

static int add_piece(const char *bytes, size_t length, void *hash)
{
	*(uint64_t *)hash = hash_bytes(*(uint64_t *)hash, bytes, length);
	return 0;
}

/* Compact and with sorted keys: whoever only writes it in another order, or indents it, changes nothing. */
static int digest(const json_t *document, char text[DIGEST_BYTES])
{
	uint64_t hash = HASH_START;
	int result = json_dump_callback(document, add_piece, &hash, JSON_COMPACT | JSON_SORT_KEYS);
	snprintf(text, DIGEST_BYTES, DIGEST_FORMAT, hash);
	return result < 0 || json_ran_out() ? -1 : 0;
}

/* ---- of a document that is never whole ---- */

static void digest_words(struct json_digest *digest, const char *words)
{
	digest->hash = hash_bytes(digest->hash, words, strlen(words));
}

static void digest_value(struct json_digest *digest, const json_t *value)
{
	size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY;
	if (!value || json_dump_callback(value, add_piece, &digest->hash, flags) < 0 || json_ran_out())
		digest->failed = true;
}

static void digest_key(struct json_digest *digest, const char *key)
{
	assert(!digest->key || strcmp(digest->key, key) < 0);
	digest_words(digest, digest->key ? ",\"" : "{\"");
	digest_words(digest, key);
	digest_words(digest, "\":");
	digest->key = key;
}

void json_digest_begin(struct json_digest *digest)
{
	*digest = (struct json_digest){.hash = HASH_START};
}

void json_digest_member(struct json_digest *digest, const char *key, const json_t *value)
{
	digest_key(digest, key);
	digest_value(digest, value);
}

void json_digest_list(struct json_digest *digest, const char *key)
{
	digest_key(digest, key);
	digest_words(digest, "[");
	digest->elements = 0;
}

void json_digest_element(struct json_digest *digest, const json_t *value)
{
	if (digest->elements++)
		digest_words(digest, ",");
	digest_value(digest, value);
}

void json_digest_list_end(struct json_digest *digest)
{
	digest_words(digest, "]");
}

json_t *json_digest_end(struct json_digest *digest)
{
	char text[DIGEST_BYTES];
	digest_words(digest, "}");
	snprintf(text, sizeof text, DIGEST_FORMAT, digest->hash);
	return digest->failed ? NULL : json_string(text);
}

/* ---- of one that is ---- */

void json_put_digest(struct json_writer *writer, json_t *document)
{
	char text[DIGEST_BYTES];
	if (writer->failed || !document || digest(document, text) < 0)
		writer->failed = true;
	else
		json_put_text(writer, document, DIGEST_KEY, text);
}

bool json_check_digest(struct json_reader *reader, json_t *document)
{
	struct json_at parent = {.value = document};
	struct json_at at = json_child_optional(reader, &parent, DIGEST_KEY);
	char said[DIGEST_BYTES], found[DIGEST_BYTES];
	if (reader->failed || !at.value)
		return false;
	snprintf(said, sizeof said, "%s", json_is_string(at.value) ? json_string_value(at.value) : "");
	json_object_del(document, DIGEST_KEY);
	at.value = NULL;
	if (digest(document, found) < 0)
		json_fail_memory(reader);
	else if (strcmp(said, found) != 0)
		json_fail(reader, &at,
			  "is not that of the content: it was damaged, or changed (without this key it is read)");
	return true;
}
