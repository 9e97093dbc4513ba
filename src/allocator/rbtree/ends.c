/* SPDX-License-Identifier: MIT */
#include "allocator/rbtree/ends.h"

#include <assert.h>

static void release_old(struct gap_ends *ends, const struct iova_host *host)
{
	if (ends->old)
		host->memory_put(host->context, ends->old, ends->entries / 2 * sizeof *ends->old);
	ends->old = NULL;
}

void gap_ends_release(struct gap_ends *ends, const struct iova_host *host)
{
	release_old(ends, host);
	host->memory_put(host->context, ends->gap_at, ends->entries * sizeof *ends->gap_at);
	ends->gap_at = NULL;
}

enum iova_status gap_ends_create(struct gap_ends *ends, const struct iova_host *host)
{
	*ends = (struct gap_ends){.entries = GAP_ENDS_SLOTS_MIN, .shift = 64 - (unsigned)__builtin_ctz(GAP_ENDS_SLOTS_MIN)};
	ends->gap_at = host->memory_get(host->context, ends->entries * sizeof *ends->gap_at);
	return ends->gap_at ? IOVA_OK : IOVA_NO_MEMORY;
}

enum iova_status gap_ends_grow(struct gap_ends *ends, const struct iova_host *host)
{
	assert(!ends->old);
	uint32_t *slots = host->memory_get(host->context, 2 * ends->entries * sizeof *slots);
	if (!slots)
		return IOVA_NO_MEMORY;
	ends->old = ends->gap_at;
	ends->gap_at = slots;
	ends->entries *= 2;
	ends->shift--;
	ends->moved = 0;
	return IOVA_OK;
}

uint64_t gap_ends_move(struct gap_ends *ends, const struct gap *gaps, const struct iova_host *host)
{
	const struct gap_ends old = gap_ends_old(ends);
	uint64_t looks = 0;
	for (; looks < GAP_ENDS_PORTION && ends->moved < old.entries; looks++) {
		uint32_t entry = old.gap_at[ends->moved];
		if (!entry) {
			ends->moved++;
			continue;
		}
		/* What was pushed behind it may move up into its slot, which is looked at again. */
		gap_ends_empty(&old, gaps, ends->moved);
		ends->gap_at[gap_ends_probe(ends, gaps, gap_ends_page(gaps, entry))] = entry;
	}
	if (ends->moved == old.entries)
		release_old(ends, host);
	return looks;
}
