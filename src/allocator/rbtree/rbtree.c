/* SPDX-License-Identifier: MIT
 * Trees of gaps; docs/rbtree.md has the picture and the costs. */
#include "allocator/builtin.h"
#include "allocator/rbtree/check.h"
#include "allocator/rbtree/order.h"
#include "allocator/contract.h"

#include <assert.h>

enum { OPTION_FIT };
enum fit { FIT_FIRST, FIT_BEST, FIT_LAST };

static enum iova_status rbtree_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	struct rbtree *tree = self;
	(void)cpu;
	if (tree->order == RBTREE_BY_ADDRESS)
		return address_alloc(tree, request, extent);
	return tree->order == RBTREE_BY_KEY ? key_alloc(tree, request, extent) : length_alloc(tree, request, extent);
}

static enum iova_status rbtree_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
					     struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_request_is_right(request));
	struct rbtree *tree = self;
	(void)cpu;
	if (tree->order == RBTREE_BY_ADDRESS)
		return address_alloc_counted(tree, request, extent, steps);
	return tree->order == RBTREE_BY_KEY ? key_alloc_counted(tree, request, extent, steps)
					    : length_alloc_counted(tree, request, extent, steps);
}

static void rbtree_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	assert(extent->count);
	struct rbtree *tree = self;
	(void)cpu;
	if (tree->order == RBTREE_BY_ADDRESS)
		address_free(tree, extent);
	else if (tree->order == RBTREE_BY_KEY)
		key_free(tree, extent);
	else
		length_free(tree, extent);
}

static void rbtree_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	assert(extent->count);
	struct rbtree *tree = self;
	(void)cpu;
	if (tree->order == RBTREE_BY_ADDRESS)
		address_free_counted(tree, extent, steps);
	else if (tree->order == RBTREE_BY_KEY)
		key_free_counted(tree, extent, steps);
	else
		length_free_counted(tree, extent, steps);
}

static enum iova_status rbtree_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	assert(count);
	struct rbtree *tree = self;
	(void)cpu;
	if (tree->order == RBTREE_BY_ADDRESS)
		return address_place(tree, first, count, extent);
	return tree->order == RBTREE_BY_KEY ? key_place(tree, first, count, extent)
					    : length_place(tree, first, count, extent);
}

static void rbtree_visit_free(void *self, iova_visit visit, void *context)
{
	const struct rbtree *tree = self;
	if (tree->order == RBTREE_BY_ADDRESS)
		address_visit(tree, visit, context);
	else if (tree->order == RBTREE_BY_KEY)
		key_visit(tree, visit, context);
	else
		length_visit(tree, visit, context);
}

void rbtree_file(struct rbtree *self, uint64_t *examined)
{
	unsigned left = self->order == RBTREE_BY_ADDRESS ? address_file(self)
			: self->order == RBTREE_BY_KEY   ? key_file(self)
							 : length_file(self);
	if (left)
		gap_index_finish(&self->index);
	if (examined)
		*examined += GAP_INDEX_PORTION - left;
}

bool rbtree_index_below(struct rbtree *self, const struct gap_wish *wish, rbtree_length_at length_at, uint64_t *examined)
{
	struct gap found[RBTREE_LOOKS];
	unsigned looks = 0, gaps = 0;
	if (self->index.on || wish->end == self->first + self->count)
		return false;
	for (uint64_t page = self->first; page < wish->end; looks++) {
		if (looks == RBTREE_LOOKS)
			return false;
		uint64_t length = length_at(self, page);
		if (length)
			found[gaps++] = (struct gap){.first = page, .length = length};
		/* Behind a gap there is a page that lives. */
		page += length + 1;
		if (examined)
			++*examined;
	}
	if (!gap_index_begin_below(&self->index, wish->end, self->host))
		return false;
	for (unsigned i = 0; i < gaps; i++)
		gap_index_add(&self->index, found[i].first, found[i].length, 0);
	return true;
}

bool rbtree_begin_index(struct rbtree *self, uint64_t *examined)
{
	if (gap_index_is_wanted(&self->index) && gap_index_begin(&self->index, self->host))
		rbtree_file(self, examined);
	return self->index.on;
}

static void rbtree_statistics(void *self, struct iova_statistics *statistics)
{
	const struct rbtree *tree = self;
	*statistics = (struct iova_statistics){.usable_pages = tree->usable_pages};
}

static const char *rbtree_broken_invariant(void *self)
{
	const struct rbtree *tree = self;
	const char *broken = rbtree_check(tree);
	return broken ? broken : gap_index_check(&tree->index, rbtree_visit_free, self);
}

static void rbtree_destroy(void *self)
{
	struct rbtree *tree = self;
	if (!tree)
		return;
	const struct iova_host *host = tree->host;
	if (tree->order == RBTREE_BY_ADDRESS)
		address_release(tree);
	else if (tree->order == RBTREE_BY_KEY)
		key_release(tree);
	else
		length_release(tree);
	gap_index_release(&tree->index, host);
	host->memory_put(host->context, tree, sizeof *tree);
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
	tree->extents_max = space->count < RBTREE_EXTENTS_MAX ? space->count : RBTREE_EXTENTS_MAX;
	tree->order = options[OPTION_FIT] != FIT_BEST     ? RBTREE_BY_ADDRESS
		      : space->count <= RBTREE_KEYS_PAGES ? RBTREE_BY_KEY
							  : RBTREE_BY_LENGTH;
	tree->mirror = options[OPTION_FIT] == FIT_LAST ? 2 * space->first + space->count : 0;
	tree->first = space->first;
	tree->count = space->count;
	tree->usable_pages = space->count;
	const enum gap_order asked = tree->order == RBTREE_BY_ADDRESS ? GAP_BY_ADDRESS : GAP_BY_LENGTH;
	gap_index_create(&tree->index, space->count, asked, tree->mirror ? GAP_BY_ADDRESS_DOWN : asked);
	enum iova_status status = tree->order == RBTREE_BY_ADDRESS ? address_create(tree)
				  : tree->order == RBTREE_BY_KEY   ? key_create(tree)
								   : length_create(tree);
	if (status != IOVA_OK) {
		rbtree_destroy(tree);
		return status;
	}
	*self = tree;
	return IOVA_OK;
}

static const char *const fits[] = {"first", "best", "last", NULL};
/* By length, the outermost place is not known. */
static const uint64_t fits_without[] = {0, IOVA_DIRECTION, 0};
static const struct iova_option options[] = {
	[OPTION_FIT] = {.name = "fit",
			.kind = IOVA_OPTION_CHOICE,
			.default_value = FIT_BEST,
			.choices = fits,
			.help = "which gap serves a request: the lowest, the shortest that suffices, or the highest",
			.without = fits_without},
};

const struct iova_allocator allocator_rbtree = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "rbtree",
	.about = "tree of gaps, by address or by length: O(log n), complete",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS | IOVA_DIRECTION,
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
