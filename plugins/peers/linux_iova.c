/* SPDX-License-Identifier: MIT
 * drivers/iommu/iova.c of a Linux source tree as a plugin. The file is read from where it lies, unmodified (KERNEL_FILE), so
 * that what stands in its caches can be shown; the plugin that comes of it is under the kernel's licence, GPL-2.0. */
#include KERNEL_FILE

#include "iovabench/allocator.h"
#include "pool.h"

#define LOW_BITS 32

enum { OPTION_RCACHE, OPTION_ALIGNED, OPTION_LOCKS };

struct peer {
	struct iova_domain domain;
	struct iova_space space;
	struct kernel_call call;
	struct kernel_pool pool;
	struct delayed_work *works;
	uint64_t now_ns;
	uint64_t live_pages;
	uint64_t rcache, aligned;
	bool allocated;
};

static struct peer *enter(void *self, uint32_t cpu)
{
	struct peer *peer = self;
	peer->call.cpu = cpu;
	kernel_call = peer->call;
	return peer;
}

static void peer_destroy(void *self)
{
	if (!self)
		return;
	struct peer *peer = enter(self, 0);
	put_iova_domain(&peer->domain);
	iova_cache_put();
	kernel_pool_release(&peer->pool);
	peer->call.host->memory_put(peer->call.host->context, peer, sizeof *peer);
}

static enum iova_status peer_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	(void)below;
	if (!space->first && options[OPTION_RCACHE]) {
		*reason = "page 0 is its word for a failure: a space begins at page 1 or above";
		return IOVA_UNSUPPORTED;
	}
	struct peer *peer = host->memory_get(host->context, sizeof *peer);
	if (!peer)
		return IOVA_NO_MEMORY;
	peer->space = *space;
	peer->call = (struct kernel_call){.host = host,
					  .cpus = host->cpus,
					  .pool = &peer->pool,
					  .works = &peer->works,
					  .now_ns = &peer->now_ns,
					  .spin = options[OPTION_LOCKS]};
	peer->rcache = options[OPTION_RCACHE];
	peer->aligned = options[OPTION_ALIGNED];
	enter(peer, 0);
	iova_cache_get();
	init_iova_domain(&peer->domain, PAGE_SIZE, space->first);
	peer->domain.dma_32bit_pfn = (1UL << LOW_BITS) / space->page_bytes;
	peer->domain.max32_alloc_size = peer->domain.dma_32bit_pfn;
	if (peer->rcache && iova_domain_init_rcaches(&peer->domain)) {
		peer_destroy(peer);
		return IOVA_NO_MEMORY;
	}
	*self = peer;
	return IOVA_OK;
}

static uint64_t last_page(const struct peer *peer)
{
	return peer->space.first + peer->space.count - 1;
}

static enum iova_status peer_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	struct peer *peer = enter(self, cpu);
	uint64_t high = request->constraints & IOVA_CONSTRAIN_LIMIT ? request->high : last_page(peer),
		 count = request->count;
	/* As it rounds itself. */
	if (peer->rcache && count < 1UL << (IOVA_RANGE_CACHE_MAX_SIZE - 1))
		count = roundup_pow_of_two(count);
	bool flush = !(request->constraints & IOVA_CONSTRAIN_NO_DRAIN);
	bool natural = peer->aligned || request->constraints & IOVA_CONSTRAIN_ALIGN;
	/* It knows one alignment, that of the size. */
	if (request->constraints & IOVA_CONSTRAIN_ALIGN && request->align > roundup_pow_of_two(count))
		return IOVA_NO_SPACE;
	/* Its caches take a limit below the size for none: nobody has such a one. */
	if (high < peer->space.first || high + 1 < count || count > peer->space.count)
		return IOVA_NO_SPACE;
	peer->allocated = true;
	if (peer->rcache) {
		unsigned long first = alloc_iova_fast(&peer->domain, request->count, high, flush);
		if (!first)
			return IOVA_NO_SPACE;
		*extent = (struct iova_extent){first, count, 0};
	} else {
		struct iova *iova = alloc_iova(&peer->domain, count, high, natural);
		if (!iova)
			return IOVA_NO_SPACE;
		*extent = (struct iova_extent){iova->pfn_lo, count, (uint64_t)(uintptr_t)iova};
	}
	peer->live_pages += count;
	return IOVA_OK;
}

static void peer_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct peer *peer = enter(self, cpu);
	peer->live_pages -= extent->count;
	if (extent->cookie)
		__free_iova(&peer->domain, (struct iova *)(uintptr_t)extent->cookie);
	else
		free_iova_fast(&peer->domain, extent->first, extent->count);
}

static enum iova_status peer_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct peer *peer = enter(self, cpu);
	if (peer->allocated)
		return IOVA_UNSUPPORTED;
	for (struct rb_node *node = rb_first(&peer->domain.rbroot); node; node = rb_next(node)) {
		const struct iova *iova = rb_entry(node, struct iova, node);
		if (iova->pfn_lo < first + count && iova->pfn_hi >= first)
			return IOVA_TAKEN;
	}
	struct iova *iova = reserve_iova(&peer->domain, first, first + count - 1);
	if (!iova)
		return IOVA_NO_MEMORY;
	*extent = (struct iova_extent){first, count, (uint64_t)(uintptr_t)iova};
	peer->live_pages += count;
	return IOVA_OK;
}

static uint64_t visit_pfns(const struct iova_magazine *magazine, unsigned long count, uint64_t pages, iova_visit visit,
			   void *context)
{
	for (unsigned long i = 0; visit && i < count; i++)
		visit(context, magazine->pfns[i], pages, IOVA_CACHED);
	return count * pages;
}

static uint64_t visit_magazine(const struct iova_magazine *magazine, uint64_t pages, iova_visit visit, void *context)
{
	return magazine ? visit_pfns(magazine, magazine->size, pages, visit, context) : 0;
}

static uint64_t visit_depot(const struct iova_rcache *rcache, uint64_t each, iova_visit visit, void *context)
{
	uint64_t pages = 0;
#if KERNEL_NUMBER >= 6007 /* a list of full ones, whose link lies where their size was */
	for (const struct iova_magazine *magazine = rcache->depot; magazine; magazine = magazine->next)
		pages += visit_pfns(magazine, IOVA_MAG_SIZE, each, visit, context);
#else
	for (unsigned long i = 0; i < rcache->depot_size; i++)
		pages += visit_magazine(rcache->depot[i], each, visit, context);
#endif
	return pages;
}

/* Returns the pages in caches. */
static uint64_t visit_cached(const struct peer *peer, iova_visit visit, void *context)
{
	uint64_t pages = 0;
	for (unsigned order = 0; peer->domain.rcaches && order < IOVA_RANGE_CACHE_MAX_SIZE; order++) {
		struct iova_rcache *rcache = &peer->domain.rcaches[order];
		for (unsigned cpu = 0; cpu < peer->call.cpus; cpu++) {
			const struct iova_cpu_rcache *own = per_cpu_ptr(rcache->cpu_rcaches, cpu);
			pages += visit_magazine(own->loaded, 1UL << order, visit, context);
			pages += visit_magazine(own->prev, 1UL << order, visit, context);
		}
		pages += visit_depot(rcache, 1UL << order, visit, context);
	}
	return pages;
}

static void peer_visit_free(void *self, iova_visit visit, void *context)
{
	struct peer *peer = enter(self, 0);
	uint64_t page = peer->space.first;
	for (struct rb_node *node = rb_first(&peer->domain.rbroot); node; node = rb_next(node)) {
		const struct iova *iova = rb_entry(node, struct iova, node);
		uint64_t end = iova->pfn_lo < last_page(peer) + 1 ? iova->pfn_lo : last_page(peer) + 1;
		if (end > page)
			visit(context, page, end - page, IOVA_USABLE);
		page = iova->pfn_hi + 1;
	}
	visit_cached(peer, visit, context);
}

static void peer_statistics(void *self, struct iova_statistics *statistics)
{
	const struct peer *peer = self;
	uint64_t cached = visit_cached(peer, NULL, NULL);
	*statistics = (struct iova_statistics){.usable_pages = peer->space.count - peer->live_pages - cached,
					       .cached_pages = cached};
}

static const char *peer_broken_invariant(void *self)
{
	(void)self;
	return NULL;
}

static void peer_drain(void *self)
{
	struct peer *peer = enter(self, 0);
	for (unsigned cpu = 0; peer->domain.rcaches && cpu < peer->call.cpus; cpu++)
		free_cpu_cached_iovas(cpu, &peer->domain);
	if (peer->domain.rcaches)
		free_global_cached_iovas(&peer->domain);
}

#if KERNEL_NUMBER >= 6007 /* its depot is trimmed by and by */
static void peer_poll(void *self, uint64_t now_ns)
{
	struct peer *peer = enter(self, 0);
	peer->now_ns = now_ns;
	kernel_work_run();
}
#else
#define peer_poll NULL
#endif

static const struct iova_option options[] = {
	[OPTION_RCACHE] = {"rcache", IOVA_OPTION_FLAG, 1, 0, 1, NULL,
			   "its caches by CPU and size stand in front of the tree", NULL},
	[OPTION_ALIGNED] = {"aligned", IOVA_OPTION_FLAG, 0, 0, 1, NULL,
			    "without caches: every request is aligned to its size, as DMA mappings are", NULL},
	[OPTION_LOCKS] = {"locks", IOVA_OPTION_FLAG, 0, 0, 1, NULL, "its spin locks are taken, which nobody waits for",
			  NULL},
};

const struct iova_allocator *iova_plugin(void)
{
	static const struct iova_allocator table = {
		.magic = IOVA_MAGIC,
		.abi = IOVA_ABI,
		.size = sizeof table,
		.name = "linux-iova",
		.about = "drivers/iommu/iova.c of Linux " KERNEL_VERSION ", sha256 " KERNEL_HASH,
		.capabilities = IOVA_HIGH | IOVA_ALIGN,
		.options = options,
		.option_count = ARRAY_SIZE(options),
		.create = peer_create,
		.alloc = peer_alloc,
		.free = peer_free,
		.place = peer_place,
		.visit_free = peer_visit_free,
		.statistics = peer_statistics,
		.broken_invariant = peer_broken_invariant,
		.poll = peer_poll,
		.drain = peer_drain,
		.destroy = peer_destroy,
		.promise = IOVA_PROMISE_BOUNDED,
	};
	return &table;
}
