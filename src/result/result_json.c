/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include "base/json.h"
#include "result/looks.h"
#include "result/parts.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* null, and why. */
static void put_none(struct json_writer *writer, json_t *object, const char *key, const char *reason_key,
		     const char *reason)
{
	json_put(writer, object, key, json_null());
	json_put_text(writer, object, reason_key, reason);
}

static void write_environment(struct json_writer *writer, json_t *object, const struct result_environment *environment)
{
	const struct {
		const char *key, *reason_key;
		double value;
	} figures[] = {
		{"load_1min", "load_1min_reason", environment->load_1min},
		{"core_ghz", "core_ghz_reason", environment->core_ghz},
		{"steal_ms", "steal_ms_reason", environment->steal_ms},
	};
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
		json_put_double(writer, object, figures[i].key, figures[i].value);
		if (!isfinite(figures[i].value))
			json_put_text(writer, object, figures[i].reason_key, "this system does not tell");
	}
}

static void write_caches(struct json_writer *writer, json_t *object, const struct result *result)
{
	for (size_t i = 0; i < RESULT_CACHE_COUNT; i++) {
		char reason_key[32];
		snprintf(reason_key, sizeof reason_key, "%s_reason", result_cache_name[i]);
		if (result->machine.cache_bytes[i])
			json_put_u64(writer, object, result_cache_name[i], result->machine.cache_bytes[i]);
		else
			put_none(writer, object, result_cache_name[i], reason_key, "this system does not tell");
	}
}

static void write_run(struct json_writer *writer, json_t *run, const struct result *result)
{
	json_put_text(writer, run, "id", or_empty(result->run.id));
	json_put_text(writer, run, "started", or_empty(result->run.started));
	json_put_text(writer, run, "command", or_empty(result->run.command));
	json_put(writer, run, "partial", json_boolean(result->run.partial));
	json_put_u64(writer, run, "rounds", result->run.rounds);
	json_put(writer, run, "latency_serialised", json_boolean(result->run.latency_serialised));
	json_put_text(writer, run, "trouble_owner", error_owner_name[result->run.trouble_owner]);
	if (result->run.trouble)
		json_put_text(writer, run, "trouble", result->run.trouble);
	else
		put_none(writer, run, "trouble", "trouble_reason", "nothing failed beside arms");
}

static void write_machine(struct json_writer *writer, json_t *machine, const struct result *result)
{
	json_put_text(writer, machine, "cpu", or_empty(result->machine.cpu));
	json_put_text(writer, machine, "kernel", or_empty(result->machine.kernel));
	json_put_text(writer, machine, "clock", or_empty(result->machine.clock));
	json_put_u64(writer, machine, "cpus", result->machine.cpus);
	json_put_double(writer, machine, "tsc_hz", result->machine.tsc_hz);
	if (!isfinite(result->machine.tsc_hz))
		json_put_text(writer, machine, "tsc_hz_reason", "the CPU has no counter of constant rate");
	json_put_double(writer, machine, "timer_step_ns", result->machine.timer_step_ns);
	json_put_double(writer, machine, "timer_pair_ns", result->machine.timer_pair_ns);
	json_put_double(writer, machine, "timer_drift_ppm", result->machine.timer_drift_ppm);
	if (result->machine.calibration)
		json_put_text(writer, machine, "calibration", result->machine.calibration);
	else
		put_none(writer, machine, "calibration", "calibration_reason", "no comparison of equals was made on it");
	write_caches(writer, json_put_object(writer, machine, "cache_bytes"), result);
	write_environment(writer, json_put_object(writer, machine, "before"), &result->machine.before);
	write_environment(writer, json_put_object(writer, machine, "after"), &result->machine.after);
	json_t *warnings = json_put_array(writer, machine, "warnings");
	for (const char *line = or_empty(result->machine.warnings); *line;) {
		size_t length = strcspn(line, "\n");
		struct text warning = {0};
		text_add_bytes(&warning, line, length);
		if (length)
			json_append(writer, warnings, warning.failed ? NULL : json_text(warning.bytes));
		text_release(&warning);
		line += length + (line[length] == '\n');
	}
}

static void write_build(struct json_writer *writer, json_t *build, const struct result *result)
{
	json_put_text(writer, build, "version", or_empty(result->build.version));
	json_put_text(writer, build, "git", or_empty(result->build.git));
	json_put_text(writer, build, "compiler", or_empty(result->build.compiler));
	json_put_text(writer, build, "flags", or_empty(result->build.flags));
}

static void write_sweep(struct json_writer *writer, json_t *object, const struct result_workload *workload)
{
	if (!workload->setting_count) {
		put_none(writer, object, "sweep", "sweep_reason", "not part of a sweep");
		return;
	}
	json_t *sweep = json_put_object(writer, object, "sweep");
	for (size_t i = 0; i < workload->setting_count; i++)
		json_put_text(writer, sweep, workload->settings[i].key, workload->settings[i].value);
}

/* Only where it was asked for. */
static void write_steady(struct json_writer *writer, json_t *object, const struct result_workload_steady *steady)
{
	if (!steady->asked)
		return;
	json_t *found = json_put_object(writer, object, "steady");
	json_put(writer, found, "level", json_boolean(!steady->reason));
	json_put_text(writer, found, "reason", steady->reason);
	json_put_u64(writer, found, "operations", steady->operations);
	if (isfinite(steady->device_s))
		json_put_double(writer, found, "device_s", steady->device_s);
	else
		put_none(writer, found, "device_s", "device_s_reason",
			 steady->operations ? "the workload has no pace" : "nothing was judged");
}

static int write_workload(struct json_writer *writer, json_t *object, const struct result *result, size_t index,
			  struct error *error)
{
	const struct result_workload *workload = &result->workloads[index];
	json_put_text(writer, object, "name", or_empty(workload->name));
	json_put_text(writer, object, "about", or_empty(workload->about));
	json_put_text(writer, object, "file", or_empty(workload->file));
	json_put_hex(writer, object, "hash", workload->hash);
	if (workload->stream_hash)
		json_put_hex(writer, object, "stream_hash", workload->stream_hash);
	else
		put_none(writer, object, "stream_hash", "stream_hash_reason",
			 workload->adaptive ? "adaptive: what is asked depends on what the allocator answers"
					    : "not known: never played, or made while it ran");
	json_put(writer, object, "adaptive", json_boolean(workload->adaptive));
	write_sweep(writer, object, workload);
	json_put_u64(writer, object, "seed", workload->seed);
	json_put_u64(writer, object, "ops", workload->ops);
	if (workload->recorded)
		json_put_text(writer, object, "recorded", workload->recorded);
	write_steady(writer, object, &workload->steady);
	json_t *interference = json_put_object(writer, object, "interference");
	json_put_u64(writer, interference, "data_bytes", workload->interference_data_bytes);
	json_put_u64(writer, interference, "code_bytes", workload->interference_code_bytes);
	json_put_u64(writer, interference, "pairs", workload->interference_pairs);
	if (!workload->expanded || !*workload->expanded) {
		put_none(writer, object, "expanded", "expanded_reason", "not recorded");
		return 0;
	}
	struct json_reader reader = {.what = "expanded workload", .error = error};
	json_t *expanded = json_parse(&reader, workload->expanded, strlen(workload->expanded));
	json_put(writer, object, "expanded", expanded);
	return reader.failed ? -1 : 0;
}

static void write_percentile(struct json_writer *writer, json_t *object, const char *key, const char *reason_key, double ns)
{
	if (isfinite(ns))
		json_put_double(writer, object, key, ns);
	else
		put_none(writer, object, key, reason_key, "fewer than 10 samples above it");
}

static void write_latency(struct json_writer *writer, json_t *object, const struct result_latency *latency)
{
	struct result_point points[RESULT_CURVE_MAX];
	json_put_u64(writer, object, "count", latency->count);
	write_percentile(writer, object, "p50_ns", "p50_ns_reason", latency->p50_ns);
	write_percentile(writer, object, "p90_ns", "p90_ns_reason", latency->p90_ns);
	write_percentile(writer, object, "p99_ns", "p99_ns_reason", latency->p99_ns);
	write_percentile(writer, object, "p999_ns", "p999_ns_reason", latency->p999_ns);
	write_percentile(writer, object, "p9999_ns", "p9999_ns_reason", latency->p9999_ns);
	write_percentile(writer, object, "max_ns", "max_ns_reason", latency->max_ns);
	json_put_double(writer, object, "resolution_ns", latency->resolution_ns);
	json_put(writer, object, "below_resolution", json_boolean(latency->below_resolution));
	json_put_u64(writer, object, "dropped", latency->dropped);
	size_t count = result_latency_curve(latency, points);
	json_t *curve = json_put_array(writer, object, "curve");
	for (size_t i = 0; i < count; i++) {
		json_t *point = json_append_array(writer, curve);
		json_append(writer, point, json_double(points[i].percentile));
		json_append(writer, point, json_double(points[i].ns));
	}
	parts_write_histogram(writer, json_put_object(writer, object, "histogram"), &latency->histogram);
	json_t *rounds = latency->round_count ? json_put_object(writer, object, "rounds") : NULL;
	for (size_t i = 0; rounds && i < METRIC_PERCENTILES; i++)
		parts_write_doubles(writer, rounds, metric_percentile_key[i], latency->round_ns[i], latency->round_count);
	parts_write_over_processes(writer, object, latency->over_processes);
	parts_write_max(writer, object, "max_clean_ns", latency->max_taint, latency->max_clean_ns);
}

static void write_growing(struct json_writer *writer, json_t *object, const struct result_phase *phase)
{
	if (!phase || !phase->growth_known) {
		put_none(writer, object, "growing", "growing_reason", "no audit, or fewer than 20 rows of its series");
		return;
	}
	json_t *growing = json_put_array(writer, object, "growing");
	for (unsigned i = 0; i < RESULT_SERIES_COUNT; i++)
		if (phase->growing >> i & 1)
			json_append(writer, growing, json_text(result_series_name[i]));
}

static void write_ageing(struct json_writer *writer, json_t *object, const struct result_phase *phase,
			 const struct result_figures *figures)
{
	if (phase && phase->ageing != RESULT_AGEING_UNKNOWN)
		json_put_text(writer, object, "class", result_ageing_name[phase->ageing]);
	else
		put_none(writer, object, "class", "class_reason",
			 result_reason_text[!phase ? figures->reason[METRIC_AGEING_RATIO]
					    : isnan(phase->figures.value[METRIC_AGEING_CHANGES])
						    ? RESULT_REASON_FEW_WINDOWS
						    : RESULT_REASON_FEW_ROUNDS]);
	if (phase && phase->ageing_low > 0) {
		json_put_double(writer, object, "ci_low", phase->ageing_low);
		json_put_double(writer, object, "ci_high", phase->ageing_high);
	} else {
		put_none(writer, object, "ci_low", "ci_low_reason", result_reason_text[RESULT_REASON_FEW_ROUNDS]);
		put_none(writer, object, "ci_high", "ci_high_reason", result_reason_text[RESULT_REASON_FEW_ROUNDS]);
	}
	write_growing(writer, object, phase);
}

/* The metrics and latencies of a phase. NULL: there is none, and figures tell why. */
static void write_figures(struct json_writer *writer, json_t *object, const struct result_phase *phase,
			  const struct result_figures *figures)
{
	parts_write_figures(writer, object, figures, true);
	write_ageing(writer, json_object_get(object, "ageing"), phase, figures);
	parts_write_doubles(writer, json_object_get(object, "throughput"), "round_ns_per_op",
			    phase ? phase->round_ns_per_op : NULL, phase ? phase->round_count : 0);
	json_t *latency = json_put_object(writer, object, "latency");
	for (size_t kind = 0; phase && kind < METRIC_KIND_COUNT; kind++)
		if (phase->latency[kind].count)
			write_latency(writer, json_put_object(writer, latency, metric_kind_name[kind]),
				      &phase->latency[kind]);
	parts_write_classes(writer, object, phase);
}

/* The first one on its own, the others beside it. */
static void write_paired(struct json_writer *writer, json_t *object, const struct result *result,
			 const struct result_arm *arm)
{
	json_t *others = NULL;
	if (!arm->paired_count)
		put_none(writer, object, "paired", "paired_reason",
			 arm->paired_reason ? arm->paired_reason : "not measured");
	for (size_t i = 0; i < arm->paired_count; i++) {
		const char *against = or_empty(result->arms[arm->paired[i].against].spec);
		others = i == 1 ? json_put_array(writer, object, "paired_others") : others;
		json_t *child = i ? json_append_object(writer, others) : json_put_object(writer, object, "paired");
		parts_write_paired(writer, child, &arm->paired[i], against);
	}
}

static void write_cells(struct json_writer *writer, json_t *throughput, const struct result_cells *cells)
{
	if (cells->count)
		parts_write_cells(writer, json_put_object(writer, throughput, "cells"), cells);
	else
		put_none(writer, throughput, "cells", "cells_reason", "not measured, or too short for it");
}

/* What was recorded over the stream, beside its series. */
static void write_over_stream(struct json_writer *writer, json_t *object, const struct result_arm *arm)
{
	parts_write_maps(writer, object, "address_maps", arm->maps, arm->map_count);
	if (arm->heat.column_count)
		parts_write_heat(writer, json_put_object(writer, object, "latency_heat"), &arm->heat);
	else
		put_none(writer, object, "latency_heat", "latency_heat_reason", "no latencies of allocations");
	if (arm->failures_known)
		parts_write_failures(writer, object, "failures_by_request", arm->failures, arm->failure_count);
	else
		put_none(writer, object, "failures_by_request", "failures_by_request_reason", "no audit");
}

static void write_arm(struct json_writer *writer, json_t *object, const struct result *result, size_t index,
		      const struct text *log)
{
	const struct result_arm *arm = &result->arms[index];
	json_put_text(writer, object, "workload", or_empty(result->workloads[arm->workload].name));
	json_put_u64(writer, object, "workload_index", arm->workload);
	if (result->source_count)
		json_put_u64(writer, object, "source", arm->source);
	json_put_u64(writer, object, "node", result->source_count ? result->sources[arm->source].node : 0);
	json_put_text(writer, object, "allocator", or_empty(arm->allocator));
	json_put_text(writer, object, "spec", or_empty(arm->spec));
	if (arm->plugin_hash)
		json_put_hex(writer, object, "plugin_hash", arm->plugin_hash);
	else
		put_none(writer, object, "plugin_hash", "plugin_hash_reason", "built in, or not recorded");
	if (arm->plugin_about)
		json_put_text(writer, object, "plugin_about", arm->plugin_about);
	else
		put_none(writer, object, "plugin_about", "plugin_about_reason", "built in, or never opened");
	json_put_u64(writer, object, "threads", arm->threads);
	json_put_text(writer, object, "lock", arm->lock);
	if (arm->rate)
		json_put_text(writer, object, "rate", arm->rate);
	else
		put_none(writer, object, "rate", "rate_reason", "closed loop");
	write_sweep(writer, object, &result->workloads[arm->workload]);
	json_put(writer, object, "named", json_boolean(arm->named));
	json_put_text(writer, object, "state", result_arm_state_name[arm->state]);
	json_put_text(writer, object, "owner", error_owner_name[arm->owner]);
	json_put_text(writer, object, "reason", arm->reason);
	parts_write_violations(writer, object, "violations", arm->violations, arm->violation_count);
	bool known = arm->figures_phase < arm->phase_count;
	looks_write(writer, object, &arm->looks);
	write_paired(writer, object, result, arm);
	write_figures(writer, object, known ? &arm->phases[arm->figures_phase] : NULL, result_arm_figures(arm));
	json_put_hex(writer, json_object_get(object, "audit"), "placement_hash", arm->placement_hash);
	json_put_u64(writer, object, "figures_phase", arm->figures_phase);
	json_t *phases = json_put_array(writer, object, "phases");
	for (size_t i = 0; i < arm->phase_count; i++) {
		json_t *phase = json_append_object(writer, phases);
		json_put_text(writer, phase, "name", or_empty(arm->phases[i].name));
		json_put(writer, phase, "measured", json_boolean(arm->phases[i].measured));
		write_figures(writer, phase, &arm->phases[i], &arm->phases[i].figures);
		write_cells(writer, json_object_get(phase, "throughput"), &arm->phases[i].cells);
	}
	parts_write_domains(writer, object, "domains", arm->domains, arm->domain_count);
	json_put_text(writer, object, "series", "series.csv");
	if (result_has_hlog(arm))
		json_put_text(writer, object, "histograms", log->bytes);
	else
		put_none(writer, object, "histograms", "histograms_reason",
			 known ? "no latency was measured" : result_reason_text[result_arm_figures(arm)->reason[0]]);
	parts_write_series(writer, object, "series_table", arm->series, arm->series_count);
	write_over_stream(writer, object, arm);
}

static int write_node(struct json_writer *writer, json_t *object, const struct result *result, size_t index,
		      struct error *error)
{
	static const char reason[] = "this system does not tell";
	const struct result_node *node = &result->nodes[index];
	(void)error;
	json_put_hex(writer, object, "id", node->id);
	json_put_text(writer, object, "cpu", or_empty(node->cpu));
	json_put_u64(writer, object, "cpus", node->cpus);
	if (node->microcode)
		json_put_text(writer, object, "microcode", node->microcode);
	else
		put_none(writer, object, "microcode", "microcode_reason", reason);
	json_put_text(writer, object, "kernel", or_empty(node->kernel));
	json_put_text(writer, object, "build", or_empty(node->build));
	if (node->memory_bytes)
		json_put_u64(writer, object, "memory_bytes", node->memory_bytes);
	else
		put_none(writer, object, "memory_bytes", "memory_bytes_reason", reason);
	if (node->numa_nodes)
		json_put_u64(writer, object, "numa_nodes", node->numa_nodes);
	else
		put_none(writer, object, "numa_nodes", "numa_nodes_reason", reason);
	return 0;
}

static int write_source(struct json_writer *writer, json_t *object, const struct result *result, size_t index,
			struct error *error)
{
	const struct result_source *source = &result->sources[index];
	(void)error;
	json_put_text(writer, object, "id", or_empty(source->id));
	json_put_text(writer, object, "started", or_empty(source->started));
	json_put_text(writer, object, "command", or_empty(source->command));
	json_put_text(writer, object, "cpu", or_empty(source->cpu));
	json_put_text(writer, object, "kernel", or_empty(source->kernel));
	json_put_u64(writer, object, "node", source->node);
	return 0;
}

static int write_expectation(struct json_writer *writer, json_t *object, const struct result *result, size_t index,
			     struct error *error)
{
	const struct result_expectation *expectation = &result->expectations[index];
	(void)error;
	const struct result_arm *arm = &result->arms[expectation->arm];
	json_put_u64(writer, object, "arm", expectation->arm);
	json_put_text(writer, object, "workload", or_empty(result->workloads[arm->workload].name));
	json_put_text(writer, object, "spec", or_empty(arm->spec));
	json_put_text(writer, object, "metric", or_empty(expectation->metric));
	json_put_text(writer, object, "wanted", or_empty(expectation->wanted));
	json_put_double(writer, object, "got", expectation->got);
	if (!isfinite(expectation->got))
		json_put_text(writer, object, "got_reason",
			      result_reason_text[result_arm_is_thrown_out(arm) ? RESULT_REASON_THROWN_OUT
									       : RESULT_REASON_NOT_MEASURED]);
	json_put(writer, object, "met", json_boolean(expectation->met));
	return 0;
}

static void write_interval_end(struct json_writer *writer, json_t *object, const char *key, const char *reason_key,
			       const struct result_comparison *comparison, double value)
{
	if (isfinite(value))
		json_put_double(writer, object, key, value);
	else
		put_none(writer, object, key, reason_key,
			 metric_table[comparison->metric].exact         ? "exact: there is no interval"
			 : comparison->rounds && comparison->nodes == 0 ? "too few rounds for an interval of this level"
									: "reason tells");
}

void parts_write_comparison(struct json_writer *writer, json_t *object, const struct result_comparison *comparison)
{
	assert(comparison->metric < METRIC_ALL && comparison->verdict < RESULT_VERDICT_COUNT);
	json_put_text(writer, object, "metric", metric_table[comparison->metric].path);
	json_put_double(writer, object, "a_value", comparison->a_value);
	json_put_double(writer, object, "b_value", comparison->b_value);
	if (isfinite(comparison->ratio))
		json_put_double(writer, object, "ratio", comparison->ratio);
	else
		put_none(writer, object, "ratio", "ratio_reason",
			 metric_table[comparison->metric].exact ? "a is 0, or was not measured" : "reason tells");
	write_interval_end(writer, object, "ci_low", "ci_low_reason", comparison, comparison->ci_low);
	write_interval_end(writer, object, "ci_high", "ci_high_reason", comparison, comparison->ci_high);
	if (isfinite(comparison->level))
		json_put_double(writer, object, "level", comparison->level);
	json_put_double(writer, object, "threshold", comparison->threshold);
	json_put_text(writer, object, "verdict", result_verdict_word(comparison));
	if (!metric_table[comparison->metric].exact)
		json_put(writer, object, "by_pairs", json_boolean(comparison->by_pairs));
	json_put_u64(writer, object, "rounds", comparison->rounds);
	if (comparison->nodes)
		json_put_u64(writer, object, "nodes", comparison->nodes);
	if (comparison->rounds_wanted)
		json_put_u64(writer, object, "rounds_wanted", comparison->rounds_wanted);
	else if (comparison->verdict == RESULT_VERDICT_INCONCLUSIVE)
		put_none(writer, object, "rounds_wanted", "rounds_wanted_reason", "more than 100,000, or not known");
	json_put_text(writer, object, "reason", comparison->reason);
}

static int write_comparison(struct json_writer *writer, json_t *object, const struct result *result, size_t index,
			    struct error *error)
{
	const struct result_comparison *comparison = &result->comparisons[index];
	(void)error;
	const struct result_arm *a = &result->arms[comparison->a], *b = &result->arms[comparison->b];
	json_put_text(writer, object, "workload", or_empty(result->workloads[b->workload].name));
	json_put_text(writer, object, "a", or_empty(a->spec));
	json_put_text(writer, object, "b", or_empty(b->spec));
	json_put_u64(writer, object, "a_arm", comparison->a);
	json_put_u64(writer, object, "b_arm", comparison->b);
	parts_write_comparison(writer, object, comparison);
	return 0;
}

/* ---- the document, piece by piece ---- */

typedef void write_member(struct json_writer *writer, json_t *object, const struct result *result);
typedef int write_element(struct json_writer *writer, json_t *object, const struct result *result, size_t index,
			  struct error *error);

/* A document while it is written. */
struct document {
	const struct result *result;
	struct json_stream stream;
	struct json_digest digest;
	struct text *logs; /* names, of each arm */
	struct error *error;
};

/* NULL: no memory, or *error tells. */
static json_t *member_of(const struct document *document, write_member *write)
{
	struct json_writer writer = {false};
	json_t *object = json_object();
	write(&writer, object, document->result);
	if (!writer.failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *element_of(const struct document *document, write_element *write, size_t index)
{
	struct json_writer writer = {false};
	json_t *object = json_object();
	if (write(&writer, object, document->result, index, document->error) == 0 && !writer.failed)
		return object;
	json_decref(object);
	return NULL;
}

static void put_member(struct document *document, const char *key, write_member *write)
{
	json_stream_member(&document->stream, key, member_of(document, write));
}

static void put_list(struct document *document, const char *key, size_t count, write_element *write)
{
	json_stream_list(&document->stream, key);
	for (size_t i = 0; i < count && !document->stream.failed; i++)
		json_stream_element(&document->stream, element_of(document, write, i));
	json_stream_list_end(&document->stream);
}

static void digest_member(struct document *document, const char *key, write_member *write)
{
	json_t *object = member_of(document, write);
	json_digest_member(&document->digest, key, object);
	json_decref(object);
}

static void digest_list(struct document *document, const char *key, size_t count, write_element *write)
{
	json_digest_list(&document->digest, key);
	for (size_t i = 0; i < count && !document->stream.failed; i++) {
		json_t *object = element_of(document, write, i);
		json_digest_element(&document->digest, object);
		json_decref(object);
	}
	json_digest_list_end(&document->digest);
}

/* Nearly all of a document, and the first of its keys: one tree gives both. */
static void put_arms(struct document *document)
{
	const struct result *result = document->result;
	json_stream_list(&document->stream, "arms");
	json_digest_list(&document->digest, "arms");
	for (size_t i = 0; i < result->arm_count && !document->stream.failed; i++) {
		struct json_writer writer = {result_arm_open(&result->arms[i]) < 0};
		json_t *object = json_object();
		if (!writer.failed)
			write_arm(&writer, object, result, i, &document->logs[i]);
		result_arm_shut(&result->arms[i]);
		json_digest_element(&document->digest, object);
		if (writer.failed) {
			json_decref(object);
			object = NULL;
		}
		json_stream_element(&document->stream, object);
	}
	json_digest_list_end(&document->digest);
	json_stream_list_end(&document->stream);
}

/* Lists other than of arms are made twice, so that none is kept. */
static void put_document(struct document *document)
{
	const struct result *result = document->result;
	json_t *schema = json_string(RESULT_SCHEMA);
	json_stream_member(&document->stream, "schema", json_string(RESULT_SCHEMA));
	put_member(document, "run", write_run);
	put_member(document, "machine", write_machine);
	put_member(document, "build", write_build);
	put_list(document, "nodes", result->node_count, write_node);
	if (result->source_count)
		put_list(document, "sources", result->source_count, write_source);
	put_list(document, "workloads", result->workload_count, write_workload);
	put_arms(document);
	put_list(document, "comparisons", result->comparison_count, write_comparison);
	put_list(document, "expectations", result->expectation_count, write_expectation);
	digest_member(document, "build", write_build);
	digest_list(document, "comparisons", result->comparison_count, write_comparison);
	digest_list(document, "expectations", result->expectation_count, write_expectation);
	digest_member(document, "machine", write_machine);
	digest_list(document, "nodes", result->node_count, write_node);
	digest_member(document, "run", write_run);
	json_digest_member(&document->digest, "schema", schema);
	if (result->source_count)
		digest_list(document, "sources", result->source_count, write_source);
	digest_list(document, "workloads", result->workload_count, write_workload);
	json_stream_member(&document->stream, "digest", json_digest_end(&document->digest));
	json_decref(schema);
}

int result_write_to(const struct result *result, const struct file_sink *sink, struct error *error)
{
	struct document document = {.result = result, .logs = result_hlog_names(result), .error = error};
	if (!document.logs)
		return error_set(error, EXIT_CODE_IO, "result: no memory to write it");
	json_stream_begin(&document.stream, sink, "result", error);
	json_digest_begin(&document.digest);
	put_document(&document);
	result_release_hlog_names(document.logs, result->arm_count);
	return json_stream_end(&document.stream);
}

int result_write(const struct result *result, struct text *json, struct error *error)
{
	const struct file_sink sink = file_sink_to_text(json);
	return result_write_to(result, &sink, error);
}
