/* SPDX-License-Identifier: MIT */
#include "allocator/bitmap/run_index.h"

#include <assert.h>
#include <string.h>

/* Whole groups: the missing ones read as 0. */
static size_t bytes_of(const struct run_index *index)
{
	return bits_align_up(index->words, 64);
}

enum iova_status run_index_create(struct run_index *index, uint64_t words, const struct summaries *summaries,
				  const struct iova_host *host)
{
	assert(words && words < UINT64_C(1) << 47);
	*index = (struct run_index){.words = words, .host = host};
	memcpy(index->groups, summaries->groups, sizeof(index->groups));
	index->top = summaries->top ? summaries->top - 1 : 0;
	index->codes = host->memory_get(host->context, bytes_of(index));
	return index->codes ? IOVA_OK : IOVA_NO_MEMORY;
}

void run_index_release(struct run_index *index)
{
	if (index->codes)
		index->host->memory_put(index->host->context, index->codes, bytes_of(index));
	index->codes = NULL;
}

/* The 64 codes of a group. */
static const uint8_t *group_of(const struct run_index *index, unsigned level, uint64_t group)
{
	return level ? index->groups[level][group].codes : index->codes + (group << 6);
}

static uint8_t greatest(const uint8_t *bytes)
{
#if defined(__SSE2__)
	const __m128i *parts = (const __m128i *)(const void *)bytes;
	__m128i most = _mm_max_epu8(_mm_max_epu8(_mm_load_si128(parts), _mm_load_si128(parts + 1)),
				    _mm_max_epu8(_mm_load_si128(parts + 2), _mm_load_si128(parts + 3)));
	most = _mm_max_epu8(most, _mm_srli_si128(most, 8));
	most = _mm_max_epu8(most, _mm_srli_si128(most, 4));
	most = _mm_max_epu8(most, _mm_srli_si128(most, 2));
	most = _mm_max_epu8(most, _mm_srli_si128(most, 1));
	return (uint8_t)_mm_cvtsi128_si32(most);
#else
	uint8_t most = 0;
	for (unsigned i = 0; i < 64; i++)
		most = bytes[i] > most ? bytes[i] : most;
	return most;
#endif
}

/* tighten: index itself where maxima may fall; NULL: all stay. */
static inline __attribute__((always_inline)) uint64_t climb(const struct run_index *index, struct run_index *tighten,
							    uint64_t from, uint8_t code, uint64_t *examined)
{
	unsigned level = 0;
	uint64_t wanted = ~UINT64_C(0) << (from & 63), group = from >> 6;
	for (;;) {
		const uint8_t *codes = group_of(index, level, group);
		uint64_t found = run_index_at_least(codes, code) & wanted;
		++*examined;
		if (found) {
			group = group << 6 | (unsigned)__builtin_ctzll(found);
			if (!level)
				return group;
			level--;
			wanted = ~UINT64_C(0);
			continue;
		}
		if (level == index->top)
			return RUN_INDEX_NOTHING;
		level++;
		if (tighten)
			*run_index_most(tighten, level, group) = greatest(codes);
		wanted = ~UINT64_C(1) << (group & 63);
		group >>= 6;
	}
}

uint64_t run_index_next(struct run_index *index, uint64_t from, uint8_t code, uint64_t *examined)
{
	assert(code);
	return climb(index, index, from, code, examined);
}

uint64_t run_index_peek(const struct run_index *index, uint64_t from)
{
	uint64_t examined = 0;
	return climb(index, NULL, from, 1, &examined);
}

const char *run_index_broken_invariant(const struct run_index *index)
{
	uint64_t groups = index->words;
	for (unsigned level = 1; level <= index->top; level++) {
		groups = (groups + 63) / 64;
		for (uint64_t group = 0; group < groups; group++)
			if (*run_index_most(index, level, group) < greatest(group_of(index, level - 1, group)))
				return "a maximum is not less than the codes below it";
	}
	return NULL;
}
