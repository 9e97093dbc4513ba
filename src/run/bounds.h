/* SPDX-License-Identifier: MIT
 * Between which figures allocators can lie on a workload: what its stream needs at its worst moment, and how well it can be
 * packed by who knows all of it. docs/bounds.md tells what is computed. */
#ifndef RUN_BOUNDS_H
#define RUN_BOUNDS_H

#include "base/error.h"
#include "result/figures.h"
#include "run/plan.h"

#include <stdbool.h>
#include <stdint.h>

/* Sums over domains. */
struct bounds {
	enum result_reason unknown;  /* RESULT_REASON_COUNT: the floors are known; else why nothing is */
	enum result_reason unpacked; /* likewise of the packing */
	uint64_t tables_floor, span_floor_pages;
	double robson_pages, robson_buddy_pages;
	uint64_t tables_packed, span_packed_pages; /* the least of all packings, each */
};

/* Plays the stream of the plan from its start, and rewinds it. Seconds for long streams, O(slots + extents)
 * memory, of 2^20 extents at most. Returns 0, or -1 with a message: no memory. */
int bounds_find(const struct plan *plan, struct bounds *bounds, struct error *error);

/* Figures of a phase, behind those of its audit. bounds NULL: nobody asked. */
void bounds_set(const struct bounds *bounds, struct result_figures *figures);

#endif
