/* SPDX-License-Identifier: MIT */
#include "allocator/page_bitmap.h"

#include "base/bits.h"

#include <string.h>

static size_t bytes_of(const struct page_bitmap *bitmap)
{
	return (bitmap->pages + 63) / 64 * sizeof(*bitmap->words);
}

enum iova_status page_bitmap_create(struct page_bitmap *bitmap, uint64_t pages, const struct summaries *summaries,
				    const struct iova_host *host)
{
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

void page_bitmap_word_filled(struct page_bitmap *bitmap, uint64_t word)
{
	for (unsigned level = 1; level <= bitmap->top; level++, word >>= 6) {
		uint64_t *bits = page_bitmap_summary(bitmap, level, word >> 6), before = *bits;
		*bits = before | UINT64_C(1) << (word & 63);
		if (before)
			return;
	}
}

void page_bitmap_word_emptied(struct page_bitmap *bitmap, uint64_t word)
{
	for (unsigned level = 1; level <= bitmap->top; level++, word >>= 6) {
		uint64_t *bits = page_bitmap_summary(bitmap, level, word >> 6),
			 after = *bits & ~(UINT64_C(1) << (word & 63));
		*bits = after;
		if (after)
			return;
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
