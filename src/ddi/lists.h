/* SPDX-License-Identifier: MIT
 * The lists behind handles: runs of frames and logical extents, in nodes of 64 bytes from one pool of an adapter. Blocks
 * never move. The first element lives in the handle itself, so that what is contiguous needs no node. */
#ifndef DDI_LISTS_H
#define DDI_LISTS_H

#include "iovabench/allocator.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* A run of frames: the first in the low half, the count less one in the high half. Frames are below 2^32, and frame 0 is never
 * given. */
typedef uint64_t frame_run;

static inline frame_run frame_run_of(uint64_t first, uint64_t count)
{
	assert(count && first + count - 1 <= UINT32_MAX);
	return first | (count - 1) << 32;
}

static inline uint64_t frame_run_first(frame_run run)
{
	return run & UINT32_MAX;
}

static inline uint64_t frame_run_count(frame_run run)
{
	return (run >> 32) + 1;
}

#define NODE_RUNS 7u
#define NODE_EXTENTS 2u
#define NODE_NONE UINT32_MAX
#define PAGE_NONE UINT32_MAX
#define NODE_CHUNK_SHIFT 12u
#define NODE_CHUNK_NODES (UINT64_C(1) << NODE_CHUNK_SHIFT)
#define NODE_CHUNKS_MAX (UINT64_C(1) << 16)

struct list_node {
	union {
		frame_run runs[NODE_RUNS];
		struct {
			struct iova_extent extents[NODE_EXTENTS];
			uint32_t pages[NODE_EXTENTS]; /* that were asked for */
		} of;
		struct {
			uint32_t page[NODE_RUNS]; /* of the list, where the node begins; PAGE_NONE: no node */
			uint32_t node[NODE_RUNS];
		} index;
	} as;
	uint32_t next; /* NODE_NONE at the end */
};
_Static_assert(sizeof(struct list_node) == 64, "a block is a cache line");

/* Invariant: nodes in lists + nodes on the free list + (capacity - used) = capacity. */
struct node_pool {
	struct list_node **chunks;
	uint64_t capacity;
	uint64_t used; /* nodes [used, capacity) were never given */
	uint32_t free_head;
	uint64_t free_count;
};

/* Return 0, or -1 without memory. close is idempotent on a zeroed pool. */
int node_pool_open(struct node_pool *pool);
void node_pool_close(struct node_pool *pool);
/* Over nodes in lists that somebody else owns: nothing is added, and only the chunks are released. Returns 0, or -1. */
int node_pool_open_over(struct node_pool *pool, struct list_node *nodes, uint64_t count);
/* Room for `nodes` nodes in lists, touched. */
int node_pool_reserve(struct node_pool *pool, uint64_t nodes);

static inline struct list_node *node_at(const struct node_pool *pool, uint32_t index)
{
	assert(index < pool->capacity);
	return &pool->chunks[index >> NODE_CHUNK_SHIFT][index & (NODE_CHUNK_NODES - 1)];
}

/* Maximal runs, in the order of the pages: neighbours are merged as they are added. */
struct run_list {
	frame_run first; /* when runs > 0 */
	uint32_t head;   /* nodes of the others; NODE_NONE while runs <= 1 */
	uint32_t tail;
	uint32_t runs;
	uint32_t pages;
};

static inline struct run_list run_list_empty(void)
{
	return (struct run_list){.head = NODE_NONE, .tail = NODE_NONE};
}

/* Appends frames [first, first + count). Returns 0, or -1 without memory: the list is then as it was. */
int run_list_add(struct node_pool *pool, struct run_list *list, uint64_t first, uint64_t count);
/* Gives the nodes back. O(1). The list is empty then. */
void run_list_clear(struct node_pool *pool, struct run_list *list);

/* A tree over the nodes of a list, by their first pages, in nodes of a pool: its root. NODE_NONE: no memory, or a list so
 * short that it needs none. It is good until the list changes. O(runs). */
uint32_t run_index_make(struct node_pool *pool, const struct node_pool *list_nodes, const struct run_list *list);
/* Gives its nodes back. O(log runs). NODE_NONE is ignored. */
void run_index_clear(struct node_pool *pool, const struct run_list *list, uint32_t root);

/* Walks pages of a run list, or of one long run outside the pool (device memory). */
struct run_cursor {
	const struct node_pool *pool;
	const struct run_list *list; /* NULL: nothing follows the run at hand */
	uint64_t frame;              /* of the page at hand */
	uint64_t left;               /* pages of this run from there on; 0: the end */
	uint32_t node;
	uint32_t slot; /* index of the next run in the node */
};

/* At page `offset` of the list, which it has. O(runs before it). */
struct run_cursor run_cursor_at(const struct node_pool *pool, const struct run_list *list, uint64_t offset);
/* The same by an index in index_nodes: O(log runs); by NODE_NONE as above. */
struct run_cursor run_cursor_by(const struct node_pool *index_nodes, uint32_t root, const struct node_pool *pool,
				const struct run_list *list, uint64_t offset);
/* Goes on by count pages, 1 <= count <= left. */
void run_cursor_advance(struct run_cursor *cursor, uint64_t count);

/* Logical extents, in the order of the pages. */
struct extent_list {
	struct iova_extent first; /* when count > 0 */
	uint32_t first_pages;     /* that were asked for */
	uint32_t head;
	uint32_t tail;
	uint32_t count;
};

static inline struct extent_list extent_list_empty(void)
{
	return (struct extent_list){.head = NODE_NONE, .tail = NODE_NONE};
}

/* Makes sure that the next add cannot fail. Returns 0, or -1 without memory. */
int extent_list_prepare(struct node_pool *pool, const struct extent_list *list);
void extent_list_add(struct node_pool *pool, struct extent_list *list, const struct iova_extent *extent, uint32_t pages);
void extent_list_clear(struct node_pool *pool, struct extent_list *list);

struct extent_cursor {
	const struct node_pool *pool;
	const struct iova_extent *extent; /* NULL at the end */
	uint32_t pages;                   /* of it, that were asked for */
	uint32_t left;                    /* extents from this one on */
	uint32_t node;
	uint32_t slot;
};

struct extent_cursor extent_cursor_at(const struct node_pool *pool, const struct extent_list *list);
void extent_cursor_next(struct extent_cursor *cursor);

#endif
