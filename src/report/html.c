/* SPDX-License-Identifier: MIT */
#include "report/html.h"

#include "draw/draw.h"
#include "report/assets.h"
#include "report/comparison.h"
#include "report/format.h"
#include "report/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void add_fact(struct text *html, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	text_add(html, "<div><dt>%s</dt><dd>", name);
	text_add_html(html, value);
	text_add(html, "</dd></div>\n");
}

static void add_clock(struct text *html, const struct result *result)
{
	char step[TEXT_NUMBER_BYTES], pair[TEXT_NUMBER_BYTES], least[TEXT_NUMBER_BYTES], drift[TEXT_NUMBER_BYTES];
	struct text clock = {0};
	text_add(&clock, "%s, steps in %s, a pair of stamps costs %s, floor %s, drift %s ppm",
		 result->machine.clock ? result->machine.clock : "-", text_duration(step, result->machine.timer_step_ns),
		 text_duration(pair, result->machine.timer_pair_ns),
		 text_duration(least, result->machine.timer_step_ns + result->machine.timer_pair_ns),
		 format_number(drift, result->machine.timer_drift_ppm));
	add_fact(html, "Clock", clock.bytes);
	html->failed |= clock.failed;
	text_release(&clock);
}

static void add_facts(struct text *html, const struct result *result)
{
	struct text line = {0};
	text_add(html, "<dl class=\"facts\">\n");
	add_fact(html, "Started", result->run.started);
	text_add(&line, "%s, %u CPUs", result->machine.cpu ? result->machine.cpu : "-", result->machine.cpus);
	add_fact(html, "Machine", line.bytes);
	html->failed |= line.failed;
	text_release(&line);
	add_fact(html, "Kernel", result->machine.kernel);
	add_clock(html, result);
	text_add(&line, "iovabench %s (%s), %s %s", result->build.version ? result->build.version : "-",
		 result->build.git ? result->build.git : "-", result->build.compiler ? result->build.compiler : "-",
		 result->build.flags ? result->build.flags : "");
	add_fact(html, "Build", line.bytes);
	html->failed |= line.failed;
	text_release(&line);
	format_rounds(result, &line);
	text_add(&line, ", each in fresh processes");
	add_fact(html, "Rounds", line.bytes);
	html->failed |= line.failed;
	text_release(&line);
	text_add(html, "<div class=\"wide\"><dt>Command</dt><dd><code>");
	text_add_html(html, result->run.command);
	text_add(html, "</code></dd></div>\n</dl>\n");
}

static void add_warnings(struct text *html, const struct result *result)
{
	const char *line = result->machine.warnings ? result->machine.warnings : "";
	if (!*line && !result->run.partial && !result->run.latency_serialised)
		return;
	text_add(html, "<aside class=\"warnings\"><strong>Read with care</strong><ul>\n");
	if (result->run.partial)
		text_add(html, "<li>This run was interrupted: its results are partial.</li>\n");
	if (result->run.latency_serialised)
		text_add(html, "<li>Latencies are serialised: every operation was stamped, which keeps them from "
			       "overlapping.</li>\n");
	while (*line) {
		struct text warning = {0};
		size_t length = strcspn(line, "\n");
		text_add_bytes(&warning, line, length);
		text_add(html, "<li>");
		text_add_html(html, warning.failed ? "" : warning.bytes);
		text_add(html, "</li>\n");
		html->failed |= warning.failed;
		text_release(&warning);
		line += length + (line[length] == '\n');
	}
	text_add(html, "</ul></aside>\n");
}

static void add_expectations(struct text *html, const struct report_view *view, size_t workload)
{
	bool begun = false;
	const struct result *result = view->result;
	struct report_list expectations = report_expectations(view, workload);
	for (size_t i = 0; i < expectations.count; i++) {
		const struct result_expectation *expectation = &result->expectations[expectations.at[i]];
		text_add(html, "%s<li class=\"%s\">", begun ? "" : "<ul class=\"expectations\">\n",
			 expectation->met ? "met" : "missed");
		text_add_html(html, result->arms[expectation->arm].spec);
		text_add(html, ": expected <code>");
		text_add_html(html, expectation->metric);
		text_add(html, "</code> ");
		text_add_html(html, expectation->wanted);
		text_add(html, isfinite(expectation->got) ? ", got %.6g: " : ", not measured: ", expectation->got);
		text_add(html, "<strong>%s</strong></li>\n", expectation->met ? "met" : "missed");
		begun = true;
	}
	text_add(html, "%s", begun ? "</ul>\n" : "");
}

static void add_comparisons(struct text *html, const struct report_view *view, size_t workload)
{
	bool begun = false;
	struct report_list arms = report_arms(view, workload);
	struct report_comparison lines;
	for (size_t i = 0; i < arms.count; i++)
		for (size_t at = 0; report_comparison_lines(view, arms.at[i], &at, &lines);
		     report_comparison_release(&lines)) {
			text_add(html, "%s<li>", begun ? "" : "<ul class=\"comparisons\">\n");
			text_add_html(html, lines.headline.failed ? "" : lines.headline.bytes);
			if (lines.effects.length) {
				text_add(html, "<br><small>");
				text_add_html(html, lines.effects.failed ? "" : lines.effects.bytes);
				text_add(html, "</small>");
			}
			if (lines.others.length) {
				text_add(html, "<details><summary>other exact metrics that differ</summary><small>");
				text_add_html(html, lines.others.failed ? "" : lines.others.bytes);
				text_add(html, "</small></details>");
			}
			text_add(html, "</li>\n");
			begun = true;
			html->failed |= lines.headline.failed || lines.effects.failed || lines.others.failed;
		}
	text_add(html, "%s", begun ? "</ul>\n" : "");
}

/* What the row of an arm cannot say. */
static void add_notes(struct text *html, const struct report_view *view, size_t workload)
{
	struct text notes = {0};
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		const double *value = result_arm_figures(arm)->value;
		char share[TEXT_NUMBER_BYTES];
		/* An arm without any figure says it in its row. */
		if ((arm->state != RESULT_ARM_OK || arm->reason) && arm->phase_count) {
			text_add(&notes, "<li><b>");
			text_add_html(&notes, arm->spec);
			text_add(&notes, "</b> ");
			format_state(arm, &notes);
			text_add(&notes, ": ");
			text_add_html(&notes, arm->reason ? arm->reason : "no reason was recorded");
			text_add(&notes, "</li>\n");
		}
		if (isfinite(value[METRIC_FIRST_FAILURE_OP])) {
			text_add(&notes, "<li><b>");
			text_add_html(&notes, arm->spec);
			text_add(&notes, "</b> failed requests: ");
			format_failure_kinds(result_arm_figures(arm), &notes);
			text_add(&notes, "; the first at operation %.0f with %.0f pages live (%s of the space)</li>\n",
				 value[METRIC_FIRST_FAILURE_OP], value[METRIC_FIRST_FAILURE_LIVE_PAGES],
				 format_share(share, value[METRIC_FIRST_FAILURE_OCCUPANCY]));
		}
	}
	struct text note = {0};
	for (size_t at = 0; format_workload_note(view, workload, &at, &note); text_release(&note)) {
		text_add(&notes, "<li>");
		text_add_html(&notes, note.failed ? "" : note.bytes);
		text_add(&notes, "</li>\n");
		notes.failed |= note.failed;
	}
	if (notes.length)
		text_add(html, "<ul class=\"notes\">\n%s</ul>\n", notes.bytes);
	html->failed |= notes.failed;
	text_release(&notes);
}

static void add_workload(struct text *html, const struct report_view *view, size_t index)
{
	const struct result_workload *workload = &view->result->workloads[index];
	char ops[TEXT_NUMBER_BYTES];
	text_add(html, "<section class=\"workload\" id=\"w%zu\" data-workload=\"%zu\">\n<h2>", index, index);
	html_label(workload, html);
	text_add(html, "</h2>\n<p class=\"about\">");
	text_add_html(html, workload->about);
	text_add(html, "</p>\n<p class=\"meta\">%s operations · seed %" PRIu64 " · workload %016" PRIx64,
		 text_count(ops, (double)workload->ops), workload->seed, workload->hash);
	if (workload->stream_hash)
		text_add(html, " · operations %016" PRIx64, workload->stream_hash);
	text_add(html, "</p>\n");
	html_tables(view, index, html);
	add_notes(html, view, index);
	add_comparisons(html, view, index);
	add_expectations(html, view, index);
	html_figures(view, index, html);
	if (workload->expanded && *workload->expanded) {
		text_add(html,
			 "<details><summary>The workload, every default written out</summary><pre class=\"expanded\">");
		text_add_html(html, workload->expanded);
		text_add(html, "</pre></details>\n");
	}
	text_add(html, "</section>\n");
}

/* The policy names each style and script by its hash: what else finds its way into the page is not run. */
static void add_head(struct text *html, const struct result *result)
{
	text_add(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
		       "form-action 'none'; "
		       "img-src data:; style-src 'sha256-" REPORT_STYLE_HASH "' 'sha256-" DRAW_STYLE_HASH
		       "'; script-src 'sha256-" REPORT_SCRIPT_HASH
		       "'\">\n<link rel=\"icon\" href=\"data:,\">\n<title>iovabench ");
	text_add_html(html, result->run.id);
	text_add(html,
		 "</title>\n<style>%s</style>\n<style>%s</style>\n</head>\n<body>\n<header>\n<h1>Address-space allocators "
		 "compared</h1>\n<p class=\"run\">iovabench run ",
		 report_asset_style, draw_style_sheet);
	text_add_html(html, result->run.id);
	text_add(html, "%s</p>\n", result->run.partial ? " <mark>partial</mark>" : "");
	text_add(html, "</header>\n<main>\n");
}

static void add_sweeps(const struct report_view *view, struct text *html)
{
	struct text figure = {0};
	html_figure(view, REPORT_PLOT_SWEEP, &figure);
	if (figure.length)
		text_add(html, "<section class=\"sweeps\"><h2>Sweeps</h2>\n%s</section>\n", figure.bytes);
	html->failed |= figure.failed;
	text_release(&figure);
}

void report_html(const struct result *result, struct text *html)
{
	struct report_view view;
	if (report_view_open(&view, result) < 0) {
		html->failed = true;
		return;
	}
	add_head(html, result);
	text_add(html, "<section class=\"verdict\"><h2>Time by pairs</h2>\n");
	html_figure(&view, REPORT_PLOT_FOREST, html);
	text_add(html, "</section>\n");
	text_add(html, "<section class=\"trust\"><h2>How far to trust it</h2>\n");
	add_warnings(html, result);
	add_facts(html, result);
	text_add(html, "</section>\n");
	html_overview(&view, html);
	add_sweeps(&view, html);
	for (size_t i = 0; i < result->workload_count; i++)
		add_workload(html, &view, i);
	text_add(html, "</main>\n"
		       "<footer><p>Percentiles below the step of the clock do not exist and are written as &lt;step. "
		       "Rates count completed operations only. What every figure means is in docs/metrics.md, "
		       "how it was measured in docs/method.md.</p></footer>\n");
	report_view_close(&view);
	text_add(html, "<script>%s</script>\n</body>\n</html>\n", report_asset_script);
}
