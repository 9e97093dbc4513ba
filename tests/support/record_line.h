/* SPDX-License-Identifier: MIT
 * Lines of a journal that say something else and have a checksum that is right. */
#ifndef SUPPORT_RECORD_LINE_H
#define SUPPORT_RECORD_LINE_H

#include "base/hash.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The first `from` of the line, of which only what stands before its '\n' counts, is replaced by `to`. */
static inline struct text record_line_forged(const char *line, const char *from, const char *to)
{
	struct text text = {0};
	const char *at = strstr(line, from), *sum = strstr(line, ",\"sum\":");
	if (!at || !sum || at > sum)
		abort();
	text_add(&text, "%.*s%s", (int)(at - line), line, to);
	text_add_bytes(&text, at + strlen(from), (size_t)(sum - at) - strlen(from));
	text_add(&text, ",\"sum\":\"0x%016" PRIx64 "\"}\n", hash_bytes(HASH_START, text.bytes, text.length));
	return text;
}

#endif
