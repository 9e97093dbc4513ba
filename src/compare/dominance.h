/* SPDX-License-Identifier: MIT
 * Whether one arm is better than another in all that counts, or one in this and the other in that. */
#ifndef COMPARE_DOMINANCE_H
#define COMPARE_DOMINANCE_H

#include "result/result.h"

#include <stddef.h>

/* How b stands against a in one headline figure. */
enum compare_standing {
	COMPARE_LEVEL,
	COMPARE_BETTER,
	COMPARE_WORSE,
	COMPARE_OPEN, /* inconclusive, different work, not compared, or better here and worse there */
	COMPARE_STANDING_COUNT
};

enum compare_outcome {
	COMPARE_OUTCOME_NONE,  /* no headline figure was compared */
	COMPARE_OUTCOME_LEVEL, /* in all of them */
	COMPARE_OUTCOME_A,     /* a is better or level in all, and better in one */
	COMPARE_OUTCOME_B,     /* likewise */
	COMPARE_OUTCOME_TRADE, /* each is better in some: neither dominates, whatever is open */
	COMPARE_OUTCOME_OPEN,  /* what is open decides */
	COMPARE_OUTCOME_COUNT
};
extern const char *const compare_outcome_name[COMPARE_OUTCOME_COUNT]; /* "none", "level", "a", "b", "trade", "open" */

struct compare_dominance {
	struct {
		enum metric metric;
		enum compare_standing standing;
	} headlines[METRIC_HEADLINES]; /* in the order in which they were met */
	size_t count;
	size_t counts[COMPARE_STANDING_COUNT];
	enum compare_outcome outcome;
};

/* From the comparisons of one pair, of which those of headline figures count. There may be several of a figure, as of
 * replicates: it is better, or worse, when no comparison says otherwise and one of them says so. O(count). */
void compare_dominance(const struct result_comparison *rows, size_t count, struct compare_dominance *dominance);

#endif
