/* SPDX-License-Identifier: MIT
 * Hardware counters of this thread in user space, through perf_event_open(2), where machine and system allow them. */
#ifndef RUN_COUNTERS_H
#define RUN_COUNTERS_H

#include "result/metrics.h"

#include <stdint.h>

enum { COUNTERS_COUNT = 5 }; /* instructions, cycles, last-level cache misses, branch misses, dTLB misses */

struct counters {
	int descriptor[COUNTERS_COUNT];         /* -1: not to be had */
	enum result_reason why[COUNTERS_COUNT]; /* then */
};

/* Opens each counter for the calling thread, stopped and at 0. */
void counters_open(struct counters *counters);
void counters_close(struct counters *counters);

/* Around what is to be counted; nothing without counters. */
void counters_start(const struct counters *counters);
void counters_stop(const struct counters *counters);

/* Stores what was counted since the last call / operations, or why it is null. A counter that shared its place with others is scaled
 * by its share of the time. */
void counters_store(const struct counters *counters, double operations, struct result_figures *figures);

#endif
