/* SPDX-License-Identifier: MIT */
#include "report/html.h"

#include "base/memory.h"
#include "draw/draw.h"
#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- the overview ---- */

void html_label(const struct result_workload *workload, struct text *html)
{
	struct text label = {0};
	result_workload_label(workload, &label);
	text_add_html(html, label.bytes ? label.bytes : "");
	html->failed |= label.failed;
	text_release(&label);
}

void html_chip(const struct report_view *view, size_t arm, struct text *html)
{
	const struct result *result = view->result;
	text_add(html, "<i class=\"chip a%zu\"></i>", view->color[arm] % DRAW_COLORS);
	text_add_html(html, result->arms[arm].spec);
	if (result->arms[arm].threads > 1)
		text_add(html, ", %u threads", result->arms[arm].threads);
	format_node(result, &result->arms[arm], html);
}

static void add_time(const struct result_figures *figures, struct text *html)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(html, "<b>%s</b>", format_number(number, format_time_ns(figures)));
	if (format_is_unclean(figures))
		text_add(html, "<b class=\"unclean\" title=\"fewer than half of the windows are clean\">%c</b>",
			 FORMAT_UNCLEAN);
}

/* ns/op, and the three figures that it hides. */
static void add_overview_cell(const struct report_view *view, size_t arm, struct text *html)
{
	const struct result_arm *its = &view->result->arms[arm];
	const struct result_latency *latency = format_alloc_latency(its);
	const struct result_figures *figures = result_arm_figures(its);
	char p999[TEXT_NUMBER_BYTES], unusable[TEXT_NUMBER_BYTES], failed[TEXT_NUMBER_BYTES];
	double ns = format_time_ns(figures);
	if (its->state != RESULT_ARM_OK && !isfinite(ns)) {
		text_add(html, "<td class=\"none%s\" title=\"", its->state == RESULT_ARM_NOT_APPLICABLE ? "" : " bad");
		text_add_html(html, its->reason);
		text_add(html, "\">%s</td>", result_arm_state_name[its->state]);
		return;
	}
	text_add(html, "<td>");
	add_time(figures, html);
	text_add(html, " <small>ns/op</small>");
	text_add(html, "<small>p99.9 ");
	text_add_html(html, format_percentile(p999, latency, latency->p999_ns));
	text_add(html, " · unusable %s · failed %s</small></td>",
		 format_share(unusable, figures->value[METRIC_UNUSABLE_2MIB]), format_arm_failures(failed, its));
}

/* cells: room for an arm of each colour. */
static void add_overview_row(const struct report_view *view, size_t workload, size_t *cells, struct text *html)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < view->color_count; i++)
		cells[i] = SIZE_MAX;
	for (size_t i = arms.count; i-- > 0;)
		cells[view->color[arms.at[i]]] = arms.at[i];
	text_add(html, "<tr><th scope=\"row\"><a href=\"#w%zu\">", workload);
	html_label(&view->result->workloads[workload], html);
	text_add(html, "</a></th>");
	for (size_t i = 0; i < view->color_count; i++) {
		if (cells[i] != SIZE_MAX)
			add_overview_cell(view, cells[i], html);
		else
			text_add(html, "<td class=\"none\">–</td>");
	}
	text_add(html, "</tr>\n");
}

void html_overview(const struct report_view *view, struct text *html)
{
	text_add(html, "<section class=\"overview\"><h2>Overview</h2>\n<div class=\"scroll\"><table class=\"matrix\">\n"
		       "<thead><tr><th scope=\"col\">workload</th>");
	for (size_t i = 0; i < view->color_count; i++) {
		text_add(html, "<th scope=\"col\">");
		html_chip(view, view->first[i], html);
		text_add(html, "</th>");
	}
	text_add(html, "</tr></thead>\n<tbody>\n");
	size_t *cells = memory_zeroed(view->color_count + 1, sizeof cells[0]);
	html->failed |= !cells;
	for (size_t i = 0; cells && i < view->result->workload_count; i++)
		add_overview_row(view, i, cells, html);
	memory_release(cells);
	text_add(html,
		 "</tbody></table></div>\n"
		 "<p class=\"note\">Times of processes of their own: which one is faster the figure above tells, by pairs. "
		 "Unusable: share of the free space in blocks too small for an aligned 2 MiB.</p></section>\n");
}

/* ---- the table of a workload ---- */

static void add_cell(struct text *html, const char *value)
{
	text_add(html, "<td>");
	text_add_html(html, value);
	text_add(html, "</td>");
}

static void add_time_cells(const struct report_view *view, size_t arm, struct text *html)
{
	const struct result *result = view->result;
	const double *value = result_arm_figures(&result->arms[arm])->value;
	char number[TEXT_NUMBER_BYTES], low[TEXT_NUMBER_BYTES], high[TEXT_NUMBER_BYTES];
	text_add(html, "<td>");
	add_time(result_arm_figures(&result->arms[arm]), html);
	if (isfinite(value[METRIC_CI_LOW_NS]) && isfinite(value[METRIC_CI_HIGH_NS]))
		text_add(html, "<br><small>%s–%s</small>", format_number(low, value[METRIC_CI_LOW_NS]),
			 format_number(high, value[METRIC_CI_HIGH_NS]));
	text_add(html, "</td>");
	add_cell(html, format_number(number, value[METRIC_NET_NS_PER_OP]));
}

/* With what came over it, and the largest that nothing came over. */
static void add_max_cell(const struct result_latency *latency, struct text *html)
{
	char number[TEXT_NUMBER_BYTES];
	text_add(html, "<td>");
	text_add_html(html, format_percentile(number, latency, latency->max_ns));
	if (latency->max_taint > RESULT_TAINT_NONE) {
		text_add(html, "<br><small>%s; ", result_taint_name[latency->max_taint]);
		text_add_html(html, format_percentile(number, latency, latency->max_clean_ns));
		text_add(html, " without</small>");
	}
	text_add(html, "</td>");
}

static void add_figure_cells(const struct result_arm *arm, struct text *html)
{
	static const enum metric shown[] = {METRIC_UNUSABLE_2MIB, METRIC_FOOTPRINT_RATIO, METRIC_PAGE_TABLE_RATIO,
					    METRIC_METADATA_BYTES};
	const struct result_figures *figures = result_arm_figures(arm);
	char number[TEXT_NUMBER_BYTES], share[TEXT_NUMBER_BYTES];
	add_cell(html, format_number(number, figures->value[METRIC_STEPS_ALLOC_MEAN]));
	double failed = format_failed_share(figures);
	text_add(html, "<td%s>%s", failed > 0 ? " class=\"bad\"" : "", format_arm_failures(number, arm));
	if (failed > 0)
		text_add(html, "<br><small>%s</small>", failed < 0.00001 ? "&lt;0.001 %" : format_share(share, failed));
	text_add(html, "</td>");
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
		add_cell(html, format_metric(number, shown[i], figures->value[shown[i]]));
}

static void add_violations(const struct result_arm *arm, struct text *html)
{
	if (arm->violation_count < 2)
		return;
	text_add(html, "<ol class=\"violations\">");
	for (size_t i = 0; i < arm->violation_count; i++) {
		struct text line = {0};
		result_violation_text(&arm->violations[i], &line);
		text_add(html, "<li>");
		text_add_html(html, line.failed ? "" : line.bytes);
		text_add(html, "</li>\n");
		html->failed |= line.failed;
		text_release(&line);
	}
	text_add(html, "</ol>");
}

static void add_arm(const struct report_view *view, size_t index, struct text *html)
{
	const struct result_arm *arm = &view->result->arms[index];
	const struct result_latency *latency = format_alloc_latency(arm);
	const double percentiles[] = {latency->p50_ns, latency->p99_ns, latency->p999_ns, latency->p9999_ns};
	text_add(html, "<tr><th scope=\"row\">");
	html_chip(view, index, html);
	text_add(html, "</th>");
	if (arm->phase_count == 0) {
		text_add(html, "<td class=\"none%s\" colspan=\"13\">",
			 arm->state == RESULT_ARM_NOT_APPLICABLE ? "" : " bad");
		format_state(arm, html);
		text_add(html, ": ");
		text_add_html(html, arm->reason ? arm->reason : "no reason was recorded");
		add_violations(arm, html);
		text_add(html, "</td></tr>\n");
		return;
	}
	add_time_cells(view, index, html);
	for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
		char number[TEXT_NUMBER_BYTES];
		add_cell(html, format_percentile(number, latency, percentiles[i]));
	}
	add_max_cell(latency, html);
	add_figure_cells(arm, html);
	text_add(html, "</tr>\n");
}

/* ---- all figures ---- */

static void add_metric_row(const struct result *result, struct report_list arms, enum metric metric, struct text *html)
{
	const struct metric_info *info = &metric_table[metric];
	text_add(html, "<tr><th scope=\"row\" title=\"");
	text_add_html(html, info->help);
	text_add(html, "\"><code>%s</code></th><td>%s</td>", info->path, info->unit);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_figures *figures = result_arm_figures(&result->arms[arms.at[i]]);
		char number[TEXT_NUMBER_BYTES];
		if (isfinite(figures->value[metric]))
			text_add(html, "<td>%s</td>", format_metric(number, metric, figures->value[metric]));
		else
			text_add(html, "<td class=\"none\">%s</td>",
				 result_reason_text[figures->reason[metric] < RESULT_REASON_COUNT ? figures->reason[metric]
												  : 0]);
	}
	text_add(html, "</tr>\n");
}

static void add_percentile_rows(const struct result *result, struct report_list arms, size_t kind, struct text *html)
{
	static const char *const names[] = {"p50", "p90", "p99", "p99.9", "p99.99", "max", "max without taint"};
	for (size_t row = 0; row < sizeof names / sizeof names[0]; row++) {
		text_add(html, "<tr><th scope=\"row\"><code>%s</code> %s</th><td>ns</td>", metric_kind_name[kind],
			 names[row]);
		for (size_t i = 0; i < arms.count; i++) {
			const struct result_arm *arm = &result->arms[arms.at[i]];
			static const struct result_latency none;
			const struct result_latency *latency = arm->figures_phase < arm->phase_count
								       ? &arm->phases[arm->figures_phase].latency[kind]
								       : &none;
			const double ns[] = {latency->p50_ns,   latency->p90_ns, latency->p99_ns,      latency->p999_ns,
					     latency->p9999_ns, latency->max_ns, latency->max_clean_ns};
			char number[TEXT_NUMBER_BYTES];
			add_cell(html, format_percentile(number, latency, ns[row]));
		}
		text_add(html, "</tr>\n");
	}
}

static bool has_kind(const struct result *result, struct report_list arms, size_t kind)
{
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &result->arms[arms.at[i]];
		if (arm->figures_phase < arm->phase_count && arm->phases[arm->figures_phase].latency[kind].count)
			return true;
	}
	return false;
}

static void add_all_figures(const struct report_view *view, struct report_list arms, struct text *html)
{
	const struct result *result = view->result;
	text_add(html, "<details><summary>All figures</summary><div class=\"scroll\"><table class=\"all\"><thead><tr>"
		       "<th scope=\"col\">figure</th><th scope=\"col\">unit</th>");
	for (size_t i = 0; i < arms.count; i++) {
		text_add(html, "<th scope=\"col\">");
		html_chip(view, arms.at[i], html);
		text_add(html, "</th>");
	}
	text_add(html, "</tr></thead>\n<tbody>\n");
	for (int metric = 0; metric < METRIC_COUNT; metric++)
		add_metric_row(result, arms, (enum metric)metric, html);
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		if (has_kind(result, arms, kind))
			add_percentile_rows(result, arms, kind, html);
	text_add(html, "</tbody></table></div></details>\n");
}

void html_tables(const struct report_view *view, size_t workload, struct text *html)
{
	assert(workload < view->result->workload_count);
	struct report_list arms = report_arms(view, workload);
	text_add(html,
		 "<div class=\"scroll\"><table class=\"arms\">\n<thead><tr><th scope=\"col\" rowspan=\"2\">allocator</th>"
		 "<th scope=\"colgroup\" colspan=\"2\">time per operation, ns</th>"
		 "<th scope=\"colgroup\" colspan=\"5\">latency of an allocation</th>"
		 "<th scope=\"col\" rowspan=\"2\">steps<br>/alloc</th><th scope=\"col\" rowspan=\"2\">failed</th>"
		 "<th scope=\"colgroup\" colspan=\"3\">space</th><th scope=\"col\" rowspan=\"2\">metadata</th></tr>\n"
		 "<tr><th scope=\"col\">clean</th><th scope=\"col\">net</th><th scope=\"col\">p50</th>"
		 "<th scope=\"col\">p99</th><th scope=\"col\">p99.9</th>"
		 "<th scope=\"col\">p99.99</th><th scope=\"col\">max</th><th scope=\"col\">unusable 2 MiB</th>"
		 "<th scope=\"col\">footprint</th>"
		 "<th scope=\"col\">page tables</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < arms.count; i++)
		add_arm(view, arms.at[i], html);
	text_add(html, "</tbody></table></div>\n");
	html_latencies(view, workload, html);
	add_all_figures(view, arms, html);
}
