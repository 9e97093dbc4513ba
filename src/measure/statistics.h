/* SPDX-License-Identifier: MIT
 * Order statistics of small samples. */
#ifndef MEASURE_STATISTICS_H
#define MEASURE_STATISTICS_H

#include <stddef.h>

/* Sorts values in place and returns their median (mean of the middle two of an even number); NaN for none or when one is NaN. */
double statistics_median(double *values, size_t count);

struct statistics_interval {
	double low;
	double high;
	double level; /* coverage reached, >= the one asked for; 0 when count is too small for it: low and high are then NaN */
};

/* Distribution-free interval of the median from order statistics: [x_(k), x_(n+1-k)] with the largest k whose coverage
 * 1 - 2 P(Bin(n, 1/2) < k) is at least level (e.g. Conover, Practical Nonparametric Statistics, 3.2). Sorts values in place. */
struct statistics_interval statistics_median_interval(double *values, size_t count, double level);

#endif
