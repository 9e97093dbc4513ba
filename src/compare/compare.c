/* SPDX-License-Identifier: MIT */
#include "compare/compare.h"

#include "base/memory.h"
#include "base/text.h"
#include "measure/statistics.h"
#include "result/looks.h"
#include "result/node.h"

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
	memory_release(pair->others);
	pair->others = NULL;
	pair->other_count = 0;
}

void compare_rules_default(struct compare_rules *rules, double threshold, size_t pairs)
{
	assert(threshold >= 0);
	for (int i = 0; i < METRIC_ALL; i++) {
		bool looked_at = i < METRIC_COUNT || metric_is_headline(i);
		rules->threshold[i] = !looked_at ? (double)NAN : metric_table[i].exact ? 0 : threshold;
	}
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

/* How sorted logarithms lie about 1. */
struct spread {
	size_t below, above; /* beyond the threshold */
	size_t far;          /* beyond COMPARE_FAR thresholds, on either side */
	double farthest;     /* how far from 1 the farthest lies, on the scale of logarithms */
	size_t lower;        /* of two modes: how many are the lower one; 0: there is one */
};

/* Whether both sides of a gap hold together more closely than the gap is wide. */
static bool is_gap(const double *logs, size_t count, size_t at, double edge)
{
	double gap = logs[at] - logs[at - 1];
	return gap > edge && gap > logs[at - 1] - logs[0] && gap > logs[count - 1] - logs[at];
}

static struct spread spread_of(const double *logs, size_t count, double edge)
{
	struct spread spread = {0};
	for (size_t i = 0; i < count; i++) {
		spread.below += logs[i] < -edge;
		spread.above += logs[i] > edge;
		spread.far += fabs(logs[i]) > COMPARE_FAR * edge;
		spread.farthest = fmax(spread.farthest, fabs(logs[i]));
		if (i >= COMPARE_MODE_ROUNDS && count - i >= COMPARE_MODE_ROUNDS && is_gap(logs, count, i, edge))
			spread.lower = i;
	}
	return spread;
}

/* One alone may be chance, unless it would move a mean of all rounds beyond the threshold. */
static bool too_many_far(const struct spread *spread, size_t count, double edge)
{
	bool moves = spread->far >= COMPARE_MODE_ROUNDS || spread->farthest > edge * (double)count;
	return spread->far && moves &&
	       statistics_share_upper(spread->far, count, 1 - COMPARE_ERROR_RATE) > COMPARE_FAR_SHARE;
}

static int add_reason(struct result_comparison *row, const char *reason, struct error *error)
{
	struct text text = {0};
	text_add(&text, "%s%s%s", row->reason ? row->reason : "", row->reason ? "; " : "", reason);
	memory_release(row->reason);
	row->reason = text.failed ? NULL : memory_text(text.bytes);
	text_release(&text);
	return row->reason ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a comparison");
}

static int tell_far(struct result_comparison *row, size_t far, size_t count, struct error *error)
{
	char reason[160];
	snprintf(reason, sizeof reason, "%zu of %zu rounds lie further from 1 than %d thresholds: the median hides them",
		 far, count, COMPARE_FAR);
	return add_reason(row, reason, error);
}

/* logs are sorted. */
static int judge_spread(const double *logs, size_t count, const struct spread *spread, struct result_comparison *row,
			struct error *error)
{
	char reason[160];
	bool far = too_many_far(spread, count, log1p(row->threshold));
	if (row->verdict == RESULT_VERDICT_OK && (far || spread->lower))
		row->verdict = RESULT_VERDICT_INCONCLUSIVE;
	if (spread->lower) {
		size_t lower = spread->lower, upper = count - lower;
		snprintf(reason, sizeof reason, "two modes: %zu rounds at %.4g, %zu at %.4g", lower,
			 exp((logs[(lower - 1) / 2] + logs[lower / 2]) / 2), upper,
			 exp((logs[lower + (upper - 1) / 2] + logs[lower + upper / 2]) / 2));
		return add_reason(row, reason, error);
	}
	/* A median that lies away from 1 itself hides nothing. */
	bool hidden = far && fabs(log(row->ratio)) <= log1p(row->threshold);
	return hidden && row->verdict == RESULT_VERDICT_INCONCLUSIVE ? tell_far(row, spread->far, count, error) : 0;
}

int compare_ratios(const double *ratios, size_t count, double threshold, size_t timed_verdicts,
		   struct result_comparison *row, struct error *error)
{
	assert(threshold >= 0 && timed_verdicts && !row->reason);
	double edge = log1p(threshold), level = 1 - COMPARE_ERROR_RATE / (double)timed_verdicts;
	double *logs = memory_zeroed(count, sizeof logs[0]);
	if (!logs)
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	size_t kept = statistics_logs(ratios, count, logs);
	struct statistics_interval interval = statistics_median_interval(logs, kept, level);
	double median = statistics_median(logs, kept);
	struct spread spread = spread_of(logs, kept, edge);
	row->ratio = exp(median);
	row->ci_low = exp(interval.low);
	row->ci_high = exp(interval.high);
	row->level = level;
	row->threshold = threshold;
	row->rounds = (uint32_t)kept;
	row->rounds_wanted = 0;
	row->verdict = kept ? judge_interval(&interval, edge) : RESULT_VERDICT_NOT_COMPARED;
	/* Of a median inside the threshold more rounds would only say again that others lie far away. */
	bool hidden = fabs(median) <= edge && (spread.lower || too_many_far(&spread, kept, edge));
	if (row->verdict == RESULT_VERDICT_INCONCLUSIVE && !(hidden && interval.level > 0))
		row->rounds_wanted = (uint32_t)statistics_values_wanted(kept, level, spread.below, spread.above);
	int status = judge_spread(logs, kept, &spread, row, error);
	memory_release(logs);
	return status;
}

/* b / a of each round that both may have; NaN: one has none. The caller releases it; NULL: no memory. */
static double *ratios_of(const struct compare_series *series, size_t *count)
{
	*count = series->a_count < series->b_count ? series->a_count : series->b_count;
	double *ratios = memory_zeroed(*count, sizeof ratios[0]);
	for (size_t i = 0; ratios && i < *count; i++)
		ratios[i] = series->a[i] > 0 && isfinite(series->a[i]) ? series->b[i] / series->a[i] : (double)NAN;
	return ratios;
}

int compare_rounds(const double *a, size_t a_count, const double *b, size_t b_count, double threshold,
		   size_t timed_verdicts, struct result_comparison *row, struct error *error)
{
	const struct compare_series series = {a, b, a_count, b_count};
	size_t count;
	double *ratios = ratios_of(&series, &count);
	if (!ratios)
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	int result = compare_ratios(ratios, count, threshold, timed_verdicts, row, error);
	memory_release(ratios);
	return result;
}

/* The median of log(b / a) over the rounds of a node; NaN: none has both. *pairs: how many have; *all grows by those that lie
 * far. -1: no memory. */
static int node_median(const struct compare_series *node, double edge, double *median, size_t *pairs, struct spread *all,
		       struct error *error)
{
	size_t count;
	double *ratios = ratios_of(node, &count);
	*pairs = 0;
	if (!ratios)
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	*pairs = statistics_logs(ratios, count, ratios);
	*median = statistics_median(ratios, *pairs);
	struct spread spread = spread_of(ratios, *pairs, edge);
	all->far += spread.far;
	all->farthest = fmax(all->farthest, spread.farthest);
	memory_release(ratios);
	return 0;
}

static int pool(const double *medians, size_t count, const struct spread *all, struct result_comparison *row,
		struct error *error)
{
	double edge = log1p(row->threshold), least = medians[0], most = medians[0], sum = 0;
	for (size_t i = 0; i < count; i++) {
		least = fmin(least, medians[i]);
		most = fmax(most, medians[i]);
		sum += medians[i];
	}
	row->nodes = (uint32_t)count;
	if (most - least > edge) {
		struct text reason = {0};
		text_add(&reason, "nodes of one class disagree by more than the threshold (%.4g to %.4g)", exp(least),
			 exp(most));
		row->verdict = RESULT_VERDICT_NOT_COMPARED;
		row->reason = reason.failed ? NULL : memory_text(reason.bytes);
		text_release(&reason);
		return row->reason ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	}
	struct statistics_interval interval = statistics_mean_interval(medians, count, row->level);
	row->ratio = exp(sum / (double)count);
	row->ci_low = exp(interval.low);
	row->ci_high = exp(interval.high);
	row->verdict = judge_interval(&interval, edge);
	if (row->verdict != RESULT_VERDICT_OK || !too_many_far(all, row->rounds, edge))
		return 0;
	row->verdict = RESULT_VERDICT_INCONCLUSIVE;
	return tell_far(row, all->far, row->rounds, error);
}

int compare_nodes(const struct compare_series *nodes, size_t count, double threshold, size_t timed_verdicts,
		  struct result_comparison *row, struct error *error)
{
	assert(threshold >= 0 && timed_verdicts && count && !row->reason);
	size_t found = 0, rounds = 0, last = 0;
	struct spread all = {0};
	double *medians = memory_zeroed(count, sizeof medians[0]);
	int status = medians ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	for (size_t i = 0; i < count && status == 0; i++) {
		size_t pairs;
		status = node_median(&nodes[i], log1p(threshold), &medians[found], &pairs, &all, error);
		rounds += pairs;
		found += pairs > 0;
		last = pairs ? i : last;
	}
	row->ratio = row->ci_low = row->ci_high = (double)NAN;
	row->level = 1 - COMPARE_ERROR_RATE / (double)timed_verdicts;
	row->threshold = threshold;
	row->rounds = (uint32_t)rounds;
	if (status == 0 && found > 1)
		status = pool(medians, found, &all, row, error);
	else if (status == 0)
		status = compare_rounds(nodes[last].a, nodes[last].a_count, nodes[last].b, nodes[last].b_count, threshold,
					timed_verdicts, row, error);
	memory_release(medians);
	return status;
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
	memory_release(row->reason);
	row->reason = memory_text(reason);
	return row->reason ? 0 : error_set(error, EXIT_CODE_IO, "no memory for a comparison");
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static const struct result_node *node_of(const struct compare_arm *side)
{
	return result_arm_node(side->result, arm_of(side));
}

static bool same_node(const struct compare_arm *a, const struct compare_arm *b)
{
	return node_of(a)->id == node_of(b)->id;
}

static const char *run_of(const struct compare_arm *side)
{
	return result_arm_run(side->result, arm_of(side));
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

/* Among how many the error is shared: all of the family, at each look. */
static size_t verdicts_of(const struct compare_pair *pair, const struct compare_rules *rules)
{
	uint32_t a = looks_shared(&arm_of(&pair->a)->looks), b = looks_shared(&arm_of(&pair->b)->looks);
	return rules->timed_verdicts * (a > b ? a : b);
}

/* Both in one process; NULL: they never were, or nothing came of it. */
static const struct result_paired *paired_of(const struct compare_pair *pair, enum metric metric)
{
	if (metric != METRIC_RAW_NS_PER_OP || pair->a.result != pair->b.result || pair->other_count)
		return NULL;
	const struct result_paired *paired = result_paired_find(arm_of(&pair->b), pair->a.arm, RESULT_CONDITION_HOT);
	return paired && paired->rounds ? paired : NULL;
}

static bool lie_apart(double ratio, double other, double edge)
{
	return isfinite(ratio) && isfinite(other) && fabs(log(ratio / other)) > edge;
}

/* Windows that are longer give another ratio: apart by more than the threshold beyond doubt; or, of two that seem equal, apart
 * by no chance. */
static bool caches_decide(const struct result_paired *paired, enum result_verdict verdict, double edge)
{
	bool differ = verdict == RESULT_VERDICT_REGRESSION || verdict == RESULT_VERDICT_IMPROVEMENT;
	double doubt = differ ? exp(edge) : 1;
	return lie_apart(paired->long_ratio, 1, edge) && (paired->long_ci_low > doubt || paired->long_ci_high < 1 / doubt);
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
	if (caches_decide(paired, row->verdict, edge)) {
		char reason[128];
		snprintf(reason, sizeof reason,
			 "shared caches decide: with windows many times as long the ratio is %.4g times as large",
			 paired->long_ratio);
		return give_reason(row, RESULT_VERDICT_NOT_COMPARED, reason, error);
	}
	if (row->verdict == RESULT_VERDICT_OK && lie_apart(row->ratio, typical, edge))
		return give_reason(row, RESULT_VERDICT_INCONCLUSIVE,
				   "costs come in bursts: the sum of all windows and the median window disagree", error);
	return paired->reason ? add_reason(row, paired->reason, error) : 0;
}

static int compare_paired(const struct compare_pair *pair, const struct result_paired *paired,
			  const struct compare_rules *rules, struct result_comparison *row, struct error *error)
{
	const struct result_phase *a = phase_of(&pair->a), *b = phase_of(&pair->b);
	if (compare_pairs(paired, 0, paired->round_count, row->threshold, verdicts_of(pair, rules), row, error) < 0)
		return -1;
	if (fabs(failed_share(a) - failed_share(b)) <= COMPARE_FAILED_SHARE_MAX)
		return 0;
	char reason[192];
	snprintf(reason, sizeof reason,
		 "shares of failed allocations differ by more than 0.1 %%; the ratio is that of the first %.3g %% of "
		 "operations, until outcomes differed",
		 100 * paired->equal_share);
	return give_reason(row, RESULT_VERDICT_DIFFERENT_WORK, reason, error);
}

/* Of the one node, or of all of one class. */
static int compare_series(const struct compare_pair *pair, const struct compare_rules *rules, struct result_comparison *row,
			  struct error *error)
{
	struct compare_series *series = memory_zeroed(pair->other_count + 1, sizeof series[0]);
	if (!series)
		return error_set(error, EXIT_CODE_IO, "no memory for a comparison");
	for (size_t i = 0; i <= pair->other_count; i++) {
		struct rounds a = rounds_of(phase_of(i ? &pair->others[i - 1].a : &pair->a), row->metric);
		struct rounds b = rounds_of(phase_of(i ? &pair->others[i - 1].b : &pair->b), row->metric);
		series[i] = (struct compare_series){a.ns, b.ns, a.count, b.count};
	}
	int status = compare_nodes(series, pair->other_count + 1, row->threshold, verdicts_of(pair, rules), row, error);
	memory_release(series);
	return status;
}

/* Times of driver calls are without the physical side, and end where a logical call fails; those of older results contain
 * it. */
static const char *ends_apart(const struct result_phase *a, const struct result_phase *b)
{
	double one = a->figures.value[METRIC_AHEAD_SHARE], other = b->figures.value[METRIC_AHEAD_SHARE];
	if (isnan(one) != isnan(other))
		return "the times of one contain the physical side of driver calls, those of the other do not";
	return one < other || one > other ? "a logical call failed earlier in one of them, where its times end" : NULL;
}

static bool failed_alike(const struct compare_pair *pair)
{
	bool alike = fabs(failed_share(phase_of(&pair->a)) - failed_share(phase_of(&pair->b))) <= COMPARE_FAILED_SHARE_MAX;
	for (size_t i = 0; i < pair->other_count; i++)
		alike &= fabs(failed_share(phase_of(&pair->others[i].a)) - failed_share(phase_of(&pair->others[i].b))) <=
			 COMPARE_FAILED_SHARE_MAX;
	return alike;
}

/* Times of the same operations, on the same machine, or none at all. */
static int compare_timed(const struct compare_pair *pair, const struct compare_rules *rules, struct result_comparison *row,
			 struct error *error)
{
	if (!same_node(&pair->a, &pair->b)) {
		row->ratio = row->ci_low = row->ci_high = row->level = (double)NAN;
		return give_reason(row, RESULT_VERDICT_NOT_COMPARED,
				   "measured on different machines, whose rounds are never paired", error);
	}
	if (compare_series(pair, rules, row, error) < 0)
		return -1;
	if (!failed_alike(pair))
		return give_reason(row, RESULT_VERDICT_DIFFERENT_WORK,
				   "shares of failed allocations differ by more than 0.1 %", error);
	const char *apart = ends_apart(phase_of(&pair->a), phase_of(&pair->b));
	if (apart)
		return give_reason(row, RESULT_VERDICT_DIFFERENT_WORK, apart, error);
	if (row->verdict == RESULT_VERDICT_NOT_COMPARED && row->reason)
		return 0;
	if (row->verdict == RESULT_VERDICT_NOT_COMPARED)
		return give_reason(row, RESULT_VERDICT_NOT_COMPARED, "no round has a figure of both", error);
	if (!same_text(run_of(&pair->a), run_of(&pair->b)))
		return add_reason(row,
				  same_text(node_of(&pair->a)->build, node_of(&pair->b)->build)
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
						  .baseline = compare_same_arm(&pair->a, &pair->b),
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

bool compare_same_arm(const struct compare_arm *a, const struct compare_arm *b)
{
	return same_arm(a, b, NULL, NULL);
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

/* What is matched with what. */
struct match {
	const struct result *a, *b;
	const char *spec_a, *spec_b;
	struct compare_pair *pairs;
	size_t count;
};

/* The first arm of a that an arm of b is held against, on its node or on any; false: there is none. */
static bool find_left(const struct match *match, const struct compare_arm *right, bool any, struct compare_arm *left)
{
	*left = (struct compare_arm){match->a, 0};
	for (; left->arm < match->a->arm_count; left->arm++)
		if (was_measured(left) && same_arm(left, right, match->spec_a, match->spec_b) &&
		    (any || same_node(left, right)))
			return true;
	return false;
}

/* Whether another node of the same arm speaks for it. */
static bool is_spoken_for(const struct match *match, const struct compare_arm *right)
{
	struct compare_arm left, other = {match->b, 0};
	for (; other.arm < match->b->arm_count; other.arm++)
		if (other.arm != right->arm && was_measured(&other) && compare_same_arm(&other, right) &&
		    (other.arm < right->arm || find_left(match, &other, false, &left)))
			return true;
	return false;
}

static bool same_class(const struct compare_arm *a, const struct compare_arm *b)
{
	return result_node_same_class(node_of(a), node_of(b));
}

static bool same_but_for_node(const struct compare_arm *a, const struct compare_arm *b)
{
	return compare_same_arm(a, b) && arm_of(a)->workload == arm_of(b)->workload && same_class(a, b);
}

static int add_match(struct match *match, struct compare_arm left, struct compare_arm right)
{
	struct compare_pair *pair = match->pairs;
	while (pair < match->pairs + match->count &&
	       !(same_but_for_node(&pair->a, &left) && same_but_for_node(&pair->b, &right)))
		pair++;
	if (pair == match->pairs + match->count) {
		match->count++;
		*pair = (struct compare_pair){.a = left, .b = right};
		return 0;
	}
	size_t room = pair->other_count;
	if (memory_grow(&pair->others, &room, pair->other_count, sizeof pair->others[0]) < 0)
		return -1;
	pair->others[pair->other_count++] = (struct compare_sides){left, right};
	return 0;
}

int compare_match(const struct result *a, const struct result *b, const char *spec_a, const char *spec_b,
		  struct compare_pair **pairs, size_t *count, struct error *error)
{
	struct match match = {a, b, spec_a, spec_b, memory_zeroed(b->arm_count, sizeof *match.pairs), 0};
	struct compare_arm left, right = {b, 0};
	int status = match.pairs ? 0 : -1;
	for (; status == 0 && right.arm < b->arm_count; right.arm++)
		if (was_measured(&right) && (find_left(&match, &right, false, &left) ||
					     (find_left(&match, &right, true, &left) && !is_spoken_for(&match, &right))))
			status = add_match(&match, left, right);
	for (size_t i = 0; status < 0 && i < match.count; i++)
		compare_pair_release(&match.pairs[i]);
	if (status < 0)
		memory_release(match.pairs);
	*pairs = status < 0 ? NULL : match.pairs;
	*count = status < 0 ? 0 : match.count;
	return status < 0 ? error_set(error, EXIT_CODE_IO, "no memory for a comparison") : 0;
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

/* Timed verdicts of one workload. */
static size_t family_of(const struct result *result, size_t workload, const char *against)
{
	size_t pairs = 0;
	for (size_t i = 0; i < result->arm_count; i++)
		for (size_t j = 0; j < result->arm_count && result->arms[i].workload == workload; j++)
			pairs += is_held(result, i, j, against);
	return pairs;
}

int compare_within(struct result *result, double threshold, const char *against, struct error *error)
{
	assert(!result->comparisons && !result->source_count && threshold >= 0);
	size_t capacity = 0;
	int status = 0;
	for (size_t i = 0; i < result->arm_count; i++) {
		struct compare_rules rules;
		compare_rules_default(&rules, threshold, family_of(result, result->arms[i].workload, against));
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

bool compare_decided(const struct result *result)
{
	for (size_t i = 0; i < result->comparison_count; i++)
		if (result->comparisons[i].metric == METRIC_RAW_NS_PER_OP &&
		    result->comparisons[i].verdict == RESULT_VERDICT_INCONCLUSIVE)
			return false;
	return true;
}

/* Of the same run, on a replicate of the workload. */
static bool is_replicate(const struct result *result, size_t arm, size_t other)
{
	const struct result_arm *a = &result->arms[arm], *b = &result->arms[other];
	return same_text(a->spec, b->spec) && same_text(a->lock, b->lock) && a->threads == b->threads && same_rate(a, b) &&
	       a->source == b->source &&
	       result_are_replicates(&result->workloads[a->workload], &result->workloads[b->workload]);
}

struct compare_seeds compare_over_seeds(const struct result *result, const struct result_comparison *row)
{
	struct compare_seeds found = {.low = (double)NAN, .high = (double)NAN};
	for (size_t i = 0; i < result->comparison_count; i++) {
		const struct result_comparison *other = &result->comparisons[i];
		if (other->metric != row->metric || !is_replicate(result, row->a, other->a) ||
		    !is_replicate(result, row->b, other->b))
			continue;
		found.seeds++;
		found.verdicts[other->verdict]++;
		found.low = fmin(found.low, other->ratio);
		found.high = fmax(found.high, other->ratio);
	}
	return found;
}
