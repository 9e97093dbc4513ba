/* SPDX-License-Identifier: MIT
 * What the system tells of a process. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

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

/* What was found of the children of this process. */
struct process_left {
	uint32_t killed; /* so many had to be */
	bool for_good;   /* some do not end */
	char name[16];   /* of one of them */
};

/* Kills every child of this process, and what becomes one because its parent has ended; adds to *left, which begins zeroed.
 * For that this process is a subreaper (PR_SET_CHILD_SUBREAPER), and has no child that is to stay. */
void process_sweep(struct process_left *left);

#endif
