/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include "iovabench/allocator.h"
#include "pool.h"

_Thread_local struct kernel_call kernel_call;

/* In front of what is given: its size. */
#define HEAD_BYTES ((size_t)64)

void *kernel_memory_get(size_t bytes)
{
	char *memory = kernel_call.host->memory_get(kernel_call.host->context, bytes + HEAD_BYTES);
	if (!memory)
		return NULL;
	*(size_t *)(void *)memory = bytes + HEAD_BYTES;
	return memory + HEAD_BYTES;
}

void kernel_memory_put(void *memory)
{
	if (!memory)
		return;
	char *begin = (char *)memory - HEAD_BYTES;
	kernel_call.host->memory_put(kernel_call.host->context, begin, *(size_t *)(void *)begin);
}

struct kmem_cache *kmem_cache_create(const char *name, size_t bytes, size_t align, unsigned flags, void (*make)(void *))
{
	static struct kmem_cache cache;
	(void)name, (void)align, (void)flags, (void)make;
	cache.bytes = (bytes + 63) / 64 * 64;
	return &cache;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	(void)cache;
}

#define SLAB_OBJECTS 63u

static bool grow(struct kernel_pool *pool, size_t bytes)
{
	char *slab = kernel_memory_get((SLAB_OBJECTS + 1) * bytes);
	if (!slab)
		return false;
	*(void **)(void *)slab = pool->slabs;
	pool->slabs = slab;
	for (size_t i = SLAB_OBJECTS; i > 0; i--) {
		*(void **)(void *)(slab + i * bytes) = pool->unused;
		pool->unused = slab + i * bytes;
	}
	pool->unused_count += SLAB_OBJECTS;
	return true;
}

bool kernel_pool_reserve(struct kernel_pool *pool, const struct kmem_cache *cache, unsigned long objects)
{
	while (pool->unused_count < objects)
		if (!grow(pool, cache->bytes))
			return false;
	return true;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t how)
{
	struct kernel_pool *pool = kernel_call.pool;
	(void)how;
	if (!pool->unused && !grow(pool, cache->bytes))
		return NULL;
	void *object = pool->unused;
	pool->unused = *(void **)object;
	pool->unused_count--;
	return object;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t how)
{
	void *object = kmem_cache_alloc(cache, how);
	return object ? memset(object, 0, cache->bytes) : NULL;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct kernel_pool *pool = kernel_call.pool;
	(void)cache;
	*(void **)object = pool->unused;
	pool->unused = object;
	pool->unused_count++;
}

void kernel_pool_release(struct kernel_pool *pool)
{
	while (pool->slabs) {
		void *slab = pool->slabs;
		pool->slabs = *(void **)slab;
		kernel_memory_put(slab);
	}
}
