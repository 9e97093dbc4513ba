/* SPDX-License-Identifier: MIT
 * Metrics against the value of a key that was swept. */
#include "report/plot.h"

#include "base/memory.h"
#include "report/format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct shown {
	enum metric metric;
	const char *what, *axis;
	enum draw_unit unit;
} shown[] = {
	{METRIC_CLEAN_NS_PER_OP, "time per operation", "ns", DRAW_NS},
	{METRIC_FAILURES_TOTAL, "failed requests", "requests", DRAW_COUNT},
	{METRIC_UNUSABLE_2MIB, "free space that no 2 MiB fit into", "unusable", DRAW_SHARE},
	{METRIC_PAGE_TABLE_PAGES, "page tables", "pages", DRAW_COUNT},
	{METRIC_METADATA_BYTES, "metadata", "bytes", DRAW_BYTES},
};

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

/* What the arms like `arm` say of a metric, by the value of key. */
static void add_arm(const struct report_view *view, size_t arm, const char *key, enum metric metric, struct plots *plots,
		    struct plot *plot)
{
	const struct result *result = view->result;
	const struct result_arm *like = &result->arms[arm];
	struct plot_line *line = plots_add_line(plots, plot, view->color[arm], like->spec, result->arm_count);
	for (size_t i = 0; line && i < result->arm_count; i++) {
		const struct result_arm *other = &result->arms[i];
		const struct result_workload *workload = &result->workloads[other->workload];
		if (!is_beside(&result->workloads[like->workload], workload, key) || strcmp(other->spec, like->spec) != 0 ||
		    other->threads != like->threads)
			continue;
		const struct result_figures *figures = result_arm_figures(other);
		double x = value_of(setting_of(workload, key));
		double y = metric == METRIC_CLEAN_NS_PER_OP ? format_time_ns(figures) : figures->value[metric];
		if (isfinite(x) && isfinite(y))
			line->points[line->count++] = (struct draw_point){x, y};
	}
	if (!line)
		return;
	line->marked = true;
	line->solid = line->count;
	qsort(line->points, line->count, sizeof line->points[0], by_x);
}

static void set_x(struct plot *plot, const char *key, const char *value)
{
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < plot->line_count; i++)
		for (size_t n = 0; n < plot->lines[i].count; n++) {
			low = fmin(low, plot->lines[i].points[n].x);
			high = fmax(high, plot->lines[i].points[n].x);
		}
	bool wide = low > 0 && high > 20 * low;
	size_t length = strlen(value);
	enum draw_unit unit = length && value[length - 1] == '%'   ? DRAW_SHARE
			      : length && value[length - 1] == 'B' ? DRAW_BYTES
								   : DRAW_COUNT;
	plot->x = (struct draw_axis){
		key, wide ? DRAW_LOG : DRAW_LINEAR, unit, wide ? low / 1.1 : low, high * (wide ? 1.1 : 1), false};
	if (!(plot->x.low < plot->x.high)) {
		plot->x.low = isfinite(low) ? low - 1 : 0;
		plot->x.high = plot->x.low + 2;
	}
}

static void add_key(const struct report_view *view, size_t workload, const struct result_setting *setting,
		    struct plots *plots)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		struct text title = {0};
		text_add(&title, "%s", view->result->workloads[workload].name);
		for (size_t n = 0; n < view->result->workloads[workload].setting_count; n++) {
			const struct result_setting *other = &view->result->workloads[workload].settings[n];
			if (strcmp(other->key, setting->key) != 0)
				text_add(&title, " %s=%s", other->key, other->value);
		}
		text_add(&title, ": %s", shown[i].what);
		struct plot *plot = plots_add(plots, title.failed ? "" : title.bytes, arms.count);
		plots->failed |= title.failed;
		text_release(&title);
		if (!plot)
			return;
		for (size_t n = 0; n < arms.count; n++)
			add_arm(view, arms.at[n], setting->key, shown[i].metric, plots, plot);
		plot->y = (struct draw_axis){shown[i].axis, DRAW_LINEAR, shown[i].unit, 0, 0, false};
		set_x(plot, setting->key, setting->value);
		plots_fit(plots, false);
	}
}

void plot_sweep(const struct report_view *view, size_t workload, struct plots *plots)
{
	const struct result *result = view->result;
	const struct result_workload *of = &result->workloads[workload];
	for (size_t i = 0; i < of->setting_count; i++) {
		bool first = true, swept = false;
		for (size_t other = 0; other < result->workload_count; other++) {
			bool beside = other != workload && is_beside(of, &result->workloads[other], of->settings[i].key);
			first &= !(beside && other < workload);
			swept |= beside;
		}
		if (first && swept && isfinite(value_of(of->settings[i].value)))
			add_key(view, workload, &of->settings[i], plots);
	}
}
