/* SPDX-License-Identifier: MIT
 * Percentiles of a latency with the interval that its number of samples allows. */
#ifndef COMPARE_PERCENTILE_H
#define COMPARE_PERCENTILE_H

#include "result/result.h"

#define COMPARE_PERCENTILES 4
extern const double compare_percentile_quantile[COMPARE_PERCENTILES];  /* 0.5, 0.9, 0.99, 0.999 */
extern const char *const compare_percentile_name[COMPARE_PERCENTILES]; /* "p50", "p90", "p99", "p999" */

/* In nanoseconds, never below the resolution; NaN where there are too few samples. */
struct compare_percentile {
	double ns;
	double low_ns,
		/* order statistics of the samples at 95 %, as if they were independent: too narrow when they are not */
		high_ns;
};

/* which: index below COMPARE_PERCENTILES. O(buckets). */
struct compare_percentile compare_percentile(const struct result_latency *latency, unsigned which);

#endif
