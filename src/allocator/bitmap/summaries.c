/* SPDX-License-Identifier: MIT */
#include "allocator/bitmap/summaries.h"

#include <assert.h>
#include <string.h>

/* Levels from this one on are part of what creation costs, rather than of what the first extents in a region do, if they are
 * no larger than that: those over 2^36 pages have 67 KiB. */
#define WRITTEN_LEVEL 3
#define WRITTEN_BYTES ((size_t)256 << 10)

enum iova_status summaries_create(struct summaries *summaries, uint64_t words, const struct iova_host *host)
{
	assert(words && words < UINT64_C(1) << 47);
	uint64_t offsets[SUMMARIES_LEVELS_MAX], total = 0;
	*summaries = (struct summaries){.host = host};
	while (words > 1) {
		words = (words + 63) / 64;
		offsets[++summaries->top] = total;
		total += (words + 63) / 64;
	}
	summaries->bytes = total * sizeof(*summaries->memory);
	if (!total)
		return IOVA_OK;
	summaries->memory = host->memory_get(host->context, summaries->bytes);
	if (!summaries->memory)
		return IOVA_NO_MEMORY;
	for (unsigned level = 1; level <= summaries->top; level++)
		summaries->groups[level] = summaries->memory + offsets[level];
	if (summaries->top >= WRITTEN_LEVEL) {
		size_t bytes = (total - offsets[WRITTEN_LEVEL]) * sizeof(*summaries->memory);
		if (bytes <= WRITTEN_BYTES)
			memset(summaries->groups[WRITTEN_LEVEL], 0, bytes);
	}
	return IOVA_OK;
}

void summaries_release(struct summaries *summaries)
{
	if (summaries->memory)
		summaries->host->memory_put(summaries->host->context, summaries->memory, summaries->bytes);
	summaries->memory = NULL;
}
