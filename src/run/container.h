/* SPDX-License-Identifier: MIT
 * What the control groups of this process leave it of the machine. */
#ifndef RUN_CONTAINER_H
#define RUN_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

struct container {
	uint64_t memory_bytes; /* the least limit on the way from its group to the root; UINT64_MAX: none */
	double cpus;           /* CPU seconds in a second, likewise; INFINITY: no quota */
	/* Processes of its group that the system killed for want of memory; 0: none, or cannot be told. */
	uint64_t oom_kills;
	bool known; /* its groups can be told */
};

/* root: "" or the folder that holds proc and sys. Version 1 and 2, and both at once; what cannot be read limits nothing. */
void container_read(const char *root, struct container *container);

#endif
