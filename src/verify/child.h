/* SPDX-License-Identifier: MIT
 * A process of its own for everything that calls an allocator. */
#ifndef VERIFY_CHILD_H
#define VERIFY_CHILD_H

#include "verify/verify.h"

struct verify_limits {
	double stall_seconds;  /* without a sign of life */
	uint64_t memory_bytes; /* resident; 0: none */
	bool quiet;            /* what it prints goes nowhere, instead of to standard error */
};

/* How it ended. */
struct verify_outcome {
	enum verify_state state;
	uint64_t part, op, calls, refused; /* as in its mail */
	char message[VERIFY_MESSAGE_BYTES];
	struct crash crash; /* CRASHED: where */
};

/* Adds to the message of what crashed where it was, by names and lines where they can be had. Costs a tenth of a second. */
void verify_outcome_tell_crash(struct verify_outcome *outcome);

/* Plays body in a new process that is killed when it shows no sign of life, takes too much memory or outlives this one; what
 * it starts is killed with it. body's mail lies in memory that both share, as does whatever verify_shared gave. This process
 * is to be a subreaper without other children. Returns 0, or -1 when no process could be made. Cost: about a millisecond. */
typedef void (*verify_body)(void *context, struct verify_mail *mail);
int verify_child(verify_body body, void *context, const struct verify_limits *limits, struct verify_outcome *outcome,
		 struct error *error);

/* Zeroed memory that children share with this process; NULL: there is none. To be unmapped. */
void *verify_shared(size_t bytes);
void verify_unshare(void *memory, size_t bytes);

#endif
