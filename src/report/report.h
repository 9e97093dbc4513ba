/* SPDX-License-Identifier: MIT
 * Shows a result to people. Blind to how it came about. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/text.h"
#include "result/result.h"

#include <stdbool.h>

/* The table of the terminal: per workload one line per arm, aligned, with failures, expectations and notes below. color: ANSI
 * escapes may be used. width: columns of the terminal, >= 80 (narrower ones get 80). */
void report_terminal(const struct result *result, bool color, unsigned width, struct text *text);

/* One self-contained HTML file: no network, no other file. */
void report_html(const struct result *result, struct text *html);

void report_markdown(const struct result *result, struct text *markdown);
void report_csv(const struct result *result, struct text *csv);

#endif
