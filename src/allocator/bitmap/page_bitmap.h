/* SPDX-License-Identifier: MIT
 * A bitmap of used pages with summaries, fan-out 64: bit i of a level tells whether word i of the level below has a bit
 * set. All zero is all free, so that fresh memory needs no setup and untouched regions cost nothing. Indices, not
 * addresses. */
#ifndef ALLOCATOR_BITMAP_PAGE_BITMAP_H
#define ALLOCATOR_BITMAP_PAGE_BITMAP_H

#include "allocator/bitmap/summaries.h"
#include "iovabench/allocator.h"

#include <assert.h>
#include <stdbool.h>

struct page_bitmap {
	uint64_t *words; /* level 0: bit per page, 1 = used */
	uint64_t pages;
	unsigned top;                                       /* its level has one word */
	struct summary_group *groups[SUMMARIES_LEVELS_MAX]; /* the levels above */
	const struct iova_host *host;
};

/* pages is at least 1 and below 2^53; the summaries are over their words, all zero, the caller's, and outlive it. Returns
 * IOVA_OK or IOVA_NO_MEMORY. Release takes a zeroed one, too. */
enum iova_status page_bitmap_create(struct page_bitmap *bitmap, uint64_t pages, const struct summaries *summaries,
				    const struct iova_host *host);
void page_bitmap_release(struct page_bitmap *bitmap);

/* A word of a level above 0. */
static inline uint64_t *page_bitmap_summary(const struct page_bitmap *bitmap, unsigned level, uint64_t word)
{
	return &bitmap->groups[level][word >> 6].used[word & 63];
}

/* The ends of a search that leaves its word; page_bitmap_next and page_bitmap_previous are what callers want. */
uint64_t page_bitmap_next_far(const struct page_bitmap *bitmap, uint64_t word);
uint64_t page_bitmap_previous_far(const struct page_bitmap *bitmap, uint64_t word);

/* Word `word` of level 0 has its first used page, or has lost its last one. */
void page_bitmap_word_filled(struct page_bitmap *bitmap, uint64_t word);
void page_bitmap_word_emptied(struct page_bitmap *bitmap, uint64_t word);

static inline bool page_bitmap_is_used(const struct page_bitmap *bitmap, uint64_t page)
{
	assert(page < bitmap->pages);
	return bitmap->words[page >> 6] >> (page & 63) & 1;
}

/* Lowest used page >= page. There is one: the caller has set a page at the end. */
static inline uint64_t page_bitmap_next(const struct page_bitmap *bitmap, uint64_t page)
{
	uint64_t bits = bitmap->words[page >> 6] >> (page & 63);
	if (bits)
		return page + (unsigned)__builtin_ctzll(bits);
	bits = bitmap->words[(page >> 6) + 1];
	if (bits)
		return (((page >> 6) + 1) << 6) + (unsigned)__builtin_ctzll(bits);
	return page_bitmap_next_far(bitmap, (page >> 6) + 1);
}

/* Highest used page <= page. There is one: the caller has set page 0. */
static inline uint64_t page_bitmap_previous(const struct page_bitmap *bitmap, uint64_t page)
{
	uint64_t bits = bitmap->words[page >> 6] << (63 - (page & 63));
	if (bits)
		return page - (unsigned)__builtin_clzll(bits);
	return page_bitmap_previous_far(bitmap, page >> 6);
}

/* The words [first, end), which are all free, become used, and the other way round. */
void page_bitmap_fill_words(struct page_bitmap *bitmap, uint64_t first, uint64_t end);
void page_bitmap_empty_words(struct page_bitmap *bitmap, uint64_t first, uint64_t end);

static inline void page_bitmap_set_in_word(struct page_bitmap *bitmap, uint64_t word, uint64_t bits)
{
	uint64_t before = bitmap->words[word];
	bitmap->words[word] = before | bits;
	if (!before)
		page_bitmap_word_filled(bitmap, word);
}

static inline void page_bitmap_clear_in_word(struct page_bitmap *bitmap, uint64_t word, uint64_t bits)
{
	uint64_t after = bitmap->words[word] & ~bits;
	bitmap->words[word] = after;
	if (!after)
		page_bitmap_word_emptied(bitmap, word);
}

/* [first, end) is not empty and entirely free (set) or used (clear). */
static inline void page_bitmap_set(struct page_bitmap *bitmap, uint64_t first, uint64_t end)
{
	assert(first < end && end <= bitmap->pages);
	uint64_t word = first >> 6, last = (end - 1) >> 6;
	uint64_t low = ~UINT64_C(0) << (first & 63), high = ~UINT64_C(0) >> (63 - ((end - 1) & 63));
	if (word == last) {
		page_bitmap_set_in_word(bitmap, word, low & high);
		return;
	}
	page_bitmap_set_in_word(bitmap, word, low);
	if (last - word > 1)
		page_bitmap_fill_words(bitmap, word + 1, last);
	page_bitmap_set_in_word(bitmap, last, high);
}

static inline void page_bitmap_clear(struct page_bitmap *bitmap, uint64_t first, uint64_t end)
{
	assert(first < end && end <= bitmap->pages);
	uint64_t word = first >> 6, last = (end - 1) >> 6;
	uint64_t low = ~UINT64_C(0) << (first & 63), high = ~UINT64_C(0) >> (63 - ((end - 1) & 63));
	if (word == last) {
		page_bitmap_clear_in_word(bitmap, word, low & high);
		return;
	}
	page_bitmap_clear_in_word(bitmap, word, low);
	if (last - word > 1)
		page_bitmap_empty_words(bitmap, word + 1, last);
	page_bitmap_clear_in_word(bitmap, last, high);
}

/* NULL, or which rule the summaries break. */
const char *page_bitmap_broken_invariant(const struct page_bitmap *bitmap);

#endif
