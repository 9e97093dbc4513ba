/* SPDX-License-Identifier: MIT */
#include "report/html.h"

#include "draw/draw.h"
#include "report/assets.h"
#include "report/comparison.h"
#include "report/format.h"
#include "report/notes.h"
#include "report/report.h"

#include <inttypes.h>
#include <math.h>

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

static void add_notes(struct text *html, const struct report_view *view, size_t workload)
{
	struct report_notes notes;
	report_notes_make(view, workload, &notes);
	for (size_t i = 0; i < notes.count; i++) {
		const struct report_note *note = &notes.notes[i];
		text_add(html, "%s<li%s>", i ? "" : "<ul class=\"notes\">\n", note->inner ? " class=\"inner\"" : "");
		if (note->arm != SIZE_MAX && !note->inner) {
			text_add(html, "<b>");
			text_add_html(html, view->result->arms[note->arm].spec);
			text_add(html, "</b> ");
		}
		text_add_html(html, note->text.failed ? "" : note->text.bytes);
		text_add(html, "</li>\n");
	}
	text_add(html, "%s", notes.count ? "</ul>\n" : "");
	html->failed |= notes.failed;
	report_notes_release(&notes);
}

static void add_workload(struct text *html, const struct report_view *view, size_t index)
{
	const struct result_workload *workload = &view->result->workloads[index];
	char ops[TEXT_NUMBER_BYTES], ops_text[FORMAT_OPERATIONS_BYTES];
	text_add(html, "<section class=\"workload\" id=\"w%zu\" data-workload=\"%zu\">\n<h2>", index, index);
	html_label(workload, html);
	text_add(html, "</h2>\n<p class=\"about\">");
	text_add_html(html, workload->about);
	text_add(html, "</p>\n<p class=\"choice\">");
	html_choice(view, index, html);
	double device_s = format_device_whole_s(view, index);
	text_add(html, "</p>\n<p class=\"meta\">%s · ", format_workload_ops(ops_text, workload));
	if (isfinite(device_s))
		text_add(html, "%s of device time · ", text_duration(ops, device_s * 1e9));
	text_add(html, "seed %" PRIu64 " · workload %016" PRIx64, workload->seed, workload->hash);
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
void html_begin(struct text *html, const char *heading, const char *title)
{
	text_add(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
		       "form-action 'none'; "
		       "img-src data:; style-src 'sha256-" REPORT_STYLE_HASH "' 'sha256-" DRAW_STYLE_HASH
		       "'; script-src 'sha256-" REPORT_SCRIPT_HASH
		       "'\">\n<link rel=\"icon\" href=\"data:,\">\n<title>iovabench ");
	text_add_html(html, title);
	text_add(html, "</title>\n<style>%s</style>\n<style>%s</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n",
		 report_asset_style, draw_style_sheet, heading);
}

static void add_head(struct text *html, const struct result *result)
{
	html_begin(html, "Address-space allocators compared", result->run.id);
	text_add(html, "<p class=\"run\">iovabench run ");
	text_add_html(html, result->run.id);
	text_add(html, "%s</p>\n", result->run.partial ? " <mark>partial</mark>" : "");
	text_add(html, "</header>\n<main>\n");
}

static void add_sweeps(const struct report_view *view, struct text *html)
{
	static const struct {
		enum report_plot plot;
		const char *title;
	} sections[] = {{REPORT_PLOT_SWEEP, "Sweeps"}, {REPORT_PLOT_LOAD, "Load"}, {REPORT_PLOT_SCALING, "Scaling"}};
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		struct text figure = {0};
		html_figure(view, sections[i].plot, &figure);
		if (figure.length)
			text_add(html, "<section class=\"sweeps\"><h2>%s</h2>\n%s</section>\n", sections[i].title,
				 figure.bytes);
		html->failed |= figure.failed;
		text_release(&figure);
	}
}

static int put(const struct file_sink *sink, struct text *html, struct error *error)
{
	int status = html->failed ? error_set(error, EXIT_CODE_IO, "no memory for the report")
				  : sink->put(sink->to, html->bytes ? html->bytes : "", html->length, error);
	text_release(html);
	return status;
}

/* Of its arms, whatever is packed is open while the workload is shown. */
static int put_workload(const struct report_view *view, size_t index, const struct file_sink *sink, struct error *error)
{
	struct text html = {0};
	struct report_list arms = report_arms(view, index);
	for (size_t i = 0; i < arms.count && !html.failed; i++)
		html.failed = result_arm_open(&view->result->arms[arms.at[i]]) < 0;
	if (!html.failed)
		add_workload(&html, view, index);
	for (size_t i = 0; i < arms.count; i++)
		result_arm_shut(&view->result->arms[arms.at[i]]);
	return put(sink, &html, error);
}

int report_html_to(const struct result *result, const struct file_sink *sink, struct error *error)
{
	struct report_view view;
	struct text html = {0};
	if (report_view_open(&view, result) < 0)
		return error_set(error, EXIT_CODE_IO, "no memory for the report");
	add_head(&html, result);
	html_verdict(&view, &html);
	html_trust(&view, &html);
	html_overview(&view, &html);
	add_sweeps(&view, &html);
	int status = put(sink, &html, error);
	for (size_t i = 0; i < result->workload_count && status == 0; i++)
		status = put_workload(&view, i, sink, error);
	report_view_close(&view);
	text_add(&html,
		 "</main>\n"
		 "<footer><p>Percentiles below the step of the clock do not exist and are written as &lt;step. "
		 "Rates count completed operations only. What every figure means is in docs/metrics.md, "
		 "how it was measured in docs/method.md.</p></footer>\n<script>%s</script>\n</body>\n</html>\n",
		 report_asset_script);
	if (status == 0)
		return put(sink, &html, error);
	text_release(&html);
	return -1;
}

void report_html(const struct result *result, struct text *html)
{
	struct error error = {0};
	const struct file_sink sink = file_sink_to_text(html);
	if (report_html_to(result, &sink, &error) < 0)
		html->failed = true;
}
