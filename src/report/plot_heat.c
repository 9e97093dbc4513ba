/* SPDX-License-Identifier: MIT
 * Latencies of allocations over operations: a picture for each arm, all rounds together. */
#include "report/plot.h"

#include "base/memory.h"
#include "report/format.h"

#include <math.h>
#include <stdio.h>

#define COLUMNS_MAX 50u
#define HEIGHT 150.0
#define TITLE 34.0
#define GAP 16.0
#define MARGIN 12.0
#define KEY 24.0
/* Each level darker is so many times as large a share of the samples of a column; the darkest has most of them. */
#define SHARE_EACH 4.0

static unsigned char level_of(double share)
{
	if (!(share > 0))
		return 0;
	double level = DRAW_LEVELS + floor(log(share) / log(SHARE_EACH)) + 1;
	return (unsigned char)fmin(fmax(level, 1), DRAW_LEVELS);
}

/* Sums over columns first to last - 1, by bins; returns all of them. */
static double add_columns(const struct result_heat *heat, size_t first, size_t last, double *bins)
{
	double total = 0;
	for (size_t i = 0; i + 1 < heat->edge_count; i++)
		bins[i] = 0;
	for (size_t i = first; i < last; i++)
		for (size_t n = 0; n < heat->columns[i].count; n++) {
			bins[heat->columns[i].first + n] += (double)heat->columns[i].samples[n];
			total += (double)heat->columns[i].samples[n];
		}
	return total;
}

static void draw_bins(struct draw *draw, const struct result_heat *heat)
{
	size_t rows = heat->edge_count - 1, wide = (heat->column_count + COLUMNS_MAX - 1) / COLUMNS_MAX;
	size_t columns = (heat->column_count + wide - 1) / wide;
	unsigned char *cells = memory_zeroed(rows * columns, 1);
	double *bins = memory_zeroed(rows, sizeof bins[0]);
	for (size_t at = 0; cells && bins && at < columns; at++) {
		size_t first = at * wide, last = first + wide < heat->column_count ? first + wide : heat->column_count;
		double total = add_columns(heat, first, last, bins);
		for (size_t row = 0; row < rows; row++)
			cells[row * columns + at] = level_of(bins[rows - 1 - row] / total);
	}
	if (cells && bins)
		draw_cells(draw, columns, rows, cells, draw_levels, DRAW_LEVELS);
	else
		draw->svg->failed = true;
	memory_release(cells);
	memory_release(bins);
}

static bool has_heat(const struct result_arm *arm)
{
	return arm->heat.column_count && arm->heat.edge_count > 1;
}

/* Where phases begin. */
static void draw_phases(struct draw *draw, const struct result_arm *arm)
{
	double begin = 0;
	for (size_t i = 0; arm->phase_count > 1 && i < arm->series_count; i++) {
		uint32_t phase = arm->series[i].phase;
		if (phase < arm->phase_count && (!i || phase != arm->series[i - 1].phase))
			draw_rule(draw, begin, arm->phases[phase].name,
				  draw_x(draw, plot_phase_end(arm, i)) - draw_x(draw, begin));
		begin = arm->series[i].value[RESULT_SERIES_OP];
	}
}

/* Bins are a quarter of a doubling each but for the first few, so that rows of one height stand right on a scale of
 * logarithms to within a bin. */
static void draw_heat(struct draw *draw, const struct result_arm *arm, const char *label, const struct draw_box *box)
{
	const struct result_heat *heat = &arm->heat;
	char title[160];
	double low = heat->edges_ns[0], high = heat->edges_ns[heat->edge_count - 1];
	double end = heat->ops[heat->column_count - 1];
	char operations[FORMAT_OPERATIONS_BYTES];
	format_operations(operations, arm->series_count ? format_device_s(arm, end) : (double)NAN);
	const struct draw_axis x = {operations, DRAW_LINEAR, DRAW_COUNT, 0, isfinite(end) && end > 0 ? end : 1, false};
	const struct draw_axis y = {"latency", DRAW_LOG, DRAW_NS, low > 0 ? low : high / 2, high, false};
	snprintf(title, sizeof title, "%.60s: %.80s", label, arm->spec);
	draw_label(draw, box->x - DRAW_ROOM_LEFT + 4, box->y - 24, DRAW_START, DRAW_STRONG, title);
	draw_plot_begin(draw, box, &x, &y, title);
	draw_bins(draw, heat);
	draw_phases(draw, arm);
	draw_plot_end(draw);
}

static size_t heats_of(const struct report_view *view, size_t first, size_t workloads)
{
	size_t count = 0;
	for (size_t workload = first; workload < first + workloads; workload++) {
		struct report_list arms = report_arms(view, workload);
		for (size_t i = 0; i < arms.count; i++)
			count += has_heat(&view->result->arms[arms.at[i]]);
	}
	return count;
}

static void add_key(struct draw *draw)
{
	double x = MARGIN;
	static const char what[] = "share of the samples of a column:";
	struct draw_box part = {x, MARGIN - 2, draw_text_width(what) + 8, KEY};
	draw_piece(draw, &part, 0, what);
	draw_label(draw, x, MARGIN + DRAW_FONT, DRAW_START, DRAW_SOFT, what);
	x += part.width;
	for (size_t i = 0; i < DRAW_LEVELS; i++) {
		char name[TEXT_NUMBER_BYTES];
		snprintf(name, sizeof name, "%s%.2g %%", i ? "\u2265 " : "< ",
			 100 * pow(SHARE_EACH, (double)i - DRAW_LEVELS + (i ? 0 : 1)));
		part = (struct draw_box){x, MARGIN - 2, 29 + draw_text_width(name), KEY};
		draw_piece(draw, &part, 0, name);
		x += draw_swatch(draw, x, MARGIN + DRAW_FONT, draw_levels[i], name) + 12;
	}
}

void heat_draw(const struct report_view *view, size_t first, size_t count, double width, bool standalone, struct text *svg)
{
	struct draw draw;
	unsigned columns = width > 1000 ? 3 : width > 500 ? 2 : 1;
	size_t heats = heats_of(view, first, count), at = 0;
	double each = (width - MARGIN) / (double)columns, high = TITLE + HEIGHT + DRAW_ROOM_BOTTOM + GAP;
	const struct draw_box nothing = {0, 0, width, 4 * MARGIN};
	draw_begin_sheet(&draw, svg, width,
			 heats ? MARGIN + KEY + (double)((heats + columns - 1) / columns) * high : nothing.height,
			 "Latency of allocations over operations",
			 "Operations from left to right, latency from bottom to top; the darker, the more of the samples.",
			 standalone);
	if (heats) {
		add_key(&draw);
	} else {
		draw_piece(&draw, &nothing, 1, "no heat map");
		draw_label(&draw, MARGIN, 2 * MARGIN, DRAW_START, DRAW_SOFT,
			   "No latency heat map: no latencies were measured, or the result is older than these.");
	}
	for (size_t workload = first; workload < first + count; workload++) {
		struct report_list arms = report_arms(view, workload);
		struct text label = {0};
		result_workload_label(&view->result->workloads[workload], &label);
		for (size_t i = 0; i < arms.count; i++) {
			const struct result_arm *arm = &view->result->arms[arms.at[i]];
			if (!has_heat(arm))
				continue;
			const struct draw_box part = {(double)(at % columns) * each,
						      MARGIN + KEY + (double)(at / columns) * high, each, high - GAP / 2};
			const struct draw_box box = {part.x + DRAW_ROOM_LEFT + 4, part.y + TITLE,
						     each - DRAW_ROOM_LEFT - 16, HEIGHT};
			draw_piece(&draw, &part, columns, arm->spec);
			draw_heat(&draw, arm, label.failed ? "" : label.bytes, &box);
			at++;
		}
		svg->failed |= label.failed;
		text_release(&label);
	}
	draw_end(&draw);
}

static void write_heat(const struct result_heat *heat, const char *head, struct text *csv)
{
	for (size_t i = 0; i < heat->column_count; i++)
		for (size_t n = 0; n < heat->columns[i].count; n++) {
			size_t bin = heat->columns[i].first + n;
			if (heat->columns[i].samples[n])
				text_add(csv, "%s,%.0f,%.0f,%.6g,%.6g,%.0f\n", head, i ? heat->ops[i - 1] : 0.0,
					 heat->ops[i], heat->edges_ns[bin], heat->edges_ns[bin + 1],
					 (double)heat->columns[i].samples[n]);
		}
}

void heat_write(const struct report_view *view, struct text *csv)
{
	const struct result *result = view->result;
	text_add(csv, "workload,spec,op_from,op_to,from_ns,to_ns,samples\n");
	for (size_t i = 0; i < result->arm_count; i++) {
		struct text label = {0}, head = {0};
		if (!has_heat(&result->arms[i]))
			continue;
		result_workload_label(&result->workloads[result->arms[i].workload], &label);
		text_add_csv(&head, label.failed ? "" : label.bytes);
		text_add(&head, ",");
		text_add_csv(&head, result->arms[i].spec);
		if (!head.failed)
			write_heat(&result->arms[i].heat, head.bytes, csv);
		csv->failed |= head.failed || label.failed;
		text_release(&label);
		text_release(&head);
	}
}
