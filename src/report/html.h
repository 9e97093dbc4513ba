/* SPDX-License-Identifier: MIT
 * The parts of the HTML report. An allocator has one colour in all of it: the view's, modulo 8. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "base/text.h"
#include "report/report.h"
#include "report/view.h"

#include <stddef.h>

/* A page up to its heading, inside its header. heading: as HTML has it. */
void html_begin(struct text *html, const char *heading, const char *title);

/* The name of a workload, and what a sweep set in it. */
void html_label(const struct result_workload *workload, struct text *html);

/* The colour and the name of an arm. */
void html_chip(const struct report_view *view, size_t arm, struct text *html);

/* What to take, in all and on each workload, and the figure of ratios. */
void html_verdict(const struct report_view *view, struct text *html);
/* What to take on one workload, and why. */
void html_choice(const struct report_view *view, size_t workload, struct text *html);
/* How far to trust it. */
void html_trust(const struct report_view *view, struct text *html);

/* One row per workload, one column per spec. */
void html_overview(const struct report_view *view, struct text *html);
/* The tables of one workload: the important figures, then all of them, folded. */
void html_tables(const struct report_view *view, size_t workload, struct text *html);
/* Of each arm: latencies by request, CPU and outcome, and the worst of them; folded. */
void html_latencies(const struct report_view *view, size_t workload, struct text *html);
/* A figure of all workloads; nothing when there is nothing to see. */
void html_figure(const struct report_view *view, enum report_plot plot, struct text *html);
/* The figures of one workload. */
void html_figures(const struct report_view *view, size_t workload, struct text *html);

#endif
