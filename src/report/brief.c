/* SPDX-License-Identifier: MIT */
#include "report/brief.h"

#include "base/memory.h"
#include "report/format.h"
#include "report/trust.h"
#include "report/verdict.h"

#include <math.h>

#define WORKLOADS_MAX 10u
#define SPECS_MAX 8u

/* What was made of a sentence. */
static void add_sentence(const struct text *sentence, struct text *markdown)
{
	format_markdown(markdown, sentence->failed ? "" : sentence->bytes);
	markdown->failed |= sentence->failed;
}

/* Sentences as one line. */
static void add_doubts(const struct report_view *view, struct text *markdown)
{
	struct text doubt = {0};
	bool begun = false;
	for (size_t at = 0; trust_doubt(view, &at, &doubt); text_release(&doubt)) {
		text_add(markdown, begun ? "; " : "> **Times mean little here:** ");
		add_sentence(&doubt, markdown);
		begun = true;
	}
	text_add(markdown, begun ? "\n\n" : "");
}

static void add_whole(const struct report_view *view, struct text *markdown)
{
	struct text sentence = {0};
	for (size_t at = 0, told = 0; verdict_whole(view, &at, &sentence); text_release(&sentence), told++) {
		text_add(markdown, told ? " " : "**");
		add_sentence(&sentence, markdown);
		text_add(markdown, told ? "" : "**");
	}
	text_add(markdown, "\n");
}

static void add_label(const struct report_view *view, size_t workload, struct text *markdown)
{
	struct text label = {0};
	result_workload_label(&view->result->workloads[workload], &label);
	add_sentence(&label, markdown);
	text_release(&label);
}

static size_t shown(const struct report_view *view)
{
	size_t count = view->result->workload_count;
	return count < WORKLOADS_MAX ? count : WORKLOADS_MAX;
}

static void add_choices(const struct report_view *view, struct text *markdown)
{
	text_add(markdown,
		 "\n| workload | verdict | why, and at what price (in brackets: the others) |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < shown(view); i++) {
		struct text take = {0}, why = {0};
		verdict_take(view, &view->verdicts[i], &take);
		verdict_why(view, &view->verdicts[i], &why);
		text_add(markdown, "| ");
		add_label(view, i, markdown);
		text_add(markdown, " | **");
		add_sentence(&take, markdown);
		text_add(markdown, "** | ");
		add_sentence(&why, markdown);
		text_add(markdown, " |\n");
		text_release(&take);
		text_release(&why);
	}
}

/* ---- headline figures ---- */

static void add_cell(const struct report_view *view, size_t workload, size_t at, struct text *markdown)
{
	const struct verdict *verdict = &view->verdicts[workload];
	const struct verdict_arm *its = &verdict->arms[at];
	const struct result_arm *arm = &view->result->arms[its->arm];
	const struct result_figures *figures = result_arm_figures(arm);
	char number[TEXT_NUMBER_BYTES];
	double failed = format_failed_share(figures);
	if (arm->state != RESULT_ARM_OK) {
		format_state(arm, markdown);
		return;
	}
	verdict_ratio_tell(its, at == verdict->base, markdown);
	if (at == verdict->base && isfinite(format_time_ns(figures)))
		text_add(markdown, " (%s)", text_duration(number, format_time_ns(figures)));
	if (failed > 0)
		text_add(markdown, ", **%s failed**", format_share(number, failed));
	text_add(markdown, ", %s", format_metric(number, METRIC_METADATA_BYTES, figures->value[METRIC_METADATA_BYTES]));
}

static void add_row(const struct report_view *view, size_t workload, size_t specs, struct text *markdown)
{
	const struct verdict *verdict = &view->verdicts[workload];
	size_t cells[SPECS_MAX];
	for (size_t i = 0; i < specs; i++)
		cells[i] = SIZE_MAX;
	for (size_t i = verdict->count; i-- > 0;)
		if (view->color[verdict->arms[i].arm] < specs)
			cells[view->color[verdict->arms[i].arm]] = i;
	text_add(markdown, "| ");
	add_label(view, workload, markdown);
	for (size_t i = 0; i < specs; i++) {
		text_add(markdown, " | ");
		if (cells[i] != SIZE_MAX)
			add_cell(view, workload, cells[i], markdown);
	}
	text_add(markdown, " |\n");
}

static void add_figures(const struct report_view *view, struct text *markdown)
{
	size_t specs = view->color_count < SPECS_MAX ? view->color_count : SPECS_MAX;
	text_add(markdown, "\n| time as a ratio by pairs [interval], metadata");
	for (size_t i = 0; i < specs; i++) {
		text_add(markdown, " | ");
		format_markdown(markdown, view->result->arms[view->first[i]].spec);
	}
	text_add(markdown, " |\n| ---");
	for (size_t i = 0; i < specs; i++)
		text_add(markdown, " | ---");
	text_add(markdown, " |\n");
	for (size_t i = 0; i < shown(view); i++)
		add_row(view, i, specs, markdown);
	if (view->color_count > specs || view->result->workload_count > shown(view))
		text_add(markdown, "\n%zu more workloads and %zu more allocators are below.\n",
			 view->result->workload_count - shown(view), view->color_count - specs);
}

/* Facts and warnings as one line. */
static void add_trust(const struct report_view *view, struct text *markdown)
{
	struct text line = {0};
	const char *name;
	bool begun = false;
	text_add(markdown, "\n");
	for (size_t at = 0; trust_fact(view, &at, &name, &line); text_release(&line)) {
		text_add(markdown, "%s**%s** ", begun ? "; " : "", name);
		add_sentence(&line, markdown);
		begun = true;
	}
	text_add(markdown, "\n");
	begun = false;
	for (size_t at = 0; trust_warning(view, &at, &line); text_release(&line)) {
		text_add(markdown, begun ? "; " : "\n**Read with care:** ");
		add_sentence(&line, markdown);
		begun = true;
	}
	text_add(markdown, begun ? "\n" : "");
}

void brief_markdown(const struct report_view *view, struct text *markdown)
{
	add_doubts(view, markdown);
	add_whole(view, markdown);
	if (view->result->workload_count) {
		add_choices(view, markdown);
		add_figures(view, markdown);
	}
	add_trust(view, markdown);
}
