/* SPDX-License-Identifier: MIT
 * Latencies by percentile: of the phase whose figures an arm has, and of all phases side by side. */
#include "report/plot.h"

#include <math.h>
#include <stdio.h>

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

static const struct result_phase *phase_of(const struct result_arm *arm, size_t phase)
{
	return phase < arm->phase_count ? &arm->phases[phase] : NULL;
}

/* Of the phase with this number, or with SIZE_MAX of the one whose figures each arm has. */
static bool has_samples(const struct report_view *view, size_t workload, size_t phase, size_t kind)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		const struct result_phase *its = phase_of(arm, phase == SIZE_MAX ? arm->figures_phase : phase);
		if (its && its->latency[kind].count)
			return true;
	}
	return false;
}

static void fill_kind(const struct report_view *view, size_t workload, size_t phase, size_t kind, const char *what,
		      struct plots *plots)
{
	struct report_list arms = report_arms(view, workload);
	struct plot *plot = plots_add_of(view, workload, what, plots);
	if (!plot)
		return;
	plot->x = (struct draw_axis){"percentile", DRAW_TAIL, DRAW_SHARE, 0, 0.9, false};
	plot->y = (struct draw_axis){"latency", DRAW_LOG, DRAW_NS, 0, 0, false};
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		const struct result_phase *its = phase_of(arm, phase == SIZE_MAX ? arm->figures_phase : phase);
		if (its && its->latency[kind].count)
			add_curve(view, arms.at[i], &its->latency[kind], plots, plot);
	}
	plots_fit(plots, true);
}

void plot_percentiles(const struct report_view *view, size_t workload, struct plots *plots)
{
	for (size_t kind = 0; kind < METRIC_KIND_COUNT && !plots->failed; kind++) {
		char what[64];
		snprintf(what, sizeof what, "latency of %s", metric_kind_name[kind]);
		if (has_samples(view, workload, SIZE_MAX, kind))
			fill_kind(view, workload, SIZE_MAX, kind, what, plots);
	}
}

/* ---- phases ---- */

/* The arm with the most phases: others ended before. SIZE_MAX: no arm has any. */
static size_t longest_arm(const struct report_view *view, size_t workload)
{
	struct report_list arms = report_arms(view, workload);
	size_t longest = SIZE_MAX, most = 0;
	for (size_t i = 0; i < arms.count; i++)
		if (view->result->arms[arms.at[i]].phase_count > most) {
			longest = arms.at[i];
			most = view->result->arms[longest].phase_count;
		}
	return longest;
}

/* In one phase alone, and that the one whose figures stand everywhere: plot_percentiles has it. */
static bool is_shown_already(const struct report_view *view, size_t workload, const struct result_arm *arm, size_t kind)
{
	for (size_t phase = 0; phase < arm->phase_count; phase++)
		if (phase != arm->figures_phase && has_samples(view, workload, phase, kind))
			return false;
	return true;
}

/* What stands side by side has one scale. */
static void share_scale(struct plots *plots, size_t first)
{
	double low = INFINITY, high = 0, end = 0;
	for (size_t i = first; i < plots->count; i++) {
		low = fmin(low, plots->plots[i].y.low);
		high = fmax(high, plots->plots[i].y.high);
		end = fmax(end, plots->plots[i].x.high);
	}
	for (size_t i = first; i < plots->count; i++) {
		plots->plots[i].y.low = low;
		plots->plots[i].y.high = high;
		plots->plots[i].x.high = end;
	}
}

void plot_phases(const struct report_view *view, size_t workload, struct plots *plots)
{
	size_t longest = longest_arm(view, workload), first = plots->count;
	const struct result_arm *arm = longest == SIZE_MAX ? NULL : &view->result->arms[longest];
	for (size_t kind = 0; arm && kind < METRIC_KIND_COUNT; kind++) {
		if (is_shown_already(view, workload, arm, kind))
			continue;
		for (size_t phase = 0; phase < arm->phase_count && !plots->failed; phase++) {
			char what[96];
			snprintf(what, sizeof what, "%.60s, %s", arm->phases[phase].name, metric_kind_name[kind]);
			if (has_samples(view, workload, phase, kind))
				fill_kind(view, workload, phase, kind, what, plots);
		}
	}
	share_scale(plots, first);
}
