/* SPDX-License-Identifier: MIT
 * The passes over one stream, each in a fresh allocator; what they find goes into a record. */
#ifndef PLAY_PASS_H
#define PLAY_PASS_H

#include "allocator/registry.h"
#include "base/clock.h"
#include "base/error.h"
#include "ddi/tape.h"
#include "result/result.h"
#include "play/arena.h"
#include "play/conduct.h"
#include "play/interference.h"
#include "play/lock.h"
#include "play/op_source.h"
#include "play/placements.h"
#include "workload/model.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What they are called. */
#define PASS_THROUGHPUT "throughput pass"
#define PASS_LATENCY "latency pass"
#define PASS_TOGETHER "pass of several threads"
#define PASS_STEPS "pass that counts steps"
#define PASS_AUDIT "audit"
#define PASS_PAIRED "paired pass"
#define PASS_PROFILE "profiled pass"

#define PASS_WINDOW_WORDS ((size_t)65536)
#define PASS_WINDOW_STEPS 1000.0 /* a shorter window says nothing */
/* Longer windows, and single operations under interference, are taken in the first rounds of a run alone: the fewest that
 * have an interval at 95 %. Verdicts come of short windows, in every round. */
#define PASS_ROUNDS_BESIDE 6u
#define PASS_INTERFERED_SAMPLES 20000u /* of a paired pass, if nothing else is said */
#define PASS_PLAYED_NS 3e7             /* iterate until this much was played, measured or not … */
#define PASS_ITERATIONS_MAX 8          /* … but no more often */
#define PASS_SERIES_ROWS 200u
#define PASS_MAP_ROWS 100u
#define PASS_MAP_COLUMNS 256u
#define PASS_MAPS_MAX 4u        /* domains that get a picture */
#define PASS_CELL_SAMPLES 1000u /* allocations behind a point of the latency series: p99 needs ten above it */

/* What plays the same words in turns, in a paired pass. */
struct pass_rival {
	const struct allocator_spec *spec;
	struct arena *arena;
	enum lock_kind lock; /* around each call; NONE when the allocator needs none */
};

/* Who watches a profiled pass. */
struct pass_profiler {
	int control, acknowledged; /* pipes: "enable\n" and "disable\n" go there, "ack\n" comes back; -1: it goes by
				    * the name of iovabench_window, which plays the windows */
};

/* What the physical side decides in the whole stream, recorded once for all processes. */
struct pass_tape {
	struct tape tape;        /* keeps all */
	const double *ns_per_op; /* what it took of an operation, by phase; NaN: nothing that the clock can tell */
};

struct pass {
	const struct workload *workload;
	struct op_source *source;
	const struct allocator_spec *spec;
	struct arena *arena;
	const struct clock *clock;
	uint32_t round;
	uint64_t words;       /* of the whole stream */
	uint32_t latency_gap; /* mean words between two samples; 1 = every operation; 0 = no latency pass */
	double rate;          /* latency pass in an open loop: operations per second; 0: closed */
	bool poisson;
	uint64_t latency_took_ns; /* of the latency pass; it sets this */
	uint64_t peak_live_pages; /* planned, requested pages */
	/* Of every word: 1 + what its operation examined, at most UINT32_MAX; 0: no operation, or nothing is counted. The
	 * audit writes it, the steps of worst samples are read there. NULL: no audit did. */
	uint32_t *steps;
	struct result_record *record; /* phases are there, zeroed; figures all null */
	_Atomic uint64_t *progress;   /* words played, for whoever watches */
	_Atomic bool *own_work;       /* true while this program works and no allocator is called; NULL: nobody watches */
	enum lock_kind lock;          /* around each call; NONE when the allocator needs none */
	uint32_t threads;             /* of the timed passes; 0 and 1: the calling one */
	struct op_source *sources;    /* several threads: one each, which the timed passes play instead of source */
	const int *cpus;              /* that they are pinned to; NULL: none */
	struct conduct *conduct;      /* of the allocator; NULL: nobody looks */
	double paired_ns;             /* paired: of windows of each side, at least */
	bool brief;                   /* paired: short windows of one length */
	/* Before every sample of a latency, and of single operations in pairs; one thread. NULL: none */
	struct interference *interference;
	uint32_t interfered_samples;    /* paired, with interference: operations that are taken so, at least */
	const struct pass_rival *rival; /* paired pass */
	_Atomic uint32_t *side;         /* enum result_side: whose code runs, of a paired pass; NULL: nobody watches */
	struct pass_tape *tape;         /* of driver calls' frames; NULL: each pass that is timed records one of its own */
	const struct placements_target *placements; /* where the audit writes what it sees; NULL: nowhere */
	const struct pass_profiler *profiler;       /* of pass_profile */
};

/* Words between two rows of the series. */
static inline uint64_t pass_row_words(const struct pass *pass)
{
	uint64_t words = (pass->words + PASS_SERIES_ROWS - 1) / PASS_SERIES_ROWS;
	return words ? words : 1;
}

static inline void pass_tell_side(const struct pass *pass, enum result_side side)
{
	if (pass->side)
		atomic_store_explicit(pass->side, side, memory_order_relaxed);
}

static inline void pass_own_work(const struct pass *pass, bool own)
{
	if (pass->own_work)
		atomic_store_explicit(pass->own_work, own, memory_order_relaxed);
}

/* Each returns 0, or -1 with a message: the allocator refused the space or ran out of memory. */
int pass_throughput(struct pass *pass, struct error *error);
int pass_latency(struct pass *pass, struct error *error);
/* Behind the latency pass: the steps of its worst samples, or why there are none. */
int pass_steps(struct pass *pass, struct error *error);
int pass_audit(struct pass *pass, struct error *error);
/* Both allocators play the stream in short windows by turns, in random order; record gets pairs. Where the first
 * outcome differs, what follows is played, but no longer compared. docs/method.md tells the design. */
int pass_paired(struct pass *pass, struct error *error);
/* One thread. A profiler that goes by the name of a function sees the stream once, one that takes samples a second of it. */
int pass_profile(struct pass *pass, struct error *error);
struct engine;
uint64_t iovabench_window(const struct pass *pass, struct engine *engine, struct op_piece part);

#endif
