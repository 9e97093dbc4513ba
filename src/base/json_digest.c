/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGEST_KEY "digest"
#define DIGEST_BYTES 24

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
	snprintf(text, DIGEST_BYTES, "0x%016" PRIx64, hash);
	return result < 0 || json_ran_out() ? -1 : 0;
}

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
