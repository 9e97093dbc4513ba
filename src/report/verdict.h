/* SPDX-License-Identifier: MIT
 * Which allocator to take on a workload, and why: data first, then the sentences that every output shows. docs/results.md
 * tells the rules. */
#ifndef REPORT_VERDICT_H
#define REPORT_VERDICT_H

#include "base/text.h"
#include "report/view.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>

enum verdict_standing {
	VERDICT_TAKEN,
	VERDICT_BEHIND, /* in verdict_arm.by */
	VERDICT_APART,  /* other threads, rate, lock or node than the first one: not held against it */
	VERDICT_OUT     /* not measured, failed, not to be trusted; or null, which is the harness alone */
};

/* Of a time over the base's. */
struct verdict_ratio {
	double ratio, low, high; /* NaN: not compared, or of different work */
	bool decided;            /* else more rounds would decide, or what they hide forbids a verdict */
};

struct verdict_arm {
	size_t arm;
	enum verdict_standing standing;
	enum metric by;                              /* BEHIND */
	struct verdict_ratio time, interfered, tail; /* tail: of p99.9 */
	struct verdict_ratio seen;                   /* time as far as outcomes were the same, whether it decides or not */
	uint32_t rounds_wanted;                      /* of time; 0: not known */
	const struct result_comparison *row;         /* of time, against the base; NULL: none */
};

struct verdict {
	struct verdict_arm *arms; /* of the workload, ascending by arm */
	size_t count;
	size_t taken;     /* how many; 0: none could be judged */
	size_t judged;    /* neither APART nor OUT */
	size_t base;      /* position of the arm that times are held against; SIZE_MAX: no time was compared */
	enum metric by;   /* what decided last; METRIC_ALL: nothing, or one alone was judged */
	double threshold; /* of times */
};

/* What one arm is to another in time, by pairs where there are any. */
enum verdict_relation {
	VERDICT_UNKNOWN, /* not compared, or different work */
	VERDICT_OPEN,    /* the interval holds more than one answer */
	VERDICT_LEVEL,   /* a difference as large as the threshold is excluded */
	VERDICT_SLOWER,
	VERDICT_FASTER,
	VERDICT_SLOWER_HOT, /* under interference 1 is not excluded */
	VERDICT_FASTER_HOT,
	VERDICT_TURNS /* hot the one is faster, under interference the other */
};

/* O(arms^2) of one workload. -1: no memory; there is nothing to release then. */
int verdict_make(const struct report_view *view, size_t workload, struct verdict *verdict);
void verdict_release(struct verdict *verdict);

/* The arm that is taken before others; SIZE_MAX: not one alone, or there are no others. */
size_t verdict_taken_alone(const struct verdict *verdict);

/* Of the arms at two positions, left over right; *ratio: NaN when unknown. */
enum verdict_relation verdict_time(const struct verdict *verdict, size_t left, size_t right, struct verdict_ratio *ratio);

/* A headline figure in which the one arm that is taken is behind one that did the same work. */
struct verdict_cost {
	enum metric metric;
	double own, least; /* of time and p99.9: ratio of own to the other's, and 1 */
	size_t arm;        /* whose is the least */
};
/* Returns how many. 0 unless one arm is taken. */
size_t verdict_costs(const struct report_view *view, const struct verdict *verdict,
		     struct verdict_cost costs[METRIC_HEADLINES]);

/* Of several that are taken the figures in which they differ, one at a time: own of the least and of the most. *at: 0 at
 * first. false: no more. */
bool verdict_spread(const struct report_view *view, const struct verdict *verdict, size_t *at, struct verdict_cost *least,
		    struct verdict_cost *most);

/* More rounds than these nobody is told to make. */
#define VERDICT_ROUNDS_MAX 1000u

/* "take buddy", "take buddy or bitmap", "nothing decides", "only buddy", "none". */
void verdict_take(const struct report_view *view, const struct verdict *verdict, struct text *text);
/* Why, and at what price; without an end. */
void verdict_why(const struct report_view *view, const struct verdict *verdict, struct text *text);

/* An arm's time over the base's, with its interval: "1.11 [1.09–1.13]", in brackets when it is not by pairs; "1" of the
 * base, "-" when it is not known. */
void verdict_ratio_tell(const struct verdict_arm *arm, bool base, struct text *text);

/* Of all workloads: a sentence at a time into an empty text, *at 0 at first. false: no more. */
bool verdict_whole(const struct report_view *view, size_t *at, struct text *text);

#endif
