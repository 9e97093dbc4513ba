/* SPDX-License-Identifier: MIT
 * What the system tells of a process. */
#ifndef RUN_PROCESS_H
#define RUN_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_state {
	char name[16];
	char letter; /* R, S, D, Z, T (stopped), t (traced) … */
	pid_t parent;
};

/* false: there is no such process, or it cannot be told. */
bool process_read(pid_t pid, struct process_state *state);

/* What it has in memory; 0: cannot be told. */
uint64_t process_resident_bytes(pid_t pid);

#endif
