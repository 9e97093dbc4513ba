/* SPDX-License-Identifier: MIT
 * What lib/genalloc.c takes from a header of its name: written from the names that it uses. */
#ifndef PEERS_LINUX_GENALLOC_H
#define PEERS_LINUX_GENALLOC_H

#include "linux/list.h"

struct device;
struct device_node;
struct gen_pool;

typedef unsigned long (*genpool_algo_t)(unsigned long *map, unsigned long bits, unsigned long start, unsigned count,
					void *data, struct gen_pool *pool, unsigned long start_addr);

struct gen_pool {
	spinlock_t lock;
	struct list_head chunks;
	int min_alloc_order;
	genpool_algo_t algo;
	void *data;
	const char *name;
};

struct gen_pool_chunk {
	struct list_head next_chunk;
	atomic_long_t avail;
	phys_addr_t phys_addr;
	void *owner;
	unsigned long start_addr, end_addr; /* both inclusive */
	unsigned long bits[];
};

struct genpool_data_align {
	int align;
};
struct genpool_data_fixed {
	unsigned long offset;
};

struct gen_pool *gen_pool_create(int min_alloc_order, int nid);
int gen_pool_add_owner(struct gen_pool *pool, unsigned long virt, phys_addr_t phys, size_t size, int nid, void *owner);
phys_addr_t gen_pool_virt_to_phys(struct gen_pool *pool, unsigned long addr);
void gen_pool_destroy(struct gen_pool *pool);
unsigned long gen_pool_alloc_algo_owner(struct gen_pool *pool, size_t size, genpool_algo_t algo, void *data, void **owner);
void *gen_pool_dma_alloc_algo(struct gen_pool *pool, size_t size, dma_addr_t *dma, genpool_algo_t algo, void *data);
void *gen_pool_dma_zalloc_algo(struct gen_pool *pool, size_t size, dma_addr_t *dma, genpool_algo_t algo, void *data);
void gen_pool_free_owner(struct gen_pool *pool, unsigned long addr, size_t size, void **owner);
size_t gen_pool_avail(struct gen_pool *pool);
struct gen_pool *gen_pool_get(struct device *dev, const char *name);
#define gen_pool_alloc_algo(pool, size, algo, data) gen_pool_alloc_algo_owner(pool, size, algo, data, NULL)
/* Ways to choose a place, each a genpool_algo_t. */
#define GEN_POOL_WAY(way)                                                                                                  \
	unsigned long gen_pool_##way(unsigned long *map, unsigned long bits, unsigned long start, unsigned count,          \
				     void *data, struct gen_pool *pool, unsigned long start_addr)
GEN_POOL_WAY(first_fit);
GEN_POOL_WAY(first_fit_align);
GEN_POOL_WAY(first_fit_order_align);
GEN_POOL_WAY(best_fit);
GEN_POOL_WAY(fixed_alloc);

#endif
