/* SPDX-License-Identifier: MIT
 * Cuts down what breaks a rule to calls none of which can be left out, by delta debugging in fresh processes. */
#ifndef VERIFY_SHRINK_H
#define VERIFY_SHRINK_H

#include "verify/hunt.h"

struct verify_shrunk {
	struct verify_case one; /* owned */
	struct verify_outcome outcome;
	bool repeats;  /* false: it did not happen a second time, and one is all that was played */
	bool minimal;  /* false: time was over before every call was tried without */
	size_t before; /* calls */
	uint64_t trials;
	double seconds;
};

/* broken: as it was played; outcome: how that ended. Takes at most about so many seconds. Returns 0, or -1 without memory or
 * processes. */
int verify_shrink(const struct verify_options *options, const struct verify_rule *rule, const struct verify_ground *ground,
		  const struct verify_case *broken, const struct verify_outcome *outcome, double seconds,
		  struct verify_shrunk *shrunk, struct error *error);
void verify_shrunk_release(struct verify_shrunk *shrunk);

#endif
