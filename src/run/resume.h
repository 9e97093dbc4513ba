/* SPDX-License-Identifier: MIT
 * What a run that goes on brings with it. */
#ifndef RUN_RESUME_H
#define RUN_RESUME_H

#include "run/journal.h"
#include "run/request.h"
#include "run/store.h"

struct resumed {
	struct request request;
	struct journal journal;
	struct store store; /* open; run_matrix takes it over */
};

#endif
