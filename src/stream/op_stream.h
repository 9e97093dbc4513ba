/* SPDX-License-Identifier: MIT
 * The operations of a workload as an array of 8-byte words, produced piece by piece. The same workload, recordings and seed
 * give the same bytes on every machine and for every allocator: occupancy and live counts are planned on requested pages,
 * their guards included, as if nothing failed. */
#ifndef STREAM_OP_STREAM_H
#define STREAM_OP_STREAM_H

#include "base/error.h"
#include "base/rng.h"
#include "iovabench/allocator.h"
#include "workload/model.h"
#include "stream/recording.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* demand == 0                  free what slot holds (nothing when its allocation failed)
 * demand >> 24 < OP_CONTROL    allocate (demand & OP_COUNT_MAX) pages for request demand >> 24 into slot, which is empty
 * demand >> 24 == OP_CONTROL   the code in the low bits, with slot as its argument; no operation of the workload */
struct op {
	uint32_t slot;
	uint32_t demand;
};
_Static_assert(sizeof(struct op) == 8, "an operation is one word of a stream");

#define OP_REQUEST_SHIFT 24
#define OP_COUNT_MAX ((UINT32_C(1) << OP_REQUEST_SHIFT) - 1)
#define OP_CONTROL 255u

enum op_control {
	/* The operations that follow belong to domain slot >> 16 (of several adapters: to that one) and CPU slot & 0xffff; at
	 * a phase's start: 0, 0. */
	OP_CONTEXT = 1,
	OP_COUNT_HIGH, /* the next operation is an allocation of slot * 2^24 more pages than it says */
	/* Of one thread among several: */
	/* the next thread is to free what slot holds; this one does when OP_RING_EXTENTS wait and it has no more to play */
	OP_SEND,
	OP_RECEIVE, /* free the oldest extent that was sent to this thread, and one more when an earlier receive found none */
	OP_CALL,    /* an operation: routine call `slot` of the workload's scripts */
	OP_POLL, /* time has come to slot * op_stream_poll_ns: allocators may do what they put off; an operation follows */
	/* Alone in its phase but for a context: the player is the adversary or the queue of phase slot, and makes up its
	 * operations (op_stream_adversary, op_stream_queue). */
	OP_ADVERSARY,
	OP_OFFLINE, /* CPU `slot` has left: allocators are told */
	OP_ADAPTER, /* something happened (op_adapter) to an adapter, or to all, once what lived in its slots was freed */
};

/* The argument of an OP_ADAPTER: what happened, and to whom. */
#define OP_ADAPTERS_ALL UINT32_C(0xffff)
static inline uint32_t op_adapter(enum workload_event event, uint32_t adapter)
{
	return (uint32_t)event << 16 | adapter;
}

/* Time between two polls, unless OP_POLL_OPERATIONS_MIN operations take longer. */
#define OP_POLLS_PER_SECOND 1000u
#define OP_POLL_OPERATIONS_MIN 100u

/* Extents that wait for a thread at most. */
#define OP_RING_EXTENTS 256u

static inline struct op op_control(enum op_control code, uint32_t argument)
{
	assert(code > 0 && code <= OP_ADAPTER);
	return (struct op){argument, (OP_CONTROL << OP_REQUEST_SHIFT) | (uint32_t)code};
}

/* No operation of the workload, but something about the next one. */
static inline bool op_is_control(const struct op *op)
{
	return op->demand >> OP_REQUEST_SHIFT == OP_CONTROL && (op->demand & OP_COUNT_MAX) != OP_CALL;
}

static inline uint64_t op_count_operations(const struct op *ops, size_t count)
{
	uint64_t operations = 0;
	for (size_t i = 0; i < count; i++)
		operations += !op_is_control(&ops[i]);
	return operations;
}

/* Where to cut count words: at most `most` of them (>= 1), but not between a control word and what it belongs to; more only
 * where all of `most` are control words. */
/* Whether the operation at a place among words can be played on its own: no control word but for the free that a receive is,
 * nor the operation that a count belongs to. */
static inline bool op_can_be_timed(const struct op *ops, size_t at)
{
	if (op_is_control(&ops[at]))
		return ops[at].demand == op_control(OP_RECEIVE, 0).demand;
	return at == 0 || ops[at - 1].demand != op_control(OP_COUNT_HIGH, 0).demand;
}

static inline size_t op_cut(const struct op *ops, size_t count, size_t most)
{
	size_t cut = count < most ? count : most;
	if (cut == count)
		return count;
	while (cut > 0 && ops[cut - 1].demand >> OP_REQUEST_SHIFT == OP_CONTROL)
		cut--;
	if (cut > 0)
		return cut;
	while (cut < count && ops[cut++].demand >> OP_REQUEST_SHIFT == OP_CONTROL)
		;
	return cut;
}

/* What the request index of an operation stands for: requests of the workload first, in their order; then one for each
 * distinct combination that a recording needs; then, where counts pass OP_COUNT_MAX, the first one again (its multiples of
 * 2^24 pages would read as a free). */
struct op_request {
	struct iova_request request;        /* count unset; high = highs[0]; align unset where natural */
	uint64_t highs[WORKLOAD_HIGHS_MAX]; /* tried in order; all but the last with IOVA_CONSTRAIN_NO_DRAIN */
	uint32_t high_count;
	/* Pages, guards included, that are tried one after the other at every limit where more of them cannot be had. */
	uint64_t fallbacks[WORKLOAD_FALLBACKS_MAX];
	uint32_t fallback_count;
	/* NATURAL: align = count less the guard, rounded up to a power of two; NATURAL_UP_TO: at most align_cap */
	enum workload_align_kind align;
	uint64_t align_cap;
	/* Pages of every count that are left free behind the extent: natural alignment is that of the rest. */
	uint64_t guard;
	enum workload_call call;
	uint32_t adapter;                           /* whose memory it is: its domain in an OP_CONTEXT */
	bool placed;                                /* at request.low, with place: no other will do */
	unsigned path;                              /* 0; whoever plays a copy keeps there how */
	const struct workload_arguments *arguments; /* of a driver call; owned by the workload */
	/* How many of the limits the recorded kernel tried in vain; 0 for demands that it granted at once, and for synthetic
	 * ones. beyond: it refused them all; the stream frees such an extent at once, and its failure is none of the
	 * allocator. */
	uint32_t refused_limits;
	bool beyond;
	const char *name; /* owned by the workload; "recording" */
};

struct op_stream;

/* What phases become:
 *  - An OP_POLL stands in front of every n-th operation, n a millisecond of the workload's pace and at least
 *    OP_POLL_OPERATIONS_MIN; frees of what was received count. Time goes on from phase to phase. Of several threads the first
 *    one polls, for all.
 *  - A fill ends once the live pages of the whole stream reach ceil(ratio * usable), or the extents of mixes their number.
 *  - A churn's step is a victim's free and an allocation into its slot; with no extent of a mix live, an allocation and its
 *    free. OPS ends with the first whole step at or beyond the number; TURNOVERS once the pages allocated in the phase reach
 *    ceil(ratio * live pages at its start). Victims are extents of mixes, never those of scripts or recordings; the age of an
 *    extent counts across phases, so LIFO replaces the same slot again and again.
 *    A burst frees that many victims, or all, then allocates as many; it ends with a whole burst. HOLD_OCCUPANCY draws a
 *    request, frees victims until it fits under the live pages that the phase began with (and while as many extents live as
 *    there are slots for: those of the fills, and as many of the smallest as their pages or the space have room for, 2^24 at
 *    most), then allocates it. With a think time a step comes that many operations later for polls.
 *  - VICTIMS_LIFETIME: allocations are a Poisson process, on average one in two operations of all threads; before each,
 *    extents whose time is over by then are freed in the order of their times, those of the same 1/256 of an operation in the
 *    order in which they were allocated. Extents that live when the phase begins have the rest of a lifetime weighed by its
 *    length. There are slots for ten standard deviations above the mean live count; beyond, the earliest makes room.
 *  - A DRAIN frees extents of mixes until the live pages of the whole stream are at most ceil(ratio * usable), or the extents
 *    of mixes their number.
 *  - OFFLINE: from then on its CPUs are drawn by nothing but recordings, and the next CPU of a ring or of a free is the next
 *    one that is online. An OP_OFFLINE for each, unless their caches stay.
 *  - With more CPUs than one each step of a mix (each operation, where the live count may move) draws its own; scripts and
 *    FREE_ALL run on CPU 0. FREE_ON_NEXT frees a victim on the CPU after the one that allocated it; in one thread's portion it
 *    sends the victim and receives another instead.
 *  - RINGS: ring i runs on CPU i (modulo the CPUs), with FREE_ON_NEXT its frees on the one after. TURNOVERS counts from the
 *    full rings on. A slot whose extent was freed by another phase is filled again.
 *  - ADVERSARY: one OP_ADVERSARY; planned as if live extents of one page lived from then on.
 *  - QUEUE: one OP_ADVERSARY; planned as an adversary of as many extents.
 *  - RESERVE allocates its ranges in their order, domain by domain, on CPU 0; UNRESERVE frees them.
 *  - ADAPTER: RESET and UNPLUG free as FREE_ALL does, STOP in the opposite order; an OP_ADAPTER follows. Of one adapter among
 *    several only its own slots, those of mixes from the last to the first. POWER_DOWN allocates what it saves, on CPU 0, and
 *    POWER_UP frees it.
 *  - Of several adapters every operation carries that of its request, or of the call.
 *  - FREE_ALL frees every live extent in the order of slots: script arrays, recordings, rings, adversaries, queues,
 *    reserved ranges, mixes.
 *  - Between repetitions of a recording (and after the last) DRAIN frees what stayed live, in the order of its slots. With
 *    KEEP it stays live, and its slots stand for fresh ones from then on.
 *  - Sizes and choices, victims, CPUs and lifetimes come from generators of their own for every phase. */

/* recordings: one per phase of the workload (NULL where the phase is no trace; NULL when none is). workload and recordings
 * must outlive the stream. Returns NULL with a message: no memory, more request classes or slots than an operation has room
 * for, a script that allocates a live slot or frees an empty one, a recording that does. Cost: a workload with fills by
 * occupancy is played once up to the last of them, at most 2^25 words. */
struct op_stream *op_stream_open(const struct workload *workload, const struct recording *const *recordings, uint64_t seed,
				 struct error *error);
void op_stream_close(struct op_stream *stream);

/* The streams of all threads as one, for one player that takes one operation of each in turn; operations of thread i carry CPU
 * i. What is sent moves through queues of OP_RING_EXTENTS and is freed with the receiver's CPU; what still waits when a phase
 * ends is freed there. Only allocations, frees and control words of one thread are left. portions: one stream per thread,
 * opened on what workload_portion gives; they must outlive this one, which moves and rewinds them. whole: the workload that
 * was shared out. NULL: no memory. */
struct op_stream *op_stream_weave(const struct workload *whole, struct op_stream *const *portions, uint32_t count,
				  struct error *error);

#define OP_STREAM_CAPACITY_MIN 16u
/* Writes up to capacity (>= OP_STREAM_CAPACITY_MIN) operations of one phase, sets *phase; 0 = the end. A control operation and
 * the one that it belongs to are never torn apart. A phase without operations is passed over. */
size_t op_stream_next(struct op_stream *stream, struct op *ops, size_t capacity, size_t *phase);

/* NULL, or what was wrong with the piece that op_stream_next was about to write: a word named a slot, a kind of demand, a
 * domain, a CPU, a call or an adversary that is not there. The stream has ended in front of it, for good. Whoever reaches the
 * end of a stream asks; it is a fault of the generator, nobody else's. */
const char *op_stream_fault(const struct op_stream *stream);

/* Starts again: the same bytes once more. */
void op_stream_rewind(struct op_stream *stream);

/* Owned by the stream. */
const struct op_request *op_stream_requests(const struct op_stream *stream, size_t *count);

/* Slots are below this. */
uint32_t op_stream_slots(const struct op_stream *stream);
/* Domains, as OP_CONTEXT names them, and CPUs of the stream are below these; >= 1. CPUs: the larger of the workload's and its
 * recordings'. */
uint32_t op_stream_domains(const struct op_stream *stream);
uint32_t op_stream_cpus(const struct op_stream *stream);

/* The adversary of a phase that is one: it uses slots [slot_first, slot_first + live) and one kind of demand. */
struct op_adversary {
	uint32_t slot_first;
	uint32_t request;
	uint64_t live;    /* pages at once, at most */
	uint64_t largest; /* pages of a block, a power of two */
};
const struct op_adversary *op_stream_adversary(const struct op_stream *stream, size_t phase);

/* The queue of a phase that is one: it uses slots [slot_first, slot_first + live). */
#define OP_QUEUE_LIVE_MAX (UINT64_C(1) << 20)
struct op_queue {
	size_t phase;
	uint32_t slot_first;
	uint64_t live;   /* extents at once, at most: with more the next request waits, too */
	uint64_t served; /* requests */
};
const struct op_queue *op_stream_queue(const struct op_stream *stream, size_t phase);
/* The next request, from a generator that op_queue_seed has set. */
struct op_queue_request {
	uint32_t kind; /* of attempts that may fail */
	uint32_t last; /* of one that may not */
	uint64_t pages, ticks;
};
void op_queue_seed(const struct op_stream *stream, const struct op_queue *queue, struct rng *draws);
void op_queue_draw(const struct op_stream *stream, const struct op_queue *asked, struct rng *draws,
		   struct op_queue_request *request);

/* Some phase is an adversary or a queue: operations depend on the allocator, and a hash of the words says nothing. */
bool op_stream_adaptive(const struct op_stream *stream);
/* Time between two polls: how long the operations between them take at the pace of the workload. 0: the stream has none. */
double op_stream_poll_ns(const struct op_stream *stream);

/* Hash of operations: start with 0, add pieces in order; the result does not depend on how a stream was cut into pieces. */
uint64_t op_stream_hash(uint64_t hash, const struct op *ops, size_t count);

/* What a phase does if nothing fails. Counts of operations exclude control words; words include them. */
struct op_phase_totals {
	uint64_t words;
	uint64_t allocations;
	uint64_t frees;
	uint64_t calls;            /* of routines, by scripts */
	uint64_t live_after;       /* extents */
	uint64_t live_pages_after; /* requested pages, with guards */
	uint64_t live_pages_peak;
};

/* Of a phase that op_stream_next has passed completely. */
struct op_phase_totals op_stream_totals(const struct op_stream *stream, size_t phase);

#endif
