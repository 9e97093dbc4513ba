/* SPDX-License-Identifier: MIT
 * Markdown: every figure of the table of metrics, without pictures. */
#include "report/report.h"

#include "report/brief.h"
#include "report/comparison.h"
#include "report/format.h"
#include "report/notes.h"

#include <math.h>
#include <string.h>

/* Arms of a workload as columns: so many figures cannot be read as columns. */
static void add_row(const struct result *result, struct report_list arms, enum metric metric, struct text *markdown)
{
	bool known = false;
	for (size_t i = 0; i < arms.count && !known; i++)
		known = isfinite(result_arm_figures(&result->arms[arms.at[i]])->value[metric]);
	if (!known)
		return;
	text_add(markdown, "| `%s` (%s)", metric_table[metric].path, metric_table[metric].unit);
	for (size_t i = 0; i < arms.count; i++) {
		char number[TEXT_NUMBER_BYTES];
		const struct result_figures *figures = result_arm_figures(&result->arms[arms.at[i]]);
		text_add(markdown, " | %s", format_metric(number, metric, figures->value[metric]));
		if (metric == METRIC_CLEAN_NS_PER_OP && format_is_unclean(figures))
			text_add(markdown, " **%c**", FORMAT_UNCLEAN);
	}
	text_add(markdown, " |\n");
}

#define PERCENTILES 7

static const char *const percentile_names[PERCENTILES] = {
	"p50", "p90", "p99", "p99.9", "p99.99", "max", "max without taint"};

static void get_percentiles(const struct result_latency *latency, double ns[PERCENTILES])
{
	const double values[PERCENTILES] = {latency->p50_ns,   latency->p90_ns, latency->p99_ns,      latency->p999_ns,
					    latency->p9999_ns, latency->max_ns, latency->max_clean_ns};
	memcpy(ns, values, sizeof values);
}

static const struct result_latency *latency_of(const struct result_arm *arm, size_t kind)
{
	static const struct result_latency none;
	return arm->figures_phase < arm->phase_count ? &arm->phases[arm->figures_phase].latency[kind] : &none;
}

static void add_latency_rows(const struct result *result, struct report_list arms, size_t kind, struct text *markdown)
{
	bool known = false;
	for (size_t i = 0; i < arms.count && !known; i++)
		known = latency_of(&result->arms[arms.at[i]], kind)->count > 0;
	for (size_t which = 0; known && which < PERCENTILES; which++) {
		text_add(markdown, "| %s %s", metric_kind_name[kind], percentile_names[which]);
		for (size_t i = 0; i < arms.count; i++) {
			const struct result_latency *latency = latency_of(&result->arms[arms.at[i]], kind);
			char number[TEXT_NUMBER_BYTES];
			double ns[PERCENTILES];
			get_percentiles(latency, ns);
			text_add(markdown, " | %s", format_percentile(number, latency, ns[which]));
		}
		text_add(markdown, " |\n");
	}
}

static void add_arm_notes(const struct report_view *view, size_t workload, struct text *markdown)
{
	struct report_notes notes;
	report_notes_make(view, workload, &notes);
	for (size_t i = 0; i < notes.count; i++) {
		const struct report_note *note = &notes.notes[i];
		text_add(markdown, note->inner ? "  - " : "- ");
		if (note->arm != SIZE_MAX && !note->inner) {
			format_markdown(markdown, view->result->arms[note->arm].spec);
			text_add(markdown, ": ");
		}
		format_markdown(markdown, note->text.failed ? "" : note->text.bytes);
		text_add(markdown, "\n");
	}
	markdown->failed |= notes.failed;
	report_notes_release(&notes);
}

static void add_comparisons(const struct report_view *view, size_t arm, bool all, struct text *markdown)
{
	struct report_comparison lines;
	for (size_t at = 0; report_comparison_lines(view, arm, &at, &lines); report_comparison_release(&lines)) {
		const struct text *const parts[] = {&lines.headline, &lines.effects, all ? &lines.others : NULL};
		for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
			if (!parts[i] || !(parts[i]->length || parts[i]->failed))
				continue;
			text_add(markdown, i ? "  - " : "- ");
			format_markdown(markdown, parts[i]->failed ? "" : parts[i]->bytes);
			text_add(markdown, "\n");
			markdown->failed |= parts[i]->failed;
		}
	}
}

static void add_notes(const struct report_view *view, size_t workload, bool all, struct text *markdown)
{
	const struct result *result = view->result;
	struct report_list arms = report_arms(view, workload), expectations = report_expectations(view, workload);
	text_add(markdown, "\n");
	add_arm_notes(view, workload, markdown);
	for (size_t i = 0; i < arms.count; i++)
		add_comparisons(view, arms.at[i], all, markdown);
	for (size_t i = 0; i < expectations.count; i++) {
		const struct result_expectation *expectation = &result->expectations[expectations.at[i]];
		text_add(markdown, "- ");
		format_markdown(markdown, result->arms[expectation->arm].spec);
		text_add(markdown, ": expected ");
		format_markdown(markdown, expectation->metric);
		text_add(markdown, " ");
		format_markdown(markdown, expectation->wanted);
		text_add(markdown, ": %s", expectation->met ? "met" : "**missed**");
		text_add(markdown, isfinite(expectation->got) ? " (%.6g)\n" : " (not measured)\n", expectation->got);
	}
}

static void add_workload(const struct report_view *view, size_t workload, bool all, struct text *markdown)
{
	const struct result *result = view->result;
	struct report_list arms = report_arms(view, workload);
	text_add(markdown, "\n## ");
	struct text label = {0};
	result_workload_label(&result->workloads[workload], &label);
	format_markdown(markdown, label.bytes);
	markdown->failed |= label.failed;
	text_release(&label);
	text_add(markdown, "\n\n");
	format_markdown(markdown, result->workloads[workload].about);
	text_add(markdown, "\n\n| figure");
	for (size_t i = 0; i < arms.count; i++) {
		text_add(markdown, " | ");
		format_markdown(markdown, result->arms[arms.at[i]].spec);
		format_node(result, &result->arms[arms.at[i]], markdown);
	}
	text_add(markdown, " |\n| ---");
	for (size_t i = 0; i < arms.count; i++)
		text_add(markdown, " | ---:");
	text_add(markdown, " |\n");
	for (int metric = 0; metric < METRIC_COUNT; metric++)
		add_row(result, arms, (enum metric)metric, markdown);
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		add_latency_rows(result, arms, kind, markdown);
	add_notes(view, workload, all, markdown);
}

void report_markdown(const struct result *result, bool all, struct text *markdown)
{
	struct report_view view;
	if (report_view_open(&view, result) < 0) {
		markdown->failed = true;
		return;
	}
	text_add(markdown, "# iovabench ");
	format_markdown(markdown, result->run.id);
	text_add(markdown, "\n\n");
	brief_markdown(&view, markdown);
	text_add(markdown, "\n<details><summary>Every figure</summary>\n");
	for (size_t i = 0; i < result->workload_count; i++)
		add_workload(&view, i, all, markdown);
	text_add(markdown, "\n</details>\n");
	report_view_close(&view);
}
