/* SPDX-License-Identifier: MIT
 * A suite: what a run is asked for, as a file. Its keys are the options of run. */
#ifndef CLI_SUITE_FILE_H
#define CLI_SUITE_FILE_H

#include "base/text.h"
#include "run/settings.h"
#include "yaml/key.h"

/* What is no option of run, or stands in place of one of run_argument_rows. Of a baseline and a policy there is one. */
enum { SUITE_WORKLOADS, SUITE_ALLOCATORS, SUITE_SWEEPS, SUITE_BASELINE, SUITE_POLICY, SUITE_LISTS };

struct suite_values {
	struct yaml_written *values;
	size_t count; /* 0: was not given */
};

struct suite {
	char *about; /* NULL: none */
	struct suite_values lists[SUITE_LISTS];
	struct suite_values settings[RUN_SETTINGS]; /* by row of run_settings */
};

/* The keys of a suite. */
const struct yaml_language *suite_language(void);

#define SUITE_FILE_BYTES_MAX (1u << 20)

/* file: for messages. -1: messages tell every fault with line and column; there is nothing to release then. */
int suite_parse(const char *file, const char *bytes, size_t length, struct suite *suite, struct text *messages);
void suite_release(struct suite *suite);

#endif
