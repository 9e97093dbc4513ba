/* SPDX-License-Identifier: MIT
 * Red-black tree of gaps; docs/rbtree.md has the picture and the costs. */
#include "allocator/builtin.h"
#include "allocator/rbtree_address.h"
#include "allocator/rbtree_check.h"
#include "allocator/rbtree_length.h"

enum { OPTION_FIT, OPTION_SEARCH, OPTION_HINT32, OPTION_RETRY, OPTION_GATE };
enum search { SEARCH_AUGMENTED, SEARCH_CACHED };
enum fit { FIT_FIRST, FIT_BEST, FIT_LAST };

GAP_INLINE enum iova_status allocate(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				     bool by_address, struct iova_steps *steps)
{
	const uint64_t count = request->count;
	uint64_t first;
	enum iova_status status =
		by_address ? address_alloc(self, request, &first, steps) : length_alloc(self, request, &first, steps);
	if (__builtin_expect(status != IOVA_OK, 0))
		return status;
	self->usable_pages -= count;
	self->live++;
	extent->first = turn(self, first, count);
	extent->count = count;
	extent->cookie = 0;
	return IOVA_OK;
}

GAP_INLINE void release(struct rbtree *self, const struct iova_extent *extent, bool by_address, struct iova_steps *steps)
{
	const uint64_t count = extent->count, first = turn(self, extent->first, count);
	self->usable_pages += count;
	self->live--;
	if (by_address)
		address_free(self, first, count, steps);
	else
		length_free(self, first, count, steps);
}

/* One function for each order, plain and counted: the choice between them is a jump, and each has a small frame. */
#define ORDER(order, is_by_address)                                                                                        \
	static __attribute__((noinline)) enum iova_status alloc_##order(                                                   \
		struct rbtree *self, const struct iova_request *request, struct iova_extent *extent)                       \
	{                                                                                                                  \
		return allocate(self, request, extent, is_by_address, NULL);                                               \
	}                                                                                                                  \
	static __attribute__((noinline)) void free_##order(struct rbtree *self, const struct iova_extent *extent)          \
	{                                                                                                                  \
		release(self, extent, is_by_address, NULL);                                                                \
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
	const uint64_t turned = turn(tree, first, count);
	enum iova_status status =
		tree->kind == RBTREE_BY_ADDRESS ? address_place(tree, turned, count) : length_place(tree, turned, count);
	if (status != IOVA_OK)
		return status;
	tree->usable_pages -= count;
	tree->live++;
	*extent = (struct iova_extent){first, count, 0};
	return IOVA_OK;
}

static void rbtree_visit_free(void *self, iova_visit visit, void *context)
{
	const enum rbtree_kind kind = kind_of(self);
	if (kind == RBTREE_CACHED)
		rbtree_cached.visit_free(self, visit, context);
	else if (kind == RBTREE_BY_ADDRESS)
		address_visit(self, visit, context);
	else
		length_visit(self, visit, context);
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

static const char *rbtree_broken_invariant(void *self)
{
	if (kind_of(self) == RBTREE_CACHED)
		return rbtree_cached.broken_invariant(self);
	return rbtree_check(self);
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
	if (tree->kind == RBTREE_BY_ADDRESS)
		gap_buckets_release(&tree->by_address, host);
	else
		length_release(&tree->by_length, host);
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
	tree->kind = options[OPTION_FIT] == FIT_BEST ? RBTREE_BY_LENGTH : RBTREE_BY_ADDRESS;
	tree->mirror = options[OPTION_FIT] == FIT_LAST ? 2 * space->first + space->count : 0;
	tree->first = space->first;
	tree->count = space->count;
	tree->usable_pages = space->count;
	enum iova_status status = tree->kind == RBTREE_BY_ADDRESS ? address_create(tree) : length_create(tree);
	if (status != IOVA_OK) {
		rbtree_destroy(tree);
		return status;
	}
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
