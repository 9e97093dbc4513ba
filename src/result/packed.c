/* SPDX-License-Identifier: MIT */
#include "result/packed.h"

#include <assert.h>
#include <string.h>
#include <zstd.h>

bool packed_begins(const char *bytes, size_t length)
{
	static const char magic[] = {'\x28', '\xb5', '\x2f', '\xfd'};
	return length >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

static int unpack_into(struct text *plain, ZSTD_DCtx *unpacker, const struct text *packed, size_t limit, const char *name,
		       struct error *error)
{
	char piece[65536];
	ZSTD_inBuffer input = {packed->bytes, packed->length, 0};
	size_t left = 1;
	/* A piece that was filled may have left something behind in the unpacker. */
	for (bool filled = false; input.pos < input.size || filled;) {
		ZSTD_outBuffer output = {piece, sizeof piece, 0};
		left = ZSTD_decompressStream(unpacker, &output, &input);
		if (ZSTD_isError(left))
			return error_set(error, EXIT_CODE_USAGE, "%s: byte %zu: not what zstd packed: %s", name, input.pos,
					 ZSTD_getErrorName(left));
		if (output.pos > limit - plain->length)
			return error_set(error, EXIT_CODE_USAGE,
					 "%s: unpacks to more than %zu bytes, the most that is read here", name, limit);
		text_add_bytes(plain, piece, output.pos);
		if (plain->failed)
			return error_set(error, EXIT_CODE_IO, "%s: no memory for its content", name);
		filled = output.pos == output.size;
	}
	return left ? error_set(error, EXIT_CODE_USAGE, "%s: cut off at byte %zu", name, packed->length) : 0;
}

int packed_unpack(struct text *content, size_t limit, const char *name, struct error *error)
{
	assert(packed_begins(content->bytes, content->length));
	struct text plain = {0};
	ZSTD_DCtx *unpacker = ZSTD_createDCtx();
	int status = unpacker ? unpack_into(&plain, unpacker, content, limit, name, error)
			      : error_set(error, EXIT_CODE_IO, "%s: no memory to unpack it", name);
	ZSTD_freeDCtx(unpacker);
	text_release(content);
	*content = plain;
	return status;
}
