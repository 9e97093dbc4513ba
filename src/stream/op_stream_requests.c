/* SPDX-License-Identifier: MIT
 * The kinds of demand that the operations of a stream refer to. */
#include "stream/op_stream_internal.h"

#include "base/memory.h"

#include <string.h>

static int append(struct op_stream *stream, const struct op_request *request, struct error *error)
{
	if (stream->request_count == OP_CONTROL)
		return error_set(error, EXIT_CODE_USAGE,
				 "%s: requests and the demands of its recordings are more than the %u kinds that "
				 "operations can name",
				 stream->workload->file, OP_CONTROL);
	if (memory_grow(&stream->requests, &stream->request_capacity, stream->request_count, sizeof *stream->requests))
		return error_set(error, EXIT_CODE_IO, "no memory for the requests of %s", stream->workload->file);
	stream->requests[stream->request_count++] = *request;
	return 0;
}

static void set_align(struct op_request *request, const struct workload_align *align)
{
	request->align = align->kind;
	if (align->kind == WORKLOAD_ALIGN_NONE || (align->kind != WORKLOAD_ALIGN_NATURAL && align->pages <= 1))
		return;
	request->request.constraints |= IOVA_CONSTRAIN_ALIGN;
	if (align->kind == WORKLOAD_ALIGN_FIXED)
		request->request.align = align->pages;
	else if (align->kind == WORKLOAD_ALIGN_NATURAL_UP_TO)
		request->align_cap = align->pages;
}

/* Adds a limit, cut to the space. The same one twice in a row would be the same attempt. Returns 0, or -1 when there is no
 * room. */
static int add_high(struct op_request *request, uint64_t high, uint64_t last)
{
	high = high < last ? high : last;
	if (request->high_count && request->highs[request->high_count - 1] == high)
		return 0;
	if (request->high_count == WORKLOAD_HIGHS_MAX)
		return -1;
	request->highs[request->high_count++] = high;
	return 0;
}

static void set_limits(struct op_request *request, uint64_t low, bool limited)
{
	request->request.low = low;
	request->request.high = request->highs[0];
	if (!limited)
		return;
	request->request.constraints |= IOVA_CONSTRAIN_LIMIT;
	if (request->high_count > 1)
		request->request.constraints |= IOVA_CONSTRAIN_NO_DRAIN;
}

static int add_workload_request(struct op_stream *stream, const struct workload_request *from, struct error *error)
{
	struct op_request request;
	memset(&request, 0, sizeof request);
	request.name = from->name;
	request.call = from->call;
	request.arguments = &from->arguments;
	request.guard = from->guard;
	set_align(&request, &from->align);
	for (size_t i = 0; i < from->high_count; i++)
		(void)add_high(&request, from->high[i], stream->workload->space.end - 1);
	set_limits(&request, from->low, from->limited);
	if (from->boundary) {
		request.request.constraints |= IOVA_CONSTRAIN_BOUNDARY;
		request.request.boundary = from->boundary;
	}
	return append(stream, &request, error);
}

/* Index of the demand, added unless another recording or another list of limits comes to the same. */
static int add_recorded(struct op_stream *stream, size_t phase, size_t limits, uint32_t refused, struct error *error)
{
	const struct workload_trace *trace = &stream->workload->phases[phase].trace;
	const struct recording *recording = stream->recordings[phase];
	const struct recording_limits *own = &recording->limits[limits];
	uint64_t last = stream->workload->space.end - 1;
	struct op_request request;
	memset(&request, 0, sizeof request);
	request.name = "recording";
	request.call = WORKLOAD_CALL_EXTENT;
	request.refused_limits = refused;
	request.beyond = refused == own->count;
	set_align(&request, &trace->align);
	if (trace->limits == WORKLOAD_LIMITS_FIRST)
		(void)add_high(&request, recording->limits[0].high[0], last);
	for (size_t i = 0; i < own->count; i++) {
		if (add_high(&request, own->high[i], last))
			return error_set(error, EXIT_CODE_USAGE,
					 "%s: a demand has %u limits; with 'limits: first' there is room for one less",
					 trace->file, WORKLOAD_HIGHS_MAX);
	}
	set_limits(&request, stream->workload->space.first, request.high_count > 1 || request.highs[0] != last);
	for (size_t i = stream->workload->request_count; i < stream->request_count; i++) {
		if (memcmp(&stream->requests[i], &request, sizeof request) == 0)
			return (int)i;
	}
	return append(stream, &request, error) ? -1 : (int)stream->request_count - 1;
}

static int add_recording(struct op_stream *stream, size_t phase, struct error *error)
{
	const struct recording *recording = stream->recordings[phase];
	struct trace_layout *layout = &stream->traces[phase];
	memset(layout->requests, OP_CONTROL, sizeof layout->requests);
	for (size_t i = 0; i < recording->op_count; i++) {
		const struct recording_op *op = &recording->ops[i];
		if (!op->count || layout->requests[op->limits][op->refused] != OP_CONTROL)
			continue;
		int index = add_recorded(stream, phase, op->limits, op->refused, error);
		if (index < 0)
			return -1;
		layout->requests[op->limits][op->refused] = (uint8_t)index;
	}
	return 0;
}

/* Some count does not fit into the operation word itself. */
static bool has_wide_counts(const struct op_stream *stream)
{
	const struct workload *workload = stream->workload;
	for (size_t i = 0; i < workload->request_count; i++) {
		if (workload_request_pages_max(&workload->requests[i]) > OP_COUNT_MAX)
			return true;
	}
	for (size_t i = 0; i < workload->phase_count; i++) {
		const struct workload_phase *phase = &workload->phases[i];
		for (size_t j = 0; j < phase->script_count; j++) {
			const struct workload_script_op *op = &phase->script[j];
			if (op->kind == WORKLOAD_SCRIPT_ALLOC &&
			    op->count + workload->requests[op->request].guard > OP_COUNT_MAX)
				return true;
		}
		const struct recording *recording = stream->recordings[i];
		for (size_t j = 0; recording && j < recording->op_count; j++) {
			if (recording->ops[j].count > OP_COUNT_MAX)
				return true;
		}
	}
	return false;
}

/* One kind of demand for all of them: any size, anywhere. */
static int add_adversaries(struct op_stream *stream, struct error *error)
{
	struct op_request request;
	uint32_t index = (uint32_t)stream->request_count;
	if (!stream->adaptive)
		return 0;
	memset(&request, 0, sizeof request);
	request.name = "adversary";
	request.call = WORKLOAD_CALL_EXTENT;
	(void)add_high(&request, stream->workload->space.end - 1, stream->workload->space.end - 1);
	set_limits(&request, stream->workload->space.first, false);
	for (size_t i = 0; i < stream->workload->phase_count; i++)
		stream->adversaries[i].request = index;
	return append(stream, &request, error);
}

int requests_make(struct op_stream *stream, struct error *error)
{
	const struct workload *workload = stream->workload;
	for (size_t i = 0; i < workload->request_count; i++) {
		if (add_workload_request(stream, &workload->requests[i], error))
			return -1;
	}
	for (size_t i = 0; i < workload->phase_count; i++) {
		if (stream->recordings[i] && add_recording(stream, i, error))
			return -1;
	}
	if (add_adversaries(stream, error))
		return -1;
	if (!stream->request_count || !has_wide_counts(stream))
		return 0;
	/* A multiple of 2^24 pages for request 0 would leave a word of zeros, which is a free. */
	stream->request_zero_again = (uint32_t)stream->request_count;
	struct op_request again = stream->requests[0];
	return append(stream, &again, error);
}
