/* SPDX-License-Identifier: MIT
 * Latency of a phase over all rounds: histograms of ticks are added, then turned into nanoseconds once. Intervals and classes
 * are over processes, of which each is one value: their samples are never put together. */
#ifndef RUN_GATHER_LATENCY_H
#define RUN_GATHER_LATENCY_H

#include "run/gather.h"

/* Fills latencies, classes and worst samples of a phase. -1: no memory. */
int gather_latency(struct result_phase *phase, const struct gather_arm *records, size_t index, const struct clock *clock);

#endif
