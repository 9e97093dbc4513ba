/* SPDX-License-Identifier: MIT
 * The address space over time: a picture for each arm and domain, cropped to what was used, with a strip for the whole. */
#include "report/plot.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>

#define ROWS_MAX 64u
#define HEIGHT 190.0
#define STRIP 7.0
#define TITLE 46.0
#define GAP 20.0
#define MARGIN 12.0

/* Columns with anything live in any row: [first, last). Empty: the whole. */
static void crop(const struct result_map *map, size_t *first, size_t *last)
{
	size_t low = map->columns, high = 0;
	for (size_t row = 0; row < map->rows; row++)
		for (size_t column = 0; column < map->columns; column++) {
			unsigned cell = map->cells[row * map->columns + column];
			if (!cell || cell >= RESULT_MAP_RESERVED)
				continue;
			low = column < low ? column : low;
			high = column + 1 > high ? column + 1 : high;
		}
	*first = low < high ? low : 0;
	*last = low < high ? high : map->columns;
}

/* A page in an empty stretch must be seen: whatever is live has a level. */
static unsigned char level_of(unsigned cell)
{
	if (cell >= RESULT_MAP_RESERVED)
		return DRAW_HATCHED;
	return (unsigned char)(cell ? 1 + cell * (DRAW_LEVELS - 1) / (RESULT_MAP_RESERVED - 1) : 0);
}

/* More rows than can be seen are left out evenly. */
static void draw_cropped(struct draw *draw, const struct result_map *map, size_t first, size_t last)
{
	size_t columns = last - first, stride = (map->rows + ROWS_MAX - 1) / ROWS_MAX, rows = 0;
	unsigned char *levels = memory_zeroed(columns * map->rows, 1);
	if (!levels) {
		draw->svg->failed = true;
		return;
	}
	for (size_t row = 0; row < map->rows; row += stride, rows++)
		for (size_t column = 0; column < columns; column++)
			levels[rows * columns + column] = level_of(map->cells[row * map->columns + first + column]);
	draw_cells(draw, columns, rows, levels);
	memory_release(levels);
}

/* Above the picture: which part of the space it shows. */
static void draw_strip(struct draw *draw, const struct draw_box *box, const struct result_map *map, size_t first,
		       size_t last)
{
	double from = box->x + box->width * (double)first / (double)map->columns;
	double wide = box->width * (double)(last - first) / (double)map->columns;
	text_add(draw->svg,
		 "<rect class=\"floor\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.0f\"/>"
		 "<rect class=\"shown\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.0f\"/>\n",
		 box->x, box->y - STRIP - 4, box->width, STRIP, from, box->y - STRIP - 4, fmax(wide, 1), STRIP);
}

static void draw_map(struct draw *draw, const struct result_arm *arm, const struct result_map *map, const char *label,
		     const struct draw_box *box)
{
	size_t first, last;
	char title[160];
	crop(map, &first, &last);
	double page = (double)map->first, each = (double)map->count / map->columns;
	double low = page + each * (double)first, high = page + each * (double)last;
	double end = map->rows ? map->ops[map->rows - 1] : 1;
	/* Time goes down: its scale is upside down, and its numbers stand at the ends alone. */
	const struct draw_axis x = {"page", DRAW_LINEAR, DRAW_COUNT, low, high > low ? high : low + 1, false};
	const struct draw_axis y = {NULL, DRAW_LINEAR, DRAW_COUNT, isfinite(end) && end > 0 ? end : 1, 0, true};
	char number[TEXT_NUMBER_BYTES];
	snprintf(title, sizeof title, "%.60s: %.80s", label, arm->spec);
	draw_label(draw, box->x - DRAW_ROOM_LEFT + 4, box->y - 22, DRAW_START, DRAW_STRONG, title);
	draw_strip(draw, box, map, first, last);
	draw_label(draw, box->x - 7, box->y + 9, DRAW_END, DRAW_SOFT, "0");
	draw_label(draw, box->x - 7, box->y + box->height, DRAW_END, DRAW_SOFT, draw_number(number, DRAW_COUNT, y.low));
	draw_label(draw, box->x - 7, box->y + box->height / 2, DRAW_END, DRAW_SOFT, "operations");
	draw_plot_begin(draw, box, &x, &y, title);
	draw_cropped(draw, map, first, last);
	draw_plot_end(draw);
}

static size_t maps_of(const struct report_view *view, size_t first, size_t workloads)
{
	size_t count = 0;
	for (size_t workload = first; workload < first + workloads; workload++) {
		struct report_list arms = report_arms(view, workload);
		for (size_t i = 0; i < arms.count; i++)
			count += view->result->arms[arms.at[i]].map_count;
	}
	return count;
}

void map_draw(const struct report_view *view, size_t first, size_t count, double width, bool standalone, struct text *svg)
{
	struct draw draw;
	const struct result *result = view->result;
	size_t columns = width > 1000 ? 3 : width > 500 ? 2 : 1, maps = maps_of(view, first, count), at = 0;
	double each = (width - MARGIN) / (double)columns, high = TITLE + HEIGHT + DRAW_ROOM_BOTTOM + GAP;
	draw_begin(&draw, svg, width, 2 * MARGIN + (double)((maps + columns - 1) / columns + !maps) * high,
		   "The address space over time",
		   "Addresses from left to right, operations from top to bottom; the darker, the larger the live share.",
		   standalone);
	if (!maps)
		draw_label(&draw, MARGIN, MARGIN + TITLE, DRAW_START, DRAW_SOFT, "Not measured.");
	for (size_t workload = first; workload < first + count; workload++) {
		struct report_list arms = report_arms(view, workload);
		struct text label = {0};
		result_workload_label(&result->workloads[workload], &label);
		svg->failed |= label.failed;
		for (size_t i = 0; i < arms.count; i++) {
			const struct result_arm *arm = &result->arms[arms.at[i]];
			for (size_t n = 0; n < arm->map_count; n++, at++) {
				const struct draw_box box = {(double)(at % columns) * each + DRAW_ROOM_LEFT + 4,
							     MARGIN + TITLE + (double)(at / columns) * high,
							     each - DRAW_ROOM_LEFT - 16, HEIGHT};
				draw_map(&draw, arm, &arm->maps[n], label.failed ? "" : label.bytes, &box);
			}
		}
		text_release(&label);
	}
	draw_end(&draw);
}

void map_write(const struct report_view *view, struct text *csv)
{
	const struct result *result = view->result;
	text_add(csv, "workload,spec,domain,op,first_page,pages,live_share,reserved\n");
	for (size_t i = 0; i < result->arm_count; i++) {
		struct text label = {0}, head = {0};
		result_workload_label(&result->workloads[result->arms[i].workload], &label);
		text_add_csv(&head, label.failed ? "" : label.bytes);
		text_add(&head, ",");
		text_add_csv(&head, result->arms[i].spec);
		for (size_t n = 0; n < result->arms[i].map_count && !head.failed; n++) {
			const struct result_map *map = &result->arms[i].maps[n];
			double each = (double)map->count / map->columns;
			for (size_t cell = 0; cell < (size_t)map->rows * map->columns; cell++) {
				bool reserved = map->cells[cell] >= RESULT_MAP_RESERVED;
				text_add(csv, "%s,%u,%.0f,%.0f,%.0f,%.4g,%s\n", head.bytes, map->domain,
					 map->ops[cell / map->columns],
					 (double)map->first + each * (double)(cell % map->columns), each,
					 reserved ? 0 : map->cells[cell] / (RESULT_MAP_RESERVED - 1.0),
					 reserved ? "yes" : "no");
			}
		}
		csv->failed |= head.failed || label.failed;
		text_release(&label);
		text_release(&head);
	}
}
