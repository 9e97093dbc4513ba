/* SPDX-License-Identifier: MIT
 * A worker process from its start to its record. */
#ifndef RUN_SPAWN_H
#define RUN_SPAWN_H

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"
#include "run/job.h"

#include <stdbool.h>

/* A file in memory that workers inherit; -1 with a message. Closed with close(). bytes: its content, sealed at once; NULL: an
 * empty file. */
int spawn_memory_file(const char *name, const void *bytes, size_t length, struct error *error);
/* From now on nobody, not even this process, changes its bytes or its length: what runs in one worker cannot take it away from
 * another. Such a file is mapped privately: kernels before 6.7 refuse to share it. */
int spawn_seal(int descriptor, struct error *error);

/* What the parent does while it waits, about ten times a second; words: played so far. */
struct spawn_watch {
	void (*tick)(void *context, uint64_t words);
	void *context;
	double stall_seconds;
	uint64_t memory_limit_bytes; /* resident; 0: none */
};

/* Executes the program again as a worker for job (job->record is set here), waits for it and reads its record into *record. A
 * worker that crashed, hung, passed the memory limit, was killed or wrote no record gives a record that is not ok and says so,
 * and whose fault it seems to be: only trouble of our own (no memory, no process) returns -1. *line: the record as it goes
 * into the journal. */
int spawn_worker(struct job *job, const struct spawn_watch *watch, struct result_record *record, struct text *line,
		 struct error *error);

#endif
