/* SPDX-License-Identifier: MIT
 * What gate does, also for a run that is held against a baseline when it ends. */
#ifndef CLI_GATE_END_H
#define CLI_GATE_END_H

#include "base/error.h"
#include "base/text.h"
#include "compare/policy.h"
#include "result/result.h"

#include <stdbool.h>

struct cli_gate {
	struct result baseline;
	struct policy policy;
	bool held; /* baseline is there */
};

/* Reads a policy (NULL: the default one). command: who complains; everything was said. */
enum exit_code cli_gate_policy(const char *command, const char *file, struct policy *policy);
/* The same, and the baseline (NULL: nothing is held), before anything is run. Released by the caller in both cases. */
enum exit_code cli_gate_open(struct cli_gate *gate, const char *command, const char *baseline, const char *policy);
void cli_gate_close(struct cli_gate *gate);

/* Holds a result against it: adds the table, and how it ended. quiet: only that. junit: XML, too; NULL: none. Returns what it
 * means for the exit code; *error when nothing could be held. */
enum exit_code cli_gate_tell(const struct cli_gate *gate, const struct result *result, bool all, bool quiet,
			     struct text *text, struct text *junit, struct error *error);

#endif
