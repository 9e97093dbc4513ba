/* SPDX-License-Identifier: MIT
 * One thread's portion of a workload. */
#ifndef WORKLOAD_PORTION_H
#define WORKLOAD_PORTION_H

#include "base/error.h"
#include "workload/model.h"

#define WORKLOAD_THREADS_MAX 64u

/* 0, or -1 with EXIT_CODE_USAGE: some phase of the workload is one sequence of operations that threads cannot share (a script,
 * a recording), or hands driver calls to another thread. */
int workload_portion_check(const struct workload *whole, uint32_t threads, struct error *error);

/* Fills *part with what thread index (< threads) plays: operations, live extents and occupancy of its mixes add up to those of
 * the whole over all threads (ages and turnovers are its own), on one logical CPU, from a seed of its own (that of thread 0 is
 * the whole's). part points into whole and is released with workload_portion_release alone. -1: no memory. */
int workload_portion(const struct workload *whole, uint32_t index, uint32_t threads, struct workload *part,
		     struct error *error);
void workload_portion_release(struct workload *part);

#endif
