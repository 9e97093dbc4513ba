/* SPDX-License-Identifier: MIT
 * What is called most: short requests, and frees inside a word. Compiled once for each kind of CPU; LEAF_CALLS names its
 * table. What is called seldom is called last, so that nothing is saved for it. */
#include "allocator/contract.h"
#include "allocator/gap/fit.h"
#include "allocator/leaf/holes.h"

/* Pages that are set as used already. */
INLINE enum iova_status granted(struct leaf *self, uint64_t first, uint64_t count, struct iova_extent *extent)
{
	extent->count = count;
	extent->cookie = 0;
	self->usable_pages -= count;
	extent->first = self->base + first;
	return IOVA_OK;
}

/* The hole of `length` behind page before: all of it, if it is there. */
INLINE bool take_hole(struct leaf *self, int64_t before, uint64_t length)
{
	uint64_t *word = &self->words[before >> 6], used = *word ^ hole_bits((unsigned)length) << (before & 63);
	if (UNLIKELY(line_below(~(used >> (before & 63)), (unsigned)length + 2)))
		return false;
	*word = used;
	return true;
}

/* The first count pages of a hole that is there, the lowest held one of its length; what is left of it is held in turn. */
static NOINLINE enum iova_status alloc_part(struct leaf *self, uint64_t before, unsigned length, uint64_t count,
					    struct iova_extent *extent)
{
	self->words[before >> 6] |= hole_bits((unsigned)count) << (before & 63);
	self->examined++;
	hole_pop(self, length);
	granted(self, before + 1, count, extent);
	if (length != count)
		hole_hold(self, before + count, length - (unsigned)count);
	return IOVA_OK;
}

static NOINLINE unsigned find(const struct leaf *self, uint64_t leaf, uint64_t count)
{
	struct line closed = runs_closed(self, leaf);
	struct line begins = line_begins(&closed, (unsigned)count);
	return line_lowest(&begins);
}

static NOINLINE void tighten(struct leaf *self, uint64_t leaf)
{
	struct line closed = runs_closed(self, leaf);
	runs_file_inside(self, leaf, line_longest(&closed));
}

/* The lowest class that suffices, held before inside before across, as often as one misleads. count < 64. */
static NOINLINE enum iova_status alloc_misled(struct leaf *self, uint64_t count, struct iova_extent *extent)
{
	bool sure = false;
	while (count < self->failed) {
		uint64_t some = (self->inside.some[0] | self->across.some[0] | self->held_some) >> count;
		if (!some)
			return leaf_alloc_any(self, count, extent);
		unsigned bin = (unsigned)(count + (unsigned)__builtin_ctzll(some));
		int64_t before = hole_lowest(self, bin);
		if (before < 0)
			self->held_some &= ~(UINT64_C(1) << bin);
		if (before >= 0) {
			if (hole_is_there(self, before, bin))
				return alloc_part(self, (uint64_t)before, bin, count, extent);
			self->examined++;
			sure = sure || search_is_there(self, count);
			if (sure)
				hole_pop(self, bin);
		} else if (self->inside.some[0] >> bin & 1) {
			uint64_t leaf = bins_first(&self->inside, bin);
			unsigned place = find(self, leaf, count);
			self->examined++;
			if (place != LINE_NOTHING) {
				line_set_few(&self->lines[leaf], place, (unsigned)count);
				tighten(self, leaf);
				return granted(self, leaf << LINE_LOG2 | place, count, extent);
			}
			sure = sure || search_is_there(self, count);
			if (sure)
				tighten(self, leaf);
		} else if (self->across.some[0] >> bin & 1) {
			uint64_t first = search_across(self, bins_first(&self->across, bin), count, &sure);
			if (first != NOTHING)
				return leaf_grant(self, first, count, extent);
		}
	}
	return IOVA_NO_SPACE;
}

/* count < 64, in the leaf that is looked at first: where `begins` first has them. Its bound is exact afterwards. */
INLINE void take_inside(struct leaf *self, uint64_t leaf, unsigned place, unsigned count, struct line *begins)
{
	unsigned have = count, limit = LINE_PAGES + 1, longest = 0, old = self->bounds[leaf].inside;
	line_set_few(&self->lines[leaf], place, count);
	/* No run of so many pages begins before, so what is left of this one begins behind what was taken. */
	line_unset_few(begins, place, count);
	bool is_shorter = line_is_zero(begins);
	if (is_shorter) {
		struct line closed = runs_closed(self, leaf);
		*begins = line_inverted(&closed);
		have = 1;
		limit = count;
		is_shorter = line_is_zero(begins);
	}
	if (!is_shorter)
		longest = line_longest_of(begins, have, limit);
	self->bounds[leaf].inside = (uint16_t)longest;
	runs_file(&self->inside, leaf, old, longest);
}

static NOINLINE enum iova_status alloc_inside(struct leaf *self, uint64_t leaf, uint64_t count, struct iova_extent *extent)
{
	struct line closed = runs_closed(self, leaf);
	struct line begins = line_begins(&closed, (unsigned)count);
	unsigned place = line_lowest(&begins);
	if (UNLIKELY(place == LINE_NOTHING))
		return alloc_misled(self, count, extent);
	self->examined++;
	take_inside(self, leaf, place, (unsigned)count, &begins);
	return granted(self, leaf << LINE_LOG2 | place, count, extent);
}

/* As alloc_misled, where nothing misleads. No hole of the very length is held. */
static NOINLINE enum iova_status alloc_short(struct leaf *self, uint64_t count, struct iova_extent *extent)
{
	uint64_t inside = self->inside.some[0], in_bins = inside | self->across.some[0];
	uint64_t held = self->held_some &= ~(UINT64_C(1) << count), some;
	if (UNLIKELY(count >= self->failed))
		return IOVA_NO_SPACE;
	while ((some = (in_bins | held) >> count)) {
		unsigned bin = (unsigned)count + (unsigned)__builtin_ctzll(some);
		if (!(held >> bin & 1))
			return inside >> bin & 1 ? alloc_inside(self, bins_first(&self->inside, bin), count, extent)
						 : alloc_misled(self, count, extent);
		int64_t before = hole_lowest(self, bin);
		if (before >= 0)
			return hole_is_there(self, before, bin) ? alloc_part(self, (uint64_t)before, bin, count, extent)
								: alloc_misled(self, count, extent);
		self->held_some = held &= ~(UINT64_C(1) << bin);
	}
	return leaf_alloc_any(self, count, extent);
}

static NOINLINE enum iova_status alloc_other(struct leaf *self, const struct iova_request *request,
					     struct iova_extent *extent)
{
	if (request->constraints & GAP_CONSTRAINED)
		return leaf_alloc_constrained(self, request, extent);
	if (request->count >= CLASS_EXACT)
		return leaf_alloc_any(self, request->count, extent);
	return alloc_short(self, request->count, extent);
}

/* Most requests are short, and the lowest held hole of their very length serves them, as alloc_misled would. */
static enum iova_status alloc(void *context, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	struct leaf *self = context;
	uint64_t count = request->count;
	if (UNLIKELY(request->constraints & GAP_CONSTRAINED) || UNLIKELY(count > HELD_LENGTH_MOST))
		return alloc_other(self, request, extent);
	int64_t before = hole_lowest(self, count);
	if (UNLIKELY(!take_hole(self, before, count)))
		return before < 0 ? alloc_short(self, count, extent) : alloc_misled(self, count, extent);
	hole_pop(self, count);
	return granted(self, (uint64_t)before + 1, count, extent);
}

/* A run that reaches an end of its word. The pages are free. */
static NOINLINE void give_edge(struct leaf *self, uint64_t page)
{
	uint64_t leaf = page >> LINE_LOG2;
	const struct line *line = &self->lines[leaf];
	unsigned before = line_previous_used(line, page & (LINE_PAGES - 1));
	unsigned behind = line_next_used(line, page & (LINE_PAGES - 1));
	if (before != LINE_NOTHING && behind != LINE_NOTHING) {
		forget_failure(self, behind - before - 1);
		if (behind - before - 1 > self->bounds[leaf].inside)
			runs_file_inside(self, leaf, behind - before - 1);
		return;
	}
	if (before == LINE_NOTHING && behind == LINE_NOTHING) {
		bins_remove(&self->in_use, 0, leaf);
		if (self->bounds[leaf].inside)
			runs_file_inside(self, leaf, 0);
	}
	uint64_t first = runs_previous_used(self, page) + 1, end = runs_next_used(self, page);
	forget_failure(self, end - first);
	runs_tell(self, first, end);
}

/* In two words or more, or too high to be held. */
static NOINLINE void give_other(struct leaf *self, uint64_t page, uint64_t count)
{
	unsigned in_leaf = page & (LINE_PAGES - 1);
	if (count >= 64 || in_leaf + count > LINE_PAGES) {
		runs_give(self, page, count);
		return;
	}
	line_unset_few(&self->lines[page >> LINE_LOG2], in_leaf, (unsigned)count);
	self->usable_pages += count;
	give_edge(self, page);
}

static void give(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct leaf *self = context;
	uint64_t count = extent->count, page = extent->first - self->base, bit = page & 63;
	if (UNLIKELY(bit + count > 64)) {
		give_other(self, page, count);
		return;
	}
	uint64_t *word = &self->words[page >> 6];
	uint64_t pages = line_ones((unsigned)count) << bit;
	assert((*word & pages) == pages);
	uint64_t used = *word &= ~pages;
	self->usable_pages += count;
	uint64_t below = line_below(used, (unsigned)bit), above = used >> bit;
	if (UNLIKELY(!below) || UNLIKELY(!above)) {
		give_edge(self, page);
		return;
	}
	unsigned before = line_highest(below), behind = (unsigned)bit + (unsigned)__builtin_ctzll(above);
	hole_hold(self, ((uint32_t)page & ~UINT32_C(63)) | before, behind - before - 1);
}

/* Where a page may be too high to be held. */
static void give_far(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	struct leaf *self = context;
	uint64_t page = extent->first - self->base;
	if (page < HELD_PAGES)
		give(self, extent, cpu);
	else
		give_other(self, page, extent->count);
}

const struct leaf_calls LEAF_CALLS = {.alloc = alloc, .free = give, .free_far = give_far, .find = find, .tighten = tighten};
