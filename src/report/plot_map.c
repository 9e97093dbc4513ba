/* SPDX-License-Identifier: MIT
 * The address space over time: a picture for each arm and domain, cropped to what was used, with a strip for the whole, and
 * beside it the free runs by their length. */
#include "report/plot.h"

#include "base/memory.h"
#include "report/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of a picture as it is drawn: more cannot be told apart, and a page has many. */
#define ROWS_MAX 50u
#define COLUMNS_MAX 128u
#define HEIGHT 190.0
#define STRIP 7.0
#define TITLE 46.0
#define GAP 20.0
#define MARGIN 12.0
#define KEY_LINE 18.0
/* Of the width: the picture; the rest is for the free runs. */
#define PICTURE_SHARE 0.7

/* What a cell shows: paper, a sort in one of its shades, or one of these. */
enum { CELL_FREE, CELL_CACHED = DRAW_SORTS * DRAW_SHADES + 1, CELL_DEFERRED, CELL_RESERVED, CELL_END };
_Static_assert(RESULT_MAP_REQUESTS_MAX <= DRAW_SORTS, "every request has a sort");

/* Free runs of so many pages, up to the next one. */
static const struct {
	unsigned order;
	const char *style, *name;
} lengths[] = {
	{0, "l8", "< 8 pages"}, {3, "l7", "< 64"},      {6, "l5", "< 512"},
	{9, "l4", "< 4,096"},   {12, "l3", "< 32,768"}, {15, "l1", "longer"},
};
#define LENGTHS (sizeof lengths / sizeof lengths[0])

/* Of an older result, columns with anything live in any row: [first, last). Empty: the whole. */
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

/* Whatever there is has a shade, so that a page in an empty stretch is seen. */
static unsigned char cell_of(const struct result_map *map, size_t at, unsigned *weight)
{
	unsigned live = map->cells[at], cached = 0, deferred = 0, sort = 0;
	if (live >= RESULT_MAP_RESERVED) {
		*weight = 0;
		return CELL_RESERVED;
	}
	if (map->free_runs) {
		cached = map->planes[RESULT_PLANE_CACHED][at];
		deferred = map->planes[RESULT_PLANE_DEFERRED][at];
		sort = map->planes[RESULT_PLANE_REQUEST][at];
		sort -= sort > 0;
	}
	*weight = live + cached + deferred;
	if (deferred > live && deferred >= cached)
		return CELL_DEFERRED;
	if (cached > live)
		return CELL_CACHED;
	return (unsigned char)(live ? 1 + sort * DRAW_SHADES + (live - 1) * DRAW_SHADES / (RESULT_MAP_RESERVED - 1)
				    : CELL_FREE);
}

/* Of neighbours that share a place the one with most in it; of rows that are too many some are left out evenly. */
static void draw_cropped(struct draw *draw, const struct result_map *map, size_t first, size_t last)
{
	const char *styles[CELL_END - 1];
	size_t wide = (last - first + COLUMNS_MAX - 1) / COLUMNS_MAX, columns = (last - first + wide - 1) / wide;
	size_t stride = (map->rows + ROWS_MAX - 1) / ROWS_MAX, rows = 0;
	unsigned char *cells = memory_zeroed(columns * map->rows, 1);
	if (!cells) {
		draw->svg->failed = true;
		return;
	}
	for (size_t row = 0; row < map->rows; row += stride, rows++)
		for (size_t column = first; column < last; column++) {
			unsigned char *cell = &cells[rows * columns + (column - first) / wide];
			unsigned weight = 0, heaviest = 0;
			unsigned char other = cell_of(map, row * map->columns + column, &weight);
			if ((column - first) % wide)
				cell_of(map, row * map->columns + column - 1, &heaviest);
			if ((column - first) % wide == 0 || weight > heaviest)
				*cell = other;
		}
	memcpy(styles, draw_sorts, sizeof draw_sorts);
	styles[CELL_CACHED - 1] = DRAW_STYLE_CACHED;
	styles[CELL_DEFERRED - 1] = DRAW_STYLE_DEFERRED;
	styles[CELL_RESERVED - 1] = DRAW_STYLE_RESERVED;
	draw_cells(draw, columns, rows, cells, styles, CELL_END - 1);
	memory_release(cells);
}

/* Whether anything ever was in a column. */
static bool is_used(const struct result_map *map, size_t column)
{
	for (size_t row = 0; row < map->rows; row++) {
		unsigned weight = 0;
		cell_of(map, row * map->columns + column, &weight);
		if (weight)
			return true;
	}
	return false;
}

/* Above the picture: which parts of the space it shows. */
static void draw_strip(struct draw *draw, const struct draw_box *box, const struct result_map *map)
{
	double begin = map->space_count ? (double)map->space_first : (double)map->first;
	double all = map->space_count ? (double)map->space_count : (double)map->count;
	text_add(draw->svg, "<rect class=\"floor\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.0f\"/>", box->x,
		 box->y - STRIP - 4, box->width, STRIP);
	for (size_t from = 0, to; from < map->columns; from = to) {
		bool used = is_used(map, from);
		for (to = from + 1; to < map->columns && used && is_used(map, to);)
			to++;
		double low = fmax(((double)map->edges[from] - begin) / all, 0);
		double high = fmin(((double)map->edges[to] - begin) / all, 1);
		if (used)
			text_add(draw->svg, "<rect class=\"shown\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.0f\"/>",
				 box->x + low * box->width, box->y - STRIP - 4, fmax((high - low) * box->width, 1), STRIP);
	}
	text_add(draw->svg, "\n");
}

/* Numbers of pages, where there is room for them: all their digits, as neighbours may differ in the last ones alone. */
static void draw_pages(struct draw *draw, const struct draw_box *box, const struct result_map *map, size_t first,
		       size_t last)
{
	double free_from = -INFINITY;
	for (size_t column = first; column <= last; column++) {
		char number[TEXT_NUMBER_BYTES];
		double x = box->x + box->width * (double)(column - first) / (double)(last - first);
		snprintf(number, sizeof number, "%" PRIu64, (uint64_t)map->edges[column]);
		double half = draw_text_width(number) / 2;
		bool jump = column > first && column < last &&
			    map->edges[column + 1] - map->edges[column] > 2 * (map->edges[column] - map->edges[column - 1]);
		if (jump)
			text_add(draw->svg, "<path class=\"gap\" d=\"M%.1f %.1fV%.1f\"/>", x, box->y,
				 box->y + box->height + 4);
		if (x - half < free_from)
			continue;
		draw_label(draw, x, box->y + box->height + 15, DRAW_MIDDLE, DRAW_SOFT, number);
		free_from = x + half + 24;
	}
	draw_label(draw, box->x + box->width / 2, box->y + box->height + 32, DRAW_MIDDLE, DRAW_SOFT, "page");
}

/* Where phases begin, and where requests failed, of all domains together. */
static void draw_events(struct draw *draw, const struct result_arm *arm, bool names)
{
	double failed = 0, begin = 0, at = 0;
	for (size_t i = 0; i < arm->series_count; i++, begin = at) {
		at = arm->series[i].value[RESULT_SERIES_OP];
		double failures = arm->series[i].value[RESULT_SERIES_FAILURES];
		uint32_t phase = arm->series[i].phase;
		if (phase < arm->phase_count && arm->phase_count > 1 && (!i || phase != arm->series[i - 1].phase))
			draw_level_rule(draw, begin, names ? arm->phases[phase].name : NULL,
					draw_y(draw, plot_phase_end(arm, i)) - draw_y(draw, begin));
		if (failures > failed) {
			draw_tick(draw, at);
			failed = failures;
		}
	}
}

/* ---- free runs ---- */

static double runs_of(const struct result_map *map, size_t row, size_t below)
{
	double runs = 0;
	for (unsigned order = 0; order < RESULT_MAP_ORDERS; order++)
		if (below >= LENGTHS || order < lengths[below].order)
			runs += (double)map->free_runs[row * RESULT_MAP_ORDERS + order];
	return runs;
}

static void draw_lengths(struct draw *draw, const struct result_map *map, struct draw_point *points)
{
	size_t stride = (map->rows + ROWS_MAX - 1) / ROWS_MAX, count = 0;
	struct draw_point *one = points, *other = points + map->rows;
	for (size_t i = 0; i < LENGTHS; i++, count = 0) {
		double most = 0;
		for (size_t row = 0; row < map->rows; row += stride, count++) {
			one[count] = (struct draw_point){runs_of(map, row, i), map->ops[row]};
			other[count] = (struct draw_point){runs_of(map, row, i + 1), map->ops[row]};
			most = fmax(most, other[count].x - one[count].x);
		}
		if (most > 0)
			draw_area(draw, lengths[i].style, one, other, count);
	}
}

static void draw_runs(struct draw *draw, const struct result_arm *arm, const struct result_map *map, const char *title,
		      const struct draw_box *box, const struct draw_axis *y)
{
	double most = 0;
	if (!map->free_runs || !map->rows) {
		draw_label(draw, box->x, box->y + 14, DRAW_START, DRAW_SOFT, "Free runs: not in");
		draw_label(draw, box->x, box->y + 28, DRAW_START, DRAW_SOFT, "this older result.");
		return;
	}
	for (size_t row = 0; row < map->rows; row++)
		most = fmax(most, runs_of(map, row, LENGTHS));
	const struct draw_axis x = {"free runs", DRAW_LINEAR, DRAW_COUNT, 0, most > 0 ? 1.05 * most : 1, false};
	struct draw_point *points = memory_zeroed(2 * (size_t)map->rows, sizeof points[0]);
	if (!points) {
		draw->svg->failed = true;
		return;
	}
	draw_plot_begin(draw, box, &x, y, title);
	draw_lengths(draw, map, points);
	draw_events(draw, arm, false);
	draw_plot_end(draw);
	memory_release(points);
}

/* ---- the figure ---- */

/* What a script needs to tell pages: at most as many edges as columns are drawn. */
static void draw_edges(struct draw *draw, const struct result_map *map, size_t first, size_t last)
{
	size_t wide = (last - first + COLUMNS_MAX - 1) / COLUMNS_MAX;
	text_add(draw->svg, "<desc class=\"edges\">");
	for (size_t column = first; column < last; column += wide)
		text_add(draw->svg, "%.0f ", (double)map->edges[column]);
	text_add(draw->svg, "%.0f</desc>\n", (double)map->edges[last]);
}

/* box: for both. */
static void draw_map(struct draw *draw, const struct result_arm *arm, const struct result_map *map, const char *label,
		     const struct draw_box *box)
{
	size_t first = 0, last = map->columns;
	char title[200], number[TEXT_NUMBER_BYTES];
	if (!map->free_runs)
		crop(map, &first, &last);
	double end = map->rows ? map->ops[map->rows - 1] : 1;
	const struct draw_box picture = {box->x, box->y, box->width * PICTURE_SHARE, box->height};
	const struct draw_box runs = {box->x + picture.width + 16, box->y, box->width - picture.width - 16, box->height};
	/* Time goes down: its scale is upside down, and its numbers stand at the ends alone. */
	const struct draw_axis x = {NULL, DRAW_LINEAR, DRAW_COUNT, 0, last > first ? (double)(last - first) : 1, true};
	const struct draw_axis y = {NULL, DRAW_LINEAR, DRAW_COUNT, isfinite(end) && end > 0 ? end : 1, 0, true};
	snprintf(title, sizeof title, "%.60s: %.80s", label, arm->spec);
	if (arm->map_count > 1)
		snprintf(title + strlen(title), sizeof title - strlen(title), ", domain %u", map->domain);
	draw_label(draw, box->x - DRAW_ROOM_LEFT + 4, box->y - 22, DRAW_START, DRAW_STRONG, title);
	draw_strip(draw, &picture, map);
	draw_label(draw, box->x - 7, box->y + 9, DRAW_END, DRAW_SOFT, "0");
	draw_label(draw, box->x - 7, box->y + box->height, DRAW_END, DRAW_SOFT, draw_number(number, DRAW_COUNT, y.low));
	draw_label(draw, box->x - 7, box->y + box->height / 2, DRAW_END, DRAW_SOFT, "operations");
	double end_s = format_device_s(arm, end);
	if (isfinite(end_s))
		draw_label(draw, box->x - 7, box->y + box->height / 2 + 14, DRAW_END, DRAW_SOFT,
			   text_duration(number, end_s * 1e9));
	draw_plot_begin(draw, &picture, &x, &y, title);
	if (last > first)
		draw_cropped(draw, map, first, last);
	draw_edges(draw, map, first, last);
	draw_events(draw, arm, true);
	draw_plot_end(draw);
	if (last > first)
		draw_pages(draw, &picture, map, first, last);
	draw_runs(draw, arm, map, title, &runs, &y);
}

struct key {
	struct draw *draw; /* NULL: to measure alone */
	double x, y, width;
};

static void add_key(struct key *key, const char *style, const char *name)
{
	double wide = 17 + draw_text_width(name) + 16;
	if (key->x > MARGIN && key->x + wide > key->width) {
		key->x = MARGIN;
		key->y += KEY_LINE;
	}
	const struct draw_box part = {key->x, key->y - DRAW_FONT - 2, wide, KEY_LINE};
	if (key->draw) {
		draw_piece(key->draw, &part, 0, name);
		draw_swatch(key->draw, key->x, key->y, style, name);
	}
	key->x += wide;
}

/* Whether any picture of a workload has such a plane, or pages of such a request. */
static bool occurs(const struct report_view *view, size_t workload, enum result_plane plane, unsigned char value)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		for (size_t n = 0; n < arm->map_count; n++)
			for (size_t at = 0; arm->maps[n].free_runs && at < (size_t)arm->maps[n].rows * arm->maps[n].columns;
			     at++)
				if (value ? arm->maps[n].planes[plane][at] == value : arm->maps[n].planes[plane][at] > 0)
					return true;
	}
	return false;
}

static const struct result_map *first_map(const struct report_view *view, size_t workload)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++)
		if (view->result->arms[arms.at[i]].map_count)
			return &view->result->arms[arms.at[i]].maps[0];
	return NULL;
}

/* What colours stand for in a workload's pictures. Returns where the next thing stands. */
static double add_keys(struct draw *draw, const struct report_view *view, size_t workload, double y, double width)
{
	struct key key = {draw, MARGIN, y + DRAW_FONT, width};
	const struct result_map *map = first_map(view, workload);
	if (!map)
		return y;
	for (size_t i = 0; i < map->request_count; i++)
		if (occurs(view, workload, RESULT_PLANE_REQUEST, (unsigned char)(i + 1)))
			add_key(&key, draw_sorts[i * DRAW_SHADES + DRAW_SHADES - 1], map->requests[i]);
	if (!map->free_runs)
		add_key(&key, draw_sorts[DRAW_SHADES - 1], "live");
	if (occurs(view, workload, RESULT_PLANE_CACHED, 0))
		add_key(&key, DRAW_STYLE_CACHED, "cached");
	if (occurs(view, workload, RESULT_PLANE_DEFERRED, 0))
		add_key(&key, DRAW_STYLE_DEFERRED, "deferred");
	add_key(&key, DRAW_STYLE_RESERVED, "reserved");
	for (size_t i = 0; map->free_runs && i < LENGTHS; i++) {
		char name[40];
		snprintf(name, sizeof name, "%s%s", i ? "" : "free runs: ", lengths[i].name);
		add_key(&key, lengths[i].style, name);
	}
	return key.y + KEY_LINE;
}

static size_t maps_of(const struct report_view *view, size_t workload)
{
	size_t count = 0;
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++)
		count += view->result->arms[arms.at[i]].map_count;
	return count;
}

/* The pictures of a workload from y on; draw: NULL to measure alone. Returns where they end. */
static double add_workload(struct draw *draw, const struct report_view *view, size_t workload, double y, double width)
{
	unsigned columns = width > 700 ? 2 : 1;
	size_t maps = maps_of(view, workload), at = 0;
	double each = (width - MARGIN) / (double)columns, high = TITLE + HEIGHT + DRAW_ROOM_BOTTOM + GAP;
	struct report_list arms = report_arms(view, workload);
	struct text label = {0};
	if (!maps)
		return y;
	y = add_keys(draw, view, workload, y, width);
	if (!draw)
		return y + (double)((maps + columns - 1) / columns) * high;
	result_workload_label(&view->result->workloads[workload], &label);
	for (size_t i = 0; i < arms.count; i++) {
		const struct result_arm *arm = &view->result->arms[arms.at[i]];
		for (size_t n = 0; n < arm->map_count; n++, at++) {
			const struct draw_box part = {(double)(at % columns) * each, y + (double)(at / columns) * high,
						      each, high - GAP / 2};
			const struct draw_box box = {part.x + DRAW_ROOM_LEFT + 4, part.y + TITLE,
						     each - DRAW_ROOM_LEFT - 16, HEIGHT};
			draw_piece(draw, &part, columns, arm->spec);
			draw_map(draw, arm, &arm->maps[n], label.failed ? "" : label.bytes, &box);
		}
	}
	draw->svg->failed |= label.failed;
	text_release(&label);
	return y + (double)((maps + columns - 1) / columns) * high;
}

void map_draw(const struct report_view *view, size_t first, size_t count, double width, bool standalone, struct text *svg)
{
	struct draw draw;
	double high = MARGIN, y = MARGIN;
	for (size_t i = first; i < first + count; i++)
		high = add_workload(NULL, view, i, high, width);
	bool any = high > MARGIN;
	const struct draw_box nothing = {0, 0, width, high + MARGIN + TITLE};
	draw_begin_sheet(
		&draw, svg, width, any ? high + MARGIN : nothing.height, "The address space over time",
		"Addresses from left to right, operations from top to bottom; beside it the free runs by their length.",
		standalone);
	if (!any) {
		draw_piece(&draw, &nothing, 1, "no address map");
		draw_label(&draw, MARGIN, MARGIN + TITLE / 2, DRAW_START, DRAW_SOFT, "No address map: there was no audit.");
	}
	for (size_t i = first; i < first + count; i++)
		y = add_workload(&draw, view, i, y, width);
	draw_end(&draw);
}

/* One row for each cell. */
static void write_map(const struct result_map *map, const char *head, struct text *csv)
{
	double steps = RESULT_MAP_RESERVED - 1.0;
	for (size_t at = 0; at < (size_t)map->rows * map->columns; at++) {
		size_t column = at % map->columns;
		bool reserved = map->cells[at] >= RESULT_MAP_RESERVED;
		text_add(csv, "%s,%u,%.0f,%.0f,%.0f,%.4g,", head, map->domain, map->ops[at / map->columns],
			 (double)map->edges[column], (double)(map->edges[column + 1] - map->edges[column]),
			 reserved ? 0 : map->cells[at] / steps);
		unsigned request = map->free_runs ? map->planes[RESULT_PLANE_REQUEST][at] : 0;
		if (map->free_runs)
			text_add(csv, "%.4g,%.4g,", map->planes[RESULT_PLANE_CACHED][at] / steps,
				 map->planes[RESULT_PLANE_DEFERRED][at] / steps);
		else
			text_add(csv, ",,");
		text_add(csv, "%s,", reserved ? "yes" : "no");
		text_add_csv(csv, request && request <= map->request_count ? map->requests[request - 1] : "");
		text_add(csv, "\n");
	}
}

void map_write(const struct report_view *view, struct text *csv)
{
	const struct result *result = view->result;
	text_add(csv, "workload,spec,domain,op,first_page,pages,live_share,cached_share,deferred_share,reserved,request\n");
	for (size_t i = 0; i < result->arm_count; i++) {
		struct text label = {0}, head = {0};
		result_workload_label(&result->workloads[result->arms[i].workload], &label);
		text_add_csv(&head, label.failed ? "" : label.bytes);
		text_add(&head, ",");
		text_add_csv(&head, result->arms[i].spec);
		for (size_t n = 0; n < result->arms[i].map_count && !head.failed; n++)
			write_map(&result->arms[i].maps[n], head.bytes, csv);
		csv->failed |= head.failed || label.failed;
		text_release(&label);
		text_release(&head);
	}
}
