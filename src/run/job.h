/* SPDX-License-Identifier: MIT
 * What a worker is told, in memory that it shares with its parent: one arm, one process. */
#ifndef RUN_JOB_H
#define RUN_JOB_H

#include "base/clock.h"
#include "base/crash.h"
#include "result/result.h"
#include "play/lock.h"
#include "run/profiler.h"
#include "run/plan.h"
#include "workload/portion.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define JOB_SPEC_BYTES_MAX 1024
/* Parent and worker are the same program; a number that does not fit says that somebody called the worker by hand. */
#define JOB_MAGIC UINT64_C(0x626f6a6176600005)

struct job {
	uint64_t magic;
	uint64_t key; /* of the process, for the journal */
	char workload_file[PATH_MAX];
	char spec[JOB_SPEC_BYTES_MAX];
	uint32_t twins; /* arms before it in the run that have the same spec */
	/* Of a paired pass: the spec that spec is held against; else empty. */
	char against[JOB_SPEC_BYTES_MAX];
	uint32_t against_twins;
	uint32_t paired_ms; /* paired: as of struct run_options */
	bool brief;         /* likewise */
	bool probe;         /* open the spec, play nothing: pass and all that belongs to a workload mean nothing */
	/* Timed, but a profiler watches, which the warden starts: no figures. */
	enum profiler profiler;
	char profile[PATH_MAX];
	bool profiled; /* the profiler was started, and has started this process */
	enum result_pass pass;
	uint32_t round;
	uint32_t latency_gap; /* 0: no latency pass */
	bool with_series;
	int cpu;     /* to run on, or for the first thread; -1: anywhere */
	double rate; /* operations per second of an open loop; 0: closed */
	bool poisson;
	enum lock_kind lock; /* around allocators that need one */
	struct plan_changes changes;
	struct clock clock;
	uint64_t words;             /* of the stream, with several threads of the woven one */
	uint64_t words_of_portions; /* several threads */
	uint64_t peak_live_pages;
	/* What the parent's stream needs: a recording that was exchanged under us must not be played from other slots. */
	uint32_t slot_count, domain_count;
	uint64_t request_count;
	uint32_t phase_count;
	uint64_t phase_words[WORKLOAD_PHASES_MAX];
	double tape_ns_per_op[WORKLOAD_PHASES_MAX];                        /* struct pass_tape */
	uint64_t portion_words[WORKLOAD_THREADS_MAX][WORKLOAD_PHASES_MAX]; /* by thread */
	/* Descriptors that the worker inherits. */
	int workload_bytes;        /* the file as the parent read it */
	int stream_words;          /* operations, or -1: the worker generates them */
	int tape;                  /* image of a tape (ddi/tape.h), or -1: whoever needs one records it */
	int steps;                 /* of every word, for pass.steps; -1: nowhere */
	int placements;            /* where an audit writes what it saw; -1: nowhere */
	int record;                /* where the worker writes its record */
	int self;                  /* the job */
	int profiler_pipes[4];     /* its commands, and its answers; of each the end to read from and the other; -1: none */
	struct crash crash;        /* where it crashed */
	_Atomic uint64_t progress; /* words played: stands still when the worker hangs */
	_Atomic bool own_work;     /* it is in this program's own work, in no allocator */
	_Atomic uint32_t side;     /* enum result_side: whose code runs; paired */
	/* What its warden tells. */
	_Atomic pid_t player;    /* the process that plays, the worker's child; 0: not yet */
	_Atomic bool ended;      /* the rest is true */
	int status;              /* as wait has it */
	uint32_t left_processes; /* that it left behind, killed */
	bool left_for_good;      /* some of them could not be killed */
	char left_name[16];      /* of one of them */
};

/* Runs the job behind descriptor; returns an exit code. The record is written also when the job failed. */
int worker_run(int descriptor);

#endif
