/* SPDX-License-Identifier: MIT
 * The levels of page_bitmap and run_index that stand over the words of 64 pages, fan-out 64. Both have a group of 64 for the
 * same pages on each level, and these lie side by side: a region of the space that is touched alone costs a page of memory for
 * a level, not one for each index. */
#ifndef ALLOCATOR_BITMAP_SUMMARIES_H
#define ALLOCATOR_BITMAP_SUMMARIES_H

#include "iovabench/allocator.h"

#define SUMMARIES_LEVELS_MAX 9

/* One group of level l is about 64^(l + 2) pages. 1 KiB, so that none lies in two pages of memory. */
struct summary_group {
	uint64_t used[64]; /* of page_bitmap */
	uint8_t codes[64]; /* of run_index */
	uint8_t unused[448];
};
_Static_assert(sizeof(struct summary_group) == 1024, "a group is a power of two");

struct summaries {
	struct summary_group *groups[SUMMARIES_LEVELS_MAX]; /* from level 1 */
	unsigned top;                                       /* 0: there is none. One word and one code are in use on it */
	struct summary_group *memory;
	size_t bytes;
	const struct iova_host *host;
};

/* Over 1 <= words < 2^47 words; all is zero. Returns IOVA_OK or IOVA_NO_MEMORY. Release takes a zeroed one, too. */
enum iova_status summaries_create(struct summaries *summaries, uint64_t words, const struct iova_host *host);
void summaries_release(struct summaries *summaries);

#endif
