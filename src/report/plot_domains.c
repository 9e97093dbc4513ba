/* SPDX-License-Identifier: MIT
 * What each domain of a workload ended with. */
#include "report/plot.h"

#include <math.h>

static const struct {
	enum metric metric;
	const char *what, *axis;
	enum draw_unit unit;
} figures[] = {
	{METRIC_FAILURES_TOTAL, "failed requests", "requests", DRAW_COUNT},
	{METRIC_SPAN_PAGES, "span", "pages", DRAW_COUNT},
	{METRIC_UNUSABLE_2MIB, "unusable 2 MiB", "unusable", DRAW_SHARE},
	{METRIC_FREE_EXTENTS, "free runs", "runs", DRAW_COUNT},
	{METRIC_PAGE_TABLE_PAGES, "page tables", "pages", DRAW_COUNT},
};

static void add_arm(const struct report_view *view, size_t arm, enum metric metric, struct plots *plots, struct plot *plot)
{
	const struct result_arm *of = &view->result->arms[arm];
	struct plot_line *line =
		of->domain_count > 1 ? plots_add_line(plots, plot, view->color[arm], of->spec, of->domain_count) : NULL;
	for (size_t i = 0; line && i < of->domain_count; i++) {
		double value = of->domains[i].figures.value[metric];
		if (isfinite(value))
			line->points[line->count++] = (struct draw_point){(double)i, value};
		plot->x.high = fmax(plot->x.high, (double)i + 0.25);
	}
	if (!line)
		return;
	line->solid = line->count;
	line->marked = true;
}

/* What is nowhere anything but 0 is worth no picture. */
static bool is_known(const struct report_view *view, size_t workload, enum metric metric)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *of = &view->result->arms[arms.at[i]];
		for (size_t n = 0; n < of->domain_count; n++)
			if (isfinite(of->domains[n].figures.value[metric]) && of->domains[n].figures.value[metric] != 0)
				return true;
	}
	return false;
}

void plot_domains(const struct report_view *view, size_t workload, struct plots *plots)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t n = 0; n < sizeof figures / sizeof figures[0]; n++) {
		if (!is_known(view, workload, figures[n].metric))
			continue;
		struct plot *plot = plots_add_of(view, workload, figures[n].what, plots);
		if (!plot)
			return;
		plot->x = (struct draw_axis){"domain", DRAW_LINEAR, DRAW_COUNT, -0.25, 1, false};
		plot->y = (struct draw_axis){figures[n].axis, DRAW_LINEAR, figures[n].unit, 0, 0, false};
		for (size_t i = 0; i < arms.count; i++)
			add_arm(view, arms.at[i], figures[n].metric, plots, plot);
		plots_fit(plots, false);
	}
}
