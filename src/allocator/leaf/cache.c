/* SPDX-License-Identifier: MIT
 * Which extents wait, and who gives them back. */
#include "allocator/leaf/cache.h"
#include "allocator/contract.h"
#include "allocator/gap/fit.h"

/* Of so many used pages caches may have one; and one is worth to be given back before a free leaf is used. */
#define SHARE_CACHED 16u
#define SHARE_RETURNED 256u

/* Extents that a free gives back while there are too many, and a request at first. */
#define RETURNED_BY_FREE 4u
#define RETURNED_FIRST 8u

static uint32_t room_of(uint32_t cpus, unsigned length)
{
	unsigned pages = CACHE_PAGES / cpus > CACHE_PAGES_LEAST ? CACHE_PAGES / cpus : CACHE_PAGES_LEAST;
	unsigned room = length <= CACHE_LENGTH_MOST ? pages / length : 0, least = pages / 16 ? pages / 16 : 1;
	return room < least && bits_is_power_of_two(length) ? least : room;
}

void cache_make(struct leaf *self)
{
	size_t at = sizeof(struct leaf_cache);
	for (unsigned length = 1; length <= LINE_PAGES && self->cpus; length++) {
		uint32_t room = room_of(self->cpus, length);
		if (!room)
			continue;
		caches_of(self)->at[length] = (uint16_t)at;
		at += sizeof(struct leaf_cache) + room * sizeof(uint32_t);
	}
	assert(at <= UINT64_C(1) << CACHE_CPU_LOG2);
}

/* Gives the last one of a cache back. */
static void give_back(struct leaf *self, struct leaf_cache *cache, uint32_t length)
{
	struct leaf_caches *caches = caches_of(self);
	uint64_t page = cache->pages[--cache->count];
	caches->pages -= length;
	caches->returned++;
	self->examined++;
	self->inner.free(self, &(struct iova_extent){self->base + page, length, 0}, 0);
}

static unsigned empty(struct leaf *self, uint32_t number, unsigned most)
{
	struct leaf_cache *cache = cache_awake(caches_of(self), number);
	unsigned given = 0;
	for (; cache->count && given < most; given++)
		give_back(self, cache, caches_of(self)->awake[number].length);
	return given;
}

unsigned cache_return(struct leaf *self, unsigned most)
{
	unsigned given = 0;
	if (!self->cpus)
		return 0;
	const struct leaf_caches *caches = caches_of(self);
	for (uint32_t number = caches->awake_count; number-- && given < most && caches->pages;)
		given += empty(self, number, most - given);
	return given;
}

void cache_leave(struct leaf *self, uint32_t cpu)
{
	for (uint32_t number = 0; self->cpus && number < caches_of(self)->awake_count; number++)
		if (caches_of(self)->awake[number].at >> CACHE_CPU_LOG2 == cpu)
			empty(self, number, ~0u);
}

void cache_visit(const struct leaf *self, iova_visit visit, void *context)
{
	if (!self->cpus)
		return;
	struct leaf_caches *caches = caches_of(self);
	for (uint32_t number = 0; number < caches->awake_count; number++) {
		const struct leaf_cache *cache = cache_awake(caches, number);
		for (uint32_t i = 0; i < cache->count; i++)
			visit(context, self->base + cache->pages[i], caches->awake[number].length, IOVA_CACHED);
	}
}

/* Others fall asleep while there is no room. */
static void wake(struct leaf *self, struct leaf_cache *cache, uint32_t length)
{
	struct leaf_caches *caches = caches_of(self);
	uint32_t room = room_of(self->cpus, length);
	while (caches->awake_room + room > CACHE_ROOM_MOST) {
		uint32_t number = caches->turn++ % caches->awake_count;
		struct leaf_cache *other = cache_awake(caches, number);
		empty(self, number, ~0u);
		caches->awake_room -= other->room;
		other->room = 0;
		caches->awake[number] = caches->awake[--caches->awake_count];
	}
	caches->awake[caches->awake_count].at = (uint32_t)((unsigned char *)cache - caches->of_cpus);
	caches->awake[caches->awake_count++].length = length;
	caches->awake_room += room;
	cache->room = room;
}

/* After the leaves have changed. What lies above the leaves that would do is not cached, so that they become free. */
static void set_bounds(struct leaf *self)
{
	struct leaf_caches *caches = caches_of(self);
	uint64_t used_end = self->end - self->usable_pages; /* if they lay at the bottom */
	caches->pages_most = (used_end - self->first) / SHARE_CACHED;
	caches->below = saturated(bits_align_down(used_end, LINE_PAGES));
}

/* The first one from the top that serves; the top takes its place. */
static bool pop_constrained(struct leaf *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	if (request->count > LINE_PAGES)
		return false;
	struct leaf_cache *cache = cache_of(caches_of(self), cpu, request->count);
	for (uint32_t i = cache->count; i--;) {
		uint64_t first = self->base + cache->pages[i];
		self->examined++;
		if (!contract_is_served(request, first))
			continue;
		cache->pages[i] = cache->pages[--cache->count];
		caches_of(self)->pages -= request->count;
		*extent = (struct iova_extent){first, request->count, 0};
		return true;
	}
	return false;
}

/* Whether what is cached is worth to be given back: there is no space, or the extent has begun a leaf that was free. */
static bool wants_back(const struct leaf *self, const struct iova_request *request, enum iova_status status, uint64_t begun)
{
	const struct leaf_caches *caches = caches_of(self);
	if (!caches->pages || request->constraints & IOVA_CONSTRAIN_NO_DRAIN)
		return false;
	if (status == IOVA_NO_SPACE)
		return true;
	uint64_t used = self->end - self->first - self->usable_pages;
	return self->begun != begun && request->count < LINE_PAGES && caches->pages >= used / SHARE_RETURNED;
}

/* What the leaves have answered is given back where something is cached that may serve better: in portions that double. */
static NOINLINE enum iova_status alloc_returning(struct leaf *self, const struct iova_request *request, uint32_t cpu,
						 struct iova_extent *extent, enum iova_status status, uint64_t begun)
{
	struct iova_extent found = status == IOVA_OK ? *extent : (struct iova_extent){0};
	for (unsigned portion = RETURNED_FIRST; wants_back(self, request, status, begun); portion *= 2) {
		if (status == IOVA_OK)
			self->inner.free(self, &found, cpu);
		cache_return(self, portion);
		begun = self->begun;
		status = self->inner.alloc(self, request, cpu, &found);
	}
	if (status == IOVA_OK)
		*extent = found;
	set_bounds(self);
	return status;
}

/* From the leaves. */
static NOINLINE enum iova_status alloc_slowly(struct leaf *self, const struct iova_request *request, uint32_t cpu,
					      struct iova_extent *extent)
{
	uint64_t begun = self->begun;
	enum iova_status status = self->inner.alloc(self, request, cpu, extent);
	if (UNLIKELY(status != IOVA_OK) || UNLIKELY(self->begun != begun))
		return alloc_returning(self, request, cpu, extent, status, begun);
	set_bounds(self);
	return IOVA_OK;
}

static NOINLINE enum iova_status alloc_constrained(struct leaf *self, const struct iova_request *request, uint32_t cpu,
						   struct iova_extent *extent)
{
	bool popped = pop_constrained(self, request, cpu, extent);
	return popped ? IOVA_OK : alloc_slowly(self, request, cpu, extent);
}

static enum iova_status cached_alloc(void *context, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	struct leaf *self = context;
	uint64_t count = request->count;
	if (UNLIKELY(request->constraints & GAP_CONSTRAINED))
		return alloc_constrained(self, request, cpu, extent);
	if (UNLIKELY(count > LINE_PAGES))
		return alloc_slowly(self, request, cpu, extent);
	struct leaf_caches *caches = caches_of(self);
	struct leaf_cache *cache = cache_of(caches, cpu, count);
	uint32_t some = cache->count;
	if (UNLIKELY(!some))
		return alloc_slowly(self, request, cpu, extent);
	extent->count = count;
	extent->cookie = 0;
	cache->count = some - 1;
	caches->pages -= count;
	extent->first = self->base + cache->pages[some - 1];
	return IOVA_OK;
}

/* In a full cache a page takes the place of the highest one that lies above it, so that high leaves become free. Returns the
 * one that has no place. */
static uint64_t exchange_highest(struct leaf_cache *cache, uint64_t page)
{
	uint32_t highest = 0;
	for (uint32_t i = 1; i < cache->count; i++)
		if (cache->pages[i] > cache->pages[highest])
			highest = i;
	uint64_t other = cache->pages[highest];
	if (other < page)
		return page;
	cache->pages[highest] = (uint32_t)page;
	return other;
}

INLINE bool lies_in_one_leaf(uint64_t page, uint64_t count)
{
	return (page ^ (page + count - 1)) < LINE_PAGES;
}

static bool may_come_in(const struct leaf *self, uint64_t page, uint64_t count)
{
	const struct leaf_caches *caches = caches_of(self);
	return lies_in_one_leaf(page, count) && page < caches->below && caches->pages + count <= caches->pages_most &&
	       caches->at[count];
}

/* There are too many, or it may come into a cache that is asleep or full. */
static NOINLINE void free_slowest(struct leaf *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct leaf_caches *caches = caches_of(self);
	uint64_t count = extent->count, page = extent->first - self->base;
	for (unsigned i = 0; i < RETURNED_BY_FREE && caches->pages > caches->pages_most; i++)
		empty(self, caches->turn++ % caches->awake_count, 1);
	if (may_come_in(self, page, count)) {
		struct leaf_cache *cache = cache_of(caches, cpu, count);
		if (!cache->room)
			wake(self, cache, (uint32_t)count);
		if (cache->count < cache->room) {
			cache->pages[cache->count++] = (uint32_t)page;
			caches->pages += count;
			return;
		}
		page = exchange_highest(cache, page);
	}
	self->inner.free(self, &(struct iova_extent){self->base + page, count, 0}, cpu);
}

static NOINLINE void free_slowly(struct leaf *self, const struct iova_extent *extent, uint32_t cpu)
{
	const struct leaf_caches *caches = caches_of(self);
	set_bounds(self);
	if (UNLIKELY(caches->pages > caches->pages_most) || may_come_in(self, extent->first - self->base, extent->count))
		free_slowest(self, extent, cpu);
	else
		self->inner.free(self, extent, cpu);
}

static void cached_free(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	struct leaf *self = context;
	struct leaf_caches *caches = caches_of(self);
	uint64_t count = extent->count, page = extent->first - self->base;
	if (UNLIKELY(!lies_in_one_leaf(page, count)) || UNLIKELY(page >= caches->below)) {
		free_slowly(self, extent, cpu);
		return;
	}
	struct leaf_cache *cache = cache_of(caches, cpu, count);
	uint32_t some = cache->count;
	uint64_t pages = caches->pages + count;
	if (UNLIKELY(some == cache->room) || UNLIKELY(pages > caches->pages_most)) {
		free_slowly(self, extent, cpu);
		return;
	}
	cache->pages[some] = (uint32_t)page;
	cache->count = some + 1;
	caches->pages = pages;
}

const struct leaf_calls leaf_calls_cached = {.alloc = cached_alloc, .free = cached_free};
