/* SPDX-License-Identifier: MIT
 * Adversaries see where the allocator places, so that the player makes their operations: in the stream a phase of them is one
 * control word and the slots that it may use. */
#include "stream/generator.h"

#include <assert.h>
#include <string.h>

struct adversary {
	struct op_adversary asked;
	uint64_t told; /* slots whose pages are told as live */
};

static int adversary_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	const struct workload_robson *robson = &stream->workload->phases[phase].robson;
	struct adversary *adversary = stream->bodies[phase].state;
	adversary->asked = (struct op_adversary){
		.slot_first = (uint32_t)bound->slots,
		.live = robson->live,
		.largest = robson->largest,
	};
	return bound_add_slots(stream, bound, robson->live, error);
}

/* One kind for all of them: any size, anywhere. */
static int adversary_demands(struct op_stream *stream, size_t phase, bool *wide, struct error *error)
{
	struct adversary *adversary = stream->bodies[phase].state;
	struct op_request request;
	(void)wide;
	for (size_t before = 0; before < phase; before++) {
		if (stream->bodies[before].generator != &generator_adversary)
			continue;
		const struct adversary *first = stream->bodies[before].state;
		adversary->asked.request = first->asked.request;
		return 0;
	}
	adversary->asked.request = (uint32_t)stream->request_count;
	memset(&request, 0, sizeof request);
	request.name = "adversary";
	request.call = WORKLOAD_CALL_EXTENT;
	(void)demand_add_high(&request, stream->workload->space.end - 1, stream->workload->space.end - 1);
	demand_limit(&request, stream->workload->space.first, false);
	return demands_add(stream, &request, error);
}

static void adversary_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct adversary *adversary = state;
	(void)stream;
	(void)phase;
	adversary->told = 0;
}

static bool adversary_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct adversary *adversary = state;
	(void)phase;
	if (adversary->told == 0) {
		if (writer_full(writer))
			return false;
		writer->ops[writer->count++] = op_control(OP_ADVERSARY, (uint32_t)stream->phase);
	}
	/* What it leaves is not known: at most this. A slot that it left empty is freed in vain later. */
	for (; adversary->told < adversary->asked.live; adversary->told++) {
		uint32_t slot = adversary->asked.slot_first + (uint32_t)adversary->told;
		stream->live += !stream->pages[slot];
		stream->live_pages += !stream->pages[slot];
		stream->pages[slot] = 1;
	}
	raise_peak(stream);
	return true;
}

const struct generator generator_adversary = {
	.state_bytes = sizeof(struct adversary),
	.bound = adversary_bound,
	.demands = adversary_demands,
	.begin = adversary_begin,
	.next = adversary_next,
};

const struct op_adversary *op_stream_adversary(const struct op_stream *stream, size_t phase)
{
	assert(phase < stream->body_count);
	assert(stream->bodies[phase].generator == &generator_adversary);
	const struct adversary *adversary = stream->bodies[phase].state;
	return &adversary->asked;
}
