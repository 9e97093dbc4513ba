/* SPDX-License-Identifier: MIT */
#include "report/plot.h"

#include "base/memory.h"
#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define PLOT_HEIGHT 210.0
#define SMALL_HEIGHT 130.0
#define GAP 26.0
#define TITLE 30.0
#define KEY_LINE 18.0
#define MARGIN 12.0

void plots_release(struct plots *plots)
{
	for (size_t i = 0; i < plots->count; i++) {
		struct plot *plot = &plots->plots[i];
		for (size_t n = 0; n < plot->line_count; n++) {
			memory_release(plot->lines[n].points);
			memory_release(plot->lines[n].low);
			memory_release(plot->lines[n].high);
		}
		memory_release(plot->lines);
		memory_release(plot->rules);
		memory_release(plot->title);
	}
	memory_release(plots->plots);
	*plots = (struct plots){0};
}

struct plot *plots_add(struct plots *plots, const char *title, size_t lines)
{
	if (plots->count == plots->capacity) {
		size_t capacity = plots->capacity ? 2 * plots->capacity : 16;
		struct plot *grown = memory_zeroed(capacity, sizeof grown[0]);
		if (!grown) {
			plots->failed = true;
			return NULL;
		}
		for (size_t i = 0; i < plots->count; i++)
			grown[i] = plots->plots[i];
		memory_release(plots->plots);
		plots->plots = grown;
		plots->capacity = capacity;
	}
	struct plot *plot = &plots->plots[plots->count++];
	*plot = (struct plot){.title = memory_text(title), .lines = memory_zeroed(lines, sizeof plot->lines[0])};
	if (!plot->title || !plot->lines) {
		plots->failed = true;
		return NULL;
	}
	return plot;
}

/* Plots of one workload are told apart by what they show, those of several by its name. */
static void make_title(const struct report_view *view, size_t workload, const char *what, struct text *title)
{
	result_workload_label(&view->result->workloads[workload], title);
	text_add(title, ": %s", what);
}

struct plot *plots_add_of(const struct report_view *view, size_t workload, const char *what, struct plots *plots)
{
	struct text title = {0};
	make_title(view, workload, what, &title);
	struct plot *plot = plots_add(plots, title.failed ? "" : title.bytes, report_arms(view, workload).count);
	plots->failed |= title.failed;
	text_release(&title);
	return plot;
}

struct plot_line *plots_add_line(struct plots *plots, struct plot *plot, size_t color, const char *name, size_t points)
{
	struct plot_line *line = &plot->lines[plot->line_count];
	*line = (struct plot_line){
		.color = color, .name = name, .points = memory_zeroed(points, sizeof line->points[0]), .solid = points};
	if (!line->points) {
		plots->failed = true;
		return NULL;
	}
	plot->line_count++;
	return line;
}

bool plots_add_band(struct plots *plots, struct plot_line *line, size_t points)
{
	line->low = memory_zeroed(points, sizeof line->low[0]);
	line->high = memory_zeroed(points, sizeof line->high[0]);
	plots->failed |= !line->low || !line->high;
	return line->low && line->high;
}

static void drop_last(struct plots *plots)
{
	struct plots last = {.plots = memory_zeroed(1, sizeof last.plots[0]), .count = 1};
	if (!last.plots) {
		plots->failed = true;
		return;
	}
	last.plots[0] = plots->plots[--plots->count];
	plots_release(&last);
}

static void widen(double value, bool logarithmic, double *low, double *high)
{
	if (isfinite(value) && (!logarithmic || value > 0)) {
		*low = fmin(*low, value);
		*high = fmax(*high, value);
	}
}

bool plots_fit(struct plots *plots, bool logarithmic)
{
	struct plot *plot = &plots->plots[plots->count - 1];
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < plot->line_count; i++)
		for (size_t n = 0; n < plot->lines[i].count; n++) {
			widen(plot->lines[i].points[n].y, logarithmic, &low, &high);
			if (plot->lines[i].high) {
				widen(plot->lines[i].low[n].y, logarithmic, &low, &high);
				widen(plot->lines[i].high[n].y, logarithmic, &low, &high);
			}
		}
	if (!isfinite(low)) {
		drop_last(plots);
		return false;
	}
	plot->y.scale = logarithmic ? DRAW_LOG : DRAW_LINEAR;
	plot->y.low = logarithmic ? 0.7 * (plot->floor > 0 ? fmin(low, plot->floor) : low) : fmin(low, 0);
	plot->y.high = logarithmic ? 1.4 * high : high > plot->y.low ? high + 0.06 * (high - plot->y.low) : plot->y.low + 1;
	return true;
}

static void draw_line_of(struct draw *draw, const struct plot_line *line)
{
	if (line->high)
		draw_band(draw, line->color, line->low, line->high, line->count);
	draw_line(draw, line->color, line->name, line->points, line->count, line->solid, line->steps);
	for (size_t i = 0; line->marked && i < line->count; i++)
		draw_marker(draw, line->color, line->points[i].x, line->points[i].y, false);
}

/* small: what lines are called is in the key alone. */
static void draw_plot(struct draw *draw, const struct plot *plot, const struct draw_box *box, bool small)
{
	struct draw_end_label labels[32];
	size_t count = 0;
	draw_label(draw, box->x - DRAW_ROOM_LEFT + 4, box->y - 24, DRAW_START, DRAW_STRONG, plot->title);
	char operations[FORMAT_OPERATIONS_BYTES];
	struct draw_axis x = plot->x;
	if (plot->device_s > 0)
		x.title = format_operations(operations, plot->device_s);
	draw_plot_begin(draw, box, &x, &plot->y, plot->title);
	if (plot->floor > 0)
		draw_floor(draw, plot->floor, small ? NULL : "the clock cannot tell");
	for (size_t i = 0; i < plot->rule_count; i++) {
		bool last = i + 1 == plot->rule_count;
		double at = draw_x(draw, plot->rules[i].x), wide = draw_text_width(plot->rules[i].name) + 6;
		double end = last ? box->x + box->width : draw_x(draw, plot->rules[i + 1].x);
		double before = at - (i ? draw_x(draw, plot->rules[i - 1].x) : box->x);
		draw_rule(draw, plot->rules[i].x, plot->rules[i].name, end - at);
		/* The newest moment is the one that matters, and stands at the edge. */
		if (plot->moments && last && wide >= end - at && wide < before)
			draw_label(draw, at - 4, box->y + DRAW_FONT, DRAW_END, DRAW_SOFT, plot->rules[i].name);
	}
	for (size_t i = 0; i < plot->line_count; i++)
		draw_line_of(draw, &plot->lines[i]);
	draw_plot_end(draw);
	for (size_t i = 0; !small && i < plot->line_count && count < sizeof labels / sizeof labels[0]; i++) {
		const struct plot_line *line = &plot->lines[i];
		size_t last = line->count;
		while (last && !isfinite(line->points[last - 1].y))
			last--;
		if (last)
			labels[count++] = (struct draw_end_label){line->color, line->name, line->points[last - 1].y};
	}
	draw_end_labels(draw, labels, count);
}

static double widest_name(const struct plots *plots)
{
	double widest = 0;
	for (size_t i = 0; i < plots->count; i++)
		for (size_t n = 0; n < plots->plots[i].line_count; n++)
			widest = fmax(widest, draw_text_width(plots->plots[i].lines[n].name));
	return widest;
}

/* A key of every arm of the view; draw: NULL to measure alone. Returns how high it is. */
static double add_key(struct draw *draw, const struct report_view *view, double width)
{
	double x = MARGIN, y = MARGIN + DRAW_FONT;
	for (size_t i = 0; i < view->color_count; i++) {
		const char *spec = view->result->arms[view->first[i]].spec;
		double wide = 46 + draw_text_width(spec);
		if (x > MARGIN && x + wide > width) {
			x = MARGIN;
			y += KEY_LINE;
		}
		const struct draw_box part = {x, y - DRAW_FONT - 1, wide, KEY_LINE};
		if (draw) {
			draw_piece(draw, &part, 0, spec);
			draw_key(draw, x, y, i, spec);
		}
		x += wide;
	}
	return y + KEY_LINE - MARGIN;
}

void plots_draw(const struct report_view *view, const struct plots *plots, const char *name, unsigned columns, double width,
		bool standalone, struct text *svg)
{
	struct draw draw;
	bool small = columns > 2;
	assert(columns >= 1);
	size_t rows = (plots->count + columns - 1) / columns;
	double key = add_key(NULL, view, width), room = small ? 0 : fmin(widest_name(plots) + 12, width / columns / 3);
	double tall = small ? SMALL_HEIGHT : PLOT_HEIGHT;
	double each = (width - MARGIN) / columns, high = tall + TITLE + DRAW_ROOM_BOTTOM + GAP;
	draw_begin_sheet(&draw, svg, width, MARGIN + key + (double)(rows ? rows : 1) * high, name, NULL, standalone);
	add_key(&draw, view, width);
	const struct draw_box nothing = {0, MARGIN + key, width, high};
	if (!plots->count) {
		draw_piece(&draw, &nothing, 1, name);
		draw_label(&draw, MARGIN, MARGIN + key + TITLE, DRAW_START, DRAW_SOFT, "Not measured.");
	}
	for (size_t i = 0; i < plots->count; i++) {
		double x = (double)(i % columns) * each, y = MARGIN + key + (double)(i / columns) * high;
		const struct draw_box part = {x, y - DRAW_FONT / 2, each, high - GAP / 2};
		const struct draw_box box = {x + DRAW_ROOM_LEFT + 4, y + TITLE, each - DRAW_ROOM_LEFT - room - 8, tall};
		draw_piece(&draw, &part, columns, plots->plots[i].title);
		draw_plot(&draw, &plots->plots[i], &box, small);
	}
	draw_end(&draw);
}

static void add_number(struct text *csv, double value)
{
	text_add(csv, isfinite(value) ? ",%.17g" : ",", value);
}

void plots_write(const struct plots *plots, struct text *csv)
{
	text_add(csv, "plot,spec,x,y,sure,low,high\n");
	for (size_t i = 0; i < plots->count; i++)
		for (size_t n = 0; n < plots->plots[i].line_count; n++) {
			const struct plot_line *line = &plots->plots[i].lines[n];
			for (size_t at = 0; at < line->count; at++) {
				text_add_csv(csv, plots->plots[i].title);
				text_add(csv, ",");
				text_add_csv(csv, line->name);
				add_number(csv, line->points[at].x);
				add_number(csv, line->points[at].y);
				text_add(csv, ",%s", at < line->solid ? "yes" : "no");
				add_number(csv, line->high ? line->low[at].y : (double)NAN);
				add_number(csv, line->high ? line->high[at].y : (double)NAN);
				text_add(csv, "\n");
			}
		}
}

/* A field of the table as a string of gnuplot in single quotes, in which only they need care. */
static void add_quoted(struct text *script, const char *value)
{
	struct text field = {0};
	text_add_csv(&field, value);
	const char *from = field.failed || !field.length ? "" : field.bytes;
	size_t length = strlen(from), quotes = *from == '"';
	text_add(script, "'");
	for (size_t i = quotes; i + quotes < length; i++) {
		i += quotes && from[i] == '"';
		text_add(script, from[i] == '\'' ? "''" : (unsigned char)from[i] < 0x20 ? " " : "%c", from[i]);
	}
	text_add(script, "'");
	script->failed |= field.failed;
	text_release(&field);
}

void plots_script(const struct plots *plots, const char *data, struct text *script)
{
	text_add(script,
		 "set datafile separator ','\nset key autotitle columnhead outside\nset terminal svg size 900,500\n");
	for (size_t i = 0; i < plots->count; i++) {
		const struct plot *plot = &plots->plots[i];
		text_add(script, "\nset output sprintf('%%s-%zu.svg', ARG0)\nset title ", i + 1);
		add_quoted(script, plot->title);
		text_add(script, " noenhanced\n%s logscale x\n%s logscale y\nset xlabel ",
			 plot->x.scale == DRAW_LOG ? "set" : "unset", plot->y.scale == DRAW_LOG ? "set" : "unset");
		add_quoted(script, plot->x.title ? plot->x.title : "");
		text_add(script, "\nset ylabel ");
		add_quoted(script, plot->y.title ? plot->y.title : "");
		text_add(script, "\nplot");
		for (size_t n = 0; n < plot->line_count; n++) {
			text_add(script, "%s ", n ? ", \\\n    " : "");
			add_quoted(script, data);
			text_add(script, " using (strcol(1) eq ");
			add_quoted(script, plot->title);
			text_add(script, " && strcol(2) eq ");
			add_quoted(script, plot->lines[n].name);
			text_add(script,
				 plot->x.scale == DRAW_TAIL ? " ? -log10(1 - $3) : NaN):4 with %s title "
							    : " ? $3 : NaN):4 with %s title ",
				 plot->lines[n].marked ? "linespoints" : "lines");
			add_quoted(script, plot->lines[n].name);
			text_add(script, " noenhanced");
		}
		text_add(script, "\n");
	}
}
