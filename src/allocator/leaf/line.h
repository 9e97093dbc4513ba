/* SPDX-License-Identifier: MIT
 * The pages of one leaf as bits, 1 = used: 512 of them, one cache line. Vectors of 16 bytes are what every CPU of 64 bits has,
 * and what compilers make of plain words where it has none. */
#ifndef ALLOCATOR_LEAF_LINE_H
#define ALLOCATOR_LEAF_LINE_H

#include "base/bits.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

#define LINE_LOG2 9u
#define LINE_PAGES (1u << LINE_LOG2)
#define LINE_WORDS (LINE_PAGES / 64)
#define LINE_NOTHING LINE_PAGES

typedef uint64_t line_pair __attribute__((vector_size(16)));

/* Bit i of word j is page 64 j + i. */
struct line {
	union {
		uint64_t words[LINE_WORDS];
		line_pair pairs[LINE_WORDS / 2];
	};
} __attribute__((aligned(64)));

/* The lowest `count` <= 64 bits. */
INLINE uint64_t line_ones(unsigned count)
{
	return count ? ~UINT64_C(0) >> (64 - count) : 0;
}

/* Pages where `have` free ones begin become pages where have + more do; more is at most have, and 64. */
INLINE void line_lengthen(struct line *begins, unsigned more)
{
	const line_pair zero = {0, 0};
	for (unsigned i = 0; i < LINE_WORDS / 2; i++) {
		line_pair pair = begins->pairs[i], above = i + 1 < LINE_WORDS / 2 ? begins->pairs[i + 1] : zero;
		line_pair next = __builtin_shufflevector(pair, above, 1, 2);
		begins->pairs[i] = pair & (more == 64 ? next : pair >> more | next << (64 - more));
	}
}

INLINE struct line line_inverted(const struct line *line)
{
	struct line result;
	for (unsigned i = 0; i < LINE_WORDS / 2; i++)
		result.pairs[i] = ~line->pairs[i];
	return result;
}

INLINE bool line_is_zero(const struct line *line)
{
	line_pair all = (line->pairs[0] | line->pairs[1]) | (line->pairs[2] | line->pairs[3]);
	return !(all[0] | all[1]);
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

/* The lowest bit, or LINE_NOTHING; *only: it is the only one. */
INLINE unsigned line_lowest(const struct line *bits, bool *only)
{
	unsigned word = 0;
	while (!bits->words[word])
		if (++word == LINE_WORDS)
			return LINE_NOTHING;
	uint64_t others = bits->words[word] & (bits->words[word] - 1);
	for (unsigned i = word + 1; i < LINE_WORDS; i++)
		others |= bits->words[i];
	*only = !others;
	return word << 6 | (unsigned)__builtin_ctzll(bits->words[word]);
}

/* The longest free run that lies in the leaf: up by doubling, then the rest by halving. */
static inline unsigned line_longest(const struct line *line)
{
	struct line begins = line_inverted(line), longer;
	if (line_is_zero(&begins))
		return 0;
	unsigned have = 1, more = 1;
	for (; have < LINE_PAGES; have += more, more = have < 64 ? have : 64) {
		more = have < 64 ? have : 64;
		longer = begins;
		line_lengthen(&longer, more);
		if (line_is_zero(&longer))
			break;
		begins = longer;
	}
	for (more >>= 1; more; more >>= 1) {
		longer = begins;
		line_lengthen(&longer, more);
		if (line_is_zero(&longer))
			continue;
		begins = longer;
		have += more;
	}
	return have;
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
			return word << 6 | bits_log2_floor(bits);
		if (!word--)
			return LINE_NOTHING;
		bits = line->words[word];
	}
}

/* Pages [first, end) of the leaf, not empty: bits of word number `word`. */
INLINE uint64_t line_mask(unsigned word, unsigned first, unsigned end)
{
	unsigned low = first > 64 * word ? first - 64 * word : 0, high = end - 64 * word < 64 ? end - 64 * word : 64;
	return line_ones(high) & ~line_ones(low);
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

INLINE void line_clear(struct line *line, unsigned first, unsigned end)
{
	assert(first < end && end <= LINE_PAGES);
	for (unsigned word = first >> 6; word <= (end - 1) >> 6; word++) {
		assert((line->words[word] & line_mask(word, first, end)) == line_mask(word, first, end));
		line->words[word] &= ~line_mask(word, first, end);
	}
}

#endif
