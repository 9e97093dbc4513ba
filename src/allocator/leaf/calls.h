/* SPDX-License-Identifier: MIT
 * What is called most: short requests, and frees inside a word. Compiled once for each kind of CPU; LEAF_CALLS names its
 * table. */
#include "allocator/contract.h"
#include "allocator/gap/fit.h"
#include "allocator/leaf/holes.h"

/* count < 64, for which this leaf may have a run: then its bound is exact afterwards. False: it has none. */
static NOINLINE bool take_inside(struct leaf *self, uint64_t leaf, uint64_t count, uint64_t *first)
{
	struct line *line = &self->lines[leaf];
	self->examined++;
	struct line closed = runs_closed(self, leaf);
	struct line begins = line_begins(&closed, (unsigned)count);
	unsigned place = line_lowest(&begins);
	if (UNLIKELY(place == LINE_NOTHING))
		return false;
	*first = leaf << LINE_LOG2 | place;
	line_set_few(line, place, (unsigned)count);
	line_set_few(&closed, place, (unsigned)count);
	self->usable_pages -= count;
	unsigned longest = line_longest(&closed);
	if (longest != self->inside_bounds[leaf])
		runs_file_inside(self, leaf, longest);
	return true;
}

/* The hole of `length` behind page before: its first count pages, if it is still there. */
INLINE bool take_hole(struct leaf *self, uint64_t before, unsigned length, uint64_t count)
{
	if (UNLIKELY(!hole_is_there(self, before, length)))
		return false;
	self->words[before >> 6] |= hole_bits((unsigned)count) << (before & 63);
	self->usable_pages -= count;
	return true;
}

INLINE enum iova_status granted(const struct leaf *self, uint64_t first, uint64_t count, struct iova_extent *extent)
{
	*extent = (struct iova_extent){self->base + first, count, 0};
	return IOVA_OK;
}

/* Makes the bound of a leaf exact. */
static NOINLINE void tighten(struct leaf *self, uint64_t leaf)
{
	struct line closed = runs_closed(self, leaf);
	runs_file_inside(self, leaf, line_longest(&closed));
}

/* The lowest class that suffices, held before inside before across. count < 64. */
static NOINLINE enum iova_status alloc_short(struct leaf *self, uint64_t count, struct iova_extent *extent)
{
	uint64_t first, leaf;
	bool sure = false;
	while (count < self->failed) {
		uint64_t some = (self->inside.some[0] | self->across.some[0] | self->held_some) >> count;
		if (!some)
			return leaf_alloc_any(self, count, extent);
		unsigned bin = (unsigned)(count + (unsigned)__builtin_ctzll(some));
		if (self->held_some >> bin & 1) {
			uint64_t before = hole_lowest(self, bin);
			self->examined++;
			if (take_hole(self, before, bin, count)) {
				hole_pop(self, bin);
				if (bin != count)
					hole_hold(self, before + count, bin - (unsigned)count);
				return granted(self, before + 1, count, extent);
			}
			sure = sure || search_is_there(self, count);
			if (sure)
				hole_pop(self, bin);
		} else if (self->inside.some[0] >> bin & 1) {
			leaf = bins_first(&self->inside, bin);
			if (take_inside(self, leaf, count, &first))
				return granted(self, first, count, extent);
			sure = sure || search_is_there(self, count);
			if (sure)
				tighten(self, leaf);
		} else {
			first = search_across(self, bins_first(&self->across, bin), count, &sure);
			if (first != NOTHING)
				return leaf_grant(self, first, count, extent);
		}
	}
	return IOVA_NO_SPACE;
}

/* What is left of a hole is held in turn. */
static NOINLINE enum iova_status hold_rest(struct leaf *self, uint64_t before, unsigned length)
{
	hole_hold(self, before, length);
	return IOVA_OK;
}

/* Most requests are short, and the first held hole that is looked at serves them: as alloc_short would. */
static enum iova_status alloc(void *context, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	struct leaf *self = context;
	uint64_t count = request->count, held = self->held_some;
	if (UNLIKELY(request->constraints & GAP_CONSTRAINED))
		return leaf_alloc_constrained(self, request, extent);
	if (UNLIKELY(count >= CLASS_EXACT))
		return leaf_alloc_any(self, count, extent);
	uint64_t some = (self->inside.some[0] | self->across.some[0] | held) >> count;
	if (UNLIKELY(!(held >> count & some & -some)))
		return alloc_short(self, count, extent);
	unsigned bin = (unsigned)count + (unsigned)__builtin_ctzll(some);
	uint64_t before = hole_lowest(self, bin);
	if (UNLIKELY(!take_hole(self, before, bin, count)))
		return alloc_short(self, count, extent);
	hole_pop(self, bin);
	granted(self, before + 1, count, extent);
	return bin == count ? IOVA_OK : hold_rest(self, before + count, bin - (unsigned)count);
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
		if (behind - before - 1 > self->inside_bounds[leaf])
			runs_file_inside(self, leaf, behind - before - 1);
		return;
	}
	if (before == LINE_NOTHING && behind == LINE_NOTHING) {
		bins_remove(&self->in_use, 0, leaf);
		if (self->inside_bounds[leaf])
			runs_file_inside(self, leaf, 0);
	}
	uint64_t first = runs_previous_used(self, page) + 1, end = runs_next_used(self, page);
	forget_failure(self, end - first);
	runs_tell(self, first, end);
}

static void give(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct leaf *self = context;
	uint64_t count = extent->count, page = extent->first - self->base, bit = page & 63;
	if (UNLIKELY(bit + count > 64) || UNLIKELY(page >= HELD_PAGES)) {
		runs_give(self, page, count);
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
	unsigned before = bits_log2_floor(below);
	hole_hold(self, (page & ~UINT64_C(63)) + before, (unsigned)bit + (unsigned)__builtin_ctzll(above) - before - 1);
}

const struct leaf_calls LEAF_CALLS = {alloc, give};
