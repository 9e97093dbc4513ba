/* SPDX-License-Identifier: MIT
 * The sentence of one workload. */
#include "report/verdict.h"

#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* So many are named, the rest is counted. */
#define NAMES_MAX 6u

struct sentence {
	const struct report_view *view;
	const struct verdict *verdict;
	struct text *text;
	size_t own; /* position of the first that is taken */
	unsigned named;
};

static const char *spec_of(const struct sentence *sentence, size_t at)
{
	return sentence->view->result->arms[sentence->verdict->arms[at].arm].spec;
}

static const char *name_of(enum metric metric)
{
	return metric_is_headline((int)metric) ? metric_table[metric].headline : metric_table[metric].path;
}

/* Begins a part, or goes on with it. false: enough were named. */
static bool begin(struct sentence *sentence, const char *first)
{
	if (sentence->named++ >= NAMES_MAX)
		return false;
	text_add(sentence->text, "%s%s",
		 sentence->named > 1                ? ", "
		 : sentence->text->length && *first ? "; "
						    : "",
		 sentence->named > 1 ? "" : first);
	return true;
}

/* Ends a part. Returns whether there was one. */
static bool end(struct sentence *sentence, const char *last)
{
	unsigned named = sentence->named;
	sentence->named = 0;
	if (named > NAMES_MAX)
		text_add(sentence->text, " and %u more", named - NAMES_MAX);
	text_add(sentence->text, "%s", named ? last : "");
	return named;
}

static double failed_share(const struct sentence *sentence, size_t at)
{
	return format_failed_share(result_arm_figures(&sentence->view->result->arms[sentence->verdict->arms[at].arm]));
}

/* ---- parts ---- */

static void add_failures(struct sentence *sentence)
{
	const struct verdict *verdict = sentence->verdict;
	char share[TEXT_NUMBER_BYTES];
	double own = failed_share(sentence, sentence->own);
	bool alone = verdict->taken == 1 && verdict->by == METRIC_FAILURES_TOTAL && verdict->judged > 1;
	bool others = false;
	for (size_t i = 0; i < verdict->count; i++)
		others |= verdict->arms[i].standing == VERDICT_BEHIND && verdict->arms[i].by == METRIC_FAILURES_TOTAL;
	if (!(own > 0) && !others)
		return;
	text_add(sentence->text, "%s", sentence->text->length ? "; " : "");
	if (own > 0)
		text_add(sentence->text,
			 others ? "fails least, %s of its requests" : "fails %s of its requests, and so do all",
			 format_share(share, own));
	else
		text_add(sentence->text, alone ? "alone serves every request" : "serves every request");
	for (size_t i = 0; i < verdict->count && others; i++)
		if (verdict->arms[i].standing == VERDICT_BEHIND && verdict->arms[i].by == METRIC_FAILURES_TOTAL &&
		    begin(sentence, ""))
			text_add(sentence->text, "%s%s%s %s", sentence->named == 1 ? " (" : "", spec_of(sentence, i),
				 sentence->named == 1 ? " fails" : "", format_share(share, failed_share(sentence, i)));
	end(sentence, ")");
}

/* A word only where it is true of the interval. */
static void add_slower(struct sentence *sentence)
{
	const struct verdict *verdict = sentence->verdict;
	struct verdict_ratio ratio;
	for (size_t i = 0; i < verdict->count; i++)
		if (i != sentence->own && verdict->arms[i].standing <= VERDICT_BEHIND &&
		    verdict_time(verdict, i, sentence->own, &ratio) == VERDICT_SLOWER && begin(sentence, ""))
			text_add(sentence->text, "%s%s%s %.3g", sentence->named == 1 && sentence->text->length ? "; " : "",
				 spec_of(sentence, i), sentence->named == 1 ? " takes" : "", ratio.ratio);
	if (end(sentence, verdict->taken > 1 ? " times the time of " : " times its time") && verdict->taken > 1)
		text_add(sentence->text, "%s", spec_of(sentence, sentence->own));
}

/* Why two times were not compared: what stands before the first sign. */
static void add_reason(const struct sentence *sentence, size_t at)
{
	const struct verdict_arm *arm = &sentence->verdict->arms[at];
	const struct result_comparison *row =
		arm->row && isnan(arm->time.ratio) ? arm->row : sentence->verdict->arms[sentence->own].row;
	if (row && row->verdict == RESULT_VERDICT_DIFFERENT_WORK)
		text_add(sentence->text, " (different work)");
	else if (row && row->verdict == RESULT_VERDICT_NOT_COMPARED && row->reason)
		text_add(sentence->text, " (%.*s)", (int)strcspn(row->reason, ":;("), row->reason);
}

static void add_relation(struct sentence *sentence, enum verdict_relation wanted, const char *first)
{
	const struct verdict *verdict = sentence->verdict;
	struct verdict_ratio ratio;
	for (size_t i = 0; i < verdict->count; i++) {
		bool other_work = wanted == VERDICT_UNKNOWN && verdict->arms[i].by == METRIC_FAILURES_TOTAL;
		if (i == sentence->own || verdict->arms[i].standing > VERDICT_BEHIND || other_work ||
		    verdict_time(verdict, i, sentence->own, &ratio) != wanted || !begin(sentence, first))
			continue;
		text_add(sentence->text, "%s", spec_of(sentence, i));
		if (wanted == VERDICT_UNKNOWN)
			add_reason(sentence, i);
		if (wanted != VERDICT_LEVEL && isfinite(ratio.low))
			text_add(sentence->text, " (%.3g to %.3g times)", ratio.low, ratio.high);
		else if (wanted != VERDICT_LEVEL && isfinite(ratio.ratio))
			text_add(sentence->text, " (%.3g times, no interval)", ratio.ratio);
		if (wanted == VERDICT_OPEN && verdict->arms[i].rounds_wanted &&
		    verdict->arms[i].rounds_wanted <= VERDICT_ROUNDS_MAX)
			text_add(sentence->text, ", %u rounds would decide", verdict->arms[i].rounds_wanted);
	}
	end(sentence, "");
}

static void add_figure(const struct sentence *sentence, enum metric metric, double value, double other, size_t arm)
{
	char one[TEXT_NUMBER_BYTES], two[TEXT_NUMBER_BYTES];
	const char *spec = sentence->view->result->arms[arm].spec;
	if (metric >= METRIC_COUNT || metric == METRIC_RAW_NS_PER_OP)
		text_add(sentence->text, "%s %.3g times that of %s%s", name_of(metric), value, spec,
			 metric < METRIC_COUNT ? " until their outcomes differ" : "");
	else
		text_add(sentence->text, "%s %s (%s %s)", name_of(metric), format_metric(one, metric, value), spec,
			 format_metric(two, metric, other));
}

/* Those that time does not put behind. */
static void add_decider(struct sentence *sentence)
{
	const struct verdict *verdict = sentence->verdict;
	const struct result *result = sentence->view->result;
	double own;
	for (size_t i = 0; i < verdict->count; i++) {
		const struct verdict_arm *arm = &verdict->arms[i];
		if (arm->standing != VERDICT_BEHIND || arm->by == METRIC_FAILURES_TOTAL ||
		    arm->by == METRIC_RAW_NS_PER_OP || !begin(sentence, "needs less: "))
			continue;
		own = result_arm_figures(&result->arms[verdict->arms[sentence->own].arm])->value[arm->by];
		add_figure(sentence, arm->by, own, result_arm_figures(&result->arms[arm->arm])->value[arm->by], arm->arm);
	}
	end(sentence, "");
}

static void add_price(struct sentence *sentence)
{
	struct verdict_cost costs[METRIC_HEADLINES];
	size_t count = verdict_costs(sentence->view, sentence->verdict, costs);
	for (size_t i = 0; i < count; i++)
		if (begin(sentence, "price: "))
			add_figure(sentence, costs[i].metric, costs[i].own, costs[i].least, costs[i].arm);
	end(sentence, "");
}

static void add_out(struct sentence *sentence)
{
	const struct verdict *verdict = sentence->verdict;
	for (size_t i = 0; i < verdict->count; i++) {
		const struct result_arm *arm = &sentence->view->result->arms[verdict->arms[i].arm];
		if (verdict->arms[i].standing != VERDICT_OUT || arm->state == RESULT_ARM_OK ||
		    !begin(sentence, "not judged: "))
			continue;
		text_add(sentence->text, "%s, ", arm->spec);
		format_state(arm, sentence->text);
	}
	end(sentence, "");
	for (size_t i = 0; i < verdict->count; i++)
		sentence->named += verdict->arms[i].standing == VERDICT_APART;
	if (sentence->named)
		text_add(sentence->text, "%sof other threads, rates, locks or machines than the first, not judged: %u",
			 sentence->text->length ? "; " : "", sentence->named);
	sentence->named = 0;
}

/* ---- the whole ---- */

static bool has_open(const struct verdict *verdict)
{
	struct verdict_ratio ratio;
	for (size_t i = 0; i < verdict->count; i++)
		for (size_t j = 0; j < i && verdict->arms[i].standing == VERDICT_TAKEN; j++)
			if (verdict->arms[j].standing == VERDICT_TAKEN &&
			    verdict_time(verdict, i, j, &ratio) != VERDICT_LEVEL)
				return true;
	return false;
}

void verdict_take(const struct report_view *view, const struct verdict *verdict, struct text *text)
{
	struct sentence sentence = {.view = view, .verdict = verdict, .text = text};
	const char *between = verdict->judged == 1 ? "only " : "take ";
	if (!verdict->taken || (verdict->taken > 1 && has_open(verdict))) {
		text_add(text, verdict->taken ? "nothing decides" : "none");
		return;
	}
	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict->arms[i].standing != VERDICT_TAKEN)
			continue;
		if (sentence.named++ < NAMES_MAX)
			text_add(text, "%s%s", between, spec_of(&sentence, i));
		between = " or ";
	}
	if (sentence.named > NAMES_MAX)
		text_add(text, " or %u more", sentence.named - NAMES_MAX);
}

static void add_tie(struct sentence *sentence)
{
	const struct verdict *verdict = sentence->verdict;
	bool open = has_open(verdict);
	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->arms[i].standing == VERDICT_TAKEN &&
		    begin(sentence, open ? "between " : "level in all that counts: "))
			text_add(sentence->text, "%s", spec_of(sentence, i));
	end(sentence, "");
}

/* What those that are taken do not have alike, though it does not decide. */
static void add_trade(struct sentence *sentence)
{
	struct verdict_cost least, most;
	for (size_t n = 0; verdict_spread(sentence->view, sentence->verdict, &n, &least, &most);) {
		char one[TEXT_NUMBER_BYTES], two[TEXT_NUMBER_BYTES];
		const struct result_arm *arms = sentence->view->result->arms;
		if (begin(sentence, "trade: "))
			text_add(sentence->text, "%s %s (%s) to %s (%s)", name_of(least.metric),
				 format_metric(one, least.metric, least.own), arms[least.arm].spec,
				 format_metric(two, most.metric, most.own), arms[most.arm].spec);
	}
	end(sentence, "");
}

/* Whether all times that a sentence tells are. */
static bool by_pairs(const struct verdict *verdict)
{
	bool pairs = true;
	for (size_t i = 0; i < verdict->count; i++)
		pairs &= isnan(verdict->arms[i].time.ratio) || !verdict->arms[i].row || verdict->arms[i].row->by_pairs;
	return pairs;
}

void verdict_why(const struct report_view *view, const struct verdict *verdict, struct text *text)
{
	static const struct {
		enum verdict_relation relation;
		const char *words;
	} relations[] = {
		{VERDICT_SLOWER_HOT, "slower hot, under interference open: "},
		{VERDICT_LEVEL, "as fast: "},
		{VERDICT_FASTER_HOT, "faster hot, under interference open: "},
		{VERDICT_TURNS, "hot the one is faster, under interference the other: "},
		{VERDICT_OPEN, "time open: "},
		{VERDICT_UNKNOWN, "time not compared: "},
		{VERDICT_FASTER, "but faster: "},
	};
	struct sentence sentence = {.view = view, .verdict = verdict, .text = text};
	if (!verdict->taken) {
		text_add(text, "no allocator could be judged");
		add_out(&sentence);
		return;
	}
	while (verdict->arms[sentence.own].standing != VERDICT_TAKEN)
		sentence.own++;
	if (verdict->taken > 1)
		add_tie(&sentence);
	add_failures(&sentence);
	if (verdict->judged == 1)
		text_add(text, "%salone was judged", text->length ? ", " : "");
	else if (verdict->base == SIZE_MAX)
		text_add(text, "%sno time was compared", text->length ? "; " : "");
	add_slower(&sentence);
	for (size_t i = 0; verdict->judged > 1 && verdict->base != SIZE_MAX && i < sizeof relations / sizeof relations[0];
	     i++)
		add_relation(&sentence, relations[i].relation, relations[i].words);
	if (!by_pairs(verdict))
		text_add(text, "%stimes of processes of their own, not by pairs", text->length ? "; " : "");
	add_decider(&sentence);
	add_trade(&sentence);
	add_price(&sentence);
	add_out(&sentence);
}

void verdict_ratio_tell(const struct verdict_arm *arm, bool base, struct text *text)
{
	const struct verdict_ratio *time = &arm->time;
	bool pairs = !arm->row || arm->row->by_pairs;
	if (base) {
		text_add(text, "1");
		return;
	}
	if (isnan(time->ratio)) {
		text_add(text, "-");
		return;
	}
	text_add(text, "%s%.3g", pairs ? "" : "(", time->ratio);
	if (isfinite(time->low))
		text_add(text, " [%.3g–%.3g]", time->low, time->high);
	text_add(text, "%s", pairs ? "" : ")");
}
