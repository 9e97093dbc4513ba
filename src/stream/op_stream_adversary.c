/* SPDX-License-Identifier: MIT
 * Adversaries see where the allocator places, so that the player makes their operations: in the stream a phase of them is one
 * control word and the slots that it may use. */
#include "stream/op_stream_internal.h"

int adversaries_lay_out(struct op_stream *stream, uint64_t *slots)
{
	const struct workload *workload = stream->workload;
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		if (phase->body != WORKLOAD_BODY_ADVERSARY)
			continue;
		if (phase->robson.live > WORKLOAD_LIVE_MAX - *slots)
			return -1;
		stream->adversaries[i] = (struct op_adversary){
			.slot_first = (uint32_t)*slots,
			.live = phase->robson.live,
			.largest = phase->robson.largest,
		};
		*slots += phase->robson.live;
		stream->adaptive = true;
	}
	return 0;
}

bool adversary_next(struct op_stream *stream, struct writer *writer)
{
	const struct op_adversary *adversary = &stream->adversaries[stream->phase];
	if (stream->cursor == 0) {
		if (writer_full(writer))
			return false;
		writer->ops[writer->count++] = op_control(OP_ADVERSARY, (uint32_t)stream->phase);
	}
	/* What it leaves is not known: at most this. A slot that it left empty is freed in vain later. */
	for (; stream->cursor < adversary->live; stream->cursor++) {
		uint32_t slot = adversary->slot_first + (uint32_t)stream->cursor;
		stream->live += !stream->pages[slot];
		stream->live_pages += !stream->pages[slot];
		stream->pages[slot] = 1;
	}
	raise_peak(stream);
	return true;
}

const struct op_adversary *op_stream_adversary(const struct op_stream *stream, size_t phase)
{
	return &stream->adversaries[phase];
}

bool op_stream_adaptive(const struct op_stream *stream)
{
	return stream->adaptive;
}
