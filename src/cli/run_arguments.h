/* SPDX-License-Identifier: MIT
 * Arguments of the commands that play workloads on allocators: run, aperture. */
#ifndef CLI_RUN_ARGUMENTS_H
#define CLI_RUN_ARGUMENTS_H

#include "base/text.h"
#include "cli/cli.h"
#include "cli/workload_folder.h"
#include "run/run.h"
#include "run/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct run_arguments {
	const struct cli_command *command;
	struct run_options run;
	const char **specs;
	bool *named; /* each of them was named by itself */
	size_t spec_count;
	struct cli_output output;
	bool parse_only, shrink;
	const char *baseline, *policy; /* of a suite: what the result is held against; NULL: none */
	struct workload_sweep *sweeps;
	size_t sweep_count;
	struct workload_paths files; /* of run */
	struct text words;           /* of the command line */
};

/* Rows whose target is a struct run_arguments; those of run/settings.h go with them. */
enum { RUN_ARGUMENT_ROWS = 8 };
extern const struct option_row run_argument_rows[RUN_ARGUMENT_ROWS];

/* -1: go on; else the exit code, everything was said. Released by the caller in both cases. */
int run_arguments_read(struct run_arguments *arguments, const struct cli_command *command, int argc, char **argv);
/* Why a run with these cannot be played in shards, in words, or NULL. */
const char *run_arguments_against_shards(const struct run_arguments *arguments);
/* Plays what was read, or checks it (parse_only), and tells it. Returns the exit code. */
int run_arguments_play(const struct run_arguments *arguments);
void run_arguments_release(struct run_arguments *arguments);

#endif
