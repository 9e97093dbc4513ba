/* SPDX-License-Identifier: MIT
 * Plots of a result as data: what a figure shows, before it is drawn or written as a table. */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include "draw/draw.h"
#include "report/view.h"

#include <stdbool.h>
#include <stddef.h>

struct plot_line {
	size_t color; /* the view's, of its arm */
	const char *name;
	struct draw_point *points;
	size_t count;
	size_t solid; /* points that are to be relied on */
	bool steps, marked;
	struct draw_point *low, *high; /* count each: where a value may lie; NULL: nothing is known of it */
};

struct plot_rule {
	double x;
	const char *name;
};

struct plot {
	char *title; /* owned */
	struct draw_axis x, y;
	double device_s; /* of all operations, where x counts these; 0 and NaN: not known */
	struct plot_line *lines;
	size_t line_count;
	double floor; /* y below which the clock cannot tell; 0: none */
	struct plot_rule *rules;
	size_t rule_count;
	bool moments; /* rules tell of moments, else of what follows them */
};

/* Zeroed before the first one is added; names of lines and rules are the result's. */
struct plots {
	struct plot *plots;
	size_t count, capacity;
	bool failed; /* no memory */
};
void plots_release(struct plots *plots);
/* The next plot, with room for so many lines; NULL: no memory, which is noted. title: copied. */
struct plot *plots_add(struct plots *plots, const char *title, size_t lines);
/* Named after a workload and what it shows, with room for a line of each of its arms. */
struct plot *plots_add_of(const struct report_view *view, size_t workload, const char *what, struct plots *plots);
/* The next line of a plot, with room for so many points; NULL likewise. */
struct plot_line *plots_add_line(struct plots *plots, struct plot *plot, size_t color, const char *name, size_t points);
/* Room for the band of a line, with as many points as the line has room for. false: no memory, which is noted. */
bool plots_add_band(struct plots *plots, struct plot_line *line, size_t points);
/* Sets the axis of y to what the lines need: from 0, or on a scale of logarithms around them. A plot without a finite value is
 * taken back: false. */
bool plots_fit(struct plots *plots, bool logarithmic);

/* Operations done at the end of the phase that a row of an arm's series belongs to. O(rows). */
double plot_phase_end(const struct result_arm *arm, size_t row);

/* Adds what one workload has to show. */
typedef void plot_fill(const struct report_view *view, size_t workload, struct plots *plots);
plot_fill plot_percentiles, plot_phases, plot_domains, plot_space, plot_fragmentation, plot_latency, plot_failures;
/* What several combinations of a sweep show together: for the first of them alone. */
plot_fill plot_sweep, plot_load, plot_scaling;

/* All plots as one figure, in so many columns, small ones in more than two; width: of the figure. */
void plots_draw(const struct report_view *view, const struct plots *plots, const char *name, unsigned columns, double width,
		bool standalone, struct text *svg);
/* One row for each point: plot, spec, x, y, sure, low, high. */
void plots_write(const struct plots *plots, struct text *csv);
/* What redraws the table with gnuplot. data: its file. */
void plots_script(const struct plots *plots, const char *data, struct text *script);

/* ---- ratios of all workloads in one figure ---- */

/* Of workloads first to first + count - 1. */
void forest_draw(const struct report_view *view, size_t first, size_t count, double width, bool standalone,
		 struct text *svg);
void forest_write(const struct report_view *view, struct text *csv);

/* ---- latencies over operations ---- */

void heat_draw(const struct report_view *view, size_t first, size_t count, double width, bool standalone, struct text *svg);
/* One row for each bin with samples. */
void heat_write(const struct report_view *view, struct text *csv);

/* ---- the address space over time ---- */

void map_draw(const struct report_view *view, size_t first, size_t count, double width, bool standalone, struct text *svg);
/* One row for each cell. */
void map_write(const struct report_view *view, struct text *csv);

#endif
