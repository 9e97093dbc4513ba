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
	const char *baseline, *policy; /* in place of those of the suite; NULL: not given */
};

#define SUITE_PLAN_ROWS 4
extern const struct option_row suite_plan_rows[SUITE_PLAN_ROWS]; /* of struct suite_plan */

/* Takes a suite's own options out of the words behind it, and of a plan where it is to write: *count is how many are left,
 * in their order. *output is NULL when no folder was given. Returns -1 to go on, else the exit code: everything was said. */
int suite_plan_take(struct suite_plan *plan, const char *verb, int *count, char **words, const char **output);

/* Prints the plan. line: the command line of run, without a folder and --shard; name: of the suite; baseline and policy
 * of plan are those that its merge is held against. Returns the exit code. */
int suite_plan_print(const struct suite_plan *plan, const char *name, const char *output, int count, char **line);

#endif
