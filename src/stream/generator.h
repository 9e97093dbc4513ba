/* SPDX-License-Identifier: MIT
 * How the phases of a stream make their words: a table for each body, with a state of its own in every phase, over what all
 * of them share. Slots are laid out as: the script arrays in their order, then a range for every trace phase, for every set
 * of rings, every adversary, every queue, every phase that reserves and every one that saves, then the extents of mixes
 * (stream/population.h). */
#ifndef STREAM_GENERATOR_H
#define STREAM_GENERATOR_H

#include "base/rng.h"
#include "stream/distribution.h"
#include "stream/op_stream.h"
#include "stream/population.h"

#include <assert.h>

/* One phase. */
struct body {
	const struct generator *generator;
	const struct recording *recording; /* NULL: none; borrowed */
	void *state;                       /* the generator's, zeroed when the stream is opened; NULL: it has none here */
};

struct op_stream {
	const struct workload *workload;
	uint64_t seed;
	struct body *bodies; /* by phase; as many as there were when the stream was opened */
	size_t body_count;
	struct op_phase_totals *totals; /* by phase */

	struct op_request *requests;
	size_t request_count;
	size_t request_capacity;
	uint32_t request_zero_again; /* a copy of request 0, for counts with which its operation would read as a free */
	struct distribution *sizes;  /* by request of the workload; of extents with their guards */
	size_t size_count;
	uint64_t *script_first; /* slot, by script array */
	uint32_t domains;
	uint32_t cpus;
	bool *offline;    /* by CPU of the workload; NULL: no phase takes one away */
	uint16_t *online; /* the others, ascending */
	uint32_t online_count;

	/* By slot. */
	uint32_t slots;
	uint64_t *pages; /* 0 = empty */
	uint8_t *domain; /* or adapter, as in the OP_CONTEXT of its allocation; NULL with one */
	struct population mixes;

	double poll_ns;           /* between two polls; 0: there are none */
	uint64_t poll_operations; /* as many */

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
	uint64_t live;
	uint64_t live_pages;
	struct rng draws; /* sizes and choices of this phase */
};

/* The piece that op_stream_next fills. */
struct writer {
	struct op *ops;
	size_t count;
	size_t capacity;
};

/* What a stream needs before its first word; each phase adds to it. */
struct bound {
	uint64_t slots;      /* in front of those of mixes */
	uint64_t operations; /* of the workload, and of its recordings so far */
	bool mixes;          /* there are extents of mixes at all: live at most, and beyond more */
	uint64_t live;
	uint64_t beyond;
	bool by_occupancy; /* fills of unknown length: the last one is phase last_fill */
	size_t last_fill;
};

/* Errors are told and -1; the stream is closed then. Whatever is NULL is not needed. */
struct generator {
	size_t state_bytes;
	/* Tables of its own. */
	int (*open)(struct op_stream *stream, size_t phase, struct error *error);
	/* After all are open. Its slots begin at bound->slots. */
	int (*bound)(struct op_stream *stream, size_t phase, struct bound *bound, struct error *error);
	/* Kinds of demand beyond the requests of the workload; *wide when a count does not fit into the word of its
	 * operation. */
	int (*demands)(struct op_stream *stream, size_t phase, bool *wide, struct error *error);
	/* Once for each time that the phase is played; the generators of the stream are seeded. */
	void (*begin)(struct op_stream *stream, const struct workload_phase *phase, void *state);
	/* Writes until the piece is full (false) or the phase has ended (true). */
	bool (*next)(struct op_stream *stream, const struct workload_phase *phase, void *state, struct writer *writer);
	/* The stream starts again. */
	void (*rewind)(void *state);
	/* Also of a state that is half open; the state itself is the stream's. */
	void (*close)(void *state);
};
extern const struct generator generator_script, generator_trace, generator_rings, generator_adversary, generator_fill,
	generator_churn, generator_hold, generator_burst, generator_lifetimes, generator_drain, generator_free_all,
	generator_weave, generator_offline, generator_reserve, generator_queue, generator_adapter;

/* The longest sequence that must not be torn: context, free, context, poll, count, allocation. */
#define WRITER_STEP 6u

static inline bool writer_full(const struct writer *writer)
{
	assert(writer->count <= writer->capacity);
	return writer->capacity - writer->count < WRITER_STEP;
}

static inline void put_context(struct op_stream *stream, struct writer *writer, uint32_t domain, uint32_t cpu)
{
	assert(writer->count < writer->capacity);
	uint32_t context = domain << 16 | cpu;
	if (context == stream->context)
		return;
	stream->context = context;
	writer->ops[writer->count++] = op_control(OP_CONTEXT, context);
}

/* Where what lives in a slot is freed. */
static inline uint32_t stream_domain(const struct op_stream *stream, uint32_t slot)
{
	return stream->domain ? stream->domain[slot] : 0;
}

/* Where a demand is asked for that is no recording's. */
static inline uint32_t stream_adapter(const struct op_stream *stream, uint32_t request)
{
	return stream->domain ? stream->requests[request].adapter : 0;
}

/* The CPU itself, or the next one that is online. */
static inline uint32_t stream_cpu(const struct op_stream *stream, uint32_t cpu)
{
	assert(cpu < stream->workload->cpus);
	while (__builtin_expect(stream->offline && stream->offline[cpu], 0))
		cpu = (cpu + 1) % stream->workload->cpus;
	return cpu;
}

/* One of those that are online, with equal chances. */
static inline uint32_t stream_draw_cpu(struct op_stream *stream)
{
	uint32_t cpu = stream->online_count > 1 ? (uint32_t)rng_below(&stream->mixes.cpus, stream->online_count) : 0;
	return __builtin_expect(stream->online != NULL, 0) ? stream->online[cpu] : cpu;
}

/* To be called in front of every operation. */
static inline void put_poll(struct op_stream *stream, struct writer *writer)
{
	assert(writer->count < writer->capacity && stream->poll_operations);
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
	assert(stream->poll_operations);
	if (__builtin_expect(operations < stream->poll_in, 1)) {
		stream->poll_in -= operations;
		return;
	}
	uint64_t passed = stream->poll_passed + (operations - stream->poll_in);
	stream->polls += (uint32_t)(passed / stream->poll_operations);
	stream->poll_passed = passed % stream->poll_operations;
	stream->poll_in = 0;
}

/* Behind the context of its domain. */
static inline void put_alloc(struct op_stream *stream, struct writer *writer, uint32_t slot, uint32_t request,
			     uint64_t pages)
{
	assert(pages && request < OP_CONTROL && writer->count < writer->capacity);
	put_poll(stream, writer);
	if (stream->domain)
		stream->domain[slot] = (uint8_t)(stream->context >> 16);
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
	assert(writer->count < writer->capacity);
	put_poll(stream, writer);
	writer->ops[writer->count++] = (struct op){slot, 0};
}

/* The next thread frees what slot holds; this one frees what another one sent. */
static inline void put_send(struct op_stream *stream, struct writer *writer, uint32_t slot)
{
	assert(writer->count + 2 <= writer->capacity);
	put_poll(stream, writer);
	writer->ops[writer->count++] = op_control(OP_SEND, slot);
	writer->ops[writer->count++] = op_control(OP_RECEIVE, 0);
}

/* Frees a victim, a slot of mixes, on the CPU that the phase says; cpu: of this step. */
static inline void put_victim(struct op_stream *stream, const struct workload_phase *phase, struct writer *writer,
			      uint32_t victim, uint32_t cpu)
{
	assert(victim < stream->mixes.capacity);
	const struct population *mixes = &stream->mixes;
	uint32_t slot = mixes->first + victim;
	if (__builtin_expect(phase->free_on == WORKLOAD_FREE_ON_NEXT, 0)) {
		if (stream->workload->threads > 1) {
			put_send(stream, writer, slot);
			return;
		}
		cpu = mixes->cpu_of ? stream_cpu(stream, (mixes->cpu_of[victim] + 1u) % stream->workload->cpus) : 0;
	}
	put_context(stream, writer, stream_domain(stream, slot), cpu);
	put_free(stream, writer, slot);
}

static inline void raise_peak(struct op_stream *stream)
{
	assert(stream->phase < stream->body_count);
	struct op_phase_totals *totals = &stream->totals[stream->phase];
	if (stream->live_pages > totals->live_pages_peak)
		totals->live_pages_peak = stream->live_pages;
}

/* An allocation or a free with all its book-keeping, for what need not be fast. */
void stream_alloc(struct op_stream *stream, struct writer *writer, uint32_t slot, uint32_t request, uint64_t pages);
void stream_free(struct op_stream *stream, struct writer *writer, uint32_t slot);
/* The book-keeping of a free alone. */
void stream_forget(struct op_stream *stream, uint32_t slot);

/* Frees what lives, from the slot *at on (0, or backwards the number of slots): true once all is freed. */
bool stream_free_all(struct op_stream *stream, struct writer *writer, uint64_t *at, bool backwards);

/* Where a phase by occupancy, turnovers (of what lives now), live extents or operations ends. */
uint64_t stream_target(const struct op_stream *stream, const struct workload_phase *phase);
/* Which request of a mix comes next, by weight. As choice_init. */
int choice_of_mix(struct choice *choice, const struct workload_phase *phase);

/* Adds a demand, known by its index. Returns 0, or -1 with a message. */
int demands_add(struct op_stream *stream, const struct op_request *request, struct error *error);
/* Alignment, and limits of high_count highs from low on. */
void demand_align(struct op_request *request, const struct workload_align *align);
/* Adds a limit, cut to the last page of the space. The same one twice in a row would be the same attempt. Returns 0, or -1
 * when there is no room. */
int demand_add_high(struct op_request *request, uint64_t high, uint64_t last);
void demand_limit(struct op_request *request, uint64_t low, bool limited);
/* Those of all phases, in the order in which their slots lie. Returns 0, or -1 with a message. */
int stream_demands(struct op_stream *stream, bool *wide, struct error *error);
/* Those of the workload and of all phases. Returns 0, or -1 with a message. */
int demands_make(struct op_stream *stream, struct error *error);

/* Every script allocates only empty slots and frees only live ones. Returns 0 or -1 with a message. */
int script_check(const struct op_stream *stream, struct error *error);

/* All CPUs are online. */
void offline_rewind(struct op_stream *stream);

/* The message; returns -1. */
int stream_no_memory(const struct op_stream *stream, struct error *error);
/* Takes count more slots. Returns 0, or -1 with a message. */
int bound_add_slots(const struct op_stream *stream, struct bound *bound, rng_wide count, struct error *error);

static inline void bound_live(struct bound *bound, uint64_t live)
{
	bound->mixes = true;
	bound->live = live > bound->live ? live : bound->live;
}

/* The generator did what it must not: the stream ends. The first cause wins. */
void stream_fail(struct op_stream *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether all words, of one phase, stay within the stream's tables; false: they were told with stream_fail. */
bool stream_words_fit(struct op_stream *stream, size_t phase, const struct op *ops, size_t count);

/* Whether a mix only allocates. */
static inline bool phase_fills(const struct workload_phase *phase)
{
	return phase->body == WORKLOAD_BODY_MIX &&
	       (phase->until == WORKLOAD_UNTIL_OCCUPANCY || phase->until == WORKLOAD_UNTIL_LIVE);
}

#endif
