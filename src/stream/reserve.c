/* SPDX-License-Identifier: MIT
 * Ranges that become busy while the workload runs, and free again: each is an allocation that only one place will do for. */
#include "stream/generator.h"

#include <assert.h>
#include <string.h>

struct reserve {
	uint64_t slot_first; /* RESERVE: range i of domain d is slot_first + i * domains + d */
	size_t done;         /* of these */
};

static int reserve_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	const struct workload_phase *asked = &stream->workload->phases[phase];
	struct reserve *reserve = stream->bodies[phase].state;
	if (asked->body == WORKLOAD_BODY_UNRESERVE)
		return 0;
	reserve->slot_first = bound->slots;
	return bound_add_slots(stream, bound, (rng_wide)asked->range_count * stream->domains, error);
}

/* The kind that asks for a range; stream->request_count when there is none yet. */
static uint32_t kind_of(const struct op_stream *stream, const struct workload_hole *range)
{
	uint32_t kind = (uint32_t)stream->workload->request_count;
	while (kind < stream->request_count &&
	       !(stream->requests[kind].placed && stream->requests[kind].request.low == range->first &&
		 stream->requests[kind].request.high == range->first + range->count - 1))
		kind++;
	return kind;
}

static int reserve_demands(struct op_stream *stream, size_t phase, bool *wide, struct error *error)
{
	const struct workload_phase *asked = &stream->workload->phases[phase];
	for (size_t i = 0; i < asked->range_count; i++) {
		const struct workload_hole *range = &asked->ranges[i];
		*wide = *wide || range->count > OP_COUNT_MAX;
		if (kind_of(stream, range) < stream->request_count)
			continue;
		struct op_request request;
		memset(&request, 0, sizeof request);
		request.name = "reserve";
		request.call = WORKLOAD_CALL_EXTENT;
		request.placed = true;
		(void)demand_add_high(&request, range->first + range->count - 1, stream->workload->space.end - 1);
		demand_limit(&request, range->first, true);
		if (demands_add(stream, &request, error))
			return -1;
	}
	return 0;
}

static void reserve_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct reserve *reserve = state;
	(void)stream;
	(void)phase;
	reserve->done = 0;
}

/* Where the last phase so far that reserved the range keeps it in domain 0. */
static uint32_t slot_of(const struct op_stream *stream, const struct workload_hole *range)
{
	for (size_t phase = stream->phase + 1; phase-- > 0;) {
		const struct workload_phase *earlier = &stream->workload->phases[phase];
		const struct reserve *reserve = stream->bodies[phase].state;
		for (size_t i = 0; earlier->body == WORKLOAD_BODY_RESERVE && i < earlier->range_count; i++)
			if (earlier->ranges[i].first == range->first && earlier->ranges[i].count == range->count)
				return (uint32_t)(reserve->slot_first + i * stream->domains);
	}
	assert(false && "rules let only what was reserved be given back");
	return 0;
}

static bool reserve_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct reserve *reserve = state;
	bool takes = phase->body == WORKLOAD_BODY_RESERVE;
	size_t adapters = stream->workload->adapter_count;
	for (; reserve->done < phase->range_count * stream->domains; reserve->done++) {
		if (writer_full(writer))
			return false;
		const struct workload_hole *range = &phase->ranges[reserve->done / stream->domains];
		uint32_t domain = (uint32_t)(reserve->done % stream->domains), slot = slot_of(stream, range) + domain;
		if (domain < adapters && stream->workload->adapters[domain].shares)
			continue; /* another one's */
		put_context(stream, writer, domain, 0);
		if (!takes) {
			stream_free(stream, writer, slot);
			continue;
		}
		stream_alloc(stream, writer, slot, kind_of(stream, range), range->count);
	}
	return true;
}

const struct generator generator_reserve = {.state_bytes = sizeof(struct reserve),
					    .bound = reserve_bound,
					    .demands = reserve_demands,
					    .begin = reserve_begin,
					    .next = reserve_next};
