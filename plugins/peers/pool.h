/* SPDX-License-Identifier: MIT
 * Objects of a kmem_cache that belong to one instance. */
#ifndef PEERS_POOL_H
#define PEERS_POOL_H

#include "kernel.h"

struct kernel_pool {
	void *slabs; /* linked by their first word, as objects that nobody has are */
	struct kernel_unused {
		void *first;
		unsigned long count;
	} unused[KERNEL_CACHES_MAX]; /* by cache */
};
/* So many objects can be had without memory of the host. False: there is none. */
bool kernel_pool_reserve(struct kernel_pool *pool, const struct kmem_cache *cache, unsigned long objects);
void kernel_pool_release(struct kernel_pool *pool);

#endif
