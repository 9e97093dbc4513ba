/* SPDX-License-Identifier: MIT
 * For people who ask which allocator fits their driver: the answer, what each costs, who is beaten in everything, how sure
 * that is. */
#include "base/option.h"
#include "report/format.h"
#include "report/report.h"
#include "report/trust.h"
#include "report/verdict.h"

#include <math.h>
#include <string.h>

#define NAME_WIDTH 14
#define TIME_WIDTH 22
#define CELL_WIDTH 13
#define INDENT 2u

struct advice {
	const struct report_view *view;
	const struct verdict *verdict;
	struct text *text;
	unsigned width;
};

/* "head: words", in lines of the width. */
static void add_paragraph(struct advice *advice, const char *head, const struct text *words)
{
	struct text line = {0};
	advice->text->failed |= words->failed;
	if (!words->length)
		return;
	text_add(&line, "%s", head);
	text_add_plain(&line, words->bytes);
	advice->text->failed |= line.failed;
	if (!advice->text->failed)
		option_wrap(line.bytes, 0, INDENT, advice->width, advice->text);
	text_release(&line);
}

static bool is_judged(const struct verdict_arm *arm)
{
	return arm->standing == VERDICT_TAKEN || arm->standing == VERDICT_BEHIND;
}

static const struct result_arm *arm_at(const struct advice *advice, size_t at)
{
	return &advice->view->result->arms[advice->verdict->arms[at].arm];
}

static double figure(const struct advice *advice, size_t at, int metric)
{
	return result_arm_figures(arm_at(advice, at))->value[metric];
}

/* An exact headline figure: each is the better the lower it is. */
static bool is_compared(int metric)
{
	return metric_is_headline(metric) && metric_table[metric].exact;
}

/* Whether one arm is as good as another in all that counts, and better in something. A time that is open decides neither. */
static bool beats(const struct advice *advice, size_t one, size_t other)
{
	struct verdict_ratio ratio;
	enum verdict_relation time = verdict_time(advice->verdict, one, other, &ratio);
	bool better = time == VERDICT_FASTER;
	if (time != VERDICT_FASTER && time != VERDICT_LEVEL)
		return false;
	for (int metric = 0; metric < METRIC_ALL; metric++) {
		if (!is_compared(metric))
			continue;
		double its = figure(advice, one, metric), others = figure(advice, other, metric);
		if (isnan(its) || isnan(others) || its > others)
			return false;
		better |= its < others;
	}
	return better;
}

static void add_beaten(struct advice *advice)
{
	struct text words = {0};
	for (size_t i = 0; i < advice->verdict->count; i++)
		for (size_t j = 0; is_judged(&advice->verdict->arms[i]) && j < advice->verdict->count; j++) {
			if (j == i || !is_judged(&advice->verdict->arms[j]) || !beats(advice, j, i))
				continue;
			text_add(&words, "%s%s by %s", words.length ? ", " : "", arm_at(advice, i)->spec,
				 arm_at(advice, j)->spec);
			break;
		}
	if (!words.length)
		text_add(&words, "none; each choice gives something up");
	add_paragraph(advice, "beaten in everything: ", &words);
	text_release(&words);
}

static bool ages(const struct result_arm *arm)
{
	for (size_t i = 0; i < arm->phase_count; i++)
		if (arm->phases[i].ageing >= RESULT_AGEING_AGEING || arm->phases[i].growing)
			return true;
	return false;
}

/* What of an arm's times or space changes while it runs. */
static void add_ageing(struct advice *advice)
{
	for (size_t i = 0; i < advice->verdict->count; i++) {
		struct text notes = {0}, head = {0};
		format_timing_notes(arm_at(advice, i), &notes);
		text_add(&head, "ages: %s: ", arm_at(advice, i)->spec);
		advice->text->failed |= head.failed;
		if (!head.failed && is_judged(&advice->verdict->arms[i]) && ages(arm_at(advice, i)))
			add_paragraph(advice, head.bytes, &notes);
		text_release(&notes);
		text_release(&head);
	}
}

/* ---- the table ---- */

static void add_cell(struct text *text, int width, const char *cell)
{
	int columns = (int)text_columns(cell);
	text_add(text, "  %*s%s", columns < width ? width - columns : 0, "", cell);
}

static void add_name(struct advice *advice, const char *name)
{
	int columns = (int)text_columns(name);
	text_add(advice->text, "%s%*s", name, columns < NAME_WIDTH ? NAME_WIDTH - columns : 0, "");
}

static void add_head(struct advice *advice)
{
	add_name(advice, "");
	add_cell(advice->text, TIME_WIDTH, "time, by pairs");
	for (int metric = 0; metric < METRIC_ALL; metric++)
		if (is_compared(metric))
			add_cell(advice->text, CELL_WIDTH, metric_table[metric].headline);
	text_add(advice->text, "\n");
}

static void add_time(struct advice *advice, size_t at)
{
	char number[TEXT_NUMBER_BYTES];
	struct text cell = {0};
	bool base = at == advice->verdict->base;
	verdict_ratio_tell(&advice->verdict->arms[at], base, &cell);
	if (base)
		text_add(&cell, " = %s", text_duration(number, format_time_ns(result_arm_figures(arm_at(advice, at)))));
	advice->text->failed |= cell.failed;
	add_cell(advice->text, TIME_WIDTH, cell.failed ? "" : cell.bytes);
	text_release(&cell);
}

static void add_row(struct advice *advice, size_t at)
{
	char number[TEXT_NUMBER_BYTES];
	struct text name = {0}, state = {0};
	format_arm(advice->view->result, arm_at(advice, at), &name);
	text_add_plain(&state, name.bytes);
	advice->text->failed |= name.failed || state.failed;
	add_name(advice, name.failed || state.failed ? "" : state.bytes);
	text_release(&state);
	text_release(&name);
	if (!is_judged(&advice->verdict->arms[at])) {
		format_state(arm_at(advice, at), &state);
		advice->text->failed |= state.failed;
		text_add(advice->text, "  %s\n", state.failed ? "" : state.bytes);
		text_release(&state);
		return;
	}
	add_time(advice, at);
	for (int metric = 0; metric < METRIC_ALL; metric++)
		if (is_compared(metric))
			add_cell(advice->text, CELL_WIDTH,
				 format_metric(number, (enum metric)metric, figure(advice, at, metric)));
	text_add(advice->text, "\n");
}

static void add_table(struct advice *advice)
{
	text_add(advice->text, "\n");
	add_head(advice);
	for (size_t i = 0; i < advice->verdict->count; i++)
		add_row(advice, i);
	text_add(advice->text, "\n");
}

/* ---- how sure ---- */

static void add_doubts(struct advice *advice)
{
	struct text doubt = {0};
	for (size_t at = 0; trust_doubt(advice->view, &at, &doubt); text_release(&doubt))
		add_paragraph(advice, "times mean little: ", &doubt);
}

static void add_trust(struct advice *advice)
{
	static const char *const told[] = {"Rounds", "Noise", "A/A"};
	struct text fact = {0}, words = {0};
	const char *name;
	for (size_t at = 0; trust_fact(advice->view, &at, &name, &fact); text_release(&fact)) {
		words.failed |= fact.failed;
		for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
			if (strcmp(name, told[i]) == 0)
				text_add(&words, "%s%s", words.length ? "; " : "", fact.failed ? "" : fact.bytes);
	}
	add_paragraph(advice, "how sure: ", &words);
	text_release(&words);
}

static void add_workload(struct advice *advice, size_t workload)
{
	struct text label = {0}, take = {0}, why = {0}, head = {0};
	result_workload_label(&advice->view->result->workloads[workload], &label);
	verdict_take(advice->view, advice->verdict, &take);
	verdict_why(advice->view, advice->verdict, &why);
	text_add(&head, "%s%s: %s. ", workload ? "\n" : "", label.failed ? "" : label.bytes, take.failed ? "" : take.bytes);
	advice->text->failed |= head.failed || label.failed || take.failed;
	if (!head.failed)
		add_paragraph(advice, head.bytes, &why);
	text_release(&head);
	text_release(&why);
	text_release(&take);
	text_release(&label);
	add_table(advice);
	add_beaten(advice);
	add_ageing(advice);
}

void report_advice(const struct result *result, unsigned width, struct text *text)
{
	struct report_view view;
	if (report_view_open(&view, result) < 0) {
		text->failed = true;
		return;
	}
	struct advice advice = {.view = &view, .text = text, .width = width};
	for (size_t i = 0; i < result->workload_count; i++) {
		advice.verdict = &view.verdicts[i];
		add_workload(&advice, i);
	}
	add_doubts(&advice);
	add_trust(&advice);
	report_view_close(&view);
}
