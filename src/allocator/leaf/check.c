/* SPDX-License-Identifier: MIT
 * The invariants, recounted from the bits. */
#include "allocator/leaf/cache.h"
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
	if (!in_use && self->bounds[leaf].inside)
		return "a leaf that is wholly free has no bound inside";
	if (!is_in_its_bin(&self->inside, leaf, class_of(self->bounds[leaf].inside)) ||
	    !is_in_its_bin(&self->across, leaf, class_of(self->bounds[leaf].across)))
		return "a leaf is in the bin of its bound and in no other";
	return NULL;
}

static bool is_held(const struct leaf *self, uint64_t before, uint64_t length)
{
	for (unsigned i = 0; length < CLASS_EXACT && i < HELD; i++)
		if (self->held[length][i] != HELD_NONE && self->held[length][i] == before)
			return true;
	return false;
}

static bool has_bound_inside(const struct leaf *self, uint64_t first, uint64_t end)
{
	return self->bounds[first >> LINE_LOG2].inside >= end - first || is_held(self, first - 1, end - first);
}

/* A maximal free run. */
static bool is_told(const struct leaf *self, uint64_t first, uint64_t end)
{
	uint64_t low = first >> LINE_LOG2;
	if (low == (end - 1) >> LINE_LOG2 && end - first < LINE_PAGES)
		return has_bound_inside(self, first, end);
	return self->bounds[low].across >= saturated(end - first);
}

static const char *check_held(const struct leaf *self)
{
	for (unsigned length = 0; length < CLASS_EXACT; length++) {
		const held_holes *held = &self->held[length];
		if ((!length || length > HELD_LENGTH_MOST) && (*held)[0] != HELD_NONE)
			return "only holes of 1 to 62 pages are held";
		if (!(self->held_some >> length & 1) && (*held)[0] != HELD_NONE)
			return "a length is marked when a hole of it is held";
		for (unsigned i = 1; i < HELD; i++)
			if ((*held)[i - 1] > (*held)[i])
				return "held holes are in order";
	}
	return NULL;
}

static const char *check_cached(const struct leaf *self, const struct leaf_cache *cache, uint64_t length)
{
	if (cache->count > cache->room)
		return "a cache has at most the extents that it has room for";
	for (uint32_t i = 0; i < cache->count; i++) {
		uint64_t first = cache->pages[i], end = first + length;
		if (first < self->first || end > self->end || first >> LINE_LOG2 != (end - 1) >> LINE_LOG2)
			return "a cached extent lies in one leaf of the space";
		for (uint64_t page = first; page < end; page++)
			if (!page_is_used(self, page))
				return "cached pages are used";
	}
	return NULL;
}

struct overlaps {
	const struct leaf *self;
	uint64_t first, count; /* of the extent that the others are held against */
	uint64_t extents, meetings;
};

static void meet(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct overlaps *overlaps = context;
	(void)state;
	overlaps->meetings += first < overlaps->first + overlaps->count && overlaps->first < first + count;
}

static void meet_all(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct overlaps *overlaps = context;
	(void)state;
	overlaps->first = first;
	overlaps->count = count;
	overlaps->extents++;
	cache_visit(overlaps->self, meet, overlaps);
}

/* What drains and rooms rely on: those that are awake are known. */
static const char *check_awake(const struct leaf *self)
{
	struct leaf_caches *caches = caches_of(self);
	uint64_t awake = 0, room = 0;
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++)
		for (unsigned length = 1; length <= LINE_PAGES; length++) {
			const struct leaf_cache *cache = cache_of(caches, cpu, length);
			if (!caches->at[length])
				continue;
			awake += cache->room > 0;
			room += cache->room;
			if (!cache->room && cache->count)
				return "a cache that is asleep is empty";
		}
	if (awake != caches->awake_count || room != caches->awake_room || room > CACHE_ROOM_MOST)
		return "caches that are awake are known, and have room for as many extents as one call may give back";
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++)
		if (cache_of(caches, cpu, 0)->room || cache_of(caches, cpu, 0)->count)
			return "lengths that are not cached have a cache that never wakes";
	return NULL;
}

static const char *check_caches(const struct leaf *self)
{
	struct leaf_caches *caches = caches_of(self);
	struct overlaps overlaps = {.self = self};
	uint64_t pages = 0;
	const char *broken = check_awake(self);
	for (uint32_t number = 0; number < caches->awake_count && !broken; number++) {
		const struct leaf_cache *cache = cache_awake(caches, number);
		uint32_t length = caches->awake[number].length, cpu = caches->awake[number].at >> CACHE_CPU_LOG2;
		pages += (uint64_t)cache->count * length;
		if (cache != cache_of(caches, cpu, length) || !cache->room)
			return "what is known to be awake is";
		broken = check_cached(self, cache, length);
	}
	if (broken)
		return broken;
	cache_visit(self, meet_all, &overlaps);
	if (overlaps.meetings != overlaps.extents)
		return "cached extents are disjoint";
	if (pages != caches->pages)
		return "the cached pages are counted";
	return self->calls.alloc == leaf_calls_cached.alloc ? NULL : "calls come to the caches first";
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
	if (!broken && self->index.on && self->inner.alloc == self->usual.alloc)
		broken = "while the index is on, calls tell it what they do";
	return broken || !self->cpus ? broken : check_caches(self);
}
