/* SPDX-License-Identifier: MIT
 * An ordered set of disjoint ranges: what is mapped. A skip list, whose shape follows from the order of calls alone. */
#ifndef TRACE_RANGES_H
#define TRACE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGES_LEVELS 10
#define RANGES_NONE 0u /* no node; node 0 is the head */

struct range_node {
	uint64_t first;
	uint64_t count; /* > 0 */
	uint32_t value;
	uint32_t next[RANGES_LEVELS]; /* next[0] of an unused node: the next unused one */
};

/* Zero-initialise. */
struct ranges {
	struct range_node *nodes;
	size_t count; /* used and unused, the head too */
	size_t capacity;
	uint32_t unused;
	uint64_t random;
	/* The last search, until something changes: what looks, inserts and removes at one place searches once. */
	bool sought;
	uint64_t sought_key;
	uint32_t before[RANGES_LEVELS]; /* of each level the last node that ends at or before the key */
};

/* The first node that ends behind key, or RANGES_NONE. O(log ranges). */
uint32_t ranges_find(struct ranges *ranges, uint64_t key);

/* The node behind one, or RANGES_NONE. */
uint32_t ranges_next(const struct ranges *ranges, uint32_t node);

/* Adds a range that overlaps none. Nodes may move. Returns 0, or -1 without memory (everything as it was). */
int ranges_insert(struct ranges *ranges, uint64_t first, uint64_t count, uint32_t value)
	__attribute__((warn_unused_result));

void ranges_remove(struct ranges *ranges, uint32_t node);

void ranges_release(struct ranges *ranges);

#endif
