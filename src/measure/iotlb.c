/* SPDX-License-Identifier: MIT */
#include "measure/iotlb.h"

#include "base/bits.h"
#include "base/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#define LEVELS 4u
#define LEVEL_BITS 9u
#define LEAF_SHIFT 52u   /* level of the leaf, above its number */
#define DOMAIN_SHIFT 54u /* above both */

struct line {
	uint64_t tag;
	uint64_t used; /* when it was used last; 0: empty */
};

/* Lines of a set lie side by side. */
struct cache {
	struct line *lines;
	uint32_t sets, ways; /* sets: a power of two; ways 0: it holds nothing */
};

struct iotlb {
	struct cache leaves, to_leaves, to_tables;
	uint64_t now;
};

static uint64_t tag_of(uint32_t domain, unsigned level, uint64_t number)
{
	return (uint64_t)domain << DOMAIN_SHIFT | (uint64_t)level << LEAF_SHIFT | number;
}

static int cache_open(struct cache *cache, uint32_t sets, uint32_t ways)
{
	*cache = (struct cache){memory_zeroed((size_t)sets * ways, sizeof cache->lines[0]), sets, ways};
	return cache->lines ? 0 : -1;
}

/* The line that holds the tag, or the one of its set that is to hold it: an empty one, else that of the least recent use.
 * NULL: it has no lines. */
static struct line *line_of(struct cache *cache, uint64_t tag, uint64_t set)
{
	struct line *lines = cache->lines + (set & (cache->sets - 1)) * cache->ways, *oldest = cache->ways ? lines : NULL;
	for (uint32_t way = 0; way < cache->ways; way++) {
		if (lines[way].used && lines[way].tag == tag)
			return &lines[way];
		if (lines[way].used < oldest->used)
			oldest = &lines[way];
	}
	return oldest;
}

/* Whether it was there; from now on it is. */
static bool cache_use(struct cache *cache, uint64_t tag, uint64_t set, uint64_t now)
{
	struct line *line = line_of(cache, tag, set);
	if (!line)
		return false;
	bool held = line->used && line->tag == tag;
	*line = (struct line){tag, now};
	return held;
}

static void cache_drop_between(struct cache *cache, uint64_t low, uint64_t end)
{
	for (size_t i = 0; low < end && i < (size_t)cache->sets * cache->ways; i++)
		if (cache->lines[i].tag >= low && cache->lines[i].tag < end)
			cache->lines[i].used = 0;
}

static void cache_drop_leaves(struct cache *cache, uint32_t domain, enum iotlb_leaf leaf, uint64_t first, uint64_t end)
{
	unsigned level = leaf / LEVEL_BITS;
	uint64_t low = first >> leaf, high = (end - 1) >> leaf;
	if (high - low >= cache->sets) {
		cache_drop_between(cache, tag_of(domain, level, low), tag_of(domain, level, high) + 1);
		return;
	}
	for (uint64_t number = low; number <= high; number++) {
		struct line *line = line_of(cache, tag_of(domain, level, number), number);
		if (line->used && line->tag == tag_of(domain, level, number))
			line->used = 0;
	}
}

/* Entries that lead to tables of 2^order pages, where nothing of the table is mapped and some of it was. */
static void cache_drop_tables(struct cache *cache, uint32_t domain, unsigned order, uint64_t first, uint64_t end,
			      uint64_t free_first, uint64_t free_end)
{
	uint64_t low = first >> order, high = (end - 1) >> order;
	low += low << order < free_first;
	high -= (high + 1) << order > free_end;
	/* Below 0 it is a large number, and above all tags of the domain. */
	if (high < IOTLB_PAGES_MAX && low <= high)
		cache_drop_between(cache, tag_of(domain, 0, low), tag_of(domain, 0, high) + 1);
}

struct iotlb *iotlb_create(const struct iotlb_shape *shape)
{
	assert(shape->entries && shape->entries <= IOTLB_ENTRIES_MAX && shape->ways && shape->ways <= IOTLB_WAYS_MAX);
	assert(shape->entries % shape->ways == 0 && bits_is_power_of_two(shape->entries / shape->ways));
	assert(shape->walk_l2 <= IOTLB_WALK_MAX && shape->walk_l3 <= IOTLB_WALK_MAX);
	struct iotlb *iotlb = memory_zeroed(1, sizeof *iotlb);
	if (iotlb && cache_open(&iotlb->leaves, shape->entries / shape->ways, shape->ways) == 0 &&
	    cache_open(&iotlb->to_leaves, 1, shape->walk_l2) == 0 && cache_open(&iotlb->to_tables, 1, shape->walk_l3) == 0)
		return iotlb;
	iotlb_destroy(iotlb);
	return NULL;
}

void iotlb_destroy(struct iotlb *iotlb)
{
	if (!iotlb)
		return;
	memory_release(iotlb->leaves.lines);
	memory_release(iotlb->to_leaves.lines);
	memory_release(iotlb->to_tables.lines);
	memory_release(iotlb);
}

unsigned iotlb_touch(struct iotlb *iotlb, uint32_t domain, uint64_t page, enum iotlb_leaf leaf)
{
	assert(domain < IOTLB_DOMAINS_MAX && page < IOTLB_PAGES_MAX);
	unsigned level = leaf / LEVEL_BITS;
	uint64_t number = page >> leaf, now = ++iotlb->now;
	if (cache_use(&iotlb->leaves, tag_of(domain, level, number), number, now))
		return 0;
	/* From the lowest level up: what is found ends the way, what is not is found from then on. */
	uint64_t leaf_table = page >> LEVEL_BITS, table = page >> 2 * LEVEL_BITS;
	if (leaf == IOTLB_LEAF_PAGE && cache_use(&iotlb->to_leaves, tag_of(domain, 0, leaf_table), 0, now))
		return 1;
	if (leaf != IOTLB_LEAF_HUGE && cache_use(&iotlb->to_tables, tag_of(domain, 0, table), 0, now))
		return 2 - level;
	return LEVELS - level;
}

void iotlb_invalidate(struct iotlb *iotlb, uint32_t domain, uint64_t first, uint64_t end, uint64_t free_first,
		      uint64_t free_end)
{
	assert(domain < IOTLB_DOMAINS_MAX && first < end && end <= IOTLB_PAGES_MAX);
	assert(free_first <= first && end <= free_end);
	static const enum iotlb_leaf leaves[] = {IOTLB_LEAF_PAGE, IOTLB_LEAF_LARGE, IOTLB_LEAF_HUGE};
	for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++)
		cache_drop_leaves(&iotlb->leaves, domain, leaves[i], first, end);
	cache_drop_tables(&iotlb->to_leaves, domain, LEVEL_BITS, first, end, free_first, free_end);
	cache_drop_tables(&iotlb->to_tables, domain, 2 * LEVEL_BITS, first, end, free_first, free_end);
}

void iotlb_invalidate_domain(struct iotlb *iotlb, uint32_t domain)
{
	assert(domain < IOTLB_DOMAINS_MAX);
	uint64_t low = tag_of(domain, 0, 0), end = low + (UINT64_C(1) << DOMAIN_SHIFT);
	cache_drop_between(&iotlb->leaves, low, end);
	cache_drop_between(&iotlb->to_leaves, low, end);
	cache_drop_between(&iotlb->to_tables, low, end);
}
