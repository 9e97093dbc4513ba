/* SPDX-License-Identifier: MIT */
#include "report/comparison.h"

#include "base/memory.h"
#include "compare/percentile.h"
#include "report/format.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 6
#define CELL_BYTES 96

static const char *const heads[COLUMNS] = {"metric", "a", "b", "b / a", "b - a", "interval"};

/* In the unit of the metric; of shares in points of a hundred. What is said of a time is said of the ratio. */
static void fill_difference(const struct result_comparison *row, char cell[CELL_BYTES])
{
	double difference = row->b_value - row->a_value;
	char number[TEXT_NUMBER_BYTES];
	const char *sign = difference < 0 ? "-" : difference > 0 ? "+" : "";
	if (!isfinite(difference) || !metric_table[row->metric].exact)
		snprintf(cell, CELL_BYTES, "-");
	else if (strcmp(metric_table[row->metric].unit, "share") == 0)
		snprintf(cell, CELL_BYTES, "%s%.3g points", sign, 100 * fabs(difference));
	else
		snprintf(cell, CELL_BYTES, "%s%s", sign, format_metric(number, row->metric, fabs(difference)));
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
	case 4:
		fill_difference(row, cell);
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

/* Whether a row is worth a line when not all are wanted. */
static bool matters(const struct result_comparison *row, const char *note)
{
	assert(row->metric < METRIC_ALL && row->verdict < RESULT_VERDICT_COUNT);
	return metric_is_headline((int)row->metric) || (note && *note && row->verdict != RESULT_VERDICT_OK);
}

void report_comparison_table(const struct result_comparison *rows, size_t count, bool all, const char *const *notes,
			     struct text *text)
{
	int width[COLUMNS];
	char cell[CELL_BYTES];
	size_t hidden = 0, differ = 0;
	for (size_t column = 0; column < COLUMNS; column++)
		width[column] = (int)strlen(heads[column]);
	for (size_t i = 0; i < count; i++) {
		for (size_t column = 0; column < COLUMNS; column++) {
			fill_cell(&rows[i], column, cell);
			if ((all || matters(&rows[i], notes ? notes[i] : NULL)) && (int)strlen(cell) > width[column])
				width[column] = (int)strlen(cell);
		}
	}
	for (size_t column = 0; column < COLUMNS; column++)
		add_cell(text, column, heads[column], width[column]);
	text_add(text, "  verdict\n");
	for (size_t i = 0; i < count; i++) {
		if (!all && !matters(&rows[i], notes ? notes[i] : NULL)) {
			hidden++;
			differ += rows[i].verdict != RESULT_VERDICT_OK;
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
		text_add(text, "  %zu other metrics, of which %zu are not the same: --all shows them\n", hidden, differ);
}

/* ---- dominance ---- */

static void add_standing(const struct compare_dominance *dominance, enum compare_standing standing, const char *before,
			 struct text *text)
{
	if (!dominance->counts[standing])
		return;
	for (size_t i = 0; i < dominance->count; i++) {
		if (dominance->headlines[i].standing != standing)
			continue;
		text_add(text, "%s%s", before, metric_table[dominance->headlines[i].metric].headline);
		before = ", ";
	}
}

static void add_count(const struct compare_dominance *dominance, struct text *text)
{
	text_add(text, dominance->count == 1 ? "the one headline figure of both" : "all %zu headline figures",
		 dominance->count);
}

void report_dominance(const struct compare_dominance *dominance, const char *a, const char *b, struct text *text)
{
	size_t better = dominance->counts[COMPARE_BETTER], worse = dominance->counts[COMPARE_WORSE];
	switch (dominance->outcome) {
	case COMPARE_OUTCOME_NONE:
		text_add(text, "no headline figure of both");
		return;
	case COMPARE_OUTCOME_LEVEL:
		text_add(text, "level in ");
		add_count(dominance, text);
		return;
	case COMPARE_OUTCOME_A:
	case COMPARE_OUTCOME_B:
		text_add(text, "%s is better or level in ", dominance->outcome == COMPARE_OUTCOME_A ? a : b);
		add_count(dominance, text);
		text_add(text, ": better in ");
		add_standing(dominance, dominance->outcome == COMPARE_OUTCOME_A ? COMPARE_WORSE : COMPARE_BETTER, "", text);
		return;
	case COMPARE_OUTCOME_TRADE:
		text_add(text, "trade: ");
		break;
	default:
		text_add(text, "undecided: ");
	}
	if (better) {
		text_add(text, "%s better in ", b);
		add_standing(dominance, COMPARE_BETTER, "", text);
	}
	if (worse) {
		text_add(text, "%s%s%s ", better ? "; " : "", a, better ? " in" : " better in");
		add_standing(dominance, COMPARE_WORSE, "", text);
	}
	const char *between = better + worse ? "; " : "";
	if (dominance->counts[COMPARE_LEVEL]) {
		text_add(text, "%slevel in ", between);
		add_standing(dominance, COMPARE_LEVEL, "", text);
		between = "; ";
	}
	if (dominance->counts[COMPARE_OPEN]) {
		text_add(text, "%sopen in ", between);
		add_standing(dominance, COMPARE_OPEN, "", text);
	}
}

/* ---- lines ---- */

static bool all_above(const struct result_paired *paired)
{
	return paired->ci_low > 1;
}

static bool all_below(const struct result_paired *paired)
{
	return paired->ci_high < 1;
}

/* What a ratio by pairs leaves out. */
static void add_left_out(const struct result_arm *arm, const struct result_comparison *row, struct text *line)
{
	const struct result_paired *its = result_paired_find(arm, row->a, RESULT_CONDITION_HOT);
	if (!row->by_pairs || !its || !its->rounds)
		return;
	if (its->equal_share < 1 && row->verdict != RESULT_VERDICT_DIFFERENT_WORK) /* whose reason tells it */
		text_add(line, "; of the first %.3g %% of operations, until outcomes differed", 100 * its->equal_share);
	if (isfinite(its->ratio_with_polls))
		text_add(line, "; with polls %.4g", its->ratio_with_polls);
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

/* What a metric is called where not all are told: a headline figure by its name. */
static const char *name_of(enum metric metric)
{
	return metric_is_headline((int)metric) ? metric_table[metric].headline : metric_table[metric].path;
}

static void add_timed(const struct result *result, const struct result_comparison *row, struct text *line)
{
	char cell[CELL_BYTES];
	fill_cell(row, 3, cell);
	text_add(line, "%s ", name_of(row->metric));
	if (isfinite(row->ratio))
		text_add(line, "%s%s", row->by_pairs ? "by pairs " : "", cell);
	if (isfinite(row->ci_low))
		text_add(line, " [%.4g, %.4g]", row->ci_low, row->ci_high);
	text_add(line, isfinite(row->ratio) ? ", %s at %.3g %%" : "%s", result_verdict_word(row), 100 * row->threshold);
	add_rest(row, line);
	add_left_out(&result->arms[row->b], row, line);
	if (row->metric == METRIC_RAW_NS_PER_OP)
		add_interfered(&result->arms[row->b], row->a, line);
}

static void add_kinds(const struct result_arm *arm, struct text *line)
{
	struct text kinds = {0};
	format_failure_kinds(result_arm_figures(arm), &kinds);
	if (kinds.length)
		text_add(line, ", %s %s", arm->spec, kinds.bytes);
	line->failed |= kinds.failed;
	text_release(&kinds);
}

/* The effect as the unit asks: shares and failures by their difference, all else by the ratio where there is one. */
static void add_exact(const struct result *result, const struct result_comparison *row, struct text *line)
{
	char cell[CELL_BYTES];
	fill_cell(row, 1, cell);
	text_add(line, "%s %s", name_of(row->metric), cell);
	fill_cell(row, 2, cell);
	text_add(line, " → %s", cell);
	bool failures = row->metric == METRIC_FAILURES_TOTAL;
	if (isfinite(row->ratio) && !failures && strcmp(metric_table[row->metric].unit, "share") != 0) {
		text_add(line, " (×%.4g", row->ratio);
	} else {
		fill_cell(row, 4, cell);
		text_add(line, " (%s", cell);
	}
	for (size_t i = 0; failures && i < 2; i++)
		add_kinds(&result->arms[i ? row->b : row->a], line);
	text_add(line, ")");
	if (row->verdict != RESULT_VERDICT_REGRESSION && row->verdict != RESULT_VERDICT_IMPROVEMENT)
		text_add(line, ", %s", result_verdict_word(row));
	add_rest(row, line);
}

/* What is level is told by its name alone; of a time it is a range. */
static void add_effects(const struct result *result, const struct result_comparison *rows, size_t count, bool headlines,
			struct text *line)
{
	for (size_t i = 0; i < count; i++) {
		bool exact = metric_table[rows[i].metric].exact;
		if (metric_is_headline((int)rows[i].metric) != headlines ||
		    (exact && rows[i].verdict == RESULT_VERDICT_OK) || (!exact && !headlines))
			continue;
		text_add(line, "%s", line->length ? "; " : "");
		if (exact)
			add_exact(result, &rows[i], line);
		else
			add_timed(result, &rows[i], line);
	}
}

/* The rows of one pair, which *at has led to; *count of them. NULL: none, or no memory. */
static struct result_comparison *next_pair(const struct report_view *view, size_t arm, size_t *at, size_t *count)
{
	const struct result *result = view->result;
	struct report_list list = report_comparisons(view, arm);
	size_t begin = *at;
	while (*at < list.count && result->comparisons[list.at[*at]].a == result->comparisons[list.at[begin]].a)
		++*at;
	*count = *at - begin;
	struct result_comparison *rows = *count ? memory_zeroed(*count, sizeof rows[0]) : NULL;
	for (size_t i = 0; rows && i < *count; i++)
		rows[i] = result->comparisons[list.at[begin + i]];
	return rows;
}

bool report_comparison_lines(const struct report_view *view, size_t arm, size_t *at, struct report_comparison *lines)
{
	*lines = (struct report_comparison){0};
	const struct result *result = view->result;
	size_t count;
	struct result_comparison *rows = next_pair(view, arm, at, &count);
	lines->headline.failed = count && !rows;
	if (!rows)
		return count > 0;
	const char *a = result->arms[rows[0].a].spec, *b = result->arms[arm].spec;
	struct compare_dominance dominance;
	compare_dominance(rows, count, &dominance);
	text_add(&lines->headline, "%s against %s: ", b, a);
	bool same = strcmp(a, b) == 0;
	report_dominance(&dominance, same ? "the latter" : a, same ? "the former" : b, &lines->headline);
	add_effects(result, rows, count, true, &lines->effects);
	add_effects(result, rows, count, false, &lines->others);
	memory_release(rows);
	return true;
}

void report_comparison_release(struct report_comparison *lines)
{
	text_release(&lines->headline);
	text_release(&lines->effects);
	text_release(&lines->others);
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
				text_add(text, "  latency, not judged (p99.9 of alloc is, by rounds): "
					       "a, then b, with 95 %% intervals of the samples\n");
			begun = true;
			text_add(text, "  %-16s %-4s", metric_kind_name[kind], compare_percentile_name[which]);
			add_percentile(left, which, 22, text);
			add_percentile(right, which, 0, text);
			text_add(text, "\n");
		}
	}
}
