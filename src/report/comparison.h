/* SPDX-License-Identifier: MIT
 * Comparisons as an aligned table of text. */
#ifndef REPORT_COMPARISON_H
#define REPORT_COMPARISON_H

#include "base/text.h"
#include "compare/dominance.h"
#include "report/view.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>

/* One line per row with a head above: metric, a, b, ratio, difference, interval, verdict. all: else only headline figures,
 * those with a note that are not ok, and how many others there are. notes: NULL, or a word for each row that stands before its
 * verdict ("advisory:"). */
void report_comparison_table(const struct result_comparison *rows, size_t count, bool all, const char *const *notes,
			     struct text *text);

/* "inconclusive, 40 rounds would decide; reason"; without an interval, how many rounds it takes. */
void report_comparison_verdict(const struct result_comparison *row, struct text *text);

/* One line per kind and percentile that both measured, with the intervals of the samples; nothing when there is none. */
void report_latency_table(const struct result_phase *a, const struct result_phase *b, struct text *text);

/* "trade: rbtree better in failures, span; buddy in time; level in metadata": one line, by the names of both. */
void report_dominance(const struct compare_dominance *dominance, const char *a, const char *b, struct text *text);

/* How an arm of a result compares with another one: "bitmap against buddy: " and report_dominance; then the headline figures
 * that differ or are timed, and the other exact metrics that differ, with the size of the effect ("time by pairs 2.01 [1.87,
 * 3.03], slower at 3 %; span 380 → 418 (×1.1)"). Each without a line's end; empty: nothing to say. */
struct report_comparison {
	struct text headline, effects, others;
};

/* *at: 0 for the first arm that it was compared with, then what was left there. false: there is no further one. Fills *lines,
 * to be released. */
bool report_comparison_lines(const struct report_view *view, size_t arm, size_t *at, struct report_comparison *lines);
void report_comparison_release(struct report_comparison *lines);

#endif
