/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include "base/memory.h"
#include "base/json.h"
#include "result/looks.h"
#include "result/node.h"
#include "result/parts.h"

#include <math.h>
#include <string.h>

static void read_warnings(struct json_reader *reader, const struct json_at *machine, struct result *result)
{
	size_t count;
	struct text lines = {0};
	struct json_at warnings = json_array_child(reader, machine, "warnings", 1000, &count);
	text_add(&lines, "%s", "");
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at line = json_element(&warnings, i);
		char *text = json_text_at(reader, &line);
		text_add(&lines, "%s%s", i ? "\n" : "", text ? text : "");
		memory_release(text);
	}
	if (lines.failed)
		json_fail_memory(reader);
	result->machine.warnings = lines.bytes;
}

static uint64_t read_u64_or_null(struct json_reader *reader, const struct json_at *at, const char *key, uint64_t maximum)
{
	struct json_at value = json_child(reader, at, key);
	return json_is_null(value.value) ? 0 : json_u64_at(reader, &value, maximum);
}

/* Older documents have none. */
static void read_caches(struct json_reader *reader, const struct json_at *machine, struct result *result)
{
	struct json_at at = json_child_optional(reader, machine, "cache_bytes");
	for (size_t i = 0; at.value && i < RESULT_CACHE_COUNT; i++)
		result->machine.cache_bytes[i] = read_u64_or_null(reader, &at, result_cache_name[i], UINT64_MAX);
}

/* Older documents have none. */
static void read_environment(struct json_reader *reader, const struct json_at *machine, const char *key,
			     struct result_environment *environment)
{
	struct json_at at = json_child_optional(reader, machine, key);
	*environment = (struct result_environment){(double)NAN, (double)NAN, (double)NAN};
	if (!at.value)
		return;
	environment->load_1min = json_read_double(reader, &at, "load_1min");
	environment->core_ghz = json_read_double(reader, &at, "core_ghz");
	environment->steal_ms = json_read_double(reader, &at, "steal_ms");
}

/* Results of before failures had owners: they were the allocator's, but for those of the driver. */
static enum error_owner read_owner(struct json_reader *reader, const struct json_at *at, const char *key,
				   enum error_owner missing)
{
	if (!json_child_optional(reader, at, key).value)
		return missing;
	return (enum error_owner)json_read_choice(reader, at, key, error_owner_name, ERROR_OWNER_COUNT);
}

static void read_run(struct json_reader *reader, const struct json_at *document, struct result *result)
{
	struct json_at run = json_object_child(reader, document, "run");
	result->run.id = json_read_text(reader, &run, "id");
	result->run.started = json_read_text(reader, &run, "started");
	result->run.command = json_read_text(reader, &run, "command");
	result->run.partial = json_read_bool(reader, &run, "partial");
	result->run.rounds = (uint32_t)json_read_u64(reader, &run, "rounds", UINT32_MAX);
	result->run.latency_serialised = json_read_bool(reader, &run, "latency_serialised");
	result->run.trouble_owner = read_owner(reader, &run, "trouble_owner", ERROR_OWNER_NONE);
	if (result->run.trouble_owner != ERROR_OWNER_NONE)
		result->run.trouble = json_read_text(reader, &run, "trouble");

	struct json_at machine = json_object_child(reader, document, "machine");
	result->machine.cpu = json_read_text(reader, &machine, "cpu");
	result->machine.kernel = json_read_text(reader, &machine, "kernel");
	result->machine.clock = json_read_text(reader, &machine, "clock");
	result->machine.cpus = (uint32_t)json_read_u64(reader, &machine, "cpus", UINT32_MAX);
	result->machine.tsc_hz = json_read_double(reader, &machine, "tsc_hz");
	result->machine.timer_step_ns = json_read_double(reader, &machine, "timer_step_ns");
	result->machine.timer_pair_ns = json_read_double(reader, &machine, "timer_pair_ns");
	result->machine.timer_drift_ppm = json_read_double(reader, &machine, "timer_drift_ppm");
	struct json_at calibration = json_child_optional(reader, &machine, "calibration");
	if (calibration.value && !json_is_null(calibration.value))
		result->machine.calibration = json_read_text(reader, &machine, "calibration");
	read_caches(reader, &machine, result);
	read_environment(reader, &machine, "before", &result->machine.before);
	read_environment(reader, &machine, "after", &result->machine.after);
	read_warnings(reader, &machine, result);

	struct json_at build = json_object_child(reader, document, "build");
	result->build.version = json_read_text(reader, &build, "version");
	result->build.git = json_read_text(reader, &build, "git");
	result->build.compiler = json_read_text(reader, &build, "compiler");
	result->build.flags = json_read_text(reader, &build, "flags");
}

static int add_piece(const char *bytes, size_t length, void *text)
{
	text_add_bytes(text, bytes, length);
	return ((struct text *)text)->failed ? -1 : 0;
}

static void read_sweep(struct json_reader *reader, const struct json_at *at, struct result_workload *workload)
{
	struct json_at sweep = json_child(reader, at, "sweep");
	const char *key;
	json_t *value;
	if (reader->failed || json_is_null(sweep.value))
		return;
	if (!json_is_object(sweep.value)) {
		json_fail(reader, &sweep, "must be an object or null");
		return;
	}
	workload->settings = json_room(reader, json_object_size(sweep.value), sizeof workload->settings[0]);
	json_object_foreach(sweep.value, key, value)
	{
		if (reader->failed)
			return;
		struct result_setting *setting = &workload->settings[workload->setting_count++];
		setting->key = memory_text(key);
		setting->value = json_read_text(reader, &sweep, key);
		if (!setting->key)
			json_fail_memory(reader);
	}
}

/* Older documents tell of none. */
static void read_interference(struct json_reader *reader, const struct json_at *at, struct result_workload *workload)
{
	struct json_at interference = json_child_optional(reader, at, "interference");
	if (!interference.value)
		return;
	workload->interference_data_bytes = json_read_u64(reader, &interference, "data_bytes", UINT64_MAX);
	workload->interference_code_bytes = json_read_u64(reader, &interference, "code_bytes", UINT64_MAX);
	if (json_child_optional(reader, &interference, "pairs").value)
		workload->interference_pairs = json_read_u64(reader, &interference, "pairs", UINT64_MAX);
}

static void read_steady(struct json_reader *reader, const struct json_at *at, struct result_workload_steady *steady)
{
	bool level = json_read_bool(reader, at, "level");
	steady->asked = true;
	steady->reason = json_read_text_or_null(reader, at, "reason");
	steady->operations = json_read_u64(reader, at, "operations", UINT64_MAX);
	struct json_at device = json_child(reader, at, "device_s");
	steady->device_s = json_is_null(device.value) ? (double)NAN : json_double_at(reader, &device);
	if (!reader->failed && level != !steady->reason)
		json_fail(reader, at, "must have a reason when it is not level, and none when it is");
}

static void read_workload(struct json_reader *reader, const struct json_at *at, struct result_workload *workload)
{
	workload->name = json_read_text(reader, at, "name");
	workload->about = json_read_text(reader, at, "about");
	workload->file = json_read_text(reader, at, "file");
	workload->hash = json_read_u64(reader, at, "hash", UINT64_MAX);
	struct json_at stream_hash = json_child(reader, at, "stream_hash");
	if (!json_is_null(stream_hash.value))
		workload->stream_hash = json_u64_at(reader, &stream_hash, UINT64_MAX);
	workload->adaptive = json_read_bool(reader, at, "adaptive");
	read_sweep(reader, at, workload);
	workload->seed = json_read_u64(reader, at, "seed", UINT64_MAX);
	workload->ops = json_read_u64(reader, at, "ops", UINT64_MAX);
	read_interference(reader, at, workload);
	struct json_at recorded = json_child_optional(reader, at, "recorded");
	if (recorded.value)
		workload->recorded = json_text_at(reader, &recorded);
	struct json_at steady = json_child_optional(reader, at, "steady");
	if (steady.value)
		read_steady(reader, &steady, &workload->steady);
	struct json_at expanded = json_child(reader, at, "expanded");
	if (reader->failed || json_is_null(expanded.value))
		return;
	if (!json_is_object(expanded.value)) {
		json_fail(reader, &expanded, "must be an object or null");
		return;
	}
	struct text text = {0};
	if (json_dump_callback(expanded.value, add_piece, &text, JSON_COMPACT) < 0) {
		json_fail_memory(reader);
		text_release(&text);
	}
	workload->expanded = text.bytes;
}

static void read_latency(struct json_reader *reader, const struct json_at *at, struct result_latency *latency)
{
	struct json_at count = json_child(reader, at, "count");
	latency->count = json_u64_at(reader, &count, UINT64_MAX);
	if (latency->count == 0)
		json_fail(reader, &count, "must be at least 1");
	latency->p50_ns = json_read_double(reader, at, "p50_ns");
	latency->p90_ns = json_read_double(reader, at, "p90_ns");
	latency->p99_ns = json_read_double(reader, at, "p99_ns");
	latency->p999_ns = json_read_double(reader, at, "p999_ns");
	latency->p9999_ns = json_read_double(reader, at, "p9999_ns");
	latency->max_ns = json_read_double(reader, at, "max_ns");
	latency->resolution_ns = json_read_double(reader, at, "resolution_ns");
	latency->below_resolution = json_read_bool(reader, at, "below_resolution");
	latency->dropped = json_read_u64(reader, at, "dropped", UINT64_MAX);
	struct json_at histogram = json_object_child(reader, at, "histogram");
	parts_read_histogram(reader, &histogram, &latency->histogram);
	struct json_at rounds = json_child_optional(reader, at, "rounds");
	for (size_t i = 0; rounds.value && !reader->failed && i < METRIC_PERCENTILES; i++) {
		size_t round_count = 0;
		parts_read_doubles(reader, &rounds, metric_percentile_key[i], &latency->round_ns[i], &round_count);
		if (i && round_count != latency->round_count)
			json_fail(reader, &rounds, "must have as many rounds of each percentile");
		latency->round_count = round_count;
	}
	parts_read_over_processes(reader, at, latency->over_processes);
	parts_read_max(reader, at, "max_clean_ns", &latency->max_taint, &latency->max_clean_ns);
}

/* Results of before have no growth and no interval. */
static void read_ageing(struct json_reader *reader, const struct json_at *ageing, struct result_phase *phase)
{
	size_t count = 0;
	if (json_is_string(json_object_get(ageing->value, "class")))
		phase->ageing = (enum result_ageing)json_read_choice(reader, ageing, "class", result_ageing_name,
								     RESULT_AGEING_COUNT);
	if (json_is_number(json_object_get(ageing->value, "ci_low"))) {
		phase->ageing_low = json_read_double(reader, ageing, "ci_low");
		phase->ageing_high = json_read_double(reader, ageing, "ci_high");
	}
	phase->growth_known = json_is_array(json_object_get(ageing->value, "growing"));
	if (!phase->growth_known)
		return;
	struct json_at growing = json_array_child(reader, ageing, "growing", RESULT_SERIES_COUNT, &count);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at element = json_element(&growing, i);
		const char *name = json_string_value(element.value);
		unsigned column = 0;
		while (name && column < RESULT_SERIES_COUNT && strcmp(name, result_series_name[column]) != 0)
			column++;
		if (name && column < RESULT_SERIES_COUNT)
			phase->growing |= UINT32_C(1) << column;
		else
			json_fail(reader, &element, "must be a column of series.csv");
	}
}

static void read_phase(struct json_reader *reader, const struct json_at *at, struct result_phase *phase)
{
	phase->name = json_read_text(reader, at, "name");
	phase->measured = json_read_bool(reader, at, "measured");
	parts_read_figures(reader, at, &phase->figures);
	struct json_at ageing = json_child_optional(reader, at, "ageing");
	if (json_is_object(ageing.value))
		read_ageing(reader, &ageing, phase);
	/* Results of before there were comparisons have no rounds. */
	struct json_at throughput = json_child_optional(reader, at, "throughput");
	if (json_is_object(throughput.value) && json_object_get(throughput.value, "round_ns_per_op"))
		parts_read_doubles(reader, &throughput, "round_ns_per_op", &phase->round_ns_per_op, &phase->round_count);
	if (json_is_object(throughput.value))
		parts_read_cells(reader, &throughput, "cells", &phase->cells);
	struct json_at latency = json_object_child(reader, at, "latency");
	for (size_t kind = 0; kind < METRIC_KIND_COUNT && !reader->failed; kind++) {
		struct json_at one = json_child_optional(reader, &latency, metric_kind_name[kind]);
		if (one.value)
			read_latency(reader, &one, &phase->latency[kind]);
	}
	parts_read_classes(reader, at, phase);
}

static void read_phases(struct json_reader *reader, const struct json_at *at, struct result_arm *arm)
{
	size_t count;
	struct json_at phases = json_array_child(reader, at, "phases", PARTS_COUNT_MAX, &count);
	arm->phases = json_room(reader, count, sizeof *arm->phases);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at phase = json_element(&phases, i);
		arm->phase_count = i + 1;
		read_phase(reader, &phase, &arm->phases[i]);
	}
}

static void read_sources(struct json_reader *reader, const struct json_at *document, struct result *result)
{
	size_t count;
	if (!json_child_optional(reader, document, "sources").value)
		return;
	struct json_at sources = json_array_child(reader, document, "sources", PARTS_COUNT_MAX, &count);
	result->sources = json_room(reader, count, sizeof *result->sources);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at source = json_element(&sources, i);
		result->source_count = i + 1;
		result->sources[i].id = json_read_text(reader, &source, "id");
		result->sources[i].started = json_read_text(reader, &source, "started");
		result->sources[i].command = json_read_text(reader, &source, "command");
		result->sources[i].cpu = json_read_text(reader, &source, "cpu");
		result->sources[i].kernel = json_read_text(reader, &source, "kernel");
	}
}

/* Older documents have none: what they tell of their machine has to do. */
static void read_nodes(struct json_reader *reader, const struct json_at *document, struct result *result)
{
	size_t count = 0;
	struct json_at nodes = json_child_optional(reader, document, "nodes");
	if (nodes.value)
		nodes = json_array_child(reader, document, "nodes", PARTS_COUNT_MAX, &count);
	if (!count) {
		if (!reader->failed && result_guess_nodes(result) < 0)
			json_fail_memory(reader);
		return;
	}
	result->nodes = json_room(reader, count, sizeof *result->nodes);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at at = json_element(&nodes, i);
		struct result_node *node = &result->nodes[i];
		result->node_count = i + 1;
		node->id = json_read_u64(reader, &at, "id", UINT64_MAX);
		node->cpu = json_read_text(reader, &at, "cpu");
		node->cpus = (uint32_t)json_read_u64(reader, &at, "cpus", UINT32_MAX);
		node->microcode = json_read_text_or_null(reader, &at, "microcode");
		node->kernel = json_read_text(reader, &at, "kernel");
		node->build = json_read_text(reader, &at, "build");
		node->memory_bytes = read_u64_or_null(reader, &at, "memory_bytes", UINT64_MAX);
		node->numa_nodes = (uint32_t)read_u64_or_null(reader, &at, "numa_nodes", UINT32_MAX);
	}
	struct json_at sources = json_child_optional(reader, document, "sources");
	for (size_t i = 0; i < result->source_count && !reader->failed; i++) {
		struct json_at source = json_element(&sources, i), node = json_child(reader, &source, "node");
		result->sources[i].node = json_u64_at(reader, &node, SIZE_MAX);
		if (result->sources[i].node >= count)
			json_fail(reader, &node, "must be the index of a node");
	}
}

static void read_source(struct json_reader *reader, const struct json_at *at, struct result_arm *arm, size_t source_count)
{
	struct json_at source = json_child_optional(reader, at, "source");
	if (!source.value)
		return;
	arm->source = json_u64_at(reader, &source, SIZE_MAX);
	if (arm->source >= source_count)
		json_fail(reader, &source, "must be the index of a source");
}

/* Older documents have none. */
static void read_paired(struct json_reader *reader, const struct json_at *at, struct result_arm *arm, size_t arm_count)
{
	struct json_at first = json_child_optional(reader, at, "paired"), others = {0};
	size_t count = 0;
	if (!first.value || json_is_null(first.value)) {
		if (first.value)
			arm->paired_reason = json_read_text(reader, at, "paired_reason");
		return;
	}
	first = json_object_child(reader, at, "paired");
	if (json_child_optional(reader, at, "paired_others").value)
		others = json_array_child(reader, at, "paired_others", PARTS_COUNT_MAX, &count);
	arm->paired = json_room(reader, count + 1, sizeof *arm->paired);
	for (size_t i = 0; i < count + 1 && !reader->failed; i++) {
		struct json_at one = i ? json_element(&others, i - 1) : first;
		arm->paired_count = i + 1;
		parts_read_paired(reader, &one, arm_count, &arm->paired[i]);
	}
}

static void read_arm(struct json_reader *reader, const struct json_at *at, struct result_arm *arm, size_t workload_count)
{
	struct json_at workload = json_child(reader, at, "workload_index");
	arm->workload = json_u64_at(reader, &workload, SIZE_MAX);
	if (arm->workload >= workload_count)
		json_fail(reader, &workload, "must be the index of a workload");
	arm->allocator = json_read_text(reader, at, "allocator");
	arm->spec = json_read_text(reader, at, "spec");
	struct json_at plugin = json_child_optional(reader, at, "plugin_hash");
	if (plugin.value && !json_is_null(plugin.value))
		arm->plugin_hash = json_u64_at(reader, &plugin, UINT64_MAX);
	struct json_at about = json_child_optional(reader, at, "plugin_about");
	if (about.value)
		arm->plugin_about = json_read_text_or_null(reader, at, "plugin_about");
	arm->threads = (uint32_t)json_read_u64(reader, at, "threads", UINT32_MAX);
	arm->lock = json_read_text_or_null(reader, at, "lock");
	arm->rate = json_read_text_or_null(reader, at, "rate");
	arm->state =
		(enum result_arm_state)json_read_choice(reader, at, "state", result_arm_state_name, RESULT_ARM_NOT_RUN + 1);
	arm->reason = json_read_text_or_null(reader, at, "reason");
	struct json_at audit = json_object_child(reader, at, "audit");
	arm->placement_hash = json_read_u64(reader, &audit, "placement_hash", UINT64_MAX);
	read_phases(reader, at, arm);
	struct json_at named = json_child_optional(reader, at, "named");
	arm->named = named.value && json_read_bool(reader, at, "named");
	struct json_at figures_phase = json_child(reader, at, "figures_phase");
	arm->figures_phase = json_u64_at(reader, &figures_phase, SIZE_MAX);
	if (arm->phase_count && arm->figures_phase >= arm->phase_count)
		json_fail(reader, &figures_phase, "must be the index of a phase");
	looks_read(reader, at, &arm->looks);
	parts_read_violations(reader, at, "violations", &arm->violations, &arm->violation_count);
	parts_read_domains(reader, at, "domains", &arm->domains, &arm->domain_count);
	parts_read_series(reader, at, "series_table", arm->phase_count, &arm->series, &arm->series_count);
	parts_read_maps(reader, at, "address_maps", &arm->maps, &arm->map_count);
	parts_read_heat(reader, at, "latency_heat", &arm->heat);
	arm->failures_known = parts_read_failures(reader, at, "failures_by_request", &arm->failures, &arm->failure_count);
	if (reader->failed)
		return;
	bool fatal = result_arm_figures(arm)->value[METRIC_CALLS_FATAL] > 0;
	arm->owner = read_owner(reader, at, "owner",
				arm->state != RESULT_ARM_FAILED ? ERROR_OWNER_NONE
				: fatal                         ? ERROR_OWNER_DRIVER
								: ERROR_OWNER_ALLOCATOR);
	/* Older documents kept what such an arm had. */
	if (!reader->failed && result_arm_is_thrown_out(arm))
		result_arm_throw_out(arm);
}

static void read_expectation(struct json_reader *reader, const struct json_at *at, struct result_expectation *expectation,
			     size_t arm_count)
{
	struct json_at arm = json_child(reader, at, "arm");
	expectation->arm = json_u64_at(reader, &arm, SIZE_MAX);
	if (expectation->arm >= arm_count)
		json_fail(reader, &arm, "must be the index of an arm");
	expectation->metric = json_read_text(reader, at, "metric");
	expectation->wanted = json_read_text(reader, at, "wanted");
	expectation->got = json_read_double(reader, at, "got");
	expectation->met = json_read_bool(reader, at, "met");
}

/* What an older version did not write is null; of exact metrics, so is the interval. */
static double read_double_or_null(struct json_reader *reader, const struct json_at *at, const char *key)
{
	struct json_at value = json_child_optional(reader, at, key);
	return value.value ? json_double_at(reader, &value) : (double)NAN;
}

static void read_comparison(struct json_reader *reader, const struct json_at *at, struct result_comparison *comparison,
			    size_t arm_count)
{
	struct json_at a = json_child(reader, at, "a_arm"), b = json_child(reader, at, "b_arm");
	struct json_at metric = json_child(reader, at, "metric");
	comparison->a = json_u64_at(reader, &a, SIZE_MAX);
	comparison->b = json_u64_at(reader, &b, SIZE_MAX);
	if (comparison->a >= arm_count)
		json_fail(reader, &a, "must be the index of an arm");
	if (comparison->b >= arm_count)
		json_fail(reader, &b, "must be the index of an arm");
	int found = json_is_string(metric.value) ? metric_find(json_string_value(metric.value)) : -1;
	if (found < 0)
		json_fail(reader, &metric, "must be the path of a metric");
	comparison->metric = (enum metric)(found < 0 ? 0 : found);
	comparison->a_value = json_read_double(reader, at, "a_value");
	comparison->b_value = json_read_double(reader, at, "b_value");
	comparison->ratio = read_double_or_null(reader, at, "ratio");
	comparison->ci_low = read_double_or_null(reader, at, "ci_low");
	comparison->ci_high = read_double_or_null(reader, at, "ci_high");
	comparison->level = read_double_or_null(reader, at, "level");
	comparison->threshold = json_read_double(reader, at, "threshold");
	struct json_at verdict = json_child(reader, at, "verdict");
	int said = json_is_string(verdict.value)
			   ? result_verdict_of_word(json_string_value(verdict.value), comparison->metric)
			   : -1;
	if (said < 0)
		json_fail(reader, &verdict,
			  "must be \"ok\", \"inconclusive\", \"different work\", \"not compared\", \"regression\", "
			  "\"improvement\", or of times \"slower\", \"faster\", and of exact metrics \"more\", \"fewer\"");
	comparison->verdict = said < 0 ? RESULT_VERDICT_NOT_COMPARED : (enum result_verdict)said;
	comparison->by_pairs = json_child_optional(reader, at, "by_pairs").value && json_read_bool(reader, at, "by_pairs");
	comparison->rounds = (uint32_t)json_read_u64(reader, at, "rounds", UINT32_MAX);
	struct json_at wanted = json_child_optional(reader, at, "rounds_wanted");
	if (wanted.value && !json_is_null(wanted.value))
		comparison->rounds_wanted = (uint32_t)json_u64_at(reader, &wanted, UINT32_MAX);
	comparison->reason = json_read_text_or_null(reader, at, "reason");
}

static void read_comparisons(struct json_reader *reader, const struct json_at *document, struct result *result)
{
	size_t count;
	struct json_at list = json_array_child(reader, document, "comparisons", PARTS_COUNT_MAX, &count);
	result->comparisons = json_room(reader, count, sizeof *result->comparisons);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at comparison = json_element(&list, i);
		result->comparison_count = i + 1;
		read_comparison(reader, &comparison, &result->comparisons[i], result->arm_count);
	}
}

static void read_workloads(struct json_reader *reader, const struct json_at *document, struct result *result)
{
	size_t count;
	struct json_at list = json_array_child(reader, document, "workloads", PARTS_COUNT_MAX, &count);
	result->workloads = json_room(reader, count, sizeof *result->workloads);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at workload = json_element(&list, i);
		result->workload_count = i + 1;
		read_workload(reader, &workload, &result->workloads[i]);
	}
}

static void read_lists(struct json_reader *reader, const struct json_at *document, struct result *result)
{
	size_t count;
	struct json_at list = json_array_child(reader, document, "arms", PARTS_COUNT_MAX, &count);
	result->arms = json_room(reader, count, sizeof *result->arms);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at arm = json_element(&list, i);
		result->arm_count = i + 1;
		read_arm(reader, &arm, &result->arms[i], result->workload_count);
		read_paired(reader, &arm, &result->arms[i], count);
		read_source(reader, &arm, &result->arms[i], result->source_count);
	}
	read_comparisons(reader, document, result);
	list = json_array_child(reader, document, "expectations", PARTS_COUNT_MAX, &count);
	result->expectations = json_room(reader, count, sizeof *result->expectations);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct json_at expectation = json_element(&list, i);
		result->expectation_count = i + 1;
		read_expectation(reader, &expectation, &result->expectations[i], result->arm_count);
	}
}

static void read_document(struct json_reader *reader, json_t *document, bool head, struct result *result)
{
	struct json_at at = {.value = document};
	*result = (struct result){0};
	json_check_schema(reader, &at, RESULT_SCHEMA);
	read_run(reader, &at, result);
	read_sources(reader, &at, result);
	read_nodes(reader, &at, result);
	read_workloads(reader, &at, result);
	if (!head)
		read_lists(reader, &at, result);
}

static int end(struct json_reader *reader, json_t *document, struct result *result)
{
	json_decref(document);
	if (!reader->failed)
		return 0;
	result_release(result);
	return -1;
}

int result_read(const char *json, size_t length, struct result *result, struct error *error)
{
	struct json_reader reader = {.what = "result", .error = error};
	json_t *document = json_parse(&reader, json, length);
	read_document(&reader, document, false, result);
	result->undigested = !json_check_digest(&reader, document);
	return end(&reader, document, result);
}

int result_read_head(const char *json, size_t length, struct result *result, struct error *error)
{
	static const char *const lists[] = {"arms", "comparisons", "expectations", NULL};
	struct json_reader reader = {.what = "result", .error = error};
	json_t *document = json_parse_without(&reader, json, length, lists);
	read_document(&reader, document, true, result);
	return end(&reader, document, result);
}
