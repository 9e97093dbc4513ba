/* SPDX-License-Identifier: MIT
 * The journal of a run that goes on: every finished process once, under its key. */
#ifndef RUN_JOURNAL_H
#define RUN_JOURNAL_H

#include "base/error.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_entry {
	struct result_record record; /* zeroed when it was taken */
	size_t line;                 /* from 1 */
	bool taken;                  /* or asked for, to be played again */
};

struct journal {
	struct journal_entry *entries; /* in the order of their first lines */
	size_t count, capacity;
	size_t *slots; /* by key: 1 + index of an entry, 0 = empty */
	size_t slot_count;
	size_t lines;
	size_t whole_bytes; /* of the lines that are whole; what follows was torn */
};

/* Reads every whole line. A later line of a process that the machine disturbed takes the place of the one before. -1: a line
 * that is none of ours or whose checksum is wrong, a key that is there twice (EXIT_CODE_USAGE, naming the line), no memory.
 * O(lines). */
int journal_read(struct journal *journal, const char *bytes, size_t length, struct error *error);
void journal_release(struct journal *journal);

/* Moves all of a part's records, which is released then. An audit that both have is kept once. -1: two audits
 * that disagree (EXIT_CODE_UNTRUSTWORTHY), another process that both have, or that was taken (EXIT_CODE_USAGE), no memory. */
int journal_join(struct journal *journal, struct journal *part, struct error *error);

/* What a run can have written. */
struct journal_bounds {
	const char *const *specs; /* and null, the harness */
	size_t spec_count;
	uint32_t rounds;
};
/* Before any record is taken. -1 with EXIT_CODE_USAGE, naming the first line that no process of such a run can have left. */
int journal_check(const struct journal *journal, const struct journal_bounds *bounds, struct error *error);

/* What the process behind a key is. */
struct journal_process {
	uint64_t key;
	const char *workload, *spec;
	const char *against; /* paired; else "" */
	enum result_pass pass;
	uint32_t round;
	size_t phase_count;   /* of the workload */
	size_t space_count;   /* at most: its domains, and the views of drivers on them */
	uint64_t stream_hash; /* 0: not known */
};
/* Moves the record of a finished process into *record. 0: it is not there, or has to be played again; 1: taken; -1 with
 * EXIT_CODE_USAGE: the line under its key speaks of another process. O(1). */
int journal_take(struct journal *journal, const struct journal_process *process, struct result_record *record,
		 struct error *error);

/* How many rounds have a record. */
uint32_t journal_rounds(const struct journal *journal);

/* Records that nobody took or asked for. */
size_t journal_left(const struct journal *journal);

#endif
