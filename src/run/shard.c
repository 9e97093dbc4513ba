/* SPDX-License-Identifier: MIT */
#include "run/shard.h"

#include "base/file.h"
#include "base/memory.h"
#include "result/result.h"
#include "workload/call_rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* What a process is taken to need where nothing was measured. Shares decide, not their sum. */
#define NS_PER_OPERATION 50.0
#define AUDIT_TIMES 20.0 /* an audited operation against a timed one */
#define TIMED_TIMES 3.0  /* operations are played so often by a process: throughput and latency */
#define PROCESS_SECONDS 0.02
#define UNKNOWN_OPERATIONS 1000000u /* of a phase that ends by what happens */

static uint64_t operations_of(const struct workload_phase *phase, const struct recording *recording)
{
	switch (phase->body) {
	case WORKLOAD_BODY_TRACE:
		return recording ? recording->op_count : UNKNOWN_OPERATIONS;
	case WORKLOAD_BODY_SCRIPT:
		return phase->script_count;
	case WORKLOAD_BODY_QUEUE:
		return 2 * phase->served;
	default:
		break;
	}
	return phase->until_value && phase->until != WORKLOAD_UNTIL_OCCUPANCY && phase->until != WORKLOAD_UNTIL_TURNOVERS
		       ? phase->until_value
	       : phase->measured ? UNKNOWN_OPERATIONS
				 : 0;
}

static double declared_operations(const struct plan *plan)
{
	double operations = 0;
	for (size_t i = 0; i < plan->workload.phase_count; i++)
		operations += (double)operations_of(&plan->workload.phases[i], plan->recording_of[i]);
	return operations;
}

/* Of each workload of a result, by its label, the time of an operation: over arms. */
struct costs {
	struct text *labels;
	double *ns_per_op;
	size_t count;
};

static void release_costs(struct costs *costs)
{
	for (size_t i = 0; costs->labels && i < costs->count; i++)
		text_release(&costs->labels[i]);
	memory_release(costs->labels);
	memory_release(costs->ns_per_op);
}

static int fill_costs(struct costs *costs, const struct result *result)
{
	costs->labels = memory_zeroed(result->workload_count + 1, sizeof costs->labels[0]);
	costs->ns_per_op = memory_zeroed(result->workload_count + 1, sizeof costs->ns_per_op[0]);
	costs->count = result->workload_count;
	if (!costs->labels || !costs->ns_per_op)
		return -1;
	for (size_t i = 0; i < result->workload_count; i++) {
		double sum = 0, arms = 0;
		result_workload_label(&result->workloads[i], &costs->labels[i]);
		if (costs->labels[i].failed)
			return -1;
		for (size_t arm = 0; arm < result->arm_count; arm++) {
			double ns = result_arm_figure(&result->arms[arm], METRIC_RAW_NS_PER_OP);
			bool counts = result->arms[arm].workload == i && isfinite(ns);
			sum += counts ? ns : 0;
			arms += counts;
		}
		costs->ns_per_op[i] = arms > 0 ? sum / arms : 0;
	}
	return 0;
}

static int read_costs(struct costs *costs, const char *path, struct error *error)
{
	char *bytes;
	size_t length;
	struct result result;
	struct error wrong = {0};
	if (!path)
		return 0;
	if (file_read(path, file_most_in_memory(), &bytes, &length, &wrong) < 0)
		return error_set(error, wrong.exit_code, "--costs %.900s", wrong.message);
	int status = result_read(bytes, length, &result, &wrong);
	memory_release(bytes);
	if (status < 0)
		return error_set(error, wrong.exit_code, "--costs %s: takes the result.json of a run: %.700s", path,
				 wrong.message);
	status = fill_costs(costs, &result);
	result_release(&result);
	return status < 0 ? error_set(error, EXIT_CODE_IO, "no memory for the costs of a plan") : 0;
}

static double ns_per_operation(const struct costs *costs, const struct combination *combination)
{
	struct text label = {0};
	double found = 0;
	if (costs->count)
		plan_label(&combination->plan, &combination->changes, &label);
	for (size_t i = 0; label.bytes && !label.failed && i < costs->count && !(found > 0); i++)
		if (strcmp(label.bytes, costs->labels[i].bytes) == 0)
			found = costs->ns_per_op[i];
	text_release(&label);
	return found > 0 ? found : NS_PER_OPERATION;
}

static int add_unit(struct shard_plan *plan, size_t *capacity, const struct shard_unit *unit)
{
	if (memory_grow(&plan->units, capacity, plan->count, sizeof plan->units[0]) < 0)
		return -1;
	plan->units[plan->count++] = *unit;
	return 0;
}

/* Where generations end. */
static size_t ends_of(const struct run_options *options, uint32_t ends[RESULT_LOOKS_MAX])
{
	size_t count = 0;
	for (uint32_t i = 0; !options->rounds_auto && i < options->look_count; i++)
		ends[count++] = options->looks[i];
	ends[count++] = options->rounds;
	return count;
}

static int add_combination(struct shard_plan *plan, size_t *capacity, const struct combination *combination,
			   const struct run_options *options, const struct costs *costs)
{
	uint32_t ends[RESULT_LOOKS_MAX], square = combination_square(combination, options);
	size_t generations = ends_of(options, ends);
	double operation = declared_operations(&combination->plan) * ns_per_operation(costs, combination) / 1e9;
	double pair = 2.0 * options->paired_ms / 1e3 + PROCESS_SECONDS, alone = TIMED_TIMES * operation + PROCESS_SECONDS;
	struct shard_unit unit = {.combination = combination->number};
	unit.audit_seconds = options->audit ? (double)options->spec_count * (AUDIT_TIMES * operation + PROCESS_SECONDS) : 0;
	plan->first_unit[combination->number] = plan->count;
	if (!options->rounds || op_stream_adaptive(combination->plan.stream))
		return add_unit(plan, capacity, &unit);
	for (uint32_t round = 0; round < options->rounds; round += unit.rounds) {
		while (unit.generation + 1 < generations && round >= ends[unit.generation])
			unit.generation++;
		uint32_t left = ends[unit.generation] - round, whole = square - round % square;
		unit.first = round;
		unit.rounds = whole < left ? whole : left;
		unit.seconds = 0;
		for (uint32_t i = round; i < round + unit.rounds; i++)
			unit.seconds += (double)combination_processes_alone(combination, options, i) * alone +
					(double)combination_pairs(combination, options) * pair;
		if (add_unit(plan, capacity, &unit) < 0)
			return -1;
	}
	return 0;
}

/* Planned time of a unit, of the first of its combination with the audit. */
static double cost_of(const struct shard_plan *plan, size_t unit)
{
	const struct shard_unit *its = &plan->units[unit];
	return its->seconds + (plan->first_unit[its->combination] == unit ? its->audit_seconds : 0);
}

/* Each shard takes units until it has its part of what is left, the one that would pass it when more than half of it fits. */
static void cut(struct shard_plan *plan, uint32_t generation, uint32_t shards)
{
	double left = 0, taken = 0;
	size_t units_left = 0, mine = 0;
	uint32_t shard = 1;
	for (size_t i = 0; i < plan->count; i++)
		if (plan->units[i].generation == generation) {
			left += cost_of(plan, i);
			units_left++;
		}
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->units[i].generation != generation)
			continue;
		double cost = cost_of(plan, i), part = (left + taken) / (double)(shards - shard + 1);
		if (mine && shard < shards && (taken + cost / 2 > part || units_left <= shards - shard)) {
			shard++;
			taken = 0;
			mine = 0;
		}
		plan->units[i].shard = shard;
		taken += cost;
		left -= cost;
		units_left--;
		mine++;
	}
}

static size_t units_at_first(const struct shard_plan *plan)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->count; i++)
		count += plan->units[i].generation == 0;
	return count;
}

int shard_plan_make(struct shard_plan *plan, const struct combination_list *list, const struct run_options *options,
		    uint32_t shards, struct error *error)
{
	assert(shards && list->count);
	struct costs costs = {0};
	size_t capacity = 0;
	uint32_t ends[RESULT_LOOKS_MAX];
	*plan = (struct shard_plan){.combinations = list->count};
	plan->first_unit = memory_zeroed(list->count + 1, sizeof plan->first_unit[0]);
	int status = plan->first_unit ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a plan");
	if (status == 0)
		status = read_costs(&costs, options->costs, error);
	for (size_t i = 0; status == 0 && i < list->count; i++)
		if (add_combination(plan, &capacity, list->combinations[i], options, &costs) < 0)
			status = error_set(error, EXIT_CODE_IO, "no memory for a plan");
	release_costs(&costs);
	if (status == 0 && units_at_first(plan) < shards)
		status = error_set(
			error, EXIT_CODE_USAGE,
			"--shard of %u: this matrix has %zu unit%s (a block of rounds of a workload); it takes as "
			"many shards at most",
			shards, units_at_first(plan), units_at_first(plan) == 1 ? "" : "s");
	if (status < 0) {
		shard_plan_release(plan);
		return -1;
	}
	plan->first_unit[list->count] = plan->count;
	for (size_t generation = 0; generation < ends_of(options, ends); generation++)
		cut(plan, (uint32_t)generation, shards);
	return 0;
}

void shard_plan_release(struct shard_plan *plan)
{
	memory_release(plan->units);
	memory_release(plan->first_unit);
	*plan = (struct shard_plan){0};
}

uint32_t shard_plan_of(const struct shard_plan *plan, size_t combination, uint32_t round)
{
	assert(combination < plan->combinations);
	size_t low = plan->first_unit[combination], high = plan->first_unit[combination + 1] - 1;
	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;
		if (plan->units[middle].first <= round)
			low = middle;
		else
			high = middle - 1;
	}
	return plan->units[low].shard;
}

bool shard_plan_has(const struct shard_plan *plan, size_t combination, const bool *mine)
{
	for (size_t i = plan->first_unit[combination]; i < plan->first_unit[combination + 1]; i++)
		if (mine[plan->units[i].shard - 1])
			return true;
	return false;
}
