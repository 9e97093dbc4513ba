/* SPDX-License-Identifier: MIT */
#include "ddi/lists.h"

#include "base/memory.h"
#include "ddi/steps.h"

#include <assert.h>

int node_pool_open(struct node_pool *pool)
{
	*pool = (struct node_pool){.free_head = NODE_NONE};
	pool->chunks = memory_zeroed(NODE_CHUNKS_MAX, sizeof(*pool->chunks));
	return pool->chunks ? 0 : -1;
}

int node_pool_open_over(struct node_pool *pool, struct list_node *nodes, uint64_t count)
{
	if (count > NODE_CHUNKS_MAX * NODE_CHUNK_NODES || node_pool_open(pool) < 0)
		return -1;
	for (uint64_t at = 0; at < count; at += NODE_CHUNK_NODES)
		pool->chunks[at >> NODE_CHUNK_SHIFT] = nodes + at;
	pool->capacity = pool->used = count;
	return 0;
}

void node_pool_close(struct node_pool *pool)
{
	for (uint64_t chunk = 0; chunk < pool->capacity >> NODE_CHUNK_SHIFT; chunk++)
		memory_release(pool->chunks[chunk]);
	memory_release(pool->chunks);
	*pool = (struct node_pool){.free_head = NODE_NONE};
}

static int grow(struct node_pool *pool)
{
	uint64_t chunk = pool->capacity >> NODE_CHUNK_SHIFT;
	if (chunk == NODE_CHUNKS_MAX)
		return -1;
	pool->chunks[chunk] = memory_zeroed(NODE_CHUNK_NODES, sizeof(**pool->chunks));
	if (!pool->chunks[chunk])
		return -1;
	pool->capacity += NODE_CHUNK_NODES;
	return 0;
}

int node_pool_reserve(struct node_pool *pool, uint64_t nodes)
{
	if (nodes > NODE_CHUNKS_MAX * NODE_CHUNK_NODES)
		return -1;
	while (pool->capacity < nodes) {
		if (grow(pool) != 0)
			return -1;
	}
	for (uint64_t index = pool->used; index < nodes; index++)
		*node_at(pool, (uint32_t)index) = (struct list_node){.next = NODE_NONE};
	return 0;
}

static int prepare(struct node_pool *pool)
{
	return pool->free_count > 0 || pool->used < pool->capacity ? 0 : grow(pool);
}

/* The same for the next `nodes` takes. */
static int prepare_many(struct node_pool *pool, uint64_t nodes)
{
	while (pool->free_count + (pool->capacity - pool->used) < nodes)
		if (grow(pool) != 0)
			return -1;
	return 0;
}

/* After prepare. */
static uint32_t take(struct node_pool *pool)
{
	assert(pool->free_count > 0 || pool->used < pool->capacity);
	uint32_t index = pool->free_head;
	if (pool->free_count > 0) {
		pool->free_head = node_at(pool, index)->next;
		pool->free_count--;
	} else {
		index = (uint32_t)pool->used++;
	}
	node_at(pool, index)->next = NODE_NONE;
	return index;
}

/* Puts a chain of `nodes` nodes back. */
static void give(struct node_pool *pool, uint32_t head, uint32_t tail, uint64_t nodes)
{
	if (nodes == 0)
		return;
	node_at(pool, tail)->next = pool->free_head;
	pool->free_head = head;
	pool->free_count += nodes;
}

/* Appends a new node to a list. */
static void extend(struct node_pool *pool, uint32_t *head, uint32_t *tail)
{
	uint32_t node = take(pool);
	if (*head == NODE_NONE)
		*head = node;
	else
		node_at(pool, *tail)->next = node;
	*tail = node;
}

int run_list_add(struct node_pool *pool, struct run_list *list, uint64_t first, uint64_t count)
{
	assert(count && count <= UINT32_MAX - list->pages);
	if (list->runs == 0) {
		list->first = frame_run_of(first, count);
		list->runs = 1;
		list->pages += (uint32_t)count;
		return 0;
	}
	uint32_t slot = list->runs > 1 ? (list->runs - 2) % NODE_RUNS : NODE_RUNS - 1;
	frame_run *last = list->runs > 1 ? &node_at(pool, list->tail)->as.runs[slot] : &list->first;
	if (frame_run_first(*last) + frame_run_count(*last) == first) {
		*last = frame_run_of(frame_run_first(*last), frame_run_count(*last) + count);
		list->pages += (uint32_t)count;
		return 0;
	}
	if (slot < NODE_RUNS - 1) {
		last[1] = frame_run_of(first, count);
	} else {
		if (prepare(pool) != 0)
			return -1;
		extend(pool, &list->head, &list->tail);
		node_at(pool, list->tail)->as.runs[0] = frame_run_of(first, count);
	}
	list->runs++;
	list->pages += (uint32_t)count;
	return 0;
}

static uint64_t nodes_for(const struct run_list *list)
{
	return list->runs > 1 ? ((uint64_t)list->runs - 1 + NODE_RUNS - 1) / NODE_RUNS : 0;
}

void run_list_clear(struct node_pool *pool, struct run_list *list)
{
	give(pool, list->head, list->tail, nodes_for(list));
	*list = run_list_empty();
}

/* Loads the next run, or the end. */
static void next_run(struct run_cursor *cursor)
{
	cursor->left = 0;
	if (!cursor->list || cursor->node == NODE_NONE)
		return;
	const struct run_list *list = cursor->list;
	const struct list_node *node = node_at(cursor->pool, cursor->node);
	if (cursor->node == list->tail && cursor->slot == (list->runs - 2) % NODE_RUNS + 1)
		return;
	frame_run run = node->as.runs[cursor->slot++];
	cursor->frame = frame_run_first(run);
	cursor->left = frame_run_count(run);
	if (cursor->slot == NODE_RUNS && cursor->node != list->tail) {
		cursor->node = node->next;
		cursor->slot = 0;
	}
}

/* Goes on by any number of pages, to the end at most. */
static void skip(struct run_cursor *cursor, uint64_t pages)
{
	while (pages > 0 && cursor->left > 0) {
		uint64_t step = pages < cursor->left ? pages : cursor->left;
		DDI_STEP();
		run_cursor_advance(cursor, step);
		pages -= step;
	}
}

struct run_cursor run_cursor_at(const struct node_pool *pool, const struct run_list *list, uint64_t offset)
{
	assert(offset <= list->pages);
	struct run_cursor cursor = {.pool = pool, .list = list, .node = list->head};
	if (list->runs == 0)
		return cursor;
	cursor.frame = frame_run_first(list->first);
	cursor.left = frame_run_count(list->first);
	skip(&cursor, offset);
	return cursor;
}

/* Levels of nodes over the nodes of a list. */
static unsigned index_levels(const struct run_list *list)
{
	unsigned levels = 0;
	for (uint64_t nodes = nodes_for(list); nodes > 1; nodes = (nodes + NODE_RUNS - 1) / NODE_RUNS)
		levels++;
	return levels;
}

static uint64_t index_nodes(const struct run_list *list)
{
	uint64_t sum = 0;
	for (uint64_t nodes = nodes_for(list); nodes > 1; sum += nodes)
		nodes = (nodes + NODE_RUNS - 1) / NODE_RUNS;
	return sum;
}

/* Index nodes as they are made: one chain, level by level. */
struct index_chain {
	uint32_t head, tail;
	unsigned entries; /* of the tail */
};

static void index_add(struct node_pool *pool, struct index_chain *chain, uint32_t page, uint32_t node)
{
	if (chain->entries == NODE_RUNS) {
		extend(pool, &chain->head, &chain->tail);
		for (unsigned i = 0; i < NODE_RUNS; i++)
			node_at(pool, chain->tail)->as.index.page[i] = PAGE_NONE;
		chain->entries = 0;
	}
	node_at(pool, chain->tail)->as.index.page[chain->entries] = page;
	node_at(pool, chain->tail)->as.index.node[chain->entries++] = node;
}

/* The lowest level: over the nodes of the list. */
static void index_list(struct node_pool *pool, struct index_chain *chain, const struct node_pool *list_nodes,
		       const struct run_list *list)
{
	uint64_t page = frame_run_count(list->first);
	for (uint32_t node = list->head; node != NODE_NONE; node = node_at(list_nodes, node)->next) {
		index_add(pool, chain, (uint32_t)page, node);
		for (unsigned i = 0; i < NODE_RUNS && node != list->tail; i++)
			page += frame_run_count(node_at(list_nodes, node)->as.runs[i]);
		if (node == list->tail)
			break;
	}
}

uint32_t run_index_make(struct node_pool *pool, const struct node_pool *list_nodes, const struct run_list *list)
{
	uint64_t nodes = index_nodes(list);
	if (nodes == 0 || prepare_many(pool, nodes) < 0)
		return NODE_NONE;
	struct index_chain chain = {.head = NODE_NONE, .tail = NODE_NONE, .entries = NODE_RUNS};
	index_list(pool, &chain, list_nodes, list);
	uint32_t level = chain.head, last = chain.tail;
	while (level != last) {
		chain.entries = NODE_RUNS;
		uint32_t node = level;
		for (;; node = node_at(pool, node)->next) {
			index_add(pool, &chain, node_at(pool, node)->as.index.page[0], node);
			if (node == last)
				break;
		}
		level = node_at(pool, last)->next;
		last = chain.tail;
	}
	return chain.tail;
}

void run_index_clear(struct node_pool *pool, const struct run_list *list, uint32_t root)
{
	if (root == NODE_NONE)
		return;
	uint32_t head = root;
	for (unsigned level = index_levels(list); level > 1; level--)
		head = node_at(pool, head)->as.index.node[0];
	give(pool, head, root, index_nodes(list));
}

struct run_cursor run_cursor_by(const struct node_pool *index_pool, uint32_t root, const struct node_pool *pool,
				const struct run_list *list, uint64_t offset)
{
	if (root == NODE_NONE || offset < frame_run_count(list->first))
		return run_cursor_at(pool, list, offset);
	uint32_t page = 0;
	for (unsigned level = index_levels(list); level > 0; level--) {
		const struct list_node *node = node_at(index_pool, root);
		unsigned slot = 0;
		DDI_STEP();
		while (slot + 1 < NODE_RUNS && node->as.index.page[slot + 1] <= offset)
			slot++;
		page = node->as.index.page[slot];
		root = node->as.index.node[slot];
	}
	struct run_cursor cursor = {.pool = pool, .list = list, .node = root};
	next_run(&cursor);
	skip(&cursor, offset - page);
	return cursor;
}

void run_cursor_advance(struct run_cursor *cursor, uint64_t count)
{
	assert(count && count <= cursor->left);
	cursor->frame += count;
	cursor->left -= count;
	if (cursor->left == 0)
		next_run(cursor);
}

int extent_list_prepare(struct node_pool *pool, const struct extent_list *list)
{
	return list->count > 0 && (list->count - 1) % NODE_EXTENTS == 0 ? prepare(pool) : 0;
}

void extent_list_add(struct node_pool *pool, struct extent_list *list, const struct iova_extent *extent, uint32_t pages)
{
	assert(pages);
	if (list->count == 0) {
		list->first = *extent;
		list->first_pages = pages;
	} else {
		uint32_t slot = (list->count - 1) % NODE_EXTENTS;
		if (slot == 0)
			extend(pool, &list->head, &list->tail);
		struct list_node *node = node_at(pool, list->tail);
		node->as.of.extents[slot] = *extent;
		node->as.of.pages[slot] = pages;
	}
	list->count++;
}

void extent_list_clear(struct node_pool *pool, struct extent_list *list)
{
	if (list->count > 1)
		give(pool, list->head, list->tail, ((uint64_t)list->count - 1 + NODE_EXTENTS - 1) / NODE_EXTENTS);
	*list = extent_list_empty();
}

struct extent_cursor extent_cursor_at(const struct node_pool *pool, const struct extent_list *list)
{
	return (struct extent_cursor){.pool = pool,
				      .extent = list->count > 0 ? &list->first : NULL,
				      .pages = list->first_pages,
				      .left = list->count,
				      .node = list->head};
}

void extent_cursor_next(struct extent_cursor *cursor)
{
	assert(cursor->extent && cursor->left);
	if (--cursor->left == 0) {
		cursor->extent = NULL;
		return;
	}
	const struct list_node *node = node_at(cursor->pool, cursor->node);
	cursor->extent = &node->as.of.extents[cursor->slot];
	cursor->pages = node->as.of.pages[cursor->slot];
	if (++cursor->slot == NODE_EXTENTS) {
		cursor->node = node->next;
		cursor->slot = 0;
	}
}
