/* SPDX-License-Identifier: MIT
 * The table of figures, and what is made of them: files of their own, tables, parts of the page. */
#include "report/html.h"
#include "report/plot.h"
#include "report/report.h"

#include <assert.h>

#define PAGE_WIDTH 1160.0
#define PAGE_WIDTH_NARROW 460.0

const char *const report_plot_name[REPORT_PLOT_COUNT + 1] = {
#define NAME(id, name, about) [REPORT_PLOT_##id] = name,
	REPORT_PLOTS(NAME)
#undef NAME
};
static const char *const abouts[REPORT_PLOT_COUNT] = {
#define ABOUT(id, name, about) [REPORT_PLOT_##id] = about,
	REPORT_PLOTS(ABOUT)
#undef ABOUT
};

static const struct row {
	const char *caption; /* on the page */
	bool whole;          /* there once, for all workloads; else in the chapter of each */
	bool small;          /* plots to be held against each other */
	plot_fill *fill;     /* plots of a workload; NULL: it is drawn as a whole */
	void (*draw)(const struct report_view *view, size_t first, size_t count, double width, bool standalone,
		     struct text *svg);
	void (*write)(const struct report_view *view, struct text *csv);
} rows[REPORT_PLOT_COUNT] = {
	[REPORT_PLOT_FOREST] =
		{"Left of 1 an allocator is faster than the one that it is held against. Hollow: it did not do the "
		 "same work, and its time says little.",
		 .whole = true, .draw = forest_draw, .write = forest_write},
	[REPORT_PLOT_PERCENTILES] =
		{"Each step to the right leaves ten times fewer calls: a flat line is a predictable allocator, a "
		 "cliff is its tail. Dotted: fewer than ten samples lie above. In the shaded region the clock "
		 "cannot tell.",
		 .fill = plot_percentiles},
	[REPORT_PLOT_LATENCY] =
		{"A point for each stretch of operations. A line that climbs is an allocator that ages. Time per operation is "
		 "the median over rounds, and the band its interval at 95 %, from six rounds on; percentiles are of the first "
		 "round alone.",
		 .fill = plot_latency},
	[REPORT_PLOT_HEAT] =
		{"Samples of all rounds: a second band above the first is a slow path, a dark line that climbs an allocator "
		 "that ages. What the clock cannot tell lies in the lowest row.",
		 .draw = heat_draw, .write = heat_write},
	[REPORT_PLOT_FAILURES] =
		{"Requests that were not served, counted from the start: all, then by request and reason. Fragmented: enough "
		 "pages were usable, but not in one piece.",
		 .fill = plot_failures},
	[REPORT_PLOT_PHASES] =
		{"Each phase has its own latencies, here on one scale: a phase that lies higher is one in which the allocator "
		 "searches longer.",
		 .small = true, .fill = plot_phases},
	[REPORT_PLOT_DOMAINS] = {"Domains are spaces of their own: one that stands out is where the trouble lies.",
				 .small = true, .fill = plot_domains},
	[REPORT_PLOT_SPACE] =
		{"What an allocator takes of the space for what lives: the wider the span above it, the more page tables. "
		 "What is cached or deferred can serve nobody else.",
		 .fill = plot_space},
	[REPORT_PLOT_FRAGMENTATION] =
		{"The state of the space as the audit saw it: what remains usable decides whether the next "
		 "large request fits.",
		 .fill = plot_fragmentation},
	[REPORT_PLOT_MAP] =
		{"Addresses from left to right, operations from top to bottom. The colour of a piece is that of the request "
		 "with most of its live pages, the fuller, the larger the live share; where more is held back than lives, "
		 "that shows. Cropped to what was used: the strip above tells where in the space that is. Red strokes are "
		 "failed requests. Beside it the runs of usable pages, by length: many short ones are fragmentation.",
		 .draw = map_draw, .write = map_write},
	[REPORT_PLOT_LOAD] = {"Response counts from the moment at which an operation was to begin. Dotted: the allocator "
			      "could not keep up with that rate, and responses grow as long as the run takes.",
			      .whole = true, .fill = plot_load},
	[REPORT_PLOT_SCALING] = {"All threads share one allocator, behind one lock where it needs one. The ideal is the "
				 "best of the fewest threads, as many times as there are more. Dotted: more than half of "
				 "the windows were disturbed, as they are with more threads than idle CPUs.",
				 .whole = true, .fill = plot_scaling},
	[REPORT_PLOT_SWEEP] = {"One line for each allocator, a point for each value that the sweep gave.", .whole = true,
			       .fill = plot_sweep},
};

/* Of workloads first to first + count - 1. Returns whether there is anything to see. */
static bool draw_row(const struct report_view *view, enum report_plot plot, size_t first, size_t count, double width,
		     bool standalone, struct text *svg)
{
	const struct row *row = &rows[plot];
	struct plots plots = {0};
	if (row->draw) {
		row->draw(view, first, count, width, standalone, svg);
		return true;
	}
	for (size_t i = first; i < first + count; i++)
		row->fill(view, i, &plots);
	bool any = plots.count > 0;
	if ((any || standalone) && !plots.failed)
		plots_draw(view, &plots, abouts[plot], (width >= 600 ? 2u : 1u) * (row->small ? 2u : 1u), width, standalone,
			   svg);
	svg->failed |= plots.failed;
	plots_release(&plots);
	return any;
}

void report_plot_svg(const struct result *result, enum report_plot plot, double width, struct text *svg)
{
	struct report_view view;
	assert(plot < REPORT_PLOT_COUNT && width >= 300);
	if (report_view_open(&view, result) < 0) {
		svg->failed = true;
		return;
	}
	draw_row(&view, plot, 0, result->workload_count, width, true, svg);
	report_view_close(&view);
}

/* data: a script for that file; NULL: the table. */
static void write_plots(const struct result *result, enum report_plot plot, const char *data, struct text *text)
{
	struct report_view view;
	struct plots plots = {0};
	assert(plot < REPORT_PLOT_COUNT);
	if (report_view_open(&view, result) < 0) {
		text->failed = true;
		return;
	}
	for (size_t i = 0; rows[plot].fill && i < result->workload_count; i++)
		rows[plot].fill(&view, i, &plots);
	if (rows[plot].fill && data)
		plots_script(&plots, data, text);
	else if (rows[plot].fill)
		plots_write(&plots, text);
	else if (!data)
		rows[plot].write(&view, text);
	text->failed |= plots.failed;
	plots_release(&plots);
	report_view_close(&view);
}

void report_plot_csv(const struct result *result, enum report_plot plot, struct text *csv)
{
	write_plots(result, plot, NULL, csv);
}

void report_plot_script(const struct result *result, enum report_plot plot, const char *data, struct text *script)
{
	write_plots(result, plot, data, script);
}

/* ---- the page ---- */

static void add_figure(const struct report_view *view, enum report_plot plot, size_t first, size_t count, struct text *html)
{
	struct text svg = {0};
	bool any;
	/* What cannot be cut into pieces is there for a narrow page, too. */
	if (plot == REPORT_PLOT_FOREST) {
		text_add(&svg, "<div class=\"broad\">");
		any = draw_row(view, plot, first, count, PAGE_WIDTH, false, &svg);
		text_add(&svg, "</div><div class=\"narrow\">");
		draw_row(view, plot, first, count, PAGE_WIDTH_NARROW, false, &svg);
		text_add(&svg, "</div>");
	} else {
		any = draw_row(view, plot, first, count, PAGE_WIDTH, false, &svg);
	}
	if (any && !svg.failed)
		text_add(html,
			 "<figure class=\"chart\" data-chart=\"%s\"><div class=\"scroll\" tabindex=\"0\">%s</div>"
			 "<p class=\"readout\" aria-live=\"polite\"></p><figcaption>%s</figcaption></figure>\n",
			 report_plot_name[plot], svg.bytes ? svg.bytes : "", rows[plot].caption);
	html->failed |= svg.failed;
	text_release(&svg);
}

void html_figure(const struct report_view *view, enum report_plot plot, struct text *html)
{
	assert(rows[plot].whole);
	add_figure(view, plot, 0, view->result->workload_count, html);
}

static bool has_arms_with_data(const struct report_view *view, size_t workload)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++)
		if (view->result->arms[arms.at[i]].phase_count)
			return true;
	return false;
}

void html_figures(const struct report_view *view, size_t workload, struct text *html)
{
	for (int plot = 0; has_arms_with_data(view, workload) && plot < REPORT_PLOT_COUNT; plot++)
		if (!rows[plot].whole)
			add_figure(view, (enum report_plot)plot, workload, 1, html);
}
