/* SPDX-License-Identifier: MIT */
#include "run/matrix.h"

#include "base/memory.h"
#include "compare/calibration.h"
#include "compare/compare.h"
#include "run/expect.h"
#include "run/gather_paired.h"
#include "run/machine.h"
#include "run/settings.h"
#include "workload/workload_yaml.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int describe_settings(const struct combination *combination, struct result_workload *described)
{
	struct yaml_setting settings[WORKLOAD_SWEEPS_MAX];
	char text[PLAN_SETTINGS_BYTES_MAX];
	size_t count = plan_settings(&combination->changes, text, settings);
	struct plan_axis axes[PLAN_AXES_MAX];
	size_t axis_count = plan_axes(&combination->changes, axes);
	described->settings = memory_zeroed(count + axis_count + 1, sizeof described->settings[0]);
	if (!described->settings)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct result_setting *setting = &described->settings[described->setting_count++];
		*setting = (struct result_setting){memory_text(settings[i].key), memory_text(settings[i].value)};
		if (!setting->key || !setting->value)
			return -1;
	}
	for (size_t i = 0; i < axis_count; i++) {
		char value[TEXT_NUMBER_BYTES];
		snprintf(value, sizeof value, "%" PRIu64, axes[i].value);
		struct result_setting *setting = &described->settings[described->setting_count++];
		*setting = (struct result_setting){memory_text(axes[i].key), memory_text(value)};
		if (!setting->key || !setting->value)
			return -1;
	}
	return 0;
}

/* What those who read the figures of a replay should know of its recordings. */
static char *describe_recordings(const struct plan *plan, bool *failed)
{
	struct text text = {0};
	for (size_t i = 0; i < plan->workload.phase_count; i++) {
		const struct workload_phase *phase = &plan->workload.phases[i];
		struct text facts = {0};
		if (plan->recording_of[i])
			recording_facts_add(plan->recording_of[i], &facts);
		if (facts.length)
			text_add(&text, "%s%s: %s", text.length ? "; " : "", phase->trace.file, facts.bytes);
		text.failed |= facts.failed;
		text_release(&facts);
	}
	*failed |= text.failed;
	return text.bytes;
}

static int describe_workload(struct matrix *matrix, const struct combination *combination, struct error *error)
{
	const struct workload *workload = &combination->plan.workload;
	struct result_workload *described = &matrix->result->workloads[matrix->result->workload_count++];
	struct text expanded = {0};
	workload_expand(workload, &expanded);
	described->name = memory_text(workload->name);
	described->about = memory_text(workload->about);
	described->file = memory_text(workload->file);
	described->expanded = expanded.bytes;
	int settings = describe_settings(combination, described);
	described->hash = combination->file_hash;
	described->adaptive = op_stream_adaptive(combination->plan.stream);
	described->stream_hash = described->adaptive ? 0 : combination->stream.hash;
	described->seed = workload->seed;
	described->interference_data_bytes = workload->interference.data_bytes;
	described->interference_code_bytes = workload->interference.code_bytes;
	described->interference_pairs = workload->interference.pairs;
	described->ops = combination->stream.operations;
	described->steady = combination->steady;
	described->steady.reason = memory_text(combination->steady.reason);
	bool no_reason = combination->steady.reason && !described->steady.reason;
	described->recorded = describe_recordings(&combination->plan, &expanded.failed);
	if (settings < 0 || expanded.failed || no_reason || !described->name || !described->about || !described->file)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	return 0;
}

/* What played for the harness alone belongs to no arm. */
static int note_trouble(struct result *result, const struct combination *combination, const struct gather_arm *null,
			struct error *error)
{
	const struct result_record *fault = gather_first_fault(null);
	struct text text = {0};
	if (!fault || fault->owner == ERROR_OWNER_NONE || result->run.trouble)
		return 0;
	text_add(&text, "%s: the harness on its own (null): %s", combination->plan.workload.name,
		 fault->message ? fault->message : "");
	result->run.trouble = text.bytes;
	result->run.trouble_owner = fault->owner;
	return text.failed ? error_set(error, EXIT_CODE_IO, "no memory for a result") : 0;
}

/* Why an arm is held against no other one in one process. */
static const char *why_alone(const struct run_options *options, const struct combination *combination)
{
	return !options->paired                               ? "--paired off"
	       : !options->rounds                             ? "--rounds 0: the audit alone"
	       : op_stream_adaptive(combination->plan.stream) ? "adaptive: each arm is asked for something else"
	       : combination->changes.rate                    ? "open loop: what is measured is waiting"
	       : options->spec_count < 2                      ? "there is no other arm"
					 : "others are held against it, or what it is held against failed";
}

static int note_pair_trouble(struct result *result, size_t arm, size_t against, const struct gather_arm *records)
{
	const struct result_record *fault = gather_first_fault(records);
	struct text text = {0};
	if (!fault || result->run.trouble)
		return 0;
	text_add(&text, "%s against %s: %s", result->arms[arm].spec, result->arms[against].spec,
		 fault->message ? fault->message : "");
	result->run.trouble = text.bytes;
	result->run.trouble_owner = fault->owner;
	return text.failed ? -1 : 0;
}

static int gather_pairs(struct matrix *matrix, const struct combination *combination, size_t first_arm, struct error *error)
{
	const struct run_options *options = matrix->options;
	struct result *result = matrix->result;
	size_t count = options->spec_count;
	for (size_t i = 0; i < count * count; i++) {
		size_t arm = i / count, against = i % count;
		const struct gather_arm *records = &combination->pairs[i];
		if (!records->count)
			continue;
		if (note_pair_trouble(result, first_arm + arm, first_arm + against, records) < 0)
			return error_set(error, EXIT_CODE_IO, "no memory for a result");
		if (!result->arms[first_arm + arm].phase_count || !result->arms[first_arm + against].phase_count)
			continue;
		for (int condition = 0; condition < RESULT_CONDITION_COUNT; condition++) {
			if (condition == RESULT_CONDITION_INTERFERED &&
			    workload_interference_is_none(&combination->plan.workload.interference))
				continue;
			if (gather_paired(result, first_arm + arm, first_arm + against, (enum result_condition)condition,
					  records, &matrix->clock, error) < 0)
				return -1;
		}
	}
	for (size_t i = 0; i < count; i++) {
		struct result_arm *arm = &result->arms[first_arm + i];
		arm->paired_reason = arm->paired_count ? NULL : memory_text(why_alone(options, combination));
		if (!arm->paired_count && !arm->paired_reason)
			return error_set(error, EXIT_CODE_IO, "no memory for a result");
	}
	return 0;
}

/* Why a figure of the recorded kernel is not known. */
static enum result_reason why_unknown(const struct recording *recording)
{
	return !recording                                    ? RESULT_REASON_NOT_APPLICABLE
	       : recording->facts[RECORDING_REMADE]          ? RESULT_REASON_REMADE
	       : recording->facts[RECORDING_KERNEL_OVERLAPS] ? RESULT_REASON_OVERLAPS
							     : RESULT_REASON_NO_ADDRESSES;
}

static void set_recorded(struct result_figures *figures, const struct recording *recording)
{
	static const struct {
		enum metric own, ours, ratio; /* ratio: METRIC_COUNT, or that of the two */
		enum recording_fact fact;
	} rows[] = {
		{METRIC_RECORDED_SPAN_PAGES, METRIC_SPAN_PAGES, METRIC_RECORDED_SPAN_RATIO, RECORDING_KERNEL_SPAN},
		{METRIC_RECORDED_TABLE_PAGES, METRIC_PAGE_TABLE_PAGES, METRIC_COUNT, RECORDING_KERNEL_TABLES},
		{METRIC_RECORDED_TABLE_EVER_PAGES, METRIC_PAGE_TABLE_EVER_PAGES, METRIC_RECORDED_TABLE_EVER_RATIO,
		 RECORDING_KERNEL_TABLES_EVER},
	};
	result_set_null_of(figures, METRIC_SOURCE_RECORDED, why_unknown(recording));
	for (size_t i = 0; i < sizeof rows / sizeof *rows && recording; i++) {
		uint64_t pages = recording->facts[rows[i].fact];
		double ours = figures->value[rows[i].ours];
		if (!pages)
			continue;
		result_set(figures, rows[i].own, (double)pages);
		if (rows[i].ratio != METRIC_COUNT && isfinite(ours))
			result_set(figures, rows[i].ratio, ours / (double)pages);
		else if (rows[i].ratio != METRIC_COUNT)
			result_set_null(figures, rows[i].ratio, RESULT_REASON_NOT_MEASURED);
	}
}

/* Once: they are the stream's. */
static int find_bounds(const struct matrix *matrix, struct combination *combination, struct error *error)
{
	if (combination->bounded || !matrix->options->bounds)
		return 0;
	combination->bounded = bounds_find(&combination->plan, &combination->bounds, error) == 0;
	return combination->bounded ? 0 : -1;
}

static int gather_combination(struct matrix *matrix, struct combination *combination, struct error *error)
{
	size_t index = matrix->result->workload_count;
	size_t spec_count = matrix->options->spec_count, first_arm = matrix->result->arm_count;
	if (describe_workload(matrix, combination, error) < 0 || find_bounds(matrix, combination, error) < 0)
		return -1;
	for (size_t i = 0; i < spec_count; i++) {
		const char *spec = matrix->options->specs[i];
		struct result_arm *arm = &matrix->result->arms[matrix->result->arm_count++];
		*arm = (struct result_arm){
			.workload = index, .threads = combination->plan.threads, .looks = combination->looks};
		arm->named = matrix->options->named && matrix->options->named[i];
		arm->plugin_hash = inputs_plugin_hash(&matrix->run_file.inputs, spec);
		arm->allocator = memory_text(spec);
		arm->spec = memory_text(spec);
		arm->lock = memory_text(
			lock_kind_name[gather_locked(&combination->arms[i]) ? matrix->options->lock : LOCK_NONE]);
		if (combination->changes.rate) {
			char rate[32];
			snprintf(rate, sizeof rate, "%u%s", combination->changes.rate,
				 combination->changes.poisson ? ":poisson" : "");
			arm->rate = memory_text(rate);
		}
		if (!arm->allocator || !arm->spec || !arm->lock || (combination->changes.rate && !arm->rate))
			return error_set(error, EXIT_CODE_IO, "no memory for a result");
		if (!strchr(spec, '/'))
			arm->allocator[strcspn(spec, ":")] = '\0';
		if (gather_fill(arm, &combination->arms[i], &combination->arms[spec_count], &combination->plan.workload,
				&matrix->clock, error) < 0)
			return -1;
		for (size_t phase = 0; phase < arm->phase_count; phase++) {
			set_recorded(&arm->phases[phase].figures, combination->plan.recording_of[phase]);
			bounds_set(combination->bounded ? &combination->bounds : NULL, &arm->phases[phase].figures);
		}
	}
	if (gather_pairs(matrix, combination, first_arm, error) < 0)
		return -1;
	if (note_trouble(matrix->result, combination, &combination->arms[spec_count], error) < 0)
		return -1;
	return expect_judge(matrix->result, index, &combination->plan.workload, error);
}

static int make_room(struct matrix *matrix, size_t workloads)
{
	struct result *result = matrix->result;
	result->workloads = memory_zeroed(workloads, sizeof result->workloads[0]);
	result->arms = memory_zeroed(workloads * matrix->options->spec_count, sizeof result->arms[0]);
	return result->workloads && result->arms ? 0 : -1;
}

int matrix_is_decided(const struct matrix *matrix, struct combination *combination, bool *decided, struct error *error)
{
	struct result result = {.nodes = memory_zeroed(1, sizeof result.nodes[0]), .node_count = 1};
	struct matrix alone = *matrix;
	alone.result = &result;
	int status = result.nodes && make_room(&alone, 1) == 0 ? gather_combination(&alone, combination, error)
							       : error_set(error, EXIT_CODE_IO, "no memory for a result");
	if (status == 0)
		status = compare_within(&result, COMPARE_THRESHOLD_DEFAULT, matrix->options->against, error);
	*decided = status == 0 && compare_decided(&result);
	result_release(&result);
	return status;
}

static int note_calibration(const struct matrix *matrix)
{
	const struct calibration *calibration = matrix->options->calibration;
	struct text found = {0};
	if (!calibration || !calibration_fits(calibration, matrix->result))
		return 0;
	calibration_found(calibration, &found);
	matrix->result->machine.calibration = found.bytes;
	return found.failed ? -1 : 0;
}

/* Of this machine, or of the one that played what is joined. */
static int describe_machine(struct matrix *matrix)
{
	struct result *result = matrix->result;
	if (!matrix->joined) {
		clock_compare(&matrix->clock, matrix_calibration_milliseconds(matrix->options));
		return machine_describe(result, &matrix->clock, run_most_threads(matrix->options),
					matrix->options->memory_limit_bytes) < 0 ||
				       note_calibration(matrix) < 0
			       ? -1
			       : 0;
	}
	struct result *machine = matrix->joined->machine;
	result->machine = machine->machine;
	result->build = machine->build;
	result->nodes = machine->nodes;
	result->node_count = machine->node_count;
	*machine = (struct result){0};
	return 0;
}

int matrix_gather_begin(struct matrix *matrix, bool interrupted, struct error *error)
{
	assert(matrix->list.count && !matrix->result->arms);
	struct result *result = matrix->result;
	result->run.partial = interrupted;
	result->run.rounds = matrix->options->rounds;
	result->run.latency_serialised = matrix->options->latency == RUN_LATENCY_ALL;
	return make_room(matrix, matrix->list.count) < 0 || describe_machine(matrix) < 0
		       ? error_set(error, EXIT_CODE_IO, "no memory for a result")
		       : 0;
}

int matrix_gather_next(struct matrix *matrix, struct error *error)
{
	size_t index = matrix->result->workload_count;
	assert(index < matrix->list.count);
	return gather_combination(matrix, matrix->list.combinations[index], error);
}

int matrix_gather_end(struct matrix *matrix, struct error *error)
{
	assert(matrix->result->workload_count == matrix->list.count);
	return compare_within(matrix->result, COMPARE_THRESHOLD_DEFAULT, matrix->options->against, error);
}

int matrix_gather(struct matrix *matrix, bool interrupted, struct error *error)
{
	int status = matrix_gather_begin(matrix, interrupted, error);
	for (size_t i = 0; i < matrix->list.count && status == 0; i++)
		status = matrix_gather_next(matrix, error);
	return status == 0 ? matrix_gather_end(matrix, error) : -1;
}
