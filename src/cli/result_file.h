/* SPDX-License-Identifier: MIT
 * Results that are named on the command line. */
#ifndef CLI_RESULT_FILE_H
#define CLI_RESULT_FILE_H

#include "base/error.h"
#include "result/result.h"

/* path: a result.json, plain or packed by zstd, or the folder of a run, with one of these. -1 with EXIT_CODE_USAGE (cannot be
 * opened, or is no result) or EXIT_CODE_IO. */
int cli_result_load(const char *path, struct result *result, struct error *error);

/* Several, the oldest first. -1 likewise; *results is to be released with cli_results_release either way. */
int cli_results_load(char **paths, size_t count, struct result **results, struct error *error);
void cli_results_release(struct result *results, size_t count);

/* RESULT or RESULT:SPEC. What stands before a colon is a result only if the whole word is none. */
struct cli_result_name {
	char *path;       /* released by the caller with memory_release */
	const char *spec; /* inside the word, or NULL */
};
int cli_result_name(const char *word, struct cli_result_name *name, struct error *error);

/* "3%" or "0.5%" to a share in (0, 1]; false when it is none. */
bool cli_read_share(const char *value, double *share);

#endif
