/* SPDX-License-Identifier: MIT
 * Log-linear histogram with the bucket layout of HdrHistogram (hdrhistogram.org) at two significant digits and a lowest value
 * of 1: 256 sub-buckets, so values below 256 are exact and every other bucket is narrower than 1/128 of its value. Counts map
 * one to one onto an HdrHistogram log. */
#ifndef MEASURE_HISTOGRAM_H
#define MEASURE_HISTOGRAM_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BUCKETS 256u
#define HISTOGRAM_VALUE_BITS 40u /* values up to 2^40 - 1: 18 minutes in nanoseconds */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_VALUE_BITS - 6u) * (HISTOGRAM_SUB_BUCKETS / 2))

/* Fixed size, no pointers: copied and zeroed as a whole. */
struct histogram {
	uint64_t total;   /* recorded values, without dropped ones */
	uint64_t dropped; /* values too large: counted here, in max, and nowhere else */
	uint64_t min;     /* of recorded values; meaningless while total is 0 */
	uint64_t max;     /* exact, dropped ones included */
	uint64_t counts[HISTOGRAM_BUCKETS];
};

/* Index of a value < 2^HISTOGRAM_VALUE_BITS. */
static inline size_t histogram_index(uint64_t value)
{
	assert(value >> HISTOGRAM_VALUE_BITS == 0);
	unsigned magnitude = 63u - (unsigned)__builtin_clzll(value | (HISTOGRAM_SUB_BUCKETS - 1));
	unsigned shift = magnitude - 7u;
	return ((size_t)shift << 7) + (size_t)(value >> shift);
}

/* Lowest and highest value of a bucket. */
uint64_t histogram_bucket_low(size_t index);
uint64_t histogram_bucket_high(size_t index);

static inline void histogram_record(struct histogram *histogram, uint64_t value)
{
	if (value > histogram->max)
		histogram->max = value;
	if (__builtin_expect(value >> HISTOGRAM_VALUE_BITS != 0, 0)) {
		histogram->dropped++;
		return;
	}
	if (!histogram->total || value < histogram->min)
		histogram->min = value;
	histogram->counts[histogram_index(value)]++;
	histogram->total++;
}

/* Records count values at once. */
void histogram_record_many(struct histogram *histogram, uint64_t value, uint64_t count);

/* Adds every count of other: exact. */
void histogram_add(struct histogram *histogram, const struct histogram *other);

/* The value v such that at least ceil(quantile * n) of the n samples (dropped ones included, as the largest) are <= v's
 * bucket; the bucket's highest value as HdrHistogram defines it, never above max. quantile in [0, 1]. 0 when empty.
 * O(buckets). */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);

/* Mean of bucket middles, for display. NaN when empty. */
double histogram_mean(const struct histogram *histogram);

#endif
