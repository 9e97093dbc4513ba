/* SPDX-License-Identifier: MIT
 * A result in the order in which it is shown: what belongs together is found without a search. */
#ifndef REPORT_VIEW_H
#define REPORT_VIEW_H

#include "result/result.h"

#include <stddef.h>

struct verdict; /* report/verdict.h */

/* Indices, ascending; borrowed from the view. */
struct report_list {
	const size_t *at;
	size_t count;
};

struct report_view {
	const struct result *result; /* borrowed */
	/* Items of group g: items[from[g]] to items[from[g + 1] - 1]. */
	struct report_groups {
		size_t *items, *from;
	} arms, expectations, comparisons; /* by workload; by workload; by the arm that is held against another */
	struct verdict *verdicts;          /* of each workload */
	size_t *color;                     /* of each arm: the number of its spec, in the order in which specs are met */
	size_t *first;                     /* of each colour: the first arm */
	size_t color_count;
};

/* O(n log n), and of verdicts O(arms^2) of each workload. -1: no memory; there is nothing to close then. */
int report_view_open(struct report_view *view, const struct result *result);
void report_view_close(struct report_view *view);

struct report_list report_arms(const struct report_view *view, size_t workload);
struct report_list report_expectations(const struct report_view *view, size_t workload);
struct report_list report_comparisons(const struct report_view *view, size_t arm);

#endif
