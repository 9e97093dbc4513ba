/* SPDX-License-Identifier: MIT
 * What drivers/iommu/iova.c takes from a header of its name: written from the names that it uses. */
#ifndef PEERS_LINUX_IOVA_H
#define PEERS_LINUX_IOVA_H

#include "linux/rbtree.h"

struct iova {
	struct rb_node node;
	unsigned long pfn_hi, pfn_lo; /* both inclusive */
};

struct iova_rcache;

struct iova_domain {
	spinlock_t iova_rbtree_lock;
	struct rb_root rbroot;
	struct rb_node *cached_node, *cached32_node;
	unsigned long granule, start_pfn, dma_32bit_pfn, max32_alloc_size;
	struct iova anchor;
	struct iova_rcache *rcaches;
	struct hlist_node cpuhp_dead;
};

static inline unsigned long iova_size(struct iova *iova)
{
	return iova->pfn_hi - iova->pfn_lo + 1;
}

static inline unsigned long iova_shift(struct iova_domain *iovad)
{
	return (unsigned long)__builtin_ctzl(iovad->granule);
}

int iova_cache_get(void);
void iova_cache_put(void);
unsigned long iova_rcache_range(void);
void init_iova_domain(struct iova_domain *iovad, unsigned long granule, unsigned long start_pfn);
int iova_domain_init_rcaches(struct iova_domain *iovad);
void put_iova_domain(struct iova_domain *iovad);
struct iova *alloc_iova(struct iova_domain *iovad, unsigned long size, unsigned long limit_pfn, bool size_aligned);
struct iova *find_iova(struct iova_domain *iovad, unsigned long pfn);
struct iova *reserve_iova(struct iova_domain *iovad, unsigned long pfn_lo, unsigned long pfn_hi);
void free_iova(struct iova_domain *iovad, unsigned long pfn);
void __free_iova(struct iova_domain *iovad, struct iova *iova);
unsigned long alloc_iova_fast(struct iova_domain *iovad, unsigned long size, unsigned long limit_pfn, bool flush_rcache);
void free_iova_fast(struct iova_domain *iovad, unsigned long pfn, unsigned long size);

#endif
