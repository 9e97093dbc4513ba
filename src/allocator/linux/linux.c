/* SPDX-License-Identifier: MIT
 * Red-black tree of allocated ranges, searched from a cached node downwards: docs/linux.md has the rules and what they lead
 * to.
 *
 * The tree is a gap_tree whose nodes are allocated ranges instead of gaps, by address. Nothing describes free space. The
 * cookie of an extent is the number of its node. */
#include "allocator/builtin.h"
#include "allocator/gap/check.h"
#include "allocator/gap/find.h"
#include "allocator/gap/fit.h"
#include "allocator/gap/tree.h"
#include "allocator/contract.h"

#include <assert.h>

enum { OPTION_HINT32, OPTION_RETRY, OPTION_GATE };
enum { GATE_NO, GATE_YES, GATE_OLD };

/* Live extents at most: nodes for so many are reserved for a space of more pages, and backed when touched. */
#define EXTENTS_MAX (UINT32_C(1) << 26)

#define FOUR_GIB (UINT64_C(1) << 32)

/* Nodes that are always there. The anchor takes the page behind the space: every search has a start, every range a next
 * node. */
enum { NODE_NONE, NODE_ANCHOR, NODES_FIXED };

enum { HINT_ANY, HINT_LOW, HINTS };

#define GATE_OPEN UINT64_MAX

struct linux_domain {
	struct gap_tree tree;  /* of allocated ranges; longest is unused */
	uint32_t hints[HINTS]; /* nodes where searches begin */
	uint64_t hint_end;     /* limits and ranges up to here have a hint of their own: 4 GiB; 0: there is one hint */
	uint64_t gate_end;     /* limits up to here are subject to the gate: 4 GiB; 0: there is no gate */
	uint64_t gate;         /* requests of so many pages and more fail there at once */
	bool gate_is_old;      /* a free opens it where the low hint moves with it, and nowhere else */
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

static inline uint32_t pool_take(struct linux_domain *self)
{
	uint32_t node = self->unused;
	if (node) {
		self->unused = self->tree.gaps[node].child[0];
		return node;
	}
	return self->fresh < self->capacity ? self->fresh++ : NODE_NONE;
}

static inline void pool_put(struct linux_domain *self, uint32_t node)
{
	assert(node >= NODES_FIXED && node < self->fresh);
	self->tree.gaps[node].child[0] = self->unused;
	self->unused = node;
}

/* Steps from node downwards until the highest place below the node at hand is free. The places only fall: the first one below
 * the limit ends the walk. A lower end is never passed without that, so that there always is a next node. */
GAP_INLINE struct spot walk(const struct linux_domain *self, uint32_t node, const struct gap_wish *wish, uint64_t *examined)
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

GAP_INLINE struct spot search(const struct linux_domain *self, struct gap_wish wish, uint64_t *examined)
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
static void link_node(struct linux_domain *self, uint32_t node, const struct spot *spot, uint64_t count)
{
	struct gap *nodes = self->tree.gaps;
	bool is_higher_child = nodes[spot->above].child[0];
	uint32_t parent = is_higher_child ? spot->below : spot->above;
	nodes[node] = (struct gap){.first = spot->first, .length = count, .parent = parent << 1};
	nodes[parent].child[is_higher_child] = node;
	gap_balance_link(&self->tree, node, GAP_BY_LENGTH);
	self->usable_pages -= count;
	self->live++;
}

GAP_INLINE enum iova_status allocate(struct linux_domain *self, const struct iova_request *request,
				     struct iova_extent *extent, uint64_t *examined)
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

static enum iova_status linux_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	return allocate(self, request, extent, NULL);
}

static enum iova_status linux_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
					    struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	return allocate(self, request, extent, &steps->examined);
}

/* node is about to leave the tree: hints at or below it move up, as the space there may be large enough now. Returns whether
 * the low one did. */
static bool move_hints(struct linux_domain *self, uint32_t node)
{
	const struct gap *nodes = self->tree.gaps;
	uint64_t first = nodes[node].first;
	uint32_t *hints = self->hints, next = gap_neighbour(nodes, node, 1);
	bool low = node == hints[HINT_LOW] ||
		   (node_end(nodes, node) <= self->hint_end && first >= nodes[hints[HINT_LOW]].first);
	if (low)
		hints[HINT_LOW] = next;
	if (first >= nodes[hints[HINT_ANY]].first)
		hints[HINT_ANY] = next;
	return low;
}

static void linux_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct linux_domain *domain = self;
	uint32_t node = (uint32_t)extent->cookie;
	bool moved = move_hints(domain, node);
	if (extent->first < domain->gate_end && (moved || !domain->gate_is_old))
		domain->gate = GATE_OPEN;
	gap_erase(&domain->tree, node, GAP_BY_LENGTH);
	pool_put(domain, node);
	domain->usable_pages += extent->count;
	domain->live--;
}

/* No node is looked at but those that the tree is rebalanced with, and the next one. */
static void linux_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	(void)steps;
	linux_free(self, extent, cpu);
}

/* Holes are no allocations: the hints stay where the last allocation went. */
static enum iova_status linux_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	assert(count);
	(void)cpu;
	struct linux_domain *domain = self;
	const struct gap *nodes = domain->tree.gaps;
	if (first < domain->first)
		return IOVA_TAKEN;
	/* Above the space there is the anchor, which no range may reach into. */
	struct spot spot = {.first = first, .above = gap_find_ending_behind(&domain->tree, first, NULL)};
	if (nodes[spot.above].first < first + count)
		return IOVA_TAKEN;
	spot.below = gap_neighbour(nodes, spot.above, 0);
	uint32_t node = pool_take(domain);
	if (!node)
		return IOVA_NO_MEMORY;
	link_node(domain, node, &spot, count);
	*extent = (struct iova_extent){first, count, node};
	return IOVA_OK;
}

static void linux_visit_free(void *self, iova_visit visit, void *context)
{
	const struct linux_domain *domain = self;
	const struct gap *nodes = domain->tree.gaps;
	uint64_t page = domain->first;
	for (uint32_t node = gap_outermost(&domain->tree, 0); node; node = gap_neighbour(nodes, node, 1)) {
		if (nodes[node].first > page)
			visit(context, page, nodes[node].first - page, IOVA_USABLE);
		page = node_end(nodes, node);
	}
}

static void linux_statistics(void *self, struct iova_statistics *statistics)
{
	const struct linux_domain *domain = self;
	*statistics = (struct iova_statistics){.usable_pages = domain->usable_pages};
}

/* The nodes in address order: their number, pages and neighbours. The hints must be among them. */
static const char *broken_order(const struct linux_domain *self)
{
	const struct gap *nodes = self->tree.gaps;
	uint32_t node = gap_outermost(&self->tree, 0), last = NODE_NONE;
	const uint64_t black_height = gap_check_blacks(nodes, node);
	uint64_t page = self->first, pages = 0, seen = 0;
	bool hinted[HINTS] = {false};
	for (; node && seen <= self->live; node = gap_neighbour(nodes, node, 1)) {
		const char *broken = gap_check_node(&self->tree, node, black_height, GAP_BY_LENGTH);
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

static const char *linux_broken_invariant(void *self)
{
	const struct linux_domain *domain = self;
	const struct gap *nodes = domain->tree.gaps;
	uint64_t unused = 0, taken = domain->fresh - NODES_FIXED;
	for (uint32_t node = domain->unused; node && unused <= taken; node = nodes[node].child[0])
		unused++;
	if (unused + domain->live != taken)
		return "every node of the pool is live or unused";
	if (nodes[NODE_NONE].parent != 1 || nodes[NODE_NONE].child[0] || nodes[NODE_NONE].child[1])
		return "the empty subtree is black and empty";
	if (gap_parent(nodes, domain->tree.root) || !gap_is_black(nodes, domain->tree.root))
		return "the root is black and has no parent";
	if (!domain->hint_end && domain->hints[HINT_LOW] != NODE_ANCHOR)
		return "without hint32 the low hint stays with the anchor";
	if (!domain->gate)
		return "no request of no pages has failed";
	return broken_order(domain);
}

static void linux_destroy(void *self)
{
	struct linux_domain *domain = self;
	const struct iova_host *host = domain->host;
	host->memory_put(host->context, domain->tree.gaps, domain->capacity * sizeof *domain->tree.gaps);
	host->memory_put(host->context, domain, sizeof *domain);
}

static enum iova_status linux_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				     const struct iova_below *below, void **self, const char **reason)
{
	(void)below;
	(void)reason;
	uint64_t low_end = FOUR_GIB / space->page_bytes;
	struct linux_domain *domain = host->memory_get(host->context, sizeof *domain);
	if (!domain)
		return IOVA_NO_MEMORY;
	*domain = (struct linux_domain){
		.hints = {NODE_ANCHOR, NODE_ANCHOR},
		.hint_end = options[OPTION_HINT32] ? low_end : 0,
		.gate_end = options[OPTION_GATE] != GATE_NO ? low_end : 0,
		.gate_is_old = options[OPTION_GATE] == GATE_OLD,
		.gate = GATE_OPEN,
		.retry = options[OPTION_RETRY],
		.fresh = NODES_FIXED,
		.capacity = (uint32_t)(space->count < EXTENTS_MAX ? space->count : EXTENTS_MAX) + NODES_FIXED,
		.usable_pages = space->count,
		.host = host,
		.first = space->first,
		.count = space->count,
	};
	struct gap *nodes = host->memory_get(host->context, domain->capacity * sizeof *nodes);
	domain->tree.gaps = nodes;
	if (!nodes) {
		linux_destroy(domain);
		return IOVA_NO_MEMORY;
	}
	domain->tree.root = NODE_ANCHOR;
	nodes[NODE_ANCHOR] = (struct gap){.first = space->first + space->count, .length = 1};
	gap_set_black(nodes, NODE_NONE, true);
	gap_set_black(nodes, NODE_ANCHOR, true);
	*self = domain;
	return IOVA_OK;
}

static const char *const gates[] = {"no", "yes", "old", NULL};
static const struct iova_option options[] = {
	[OPTION_HINT32] = {.name = "hint32",
			   .kind = IOVA_OPTION_FLAG,
			   .default_value = 1,
			   .help = "requests limited to 4 GiB begin at a hint of their own"},
	[OPTION_RETRY] = {.name = "retry",
			  .kind = IOVA_OPTION_FLAG,
			  .default_value = 1,
			  .help = "a walk that fails is made once more from the limit down to its start"},
	[OPTION_GATE] = {.name = "gate",
			 .kind = IOVA_OPTION_CHOICE,
			 .default_value = GATE_YES,
			 .choices = gates,
			 .help = "after a failure, requests limited to 4 GiB that are as long fail at once, until "
				 "something there is freed; old, as up to Linux 5.17: until something at or above the "
				 "hint is"},
};

const struct iova_allocator allocator_linux = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "linux",
	.about = "Linux's search: a red-black tree of allocated ranges, walked downwards from where the last allocation "
		 "went; linear",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS,
	.promise = IOVA_PROMISE_BOUNDED,
	.options = options,
	.option_count = sizeof options / sizeof options[0],
	.create = linux_create,
	.alloc = linux_alloc,
	.free = linux_free,
	.place = linux_place,
	.visit_free = linux_visit_free,
	.statistics = linux_statistics,
	.broken_invariant = linux_broken_invariant,
	.destroy = linux_destroy,
	.alloc_counted = linux_alloc_counted,
	.free_counted = linux_free_counted,
};
