/* SPDX-License-Identifier: MIT
 * How far a run is, for people who wait for it. */
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include "base/text.h"

#include <stddef.h>

/* Processes of a run. */
struct progress {
	size_t done;           /* run, taken from a journal, or not to be run any more */
	size_t run;            /* of these: in the time below */
	size_t all;            /* at most: rounds may end earlier */
	double seconds;        /* since the run began, >= 0 */
	double budget_seconds; /* 0: none */
};

/* "42 %, about 3 min left"; without a time while there is nothing to judge by. */
void progress_tell(const struct progress *progress, struct text *text);

#endif
