/* SPDX-License-Identifier: MIT
 * Logical extents for pages: taken in one piece or several, given back, and what they cost. */
#ifndef DDI_MAPPING_H
#define DDI_MAPPING_H

#include "ddi/adapter.h"

#define PAGE_ARRAY_ENTRY_BYTES 8u /* a frame number */

/* What a mapping in remap mode wants. */
struct mapping_wish {
	struct iova_request limits; /* window, alignment, boundary; count is not used */
	uint64_t pages;
	enum ddi_contiguity contiguity;
	uint64_t chunk_pages; /* every extent has this length and alignment; 0: see contiguity */
};

/* Whether the wish fits into its window when that is empty: the single extent, or as many pages as it has. */
bool mapping_possible(const struct mapping_wish *wish);

/* Remap mode: takes extents for wish->pages pages, whose frames `pages` walks (used by DDI_CONTIGUITY_NO only). On failure
 * nothing is held. */
enum iova_status mapping_take(struct ddi_adapter *adapter, const struct mapping_wish *wish, struct run_cursor pages,
			      uint32_t cpu, struct extent_list *list);

/* Identity mode: takes the addresses of the frames, run by run. */
enum iova_status mapping_place(struct ddi_adapter *adapter, struct run_cursor frames, uint64_t pages, uint32_t cpu,
			       struct extent_list *list);

/* Gives the extents back, and the blocks of the list. */
void mapping_release(struct ddi_adapter *adapter, struct extent_list *list, uint32_t cpu);

/* The list of an ALLOCATED_MDL, MAPPED_MDL or ADL. The list in the handle is the one that counts. */
struct extent_list mapping_load(const struct handle_entry *entry, const union handle_more *more);
/* Keeps it there. */
void mapping_store(struct handle_entry *entry, union handle_more *more, const struct extent_list *list);

/* Adds what the mapping of `pages` pages costs, but the page array. frames.left == 0: no frames are known. */
void mapping_measure(const struct ddi_adapter *adapter, const struct extent_list *list, struct run_cursor frames,
		     uint64_t pages, struct ddi_placement *placement);

/* Counts a new mapping among those of a call, with its page array, and tells it to whoever listens. */
void mapping_begin(struct ddi_adapter *adapter, enum ddi_call call, const struct extent_list *list,
		   struct run_cursor frames, uint64_t pages, uint64_t array_pages, uint64_t array_pages_saved);
/* Tells its end. */
void mapping_end(struct ddi_adapter *adapter, const struct extent_list *list, struct run_cursor frames, uint64_t pages);

#endif
