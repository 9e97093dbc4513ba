/* SPDX-License-Identifier: MIT
 * The kinds of demand that the operations of a stream refer to. */
#include "stream/generator.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

int demands_add(struct op_stream *stream, const struct op_request *request, struct error *error)
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

void demand_align(struct op_request *request, const struct workload_align *align)
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

int demand_add_high(struct op_request *request, uint64_t high, uint64_t last)
{
	assert(request->high_count <= WORKLOAD_HIGHS_MAX);
	high = high < last ? high : last;
	if (request->high_count && request->highs[request->high_count - 1] == high)
		return 0;
	if (request->high_count == WORKLOAD_HIGHS_MAX)
		return -1;
	request->highs[request->high_count++] = high;
	return 0;
}

void demand_limit(struct op_request *request, uint64_t low, bool limited)
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
	request.adapter = (uint32_t)from->adapter;
	request.arguments = &from->arguments;
	request.guard = from->guard;
	demand_align(&request, &from->align);
	for (size_t i = 0; i < from->high_count; i++)
		(void)demand_add_high(&request, from->high[i], stream->workload->space.end - 1);
	demand_limit(&request, from->low, from->limited);
	if (from->boundary) {
		request.request.constraints |= IOVA_CONSTRAIN_BOUNDARY;
		request.request.boundary = from->boundary;
	}
	if (from->from != WORKLOAD_FROM_ANYWHERE)
		request.request.constraints |= from->from == WORKLOAD_FROM_TOP ? IOVA_CONSTRAIN_TOP : IOVA_CONSTRAIN_BOTTOM;
	for (size_t i = 0; from->size.kind == WORKLOAD_SIZE_FALLBACK && i < from->size.fallback_count; i++)
		request.fallbacks[request.fallback_count++] = from->size.fallbacks[i] + from->guard;
	return demands_add(stream, &request, error);
}

int demands_make(struct op_stream *stream, struct error *error)
{
	const struct workload *workload = stream->workload;
	bool wide = false;
	for (size_t i = 0; i < workload->request_count; i++) {
		wide = wide || workload_request_pages_max(&workload->requests[i]) > OP_COUNT_MAX;
		if (add_workload_request(stream, &workload->requests[i], error))
			return -1;
	}
	if (stream_demands(stream, &wide, error))
		return -1;
	if (!stream->request_count || !wide)
		return 0;
	/* A multiple of 2^24 pages for request 0 would leave a word of zeros, which is a free. */
	stream->request_zero_again = (uint32_t)stream->request_count;
	struct op_request again = stream->requests[0];
	return demands_add(stream, &again, error);
}
