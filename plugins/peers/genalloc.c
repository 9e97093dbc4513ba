/* SPDX-License-Identifier: MIT
 * lib/genalloc.c of a Linux source tree as a plugin, read from where it lies, unmodified (KERNEL_FILE). One chunk, of which a
 * byte is a page. Searching words for bits is not part of that file: kernel.h does it. */
#include KERNEL_FILE

#include "iovabench/allocator.h"
#include "pool.h"

/* Added to pages: address 0 is its word for a failure. A multiple of every alignment. */
#define BASE (UINT64_C(1) << 52)
/* Its algorithms take an alignment as an int. */
#define PAGES_MAX (UINT64_C(1) << 30)

enum { OPTION_FIT };
enum { FIT_FIRST, FIT_BEST, FIT_ORDER };

struct peer {
	struct gen_pool *pool;
	struct iova_space space;
	const struct iova_host *host;
	uint64_t fit;
};

static void peer_destroy(void *self)
{
	if (!self)
		return;
	struct peer *peer = self;
	kernel_call = (struct kernel_call){.host = peer->host};
	/* gen_pool_destroy wants all to be free. */
	if (peer->pool) {
		struct gen_pool_chunk *chunk, *behind;
		list_for_each_entry_safe(chunk, behind, &peer->pool->chunks, next_chunk) vfree(chunk);
		kfree(peer->pool);
	}
	peer->host->memory_put(peer->host->context, peer, sizeof *peer);
}

static enum iova_status peer_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **self, const char **reason)
{
	(void)below;
	static const genpool_algo_t ways[] = {gen_pool_first_fit, gen_pool_best_fit, gen_pool_first_fit_order_align};
	if (space->count > PAGES_MAX) {
		*reason = "alignments are an int to it: spaces of up to 2^30 pages";
		return IOVA_UNSUPPORTED;
	}
	struct peer *peer = host->memory_get(host->context, sizeof *peer);
	if (!peer)
		return IOVA_NO_MEMORY;
	*peer = (struct peer){.space = *space, .host = host, .fit = options[OPTION_FIT]};
	kernel_call = (struct kernel_call){.host = host};
	peer->pool = gen_pool_create(0, -1);
	if (!peer->pool || gen_pool_add_owner(peer->pool, BASE + space->first, 0, space->count, -1, NULL)) {
		peer_destroy(peer);
		return IOVA_NO_MEMORY;
	}
	gen_pool_set_algo(peer->pool, ways[peer->fit], NULL);
	*self = peer;
	return IOVA_OK;
}

static enum iova_status give(unsigned long address, uint64_t count, struct iova_extent *extent)
{
	if (!address)
		return IOVA_NO_SPACE;
	*extent = (struct iova_extent){address - BASE, count, 0};
	return IOVA_OK;
}

static unsigned long alloc_at(struct peer *peer, uint64_t first, uint64_t count)
{
	struct genpool_data_fixed fixed = {first - peer->space.first};
	return gen_pool_alloc_algo(peer->pool, count, gen_pool_fixed_alloc, &fixed);
}

static unsigned long alloc_aligned(struct peer *peer, uint64_t count, uint64_t align)
{
	/* As fit=order aligns, but the address: its own way aligns the distance from the first page. */
	if (peer->fit == FIT_ORDER && align < roundup_pow_of_two(count))
		align = roundup_pow_of_two(count);
	if (align >= PAGES_MAX) { /* then there is one place at most */
		uint64_t first = (peer->space.first + align - 1) & ~(align - 1);
		bool within = first - peer->space.first < peer->space.count &&
			      count <= peer->space.count - (first - peer->space.first);
		return within ? alloc_at(peer, first, count) : 0;
	}
	struct genpool_data_align data = {(int)align};
	return gen_pool_alloc_algo(peer->pool, count, gen_pool_first_fit_align, &data);
}

static enum iova_status peer_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	struct peer *peer = self;
	if (request->count > peer->space.count)
		return IOVA_NO_SPACE;
	if (request->constraints & IOVA_CONSTRAIN_ALIGN)
		return give(alloc_aligned(peer, request->count, request->align), request->count, extent);
	unsigned long address = gen_pool_alloc_algo(peer->pool, request->count, peer->pool->algo, peer->pool->data);
	return give(address, request->count, extent);
}

static void peer_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct peer *peer = self;
	gen_pool_free_owner(peer->pool, BASE + extent->first, extent->count, NULL);
}

static enum iova_status peer_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	return give(alloc_at(self, first, count), count, extent) == IOVA_OK ? IOVA_OK : IOVA_TAKEN;
}

static const struct gen_pool_chunk *chunk_of(const struct peer *peer)
{
	return list_first_entry(&peer->pool->chunks, struct gen_pool_chunk, next_chunk);
}

/* Returns the free pages. */
static uint64_t visit_holes(const struct peer *peer, iova_visit visit, void *context)
{
	const struct gen_pool_chunk *chunk = chunk_of(peer);
	uint64_t end = 0, pages = 0;
	for (;;) {
		uint64_t first = find_next_zero_bit(chunk->bits, peer->space.count, end);
		if (first == peer->space.count)
			return pages;
		end = find_next_bit(chunk->bits, peer->space.count, first);
		pages += end - first;
		if (visit)
			visit(context, peer->space.first + first, end - first, IOVA_USABLE);
	}
}

static void peer_visit_free(void *self, iova_visit visit, void *context)
{
	visit_holes(self, visit, context);
}

static void peer_statistics(void *self, struct iova_statistics *statistics)
{
	const struct peer *peer = self;
	*statistics = (struct iova_statistics){.usable_pages = gen_pool_avail(peer->pool)};
}

static const char *peer_broken_invariant(void *self)
{
	const struct peer *peer = self;
	return visit_holes(peer, NULL, NULL) == gen_pool_avail(peer->pool) ? NULL : "clear bits are the free pages";
}

static const char *const fits[] = {"first", "best", "order", NULL};
static const struct iova_option options[] = {
	[OPTION_FIT] = {"fit", IOVA_OPTION_CHOICE, FIT_FIRST, 0, 0, fits,
			"lowest place, smallest (aligned requests: lowest), or lowest aligned to its size", NULL},
};

const struct iova_allocator *iova_plugin(void)
{
	static const struct iova_allocator table = {
		.magic = IOVA_MAGIC,
		.abi = IOVA_ABI,
		.size = sizeof table,
		.name = "genalloc",
		.about = "lib/genalloc.c of Linux " KERNEL_VERSION ", sha256 " KERNEL_HASH,
		.capabilities = IOVA_ALIGN | IOVA_EXPLICIT | IOVA_CONCURRENT,
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
