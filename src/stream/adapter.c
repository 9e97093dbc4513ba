/* SPDX-License-Identifier: MIT
 * What happens to an adapter as a whole: it is reset, stopped, unplugged, or its power goes and comes back. */
#include "stream/generator.h"

#include <assert.h>

struct adapter_state {
	uint64_t slot_first; /* POWER_DOWN: of what it saves */
	uint64_t at;         /* the next slot to be freed, or the next frame buffer */
};

static int adapter_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	const struct workload_phase *asked = &stream->workload->phases[phase];
	struct adapter_state *adapter = stream->bodies[phase].state;
	adapter->slot_first = bound->slots;
	return asked->event == WORKLOAD_EVENT_POWER_DOWN ? bound_add_slots(stream, bound, asked->save.count, error) : 0;
}

static void adapter_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct adapter_state *adapter = state;
	(void)stream;
	adapter->at = phase->event == WORKLOAD_EVENT_STOP ? UINT64_MAX : 0;
}

static bool save(struct op_stream *stream, const struct workload_save *asked, struct adapter_state *adapter,
		 struct writer *writer)
{
	for (; adapter->at < asked->count; adapter->at++) {
		if (writer_full(writer))
			return false;
		put_context(stream, writer, 0, 0);
		stream_alloc(stream, writer, (uint32_t)(adapter->slot_first + adapter->at), (uint32_t)asked->request,
			     distribution_draw(&stream->sizes[asked->request], &stream->draws));
	}
	return true;
}

/* What the last POWER_DOWN so far saved. */
static bool restore(struct op_stream *stream, struct adapter_state *adapter, struct writer *writer)
{
	size_t down = stream->phase;
	do {
		assert(down > 0 && "rules let power up only what was powered down");
		down--;
	} while (stream->bodies[down].generator != &generator_adapter ||
		 stream->workload->phases[down].event != WORKLOAD_EVENT_POWER_DOWN);
	const struct adapter_state *saved = stream->bodies[down].state;
	for (; adapter->at < stream->workload->phases[down].save.count; adapter->at++) {
		if (writer_full(writer))
			return false;
		put_context(stream, writer, 0, 0);
		stream_free(stream, writer, (uint32_t)(saved->slot_first + adapter->at));
	}
	return true;
}

static bool adapter_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	if (phase->event == WORKLOAD_EVENT_START)
		return true;
	if (phase->event == WORKLOAD_EVENT_POWER_DOWN)
		return save(stream, &phase->save, state, writer);
	if (phase->event == WORKLOAD_EVENT_POWER_UP)
		return restore(stream, state, writer);
	struct adapter_state *adapter = state;
	if (!stream_free_all(stream, writer, &adapter->at, phase->event == WORKLOAD_EVENT_STOP) || writer_full(writer))
		return false;
	writer->ops[writer->count++] = op_control(OP_ADAPTER, phase->event);
	return true;
}

const struct generator generator_adapter = {
	.state_bytes = sizeof(struct adapter_state), .bound = adapter_bound, .begin = adapter_begin, .next = adapter_next};
