/* SPDX-License-Identifier: MIT
 * Holds one arm against another: the ratio of every metric, its interval, a verdict. docs/compare.md tells the rules. */
#ifndef COMPARE_COMPARE_H
#define COMPARE_COMPARE_H

#include "base/error.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>

#define COMPARE_THRESHOLD_DEFAULT 0.03 /* share: of timed metrics */
#define COMPARE_THRESHOLD_TEXT "3%"
#define COMPARE_ERROR_RATE 0.05 /* alpha: shared evenly (Bonferroni) among the timed verdicts of one family */
/* A median is `ok` only while the rounds are, too: none lies further from 1 than this many thresholds (on the scale of
 * logarithms), or, with an error of COMPARE_ERROR_RATE, no more than a share of all processes does; or a single one does that
 * would not move a mean of all rounds beyond the threshold. */
#define COMPARE_FAR 3
#define COMPARE_FAR_SHARE 0.1
#define COMPARE_MODE_ROUNDS 2 /* one round alone is no mode */
/* Two arms whose shares of failed allocations are further apart did different work. */
#define COMPARE_FAILED_SHARE_MAX 0.001

/* An arm of a result; both are borrowed. */
struct compare_arm {
	const struct result *result;
	size_t arm;
};

/* b is held against a, on the node that both ran on; on two different ones nothing is said of time. One entry for each metric
 * that has a direction and was measured in an arm. */
struct compare_pair {
	struct compare_arm a, b;
	struct compare_sides {
		struct compare_arm a, b;
	} * others; /* the same on further nodes of one class; the pair's own */
	size_t other_count;
	struct result_comparison *rows; /* the pair's own; a and b in it are indices in their own results */
	size_t row_count;
};
void compare_pair_release(struct compare_pair *pair);

/* How much a metric may get worse, as a share (>= 0; NaN: it is not looked at), and how many verdicts on one timed metric are
 * given at once (>= 1). Where a run looked several times whether its rounds decide, each look is one more time that they are
 * given. */
struct compare_rules {
	double threshold[METRIC_ALL];
	size_t timed_verdicts;
};
/* threshold for timed metrics, 0 for exact ones, none for latencies but the one that is a headline figure; one verdict on
 * each timed metric for each of pairs. */
void compare_rules_default(struct compare_rules *rules, double threshold, size_t pairs);

/* Fills pair->rows from pair->a and pair->b. -1: no memory, rows is then NULL. */
int compare_arms(struct compare_pair *pair, const struct compare_rules *rules, struct error *error);

/* The same from ratios b / a by round (NaN = none). Two modes, and rounds so far away that a median near 1 is not `ok`,
 * are told in row->reason, which is NULL before and the caller's to release; two modes are when the rounds fall apart at
 * a gap that is wider than the threshold and than either side of it. */
int compare_ratios(const double *ratios, size_t count, double threshold, size_t timed_verdicts,
		   struct result_comparison *row, struct error *error);

/* The same of count rounds of a pair, from first on; what forbids a verdict is told in row->reason, which the caller
 * releases. */
int compare_pairs(const struct result_paired *paired, size_t first, size_t count, double threshold, size_t timed_verdicts,
		  struct result_comparison *row, struct error *error);

/* From two series of rounds (index = round; NaN = none): the median of b / a over the rounds that both have, its interval at
 * 1 - COMPARE_ERROR_RATE / timed_verdicts, and the verdict for a metric that is better lower. O(n log n). -1: no memory. */
int compare_rounds(const double *a, size_t a_count, const double *b, size_t b_count, double threshold,
		   size_t timed_verdicts, struct result_comparison *row, struct error *error);

/* Likewise from the rounds of nodes (>= 1) of one class, of which each is a cluster: the mean of the nodes' medians of
 * log(b / a), with its interval of statistics_mean_interval, whose values these medians are: the spread between nodes counts,
 * not the number of rounds. When two of them are further apart than the threshold there is no verdict, ratio and interval, and
 * row->reason (to be released) tells. Nodes without a round of both count for nothing; of one alone it is compare_rounds. */
struct compare_series {
	const double *a, *b;
	size_t a_count, b_count;
};
int compare_nodes(const struct compare_series *nodes, size_t count, double threshold, size_t timed_verdicts,
		  struct result_comparison *row, struct error *error);

/* For compare_within. */
#define COMPARE_AGAINST_ALL "all"

/* Fills result->comparisons: every arm of a workload that was measured against the first such of its rate with the spec
 * against; NULL, or when there is none: against the first; COMPARE_AGAINST_ALL: against all before it. The timed
 * verdicts of one workload share the error rate. O(arms^3). -1: no memory. */
int compare_within(struct result *result, double threshold, const char *against, struct error *error);

/* What `--rounds auto` waits for: no verdict on time is inconclusive. Where more rounds say nothing (different work, shared
 * caches), or nothing was held against anything, there is nothing to wait for. */
bool compare_decided(const struct result *result);

/* What one comparison of a result is over the replicates of its workload, which it counts among. "Worse" on one stream is no
 * fact about allocators: it is one only with every seed. */
struct compare_seeds {
	uint32_t seeds; /* with such a comparison */
	uint32_t verdicts[RESULT_VERDICT_COUNT];
	double low, high; /* of the ratios b / a; NaN: none has one */
};
struct compare_seeds compare_over_seeds(const struct result *result, const struct result_comparison *row);

/* Whether both are one arm, on whatever node: workload name, values of a sweep, threads, rate, spec and lock. */
bool compare_same_arm(const struct compare_arm *a, const struct compare_arm *b);

/* Pairs the arms of two results that have the same workload name, values of a sweep, threads, rate and lock, in the order of
 * b. spec_a and spec_b choose arms by spec, whatever their lock; while both are NULL, specs must be the same, too. Arms that
 * ran on the same nodes are paired on each; nodes of one class are one pair. Only where there is no common node at all, arms
 * of different ones are a pair. *pairs belongs to the caller, each to be released; their rows are NULL still. Arms that only
 * one of them has, or that were not measured, are left out. O(arms^2). -1: no memory. */
int compare_match(const struct result *a, const struct result *b, const char *spec_a, const char *spec_b,
		  struct compare_pair **pairs, size_t *count, struct error *error);

/* The counterpart of an arm in another result, by workload name, values of a sweep, threads, rate, spec and lock, when it
 * was not measured there; else NULL. */
const struct result_arm *compare_unmeasured(const struct compare_arm *arm, const struct result *other);

/* -1 with EXIT_CODE_USAGE when no pair played the same operations, and there are pairs: the message names a workload and both
 * streams. */
int compare_check_work(const struct compare_pair *pairs, size_t count, struct error *error);

/* Whether two arms played the same operations. Unknown hashes (0) count as the same when the files and seeds are. */
bool compare_same_work(const struct compare_arm *a, const struct compare_arm *b);

#endif
