/* SPDX-License-Identifier: MIT
 * compare --quick: two allocators held against each other in about a second. */
#ifndef CLI_QUICK_H
#define CLI_QUICK_H

#include "base/error.h"

#include <stdbool.h>

struct quick {
	const char *specs[2]; /* A, B */
	const char *workload; /* a word as for run; NULL: a small one of its own */
	double threshold;
	bool json;
};

/* Runs the paired pass in short processes, and tells on standard output. Returns the exit code: 0 no difference, or B is
 * faster; 1 B is slower; 4 undecided; or what a run ends with that has no pairs. */
enum exit_code quick_compare(const struct quick *quick, struct error *error);

#endif
