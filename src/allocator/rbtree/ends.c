/* SPDX-License-Identifier: MIT */
#include "allocator/rbtree/ends.h"

void gap_ends_release(struct gap_ends *ends, const struct iova_host *host)
{
	host->memory_put(host->context, ends->gap_at, ends->entries * sizeof *ends->gap_at);
	ends->gap_at = NULL;
}

enum iova_status gap_ends_create(struct gap_ends *ends, uint64_t first, uint64_t count, const struct iova_host *host)
{
	bool by_page = count <= GAP_ENDS_DIRECT_PAGES;
	*ends = (struct gap_ends){.base = first, .entries = by_page ? count + 1 : GAP_ENDS_SLOTS_MIN};
	ends->by_slot = by_page ? 0 : 64 - (unsigned)__builtin_ctz(GAP_ENDS_SLOTS_MIN);
	ends->gap_at = host->memory_get(host->context, ends->entries * sizeof *ends->gap_at);
	return ends->gap_at ? IOVA_OK : IOVA_NO_MEMORY;
}

enum iova_status gap_ends_grow(struct gap_ends *ends, const struct gap *gaps, const struct iova_host *host)
{
	struct gap_ends grown = {.entries = 2 * ends->entries, .by_slot = ends->by_slot - 1};
	grown.gap_at = host->memory_get(host->context, grown.entries * sizeof *grown.gap_at);
	if (!grown.gap_at)
		return IOVA_NO_MEMORY;
	for (uint64_t slot = 0; slot < ends->entries; slot++) {
		uint32_t entry = ends->gap_at[slot];
		if (entry)
			grown.gap_at[gap_ends_probe(&grown, gaps, gap_ends_page(gaps, entry))] = entry;
	}
	gap_ends_release(ends, host);
	*ends = grown;
	return IOVA_OK;
}
