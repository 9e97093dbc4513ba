/* SPDX-License-Identifier: MIT
 * The ratios of all workloads in one figure: a row for each arm that was held against another one, in a block for each
 * workload. */
#include "report/plot.h"

#include "base/memory.h"
#include "report/format.h"
#include "report/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROW 16.0
#define BLOCK_GAP 14.0
#define BLOCK_LEAST 42.0 /* name, base, verdict */
#define TOP 46.0
/* Beside the rows, or, in one column of a paper, above them. */
#define NARROW 600.0
#define NAMES 200.0
#define NOTES 300.0
#define NOTES_NARROW 200.0
#define HEAD_NARROW 30.0
#define SPEC_WIDTH 130.0 /* of a spec beside its row; longer ones are cut */
#define MARGIN 12.0

struct forest_row {
	size_t workload, arm, against;
	const double *dots; /* of rounds; borrowed */
	size_t dot_count;
	double ratio, low, high;
	bool interfered, hollow;
	const char *word; /* the verdict; NULL: none is given */
};

struct forest {
	struct forest_row *rows;
	size_t count, blocks;
	double low, high; /* of all that is drawn */
	bool narrow;
	double head; /* room above the rows of a block */
};

static void widen(struct forest *forest, double value)
{
	if (isfinite(value) && value > 0) {
		forest->low = fmin(forest->low, value);
		forest->high = fmax(forest->high, value);
	}
}

static void add_row(struct forest *forest, const struct forest_row *row)
{
	if (!(row->ratio > 0))
		return;
	forest->blocks += !forest->count || forest->rows[forest->count - 1].workload != row->workload;
	forest->rows[forest->count++] = *row;
	widen(forest, row->ratio);
	widen(forest, row->low);
	widen(forest, row->high);
	for (size_t i = 0; i < row->dot_count; i++)
		widen(forest, row->dots[i]);
}

static void add_condition(struct forest *forest, const struct result *result, const struct result_comparison *verdict,
			  enum result_condition condition)
{
	const struct result_paired *paired = result_paired_find(&result->arms[verdict->b], verdict->a, condition);
	bool hot = condition == RESULT_CONDITION_HOT;
	struct forest_row row = {.workload = result->arms[verdict->b].workload,
				 .arm = verdict->b,
				 .against = verdict->a,
				 .interfered = !hot,
				 .hollow = verdict->verdict == RESULT_VERDICT_DIFFERENT_WORK};
	if (paired && paired->rounds) {
		row.dots = paired->round_ratio;
		row.dot_count = paired->round_count;
		row.ratio = paired->ratio;
		row.low = paired->ci_low;
		row.high = paired->ci_high;
		row.hollow |= paired->equal_share < 1;
	} else if (hot) {
		row.ratio = verdict->ratio;
		row.low = verdict->ci_low;
		row.high = verdict->ci_high;
	}
	row.word = hot ? result_verdict_word(verdict) : NULL;
	add_row(forest, &row);
}

/* -1: no memory. */
static int open_forest(struct forest *forest, const struct report_view *view, size_t first, size_t count)
{
	const struct result *result = view->result;
	*forest = (struct forest){.low = 0.98, .high = 1.02};
	forest->rows = memory_zeroed(2 * result->comparison_count, sizeof forest->rows[0]);
	if (!forest->rows)
		return -1;
	for (size_t workload = first; workload < first + count; workload++) {
		struct report_list arms = report_arms(view, workload);
		for (size_t i = 0; i < arms.count; i++) {
			struct report_list rows = report_comparisons(view, arms.at[i]);
			for (size_t n = 0; n < rows.count; n++) {
				const struct result_comparison *row = &result->comparisons[rows.at[n]];
				for (int at = 0; row->metric == METRIC_RAW_NS_PER_OP && at < RESULT_CONDITION_COUNT; at++)
					add_condition(forest, result, row, (enum result_condition)at);
			}
		}
	}
	return 0;
}

/* ---- drawn ---- */

/* As much of a spec as there is room for. */
static void add_spec(const char *spec, struct text *line)
{
	size_t length = strlen(spec), keep = length;
	struct text cut = {0};
	text_add(&cut, "%s", spec);
	while (!cut.failed && draw_text_width(cut.bytes) > SPEC_WIDTH) {
		while (keep && (spec[--keep] & 0xc0) == 0x80)
			;
		text_release(&cut);
		text_add(&cut, "%.*s\u2026", (int)keep, spec);
	}
	text_add(line, "%s ", cut.failed ? "" : cut.bytes);
	line->failed |= cut.failed;
	text_release(&cut);
}

static void add_notes(struct draw *draw, const struct report_view *view, const struct forest_row *row, double x, double y,
		      bool narrow)
{
	const struct result_figures *figures = result_arm_figures(&view->result->arms[row->arm]);
	double failed = format_failed_share(figures);
	struct text line = {0};
	char share[TEXT_NUMBER_BYTES], bad[TEXT_NUMBER_BYTES + 16];
	bool fails = failed > 0 && !row->interfered;
	snprintf(bad, sizeof bad, "%s failed", format_share(share, failed));
	if (!row->interfered)
		add_spec(view->result->arms[row->arm].spec, &line);
	text_add(&line, "%.3g\u00d7 %s", row->ratio,
		 row->interfered   ? "interfered"
		 : fails && narrow ? bad
		 : row->word       ? row->word
				   : "");
	draw_label(draw, x, y, DRAW_START,
		   row->interfered   ? DRAW_SOFT
		   : fails && narrow ? DRAW_BAD
				     : DRAW_PLAIN,
		   line.failed ? "" : line.bytes);
	if (fails && !narrow)
		draw_label(draw, draw->width - MARGIN, y, DRAW_END, DRAW_BAD, bad);
	draw->svg->failed |= line.failed;
	text_release(&line);
}

static void add_block_name(struct draw *draw, const struct report_view *view, const struct forest_row *row, double y,
			   bool narrow)
{
	const struct result_arm *against = &view->result->arms[row->against];
	char time[TEXT_NUMBER_BYTES];
	double ns = format_time_ns(result_arm_figures(against)), failed = format_failed_share(result_arm_figures(against));
	struct text name = {0}, base = {0}, take = {0};
	enum draw_voice voice = failed > 0 ? DRAW_BAD : DRAW_SOFT;
	result_workload_label(&view->result->workloads[row->workload], &name);
	text_add(&base, "%s", against->spec);
	if (isfinite(ns))
		text_add(&base, " = 1: %s", text_duration(time, ns));
	if (failed > 0)
		text_add(&base, ", %s failed", format_share(time, failed));
	verdict_take(view, &view->verdicts[row->workload], &take);
	draw_label(draw, MARGIN, y, DRAW_START, DRAW_STRONG, name.failed ? "" : name.bytes);
	if (narrow) {
		draw_label(draw, draw->width - MARGIN, y, DRAW_END, voice, base.failed ? "" : base.bytes);
		draw_label(draw, MARGIN, y + 13, DRAW_START, DRAW_PLAIN, take.failed ? "" : take.bytes);
	} else {
		draw_label(draw, MARGIN, y + 13, DRAW_START, voice, base.failed ? "" : base.bytes);
		draw_label(draw, MARGIN, y + 26, DRAW_START, DRAW_PLAIN, take.failed ? "" : take.bytes);
	}
	draw->svg->failed |= name.failed || base.failed || take.failed;
	text_release(&name);
	text_release(&base);
	text_release(&take);
}

static void draw_row(struct draw *draw, const struct report_view *view, const struct forest_row *row, double at)
{
	size_t color = view->color[row->arm];
	for (size_t i = 0; i < row->dot_count; i++)
		draw_dot(draw, color, row->dots[i], at);
	draw_interval(draw, color, row->low, row->high, at);
	draw_marker(draw, color, row->ratio, at, row->hollow);
}

static double block_height(const struct forest *forest, size_t first, size_t *next)
{
	size_t last = first;
	while (last < forest->count && forest->rows[last].workload == forest->rows[first].workload)
		last++;
	*next = last;
	return fmax(forest->head + ROW * (double)(last - first), BLOCK_LEAST);
}

static double forest_height(const struct forest *forest)
{
	double height = 0;
	for (size_t i = 0, next; i < forest->count; i = next)
		height += block_height(forest, i, &next) + BLOCK_GAP;
	return fmax(height, 2 * ROW);
}

static void draw_rows(struct draw *draw, const struct report_view *view, const struct forest *forest, double total)
{
	const double names = forest->narrow ? 0 : NAMES, notes = forest->narrow ? NOTES_NARROW : NOTES;
	const struct draw_box box = {MARGIN + names, TOP, draw->width - names - notes - 2 * MARGIN, total};
	const struct draw_axis y = {NULL, DRAW_LINEAR, DRAW_COUNT, total, 0, true};
	const struct draw_axis x = {
		forest->narrow
			? "time / time of the first (scale of logarithms)"
			: "time / time of the arm it is held against, by pairs where there are any (scale of logarithms)",
		DRAW_LOG,
		DRAW_TIMES,
		forest->low / 1.03,
		forest->high * 1.03,
		false};
	draw_plot_begin(draw, &box, &x, &y, "forest");
	draw_rule(draw, 1, NULL, 0);
	double top = BLOCK_GAP / 2;
	for (size_t i = 0, next; i < forest->count; i = next) {
		double height = block_height(forest, i, &next);
		for (size_t n = i; n < next; n++)
			draw_row(draw, view, &forest->rows[n], top + forest->head + ROW * ((double)(n - i) + 0.5));
		top += height + BLOCK_GAP;
	}
	draw_plot_end(draw);
	top = TOP + BLOCK_GAP / 2;
	for (size_t i = 0, next; i < forest->count; i = next) {
		double height = block_height(forest, i, &next);
		add_block_name(draw, view, &forest->rows[i], top + 11, forest->narrow);
		for (size_t n = i; n < next; n++)
			add_notes(draw, view, &forest->rows[n], box.x + box.width + 10,
				  top + forest->head + ROW * ((double)(n - i) + 0.5) + 4, forest->narrow);
		top += height + BLOCK_GAP;
	}
}

void forest_draw(const struct report_view *view, size_t first, size_t count, double width, bool standalone,
		 struct text *svg)
{
	struct forest forest;
	struct draw draw;
	if (open_forest(&forest, view, first, count) < 0) {
		svg->failed = true;
		return;
	}
	forest.narrow = width < NARROW;
	forest.head = forest.narrow ? HEAD_NARROW : 0;
	double total = forest_height(&forest), x = MARGIN;
	draw_begin(&draw, svg, width, TOP + total + DRAW_ROOM_BOTTOM + MARGIN, "Time of each allocator against the first",
		   "For each workload the ratio of times, its 95 % interval and a dot for each round.", standalone);
	for (size_t i = 0; i < view->color_count; i++) {
		const char *spec = view->result->arms[view->first[i]].spec;
		if (x + 46 + draw_text_width(spec) < width)
			x += draw_key(&draw, x, MARGIN + 8, i, spec) + 16;
	}
	draw_label(&draw, MARGIN, MARGIN + 25, DRAW_START, DRAW_SOFT,
		   "bar: 95 % interval; dots: rounds; hollow: different work, times say little");
	if (forest.count)
		draw_rows(&draw, view, &forest, total);
	else
		draw_label(&draw, MARGIN, TOP + ROW, DRAW_START, DRAW_SOFT, "No two arms were timed against each other.");
	draw_end(&draw);
	memory_release(forest.rows);
}

/* ---- written ---- */

static void add_field(struct text *csv, double value)
{
	text_add(csv, isfinite(value) ? ",%.17g" : ",", value);
}

void forest_write(const struct report_view *view, struct text *csv)
{
	struct forest forest;
	if (open_forest(&forest, view, 0, view->result->workload_count) < 0) {
		csv->failed = true;
		return;
	}
	text_add(csv, "workload,spec,against,condition,same_work,ratio,ci_low,ci_high,rounds,verdict\n");
	for (size_t i = 0; i < forest.count; i++) {
		const struct forest_row *row = &forest.rows[i];
		struct text label = {0};
		result_workload_label(&view->result->workloads[row->workload], &label);
		text_add_csv(csv, label.failed ? "" : label.bytes);
		csv->failed |= label.failed;
		text_release(&label);
		text_add(csv, ",");
		text_add_csv(csv, view->result->arms[row->arm].spec);
		text_add(csv, ",");
		text_add_csv(csv, view->result->arms[row->against].spec);
		text_add(csv, ",%s,%s",
			 result_condition_name[row->interfered ? RESULT_CONDITION_INTERFERED : RESULT_CONDITION_HOT],
			 row->hollow ? "no" : "yes");
		add_field(csv, row->ratio);
		add_field(csv, row->low);
		add_field(csv, row->high);
		text_add(csv, ",%zu,%s\n", row->dot_count, row->word ? row->word : "");
	}
	memory_release(forest.rows);
}
