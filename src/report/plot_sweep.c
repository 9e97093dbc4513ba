/* SPDX-License-Identifier: MIT
 * Metrics against what was swept: a key, offered rates, numbers of threads. */
#include "report/plot.h"

#include "base/memory.h"
#include "report/format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One plot: a metric of arms against what was swept. */
struct shown {
	int metric;
	const char *what, *axis;
	enum draw_unit unit;
	bool logarithmic;
	bool ideal; /* with the line of what the first value promises */
};

static const struct shown of_sweeps[] = {
	{METRIC_CLEAN_NS_PER_OP, "time per operation", "ns", DRAW_NS, false, false},
	{METRIC_FAILURES_TOTAL, "failed requests", "requests", DRAW_COUNT, false, false},
	{METRIC_UNUSABLE_2MIB, "free space that no 2 MiB fit into", "unusable", DRAW_SHARE, false, false},
	{METRIC_PAGE_TABLE_PAGES, "page tables", "pages", DRAW_COUNT, false, false},
	{METRIC_METADATA_BYTES, "metadata", "bytes", DRAW_BYTES, false, false},
	{-1, NULL, NULL, DRAW_COUNT, false, false}};

#define LATENCY(kind, which) (METRIC_COUNT + METRIC_KIND_##kind * METRIC_LATENCY_COUNT + METRIC_LATENCY_##which)
static const struct shown of_load[] = {
	{LATENCY(RESPONSE, P50), "median of responses", "response, ns", DRAW_NS, true, false},
	{LATENCY(RESPONSE, P99), "99th percentile of responses", "response, ns", DRAW_NS, true, false},
	{LATENCY(RESPONSE, P999), "99.9th percentile of responses", "response, ns", DRAW_NS, true, false},
	{METRIC_ACHIEVED_RATE, "achieved rate", "achieved operations a second", DRAW_COUNT, true, true},
	{-1, NULL, NULL, DRAW_COUNT, false, false}};

/* In place of a metric: operations of all threads in a second. */
#define THROUGHPUT METRIC_ALL
static const struct shown of_scaling[] = {
	{THROUGHPUT, "throughput", "operations a second", DRAW_COUNT, false, true},
	{LATENCY(LOCK_WAIT, P99), "99th percentile of waits for the lock", "wait, ns", DRAW_NS, true, false},
	{-1, NULL, NULL, DRAW_COUNT, false, false}};

/* "4KiB", "1M", "70%", "8": what a workload may say of an amount; NaN: something else. */
static double value_of(const char *text)
{
	static const struct {
		const char *unit;
		double times;
	} units[] = {{"", 1},         {"k", 1e3},      {"M", 1e6},       {"G", 1e9},       {"%", 0.01},
		     {"B", 1},        {"KiB", 1024},   {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1099511627776.0},
		     {"pages", 4096}, {" pages", 4096}};
	char *end;
	double value = strtod(text, &end);
	for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++)
		if (strcmp(end, units[i].unit) == 0)
			return value * units[i].times;
	return (double)NAN;
}

static const char *setting_of(const struct result_workload *workload, const char *key)
{
	for (size_t i = 0; i < workload->setting_count; i++)
		if (strcmp(workload->settings[i].key, key) == 0)
			return workload->settings[i].value;
	return NULL;
}

/* Both are combinations of one workload that differ at most in this key. */
static bool is_beside(const struct result_workload *a, const struct result_workload *b, const char *key)
{
	if (strcmp(a->name, b->name) != 0 || a->setting_count != b->setting_count || a->seed != b->seed)
		return false;
	for (size_t i = 0; i < a->setting_count; i++) {
		const char *other = setting_of(b, a->settings[i].key);
		if (!other || (strcmp(a->settings[i].key, key) != 0 && strcmp(other, a->settings[i].value) != 0))
			return false;
	}
	return true;
}

static int by_x(const void *a, const void *b)
{
	const struct draw_point *left = a, *right = b;
	return (left->x > right->x) - (left->x < right->x);
}

static double value_at(const struct result_arm *arm, int metric)
{
	const struct result_figures *figures = result_arm_figures(arm);
	return metric == THROUGHPUT               ? 1e9 / format_time_ns(figures)
	       : metric == METRIC_CLEAN_NS_PER_OP ? format_time_ns(figures)
						  : result_arm_figure(arm, metric);
}

/* Beyond saturation responses grow as long as the run takes; disturbed windows say little of threads. */
static bool is_sure(const struct result_arm *arm, int metric)
{
	const struct result_figures *figures = result_arm_figures(arm);
	return !(figures->value[METRIC_SATURATED] > 0) && !(metric == THROUGHPUT && format_is_unclean(figures));
}

/* What the arms like `arm` say of a metric, by the value of key. */
static void add_arm(const struct report_view *view, size_t arm, const char *key, int metric, struct plots *plots,
		    struct plot *plot)
{
	const struct result *result = view->result;
	const struct result_arm *like = &result->arms[arm];
	struct plot_line *line = plots_add_line(plots, plot, view->color[arm], like->spec, result->arm_count);
	double sure = INFINITY;
	for (size_t i = 0; line && i < result->arm_count; i++) {
		const struct result_arm *other = &result->arms[i];
		const struct result_workload *workload = &result->workloads[other->workload];
		bool scaled = strcmp(key, RESULT_SETTING_THREADS) == 0 || other->threads == like->threads;
		if (!is_beside(&result->workloads[like->workload], workload, key) || strcmp(other->spec, like->spec) != 0 ||
		    !scaled)
			continue;
		double x = value_of(setting_of(workload, key)), y = value_at(other, metric);
		if (!isfinite(x) || !isfinite(y))
			continue;
		line->points[line->count++] = (struct draw_point){x, y};
		if (!is_sure(other, metric))
			sure = fmin(sure, x);
	}
	if (!line)
		return;
	line->marked = true;
	qsort(line->points, line->count, sizeof line->points[0], by_x);
	for (line->solid = 0; line->solid < line->count && line->points[line->solid].x < sure;)
		line->solid++;
}

/* The best of the first values, as many times as x is: nobody is above it without help. */
static void add_ideal(const struct report_view *view, struct plots *plots, struct plot *plot)
{
	double least = INFINITY, most = 0, best = 0;
	for (size_t i = 0; i < plot->line_count; i++)
		for (size_t n = 0; n < plot->lines[i].count; n++) {
			least = fmin(least, plot->lines[i].points[n].x);
			most = fmax(most, plot->lines[i].points[n].x);
		}
	for (size_t i = 0; i < plot->line_count; i++)
		if (plot->lines[i].count && plot->lines[i].points[0].x <= least)
			best = fmax(best, plot->lines[i].points[0].y);
	if (!(best > 0) || !(most > least) || !(least > 0))
		return;
	struct plot_line *line = plots_add_line(plots, plot, view->color_count, "ideal", 2);
	if (!line)
		return;
	line->points[0] = (struct draw_point){least, best};
	line->points[1] = (struct draw_point){most, best * most / least};
	line->count = 2;
	line->solid = 0;
}

/* "4KiB", "2 pages". */
static bool is_size(const char *value)
{
	static const char pages[] = "pages";
	size_t length = strlen(value), most = sizeof pages - 1;
	return (length && value[length - 1] == 'B') || (length >= most && strcmp(value + length - most, pages) == 0);
}

static void set_x(struct plot *plot, const char *title, const char *value)
{
	double low = INFINITY, high = -INFINITY;
	bool whole = true;
	for (size_t i = 0; i < plot->line_count; i++)
		for (size_t n = 0; n < plot->lines[i].count; n++) {
			whole &= fmod(plot->lines[i].points[n].x, 1) == 0;
			low = fmin(low, plot->lines[i].points[n].x);
			high = fmax(high, plot->lines[i].points[n].x);
		}
	bool wide = low > 0 && high > 20 * low;
	size_t length = strlen(value);
	enum draw_unit unit = length && value[length - 1] == '%' ? DRAW_SHARE
			      : is_size(value)                   ? DRAW_BYTES
			      : whole                            ? DRAW_COUNT
								 : DRAW_NUMBER;
	/* Markers at the ends are whole. */
	double beside = 0.03 * (high - low);
	plot->x = (struct draw_axis){title,
				     wide ? DRAW_LOG : DRAW_LINEAR,
				     unit,
				     wide ? low / 1.1 : low - beside,
				     wide ? high * 1.1 : high + beside,
				     false};
	if (!(plot->x.low < plot->x.high)) {
		plot->x.low = isfinite(low) ? low - 1 : 0;
		plot->x.high = plot->x.low + 2;
	}
}

static void add_key(const struct report_view *view, size_t workload, const struct result_setting *setting,
		    const struct shown *shown, const char *title_x, struct plots *plots)
{
	struct report_list arms = report_arms(view, workload);
	for (; shown->what; shown++) {
		struct text title = {0};
		text_add(&title, "%s", view->result->workloads[workload].name);
		for (size_t n = 0; n < view->result->workloads[workload].setting_count; n++) {
			const struct result_setting *other = &view->result->workloads[workload].settings[n];
			if (strcmp(other->key, setting->key) != 0)
				text_add(&title, " %s=%s", other->key, other->value);
		}
		text_add(&title, ": %s", shown->what);
		struct plot *plot = plots_add(plots, title.failed ? "" : title.bytes, arms.count + 1);
		plots->failed |= title.failed;
		text_release(&title);
		if (!plot)
			return;
		for (size_t n = 0; n < arms.count; n++)
			add_arm(view, arms.at[n], setting->key, shown->metric, plots, plot);
		if (shown->ideal)
			add_ideal(view, plots, plot);
		plot->y = (struct draw_axis){shown->axis, DRAW_LINEAR, shown->unit, 0, 0, false};
		set_x(plot, title_x, setting->value);
		plots_fit(plots, shown->logarithmic);
	}
}

/* Several combinations together: for the first of them alone, and only when there is a second one. */
static bool is_first_of_several(const struct result *result, size_t workload, const char *key)
{
	bool first = true, several = false;
	for (size_t other = 0; other < result->workload_count; other++) {
		bool beside = other != workload && is_beside(&result->workloads[workload], &result->workloads[other], key);
		first &= !(beside && other < workload);
		several |= beside;
	}
	return first && several;
}

static bool has_figure(const char *key)
{
	return strcmp(key, RESULT_SETTING_RATE) == 0 || strcmp(key, RESULT_SETTING_THREADS) == 0;
}

void plot_sweep(const struct report_view *view, size_t workload, struct plots *plots)
{
	const struct result_workload *of = &view->result->workloads[workload];
	for (size_t i = 0; i < of->setting_count; i++)
		if (!has_figure(of->settings[i].key) && isfinite(value_of(of->settings[i].value)) &&
		    is_first_of_several(view->result, workload, of->settings[i].key))
			add_key(view, workload, &of->settings[i], of_sweeps, of->settings[i].key, plots);
}

static void plot_one(const struct report_view *view, size_t workload, const char *key, const struct shown *shown,
		     const char *title, struct plots *plots)
{
	const struct result_workload *of = &view->result->workloads[workload];
	for (size_t i = 0; i < of->setting_count; i++)
		if (strcmp(of->settings[i].key, key) == 0 && is_first_of_several(view->result, workload, key))
			add_key(view, workload, &of->settings[i], shown, title, plots);
}

void plot_load(const struct report_view *view, size_t workload, struct plots *plots)
{
	plot_one(view, workload, RESULT_SETTING_RATE, of_load, "offered operations a second", plots);
}

void plot_scaling(const struct report_view *view, size_t workload, struct plots *plots)
{
	plot_one(view, workload, RESULT_SETTING_THREADS, of_scaling, "threads", plots);
}
