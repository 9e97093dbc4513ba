/* SPDX-License-Identifier: MIT
 * --until steady: a stream as long as it takes until what an allocator does to its space is level. */
#ifndef RUN_STEADY_H
#define RUN_STEADY_H

#include "base/error.h"
#include "base/text.h"
#include "run/combination.h"
#include "run/run.h"

/* Without --ops a stream is made longer by at most so much. */
#define STEADY_GROWTH_MAX 64u

/* Plays audits of all arms, each in a process of its own, of the stream as it is written and of ever twice as many operations
 * in its measured phases, until no exact series grows at the end of the last one (measure/ageing.h): live pages, unusable
 * 2 MiB, page tables, span. The combination is then of that length, and its steady says what was found; its stream is not
 * made yet. changes.ops of the run is the most that is tried, else STEADY_GROWTH_MAX times what is written. The same
 * operations are found every time: figures of an audit are exact. Returns 0, also when it did not become level, or -1 with the
 * faults of the file in *messages or one in *error. Cost: twice the audits of the last length. */
int steady_extend(struct combination *combination, const struct run_options *options, struct text *messages,
		  struct error *error);

#endif
