/* SPDX-License-Identifier: MIT
 * Every arm once more, when all was timed, under a profiler. */
#ifndef RUN_PROFILE_ARMS_H
#define RUN_PROFILE_ARMS_H

#include "run/matrix.h"

/* One process for each arm that has figures; its times are used by nobody. Files are named as the arms' logs are. Appends what
 * was written and how to read it, or why there is none, to *messages. Returns EXIT_CODE_OK, or EXIT_CODE_IO when a profile is
 * missing. */
enum exit_code profile_arms(struct matrix *matrix, struct text *messages);

#endif
