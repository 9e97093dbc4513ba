/* SPDX-License-Identifier: MIT
 * What a driver does between two calls of its allocator: walks data of its own and runs code of its own, so that neither the
 * allocator's data and code nor its branches are where it left them. */
#ifndef PLAY_INTERFERENCE_H
#define PLAY_INTERFERENCE_H

#include "base/clock.h"
#include "base/error.h"
#include "workload/model.h"

#include <stddef.h>
#include <stdint.h>

struct interference {
	uint64_t *data; /* one word of each cache line is read and written */
	size_t lines;
	size_t functions; /* of the program's own code, that are run */
	uint64_t value;   /* what branches depend on: it never repeats */
};

/* How much code this build has to run. */
uint64_t interference_code_most(void);

/* -1: no memory; nothing is left behind. */
int interference_open(struct interference *interference, const struct workload_interference *size, struct error *error);
void interference_close(struct interference *interference);

/* Walks all lines and runs all code once. O(bytes). */
void interference_run(struct interference *interference);

/* Ticks of a stamped pair with nothing in it, behind an interference; 0 where the clock went back. */
uint64_t interference_empty_pair(struct interference *interference, const struct clock *clock);

#endif
