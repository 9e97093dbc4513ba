/* SPDX-License-Identifier: MIT
 * Comparisons as an aligned table of text. */
#ifndef REPORT_COMPARISON_H
#define REPORT_COMPARISON_H

#include "base/text.h"
#include "report/view.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether a row is worth a line when not all are wanted: every timed one, and exact ones that differ. */
bool report_comparison_matters(const struct result_comparison *row);

/* One line per row with a head above: metric, a, b, ratio, interval, verdict. all: else only those that matter, and how many
 * others there are that do not. notes: NULL, or a word for each row that stands before its verdict ("advisory"). */
void report_comparison_table(const struct result_comparison *rows, size_t count, bool all, const char *const *notes,
			     struct text *text);

/* "inconclusive, 40 rounds would decide; reason"; without an interval, how many rounds it takes. */
void report_comparison_verdict(const struct result_comparison *row, struct text *text);

/* One line per kind and percentile that both measured, with the intervals of the samples; nothing when there is none. */
void report_latency_table(const struct result_phase *a, const struct result_phase *b, struct text *text);

/* How an arm of a result compares with another one, in one line: "bitmap against buddy: time by pairs 2.01 [1.87, 3.03],
 * slower at 3 %; exact: 17 worse, 6 better, 9 the same". *at: 0 for the first that it was compared with, then what was
 * left there. false: there is no further one; nothing is added. */
bool report_comparison_line(const struct report_view *view, size_t arm, size_t *at, struct text *line);

#endif
