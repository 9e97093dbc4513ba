/* SPDX-License-Identifier: MIT
 * Objects of a kmem_cache that belong to one instance. */
#ifndef PEERS_POOL_H
#define PEERS_POOL_H

struct kernel_pool {
	void *unused, *slabs; /* linked by their first word */
};
void kernel_pool_release(struct kernel_pool *pool);

#endif
