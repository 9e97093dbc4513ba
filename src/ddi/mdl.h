/* SPDX-License-Identifier: MIT
 * Pages for an MDL: its rules, its windows and its frames. Shared by the Dxgk calls, the Mm routines and memory objects. */
#ifndef DDI_MDL_H
#define DDI_MDL_H

#include "ddi/mapping.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether the request breaks a rule. */
bool mdl_malformed(const struct ddi_adapter *adapter, const struct ddi_mdl_request *request);

/* Windows [low + k * step, high + k * step] of pages, in so far as they meet [first, last]. Those that overlap or touch are
 * one. */
struct page_windows {
	uint64_t low; /* of the window at hand, clipped when it is read; low > high: none */
	uint64_t high;
	uint64_t step; /* 0: there is no other */
	uint64_t first;
	uint64_t last;
};

struct page_windows page_windows_of(const struct ddi_adapter *adapter, const struct ddi_mdl_request *request,
				    uint64_t first, uint64_t last);
/* The next window, clipped. false at the end. */
bool page_windows_next(struct page_windows *windows, uint64_t *low, uint64_t *high);

/* One run of count frames between two inclusive byte addresses of the pool, not across a boundary in bytes (0: none). false:
 * not even the empty pool has it. */
bool frame_request_of(const struct ddi_adapter *adapter, uint64_t lowest, uint64_t highest, uint64_t boundary,
		      uint64_t count, struct frame_request *request);

/* Takes frames of [first, last] by the request's windows or chunks. whole: all or none; otherwise as many as there are, at
 * least one. NTSTATUS_SUCCESS; NTSTATUS_INVALID_PARAMETER (impossible), NTSTATUS_NO_MEMORY or NTSTATUS_INSUFFICIENT_RESOURCES,
 * counted, with nothing held. */
enum ntstatus mdl_take_frames(struct ddi_adapter *adapter, const struct ddi_mdl_request *request, uint64_t first,
			      uint64_t last, bool whole, struct run_list *list);

/* A new MDL of the frames, after handle_table_prepare. */
struct handle_entry *mdl_make(struct ddi_adapter *adapter, const struct ddi_mdl_request *request,
			      const struct run_list *frames, uint32_t node, bool of_mm, union handle_more **more);

#endif
