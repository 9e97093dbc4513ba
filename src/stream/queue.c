/* SPDX-License-Identifier: MIT
 * Requests that wait until they are served: what is asked depends on what was freed, so that the player makes the operations.
 * In the stream such a phase is one control word, the slots that it may use and what its requests are drawn from. */
#include "stream/generator.h"

#include "base/memory.h"

#include <assert.h>

struct queue {
	struct op_queue asked;
	struct choice choice;
	struct distribution *lifetimes; /* by entry of the mix */
	uint32_t *kinds;                /* likewise: of attempts that may fail */
	size_t entries;
	uint64_t told; /* slots whose pages are told as live */
};

static int queue_open(struct op_stream *stream, size_t phase, struct error *error)
{
	const struct workload_phase *asked = &stream->workload->phases[phase];
	struct queue *queue = stream->bodies[phase].state;
	queue->lifetimes = memory_zeroed(asked->mix_count, sizeof queue->lifetimes[0]);
	queue->kinds = memory_zeroed(asked->mix_count, sizeof queue->kinds[0]);
	if (!queue->lifetimes || !queue->kinds || choice_of_mix(&queue->choice, asked))
		return stream_no_memory(stream, error);
	for (; queue->entries < asked->mix_count; queue->entries++)
		if (distribution_init_lifetime(&queue->lifetimes[queue->entries],
					       &stream->workload->requests[asked->mix[queue->entries].request].lifetime,
					       false))
			return stream_no_memory(stream, error);
	return 0;
}

static int queue_bound(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error)
{
	const struct workload *workload = stream->workload;
	const struct workload_phase *asked = &workload->phases[phase];
	struct queue *queue = stream->bodies[phase].state;
	uint64_t least = UINT64_MAX;
	for (size_t i = 0; i < asked->mix_count; i++) {
		const struct workload_request *request = &workload->requests[asked->mix[i].request];
		uint64_t pages = workload_request_pages_min(request);
		for (size_t k = 0; k < request->size.fallback_count; k++)
			pages = request->size.fallbacks[k] < pages ? request->size.fallbacks[k] : pages;
		least = pages < least ? pages : least;
	}
	uint64_t live = workload->space.usable / least + 1;
	queue->asked = (struct op_queue){
		.phase = phase,
		.slot_first = (uint32_t)bound->slots,
		.live = live < OP_QUEUE_LIVE_MAX ? live : OP_QUEUE_LIVE_MAX,
		.served = asked->served,
	};
	return bound_add_slots(stream, bound, queue->asked.live, error);
}

static int queue_demands(struct op_stream *stream, size_t phase, bool *wide, struct error *error)
{
	const struct workload_phase *asked = &stream->workload->phases[phase];
	struct queue *queue = stream->bodies[phase].state;
	(void)wide;
	for (size_t i = 0; i < asked->mix_count; i++) {
		struct op_request request = stream->requests[asked->mix[i].request];
		request.beyond = true;
		queue->kinds[i] = (uint32_t)stream->request_count;
		if (demands_add(stream, &request, error))
			return -1;
	}
	return 0;
}

static void queue_begin(struct op_stream *stream, const struct workload_phase *phase, void *state)
{
	struct queue *queue = state;
	(void)stream;
	(void)phase;
	queue->told = 0;
}

static bool queue_next(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer)
{
	struct queue *queue = state;
	(void)phase;
	if (queue->told == 0) {
		if (writer_full(writer))
			return false;
		put_context(stream, writer, 0, 0);
		writer->ops[writer->count++] = op_control(OP_ADVERSARY, (uint32_t)stream->phase);
	}
	/* As of an adversary. */
	for (; queue->told < queue->asked.live; queue->told++) {
		uint32_t slot = queue->asked.slot_first + (uint32_t)queue->told;
		stream->live += !stream->pages[slot];
		stream->live_pages += !stream->pages[slot];
		stream->pages[slot] = 1;
	}
	raise_peak(stream);
	return true;
}

static void queue_close(void *state)
{
	struct queue *queue = state;
	choice_release(&queue->choice);
	for (size_t i = 0; i < queue->entries; i++)
		distribution_release(&queue->lifetimes[i]);
	memory_release(queue->lifetimes);
	memory_release(queue->kinds);
}

const struct generator generator_queue = {
	.state_bytes = sizeof(struct queue),
	.open = queue_open,
	.bound = queue_bound,
	.demands = queue_demands,
	.begin = queue_begin,
	.next = queue_next,
	.close = queue_close,
};

const struct op_queue *op_stream_queue(const struct op_stream *stream, size_t phase)
{
	assert(phase < stream->body_count && stream->bodies[phase].generator == &generator_queue);
	const struct queue *queue = stream->bodies[phase].state;
	return &queue->asked;
}

void op_queue_seed(const struct op_stream *stream, const struct op_queue *queue, struct rng *draws)
{
	uint64_t state = stream->seed ^ ((uint64_t)queue->phase + 1) * UINT64_C(0xd1b54a32d192ed03);
	rng_seed(draws, rng_splitmix(&state));
}

void op_queue_draw(const struct op_stream *stream, const struct op_queue *asked, struct rng *draws,
		   struct op_queue_request *request)
{
	const struct queue *queue = stream->bodies[asked->phase].state;
	uint32_t entry = choice_draw(&queue->choice, draws);
	request->last = (uint32_t)stream->workload->phases[asked->phase].mix[entry].request;
	request->kind = queue->kinds[entry];
	request->pages = distribution_draw(&stream->sizes[request->last], draws);
	request->ticks = distribution_draw(&queue->lifetimes[entry], draws);
}
