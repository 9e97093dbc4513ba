/* SPDX-License-Identifier: MIT
 * Where a pass gets its operations from: the array that the parent generated and shares, or, for streams too long to keep, a
 * generator of its own that yields the same words piece by piece. */
#ifndef PLAY_OP_SOURCE_H
#define PLAY_OP_SOURCE_H

#include "base/error.h"
#include "stream/op_stream.h"

#include <stddef.h>
#include <stdint.h>

#define OP_SOURCE_PIECE_WORDS ((size_t)1 << 18)
/* Longer streams are not kept: 20 M operations of 8 bytes are. */
#define OP_SOURCE_SHARED_WORDS_MAX ((uint64_t)24 << 20)

struct op_source {
	struct op_stream *stream;    /* never NULL: requests, slots, domains */
	const struct op *shared;     /* NULL: generate */
	const uint64_t *phase_words; /* shared: words of each phase */
	size_t phase_count;
	struct op *piece; /* generate: buffer of OP_SOURCE_PIECE_WORDS */
	size_t phase;     /* shared: position */
	uint64_t done;    /* words of this phase handed out */
	uint64_t start;   /* words of earlier phases */
};

struct op_piece {
	const struct op *ops;
	size_t count; /* 0: the end */
	size_t phase;
};

/* stream, shared and phase_words belong to the caller. -1: no memory. */
int op_source_open(struct op_source *source, struct op_stream *stream, const struct op *shared, const uint64_t *phase_words,
		   size_t phase_count, struct error *error);
void op_source_close(struct op_source *source);
void op_source_rewind(struct op_source *source);

/* The next piece, of one phase; valid until the next call. */
struct op_piece op_source_next(struct op_source *source);

#endif
