/* SPDX-License-Identifier: MIT */
#include "run/gather_latency.h"

#include "base/memory.h"
#include "measure/histogram.h"
#include "measure/statistics.h"
#include "play/plain_histogram.h"

#include <math.h>
#include <string.h>

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

/* An interval shorter than this cannot be told from an empty pair of stamps. */
static double resolution_ns(const struct clock *clock)
{
	return clock->pair_ns + clock->step_ns;
}

/* In whole nanoseconds, as histograms have them; NaN stays. */
static double ticks_to_ns(double ticks, const struct clock *clock)
{
	return isnan(ticks) ? ticks : fmax(round(ticks * clock->ns_per_tick), resolution_ns(clock));
}

static int fill(struct result_latency *latency, struct histogram *ns, const struct clock *clock)
{
	double resolution = resolution_ns(clock);
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

/* Sorts values in place. */
static struct result_over_processes over_processes(double *values, size_t count)
{
	struct statistics_interval interval = statistics_median_interval(values, count, GATHER_INTERVAL_LEVEL);
	return (struct result_over_processes){statistics_median(values, count), interval.low, interval.high,
					      (uint32_t)count};
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
	values = memory_zeroed(METRIC_PERCENTILES * records->count, sizeof values[0]);
	if (!values)
		return -1;
	size_t counts[METRIC_PERCENTILES] = {0};
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
			if (!isnan(ns))
				values[which * records->count + counts[which]++] = fmax(ns, latency->resolution_ns);
		}
	}
	for (size_t which = 0; which < METRIC_PERCENTILES; which++)
		latency->over_processes[which] = over_processes(&values[which * records->count], counts[which]);
	memory_release(values);
	return 0;
}

/* The taint of the largest of all rounds, and the largest without. */
static void fill_max(struct result_latency *latency, const struct gather_arm *records, size_t phase, size_t kind,
		     const struct clock *clock)
{
	uint64_t max = 0;
	double clean = (double)NAN;
	for (size_t i = 0; i < records->count; i++) {
		if (!has_phase(&records->records[i], phase))
			continue;
		const struct result_record_phase *record = &records->records[i].phases[phase];
		const struct result_record_max *of_max = &record->latency_max[kind];
		if (of_max->taint == RESULT_TAINT_UNKNOWN)
			continue;
		clean = fmax(clean, of_max->clean);
		if (latency->max_taint == RESULT_TAINT_UNKNOWN || record->latency[kind].max > max) {
			max = record->latency[kind].max;
			latency->max_taint = of_max->taint;
		}
	}
	latency->max_clean_ns = ticks_to_ns(clean, clock);
}

/* ---- classes ---- */

static bool same_class(const struct result_latency_class *class, const struct result_record_class *record)
{
	return class->by == record->by && class->kind == record->kind && strcmp(class->name, record->name) == 0;
}

/* The class of the phase that a record's one belongs to, made behind those of the same sort. NULL: no memory. */
static struct result_latency_class *class_of(struct result_phase *phase, size_t *capacity,
					     const struct result_record_class *record)
{
	size_t at = 0;
	for (; at < phase->class_count && phase->classes[at].by <= record->by; at++)
		if (same_class(&phase->classes[at], record))
			return &phase->classes[at];
	char *name = memory_text(record->name);
	if (!name || memory_grow(&phase->classes, capacity, phase->class_count, sizeof phase->classes[0]) < 0) {
		memory_release(name);
		return NULL;
	}
	memmove(&phase->classes[at + 1], &phase->classes[at], (phase->class_count++ - at) * sizeof phase->classes[0]);
	phase->classes[at] = (struct result_latency_class){
		.by = record->by, .name = name, .kind = record->kind, .max_clean_ns = (double)NAN};
	return &phase->classes[at];
}

static void add_to_class(struct result_latency_class *class, const struct result_record_class *record,
			 const struct clock *clock)
{
	double max = ticks_to_ns((double)record->max, clock);
	class->count += record->count;
	class->resolution_ns = resolution_ns(clock);
	class->max_clean_ns = fmax(class->max_clean_ns, ticks_to_ns(record->of_max.clean, clock));
	if (class->max_taint == RESULT_TAINT_UNKNOWN || max > class->max_ns) {
		class->max_ns = max;
		class->max_taint = record->of_max.taint;
	}
}

/* Each process that has the percentile is one value. */
static void fill_class(struct result_latency_class *class, const struct gather_arm *records, size_t phase,
		       const struct clock *clock, double *values)
{
	for (size_t which = 0; which < METRIC_PERCENTILES; which++) {
		size_t count = 0;
		for (size_t i = 0; i < records->count; i++) {
			if (!has_phase(&records->records[i], phase))
				continue;
			const struct result_record_phase *record = &records->records[i].phases[phase];
			for (size_t n = 0; n < record->class_count; n++)
				if (!isnan(record->classes[n].percentile[which]) && same_class(class, &record->classes[n]))
					values[count++] = ticks_to_ns(record->classes[n].percentile[which], clock);
		}
		class->over_processes[which] = over_processes(values, count);
	}
}

static int fill_classes(struct result_phase *phase, const struct gather_arm *records, size_t index,
			const struct clock *clock)
{
	size_t capacity = 0;
	for (size_t i = 0; i < records->count; i++) {
		if (!has_phase(&records->records[i], index))
			continue;
		const struct result_record_phase *record = &records->records[i].phases[index];
		for (size_t n = 0; n < record->class_count; n++) {
			struct result_latency_class *class = class_of(phase, &capacity, &record->classes[n]);
			if (!class)
				return -1;
			add_to_class(class, &record->classes[n], clock);
		}
		phase->has_classes |= record->class_count || record->worst_count;
	}
	double *values = memory_zeroed(records->count, sizeof values[0]);
	if (!values)
		return -1;
	for (size_t i = 0; i < phase->class_count; i++)
		fill_class(&phase->classes[i], records, index, clock, values);
	memory_release(values);
	return 0;
}

/* ---- the worst of all rounds ---- */

static int fill_worst(struct result_phase *phase, const struct gather_arm *records, size_t index, const struct clock *clock)
{
	struct result_sample worst[RESULT_WORST_MAX]; /* requests are the records' */
	size_t count = 0;
	for (size_t i = 0; i < records->count; i++)
		for (size_t n = 0;
		     has_phase(&records->records[i], index) && n < records->records[i].phases[index].worst_count; n++)
			result_insert_worst(worst, &count, &records->records[i].phases[index].worst[n]);
	phase->worst = memory_zeroed(count, sizeof phase->worst[0]);
	if (!phase->worst)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct result_sample *sample = &phase->worst[phase->worst_count++];
		*sample = worst[i];
		sample->latency = ticks_to_ns(sample->latency, clock);
		sample->request = memory_text(sample->request);
		if (worst[i].request && !sample->request)
			return -1;
	}
	return 0;
}

int gather_latency(struct result_phase *phase, const struct gather_arm *records, size_t index, const struct clock *clock)
{
	struct histogram *ticks = memory_zeroed(2, sizeof ticks[0]);
	if (!ticks)
		return -1;
	int result = 0;
	for (size_t kind = 0; result == 0 && kind < METRIC_KIND_COUNT; kind++) {
		struct result_latency *latency = &phase->latency[kind];
		ticks[0] = ticks[1] = (struct histogram){0};
		for (size_t i = 0; i < records->count; i++)
			if (records->records[i].ok && index < records->records[i].phase_count)
				plain_histogram_add(&ticks[0], &records->records[i].phases[index].latency[kind]);
		if (ticks[0].total + ticks[0].dropped == 0)
			continue;
		to_ns(&ticks[1], &ticks[0], clock);
		result = fill(latency, &ticks[1], clock);
		if (result == 0)
			result = fill_rounds(latency, records, index, kind, clock, ticks);
		fill_max(latency, records, index, kind, clock);
	}
	memory_release(ticks);
	if (result < 0 || fill_classes(phase, records, index, clock) < 0)
		return -1;
	return fill_worst(phase, records, index, clock);
}
