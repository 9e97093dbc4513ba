/* SPDX-License-Identifier: MIT
 * Order statistics, and the binomial distribution behind them. */
#ifndef MEASURE_STATISTICS_H
#define MEASURE_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

/* Sorts values in place and returns their median (mean of the middle two of an even number); NaN for none or when one is
 * NaN. */
double statistics_median(double *values, size_t count);

/* The logarithms of those values that are finite and above 0; returns how many. logs has room for all, and may be values. */
size_t statistics_logs(const double *values, size_t count, double *logs);

struct statistics_interval {
	double low;
	double high;
	double level; /* coverage reached, >= the one asked for; 0 when count is too small for it: low and high are then NaN */
};

/* Distribution-free interval of the median from order statistics: [x_(k), x_(n+1-k)] with the largest k whose coverage
 * 1 - 2 P(Bin(n, 1/2) < k) is at least level (e.g. Conover, Practical Nonparametric Statistics, 3.2). Sorts values in
 * place. */
struct statistics_interval statistics_median_interval(double *values, size_t count, double level);

/* The t with P(|T| <= t) = level for Student's T of so many degrees of freedom (>= 1), level in (0, 1), by the finite sums of
 * Abramowitz and Stegun 26.7.3 and 26.7.4. O(freedom). */
double statistics_student(size_t freedom, double level);

/* mean -+ statistics_student(count - 1, level) * deviation / count^(1/2). Of estimates of one quantity by independent groups
 * it holds whatever the spread of each group is, also for two of them, at levels above 0.917 (Ibragimov and Mueller,
 * t-Statistic Based Correlation and Heterogeneity Robust Inference, Journal of Business & Economic Statistics 28, 2010,
 * 453-468). level is the one asked for, or 0 of fewer than two values. NaN in values: NaN. */
struct statistics_interval statistics_mean_interval(const double *values, size_t count, double level);

/* The fewest values for which statistics_median_interval reaches level: the smallest n with 1 - 2^(1-n) >= level. 0 when no
 * number does (level >= 1, or above 1 - 2^-52). */
size_t statistics_values_least(double level);

/* P(X < successes) for X ~ Bin(trials, share), share in [0, 1]; trials <= 2^50. Terms by lgamma, summed from the end that is
 * nearer: relative error about 1e-15 x trials^(1/2). O(trials^(1/2)). */
double statistics_binomial_below(uint64_t trials, double share, uint64_t successes);

/* Upper end of the one-sided Clopper-Pearson interval: the share at which so few successes have probability 1 - level. 1 when
 * successes >= trials. */
double statistics_share_upper(uint64_t successes, uint64_t trials, double level);

/* Ranks (from 1) whose values enclose the quantile with probability >= level, (1 - level) / 2 on each side at most (Conover
 * 3.2; Hahn and Meeker, Statistical Intervals, 5.2). level 0 when count is too small; the ranks are then 0. */
struct statistics_ranks {
	uint64_t low;
	uint64_t high;
	double level; /* reached */
};
struct statistics_ranks statistics_quantile_ranks(uint64_t count, double quantile, double level);

/* How many values a sample of the same source needs for its statistics_median_interval at level to lie on one side of
 * each edge with a probability of STATISTICS_PROMISE, given how many of count values lie below edge_low and above
 * edge_high (edge_low < edge_high, below + above <= count). No shape is assumed: the share beyond an edge has a Jeffreys
 * prior, so that how many lie beyond it next time is beta-binomial (Brown, Cai and DasGupta, Statistical Science 16,
 * 2001, 101-133), and what is not known of median and spread counts, too. Tried are the numbers of values at which the
 * rank of the interval's ends steps up, for more of the same rank only widen it. Above count, never below
 * statistics_values_least(level); that, when count does not reach it. 0: more than STATISTICS_VALUES_MAX. O(n^(1/2)
 * log^2 n). */
#define STATISTICS_VALUES_MAX ((size_t)100000)
#define STATISTICS_PROMISE 0.95 /* nine of ten are kept, also where the prior fits badly */
size_t statistics_values_wanted(size_t count, double level, size_t below, size_t above);

/* The smallest shift that would have lifted a share `power` of these lower ends above edge. low_ends come from comparisons of
 * equals (at least one). Sorts them; NaN when one is NaN. */
double statistics_detectable_shift(double *low_ends, size_t count, double edge, double power);

#endif
