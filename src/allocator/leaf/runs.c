/* SPDX-License-Identifier: MIT
 * Free runs wherever they lie, and the bounds that lead to them. */
#include "allocator/leaf/state.h"

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

NOINLINE void runs_file_inside(struct leaf *self, uint64_t leaf, unsigned pages)
{
	assert(pages < LINE_PAGES);
	unsigned from = class_of(self->inside_bounds[leaf]), to = class_of(pages);
	self->inside_bounds[leaf] = (uint16_t)pages;
	if (from == to)
		return;
	if (from)
		bins_remove(&self->inside, from, leaf);
	if (to)
		bins_add(&self->inside, to, leaf);
}

NOINLINE void runs_file_across(struct leaf *self, uint64_t leaf, uint64_t pages)
{
	unsigned from = class_of(self->across_bounds[leaf]), to = class_of(saturated(pages));
	self->across_bounds[leaf] = saturated(pages);
	if (from == to)
		return;
	if (from)
		bins_remove(&self->across, from, leaf);
	if (to)
		bins_add(&self->across, to, leaf);
}

static void raise_inside(struct leaf *self, uint64_t leaf, unsigned pages)
{
	if (pages > self->inside_bounds[leaf])
		runs_file_inside(self, leaf, pages);
}

NOINLINE void runs_tell(struct leaf *self, uint64_t first, uint64_t end)
{
	assert(first < end);
	uint64_t low = first >> LINE_LOG2, high = (end - 1) >> LINE_LOG2;
	unsigned from = first & (LINE_PAGES - 1), to = end & (LINE_PAGES - 1);
	if (low == high && end - first < LINE_PAGES) {
		raise_inside(self, low, (unsigned)(end - first));
		return;
	}
	if (saturated(end - first) > self->across_bounds[low])
		runs_file_across(self, low, end - first);
	if (from)
		raise_inside(self, low, LINE_PAGES - from);
	/* The end of a space is no reason to begin with its last leaf. */
	if (to && end != self->end)
		raise_inside(self, high, to);
}

/* The part of [first, end) in a leaf becomes used. */
static void take_in(struct leaf *self, uint64_t leaf, unsigned from, unsigned to)
{
	struct line *line = &self->lines[leaf];
	if (line_is_zero(line))
		bins_add(&self->in_use, 0, leaf);
	line_set(line, from, to);
}

static void give_in(struct leaf *self, uint64_t leaf, unsigned from, unsigned to)
{
	struct line *line = &self->lines[leaf];
	line_clear(line, from, to);
	if (!line_is_zero(line))
		return;
	bins_remove(&self->in_use, 0, leaf);
	if (self->inside_bounds[leaf])
		runs_file_inside(self, leaf, 0);
}

static void change(struct leaf *self, uint64_t first, uint64_t end,
		   void (*change_in)(struct leaf *self, uint64_t leaf, unsigned from, unsigned to))
{
	for (uint64_t leaf = first >> LINE_LOG2; first < end; leaf++) {
		uint64_t base = leaf << LINE_LOG2;
		unsigned from = (unsigned)(first - base),
			 to = end - base < LINE_PAGES ? (unsigned)(end - base) : LINE_PAGES;
		change_in(self, leaf, from, to);
		first = base + to;
	}
}

void runs_take(struct leaf *self, uint64_t first, uint64_t count)
{
	assert(count && count <= self->usable_pages && first >= self->first && first + count <= self->end);
	uint64_t end = first + count, run = runs_previous_used(self, first - 1) + 1, run_end = runs_next_used(self, end);
	change(self, first, end, take_in);
	self->usable_pages -= count;
	if (run < first)
		runs_tell(self, run, first);
	if (end < run_end)
		runs_tell(self, end, run_end);
	uint64_t leaf = run >> LINE_LOG2;
	if (self->across_bounds[leaf])
		runs_file_across(self, leaf, runs_across(self, leaf, &run));
}

NOINLINE void runs_give(struct leaf *self, uint64_t first, uint64_t count)
{
	assert(count && first >= self->first && first + count <= self->end);
	uint64_t end = first + count;
	change(self, first, end, give_in);
	self->usable_pages += count;
	self->remembers = false;
	runs_tell(self, runs_previous_used(self, first - 1) + 1, runs_next_used(self, end));
}
