/* SPDX-License-Identifier: MIT
 * buddy: blocks of 2^order pages, aligned to their size, coalesced at once. docs/buddy.md has the picture. */
#include "allocator/buddy_tree.h"
#include "allocator/builtin.h"
#include "base/bits.h"

#include <stdbool.h>

#define INLINE static inline __attribute__((always_inline))

enum first {
	FIRST_RECENT,
	FIRST_LOW,
	FIRST_HIGH,
};

enum rounding {
	ROUNDING_POW2,
	ROUNDING_TRIM,
};

struct buddy {
	struct buddy_tree tree;
	uint64_t base; /* page of index 0, a multiple of the largest block */
	enum first first;
	enum rounding rounding;
	struct iova_space space;
	const struct iova_host *host;
};

/* A free block of an order that has one, by the tree. */
static uint64_t choose(struct buddy *self, unsigned log2, struct iova_steps *steps)
{
	return buddy_tree_search_all(&self->tree, log2, steps);
}

/* A block that was freed lately if one is known, else the lowest. */
static uint64_t choose_recent(struct buddy *self, unsigned log2, struct iova_steps *steps)
{
	for (unsigned tries = 0; tries < BUDDY_TREE_RECENT; tries++) {
		uint64_t index = buddy_tree_pop_recent(&self->tree.orders[log2]);
		if (steps)
			steps->examined++;
		if (buddy_tree_is_free(&self->tree, log2, index))
			return index;
	}
	return choose(self, log2, steps);
}

/* Where the request may start, in pages: multiples of step in [lowest, highest]. */
struct window {
	uint64_t step;
	uint64_t lowest;
	uint64_t highest;
};

/* False: no address satisfies the request. A block of at least count pages never crosses a boundary of at least count
 * pages. */
static bool window_of(const struct buddy *self, const struct iova_request *request, struct window *window)
{
	uint64_t low = self->space.first, high = self->space.first + self->space.count - 1;
	uint64_t count = request->count;
	window->step = bits_power_of_two_ceil(count);
	if (request->constraints & IOVA_CONSTRAIN_ALIGN && request->align > window->step)
		window->step = request->align;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT) {
		low = request->low;
		high = request->high;
	}
	if (request->constraints & IOVA_CONSTRAIN_BOUNDARY && request->boundary < count)
		return false;
	if (high - low < count - 1)
		return false;
	window->lowest = bits_align_up(low, window->step);
	window->highest = bits_align_down(high - (count - 1), window->step);
	return window->lowest <= window->highest;
}

/* The free block of one order that a request of 2^wanted pages can be cut from, and *start, where: the first in the
 * direction. Jumps from candidate to candidate, so that it looks at no more blocks than there are multiples of step in
 * the window. */
static uint64_t search_window(struct buddy *self, unsigned log2, unsigned wanted, const struct window *window,
			      uint64_t *start, struct iova_steps *steps)
{
	bool downwards = self->first == FIRST_HIGH;
	uint64_t size = UINT64_C(1) << log2, need = UINT64_C(1) << wanted;
	uint64_t page = downwards ? window->highest : window->lowest;
	for (;;) {
		uint64_t index = buddy_tree_search_from(&self->tree, log2, page - self->base, downwards, steps);
		if (index == BUDDY_TREE_NOTHING)
			return BUDDY_TREE_NOTHING;
		uint64_t block = self->base + index, last = block + size - need;
		if (downwards) {
			page = bits_align_down(last < window->highest ? last : window->highest, window->step);
			if (page < window->lowest)
				return BUDDY_TREE_NOTHING;
		} else {
			page = bits_align_up(block > window->lowest ? block : window->lowest, window->step);
			if (page > window->highest)
				return BUDDY_TREE_NOTHING;
		}
		if (page >= block && page <= last) {
			*start = page - self->base;
			return index;
		}
	}
}

/* Whether the constraints exclude any block that a request without them could get. Most do not: limits are those of the
 * space, alignments not above the size. */
static bool binds(const struct buddy *self, const struct iova_request *request)
{
	uint32_t constraints = request->constraints;
	if (constraints & IOVA_CONSTRAIN_ALIGN && request->align > bits_power_of_two_ceil(request->count))
		return true;
	if (constraints & IOVA_CONSTRAIN_BOUNDARY && request->boundary < request->count)
		return true;
	return constraints & IOVA_CONSTRAIN_LIMIT &&
	       (request->low > self->space.first || request->high < self->space.first + self->space.count - 1);
}

static enum iova_status give(struct buddy *self, uint64_t index, uint64_t count, struct iova_extent *extent)
{
	*extent = (struct iova_extent){self->base + index, count, 0};
	return IOVA_OK;
}

INLINE uint64_t granted_pages(const struct buddy *self, unsigned log2, uint64_t count)
{
	return self->rounding == ROUNDING_TRIM ? count : UINT64_C(1) << log2;
}

static enum iova_status alloc_constrained(struct buddy *self, const struct iova_request *request,
					  struct iova_extent *extent, struct iova_steps *steps)
{
	struct window window;
	if (!window_of(self, request, &window))
		return IOVA_NO_SPACE;
	unsigned wanted = bits_log2_ceil(request->count);
	for (uint64_t orders = self->tree.nonempty >> wanted << wanted; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		uint64_t start, index = search_window(self, log2, wanted, &window, &start, steps);
		if (index == BUDDY_TREE_NOTHING)
			continue;
		uint64_t granted = granted_pages(self, wanted, request->count);
		buddy_tree_take_out(&self->tree, log2, index);
		buddy_tree_insert_range(&self->tree, index, start, steps);
		buddy_tree_insert_range(&self->tree, start + granted, index + (UINT64_C(1) << log2), steps);
		return give(self, start, granted, extent);
	}
	return IOVA_NO_SPACE;
}

/* Takes a block of order log2 from which 2^wanted pages are cut, from its low end or its high end. */
static uint64_t cut(struct buddy *self, unsigned log2, unsigned wanted, struct iova_steps *steps)
{
	bool high = self->first == FIRST_HIGH;
	uint64_t index = self->first == FIRST_RECENT ? choose_recent(self, log2, steps) : choose(self, log2, steps);
	buddy_tree_take_out(&self->tree, log2, index);
	while (log2-- > wanted) {
		uint64_t half = UINT64_C(1) << log2;
		buddy_tree_insert(&self->tree, log2, high ? index : index + half);
		index += high ? half : 0;
	}
	return index;
}

/* The same for small orders, which most calls are about; first is a constant. */
INLINE uint64_t cut_small(struct buddy *self, enum first first, unsigned log2, unsigned wanted, struct iova_steps *steps)
{
	struct buddy_tree *tree = &self->tree;
	unsigned high = first == FIRST_HIGH, position, tries = 0;
	uint64_t index, *node;
	do {
		bool known = first == FIRST_RECENT && __builtin_expect(tries++ < BUDDY_TREE_RECENT, 1);
		index = known ? buddy_tree_pop_recent(&tree->orders[log2]) : choose(self, log2, steps);
		node = buddy_tree_small_node(tree, index);
		position = buddy_tree_small_position(log2, index);
		if (steps)
			steps->examined++;
	} while (!(node[position >> 6] >> (position & 63) & 1));
	node[position >> 6] &= ~(UINT64_C(1) << (position & 63));
	buddy_tree_count_out(tree, log2);
	while (log2-- > wanted) {
		uint64_t upper = index + (UINT64_C(1) << log2);
		position = position << 1 | high;
		buddy_tree_insert_small(tree, node, position ^ 1, log2, high ? index : upper);
		index = high ? upper : index;
	}
	return index;
}

static uint64_t cut_small_by_address(struct buddy *self, unsigned log2, unsigned wanted, struct iova_steps *steps)
{
	return self->first == FIRST_LOW ? cut_small(self, FIRST_LOW, log2, wanted, steps)
					: cut_small(self, FIRST_HIGH, log2, wanted, steps);
}

INLINE enum iova_status allocate(struct buddy *self, const struct iova_request *request, struct iova_extent *extent,
				 struct iova_steps *steps)
{
	uint64_t count = request->count;
	if (__builtin_expect(count > self->space.count, 0))
		return IOVA_NO_SPACE;
	if (__builtin_expect(request->constraints & ~IOVA_CONSTRAIN_NO_DRAIN, 0) && binds(self, request))
		return alloc_constrained(self, request, extent, steps);
	unsigned wanted = bits_log2_ceil(count);
	uint64_t orders = self->tree.nonempty >> wanted;
	if (__builtin_expect(!orders, 0))
		return IOVA_NO_SPACE;
	unsigned log2 = wanted + (unsigned)__builtin_ctzll(orders);
	uint64_t index;
	if (__builtin_expect(log2 >= BUDDY_TREE_SMALL_ORDERS, 0))
		index = cut(self, log2, wanted, steps);
	else if (__builtin_expect(self->first == FIRST_RECENT, 1))
		index = cut_small(self, FIRST_RECENT, log2, wanted, steps);
	else
		index = cut_small_by_address(self, log2, wanted, steps);
	uint64_t granted = granted_pages(self, wanted, count);
	if (steps)
		steps->splits += log2 - wanted;
	if (granted != UINT64_C(1) << wanted)
		buddy_tree_insert_range(&self->tree, index + granted, index + (UINT64_C(1) << wanted), steps);
	return give(self, index, granted, extent);
}

INLINE void release(struct buddy *self, const struct iova_extent *extent, struct iova_steps *steps)
{
	uint64_t index = extent->first - self->base, count = extent->count;
	if (__builtin_expect(!(count & (count - 1)) && !(index & (count - 1)), 1))
		buddy_tree_release_block(&self->tree, (unsigned)__builtin_ctzll(count), index, steps);
	else
		buddy_tree_release_range(&self->tree, index, index + count, steps);
}

static enum iova_status buddy_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	(void)cpu;
	return allocate(self, request, extent, NULL);
}

static enum iova_status buddy_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
					    struct iova_extent *extent, struct iova_steps *steps)
{
	(void)cpu;
	return allocate(self, request, extent, steps);
}

static void buddy_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	release(self, extent, NULL);
}

static void buddy_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	(void)cpu;
	release(self, extent, steps);
}

/* The order of the free block that contains a page, or BUDDY_TREE_ORDERS_MAX. */
static unsigned containing(const struct buddy *self, uint64_t index)
{
	for (uint64_t orders = self->tree.nonempty; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		if (buddy_tree_is_free(&self->tree, log2, index))
			return log2;
	}
	return BUDDY_TREE_ORDERS_MAX;
}

static enum iova_status buddy_place(void *context, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	(void)cpu;
	struct buddy *self = context;
	if (first < self->space.first || first + count > self->space.first + self->space.count)
		return IOVA_TAKEN;
	uint64_t index = first - self->base, end = index + count;
	for (uint64_t at = index; at < end;) {
		unsigned log2 = containing(self, at);
		if (log2 == BUDDY_TREE_ORDERS_MAX)
			return IOVA_TAKEN;
		at = ((at >> log2) + 1) << log2;
	}
	for (uint64_t at = index; at < end;) {
		unsigned log2 = containing(self, at);
		uint64_t block = at >> log2 << log2, block_end = block + (UINT64_C(1) << log2);
		buddy_tree_take_out(&self->tree, log2, block);
		buddy_tree_insert_range(&self->tree, block, at, NULL);
		buddy_tree_insert_range(&self->tree, end, block_end, NULL);
		at = block_end;
	}
	return give(self, index, count, extent);
}

static void buddy_visit_free(void *context, iova_visit visit, void *visit_context)
{
	struct buddy *self = context;
	for (uint64_t orders = self->tree.nonempty; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		uint64_t last = (self->space.first - self->base + self->space.count - 1) >> log2;
		for (uint64_t at = 0; at <= last; at++) {
			uint64_t index = buddy_tree_search_from(&self->tree, log2, at << log2, false, NULL);
			if (index == BUDDY_TREE_NOTHING)
				break;
			visit(visit_context, self->base + index, UINT64_C(1) << log2, IOVA_USABLE);
			at = index >> log2;
		}
	}
}

static void buddy_statistics(void *context, struct iova_statistics *statistics)
{
	const struct buddy *self = context;
	*statistics = (struct iova_statistics){0};
	for (unsigned log2 = 0; log2 <= self->tree.order_max; log2++)
		statistics->usable_pages += self->tree.orders[log2].blocks << log2;
}

static const char *buddy_broken_invariant(void *context)
{
	const struct buddy *self = context;
	uint64_t first = self->space.first - self->base;
	return buddy_tree_broken_invariant(&self->tree, first, first + self->space.count);
}

static void buddy_destroy(void *context)
{
	struct buddy *self = context;
	if (!self)
		return;
	buddy_tree_release(&self->tree);
	self->host->memory_put(self->host->context, self, sizeof(*self));
}

static enum iova_status buddy_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				     const struct iova_below *below, void **result, const char **reason)
{
	(void)below, (void)reason;
	struct buddy *self = host->memory_get(host->context, sizeof(*self));
	if (!self)
		return IOVA_NO_MEMORY;
	self->host = host;
	self->space = *space;
	self->first = (enum first)options[0];
	self->rounding = (enum rounding)options[1];
	unsigned order_max = bits_log2_ceil(space->count);
	/* Blocks are aligned by address: index 0 is the multiple of the largest order below the space. */
	self->base = bits_align_down(space->first, UINT64_C(1) << order_max);
	if (buddy_tree_create(&self->tree, order_max, self->first != FIRST_RECENT, self->first == FIRST_HIGH, host)) {
		buddy_destroy(self);
		return IOVA_NO_MEMORY;
	}
	uint64_t first = space->first - self->base;
	buddy_tree_insert_range(&self->tree, first, first + space->count, NULL);
	*result = self;
	return IOVA_OK;
}

static const char *const first_choices[] = {"recent", "low", "high", NULL};
static const char *const rounding_choices[] = {"pow2", "trim", NULL};

static const struct iova_option buddy_options[] = {
	{.name = "first",
	 .kind = IOVA_OPTION_CHOICE,
	 .default_value = FIRST_RECENT,
	 .choices = first_choices,
	 .help = "Which free block of the smallest sufficient order is taken: freed last, lowest or highest address."},
	{.name = "rounding",
	 .kind = IOVA_OPTION_CHOICE,
	 .default_value = ROUNDING_POW2,
	 .choices = rounding_choices,
	 .help = "What is granted: the whole power of two, or the pages asked for with the tail given back."},
};

const struct iova_allocator allocator_buddy = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "buddy",
	.about = "Power-of-two blocks aligned to their size, coalesced at once, in a tree of bitmaps.",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS,
	.options = buddy_options,
	.option_count = sizeof(buddy_options) / sizeof(buddy_options[0]),
	.create = buddy_create,
	.alloc = buddy_alloc,
	.free = buddy_free,
	.place = buddy_place,
	.visit_free = buddy_visit_free,
	.statistics = buddy_statistics,
	.broken_invariant = buddy_broken_invariant,
	.destroy = buddy_destroy,
	.alloc_counted = buddy_alloc_counted,
	.free_counted = buddy_free_counted,
};
