/* SPDX-License-Identifier: MIT
 * buddy: blocks of 2^order pages, aligned to their size, coalesced at once. docs/buddy.md has the picture. */
#include "allocator/buddy/tree.h"
#include "allocator/builtin.h"
#include "base/bits.h"
#include "allocator/contract.h"

#include <assert.h>
#include <stdbool.h>

enum first {
	FIRST_RECENT,
	FIRST_LOW,
	FIRST_HIGH,
};

enum rounding {
	ROUNDING_POW2,
	ROUNDING_TRIM,
};

enum { OPTION_FIRST, OPTION_ROUNDING, OPTION_PRESET };

enum preset {
	PRESET_NONE,
	PRESET_HAL,
};

/* 2.13 bits for each of these are more addresses than a host can be asked for. */
#define TREE_PAGES_MAX (UINT64_C(1) << 45)

struct buddy {
	struct iova_space space;
	uint64_t base; /* page of index 0, a multiple of the largest block */
	uint64_t free_pages;
	enum first first;
	enum rounding rounding;
	bool rare; /* allocations take the general way */
	enum buddy_tree_use frees;
	bool hal;    /* places no given address after the first allocation */
	bool closed; /* hal, and that was */
	const struct iova_host *host;
	struct buddy_tree tree;
};

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
	if (high < low || high - low < count - 1)
		return false;
	window->lowest = bits_align_up(low, window->step);
	window->highest = bits_align_down(high - (count - 1), window->step);
	return window->lowest <= window->highest;
}

/* The request says from which end. */
static bool is_directed(const struct iova_request *request)
{
	return request->constraints & (IOVA_CONSTRAIN_BOTTOM | IOVA_CONSTRAIN_TOP);
}

/* Which end of a window is looked at first. */
static bool searches_downwards(const struct buddy *self, const struct iova_request *request)
{
	if (is_directed(request))
		return request->constraints & IOVA_CONSTRAIN_TOP;
	return self->first == FIRST_HIGH;
}

/* The index that knows blocks in the order in which the request wants them. */
static struct gap_index *index_for(struct buddy *self, const struct iova_request *request)
{
	return is_directed(request) ? &self->tree.directed : &self->tree.index;
}

/* The free block of one order that a request of 2^wanted pages can be cut from, and *start, where: the first in the
 * direction. Jumps from candidate to candidate, so that it looks at no more blocks than there are multiples of step in
 * the window. */
static uint64_t search_window(struct buddy *self, unsigned log2, const struct iova_request *request,
			      const struct window *window, uint64_t *start, struct iova_steps *steps)
{
	unsigned wanted = bits_log2_ceil(request->count);
	bool downwards = searches_downwards(self, request);
	struct gap_index *index = index_for(self, request);
	uint64_t size = UINT64_C(1) << log2, need = UINT64_C(1) << wanted;
	uint64_t page = downwards ? window->highest : window->lowest;
	for (;;) {
		uint64_t block = buddy_tree_search_from(&self->tree, log2, (page - self->base) >> log2, downwards, steps);
		if (block == BUDDY_TREE_NOTHING)
			return BUDDY_TREE_NOTHING;
		uint64_t first = self->base + (block << log2), last = first + size - need;
		if (downwards) {
			page = bits_align_down(last < window->highest ? last : window->highest, window->step);
			if (page < window->lowest)
				return BUDDY_TREE_NOTHING;
		} else {
			page = bits_align_up(first > window->lowest ? first : window->lowest, window->step);
			if (page > window->highest)
				return BUDDY_TREE_NOTHING;
		}
		if (page >= first && page <= last) {
			*start = page - self->base;
			return block;
		}
		gap_index_tried(index);
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
	if (is_directed(request))
		return true;
	return constraints & IOVA_CONSTRAIN_LIMIT &&
	       (request->low > self->space.first || request->high < self->space.first + self->space.count - 1);
}

INLINE enum iova_status give(struct buddy *self, uint64_t index, uint64_t count, struct iova_extent *extent)
{
	self->free_pages -= count;
	*extent = (struct iova_extent){self->base + index, count, 0};
	return IOVA_OK;
}

INLINE uint64_t granted_pages(const struct buddy *self, unsigned log2, uint64_t count)
{
	return self->rounding == ROUNDING_TRIM ? count : UINT64_C(1) << log2;
}

struct found {
	uint64_t block, start;
	unsigned log2;
};

/* In the smallest order that has a place; where the request says from where, the outermost place of all orders. */
static struct found search_orders(struct buddy *self, const struct iova_request *request, const struct window *window,
				  struct iova_steps *steps)
{
	bool directed = is_directed(request), downwards = searches_downwards(self, request);
	struct found found = {.block = BUDDY_TREE_NOTHING};
	unsigned wanted = bits_log2_ceil(request->count);
	for (uint64_t orders = self->tree.nonempty >> wanted << wanted; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		uint64_t start, block = search_window(self, log2, request, window, &start, steps);
		if (block == BUDDY_TREE_NOTHING)
			continue;
		if (found.block == BUDDY_TREE_NOTHING || (downwards ? start > found.start : start < found.start))
			found = (struct found){block, start, log2};
		if (!directed)
			break;
	}
	return found;
}

/* What calls do not tell an index may pass it by. */
static void choose_ways(struct buddy *self)
{
	bool indexed = buddy_tree_is_indexed(&self->tree);
	self->rare = self->rounding == ROUNDING_TRIM || indexed;
	self->frees = indexed                       ? BUDDY_TREE_GENERAL
		      : self->first == FIRST_RECENT ? BUDDY_TREE_QUICK_RECENT
						    : BUDDY_TREE_QUICK_BY_ADDRESS;
}

/* By the index: the same place as in the orders. */
static struct found search_index(struct buddy *self, const struct iova_request *request, const struct window *window,
				 struct iova_steps *steps)
{
	struct gap_index *index = index_for(self, request);
	uint64_t need = bits_power_of_two_ceil(request->count), start;
	const struct gap_wish wish = {need, window->step, 0, window->lowest, window->highest + need};
	bool downwards = searches_downwards(self, request);
	uint32_t found = gap_index_find(index, &wish, is_directed(request) && downwards, downwards, &start,
					steps ? &steps->examined : NULL);
	if (!found)
		return (struct found){.block = BUDDY_TREE_NOTHING};
	unsigned log2 = bits_log2_floor(index->tree.gaps[found].length);
	return (struct found){(start - self->base) >> log2, start - self->base, log2};
}

static struct found search(struct buddy *self, const struct iova_request *request, const struct window *window,
			   struct iova_steps *steps)
{
	struct gap_index *index = index_for(self, request);
	if (gap_index_is_wanted(index) && gap_index_begin(index, self->host)) {
		buddy_tree_file(&self->tree, index, steps);
		choose_ways(self);
	}
	bool in_order = !is_directed(request) && self->first != FIRST_HIGH; /* blocks are filed as they are looked at */
	if (index->on && (index->whole || in_order)) {
		const struct found found = search_index(self, request, window, steps);
		if (index->whole || found.block != BUDDY_TREE_NOTHING)
			return found;
	}
	gap_index_walk(index);
	return search_orders(self, request, window, steps);
}

static enum iova_status alloc_constrained(struct buddy *self, const struct iova_request *request,
					  struct iova_extent *extent, struct iova_steps *steps)
{
	struct window window;
	if (!window_of(self, request, &window))
		return IOVA_NO_SPACE;
	buddy_tree_settle(&self->tree);
	const struct found found = search(self, request, &window, steps);
	if (found.block == BUDDY_TREE_NOTHING)
		return IOVA_NO_SPACE;
	uint64_t granted = granted_pages(self, bits_log2_ceil(request->count), request->count);
	buddy_tree_take_out(&self->tree, BUDDY_TREE_GENERAL, found.log2, found.block);
	buddy_tree_insert_range(&self->tree, found.block << found.log2, found.start, steps);
	buddy_tree_insert_range(&self->tree, found.start + granted, (found.block + 1) << found.log2, steps);
	return give(self, found.start, granted, extent);
}

/* Halves a block, which has been taken out, down to the wanted order. Returns what remains of it. */
INLINE uint64_t split(struct buddy_tree *tree, enum buddy_tree_use use, enum first first, uint64_t block, unsigned log2,
		      unsigned wanted)
{
	while (log2-- > wanted) {
		block = block << 1 | (first == FIRST_HIGH);
		buddy_tree_insert(tree, use, log2, block ^ 1);
	}
	return block;
}

/* The requests that the functions below leave to it, and all that are counted. */
static enum iova_status alloc_any(struct buddy *self, const struct iova_request *request, struct iova_extent *extent,
				  struct iova_steps *steps)
{
	struct buddy_tree *tree = &self->tree;
	uint64_t count = request->count;
	if (count > self->space.count)
		return IOVA_NO_SPACE;
	if (binds(self, request))
		return alloc_constrained(self, request, extent, steps);
	unsigned wanted = bits_log2_ceil(count);
	uint64_t orders = tree->nonempty >> wanted;
	if (!orders)
		return IOVA_NO_SPACE;
	unsigned log2 = wanted + (unsigned)__builtin_ctzll(orders);
	uint64_t block = buddy_tree_search_all(tree, log2, steps);
	buddy_tree_take_out(tree, BUDDY_TREE_GENERAL, log2, block);
	if (steps)
		steps->splits += log2 - wanted;
	block = split(tree, BUDDY_TREE_GENERAL, self->first, block, log2, wanted);
	uint64_t index = block << wanted, granted = granted_pages(self, wanted, count);
	buddy_tree_insert_range(tree, index + granted, (block + 1) << wanted, steps);
	return give(self, index, granted, extent);
}

/* Below are the usual cases again, each without a call that would need registers saved. */
static __attribute__((noinline)) enum iova_status split_recent(struct buddy *self, uint64_t block, unsigned log2,
							       unsigned wanted, struct iova_extent *extent)
{
	block = split(&self->tree, BUDDY_TREE_QUICK_RECENT, FIRST_RECENT, block, log2, wanted);
	return give(self, block << wanted, UINT64_C(1) << wanted, extent);
}

static __attribute__((noinline)) enum iova_status split_low(struct buddy *self, uint64_t block, unsigned log2,
							    unsigned wanted, struct iova_extent *extent)
{
	block = split(&self->tree, BUDDY_TREE_QUICK_BY_ADDRESS, FIRST_LOW, block, log2, wanted);
	return give(self, block << wanted, UINT64_C(1) << wanted, extent);
}

static __attribute__((noinline)) enum iova_status split_high(struct buddy *self, uint64_t block, unsigned log2,
							     unsigned wanted, struct iova_extent *extent)
{
	block = split(&self->tree, BUDDY_TREE_QUICK_BY_ADDRESS, FIRST_HIGH, block, log2, wanted);
	return give(self, block << wanted, UINT64_C(1) << wanted, extent);
}

static __attribute__((noinline)) enum iova_status alloc_recent(struct buddy *self, const struct iova_request *request,
							       struct iova_extent *extent)
{
	struct buddy_tree *tree = &self->tree;
	uint64_t count = request->count;
	if (UNLIKELY(count > self->space.count))
		return IOVA_NO_SPACE;
	if (UNLIKELY(request->constraints & ~IOVA_CONSTRAIN_NO_DRAIN))
		return alloc_any(self, request, extent, NULL);
	unsigned wanted = bits_log2_ceil(count);
	uint64_t orders = tree->nonempty >> wanted;
	if (UNLIKELY(!orders))
		return IOVA_NO_SPACE;
	unsigned log2 = wanted + (unsigned)__builtin_ctzll(orders);
	if (UNLIKELY(!tree->orders[log2].held))
		return alloc_any(self, request, extent, NULL);
	uint64_t block = buddy_tree_pop(&tree->orders[log2]);
	if (UNLIKELY(!buddy_tree_is_free(tree, log2, block)))
		return alloc_any(self, request, extent, NULL);
	buddy_tree_take_out(tree, BUDDY_TREE_QUICK_RECENT, log2, block);
	if (log2 != wanted)
		return split_recent(self, block, log2, wanted, extent);
	return give(self, block << wanted, UINT64_C(1) << wanted, extent);
}

INLINE enum iova_status alloc_by_address(struct buddy *self, enum first first, const struct iova_request *request,
					 struct iova_extent *extent)
{
	struct buddy_tree *tree = &self->tree;
	uint64_t count = request->count;
	if (UNLIKELY(count > self->space.count))
		return IOVA_NO_SPACE;
	if (UNLIKELY(request->constraints & ~IOVA_CONSTRAIN_NO_DRAIN))
		return alloc_any(self, request, extent, NULL);
	unsigned wanted = bits_log2_ceil(count);
	uint64_t orders = tree->nonempty >> wanted;
	if (UNLIKELY(!orders))
		return IOVA_NO_SPACE;
	unsigned log2 = wanted + (unsigned)__builtin_ctzll(orders);
	uint64_t block = buddy_tree_take_first(tree, first == FIRST_HIGH, log2);
	if (log2 != wanted)
		return first == FIRST_LOW ? split_low(self, block, log2, wanted, extent)
					  : split_high(self, block, log2, wanted, extent);
	return give(self, block << wanted, UINT64_C(1) << wanted, extent);
}

static __attribute__((noinline)) enum iova_status alloc_low(struct buddy *self, const struct iova_request *request,
							    struct iova_extent *extent)
{
	return alloc_by_address(self, FIRST_LOW, request, extent);
}

static __attribute__((noinline)) enum iova_status alloc_high(struct buddy *self, const struct iova_request *request,
							     struct iova_extent *extent)
{
	return alloc_by_address(self, FIRST_HIGH, request, extent);
}

static __attribute__((noinline)) enum iova_status alloc_rare(struct buddy *self, const struct iova_request *request,
							     struct iova_extent *extent, struct iova_steps *steps)
{
	struct buddy_tree *tree = &self->tree;
	if (gap_index_is_filing(&tree->index))
		buddy_tree_file(tree, &tree->index, steps);
	if (gap_index_is_filing(&tree->directed))
		buddy_tree_file(tree, &tree->directed, steps);
	enum iova_status status = alloc_any(self, request, extent, steps);
	if (status == IOVA_OK) {
		self->closed = self->hal;
		choose_ways(self);
	}
	return status;
}

static enum iova_status buddy_alloc(void *context, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	struct buddy *self = context;
	if (UNLIKELY(self->rare))
		return alloc_rare(self, request, extent, NULL);
	if (self->first == FIRST_RECENT)
		return alloc_recent(self, request, extent);
	return self->first == FIRST_LOW ? alloc_low(self, request, extent) : alloc_high(self, request, extent);
}

static enum iova_status buddy_alloc_counted(void *context, const struct iova_request *request, uint32_t cpu,
					    struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	return alloc_rare(context, request, extent, steps);
}

INLINE void release(struct buddy *self, enum buddy_tree_use use, const struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_range_is_inside(extent->first, extent->count, self->space.first,
					self->space.first + self->space.count));
	uint64_t page = extent->first - self->base, count = extent->count;
	self->free_pages += count;
	if (UNLIKELY((count & (count - 1)) | (page & (count - 1)))) {
		buddy_tree_release_range(&self->tree, page, page + count, steps);
		return;
	}
	unsigned log2 = (unsigned)__builtin_ctzll(count);
	buddy_tree_release_block(&self->tree, use, log2, page >> log2, steps);
}

static __attribute__((noinline)) void free_by_address(struct buddy *self, const struct iova_extent *extent)
{
	release(self, BUDDY_TREE_QUICK_BY_ADDRESS, extent, NULL);
}

static __attribute__((noinline)) void free_recent(struct buddy *self, const struct iova_extent *extent)
{
	release(self, BUDDY_TREE_QUICK_RECENT, extent, NULL);
}

static __attribute__((noinline)) void free_any(struct buddy *self, const struct iova_extent *extent)
{
	release(self, BUDDY_TREE_GENERAL, extent, NULL);
}

static void buddy_free(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct buddy *self = context;
	if (self->frees == BUDDY_TREE_QUICK_RECENT)
		free_recent(self, extent);
	else if (self->frees == BUDDY_TREE_QUICK_BY_ADDRESS)
		free_by_address(self, extent);
	else
		free_any(self, extent);
}

static void buddy_free_counted(void *context, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	(void)cpu;
	struct buddy *self = context;
	release(self, BUDDY_TREE_GENERAL, extent, steps);
}

#define NO_ORDER BUDDY_TREE_ORDERS_MAX

/* The order of the free block that contains a page, or NO_ORDER. */
static unsigned containing(const struct buddy *self, uint64_t index)
{
	for (uint64_t orders = self->tree.nonempty; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		if (buddy_tree_is_free(&self->tree, log2, index >> log2))
			return log2;
	}
	return NO_ORDER;
}

static enum iova_status buddy_place(void *context, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	assert(count);
	(void)cpu;
	struct buddy *self = context;
	if (self->closed)
		return IOVA_UNSUPPORTED;
	if (first < self->space.first || first + count > self->space.first + self->space.count)
		return IOVA_TAKEN;
	uint64_t index = first - self->base, end = index + count;
	for (uint64_t at = index; at < end;) {
		unsigned log2 = containing(self, at);
		if (log2 == NO_ORDER)
			return IOVA_TAKEN;
		at = ((at >> log2) + 1) << log2;
	}
	for (uint64_t at = index; at < end;) {
		unsigned log2 = containing(self, at);
		uint64_t block = at >> log2, block_end = (block + 1) << log2;
		buddy_tree_take_out(&self->tree, BUDDY_TREE_GENERAL, log2, block);
		buddy_tree_insert_range(&self->tree, block << log2, at, NULL);
		buddy_tree_insert_range(&self->tree, end, block_end, NULL);
		at = block_end;
	}
	return give(self, index, count, extent);
}

static void buddy_visit_free(void *context, iova_visit visit, void *visit_context)
{
	struct buddy *self = context;
	buddy_tree_settle(&self->tree);
	for (uint64_t orders = self->tree.nonempty; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		uint64_t last = (self->space.first - self->base + self->space.count - 1) >> log2;
		for (uint64_t at = 0; at <= last; at++) {
			at = buddy_tree_search_from(&self->tree, log2, at, false, NULL);
			if (at == BUDDY_TREE_NOTHING)
				break;
			visit(visit_context, self->base + (at << log2), UINT64_C(1) << log2, IOVA_USABLE);
		}
	}
}

static void buddy_statistics(void *context, struct iova_statistics *statistics)
{
	const struct buddy *self = context;
	*statistics = (struct iova_statistics){.usable_pages = self->free_pages};
}

static const char *buddy_broken_invariant(void *context)
{
	const struct buddy *self = context;
	uint64_t first = self->space.first - self->base, free_pages;
	const char *broken = buddy_tree_broken_invariant(&self->tree, first, first + self->space.count, &free_pages);
	if (!broken && free_pages != self->free_pages)
		return "the free pages are counted";
	if (!broken && buddy_tree_is_indexed(&self->tree) && (!self->rare || self->frees != BUDDY_TREE_GENERAL))
		return "while the index is on, no call passes it by";
	broken = broken ? broken : gap_index_check(&self->tree.index, buddy_visit_free, context);
	return broken ? broken : gap_index_check(&self->tree.directed, buddy_visit_free, context);
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
	(void)below;
	bool hal = options[OPTION_PRESET] == PRESET_HAL;
	if (hal && options[OPTION_FIRST] == FIRST_HIGH) {
		*reason = "preset=hal takes low addresses first, first=high the high ones";
		return IOVA_UNSUPPORTED;
	}
	unsigned order_max = bits_log2_ceil(space->count);
	/* Blocks are aligned by address: index 0 is the multiple of the largest order below the space. */
	uint64_t base = bits_align_down(space->first, UINT64_C(1) << order_max);
	uint64_t first = space->first - base, end = first + space->count;
	if (end > TREE_PAGES_MAX) {
		*reason = "its tree is for 2^45 pages at most, counted from a multiple of the largest block";
		return IOVA_UNSUPPORTED;
	}
	struct buddy *self = host->memory_get(host->context, sizeof(*self));
	if (!self)
		return IOVA_NO_MEMORY;
	self->host = host;
	self->space = *space;
	self->base = base;
	self->hal = hal;
	self->first = hal ? FIRST_LOW : (enum first)options[OPTION_FIRST];
	self->rounding = (enum rounding)options[OPTION_ROUNDING];
	choose_ways(self);
	self->rare |= hal;
	if (buddy_tree_create(&self->tree, order_max, end, self->first != FIRST_RECENT, self->first == FIRST_HIGH, host)) {
		buddy_destroy(self);
		return IOVA_NO_MEMORY;
	}
	self->tree.base = base;
	buddy_tree_insert_range(&self->tree, first, end, NULL);
	self->free_pages = space->count;
	*result = self;
	return IOVA_OK;
}

static const char *const first_choices[] = {"recent", "low", "high", NULL};
static const char *const rounding_choices[] = {"pow2", "trim", NULL};
static const char *const preset_choices[] = {"none", "hal", NULL};
static const uint64_t preset_without[] = {0, IOVA_EXPLICIT};

static const struct iova_option buddy_options[] = {
	[OPTION_FIRST] = {.name = "first",
			  .kind = IOVA_OPTION_CHOICE,
			  .default_value = FIRST_RECENT,
			  .choices = first_choices,
			  .help = "Which free block of the smallest sufficient order is taken: freed last, lowest or "
				  "highest address."},
	[OPTION_ROUNDING] =
		{.name = "rounding",
		 .kind = IOVA_OPTION_CHOICE,
		 .default_value = ROUNDING_POW2,
		 .choices = rounding_choices,
		 .help = "What is granted: the whole power of two, or the pages asked for with the tail given back."},
	[OPTION_PRESET] = {.name = "preset",
			   .kind = IOVA_OPTION_CHOICE,
			   .default_value = PRESET_NONE,
			   .choices = preset_choices,
			   .help = "hal: as Windows documents its own, low addresses first and no address of the caller's "
				   "choice; its cache is magazine+ in front.",
			   .without = preset_without},
};

const struct iova_allocator allocator_buddy = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "buddy",
	.about = "Power-of-two blocks aligned to their size, coalesced at once, in a tree of bitmaps.",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS | IOVA_DIRECTION,
	.promise = IOVA_PROMISE_BUDDY,
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
