/* SPDX-License-Identifier: MIT
 * The frame of a figure: its style, plots and axes. */
#include "draw/draw.h"

#include <assert.h>
#include <math.h>

void draw_begin(struct draw *draw, struct text *svg, double width, double height, const char *name, const char *about,
		bool standalone)
{
	assert(width > 0 && height > 0);
	*draw = (struct draw){.svg = svg, .width = width, .height = height};
	if (standalone)
		text_add(svg, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	text_add(svg, "<svg class=\"figure\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 %.0f %.0f\"",
		 width, height);
	if (standalone)
		text_add(svg, " width=\"%.0f\" height=\"%.0f\"", width, height);
	text_add(svg, "><title>");
	text_add_html(svg, name);
	text_add(svg, "</title><desc>");
	text_add_html(svg, about ? about : "");
	text_add(svg, "</desc>\n");
	if (standalone) {
		text_add(svg, "<style>\n");
		draw_style(svg);
		text_add(svg, "</style><rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n");
	}
}

void draw_begin_sheet(struct draw *draw, struct text *svg, double width, double height, const char *name, const char *about,
		      bool standalone)
{
	if (standalone) {
		draw_begin(draw, svg, width, height, name, about, true);
		return;
	}
	*draw = (struct draw){.svg = svg, .width = width, .height = height, .sheet = true};
	text_add(svg, "<div class=\"sheet\" role=\"group\" aria-label=\"");
	text_add_html(svg, name);
	text_add(svg, "\">");
}

void draw_piece(struct draw *draw, const struct draw_box *part, unsigned columns, const char *name)
{
	assert(!draw->in_plot && columns <= 4 && part->width > 0 && part->height > 0);
	if (!draw->sheet)
		return;
	text_add(draw->svg, "%s%s", draw->open ? "</svg>\n" : "", draw->keys && columns ? "<br>" : "");
	draw->open = true;
	draw->keys = !columns;
	text_add(draw->svg, "<svg class=\"figure ");
	if (columns)
		text_add(draw->svg, "piece c%u\"", columns);
	else
		text_add(draw->svg, "key\" width=\"%.0f\" height=\"%.0f\"", part->width, part->height);
	text_add(draw->svg, " role=\"img\" viewBox=\"%.1f %.1f %.1f %.1f\" aria-label=\"", part->x, part->y, part->width,
		 part->height);
	text_add_html(draw->svg, name);
	text_add(draw->svg, "\">");
}

void draw_end(struct draw *draw)
{
	assert(!draw->in_plot);
	if (!draw->sheet || draw->open)
		text_add(draw->svg, "</svg>\n");
	if (draw->sheet)
		text_add(draw->svg, "</div>");
}

double draw_text_width(const char *text)
{
	size_t letters = 0;
	for (const char *at = text; *at; at++)
		letters += ((unsigned char)*at & 0xc0) != 0x80;
	return 0.56 * DRAW_FONT * (double)letters;
}

static void add_x_axis(struct draw *draw)
{
	const struct draw_box *box = &draw->box;
	double ticks[DRAW_TICKS_MAX], bottom = box->y + box->height, free_from = -INFINITY;
	size_t count = draw->x.bare ? 0 : draw_ticks(&draw->x, box->width, 44, ticks);
	for (size_t i = 0; i < count; i++) {
		char number[TEXT_NUMBER_BYTES];
		double x = draw_x(draw, ticks[i]), half = draw_text_width(draw_number(number, draw->x.unit, ticks[i])) / 2;
		text_add(draw->svg, "<path class=\"grid\" d=\"M%.2f %.2fV%.2f\"/>", x, box->y, bottom);
		if (x - half < free_from)
			continue;
		free_from = x + half + 6;
		draw_label(draw, x, bottom + 15, DRAW_MIDDLE, DRAW_SOFT, number);
	}
	if (draw->x.title)
		draw_label(draw, box->x + box->width / 2, bottom + 32, DRAW_MIDDLE, DRAW_SOFT, draw->x.title);
}

static void add_y_axis(struct draw *draw)
{
	const struct draw_box *box = &draw->box;
	double ticks[DRAW_TICKS_MAX];
	size_t count = draw->y.bare ? 0 : draw_ticks(&draw->y, box->height, 28, ticks);
	for (size_t i = 0; i < count; i++) {
		char number[TEXT_NUMBER_BYTES];
		double y = draw_y(draw, ticks[i]);
		text_add(draw->svg, "<path class=\"grid\" d=\"M%.2f %.2fH%.2f\"/>", box->x, y, box->x + box->width);
		draw_label(draw, box->x - 7, y + 4, DRAW_END, DRAW_SOFT, draw_number(number, draw->y.unit, ticks[i]));
	}
	if (draw->y.title)
		draw_label(draw, box->x - DRAW_ROOM_LEFT + 4, box->y - 9, DRAW_START, DRAW_SOFT, draw->y.title);
}

void draw_plot_begin(struct draw *draw, const struct draw_box *box, const struct draw_axis *x, const struct draw_axis *y,
		     const char *key)
{
	static const char *const scales[] = {[DRAW_LINEAR] = "linear", [DRAW_LOG] = "log", [DRAW_TAIL] = "tail"};
	static const char *const units[] = {[DRAW_COUNT] = "count", [DRAW_NUMBER] = "number", [DRAW_NS] = "ns",
					    [DRAW_BYTES] = "bytes", [DRAW_SHARE] = "share",   [DRAW_TIMES] = "times"};
	assert(!draw->in_plot && box->width > 0 && box->height > 0);
	draw->box = *box;
	draw->x = *x;
	draw->y = *y;
	text_add(draw->svg, "<g class=\"axes\">");
	add_x_axis(draw);
	add_y_axis(draw);
	text_add(draw->svg, "</g>\n");
	/* A nested picture cuts at its edges without an identity of its own, which a page with many figures would need. */
	text_add(draw->svg,
		 "<svg class=\"plot\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" viewBox=\"%.2f %.2f %.2f %.2f\" "
		 "data-x=\"%s %s %.17g %.17g\" data-y=\"%s %s %.17g %.17g\" data-key=\"",
		 box->x, box->y, box->width, box->height, box->x, box->y, box->width, box->height, scales[x->scale],
		 units[x->unit], x->low, x->high, scales[y->scale], units[y->unit], y->low, y->high);
	text_add_html(draw->svg, key ? key : "");
	text_add(draw->svg, "\">\n");
	draw->in_plot = true;
}

void draw_plot_end(struct draw *draw)
{
	const struct draw_box *box = &draw->box;
	assert(draw->in_plot);
	draw->in_plot = false;
	text_add(draw->svg, "</svg><path class=\"edge\" d=\"M%.2f %.2fV%.2fH%.2f\"/>\n", box->x,
		 draw->y.bare ? box->y + box->height : box->y, box->y + box->height, box->x + box->width);
}
