/* SPDX-License-Identifier: MIT
 * Byte limits of a call as limits of an allocator's request. Inline: contiguous memory is a matter of nanoseconds. */
#ifndef DDI_LIMITS_H
#define DDI_LIMITS_H

#include "base/bits.h"
#include "ddi/adapter.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

static inline bool power_of_two_or_zero(uint64_t value)
{
	return (value & (value - 1)) == 0;
}

static inline bool cache_type_unknown(enum ddi_cache_type type)
{
	return (uint32_t)type > DDI_WRITE_COMBINED;
}

/* Pages of a number of bytes, rounded up. */
static inline uint64_t pages_of(const struct ddi_adapter *adapter, uint64_t bytes)
{
	return (bytes >> adapter->page_shift) + ((bytes & adapter->page_mask) != 0);
}

/* The whole pages between two inclusive byte addresses, clipped to the space: low > high when there are none. False when high
 * would lie below the space. */
static inline bool limits_window(const struct ddi_adapter *adapter, uint64_t lowest, uint64_t highest,
				 struct iova_request *pages)
{
	pages->low = adapter->first_page;
	pages->high = adapter->last_page;
	if (lowest > adapter->first_byte) {
		pages->low = (lowest >> adapter->page_shift) + ((lowest & adapter->page_mask) != 0);
		pages->constraints |= IOVA_CONSTRAIN_LIMIT;
	}
	if (highest < adapter->last_byte) {
		uint64_t end = (highest >> adapter->page_shift) + ((highest & adapter->page_mask) == adapter->page_mask);
		if (end <= adapter->first_page)
			return false;
		pages->high = end - 1;
		pages->constraints |= IOVA_CONSTRAIN_LIMIT;
	}
	return true;
}

/* Adds alignment and boundary, in so far as they constrain anything inside the window. A boundary below a page becomes 0
 * pages: no request fits into it. */
static inline void limits_placement(const struct ddi_adapter *adapter, uint64_t alignment_pages, uint64_t boundary_bytes,
				    struct iova_request *pages)
{
	if (alignment_pages > 1) {
		pages->align = alignment_pages;
		pages->constraints |= IOVA_CONSTRAIN_ALIGN;
	}
	if (boundary_bytes != 0) {
		pages->boundary = boundary_bytes >> adapter->page_shift;
		if ((pages->low ^ pages->high) >= pages->boundary)
			pages->constraints |= IOVA_CONSTRAIN_BOUNDARY;
	}
}

/* Whether the request fits into its window when that is empty. No sum overflows: pages are below 2^53, powers of two at most
 * 2^63. */
static inline bool limits_possible(const struct iova_request *pages)
{
	assert(pages->count);
	uint64_t first = pages->low;
	if (pages->constraints & IOVA_CONSTRAIN_ALIGN)
		first = bits_align_up(first, pages->align);
	if (pages->constraints & IOVA_CONSTRAIN_BOUNDARY) {
		if (pages->count > pages->boundary)
			return false;
		/* The start of the next block is aligned too: with an alignment >= boundary, first is a start of a block
		 * already. */
		if ((first & (pages->boundary - 1)) + pages->count > pages->boundary)
			first = bits_align_up(first, pages->boundary);
	}
	return first <= pages->high && pages->count <= pages->high - first + 1;
}

#endif
