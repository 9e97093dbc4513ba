/* SPDX-License-Identifier: MIT */
#include "trace/ranges.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

static void find_before(struct ranges *ranges, uint64_t key)
{
	const struct range_node *nodes = ranges->nodes;
	if (ranges->sought && ranges->sought_key == key)
		return;
	ranges->sought = true;
	ranges->sought_key = key;
	uint32_t at = 0;
	for (int level = RANGES_LEVELS - 1; level >= 0; level--) {
		for (uint32_t next; (next = nodes[at].next[level]) && nodes[next].first + nodes[next].count <= key;)
			at = next;
		ranges->before[level] = at;
	}
}

uint32_t ranges_find(struct ranges *ranges, uint64_t key)
{
	if (!ranges->count)
		return RANGES_NONE;
	find_before(ranges, key);
	return ranges->nodes[ranges->before[0]].next[0];
}

uint32_t ranges_next(const struct ranges *ranges, uint32_t node)
{
	assert(node && node < ranges->count);
	return ranges->nodes[node].next[0];
}

static int take_node(struct ranges *ranges, uint32_t *node)
{
	if (!ranges->count) {
		if (memory_grow(&ranges->nodes, &ranges->capacity, 0, sizeof *ranges->nodes))
			return -1;
		memset(&ranges->nodes[0], 0, sizeof ranges->nodes[0]);
		ranges->count = 1;
		ranges->random = UINT64_C(0x9e3779b97f4a7c15);
	}
	*node = ranges->unused;
	if (*node) {
		ranges->unused = ranges->nodes[*node].next[0];
		return 0;
	}
	if (ranges->count >= UINT32_MAX ||
	    memory_grow(&ranges->nodes, &ranges->capacity, ranges->count, sizeof *ranges->nodes))
		return -1;
	*node = (uint32_t)ranges->count++;
	return 0;
}

int ranges_insert(struct ranges *ranges, uint64_t first, uint64_t count, uint32_t value)
{
	uint32_t node;
	assert(count);
	if (take_node(ranges, &node))
		return -1;
	ranges->nodes[node] = (struct range_node){.first = first, .count = count, .value = value};
	find_before(ranges, first);
	const uint32_t *before = ranges->before;
	assert(!ranges->nodes[before[0]].next[0] || ranges->nodes[ranges->nodes[before[0]].next[0]].first >= first + count);
	ranges->random ^= ranges->random << 13;
	ranges->random ^= ranges->random >> 7;
	ranges->random ^= ranges->random << 17;
	/* Each level has a quarter of the one below. */
	uint64_t bits = ranges->random;
	for (int level = 0; level < RANGES_LEVELS && (level == 0 || (bits & 3) == 0); level++) {
		ranges->nodes[node].next[level] = ranges->nodes[before[level]].next[level];
		ranges->nodes[before[level]].next[level] = node;
		bits >>= level ? 2 : 0;
	}
	ranges->sought = false;
	return 0;
}

void ranges_remove(struct ranges *ranges, uint32_t node)
{
	assert(node && node < ranges->count);
	struct range_node *nodes = ranges->nodes;
	find_before(ranges, nodes[node].first);
	const uint32_t *before = ranges->before;
	assert(nodes[before[0]].next[0] == node);
	for (int level = 0; level < RANGES_LEVELS && nodes[before[level]].next[level] == node; level++)
		nodes[before[level]].next[level] = nodes[node].next[level];
	nodes[node].next[0] = ranges->unused;
	nodes[node].count = 0;
	ranges->unused = node;
	ranges->sought = false;
}

void ranges_release(struct ranges *ranges)
{
	memory_release(ranges->nodes);
	memset(ranges, 0, sizeof *ranges);
}
