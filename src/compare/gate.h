/* SPDX-License-Identifier: MIT
 * A result held against a baseline, by a policy. */
#ifndef COMPARE_GATE_H
#define COMPARE_GATE_H

#include "base/error.h"
#include "base/text.h"
#include "compare/compare.h"
#include "compare/policy.h"

#include <stdbool.h>
#include <stddef.h>

enum gate_outcome { GATE_PASSED, GATE_INCONCLUSIVE, GATE_FAILED };

/* An arm of the baseline and what became of it. */
struct gate_arm {
	size_t baseline;                     /* arm */
	bool present;                        /* measured in the result, too; else pair is empty */
	const struct result_arm *unmeasured; /* the arm of the result that was not measured; NULL: there is none */
	struct compare_pair pair;
	enum gate_outcome outcome;
};

/* An arm on which the gate could not look, and that could have shown something: one of the baseline that failed or was not run
 * to its end (inconclusive), or one of the result that failed and has no measured counterpart (failed). */
struct gate_blind {
	const struct result *result; /* the baseline or the result */
	size_t arm;
	enum gate_outcome outcome;
};

struct gate {
	const struct policy *policy;
	const struct result *baseline, *result;
	struct gate_arm *arms; /* every arm that the baseline measured */
	size_t arm_count;
	struct gate_blind *blinds;
	size_t blind_count;
	enum gate_outcome outcome; /* the worst of its arms and blinds */
};

/* How a row counts under the policy: only gated ones can be anything but GATE_PASSED. */
enum gate_outcome gate_row_outcome(const struct policy *policy, const struct result_comparison *row);

/* Everything that is given must outlive the gate, which gate_close releases. -1 with EXIT_CODE_USAGE when the baseline
 * measured nothing, or when no arm of it played the same operations as its counterpart: the message names both workloads. */
int gate_open(struct gate *gate, const struct policy *policy, const struct result *baseline, const struct result *result,
	      struct error *error);
void gate_close(struct gate *gate);

/* Why an arm is not present, as "was not measured (failed): reason"; names come from files. */
void gate_tell_absent(const struct gate_arm *arm, struct text *text);

/* "the baseline's arm is failed (allocator): reason". */
void gate_tell_blind(const struct gate *gate, const struct gate_blind *blind, struct text *text);

/* JUnit XML: one suite for each arm, also where the gate was blind, one case for each metric that is not ignored. Well-formed
 * whatever the names hold. */
void gate_junit(const struct gate *gate, struct text *xml);

/* Gates a made-up result against copies of itself, in each of which one thing was made worse: every metric that the policy
 * gates, an arm that is missing, other operations. Equals must pass. *log tells what was planted and what became of it. good <
 * checks: the gate is blind somewhere. -1: no memory. */
struct gate_selftest {
	unsigned checks;
	unsigned good;
};
int gate_selftest(const struct policy *policy, struct gate_selftest *found, struct text *log, struct error *error);

#endif
