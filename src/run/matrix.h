/* SPDX-License-Identifier: MIT
 * A run while it goes on: rounds.c fills it with records, matrix_result.c makes the result of them. */
#ifndef RUN_MATRIX_H
#define RUN_MATRIX_H

#include "run/gather.h"
#include "run/plan.h"
#include "run/request.h"
#include "run/run.h"
#include "run/store.h"
#include "run/stream_file.h"

#include <stddef.h>
#include <stdint.h>

#define MATRIX_CALIBRATION_MILLISECONDS 200u

/* One workload while it runs. The last arm is the harness itself, when there is something to subtract it from. */
struct block {
	struct plan plan;
	uint64_t file_hash;
	uint64_t identity; /* of what every process of this workload plays */
	struct stream_file stream;
	struct gather_arm *arms; /* spec_count + 1 */
};

struct matrix {
	const struct run_options *options;
	struct result *result;
	struct clock clock;
	struct store store;
	struct request request;
	struct block *blocks; /* one per file */
	int cpu;
	/* Progress. */
	size_t processes_done, processes;
	const char *now_workload, *now_spec;
	const char *now_pass;
};

/* Fills matrix->result, but for what names the run; interrupted: not everything was run. -1: no memory. */
int matrix_gather(struct matrix *matrix, bool interrupted, struct error *error);

/* What everything that was found means for the exit code. */
enum exit_code matrix_judge(const struct matrix *matrix);

#endif
