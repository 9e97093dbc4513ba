/* SPDX-License-Identifier: MIT
 * A workload as plain data: what a YAML file says, decoded, checked and with every default filled in. All sizes and addresses
 * are pages of the space unless a name says otherwise. */
#ifndef WORKLOAD_MODEL_H
#define WORKLOAD_MODEL_H

#include "workload/call.h"
#include "yaml/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKLOAD_PACE 1e6 /* operations a second of a workload without a pace */
#define WORKLOAD_PACE_TEXT "1M/s"
#define WORKLOAD_ADAPTERS_MAX 16
#define WORKLOAD_REQUESTS_MAX 128 /* op.demand has room for 254; the rest belongs to recordings */
#define WORKLOAD_HIGHS_MAX 8
#define WORKLOAD_PHASES_MAX 256
#define WORKLOAD_CPUS_MAX 4096
#define WORKLOAD_PAGE_MIN UINT64_C(2048) /* bytes */
#define WORKLOAD_PAGES_MAX (UINT64_C(1) << 52)
#define WORKLOAD_LIVE_MAX (UINT64_C(1) << 28) /* slots */
#define WORKLOAD_RINGS_MAX 64
#define WORKLOAD_RANGES_MAX 64
#define WORKLOAD_SWEEPS_MAX 8
#define WORKLOAD_SWEEP_VALUES_MAX 100
#define WORKLOAD_COMBINATIONS_MAX 1000       /* of the values of all sweeps of a file, and of its seeds */
#define WORKLOAD_OPS_MAX (UINT64_C(1) << 40) /* of a phase, and of all phases together as far as the file tells them */

/* A continuous one is truncated to [min, max + 1) pages and rounded down. */
enum workload_size_kind {
	WORKLOAD_SIZE_FIXED,
	WORKLOAD_SIZE_UNIFORM,
	WORKLOAD_SIZE_POWERS_OF_TWO,
	WORKLOAD_SIZE_LOG_UNIFORM, /* continuous, density ~ 1/x */
	WORKLOAD_SIZE_LOGNORMAL,   /* continuous: ln x is normal around ln median with deviation sigma */
	WORKLOAD_SIZE_PARETO,      /* continuous, density ~ x^-(alpha + 1) */
	WORKLOAD_SIZE_ZIPF,        /* weight s^-alpha for every whole number s of pages */
	WORKLOAD_SIZE_WEIGHTS,     /* parts are FIXED */
	WORKLOAD_SIZE_MIXED,       /* parts are anything but WEIGHTS, MIXED and FALLBACK */
	WORKLOAD_SIZE_FALLBACK     /* the first of fallbacks; where it fails the next one is tried, and so on */
};

#define WORKLOAD_SIZE_PARTS_MAX 1024
#define WORKLOAD_FALLBACKS_MAX 8

struct workload_size {
	enum workload_size_kind kind;
	uint64_t min; /* FIXED: the size; FALLBACK: the first one; min <= max. WEIGHTS, MIXED: of all parts */
	uint64_t max;
	uint64_t fallbacks[WORKLOAD_FALLBACKS_MAX]; /* FALLBACK: pages, falling */
	size_t fallback_count;
	double ratio;    /* POWERS_OF_TWO: class k has weight ratio^k, 0 < ratio <= 1; classes min * 2^k up to max */
	bool exact;      /* POWERS_OF_TWO: only min * 2^k; else uniform in (min * 2^(k-1), min * 2^k], class 0 = min */
	double alpha;    /* PARETO, ZIPF: in [0.01, 16] */
	double sigma;    /* LOGNORMAL: in [0.01, 8] */
	uint64_t median; /* LOGNORMAL: pages in [min, max] */
	struct workload_size_part *parts;
	size_t part_count; /* WEIGHTS, MIXED: in [1, WORKLOAD_SIZE_PARTS_MAX] */
};

struct workload_size_part {
	uint64_t weight; /* >= 1 */
	struct workload_size size;
};

enum workload_lifetime_kind {
	WORKLOAD_LIFETIME_NONE,
	WORKLOAD_LIFETIME_FIXED,
	WORKLOAD_LIFETIME_UNIFORM,
	WORKLOAD_LIFETIME_EXPONENTIAL,
	WORKLOAD_LIFETIME_PARETO, /* density ~ x^-(alpha + 1), truncated to [min, max] */
	WORKLOAD_LIFETIME_GENERATIONAL
};

#define WORKLOAD_LIFETIME_MAX UINT64_C(500000000)

/* How long an extent lives, in operations of the stream; all in [1, WORKLOAD_LIFETIME_MAX]. */
struct workload_lifetime {
	enum workload_lifetime_kind kind;
	uint64_t min; /* FIXED: the lifetime; UNIFORM, PARETO: min <= max */
	uint64_t max;
	uint64_t mean;      /* EXPONENTIAL; GENERATIONAL: of the young */
	uint64_t old_mean;  /* GENERATIONAL: exponential too */
	double alpha;       /* PARETO: in [0.01, 16] */
	double young_share; /* GENERATIONAL: in (0, 1] */
};

enum workload_align_kind {
	WORKLOAD_ALIGN_NONE,
	WORKLOAD_ALIGN_NATURAL,
	WORKLOAD_ALIGN_FIXED,
	WORKLOAD_ALIGN_NATURAL_UP_TO
};

struct workload_align {
	enum workload_align_kind kind;
	uint64_t pages; /* FIXED: the alignment; NATURAL_UP_TO: its cap; a power of two */
};

/* Where among all places that would do an extent is to lie. */
enum workload_from { WORKLOAD_FROM_ANYWHERE, WORKLOAD_FROM_BOTTOM, WORKLOAD_FROM_TOP };

/* One of several display adapters. */
struct workload_adapter {
	char *name;
	bool shares;   /* the domain of another one */
	size_t with;   /* index, below its own: of that one */
	size_t domain; /* index of the adapter whose domain it is: its own, or one that shares nothing */
};

struct workload_request {
	char *name;
	char *about; /* or NULL */
	enum workload_call call;
	bool has_adapter;
	size_t adapter; /* that makes it: index; 0 when nothing was said */
	struct workload_size size;
	struct workload_align align;
	enum workload_from from; /* ANYWHERE unless call is EXTENT */
	/* Lowest page; the first of the space when nothing was said. Behind the space: nothing can be had. */
	uint64_t low;
	uint64_t high[WORKLOAD_HIGHS_MAX]; /* inclusive pages, tried in order; clipped to the space */
	size_t high_count;                 /* >= 1 */
	bool limited;                      /* low or some high is narrower than the space */
	uint64_t boundary;                 /* pages, a power of two; 0 = none */
	uint64_t guard;                    /* pages asked for behind every extent and left free; 0 unless call is EXTENT */
	struct workload_lifetime lifetime; /* of phases with victims: lifetime */
	struct workload_arguments arguments;
};

/* Objects that script calls fill and use; both results of a call that gives two. */
#define WORKLOAD_CALL_OBJECTS 2
#define WORKLOAD_OBJECT_NONE SIZE_MAX

/* What a routine is told in place of an object's value. */
struct workload_operand {
	size_t object; /* index into objects, or WORKLOAD_OBJECT_NONE: the number */
	uint64_t number;
};

/* One line of a script that calls a routine with literal arguments. */
struct workload_routine_call {
	enum workload_routine routine;
	size_t into[WORKLOAD_CALL_OBJECTS]; /* index into objects, or WORKLOAD_OBJECT_NONE */
	struct workload_operand of[WORKLOAD_CALL_OBJECTS];
	bool has_adapter;
	size_t adapter; /* that is called: index; 0 when nothing was said */
	struct workload_arguments arguments;
	bool any_status, any_violation;
	enum ntstatus status;              /* wanted */
	enum workload_violation violation; /* wanted */
	unsigned line;                     /* of the file */
};

struct workload_mix_entry { /* an entry of mix: */
	size_t request;     /* index */
	uint64_t weight;    /* >= 1 */
};

enum workload_body {
	WORKLOAD_BODY_MIX,
	WORKLOAD_BODY_FREE_ALL,
	WORKLOAD_BODY_SCRIPT,
	WORKLOAD_BODY_TRACE,
	WORKLOAD_BODY_DRAIN, /* frees extents of mixes until OCCUPANCY or LIVE is left */
	WORKLOAD_BODY_RINGS,
	WORKLOAD_BODY_ADVERSARY,
	WORKLOAD_BODY_OFFLINE,   /* logical CPUs leave: from then on no operation carries them */
	WORKLOAD_BODY_ONLINE,    /* they come back */
	WORKLOAD_BODY_RESERVE,   /* ranges are taken where they lie, in every domain */
	WORKLOAD_BODY_UNRESERVE, /* ranges that an earlier phase took are given back */
	WORKLOAD_BODY_QUEUE,     /* requests of a mix that wait until they are served */
	WORKLOAD_BODY_ADAPTER    /* something happens to the adapter as a whole */
};
/* RESET, as after a timeout, and UNPLUG: everything that lives is given back at once. STOP: by the driver, which must leave
 * nothing. POWER_DOWN: frame buffers are saved, what lives stays; POWER_UP restores them. Nobody calls between STOP or UNPLUG
 * and START, nor between POWER_DOWN and POWER_UP. */
enum workload_event {
	WORKLOAD_EVENT_RESET,
	WORKLOAD_EVENT_STOP,
	WORKLOAD_EVENT_START,
	WORKLOAD_EVENT_POWER_DOWN,
	WORKLOAD_EVENT_POWER_UP,
	WORKLOAD_EVENT_UNPLUG
};
/* What becomes of that which the caches of a CPU hold when it leaves. */
enum workload_caches { WORKLOAD_CACHES_DRAIN, WORKLOAD_CACHES_STAY };
/* When a mix ends. OCCUPANCY, LIVE: a fill, allocations only. OPS, TURNOVERS: a churn that keeps the live count. */
enum workload_until { WORKLOAD_UNTIL_OPS, WORKLOAD_UNTIL_OCCUPANCY, WORKLOAD_UNTIL_LIVE, WORKLOAD_UNTIL_TURNOVERS };
/* Who frees a victim: the CPU or thread that plays the step, or the one after that which allocated it. */
enum workload_free_on { WORKLOAD_FREE_ON_SAME, WORKLOAD_FREE_ON_NEXT };
enum workload_victims {
	WORKLOAD_VICTIMS_RANDOM,
	WORKLOAD_VICTIMS_FIFO,
	WORKLOAD_VICTIMS_LIFO,
	WORKLOAD_VICTIMS_LIFETIME /* whose time is over; not of a DRAIN */
};
/* What a churn keeps: the number of live extents, or their pages. */
enum workload_hold { WORKLOAD_HOLD_LIVE, WORKLOAD_HOLD_OCCUPANCY };

#define WORKLOAD_BURST_MAX 1000000
#define WORKLOAD_THINK_MAX UINT64_C(1000000000)

/* Elements of a slot array: first, first + step, … , last (inclusive; step may be negative). A plain slot is 0, 0, 1. */
struct workload_range {
	size_t array; /* index into script_arrays */
	uint64_t first;
	uint64_t last;
	int64_t step;
};

enum workload_script_kind {
	WORKLOAD_SCRIPT_ALLOC,
	WORKLOAD_SCRIPT_FREE,
	WORKLOAD_SCRIPT_REPEAT,
	WORKLOAD_SCRIPT_END,
	WORKLOAD_SCRIPT_CALL
};

/* A script is flat: REPEAT … END brackets nest. */
struct workload_script_op {
	enum workload_script_kind kind;
	size_t request;              /* ALLOC */
	uint64_t count;              /* ALLOC: pages, 0 = drawn from the request's size; REPEAT: times, >= 1 */
	struct workload_range slots; /* ALLOC, FREE */
	size_t match;                /* REPEAT: index of its END; END: index of its REPEAT */
	size_t call;                 /* CALL: index into routine_calls */
};

enum workload_between { WORKLOAD_BETWEEN_DRAIN, WORKLOAD_BETWEEN_KEEP };
enum workload_limits { WORKLOAD_LIMITS_RECORDED, WORKLOAD_LIMITS_FIRST };

struct workload_trace {
	char *file;      /* as written; resolved against the folder of the workload file by workload_trace_path */
	uint64_t repeat; /* >= 1 */
	enum workload_between between;
	enum workload_limits limits;
	struct workload_align align;
};

/* FIFO rings, each of depth slots. A phase fills what is empty of them, one ring after the other, and plays: a step frees the
 * oldest burst extents of a ring and allocates as many; ring i makes pace[i] steps in a row, then it is the next one's turn.
 * Phases with the same count, depth and requests play the same rings. */
struct workload_rings {
	uint32_t count; /* 1 to WORKLOAD_RINGS_MAX */
	uint32_t depth; /* slots of each, >= 1 */
	uint32_t burst; /* 1 to depth */
	size_t request[WORKLOAD_RINGS_MAX];
	uint32_t pace[WORKLOAD_RINGS_MAX]; /* >= 1 */
	size_t request_count, pace_count;  /* of them, as written: 1 stands for all */
};

/* Robson's adversary: never more than live pages at once, blocks of 1, 2, 4 ... largest pages. */
struct workload_robson {
	uint64_t live;    /* pages, largest to WORKLOAD_LIVE_MAX */
	uint64_t largest; /* pages, a power of two */
};

/* Frame buffers that are saved when the power goes: as many allocations of a request, a driver call. */
struct workload_save {
	size_t request;
	uint64_t count; /* 0: none */
};

struct workload_hole { /* reserved range, pages */
	uint64_t first;
	uint64_t count;
};

struct workload_phase {
	char *name;
	enum workload_body body;
	bool measured;
	/* MIX; until, victims, free_on also DRAIN; until (LIVE: filled only) and free_on also RINGS */
	struct workload_mix_entry *mix;
	size_t mix_count;
	enum workload_hold hold;
	uint64_t think; /* time before each step of a churn, in operations at the workload's pace */
	uint64_t burst; /* extents that a step of a churn frees, then allocates; 1 when nothing was said, 0 is read as 1 */
	enum workload_until until;
	uint64_t until_value; /* OPS: operations; LIVE: extents */
	double until_ratio;   /* OCCUPANCY: share of usable pages in (0, 1]; TURNOVERS: allocated / live volume, > 0 */
	enum workload_victims victims;
	enum workload_free_on free_on;
	bool ops_alone; /* its end is written as ops: N, which a sweep may name */
	/* SCRIPT */
	struct workload_script_op *script;
	size_t script_count;
	struct workload_line *lines; /* while it is read */
	size_t line_count;
	/* TRACE */
	struct workload_trace trace;
	struct workload_rings rings;
	struct workload_robson robson; /* ADVERSARY */
	uint32_t *cpus;                /* OFFLINE, ONLINE: cpu_count different ones */
	size_t cpu_count;
	enum workload_caches caches; /* OFFLINE */
	enum workload_event event;   /* ADAPTER */
	bool one_adapter;            /* ADAPTER: it happens to this one alone, else to all that there are */
	size_t adapter;              /* index */
	struct workload_save save;   /* ADAPTER, POWER_DOWN */
	uint64_t served;             /* QUEUE: requests; its mix is that of the phase, and each has a lifetime */
	/* RESERVE, UNRESERVE: inside the space. Those that are reserved at one time do not overlap. UNRESERVE names such as an
	 * earlier phase reserved and no phase since gave back. */
	struct workload_hole *ranges;
	size_t range_count;
};

struct workload_script_array {
	char *name;
	uint64_t count; /* slots, >= 1 */
};

enum workload_metadata_kind { WORKLOAD_METADATA_SUFFICES, WORKLOAD_METADATA_EVERY, WORKLOAD_METADATA_SHARE };

/* Attempts that find no memory for metadata, whoever is asked. */
struct workload_metadata_fails {
	enum workload_metadata_kind kind;
	uint64_t every; /* EVERY: each every-th, >= 1 */
	double share;   /* SHARE: each with this chance, in (0, 1] */
};

struct workload_space {
	uint64_t page_bytes; /* a power of two >= WORKLOAD_PAGE_MIN */
	uint64_t first;      /* pages [first, end) */
	uint64_t end;
	enum ddi_mode mode;
	struct workload_hole *holes; /* ascending, disjoint, inside [first, end) */
	size_t hole_count;
	uint64_t usable; /* end - first - holes */
	bool has_extents;
	uint64_t extents; /* that may be live at once in each domain; 0: any number */
	struct workload_metadata_fails metadata_fails;
};

struct workload_physical {
	uint64_t bytes; /* 0 = not said */
	double scatter; /* [0, 1] */
};

#define WORKLOAD_INTERFERENCE_DATA_MAX (UINT64_C(1) << 30)
#define WORKLOAD_INTERFERENCE_PAIRS_MAX 1000000u
#define WORKLOAD_INTERFERENCE_CODE_MAX (UINT64_C(768) << 10) /* every build has as much code */

/* What a driver walks and runs between two calls of its allocator. Bytes, 0: none of it. */
struct workload_interference {
	uint64_t data_bytes; /* up to WORKLOAD_INTERFERENCE_DATA_MAX */
	uint64_t code_bytes; /* up to WORKLOAD_INTERFERENCE_CODE_MAX */
	/* Operations of a process that are taken so in the pass of pairs, and in no other; 0: as many as the pass takes by
	 * itself, and samples of latencies, too. */
	uint32_t pairs;
};

#define WORKLOAD_IOTLB_ENTRIES_MAX 65536u
#define WORKLOAD_IOTLB_WAYS_MAX 1024u
#define WORKLOAD_IOTLB_WALK_MAX 256u

/* What an IOMMU keeps of translations, for the audit. Of each domain alike: they share it. */
struct workload_iotlb {
	uint32_t entries; /* 0: the workload has none, and nothing else here is meant */
	uint32_t ways;    /* 1 and more; entries / ways is a power of two, without a remainder */
	uint32_t walk_l2; /* cached entries that lead to leaf tables; 0: none */
	uint32_t walk_l3; /* … to the tables above these */
};
/* What the device touches: once each page, or the first one, of what an operation maps; or with each operation a page of
 * something that is mapped. */
enum workload_touch { WORKLOAD_TOUCH_ALL, WORKLOAD_TOUCH_FIRST, WORKLOAD_TOUCH_RANDOM };

static inline bool workload_interference_is_none(const struct workload_interference *interference)
{
	return !interference->data_bytes && !interference->code_bytes;
}

enum workload_comparison { WORKLOAD_IS, WORKLOAD_BELOW, WORKLOAD_ABOVE };

struct workload_expectation {
	char *metric; /* path of a result key below an arm, for example failures.fragmented */
	enum workload_comparison comparison;
	double value;     /* shares as fractions */
	double tolerance; /* IS: allowed absolute difference; 0 = exact */
	char *allocator;  /* a spec, or NULL: every arm */
};

/* The workload is played with each of the values, in all combinations with those of other sweeps. */
struct workload_sweep {
	char *key; /* phases.churn.ops: keys joined by points, items of lists by their name, request or number */
	struct yaml_written *values; /* the key's own rules read them */
	size_t value_count;          /* >= 1 */
};

struct workload {
	char *name;
	char *about; /* never NULL; may be empty */
	char *source;
	char *file; /* path that it was read from */
	struct workload_space space;
	struct workload_physical physical;
	enum ddi_wddm wddm;
	struct workload_adapter *adapters; /* those that have names; a workload without any has one */
	size_t adapter_count;
	uint32_t cpus;    /* logical CPUs, >= 1 */
	uint32_t threads; /* that play the whole together, of which this is one's share; 0 or 1: this is the whole */
	/* WORKLOAD_PACE when nothing was said; 0, in the share of a thread that does not poll: no time */
	double pace_ops_per_second;
	uint64_t seed;
	struct workload_interference interference;
	struct workload_iotlb iotlb;
	enum workload_touch touch;
	struct workload_request *requests;
	size_t request_count;
	struct workload_phase *phases;
	size_t phase_count;
	uint64_t operations;                         /* that ops: and scripts ask for together, at most WORKLOAD_OPS_MAX */
	struct workload_script_array *script_arrays; /* shared by all scripts of the workload */
	size_t script_array_count;
	struct workload_routine_call *routine_calls; /* of all scripts, in the order of the file */
	size_t routine_call_count;
	char **objects; /* names */
	size_t object_count;
	struct workload_expectation *expectations;
	size_t expectation_count;
	struct workload_sweep *sweeps;
	size_t sweep_count;
};

/* What some phase asks for depends on what the allocator answers: operations are no property of the workload. */
static inline bool workload_is_adaptive(const struct workload *workload)
{
	for (size_t i = 0; i < workload->phase_count; i++)
		if (workload->phases[i].body == WORKLOAD_BODY_ADVERSARY || workload->phases[i].body == WORKLOAD_BODY_QUEUE)
			return true;
	return false;
}

/* Some request waits until it is served: how much is wanted at once is no property of the workload either. */
static inline bool workload_waits(const struct workload *workload)
{
	for (size_t i = 0; i < workload->phase_count; i++)
		if (workload->phases[i].body == WORKLOAD_BODY_QUEUE)
			return true;
	return false;
}

/* An event after which nothing lives on the adapters that it happens to. */
static inline bool workload_phase_ends_adapter(const struct workload_phase *phase)
{
	return phase->body == WORKLOAD_BODY_ADAPTER &&
	       (phase->event == WORKLOAD_EVENT_RESET || phase->event == WORKLOAD_EVENT_STOP ||
		phase->event == WORKLOAD_EVENT_UNPLUG);
}

/* After which nothing lives at all. */
static inline bool workload_phase_ends_all(const struct workload_phase *phase)
{
	return phase->body == WORKLOAD_BODY_FREE_ALL || (workload_phase_ends_adapter(phase) && !phase->one_adapter);
}

/* Adapters, named or not. */
static inline size_t workload_adapters(const struct workload *workload)
{
	return workload->adapter_count ? workload->adapter_count : 1;
}

/* Fewest and most pages that an extent takes from the space, its guard included; a size that a script gives aside. */
static inline uint64_t workload_request_pages_min(const struct workload_request *request)
{
	return request->size.min + request->guard;
}

static inline uint64_t workload_request_pages_max(const struct workload_request *request)
{
	return request->size.max + request->guard;
}

/* Frees what the pointer leads to, not *workload itself; idempotent on a zeroed one. */
void workload_release(struct workload *workload);

#endif
