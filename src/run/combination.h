/* SPDX-License-Identifier: MIT
 * The workloads of a run: one per file, or one per combination of its sweeps. */
#ifndef RUN_COMBINATION_H
#define RUN_COMBINATION_H

#include "base/error.h"
#include "base/text.h"
#include "run/bounds.h"
#include "run/gather.h"
#include "run/job.h"
#include "run/plan.h"
#include "run/run.h"
#include "run/stream_file.h"
#include "run/tape_file.h"

#include <stddef.h>
#include <stdint.h>

/* One workload while it runs. The last arm is the harness itself, when there is something to subtract it from. */
struct combination {
	struct plan plan;
	size_t number;               /* in the list */
	struct plan_changes changes; /* those of the run, and the settings of its combination */
	size_t file;                 /* index in run_options.files */
	uint64_t file_hash;
	uint64_t identity; /* of what every process of this workload plays */
	struct stream_file stream;
	struct tape_file tape;
	struct gather_arm *arms;  /* spec_count + 1 */
	struct gather_arm *pairs; /* spec_count rows of as many: of each arm against each other one; most are empty */
	int *steps;               /* of each arm: run/steps_file.h; -1: there is none */
	struct result_looks looks;
	struct result_workload_steady steady; /* its reason is owned */
	bool bounded;                         /* bounds are known */
	struct bounds bounds;
	bool fit[2][3]; /* by pass (timed, audit) and witness: trial.c */
};

/* Zero-initialise. Blocks are memory of their own: a plan does not move. */
struct combination_list {
	struct combination **combinations;
	size_t count, capacity;
};

/* Reads all files of the run, the faults of all are told at once. A sweep of the command line takes the place of one of the
 * file with the same key. -1 with *messages, or *error, and its exit code. Released by the caller in both cases. */
int combination_list_open(struct combination_list *list, const struct run_options *options, struct text *messages,
			  struct error *error);
void combination_list_close(struct combination_list *list, const struct run_options *options);

/* Gives one back that was taken out of its list. */
void combination_close(struct combination *combination, const struct run_options *options);

/* What its processes said, once a result has it. Idempotent. */
void combination_drop_records(struct combination *combination, const struct run_options *options);

/* What workers mapped. Idempotent. */
void combination_close_files(struct combination *combination, const struct run_options *options);

/* What every job of a combination has in common; *job is written whole. The stream must have been made. */
void combination_fill_job(const struct combination *combination, const char *spec, struct job *job);

/* Whether a run with these options holds one arm against another: see run_options.against. Without it, against the first one
 * that can play the workload, as far as audits know; nothing is held against itself. */
bool combination_is_pair(const struct combination *combination, const struct run_options *options, size_t arm,
			 size_t against);
static inline struct gather_arm *combination_pair(const struct combination *combination, const struct run_options *options,
						  size_t arm, size_t against)
{
	return &combination->pairs[arm * options->spec_count + against];
}

/* Processes of a round that time an arm alone, the harness among them; and those that hold two against each other, as far as
 * audits know. */
size_t combination_processes_alone(const struct combination *combination, const struct run_options *options,
				   uint32_t round);
size_t combination_pairs(const struct combination *combination, const struct run_options *options);
/* Rounds of a Latin square. */
uint32_t combination_square(const struct combination *combination, const struct run_options *options);

/* Resident bytes that a worker may take. */
uint64_t combination_memory_limit(const struct run_options *options);

#endif
