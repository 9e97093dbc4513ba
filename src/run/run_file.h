/* SPDX-License-Identifier: MIT
 * run.json: what a run was asked for, so that another process can finish it. */
#ifndef RUN_RUN_FILE_H
#define RUN_RUN_FILE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "run/inputs.h"
#include "run/run.h"

#include <stdint.h>

#define RUN_FILE_SCHEMA "iovabench.run/2"

struct run_file {
	/* After run_file_read files, sweeps, specs, named and command belong to the run_file; folder and progress are not
	 * kept. */
	struct run_options options;
	char *id, *started;
	char *directory;      /* that files and plugins are named from */
	uint64_t build_hash;  /* of the program's bytes: rounds of two builds are not mixed */
	char *cpu;            /* nor of two machines */
	uint64_t node;        /* 0: an older run, which does not tell */
	struct inputs inputs; /* whoever begins the run adds them */
	struct clock clock;   /* as calibrated at the start: all ticks of the run are converted with it */
	char **texts;         /* that options points to; run_file_read only */
	bool was_read;        /* options has lists and sweeps of its own */
	size_t text_count;
};

/* Names a new run after the time of day and this process. options: copied, its texts are not. -1: no memory, or something
 * about this process cannot be told. */
int run_file_new(struct run_file *run_file, const struct run_options *options, struct error *error);
void run_file_release(struct run_file *run_file);
/* Gives back what it was asked for, but for options.shard and options.shards, and keeps what tells whose it is. */
void run_file_forget_request(struct run_file *run_file);

int run_file_write(const struct run_file *run_file, struct text *json, struct error *error);
/* -1 with a message that names the key; *run_file is then zeroed. */
int run_file_read(const char *json, size_t length, struct run_file *run_file, struct error *error);

/* Refuses to go on (EXIT_CODE_USAGE) with another build, on another machine, or with files that are not what they were, named
 * from the current folder. */
int run_file_check_here(const struct run_file *run_file, struct error *error);

#endif
