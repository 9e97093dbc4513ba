/* SPDX-License-Identifier: MIT
 * Latency of a phase over all rounds: histograms of ticks are added, then turned into nanoseconds once. */
#ifndef RUN_GATHER_LATENCY_H
#define RUN_GATHER_LATENCY_H

#include "run/gather.h"

/* Fills one result_latency per kind. -1: no memory. */
int gather_latency(struct result_latency latency[METRIC_KIND_COUNT], const struct gather_arm *records, size_t phase,
		   const struct clock *clock);

#endif
