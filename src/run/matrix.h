/* SPDX-License-Identifier: MIT
 * A run while it goes on: rounds.c fills it with records, matrix_result.c makes the result of them. */
#ifndef RUN_MATRIX_H
#define RUN_MATRIX_H

#include "run/combination.h"
#include "run/run_file.h"
#include "run/run.h"
#include "run/store.h"

#include <stddef.h>

#define MATRIX_CALIBRATION_MILLISECONDS 200u

struct matrix {
	const struct run_options *options;
	struct result *result;
	struct clock clock;
	struct store store;
	struct run_file run_file;
	struct combination_list list;
	int cpu;
	int placements; /* the file for them, or -1 */
	/* Progress. */
	size_t processes_done, processes;
	const char *now_workload, *now_spec;
	const char *now_pass;
};

/* Fills matrix->result, but for what names the run; interrupted: not everything was run. -1: no memory. */
int matrix_gather(struct matrix *matrix, bool interrupted, struct error *error);

#endif
