/* SPDX-License-Identifier: MIT
 * The state of the bitmap allocator, and what taking and freeing pages does to it. */
#ifndef ALLOCATOR_BITMAP_RUNS_H
#define ALLOCATOR_BITMAP_RUNS_H

#include "allocator/bitmap/page_bitmap.h"
#include "allocator/bitmap/run_index.h"
#include "allocator/bitmap/word_runs.h"
#include "allocator/gap/index.h"
#include "base/bits.h"

#include <assert.h>

#define INLINE static inline __attribute__((always_inline))
#define NOTHING UINT64_MAX

/* Classes of fit=any: ceil(log2(count)), all above one word together. */
#define CLASSES 7

enum fit {
	FIT_ANY,
	FIT_FIRST,
	FIT_NEXT,
};

#define RECENT 62 /* makes struct recent 512 bytes */

/* A stack that forgets the oldest. */
struct recent {
	uint64_t held;
	uint64_t newest;
	uint64_t words[RECENT];
};

struct bitmap {
	struct summaries summaries;
	struct page_bitmap used;
	struct run_index runs;
	uint64_t base;  /* page of index 0, modulo 2^64 */
	uint64_t first; /* indices of the space */
	uint64_t end;
	uint64_t free_pages;
	uint64_t cursor; /* of fit=next */
	/* What begins and ends below so many bits of a word may have a way of its own: 64, or 0 while the index is on. */
	uint64_t inside_end;
	struct gap_index index; /* pages, not indices */
	enum fit fit;
	const struct iova_host *host;
	struct recent recent[CLASSES]; /* fit=any: words that had a run of at least 2^class, lately */
	/* Otherwise: no word below lowest[code] has that code or a greater one. Never falls from one code to the next.
	 */
	uint64_t lowest[UINT8_MAX + 1];
};

INLINE uint8_t word_code(const struct bitmap *self, uint64_t word)
{
	const uint64_t *words = self->used.words;
	uint64_t used = words[word], ones = ~used;
	/* A run that goes on from the word before belongs to another word. */
	ones &= words[word - 1] >> 63 ? ~UINT64_C(0) : ones + 1;
	uint64_t longest = word_runs_longest_ones(ones);
	if (ones >> 63) {
		uint64_t start = (word << 6) + (used ? 64 - (unsigned)__builtin_clzll(used) : 0);
		uint64_t last = page_bitmap_next(&self->used, (word + 1) << 6) - start;
		longest = last > longest ? last : longest;
	}
	return run_index_code(longest);
}

/* Lower bounds stay lower bounds when a word gets a code. Reading the index right after it was written waits for the
 * write, so most searches had better begin where these point, and end there. */
INLINE void lower(struct bitmap *self, uint64_t word, uint8_t code)
{
	for (; self->lowest[code] > word; code--)
		self->lowest[code] = word;
}

INLINE void raise(struct bitmap *self, uint64_t word, uint8_t code)
{
	for (unsigned c = code; c <= UINT8_MAX && self->lowest[c] < word; c++)
		self->lowest[c] = word;
}

INLINE void remember(struct recent *recent, uint64_t word)
{
	if (recent->held && recent->words[recent->newest] == word)
		return;
	recent->newest = recent->newest == RECENT - 1 ? 0 : recent->newest + 1;
	recent->held += recent->held < RECENT;
	recent->words[recent->newest] = word;
}

/* A run of that many pages belongs to the word now. */
INLINE void promise(struct bitmap *self, uint64_t word, uint64_t pages)
{
	uint8_t code = run_index_code(pages);
	if (self->fit == FIT_ANY)
		remember(&self->recent[code < RUN_INDEX_EXACT ? bits_log2_floor(code) : CLASSES - 1], word);
	if (self->runs.codes[word] >= code)
		return;
	run_index_set(&self->runs, word, code);
	if (self->fit != FIT_ANY)
		lower(self, word, code);
}

/* The pages are free. What is left of their run behind them needs a promise of its own if it begins in another word. */
INLINE void take(struct bitmap *self, uint64_t first, uint64_t count)
{
	assert(count && count <= self->free_pages && first >= self->first && first + count <= self->end);
	uint64_t end = first + count, run = page_bitmap_previous(&self->used, first - 1) + 1;
	page_bitmap_set(&self->used, first, end);
	self->free_pages -= count;
	if (end >> 6 != run >> 6 && !page_bitmap_is_used(&self->used, end))
		promise(self, end >> 6, page_bitmap_next(&self->used, end) - end);
}

INLINE void give_back(struct bitmap *self, uint64_t first, uint64_t count)
{
	assert(count && first >= self->first && first + count <= self->end);
	uint64_t run = page_bitmap_previous(&self->used, first - 1) + 1;
	page_bitmap_clear(&self->used, first, first + count);
	self->free_pages += count;
	promise(self, run >> 6, page_bitmap_next(&self->used, first + count) - run);
}

/* A function that most calls do not need. */
#define NOINLINE __attribute__((noinline))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Frees pages inside a word that keeps a used page on either side of them; false, and nothing done, when they are not. */
INLINE bool give_back_inside(struct bitmap *self, uint64_t first, uint64_t count)
{
	uint64_t word = first >> 6, position = first & 63, used = self->used.words[word];
	if (UNLIKELY(position + count >= self->inside_end))
		return false;
	uint64_t below = used & ((UINT64_C(1) << position) - 1), above = used >> (position + count);
	if (UNLIKELY(!below) || UNLIKELY(!above))
		return false;
	self->used.words[word] = below | above << (position + count);
	self->free_pages += count;
	promise(self, word, (unsigned)__builtin_clzll(below) - (64 - position) + count + (unsigned)__builtin_ctzll(above));
	return true;
}

/* Takes the lowest run of count < 64 pages in a word, if it lies inside and a used page of the word before it. Returns
 * its first page, or NOTHING, with nothing done. */
INLINE uint64_t take_inside(struct bitmap *self, uint64_t word, uint64_t count)
{
	assert(count && count < 64);
	uint64_t used = self->used.words[word];
	unsigned position = word_runs_first_zeros(used, count);
	if (UNLIKELY(position + count >= 64) || UNLIKELY(!(used & ((UINT64_C(1) << position) - 1))))
		return NOTHING;
	self->used.words[word] = used | ((UINT64_C(1) << count) - 1) << position;
	self->free_pages -= count;
	return word << 6 | position;
}

/* The invariants of the allocator, recounted: NULL, or the one that does not hold. Searches of the index make its maxima
 * exact. */
const char *bitmap_check(struct bitmap *self);

#endif
