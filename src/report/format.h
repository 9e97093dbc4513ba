/* SPDX-License-Identifier: MIT
 * How figures are written for people, the same in every report. */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include "base/text.h"
#include "report/view.h"
#include "result/result.h"

#include <stdbool.h>

/* Three significant digits without a unit; "-" when not finite. */
const char *format_number(char buffer[TEXT_NUMBER_BYTES], double value);
/* A share of 1 as per cent: two significant digits, never "0 %" for something that is not 0. */
const char *format_share(char buffer[TEXT_NUMBER_BYTES], double share);
/* The main time of an arm: clean_ns_per_op, or raw_ns_per_op when no window is clean. NaN: neither. */
double format_time_ns(const struct result_figures *figures);
/* Fewer than half of the windows are clean, or they have no time. */
bool format_is_unclean(const struct result_figures *figures);
/* The number, behind it FORMAT_UNCLEAN when it is that. */
#define FORMAT_UNCLEAN '!'
const char *format_time(char buffer[TEXT_NUMBER_BYTES], const struct result_figures *figures);
/* A figure of the table in its unit. */
const char *format_metric(char buffer[TEXT_NUMBER_BYTES], enum metric metric, double value);
/* A percentile of a latency: "<10 ns" when the clock cannot tell. "-" when the kind did not occur. */
const char *format_percentile(char buffer[TEXT_NUMBER_BYTES], const struct result_latency *latency, double ns);

/* "28 frag", "31 mixed", "0"; "28" when no audit told the kinds, "-" when not measured. */
const char *format_failures(char buffer[TEXT_NUMBER_BYTES], const struct result_figures *figures);
/* Of an arm: those of the phase whose figures are the arm's, and " +2" behind them where other measured phases had some. */
const char *format_arm_failures(char buffer[TEXT_NUMBER_BYTES], const struct result_arm *arm);
/* Device time of an operation of the stream, s, as the series of an arm tells it, behind its last row that of the row; NaN: it
 * does not. O(rows). */
double format_device_s(const struct result_arm *arm, double operation);
/* Of the whole stream, s, as the first arm that knows it tells it. NaN: none does. */
double format_device_whole_s(const struct report_view *view, size_t workload);
#define FORMAT_OPERATIONS_BYTES 64
/* "1.20 M operations", or that the answers decide about them. */
const char *format_workload_ops(char buffer[FORMAT_OPERATIONS_BYTES], const struct result_workload *workload);
/* "operations", with the device time of all of them behind it where it is known: the title of an axis. */
const char *format_operations(char buffer[FORMAT_OPERATIONS_BYTES], double whole_s);

/* Failed / tried allocations; NaN when not measured. */
double format_failed_share(const struct result_figures *figures);

/* "failed (allocator)": the state, and whose failure it is. */
void format_state(const struct result_arm *arm, struct text *text);
/* The latency of allocations, by whichever call they were made. Never NULL; count 0 when there are none. */
const struct result_latency *format_alloc_latency(const struct result_arm *arm);

/* What is to be told of a workload as a whole, a line at a time, into an empty text: why its rounds ended, if not after all
 * of them; "the recorded kernel could not place 2 requests within its first limit: buddy 2 of 2, bitmap 1 of 2"; at the first
 * of several seeds, what holds over all of them. *at is 0 at first. false: no more. */
bool format_workload_note(const struct report_view *view, size_t workload, size_t *at, struct text *text);

/* "12 rounds"; "at most 40 rounds" when some ended earlier. */
void format_rounds(const struct result *result, struct text *text);

/* "12 fragmented, 1 exhausted": the kinds that are not 0. */
void format_failure_kinds(const struct result_figures *figures, struct text *text);

/* What is to be known about an arm's times: windows and a max that were disturbed, ageing, an open loop, a latency pass that
 * its stamps slowed by more than 30 %; nothing when there is nothing. */
void format_timing_notes(const struct result_arm *arm, struct text *text);

/* Text that Markdown takes as text: no markup, no cell border, no line break. */
void format_markdown(struct text *markdown, const char *value);

/* ", node 1", as the document numbers nodes, where another node has the same arm; else nothing. */
void format_node(const struct result *result, const struct result_arm *arm, struct text *text);

/* An arm by its spec, its threads when it had several, and its node as above. */
void format_arm(const struct result *result, const struct result_arm *arm, struct text *text);

#endif
