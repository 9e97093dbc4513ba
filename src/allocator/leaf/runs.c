/* SPDX-License-Identifier: MIT
 * Free runs wherever they lie, and the bounds that lead to them. */
#include "allocator/leaf/holes.h"

#include <string.h>

uint64_t runs_next_used(const struct leaf *self, uint64_t page)
{
	uint64_t leaf = page >> LINE_LOG2;
	unsigned used = line_next_used(&self->lines[leaf], page & (LINE_PAGES - 1));
	if (used == LINE_NOTHING) {
		leaf = bins_next(&self->in_use, 0, leaf + 1);
		assert(leaf != BINS_NOTHING);
		used = line_next_used(&self->lines[leaf], 0);
	}
	return leaf << LINE_LOG2 | used;
}

uint64_t runs_previous_used(const struct leaf *self, uint64_t page)
{
	uint64_t leaf = page >> LINE_LOG2;
	unsigned used = line_previous_used(&self->lines[leaf], page & (LINE_PAGES - 1));
	if (used == LINE_NOTHING) {
		leaf = bins_previous(&self->in_use, 0, leaf - 1);
		assert(leaf != BINS_NOTHING);
		used = line_previous_used(&self->lines[leaf], LINE_PAGES - 1);
	}
	return leaf << LINE_LOG2 | used;
}

uint64_t runs_across(const struct leaf *self, uint64_t leaf, uint64_t *first)
{
	uint64_t begin = leaf << LINE_LOG2, end = begin + LINE_PAGES;
	unsigned used = line_previous_used(&self->lines[leaf], LINE_PAGES - 1);
	*first = used == LINE_NOTHING ? begin : begin + used + 1;
	if (*first == end || (*first == begin && !page_is_used(self, begin - 1)))
		return 0;
	if (page_is_used(self, end))
		return *first == begin ? LINE_PAGES : 0;
	return runs_next_used(self, end) - *first;
}

NOINLINE void runs_close(const struct leaf *self, uint64_t leaf, struct line *line)
{
	uint64_t begin = leaf << LINE_LOG2;
	unsigned word;
	if (!page_is_used(self, begin - 1)) {
		for (word = 0; word < LINE_WORDS && !line->words[word]; word++)
			line->words[word] = ~UINT64_C(0);
		if (word < LINE_WORDS)
			line->words[word] |= line->words[word] - 1;
	}
	if (!page_is_used(self, begin + LINE_PAGES)) {
		for (word = LINE_WORDS; word && !line->words[word - 1]; word--)
			line->words[word - 1] = ~UINT64_C(0);
		if (word)
			line->words[word - 1] |= ~line_ones(line_highest(line->words[word - 1]) + 1);
	}
}

NOINLINE void runs_file_inside(struct leaf *self, uint64_t leaf, unsigned pages)
{
	assert(pages < LINE_PAGES);
	uint16_t old = self->bounds[leaf].inside;
	self->bounds[leaf].inside = (uint16_t)pages;
	runs_file(&self->inside, leaf, old, pages);
}

NOINLINE void runs_file_across(struct leaf *self, uint64_t leaf, uint64_t pages)
{
	uint32_t old = self->bounds[leaf].across;
	self->bounds[leaf].across = saturated(pages);
	runs_file(&self->across, leaf, old, saturated(pages));
}

static void raise_inside(struct leaf *self, uint64_t leaf, unsigned pages)
{
	if (pages > self->bounds[leaf].inside)
		runs_file_inside(self, leaf, pages);
}

NOINLINE void runs_tell(struct leaf *self, uint64_t first, uint64_t end)
{
	assert(first < end);
	uint64_t low = first >> LINE_LOG2, high = (end - 1) >> LINE_LOG2;
	if (low == high && end - first < LINE_PAGES) {
		raise_inside(self, low, (unsigned)(end - first));
		return;
	}
	if (saturated(end - first) > self->bounds[low].across)
		runs_file_across(self, low, end - first);
}

NOINLINE void runs_tell_hole(struct leaf *self, uint64_t before, unsigned length)
{
	uint64_t leaf = before >> LINE_LOG2;
	if (length > self->bounds[leaf].inside && hole_is_there(self, (int64_t)before, length))
		runs_file_inside(self, leaf, length);
}

/* Pages [from, to) of a leaf become used, and free. */
INLINE void take_in(struct leaf *self, uint64_t leaf, unsigned from, unsigned to)
{
	struct line *line = &self->lines[leaf];
	if (line_is_zero(line)) {
		bins_add(&self->in_use, 0, leaf);
		self->begun++;
	}
	if (to - from == LINE_PAGES)
		memset(line, 0xff, sizeof *line);
	else
		line_set(line, from, to);
}

INLINE void give_in(struct leaf *self, uint64_t leaf, unsigned from, unsigned to)
{
	struct line *line = &self->lines[leaf];
	if (to - from == LINE_PAGES)
		memset(line, 0, sizeof *line);
	else
		line_clear(line, from, to);
	if (!line_is_zero(line))
		return;
	bins_remove(&self->in_use, 0, leaf);
	if (self->bounds[leaf].inside)
		runs_file_inside(self, leaf, 0);
}

INLINE unsigned end_in(uint64_t leaf, uint64_t end)
{
	return end - (leaf << LINE_LOG2) < LINE_PAGES ? (unsigned)(end - (leaf << LINE_LOG2)) : LINE_PAGES;
}

/* Where the free pages before this one begin, and those from this one on end: mostly there are none. */
INLINE uint64_t run_first(const struct leaf *self, uint64_t page)
{
	return page_is_used(self, page - 1) ? page : runs_previous_used(self, page - 1) + 1;
}

INLINE uint64_t run_end_of(const struct leaf *self, uint64_t page)
{
	return page_is_used(self, page) ? page : runs_next_used(self, page);
}

void runs_take(struct leaf *self, uint64_t first, uint64_t count)
{
	assert(count && count <= self->usable_pages && first >= self->first && first + count <= self->end);
	uint64_t end = first + count, run = run_first(self, first), run_end = run_end_of(self, end);
	for (uint64_t leaf = first >> LINE_LOG2, page = first; page < end; page = ++leaf << LINE_LOG2)
		take_in(self, leaf, page & (LINE_PAGES - 1), end_in(leaf, end));
	self->usable_pages -= count;
	if (run < first)
		runs_tell(self, run, first);
	if (end < run_end)
		runs_tell(self, end, run_end);
	uint64_t leaf = run >> LINE_LOG2;
	if (self->bounds[leaf].across)
		runs_file_across(self, leaf, runs_across(self, leaf, &run));
}

NOINLINE void runs_give(struct leaf *self, uint64_t first, uint64_t count)
{
	assert(count && first >= self->first && first + count <= self->end);
	uint64_t end = first + count;
	for (uint64_t leaf = first >> LINE_LOG2, page = first; page < end; page = ++leaf << LINE_LOG2)
		give_in(self, leaf, page & (LINE_PAGES - 1), end_in(leaf, end));
	self->usable_pages += count;
	uint64_t run = run_first(self, first), run_end = run_end_of(self, end);
	forget_failure(self, run_end - run);
	runs_tell(self, run, run_end);
}
