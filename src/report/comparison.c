/* SPDX-License-Identifier: MIT */
#include "report/comparison.h"

#include "compare/percentile.h"
#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 5
#define CELL_BYTES 96

static const char *const heads[COLUMNS] = {"metric", "a", "b", "b / a", "interval"};

bool report_comparison_matters(const struct result_comparison *row)
{
	assert(row->metric < METRIC_ALL && row->verdict < RESULT_VERDICT_COUNT);
	return !metric_table[row->metric].exact || row->verdict != RESULT_VERDICT_OK;
}

static void fill_cell(const struct result_comparison *row, size_t column, char cell[CELL_BYTES])
{
	char number[TEXT_NUMBER_BYTES];
	switch (column) {
	case 0:
		snprintf(cell, CELL_BYTES, "%s", metric_table[row->metric].path);
		break;
	case 1:
	case 2:
		snprintf(cell, CELL_BYTES, "%s",
			 format_metric(number, row->metric, column == 1 ? row->a_value : row->b_value));
		break;
	case 3:
		snprintf(cell, CELL_BYTES, isfinite(row->ratio) ? "%.4g" : "-", row->ratio);
		break;
	default:
		if (isfinite(row->ci_low) && isfinite(row->ci_high))
			snprintf(cell, CELL_BYTES, "[%.4g, %.4g]", row->ci_low, row->ci_high);
		else
			snprintf(cell, CELL_BYTES, "%s", metric_table[row->metric].exact ? "exact" : "-");
	}
}

/* What stands behind a verdict. */
static void add_rest(const struct result_comparison *row, struct text *text)
{
	if (row->nodes)
		text_add(text, ", over %u nodes", row->nodes);
	if (row->rounds_wanted && !isfinite(row->ci_low))
		text_add(text, ", too few rounds for an interval: it takes %u", row->rounds_wanted);
	else if (row->rounds_wanted)
		text_add(text, ", %u rounds would decide", row->rounds_wanted);
	else if (row->verdict == RESULT_VERDICT_INCONCLUSIVE && !row->nodes)
		text_add(text, ", no number of rounds below 100,000 would decide");
	if (row->reason)
		text_add(text, "; %s", row->reason);
}

void report_comparison_verdict(const struct result_comparison *row, struct text *text)
{
	text_add(text, "%s", result_verdict_word(row));
	add_rest(row, text);
}

static void add_cell(struct text *text, size_t column, const char *cell, int width)
{
	text_add(text, column == 0 ? "  %-*s" : "  %*s", width, cell);
}

void report_comparison_table(const struct result_comparison *rows, size_t count, bool all, const char *const *notes,
			     struct text *text)
{
	int width[COLUMNS];
	char cell[CELL_BYTES];
	size_t hidden = 0;
	for (size_t column = 0; column < COLUMNS; column++)
		width[column] = (int)strlen(heads[column]);
	for (size_t i = 0; i < count; i++) {
		for (size_t column = 0; column < COLUMNS; column++) {
			fill_cell(&rows[i], column, cell);
			if ((all || report_comparison_matters(&rows[i])) && (int)strlen(cell) > width[column])
				width[column] = (int)strlen(cell);
		}
	}
	for (size_t column = 0; column < COLUMNS; column++)
		add_cell(text, column, heads[column], width[column]);
	text_add(text, "  verdict\n");
	for (size_t i = 0; i < count; i++) {
		if (!all && !report_comparison_matters(&rows[i])) {
			hidden++;
			continue;
		}
		for (size_t column = 0; column < COLUMNS; column++) {
			fill_cell(&rows[i], column, cell);
			add_cell(text, column, cell, width[column]);
		}
		text_add(text, "  %s", notes && *notes[i] ? notes[i] : "");
		text_add(text, "%s", notes && *notes[i] ? " " : "");
		report_comparison_verdict(&rows[i], text);
		text_add(text, "\n");
	}
	if (hidden)
		text_add(text, "  %zu exact metrics are the same in both\n", hidden);
}

static bool all_above(const struct result_paired *paired)
{
	return paired->ci_low > 1;
}

static bool all_below(const struct result_paired *paired)
{
	return paired->ci_high < 1;
}

/* What other data and code between operations make of a pair. */
static void add_interfered(const struct result_arm *arm, size_t against, struct text *line)
{
	const struct result_paired *hot = result_paired_find(arm, against, RESULT_CONDITION_HOT);
	const struct result_paired *its = result_paired_find(arm, against, RESULT_CONDITION_INTERFERED);
	if (!its || !its->rounds)
		return;
	text_add(line, "; under interference %.4g", its->ratio);
	if (isfinite(its->ci_low))
		text_add(line, " [%.4g, %.4g]", its->ci_low, its->ci_high);
	if (hot && ((all_above(hot) && all_below(its)) || (all_below(hot) && all_above(its))))
		text_add(line, ": the ranking turns");
}

bool report_comparison_line(const struct report_view *view, size_t arm, size_t *at, struct text *line)
{
	const struct result *result = view->result;
	struct report_list rows = report_comparisons(view, arm);
	unsigned counts[RESULT_VERDICT_COUNT] = {0};
	const struct result_comparison *first = NULL, *timed = NULL;
	for (; *at < rows.count; ++*at) {
		const struct result_comparison *row = &result->comparisons[rows.at[*at]];
		first = first ? first : row;
		if (row->a != first->a)
			break;
		if (row->metric == METRIC_RAW_NS_PER_OP)
			timed = row;
		else
			counts[row->verdict]++;
	}
	if (!first)
		return false;
	text_add(line, "%s against %s:", result->arms[arm].spec, result->arms[first->a].spec);
	if (timed) {
		char cell[CELL_BYTES];
		fill_cell(timed, 3, cell);
		text_add(line, " time %s%s", timed->by_pairs ? "by pairs " : "", cell);
		fill_cell(timed, 4, cell);
		if (isfinite(timed->ci_low))
			text_add(line, " %s", cell);
		text_add(line, ", %s at %.3g %%", result_verdict_word(timed), 100 * timed->threshold);
		add_rest(timed, line);
		add_interfered(&result->arms[arm], first->a, line);
	}
	unsigned worse = counts[RESULT_VERDICT_REGRESSION], better = counts[RESULT_VERDICT_IMPROVEMENT];
	if (worse + better + counts[RESULT_VERDICT_OK])
		text_add(line, "%s exact: %u worse, %u better, %u the same", timed ? ";" : "", worse, better,
			 counts[RESULT_VERDICT_OK]);
	return true;
}

static void add_percentile(const struct result_latency *latency, unsigned which, int width, struct text *text)
{
	struct compare_percentile found = compare_percentile(latency, which);
	char number[TEXT_NUMBER_BYTES], low[TEXT_NUMBER_BYTES], high[TEXT_NUMBER_BYTES], interval[3 * TEXT_NUMBER_BYTES];
	if (isfinite(found.low_ns))
		snprintf(interval, sizeof interval, "[%s, %s]", format_percentile(low, latency, found.low_ns),
			 format_percentile(high, latency, found.high_ns));
	else
		snprintf(interval, sizeof interval, "-");
	text_add(text, "  %9s %-*s", format_percentile(number, latency, found.ns), width, interval);
}

void report_latency_table(const struct result_phase *a, const struct result_phase *b, struct text *text)
{
	bool begun = false;
	for (size_t kind = 0; kind < METRIC_KIND_COUNT; kind++) {
		for (unsigned which = 0; which < COMPARE_PERCENTILES; which++) {
			const struct result_latency *left = &a->latency[kind], *right = &b->latency[kind];
			if (isnan(compare_percentile(left, which).ns) || isnan(compare_percentile(right, which).ns))
				continue;
			if (!begun)
				text_add(text, "  latency, not judged: a, then b, with 95 %% intervals of the samples\n");
			begun = true;
			text_add(text, "  %-16s %-4s", metric_kind_name[kind], compare_percentile_name[which]);
			add_percentile(left, which, 22, text);
			add_percentile(right, which, 0, text);
			text_add(text, "\n");
		}
	}
}
