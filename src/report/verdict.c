/* SPDX-License-Identifier: MIT */
#include "report/verdict.h"

#include "base/memory.h"
#include "compare/compare.h"
#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* What decides between arms that no time tells apart, the first first: what a driver pays for good stands before what it can
 * wait for. */
static const enum metric criteria[] = {METRIC_PAGE_TABLE_EVER_PAGES, METRIC_UNUSABLE_2MIB, METRIC_SPAN_PAGES,
				       METRIC_METADATA_BYTES, METRIC_STEPS_ALLOC_MAX};
#define CRITERIA (sizeof criteria / sizeof criteria[0])

/* Below these a difference is told by nobody and decides nothing. */
#define MATTERS_RATIO 1.1
#define MATTERS_POINTS 0.01

static const struct verdict_ratio unknown = {NAN, NAN, NAN, false};

/* Whether value is worse than least by so much that it counts. NaN: no. */
static bool matters(enum metric metric, double value, double least)
{
	if (strcmp(metric_table[metric].unit, "share") == 0)
		return value > least + MATTERS_POINTS;
	return value > least * MATTERS_RATIO;
}

static double figure_of(const struct report_view *view, const struct verdict_arm *arm, enum metric metric)
{
	return result_arm_figures(&view->result->arms[arm->arm])->value[metric];
}

/* ---- who is judged ---- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_fit(const struct result_arm *arm)
{
	return arm->state == RESULT_ARM_OK && arm->figures_phase < arm->phase_count && !same_text(arm->allocator, "null");
}

static bool is_alike(const struct result_arm *arm, const struct result_arm *first)
{
	return arm->threads == first->threads && same_text(arm->rate, first->rate) && same_text(arm->lock, first->lock) &&
	       arm->source == first->source;
}

/* One that is judged stands among the taken until something puts it behind. */
static void sort_out(const struct report_view *view, struct verdict *verdict)
{
	const struct result *result = view->result;
	const struct result_arm *first = NULL;
	for (size_t i = 0; i < verdict->count; i++) {
		const struct result_arm *arm = &result->arms[verdict->arms[i].arm];
		if (!is_fit(arm)) {
			verdict->arms[i].standing = VERDICT_OUT;
			continue;
		}
		first = first ? first : arm;
		verdict->arms[i].standing = is_alike(arm, first) ? VERDICT_TAKEN : VERDICT_APART;
		verdict->judged += verdict->arms[i].standing == VERDICT_TAKEN;
	}
	verdict->taken = verdict->judged;
}

static void put_behind(struct verdict *verdict, size_t at, enum metric by)
{
	assert(verdict->arms[at].standing == VERDICT_TAKEN && verdict->taken > 1);
	verdict->arms[at].standing = VERDICT_BEHIND;
	verdict->arms[at].by = by;
	verdict->taken--;
	verdict->by = by;
}

static double failed_share(const struct report_view *view, const struct verdict_arm *arm)
{
	return format_failed_share(result_arm_figures(&view->result->arms[arm->arm]));
}

/* Who serves every request stands before all who do not; where nobody does, about as many failures are as good. */
static void judge_failures(const struct report_view *view, struct verdict *verdict)
{
	double least = INFINITY;
	for (size_t i = 0; i < verdict->count; i++) {
		double share = verdict->arms[i].standing == VERDICT_TAKEN ? failed_share(view, &verdict->arms[i]) : 1;
		if (isnan(share))
			return;
		least = fmin(least, share);
	}
	double most = least > 0 ? least + COMPARE_FAILED_SHARE_MAX : 0;
	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->arms[i].standing == VERDICT_TAKEN && failed_share(view, &verdict->arms[i]) > most)
			put_behind(verdict, i, METRIC_FAILURES_TOTAL);
}

/* ---- times ---- */

/* SIZE_MAX: it is none of the workload's. */
static size_t position_of(const struct verdict *verdict, size_t arm)
{
	size_t low = 0, high = verdict->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (verdict->arms[middle].arm < arm)
			low = middle + 1;
		else
			high = middle;
	}
	return low < verdict->count && verdict->arms[low].arm == arm ? low : SIZE_MAX;
}

/* The one that most of the taken were held against; of equals the first. SIZE_MAX: none. */
static size_t base_of(const struct report_view *view, const struct verdict *verdict, size_t *held)
{
	size_t base = SIZE_MAX;
	for (size_t i = 0; i < verdict->count; i++) {
		struct report_list rows = report_comparisons(view, verdict->arms[i].arm);
		for (size_t n = 0; n < rows.count; n++) {
			const struct result_comparison *row = &view->result->comparisons[rows.at[n]];
			size_t a = position_of(verdict, row->a);
			if (row->metric == METRIC_RAW_NS_PER_OP && a != SIZE_MAX)
				held[a] += verdict->arms[a].standing == VERDICT_TAKEN ? verdict->count + 1 : 1;
		}
	}
	for (size_t i = 0; i < verdict->count; i++)
		if (held[i] && (base == SIZE_MAX || held[i] > held[base]))
			base = i;
	return base;
}

/* A document may hold any numbers. */
static struct verdict_ratio in_order(struct verdict_ratio ratio)
{
	if (!(ratio.ratio > 0 && isfinite(ratio.ratio)))
		return unknown;
	if (!(ratio.low > 0 && ratio.low <= ratio.high && isfinite(ratio.high)))
		ratio.low = ratio.high = (double)NAN;
	return ratio;
}

static struct verdict_ratio ratio_of(const struct result_comparison *row)
{
	bool said = row->verdict == RESULT_VERDICT_OK || row->verdict == RESULT_VERDICT_IMPROVEMENT ||
		    row->verdict == RESULT_VERDICT_REGRESSION;
	if (!said && row->verdict != RESULT_VERDICT_INCONCLUSIVE)
		return unknown;
	return in_order((struct verdict_ratio){row->ratio, row->ci_low, row->ci_high, said});
}

static struct verdict_ratio inverse(struct verdict_ratio ratio)
{
	return (struct verdict_ratio){1 / ratio.ratio, 1 / ratio.high, 1 / ratio.low, ratio.decided};
}

static void take_row(const struct report_view *view, struct verdict *verdict, size_t at,
		     const struct result_comparison *row, bool turned)
{
	static const enum metric tail = METRIC_COUNT + METRIC_KIND_ALLOC * METRIC_LATENCY_COUNT + METRIC_LATENCY_P999;
	struct verdict_arm *arm = &verdict->arms[at];
	struct verdict_ratio ratio = turned ? inverse(ratio_of(row)) : ratio_of(row);
	if (row->metric == tail)
		arm->tail = ratio;
	if (row->metric != METRIC_RAW_NS_PER_OP)
		return;
	arm->time = ratio;
	struct verdict_ratio seen = in_order((struct verdict_ratio){row->ratio, row->ci_low, row->ci_high, false});
	arm->seen = turned ? inverse(seen) : seen;
	arm->rounds_wanted = row->rounds_wanted;
	arm->row = row;
	verdict->threshold = row->threshold;
	const struct result_paired *its =
		result_paired_find(&view->result->arms[row->b], row->a, RESULT_CONDITION_INTERFERED);
	if (!its || !its->rounds)
		return;
	struct verdict_ratio interfered = in_order((struct verdict_ratio){its->ratio, its->ci_low, its->ci_high, true});
	arm->interfered = turned ? inverse(interfered) : interfered;
}

static void take_times(const struct report_view *view, struct verdict *verdict)
{
	size_t base = verdict->arms[verdict->base].arm;
	struct verdict_arm *its = &verdict->arms[verdict->base];
	its->time = its->interfered = its->tail = its->seen = (struct verdict_ratio){1, 1, 1, true};
	for (size_t i = 0; i < verdict->count; i++) {
		struct report_list rows = report_comparisons(view, verdict->arms[i].arm);
		for (size_t n = 0; n < rows.count; n++) {
			const struct result_comparison *row = &view->result->comparisons[rows.at[n]];
			size_t other = i == verdict->base ? position_of(verdict, row->a) : SIZE_MAX;
			if (row->a == base)
				take_row(view, verdict, i, row, false);
			else if (other != SIZE_MAX)
				take_row(view, verdict, other, row, true);
		}
	}
}

static struct verdict_ratio quotient(struct verdict_ratio left, struct verdict_ratio right)
{
	return (struct verdict_ratio){left.ratio / right.ratio, left.low / right.high, left.high / right.low,
				      left.decided && right.decided};
}

static enum verdict_relation relation_of(struct verdict_ratio ratio, double threshold)
{
	if (!isfinite(ratio.low) || !isfinite(ratio.high))
		return isfinite(ratio.ratio) ? VERDICT_OPEN : VERDICT_UNKNOWN;
	if (ratio.low > 1 + threshold)
		return VERDICT_SLOWER;
	if (ratio.high < 1 / (1 + threshold))
		return VERDICT_FASTER;
	bool inside = ratio.low >= 1 / (1 + threshold) && ratio.high <= 1 + threshold;
	return inside && ratio.decided ? VERDICT_LEVEL : VERDICT_OPEN;
}

enum verdict_relation verdict_time(const struct verdict *verdict, size_t left, size_t right, struct verdict_ratio *ratio)
{
	assert(left < verdict->count && right < verdict->count);
	*ratio = quotient(verdict->arms[left].time, verdict->arms[right].time);
	enum verdict_relation hot = relation_of(*ratio, verdict->threshold);
	struct verdict_ratio its = quotient(verdict->arms[left].interfered, verdict->arms[right].interfered);
	if ((hot != VERDICT_SLOWER && hot != VERDICT_FASTER) || isnan(its.ratio))
		return hot;
	if (hot == VERDICT_SLOWER)
		return its.low > 1 ? hot : its.high < 1 ? VERDICT_TURNS : VERDICT_SLOWER_HOT;
	return its.high < 1 ? hot : its.low > 1 ? VERDICT_TURNS : VERDICT_FASTER_HOT;
}

/* Serves as many requests as those that are taken. */
static bool serves(const struct verdict_arm *arm)
{
	return arm->standing == VERDICT_TAKEN || (arm->standing == VERDICT_BEHIND && arm->by != METRIC_FAILURES_TOTAL);
}

/* A difference decides that is there under interference, too. Also one that is beaten itself beats: intervals are ordered, so
 * that one is left that nobody beats. */
static void judge_times(struct verdict *verdict)
{
	struct verdict_ratio ratio;
	for (size_t i = 0; i < verdict->count; i++)
		for (size_t j = 0; j < verdict->count && verdict->arms[i].standing == VERDICT_TAKEN; j++)
			if (i != j && serves(&verdict->arms[j]) && verdict_time(verdict, i, j, &ratio) == VERDICT_SLOWER)
				put_behind(verdict, i, METRIC_RAW_NS_PER_OP);
}

/* ---- what is left ---- */

/* Time stands before the rest: that decides neither between two whose times were not compared while those of others were, nor
 * against the one that is faster hot while interference leaves it open. */
static bool may_put_behind(const struct verdict *verdict, size_t at, size_t other)
{
	struct verdict_ratio ratio;
	enum verdict_relation relation =
		verdict->base == SIZE_MAX ? VERDICT_LEVEL : verdict_time(verdict, at, other, &ratio);
	return relation != VERDICT_UNKNOWN && relation != VERDICT_FASTER_HOT;
}

/* The least of those that are taken; NaN: one has none. */
static double least_of(const struct report_view *view, const struct verdict *verdict, enum metric metric)
{
	double least = INFINITY;
	for (size_t i = 0; i < verdict->count; i++) {
		double value =
			verdict->arms[i].standing == VERDICT_TAKEN ? figure_of(view, &verdict->arms[i], metric) : INFINITY;
		if (isnan(value))
			return value;
		least = fmin(least, value);
	}
	return least;
}

static void judge_criterion(const struct report_view *view, struct verdict *verdict, enum metric metric)
{
	double least = least_of(view, verdict, metric);
	for (size_t i = 0; i < verdict->count; i++) {
		double value = figure_of(view, &verdict->arms[i], metric);
		bool behind = false;
		if (verdict->arms[i].standing != VERDICT_TAKEN || !matters(metric, value, least))
			continue;
		for (size_t j = 0; j < verdict->count && !behind; j++)
			behind = verdict->arms[j].standing == VERDICT_TAKEN &&
				 matters(metric, value, figure_of(view, &verdict->arms[j], metric)) &&
				 may_put_behind(verdict, i, j);
		if (behind)
			put_behind(verdict, i, metric);
	}
}

int verdict_make(const struct report_view *view, size_t workload, struct verdict *verdict)
{
	struct report_list arms = report_arms(view, workload);
	*verdict = (struct verdict){.base = SIZE_MAX, .by = METRIC_ALL, .threshold = COMPARE_THRESHOLD_DEFAULT};
	verdict->arms = memory_zeroed(arms.count + 1, sizeof verdict->arms[0]);
	size_t *held = memory_zeroed(arms.count + 1, sizeof held[0]);
	if (!verdict->arms || !held) {
		memory_release(held);
		verdict_release(verdict);
		return -1;
	}
	for (size_t i = 0; i < arms.count; i++)
		verdict->arms[verdict->count++] = (struct verdict_arm){.arm = arms.at[i],
								       .by = METRIC_ALL,
								       .time = unknown,
								       .interfered = unknown,
								       .tail = unknown,
								       .seen = unknown};
	sort_out(view, verdict);
	judge_failures(view, verdict);
	verdict->base = base_of(view, verdict, held);
	if (verdict->base != SIZE_MAX) {
		take_times(view, verdict);
		judge_times(verdict);
	}
	for (size_t i = 0; i < CRITERIA && verdict->taken > 1; i++)
		judge_criterion(view, verdict, criteria[i]);
	memory_release(held);
	return 0;
}

void verdict_release(struct verdict *verdict)
{
	memory_release(verdict->arms);
	*verdict = (struct verdict){0};
}

/* ---- the price ---- */

static size_t taken_of(const struct verdict *verdict)
{
	size_t at = 0;
	while (at < verdict->count && verdict->arms[at].standing != VERDICT_TAKEN)
		at++;
	return at;
}

size_t verdict_taken_alone(const struct verdict *verdict)
{
	return verdict->taken == 1 && verdict->judged > 1 ? verdict->arms[taken_of(verdict)].arm : SIZE_MAX;
}

/* Who failed about as few requests as the one that is taken did the same work, though it is not taken for them. */
static bool did_the_same(const struct report_view *view, const struct verdict *verdict, size_t own, size_t at)
{
	return verdict->arms[at].standing <= VERDICT_BEHIND &&
	       failed_share(view, &verdict->arms[at]) <= failed_share(view, &verdict->arms[own]) + COMPARE_FAILED_SHARE_MAX;
}

static void keep_slower(const struct verdict *verdict, size_t at, struct verdict_ratio ratio, struct verdict_cost *cost)
{
	if (relation_of(ratio, verdict->threshold) != VERDICT_SLOWER || ratio.ratio <= cost->own)
		return;
	cost->own = ratio.ratio;
	cost->arm = verdict->arms[at].arm;
}

/* Who fails more may be faster as long as it does not: the one that is so by most, of those that no verdict on time tells. */
static bool find_time(const struct verdict *verdict, size_t own, struct verdict_cost *cost)
{
	struct verdict_ratio told;
	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->arms[i].standing == VERDICT_BEHIND && verdict->arms[i].by == METRIC_FAILURES_TOTAL &&
		    verdict_time(verdict, own, i, &told) == VERDICT_UNKNOWN)
			keep_slower(verdict, i, quotient(verdict->arms[own].seen, verdict->arms[i].seen), cost);
	return cost->own > 1;
}

/* Of p99.9, the one that its tail is furthest behind. */
static bool find_tail(const struct report_view *view, const struct verdict *verdict, size_t own, struct verdict_cost *cost)
{
	for (size_t i = 0; i < verdict->count; i++)
		if (did_the_same(view, verdict, own, i))
			keep_slower(verdict, i, quotient(verdict->arms[own].tail, verdict->arms[i].tail), cost);
	return cost->own > 1;
}

size_t verdict_costs(const struct report_view *view, const struct verdict *verdict,
		     struct verdict_cost costs[METRIC_HEADLINES])
{
	size_t count = 0;
	if (verdict->taken != 1)
		return 0;
	const size_t own = taken_of(verdict);
	costs[count] = (struct verdict_cost){METRIC_RAW_NS_PER_OP, 1, 1, SIZE_MAX};
	count += find_time(verdict, own, &costs[count]);
	for (size_t n = 0; n < CRITERIA; n++) {
		struct verdict_cost cost = {criteria[n], figure_of(view, &verdict->arms[own], criteria[n]), INFINITY, 0};
		for (size_t i = 0; i < verdict->count; i++) {
			double value = did_the_same(view, verdict, own, i) ? figure_of(view, &verdict->arms[i], criteria[n])
									   : (double)NAN;
			if (!(value < cost.least))
				continue;
			cost.least = value;
			cost.arm = verdict->arms[i].arm;
		}
		if (matters(criteria[n], cost.own, cost.least))
			costs[count++] = cost;
	}
	costs[count] = (struct verdict_cost){(enum metric)metric_of_latency(METRIC_KIND_ALLOC, METRIC_LATENCY_P999), 1, 1,
					     SIZE_MAX};
	count += find_tail(view, verdict, own, &costs[count]);
	return count;
}

bool verdict_spread(const struct report_view *view, const struct verdict *verdict, size_t *at, struct verdict_cost *least,
		    struct verdict_cost *most)
{
	while (verdict->taken > 1 && *at < CRITERIA) {
		enum metric metric = criteria[(*at)++];
		*least = (struct verdict_cost){metric, INFINITY, 0, 0};
		*most = (struct verdict_cost){metric, -INFINITY, 0, 0};
		for (size_t i = 0; i < verdict->count; i++) {
			double value = figure_of(view, &verdict->arms[i], metric);
			if (verdict->arms[i].standing != VERDICT_TAKEN || isnan(value))
				continue;
			if (value < least->own)
				*least = (struct verdict_cost){metric, value, value, verdict->arms[i].arm};
			if (value > most->own)
				*most = (struct verdict_cost){metric, value, value, verdict->arms[i].arm};
		}
		if (matters(metric, most->own, least->own))
			return true;
	}
	return false;
}
