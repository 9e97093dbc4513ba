/* SPDX-License-Identifier: MIT */
#include "verify/stream.h"

#include "base/memory.h"

#define WORDS 4096u

struct reader {
	struct verify_case *made;
	const struct op_request *requests;
	double poll_ns;
	uint32_t domain;
	uint16_t cpu;
	uint64_t count_high;
};

static uint64_t natural(const struct op_request *from, uint64_t count)
{
	uint64_t align = 1, pages = count > from->guard ? count - from->guard : count;
	while (align < pages)
		align *= 2;
	return from->align == WORKLOAD_ALIGN_NATURAL_UP_TO && align > from->align_cap ? from->align_cap : align;
}

static void add_alloc(struct reader *reader, uint32_t slot, const struct op_request *from, uint64_t count)
{
	const struct iova_request *request = &from->request;
	struct verify_op op = {.kind = VERIFY_ALLOC,
			       .constraints = (uint8_t)(request->constraints & ~IOVA_CONSTRAIN_NO_DRAIN),
			       .cpu = reader->cpu,
			       .slot = slot,
			       .count = count,
			       .align = request->align,
			       .low = request->low,
			       .high = from->high_count ? from->highs[from->high_count - 1] : request->high,
			       .boundary = request->boundary};
	if (from->align == WORKLOAD_ALIGN_NATURAL || from->align == WORKLOAD_ALIGN_NATURAL_UP_TO)
		op.align = natural(from, count);
	verify_case_add(reader->made, &op);
}

static void add_control(struct reader *reader, uint32_t code, uint32_t argument)
{
	switch ((enum op_control)code) {
	case OP_CONTEXT:
		reader->domain = argument >> 16;
		reader->cpu = (uint16_t)(argument & 0xffff);
		break;
	case OP_COUNT_HIGH:
		reader->count_high = (uint64_t)argument << OP_REQUEST_SHIFT;
		break;
	case OP_POLL:
		verify_case_add(reader->made, &(struct verify_op){.kind = VERIFY_POLL,
								  .count = (uint64_t)((double)argument * reader->poll_ns)});
		break;
	default:
		break;
	}
}

static void add_word(struct reader *reader, const struct op *op)
{
	uint32_t request = op->demand >> OP_REQUEST_SHIFT, low = op->demand & OP_COUNT_MAX;
	if (request == OP_CONTROL) {
		add_control(reader, low, op->slot);
		return;
	}
	uint64_t count = reader->count_high + low;
	reader->count_high = 0;
	if (reader->domain)
		return;
	if (op->demand)
		add_alloc(reader, op->slot, &reader->requests[request], count);
	else
		verify_case_add(reader->made,
				&(struct verify_op){.kind = VERIFY_FREE, .cpu = reader->cpu, .slot = op->slot});
}

void verify_case_of_stream(const struct workload *workload, struct op_stream *stream, uint64_t most,
			   struct verify_case *made)
{
	struct op *ops = memory_zeroed(WORDS, sizeof *ops);
	const struct workload_space *space = &workload->space;
	size_t count, phase, at_hand = SIZE_MAX;
	struct reader reader = {.made = made, .requests = op_stream_requests(stream, &count)};
	uint32_t slots = op_stream_slots(stream);
	*made = (struct verify_case){.space = {space->first, space->end - space->first, space->page_bytes},
				     .cpus = op_stream_cpus(stream),
				     .slots = slots + (uint32_t)space->hole_count,
				     .failing_memory = VERIFY_MEMORY_SUFFICES,
				     .failed = !ops};
	reader.poll_ns = op_stream_poll_ns(stream);
	for (size_t i = 0; i < space->hole_count; i++)
		verify_case_add(made, &(struct verify_op){.kind = VERIFY_PLACE,
							  .slot = slots + (uint32_t)i,
							  .low = space->holes[i].first,
							  .count = space->holes[i].count});
	for (uint64_t words = 0; ops && words < most && (count = op_stream_next(stream, ops, WORDS, &phase)) > 0;
	     words += count) {
		if (phase != at_hand) {
			reader.domain = 0;
			reader.cpu = 0;
			at_hand = phase;
		}
		for (size_t i = 0; i < count; i++)
			add_word(&reader, &ops[i]);
	}
	memory_release(ops);
}
