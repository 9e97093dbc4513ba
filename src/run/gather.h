/* SPDX-License-Identifier: MIT
 * From the records of many processes to one arm of the result. */
#ifndef RUN_GATHER_H
#define RUN_GATHER_H

#include "base/clock.h"
#include "base/error.h"
#include "result/result.h"
#include "workload/model.h"

#include <stdbool.h>
#include <stddef.h>

/* Of intervals over rounds. */
#define GATHER_INTERVAL_LEVEL 0.95

/* All records of one arm, in the order in which they came. */
struct gather_arm {
	struct result_record *records;
	size_t count, capacity;
};

/* Takes the record over. -1: no memory (the record is released). */
int gather_add(struct gather_arm *arm, struct result_record *record, struct error *error);
void gather_release(struct gather_arm *arm);

/* First record that is not ok, or that counts violations; NULL when there is none. */
const struct result_record *gather_first_fault(const struct gather_arm *arm);

/* Whether a lock stood around the calls of this arm. */
bool gather_locked(const struct gather_arm *arm);

/* Of a timed pass that went well; NULL: it is none, or has no such phase. */
const struct result_record_phase *gather_timed_phase(const struct result_record *record, size_t index);

/* Every round plays the same operations: where a cell stands is taken from the phase that has most of them. NULL: none has
 * any. */
const struct result_record_phase *gather_grid(const struct gather_arm *records, size_t index);

/* Fills phases, series, maps, domains, state, reason and violations of *arm (zeroed but for what the caller knows: workload,
 * allocator, spec, threads). null: the same stream on the harness allocator, or NULL: net figures. Figures by phase: medians
 * over rounds of the medians over iterations, exact counts from the audit. */
int gather_fill(struct result_arm *arm, const struct gather_arm *records, const struct gather_arm *null,
		const struct workload *workload, const struct clock *clock, struct error *error);

#endif
