/* SPDX-License-Identifier: MIT
 * What one workload shows: latencies by percentile, and what changes while it is played. */
#include "report/plot.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>

/* Plots of one workload are told apart by what they show, those of several by its name. */
static void make_title(const struct report_view *view, size_t workload, const char *what, struct text *title)
{
	result_workload_label(&view->result->workloads[workload], title);
	text_add(title, ": %s", what);
}

static struct plot *add_plot(const struct report_view *view, size_t workload, const char *what, struct plots *plots)
{
	struct text title = {0};
	make_title(view, workload, what, &title);
	struct plot *plot = plots_add(plots, title.failed ? "" : title.bytes, report_arms(view, workload).count);
	plots->failed |= title.failed;
	text_release(&title);
	return plot;
}

/* ---- latencies ---- */

/* Percentiles with fewer than ten samples above them are dotted. */
static void add_curve(const struct report_view *view, size_t arm, const struct result_latency *latency, struct plots *plots,
		      struct plot *plot)
{
	struct result_point points[RESULT_CURVE_MAX];
	size_t count = result_latency_curve(latency, points);
	struct plot_line *line = plots_add_line(plots, plot, view->color[arm], view->result->arms[arm].spec, count);
	if (!line)
		return;
	line->solid = 0;
	for (size_t i = 0; i < count; i++) {
		double share = points[i].percentile / 100;
		if (share >= 1)
			break;
		if ((1 - share) * (double)latency->count >= 10)
			line->solid = line->count + 1;
		line->points[line->count++] = (struct draw_point){share, points[i].ns};
		plot->x.high = fmax(plot->x.high, share);
	}
	plot->floor = fmax(plot->floor, latency->resolution_ns);
}

void plot_percentiles(const struct report_view *view, size_t workload, struct plots *plots)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
		char what[64];
		uint64_t samples = 0;
		for (size_t i = 0; i < arms.count; i++) {
			const struct result_arm *arm = &view->result->arms[arms.at[i]];
			if (arm->figures_phase < arm->phase_count)
				samples += arm->phases[arm->figures_phase].latency[kind].count;
		}
		if (!samples)
			continue;
		snprintf(what, sizeof what, "latency of %s", metric_kind_name[kind]);
		struct plot *plot = add_plot(view, workload, what, plots);
		if (!plot)
			return;
		plot->x = (struct draw_axis){"percentile", DRAW_TAIL, DRAW_SHARE, 0, 0.9, false};
		plot->y = (struct draw_axis){"latency", DRAW_LOG, DRAW_NS, 0, 0, false};
		for (size_t i = 0; i < arms.count; i++) {
			const struct result_arm *arm = &view->result->arms[arms.at[i]];
			if (arm->figures_phase < arm->phase_count && arm->phases[arm->figures_phase].latency[kind].count)
				add_curve(view, arms.at[i], &arm->phases[arm->figures_phase].latency[kind], plots, plot);
		}
		plots_fit(plots, true);
	}
}

/* ---- over operations ---- */

static const struct column {
	enum result_series_column column;
	const char *what, *axis;
	enum draw_unit unit;
	bool logarithmic, steps;
} columns_of_space[] =
	{
		{RESULT_SERIES_UNUSABLE_2MIB, "free space that no 2 MiB fit into", "unusable", DRAW_SHARE, false, false},
		{RESULT_SERIES_SPAN_PAGES, "span", "pages", DRAW_COUNT, false, false},
		{RESULT_SERIES_PAGE_TABLE_PAGES, "page tables", "pages", DRAW_COUNT, false, false},
		{RESULT_SERIES_FREE_EXTENTS, "free runs", "runs", DRAW_COUNT, true, false},
		{RESULT_SERIES_LIVE_PAGES, "live", "pages", DRAW_COUNT, false, false},
		{RESULT_SERIES_CACHED_PAGES, "cached", "pages", DRAW_COUNT, false, false},
		{RESULT_SERIES_DEFERRED_PAGES, "deferred", "pages", DRAW_COUNT, false, false},
},
  columns_of_time[] =
	  {
		  {RESULT_SERIES_NS_PER_OP, "time per operation", "ns", DRAW_NS, true, false},
		  {RESULT_SERIES_ALLOC_P50_NS, "allocations, p50", "ns", DRAW_NS, true, false},
		  {RESULT_SERIES_ALLOC_P99_NS, "allocations, p99", "ns", DRAW_NS, true, false},
},
  columns_of_failures[] = {{RESULT_SERIES_FAILURES, "failed requests so far", "requests", DRAW_COUNT, false, true}};

static void add_series(const struct report_view *view, size_t arm, enum result_series_column column, struct plots *plots,
		       struct plot *plot)
{
	const struct result_arm *of = &view->result->arms[arm];
	bool known = false;
	/* What is never anything but 0 is worth no picture. */
	for (size_t i = 0; i < of->series_count && !known; i++)
		known = isfinite(of->series[i].value[column]) && of->series[i].value[column] != 0;
	if (!known)
		return;
	struct plot_line *line = plots_add_line(plots, plot, view->color[arm], of->spec, of->series_count);
	/* Passes have rows of their own: those of another one are no gap. */
	for (size_t i = 0; line && i < of->series_count; i++) {
		const struct draw_point point = {of->series[i].value[RESULT_SERIES_OP], of->series[i].value[column]};
		if (!isfinite(point.x) || !isfinite(point.y))
			continue;
		line->points[line->count++] = point;
		plot->x.high = fmax(plot->x.high, point.x);
	}
	if (line)
		line->solid = line->count;
}

/* Where phases begin, as the first arm with a series saw it. */
static void add_phases(const struct report_view *view, size_t workload, struct plots *plots, struct plot *plot)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		if (!arm->series_count || arm->phase_count < 2)
			continue;
		plot->rules = memory_zeroed(arm->phase_count, sizeof plot->rules[0]);
		plots->failed |= !plot->rules;
		for (size_t row = 0; plot->rules && row < arm->series_count && plot->rule_count < arm->phase_count; row++) {
			uint32_t phase = arm->series[row].phase;
			if (phase < arm->phase_count && (!row || phase != arm->series[row - 1].phase))
				plot->rules[plot->rule_count++] = (struct plot_rule){
					row ? arm->series[row - 1].value[RESULT_SERIES_OP] : 0, arm->phases[phase].name};
		}
		return;
	}
}

static void fill_columns(const struct report_view *view, size_t workload, const struct column *columns, size_t count,
			 struct plots *plots)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t n = 0; n < count; n++) {
		struct plot *plot = add_plot(view, workload, columns[n].what, plots);
		if (!plot)
			return;
		plot->x = (struct draw_axis){"operations", DRAW_LINEAR, DRAW_COUNT, 0, 1, false};
		plot->y = (struct draw_axis){columns[n].axis, DRAW_LINEAR, columns[n].unit, 0, 0, false};
		for (size_t i = 0; i < arms.count; i++)
			add_series(view, arms.at[i], columns[n].column, plots, plot);
		for (size_t i = 0; i < plot->line_count; i++)
			plot->lines[i].steps = columns[n].steps;
		add_phases(view, workload, plots, plot);
		plots_fit(plots, columns[n].logarithmic);
	}
}

#define COUNT(columns) (sizeof(columns) / sizeof(columns)[0])

void plot_fragmentation(const struct report_view *view, size_t workload, struct plots *plots)
{
	fill_columns(view, workload, columns_of_space, COUNT(columns_of_space), plots);
}

void plot_latency(const struct report_view *view, size_t workload, struct plots *plots)
{
	fill_columns(view, workload, columns_of_time, COUNT(columns_of_time), plots);
}

void plot_failures(const struct report_view *view, size_t workload, struct plots *plots)
{
	fill_columns(view, workload, columns_of_failures, COUNT(columns_of_failures), plots);
}
