/* SPDX-License-Identifier: MIT */
#include "run/gather_latency.h"

#include "base/memory.h"
#include "measure/histogram.h"
#include "play/plain_histogram.h"

#include <math.h>

/* A percentile with fewer samples above it is an anecdote. */
#define SAMPLES_ABOVE 10.0

static double percentile(const struct histogram *histogram, double quantile, double resolution_ns)
{
	double samples = (double)(histogram->total + histogram->dropped);
	if (samples * (1 - quantile) < SAMPLES_ABOVE)
		return (double)NAN;
	return fmax((double)histogram_quantile(histogram, quantile), resolution_ns);
}

static void to_ns(struct histogram *ns, const struct histogram *ticks, const struct clock *clock)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!ticks->counts[i])
			continue;
		uint64_t low = histogram_bucket_low(i), high = histogram_bucket_high(i);
		double middle = ((double)low + (double)high) / 2;
		histogram_record_many(ns, (uint64_t)llround(middle * clock->ns_per_tick), ticks->counts[i]);
	}
	ns->dropped = ticks->dropped;
	ns->min = (uint64_t)llround((double)ticks->min * clock->ns_per_tick);
	ns->max = (uint64_t)llround((double)ticks->max * clock->ns_per_tick);
}

static int fill(struct result_latency *latency, struct histogram *ns, const struct clock *clock)
{
	/* An interval shorter than this cannot be told from an empty pair of stamps. */
	double resolution = clock->pair_ns + clock->step_ns;
	latency->count = ns->total + ns->dropped;
	latency->resolution_ns = resolution;
	latency->dropped = ns->dropped;
	latency->below_resolution = (double)histogram_quantile(ns, 0.5) < resolution;
	latency->p50_ns = percentile(ns, 0.5, resolution);
	latency->p90_ns = percentile(ns, 0.9, resolution);
	latency->p99_ns = percentile(ns, 0.99, resolution);
	latency->p999_ns = percentile(ns, 0.999, resolution);
	latency->p9999_ns = percentile(ns, 0.9999, resolution);
	latency->max_ns = fmax((double)ns->max, resolution);
	return plain_histogram_store(&latency->histogram, ns);
}

static bool has_phase(const struct result_record *record, size_t phase)
{
	return record->ok && record->pass == RESULT_PASS_TIMED && phase < record->phase_count;
}

/* The percentiles of each round by itself. What lies below the resolution is no figure: two of them would have a ratio of
 * 1. */
static int fill_rounds(struct result_latency *latency, const struct gather_arm *records, size_t phase, size_t kind,
		       const struct clock *clock, struct histogram ticks[2])
{
	double *values = NULL;
	for (size_t i = 0; i < records->count; i++)
		if (has_phase(&records->records[i], phase) && records->records[i].round >= latency->round_count)
			latency->round_count = (size_t)records->records[i].round + 1;
	for (size_t which = 0; which < METRIC_PERCENTILES; which++) {
		values = memory_zeroed(latency->round_count, sizeof values[0]);
		if (!values)
			return -1;
		latency->round_ns[which] = values;
		for (size_t i = 0; i < latency->round_count; i++)
			values[i] = (double)NAN;
	}
	for (size_t i = 0; i < records->count; i++) {
		const struct result_record *record = &records->records[i];
		if (!has_phase(record, phase))
			continue;
		ticks[0] = ticks[1] = (struct histogram){0};
		plain_histogram_add(&ticks[0], &record->phases[phase].latency[kind]);
		to_ns(&ticks[1], &ticks[0], clock);
		for (size_t which = 0; which < METRIC_PERCENTILES; which++) {
			double ns = percentile(&ticks[1], metric_percentile_quantile[which], 0);
			if (ns >= latency->resolution_ns)
				latency->round_ns[which][record->round] = ns;
		}
	}
	return 0;
}

int gather_latency(struct result_latency latency[METRIC_KIND_COUNT], const struct gather_arm *records, size_t phase,
		   const struct clock *clock)
{
	struct histogram *ticks = memory_zeroed(2, sizeof ticks[0]);
	if (!ticks)
		return -1;
	int result = 0;
	for (size_t kind = 0; result == 0 && kind < METRIC_KIND_COUNT; kind++) {
		ticks[0] = ticks[1] = (struct histogram){0};
		for (size_t i = 0; i < records->count; i++)
			if (records->records[i].ok && phase < records->records[i].phase_count)
				plain_histogram_add(&ticks[0], &records->records[i].phases[phase].latency[kind]);
		if (ticks[0].total + ticks[0].dropped == 0)
			continue;
		to_ns(&ticks[1], &ticks[0], clock);
		result = fill(&latency[kind], &ticks[1], clock);
		if (result == 0)
			result = fill_rounds(&latency[kind], records, phase, kind, clock, ticks);
	}
	memory_release(ticks);
	return result;
}
