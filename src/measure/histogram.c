/* SPDX-License-Identifier: MIT */
#include "measure/histogram.h"

#include <assert.h>
#include <math.h>

#define HALF (HISTOGRAM_SUB_BUCKETS / 2)

_Static_assert(HALF == 1u << 7, "histogram_index shifts by 7");
_Static_assert(HISTOGRAM_BUCKETS == (HISTOGRAM_VALUE_BITS - 8u) * HALF + HISTOGRAM_SUB_BUCKETS,
	       "the largest value has the last bucket");

/* log2 of a bucket's width. */
static unsigned bucket_shift(size_t index)
{
	return index < HISTOGRAM_SUB_BUCKETS ? 0 : (unsigned)(index / HALF) - 1;
}

uint64_t histogram_bucket_low(size_t index)
{
	assert(index < HISTOGRAM_BUCKETS);
	unsigned shift = bucket_shift(index);
	return (uint64_t)(index - (size_t)shift * HALF) << shift;
}

uint64_t histogram_bucket_high(size_t index)
{
	assert(index < HISTOGRAM_BUCKETS);
	return histogram_bucket_low(index) + (UINT64_C(1) << bucket_shift(index)) - 1;
}

void histogram_record_many(struct histogram *histogram, uint64_t value, uint64_t count)
{
	if (!count)
		return;
	if (value > histogram->max)
		histogram->max = value;
	if (value >> HISTOGRAM_VALUE_BITS) {
		histogram->dropped += count;
		return;
	}
	if (!histogram->total || value < histogram->min)
		histogram->min = value;
	histogram->counts[histogram_index(value)] += count;
	histogram->total += count;
}

void histogram_add(struct histogram *histogram, const struct histogram *other)
{
	assert(histogram != other);
	if (other->total && (!histogram->total || other->min < histogram->min))
		histogram->min = other->min;
	if (other->max > histogram->max)
		histogram->max = other->max;
	histogram->total += other->total;
	histogram->dropped += other->dropped;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->counts[i] += other->counts[i];
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
	assert(quantile >= 0 && quantile <= 1);
	uint64_t samples = histogram->total + histogram->dropped;
	if (!samples)
		return 0;
	/* Quantile and product are rounded by half an ulp each: 0.07 * 100 must be rank 7, not 8. */
	double rank = ceil(quantile * (double)samples * (1.0 - 0x1.0p-51));
	uint64_t wanted = rank < 1.0 ? 1 : rank < (double)samples ? (uint64_t)rank : samples;
	if (wanted > histogram->total)
		return histogram->max;
	uint64_t seen = 0;
	size_t index = 0;
	for (;; index++) {
		seen += histogram->counts[index];
		if (seen >= wanted)
			break;
	}
	uint64_t high = histogram_bucket_high(index);
	return high < histogram->max ? high : histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
	double sum = 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!histogram->counts[i])
			continue;
		double middle = ((double)histogram_bucket_low(i) + (double)histogram_bucket_high(i)) / 2;
		sum += middle * (double)histogram->counts[i];
	}
	return histogram->total ? sum / (double)histogram->total : (double)NAN;
}
