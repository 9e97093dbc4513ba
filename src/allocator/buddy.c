/* SPDX-License-Identifier: MIT
 * buddy: blocks of 2^order pages, aligned to their size, coalesced at once. docs/buddy.md has the picture.
 *
 * A tree of fan-out 64 over the pages. A node of level l covers 64 units of 64^l pages and holds
 *  - words[0], words[1]: its free blocks of the orders 6l … 6l + 5 as a binary tree in 128 bits, like a heap: the unit u is bit
 *    64 + u, a block of 2^s units starting there is bit (64 + u) >> s, its buddy is that bit with the lowest one flipped;
 *  - words[2 + order] for the orders below 6l: which of its 64 children may hold a free block of that order.
 * The first kind is the truth. The second is a superset of it: set with the block, cleared by a search that found nothing. */
#include "allocator/builtin.h"
#include "base/bits.h"

#include <stdbool.h>

#define INLINE static inline __attribute__((always_inline))
#define NOTHING UINT64_MAX

#define FAN_OUT_LOG2 6
#define ORDERS_PER_LEVEL FAN_OUT_LOG2
#define LEVELS_MAX 9
#define ORDERS_MAX (LEVELS_MAX * ORDERS_PER_LEVEL)
/* Spaces end at 2^52, and a block index has one bit more than the order of the whole space. */
_Static_assert(ORDERS_MAX > 52 + 1, "the levels cover every space");

#define RECENT 126 /* makes struct order 1 KiB; shorter rings forget too much, and then the tree is searched */

enum first {
	FIRST_RECENT,
	FIRST_LOW,
	FIRST_HIGH,
};

enum rounding {
	ROUNDING_POW2,
	ROUNDING_TRIM,
};

/* What is known of the free blocks of one order. */
struct order {
	uint64_t blocks;         /* exact */
	uint64_t newest;         /* in recent */
	uint64_t recent[RECENT]; /* a ring of blocks that were free once; the tree tells whether they still are */
};

/* Where the bits of an order are. */
struct place {
	uint64_t *nodes;   /* of its level */
	uint64_t *parents; /* in the first node of the level above: the word about this order */
	uint8_t node_log2; /* pages of a node */
	uint8_t stride_log2;
	uint8_t parent_stride_log2;
	uint8_t slots; /* blocks of this order in a node, and the bit of the first one */
};

struct buddy {
	uint64_t nonempty; /* bit per order: blocks != 0 */
	uint64_t base;     /* page of index 0, a multiple of the largest block */
	enum first first;
	enum rounding rounding;
	unsigned top; /* level of the root */
	unsigned order_max;
	uint64_t all_set; /* stands in for the parent of the root */
	uint64_t *levels[LEVELS_MAX];
	size_t level_bytes[LEVELS_MAX];
	struct iova_space space;
	const struct iova_host *host;
	struct order orders[ORDERS_MAX];
	struct place places[ORDERS_MAX];
};

/* Words of a node: powers of two, so that an index is a shift. */
static unsigned stride_log2(unsigned level)
{
	return bits_log2_ceil(2 + (uint64_t)level * ORDERS_PER_LEVEL);
}

INLINE unsigned level_of(unsigned order)
{
	return order / ORDERS_PER_LEVEL;
}

/* The word and the bit of a block. */
INLINE uint64_t *block_word(const struct place *place, unsigned log2, uint64_t index, uint64_t *bit)
{
	uint64_t position = ((index >> log2) & (place->slots - 1u)) | place->slots;
	*bit = UINT64_C(1) << (position & 63);
	return place->nodes + ((index >> place->node_log2) << place->stride_log2) + (position >> 6);
}

INLINE bool is_free(const struct buddy *self, unsigned log2, uint64_t index)
{
	uint64_t bit, *word = block_word(&self->places[log2], log2, index, &bit);
	return *word & bit;
}

/* Tells the nodes above that the node of this block has one. */
static void mark_ancestors(struct buddy *self, unsigned log2, uint64_t index)
{
	uint64_t node = index >> self->places[log2].node_log2;
	for (unsigned level = level_of(log2) + 1; level <= self->top; level++, node >>= FAN_OUT_LOG2) {
		uint64_t *word = self->levels[level] + ((node >> FAN_OUT_LOG2) << stride_log2(level)) + 2 + log2;
		uint64_t bit = UINT64_C(1) << (node & 63);
		if (*word & bit)
			return;
		*word |= bit;
	}
}

/* Branches that are foretold break the chain from one call's mask to the next one's; a mask made without them is 1.8 times slower
 * when blocks come and go. */
INLINE void count_in(struct buddy *self, unsigned log2, uint64_t index)
{
	struct order *order = &self->orders[log2];
	if (__builtin_expect(!order->blocks++, 0))
		self->nonempty |= UINT64_C(1) << log2;
	order->newest = order->newest == RECENT - 1 ? 0 : order->newest + 1;
	order->recent[order->newest] = index;
}

INLINE void count_out(struct buddy *self, unsigned log2)
{
	if (__builtin_expect(!--self->orders[log2].blocks, 0))
		self->nonempty &= ~(UINT64_C(1) << log2);
}

INLINE void insert(struct buddy *self, unsigned log2, uint64_t index)
{
	const struct place *place = &self->places[log2];
	uint64_t bit, *word = block_word(place, log2, index, &bit);
	*word |= bit;
	count_in(self, log2, index);
	uint64_t node = index >> place->node_log2;
	uint64_t parent = place->parents[(node >> FAN_OUT_LOG2) << place->parent_stride_log2];
	if (__builtin_expect(!(parent >> (node & 63) & 1), 0))
		mark_ancestors(self, log2, index);
}

INLINE void take_out(struct buddy *self, unsigned log2, uint64_t index)
{
	uint64_t bit, *word = block_word(&self->places[log2], log2, index, &bit);
	*word &= ~bit;
	count_out(self, log2);
}

/* The same for orders of level 0, where the shape of a node is known: position is that of the block in the heap. */
INLINE uint64_t *small_node(const struct buddy *self, uint64_t index)
{
	return self->levels[0] + (index >> FAN_OUT_LOG2 << 1);
}

INLINE unsigned small_position(unsigned log2, uint64_t index)
{
	return (unsigned)(64 | (index & 63)) >> log2;
}

INLINE void insert_small(struct buddy *self, uint64_t *node, unsigned position, unsigned log2, uint64_t index)
{
	node[position >> 6] |= UINT64_C(1) << (position & 63);
	count_in(self, log2, index);
	uint64_t parent = self->levels[1][(index >> (2 * FAN_OUT_LOG2) << 3) + 2 + log2];
	if (__builtin_expect(!(parent >> (index >> FAN_OUT_LOG2 & 63) & 1), 0))
		mark_ancestors(self, log2, index);
}

/* Frees one block and coalesces. A buddy of the largest order is outside the space and never free, so the loop ends. */
static void release_large(struct buddy *self, unsigned log2, uint64_t index, struct iova_steps *steps)
{
	for (;; log2++) {
		uint64_t buddy = index ^ (UINT64_C(1) << log2);
		if (steps)
			steps->examined++;
		if (!is_free(self, log2, buddy))
			break;
		take_out(self, log2, buddy);
		index &= ~(UINT64_C(1) << log2);
		if (steps)
			steps->merges++;
	}
	insert(self, log2, index);
}

INLINE void release_block(struct buddy *self, unsigned log2, uint64_t index, struct iova_steps *steps)
{
	if (__builtin_expect(log2 >= ORDERS_PER_LEVEL, 0)) {
		release_large(self, log2, index, steps);
		return;
	}
	uint64_t *node = small_node(self, index);
	unsigned position = small_position(log2, index);
	/* Bit 0 is no block and never set: the loop ends at the root of the node, 1. */
	while (node[position >> 6] >> ((position ^ 1) & 63) & 1) {
		node[position >> 6] &= ~(UINT64_C(1) << ((position ^ 1) & 63));
		count_out(self, log2);
		position >>= 1;
		log2++;
		if (steps)
			steps->merges++, steps->examined++;
	}
	index = index >> log2 << log2;
	if (__builtin_expect(position == 1, 0)) {
		release_large(self, log2, index, steps);
		return;
	}
	if (steps)
		steps->examined++;
	insert_small(self, node, position, log2, index);
}

/* The largest block that starts at index and ends at or before end. */
INLINE unsigned aligned_log2(uint64_t index, uint64_t end)
{
	unsigned room = bits_log2_floor(end - index);
	unsigned alignment = index ? (unsigned)__builtin_ctzll(index) : 63;
	return alignment < room ? alignment : room;
}

static void release_range(struct buddy *self, uint64_t index, uint64_t end, struct iova_steps *steps)
{
	while (index < end) {
		unsigned log2 = aligned_log2(index, end);
		release_block(self, log2, index, steps);
		index += UINT64_C(1) << log2;
	}
}

/* Free pages whose buddies are in use: nothing coalesces. */
static void insert_range(struct buddy *self, uint64_t index, uint64_t end, struct iova_steps *steps)
{
	while (index < end) {
		unsigned log2 = aligned_log2(index, end);
		insert(self, log2, index);
		index += UINT64_C(1) << log2;
		if (steps)
			steps->splits++;
	}
}

/* Which slots of a node hold (or whose child may hold) a free block of the order. */
INLINE uint64_t held(const struct buddy *self, unsigned log2, unsigned level, uint64_t node)
{
	const uint64_t *words = self->levels[level] + (node << stride_log2(level));
	if (level > level_of(log2))
		return words[2 + log2];
	unsigned slots = self->places[log2].slots;
	return slots == 64 ? words[1] : (words[0] >> slots) & ((UINT64_C(1) << slots) - 1);
}

/* The free block of the order that comes first among the wanted slots of a node and all that follows it: upwards the lowest
 * address, downwards the highest. NOTHING if there is none. */
static uint64_t search(struct buddy *self, unsigned log2, unsigned level, uint64_t node, uint64_t wanted, bool downwards,
		       struct iova_steps *steps)
{
	for (;;) {
		uint64_t all = held(self, log2, level, node);
		uint64_t found = all & wanted;
		if (steps)
			steps->examined++;
		if (found) {
			uint64_t slot = downwards ? bits_log2_floor(found) : (unsigned)__builtin_ctzll(found);
			if (level == level_of(log2))
				return (node << self->places[log2].node_log2) + (slot << log2);
			node = node << FAN_OUT_LOG2 | slot;
			level--;
			wanted = ~UINT64_C(0);
			continue;
		}
		if (level == self->top)
			return NOTHING;
		uint64_t slot = node & 63;
		node >>= FAN_OUT_LOG2;
		level++;
		if (!all)
			self->levels[level][(node << stride_log2(level)) + 2 + log2] &= ~(UINT64_C(1) << slot);
		wanted = downwards ? (UINT64_C(1) << slot) - 1 : ~UINT64_C(1) << slot;
	}
}

static uint64_t search_all(struct buddy *self, unsigned log2, bool downwards, struct iova_steps *steps)
{
	return search(self, log2, self->top, 0, ~UINT64_C(0), downwards, steps);
}

/* From the block that contains index. */
static uint64_t search_from(struct buddy *self, unsigned log2, uint64_t index, bool downwards, struct iova_steps *steps)
{
	const struct place *place = &self->places[log2];
	uint64_t slot = (index >> log2) & (place->slots - 1u);
	uint64_t wanted = downwards ? ~UINT64_C(0) >> (63 - slot) : ~UINT64_C(0) << slot;
	return search(self, log2, level_of(log2), index >> place->node_log2, wanted, downwards, steps);
}

/* Takes the last entry off the ring. */
INLINE uint64_t pop_recent(struct order *order)
{
	uint64_t index = order->recent[order->newest];
	order->newest = order->newest ? order->newest - 1 : RECENT - 1;
	return index;
}

/* A free block of an order that has one, by the tree. */
static uint64_t choose(struct buddy *self, unsigned log2, struct iova_steps *steps)
{
	return search_all(self, log2, self->first == FIRST_HIGH, steps);
}

/* A block that was freed lately if one is known, else the lowest. */
static uint64_t choose_recent(struct buddy *self, unsigned log2, struct iova_steps *steps)
{
	for (unsigned tries = 0; tries < RECENT; tries++) {
		uint64_t index = pop_recent(&self->orders[log2]);
		if (steps)
			steps->examined++;
		if (is_free(self, log2, index))
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

/* False: no address satisfies the request. A block of at least count pages never crosses a boundary of at least count pages. */
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

/* The free block of one order that a request of 2^wanted pages can be cut from, and *start, where: the first in the direction.
 * Jumps from candidate to candidate, so that it looks at no more blocks than there are multiples of step in the window. */
static uint64_t search_window(struct buddy *self, unsigned log2, unsigned wanted, const struct window *window,
			      uint64_t *start, struct iova_steps *steps)
{
	bool downwards = self->first == FIRST_HIGH;
	uint64_t size = UINT64_C(1) << log2, need = UINT64_C(1) << wanted;
	uint64_t page = downwards ? window->highest : window->lowest;
	for (;;) {
		uint64_t index = search_from(self, log2, page - self->base, downwards, steps);
		if (index == NOTHING)
			return NOTHING;
		uint64_t block = self->base + index, last = block + size - need;
		if (downwards) {
			page = bits_align_down(last < window->highest ? last : window->highest, window->step);
			if (page < window->lowest)
				return NOTHING;
		} else {
			page = bits_align_up(block > window->lowest ? block : window->lowest, window->step);
			if (page > window->highest)
				return NOTHING;
		}
		if (page >= block && page <= last) {
			*start = page - self->base;
			return index;
		}
	}
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
	for (uint64_t orders = self->nonempty >> wanted << wanted; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		uint64_t start, index = search_window(self, log2, wanted, &window, &start, steps);
		if (index == NOTHING)
			continue;
		uint64_t granted = granted_pages(self, wanted, request->count);
		take_out(self, log2, index);
		insert_range(self, index, start, steps);
		insert_range(self, start + granted, index + (UINT64_C(1) << log2), steps);
		return give(self, start, granted, extent);
	}
	return IOVA_NO_SPACE;
}

/* Takes a block of order log2 from which 2^wanted pages are cut, from its low end or its high end. */
static uint64_t cut(struct buddy *self, unsigned log2, unsigned wanted, struct iova_steps *steps)
{
	bool high = self->first == FIRST_HIGH;
	uint64_t index = self->first == FIRST_RECENT ? choose_recent(self, log2, steps) : choose(self, log2, steps);
	take_out(self, log2, index);
	while (log2-- > wanted) {
		uint64_t half = UINT64_C(1) << log2;
		insert(self, log2, high ? index : index + half);
		index += high ? half : 0;
	}
	return index;
}

/* The same for small orders and FIRST_RECENT: what most calls do. */
INLINE uint64_t cut_small_recent(struct buddy *self, unsigned log2, unsigned wanted, struct iova_steps *steps)
{
	uint64_t index, *node;
	unsigned position, tries = 0;
	do {
		index = __builtin_expect(tries++ < RECENT, 1) ? pop_recent(&self->orders[log2]) : choose(self, log2, steps);
		node = small_node(self, index);
		position = small_position(log2, index);
		if (steps)
			steps->examined++;
	} while (!(node[position >> 6] >> (position & 63) & 1));
	node[position >> 6] &= ~(UINT64_C(1) << (position & 63));
	count_out(self, log2);
	while (log2-- > wanted) {
		position <<= 1;
		insert_small(self, node, position + 1, log2, index + (UINT64_C(1) << log2));
	}
	return index;
}

INLINE enum iova_status allocate(struct buddy *self, const struct iova_request *request, struct iova_extent *extent,
				 struct iova_steps *steps)
{
	uint64_t count = request->count;
	if (__builtin_expect(count > self->space.count, 0))
		return IOVA_NO_SPACE;
	if (__builtin_expect(request->constraints & ~IOVA_CONSTRAIN_NO_DRAIN, 0))
		return alloc_constrained(self, request, extent, steps);
	unsigned wanted = bits_log2_ceil(count);
	uint64_t orders = self->nonempty >> wanted;
	if (__builtin_expect(!orders, 0))
		return IOVA_NO_SPACE;
	unsigned log2 = wanted + (unsigned)__builtin_ctzll(orders);
	bool usual = log2 < ORDERS_PER_LEVEL && self->first == FIRST_RECENT;
	uint64_t index =
		__builtin_expect(usual, 1) ? cut_small_recent(self, log2, wanted, steps) : cut(self, log2, wanted, steps);
	uint64_t granted = granted_pages(self, wanted, count);
	if (steps)
		steps->splits += log2 - wanted;
	if (granted != UINT64_C(1) << wanted)
		insert_range(self, index + granted, index + (UINT64_C(1) << wanted), steps);
	return give(self, index, granted, extent);
}

INLINE void release(struct buddy *self, const struct iova_extent *extent, struct iova_steps *steps)
{
	uint64_t index = extent->first - self->base, count = extent->count;
	if (__builtin_expect(!(count & (count - 1)) && !(index & (count - 1)), 1))
		release_block(self, (unsigned)__builtin_ctzll(count), index, steps);
	else
		release_range(self, index, index + count, steps);
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

/* The order of the free block that contains a page, or ORDERS_MAX. */
static unsigned containing(const struct buddy *self, uint64_t index)
{
	for (uint64_t orders = self->nonempty; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		if (is_free(self, log2, index))
			return log2;
	}
	return ORDERS_MAX;
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
		if (log2 == ORDERS_MAX)
			return IOVA_TAKEN;
		at = ((at >> log2) + 1) << log2;
	}
	for (uint64_t at = index; at < end;) {
		unsigned log2 = containing(self, at);
		uint64_t block = at >> log2 << log2, block_end = block + (UINT64_C(1) << log2);
		take_out(self, log2, block);
		insert_range(self, block, at, NULL);
		insert_range(self, end, block_end, NULL);
		at = block_end;
	}
	return give(self, index, count, extent);
}

static void buddy_visit_free(void *context, iova_visit visit, void *visit_context)
{
	struct buddy *self = context;
	for (uint64_t orders = self->nonempty; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		uint64_t last = (self->space.first - self->base + self->space.count - 1) >> log2;
		for (uint64_t at = 0; at <= last; at++) {
			uint64_t index = search_from(self, log2, at << log2, false, NULL);
			if (index == NOTHING)
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
	for (unsigned log2 = 0; log2 <= self->order_max; log2++)
		statistics->usable_pages += self->orders[log2].blocks << log2;
}

/* Every node above says that a block may be below. */
static bool is_marked(const struct buddy *self, unsigned log2, uint64_t index)
{
	uint64_t node = index >> self->places[log2].node_log2;
	for (unsigned level = level_of(log2) + 1; level <= self->top; level++, node >>= FAN_OUT_LOG2)
		if (!(held(self, log2, level, node >> FAN_OUT_LOG2) >> (node & 63) & 1))
			return false;
	return true;
}

static const char *broken_block(const struct buddy *self, unsigned log2, uint64_t index)
{
	if (!is_marked(self, log2, index))
		return "every node above a free block is marked for its order";
	uint64_t first = self->space.first - self->base;
	if (index < first || index + (UINT64_C(1) << log2) > first + self->space.count)
		return "free blocks lie in the space";
	if (is_free(self, log2, index ^ (UINT64_C(1) << log2)))
		return "no free block has a free buddy";
	for (unsigned larger = log2 + 1; larger <= self->order_max; larger++)
		if (is_free(self, larger, index))
			return "no free block lies in another";
	return NULL;
}

static const char *buddy_broken_invariant(void *context)
{
	const struct buddy *self = context;
	uint64_t end = self->space.first - self->base + self->space.count;
	for (unsigned log2 = 0; log2 < ORDERS_MAX; log2++) {
		const struct place *place = &self->places[log2];
		uint64_t blocks = 0;
		for (uint64_t node = 0; log2 <= self->order_max && node << place->node_log2 < end; node++) {
			uint64_t free = held(self, log2, level_of(log2), node);
			for (; free; free &= free - 1, blocks++) {
				uint64_t slot = (uint64_t)__builtin_ctzll(free);
				const char *broken = broken_block(self, log2, (node << place->node_log2) + (slot << log2));
				if (broken)
					return broken;
			}
		}
		if (blocks != self->orders[log2].blocks)
			return "the free blocks of an order are counted";
		if ((self->nonempty >> log2 & 1) != (blocks != 0))
			return "an order is nonempty when it has a free block";
	}
	return NULL;
}

static void buddy_destroy(void *context)
{
	struct buddy *self = context;
	if (!self)
		return;
	for (unsigned level = 0; level < LEVELS_MAX; level++)
		self->host->memory_put(self->host->context, self->levels[level], self->level_bytes[level]);
	self->host->memory_put(self->host->context, self, sizeof(*self));
}

static void place_init(struct buddy *self, unsigned log2)
{
	unsigned level = level_of(log2);
	self->places[log2] = (struct place){
		.nodes = self->levels[level],
		.parents = level < self->top ? self->levels[level + 1] + 2 + log2 : &self->all_set,
		.node_log2 = (uint8_t)((level + 1) * FAN_OUT_LOG2),
		.stride_log2 = (uint8_t)stride_log2(level),
		.parent_stride_log2 = (uint8_t)stride_log2(level + 1),
		.slots = (uint8_t)(64u >> log2 % ORDERS_PER_LEVEL),
	};
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
	self->all_set = ~UINT64_C(0);
	self->order_max = bits_log2_ceil(space->count);
	/* Blocks are aligned by address: index 0 is the multiple of the largest order below the space. */
	self->base = bits_align_down(space->first, UINT64_C(1) << self->order_max);
	/* Small blocks are told to a level above them in any case. */
	self->top = self->order_max + 1 < ORDERS_PER_LEVEL ? 1 : level_of(self->order_max + 1);
	uint64_t pages = UINT64_C(1) << (self->order_max + 1);
	for (unsigned level = 0; level <= self->top; level++) {
		uint64_t nodes = ((pages - 1) >> ((level + 1) * FAN_OUT_LOG2)) + 1;
		self->level_bytes[level] = (nodes << stride_log2(level)) * sizeof(uint64_t);
		self->levels[level] = host->memory_get(host->context, self->level_bytes[level]);
		if (!self->levels[level]) {
			buddy_destroy(self);
			return IOVA_NO_MEMORY;
		}
	}
	for (unsigned log2 = 0; log2 <= self->order_max; log2++)
		place_init(self, log2);
	uint64_t first = space->first - self->base;
	insert_range(self, first, first + space->count, NULL);
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
