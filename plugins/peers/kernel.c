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
	return object;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t how)
{
	char *object = kmem_cache_alloc(cache, how);
	for (size_t i = 0; object && i < cache->bytes; i++)
		object[i] = 0;
	return object;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	(void)cache;
	*(void **)object = kernel_call.pool->unused;
	kernel_call.pool->unused = object;
}

void kernel_pool_release(struct kernel_pool *pool)
{
	while (pool->slabs) {
		void *slab = pool->slabs;
		pool->slabs = *(void **)slab;
		kernel_memory_put(slab);
	}
}

static struct rb_node **link_of(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = node->rb_parent;
	return !parent ? &root->rb_node : parent->rb_left == node ? &parent->rb_left : &parent->rb_right;
}

/* The child takes the place of its parent. */
static void rotate(struct rb_node *child, struct rb_root *root)
{
	struct rb_node *parent = child->rb_parent, **link = link_of(parent, root);
	bool left = parent->rb_left == child;
	struct rb_node *moved = left ? child->rb_right : child->rb_left;
	*link = child;
	child->rb_parent = parent->rb_parent;
	*(left ? &parent->rb_left : &parent->rb_right) = moved;
	if (moved)
		moved->rb_parent = parent;
	*(left ? &child->rb_right : &child->rb_left) = parent;
	parent->rb_parent = child;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	uint64_t mixed = (uint64_t)(uintptr_t)node / 8 * UINT64_C(0x9e3779b97f4a7c15);
	node->priority = mixed ^ mixed >> 32;
	while (node->rb_parent && node->rb_parent->priority < node->priority)
		rotate(node, root);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	while (node->rb_left && node->rb_right)
		rotate(node->rb_left->priority > node->rb_right->priority ? node->rb_left : node->rb_right, root);
	struct rb_node *child = node->rb_left ? node->rb_left : node->rb_right;
	*link_of(node, root) = child;
	if (child)
		child->rb_parent = node->rb_parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;
	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *at = node->rb_right, *child = (struct rb_node *)(uintptr_t)node;
	if (at) {
		while (at->rb_left)
			at = at->rb_left;
		return at;
	}
	for (at = node->rb_parent; at && at->rb_right == child; at = at->rb_parent)
		child = at;
	return at;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *at = node->rb_left, *child = (struct rb_node *)(uintptr_t)node;
	if (at) {
		while (at->rb_right)
			at = at->rb_right;
		return at;
	}
	for (at = node->rb_parent; at && at->rb_left == child; at = at->rb_parent)
		child = at;
	return at;
}

static struct rb_node *deepest(struct rb_node *node)
{
	while (node && (node->rb_left || node->rb_right))
		node = node->rb_left ? node->rb_left : node->rb_right;
	return node;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return deepest(root->rb_node);
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = node->rb_parent;
	return parent && parent->rb_left == node && parent->rb_right ? deepest(parent->rb_right) : parent;
}
