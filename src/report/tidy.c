/* SPDX-License-Identifier: MIT
 * A result as one tidy table: a row for each figure of each arm, everything that tells arms apart in columns of its own. */
#include "report/tidy.h"

#include "base/memory.h"
#include "report/format.h"
#include "report/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool has_key(const struct tidy_keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->names[i], name) == 0)
			return true;
	return false;
}

/* What has a column of its own without a sweep. */
static bool has_column(const char *name)
{
	return strcmp(name, RESULT_SETTING_SEED) == 0 || strcmp(name, RESULT_SETTING_THREADS) == 0 ||
	       strcmp(name, RESULT_SETTING_RATE) == 0;
}

bool tidy_find_keys(const struct result *result, struct tidy_keys *keys)
{
	for (size_t i = 0; i < result->workload_count; i++)
		for (size_t n = 0; n < result->workloads[i].setting_count; n++) {
			const char *name = result->workloads[i].settings[n].key;
			if (has_column(name) || has_key(keys, name))
				continue;
			if (memory_grow(&keys->names, &keys->capacity, keys->count, sizeof keys->names[0]) < 0)
				return false;
			keys->names[keys->count++] = name;
		}
	return true;
}

static void add_cell(struct text *csv, const char *value)
{
	text_add_csv(csv, value);
	text_add(csv, ",");
}

static void add_run(const struct result *result, const struct result_arm *arm, struct text *csv)
{
	const struct result_source *source = arm->source < result->source_count ? &result->sources[arm->source] : NULL;
	const struct result_node *node = source ? &result->nodes[source->node] : result->nodes;
	add_cell(csv, source ? source->id : result->run.id);
	add_cell(csv, source ? source->started : result->run.started);
	add_cell(csv, result->build.version);
	add_cell(csv, result->build.git);
	add_cell(csv, source ? source->cpu : result->machine.cpu);
	add_cell(csv, source ? source->kernel : result->machine.kernel);
	text_add(csv, result->node_count ? "0x%016" PRIx64 "," : ",", result->node_count ? node->id : 0);
}

static void add_workload(const struct result_workload *workload, const struct tidy_keys *keys, struct text *csv)
{
	add_cell(csv, workload->name);
	text_add(csv, "0x%016" PRIx64 ",", workload->hash);
	text_add(csv, workload->stream_hash ? "0x%016" PRIx64 "," : ",", workload->stream_hash);
	text_add(csv, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", workload->seed, workload->interference_data_bytes,
		 workload->interference_code_bytes);
	for (size_t i = 0; i < keys->count; i++) {
		const char *value = NULL;
		for (size_t n = 0; n < workload->setting_count; n++)
			if (strcmp(workload->settings[n].key, keys->names[i]) == 0)
				value = workload->settings[n].value;
		add_cell(csv, value);
	}
}

static void add_arm(const struct result_arm *arm, struct text *csv)
{
	const char *rate = arm->rate ? arm->rate : "";
	size_t digits = strspn(rate, "0123456789");
	add_cell(csv, arm->allocator);
	add_cell(csv, arm->spec);
	text_add(csv, arm->plugin_hash ? "0x%016" PRIx64 "," : ",", arm->plugin_hash);
	text_add(csv, "%u,", arm->threads);
	add_cell(csv, arm->lock);
	text_add_bytes(csv, rate, digits);
	text_add(csv, ",");
	add_cell(csv, !arm->rate ? "" : rate[digits] == ':' ? rate + digits + 1 : rate[digits] ? rate + digits : "even");
	text_add(csv, "%s,%s,", result_arm_state_name[arm->state], error_owner_name[arm->owner]);
	add_cell(csv, arm->reason);
}

void tidy_add_head(const struct tidy_keys *keys, struct text *csv)
{
	text_add(csv, "run,started,version,commit,cpu,kernel,node,workload,workload_hash,stream_hash,seed,"
		      "interference_data_bytes,interference_code_bytes,");
	for (size_t i = 0; i < keys->count; i++) {
		struct text name = {0};
		text_add(&name, "sweep.%s", keys->names[i]);
		add_cell(csv, name.bytes);
		csv->failed |= name.failed;
		text_release(&name);
	}
	text_add(csv, "allocator,spec,plugin_hash,threads,lock,rate_per_s,arrivals,state,owner,reason,phase,");
}

void tidy_add_start(const struct result *result, const struct result_arm *arm, const struct tidy_keys *keys,
		    struct text *start)
{
	add_run(result, arm, start);
	add_workload(&result->workloads[arm->workload], keys, start);
	add_arm(arm, start);
	add_cell(start, arm->figures_phase < arm->phase_count ? arm->phases[arm->figures_phase].name : "");
}

static const struct result_latency *latency_of(const struct result_arm *arm, int metric)
{
	if (metric < METRIC_COUNT || arm->figures_phase >= arm->phase_count)
		return NULL;
	return &arm->phases[arm->figures_phase].latency[(metric - METRIC_COUNT) / METRIC_LATENCY_COUNT];
}

static void add_row(const struct result_arm *arm, int metric, const struct text *start, struct text *csv)
{
	const struct metric_info *info = &metric_table[metric];
	const struct result_latency *latency = latency_of(arm, metric);
	const struct result_figures *figures = result_arm_figures(arm);
	double value = result_arm_figure(arm, metric);
	/* Of kinds of operations that did not occur there is nothing to tell. */
	if (metric >= METRIC_COUNT && (!latency || !latency->count))
		return;
	text_add_bytes(csv, start->bytes, start->length);
	text_add(csv, "%s,%s,%s,%s,", info->path, info->unit, info->exact ? "yes" : "no", metric_better_name[info->better]);
	text_add(csv, isfinite(value) ? "%.17g," : ",", value);
	bool is_max = metric >= METRIC_COUNT && (metric - METRIC_COUNT) % METRIC_LATENCY_COUNT == METRIC_LATENCY_MAX;
	text_add(csv, "%s,", latency && is_max ? result_taint_name[latency->max_taint] : "");
	if (!isfinite(value))
		text_add_csv(csv, metric < METRIC_COUNT ? result_reason_text[figures->reason[metric]]
							: "fewer than 10 samples above it");
	else if (latency && latency->below_resolution && value <= latency->resolution_ns && strcmp(info->unit, "ns") == 0)
		text_add(csv, "the clock cannot tell less");
	text_add(csv, "\n");
}

void report_csv(const struct result *result, struct text *csv)
{
	struct tidy_keys keys = {0};
	csv->failed |= !tidy_find_keys(result, &keys);
	tidy_add_head(&keys, csv);
	text_add(csv, "metric,unit,exact,better,value,taint,note\n");
	for (size_t i = 0; i < result->arm_count && !csv->failed; i++) {
		struct text start = {0};
		tidy_add_start(result, &result->arms[i], &keys, &start);
		csv->failed |= start.failed;
		for (int metric = 0; metric < METRIC_ALL && !csv->failed; metric++)
			add_row(&result->arms[i], metric, &start, csv);
		text_release(&start);
	}
	memory_release(keys.names);
}
