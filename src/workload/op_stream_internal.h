/* SPDX-License-Identifier: MIT
 * What the files of op_stream share. Slots are laid out as: the script arrays in their order, then a range for every trace
 * phase, then the extents of mix phases, which are always the first mix_live of their range. */
#ifndef WORKLOAD_OP_STREAM_INTERNAL_H
#define WORKLOAD_OP_STREAM_INTERNAL_H

#include "workload/distribution.h"
#include "workload/op_stream.h"

/* What a recording needs, one per trace phase. */
struct trace_layout {
	uint32_t slot_first;
	uint32_t live_at_end; /* slots that the recording leaves live */
	uint8_t requests[RECORDING_LIMITS_MAX]
			[WORKLOAD_HIGHS_MAX + 1]; /* index of the request, by limits and refused ones */
};

struct op_stream {
	const struct workload *workload;
	const struct recording **recordings; /* by phase */
	uint64_t seed;

	struct op_request *requests;
	size_t request_count;
	size_t request_capacity;
	uint32_t request_zero_again; /* a copy of request 0, for counts with which its operation would read as a free */
	struct distribution *sizes;  /* by request of the workload */
	struct choice *mixes;        /* by phase */
	struct trace_layout *traces; /* by phase */
	uint64_t *script_first;      /* slot, by script array */
	uint32_t domains;
	uint32_t cpus;

	/* By slot. */
	uint32_t slots;
	uint32_t mix_first;
	uint32_t mix_capacity;
	uint64_t *pages;   /* 0 = empty */
	uint8_t *domain;   /* NULL with one domain */
	uint64_t *stamps;  /* of mix slots: age; NULL when no phase asks for it */
	uint32_t *order;   /* mix slots from the oldest to the youngest, for the current phase; NULL as stamps */
	uint16_t *cpu_of;  /* of mix slots: which CPU allocated it; NULL when no phase asks for it */
	uint32_t *current; /* where the slots of the current recording are now */
	uint64_t *loops;   /* rounds left, by script operation */

	double poll_ns;           /* between two polls; 0: there are none */
	uint64_t poll_operations; /* as many */

	struct op_phase_plan *plans;
	struct weave *weave; /* NULL: a stream of its own */

	/* Position. */
	size_t phase;
	bool begun;
	bool measuring; /* op_stream_open finds out how many slots it takes */
	bool no_memory;
	uint32_t context;
	uint32_t polls;   /* so far */
	uint64_t poll_in; /* operations until the next one */
	uint32_t mix_live;
	uint64_t live;
	uint64_t live_pages;
	uint64_t clock; /* of stamps */
	struct rng draws;
	struct rng victims;
	struct rng cpu;
	uint64_t done; /* towards target: operations, or pages */
	uint64_t target;
	uint64_t cursor; /* fifo: place in order; free: slot; script: element; trace: operation, then slot */
	uint64_t step;   /* script: operation; trace: repetition */
	bool draining;
	uint32_t fresh; /* trace: next slot for what a repetition keeps */
};

/* The piece that op_stream_next fills. */
struct writer {
	struct op *ops;
	size_t count;
	size_t capacity;
};

/* The longest sequence that must not be torn: context, free, context, poll, count, allocation. */
#define WRITER_STEP 6u

static inline bool writer_full(const struct writer *writer)
{
	return writer->capacity - writer->count < WRITER_STEP;
}

static inline void put_context(struct op_stream *stream, struct writer *writer, uint32_t domain, uint32_t cpu)
{
	uint32_t context = domain << 16 | cpu;
	if (context == stream->context)
		return;
	stream->context = context;
	writer->ops[writer->count++] = op_control(OP_CONTEXT, context);
}

/* To be called in front of every operation. */
static inline void put_poll(struct op_stream *stream, struct writer *writer)
{
	if (__builtin_expect(stream->poll_in == 0, 0)) {
		writer->ops[writer->count++] = op_control(OP_POLL, ++stream->polls);
		stream->poll_in = stream->poll_operations;
	}
	stream->poll_in--;
}

static inline void put_alloc(struct op_stream *stream, struct writer *writer, uint32_t slot, uint32_t request,
			     uint64_t pages)
{
	put_poll(stream, writer);
	if (__builtin_expect(pages > OP_COUNT_MAX, 0)) {
		writer->ops[writer->count++] = op_control(OP_COUNT_HIGH, (uint32_t)(pages >> OP_REQUEST_SHIFT));
		pages &= OP_COUNT_MAX;
		if (!pages && !request)
			request = stream->request_zero_again;
	}
	writer->ops[writer->count++] = (struct op){slot, request << OP_REQUEST_SHIFT | (uint32_t)pages};
}

static inline void put_free(struct op_stream *stream, struct writer *writer, uint32_t slot)
{
	put_poll(stream, writer);
	writer->ops[writer->count++] = (struct op){slot, 0};
}

static inline void raise_peak(struct op_stream *stream)
{
	struct op_phase_plan *plan = &stream->plans[stream->phase];
	if (stream->live_pages > plan->live_pages_peak)
		plan->live_pages_peak = stream->live_pages;
}

/* An allocation or a free with all its book-keeping, for what need not be fast. */
void stream_alloc(struct op_stream *stream, struct writer *writer, uint32_t slot, uint32_t request, uint64_t pages);
void stream_free(struct op_stream *stream, struct writer *writer, uint32_t slot);
/* The book-keeping of a free alone. */
void stream_forget(struct op_stream *stream, uint32_t slot);

/* Makes request classes of the workload and of its recordings. Returns 0 or -1 with a message. */
int requests_make(struct op_stream *stream, struct error *error);

/* Makes room for capacity mix slots. Returns 0, or -1 without memory. */
int mix_reserve(struct op_stream *stream, uint32_t capacity);
/* Extents that the mix phases can have live at most, however the sizes fall; beyond UINT32_MAX it is cut to that. */
uint64_t mix_live_bound(const struct op_stream *stream);
/* Each generator: begin once per phase; next writes until the piece is full (false) or the phase has ended (true). */
void mix_begin(struct op_stream *stream, const struct workload_phase *phase);
bool mix_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);

/* Every script allocates only empty slots and frees only live ones. Returns 0 or -1 with a message. */
int script_check(const struct op_stream *stream, struct error *error);
void script_begin(struct op_stream *stream, const struct workload_phase *phase);
bool script_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);

/* Checks the recording of the current phase and counts what it leaves live. Returns 0 or -1 with a message. */
int trace_check(const struct op_stream *stream, size_t phase, uint32_t *live_at_end, struct error *error);
void trace_begin(struct op_stream *stream);
bool trace_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);

/* As op_stream_next and op_stream_rewind, for streams that are not woven. */
size_t stream_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase);
void stream_rewind(struct op_stream *stream);
/* Around the words of a phase: its plan, and what comes next. */
void stream_phase_begin(struct op_stream *stream);
void stream_piece_end(struct op_stream *stream, size_t words, bool ended);

size_t weave_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase);
void weave_rewind(struct weave *weave);
void weave_close(struct weave *weave);

#endif
