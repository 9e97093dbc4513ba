/* SPDX-License-Identifier: MIT
 * Shows a result to people. Blind to how it came about. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/file.h"
#include "base/text.h"
#include "result/result.h"

#include <stdbool.h>

/* The table of the terminal: per workload one line per arm, aligned, with failures, expectations and notes below. color:
 * ANSI escapes may be used. width: columns of the terminal, >= 80 (narrower ones get 80). all: of comparisons also the exact
 * metrics that are no headline figures. */
void report_terminal(const struct result *result, bool color, unsigned width, bool all, struct text *text);

/* A column of that table. */
struct report_heading {
	const char *above, *title; /* its two lines; above may be empty */
	const char *legend;
};
/* The index-th one; false: there are no more. */
bool report_heading(size_t index, struct report_heading *heading);

/* Sentences for somebody who has a driver and asks which allocator to take, in lines of width columns: of each workload the
 * verdict, a row of headline figures for each arm, which arms another one beats in all of them, what ages; then how sure all
 * that is. */
void report_advice(const struct result *result, unsigned width, struct text *text);

/* One self-contained HTML file: no network, no other file. */
void report_html(const struct result *result, struct text *html);
/* The same, workload by workload; their arms may be packed. */
int report_html_to(const struct result *result, const struct file_sink *sink, struct error *error);

/* The kinds of figures, and what each shows. */
#define REPORT_PLOTS(X)                                                                                                    \
	X(FOREST, "forest", "time of every arm against the one it is held against, all workloads in one figure")           \
	X(PERCENTILES, "percentiles", "latency of every kind of operation by percentile")                                  \
	X(PHASES, "phases", "latency by percentile of each phase, side by side")                                           \
	X(DOMAINS, "domains", "what each domain ended with: failures, span, unusable space, free runs, page tables")       \
	X(LATENCY, "latency", "time and latency over operations")                                                          \
	X(HEAT, "heat", "latency of allocations over operations, all samples of all rounds")                               \
	X(FAILURES, "failures", "failed requests over operations, by kind and request")                                    \
	X(SPACE, "space", "live, span, page tables, cached and deferred pages over operations")                            \
	X(FRAGMENTATION, "fragmentation", "unusable space, free runs and the largest of them over operations")             \
	X(MAP, "map", "the address space over time, and its free runs by length")                                          \
	X(SWEEP, "sweep", "metrics against the value of a key that was swept")                                             \
	X(LOAD, "load", "responses and achieved rate against the offered one, of --rate with several")                     \
	X(SCALING, "scaling", "throughput against threads, of -t with several")
enum report_plot {
#define REPORT_PLOT_ENUM(id, name, about) REPORT_PLOT_##id,
	REPORT_PLOTS(REPORT_PLOT_ENUM)
#undef REPORT_PLOT_ENUM
		REPORT_PLOT_COUNT
};
extern const char *const report_plot_name[REPORT_PLOT_COUNT + 1]; /* NULL at the end */

/* A figure of its own, as SVG; width: in its units, >= 300. */
void report_plot_svg(const struct result *result, enum report_plot plot, double width, struct text *svg);
/* The same numbers as a table, and a script with which gnuplot draws them from the file `data`; nothing where gnuplot is of no
 * help. */
void report_plot_csv(const struct result *result, enum report_plot plot, struct text *csv);
void report_plot_script(const struct result *result, enum report_plot plot, const char *data, struct text *script);

/* all: as above. */
void report_markdown(const struct result *result, bool all, struct text *markdown);
/* A row for each figure of each arm, also for those that are null, with the reason; but none for kinds of operations that did
 * not occur. */
void report_csv(const struct result *result, struct text *csv);

#endif
