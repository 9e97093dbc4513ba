/* SPDX-License-Identifier: MIT
 * What happens to an adapter as a whole, or to all that there are: it is reset, stopped, unplugged, or its power goes and
 * comes back. */
#include "stream/generator.h"

#include <assert.h>

struct adapter_state {
	uint64_t slot_first; /* POWER_DOWN: of what it saves */
	uint64_t at;         /* the next slot to be freed, or the next frame buffer */
	size_t down;         /* POWER_UP: the phase that saved it */
	uint32_t mixed;      /* one adapter among several: extents of mixes that were not looked at yet */
};

static int adapter_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	const struct workload_phase *asked = &stream->workload->phases[phase];
	struct adapter_state *adapter = stream->bodies[phase].state;
	adapter->slot_first = bound->slots;
	if (asked->one_adapter && workload_phase_ends_adapter(asked) && population_ask(stream, asked, true))
		return stream_no_memory(stream, error);
	return asked->event == WORKLOAD_EVENT_POWER_DOWN ? bound_add_slots(stream, bound, asked->save.count, error) : 0;
}

static void adapter_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct adapter_state *adapter = state;
	adapter->at = phase->event != WORKLOAD_EVENT_STOP ? 0 : phase->one_adapter ? stream->mixes.first : UINT64_MAX;
	adapter->down = 0;
	adapter->mixed = stream->mixes.live;
}

static bool save(struct op_stream *stream, const struct workload_save *asked, struct adapter_state *adapter,
		 struct writer *writer)
{
	uint32_t request = (uint32_t)asked->request;
	for (; adapter->at < asked->count; adapter->at++) {
		if (writer_full(writer))
			return false;
		put_context(stream, writer, stream_adapter(stream, request), 0);
		stream_alloc(stream, writer, (uint32_t)(adapter->slot_first + adapter->at), request,
			     distribution_draw(&stream->sizes[request], &stream->draws));
	}
	return true;
}

/* false: the piece is full. What does not live, or is another adapter's, is passed over. */
static bool free_own(struct op_stream *stream, const struct workload_phase *phase, uint32_t slot, struct writer *writer)
{
	if (!stream->pages[slot] || (phase->one_adapter && stream_domain(stream, slot) != phase->adapter))
		return true;
	if (writer_full(writer))
		return false;
	put_context(stream, writer, stream_domain(stream, slot), 0);
	stream_free(stream, writer, slot);
	return true;
}

/* What phases so far saved and nobody restored. */
static bool restore(struct op_stream *stream, const struct workload_phase *phase, struct adapter_state *adapter,
		    struct writer *writer)
{
	for (; adapter->down < stream->phase; adapter->down++, adapter->at = 0) {
		const struct workload_phase *down = &stream->workload->phases[adapter->down];
		const struct adapter_state *saved = stream->bodies[adapter->down].state;
		if (down->body != WORKLOAD_BODY_ADAPTER || down->event != WORKLOAD_EVENT_POWER_DOWN)
			continue;
		for (; adapter->at < down->save.count; adapter->at++)
			if (!free_own(stream, phase, (uint32_t)(saved->slot_first + adapter->at), writer))
				return false;
	}
	return true;
}

/* Of the extents of mixes the last one first: what fills a gap was looked at already. */
static bool free_mixed(struct op_stream *stream, const struct workload_phase *phase, struct adapter_state *adapter,
		       struct writer *writer)
{
	struct population *mixes = &stream->mixes;
	for (; adapter->mixed > 0; adapter->mixed--) {
		uint32_t slot = mixes->first + population_slot(mixes, adapter->mixed - 1);
		bool own = stream_domain(stream, slot) == phase->adapter;
		if (!free_own(stream, phase, slot, writer))
			return false;
		if (own)
			population_remove(mixes, adapter->mixed - 1, false);
	}
	return true;
}

/* STOP frees backwards. */
static bool free_of_one(struct op_stream *stream, const struct workload_phase *phase, struct adapter_state *adapter,
			struct writer *writer)
{
	bool stop = phase->event == WORKLOAD_EVENT_STOP;
	if (stop && !free_mixed(stream, phase, adapter, writer))
		return false;
	while (stop ? adapter->at > 0 : adapter->at < stream->mixes.first) {
		if (!free_own(stream, phase, (uint32_t)(stop ? adapter->at - 1 : adapter->at), writer))
			return false;
		adapter->at = stop ? adapter->at - 1 : adapter->at + 1;
	}
	return free_mixed(stream, phase, adapter, writer);
}

static bool adapter_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct adapter_state *adapter = state;
	if (phase->event == WORKLOAD_EVENT_START)
		return true;
	if (phase->event == WORKLOAD_EVENT_POWER_DOWN)
		return save(stream, &phase->save, adapter, writer);
	if (phase->event == WORKLOAD_EVENT_POWER_UP)
		return restore(stream, phase, adapter, writer);
	bool freed = phase->one_adapter
			     ? free_of_one(stream, phase, adapter, writer)
			     : stream_free_all(stream, writer, &adapter->at, phase->event == WORKLOAD_EVENT_STOP);
	if (!freed || writer_full(writer))
		return false;
	uint32_t whom = phase->one_adapter ? (uint32_t)phase->adapter : OP_ADAPTERS_ALL;
	writer->ops[writer->count++] = op_control(OP_ADAPTER, op_adapter(phase->event, whom));
	return true;
}

const struct generator generator_adapter = {
	.state_bytes = sizeof(struct adapter_state), .bound = adapter_bound, .begin = adapter_begin, .next = adapter_next};
