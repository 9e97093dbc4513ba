/* SPDX-License-Identifier: MIT
 * What stands in a plot. */
#include "draw/draw.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK 4.0 /* half of its size */
#define LABEL_HEIGHT 13.0

static bool is_place(double x, double y)
{
	return isfinite(x) && isfinite(y);
}

/* As high as it is drawn; NaN: a point that is not there, or has no place. */
static double height_at(const struct draw *draw, const struct draw_point *points, size_t at, size_t count)
{
	double x = at < count ? draw_x(draw, points[at].x) : (double)NAN;
	double y = at < count ? draw_y(draw, points[at].y) : (double)NAN;
	return is_place(x, y) ? round(10 * y) / 10 : (double)NAN;
}

/* Through points first to count - 1, with a gap where one has no place. Of those that lie level only the ends are written. */
static void add_path(struct draw *draw, const struct draw_point *points, size_t first, size_t count, bool steps)
{
	double last = NAN;
	for (size_t i = first; i < count; i++) {
		double x = draw_x(draw, points[i].x), y = height_at(draw, points, i, count);
		if (isnan(last) && isfinite(y))
			text_add(draw->svg, "M%.1f %.1f", x, y);
		else if (y == last && height_at(draw, points, i + 1, count) != y)
			text_add(draw->svg, "H%.1f", x);
		else if (isfinite(y) && y != last)
			text_add(draw->svg, steps ? "H%.1fV%.1f" : "L%.1f %.1f", x, y);
		last = y;
	}
}

void draw_line(struct draw *draw, size_t arm, const char *name, const struct draw_point *points, size_t count, size_t solid,
	       bool steps)
{
	text_add(draw->svg, "<g class=\"series a%zu\" data-name=\"", arm % DRAW_COLORS);
	text_add_html(draw->svg, name);
	text_add(draw->svg, "\">");
	if (solid > count)
		solid = count;
	if (solid) {
		text_add(draw->svg, "<path class=\"line d%zu\" d=\"", arm % DRAW_DASHES);
		add_path(draw, points, 0, solid, steps);
		text_add(draw->svg, "\"/>");
	}
	if (solid < count) {
		text_add(draw->svg, "<path class=\"line unsure\" d=\"");
		add_path(draw, points, solid ? solid - 1 : 0, count, steps);
		text_add(draw->svg, "\"/>");
	}
	text_add(draw->svg, "</g>\n");
}

static void add_mark(struct text *svg, size_t arm, double x, double y, bool hollow)
{
	/* Around (0, 0), of about one area each. */
	static const char *const shapes[DRAW_MARKERS] = {
		"M-4 -4H4V4H-4Z",                                       /* square */
		"M0 -5.2L5.2 4H-5.2Z",                                  /* triangle */
		"M0 -5.4L5.4 0L0 5.4L-5.4 0Z",                          /* diamond */
		"M-4.4 0A4.4 4.4 0 1 1 4.4 0A4.4 4.4 0 1 1 -4.4 0Z",    /* circle */
		"M0 5.2L5.2 -4H-5.2Z",                                  /* triangle, point down */
		"M-1.6 -5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z", /* cross */
		"M-5 -2.6H5V2.6H-5Z",                                   /* bar */
	};
	text_add(svg, "<path class=\"mark a%zu%s\" transform=\"translate(%.2f %.2f)\" d=\"%s\"/>", arm % DRAW_COLORS,
		 hollow ? " hollow" : "", x, y, shapes[arm % DRAW_MARKERS]);
}

void draw_marker(struct draw *draw, size_t arm, double x, double y, bool hollow)
{
	double at_x = draw_x(draw, x), at_y = draw_y(draw, y);
	if (is_place(at_x, at_y))
		add_mark(draw->svg, arm, at_x, at_y, hollow);
}

void draw_dot(struct draw *draw, size_t arm, double x, double y)
{
	double at_x = draw_x(draw, x), at_y = draw_y(draw, y);
	if (is_place(at_x, at_y))
		text_add(draw->svg, "<circle class=\"dot a%zu\" cx=\"%.2f\" cy=\"%.2f\" r=\"2\"/>", arm % DRAW_COLORS, at_x,
			 at_y);
}

void draw_interval(struct draw *draw, size_t arm, double low, double high, double y)
{
	double from = draw_x(draw, low), to = draw_x(draw, high), at = draw_y(draw, y);
	if (is_place(from, at) && isfinite(to))
		text_add(draw->svg, "<path class=\"interval a%zu\" d=\"M%.2f %.2fH%.2f\"/>", arm % DRAW_COLORS, from, at,
			 to);
}

void draw_rule(struct draw *draw, double x, const char *label, double room)
{
	double at = draw_x(draw, x);
	if (!isfinite(at))
		return;
	text_add(draw->svg, "<path class=\"rule\" d=\"M%.2f %.2fV%.2f\"/>", at, draw->box.y,
		 draw->box.y + draw->box.height);
	if (label && draw_text_width(label) + 6 < room)
		draw_label(draw, at + 4, draw->box.y + DRAW_FONT, DRAW_START, DRAW_SOFT, label);
}

void draw_floor(struct draw *draw, double y, const char *label)
{
	const struct draw_box *box = &draw->box;
	double bottom = box->y + box->height, top = fmax(draw_y(draw, y), box->y);
	if (!(top < bottom))
		return;
	text_add(draw->svg, "<rect class=\"floor\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", box->x, top,
		 box->width, bottom - top);
	if (label)
		draw_label(draw, box->x + box->width - 4, bottom - 4, DRAW_END, DRAW_SOFT, label);
}

void draw_area(struct draw *draw, const char *style, const struct draw_point *one, const struct draw_point *other,
	       size_t count)
{
	bool begun = false;
	for (size_t i = 0; i < 2 * count; i++) {
		const struct draw_point *point = i < count ? &one[i] : &other[2 * count - 1 - i];
		double x = draw_x(draw, point->x), y = draw_y(draw, point->y);
		if (!is_place(x, y))
			continue;
		if (!begun)
			text_add(draw->svg, "<path class=\"area %s\" d=\"", style);
		text_add(draw->svg, "%c%.1f %.1f", begun ? 'L' : 'M', x, y);
		begun = true;
	}
	text_add(draw->svg, "%s", begun ? "Z\"/>\n" : "");
}

void draw_band(struct draw *draw, size_t arm, const struct draw_point *low, const struct draw_point *high, size_t count)
{
	char style[32];
	snprintf(style, sizeof style, "band a%zu", arm % DRAW_COLORS);
	draw_area(draw, style, low, high, count);
}

void draw_tick(struct draw *draw, double y)
{
	double at = draw_y(draw, y);
	if (isfinite(at))
		text_add(draw->svg, "<path class=\"tick\" d=\"M%.1f %.1fh-5\"/>", draw->box.x + draw->box.width, at);
}

void draw_level_rule(struct draw *draw, double y, const char *label, double room)
{
	double at = draw_y(draw, y);
	if (!isfinite(at))
		return;
	text_add(draw->svg, "<path class=\"rule\" d=\"M%.2f %.2fH%.2f\"/>", draw->box.x, at, draw->box.x + draw->box.width);
	if (label && room > DRAW_FONT)
		draw_label(draw, draw->box.x + 4, at + DRAW_FONT, DRAW_START, DRAW_SOFT, label);
}

/* ---- cells ---- */

struct table {
	size_t columns, rows;
	const unsigned char *cells;
};

/* The cell behind another one, along a row or down a column. */
static unsigned char cell_at(const struct table *table, bool down, size_t line, size_t at)
{
	return table->cells[down ? at * table->columns + line : line * table->columns + at];
}

/* Runs of a value along rows or down columns, as strokes as wide as a cell; svg: NULL to count them alone. */
static size_t add_runs(struct text *svg, const struct table *table, unsigned char value, bool down)
{
	size_t count = 0, lines = down ? table->columns : table->rows, length = down ? table->rows : table->columns;
	for (size_t line = 0; line < lines; line++)
		for (size_t from = 0; from < length;) {
			size_t to = from;
			while (to < length && cell_at(table, down, line, to) == value)
				to++;
			if (to == from) {
				from++;
				continue;
			}
			count++;
			if (svg && down)
				text_add(svg, "M%zu.5 %zuv%zu", line, from, to - from);
			else if (svg)
				text_add(svg, "M%zu %zu.5h%zu", from, line, to - from);
			from = to;
		}
	return count;
}

void draw_cells(struct draw *draw, size_t columns, size_t rows, const unsigned char *cells, const char *const *styles,
		size_t style_count)
{
	const struct draw_box *box = &draw->box;
	const struct table table = {columns, rows, cells};
	if (!columns || !rows)
		return;
	/* In units of cells, so that they are written in a few characters. */
	text_add(draw->svg,
		 "<svg class=\"cells\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" viewBox=\"0 0 %zu %zu\" "
		 "preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\">",
		 box->x, box->y, box->width, box->height, columns, rows);
	for (size_t i = 0; i < style_count; i++) {
		unsigned char value = (unsigned char)(i + 1);
		size_t along = add_runs(NULL, &table, value, false);
		if (!along)
			continue;
		text_add(draw->svg, "<path class=\"%s\" d=\"", styles[i]);
		add_runs(draw->svg, &table, value, add_runs(NULL, &table, value, true) < along);
		text_add(draw->svg, "\"/>\n");
	}
	text_add(draw->svg, "</svg>\n");
}

static void add_label(struct draw *draw, double x, double y, enum draw_anchor anchor, const char *style, const char *text)
{
	static const char *const anchors[] = {[DRAW_START] = "start", [DRAW_MIDDLE] = "middle", [DRAW_END] = "end"};
	text_add(draw->svg, "<text class=\"%s\" x=\"%.2f\" y=\"%.2f\" text-anchor=\"%s\">", style, x, y, anchors[anchor]);
	text_add_html(draw->svg, text);
	text_add(draw->svg, "</text>\n");
}

void draw_label(struct draw *draw, double x, double y, enum draw_anchor anchor, enum draw_voice voice, const char *text)
{
	static const char *const voices[] = {
		[DRAW_PLAIN] = "plain", [DRAW_STRONG] = "strong", [DRAW_SOFT] = "soft", [DRAW_BAD] = "bad"};
	add_label(draw, x, y, anchor, voices[voice], text);
}

double draw_key(struct draw *draw, double x, double y, size_t arm, const char *name)
{
	text_add(draw->svg, "<path class=\"line d%zu a%zu\" d=\"M%.2f %.2fh24\"/>", arm % DRAW_DASHES, arm % DRAW_COLORS, x,
		 y - 4);
	add_mark(draw->svg, arm, x + 12, y - 4, false);
	add_label(draw, x + 30, y, DRAW_START, "plain", name);
	return 30 + draw_text_width(name);
}

double draw_swatch(struct draw *draw, double x, double y, const char *style, const char *name)
{
	text_add(draw->svg, "<path class=\"area %s\" d=\"M%.2f %.2fh12v10h-12Z\"/>", style, x, y - 9);
	add_label(draw, x + 17, y, DRAW_START, "plain", name);
	return 17 + draw_text_width(name);
}

struct placed {
	const struct draw_end_label *label;
	double y;
};

static int by_height(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;
	return (left->y > right->y) - (left->y < right->y);
}

bool draw_end_labels(struct draw *draw, const struct draw_end_label *labels, size_t count)
{
	struct placed placed[64];
	size_t used = 0;
	double top = draw->box.y + DRAW_FONT / 2, bottom = draw->box.y + draw->box.height;
	if (count > sizeof placed / sizeof placed[0] || (double)count * LABEL_HEIGHT > draw->box.height)
		return false;
	for (size_t i = 0; i < count; i++) {
		double y = draw_y(draw, labels[i].y);
		if (isfinite(y))
			placed[used++] = (struct placed){&labels[i], fmin(fmax(y, top), bottom)};
	}
	qsort(placed, used, sizeof placed[0], by_height);
	for (size_t i = 1; i < used; i++)
		placed[i].y = fmax(placed[i].y, placed[i - 1].y + LABEL_HEIGHT);
	/* What was pushed out at the bottom goes back up, and the others before it. */
	double most = bottom;
	for (size_t i = used; i-- > 0; most = placed[i].y - LABEL_HEIGHT)
		placed[i].y = fmin(placed[i].y, most);
	for (size_t i = 0; i < used; i++) {
		text_add(draw->svg, "<g class=\"series a%zu\" data-name=\"", placed[i].label->arm % DRAW_COLORS);
		text_add_html(draw->svg, placed[i].label->name);
		text_add(draw->svg, "\">");
		add_label(draw, draw->box.x + draw->box.width + 6, placed[i].y + 4, DRAW_START, "arm",
			  placed[i].label->name);
		text_add(draw->svg, "</g>\n");
	}
	return true;
}
