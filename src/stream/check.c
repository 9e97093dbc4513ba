/* SPDX-License-Identifier: MIT
 * Whoever plays a stream indexes tables with what its words say: they are held against the ends of these tables once, here,
 * where they are made. */
#include "stream/generator.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void stream_fail(struct op_stream *stream, const char *format, ...)
{
	if (*stream->fault)
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(stream->fault, sizeof stream->fault, format, arguments);
	va_end(arguments);
}

static bool is_adversary(const struct op_stream *stream, uint32_t phase)
{
	return phase < stream->workload->phase_count && (stream->bodies[phase].generator == &generator_adversary ||
							 stream->bodies[phase].generator == &generator_queue);
}

static bool control_fits(const struct op_stream *stream, const struct op *op)
{
	switch ((enum op_control)(op->demand & OP_COUNT_MAX)) {
	case OP_CONTEXT:
		return op->slot >> 16 < stream->domains && (op->slot & 0xffff) < stream->cpus;
	case OP_SEND:
		return op->slot < stream->slots;
	case OP_CALL:
		return op->slot < stream->workload->routine_call_count;
	case OP_OFFLINE:
		return op->slot < stream->cpus;
	case OP_ADAPTER:
		return op->slot >> 16 <= WORKLOAD_EVENT_UNPLUG &&
		       ((op->slot & 0xffff) == OP_ADAPTERS_ALL || (op->slot & 0xffff) < stream->domains);
	case OP_ADVERSARY:
		return is_adversary(stream, op->slot);
	case OP_COUNT_HIGH:
	case OP_RECEIVE:
	case OP_POLL:
		return true;
	}
	return false;
}

bool stream_words_fit(struct op_stream *stream, size_t phase, const struct op *ops, size_t count)
{
	assert(phase < stream->body_count);
	for (size_t i = 0; i < count; i++) {
		uint32_t request = ops[i].demand >> OP_REQUEST_SHIFT;
		bool fits = request == OP_CONTROL ? control_fits(stream, &ops[i]) : ops[i].slot < stream->slots;
		/* A free is no demand. */
		fits = fits && (request == OP_CONTROL || !ops[i].demand || request < stream->request_count);
		if (__builtin_expect(fits, 1))
			continue;
		stream_fail(
			stream,
			"phase %zu has a word (0x%x, 0x%x) that is none of %u slots, %zu kinds of demand, %u domains and "
			"%u CPUs",
			phase, ops[i].slot, ops[i].demand, stream->slots, stream->request_count, stream->domains,
			stream->cpus);
		return false;
	}
	return true;
}

const char *op_stream_fault(const struct op_stream *stream)
{
	return *stream->fault ? stream->fault : NULL;
}
