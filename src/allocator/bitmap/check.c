/* SPDX-License-Identifier: MIT */
#include "allocator/bitmap/runs.h"

const char *bitmap_check(struct bitmap *self)
{
	const uint64_t *words = self->used.words;
	uint64_t free = 0;
	for (uint64_t word = 0; word <= self->end >> 6; word++)
		free += (unsigned)__builtin_popcountll(~words[word]);
	if (free != self->free_pages)
		return "the free pages are counted";
	bool outside = !(~words[self->end >> 6] >> (self->end & 63));
	for (uint64_t page = 0; page < self->first; page++)
		outside &= page_bitmap_is_used(&self->used, page);
	if (!outside)
		return "pages outside the space are used";
	for (uint64_t word = 1; word <= self->end >> 6; word++)
		if (self->runs.codes[word] < word_code(self, word))
			return "the code of a word is not less than that of the longest run that starts in it";
	for (unsigned code = 1; self->fit != FIT_ANY && code <= UINT8_MAX; code++) {
		uint64_t examined = 0;
		if (self->lowest[code] < self->lowest[code - 1])
			return "the bounds do not fall";
		if (run_index_next(&self->runs, 0, (uint8_t)code, &examined) < self->lowest[code])
			return "no word below its bound has the code";
	}
	if (self->index.on && self->inside_end)
		return "while the index is on, no call passes it by";
	const char *broken = run_index_broken_invariant(&self->runs);
	return broken ? broken : page_bitmap_broken_invariant(&self->used);
}
