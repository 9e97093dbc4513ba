/* SPDX-License-Identifier: MIT */
#include "measure/fragmentation.h"

#include "base/bits.h"

#include <assert.h>
#include <math.h>

void fragmentation_add(struct fragmentation *fragmentation, uint64_t first, uint64_t count)
{
	assert(count && count <= UINT64_C(1) << 52 && first <= (UINT64_C(1) << 52) - count);
	fragmentation->free_pages += count;
	fragmentation->free_extents++;
	fragmentation->runs[bits_log2_floor(count)]++;
	if (count > fragmentation->largest_free_pages)
		fragmentation->largest_free_pages = count;
	while (count) {
		unsigned order = bits_log2_floor(count);
		/* Page 0 is aligned to everything. */
		unsigned alignment = first ? (unsigned)__builtin_ctzll(first) : order;
		if (alignment < order)
			order = alignment;
		fragmentation->blocks[order]++;
		first += UINT64_C(1) << order;
		count -= UINT64_C(1) << order;
	}
}

double fragmentation_unusable(const struct fragmentation *fragmentation, unsigned order)
{
	if (!fragmentation->free_pages)
		return 1;
	uint64_t usable = 0;
	for (unsigned i = order; i < FRAGMENTATION_ORDERS; i++)
		usable += fragmentation->blocks[i] << i;
	return (double)(fragmentation->free_pages - usable) / (double)fragmentation->free_pages;
}

double fragmentation_index(const struct fragmentation *fragmentation, uint64_t pages)
{
	assert(pages);
	uint64_t blocks = 0;
	for (unsigned i = 0; i < FRAGMENTATION_ORDERS; i++) {
		if (fragmentation->blocks[i] && UINT64_C(1) << i >= pages)
			return -1;
		blocks += fragmentation->blocks[i];
	}
	if (!blocks)
		return 0;
	return 1 - (1 + (double)fragmentation->free_pages / (double)pages) / (double)blocks;
}

double fragmentation_outside_largest(const struct fragmentation *fragmentation)
{
	if (!fragmentation->free_pages)
		return (double)NAN;
	return 1 - (double)fragmentation->largest_free_pages / (double)fragmentation->free_pages;
}
