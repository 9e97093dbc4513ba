/* SPDX-License-Identifier: MIT
 * All rules on one spec, each in a process of its own. */
#ifndef VERIFY_HUNT_H
#define VERIFY_HUNT_H

#include "verify/child.h"
#include "verify/verify.h"

#define VERIFY_PROMISE_OWN VERIFY_PROMISES /* that of the spec */

struct verify_options {
	const char *spec;
	enum iova_promise promise; /* or VERIFY_PROMISE_OWN */
	uint64_t seed;
	double hunt_seconds; /* random cases of ever new seeds for so long, behind the quick look */
	struct verify_limits limits;
	const struct verify_case *given; /* of workloads, beside the cases of the rules */
	size_t given_count;
};

/* What became of a rule. */
struct verify_row {
	const struct verify_rule *rule;
	struct verify_outcome outcome;
	const struct verify_case *given; /* whose calls it was, or NULL */
	uint64_t seed;
	double seconds;
};

struct verify_report {
	struct verify_row *rows; /* of every rule that was played, in the order of the table */
	size_t row_count;
	enum iova_promise promise;
	struct verify_ground ground;
	size_t held, broken, not_applicable;
	uint64_t calls, refused, seeds; /* played; spaces that it refused; of the hunt */
	double seconds, hunt_seconds;
};

/* only: this rule alone, or NULL. *stop: set from outside to end after the rule at hand. Returns 0, or -1: the spec cannot be
 * opened (EXIT_CODE_USAGE), manages no space that is tried (EXIT_CODE_NO_ARM), ends when it is opened (EXIT_CODE_VIOLATION),
 * or there is no memory or process. */
int verify_all(const struct verify_options *options, const struct verify_rule *only, struct verify_report *report,
	       const volatile bool *stop, struct error *error);
void verify_report_release(struct verify_report *report);

/* Plays one case under a rule in a process of its own. */
int verify_once(const struct verify_options *options, const struct verify_rule *rule, const struct verify_ground *ground,
		const struct verify_case *one, struct verify_outcome *outcome, struct error *error);

#endif
