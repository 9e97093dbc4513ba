/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include "base/memory.h"
#include "result/node.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* A document that is merged, and where its workloads and arms stand in the other; SIZE_MAX: not there yet. */
struct part {
	struct result *from;
	size_t *workloads, *arms;
};

/* A run of a part; a document that was not merged is one. */
struct run {
	struct part *part;
	size_t source; /* of the part */
	const char *words[5];
	const struct result_node *node;
};

static bool same_workload(const struct result_workload *a, const struct result_workload *b)
{
	return same(a->name, b->name) && a->seed == b->seed && a->stream_hash == b->stream_hash &&
	       same(a->expanded, b->expanded) && result_same_settings(a, b);
}

/* The index of a workload in into, moved there when it is new. */
static size_t put_workload(struct result *into, struct result_workload *workload)
{
	for (size_t i = 0; i < into->workload_count; i++)
		if (same_workload(&into->workloads[i], workload))
			return i;
	into->workloads[into->workload_count] = *workload;
	*workload = (struct result_workload){0};
	return into->workload_count++;
}

static bool same_arm(const struct result_arm *a, const struct result_arm *b)
{
	return a->workload == b->workload && same(a->spec, b->spec) && a->threads == b->threads && same(a->lock, b->lock) &&
	       same(a->rate, b->rate);
}

/* ---- the order of runs, whatever that of the parts was ---- */

static struct run run_of(const struct result *result, size_t source)
{
	struct run run = {.source = source};
	if (!result->source_count) {
		run.node = &result->nodes[0];
		memcpy(run.words,
		       (const char *[]){result->run.id, result->run.started, result->run.command, result->machine.cpu,
					result->machine.kernel},
		       sizeof run.words);
		return run;
	}
	const struct result_source *its = &result->sources[source];
	run.node = &result->nodes[its->node];
	memcpy(run.words, (const char *[]){its->id, its->started, its->command, its->cpu, its->kernel}, sizeof run.words);
	return run;
}

static int compare_runs(const void *a, const void *b)
{
	const struct run *left = a, *right = b;
	int order = 0;
	for (size_t i = 0; i < sizeof left->words / sizeof left->words[0] && !order; i++)
		order = strverscmp(left->words[i], right->words[i]); /* ids end with a number */
	if (!order)
		order = (left->node->id > right->node->id) - (left->node->id < right->node->id);
	return order ? order : strcmp(left->node->build, right->node->build);
}

int result_order(const struct result *a, const struct result *b)
{
	assert(a->node_count && b->node_count);
	const struct run left = run_of(a, 0), right = run_of(b, 0);
	return compare_runs(&left, &right);
}

static int compare_parts(const void *a, const void *b)
{
	return result_order(((const struct part *)a)->from, ((const struct part *)b)->from);
}

/* ---- what parts give ---- */

/* The index of a node in into, moved there when it is new. One machine of two classes (another kernel) is two entries. */
static size_t put_node(struct result *into, struct result_node *node)
{
	for (size_t i = 0; i < into->node_count; i++)
		if (into->nodes[i].id == node->id && result_node_same_class(&into->nodes[i], node))
			return i;
	into->nodes[into->node_count] = *node;
	return into->node_count++;
}

static int copy_node(struct result_node *to, const struct result_node *from)
{
	*to = *from;
	to->cpu = memory_text(from->cpu);
	to->kernel = memory_text(from->kernel);
	to->build = memory_text(from->build);
	to->microcode = from->microcode ? memory_text(from->microcode) : NULL;
	return to->cpu && to->kernel && to->build && (!from->microcode || to->microcode) ? 0 : -1;
}

static int put_source(struct result *into, const struct run *run)
{
	struct result_source *source = &into->sources[into->source_count++];
	struct result_node node;
	char **const words[] = {&source->id, &source->started, &source->command, &source->cpu, &source->kernel};
	bool good = copy_node(&node, run->node) == 0;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		*words[i] = memory_text(run->words[i]);
		good &= *words[i] != NULL;
	}
	size_t count = into->node_count;
	source->node = good ? put_node(into, &node) : 0;
	if (count == into->node_count)
		result_node_release(&node);
	return good ? 0 : -1;
}

static int put_arm(struct result *into, struct result_arm *arm, size_t workload, struct error *error)
{
	arm->workload = workload;
	arm->source = into->source_count - 1;
	for (size_t i = 0; i < into->arm_count; i++)
		if (same_arm(&into->arms[i], arm) &&
		    result_arm_node(into, &into->arms[i])->id == result_arm_node(into, arm)->id)
			return error_set(error, EXIT_CODE_USAGE,
					 "%s on %s is in %s and in %s, both of one node: an arm can be there once only",
					 arm->spec, into->workloads[workload].name, into->sources[into->arms[i].source].id,
					 into->sources[arm->source].id);
	into->arms[into->arm_count++] = *arm;
	*arm = (struct result_arm){0};
	return 0;
}

static int take_arms(struct result *into, const struct run *run, struct error *error)
{
	struct result *from = run->part->from;
	if (put_source(into, run) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for a result");
	for (size_t i = 0; i < from->arm_count; i++) {
		struct result_arm *arm = &from->arms[i];
		if (run->part->arms[i] != SIZE_MAX || (from->source_count && arm->source != run->source))
			continue;
		size_t *workload = &run->part->workloads[arm->workload];
		if (*workload == SIZE_MAX)
			*workload = put_workload(into, &from->workloads[arm->workload]);
		if (put_arm(into, arm, *workload, error) < 0)
			return -1;
		run->part->arms[i] = into->arm_count - 1;
	}
	return 0;
}

/* Behind all arms: what speaks of the arms of one source, and verdicts that were given when they ran. */
static void take_judgements(struct result *into, struct part *part, size_t source)
{
	for (size_t i = 0; i < part->from->arm_count; i++) {
		struct result_arm *arm = &into->arms[part->arms[i]];
		for (size_t pair = 0; arm->source == source && pair < arm->paired_count; pair++)
			arm->paired[pair].against = part->arms[arm->paired[pair].against];
	}
	for (size_t i = 0; i < part->from->expectation_count; i++) {
		struct result_expectation *its = &part->from->expectations[i];
		if (!its->metric || into->arms[part->arms[its->arm]].source != source)
			continue;
		struct result_expectation *expectation = &into->expectations[into->expectation_count++];
		*expectation = *its;
		expectation->arm = part->arms[its->arm];
		*its = (struct result_expectation){0};
	}
	for (size_t i = 0; i < part->from->comparison_count; i++) {
		struct result_comparison *its = &part->from->comparisons[i];
		if (into->arms[part->arms[its->b]].source != source)
			continue;
		struct result_comparison *comparison = &into->comparisons[into->comparison_count++];
		*comparison = *its;
		comparison->a = part->arms[its->a];
		comparison->b = part->arms[its->b];
		its->reason = NULL;
	}
}

/* ---- audits that were made twice ---- */

/* Whether a figure is the audit's, and so the same wherever it is made. Resident memory depends on the machine's pages. */
static bool is_audited(enum metric metric, bool same_class)
{
	switch (metric) {
	case METRIC_ROUNDS:
	case METRIC_OPERATIONS:
	case METRIC_AGEING_WINDOWS:
		return false;
	case METRIC_METADATA_BYTES:
	case METRIC_METADATA_BYTES_PER_EXTENT:
		return same_class;
	default:
		return metric_table[metric].exact;
	}
}

/* Fills what with the first figure of two audits that is not the same in both. */
static bool disagree(const struct result *result, const struct result_arm *a, const struct result_arm *b, struct text *what)
{
	bool same_class = result_node_same_class(result_arm_node(result, a), result_arm_node(result, b));
	for (size_t phase = 0; phase < a->phase_count && phase < b->phase_count; phase++) {
		const double *left_figures = a->phases[phase].figures.value,
			     *right_figures = b->phases[phase].figures.value;
		if (isnan(left_figures[METRIC_AUDIT_OPS]) || isnan(right_figures[METRIC_AUDIT_OPS]))
			continue;
		for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
			double left = left_figures[metric], right = right_figures[metric];
			if (!is_audited(metric, same_class) || isnan(left) || isnan(right) || left == right)
				continue;
			text_add(what, "%s of phase %s is %.17g and %.17g", metric_table[metric].path,
				 a->phases[phase].name, left, right);
			return true;
		}
	}
	if (!a->placement_hash || !b->placement_hash || a->placement_hash == b->placement_hash)
		return false;
	text_add(what, "placement_hash is 0x%016" PRIx64 " and 0x%016" PRIx64, a->placement_hash, b->placement_hash);
	return true;
}

/* Audits of one arm by one build. An arm that is not trusted already keeps its figures. */
static bool same_audit(const struct result *result, const struct result_arm *a, const struct result_arm *b)
{
	return same_arm(a, b) && same(result_arm_node(result, a)->build, result_arm_node(result, b)->build) &&
	       (a->state == RESULT_ARM_OK || a->state == RESULT_ARM_UNTRUSTWORTHY) &&
	       (b->state == RESULT_ARM_OK || b->state == RESULT_ARM_UNTRUSTWORTHY);
}

static int distrust(struct result_arm *arm, const char *reason)
{
	if (arm->state != RESULT_ARM_OK)
		return 0;
	arm->state = RESULT_ARM_UNTRUSTWORTHY;
	memory_release(arm->reason);
	arm->reason = memory_text(reason);
	return arm->reason ? 0 : -1;
}

/* Which of two audits is right cannot be told, so that no arm of such a group is trusted. */
static int check_group(struct result *into, size_t first, struct text *told)
{
	const struct result_arm *arm = &into->arms[first];
	struct text what = {0};
	size_t other = first + 1;
	while (other < into->arm_count &&
	       !(same_audit(into, arm, &into->arms[other]) && disagree(into, arm, &into->arms[other], &what)))
		other++;
	if (other == into->arm_count)
		return 0;
	struct text reason = {0};
	text_add(&reason, "audits of runs %s and %s disagree: %s", result_arm_run(into, arm),
		 result_arm_run(into, &into->arms[other]), what.bytes);
	if (arm->state == RESULT_ARM_OK || into->arms[other].state == RESULT_ARM_OK)
		text_add(told, "%s on %s: %s\n", arm->spec, into->workloads[arm->workload].name, reason.bytes);
	int status = what.failed || reason.failed ? -1 : 0;
	for (size_t i = into->arm_count; status == 0 && i-- > first;)
		if (same_audit(into, arm, &into->arms[i]))
			status = distrust(&into->arms[i], reason.bytes);
	text_release(&what);
	text_release(&reason);
	return status;
}

/* ---- what is said once for all ---- */

/* Each line of lines that is not there yet. */
static void add_lines(struct text *text, const char *lines)
{
	while (lines && *lines) {
		size_t length = strcspn(lines, "\n");
		struct text line = {0};
		text_add(&line, "%.*s", (int)length, lines);
		if (!line.failed && !strstr(text->bytes, line.bytes))
			text_add(text, "%s%s", text->length ? "\n" : "", line.bytes);
		text->failed |= line.failed;
		text_release(&line);
		lines += length + (lines[length] == '\n');
	}
}

static void warn(const struct result *into, const struct part *parts, size_t count, struct text *warnings)
{
	bool builds = false, rounds = false;
	text_add(warnings, "%s", "");
	for (size_t i = 0; i < count && !warnings->failed; i++) {
		rounds |= parts[i].from->run.rounds != parts[0].from->run.rounds;
		add_lines(warnings, parts[i].from->machine.warnings);
	}
	for (size_t i = 0; i < into->node_count; i++)
		builds |= !same(into->nodes[i].build, into->nodes[0].build);
	if (warnings->failed)
		return;
	if (into->node_count > 1)
		add_lines(warnings, "arms come from several machines: their rounds are not paired with each other");
	if (builds)
		add_lines(warnings, "arms come from several builds of this program");
	if (rounds)
		add_lines(warnings, "arms have different numbers of rounds");
}

/* Of the first, and at its worst. */
static int describe(struct result *into, struct part *parts, size_t count, const char *command, struct error *error)
{
	struct text warnings = {0};
	struct result *first = parts[0].from;
	warn(into, parts, count, &warnings);
	into->run.id = memory_text(first->run.id);
	into->run.started = memory_text(first->run.started);
	into->run.command = memory_text(command);
	into->run.rounds = first->run.rounds;
	for (size_t i = 0; i < count; i++) {
		struct result *from = parts[i].from;
		into->run.partial |= from->run.partial;
		into->run.latency_serialised |= from->run.latency_serialised;
		if (!into->run.trouble) {
			into->run.trouble = from->run.trouble;
			into->run.trouble_owner = from->run.trouble_owner;
			from->run.trouble = NULL;
		}
		into->run.rounds = from->run.rounds < into->run.rounds ? from->run.rounds : into->run.rounds;
	}
	into->machine = first->machine;
	memset(&first->machine, 0, sizeof first->machine);
	memory_release(into->machine.warnings);
	into->machine.warnings = warnings.bytes;
	into->build = first->build;
	memset(&first->build, 0, sizeof first->build);
	return warnings.failed || !into->run.id || !into->run.started || !into->run.command
		       ? error_set(error, EXIT_CODE_IO, "no memory for a result")
		       : 0;
}

/* Room for everything that the parts have. */
static int make_room(struct result *into, const struct result *from, size_t count, size_t *runs)
{
	size_t workloads = 0, arms = 0, comparisons = 0, expectations = 0;
	*runs = 0;
	for (size_t i = 0; i < count; i++) {
		*runs += from[i].source_count ? from[i].source_count : 1;
		workloads += from[i].workload_count;
		arms += from[i].arm_count;
		comparisons += from[i].comparison_count;
		expectations += from[i].expectation_count;
	}
	into->nodes = memory_zeroed(*runs, sizeof into->nodes[0]);
	into->sources = memory_zeroed(*runs, sizeof into->sources[0]);
	into->workloads = memory_zeroed(workloads, sizeof into->workloads[0]);
	into->arms = memory_zeroed(arms, sizeof into->arms[0]);
	into->comparisons = memory_zeroed(comparisons, sizeof into->comparisons[0]);
	into->expectations = memory_zeroed(expectations, sizeof into->expectations[0]);
	return into->nodes && into->sources && into->workloads && into->arms && into->comparisons && into->expectations
		       ? 0
		       : -1;
}

static int open_part(struct part *part, struct result *from)
{
	*part = (struct part){from, memory_zeroed(from->workload_count, sizeof(size_t)),
			      memory_zeroed(from->arm_count, sizeof(size_t))};
	if (!part->workloads || !part->arms)
		return -1;
	for (size_t i = 0; i < from->workload_count; i++)
		part->workloads[i] = SIZE_MAX;
	for (size_t i = 0; i < from->arm_count; i++)
		part->arms[i] = SIZE_MAX;
	return 0;
}

/* parts and runs are in order. */
static int take_all(struct result *into, struct part *parts, size_t count, const struct run *runs, size_t run_count,
		    struct text *told, struct error *error)
{
	for (size_t i = 0; i < run_count; i++)
		if (take_arms(into, &runs[i], error) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < parts[i].from->workload_count; j++)
			if (parts[i].workloads[j] == SIZE_MAX)
				put_workload(into, &parts[i].from->workloads[j]);
	for (size_t i = 0; i < run_count; i++)
		take_judgements(into, runs[i].part, i);
	for (size_t i = 0; i < into->arm_count; i++)
		if (check_group(into, i, told) < 0)
			return error_set(error, EXIT_CODE_IO, "no memory for a result");
	return 0;
}

int result_merge(struct result *into, struct result *from, size_t count, const char *command, struct text *told,
		 struct error *error)
{
	assert(count && from && command && told);
	*into = (struct result){0};
	size_t run_count, filled = 0;
	int status = make_room(into, from, count, &run_count);
	struct part *parts = memory_zeroed(count, sizeof parts[0]);
	struct run *runs = memory_zeroed(run_count, sizeof runs[0]);
	status = parts && runs ? status : -1;
	for (size_t i = 0; i < count && status == 0; i++)
		status = open_part(&parts[i], &from[i]);
	if (status == 0)
		qsort(parts, count, sizeof parts[0], compare_parts);
	for (size_t i = 0; i < count && status == 0; i++)
		for (size_t j = 0; j == 0 || j < parts[i].from->source_count; j++) {
			runs[filled] = run_of(parts[i].from, j);
			runs[filled++].part = &parts[i];
		}
	if (status < 0) {
		error_set(error, EXIT_CODE_IO, "no memory for a result");
	} else {
		qsort(runs, filled, sizeof runs[0], compare_runs);
		status = take_all(into, parts, count, runs, filled, told, error);
	}
	if (status == 0)
		status = describe(into, parts, count, command, error);
	for (size_t i = 0; parts && i < count; i++) {
		memory_release(parts[i].workloads);
		memory_release(parts[i].arms);
	}
	memory_release(parts);
	memory_release(runs);
	return status;
}
