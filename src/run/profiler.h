/* SPDX-License-Identifier: MIT
 * Programs that watch a worker: how they are started, and how what they wrote is read. */
#ifndef RUN_PROFILER_H
#define RUN_PROFILER_H

#include "base/error.h"
#include "base/text.h"

enum profiler { PROFILER_OFF, PROFILER_PERF, PROFILER_VALGRIND, PROFILER_COUNT };
extern const char *const profiler_words[PROFILER_COUNT + 1]; /* off, perf, valgrind, NULL */

struct job;

/* Whether the program is there. -1: EXIT_CODE_USAGE, with the package that has it. */
int profiler_check(enum profiler profiler, struct error *error);

/* How the names of its files end. */
const char *profiler_suffix(enum profiler profiler);

/* The command that reads a file of it. */
void profiler_add_reader(enum profiler profiler, const char *file, struct text *text);

/* Makes this process the profiler of a worker of the job. Returns an exit code when that fails, and says why on stderr. */
int profiler_start(struct job *job);

#endif
