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
	static struct kmem_cache caches[KERNEL_CACHES_MAX];
	unsigned index = 0;
	(void)align, (void)flags, (void)make;
	while (caches[index].bytes && strcmp(caches[index].name, name) != 0)
		BUG_ON(++index == KERNEL_CACHES_MAX);
	caches[index] = (struct kmem_cache){(bytes + 63) / 64 * 64, index, name};
	return &caches[index];
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	(void)cache;
}

/* Of a slab, beside the one that its head takes; large ones are few, as each is touched when it is made. */
#define SLAB_OBJECTS 63u
#define SLAB_OBJECTS_LARGE 7u
#define LARGE_BYTES 512u

static bool grow(struct kernel_pool *pool, const struct kmem_cache *cache)
{
	size_t bytes = cache->bytes, objects = bytes < LARGE_BYTES ? SLAB_OBJECTS : SLAB_OBJECTS_LARGE;
	struct kernel_unused *unused = &pool->unused[cache->index];
	char *slab = kernel_memory_get((objects + 1) * bytes);
	if (!slab)
		return false;
	*(void **)(void *)slab = pool->slabs;
	pool->slabs = slab;
	for (size_t i = objects; i > 0; i--) {
		*(void **)(void *)(slab + i * bytes) = unused->first;
		unused->first = slab + i * bytes;
	}
	unused->count += objects;
	return true;
}

bool kernel_pool_reserve(struct kernel_pool *pool, const struct kmem_cache *cache, unsigned long objects)
{
	while (pool->unused[cache->index].count < objects)
		if (!grow(pool, cache))
			return false;
	return true;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t how)
{
	struct kernel_unused *unused = &kernel_call.pool->unused[cache->index];
	(void)how;
	if (!unused->first && !grow(kernel_call.pool, cache))
		return NULL;
	void *object = unused->first;
	unused->first = *(void **)object;
	unused->count--;
	return object;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t how)
{
	void *object = kmem_cache_alloc(cache, how);
	return object ? memset(object, 0, cache->bytes) : NULL;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct kernel_unused *unused = &kernel_call.pool->unused[cache->index];
	if (!object) /* iova.c of 6.12 does so when its caches find no memory */
		return;
	*(void **)object = unused->first;
	unused->first = object;
	unused->count++;
}

void kernel_pool_release(struct kernel_pool *pool)
{
	while (pool->slabs) {
		void *slab = pool->slabs;
		pool->slabs = *(void **)slab;
		kernel_memory_put(slab);
	}
}

void kernel_work_add(struct delayed_work *work, unsigned long delay_ms)
{
	if (work->pending)
		return;
	work->pending = true;
	work->due_ns = *kernel_call.now_ns + delay_ms * 1000000;
	work->next = *kernel_call.works;
	*kernel_call.works = work;
}

void kernel_work_cancel(struct delayed_work *work)
{
	for (struct delayed_work **at = kernel_call.works; *at; at = &(*at)->next)
		if (*at == work) {
			*at = work->next;
			break;
		}
	work->pending = false;
}

/* Work that begins anew while it runs waits for its own time. */
void kernel_work_run(void)
{
	struct delayed_work *works = *kernel_call.works;
	*kernel_call.works = NULL;
	while (works) {
		struct delayed_work *work = works;
		works = work->next;
		if (work->due_ns > *kernel_call.now_ns) {
			work->next = *kernel_call.works;
			*kernel_call.works = work;
			continue;
		}
		work->pending = false;
		work->work.function(&work->work);
	}
}
