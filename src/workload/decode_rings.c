/* SPDX-License-Identifier: MIT */
#include "workload/decode.h"

/* One value for all rings, or one for each: reports a list of another length. */
static bool fits_rings(struct decode *decode, yaml_place list, unsigned given, const struct workload_rings *rings,
		       const char *what)
{
	if (given == 1 || given == rings->count)
		return true;
	decode_fault(decode, list, "has %u values for %u rings; write one %s for all of them, or one for each", given,
		     rings->count, what);
	return false;
}

static void decode_requests_of(struct decode *decode, yaml_place place, const struct raw_rings *raw,
			       struct workload_rings *rings)
{
	yaml_place list = decode_below(decode, place, "request");
	decode_missing(decode, place, "request", "the name of the request that rings are filled with");
	if (list == YAML_PLACE_NONE || !fits_rings(decode, list, raw->request_count, rings, "request"))
		return;
	for (unsigned i = 0; i < raw->request_count; i++)
		decode_request_name(decode, decode_item(decode, list, i, raw->request[i]), &rings->request[i]);
	for (uint32_t i = raw->request_count; i < rings->count; i++)
		rings->request[i] = rings->request[0];
}

static void decode_paces(struct decode *decode, yaml_place place, const struct raw_rings *raw, struct workload_rings *rings)
{
	yaml_place list = decode_below(decode, place, "pace");
	for (uint32_t i = 0; i < rings->count; i++)
		rings->pace[i] = 1;
	if (list == YAML_PLACE_NONE || !fits_rings(decode, list, raw->pace_count, rings, "pace"))
		return;
	for (unsigned i = 0; i < raw->pace_count; i++) {
		uint64_t pace = 1;
		decode_count(decode, decode_item(decode, list, i, raw->pace[i]),
			     (struct decode_range){1, WORKLOAD_LIVE_MAX, "steps in a row"}, &pace);
		rings->pace[i] = (uint32_t)pace;
	}
	for (uint32_t i = raw->pace_count; i < rings->count; i++)
		rings->pace[i] = rings->pace[0];
}

void decode_rings(struct decode *decode, yaml_place phase_place, const struct raw_rings *raw, struct workload_rings *rings)
{
	yaml_place place = decode_below(decode, phase_place, "rings");
	uint64_t count = 1, depth = 1, burst = 1;
	*rings = (struct workload_rings){.count = 1, .depth = 1, .burst = 1, .pace = {1}};
	if (place == YAML_PLACE_NONE || !raw)
		return;
	decode_missing(decode, place, "depth", "how many extents a ring holds");
	decode_count(decode, decode_value(decode, place, "count", raw->count),
		     (struct decode_range){1, WORKLOAD_RINGS_MAX, "rings"}, &count);
	decode_count(decode, decode_value(decode, place, "depth", raw->depth),
		     (struct decode_range){1, WORKLOAD_LIVE_MAX / count, "extents in a ring"}, &depth);
	struct decode_value bursts = decode_value(decode, place, "burst", raw->burst);
	if (decode_count(decode, bursts, (struct decode_range){1, WORKLOAD_LIVE_MAX, "extents at once"}, &burst) &&
	    burst > depth) {
		decode_fault(decode, bursts.place, "a burst of %llu is more than the ring holds, %llu",
			     (unsigned long long)burst, (unsigned long long)depth);
		burst = 1;
	}
	rings->count = (uint32_t)count;
	rings->depth = (uint32_t)depth;
	rings->burst = (uint32_t)burst;
	decode_requests_of(decode, place, raw, rings);
	decode_paces(decode, place, raw, rings);
}
