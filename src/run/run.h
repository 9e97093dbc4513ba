/* SPDX-License-Identifier: MIT
 * Runs the matrix of workloads and allocators: one process per round and arm, a journal, a result. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"
#include "play/lock.h"
#include "run/plan.h"
#include "run/profiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum run_latency { RUN_LATENCY_SAMPLED, RUN_LATENCY_ALL, RUN_LATENCY_OFF };
/* How long streams are: as they are written, or run/steady.h. */
enum run_until { RUN_UNTIL_WRITTEN, RUN_UNTIL_STEADY };
/* Whether arms are held against each other in one process: never, too, or without being timed alone. */
enum run_paired { RUN_PAIRED_OFF, RUN_PAIRED_ON, RUN_PAIRED_ONLY };
/* How it tells how far it is, on standard error: not at all, on one line of a terminal, by a line a minute. */
enum run_progress { RUN_PROGRESS_NONE, RUN_PROGRESS_LINE, RUN_PROGRESS_LOG };

struct resumed;
struct calibration;

#define RUN_ROUNDS_DEFAULT 12u
#define RUN_PAIRED_MS_DEFAULT 40u
#define RUN_PAIRED_MS_MAX 10000u
#define RUN_ROUNDS_MAX 100000u
#define RUN_ROUNDS_AUTO "auto"
#define RUN_ROUNDS_AUTO_MAX 40u
#define RUN_STALL_SECONDS_DEFAULT 60.0

#define RUN_CPUS_BYTES 256u
#define RUN_SEEDS_MAX 64u
#define RUN_AXIS_MAX 16u /* threads, and rates, of one run */
#define RUN_SHARDS_MAX 10000u

struct run_options {
	const char *const *files;
	size_t file_count;
	const char *const *specs; /* checked with allocator_spec_check */
	size_t spec_count;
	const bool *named;                   /* of each spec: it was asked for by name. NULL: none was */
	const struct workload_sweep *sweeps; /* of the command line, beside those of the files */
	size_t sweep_count;
	struct plan_changes changes;   /* without settings, and without what is one of several */
	uint64_t seeds[RUN_SEEDS_MAX]; /* every workload is played with each; all different */
	size_t seed_count;             /* 0, or 2 and more */
	enum lock_kind lock;           /* around allocators that need one; NONE with several threads: they are refused */
	/* Every workload is also played with each of these; all different, ascending or not. */
	uint32_t threads[RUN_AXIS_MAX], rates[RUN_AXIS_MAX];
	size_t threads_count, rate_count; /* 0, or 2 and more: then changes have none */
	uint32_t rounds;                  /* at most; 0: the audit alone, which is on then */
	bool rounds_auto;                 /* they end at the first look that decides */
	/* Below rounds, ascending: when it is looked before them, or was before more rounds were asked for. */
	uint32_t looks[RESULT_LOOKS_MAX - 1];
	uint32_t look_count;
	double budget_seconds; /* no round begins that would end later, but for the first of each workload; 0: none */
	enum run_until until;
	enum run_latency latency;
	bool audit;
	bool bounds;
	enum run_paired paired;
	uint32_t rounds_alone;     /* with pairs: the first so many rounds also time every arm alone; 0: all */
	uint32_t paired_ms;        /* of windows that each of a pair plays in a process, at least */
	const char *against;       /* a spec, or COMPARE_AGAINST_ALL: as for compare_within */
	uint32_t shard, shards;    /* plays part `shard` of so many alone (run/shard.h); 0: all */
	const char *costs;         /* a result.json that says what workloads cost, for the plan of shards; NULL: none */
	const char *folder;        /* NULL: results/<run id> */
	const char *placements;    /* a new file for what the audits see; NULL: none */
	double stall_seconds;      /* a worker that plays no window for so long hangs */
	char cpus[RUN_CPUS_BYTES]; /* to run on, as cpus_read_list reads them; empty: any */
	bool has_node;             /* else the CPUs of NUMA node `node` */
	uint32_t node;
	uint64_t memory_limit_bytes; /* of a worker, resident; 0: three quarters of the machine's, or its control group's */
	uint32_t rounds_least;       /* so many of each workload are played whatever they take; 0: one */
	bool brief;                  /* pairs in short processes, with windows of one length; nothing is kept on disk */
	enum profiler profiler;      /* plays every arm once more when all was timed; one thread */
	enum run_progress progress;
	const char *command;                   /* for the record */
	const struct calibration *calibration; /* of this machine, for the record; NULL: not known */
	struct resumed *resumed;               /* NULL: a new run */
};

/* Runs everything. *result is filled also when the run was interrupted (run.partial) or arms failed; *folder (to be released
 * by the caller) is where it was written. Returns the exit code of the run; with EXIT_CODE_USAGE nothing was run and *messages
 * has the faults of the workload files; with EXIT_CODE_IO *error says why.
 */
enum exit_code run_matrix(const struct run_options *options, struct result *result, struct text *folder,
			  struct text *messages, struct error *error);

/* Goes on with the run in folder, which may have been killed at any moment: processes that finished are taken from its
 * journal, the others are run, and so are those that failed by trouble of the machine. rounds: how many there are to be from
 * now on, for good, without looks and budget that were asked for; not below those that there are (EXIT_CODE_USAGE); 0: as was
 * asked for. As run_matrix; *finished is set when
 * there was nothing to do (the exit code is that of the run, *result is not filled). options: progress is read. A folder
 * without a run, of another build or machine, or whose workloads changed is EXIT_CODE_USAGE. */
enum exit_code run_resume(const char *name, uint32_t rounds, const struct run_options *options, struct result *result,
			  struct text *folder, struct text *messages, bool *finished, struct error *error);

#endif
