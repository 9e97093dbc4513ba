/* SPDX-License-Identifier: MIT */
#include "allocator/run_index.h"

enum iova_status run_index_create(struct run_index *index, uint64_t words, const struct iova_host *host)
{
	uint64_t total = 0, codes = words;
	uint64_t offsets[RUN_INDEX_LEVELS_MAX];
	unsigned top = 0;
	for (;; codes = (codes + 63) / 64, top++) {
		offsets[top] = total;
		total += (codes + 63) / 64 * 64; /* whole groups: the missing ones read as 0 */
		if (codes <= 64)
			break;
	}
	*index = (struct run_index){.top = top, .words = words, .bytes = total, .host = host};
	index->memory = host->memory_get(host->context, index->bytes);
	if (!index->memory)
		return IOVA_NO_MEMORY;
	for (unsigned level = 0; level <= top; level++)
		index->codes[level] = index->memory + offsets[level];
	return IOVA_OK;
}

void run_index_release(struct run_index *index)
{
	if (index->memory)
		index->host->memory_put(index->host->context, index->memory, index->bytes);
	index->memory = NULL;
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

uint64_t run_index_next(struct run_index *index, uint64_t from, uint8_t code, uint64_t *examined)
{
	unsigned level = 0;
	uint64_t wanted = ~UINT64_C(0) << (from & 63), group = from >> 6;
	for (;;) {
		const uint8_t *codes = index->codes[level] + (group << 6);
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
		index->codes[level][group] = greatest(codes);
		wanted = ~UINT64_C(1) << (group & 63);
		group >>= 6;
	}
}

const char *run_index_broken_invariant(const struct run_index *index)
{
	uint64_t groups = index->words;
	for (unsigned level = 1; level <= index->top; level++) {
		groups = (groups + 63) / 64;
		for (uint64_t group = 0; group < groups; group++)
			if (index->codes[level][group] < greatest(index->codes[level - 1] + (group << 6)))
				return "a maximum is not less than the codes below it";
	}
	return NULL;
}
