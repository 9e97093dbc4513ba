/* SPDX-License-Identifier: MIT
 * Arguments of the commands that play workloads on allocators: run, aperture. */
#ifndef CLI_RUN_ARGUMENTS_H
#define CLI_RUN_ARGUMENTS_H

#include "base/text.h"
#include "run/run.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

/* Values of options without a letter. */
enum {
	OPTION_SEED = 256,
	OPTION_OPS,
	OPTION_ROUNDS,
	OPTION_LATENCY,
	OPTION_AUDIT,
	OPTION_JSON,
	OPTION_STALL,
	OPTION_COLOR,
	OPTION_MEMORY,
	OPTION_LOCK,
	OPTION_SWEEP,
	OPTION_PARSE_ONLY,
	OPTION_RATE
};

struct run_arguments {
	/* Set by the command: which options it knows, in both forms, and what it says about them. */
	const struct option *options;
	const char *letters;
	void (*help)(void);
	/* Set by run_arguments_read. */
	char **argv;
	struct run_options run;
	const char **specs;
	bool *named; /* each of them was named by itself */
	size_t spec_count;
	const char *json;
	const char *color;
	bool quiet;
	bool parse_only;
	bool lock_given;
	struct workload_sweep *sweeps;
	size_t sweep_count;
	struct text command;
};

/* A whole number, decimal or hex, in [low, high]; scaled: k, M or G may follow. */
bool run_read_number(const char *text, uint64_t low, uint64_t high, bool scaled, uint64_t *number);

/* -1: go on; else the exit code, everything was said. Released by the caller in both cases. */
int run_arguments_read(struct run_arguments *arguments, int argc, char **argv);
void run_arguments_release(struct run_arguments *arguments);

#endif
