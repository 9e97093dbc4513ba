/* SPDX-License-Identifier: MIT
 * The longest free run of every word, as one byte, under a tree of maxima with fan-out 64: "the first word with a run
 * of at least n" takes one look at a cache line per level. A maximum is an upper bound: it rises with the codes below
 * it, and falls when a search finds nothing there. So a change costs a comparison, and reading a line that was just
 * written, which makes the CPU wait for the write, is left to searches. */
#ifndef ALLOCATOR_BITMAP_RUN_INDEX_H
#define ALLOCATOR_BITMAP_RUN_INDEX_H

#include "allocator/bitmap/summaries.h"
#include "base/bits.h"
#include "iovabench/allocator.h"

#if defined(__SSE2__)
#include <assert.h>
#include <emmintrin.h>
#endif

#define RUN_INDEX_NOTHING UINT64_MAX

/* Lengths as codes: exact below 64, then four steps an octave. A code that is greater is a length that is greater. */
#define RUN_INDEX_EXACT 64
_Static_assert(RUN_INDEX_EXACT + (52 - 6) * 4 + 3 <= UINT8_MAX, "the code of a run of 2^52 pages fits");

struct run_index {
	uint8_t *codes; /* level 0: per word; in groups, above: at least the greatest of 64 below */
	unsigned top;   /* its level has at most 64 codes */
	uint64_t words;
	struct summary_group *groups[SUMMARIES_LEVELS_MAX];
	const struct iova_host *host;
};

/* words is at least 1 and below 2^47; every code is 0. The summaries are over as many words, all zero, the caller's, and
 * outlive it. Returns IOVA_OK or IOVA_NO_MEMORY. Release takes a zeroed one, too. */
enum iova_status run_index_create(struct run_index *index, uint64_t words, const struct summaries *summaries,
				  const struct iova_host *host);
void run_index_release(struct run_index *index);

/* First word >= from whose code is at least code >= 1, or RUN_INDEX_NOTHING. *examined grows by the groups looked at.
 */
uint64_t run_index_next(struct run_index *index, uint64_t from, uint8_t code, uint64_t *examined);

/* First word >= from whose code is not 0, or RUN_INDEX_NOTHING. Leaves all maxima as they are: for whoever only looks. */
uint64_t run_index_peek(const struct run_index *index, uint64_t from);

/* NULL, or which rule the maxima break. */
const char *run_index_broken_invariant(const struct run_index *index);

/* pages < 2^53. */
static inline uint8_t run_index_code(uint64_t pages)
{
	assert(pages < UINT64_C(1) << 53);
	if (pages < RUN_INDEX_EXACT)
		return (uint8_t)pages;
	unsigned octave = bits_log2_floor(pages);
	return (uint8_t)(RUN_INDEX_EXACT + (octave - 6) * 4 + ((pages >> (octave - 2)) & 3));
}

/* Which of 64 bytes, aligned to 64, are at least code. */
static inline uint64_t run_index_at_least_portable(const uint8_t *bytes, uint8_t code)
{
	uint64_t mask = 0;
	for (unsigned i = 0; i < 64; i++)
		mask |= (uint64_t)(bytes[i] >= code) << i;
	return mask;
}

#if defined(__SSE2__)
static inline uint64_t run_index_at_least_16(const uint8_t *bytes, __m128i least)
{
	__m128i part = _mm_load_si128((const __m128i *)(const void *)bytes);
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(part, least), part));
}
#endif

static inline uint64_t run_index_at_least(const uint8_t *bytes, uint8_t code)
{
#if defined(__SSE2__)
	__m128i least = _mm_set1_epi8((char)code);
	return run_index_at_least_16(bytes, least) | run_index_at_least_16(bytes + 16, least) << 16 |
	       run_index_at_least_16(bytes + 32, least) << 32 | run_index_at_least_16(bytes + 48, least) << 48;
#else
	return run_index_at_least_portable(bytes, code);
#endif
}

/* A maximum of a level above 0. */
static inline uint8_t *run_index_most(const struct run_index *index, unsigned level, uint64_t group)
{
	return &index->groups[level][group >> 6].codes[group & 63];
}

static inline void run_index_set(struct run_index *index, uint64_t word, uint8_t code)
{
	assert(word < index->words);
	index->codes[word] = code;
	for (unsigned level = 1; level <= index->top; level++) {
		word >>= 6;
		uint8_t *most = run_index_most(index, level, word);
		if (__builtin_expect(*most >= code, 1))
			return;
		*most = code;
	}
}

#endif
