/* SPDX-License-Identifier: MIT
 * Red-black tree of gaps; docs/rbtree.md has the picture and the costs. */
#include "allocator/builtin.h"
#include "allocator/gap_check.h"
#include "allocator/gap_fit.h"
#include "allocator/gap_tree.h"

#define CONSTRAINED (IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_BOUNDARY)

/* Chunk n of the pool has 2^n times as many blocks as the first. */
#define CHUNK_BLOCKS 1024u
#define CHUNKS_MAX 32u

enum { OPTION_FIT };
enum fit { FIT_FIRST, FIT_BEST, FIT_LAST };

struct rbtree {
	struct gap_tree tree;
	bool by_address; /* the order of the tree: first and last */
	uint64_t
		mirror; /* last is first in a mirrored space: its page p is page mirror - 1 - p of the space; 0: not mirrored */
	struct gap *unused; /* blocks given back, most recent first */
	struct gap *fresh;  /* blocks of the newest chunk that were never used: [fresh, fresh_end) */
	struct gap *fresh_end;
	uint64_t usable_pages;
	uint64_t live;
	struct gap end; /* the last block; end.next is the first one */

	const struct iova_host *host;
	uint64_t first; /* of the tree's addresses, mirrored or not: the space mirrored has the same range */
	uint64_t count;
	uint32_t chunk_count;
	struct gap *chunks[CHUNKS_MAX];
};

static size_t chunk_bytes(uint32_t chunk)
{
	return ((size_t)CHUNK_BLOCKS << chunk) * sizeof(struct gap);
}

static __attribute__((noinline)) bool pool_grow(struct rbtree *self)
{
	if (self->chunk_count == CHUNKS_MAX)
		return false;
	size_t bytes = chunk_bytes(self->chunk_count);
	struct gap *chunk = self->host->memory_get(self->host->context, bytes);
	if (!chunk)
		return false;
	self->chunks[self->chunk_count++] = chunk;
	self->fresh = chunk;
	self->fresh_end = chunk + bytes / sizeof *chunk;
	return true;
}

GAP_INLINE struct gap *pool_take(struct rbtree *self)
{
	struct gap *block = self->unused;
	if (__builtin_expect(block != NULL, 1)) {
		self->unused = block->next;
		return block;
	}
	if (self->fresh == self->fresh_end && !pool_grow(self))
		return NULL;
	return self->fresh++;
}

GAP_INLINE void pool_put(struct rbtree *self, struct gap *block)
{
	block->next = self->unused;
	self->unused = block;
}

/* From an address of the tree to one of the space, and back: the first page of count ones. */
GAP_INLINE uint64_t turn(const struct rbtree *self, uint64_t first, uint64_t count)
{
	return self->mirror ? self->mirror - first - count : first;
}

GAP_INLINE void count_step(uint64_t *examined)
{
	if (examined)
		++*examined;
}

/* The lowest gap of at least count pages below gap, whose subtree has one. */
GAP_INLINE struct gap *descend(struct gap *gap, uint64_t count, uint64_t *examined)
{
	for (;;) {
		struct gap *low = gap->child[0];
		count_step(examined);
		if (low && low->longest >= count)
			gap = low;
		else if (gap->length >= count)
			return gap;
		else
			gap = gap->child[1];
	}
}

GAP_INLINE struct gap *find_first(const struct rbtree *self, uint64_t count, uint64_t *examined)
{
	struct gap *root = self->tree.root;
	return root && root->longest >= count ? descend(root, count, examined) : NULL;
}

/* The next gap of at least count pages by address. */
GAP_INLINE struct gap *find_next(struct gap *gap, uint64_t count, uint64_t *examined)
{
	for (;;) {
		struct gap *high = gap->child[1];
		if (high && high->longest >= count)
			return descend(high, count, examined);
		struct gap *parent = gap_parent(gap);
		while (parent && parent->child[1] == gap) {
			count_step(examined);
			gap = parent;
			parent = gap_parent(gap);
		}
		if (!parent)
			return NULL;
		count_step(examined);
		if (parent->length >= count)
			return parent;
		gap = parent;
	}
}

/* The lowest gap that ends behind page. */
GAP_INLINE struct gap *find_ending_behind(const struct rbtree *self, uint64_t page, uint64_t *examined)
{
	struct gap *found = NULL;
	for (struct gap *gap = self->tree.root; gap;) {
		count_step(examined);
		bool ends_behind = gap->first + gap->length > page;
		found = ends_behind ? gap : found;
		gap = gap->child[!ends_behind];
	}
	return found;
}

/* By length: the shortest gap of at least count pages, the lowest of several. */
GAP_INLINE struct gap *find_best(const struct rbtree *self, uint64_t count, uint64_t *examined)
{
	struct gap *found = NULL;
	for (struct gap *gap = self->tree.root; gap;) {
		count_step(examined);
		bool suffices = gap->length >= count;
		found = suffices ? gap : found;
		gap = gap->child[!suffices];
	}
	return found;
}

/* Tries one gap; *first is an address of the tree. */
static bool fit(const struct rbtree *self, const struct gap *gap, const struct gap_wish *wish, uint64_t *first)
{
	uint64_t low = turn(self, gap->first, gap->length), place;
	if (gap->length < wish->count || !gap_fit(low, low + gap->length, wish, self->mirror, &place))
		return false;
	*first = turn(self, place, wish->count);
	return true;
}

/* The first gap in the order of the search that satisfies the constraints, and the place in it. */
static __attribute__((noinline)) struct gap *find_constrained(const struct rbtree *self, const struct iova_request *request,
							      uint64_t *first, uint64_t *examined)
{
	struct gap_wish wish = gap_wish_make(request, self->first, self->first + self->count);
	if (gap_wish_is_hopeless(&wish))
		return NULL;
	if (!self->by_address) {
		struct gap *gap = find_best(self, wish.count, examined);
		while (gap && !fit(self, gap, &wish, first)) {
			count_step(examined);
			gap = gap_neighbour(gap, 1);
		}
		return gap;
	}
	uint64_t begin = turn(self, wish.low, wish.end - wish.low), end = begin + (wish.end - wish.low);
	struct gap *gap = find_ending_behind(self, begin, examined);
	while (gap && gap->first < end) {
		if (fit(self, gap, &wish, first))
			return gap;
		gap = find_next(gap, wish.count, examined);
	}
	return NULL;
}

/* Gives gap, which is in the tree, another range; by length it moves only if its neighbour says so. */
GAP_INLINE void resize(struct rbtree *self, struct gap *gap, uint64_t first, uint64_t length, bool by_address,
		       uint64_t *examined)
{
	if (by_address) {
		bool grows = length > gap->length;
		gap->first = first;
		gap->length = length;
		if (grows)
			gap_raise(gap);
		else
			gap_recount(gap);
		return;
	}
	int side = length > gap->length;
	const struct gap *neighbour = gap_neighbour(gap, side);
	bool stays = !neighbour || gap_is_behind(neighbour, first, length, false) == side;
	if (stays) {
		gap->first = first;
		gap->length = length;
		return;
	}
	gap_erase(&self->tree, gap, false);
	gap->first = first;
	gap->length = length;
	gap_insert(&self->tree, gap, false, examined);
}

/* Makes [first, first + count) of gap the extent of block. */
GAP_INLINE void take(struct rbtree *self, struct gap *gap, struct gap *block, uint64_t first, uint64_t count,
		     bool by_address, struct iova_steps *steps)
{
	uint64_t *examined = steps ? &steps->examined : NULL;
	uint64_t before = first - gap->first, after = gap->length - before - count;
	block->first = gap->first;
	block->length = before;
	block->previous = gap->previous;
	block->next = gap;
	gap->previous->next = block;
	gap->previous = block;
	if (after) {
		resize(self, gap, first + count, after, by_address, examined);
	} else {
		gap_erase(&self->tree, gap, by_address);
		gap->first = first + count;
		gap->length = 0;
	}
	if (__builtin_expect(before != 0, 0))
		gap_insert(&self->tree, block, by_address, examined);
	if (steps)
		steps->splits += (uint64_t)(after != 0) + (before != 0);
	self->usable_pages -= count;
	self->live++;
}

GAP_INLINE enum iova_status allocate(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				     bool by_address, struct iova_steps *steps)
{
	uint64_t count = request->count, first;
	uint64_t *examined = steps ? &steps->examined : NULL;
	struct gap *gap;
	if (__builtin_expect(!(request->constraints & CONSTRAINED), 1)) {
		gap = by_address ? find_first(self, count, examined) : find_best(self, count, examined);
		first = gap ? gap->first : 0;
	} else {
		gap = find_constrained(self, request, &first, examined);
	}
	if (!gap)
		return IOVA_NO_SPACE;
	struct gap *block = pool_take(self);
	if (!block)
		return IOVA_NO_MEMORY;
	take(self, gap, block, first, count, by_address, steps);
	extent->first = turn(self, first, count);
	extent->count = count;
	extent->cookie = (uintptr_t)block;
	return IOVA_OK;
}

GAP_INLINE void release(struct rbtree *self, const struct iova_extent *extent, bool by_address, struct iova_steps *steps)
{
	uint64_t *examined = steps ? &steps->examined : NULL;
	struct gap *block = (struct gap *)(uintptr_t)extent->cookie, *behind = block->next;
	uint64_t first = block->first, length = behind->first + behind->length - first;
	if (steps)
		steps->merges += (uint64_t)(block->length != 0) + (behind->length != 0);
	block->previous->next = behind;
	behind->previous = block->previous;
	if (behind->length) {
		if (block->length)
			gap_erase(&self->tree, block, by_address);
		resize(self, behind, first, length, by_address, examined);
	} else if (block->length) {
		resize(self, block, first, length, by_address, examined);
		gap_replace(&self->tree, block, behind);
		behind->first = first;
		behind->length = length;
	} else {
		behind->first = first;
		behind->length = length;
		gap_insert(&self->tree, behind, by_address, examined);
	}
	self->usable_pages += extent->count;
	self->live--;
	pool_put(self, block);
}

static enum iova_status rbtree_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	(void)cpu;
	struct rbtree *tree = self;
	return tree->by_address ? allocate(tree, request, extent, true, NULL)
				: allocate(tree, request, extent, false, NULL);
}

static enum iova_status rbtree_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
					     struct iova_extent *extent, struct iova_steps *steps)
{
	(void)cpu;
	struct rbtree *tree = self;
	return tree->by_address ? allocate(tree, request, extent, true, steps)
				: allocate(tree, request, extent, false, steps);
}

static void rbtree_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct rbtree *tree = self;
	if (tree->by_address)
		release(tree, extent, true, NULL);
	else
		release(tree, extent, false, NULL);
}

static void rbtree_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	(void)cpu;
	struct rbtree *tree = self;
	if (tree->by_address)
		release(tree, extent, true, steps);
	else
		release(tree, extent, false, steps);
}

/* The gap that contains [first, first + count), or NULL. By length there is no index by address: from the longest gap down,
 * which is the first one while holes are made in a fresh space. */
static struct gap *find_around(const struct rbtree *self, uint64_t first, uint64_t count)
{
	struct gap *gap;
	if (self->by_address) {
		gap = find_ending_behind(self, first, NULL);
	} else {
		gap = gap_outermost(&self->tree, 1);
		while (gap && gap->length >= count && (first < gap->first || first - gap->first >= gap->length))
			gap = gap_neighbour(gap, 0);
	}
	if (!gap || first < gap->first || gap->length < count || first - gap->first > gap->length - count)
		return NULL;
	return gap;
}

static enum iova_status rbtree_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	struct rbtree *tree = self;
	uint64_t turned = turn(tree, first, count);
	struct gap *gap = find_around(tree, turned, count);
	if (!gap)
		return IOVA_TAKEN;
	struct gap *block = pool_take(tree);
	if (!block)
		return IOVA_NO_MEMORY;
	if (tree->by_address)
		take(tree, gap, block, turned, count, true, NULL);
	else
		take(tree, gap, block, turned, count, false, NULL);
	*extent = (struct iova_extent){first, count, (uintptr_t)block};
	return IOVA_OK;
}

static void rbtree_visit_free(void *self, iova_visit visit, void *context)
{
	const struct rbtree *tree = self;
	const struct gap *gap = &tree->end;
	do {
		gap = gap->next;
		if (gap->length)
			visit(context, turn(tree, gap->first, gap->length), gap->length, IOVA_USABLE);
	} while (gap != &tree->end);
}

static void rbtree_statistics(void *self, struct iova_statistics *statistics)
{
	const struct rbtree *tree = self;
	*statistics = (struct iova_statistics){.usable_pages = tree->usable_pages};
}

static const char *rbtree_broken_invariant(void *self)
{
	const struct rbtree *tree = self;
	uint64_t unused = 0, taken = 0;
	for (uint32_t chunk = 0; chunk < tree->chunk_count; chunk++)
		taken += CHUNK_BLOCKS << chunk;
	taken -= (uint64_t)(tree->fresh_end - tree->fresh);
	for (const struct gap *block = tree->unused; block && unused <= taken; block = block->next)
		unused++;
	if (unused + tree->live != taken)
		return "every block of the pool is live or unused";
	return gap_check(&tree->tree, &tree->end, tree->first, tree->count, tree->live, tree->usable_pages,
			 tree->by_address);
}

static enum iova_status rbtree_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				      const struct iova_below *below, void **self, const char **reason)
{
	(void)below;
	(void)reason;
	struct rbtree *tree = host->memory_get(host->context, sizeof *tree);
	if (!tree)
		return IOVA_NO_MEMORY;
	tree->host = host;
	tree->by_address = options[OPTION_FIT] != FIT_BEST;
	tree->mirror = options[OPTION_FIT] == FIT_LAST ? 2 * space->first + space->count : 0;
	tree->first = space->first;
	tree->count = space->count;
	tree->usable_pages = space->count;
	tree->end.first = space->first;
	tree->end.length = space->count;
	tree->end.previous = tree->end.next = &tree->end;
	gap_insert(&tree->tree, &tree->end, tree->by_address, NULL);
	*self = tree;
	return IOVA_OK;
}

static void rbtree_destroy(void *self)
{
	struct rbtree *tree = self;
	if (!tree)
		return;
	const struct iova_host *host = tree->host;
	for (uint32_t chunk = 0; chunk < tree->chunk_count; chunk++)
		host->memory_put(host->context, tree->chunks[chunk], chunk_bytes(chunk));
	host->memory_put(host->context, tree, sizeof *tree);
}

static const char *const fits[] = {"first", "best", "last", NULL};
static const struct iova_option options[] = {
	[OPTION_FIT] = {.name = "fit",
			.kind = IOVA_OPTION_CHOICE,
			.default_value = FIT_BEST,
			.choices = fits,
			.help = "which gap serves a request: the lowest, the shortest that suffices, or the highest"},
};

const struct iova_allocator allocator_rbtree = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "rbtree",
	.about =
		"red-black tree of gaps, by address with the longest gap of every subtree or by length: O(log n), complete",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS,
	.options = options,
	.option_count = sizeof options / sizeof options[0],
	.create = rbtree_create,
	.alloc = rbtree_alloc,
	.free = rbtree_free,
	.place = rbtree_place,
	.visit_free = rbtree_visit_free,
	.statistics = rbtree_statistics,
	.broken_invariant = rbtree_broken_invariant,
	.destroy = rbtree_destroy,
	.alloc_counted = rbtree_alloc_counted,
	.free_counted = rbtree_free_counted,
};
