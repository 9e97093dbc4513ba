/* SPDX-License-Identifier: MIT */
#include "play/plain_histogram.h"

#include "base/memory.h"

#include <assert.h>

int plain_histogram_store(struct result_histogram *plain, const struct histogram *histogram)
{
	assert(!plain->values && !plain->samples);
	size_t count = 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += histogram->counts[i] != 0;
	plain->values = memory_zeroed(count, sizeof plain->values[0]);
	plain->samples = memory_zeroed(count, sizeof plain->samples[0]);
	if (!plain->values || !plain->samples)
		return -1;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!histogram->counts[i])
			continue;
		plain->values[plain->count] = histogram_bucket_high(i);
		plain->samples[plain->count++] = histogram->counts[i];
	}
	plain->min = histogram->min;
	plain->max = histogram->max;
	plain->dropped = histogram->dropped;
	return 0;
}

void plain_histogram_add(struct histogram *sum, const struct result_histogram *plain)
{
	/* Buckets know their edges only; the extremes of both sides are known exactly. */
	uint64_t min = sum->total && sum->min < plain->min ? sum->min : plain->min;
	uint64_t max = sum->max > plain->max ? sum->max : plain->max;
	bool nothing = plain->count == 0;
	for (size_t i = 0; i < plain->count; i++)
		histogram_record_many(sum, plain->values[i], plain->samples[i]);
	if (!nothing)
		sum->min = min;
	sum->max = max;
	sum->dropped += plain->dropped;
}
