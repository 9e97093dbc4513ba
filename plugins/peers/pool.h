/* SPDX-License-Identifier: MIT
 * Objects of a kmem_cache that belong to one instance. */
#ifndef PEERS_POOL_H
#define PEERS_POOL_H

struct kernel_pool {
	void *unused, *slabs; /* linked by their first word */
	unsigned long unused_count;
};
/* So many objects can be had without memory of the host. False: there is none. */
struct kmem_cache;
bool kernel_pool_reserve(struct kernel_pool *pool, const struct kmem_cache *cache, unsigned long objects);
void kernel_pool_release(struct kernel_pool *pool);

#endif
