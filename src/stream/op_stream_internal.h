/* SPDX-License-Identifier: MIT
 * What the files of op_stream share. Slots are laid out as: the script arrays in their order, then a range for every trace
 * phase, for every set of rings and every adversary, then the extents of mix phases, which are always the first mix_live of
 * their range. */
#ifndef STREAM_OP_STREAM_INTERNAL_H
#define STREAM_OP_STREAM_INTERNAL_H

#include "stream/distribution.h"
#include "stream/op_stream.h"

/* What a recording needs, one per trace phase. */
struct trace_layout {
	uint32_t slot_first;
	uint32_t live_at_end; /* slots that the recording leaves live */
	uint8_t requests[RECORDING_LIMITS_MAX]
			[WORKLOAD_HIGHS_MAX + 1]; /* index of the request, by limits and refused ones */
};

/* One per phase of rings. */
struct rings_layout {
	size_t home; /* the first phase with the same rings: only its other fields count */
	uint32_t slot_first;
	uint32_t head[WORKLOAD_RINGS_MAX]; /* by ring: place of its oldest extent */
};

struct op_stream {
	const struct workload *workload;
	size_t size_count, mix_count;        /* of the two tables below */
	const struct recording **recordings; /* by phase */
	uint64_t seed;

	struct op_request *requests;
	size_t request_count;
	size_t request_capacity;
	uint32_t request_zero_again; /* a copy of request 0, for counts with which its operation would read as a free */
	struct distribution *sizes;  /* by request of the workload; of extents with their guards */
	struct choice *mixes;        /* by phase */
	struct lifetimes *lifetimes; /* NULL when no phase asks for them */
	struct trace_layout *traces; /* by phase */
	struct rings_layout *rings;  /* by phase */
	struct op_adversary *adversaries; /* by phase */
	bool adaptive;
	uint64_t *script_first; /* slot, by script array */
	uint32_t domains;
	uint32_t cpus;

	/* By slot. */
	uint32_t slots;
	uint32_t mix_first;
	uint32_t mix_capacity;
	uint64_t *pages;  /* 0 = empty */
	uint8_t *domain;  /* NULL with one domain */
	uint64_t *stamps; /* of mix slots: age; NULL when no phase asks for it */
	/* a ring of all mix slots, the mix_live live ones first, from order_first on; in a phase that frees by age from the
	 * oldest to the youngest. NULL when no phase asks for it */
	uint32_t *order;
	uint32_t order_first;
	bool scattered;    /* some phase lets the live count fall: only order tells which mix slots are live */
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
	bool measuring; /* op_stream_open finds out how many slots it takes: their number is not known yet */
	bool no_memory;
	char fault[192]; /* of the generator itself; "": none */
	uint32_t context;
	uint32_t polls;       /* so far */
	uint64_t poll_in;     /* operations until the next one */
	uint64_t poll_passed; /* of the time after that one, in operations below poll_operations */
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
	bool rings_full;
	uint32_t fresh; /* trace: next slot for what a repetition keeps */
	/* Of a churn by steps: what is left to be done of the current one, and what was drawn for it. */
	uint64_t frees_left, allocations_left;
	uint64_t drawn_pages; /* 0: nothing */
	uint32_t drawn_request;
	bool allocates_first;
	uint64_t level;    /* hold: occupancy; pages */
	uint64_t hold_max; /* and extents, in every such phase */
};

/* Times are below 2^40 operations of 2^8 ticks, and a lifetime. */
#define LIFETIMES_TURN_BITS 14u

/* When extents of mixes are due. Times are ticks since the phase began. */
struct lifetimes {
	struct distribution *whole,
		*rest; /* by request: of a new extent, and weighed by length, of one that lives already */
	struct distribution arrivals;
	uint8_t *request_of; /* by mix slot */
	struct due {
		/* time << LIFETIMES_TURN_BITS, and in the low bits whose turn it is among those of one tick */
		uint64_t key;
		uint32_t slot; /* of mixes */
	} * heap;              /* 4-ary, the earliest first */
	uint32_t count;
	uint64_t turn;     /* of what is pushed next */
	uint64_t arrival;  /* of the next allocation */
	uint64_t live_max; /* with so many live the earliest one makes room; about ten deviations above the mean */
	struct rng draws;
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
		stream->poll_in = stream->poll_operations - stream->poll_passed;
		stream->poll_passed = 0;
	}
	stream->poll_in--;
}

/* The time of so many operations passes without any: the next poll tells all of it. */
static inline void stream_think(struct op_stream *stream, uint64_t operations)
{
	if (__builtin_expect(operations < stream->poll_in, 1)) {
		stream->poll_in -= operations;
		return;
	}
	uint64_t passed = stream->poll_passed + (operations - stream->poll_in);
	stream->polls += (uint32_t)(passed / stream->poll_operations);
	stream->poll_passed = passed % stream->poll_operations;
	stream->poll_in = 0;
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

/* The i-th live mix slot, i < mix_live; of mix_live: the one that is filled next. */
static inline uint32_t mix_slot(const struct op_stream *stream, uint32_t i)
{
	if (!stream->scattered)
		return i;
	uint64_t at = (uint64_t)stream->order_first + i;
	return stream->order[at < stream->mix_capacity ? at : at - stream->mix_capacity];
}

static inline bool phase_fills(const struct workload_phase *phase)
{
	return phase->body == WORKLOAD_BODY_MIX &&
	       (phase->until == WORKLOAD_UNTIL_OCCUPANCY || phase->until == WORKLOAD_UNTIL_LIVE);
}

/* The live count may fall in this phase while extents of mixes live on. */
static inline bool phase_scatters(const struct workload_phase *phase)
{
	return phase->body == WORKLOAD_BODY_DRAIN || (phase->body == WORKLOAD_BODY_MIX && !phase_fills(phase) &&
						      (phase->victims == WORKLOAD_VICTIMS_LIFETIME ||
						       phase->hold == WORKLOAD_HOLD_OCCUPANCY || phase->burst > 1));
}

/* A free, and an allocation into the next empty slot, with all their book-keeping; stream->scattered only. The victim is the
 * i-th live one; by age, the first or the last. Returns the mix slot. */
uint32_t mix_free(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer, uint32_t i);
/* The words and the book-keeping of pages of a free: order is the caller's. */
void mix_release(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer, uint32_t slot);
uint32_t mix_alloc(struct op_stream *stream, struct writer *writer, uint32_t request, uint64_t pages);
uint32_t mix_draw_request(struct op_stream *stream, const struct workload_phase *phase);
/* Pages that a share of the usable ones stands for. */
uint64_t mix_pages_of_share(double ratio, uint64_t pages);
/* The order of ages, or any. */
void mix_order(struct op_stream *stream, bool by_age);

/* Drains, bursts and hold: occupancy: op_stream_steps.c. */
void steps_begin(struct op_stream *stream, const struct workload_phase *phase);
bool steps_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);
void drain_begin(struct op_stream *stream, const struct workload_phase *phase);
bool drain_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);

/* Tables of lifetimes. Returns 0, or -1 without memory. */
int lifetimes_make(struct op_stream *stream);
int lifetimes_reserve(struct lifetimes *lifetimes, uint32_t capacity);
void lifetimes_close(struct lifetimes *lifetimes, size_t request_count);
/* Extents that such a phase may add to those that live when it begins. */
uint64_t lifetimes_bound(const struct op_stream *stream, const struct workload_phase *phase);
void lifetimes_begin(struct op_stream *stream, const struct workload_phase *phase, uint64_t seed);
bool lifetimes_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);

/* Makes room for capacity mix slots. Returns 0, or -1 without memory. */
int mix_reserve(struct op_stream *stream, uint32_t capacity);
/* Of a rewound stream: takes back what is beyond so many. The ring turns through all that there are. */
void mix_cut(struct op_stream *stream, uint32_t capacity);
/* Extents that the fills can have live at most, however the sizes fall; beyond UINT32_MAX it is cut to that. */
uint64_t mix_live_bound(const struct op_stream *stream);
/* Extents that phases of hold: occupancy have live at most: as many of the smallest as the pages of the fills, or the space,
 * have room for (2^24 at most), and those of a fill. 0 without such a phase. */
uint64_t mix_hold_bound(const struct op_stream *stream);
/* Each generator: begin once per phase; next writes until the piece is full (false) or the phase has ended (true). */
void mix_begin(struct op_stream *stream, const struct workload_phase *phase);
bool mix_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);

/* Every script allocates only empty slots and frees only live ones. Returns 0 or -1 with a message. */
int script_check(const struct op_stream *stream, struct error *error);
void script_begin(struct op_stream *stream, const struct workload_phase *phase);
bool script_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);

/* Checks the recording of a phase, counts what it leaves live and adds what it plays to *operations. Returns 0, or -1 with a
 * message. */
int trace_check(const struct op_stream *stream, size_t phase, uint32_t *live_at_end, uint64_t *operations,
		struct error *error);
void trace_begin(struct op_stream *stream);
bool trace_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);

/* Slots of the rings and of the adversaries from *slots on. Returns 0, or -1 when they are too many. */
int rings_lay_out(struct op_stream *stream, uint64_t *slots);
int adversaries_lay_out(struct op_stream *stream, uint64_t *slots);
void rings_rewind(struct op_stream *stream);
void rings_begin(struct op_stream *stream);
bool rings_next(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer);
bool adversary_next(struct op_stream *stream, struct writer *writer);

/* As op_stream_next and op_stream_rewind, for streams that are not woven. */
size_t stream_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase);
void stream_rewind(struct op_stream *stream);
/* Around the words of a phase: its plan, and what comes next. */
void stream_phase_begin(struct op_stream *stream);
void stream_piece_end(struct op_stream *stream, size_t words, bool ended);

/* The generator did what it must not: the stream ends. The first cause wins. */
void stream_fail(struct op_stream *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether all words, of one phase, stay within the stream's tables; false: they were told with stream_fail. */
bool stream_words_fit(struct op_stream *stream, size_t phase, const struct op *ops, size_t count);

size_t weave_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase);
void weave_rewind(struct weave *weave);
const char *weave_fault(const struct weave *weave);
void weave_close(struct weave *weave);

#endif
