/* SPDX-License-Identifier: MIT
 * run.json: what a run was asked for, so that another process can finish it. */
#ifndef RUN_REQUEST_H
#define RUN_REQUEST_H

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "run/inputs.h"
#include "run/run.h"

#include <stdint.h>

#define REQUEST_SCHEMA "iovabench.run/2"

struct request {
	/* After request_read files, sweeps, specs, named and command belong to the request; folder and progress are not
	 * kept. */
	struct run_options options;
	char *id, *started;
	char *directory;      /* that files and plugins are named from */
	uint64_t build_hash;  /* of the program's bytes: rounds of two builds are not mixed */
	char *cpu;            /* nor of two machines */
	struct inputs inputs; /* whoever begins the run adds them */
	struct clock clock;   /* as calibrated at the start: all ticks of the run are converted with it */
	char **texts;         /* that options points to; request_read only */
	size_t text_count;
};

/* Names a new run after the time of day and this process. options: copied, its texts are not. -1: no memory, or something
 * about this process cannot be told. */
int request_new(struct request *request, const struct run_options *options, struct error *error);
void request_release(struct request *request);

int request_write(const struct request *request, struct text *json, struct error *error);
/* -1 with a message that names the key; *request is then zeroed. */
int request_read(const char *json, size_t length, struct request *request, struct error *error);

/* Refuses to go on (EXIT_CODE_USAGE) with another build, on another machine, or with files that are not what they were, named
 * from the current folder. */
int request_check_here(const struct request *request, struct error *error);

#endif
