/* SPDX-License-Identifier: MIT */
#include "play/op_source.h"

#include "base/memory.h"

#include <assert.h>

int op_source_open(struct op_source *source, struct op_stream *stream, const struct op *shared, const uint64_t *phase_words,
		   size_t phase_count, struct error *error)
{
	assert(stream && (!shared || phase_words));
	*source = (struct op_source){
		.stream = stream, .shared = shared, .phase_words = phase_words, .phase_count = phase_count};
	if (!shared) {
		source->piece = memory_zeroed(OP_SOURCE_PIECE_WORDS, sizeof source->piece[0]);
		if (!source->piece)
			return error_set(error, EXIT_CODE_IO, "no memory for a piece of the operation stream");
	}
	return 0;
}

void op_source_close(struct op_source *source)
{
	memory_release(source->piece);
	*source = (struct op_source){0};
}

void op_source_rewind(struct op_source *source)
{
	source->phase = 0;
	source->done = 0;
	source->start = 0;
	if (!source->shared)
		op_stream_rewind(source->stream);
}

struct op_piece op_source_next(struct op_source *source)
{
	assert(!source->shared || source->phase == source->phase_count ||
	       source->done <= source->phase_words[source->phase]);
	struct op_piece piece = {0};
	if (!source->shared) {
		piece.ops = source->piece;
		piece.count = op_stream_next(source->stream, source->piece, OP_SOURCE_PIECE_WORDS, &piece.phase);
		return piece;
	}
	while (source->phase < source->phase_count && source->done == source->phase_words[source->phase]) {
		source->start += source->phase_words[source->phase++];
		source->done = 0;
	}
	if (source->phase == source->phase_count)
		return piece;
	uint64_t left = source->phase_words[source->phase] - source->done;
	piece.ops = source->shared + source->start + source->done;
	piece.phase = source->phase;
	piece.count = op_cut(piece.ops, (size_t)left, OP_SOURCE_PIECE_WORDS);
	source->done += piece.count;
	return piece;
}
