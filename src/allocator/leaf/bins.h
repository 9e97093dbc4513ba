/* SPDX-License-Identifier: MIT
 * Leaves in bins: per bin a bitmap, a bit a leaf, under levels of fan-out 64 that tell which words below have a bit set.
 * So the lowest leaf of a bin takes one look a level. The words of all bins about the same 64 leaves lie side by side, also of
 * two kinds of bins that share memory: memory follows use. */
#ifndef ALLOCATOR_LEAF_BINS_H
#define ALLOCATOR_LEAF_BINS_H

#include "allocator/leaf/line.h"

#define BINS_LEVELS_MAX 7
#define BINS_NOTHING UINT64_MAX
#define BINS_SOME_MAX 5

struct bins {
	uint64_t some[BINS_SOME_MAX]; /* bit per bin: it has a leaf */
	unsigned levels;
	unsigned bins;
	uint64_t each; /* words about the same 64 leaves */
	uint64_t *words[BINS_LEVELS_MAX];
};

/* Levels over so many leaves: the last one has one word a bin. */
static inline unsigned bins_levels(uint64_t leaves)
{
	unsigned levels = 1;
	for (uint64_t groups = (leaves + 63) / 64; groups > 1; groups = (groups + 63) / 64)
		levels++;
	return levels;
}

/* Of all levels; each: words about the same 64 leaves. */
static inline uint64_t bins_words(uint64_t leaves, unsigned each)
{
	uint64_t words = 0, groups = leaves;
	for (unsigned level = 0; level < bins_levels(leaves); level++) {
		groups = (groups + 63) / 64;
		words += groups * each;
	}
	return words;
}

/* memory: bins_words() words, all zero; these bins have `count` of `each`, from word `at` on. */
static inline void bins_make(struct bins *bins, uint64_t leaves, unsigned count, unsigned at, unsigned each,
			     uint64_t *memory)
{
	assert(count <= 64 * BINS_SOME_MAX && at + count <= each && bins_levels(leaves) <= BINS_LEVELS_MAX);
	bins->levels = bins_levels(leaves);
	bins->bins = count;
	bins->each = each;
	/* The last level first: it and the words about the first leaves share what memory is backed by. */
	for (unsigned level = bins->levels; level--;) {
		uint64_t per_word = UINT64_C(64) << (6 * level);
		bins->words[level] = memory + at;
		memory += (leaves + per_word - 1) / per_word * each;
	}
}

INLINE uint64_t *bins_word(const struct bins *bins, unsigned level, unsigned bin, uint64_t group)
{
	return bins->words[level] + group * bins->each + bin;
}

INLINE void bins_add(struct bins *bins, unsigned bin, uint64_t leaf)
{
	for (unsigned level = 0; level < bins->levels; level++, leaf >>= 6) {
		uint64_t *word = bins_word(bins, level, bin, leaf >> 6), before = *word;
		*word = before | UINT64_C(1) << (leaf & 63);
		if (before)
			return;
	}
	bins->some[bin >> 6] |= UINT64_C(1) << (bin & 63);
}

INLINE void bins_remove(struct bins *bins, unsigned bin, uint64_t leaf)
{
	for (unsigned level = 0; level < bins->levels; level++, leaf >>= 6) {
		uint64_t *word = bins_word(bins, level, bin, leaf >> 6);
		assert(*word >> (leaf & 63) & 1);
		if (*word &= ~(UINT64_C(1) << (leaf & 63)))
			return;
	}
	bins->some[bin >> 6] &= ~(UINT64_C(1) << (bin & 63));
}

/* The lowest leaf of a bin that has one. */
INLINE uint64_t bins_first(const struct bins *bins, unsigned bin)
{
	uint64_t leaf = 0;
	for (unsigned level = bins->levels; level--;)
		leaf = leaf << 6 | (unsigned)__builtin_ctzll(*bins_word(bins, level, bin, leaf));
	return leaf;
}

/* The first bin from this one on that has a leaf, or UINT_MAX. */
INLINE unsigned bins_some(const struct bins *bins, unsigned bin)
{
	unsigned word = bin >> 6;
	if (bin >= bins->bins)
		return ~0u;
	uint64_t bits = bins->some[word] >> (bin & 63) << (bin & 63);
	while (!bits) {
		if (++word == BINS_SOME_MAX)
			return ~0u;
		bits = bins->some[word];
	}
	return word << 6 | (unsigned)__builtin_ctzll(bits);
}

/* The last bin up to this one that has a leaf, or UINT_MAX. */
static inline unsigned bins_some_below(const struct bins *bins, unsigned bin)
{
	assert(bin < 64 * BINS_SOME_MAX);
	unsigned word = bin >> 6;
	uint64_t bits = bins->some[word] & line_ones((bin & 63) + 1);
	while (!bits) {
		if (!word--)
			return ~0u;
		bits = bins->some[word];
	}
	return word << 6 | line_highest(bits);
}

/* The lowest leaf >= from of a bin, or BINS_NOTHING. */
static inline uint64_t bins_next(const struct bins *bins, unsigned bin, uint64_t from)
{
	uint64_t above = ~UINT64_C(0) << (from & 63);
	for (unsigned level = 0; level < bins->levels; level++) {
		uint64_t bits = *bins_word(bins, level, bin, from >> 6) & above;
		if (bits) {
			from = from >> 6 << 6 | (unsigned)__builtin_ctzll(bits);
			while (level--)
				from = from << 6 | (unsigned)__builtin_ctzll(*bins_word(bins, level, bin, from));
			return from;
		}
		from >>= 6;
		above = ~UINT64_C(1) << (from & 63);
	}
	return BINS_NOTHING;
}

/* The highest leaf <= from of a bin, or BINS_NOTHING. */
static inline uint64_t bins_previous(const struct bins *bins, unsigned bin, uint64_t from)
{
	uint64_t below = ~UINT64_C(0) >> (63 - (from & 63));
	for (unsigned level = 0; level < bins->levels; level++) {
		uint64_t bits = *bins_word(bins, level, bin, from >> 6) & below;
		if (bits) {
			from = from >> 6 << 6 | line_highest(bits);
			while (level--)
				from = from << 6 | line_highest(*bins_word(bins, level, bin, from));
			return from;
		}
		from >>= 6;
		below = line_ones(from & 63);
	}
	return BINS_NOTHING;
}

#endif
