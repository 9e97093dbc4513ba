/* SPDX-License-Identifier: MIT
 * What a run that goes on brings with it. */
#ifndef RUN_RESUME_H
#define RUN_RESUME_H

#include "run/journal.h"
#include "run/run_file.h"
#include "run/store.h"

struct resumed {
	struct run_file run_file;
	struct journal journal;
	struct store store; /* open; run_matrix takes it over */
};

#endif
