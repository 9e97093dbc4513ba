/* SPDX-License-Identifier: MIT
 * drivers/gpu/drm/drm_mm.c of a Linux source tree as a plugin, read from where it lies, unmodified (KERNEL_FILE). A unit of it
 * is a page; its nodes, which drivers embed in objects of theirs, come from a pool here and count as metadata. */
#include KERNEL_FILE

#include "iovabench/allocator.h"
#include "pool.h"

enum { OPTION_MODE };

struct peer {
	struct drm_mm mm;
	struct iova_space space;
	struct kernel_call call;
	struct kernel_pool pool;
	struct kmem_cache *nodes;
	uint64_t live_pages;
	enum drm_mm_insert_mode mode;
};

static void peer_destroy(void *self)
{
	if (!self)
		return;
	struct peer *peer = self;
	kernel_call = peer->call;
	kernel_pool_release(&peer->pool);
	peer->call.host->memory_put(peer->call.host->context, peer, sizeof *peer);
}

static enum iova_status peer_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	(void)below, (void)reason;
	static const enum drm_mm_insert_mode modes[] = {DRM_MM_INSERT_BEST, DRM_MM_INSERT_LOW, DRM_MM_INSERT_HIGH,
							DRM_MM_INSERT_EVICT};
	struct peer *peer = host->memory_get(host->context, sizeof *peer);
	if (!peer)
		return IOVA_NO_MEMORY;
	peer->space = *space;
	peer->call = (struct kernel_call){.host = host, .cpus = host->cpus, .pool = &peer->pool};
	peer->nodes = kmem_cache_create("drm_mm_node", sizeof(struct drm_mm_node), 0, 0, NULL);
	peer->mode = modes[options[OPTION_MODE]];
	drm_mm_init(&peer->mm, space->first, space->count);
	*self = peer;
	return IOVA_OK;
}

static struct drm_mm_node *node_get(struct peer *peer)
{
	kernel_call = peer->call;
	return kmem_cache_zalloc(peer->nodes, GFP_KERNEL);
}

static enum iova_status give(struct peer *peer, struct drm_mm_node *node, int error, struct iova_extent *extent)
{
	if (error) {
		kmem_cache_free(peer->nodes, node);
		return IOVA_NO_SPACE;
	}
	peer->live_pages += node->size;
	*extent = (struct iova_extent){node->start, node->size, (uint64_t)(uintptr_t)node};
	return IOVA_OK;
}

static enum iova_status peer_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	struct peer *peer = self;
	const uint32_t constraints = request->constraints;
	uint64_t low = peer->space.first, end = low + peer->space.count;
	if (constraints & IOVA_CONSTRAIN_LIMIT) {
		low = request->low;
		end = request->high + 1;
	}
	if (low >= end)
		return IOVA_NO_SPACE;
	enum drm_mm_insert_mode mode = constraints & IOVA_CONSTRAIN_BOTTOM ? DRM_MM_INSERT_LOW
				       : constraints & IOVA_CONSTRAIN_TOP  ? DRM_MM_INSERT_HIGH
									   : peer->mode;
	struct drm_mm_node *node = node_get(peer);
	if (!node)
		return IOVA_NO_MEMORY;
	int error = drm_mm_insert_node_in_range(&peer->mm, node, request->count,
						constraints & IOVA_CONSTRAIN_ALIGN ? request->align : 0, 0, low, end, mode);
	return give(peer, node, error, extent);
}

static void peer_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct peer *peer = self;
	struct drm_mm_node *node = (struct drm_mm_node *)(uintptr_t)extent->cookie;
	peer->live_pages -= node->size;
	drm_mm_remove_node(node);
	kernel_call = peer->call;
	kmem_cache_free(peer->nodes, node);
}

static enum iova_status peer_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	struct peer *peer = self;
	struct drm_mm_node *node = node_get(peer);
	if (!node)
		return IOVA_NO_MEMORY;
	node->start = first;
	node->size = count;
	enum iova_status status = give(peer, node, drm_mm_reserve_node(&peer->mm, node), extent);
	return status == IOVA_NO_SPACE ? IOVA_TAKEN : status;
}

static void peer_visit_free(void *self, iova_visit visit, void *context)
{
	const struct peer *peer = self;
	const struct drm_mm_node *node = &peer->mm.head_node;
	do {
		if (drm_mm_hole_follows(node))
			visit(context, __drm_mm_hole_node_start(node), node->hole_size, IOVA_USABLE);
		node = list_next_entry(node, node_list);
	} while (node != &peer->mm.head_node);
}

static void peer_statistics(void *self, struct iova_statistics *statistics)
{
	const struct peer *peer = self;
	*statistics = (struct iova_statistics){.usable_pages = peer->space.count - peer->live_pages};
}

static const char *peer_broken_invariant(void *self)
{
	const struct peer *peer = self;
	const struct drm_mm_node *node = &peer->mm.head_node;
	uint64_t live = 0;
	drm_mm_for_each_node(node, &peer->mm)
	{
		live += node->size;
		if (node->hole_size != __drm_mm_hole_node_end(node) - __drm_mm_hole_node_start(node))
			return "the hole behind each node reaches to the next one";
	}
	return live == peer->live_pages ? NULL : "the nodes are what is live";
}

static const char *const modes[] = {"best", "low", "high", "evict", NULL};
static const struct iova_option options[] = {
	[OPTION_MODE] = {"mode", IOVA_OPTION_CHOICE, 0, 0, 0, modes,
			 "smallest hole that fits, lowest, highest, or the one that a free made last", NULL},
};

const struct iova_allocator *iova_plugin(void)
{
	static const struct iova_allocator table = {
		.magic = IOVA_MAGIC,
		.abi = IOVA_ABI,
		.size = sizeof table,
		.name = "drm-mm",
		.about = "drivers/gpu/drm/drm_mm.c of Linux " KERNEL_VERSION ", sha256 " KERNEL_HASH,
		.capabilities = IOVA_LIMIT | IOVA_ALIGN | IOVA_DIRECTION | IOVA_EXPLICIT,
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
		.promise = IOVA_PROMISE_COMPLETE,
	};
	return &table;
}
