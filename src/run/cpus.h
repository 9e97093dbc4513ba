/* SPDX-License-Identifier: MIT
 * Where a run runs: --cpus and --node. */
#ifndef RUN_CPUS_H
#define RUN_CPUS_H

#include "base/error.h"
#include "run/run.h"

#include <sched.h>

/* Reads "2-3,5": numbers and ascending ranges of them below CPU_SETSIZE, one at least. -1: it is no such list; *set is then
 * undefined. */
int cpus_read_list(const char *text, cpu_set_t *set);

/* The CPUs that options name, *chosen = allowed when they name none. root: "" or the folder that holds sys. -1 with
 * EXIT_CODE_USAGE: one is not there, or not among allowed; of a node, none is. */
int cpus_choose(const char *root, const struct run_options *options, const cpu_set_t *allowed, cpu_set_t *chosen,
		struct error *error);

/* Keeps this process, and the workers that it starts from now on, on the CPUs that options name, so that what it fills for
 * them lies on their node, too. As cpus_choose; nothing is changed when they name none, or after -1. */
int cpus_use(const struct run_options *options, struct error *error);

#endif
