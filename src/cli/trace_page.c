/* SPDX-License-Identifier: MIT */
#include "cli/trace_page.h"

#include "base/file.h"
#include "base/memory.h"
#include "draw/draw.h"
#include "report/assets.h"

#include <math.h>
#include <stdio.h>

#define WIDTH 860.0
#define HEIGHT 260.0
#define TOP 28.0 /* of a plot: its axis has a title above */

/* A figure of one line. x and y are widened to what the points need. */
static void add_figure(struct text *html, const char *name, const char *about, struct draw_axis x, struct draw_axis y,
		       const struct draw_point *points, size_t count, bool steps)
{
	struct draw draw = {0};
	const struct draw_box box = {DRAW_ROOM_LEFT, TOP, WIDTH - DRAW_ROOM_LEFT - 16, HEIGHT - DRAW_ROOM_BOTTOM - TOP};
	for (size_t i = 0; i < count; i++) {
		x.high = fmax(x.high, points[i].x);
		y.high = fmax(y.high, points[i].y);
	}
	text_add(html, "<h2>");
	text_add_html(html, name);
	text_add(html, "</h2>\n<figure>\n");
	draw_begin(&draw, html, WIDTH, HEIGHT, name, about, false);
	draw_plot_begin(&draw, &box, &x, &y, name);
	draw_line(&draw, 0, name, points, count, count, steps);
	for (size_t i = 0; i < count && !steps; i++)
		draw_dot(&draw, 0, points[i].x, points[i].y);
	draw_plot_end(&draw);
	draw_end(&draw);
	text_add(html, "</figure>\n");
}

static void add_live(struct text *html, const struct recording_shape *shape)
{
	struct draw_point points[SHAPE_POINTS];
	for (size_t i = 0; i < shape->point_count; i++)
		points[i] = (struct draw_point){(double)shape->points[i].op, (double)shape->points[i].live_pages};
	add_figure(html, "live pages over time", "Pages that live after each of equal parts of the recording.",
		   (struct draw_axis){"operations", DRAW_LINEAR, DRAW_COUNT, 0, 1, false},
		   (struct draw_axis){"pages", DRAW_LINEAR, DRAW_COUNT, 0, 1, false}, points, shape->point_count, false);
}

/* The share of all that counts in the first k classes hold, at the end 2^k of each. */
static void add_distribution(struct text *html, const char *name, const char *about, const char *axis,
			     const uint64_t *counts, size_t classes)
{
	struct draw_point points[SHAPE_LIFETIMES + SHAPE_ORDERS];
	uint64_t all = 0, below = 0;
	size_t used = 1;
	for (size_t k = 0; k < classes; k++) {
		all += counts[k];
		used = counts[k] ? k + 1 : used;
	}
	if (!all)
		return;
	for (size_t k = 0; k < used; k++) {
		below += counts[k];
		points[k] = (struct draw_point){ldexp(1, (int)k), (double)below / (double)all};
	}
	add_figure(html, name, about, (struct draw_axis){axis, DRAW_LOG, DRAW_COUNT, 1, 2, false},
		   (struct draw_axis){"so much or less", DRAW_LINEAR, DRAW_SHARE, 0, 1, false}, points, used, false);
}

static int add_cpus(struct text *html, const struct recording_shape *shape)
{
	struct draw_point *points = memory_zeroed((size_t)shape->cpus + 1, sizeof points[0]);
	if (!points)
		return -1;
	for (uint32_t i = 0; i < shape->cpus; i++)
		points[i] =
			(struct draw_point){i, shape->allocs ? (double)shape->cpu_allocs[i] / (double)shape->allocs : 0};
	points[shape->cpus] = (struct draw_point){shape->cpus, points[shape->cpus - 1].y};
	add_figure(html, "allocations by CPU", "The share of the allocations that each CPU made.",
		   (struct draw_axis){"CPU", DRAW_LINEAR, DRAW_COUNT, 0, 1, false},
		   (struct draw_axis){"of the allocations", DRAW_LINEAR, DRAW_SHARE, 0, 0.01, false}, points,
		   (size_t)shape->cpus + 1, true);
	memory_release(points);
	return 0;
}

int trace_page_write(const char *path, const char *name, const struct recording_shape *shape, const struct text *told,
		     struct error *error)
{
	struct text html = {0};
	text_add(&html,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
	text_add_html(&html, name);
	text_add(&html, "</title>\n<style>%s</style>\n<style>%s</style>\n</head>\n<body>\n<header>\n<h1>",
		 report_asset_style, draw_style_sheet);
	text_add_html(&html, name);
	text_add(&html, "</h1>\n</header>\n<main>\n");
	add_live(&html, shape);
	add_distribution(&html, "sizes", "The share of the allocations that asked for so many pages at most.", "pages",
			 shape->orders, SHAPE_ORDERS);
	add_distribution(&html, "lifetimes", "The share of the freed ranges that lived so many operations at most.",
			 "operations", shape->lifetimes, SHAPE_LIFETIMES);
	int result = add_cpus(&html, shape);
	text_add(&html, "<h2>all figures</h2>\n<pre>");
	text_add_html(&html, told->bytes ? told->bytes : "");
	text_add(&html, "</pre>\n</main>\n</body>\n</html>\n");
	result = result || html.failed || told->failed ? error_set(error, EXIT_CODE_IO, "trace: no memory for the page")
						       : file_write_whole(path, html.bytes, html.length, error);
	text_release(&html);
	return result;
}
