/* SPDX-License-Identifier: MIT
 * The process between the parent and the one that plays: what that one starts is killed when it ends, wherever it hid. */
#ifndef RUN_WARDEN_H
#define RUN_WARDEN_H

#include "run/job.h"

/* Makes this process the warden of a new one, in a session of their own, which calls play and ends with what it returns.
 * Waits for it, kills every process that it left behind, and writes into *job how it ended and what that was. SIGTERM, or the
 * death of the parent, kills it at once. Returns an exit code: in the new process that of play. */
int warden_run(struct job *job, int (*play)(struct job *job));

#endif
