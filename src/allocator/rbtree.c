/* SPDX-License-Identifier: MIT
 * Red-black tree of gaps; docs/rbtree.md has the picture and the costs. */
#include "allocator/builtin.h"
#include "allocator/gap_check.h"
#include "allocator/rbtree_find.h"

enum { OPTION_FIT, OPTION_SEARCH, OPTION_HINT32, OPTION_RETRY, OPTION_GATE };
enum search { SEARCH_AUGMENTED, SEARCH_CACHED };
enum fit { FIT_FIRST, FIT_BEST, FIT_LAST };

#define CONSTRAINED (IOVA_CONSTRAIN_ALIGN | IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_BOUNDARY)

/* gap is about to leave its place in the tree by length. */
GAP_INLINE void forget_short(struct rbtree *self, uint32_t gap)
{
	const struct gap *gaps = self->tree.gaps;
	uint64_t index = gaps[gap].length - 1;
	if (index >= SHORT_PAGES || self->lowest[index] != gap)
		return;
	uint32_t next = gap_neighbour(gaps, gap, 1);
	self->lowest[index] = next;
	if (gaps[next].length != index + 1)
		self->short_lengths &= ~(UINT64_C(1) << index);
}

/* gap has got a place in the tree by length. */
GAP_INLINE void note_short(struct rbtree *self, uint32_t gap)
{
	const struct gap *gaps = self->tree.gaps;
	uint64_t index = gaps[gap].length - 1, bit = UINT64_C(1) << (index % SHORT_PAGES);
	if (index >= SHORT_PAGES || (self->short_lengths & bit && gaps[self->lowest[index]].first < gaps[gap].first))
		return;
	self->lowest[index] = gap;
	self->short_lengths |= bit;
}

GAP_INLINE void insert(struct rbtree *self, uint32_t gap, bool by_address, uint64_t *examined)
{
	gap_insert(&self->tree, gap, by_address, examined);
	if (!by_address)
		note_short(self, gap);
}

GAP_INLINE void erase(struct rbtree *self, uint32_t gap, bool by_address)
{
	if (!by_address)
		forget_short(self, gap);
	gap_erase(&self->tree, gap, by_address);
}

/* Gives gap, which is in the tree, another range. Its place by address stays. */
GAP_INLINE void resize(struct rbtree *self, uint32_t gap, uint64_t first, uint64_t length, bool by_address,
		       uint64_t *examined)
{
	struct gap *gaps = self->tree.gaps;
	bool grows = length > gaps[gap].length;
	if (!by_address) {
		uint32_t neighbour = gap_neighbour(gaps, gap, grows);
		bool stays = !neighbour || gap_is_behind(&gaps[neighbour], first, length, false) == grows;
		forget_short(self, gap);
		if (!stays)
			gap_erase(&self->tree, gap, false);
		gaps[gap].first = first;
		gaps[gap].length = length;
		if (!stays)
			gap_insert(&self->tree, gap, false, examined);
		note_short(self, gap);
		return;
	}
	gaps[gap].first = first;
	gaps[gap].length = length;
	if (grows)
		gap_raise(gaps, gap);
	else
		gap_recount(gaps, gap);
}

/* A gap where there was none. There is one to be had: no more gaps than live extents and one. */
GAP_INLINE void add(struct rbtree *self, uint64_t first, uint64_t length, bool by_address, uint64_t *examined)
{
	struct gap *gaps = self->tree.gaps;
	uint32_t gap = gap_take(&self->tree);
	gaps[gap].first = first;
	gaps[gap].length = length;
	insert(self, gap, by_address, examined);
	gap_ends_set(&self->ends, gaps, first, gap, false);
	gap_ends_set(&self->ends, gaps, first + length, gap, true);
}

/* Of gap, the first `before` and the last `after` pages are left. */
static __attribute__((noinline)) void take_behind(struct rbtree *self, uint32_t gap, uint64_t before, uint64_t after,
						  bool by_address, uint64_t *examined)
{
	struct gap *gaps = self->tree.gaps;
	const uint64_t first = gaps[gap].first, end = first + gaps[gap].length;
	gap_ends_clear(&self->ends, gaps, end);
	resize(self, gap, first, before, by_address, examined);
	gap_ends_set(&self->ends, gaps, first + before, gap, true);
	if (after)
		add(self, end - after, after, by_address, examined);
}

static void set_room(struct rbtree *self)
{
	self->room = self->extents_max;
	if (!gap_ends_suffice(&self->ends, self->room + 1))
		self->room = self->ends.entries / 8 * 3 - 1;
}

/* Takes [first, first + count) out of gap. */
GAP_INLINE void take(struct rbtree *self, uint32_t gap, uint64_t first, uint64_t count, bool by_address,
		     struct iova_steps *steps)
{
	struct gap *gaps = self->tree.gaps;
	uint64_t *examined = steps ? &steps->examined : NULL;
	const uint64_t begin = gaps[gap].first, before = first - begin, after = gaps[gap].length - before - count;
	if (__builtin_expect(before != 0, 0)) {
		take_behind(self, gap, before, after, by_address, examined);
	} else {
		gap_ends_clear(&self->ends, gaps, begin);
		if (after) {
			resize(self, gap, first + count, after, by_address, examined);
			gap_ends_set(&self->ends, gaps, first + count, gap, false);
		} else {
			gap_ends_clear(&self->ends, gaps, first + count);
			erase(self, gap, by_address);
			gap_put(&self->tree, gap);
		}
	}
	if (steps)
		steps->splits += (uint64_t)(after != 0) + (before != 0);
	self->usable_pages -= count;
	self->live++;
}

/* The ends of one gap more may need room. */
static __attribute__((noinline, cold)) enum iova_status make_room(struct rbtree *self)
{
	if (self->live >= self->extents_max)
		return IOVA_NO_MEMORY;
	enum iova_status status = gap_ends_grow(&self->ends, self->tree.gaps, self->host);
	if (status == IOVA_OK)
		set_room(self);
	return status;
}

GAP_INLINE enum iova_status allocate(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				     bool by_address, struct iova_steps *steps)
{
	uint64_t count = request->count, first;
	uint64_t *examined = steps ? &steps->examined : NULL;
	uint32_t gap;
	/* A rank does not tell gaps of 2^32 pages apart: such a request looks at lengths, as constrained ones do. */
	if (__builtin_expect(!(request->constraints & CONSTRAINED) && count < GAP_RANK_MAX, 1)) {
		gap = by_address ? gap_find_first(&self->tree, (uint32_t)count, examined)
				 : find_best(self, count, examined);
		first = self->tree.gaps[gap].first;
	} else {
		gap = find_constrained(self, request, &first, examined);
	}
	if (__builtin_expect(!gap, 0))
		return IOVA_NO_SPACE;
	if (__builtin_expect(self->live >= self->room, 0) && make_room(self) != IOVA_OK)
		return IOVA_NO_MEMORY;
	take(self, gap, first, count, by_address, steps);
	*extent = (struct iova_extent){turn(self, first, count), count, 0};
	return IOVA_OK;
}

/* Both neighbours of the extent [first, end) are gaps. */
GAP_INLINE void join(struct rbtree *self, uint32_t low, uint32_t high, bool by_address, uint64_t *examined)
{
	struct gap *gaps = self->tree.gaps;
	uint64_t first = gaps[low].first, end = gaps[high].first + gaps[high].length;
	gap_ends_clear(&self->ends, gaps, first + gaps[low].length);
	gap_ends_clear(&self->ends, gaps, gaps[high].first);
	gap_ends_clear(&self->ends, gaps, end);
	erase(self, high, by_address);
	gap_put(&self->tree, high);
	resize(self, low, first, end - first, by_address, examined);
	gap_ends_set(&self->ends, gaps, end, low, true);
}

GAP_INLINE void release(struct rbtree *self, const struct iova_extent *extent, bool by_address, struct iova_steps *steps)
{
	struct gap *gaps = self->tree.gaps;
	struct gap_ends *ends = &self->ends;
	uint64_t *examined = steps ? &steps->examined : NULL;
	const uint64_t count = extent->count, first = turn(self, extent->first, count), end = first + count;
	const uint32_t low = gap_ends_at(ends, gaps, first), high = gap_ends_at(ends, gaps, end);
	if (steps)
		steps->merges += (uint64_t)(low != 0) + (high != 0);
	if (low && high) {
		join(self, low, high, by_address, examined);
	} else if (low) {
		gap_ends_clear(ends, gaps, first);
		resize(self, low, gaps[low].first, gaps[low].length + count, by_address, examined);
		gap_ends_set(ends, gaps, end, low, true);
	} else if (high) {
		gap_ends_clear(ends, gaps, end);
		resize(self, high, first, gaps[high].length + count, by_address, examined);
		gap_ends_set(ends, gaps, first, high, false);
	} else {
		add(self, first, count, by_address, examined);
	}
	self->usable_pages += count;
	self->live--;
}

/* One function for each order, plain and counted: the choice between them is a jump, and each has a small frame. */
#define ORDER(order, by_address)                                                                                           \
	static __attribute__((noinline)) enum iova_status alloc_##order(                                                   \
		struct rbtree *self, const struct iova_request *request, struct iova_extent *extent)                       \
	{                                                                                                                  \
		return allocate(self, request, extent, by_address, NULL);                                                  \
	}                                                                                                                  \
	static __attribute__((noinline)) void free_##order(struct rbtree *self, const struct iova_extent *extent)          \
	{                                                                                                                  \
		release(self, extent, by_address, NULL);                                                                   \
	}
ORDER(by_address, true)
ORDER(by_length, false)

/* One comparison tells three kinds apart: the two of this file pay one branch more for the third. */
static inline enum rbtree_kind kind_of(const void *self)
{
	return *(const enum rbtree_kind *)self;
}

static enum iova_status rbtree_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	const enum rbtree_kind kind = kind_of(self);
	if (kind > RBTREE_BY_ADDRESS)
		return rbtree_cached.alloc(self, request, cpu, extent);
	return kind == RBTREE_BY_ADDRESS ? alloc_by_address(self, request, extent) : alloc_by_length(self, request, extent);
}

static enum iova_status rbtree_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
					     struct iova_extent *extent, struct iova_steps *steps)
{
	const enum rbtree_kind kind = kind_of(self);
	if (kind > RBTREE_BY_ADDRESS)
		return rbtree_cached.alloc_counted(self, request, cpu, extent, steps);
	return kind == RBTREE_BY_ADDRESS ? allocate(self, request, extent, true, steps)
					 : allocate(self, request, extent, false, steps);
}

static void rbtree_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	const enum rbtree_kind kind = kind_of(self);
	if (kind > RBTREE_BY_ADDRESS)
		rbtree_cached.free(self, extent, cpu);
	else if (kind == RBTREE_BY_ADDRESS)
		free_by_address(self, extent);
	else
		free_by_length(self, extent);
}

static void rbtree_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	const enum rbtree_kind kind = kind_of(self);
	if (kind > RBTREE_BY_ADDRESS)
		rbtree_cached.free_counted(self, extent, cpu, steps);
	else if (kind == RBTREE_BY_ADDRESS)
		release(self, extent, true, steps);
	else
		release(self, extent, false, steps);
}

static enum iova_status rbtree_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	if (kind_of(self) == RBTREE_CACHED)
		return rbtree_cached.place(self, first, count, cpu, extent);
	struct rbtree *tree = self;
	uint64_t turned = turn(tree, first, count);
	uint32_t gap = find_around(tree, turned, count);
	if (!gap)
		return IOVA_TAKEN;
	if (tree->live >= tree->room && make_room(tree) != IOVA_OK)
		return IOVA_NO_MEMORY;
	if (tree->kind == RBTREE_BY_ADDRESS)
		take(tree, gap, turned, count, true, NULL);
	else
		take(tree, gap, turned, count, false, NULL);
	*extent = (struct iova_extent){first, count, 0};
	return IOVA_OK;
}

static void rbtree_visit_free(void *self, iova_visit visit, void *context)
{
	if (kind_of(self) == RBTREE_CACHED) {
		rbtree_cached.visit_free(self, visit, context);
		return;
	}
	const struct rbtree *tree = self;
	const struct gap *gaps = tree->tree.gaps;
	for (uint32_t gap = gap_outermost(&tree->tree, 0); gap; gap = gap_neighbour(gaps, gap, 1))
		visit(context, turn(tree, gaps[gap].first, gaps[gap].length), gaps[gap].length, IOVA_USABLE);
}

static void rbtree_statistics(void *self, struct iova_statistics *statistics)
{
	if (kind_of(self) == RBTREE_CACHED) {
		rbtree_cached.statistics(self, statistics);
		return;
	}
	const struct rbtree *tree = self;
	*statistics = (struct iova_statistics){.usable_pages = tree->usable_pages};
}

/* Every table entry is the lowest gap of its length, and every short gap has one. The order of the tree is checked before. */
static const char *short_broken(const struct rbtree *self)
{
	const struct gap *gaps = self->tree.gaps;
	uint64_t lengths = 0;
	uint32_t gap = self->kind == RBTREE_BY_ADDRESS ? 0 : gap_outermost(&self->tree, 0);
	for (; gap && gaps[gap].length <= SHORT_PAGES; gap = gap_neighbour(gaps, gap, 1)) {
		uint64_t index = gaps[gap].length - 1;
		if (!(lengths >> index & 1) && self->lowest[index] != gap)
			return "a table entry is the lowest gap of its length";
		lengths |= UINT64_C(1) << index;
	}
	return lengths == self->short_lengths ? NULL : "short_lengths has exactly the lengths of short gaps";
}

static const char *rbtree_broken_invariant(void *self)
{
	if (kind_of(self) == RBTREE_CACHED)
		return rbtree_cached.broken_invariant(self);
	const struct rbtree *tree = self;
	const struct gap_truth truth = {.first = tree->first,
					.count = tree->count,
					.live = tree->live,
					.usable = tree->usable_pages,
					.by_address = tree->kind == RBTREE_BY_ADDRESS};
	const char *broken = gap_check(&tree->tree, &tree->ends, &truth);
	if (!broken && !gap_ends_suffice(&tree->ends, tree->room + 1))
		broken = "there is room for the ends of every gap that may be left";
	return broken ? broken : short_broken(tree);
}

static void rbtree_destroy(void *self)
{
	struct rbtree *tree = self;
	if (!tree)
		return;
	if (tree->kind == RBTREE_CACHED) {
		rbtree_cached.destroy(self);
		return;
	}
	const struct iova_host *host = tree->host;
	gap_ends_release(&tree->ends, host);
	host->memory_put(host->context, tree->tree.gaps, tree->tree.capacity * sizeof *tree->tree.gaps);
	host->memory_put(host->context, tree, sizeof *tree);
}

/* Options of one search, changed for the other: ignored, they would give figures of something that was not asked for. */
static const char *misplaced_option(const uint64_t *options)
{
	if (options[OPTION_SEARCH] == SEARCH_CACHED)
		return options[OPTION_FIT] == FIT_BEST
			       ? NULL
			       : "fit is an option of search=augmented; search=cached takes the first place below its hint";
	if (!options[OPTION_HINT32] || !options[OPTION_RETRY] || !options[OPTION_GATE])
		return "hint32, retry and gate are options of search=cached";
	return NULL;
}

static enum iova_status rbtree_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				      const struct iova_below *below, void **self, const char **reason)
{
	const char *misplaced = misplaced_option(options);
	if (misplaced) {
		*reason = misplaced;
		return IOVA_UNSUPPORTED;
	}
	if (options[OPTION_SEARCH] == SEARCH_CACHED)
		return rbtree_cached.create(space, options + OPTION_HINT32, host, below, self, reason);
	struct rbtree *tree = host->memory_get(host->context, sizeof *tree);
	if (!tree)
		return IOVA_NO_MEMORY;
	tree->host = host;
	tree->extents_max = space->count < RBTREE_EXTENTS_MAX ? space->count : RBTREE_EXTENTS_MAX;
	tree->tree.capacity = (uint32_t)tree->extents_max + 2;
	tree->tree.fresh = 1;
	tree->tree.gaps = host->memory_get(host->context, tree->tree.capacity * sizeof *tree->tree.gaps);
	if (!tree->tree.gaps || gap_ends_create(&tree->ends, space->first, space->count, host) != IOVA_OK) {
		rbtree_destroy(tree);
		return IOVA_NO_MEMORY;
	}
	set_room(tree);
	tree->kind = options[OPTION_FIT] == FIT_BEST ? RBTREE_BY_LENGTH : RBTREE_BY_ADDRESS;
	tree->mirror = options[OPTION_FIT] == FIT_LAST ? 2 * space->first + space->count : 0;
	tree->first = space->first;
	tree->count = space->count;
	tree->usable_pages = space->count;
	gap_set_black(tree->tree.gaps, 0, true);
	add(tree, space->first, space->count, tree->kind == RBTREE_BY_ADDRESS, NULL);
	*self = tree;
	return IOVA_OK;
}

static const char *const fits[] = {"first", "best", "last", NULL};
static const char *const searches[] = {"augmented", "cached", NULL};
static const struct iova_option options[] = {
	[OPTION_FIT] = {.name = "fit",
			.kind = IOVA_OPTION_CHOICE,
			.default_value = FIT_BEST,
			.choices = fits,
			.help = "which gap serves a request: the lowest, the shortest that suffices, or the highest"},
	[OPTION_SEARCH] = {.name = "search",
			   .kind = IOVA_OPTION_CHOICE,
			   .default_value = SEARCH_AUGMENTED,
			   .choices = searches,
			   .help = "a tree of gaps, or Linux's walk over a tree of allocated ranges, which has no fit"},
	[OPTION_HINT32] = {.name = "hint32",
			   .kind = IOVA_OPTION_FLAG,
			   .default_value = 1,
			   .help = "search=cached: requests limited to 4 GiB begin at a hint of their own"},
	[OPTION_RETRY] = {.name = "retry",
			  .kind = IOVA_OPTION_FLAG,
			  .default_value = 1,
			  .help = "search=cached: a walk that fails is made once more from the limit down to its start"},
	[OPTION_GATE] = {.name = "gate",
			 .kind = IOVA_OPTION_FLAG,
			 .default_value = 1,
			 .help = "search=cached: after a failure, requests limited to 4 GiB that are as long fail at once"},
};
_Static_assert(OPTION_RETRY - OPTION_HINT32 == (int)RBTREE_CACHED_RETRY &&
		       OPTION_GATE - OPTION_HINT32 == (int)RBTREE_CACHED_GATE,
	       "the options of search=cached are in one piece");

const struct iova_allocator allocator_rbtree = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "rbtree",
	.about =
		"red-black tree of gaps, by address or by length: O(log n), complete; or the linear cached search of Linux",
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
