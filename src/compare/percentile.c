/* SPDX-License-Identifier: MIT */
#include "compare/percentile.h"

#include "measure/statistics.h"

#include <assert.h>
#include <math.h>

#define LEVEL 0.95

const double compare_percentile_quantile[COMPARE_PERCENTILES] = {0.5, 0.9, 0.99, 0.999};
const char *const compare_percentile_name[COMPARE_PERCENTILES] = {"p50", "p90", "p99", "p999"};

/* The highest value of the bucket that holds the sample of a rank (from 1). Dropped samples are the largest. */
static double value_at(const struct result_latency *latency, uint64_t rank)
{
	const struct result_histogram *histogram = &latency->histogram;
	uint64_t passed = 0, value = histogram->max;
	for (size_t i = 0; i < histogram->count; i++) {
		passed += histogram->samples[i];
		if (passed >= rank) {
			value = histogram->values[i] < value ? histogram->values[i] : value;
			break;
		}
	}
	return fmax((double)value, latency->resolution_ns);
}

struct compare_percentile compare_percentile(const struct result_latency *latency, unsigned which)
{
	assert(which < COMPARE_PERCENTILES);
	const double values[COMPARE_PERCENTILES] = {latency->p50_ns, latency->p90_ns, latency->p99_ns, latency->p999_ns};
	struct compare_percentile result = {(double)NAN, (double)NAN, (double)NAN};
	uint64_t count = latency->histogram.dropped;
	for (size_t i = 0; i < latency->histogram.count; i++)
		count += latency->histogram.samples[i];
	if (!latency->count || !isfinite(values[which]))
		return result;
	struct statistics_ranks ranks = statistics_quantile_ranks(count, compare_percentile_quantile[which], LEVEL);
	result.ns = values[which];
	if (ranks.level > 0) {
		result.low_ns = value_at(latency, ranks.low);
		result.high_ns = value_at(latency, ranks.high);
	}
	return result;
}
