/* SPDX-License-Identifier: MIT */
#include "compare/compare.h"

#include "base/memory.h"
#include "measure/statistics.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct result_arm *arm_of(const struct compare_arm *side)
{
	return &side->result->arms[side->arm];
}

static const struct result_workload *workload_of(const struct compare_arm *side)
{
	return &side->result->workloads[arm_of(side)->workload];
}

/* The phase whose figures are the arm's, or NULL. */
static const struct result_phase *phase_of(const struct compare_arm *side)
{
	const struct result_arm *arm = arm_of(side);
	return arm->figures_phase < arm->phase_count ? &arm->phases[arm->figures_phase] : NULL;
}

void compare_pair_release(struct compare_pair *pair)
{
	for (size_t i = 0; i < pair->row_count; i++)
		memory_release(pair->rows[i].reason);
	memory_release(pair->rows);
	pair->rows = NULL;
	pair->row_count = 0;
}

void compare_rules_default(struct compare_rules *rules, double threshold, size_t pairs)
{
	assert(threshold >= 0);
	for (int i = 0; i < METRIC_ALL; i++)
		rules->threshold[i] = i >= METRIC_COUNT ? (double)NAN : metric_table[i].exact ? 0 : threshold;
	rules->timed_verdicts = pairs ? pairs : 1;
}

bool compare_same_work(const struct compare_arm *a, const struct compare_arm *b)
{
	const struct result_workload *left = workload_of(a), *right = workload_of(b);
	if (arm_of(a)->threads != arm_of(b)->threads)
		return false;
	if (left->stream_hash && right->stream_hash)
		return left->stream_hash == right->stream_hash;
	return left->hash == right->hash && left->seed == right->seed && left->ops == right->ops;
}

/* ---- timed ---- */

static enum result_verdict judge_interval(const struct statistics_interval *interval, double edge)
{
	if (interval->level <= 0)
		return RESULT_VERDICT_INCONCLUSIVE;
	if (interval->low > edge)
		return RESULT_VERDICT_REGRESSION;
	if (interval->high < -edge)
		return RESULT_VERDICT_IMPROVEMENT;
	if (interval->low > -edge && interval->high < edge)
		return RESULT_VERDICT_OK;
	return RESULT_VERDICT_INCONCLUSIVE;
}

int compare_ratios(const double *ratios, size_t count, double threshold, size_t timed_verdicts,
		   struct result_comparison *row, struct error *error)
{
	assert(threshold >= 0 && timed_verdicts);
	double edge = log1p(threshold), level = 1 - COMPARE_ERROR_RATE / (double)timed_verdicts;
	double *logs = memory_zeroed(count, sizeof logs[0]);
	if (!logs)
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (ratios[i] > 0 && isfinite(ratios[i]))
			logs[kept++] = log(ratios[i]);
	struct statistics_interval interval = statistics_median_interval(logs, kept, level);
	double median = statistics_median(logs, kept);
	memory_release(logs);
	row->ratio = exp(median);
	row->ci_low = exp(interval.low);
	row->ci_high = exp(interval.high);
	row->level = level;
	row->threshold = threshold;
	row->rounds = (uint32_t)kept;
	row->rounds_wanted = 0;
	row->verdict = kept ? judge_interval(&interval, edge) : RESULT_VERDICT_NOT_COMPARED;
	if (row->verdict == RESULT_VERDICT_INCONCLUSIVE)
		row->rounds_wanted = (uint32_t)statistics_values_wanted(kept, level, median, interval, -edge, edge);
	return 0;
}

int compare_rounds(const double *a, size_t a_count, const double *b, size_t b_count, double threshold,
		   size_t timed_verdicts, struct result_comparison *row, struct error *error)
{
	size_t count = a_count < b_count ? a_count : b_count;
	double *ratios = memory_zeroed(count, sizeof ratios[0]);
	if (!ratios)
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	for (size_t i = 0; i < count; i++)
		ratios[i] = a[i] > 0 && isfinite(a[i]) ? b[i] / a[i] : (double)NAN;
	int result = compare_ratios(ratios, count, threshold, timed_verdicts, row, error);
	memory_release(ratios);
	return result;
}

/* ---- exact ---- */

static void compare_exact(struct result_comparison *row)
{
	bool lower = metric_table[row->metric].better == METRIC_BETTER_LOWER;
	double worse = lower ? row->b_value - row->a_value : row->a_value - row->b_value;
	double room = fabs(row->a_value) * row->threshold;
	row->ratio = row->a_value == 0 ? (double)NAN : row->b_value / row->a_value;
	row->ci_low = row->ci_high = row->level = (double)NAN;
	row->verdict = worse > room    ? RESULT_VERDICT_REGRESSION
		       : worse < -room ? RESULT_VERDICT_IMPROVEMENT
				       : RESULT_VERDICT_OK;
}

/* ---- what forbids a verdict ---- */

static double failed_share(const struct result_phase *phase)
{
	double failed = phase->figures.value[METRIC_FAILURES_TOTAL];
	double tried = phase->figures.value[METRIC_ALLOCATIONS];
	/* Without an audit half of the completed operations were allocations, or nearly so. */
	if (!(tried > 0))
		tried = phase->figures.value[METRIC_OPERATIONS] / 2;
	return tried > 0 && failed > 0 ? failed / tried : 0;
}

static int give_reason(struct result_comparison *row, enum result_verdict verdict, const char *reason, struct error *error)
{
	if (verdict != row->verdict)
		row->rounds_wanted = 0;
	row->verdict = verdict;
	row->reason = memory_text(reason);
	return row->reason ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a comparison");
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_machine(const struct result *a, const struct result *b)
{
	return same_text(a->machine.cpu, b->machine.cpu) && a->machine.cpus == b->machine.cpus;
}

static bool same_build(const struct result *a, const struct result *b)
{
	return same_text(a->build.version, b->build.version) && same_text(a->build.git, b->build.git) &&
	       same_text(a->build.compiler, b->build.compiler) && same_text(a->build.flags, b->build.flags);
}

/* A time by round; NULL: a metric that has one figure for all, or a result without. */
struct rounds {
	const double *ns;
	size_t count;
};

static struct rounds rounds_of(const struct result_phase *phase, enum metric metric)
{
	if (metric == METRIC_RAW_NS_PER_OP)
		return (struct rounds){phase->round_ns_per_op, phase->round_count};
	int latency = (int)metric - METRIC_COUNT, which = latency % METRIC_LATENCY_COUNT;
	if (latency < 0 || which >= METRIC_PERCENTILES)
		return (struct rounds){NULL, 0};
	const struct result_latency *its = &phase->latency[latency / METRIC_LATENCY_COUNT];
	return (struct rounds){its->round_ns[which], its->round_count};
}

/* ---- by pairs ---- */

/* Both in one process; NULL: they never were, or nothing came of it. */
static const struct result_paired *paired_of(const struct compare_pair *pair, enum metric metric)
{
	if (metric != METRIC_RAW_NS_PER_OP || pair->a.result != pair->b.result)
		return NULL;
	const struct result_paired *paired = result_paired_find(arm_of(&pair->b), pair->a.arm, RESULT_CONDITION_HOT);
	return paired && paired->rounds ? paired : NULL;
}

static bool lie_apart(double ratio, double other, double edge)
{
	return isfinite(ratio) && isfinite(other) && fabs(log(ratio / other)) > edge;
}

/* Windows that are longer give another ratio. */
static bool caches_decide(const struct result_paired *paired, double edge)
{
	return lie_apart(paired->long_ratio, 1, edge) && (paired->long_ci_low > 1 || paired->long_ci_high < 1);
}

/* Median of what is a number. */
static double median_of(const double *values, size_t count, double *scratch)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (isfinite(values[i]))
			scratch[kept++] = values[i];
	return statistics_median(scratch, kept);
}

int compare_pairs(const struct result_paired *paired, size_t first, size_t count, double threshold, size_t timed_verdicts,
		  struct result_comparison *row, struct error *error)
{
	assert(first <= paired->round_count && count <= paired->round_count - first);
	double edge = log1p(threshold);
	double *scratch = memory_zeroed(count, sizeof scratch[0]);
	if (!scratch || compare_ratios(paired->round_ratio + first, count, threshold, timed_verdicts, row, error) < 0) {
		memory_release(scratch);
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	}
	double typical = median_of(paired->round_typical + first, count, scratch);
	memory_release(scratch);
	row->by_pairs = true;
	if (caches_decide(paired, edge)) {
		char reason[128];
		snprintf(reason, sizeof reason,
			 "shared caches decide: with windows many times as long the ratio is %.4g times as large",
			 paired->long_ratio);
		return give_reason(row, RESULT_VERDICT_NOT_COMPARED, reason, error);
	}
	if (row->verdict == RESULT_VERDICT_OK && lie_apart(row->ratio, typical, edge))
		return give_reason(row, RESULT_VERDICT_INCONCLUSIVE,
				   "costs come in bursts: the sum of all windows and the median window disagree", error);
	return paired->reason ? give_reason(row, row->verdict, paired->reason, error) : 0;
}

static int compare_paired(const struct compare_pair *pair, const struct result_paired *paired,
			  const struct compare_rules *rules, struct result_comparison *row, struct error *error)
{
	const struct result_phase *a = phase_of(&pair->a), *b = phase_of(&pair->b);
	if (compare_pairs(paired, 0, paired->round_count, row->threshold, rules->timed_verdicts, row, error) < 0)
		return -1;
	if (fabs(failed_share(a) - failed_share(b)) <= COMPARE_FAILED_SHARE_MAX)
		return 0;
	char reason[192];
	snprintf(reason, sizeof reason,
		 "shares of failed allocations differ by more than 0.1 %%; the ratio is that of the first %.3g %% of "
		 "operations, until outcomes differed",
		 100 * paired->equal_share);
	memory_release(row->reason);
	return give_reason(row, RESULT_VERDICT_DIFFERENT_WORK, reason, error);
}

/* Times of the same operations, on the same machine, or none at all. */
static int compare_timed(const struct compare_pair *pair, const struct compare_rules *rules, struct result_comparison *row,
			 struct error *error)
{
	const struct result_phase *a = phase_of(&pair->a), *b = phase_of(&pair->b);
	struct rounds left = rounds_of(a, row->metric), right = rounds_of(b, row->metric);
	if (compare_rounds(left.ns, left.count, right.ns, right.count, row->threshold, rules->timed_verdicts, row, error) <
	    0)
		return -1;
	if (fabs(failed_share(a) - failed_share(b)) > COMPARE_FAILED_SHARE_MAX)
		return give_reason(row, RESULT_VERDICT_DIFFERENT_WORK,
				   "shares of failed allocations differ by more than 0.1 %", error);
	if (!same_machine(pair->a.result, pair->b.result))
		return give_reason(row, RESULT_VERDICT_NOT_COMPARED, "measured on different machines", error);
	if (row->verdict == RESULT_VERDICT_NOT_COMPARED)
		return give_reason(row, RESULT_VERDICT_NOT_COMPARED, "no round has a figure of both", error);
	if (!same_text(pair->a.result->run.id, pair->b.result->run.id))
		return give_reason(row, row->verdict,
				   same_build(pair->a.result, pair->b.result)
					   ? "two runs: drift between them counts, too"
					   : "two runs by two builds of iovabench: drift and the harness count, too",
				   error);
	return 0;
}

static int compare_metric(const struct compare_pair *pair, const struct compare_rules *rules, struct result_comparison *row,
			  struct error *error)
{
	bool exact = metric_table[row->metric].exact, same = compare_same_work(&pair->a, &pair->b);
	const struct result_paired *paired = same ? paired_of(pair, row->metric) : NULL;
	if (paired)
		return compare_paired(pair, paired, rules, row, error);
	if (same && (row->metric == METRIC_RAW_NS_PER_OP || rounds_of(phase_of(&pair->a), row->metric).ns))
		return compare_timed(pair, rules, row, error);
	if (exact && isfinite(row->a_value) && isfinite(row->b_value))
		compare_exact(row);
	else
		row->ratio = row->ci_low = row->ci_high = row->level = (double)NAN;
	if (!same)
		return give_reason(row, RESULT_VERDICT_DIFFERENT_WORK, "they played different operations", error);
	if (!isfinite(row->a_value) || !isfinite(row->b_value))
		return give_reason(row, RESULT_VERDICT_NOT_COMPARED, "only one of the two has a figure", error);
	if (!exact)
		return give_reason(row, RESULT_VERDICT_NOT_COMPARED, "one figure for all rounds has no interval", error);
	return 0;
}

/* A failure that only one arm had is told by failures.total. */
static bool is_compared(enum metric metric, double a, double b)
{
	if (!metric_has_direction((int)metric))
		return false;
	if (metric == METRIC_FIRST_FAILURE_OCCUPANCY)
		return isfinite(a) && isfinite(b);
	return isfinite(a) || isfinite(b);
}

int compare_arms(struct compare_pair *pair, const struct compare_rules *rules, struct error *error)
{
	assert(!pair->rows && rules->timed_verdicts);
	assert(pair->a.arm < pair->a.result->arm_count && pair->b.arm < pair->b.result->arm_count);
	const struct result_phase *a = phase_of(&pair->a), *b = phase_of(&pair->b);
	pair->row_count = 0;
	pair->rows = memory_zeroed(METRIC_ALL, sizeof pair->rows[0]);
	if (!pair->rows)
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	for (int i = 0; a && b && i < METRIC_ALL; i++) {
		enum metric metric = (enum metric)i;
		double left = result_phase_figure(a, i), right = result_phase_figure(b, i);
		if (isnan(rules->threshold[i]) || (!is_compared(metric, left, right) && !paired_of(pair, metric)))
			continue;
		struct result_comparison *row = &pair->rows[pair->row_count++];
		*row = (struct result_comparison){.a = pair->a.arm,
						  .b = pair->b.arm,
						  .metric = metric,
						  .a_value = left,
						  .b_value = right,
						  .threshold = rules->threshold[i]};
		if (compare_metric(pair, rules, row, error) < 0) {
			compare_pair_release(pair);
			return -1;
		}
	}
	return 0;
}

/* ---- which arms ---- */

static bool was_measured(const struct compare_arm *side)
{
	enum result_arm_state state = arm_of(side)->state;
	return (state == RESULT_ARM_OK || state == RESULT_ARM_NONDETERMINISTIC) && phase_of(side);
}

/* Latencies of an open loop begin when an operation was due, those of a closed one when it was called. */
static bool same_rate(const struct result_arm *a, const struct result_arm *b)
{
	return a->rate && b->rate ? same_text(a->rate, b->rate) : a->rate == b->rate;
}

static bool same_arm(const struct compare_arm *a, const struct compare_arm *b, const char *spec_a, const char *spec_b)
{
	const struct result_arm *left = arm_of(a), *right = arm_of(b);
	bool specs = spec_a || spec_b
			     ? (!spec_a || same_text(spec_a, left->spec)) && (!spec_b || same_text(spec_b, right->spec))
			     : same_text(left->spec, right->spec) && same_text(left->lock, right->lock);
	return specs && same_rate(left, right) && same_text(workload_of(a)->name, workload_of(b)->name) &&
	       result_same_settings(workload_of(a), workload_of(b)) && left->threads == right->threads;
}

int compare_check_work(const struct compare_pair *pairs, size_t count, struct error *error)
{
	for (size_t i = 0; i < count; i++)
		if (compare_same_work(&pairs[i].a, &pairs[i].b))
			return 0;
	if (count == 0)
		return 0;
	const struct result_workload *a = workload_of(&pairs[0].a), *b = workload_of(&pairs[0].b);
	return error_set(error, EXIT_CODE_USAGE,
			 "workload %s: the two played different operations (stream 0x%016" PRIx64 ", seed %" PRIu64
			 "; stream 0x%016" PRIx64 ", seed %" PRIu64 "): nothing of them can be compared",
			 a->name, a->stream_hash, a->seed, b->stream_hash, b->seed);
}

int compare_match(const struct result *a, const struct result *b, const char *spec_a, const char *spec_b,
		  struct compare_pair **pairs, size_t *count, struct error *error)
{
	*count = 0;
	*pairs = memory_zeroed(b->arm_count, sizeof **pairs);
	if (!*pairs)
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	for (size_t i = 0; i < b->arm_count; i++) {
		struct compare_arm right = {b, i};
		for (size_t j = 0; j < a->arm_count && was_measured(&right); j++) {
			struct compare_arm left = {a, j};
			if (!was_measured(&left) || !same_arm(&left, &right, spec_a, spec_b))
				continue;
			(*pairs)[(*count)++] = (struct compare_pair){.a = left, .b = right};
			break;
		}
	}
	return 0;
}

const struct result_arm *compare_unmeasured(const struct compare_arm *arm, const struct result *other)
{
	assert(arm->arm < arm->result->arm_count);
	for (size_t i = 0; i < other->arm_count; i++) {
		struct compare_arm side = {other, i};
		if (!was_measured(&side) && same_arm(arm, &side, NULL, NULL))
			return &other->arms[i];
	}
	return NULL;
}

static bool can_hold(const struct result *result, size_t arm, size_t against)
{
	struct compare_arm side = {result, against};
	return result->arms[against].workload == result->arms[arm].workload && was_measured(&side) &&
	       same_rate(&result->arms[against], &result->arms[arm]);
}

/* The arm that one is held against when it is not all: its own index when there is none, or it is the one. */
static size_t baseline_of(const struct result *result, size_t arm, const char *against)
{
	size_t first = result->arm_count;
	for (size_t i = 0; i < result->arm_count; i++) {
		if (!can_hold(result, arm, i))
			continue;
		first = first < i ? first : i;
		if (against && strcmp(result->arms[i].spec, against) == 0)
			return i;
	}
	return first < result->arm_count ? first : arm;
}

static bool is_held(const struct result *result, size_t arm, size_t against, const char *how)
{
	struct compare_arm side = {result, arm};
	if (arm == against || !was_measured(&side) || !can_hold(result, arm, against))
		return false;
	return how && strcmp(how, COMPARE_AGAINST_ALL) == 0 ? against < arm : against == baseline_of(result, arm, how);
}

static int add_rows(struct result *result, size_t *capacity, const struct compare_pair *pair, struct error *error)
{
	for (size_t i = 0; i < pair->row_count; i++) {
		if (memory_grow(&result->comparisons, capacity, result->comparison_count, sizeof result->comparisons[0]) <
		    0)
			return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
		result->comparisons[result->comparison_count++] = pair->rows[i];
		pair->rows[i].reason = NULL;
	}
	return 0;
}

int compare_within(struct result *result, double threshold, const char *against, struct error *error)
{
	assert(!result->comparisons && threshold >= 0);
	size_t capacity = 0, pairs = 0;
	int status = 0;
	for (size_t i = 0; i < result->arm_count; i++)
		for (size_t j = 0; j < result->arm_count; j++)
			pairs += is_held(result, i, j, against);
	struct compare_rules rules;
	compare_rules_default(&rules, threshold, pairs);
	for (size_t i = 0; i < result->arm_count; i++) {
		for (size_t j = 0; j < result->arm_count && status == 0; j++) {
			struct compare_pair pair = {.a = {result, j}, .b = {result, i}};
			if (!is_held(result, i, j, against))
				continue;
			status = compare_arms(&pair, &rules, error);
			if (status == 0)
				status = add_rows(result, &capacity, &pair, error);
			compare_pair_release(&pair);
		}
	}
	return status;
}
