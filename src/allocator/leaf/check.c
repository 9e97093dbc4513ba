/* SPDX-License-Identifier: MIT
 * The invariants, recounted from the bits. */
#include "allocator/leaf/holes.h"

static const char *check_levels(const struct leaf *self, const struct bins *bins)
{
	uint64_t words = (self->leaves + 63) / 64;
	for (unsigned level = 0; level < bins->levels; level++, words = (words + 63) / 64)
		for (unsigned bin = 0; bin < bins->bins; bin++) {
			uint64_t all = 0;
			for (uint64_t word = 0; word < words; word++) {
				uint64_t bits = *bins_word(bins, level, bin, word);
				all |= bits;
				if (level + 1 < bins->levels &&
				    (*bins_word(bins, level + 1, bin, word >> 6) >> (word & 63) & 1) != (bits != 0))
					return "a bit of a level is set exactly when the word below it has a bit set";
			}
			if (level + 1 == bins->levels && (bins->some[bin >> 6] >> (bin & 63) & 1) != (all != 0))
				return "a bin is marked exactly when it has a leaf";
		}
	return NULL;
}

static bool is_in_bin(const struct bins *bins, uint64_t leaf, unsigned bin)
{
	return *bins_word(bins, 0, bin, leaf >> 6) >> (leaf & 63) & 1;
}

static bool is_in_its_bin(const struct bins *bins, uint64_t leaf, unsigned wanted)
{
	for (unsigned bin = 1; bin < bins->bins; bin++)
		if (is_in_bin(bins, leaf, bin) != (bin == wanted))
			return false;
	return true;
}

static const char *check_leaf(const struct leaf *self, uint64_t leaf)
{
	bool in_use = !line_is_zero(&self->lines[leaf]);
	if (is_in_bin(&self->in_use, leaf, 0) != in_use)
		return "a leaf is in use exactly when it has a used page";
	if (!in_use && self->inside_bounds[leaf])
		return "a leaf that is wholly free has no bound inside";
	if (!is_in_its_bin(&self->inside, leaf, class_of(self->inside_bounds[leaf])) ||
	    !is_in_its_bin(&self->across, leaf, class_of(self->across_bounds[leaf])))
		return "a leaf is in the bin of its bound and in no other";
	return NULL;
}

static bool is_held(const struct leaf *self, uint64_t before, uint64_t length)
{
	if (length >= CLASS_EXACT || !(self->held_some >> length & 1))
		return false;
	for (unsigned i = 0; i < HELD; i++)
		if (self->held[length][i] != HELD_NONE && hole_before(self->held[length][i]) == before)
			return true;
	return false;
}

static bool has_bound_inside(const struct leaf *self, uint64_t first, uint64_t end)
{
	return self->inside_bounds[first >> LINE_LOG2] >= end - first || is_held(self, first - 1, end - first);
}

/* A maximal free run. */
static bool is_told(const struct leaf *self, uint64_t first, uint64_t end)
{
	uint64_t low = first >> LINE_LOG2;
	if (low == (end - 1) >> LINE_LOG2 && end - first < LINE_PAGES)
		return has_bound_inside(self, first, end);
	return self->across_bounds[low] >= saturated(end - first);
}

static const char *check_held(const struct leaf *self)
{
	for (unsigned length = 0; length < CLASS_EXACT; length++) {
		const held_holes *held = &self->held[length];
		if ((self->held_some >> length & 1) != ((*held)[0] != HELD_NONE))
			return "a length is marked exactly when a hole of it is held";
		for (unsigned i = 1; i < HELD; i++)
			if ((*held)[i - 1] < (*held)[i])
				return "held holes are in order";
	}
	return NULL;
}

const char *leaf_check(const struct leaf *self)
{
	uint64_t usable = 0;
	const char *broken = check_held(self);
	for (uint64_t page = 0; page < self->leaves << LINE_LOG2 && !broken; page++)
		if ((page < self->first || page >= self->end) && !page_is_used(self, page))
			broken = "pages outside the space are used";
	for (uint64_t leaf = 0; leaf < self->leaves && !broken; leaf++)
		broken = check_leaf(self, leaf);
	if (!broken)
		broken = check_levels(self, &self->in_use);
	if (!broken)
		broken = check_levels(self, &self->inside);
	if (!broken)
		broken = check_levels(self, &self->across);
	for (uint64_t page = self->first; page < self->end && !broken; page++) {
		uint64_t end = runs_next_used(self, page);
		usable += end - page;
		if (end > page && !is_told(self, page, end))
			broken = "every free run is within the bounds of its leaves, or held";
		page = end;
	}
	if (!broken && usable != self->usable_pages)
		broken = "the free pages are counted";
	if (!broken && self->index.on && self->calls.alloc == self->usual.alloc)
		broken = "while the index is on, calls tell it what they do";
	return broken ? broken : gap_index_check(&self->index, self->usable_pages);
}
