/* SPDX-License-Identifier: MIT */
#include "allocator/buddy/tree.h"

#include <assert.h>
#include <string.h>

/* Marks the entries from the marked ones up to end that are free blocks still. */
static void mark_recent(struct buddy_tree *tree, unsigned log2, uint64_t end)
{
	struct buddy_tree_order *order = &tree->orders[log2];
	for (; order->marked < end; order->marked++)
		if (buddy_tree_is_free(tree, log2, order->recent[order->marked]))
			buddy_tree_mark(tree, log2, order->recent[order->marked] >> 6);
}

void buddy_tree_forget(struct buddy_tree *tree, unsigned log2, uint64_t block)
{
	struct buddy_tree_order *order = &tree->orders[log2];
	uint64_t forgotten = order->held - order->held / 2;
	if (order->marked < forgotten)
		mark_recent(tree, log2, forgotten);
	order->held -= forgotten;
	order->marked -= forgotten;
	memmove(order->recent, order->recent + forgotten, order->held * sizeof(order->recent[0]));
	order->recent[order->held++] = block;
}

void buddy_tree_settle(struct buddy_tree *tree)
{
	for (uint64_t orders = tree->by_address ? 0 : tree->nonempty; orders; orders &= orders - 1) {
		unsigned log2 = (unsigned)__builtin_ctzll(orders);
		mark_recent(tree, log2, tree->orders[log2].held);
	}
}

/* The largest block that starts at a page and ends at or before end. */
static unsigned aligned_log2(uint64_t page, uint64_t end)
{
	unsigned room = bits_log2_floor(end - page);
	unsigned alignment = page ? (unsigned)__builtin_ctzll(page) : 63;
	return alignment < room ? alignment : room;
}

void buddy_tree_release_range(struct buddy_tree *tree, uint64_t first, uint64_t end, struct iova_steps *steps)
{
	while (first < end) {
		unsigned log2 = aligned_log2(first, end);
		buddy_tree_release_block(tree, BUDDY_TREE_GENERAL, log2, first >> log2, steps);
		first += UINT64_C(1) << log2;
	}
}

void buddy_tree_insert_range(struct buddy_tree *tree, uint64_t first, uint64_t end, struct iova_steps *steps)
{
	while (first < end) {
		unsigned log2 = aligned_log2(first, end);
		buddy_tree_insert(tree, BUDDY_TREE_GENERAL, log2, first >> log2);
		first += UINT64_C(1) << log2;
		if (steps)
			steps->splits++;
	}
}

/* Of any level. */
static uint64_t *word_of(struct buddy_tree *tree, unsigned log2, unsigned level, uint64_t word)
{
	return level == tree->top ? &tree->orders[log2].root : buddy_tree_word(tree, log2, level, word);
}

static uint64_t bits_of(const struct buddy_tree *tree, unsigned log2, unsigned level, uint64_t word)
{
	return level == tree->top ? tree->orders[log2].root : *buddy_tree_word(tree, log2, level, word);
}

/* The free block that comes first among the wanted bits of a word of a level and all that follows it. */
static uint64_t search(struct buddy_tree *tree, unsigned log2, unsigned level, uint64_t word, uint64_t wanted,
		       bool downwards, struct iova_steps *steps)
{
	for (;;) {
		uint64_t all = *word_of(tree, log2, level, word), found = all & wanted;
		if (steps)
			steps->examined++;
		if (found) {
			word = word << 6 | (downwards ? bits_log2_floor(found) : (unsigned)__builtin_ctzll(found));
			if (!level--)
				return word;
			wanted = ~UINT64_C(0);
			continue;
		}
		if (level++ == tree->top)
			return BUDDY_TREE_NOTHING;
		uint64_t bit = UINT64_C(1) << (word & 63);
		word >>= 6;
		if (!all)
			*word_of(tree, log2, level, word) &= ~bit;
		wanted = downwards ? bit - 1 : ~bit & -bit;
	}
}

uint64_t buddy_tree_search_from(struct buddy_tree *tree, unsigned log2, uint64_t block, bool downwards,
				struct iova_steps *steps)
{
	assert(log2 <= tree->order_max);
	uint64_t wanted = downwards ? ~UINT64_C(0) >> (63 - (block & 63)) : ~UINT64_C(0) << (block & 63);
	return search(tree, log2, 0, block >> 6, wanted, downwards, steps);
}

uint64_t buddy_tree_search_all(struct buddy_tree *tree, unsigned log2, struct iova_steps *steps)
{
	assert(tree->nonempty >> log2 & 1);
	struct buddy_tree_order *order = &tree->orders[log2];
	while (order->held) {
		uint64_t block = buddy_tree_pop(order);
		if (steps)
			steps->examined++;
		if (buddy_tree_is_free(tree, log2, block))
			return block;
	}
	return search(tree, log2, tree->top, 0, ~UINT64_C(0), tree->downwards, steps);
}

void buddy_tree_note_free(struct buddy_tree *tree, unsigned log2, uint64_t block)
{
	gap_index_add(&tree->index, tree->base + (block << log2), UINT64_C(1) << log2, 0);
	gap_index_add(&tree->directed, tree->base + (block << log2), UINT64_C(1) << log2, 0);
}

void buddy_tree_note_taken(struct buddy_tree *tree, unsigned log2, uint64_t block)
{
	gap_index_remove(&tree->index, tree->base + (block << log2), UINT64_C(1) << log2);
	gap_index_remove(&tree->directed, tree->base + (block << log2), UINT64_C(1) << log2);
}

void buddy_tree_file(struct buddy_tree *tree, struct gap_index *index, struct iova_steps *steps)
{
	unsigned log2 = 0, left = GAP_INDEX_PORTION;
	uint64_t block = 0;
	if (index->begun) {
		log2 = bits_log2_floor(index->filed.length);
		block = ((index->filed.first - tree->base) >> log2) + 1;
	}
	buddy_tree_settle(tree);
	while (left && log2 <= tree->order_max) {
		block = block << log2 < tree->end ? buddy_tree_search_from(tree, log2, block, false, NULL)
						  : BUDDY_TREE_NOTHING;
		if (block == BUDDY_TREE_NOTHING) {
			log2++;
			block = 0;
			continue;
		}
		gap_index_file(index, tree->base + (block << log2), UINT64_C(1) << log2, 0);
		block++;
		left--;
	}
	if (log2 > tree->order_max)
		gap_index_finish(index);
	if (steps)
		steps->examined += GAP_INDEX_PORTION - left;
}

/* What all regions share is part of what creation costs, rather than of what the first extents in a region do, if it is no
 * larger than this: that of 2^36 pages has half of it. */
#define WRITTEN_AT_CREATION ((size_t)256 << 10)

enum iova_status buddy_tree_create(struct buddy_tree *tree, unsigned order_max, uint64_t end, bool by_address,
				   bool downwards, const struct iova_host *host)
{
	*tree = (struct buddy_tree){
		.by_address = by_address, .downwards = downwards, .order_max = order_max, .end = end, .host = host};
	gap_index_create(&tree->index, end, downwards ? GAP_BY_LENGTH_DOWN : GAP_BY_LENGTH, GAP_BY_LENGTH);
	gap_index_create(&tree->directed, end, GAP_BY_ADDRESS, GAP_BY_LENGTH);
	do
		tree->top++;
	while (buddy_tree_words(end, 0, tree->top) > 1);
	uint64_t shared_first, shared_words;
	tree->bytes = buddy_tree_lay_out(tree, &shared_first, &shared_words) * sizeof(uint64_t);
	tree->memory = host->memory_get(host->context, tree->bytes);
	if (!tree->memory)
		return IOVA_NO_MEMORY;
	if (shared_words * sizeof(uint64_t) <= WRITTEN_AT_CREATION)
		memset(tree->memory + shared_first, 0, shared_words * sizeof(uint64_t));
	for (unsigned log2 = 0; log2 <= order_max; log2++)
		tree->orders[log2].more = -1;
	return IOVA_OK;
}

void buddy_tree_release(struct buddy_tree *tree)
{
	if (tree->host) {
		gap_index_release(&tree->index, tree->host);
		gap_index_release(&tree->directed, tree->host);
	}
	if (tree->memory)
		tree->host->memory_put(tree->host->context, tree->memory, tree->bytes);
	*tree = (struct buddy_tree){0};
}

static bool is_marked(const struct buddy_tree *tree, unsigned log2, uint64_t block)
{
	uint64_t word = block >> 6;
	for (unsigned level = 1; level <= tree->top; level++, word >>= 6)
		if (!(bits_of(tree, log2, level, word >> 6) >> (word & 63) & 1))
			return false;
	return true;
}

static bool is_recent(const struct buddy_tree *tree, unsigned log2, uint64_t block)
{
	const struct buddy_tree_order *order = &tree->orders[log2];
	for (uint64_t i = order->marked; i < order->held; i++)
		if (order->recent[i] == block)
			return true;
	return false;
}

static const char *broken_block(const struct buddy_tree *tree, unsigned log2, uint64_t block, uint64_t first, uint64_t end)
{
	if (!is_marked(tree, log2, block) && !is_recent(tree, log2, block))
		return "a free block is marked in the levels above, or was freed lately";
	if (block << log2 < first || (block + 1) << log2 > end)
		return "free blocks lie in the space";
	if (buddy_tree_is_free(tree, log2, block ^ 1))
		return "no free block has a free buddy";
	for (unsigned larger = log2 + 1; larger <= tree->order_max; larger++)
		if (buddy_tree_is_free(tree, larger, block >> (larger - log2)))
			return "no free block lies in another";
	return NULL;
}

/* By address, a mark stands over a word that has a bit set. */
static bool marks_exceed(const struct buddy_tree *tree, unsigned log2)
{
	for (unsigned level = 0; tree->by_address && level < tree->top; level++)
		for (uint64_t word = 0; word < buddy_tree_words(tree->end, log2, level); word++)
			if (bits_of(tree, log2, level + 1, word >> 6) >> (word & 63) & 1 &&
			    !bits_of(tree, log2, level, word))
				return true;
	return false;
}

const char *buddy_tree_broken_invariant(const struct buddy_tree *tree, uint64_t first, uint64_t end, uint64_t *free_pages)
{
	*free_pages = 0;
	for (unsigned log2 = 0; log2 <= tree->order_max; log2++) {
		const struct buddy_tree_order *order = &tree->orders[log2];
		uint64_t blocks = 0;
		for (uint64_t word = 0; word < buddy_tree_words(tree->end, log2, 0); word++) {
			for (uint64_t free = bits_of(tree, log2, 0, word); free; free &= free - 1, blocks++) {
				uint64_t block = word << 6 | (unsigned)__builtin_ctzll(free);
				const char *broken = broken_block(tree, log2, block, first, end);
				if (broken)
					return broken;
			}
		}
		*free_pages += blocks << log2;
		if (!tree->by_address && blocks != (uint64_t)(order->more + 1))
			return "the free blocks of an order are counted";
		if ((tree->nonempty >> log2 & 1) != (blocks != 0))
			return "an order is nonempty when it has a free block";
		if (tree->by_address && blocks && order->only != BUDDY_TREE_NOTHING &&
		    (blocks > 1 || !buddy_tree_is_free(tree, log2, order->only)))
			return "by address, a block that is said to be the only one of its order is";
		if (marks_exceed(tree, log2))
			return "by address, a mark stands over a free block";
	}
	return NULL;
}
