/* SPDX-License-Identifier: MIT
 * The samples of one thread's latency pass beside their histograms: by request, by CPU and by outcome, what came over the
 * largest from outside, and where to find the worst again. All memory is there before anything is timed. */
#ifndef PLAY_SAMPLES_H
#define PLAY_SAMPLES_H

#include "measure/histogram.h"
#include "play/engine.h"
#include "play/pass.h"
#include "play/taint.h"

/* So many requests (by name) and CPUs have a class each; the others share one. */
#define SAMPLES_NAMED 16u
/* Shorter than any switch to another thread and back: the system is not asked about such a sample. */
#define SAMPLES_LOOK_NS 2000.0
#define SAMPLES_BLOCK_WORDS ((size_t)1024)
#define SAMPLES_BLOCKS (2 * OP_SOURCE_PIECE_WORDS / SAMPLES_BLOCK_WORDS)

/* Those that make the system be asked: longer than any before that was clean, or among the worst. */
struct samples_max {
	uint64_t ticks;
	enum result_taint taint; /* UNKNOWN: no sample yet */
	uint64_t clean;          /* the largest without taint */
	bool has_clean;
};

struct samples_cell {
	struct histogram ticks;
	struct samples_max max;
};

struct samples {
	const struct pass *pass;
	uint32_t thread;
	uint64_t look_ticks;
	const struct op_request *requests;        /* of the thread's stream */
	const char *request_names[SAMPLES_NAMED]; /* borrowed from them */
	unsigned char request_class[256];         /* of each request of the stream */
	/* Cell of a class and kind, from 1; 0: does not occur. The last class of requests and CPUs is that of the others. */
	unsigned short cell[RESULT_BY_COUNT][SAMPLES_NAMED + 1][METRIC_KIND_COUNT];
	struct samples_cell *cells;
	size_t cell_count;
	struct samples_max kinds[METRIC_KIND_COUNT];
	struct result_sample worst[RESULT_WORST_MAX]; /* the largest first; request is borrowed */
	size_t worst_count;
	struct taint taint; /* since the round began, or the system was asked last */
	bool has_taint;
	/* Where the round at hand stands in the thread's stream: operations are numbered without a look at all words. */
	struct op_piece round;
	uint64_t words, operations; /* in front of it */
	uint32_t round_operations;
	uint32_t block_operations[SAMPLES_BLOCKS]; /* of it, in front of each block of words */
};

/* -1: no memory; to be closed either way. pass outlives it. */
int samples_open(struct samples *samples, const struct pass *pass, uint32_t thread);
void samples_close(struct samples *samples);
/* By its thread, before each round, which holds all that is recorded until the next one. O(words). */
void samples_ready(struct samples *samples, struct op_piece round);
/* op: in the round; cpu: of the workload. Returns the ticks that asking the system took; mostly 0. */
uint64_t samples_record(struct samples *samples, const struct engine_timed *timed, const struct op *op, uint32_t cpu);
/* Adds what another thread has, and leaves nothing there. into: of thread 0. */
void samples_add(struct samples *into, struct samples *from);
/* Puts a phase into its record, and begins anew. -1: no memory. */
int samples_store(struct samples *samples, struct result_record_phase *phase);

#endif
