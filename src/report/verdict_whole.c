/* SPDX-License-Identifier: MIT
 * What holds over all workloads: the paragraph that stands before everything else. */
#include "report/verdict.h"

#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define NAMES_MAX 6u

/* An allocator over all workloads, by the view's number of its spec. */
struct standing {
	size_t color;
	size_t taken;  /* alone */
	size_t judged; /* in workloads */
};

static const char *spec_of(const struct report_view *view, size_t color)
{
	return view->result->arms[view->first[color]].spec;
}

/* The first position of a spec among those of a workload that were judged; SIZE_MAX: none. */
static size_t position_of(const struct report_view *view, size_t workload, size_t color)
{
	const struct verdict *verdict = &view->verdicts[workload];
	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->arms[i].standing <= VERDICT_BEHIND && view->color[verdict->arms[i].arm] == color)
			return i;
	return SIZE_MAX;
}

/* SIZE_MAX: not one alone. */
static size_t taken_color(const struct report_view *view, size_t workload)
{
	size_t arm = verdict_taken_alone(&view->verdicts[workload]);
	return arm == SIZE_MAX ? SIZE_MAX : view->color[arm];
}

static struct standing standing_of(const struct report_view *view, size_t color)
{
	struct standing standing = {.color = color};
	for (size_t i = 0; i < view->result->workload_count; i++) {
		standing.taken += taken_color(view, i) == color;
		standing.judged += position_of(view, i, color) != SIZE_MAX;
	}
	return standing;
}

/* Who is taken most often; taken 0: nobody. */
static struct standing best(const struct report_view *view)
{
	struct standing found = {0};
	for (size_t i = 0; i < view->color_count; i++) {
		struct standing its = standing_of(view, i);
		if (its.taken > found.taken)
			found = its;
	}
	return found;
}

static void add_label(const struct report_view *view, size_t workload, struct text *text)
{
	result_workload_label(&view->result->workloads[workload], text);
}

/* Workloads that one spec is taken on; SIZE_MAX: nothing decides. */
static void add_workloads(const struct report_view *view, size_t color, struct text *text)
{
	unsigned named = 0;
	for (size_t i = 0; i < view->result->workload_count; i++) {
		if (taken_color(view, i) != color)
			continue;
		if (named++ >= NAMES_MAX)
			continue;
		text_add(text, "%s", named > 1 ? ", " : "");
		add_label(view, i, text);
	}
	if (named > NAMES_MAX)
		text_add(text, " and %u more", named - NAMES_MAX);
}

static size_t undecided(const struct report_view *view)
{
	size_t count = 0;
	for (size_t i = 0; i < view->result->workload_count; i++)
		count += taken_color(view, i) == SIZE_MAX;
	return count;
}

static void tell_choice(const struct report_view *view, struct text *text)
{
	struct standing first = best(view);
	size_t workloads = view->result->workload_count, open = undecided(view);
	if (!first.taken) {
		text_add(text,
			 workloads ? "Nothing decides: on no workload is one allocator to be taken before another" : "");
	} else {
		bool most = 2 * first.taken > workloads;
		text_add(text, most ? "Take %s on " : "No allocator is the one to take everywhere: %s on ",
			 spec_of(view, first.color));
		if (first.taken == workloads && workloads > 1)
			text_add(text, "all %zu workloads", workloads);
		else
			add_workloads(view, first.color, text);
		for (size_t i = 0; i < view->color_count; i++) {
			if (i == first.color || !standing_of(view, i).taken)
				continue;
			text_add(text, "; %s on ", spec_of(view, i));
			add_workloads(view, i, text);
		}
		if (open) {
			text_add(text, "; nothing decides on ");
			add_workloads(view, SIZE_MAX, text);
		}
	}
	text_add(text, "%s", workloads ? "." : "");
}

/* ---- why ---- */

/* The largest share of requests that a spec failed on a workload, by whatever arm. */
static double failed_share(const struct report_view *view, size_t workload, size_t color)
{
	struct report_list arms = report_arms(view, workload);
	double most = (double)NAN;
	for (size_t i = 0; i < arms.count; i++)
		if (view->color[arms.at[i]] == color)
			most = fmax(most, format_failed_share(result_arm_figures(&view->result->arms[arms.at[i]])));
	return most;
}

static void add_failing(const struct report_view *view, size_t color, struct text *text)
{
	unsigned named = 0;
	for (size_t i = 0; i < view->result->workload_count; i++) {
		char share[TEXT_NUMBER_BYTES];
		double failed = failed_share(view, i, color);
		if (!(failed > 0) || named++ >= NAMES_MAX)
			continue;
		if (named == 1)
			text_add(text, "%s%s fails requests on ", text->length ? "; " : "", spec_of(view, color));
		text_add(text, "%s", named > 1 ? ", " : "");
		add_label(view, i, text);
		text_add(text, " (%s)", format_share(share, failed));
	}
	if (named > NAMES_MAX)
		text_add(text, " and %u more", named - NAMES_MAX);
}

static void tell_failures(const struct report_view *view, struct text *text)
{
	for (size_t i = 0; i < view->color_count; i++)
		add_failing(view, i, text);
	bool known = false;
	for (size_t i = 0; i < view->result->arm_count && !text->length; i++)
		known |= format_failed_share(result_arm_figures(&view->result->arms[i])) == 0;
	if (!text->length && known)
		text_add(text, "No allocator fails a request");
	text_add(text, "%s", text->length ? "." : "");
}

/* Arms of which nothing counts, or no time does. */
static void tell_lost(const struct report_view *view, struct text *text)
{
	unsigned named = 0;
	for (size_t i = 0; i < view->result->arm_count; i++) {
		const struct result_arm *arm = &view->result->arms[i];
		bool lost = arm->state != RESULT_ARM_OK && arm->state != RESULT_ARM_NOT_APPLICABLE &&
			    arm->state != RESULT_ARM_NOT_RUN;
		if (!lost || named++ >= NAMES_MAX)
			continue;
		text_add(text, "%s%s is ", named > 1 ? "; " : "", arm->spec);
		format_state(arm, text);
		text_add(text, " on ");
		add_label(view, arm->workload, text);
	}
	if (named > NAMES_MAX)
		text_add(text, "; and %u more", named - NAMES_MAX);
	text_add(text, "%s", named ? "." : "");
}

/* Of one spec's times over another's, those that are told apart. */
struct range {
	size_t slower, faster, level, open, failing; /* workloads */
	double low, high;                            /* of the ratios of those that are slower or faster */
};

static struct range range_of(const struct report_view *view, size_t own, size_t other)
{
	struct range range = {.low = INFINITY, .high = 0};
	for (size_t i = 0; i < view->result->workload_count; i++) {
		size_t left = position_of(view, i, other), right = position_of(view, i, own);
		struct verdict_ratio ratio;
		if (left == SIZE_MAX || right == SIZE_MAX)
			continue;
		enum verdict_relation relation = verdict_time(&view->verdicts[i], left, right, &ratio);
		range.slower += relation == VERDICT_SLOWER;
		range.faster += relation == VERDICT_FASTER;
		range.level += relation == VERDICT_LEVEL;
		range.open += relation == VERDICT_OPEN || relation > VERDICT_FASTER;
		if (relation != VERDICT_SLOWER && relation != VERDICT_FASTER)
			continue;
		range.low = fmin(range.low, ratio.ratio);
		range.high = fmax(range.high, ratio.ratio);
	}
	return range;
}

static void add_range(const struct range *range, const char *spec, struct text *text)
{
	const struct {
		size_t count;
		const char *word;
	} parts[] = {{range->slower, "slower"}, {range->faster, "faster"}, {range->level, "level"}, {range->open, "open"}};
	text_add(text, "%s", spec);
	if (range->slower + range->faster)
		text_add(text, range->low < range->high ? " %.3g to %.3g times" : " %.3g times", range->low, range->high);
	const char *before = " (";
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (!parts[i].count)
			continue;
		text_add(text, "%s%s on %zu", before, parts[i].word, parts[i].count);
		before = ", ";
	}
	text_add(text, ")");
}

static void tell_times(const struct report_view *view, struct text *text)
{
	struct standing first = best(view);
	unsigned named = 0;
	for (size_t i = 0; first.taken && i < view->color_count; i++) {
		struct range range = range_of(view, first.color, i);
		if (i == first.color || !(range.slower + range.faster + range.level + range.open) || named++ >= NAMES_MAX)
			continue;
		if (named == 1)
			text_add(text, "Time against %s: ", spec_of(view, first.color));
		text_add(text, "%s", named > 1 ? "; " : "");
		add_range(&range, spec_of(view, i), text);
	}
	if (named > NAMES_MAX)
		text_add(text, "; and %u more", named - NAMES_MAX);
	text_add(text, "%s", named ? "." : "");
}

/* ---- the price ---- */

/* A price as a ratio; INFINITY where the least is nothing. */
static double size_of(const struct verdict_cost *cost)
{
	return cost->own / cost->least;
}

/* Where a spec is taken alone, its largest price in one metric. */
static bool worst_cost(const struct report_view *view, size_t color, int metric, struct verdict_cost *worst)
{
	struct verdict_cost costs[METRIC_HEADLINES];
	bool found = false;
	for (size_t i = 0; i < view->result->workload_count; i++) {
		size_t count = taken_color(view, i) == color ? verdict_costs(view, &view->verdicts[i], costs) : 0;
		for (size_t n = 0; n < count; n++) {
			if ((int)costs[n].metric != metric || (found && size_of(&costs[n]) <= size_of(worst)))
				continue;
			*worst = costs[n];
			found = true;
		}
	}
	return found;
}

static bool add_prices(const struct report_view *view, size_t color, const char *before, struct text *text)
{
	bool begun = false;
	for (int metric = 0; metric < METRIC_ALL; metric++) {
		struct verdict_cost cost;
		char own[TEXT_NUMBER_BYTES], least[TEXT_NUMBER_BYTES];
		if (!metric_is_headline(metric) || !worst_cost(view, color, metric, &cost))
			continue;
		if (begun)
			text_add(text, ", %s ", metric_table[metric].headline);
		else
			text_add(text, "%s%s %s ", before, spec_of(view, color), metric_table[metric].headline);
		begun = true;
		if (isfinite(size_of(&cost)) && strcmp(metric_table[metric].unit, "share") != 0)
			text_add(text, size_of(&cost) < 1000 ? "×%.3g" : "×%.0f", size_of(&cost));
		else
			text_add(text, "%s against %s", format_metric(own, cost.metric, cost.own),
				 format_metric(least, cost.metric, cost.least));
	}
	return begun;
}

/* Of all that are taken somewhere. */
static void tell_price(const struct report_view *view, struct text *text)
{
	unsigned named = 0;
	for (size_t i = 0; i < view->color_count && named < NAMES_MAX; i++)
		if (standing_of(view, i).taken)
			named += add_prices(
				view, i,
				named ? "; " : "Price of a choice against the best of the others, at most: ", text);
	if (named)
		text_add(text, ". Where one of these counts more than what decided, another choice is right.");
}

/* Verdicts on time that may still fall either way. */
static void tell_open(const struct report_view *view, struct text *text)
{
	size_t open = 0, timed = 0, wanted = 0;
	uint32_t rounds = 0;
	for (size_t i = 0; i < view->result->comparison_count; i++) {
		const struct result_comparison *row = &view->result->comparisons[i];
		bool is_open = row->verdict == RESULT_VERDICT_INCONCLUSIVE || row->verdict == RESULT_VERDICT_NOT_COMPARED;
		if (row->metric != METRIC_RAW_NS_PER_OP || row->verdict == RESULT_VERDICT_DIFFERENT_WORK)
			continue;
		timed++;
		open += is_open;
		if (!is_open || !row->rounds_wanted || row->rounds_wanted > VERDICT_ROUNDS_MAX)
			continue;
		wanted++;
		rounds = row->rounds_wanted > rounds ? row->rounds_wanted : rounds;
	}
	if (!open)
		return;
	text_add(text, "%zu of %zu verdicts on time %s open and may still fall either way", open, timed,
		 open == 1 ? "is" : "are");
	if (wanted)
		text_add(text, "; %u rounds would decide %zu", rounds, wanted);
	text_add(text, ".");
}

bool verdict_whole(const struct report_view *view, size_t *at, struct text *text)
{
	static void (*const sentences[])(const struct report_view *view, struct text *text) = {
		tell_choice, tell_failures, tell_lost, tell_times, tell_price, tell_open};
	assert(!text->length);
	while (!text->length && !text->failed && *at < sizeof sentences / sizeof sentences[0])
		sentences[(*at)++](view, text);
	bool more = text->length || text->failed;
	if (!more)
		text_release(text); /* nothing may take room, too */
	return more;
}
