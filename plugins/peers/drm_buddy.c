/* SPDX-License-Identifier: MIT
 * drivers/gpu/drm/drm_buddy.c of a Linux source tree as a plugin, read from where it lies, unmodified (KERNEL_FILE). An extent
 * is asked for as drivers ask for contiguous memory: one block of the next power of two, whose tail is given back (trim).
 * It begins at offset 0, so what is in front of the space is taken, and alignments are those of addresses. */
#include KERNEL_FILE

#include "iovabench/allocator.h"
#include "pool.h"

#define CHUNK PAGE_SIZE /* bytes of a page to it */
/* It counts pages of a request in 32 bits. */
#define PAGES_MAX (UINT64_C(1) << 31)

enum { OPTION_TRIM, OPTION_TOPDOWN };

struct peer {
	struct drm_buddy mm;
	struct iova_space space;
	struct kernel_call call;
	struct kernel_pool pool;
	uint64_t length_max;
	uint64_t live_pages;
	uint64_t trim, flags;
};

static void peer_destroy(void *self)
{
	if (!self)
		return;
	struct peer *peer = self;
	kernel_call = peer->call;
	/* drm_buddy_fini wants all to be free; blocks go with their pool. */
	kfree(peer->mm.roots);
	kfree(peer->mm.free_list);
	kernel_pool_release(&peer->pool);
	peer->call.host->memory_put(peer->call.host->context, peer, sizeof *peer);
}

/* Blocks that a call may split off: two for each order, in front of the range, behind it, in it, and again to trim. A kernel
 * has that little memory. Where there is none (6.1) a block that is on a list is freed. */
static bool reserve(struct peer *peer)
{
	kernel_call = peer->call;
	return kernel_pool_reserve(&peer->pool, slab_blocks, 8 * (peer->mm.max_order + 1));
}

/* Of the space, [first, first + count), whatever its blocks are: a ring of them without a head. 0 or an error. */
static int take(struct peer *peer, uint64_t first, uint64_t count, struct list_head *blocks)
{
	return drm_buddy_alloc_blocks(&peer->mm, first * CHUNK, (first + count) * CHUNK, count * CHUNK, CHUNK, blocks,
				      DRM_BUDDY_RANGE_ALLOCATION);
}

/* Pages of the longest block, which begins at a multiple of its size, that the space has room for. */
static uint64_t longest_block(const struct peer *peer)
{
	uint64_t first = peer->space.first, end = first + peer->space.count, pages = UINT64_C(1) << peer->mm.max_order;
	pages = pages < PAGES_MAX ? pages : PAGES_MAX;
	while (round_up(first, pages) + pages > end)
		pages /= 2;
	return pages;
}

static enum iova_status peer_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	(void)below;
	if (space->first + space->count > UINT64_C(1) << 51) {
		*reason = "bytes are 64 bits to it: a space ends below page 2^51";
		return IOVA_UNSUPPORTED;
	}
	struct peer *peer = host->memory_get(host->context, sizeof *peer);
	if (!peer)
		return IOVA_NO_MEMORY;
	peer->space = *space;
	peer->call = (struct kernel_call){.host = host, .cpus = host->cpus, .pool = &peer->pool};
	peer->trim = options[OPTION_TRIM];
	peer->flags = options[OPTION_TOPDOWN] ? DRM_BUDDY_TOPDOWN_ALLOCATION : 0;
	kernel_call = peer->call;
	LIST_HEAD(front);
	if (kernel_module_begin() || drm_buddy_init(&peer->mm, (space->first + space->count) * CHUNK, CHUNK)) {
		host->memory_put(host->context, peer, sizeof *peer);
		return IOVA_NO_MEMORY;
	}
	if (!reserve(peer) || (space->first && take(peer, 0, space->first, &front))) {
		peer_destroy(peer);
		return IOVA_NO_MEMORY;
	}
	list_del(&front); /* they stay a ring, and nobody asks for them */
	peer->length_max = longest_block(peer);
	*self = peer;
	return IOVA_OK;
}

static uint64_t block_first(const struct drm_buddy_block *block)
{
	return drm_buddy_block_offset(block) / CHUNK;
}

/* The blocks lie one behind the other. What free needs is the first of the ring. */
static enum iova_status give(struct peer *peer, struct list_head *blocks, struct iova_extent *extent)
{
	struct drm_buddy_block *block = list_first_entry(blocks, struct drm_buddy_block, link), *each;
	uint64_t first = block_first(block), count = 0;
	list_for_each_entry(each, blocks, link)
	{
		first = block_first(each) < first ? block_first(each) : first;
		count += drm_buddy_block_size(&peer->mm, each) / CHUNK;
	}
	__list_del_entry(blocks);
	*extent = (struct iova_extent){first, count, (uint64_t)(uintptr_t)block};
	peer->live_pages += count;
	return IOVA_OK;
}

static uint64_t peer_length_max(void *self)
{
	const struct peer *peer = self;
	return peer->length_max;
}

static enum iova_status peer_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	struct peer *peer = self;
	const uint32_t constraints = request->constraints;
	uint64_t low = 0, end = peer->mm.size / CHUNK, pages = roundup_pow_of_two(request->count);
	unsigned long flags = peer->flags;
	/* Below the size of a block there is no other alignment than its size. */
	if (constraints & IOVA_CONSTRAIN_ALIGN && request->align > pages)
		pages = request->align;
	if (constraints & IOVA_CONSTRAIN_LIMIT && (request->low > peer->space.first || request->high + 1 < end)) {
		low = request->low;
		end = request->high + 1;
		flags |= DRM_BUDDY_RANGE_ALLOCATION;
	}
	if (pages > peer->length_max || low + pages > end)
		return IOVA_NO_SPACE;
	/* A range of just that size is taken as it is, wherever it begins. */
	if (low + pages == end && low & (pages - 1))
		return IOVA_NO_SPACE;
	if (!reserve(peer))
		return IOVA_NO_MEMORY;
	LIST_HEAD(blocks);
	int error =
		drm_buddy_alloc_blocks(&peer->mm, low * CHUNK, end * CHUNK, pages * CHUNK, pages * CHUNK, &blocks, flags);
	if (error)
		return error == -ENOMEM ? IOVA_NO_MEMORY : IOVA_NO_SPACE;
	if (peer->trim)
		drm_buddy_block_trim(&peer->mm, request->count * CHUNK, &blocks);
	return give(peer, &blocks, extent);
}

static void peer_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct peer *peer = self;
	struct drm_buddy_block *block = (struct drm_buddy_block *)(uintptr_t)extent->cookie;
	LIST_HEAD(blocks);
	list_add_tail(&blocks, &block->link);
	kernel_call = peer->call;
	peer->live_pages -= extent->count;
	drm_buddy_free_list(&peer->mm, &blocks);
}

static enum iova_status peer_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	struct peer *peer = self;
	if (!reserve(peer))
		return IOVA_NO_MEMORY;
	LIST_HEAD(blocks);
	if (take(peer, first, count, &blocks))
		return IOVA_TAKEN;
	return give(peer, &blocks, extent);
}

static uint64_t visit_lists(const struct peer *peer, iova_visit visit, void *context)
{
	const struct drm_buddy_block *block;
	uint64_t total = 0;
	for (unsigned order = 0; order <= peer->mm.max_order; order++)
		list_for_each_entry(block, &peer->mm.free_list[order], link)
		{
			uint64_t pages = drm_buddy_block_size(&peer->mm, block) / CHUNK;
			total += pages;
			if (visit)
				visit(context, block_first(block), pages, IOVA_USABLE);
		}
	return total;
}

static void peer_visit_free(void *self, iova_visit visit, void *context)
{
	visit_lists(self, visit, context);
}

static void peer_statistics(void *self, struct iova_statistics *statistics)
{
	const struct peer *peer = self;
	*statistics = (struct iova_statistics){.usable_pages = peer->space.count - peer->live_pages};
}

static const char *peer_broken_invariant(void *self)
{
	const struct peer *peer = self;
	uint64_t free_pages = visit_lists(peer, NULL, NULL);
	return free_pages == peer->mm.avail / CHUNK && free_pages == peer->space.count - peer->live_pages
		       ? NULL
		       : "what its lists hold is what is free";
}

static const struct iova_option options[] = {
	[OPTION_TRIM] = {"trim", IOVA_OPTION_FLAG, 1, 0, 1, NULL, "the tail of a block goes back, as drivers do", NULL},
	[OPTION_TOPDOWN] = {"topdown", IOVA_OPTION_FLAG, 0, 0, 1, NULL, "the highest block, not the smallest", NULL},
};

const struct iova_allocator *iova_plugin(void)
{
	static const struct iova_allocator table = {
		.magic = IOVA_MAGIC,
		.abi = IOVA_ABI,
		.size = sizeof table,
		.name = "drm-buddy",
		.about = "drivers/gpu/drm/drm_buddy.c of Linux " KERNEL_VERSION ", sha256 " KERNEL_HASH,
		.capabilities = IOVA_LIMIT | IOVA_ALIGN | IOVA_EXPLICIT,
		.options = options,
		.option_count = ARRAY_SIZE(options),
		.create = peer_create,
		.alloc = peer_alloc,
		.free = peer_free,
		.place = peer_place,
		.visit_free = peer_visit_free,
		.statistics = peer_statistics,
		.broken_invariant = peer_broken_invariant,
		.destroy = peer_destroy,
		.length_max = peer_length_max,
		.promise = IOVA_PROMISE_BOUNDED,
	};
	return &table;
}
