/* SPDX-License-Identifier: MIT
 * What changes while a workload is played. */
#include "report/plot.h"

#include "base/memory.h"
#include "report/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- over operations ---- */

static const struct column {
	enum result_series_column column;
	const char *what, *axis;
	enum draw_unit unit;
	bool logarithmic, steps;
} columns_of_space[] = {
	{RESULT_SERIES_LIVE_PAGES, "live", "pages", DRAW_COUNT, false, false},
	{RESULT_SERIES_SPAN_PAGES, "span", "pages", DRAW_COUNT, false, false},
	{RESULT_SERIES_PAGE_TABLE_PAGES, "page tables", "pages", DRAW_COUNT, false, false},
	{RESULT_SERIES_CACHED_PAGES, "cached", "pages", DRAW_COUNT, false, false},
	{RESULT_SERIES_DEFERRED_PAGES, "deferred", "pages", DRAW_COUNT, false, false},
};
static const struct column columns_of_fragmentation[] = {
	{RESULT_SERIES_UNUSABLE_2MIB, "free space that no 2 MiB fit into", "unusable", DRAW_SHARE, false, false},
	{RESULT_SERIES_FREE_EXTENTS, "free runs", "runs", DRAW_COUNT, true, false},
	{RESULT_SERIES_LARGEST_FREE_PAGES, "largest free run", "pages", DRAW_COUNT, true, false},
};
/* An older result has but one round of it. */
static const struct column column_of_time = {
	RESULT_SERIES_NS_PER_OP, "time per operation, first round", "ns", DRAW_NS, true, false};
static const struct column columns_of_latency[] = {
	{RESULT_SERIES_ALLOC_P50_NS, "allocations, p50, first round", "ns", DRAW_NS, true, false},
	{RESULT_SERIES_ALLOC_P99_NS, "allocations, p99, first round", "ns", DRAW_NS, true, false},
};
static const struct column column_of_failures = {
	RESULT_SERIES_FAILURES, "failed requests so far", "requests", DRAW_COUNT, false, true};

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

double plot_phase_end(const struct result_arm *arm, size_t row)
{
	while (row + 1 < arm->series_count && arm->series[row + 1].phase == arm->series[row].phase)
		row++;
	return arm->series[row].value[RESULT_SERIES_OP];
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
		struct plot *plot = plots_add_of(view, workload, columns[n].what, plots);
		if (!plot)
			return;
		plot->device_s = format_device_whole_s(view, workload);
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

void plot_space(const struct report_view *view, size_t workload, struct plots *plots)
{
	fill_columns(view, workload, columns_of_space, COUNT(columns_of_space), plots);
}

void plot_fragmentation(const struct report_view *view, size_t workload, struct plots *plots)
{
	fill_columns(view, workload, columns_of_fragmentation, COUNT(columns_of_fragmentation), plots);
}

/* ---- time per operation ---- */

/* Cells that were disturbed in every round have no point; a band begins where six rounds were not. */
static void add_cells(const struct result_phase *phase, struct plot *plot, struct plot_line *line)
{
	const struct result_cells *cells = &phase->cells;
	for (size_t i = 0; i < cells->count; i++) {
		if (!isfinite(cells->ns_per_op[i]))
			continue;
		bool known = isfinite(cells->ci_low[i]) && isfinite(cells->ci_high[i]);
		double low = known ? cells->ci_low[i] : cells->ns_per_op[i];
		double high = known ? cells->ci_high[i] : cells->ns_per_op[i];
		line->points[line->count] = (struct draw_point){cells->ops[i], cells->ns_per_op[i]};
		line->low[line->count] = (struct draw_point){cells->ops[i], low};
		line->high[line->count++] = (struct draw_point){cells->ops[i], high};
		plot->x.high = fmax(plot->x.high, cells->ops[i]);
	}
}

static size_t cells_of(const struct result_arm *arm)
{
	size_t count = 0;
	for (size_t i = 0; i < arm->phase_count; i++)
		count += arm->phases[i].cells.count;
	return count;
}

/* A line needs two points. An older result has no cells, and in few rounds all may be disturbed. */
static bool has_line(const struct result_arm *arm)
{
	size_t points = 0;
	for (size_t i = 0; i < arm->phase_count; i++)
		for (size_t n = 0; n < arm->phases[i].cells.count; n++)
			points += isfinite(arm->phases[i].cells.ns_per_op[n]) ? 1 : 0;
	return points >= 2;
}

/* Whether there was anything. */
static bool fill_cells(const struct report_view *view, size_t workload, struct plots *plots)
{
	struct report_list arms = report_arms(view, workload);
	bool any = false;
	for (size_t i = 0; i < arms.count; i++)
		any |= has_line(&view->result->arms[arms.at[i]]);
	struct plot *plot = any ? plots_add_of(view, workload, "time per operation", plots) : NULL;
	if (!plot)
		return any;
	plot->device_s = format_device_whole_s(view, workload);
	plot->x = (struct draw_axis){"operations", DRAW_LINEAR, DRAW_COUNT, 0, 1, false};
	plot->y = (struct draw_axis){"ns", DRAW_LOG, DRAW_NS, 0, 0, false};
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		size_t count = cells_of(arm);
		if (arm->series_count)
			plot->x.high = fmax(plot->x.high, arm->series[arm->series_count - 1].value[RESULT_SERIES_OP]);
		struct plot_line *line =
			count ? plots_add_line(plots, plot, view->color[arms.at[i]], arm->spec, count) : NULL;
		if (!line || !plots_add_band(plots, line, count))
			continue;
		for (size_t phase = 0; phase < arm->phase_count; phase++)
			add_cells(&arm->phases[phase], plot, line);
		line->solid = line->count;
		line->marked = line->count == 1;
	}
	add_phases(view, workload, plots, plot);
	return plots_fit(plots, true);
}

void plot_latency(const struct report_view *view, size_t workload, struct plots *plots)
{
	if (!fill_cells(view, workload, plots))
		fill_columns(view, workload, &column_of_time, 1, plots);
	fill_columns(view, workload, columns_of_latency, COUNT(columns_of_latency), plots);
}

/* ---- failures ---- */

/* Of a request and kind, by all arms of a workload. */
struct sort {
	const char *request;
	enum result_failure kind;
	double failures;
};
#define SORTS_MAX 64u
/* That have a plot: those with the most failures. */
#define SORTS_DRAWN 7u

static size_t find_sorts(const struct report_view *view, size_t workload, struct sort *sorts)
{
	size_t count = 0;
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		for (size_t n = 0; n < arm->failure_count; n++) {
			const struct result_failures *one = &arm->failures[n];
			size_t at = 0;
			while (at < count && (sorts[at].kind != one->kind || strcmp(sorts[at].request, one->request) != 0))
				at++;
			if (at == SORTS_MAX || !one->count)
				continue;
			if (at == count)
				sorts[count++] = (struct sort){one->request, one->kind, 0};
			sorts[at].failures += one->numbers[one->count - 1];
		}
	}
	return count;
}

static int by_failures(const void *a, const void *b)
{
	const struct sort *left = a, *right = b;
	return (left->failures < right->failures) - (left->failures > right->failures);
}

/* From 0 on, and to the end of the stream. */
static void add_failures(const struct report_view *view, size_t arm, const struct result_failures *failures,
			 struct plots *plots, struct plot *plot)
{
	const struct result_arm *of = &view->result->arms[arm];
	struct plot_line *line = plots_add_line(plots, plot, view->color[arm], of->spec, failures->count + 2);
	if (!line)
		return;
	line->points[line->count++] = (struct draw_point){0, 0};
	for (size_t i = 0; i < failures->count; i++)
		line->points[line->count++] = (struct draw_point){failures->ops[i], failures->numbers[i]};
	double end = of->series_count ? of->series[of->series_count - 1].value[RESULT_SERIES_OP] : 0;
	if (end > line->points[line->count - 1].x)
		line->points[line->count] = (struct draw_point){end, line->points[line->count - 1].y}, line->count++;
	plot->x.high = fmax(plot->x.high, line->points[line->count - 1].x);
	line->solid = line->count;
	line->steps = true;
}

static void fill_sort(const struct report_view *view, size_t workload, const struct sort *sort, struct plots *plots)
{
	char what[120];
	struct report_list arms = report_arms(view, workload);
	snprintf(what, sizeof what, "%.60s %s", sort->request, result_failure_name[sort->kind]);
	struct plot *plot = plots_add_of(view, workload, what, plots);
	if (!plot)
		return;
	plot->device_s = format_device_whole_s(view, workload);
	plot->x = (struct draw_axis){"operations", DRAW_LINEAR, DRAW_COUNT, 0, 1, false};
	plot->y = (struct draw_axis){"requests", DRAW_LINEAR, DRAW_COUNT, 0, 0, false};
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		for (size_t n = 0; n < arm->failure_count; n++)
			if (arm->failures[n].kind == sort->kind && strcmp(arm->failures[n].request, sort->request) == 0)
				add_failures(view, arms.at[i], &arm->failures[n], plots, plot);
	}
	add_phases(view, workload, plots, plot);
	plots_fit(plots, false);
}

void plot_failures(const struct report_view *view, size_t workload, struct plots *plots)
{
	struct sort sorts[SORTS_MAX];
	size_t count = find_sorts(view, workload, sorts);
	if (count != 1)
		fill_columns(view, workload, &column_of_failures, 1, plots);
	qsort(sorts, count, sizeof sorts[0], by_failures);
	for (size_t i = 0; i < count && i < SORTS_DRAWN; i++)
		fill_sort(view, workload, &sorts[i], plots);
}
