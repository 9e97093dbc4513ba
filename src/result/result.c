/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include "base/memory.h"
#include "result/node.h"
#include "result/parts.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void release_latency(struct result_latency *latency)
{
	for (size_t i = 0; i < METRIC_PERCENTILES; i++)
		memory_release(latency->round_ns[i]);
}

void result_samples_release(struct result_sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		memory_release(samples[i].request);
	memory_release(samples);
}

void result_insert_worst(struct result_sample worst[RESULT_WORST_MAX], size_t *count, const struct result_sample *sample)
{
	size_t at = *count < RESULT_WORST_MAX ? (*count)++ : RESULT_WORST_MAX;
	if (at == RESULT_WORST_MAX && sample->latency <= worst[--at].latency)
		return;
	for (; at > 0 && worst[at - 1].latency < sample->latency; at--)
		worst[at] = worst[at - 1];
	worst[at] = *sample;
}

static void release_figures(struct result_arm *arm)
{
	parts_release_bulk(arm);
	text_release(&arm->packed);
	for (size_t i = 0; i < arm->phase_count; i++) {
		memory_release(arm->phases[i].name);
		memory_release(arm->phases[i].round_ns_per_op);
		for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
			release_latency(&arm->phases[i].latency[kind]);
	}
	memory_release(arm->phases);
	result_paired_release(arm->paired, arm->paired_count);
	arm->paired = NULL;
	arm->paired_count = 0;
	arm->phases = NULL;
	arm->failures_known = false;
	arm->phase_count = 0;
}

static void release_arm(struct result_arm *arm)
{
	release_figures(arm);
	memory_release(arm->allocator);
	memory_release(arm->spec);
	memory_release(arm->lock);
	memory_release(arm->plugin_about);
	memory_release(arm->rate);
	memory_release(arm->reason);
	memory_release(arm->paired_reason);
	result_violations_release(arm->violations, arm->violation_count);
}

bool result_arm_is_thrown_out(const struct result_arm *arm)
{
	return arm->state == RESULT_ARM_FAILED && arm->owner != ERROR_OWNER_DRIVER;
}

void result_arm_throw_out(struct result_arm *arm)
{
	assert(result_arm_is_thrown_out(arm));
	release_figures(arm);
	arm->placement_hash = 0;
}

/* All null with one reason. */
static const struct result_figures *no_figures(enum result_reason reason)
{
	static struct result_figures none[RESULT_REASON_COUNT];
	static bool made[RESULT_REASON_COUNT];
	if (!made[reason]) {
		result_figures_clear(&none[reason]);
		memset(none[reason].reason, (int)reason, sizeof none[reason].reason);
		made[reason] = true;
	}
	return &none[reason];
}

const struct result_figures *result_arm_figures(const struct result_arm *arm)
{
	if (arm->figures_phase < arm->phase_count)
		return &arm->phases[arm->figures_phase].figures;
	return no_figures(result_arm_is_thrown_out(arm)             ? RESULT_REASON_THROWN_OUT
			  : arm->state == RESULT_ARM_NOT_APPLICABLE ? RESULT_REASON_NOT_APPLICABLE
								    : RESULT_REASON_NOT_MEASURED);
}

void result_release(struct result *result)
{
	memory_release(result->run.id);
	memory_release(result->run.started);
	memory_release(result->run.command);
	memory_release(result->run.trouble);
	memory_release(result->machine.calibration);
	memory_release(result->machine.cpu);
	memory_release(result->machine.kernel);
	memory_release(result->machine.clock);
	memory_release(result->machine.warnings);
	memory_release(result->build.version);
	memory_release(result->build.git);
	memory_release(result->build.compiler);
	memory_release(result->build.flags);
	for (size_t i = 0; i < result->source_count; i++) {
		memory_release(result->sources[i].id);
		memory_release(result->sources[i].started);
		memory_release(result->sources[i].command);
		memory_release(result->sources[i].cpu);
		memory_release(result->sources[i].kernel);
	}
	memory_release(result->sources);
	for (size_t i = 0; i < result->node_count; i++)
		result_node_release(&result->nodes[i]);
	memory_release(result->nodes);
	for (size_t i = 0; i < result->workload_count; i++) {
		memory_release(result->workloads[i].name);
		memory_release(result->workloads[i].about);
		memory_release(result->workloads[i].file);
		memory_release(result->workloads[i].expanded);
		memory_release(result->workloads[i].recorded);
		memory_release(result->workloads[i].steady.reason);
		for (size_t j = 0; j < result->workloads[i].setting_count; j++) {
			memory_release(result->workloads[i].settings[j].key);
			memory_release(result->workloads[i].settings[j].value);
		}
		memory_release(result->workloads[i].settings);
	}
	memory_release(result->workloads);
	for (size_t i = 0; i < result->arm_count; i++)
		release_arm(&result->arms[i]);
	memory_release(result->arms);
	for (size_t i = 0; i < result->comparison_count; i++)
		memory_release(result->comparisons[i].reason);
	memory_release(result->comparisons);
	for (size_t i = 0; i < result->expectation_count; i++) {
		memory_release(result->expectations[i].metric);
		memory_release(result->expectations[i].wanted);
	}
	memory_release(result->expectations);
	*result = (struct result){0};
}

static bool has_setting(const struct result_workload *workload, const struct result_setting *setting)
{
	for (size_t i = 0; i < workload->setting_count; i++)
		if (strcmp(workload->settings[i].key, setting->key) == 0 &&
		    strcmp(workload->settings[i].value, setting->value) == 0)
			return true;
	return false;
}

bool result_same_settings(const struct result_workload *a, const struct result_workload *b)
{
	bool equal = a->setting_count == b->setting_count;
	for (size_t i = 0; equal && i < a->setting_count; i++)
		equal = has_setting(b, &a->settings[i]);
	return equal;
}

static bool is_seed(const struct result_setting *setting)
{
	return strcmp(setting->key, RESULT_SETTING_SEED) == 0;
}

bool result_are_replicates(const struct result_workload *a, const struct result_workload *b)
{
	size_t seeds = 0;
	bool equal = a->setting_count == b->setting_count && strcmp(a->name, b->name) == 0 && a->hash == b->hash;
	for (size_t i = 0; equal && i < a->setting_count; i++) {
		bool seed = is_seed(&a->settings[i]);
		seeds += seed;
		equal = seed || has_setting(b, &a->settings[i]);
	}
	for (size_t i = 0; equal && i < b->setting_count; i++)
		seeds += is_seed(&b->settings[i]);
	return equal && seeds == 2;
}

void result_workload_label(const struct result_workload *workload, struct text *text)
{
	text_add(text, "%s", workload->name ? workload->name : "");
	for (size_t i = 0; i < workload->setting_count; i++)
		text_add(text, " %s=%s", workload->settings[i].key, workload->settings[i].value);
}

size_t result_latency_curve(const struct result_latency *latency, struct result_point points[RESULT_CURVE_MAX])
{
	enum { PER_HALVING = 5 };
	const struct result_histogram *histogram = &latency->histogram;
	uint64_t total = histogram->dropped;
	for (size_t i = 0; i < histogram->count; i++)
		total += histogram->samples[i];
	size_t count = 0, bucket = 0;
	uint64_t passed = 0;
	for (unsigned step = 0; count < RESULT_CURVE_MAX; step++) {
		/* The share above is tenths / (10 * 2^halvings): divided last, so that shares of few samples come out
		 * whole. */
		double tenths = 2 * PER_HALVING - step % PER_HALVING;
		double whole = ldexp(2 * PER_HALVING, (int)(step / PER_HALVING));
		uint64_t above = (uint64_t)(tenths * (double)total / whole);
		if (above == 0)
			break;
		uint64_t rank = total - above;
		while (bucket < histogram->count && (passed == 0 || passed < rank))
			passed += histogram->samples[bucket++];
		double ns = (double)(passed < rank || bucket == 0 ? histogram->max : histogram->values[bucket - 1]);
		if (ns > (double)histogram->max)
			ns = (double)histogram->max;
		if (ns < latency->resolution_ns)
			ns = latency->resolution_ns;
		points[count++] = (struct result_point){100 * (1 - tenths / whole), ns};
	}
	return count;
}

static double latency_figure(const struct result_latency *latency, enum metric_latency which)
{
	const double values[METRIC_LATENCY_COUNT] = {
		[METRIC_LATENCY_P50] = latency->p50_ns,
		[METRIC_LATENCY_P90] = latency->p90_ns,
		[METRIC_LATENCY_P99] = latency->p99_ns,
		[METRIC_LATENCY_P999] = latency->p999_ns,
		[METRIC_LATENCY_P9999] = latency->p9999_ns,
		[METRIC_LATENCY_MAX] = latency->max_ns,
		[METRIC_LATENCY_MAX_CLEAN] = latency->max_clean_ns,
		[METRIC_LATENCY_SAMPLES] = (double)latency->count,
		[METRIC_LATENCY_RESOLUTION] = latency->resolution_ns,
		[METRIC_LATENCY_DROPPED] = (double)latency->dropped,
	};
	return latency->count || which == METRIC_LATENCY_SAMPLES ? values[which] : (double)NAN;
}

double result_phase_figure(const struct result_phase *phase, int metric)
{
	assert(metric >= 0 && metric < METRIC_ALL);
	if (metric < METRIC_COUNT)
		return phase->figures.value[metric];
	int latency = metric - METRIC_COUNT;
	return latency_figure(&phase->latency[latency / METRIC_LATENCY_COUNT],
			      (enum metric_latency)(latency % METRIC_LATENCY_COUNT));
}

double result_arm_figure(const struct result_arm *arm, int metric)
{
	assert(metric >= 0 && metric < METRIC_ALL);
	return arm->figures_phase < arm->phase_count ? result_phase_figure(&arm->phases[arm->figures_phase], metric)
						     : (double)NAN;
}
