/* SPDX-License-Identifier: MIT
 * Recordings, once or several times. A slot of the recording is one of the phase's range; what a repetition leaves live with
 * "keep" stays in its slot, and the recording's slot moves on to a fresh one behind the range. */
#include "stream/generator.h"

#include "base/memory.h"

#include <string.h>

struct trace {
	uint32_t slot_first;
	uint32_t live_at_end; /* slots that the recording leaves live */
	/* Index of the request, by limits and refused ones; OP_CONTROL: not needed so far. */
	uint8_t requests[RECORDING_LIMITS_MAX][WORKLOAD_HIGHS_MAX + 1];
	uint32_t *current; /* where the slots of the recording are now */
	uint32_t fresh;    /* next slot for what a repetition keeps */
	uint64_t repetition;
	bool draining;
	size_t at; /* operation of the repetition; draining: slot of the recording */
};

static int trace_open(struct op_stream *stream, size_t phase, struct error *error)
{
	const struct recording *recording = stream->bodies[phase].recording;
	struct trace *trace = stream->bodies[phase].state;
	const struct workload *workload = stream->workload;
	if (recording_page_bytes(recording) != workload->space.page_bytes)
		return error_set(
			error, EXIT_CODE_USAGE,
			"%s: phase %s: %s was recorded in pages of %u KiB, and the space has pages of %llu KiB: sizes "
			"and limits would be others; give the space 'page: %uKiB'",
			workload->file, workload->phases[phase].name, workload->phases[phase].trace.file,
			recording_page_bytes(recording) / 1024, (unsigned long long)(workload->space.page_bytes / 1024),
			recording_page_bytes(recording) / 1024);
	stream->domains = recording->domain_count > stream->domains ? recording->domain_count : stream->domains;
	stream->cpus = recording->cpus > stream->cpus ? recording->cpus : stream->cpus;
	trace->current = memory_zeroed(recording->slot_count, sizeof *trace->current);
	return trace->current ? 0 : stream_no_memory(stream, error);
}

static void trace_close(void *state)
{
	struct trace *trace = state;
	memory_release(trace->current);
}

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
	uint64_t once = stream->bodies[phase].recording->op_count, repeat = workload->phases[phase].trace.repeat;
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

/* Every operation is one; counts what the recording leaves live. */
static int check(const struct op_stream *stream, size_t phase, uint32_t *live_at_end, struct error *error)
{
	const struct recording *recording = stream->bodies[phase].recording;
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

static int trace_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	const struct recording *recording = stream->bodies[phase].recording;
	const struct workload_trace *asked = &stream->workload->phases[phase].trace;
	struct trace *trace = stream->bodies[phase].state;
	if (check_operations(stream, phase, &bound->operations, error) || check(stream, phase, &trace->live_at_end, error))
		return -1;
	trace->slot_first = (uint32_t)bound->slots;
	rng_wide slots = recording->slot_count;
	if (asked->between == WORKLOAD_BETWEEN_KEEP)
		slots += (rng_wide)(asked->repeat - 1) * trace->live_at_end;
	return bound_add_slots(stream, bound, slots, error);
}

/* Index of the demand, added unless another recording or another list of limits comes to the same. */
static int demand_of(struct op_stream *stream, size_t phase, const struct recording_op *op, struct error *error)
{
	const struct workload_trace *trace = &stream->workload->phases[phase].trace;
	const struct recording *recording = stream->bodies[phase].recording;
	const struct recording_limits *own = &recording->limits[op->limits];
	uint64_t last = stream->workload->space.end - 1;
	struct op_request request;
	memset(&request, 0, sizeof request);
	request.name = "recording";
	request.call = WORKLOAD_CALL_EXTENT;
	request.refused_limits = op->refused;
	request.beyond = op->refused == own->count;
	demand_align(&request, &trace->align);
	if (trace->limits == WORKLOAD_LIMITS_FIRST)
		(void)demand_add_high(&request, recording->limits[0].high[0], last);
	for (size_t i = 0; i < own->count; i++) {
		if (demand_add_high(&request, own->high[i], last))
			return error_set(error, EXIT_CODE_USAGE,
					 "%s: a demand has %u limits; with 'limits: first' there is room for one less",
					 trace->file, WORKLOAD_HIGHS_MAX);
	}
	demand_limit(&request, stream->workload->space.first, request.high_count > 1 || request.highs[0] != last);
	for (size_t i = stream->workload->request_count; i < stream->request_count; i++) {
		if (memcmp(&stream->requests[i], &request, sizeof request) == 0)
			return (int)i;
	}
	return demands_add(stream, &request, error) ? -1 : (int)stream->request_count - 1;
}

static int trace_demands(struct op_stream *stream, size_t phase, bool *wide, struct error *error)
{
	const struct recording *recording = stream->bodies[phase].recording;
	struct trace *trace = stream->bodies[phase].state;
	memset(trace->requests, OP_CONTROL, sizeof trace->requests);
	for (size_t i = 0; i < recording->op_count; i++) {
		const struct recording_op *op = &recording->ops[i];
		*wide = *wide || op->count > OP_COUNT_MAX;
		if (!op->count || trace->requests[op->limits][op->refused] != OP_CONTROL)
			continue;
		int index = demand_of(stream, phase, op, error);
		if (index < 0)
			return -1;
		trace->requests[op->limits][op->refused] = (uint8_t)index;
	}
	return 0;
}

static void trace_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct trace *trace = state;
	const struct recording *recording = stream->bodies[stream->phase].recording;
	(void)phase;
	for (uint32_t slot = 0; slot < recording->slot_count; slot++)
		trace->current[slot] = trace->slot_first + slot;
	trace->fresh = trace->slot_first + recording->slot_count;
	trace->repetition = 0;
	trace->at = 0;
	trace->draining = false;
}

static void play_op(struct op_stream *stream, const struct recording *recording, const struct trace *trace,
		    struct writer *writer)
{
	const struct recording_op *op = &recording->ops[trace->at];
	uint32_t slot = trace->current[op->slot];
	put_context(stream, writer, op->domain, op->cpu);
	if (!op->count) {
		stream_free(stream, writer, slot);
		return;
	}
	stream_alloc(stream, writer, slot, trace->requests[op->limits][op->refused], op->count);
	if (op->refused == recording->limits[op->limits].count)
		stream_free(stream, writer, slot);
}

/* The end of a repetition: false when the piece is full. */
static bool drain(struct op_stream *stream, const struct recording *recording, struct trace *trace, struct writer *writer)
{
	for (; trace->at < recording->slot_count; trace->at++) {
		uint32_t slot = trace->current[trace->at];
		if (!stream->pages[slot])
			continue;
		if (writer_full(writer))
			return false;
		put_context(stream, writer, stream_domain(stream, slot), stream->context & 0xffff);
		stream_free(stream, writer, slot);
	}
	return true;
}

static void keep(const struct op_stream *stream, const struct recording *recording, struct trace *trace)
{
	for (uint32_t slot = 0; slot < recording->slot_count; slot++) {
		if (stream->pages[trace->current[slot]])
			trace->current[slot] = trace->fresh++;
	}
}

static bool trace_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct trace *trace = state;
	const struct recording *recording = stream->bodies[stream->phase].recording;
	while (trace->repetition < phase->trace.repeat) {
		for (; !trace->draining && trace->at < recording->op_count; trace->at++) {
			if (writer_full(writer))
				return false;
			play_op(stream, recording, trace, writer);
		}
		if (!trace->draining)
			trace->at = 0;
		trace->draining = true;
		if (phase->trace.between == WORKLOAD_BETWEEN_DRAIN && !drain(stream, recording, trace, writer))
			return false;
		if (phase->trace.between == WORKLOAD_BETWEEN_KEEP && trace->repetition + 1 < phase->trace.repeat)
			keep(stream, recording, trace);
		trace->draining = false;
		trace->at = 0;
		trace->repetition++;
	}
	return true;
}

const struct generator generator_trace = {
	.state_bytes = sizeof(struct trace),
	.open = trace_open,
	.bound = trace_bound,
	.demands = trace_demands,
	.begin = trace_begin,
	.next = trace_next,
	.close = trace_close,
};
