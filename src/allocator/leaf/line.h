/* SPDX-License-Identifier: MIT
 * The pages of one leaf as bits, 1 = used: 512 of them, one cache line. Vectors of 16 bytes are what every CPU of 64 bits has,
 * and what compilers make of plain words where it has none. */
#ifndef ALLOCATOR_LEAF_LINE_H
#define ALLOCATOR_LEAF_LINE_H

#include "base/bits.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

#define LINE_LOG2 9u
#define LINE_PAGES (1u << LINE_LOG2)
#define LINE_WORDS (LINE_PAGES / 64)
#define LINE_NOTHING LINE_PAGES

#if defined(__AVX2__)
#define LINE_PART_WORDS 4
#else
#define LINE_PART_WORDS 2
#endif
#define LINE_PARTS (LINE_WORDS / LINE_PART_WORDS)
typedef uint64_t line_part __attribute__((vector_size(LINE_PART_WORDS * sizeof(uint64_t))));

/* Bit i of word j is page 64 j + i. */
struct line {
	union {
		uint64_t words[LINE_WORDS];
		line_part parts[LINE_PARTS];
	};
} __attribute__((aligned(64)));

/* The highest bit of a word that has one. Exclusive or: compilers know what it undoes. */
INLINE unsigned line_highest(uint64_t word)
{
	assert(word);
	return 63u ^ (unsigned)__builtin_clzll(word);
}

/* The lowest `count` <= 64 bits of a word. */
INLINE uint64_t line_below(uint64_t word, unsigned count)
{
	assert(count <= 64);
#if defined(__AVX2__) && defined(__BMI2__)
	return _bzhi_u64(word, count);
#else
	return count ? word << (64 - count) >> (64 - count) : 0;
#endif
}

INLINE uint64_t line_ones(unsigned count)
{
	return line_below(~UINT64_C(0), count);
}

/* Word i is word i + 1 of this part and the next one. */
INLINE line_part line_shifted(line_part part, line_part above)
{
#if LINE_PART_WORDS == 4
	return __builtin_shufflevector(part, above, 1, 2, 3, 4);
#else
	return __builtin_shufflevector(part, above, 1, 2);
#endif
}

/* Pages where `have` free ones begin become pages where have + more do; more is at most have, and 64. */
INLINE void line_lengthen(struct line *begins, unsigned more)
{
	const line_part none = {0};
	for (unsigned i = 0; i < LINE_PARTS; i++) {
		line_part part = begins->parts[i];
		line_part next = line_shifted(part, i + 1 < LINE_PARTS ? begins->parts[i + 1] : none);
		begins->parts[i] = part & (more == 64 ? next : part >> more | next << (64 - more));
	}
}

INLINE struct line line_inverted(const struct line *line)
{
	struct line result;
	for (unsigned i = 0; i < LINE_PARTS; i++)
		result.parts[i] = ~line->parts[i];
	return result;
}

INLINE bool line_is_zero(const struct line *line)
{
	line_part all = line->parts[0];
	for (unsigned i = 1; i < LINE_PARTS; i++)
		all |= line->parts[i];
#if defined(__AVX2__)
	return _mm256_testz_si256((__m256i)all, (__m256i)all);
#else
	uint64_t bits = 0;
	for (unsigned i = 0; i < LINE_PART_WORDS; i++)
		bits |= all[i];
	return !bits;
#endif
}

/* The pages where `count` free ones begin that lie in the leaf, 1 <= count <= 512, as bits. */
INLINE struct line line_begins(const struct line *line, unsigned count)
{
	struct line begins = line_inverted(line);
	unsigned have = 1;
	if (count >= 2)
		line_lengthen(&begins, 1), have = 2;
	if (count >= 4)
		line_lengthen(&begins, 2), have = 4;
	if (count >= 8)
		line_lengthen(&begins, 4), have = 8;
	if (count >= 16)
		line_lengthen(&begins, 8), have = 16;
	if (count >= 32)
		line_lengthen(&begins, 16), have = 32;
	if (count >= 64)
		line_lengthen(&begins, 32), have = 64;
	for (; count - have >= 64; have += 64)
		line_lengthen(&begins, 64);
	if (count != have)
		line_lengthen(&begins, count - have);
	return begins;
}

/* Which words have a bit, as bits. */
INLINE unsigned line_words_with_bits(const struct line *bits)
{
	unsigned some = 0;
#if defined(__AVX2__)
	for (unsigned i = 0; i < LINE_PARTS; i++)
		some |= (unsigned)_mm256_movemask_pd((__m256d)(bits->parts[i] == 0)) << (4 * i);
	return ~some & 0xff;
#else
	for (unsigned i = 0; i < LINE_WORDS; i++)
		some |= (unsigned)(bits->words[i] != 0) << i;
	return some;
#endif
}

/* The lowest bit, or LINE_NOTHING. */
INLINE unsigned line_lowest(const struct line *bits)
{
	unsigned some = line_words_with_bits(bits);
	if (!some)
		return LINE_NOTHING;
	unsigned word = (unsigned)__builtin_ctz(some);
	return word << 6 | (unsigned)__builtin_ctzll(bits->words[word]);
}

/* The longest free run that lies in the leaf: have <= result < limit. `begins` are those of `have` pages, and not none. Up by
 * steps that double, then the rest by halving. */
INLINE unsigned line_longest_of(const struct line *begins, unsigned have, unsigned limit)
{
	struct line runs = *begins, longer;
	unsigned more = 1;
#pragma GCC unroll 6
	for (unsigned i = 0; i < 6; i++, more *= 2) {
		longer = runs;
		line_lengthen(&longer, more);
		if (have + more >= limit || line_is_zero(&longer))
			break;
		runs = longer;
		have += more;
	}
	for (; more == 64 && have + more < limit; have += more) {
		longer = runs;
		line_lengthen(&longer, more);
		if (line_is_zero(&longer))
			break;
		runs = longer;
	}
	for (more >>= 1; more; more >>= 1) {
		longer = runs;
		line_lengthen(&longer, more);
		if (have + more >= limit || line_is_zero(&longer))
			continue;
		runs = longer;
		have += more;
	}
	return have;
}

static inline unsigned line_longest(const struct line *line)
{
	struct line begins = line_inverted(line);
	return line_is_zero(&begins) ? 0 : line_longest_of(&begins, 1, LINE_PAGES + 1);
}

/* The first used page at or after `from`, or LINE_NOTHING, and the last one at or before it, or LINE_NOTHING. */
INLINE unsigned line_next_used(const struct line *line, unsigned from)
{
	assert(from < LINE_PAGES);
	uint64_t bits = line->words[from >> 6] >> (from & 63) << (from & 63);
	for (unsigned word = from >> 6;;) {
		if (bits)
			return word << 6 | (unsigned)__builtin_ctzll(bits);
		if (++word == LINE_WORDS)
			return LINE_NOTHING;
		bits = line->words[word];
	}
}

INLINE unsigned line_previous_used(const struct line *line, unsigned from)
{
	assert(from < LINE_PAGES);
	uint64_t bits = line->words[from >> 6] << (63 - (from & 63)) >> (63 - (from & 63));
	for (unsigned word = from >> 6;;) {
		if (bits)
			return word << 6 | line_highest(bits);
		if (!word--)
			return LINE_NOTHING;
		bits = line->words[word];
	}
}

/* Pages [first, end) of the leaf, not empty: bits of word number `word`. */
INLINE uint64_t line_mask(unsigned word, unsigned first, unsigned end)
{
	unsigned low = first > 64 * word ? first - 64 * word : 0, high = end - 64 * word < 64 ? end - 64 * word : 64;
	return line_ones(high) >> low << low;
}

/* All are free; all are used. */
INLINE void line_set(struct line *line, unsigned first, unsigned end)
{
	assert(first < end && end <= LINE_PAGES);
	for (unsigned word = first >> 6; word <= (end - 1) >> 6; word++) {
		assert(!(line->words[word] & line_mask(word, first, end)));
		line->words[word] |= line_mask(word, first, end);
	}
}

/* The same of less than 64 pages: they lie in two words at most. */
INLINE void line_set_few(struct line *line, unsigned first, unsigned count)
{
	assert(count && count < 64 && first + count <= LINE_PAGES);
	uint64_t *word = &line->words[first >> 6], pages = line_ones(count);
	unsigned bit = first & 63;
	assert(!(*word & pages << bit));
	*word |= pages << bit;
	if (bit + count > 64)
		word[1] |= pages >> (64 - bit);
}

/* From used pages: bits of any kind. */
INLINE void line_unset_few(struct line *bits, unsigned first, unsigned count)
{
	assert(count && count < 64 && first + count <= LINE_PAGES);
	uint64_t *word = &bits->words[first >> 6], pages = line_ones(count);
	unsigned bit = first & 63;
	*word &= ~(pages << bit);
	if (bit + count > 64)
		word[1] &= ~(pages >> (64 - bit));
}

INLINE void line_clear(struct line *line, unsigned first, unsigned end)
{
	assert(first < end && end <= LINE_PAGES);
	for (unsigned word = first >> 6; word <= (end - 1) >> 6; word++) {
		assert((line->words[word] & line_mask(word, first, end)) == line_mask(word, first, end));
		line->words[word] &= ~line_mask(word, first, end);
	}
}

#endif
