/* SPDX-License-Identifier: MIT
 * What the physical side decides in a workload's stream, recorded once by the parent in a file in memory that workers
 * map: it is the same for every arm (docs/design.md, The tape). */
#ifndef RUN_TAPE_FILE_H
#define RUN_TAPE_FILE_H

#include "base/clock.h"
#include "base/error.h"
#include "run/plan.h"
#include "run/stream_file.h"

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise. */
struct tape_file {
	bool tried;     /* create was called; else nothing below counts */
	int descriptor; /* an image of ddi/tape.h, sealed; -1: there is none, workers record what they need themselves */
	double ns_per_op[WORKLOAD_PHASES_MAX]; /* struct pass_tape */
};

/* What the memory that there is, or that a control group leaves, lets a tape take. */
uint64_t tape_file_bytes_most(void);
/* Plays the stream once. There is no file where there is no physical side to record, with several threads, and for a
 * stream that is not kept or whose tape would take more than bytes_most; meanwhile it takes twice as much. Returns 0, or
 * -1: it cannot be made. */
int tape_file_create(struct tape_file *file, struct plan *plan, const struct stream_file *stream, const struct clock *clock,
		     uint64_t bytes_most, struct error *error);
/* Gives it back. Idempotent. */
void tape_file_close(struct tape_file *file);

#endif
