/* SPDX-License-Identifier: MIT
 * The same arms in results of several times: exact headline figures as steps, times as ratios to a reference arm by pairs,
 * which holds from one machine to the next, and where something changed. */
#ifndef REPORT_HISTORY_H
#define REPORT_HISTORY_H

#include "base/text.h"
#include "result/result.h"

#include <stddef.h>

/* Borrowed; count >= 1, the oldest first. */
struct history {
	const struct result *results;
	size_t count;
	const char *reference; /* spec; NULL: of each arm that which it was held against first */
};

/* A row for each figure of each arm in each result. */
void history_csv(const struct history *history, struct text *csv);
/* A figure of its own; width >= 300. */
void history_svg(const struct history *history, double width, struct text *svg);
/* What is drawn, as a table, and a script with which gnuplot draws it from the file `data`. */
void history_plot_csv(const struct history *history, struct text *csv);
void history_script(const struct history *history, const char *data, struct text *script);
/* One self-contained page: runs, changes, figures. */
void history_html(const struct history *history, struct text *html);

#endif
