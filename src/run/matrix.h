/* SPDX-License-Identifier: MIT
 * A run while it goes on: rounds.c fills it with records, matrix_result.c makes the result of them. */
#ifndef RUN_MATRIX_H
#define RUN_MATRIX_H

#include "run/combination.h"
#include "run/run_file.h"
#include "run/run.h"
#include "run/store.h"

#include <stddef.h>

/* Readings of both clocks are some ten nanoseconds apart: a part in a million at most. The run itself is what the rate is held
 * against at its end. Where nothing is timed, the clock is only described. */
#define MATRIX_CALIBRATION_MILLISECONDS 10u
#define MATRIX_CALIBRATION_UNTIMED_MILLISECONDS 2u

struct matrix {
	const struct run_options *options;
	struct result *result;
	struct clock clock;
	struct store store;
	struct run_file run_file;
	struct combination_list list;
	int cpu;
	int placements;    /* the file for them, or -1 */
	uint64_t began_ns; /* of clock_system_ns, for the budget */
	/* Progress. */
	size_t processes_done, processes;
	size_t processes_run; /* of those that are done */
	double told_seconds;  /* when it was told last, since the run began */
	const char *now_workload, *now_spec;
	const char *now_pass;
};

static inline unsigned matrix_calibration_milliseconds(const struct run_options *options)
{
	return options->rounds ? MATRIX_CALIBRATION_MILLISECONDS : MATRIX_CALIBRATION_UNTIMED_MILLISECONDS;
}

/* Whether the rounds that a workload has decide all its verdicts: compare_decided. -1: no memory. */
int matrix_is_decided(const struct matrix *matrix, struct combination *combination, bool *decided, struct error *error);

/* Fills matrix->result, but for what names the run; interrupted: not everything was run. -1: no memory. */
int matrix_gather(struct matrix *matrix, bool interrupted, struct error *error);

#endif
