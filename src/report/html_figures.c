/* SPDX-License-Identifier: MIT
 * Figures of the HTML report and the data behind them. */
#include "report/html.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

#define MAP_CELLS_MAX 65536u /* of one arm */
#define SERIES_ROWS_MAX 400u

static void add_figure(const char *kind, const char *title, const char *caption, struct text *html)
{
	text_add(html,
		 "<figure class=\"chart\" data-chart=\"%s\"><div class=\"head\"><h3>%s</h3><span "
		 "class=\"choice\"></span></div>"
		 "<div class=\"plot\" role=\"img\" aria-label=\"%s\"></div><p "
		 "class=\"readout\"></p><figcaption>%s</figcaption></figure>\n",
		 kind, title, title, caption);
}

static bool has_arms_with_data(const struct report_view *view, size_t workload)
{
	struct report_list arms = report_arms(view, workload);
	for (size_t i = 0; i < arms.count; i++)
		if (view->result->arms[arms.at[i]].phase_count)
			return true;
	return false;
}

void html_figures(const struct report_view *view, size_t workload, struct text *html)
{
	if (!has_arms_with_data(view, workload))
		return;
	text_add(html, "<div class=\"legend\"></div>\n<div class=\"charts\">\n");
	add_figure("percentiles", "Latency by percentile",
		   "Each step to the right leaves ten times fewer calls: a flat line is a predictable allocator, "
		   "a cliff is its tail. In the shaded region the clock cannot tell.",
		   html);
	add_figure("latency", "Latency over time",
		   "One point per stretch of operations: a line that climbs is an allocator that ages.", html);
	add_figure("fragmentation", "The space over time",
		   "The state of the space at the same points: what remains usable decides whether the next large request "
		   "fits.",
		   html);
	text_add(html, "</div>\n"
		       "<figure class=\"chart pictures\" data-chart=\"maps\"><div class=\"head\"><h3>The address space "
		       "over time</h3><span class=\"ramp\"></span></div><div class=\"maps\"></div><figcaption>Address "
		       "from left to right, time from top to bottom; the darker, the larger the live share of that piece "
		       "of the space. A sharp edge is a compact allocator, a blur is fragmentation; "
		       "hatched is reserved.</figcaption></figure>\n");
}

/* ---- data ---- */

/* Six digits are more than a picture shows. */
static void append_number(struct json_writer *writer, json_t *array, double value)
{
	json_append(writer, array, json_double_rounded(value, 6));
}

static void add_latency(struct json_writer *writer, json_t *object, const struct result_latency *latency)
{
	struct result_point points[RESULT_CURVE_MAX];
	size_t count = result_latency_curve(latency, points);
	json_put(writer, object, "resolution", json_double_rounded(latency->resolution_ns, 6));
	json_put_u64(writer, object, "count", latency->count);
	json_t *curve = json_put_array(writer, object, "curve");
	for (size_t i = 0; i < count; i++) {
		json_t *point = json_append_array(writer, curve);
		json_append(writer, point, json_double(points[i].percentile));
		append_number(writer, point, points[i].ns);
	}
}

/* Rows are joined when there are too many to be seen: the largest latency of a group stays, of everything else the last. */
static double joined(const struct result_arm *arm, size_t from, size_t to, size_t column)
{
	double value = arm->series[to - 1].value[column];
	if (column == RESULT_SERIES_ALLOC_MAX_NS)
		for (size_t i = from; i < to; i++)
			value = fmax(value, arm->series[i].value[column]);
	return value;
}

static bool has_column(const struct result_arm *arm, size_t column)
{
	for (size_t i = 0; i < arm->series_count; i++)
		if (isfinite(arm->series[i].value[column]))
			return true;
	return false;
}

static void add_series(struct json_writer *writer, json_t *object, const struct result_arm *arm)
{
	size_t stride = (arm->series_count + SERIES_ROWS_MAX - 1) / SERIES_ROWS_MAX;
	json_t *phases = json_put_array(writer, object, "phase");
	for (size_t i = 0; i < arm->series_count; i += stride)
		json_append(writer, phases, json_u64(arm->series[i].phase));
	for (size_t column = 0; column < RESULT_SERIES_COUNT; column++) {
		if (!has_column(arm, column))
			continue;
		json_t *values = json_put_array(writer, object, result_series_name[column]);
		for (size_t i = 0; i < arm->series_count; i += stride) {
			size_t to = i + stride < arm->series_count ? i + stride : arm->series_count;
			append_number(writer, values, joined(arm, i, to, column));
		}
	}
}

static void add_cells(struct json_writer *writer, json_t *object, const struct result_map *map, size_t stride)
{
	struct text cells = {0};
	for (size_t i = 0; i < map->rows; i += stride) {
		for (size_t j = 0; j < map->columns; j++) {
			unsigned cell = map->cells[i * map->columns + j];
			text_add_bytes(&cells, &result_map_symbols[cell < RESULT_MAP_RESERVED ? cell : RESULT_MAP_RESERVED],
				       1);
		}
	}
	writer->failed |= cells.failed;
	json_put_text(writer, object, "cells", cells.bytes ? cells.bytes : "");
	text_release(&cells);
}

static void add_map(struct json_writer *writer, json_t *object, const struct result_map *map, size_t cells_max)
{
	size_t rows_max = map->columns ? cells_max / map->columns : 0;
	size_t stride = rows_max ? (map->rows + rows_max - 1) / rows_max : map->rows;
	stride += stride == 0;
	json_put_u64(writer, object, "domain", map->domain);
	json_put_hex(writer, object, "first", map->first);
	json_put_u64(writer, object, "count", map->count);
	json_put_u64(writer, object, "columns", map->columns);
	json_t *ops = json_put_array(writer, object, "ops");
	for (size_t i = 0; i < map->rows; i += stride)
		append_number(writer, ops, map->ops[i]);
	add_cells(writer, object, map, stride);
}

static void add_arm(struct json_writer *writer, json_t *object, const struct report_view *view, size_t index)
{
	const struct result_arm *arm = &view->result->arms[index];
	json_put_u64(writer, object, "workload", arm->workload);
	json_put_u64(writer, object, "color", view->color[index] % 8);
	json_put_text(writer, object, "spec", arm->spec);
	json_t *phases = json_put_array(writer, object, "phases");
	for (size_t i = 0; i < arm->phase_count; i++)
		json_append(writer, phases, json_text(arm->phases[i].name ? arm->phases[i].name : ""));
	json_t *latencies = json_put_object(writer, object, "latency");
	for (size_t kind = 0; arm->figures_phase < arm->phase_count && kind < METRIC_KIND_COUNT; kind++) {
		const struct result_latency *latency = &arm->phases[arm->figures_phase].latency[kind];
		if (latency->count)
			add_latency(writer, json_put_object(writer, latencies, metric_kind_name[kind]), latency);
	}
	add_series(writer, json_put_object(writer, object, "series"), arm);
	json_t *maps = json_put_array(writer, object, "maps");
	for (size_t i = 0; i < arm->map_count; i++)
		add_map(writer, json_append_object(writer, maps), &arm->maps[i], MAP_CELLS_MAX / arm->map_count);
}

/* NULL: no memory. */
static json_t *make_data(const struct report_view *view)
{
	const struct result *result = view->result;
	struct json_writer writer = {0};
	json_prepare();
	json_t *data = json_object();
	json_put_text(&writer, data, "symbols", result_map_symbols);
	json_t *kinds = json_put_array(&writer, data, "kinds");
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		json_append(&writer, kinds, json_text(metric_kind_name[kind]));
	json_t *arms = json_put_array(&writer, data, "arms");
	for (size_t i = 0; i < result->arm_count; i++)
		add_arm(&writer, json_append_object(&writer, arms), view, i);
	if (!writer.failed)
		return data;
	json_decref(data);
	return NULL;
}

void html_data(const struct report_view *view, struct text *html)
{
	struct text json = {0};
	json_t *data = make_data(view);
	/* A percentile beside the whole: 99.99945068. */
	if (!data || json_dump_text(data, false, 10, &json) < 0 || json_ran_out())
		html->failed = true;
	json_decref(data);
	text_add(html, "<script type=\"application/json\" id=\"data\">");
	/* '<' stands in texts only, where its escape means the same and cannot end the element. */
	for (const char *at = json.failed || !json.bytes ? "" : json.bytes; *at;) {
		size_t length = strcspn(at, "<");
		text_add_bytes(html, at, length);
		at += length;
		if (*at == '<') {
			text_add(html, "\\u003c");
			at++;
		}
	}
	text_add(html, "</script>\n");
	html->failed |= json.failed;
	text_release(&json);
}
