/* SPDX-License-Identifier: MIT
 * The journal of a run that goes on: every finished process once, under its key. What failed by trouble of the machine is not finished: it may
 * be played again, and the line that comes later counts. */
#ifndef RUN_JOURNAL_H
#define RUN_JOURNAL_H

#include "base/error.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal {
	struct result_record *records; /* zeroed where one was taken */
	bool *taken;
	size_t count, capacity;
	size_t lines;
	size_t whole_bytes; /* of the lines that are whole; what follows was torn */
};

/* Reads every whole line. -1: a line that is none of ours, a key that is there twice (EXIT_CODE_USAGE, naming the line), no memory. */
int journal_read(struct journal *journal, const char *bytes, size_t length, struct error *error);
void journal_release(struct journal *journal);

/* Moves the record of a finished process into *record; false when it is not there, or has to be played again. */
bool journal_take(struct journal *journal, uint64_t key, struct result_record *record);

/* Records that nobody took or asked for. */
size_t journal_left(const struct journal *journal);

#endif
