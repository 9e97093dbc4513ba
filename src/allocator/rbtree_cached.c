/* SPDX-License-Identifier: MIT
 * Red-black tree of allocated ranges, searched from a cached node downwards: docs/rbtree-cached.md has the rules and what they lead to.
 *
 * The tree is a gap_tree whose nodes are allocated ranges instead of gaps, by address. Nothing describes free space. The cookie of an
 * extent is the number of its node. */
#include "allocator/rbtree_cached.h"

#include "allocator/gap_check.h"
#include "allocator/gap_find.h"
#include "allocator/gap_fit.h"
#include "allocator/gap_tree.h"

#define FOUR_GIB (UINT64_C(1) << 32)

/* Nodes that are always there. The anchor takes the page behind the space: every search has a start, every range a next node. */
enum { NODE_NONE, NODE_ANCHOR, NODES_FIXED };

enum { HINT_ANY, HINT_LOW, HINTS };

#define GATE_OPEN UINT64_MAX

struct cached {
	enum rbtree_kind kind;
	struct gap_tree tree;  /* of allocated ranges; longest is unused */
	uint32_t hints[HINTS]; /* nodes where searches begin */
	uint64_t hint_end;     /* limits and ranges up to here have a hint of their own: 4 GiB; 0: there is one hint */
	uint64_t gate_end;     /* limits up to here are subject to the gate: 4 GiB; 0: there is no gate */
	uint64_t gate;         /* requests of so many pages and more fail there at once */
	bool retry;
	uint32_t unused;   /* nodes given back, most recent first, linked by child[0] */
	uint32_t fresh;    /* from here to capacity no node was ever used */
	uint32_t capacity; /* nodes */
	uint64_t usable_pages;
	uint64_t live;

	const struct iova_host *host;
	uint64_t first;
	uint64_t count;
};

/* Where a request goes: directly below a node. */
struct spot {
	uint64_t first;
	uint32_t above; /* NODE_NONE: nowhere */
	uint32_t below; /* the next lower node, or NODE_NONE */
};

static inline uint64_t node_end(const struct gap *nodes, uint32_t node)
{
	return nodes[node].first + nodes[node].length;
}

static inline uint32_t pool_take(struct cached *self)
{
	uint32_t node = self->unused;
	if (node) {
		self->unused = self->tree.gaps[node].child[0];
		return node;
	}
	return self->fresh < self->capacity ? self->fresh++ : NODE_NONE;
}

static inline void pool_put(struct cached *self, uint32_t node)
{
	self->tree.gaps[node].child[0] = self->unused;
	self->unused = node;
}

/* Steps from node downwards until the highest place below the node at hand is free. The places only fall: the first one below the limit
 * ends the walk. A lower end is never passed without that, so that there always is a next node. */
GAP_INLINE struct spot walk(const struct cached *self, uint32_t node, const struct gap_wish *wish, uint64_t *examined)
{
	const struct gap *nodes = self->tree.gaps;
	for (;;) {
		uint64_t top = nodes[node].first < wish->end ? nodes[node].first : wish->end, first;
		gap_count_step(examined);
		if (top < wish->low || top - wish->low < wish->count || !gap_fit_highest(wish->low, top, wish, &first))
			return (struct spot){0};
		uint32_t below = gap_neighbour(nodes, node, 0);
		if (first >= (below ? node_end(nodes, below) : self->first))
			return (struct spot){first, node, below};
		node = below;
	}
}

GAP_INLINE struct spot search(const struct cached *self, struct gap_wish wish, uint64_t *examined)
{
	uint32_t start = self->hints[wish.end <= self->hint_end ? HINT_LOW : HINT_ANY];
	struct spot spot = walk(self, start, &wish, examined);
	uint64_t start_end = node_end(self->tree.gaps, start);
	if (spot.above || !self->retry || start_end >= wish.end)
		return spot;
	wish.low = start_end > wish.low ? start_end : wish.low;
	return walk(self, gap_find_ending_behind(&self->tree, wish.end - 1, examined), &wish, examined);
}

/* Makes the range of node, between two neighbours, a part of the tree. */
static void link_node(struct cached *self, uint32_t node, const struct spot *spot, uint64_t count)
{
	struct gap *nodes = self->tree.gaps;
	bool is_higher_child = nodes[spot->above].child[0];
	uint32_t parent = is_higher_child ? spot->below : spot->above;
	nodes[node] = (struct gap){.first = spot->first, .length = count, .parent = parent << 1};
	nodes[parent].child[is_higher_child] = node;
	gap_balance_link(&self->tree, node, false);
	self->usable_pages -= count;
	self->live++;
}

GAP_INLINE enum iova_status allocate(struct cached *self, const struct iova_request *request, struct iova_extent *extent,
				     uint64_t *examined)
{
	const struct gap_wish wish = gap_wish_make(request, self->first, self->first + self->count);
	if (wish.boundary && wish.count > wish.boundary)
		return IOVA_NO_SPACE;
	if (wish.end <= self->gate_end && wish.count >= self->gate)
		return IOVA_NO_SPACE;
	struct spot spot = search(self, wish, examined);
	if (!spot.above) {
		self->gate = wish.count;
		return IOVA_NO_SPACE;
	}
	uint32_t node = pool_take(self);
	if (!node)
		return IOVA_NO_MEMORY;
	link_node(self, node, &spot, wish.count);
	self->hints[spot.first + wish.count <= self->hint_end ? HINT_LOW : HINT_ANY] = node;
	*extent = (struct iova_extent){spot.first, wish.count, node};
	return IOVA_OK;
}

static enum iova_status cached_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	(void)cpu;
	return allocate(self, request, extent, NULL);
}

static enum iova_status cached_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
					     struct iova_extent *extent, struct iova_steps *steps)
{
	(void)cpu;
	return allocate(self, request, extent, &steps->examined);
}

/* node is about to leave the tree: hints at or below it move up, as the space there may be large enough now. */
static void move_hints(struct cached *self, uint32_t node)
{
	const struct gap *nodes = self->tree.gaps;
	uint64_t first = nodes[node].first;
	uint32_t *hints = self->hints, next = gap_neighbour(nodes, node, 1);
	if (node == hints[HINT_LOW] || (node_end(nodes, node) <= self->hint_end && first >= nodes[hints[HINT_LOW]].first))
		hints[HINT_LOW] = next;
	if (first >= nodes[hints[HINT_ANY]].first)
		hints[HINT_ANY] = next;
}

static void cached_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct cached *cached = self;
	uint32_t node = (uint32_t)extent->cookie;
	move_hints(cached, node);
	if (extent->first < cached->gate_end)
		cached->gate = GATE_OPEN;
	gap_erase(&cached->tree, node, false);
	pool_put(cached, node);
	cached->usable_pages += extent->count;
	cached->live--;
}

/* No node is looked at but those that the tree is rebalanced with, and the next one. */
static void cached_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	(void)steps;
	cached_free(self, extent, cpu);
}

/* Holes are no allocations: the hints stay where the last allocation went. */
static enum iova_status cached_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	struct cached *cached = self;
	const struct gap *nodes = cached->tree.gaps;
	if (first < cached->first)
		return IOVA_TAKEN;
	/* Above the space there is the anchor, which no range may reach into. */
	struct spot spot = {.first = first, .above = gap_find_ending_behind(&cached->tree, first, NULL)};
	if (nodes[spot.above].first < first + count)
		return IOVA_TAKEN;
	spot.below = gap_neighbour(nodes, spot.above, 0);
	uint32_t node = pool_take(cached);
	if (!node)
		return IOVA_NO_MEMORY;
	link_node(cached, node, &spot, count);
	*extent = (struct iova_extent){first, count, node};
	return IOVA_OK;
}

static void cached_visit_free(void *self, iova_visit visit, void *context)
{
	const struct cached *cached = self;
	const struct gap *nodes = cached->tree.gaps;
	uint64_t page = cached->first;
	for (uint32_t node = gap_outermost(&cached->tree, 0); node; node = gap_neighbour(nodes, node, 1)) {
		if (nodes[node].first > page)
			visit(context, page, nodes[node].first - page, IOVA_USABLE);
		page = node_end(nodes, node);
	}
}

static void cached_statistics(void *self, struct iova_statistics *statistics)
{
	const struct cached *cached = self;
	*statistics = (struct iova_statistics){.usable_pages = cached->usable_pages};
}

/* The nodes in address order: their number, pages and neighbours. The hints must be among them. */
static const char *broken_order(const struct cached *self)
{
	const struct gap *nodes = self->tree.gaps;
	uint32_t node = gap_outermost(&self->tree, 0), last = NODE_NONE;
	const uint64_t black_height = gap_check_blacks(nodes, node);
	uint64_t page = self->first, pages = 0, seen = 0;
	bool hinted[HINTS] = {false};
	for (; node && seen <= self->live; node = gap_neighbour(nodes, node, 1)) {
		const char *broken = gap_check_node(nodes, node, black_height, false);
		if (broken)
			return broken;
		if (nodes[node].first < page)
			return "ranges ascend and do not overlap";
		page = node_end(nodes, node);
		pages += nodes[node].length;
		for (int hint = 0; hint < HINTS; hint++)
			hinted[hint] |= self->hints[hint] == node;
		last = node;
		seen++;
	}
	if (node || seen != self->live + 1)
		return "the tree has one node for each live extent, and the anchor";
	if (last != NODE_ANCHOR || nodes[last].first != self->first + self->count || nodes[last].length != 1)
		return "the anchor is the page behind the space";
	if (!hinted[HINT_ANY] || !hinted[HINT_LOW])
		return "hints are nodes of the tree";
	return self->usable_pages + pages - 1 == self->count ? NULL : "usable_pages is what no range has";
}

static const char *cached_broken_invariant(void *self)
{
	const struct cached *cached = self;
	const struct gap *nodes = cached->tree.gaps;
	uint64_t unused = 0, taken = cached->fresh - NODES_FIXED;
	for (uint32_t node = cached->unused; node && unused <= taken; node = nodes[node].child[0])
		unused++;
	if (unused + cached->live != taken)
		return "every node of the pool is live or unused";
	if (nodes[NODE_NONE].parent != 1 || nodes[NODE_NONE].child[0] || nodes[NODE_NONE].child[1])
		return "the empty subtree is black and empty";
	if (gap_parent(nodes, cached->tree.root) || !gap_is_black(nodes, cached->tree.root))
		return "the root is black and has no parent";
	if (!cached->hint_end && cached->hints[HINT_LOW] != NODE_ANCHOR)
		return "without hint32 the low hint stays with the anchor";
	if (!cached->gate)
		return "no request of no pages has failed";
	return broken_order(cached);
}

static void cached_destroy(void *self)
{
	struct cached *cached = self;
	const struct iova_host *host = cached->host;
	host->memory_put(host->context, cached->tree.gaps, cached->capacity * sizeof *cached->tree.gaps);
	host->memory_put(host->context, cached, sizeof *cached);
}

static enum iova_status cached_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				      const struct iova_below *below, void **self, const char **reason)
{
	(void)below;
	(void)reason;
	uint64_t low_end = FOUR_GIB / space->page_bytes;
	struct cached *cached = host->memory_get(host->context, sizeof *cached);
	if (!cached)
		return IOVA_NO_MEMORY;
	*cached = (struct cached){
		.kind = RBTREE_CACHED,
		.hints = {NODE_ANCHOR, NODE_ANCHOR},
		.hint_end = options[RBTREE_CACHED_HINT32] ? low_end : 0,
		.gate_end = options[RBTREE_CACHED_GATE] ? low_end : 0,
		.gate = GATE_OPEN,
		.retry = options[RBTREE_CACHED_RETRY],
		.fresh = NODES_FIXED,
		.capacity = (uint32_t)(space->count < RBTREE_EXTENTS_MAX ? space->count : RBTREE_EXTENTS_MAX) + NODES_FIXED,
		.usable_pages = space->count,
		.host = host,
		.first = space->first,
		.count = space->count,
	};
	struct gap *nodes = host->memory_get(host->context, cached->capacity * sizeof *nodes);
	cached->tree.gaps = nodes;
	if (!nodes) {
		cached_destroy(cached);
		return IOVA_NO_MEMORY;
	}
	cached->tree.root = NODE_ANCHOR;
	nodes[NODE_ANCHOR] = (struct gap){.first = space->first + space->count, .length = 1};
	gap_set_black(nodes, NODE_NONE, true);
	gap_set_black(nodes, NODE_ANCHOR, true);
	*self = cached;
	return IOVA_OK;
}

const struct iova_allocator rbtree_cached = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "rbtree:search=cached",
	.about = "red-black tree of allocated ranges, searched downwards from where the last allocation went: linear",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS,
	.create = cached_create,
	.alloc = cached_alloc,
	.free = cached_free,
	.place = cached_place,
	.visit_free = cached_visit_free,
	.statistics = cached_statistics,
	.broken_invariant = cached_broken_invariant,
	.destroy = cached_destroy,
	.alloc_counted = cached_alloc_counted,
	.free_counted = cached_free_counted,
};
