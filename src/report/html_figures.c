/* SPDX-License-Identifier: MIT
 * Figures of the HTML report and the data behind them. */
#include "report/html.h"

#include <inttypes.h>
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

static void add_number(struct text *json, double value)
{
	text_add(json, isfinite(value) ? "%.6g" : "null", value);
}

static void add_latency(const struct result_latency *latency, struct text *json)
{
	struct result_point points[RESULT_CURVE_MAX];
	size_t count = result_latency_curve(latency, points);
	text_add(json, "{\"resolution\":");
	add_number(json, latency->resolution_ns);
	text_add(json, ",\"count\":%" PRIu64 ",\"curve\":[", latency->count);
	for (size_t i = 0; i < count; i++)
		text_add(json, "%s[%.10g,%.6g]", i ? "," : "", points[i].percentile, points[i].ns);
	text_add(json, "]}");
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

static void add_series(const struct result_arm *arm, struct text *json)
{
	size_t stride = (arm->series_count + SERIES_ROWS_MAX - 1) / SERIES_ROWS_MAX;
	text_add(json, "{\"phase\":[");
	for (size_t i = 0; i < arm->series_count; i += stride)
		text_add(json, "%s%u", i ? "," : "", arm->series[i].phase);
	text_add(json, "]");
	for (size_t column = 0; column < RESULT_SERIES_COUNT; column++) {
		if (!has_column(arm, column))
			continue;
		text_add(json, ",\"%s\":[", result_series_name[column]);
		for (size_t i = 0; i < arm->series_count; i += stride) {
			size_t to = i + stride < arm->series_count ? i + stride : arm->series_count;
			text_add(json, "%s", i ? "," : "");
			add_number(json, joined(arm, i, to, column));
		}
		text_add(json, "]");
	}
	text_add(json, "}");
}

static void add_map(const struct result_map *map, size_t cells_max, struct text *json)
{
	size_t rows_max = map->columns ? cells_max / map->columns : 0;
	size_t stride = rows_max ? (map->rows + rows_max - 1) / rows_max : map->rows;
	text_add(json, "{\"domain\":%u,\"first\":\"0x%" PRIx64 "\",\"count\":%" PRIu64 ",\"columns\":%u,\"ops\":[",
		 map->domain, map->first, map->count, map->columns);
	stride += stride == 0;
	for (size_t i = 0; i < map->rows; i += stride) {
		text_add(json, "%s", i ? "," : "");
		add_number(json, map->ops[i]);
	}
	text_add(json, "],\"cells\":\"");
	for (size_t i = 0; i < map->rows; i += stride) {
		for (size_t j = 0; j < map->columns; j++) {
			unsigned cell = map->cells[i * map->columns + j];
			text_add_bytes(json, &result_map_symbols[cell < RESULT_MAP_RESERVED ? cell : RESULT_MAP_RESERVED],
				       1);
		}
	}
	text_add(json, "\"}");
}

static void add_arm(const struct report_view *view, size_t index, struct text *json)
{
	const struct result_arm *arm = &view->result->arms[index];
	text_add(json, "{\"workload\":%zu,\"color\":%zu,\"spec\":", arm->workload, view->color[index] % 8);
	text_add_json(json, arm->spec);
	text_add(json, ",\"phases\":[");
	for (size_t i = 0; i < arm->phase_count; i++) {
		text_add(json, "%s", i ? "," : "");
		text_add_json(json, arm->phases[i].name ? arm->phases[i].name : "");
	}
	text_add(json, "],\"latency\":{");
	bool begun = false;
	for (size_t kind = 0; arm->figures_phase < arm->phase_count && kind < METRIC_KIND_COUNT; kind++) {
		const struct result_latency *latency = &arm->phases[arm->figures_phase].latency[kind];
		if (!latency->count)
			continue;
		text_add(json, "%s\"%s\":", begun ? "," : "", metric_kind_name[kind]);
		add_latency(latency, json);
		begun = true;
	}
	text_add(json, "},\"series\":");
	add_series(arm, json);
	text_add(json, ",\"maps\":[");
	for (size_t i = 0; i < arm->map_count; i++) {
		text_add(json, "%s", i ? "," : "");
		add_map(&arm->maps[i], MAP_CELLS_MAX / arm->map_count, json);
	}
	text_add(json, "]}");
}

void html_data(const struct report_view *view, struct text *html)
{
	const struct result *result = view->result;
	struct text json = {0};
	text_add(&json, "{\"symbols\":\"%s\",\"kinds\":[", result_map_symbols);
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++)
		text_add(&json, "%s\"%s\"", kind ? "," : "", metric_kind_name[kind]);
	text_add(&json, "],\"arms\":[");
	for (size_t i = 0; i < result->arm_count; i++) {
		text_add(&json, "%s", i ? ",\n" : "");
		add_arm(view, i, &json);
	}
	text_add(&json, "]}");
	text_add(html, "<script type=\"application/json\" id=\"data\">");
	/* '<' stands in texts only, where its escape means the same and cannot end the element. */
	for (const char *at = json.failed ? "" : json.bytes; *at;) {
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
