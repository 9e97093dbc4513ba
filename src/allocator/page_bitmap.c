/* SPDX-License-Identifier: MIT */
#include "allocator/page_bitmap.h"

#include "base/bits.h"

enum iova_status page_bitmap_create(struct page_bitmap *bitmap, uint64_t pages, const struct iova_host *host)
{
	uint64_t total = 0, words = pages;
	uint64_t offsets[PAGE_BITMAP_LEVELS_MAX];
	unsigned top = 0;
	for (unsigned level = 0;; level++) {
		words = (words + 63) / 64;
		offsets[level] = total;
		total += words;
		top = level;
		if (words == 1)
			break;
	}
	*bitmap = (struct page_bitmap){.top = top, .pages = pages, .bytes = total * sizeof(uint64_t), .host = host};
	bitmap->memory = host->memory_get(host->context, bitmap->bytes);
	if (!bitmap->memory)
		return IOVA_NO_MEMORY;
	for (unsigned level = 0; level <= top; level++)
		bitmap->words[level] = bitmap->memory + offsets[level];
	return IOVA_OK;
}

void page_bitmap_release(struct page_bitmap *bitmap)
{
	if (bitmap->memory)
		bitmap->host->memory_put(bitmap->host->context, bitmap->memory, bitmap->bytes);
	bitmap->memory = NULL;
}

uint64_t page_bitmap_next_far(const struct page_bitmap *bitmap, uint64_t word)
{
	unsigned level = 0;
	uint64_t bits = 0;
	while (!bits) {
		level++;
		/* Bits after that of the word; a shift by 64 in two steps. */
		bits = bitmap->words[level][word >> 6] & (~UINT64_C(1) << (word & 63));
		word >>= 6;
	}
	for (;; level--) {
		word = word << 6 | (unsigned)__builtin_ctzll(bits);
		if (!level)
			return word;
		bits = bitmap->words[level - 1][word];
	}
}

uint64_t page_bitmap_previous_far(const struct page_bitmap *bitmap, uint64_t word)
{
	unsigned level = 0;
	uint64_t bits = 0;
	while (!bits) {
		level++;
		bits = bitmap->words[level][word >> 6] & ((UINT64_C(1) << (word & 63)) - 1);
		word >>= 6;
	}
	for (;; level--) {
		word = word << 6 | bits_log2_floor(bits);
		if (!level)
			return word;
		bits = bitmap->words[level - 1][word];
	}
}

void page_bitmap_word_filled(struct page_bitmap *bitmap, uint64_t word)
{
	for (unsigned level = 1; level <= bitmap->top; level++, word >>= 6) {
		uint64_t before = bitmap->words[level][word >> 6];
		bitmap->words[level][word >> 6] = before | UINT64_C(1) << (word & 63);
		if (before)
			return;
	}
}

void page_bitmap_word_emptied(struct page_bitmap *bitmap, uint64_t word)
{
	for (unsigned level = 1; level <= bitmap->top; level++, word >>= 6) {
		uint64_t after = bitmap->words[level][word >> 6] & ~(UINT64_C(1) << (word & 63));
		bitmap->words[level][word >> 6] = after;
		if (after)
			return;
	}
}

const char *page_bitmap_broken_invariant(const struct page_bitmap *bitmap)
{
	uint64_t words = (bitmap->pages + 63) / 64;
	for (unsigned level = 0; level < bitmap->top; level++, words = (words + 63) / 64)
		for (uint64_t word = 0; word < words; word++)
			if ((bitmap->words[level + 1][word >> 6] >> (word & 63) & 1) != (bitmap->words[level][word] != 0))
				return "a summary bit is set exactly when the word below it has a bit set";
	return NULL;
}
