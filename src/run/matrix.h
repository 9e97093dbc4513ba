/* SPDX-License-Identifier: MIT
 * A run while it goes on: rounds.c fills it with records, matrix_result.c makes the result of them. */
#ifndef RUN_MATRIX_H
#define RUN_MATRIX_H

#include "run/combination.h"
#include "run/journal.h"
#include "run/run_file.h"
#include "run/run.h"
#include "run/shard.h"
#include "run/store.h"

#include <stddef.h>

/* Readings of both clocks are some ten nanoseconds apart: a part in a million at most. The run itself is what the rate is held
 * against at its end. Where nothing is timed, the clock is only described. */
#define MATRIX_CALIBRATION_MILLISECONDS 10u
#define MATRIX_CALIBRATION_UNTIMED_MILLISECONDS 2u

/* What one shard left behind. */
struct joined_part {
	const char *folder, *named; /* its path, owned; as it was named */
	struct run_file run_file;
	/* Of its document: what it played, in the order of combinations. */
	struct joined_stream {
		uint64_t hash; /* 0: adaptive */
		uint64_t operations;
	} * streams;
	size_t stream_count;
	char *command;         /* that played it */
	struct result machine; /* its machine, build and node alone */
	bool told;             /* its journal was read */
};

/* The shards that one machine played. */
struct joined {
	struct journal journal;
	struct joined_part **parts; /* of every shard, by its number - 1; NULL: another machine's */
	struct run_file *first;     /* of the first of them */
	struct result *machine;     /* likewise; what matrix_gather takes of it is moved */
};

struct matrix {
	const struct run_options *options;
	struct result *result;
	struct clock clock;
	struct store store;
	struct run_file run_file;
	struct combination_list list;
	struct shard_plan shards; /* empty: everything is played here */
	bool *mine;               /* of each shard */
	struct joined *joined;    /* NULL: processes are played */
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

/* After the list was opened: leaves in it what options->shard, or joined, has a unit of. */
int matrix_take_shards(struct matrix *matrix, struct error *error);

/* The result that a run without shards has of what one machine's shards played. -1 with EXIT_CODE_USAGE: something was not
 * played, naming the shard. messages: faults of workload files. */
int matrix_join(const struct run_options *options, struct joined *joined, struct result *result, struct text *messages,
		struct error *error);

/* Fills matrix->result, but for what names the run; interrupted: not everything was run. -1: no memory. */
int matrix_gather(struct matrix *matrix, bool interrupted, struct error *error);
/* The same in steps: one for each combination, in their order, whose records are not needed any more behind it. */
int matrix_gather_begin(struct matrix *matrix, bool interrupted, struct error *error);
int matrix_gather_next(struct matrix *matrix, struct error *error);
int matrix_gather_end(struct matrix *matrix, struct error *error);

#endif
