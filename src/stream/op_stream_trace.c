/* SPDX-License-Identifier: MIT
 * Recordings, once or several times. A slot of the recording is one of the phase's range; what a repetition leaves live with
 * "keep" stays in its slot, and the recording's slot moves on to a fresh one behind the range. */
#include "stream/op_stream_internal.h"

#include "base/memory.h"

/* NULL, or what is wrong with one operation. */
static const char *fault(const struct recording *recording, const struct recording_op *op, unsigned char *live)
{
	if (op->slot >= recording->slot_count)
		return "its slot is not below the recording's slot count";
	if (op->cpu >= recording->cpus || op->domain >= recording->domain_count)
		return "its CPU or domain is not below the recording's";
	if (!op->count) {
		if (!live[op->slot])
			return "it frees an empty slot";
		live[op->slot] = 0;
		return NULL;
	}
	if (live[op->slot])
		return "it allocates a live slot";
	if (op->limits >= recording->limits_count || op->refused > recording->limits[op->limits].count)
		return "its limits are none of the recording's";
	live[op->slot] = op->refused < recording->limits[op->limits].count;
	return NULL;
}

static int check_operations(const struct op_stream *stream, size_t phase, uint64_t *operations, struct error *error)
{
	const struct workload *workload = stream->workload;
	uint64_t once = stream->recordings[phase]->op_count, repeat = workload->phases[phase].trace.repeat;
	rng_wide sum = (rng_wide)once * repeat + *operations;
	if (sum > WORKLOAD_OPS_MAX)
		return error_set(
			error, EXIT_CODE_USAGE,
			"%s: phase %s: %llu times the %llu operations of %s, behind %llu of other phases, are more "
			"than %llu, what a workload may have",
			workload->file, workload->phases[phase].name, (unsigned long long)repeat, (unsigned long long)once,
			workload->phases[phase].trace.file, (unsigned long long)*operations,
			(unsigned long long)WORKLOAD_OPS_MAX);
	*operations = (uint64_t)sum;
	return 0;
}

int trace_check(const struct op_stream *stream, size_t phase, uint32_t *live_at_end, uint64_t *operations,
		struct error *error)
{
	if (check_operations(stream, phase, operations, error))
		return -1;
	const struct recording *recording = stream->recordings[phase];
	const char *file = stream->workload->phases[phase].trace.file, *name = stream->workload->phases[phase].name;
	unsigned char *live = memory_zeroed(recording->slot_count, 1);
	if (!live)
		return error_set(error, EXIT_CODE_IO, "no memory to check recording %s", file);
	int result = 0;
	for (size_t i = 0; i < recording->op_count && !result; i++) {
		const char *broken = fault(recording, &recording->ops[i], live);
		if (broken)
			result = error_set(error, EXIT_CODE_USAGE, "%s: operation %zu of the recording (phase %s): %s",
					   file, i + 1, name, broken);
	}
	*live_at_end = 0;
	for (uint32_t slot = 0; slot < recording->slot_count; slot++)
		*live_at_end += live[slot];
	memory_release(live);
	return result;
}

void trace_begin(struct op_stream *stream)
{
	const struct recording *recording = stream->recordings[stream->phase];
	uint32_t first = stream->traces[stream->phase].slot_first;
	for (uint32_t slot = 0; slot < recording->slot_count; slot++)
		stream->current[slot] = first + slot;
	stream->fresh = first + recording->slot_count;
	stream->step = 0;
	stream->cursor = 0;
	stream->draining = false;
}

static void play_op(struct op_stream *stream, const struct recording *recording, const struct recording_op *op,
		    struct writer *writer)
{
	uint32_t slot = stream->current[op->slot];
	put_context(stream, writer, op->domain, op->cpu);
	if (!op->count) {
		stream_free(stream, writer, slot);
		return;
	}
	stream_alloc(stream, writer, slot, stream->traces[stream->phase].requests[op->limits][op->refused], op->count);
	if (stream->domain)
		stream->domain[slot] = op->domain;
	if (op->refused == recording->limits[op->limits].count)
		stream_free(stream, writer, slot);
}

/* The end of a repetition: false when the piece is full. */
static bool drain(struct op_stream *stream, const struct recording *recording, struct writer *writer)
{
	for (; stream->cursor < recording->slot_count; stream->cursor++) {
		uint32_t slot = stream->current[stream->cursor];
		if (!stream->pages[slot])
			continue;
		if (writer_full(writer))
			return false;
		put_context(stream, writer, stream->domain ? stream->domain[slot] : 0, stream->context & 0xffff);
		stream_free(stream, writer, slot);
	}
	return true;
}

static void keep(struct op_stream *stream, const struct recording *recording)
{
	for (uint32_t slot = 0; slot < recording->slot_count; slot++) {
		if (stream->pages[stream->current[slot]])
			stream->current[slot] = stream->fresh++;
	}
}

bool trace_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer)
{
	const struct recording *recording = stream->recordings[stream->phase];
	while (stream->step < phase->trace.repeat) {
		for (; !stream->draining && stream->cursor < recording->op_count; stream->cursor++) {
			if (writer_full(writer))
				return false;
			play_op(stream, recording, &recording->ops[stream->cursor], writer);
		}
		if (!stream->draining)
			stream->cursor = 0;
		stream->draining = true;
		if (phase->trace.between == WORKLOAD_BETWEEN_DRAIN && !drain(stream, recording, writer))
			return false;
		if (phase->trace.between == WORKLOAD_BETWEEN_KEEP && stream->step + 1 < phase->trace.repeat)
			keep(stream, recording);
		stream->draining = false;
		stream->cursor = 0;
		stream->step++;
	}
	return true;
}
