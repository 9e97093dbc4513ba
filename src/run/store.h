/* SPDX-License-Identifier: MIT
 * The folder of a run: its journal while it goes on, its files at the end. */
#ifndef RUN_STORE_H
#define RUN_STORE_H

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"

#include <stdbool.h>

struct store {
	struct text folder;
	int directory; /* the same, open: what is written stays there, whatever becomes of the name */
	int journal;
	bool nowhere; /* what is written is not kept */
};
/* Holds nothing. */
#define STORE_CLOSED ((struct store){.directory = -1, .journal = -1})
/* Takes records, files and results, and keeps none; closed as it is. */
#define STORE_NOWHERE ((struct store){.directory = -1, .journal = -1, .nowhere = true})

/* Two programs never work in one folder: it is locked from open to close. */

/* Makes a folder, with its parents; one that is there is fine. */
int store_make_folder(const char *path, struct error *error);

/* Makes the folder (with its parents) and opens rounds.jsonl in it, empty. Refused with EXIT_CODE_USAGE when the folder holds
 * a run or a result already: two runs must not mix. What was killed before it wrote run.json is no run; a merge (merging) that
 * was killed before its result.json, which its merge.json tells, is started over by the next one. */
int store_open(struct store *store, const char *folder, bool merging, struct error *error);
/* Opens the folder of a run that was begun. Refused with EXIT_CODE_USAGE when it holds none, or another program works in
 * it. */
int store_reopen(struct store *store, const char *folder, struct error *error);
void store_close(struct store *store);

/* For a run that could not begin: nothing was recorded, and the folder can be used again. The store stays open. */
void store_abandon(struct store *store);

/* Appends one record, forced to disk. */
int store_record(struct store *store, const struct text *line, struct error *error);
/* Appends records that others have kept, on disk after store_sync. */
int store_lines(struct store *store, const struct text *lines, struct error *error);
int store_sync(struct store *store, struct error *error);

/* Cuts what stands behind the first length bytes of the journal. */
int store_cut_journal(struct store *store, size_t length, struct error *error);

/* Reads <folder>/<name>, as file_read. */
int store_read(const struct store *store, const char *name, char **bytes, size_t *length, struct error *error);

/* Writes <folder>/<name> whole or not at all. */
int store_file(const struct store *store, const char *name, const struct text *content, struct error *error);

/* Writes series.csv, one .hlog per arm, and result.json, which is all of them: *lost others could not be written, and why is a
 * line of *messages. -1: result.json could not. */
int store_result(const struct store *store, const struct result *result, struct text *messages, size_t *lost,
		 struct error *error);
/* Writes what is missing beside the result.json of a finished run. Returns how many files could not be written. */
size_t store_complete(const struct store *store, const struct result *result, struct text *messages);

#endif
