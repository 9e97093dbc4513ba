/* SPDX-License-Identifier: MIT */
#include "allocator/bitmap/page_bitmap.h"

#include "base/bits.h"

#include <assert.h>
#include <string.h>

static size_t bytes_of(const struct page_bitmap *bitmap)
{
	return (bitmap->pages + 63) / 64 * sizeof(*bitmap->words);
}

enum iova_status page_bitmap_create(struct page_bitmap *bitmap, uint64_t pages, const struct summaries *summaries,
				    const struct iova_host *host)
{
	assert(pages && pages < UINT64_C(1) << 53);
	*bitmap = (struct page_bitmap){.pages = pages, .top = summaries->top, .host = host};
	memcpy(bitmap->groups, summaries->groups, sizeof(bitmap->groups));
	bitmap->words = host->memory_get(host->context, bytes_of(bitmap));
	return bitmap->words ? IOVA_OK : IOVA_NO_MEMORY;
}

void page_bitmap_release(struct page_bitmap *bitmap)
{
	if (bitmap->words)
		bitmap->host->memory_put(bitmap->host->context, bitmap->words, bytes_of(bitmap));
	bitmap->words = NULL;
}

static uint64_t bits_of(const struct page_bitmap *bitmap, unsigned level, uint64_t word)
{
	return level ? *page_bitmap_summary(bitmap, level, word) : bitmap->words[word];
}

uint64_t page_bitmap_next_far(const struct page_bitmap *bitmap, uint64_t word)
{
	unsigned level = 0;
	uint64_t bits = 0;
	while (!bits) {
		level++;
		/* Bits after that of the word; a shift by 64 in two steps. */
		bits = *page_bitmap_summary(bitmap, level, word >> 6) & (~UINT64_C(1) << (word & 63));
		word >>= 6;
	}
	while (--level) {
		word = word << 6 | (unsigned)__builtin_ctzll(bits);
		bits = *page_bitmap_summary(bitmap, level, word);
	}
	word = word << 6 | (unsigned)__builtin_ctzll(bits);
	bits = bitmap->words[word];
	return word << 6 | (unsigned)__builtin_ctzll(bits);
}

uint64_t page_bitmap_previous_far(const struct page_bitmap *bitmap, uint64_t word)
{
	unsigned level = 0;
	uint64_t bits = 0;
	while (!bits) {
		level++;
		bits = *page_bitmap_summary(bitmap, level, word >> 6) & ((UINT64_C(1) << (word & 63)) - 1);
		word >>= 6;
	}
	while (--level) {
		word = word << 6 | bits_log2_floor(bits);
		bits = *page_bitmap_summary(bitmap, level, word);
	}
	word = word << 6 | bits_log2_floor(bits);
	bits = bitmap->words[word];
	return word << 6 | bits_log2_floor(bits);
}

/* The word of the level below has its first bit, and below, has lost its last one. */
static void summary_filled(struct page_bitmap *bitmap, unsigned level, uint64_t word)
{
	for (; level <= bitmap->top; level++, word >>= 6) {
		uint64_t *bits = page_bitmap_summary(bitmap, level, word >> 6), before = *bits;
		*bits = before | UINT64_C(1) << (word & 63);
		if (before)
			return;
	}
}

static void summary_emptied(struct page_bitmap *bitmap, unsigned level, uint64_t word)
{
	for (; level <= bitmap->top; level++, word >>= 6) {
		uint64_t *bits = page_bitmap_summary(bitmap, level, word >> 6),
			 after = *bits & ~(UINT64_C(1) << (word & 63));
		*bits = after;
		if (after)
			return;
	}
}

void page_bitmap_word_filled(struct page_bitmap *bitmap, uint64_t word)
{
	summary_filled(bitmap, 1, word);
}

void page_bitmap_word_emptied(struct page_bitmap *bitmap, uint64_t word)
{
	summary_emptied(bitmap, 1, word);
}

/* The bits of words [first, end) in the summary of the group that first lies in. */
static uint64_t summary_bits(uint64_t first, uint64_t end)
{
	uint64_t bits = ~UINT64_C(0) << (first & 63);
	return end >> 6 == first >> 6 ? bits & ~(~UINT64_C(0) << (end & 63)) : bits;
}

void page_bitmap_fill_words(struct page_bitmap *bitmap, uint64_t first, uint64_t end)
{
	for (uint64_t word = first; word < end; word++)
		bitmap->words[word] = ~UINT64_C(0);
	for (; first < end; first = (first | 63) + 1) {
		uint64_t *bits = page_bitmap_summary(bitmap, 1, first >> 6), before = *bits;
		*bits = before | summary_bits(first, end);
		if (!before)
			summary_filled(bitmap, 2, first >> 6);
	}
}

void page_bitmap_empty_words(struct page_bitmap *bitmap, uint64_t first, uint64_t end)
{
	for (uint64_t word = first; word < end; word++)
		bitmap->words[word] = 0;
	for (; first < end; first = (first | 63) + 1) {
		uint64_t *bits = page_bitmap_summary(bitmap, 1, first >> 6), after = *bits & ~summary_bits(first, end);
		*bits = after;
		if (!after)
			summary_emptied(bitmap, 2, first >> 6);
	}
}

const char *page_bitmap_broken_invariant(const struct page_bitmap *bitmap)
{
	uint64_t words = (bitmap->pages + 63) / 64;
	for (unsigned level = 0; level < bitmap->top; level++, words = (words + 63) / 64)
		for (uint64_t word = 0; word < words; word++)
			if ((bits_of(bitmap, level + 1, word >> 6) >> (word & 63) & 1) !=
			    (bits_of(bitmap, level, word) != 0))
				return "a summary bit is set exactly when the word below it has a bit set";
	return NULL;
}
