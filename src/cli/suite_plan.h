/* SPDX-License-Identifier: MIT
 * A suite in parts: which shard has which rounds, and what hands them to machines. */
#ifndef CLI_SUITE_PLAN_H
#define CLI_SUITE_PLAN_H

#include "base/text.h"
#include "cli/options.h"

enum suite_for { SUITE_FOR_PEOPLE, SUITE_FOR_SLURM, SUITE_FOR_PARALLEL, SUITE_FOR_MAKE };

struct suite_plan {
	uint32_t shards; /* 0: not in parts */
	enum suite_for kind;
};

#define SUITE_PLAN_ROWS 2
extern const struct option_row suite_plan_rows[SUITE_PLAN_ROWS]; /* of struct suite_plan */

/* Takes its own options, and where it is to write, out of the words behind a plan's suite: *count is how many are left, in
 * their order. *output is NULL when no folder was given. Returns -1 to go on, else the exit code: everything was said. */
int suite_plan_take(struct suite_plan *plan, int *count, char **words, const char **output);

/* Prints the plan. line: the command line of run, without a folder and --shard; name: of the suite. Returns the exit code. */
int suite_plan_print(const struct suite_plan *plan, const char *name, const char *output, int count, char **line);

#endif
