/* SPDX-License-Identifier: MIT */
#include "allocator/buddy_tree.h"

/* Words of a node: powers of two, so that an index is a shift. */
static unsigned stride_log2(unsigned level)
{
	return bits_log2_ceil(2 + (uint64_t)level * BUDDY_TREE_SMALL_ORDERS);
}

void buddy_tree_mark_ancestors(struct buddy_tree *tree, unsigned log2, uint64_t index)
{
	uint64_t node = index >> tree->places[log2].node_log2;
	for (unsigned level = buddy_tree_level_of(log2) + 1; level <= tree->top;
	     level++, node >>= BUDDY_TREE_FAN_OUT_LOG2) {
		uint64_t *word = tree->levels[level] + ((node >> BUDDY_TREE_FAN_OUT_LOG2) << stride_log2(level)) + 2 + log2;
		uint64_t bit = UINT64_C(1) << (node & 63);
		if (*word & bit)
			return;
		*word |= bit;
	}
}

/* Frees one block and coalesces. A buddy of the largest order is outside the space and never free, so the loop ends. */
void buddy_tree_release_large(struct buddy_tree *tree, unsigned log2, uint64_t index, struct iova_steps *steps)
{
	for (;; log2++) {
		uint64_t buddy = index ^ (UINT64_C(1) << log2);
		if (steps)
			steps->examined++;
		if (!buddy_tree_is_free(tree, log2, buddy))
			break;
		buddy_tree_take_out(tree, log2, buddy);
		index &= ~(UINT64_C(1) << log2);
		if (steps)
			steps->merges++;
	}
	buddy_tree_insert(tree, log2, index);
}

/* The largest block that starts at index and ends at or before end. */
static inline unsigned aligned_log2(uint64_t index, uint64_t end)
{
	unsigned room = bits_log2_floor(end - index);
	unsigned alignment = index ? (unsigned)__builtin_ctzll(index) : 63;
	return alignment < room ? alignment : room;
}

void buddy_tree_release_range(struct buddy_tree *tree, uint64_t index, uint64_t end, struct iova_steps *steps)
{
	while (index < end) {
		unsigned log2 = aligned_log2(index, end);
		buddy_tree_release_block(tree, log2, index, steps);
		index += UINT64_C(1) << log2;
	}
}

/* Free pages whose buddies are in use: nothing coalesces. */
void buddy_tree_insert_range(struct buddy_tree *tree, uint64_t index, uint64_t end, struct iova_steps *steps)
{
	while (index < end) {
		unsigned log2 = aligned_log2(index, end);
		buddy_tree_insert(tree, log2, index);
		index += UINT64_C(1) << log2;
		if (steps)
			steps->splits++;
	}
}

/* Which slots of a node hold (or whose child may hold) a free block of the order. */
static inline uint64_t held(const struct buddy_tree *tree, unsigned log2, unsigned level, uint64_t node)
{
	const uint64_t *words = tree->levels[level] + (node << stride_log2(level));
	if (level > buddy_tree_level_of(log2))
		return words[2 + log2];
	unsigned slots = tree->places[log2].slots;
	return slots == 64 ? words[1] : (words[0] >> slots) & ((UINT64_C(1) << slots) - 1);
}

/* The free block of the order that comes first among the wanted slots of a node and all that follows it: upwards the
 * lowest address, downwards the highest. BUDDY_TREE_NOTHING if there is none. */
static uint64_t search(struct buddy_tree *tree, unsigned log2, unsigned level, uint64_t node, uint64_t wanted,
		       bool downwards, struct iova_steps *steps)
{
	for (;;) {
		uint64_t all = held(tree, log2, level, node);
		uint64_t found = all & wanted;
		if (steps)
			steps->examined++;
		if (found) {
			uint64_t slot = downwards ? bits_log2_floor(found) : (unsigned)__builtin_ctzll(found);
			if (level == buddy_tree_level_of(log2))
				return (node << tree->places[log2].node_log2) + (slot << log2);
			node = node << BUDDY_TREE_FAN_OUT_LOG2 | slot;
			level--;
			wanted = ~UINT64_C(0);
			continue;
		}
		if (level == tree->top)
			return BUDDY_TREE_NOTHING;
		uint64_t slot = node & 63;
		node >>= BUDDY_TREE_FAN_OUT_LOG2;
		level++;
		if (!all)
			tree->levels[level][(node << stride_log2(level)) + 2 + log2] &= ~(UINT64_C(1) << slot);
		wanted = downwards ? (UINT64_C(1) << slot) - 1 : ~UINT64_C(1) << slot;
	}
}

uint64_t buddy_tree_search_from(struct buddy_tree *tree, unsigned log2, uint64_t index, bool downwards,
				struct iova_steps *steps)
{
	const struct buddy_tree_place *place = &tree->places[log2];
	uint64_t slot = (index >> log2) & (place->slots - 1u);
	uint64_t wanted = downwards ? ~UINT64_C(0) >> (63 - slot) : ~UINT64_C(0) << slot;
	return search(tree, log2, buddy_tree_level_of(log2), index >> place->node_log2, wanted, downwards, steps);
}

uint64_t buddy_tree_search_all(struct buddy_tree *tree, unsigned log2, struct iova_steps *steps)
{
	if (!tree->by_address)
		return search(tree, log2, tree->top, 0, ~UINT64_C(0), false, steps);
	struct buddy_tree_order *order = &tree->orders[log2];
	return order->bound = buddy_tree_search_from(tree, log2, order->bound, tree->downwards, steps);
}

static void place_init(struct buddy_tree *tree, unsigned log2)
{
	unsigned level = buddy_tree_level_of(log2);
	tree->places[log2] = (struct buddy_tree_place){
		.nodes = tree->levels[level],
		.parents = level < tree->top ? tree->levels[level + 1] + 2 + log2 : &tree->all_set,
		.node_log2 = (uint8_t)((level + 1) * BUDDY_TREE_FAN_OUT_LOG2),
		.stride_log2 = (uint8_t)stride_log2(level),
		.parent_stride_log2 = (uint8_t)stride_log2(level + 1),
		.slots = (uint8_t)(64u >> log2 % BUDDY_TREE_SMALL_ORDERS),
	};
}

enum iova_status buddy_tree_create(struct buddy_tree *tree, unsigned order_max, bool by_address, bool downwards,
				   const struct iova_host *host)
{
	*tree = (struct buddy_tree){.by_address = by_address,
				    .downwards = downwards,
				    .order_max = order_max,
				    .all_set = ~UINT64_C(0),
				    .host = host};
	/* Small blocks are told to a level above them in any case. */
	tree->top = order_max + 1 < BUDDY_TREE_SMALL_ORDERS ? 1 : buddy_tree_level_of(order_max + 1);
	uint64_t pages = UINT64_C(1) << (order_max + 1);
	for (unsigned level = 0; level <= tree->top; level++) {
		uint64_t nodes = ((pages - 1) >> ((level + 1) * BUDDY_TREE_FAN_OUT_LOG2)) + 1;
		tree->level_bytes[level] = (nodes << stride_log2(level)) * sizeof(uint64_t);
		tree->levels[level] = host->memory_get(host->context, tree->level_bytes[level]);
		if (!tree->levels[level])
			return IOVA_NO_MEMORY;
	}
	for (unsigned log2 = 0; log2 <= order_max; log2++) {
		place_init(tree, log2);
		tree->orders[log2].bound = downwards ? 0 : pages - 1;
	}
	return IOVA_OK;
}

void buddy_tree_release(struct buddy_tree *tree)
{
	for (unsigned level = 0; level < BUDDY_TREE_LEVELS_MAX; level++)
		if (tree->levels[level])
			tree->host->memory_put(tree->host->context, tree->levels[level], tree->level_bytes[level]);
	*tree = (struct buddy_tree){0};
}

/* Every node above says that a block may be below. */
static bool is_marked(const struct buddy_tree *tree, unsigned log2, uint64_t index)
{
	uint64_t node = index >> tree->places[log2].node_log2;
	for (unsigned level = buddy_tree_level_of(log2) + 1; level <= tree->top; level++, node >>= BUDDY_TREE_FAN_OUT_LOG2)
		if (!(held(tree, log2, level, node >> BUDDY_TREE_FAN_OUT_LOG2) >> (node & 63) & 1))
			return false;
	return true;
}

static const char *broken_block(const struct buddy_tree *tree, unsigned log2, uint64_t index, uint64_t first, uint64_t end)
{
	if (!is_marked(tree, log2, index))
		return "every node above a free block is marked for its order";
	if (tree->by_address && (tree->downwards ? index > tree->orders[log2].bound : index < tree->orders[log2].bound))
		return "no block lies before the bound of its order";
	if (index < first || index + (UINT64_C(1) << log2) > end)
		return "free blocks lie in the space";
	if (buddy_tree_is_free(tree, log2, index ^ (UINT64_C(1) << log2)))
		return "no free block has a free buddy";
	for (unsigned larger = log2 + 1; larger <= tree->order_max; larger++)
		if (buddy_tree_is_free(tree, larger, index))
			return "no free block lies in another";
	return NULL;
}

const char *buddy_tree_broken_invariant(const struct buddy_tree *tree, uint64_t first, uint64_t end)
{
	for (unsigned log2 = 0; log2 < BUDDY_TREE_ORDERS_MAX; log2++) {
		const struct buddy_tree_place *place = &tree->places[log2];
		uint64_t blocks = 0;
		for (uint64_t node = 0; log2 <= tree->order_max && node << place->node_log2 < end; node++) {
			uint64_t free = held(tree, log2, buddy_tree_level_of(log2), node);
			for (; free; free &= free - 1, blocks++) {
				uint64_t slot = (uint64_t)__builtin_ctzll(free);
				const char *broken =
					broken_block(tree, log2, (node << place->node_log2) + (slot << log2), first, end);
				if (broken)
					return broken;
			}
		}
		if (blocks != tree->orders[log2].blocks)
			return "the free blocks of an order are counted";
		if ((tree->nonempty >> log2 & 1) != (blocks != 0))
			return "an order is nonempty when it has a free block";
	}
	return NULL;
}
