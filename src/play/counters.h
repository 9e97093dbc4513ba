/* SPDX-License-Identifier: MIT
 * Hardware counters of this thread in user space, through perf_event_open(2), where machine and system allow them. */
#ifndef PLAY_COUNTERS_H
#define PLAY_COUNTERS_H

#include "result/figures.h"

#include <stddef.h>
#include <stdint.h>

enum { COUNTERS_COUNT = 5 }; /* instructions, cycles, last-level cache misses, branch misses, dTLB misses */

/* What a counter says; it grows from its opening on. */
struct counters_reading {
	uint64_t value;
	uint64_t enabled_ns; /* that it was to count */
	uint64_t running_ns; /* that it did: less, when it shared its place with others */
};

struct counters {
	int descriptor[COUNTERS_COUNT];         /* -1: not to be had */
	enum result_reason why[COUNTERS_COUNT]; /* then */
	struct counters_reading last[COUNTERS_COUNT];
};

/* Of one phase over all iterations. Zero-initialise. */
struct counters_total {
	double counted[COUNTERS_COUNT];
	double operations[COUNTERS_COUNT];      /* behind it */
	enum result_reason why[COUNTERS_COUNT]; /* while operations is 0 */
};

/* Opens each counter for the calling thread, stopped and at 0. */
void counters_open(struct counters *counters);
void counters_close(struct counters *counters);

/* Around what is to be counted; nothing without counters. */
void counters_start(const struct counters *counters);
void counters_stop(const struct counters *counters);

/* Reads all counters; what they counted since the last call was operations operations. */
void counters_note(struct counters *counters, double operations, struct counters_total *total);

/* The arithmetic of it, for one counter: the growth between two readings, scaled by the share of the time that it did count.
 * One that did not count at all tells nothing: its operations are left out, too. */
void counters_add(struct counters_total *total, size_t counter, const struct counters_reading *before,
		  const struct counters_reading *after, double operations);

/* Stores what was counted / operations, or why it is null. */
void counters_store(const struct counters_total *total, struct result_figures *figures);

#endif
