/* SPDX-License-Identifier: MIT
 * An index of free gaps for constrained requests, beside whatever an allocator finds its gaps with. It is off while requests
 * find their gap in a few tries. What they try beyond that is a debt; when it is large, the allocator begins the index, and
 * from then on tells of every change. Every request files GAP_INDEX_PORTION gaps more, in an order of the allocator's choice:
 * what comes behind the last one that was filed is not in the index yet, and changes there do not touch it. Until all are
 * filed, and it is whole, requests that it has no gap for walk. It goes off again when it has not been asked for long: nobody
 * pays for it who does not need it.
 *
 * A red-black tree of gaps, by address or by length and then by address. Of every subtree it knows where its gaps lie, and how
 * many pages the best of them has behind a multiple of each alignment that was asked for. So a search finds the first gap in
 * the order that satisfies a request, the very one that a walk over all gaps would, and passes over subtrees that have none:
 * with an alignment or a limit from one side O(log n), with several of them, or a boundary, a little more.
 *
 * An index may be of the gaps that begin below a page alone: it is whole at once where these are few, and knows nothing of
 * requests that reach further.
 *
 * Its memory, 96 bytes a gap, is reserved at once and backed when touched. Where the host has none the index stays off, and
 * requests walk. */
#ifndef ALLOCATOR_GAP_INDEX_H
#define ALLOCATOR_GAP_INDEX_H

#include "allocator/gap/check.h"
#include "allocator/gap/find.h"
#include "allocator/gap/fit.h"
#include "iovabench/allocator.h"

#include <assert.h>

/* Tries of a request that cost less than the index would, and so many more, in all lately, before it is begun. */
#define GAP_INDEX_TRIES 64u
#define GAP_INDEX_DEBT 2048u

/* Gaps that one request files. */
#define GAP_INDEX_PORTION 64u

/* Gaps at most; with more it goes off. */
#define GAP_INDEX_GAPS_MAX (UINT32_C(1) << 26)

/* Changes without a search, beside one for each gap, before it goes off: it has cost as much as to begin again. */
#define GAP_INDEX_IDLE 4096u

/* The end of an index of all gaps. */
#define GAP_INDEX_ALL UINT64_MAX

struct gap_index {
	bool on;
	bool begun;              /* on, and the first gap is filed */
	bool whole;              /* on, and every gap is filed */
	uint64_t end;            /* on: what begins at this page or behind it is none of its gaps */
	enum gap_order filed_by; /* one of the others */
	struct gap filed;        /* first and length alone: in that order, of which all up to here are filed */
	struct gap_tree tree;
	uint64_t count;   /* gaps */
	uint64_t changes; /* since the last search */
	uint64_t debt;
};

/* A request is about to walk. */
static inline void gap_index_walk(struct gap_index *index)
{
	index->debt -= index->debt < GAP_INDEX_TRIES ? index->debt : GAP_INDEX_TRIES;
}

/* It has tried one gap more in vain. */
static inline void gap_index_tried(struct gap_index *index)
{
	index->debt++;
}

static inline bool gap_index_is_wanted(const struct gap_index *index)
{
	return index->debt >= GAP_INDEX_DEBT && (!index->on || index->end != GAP_INDEX_ALL);
}

/* On, or wanted. */
static inline bool gap_index_is_due(const struct gap_index *index)
{
	return index->on || index->debt >= GAP_INDEX_DEBT;
}

/* There are gaps to be filed. */
static inline bool gap_index_is_filing(const struct gap_index *index)
{
	return index->on && !index->whole;
}

/* A zeroed one becomes one of a space, with gaps in one order, filed in another; nothing is asked of the host yet. */
static inline void gap_index_create(struct gap_index *index, uint64_t space_pages, enum gap_order asked,
				    enum gap_order filed_by)
{
	uint64_t most = space_pages / 2 + 2;
	*index = (struct gap_index){.filed_by = filed_by,
				    .tree = {.asked = asked,
					     .align_count = 1,
					     .capacity = most < GAP_INDEX_GAPS_MAX ? (uint32_t)most : GAP_INDEX_GAPS_MAX}};
}

static inline void gap_index_release(struct gap_index *index, const struct iova_host *host)
{
	struct gap_tree *tree = &index->tree;
	if (tree->gaps)
		host->memory_put(host->context, tree->gaps, tree->capacity * sizeof *tree->gaps);
	if (tree->reach)
		host->memory_put(host->context, tree->reach, tree->capacity * sizeof *tree->reach);
	*index = (struct gap_index){0};
}

/* Which figure tells of gaps for an alignment: its own, or that of the greatest below it. */
static inline unsigned gap_index_align(const struct gap_tree *tree, uint64_t align)
{
	unsigned log2 = bits_log2_floor(align), best = 0;
	for (unsigned i = 1; i < tree->align_count; i++)
		if (tree->aligns_log2[i] <= log2 && tree->aligns_log2[i] > tree->aligns_log2[best])
			best = i;
	return best;
}

/* Turns it on, empty; a portion is to be filed at once. False: the host has no memory. */
static inline bool gap_index_begin(struct gap_index *index, const struct iova_host *host)
{
	struct gap_tree *tree = &index->tree;
	if (!tree->gaps)
		tree->gaps = host->memory_get(host->context, tree->capacity * sizeof *tree->gaps);
	if (!tree->reach)
		tree->reach = host->memory_get(host->context, tree->capacity * sizeof *tree->reach);
	index->debt = 0;
	if (!tree->gaps || !tree->reach)
		return false;
	gap_set_black(tree->gaps, 0, true);
	tree->reach[0] = (struct gap_reach){.lowest = UINT64_MAX};
	tree->root = tree->unused = 0;
	tree->fresh = 1;
	index->count = index->changes = 0;
	index->on = true;
	index->begun = index->whole = false;
	index->end = GAP_INDEX_ALL;
	return true;
}

/* Of a gap that the index was not told of, or will be told of. */
static inline bool gap_index_has(const struct gap_index *index, uint64_t first, uint64_t length)
{
	const struct gap gap = {.first = first, .length = length};
	return first < index->end &&
	       (index->whole || !gap_is_behind(&gap, index->filed.first, index->filed.length, index->filed_by));
}

/* When nobody asks, it goes off. */
static inline void gap_index_count_change(struct gap_index *index)
{
	index->on = ++index->changes <= index->count + GAP_INDEX_IDLE;
}

/* What is below is for an index that is on, and does nothing for one that is not, nor for gaps that are not filed. */
static inline void gap_index_add(struct gap_index *index, uint64_t first, uint64_t length, uint32_t owner)
{
	struct gap_tree *tree = &index->tree;
	assert(length);
	if (!index->on || !gap_index_has(index, first, length))
		return;
	uint32_t gap = gap_take(tree);
	index->on = gap != 0;
	if (!gap)
		return;
	index->count++;
	tree->gaps[gap].first = first;
	tree->gaps[gap].length = length;
	tree->gaps[gap].owner = owner;
	gap_insert(tree, gap, GAP_INDEXED, NULL);
	gap_index_count_change(index);
}

/* The last gap in the order that is not behind (first, length), or 0. */
static inline uint32_t gap_index_before(const struct gap_tree *tree, uint64_t first, uint64_t length)
{
	uint32_t found = 0;
	for (uint32_t gap = tree->root; gap;) {
		bool behind = gap_is_behind(&tree->gaps[gap], first, length, gap_asked(tree, GAP_INDEXED));
		found = behind ? found : gap;
		gap = tree->gaps[gap].child[!behind];
	}
	return found;
}

static inline void gap_index_remove(struct gap_index *index, uint64_t first, uint64_t length)
{
	if (!index->on || !gap_index_has(index, first, length))
		return;
	uint32_t gap = gap_index_before(&index->tree, first, length);
	assert(gap && index->tree.gaps[gap].first == first && index->tree.gaps[gap].length == length);
	index->count--;
	gap_erase(&index->tree, gap, GAP_INDEXED);
	gap_put(&index->tree, gap);
}

/* The gap gets another range, which overlaps no other gap, and another owner. Most stay where they are in the order. */
static __attribute__((noinline, unused)) void gap_index_move(struct gap_index *index, uint64_t first, uint64_t length,
							     uint64_t to_first, uint64_t to_length, uint32_t owner)
{
	struct gap_tree *tree = &index->tree;
	struct gap *gaps = tree->gaps;
	if (!index->on)
		return;
	assert(to_length);
	if (!gap_index_has(index, first, length)) {
		gap_index_add(index, to_first, to_length, owner);
		return;
	}
	if (!gap_index_has(index, to_first, to_length)) {
		gap_index_remove(index, first, length);
		return;
	}
	uint32_t gap = gap_index_before(tree, first, length);
	assert(gap && gaps[gap].first == first && gaps[gap].length == length);
	uint32_t low = gap_neighbour(gaps, gap, 0), high = gap_neighbour(gaps, gap, 1);
	bool stays = (!low || !gap_is_behind(&gaps[low], to_first, to_length, gap_asked(tree, GAP_INDEXED))) &&
		     (!high || gap_is_behind(&gaps[high], to_first, to_length, gap_asked(tree, GAP_INDEXED)));
	if (!stays)
		gap_erase(tree, gap, GAP_INDEXED);
	gaps[gap].first = to_first;
	gaps[gap].length = to_length;
	gaps[gap].owner = owner;
	if (stays)
		gap_recount(tree, gap, GAP_INDEXED);
	else
		gap_insert(tree, gap, GAP_INDEXED, NULL);
	gap_index_count_change(index);
}

/* In the order of filing there is no gap up to this position, but for those that are filed. */
static inline void gap_index_pass(struct gap_index *index, uint64_t first, uint64_t length)
{
	assert(!index->begun || !gap_index_has(index, first, length));
	index->begun = true;
	index->filed.first = first;
	index->filed.length = length;
}

/* The next gap in that order. */
static inline void gap_index_file(struct gap_index *index, uint64_t first, uint64_t length, uint32_t owner)
{
	gap_index_pass(index, first, length);
	gap_index_add(index, first, length, owner);
	index->changes = 0;
}

/* There are no more. */
static inline void gap_index_finish(struct gap_index *index)
{
	index->whole = true;
	index->debt = 0;
}

/* Turns it on for the gaps that begin below a page, which the caller adds before anything else happens. False: the host has no
 * memory. */
static inline bool gap_index_begin_below(struct gap_index *index, uint64_t end, const struct iova_host *host)
{
	if (!gap_index_begin(index, host))
		return false;
	index->end = end;
	gap_index_finish(index);
	return true;
}

/* No gap that the wish could have is none of its gaps. */
static inline bool gap_index_reaches(const struct gap_index *index, const struct gap_wish *wish)
{
	return wish->end <= index->end;
}

/* The pages [first, first + count) are taken out of the gap [begin, begin + length). */
static __attribute__((noinline, unused)) void gap_index_cut(struct gap_index *index, uint64_t begin, uint64_t length,
							    uint64_t first, uint64_t count)
{
	assert(first >= begin && count <= length && first - begin <= length - count);
	uint64_t before = first - begin, behind = length - before - count;
	if (before)
		gap_index_move(index, begin, length, begin, before, 0);
	if (behind && !before)
		gap_index_move(index, begin, length, first + count, behind, 0);
	if (behind && before)
		gap_index_add(index, first + count, behind, 0);
	if (!behind && !before)
		gap_index_remove(index, begin, length);
}

/* The pages [first, first + count) become free; so many pages before and behind them were. */
static __attribute__((noinline, unused)) void gap_index_join(struct gap_index *index, uint64_t before, uint64_t first,
							     uint64_t count, uint64_t behind)
{
	if (before && behind)
		gap_index_remove(index, first + count, behind);
	if (before)
		gap_index_move(index, first - before, before, first - before, before + count + behind, 0);
	else if (behind)
		gap_index_move(index, first + count, behind, first, count + behind, 0);
	else
		gap_index_add(index, first, count, 0);
}

static inline bool gap_index_may(const struct gap_tree *tree, uint32_t gap, const struct gap_wish *wish, unsigned align)
{
	const struct gap_reach *reach = &tree->reach[gap];
	return reach->longest[align] >= wish->count && reach->lowest < wish->end &&
	       wish->count <= wish->end - reach->lowest && reach->end > wish->low && wish->count <= reach->end - wish->low;
}

/* An alignment that it knows nothing of yet: where there is room it does from now on. */
static inline void gap_index_learn(struct gap_tree *tree, uint64_t align)
{
	unsigned best = gap_index_align(tree, align);
	if (tree->aligns_log2[best] == bits_log2_floor(align) || tree->align_count == GAP_ALIGNS)
		return;
	tree->aligns_log2[tree->align_count++] = bits_log2_floor(align);
	/* Children before their parents: down the outermost path, and on from every gap to the lowest below its other side. */
	uint32_t gap = tree->root;
	while (gap && (tree->gaps[gap].child[0] || tree->gaps[gap].child[1]))
		gap = tree->gaps[gap].child[!tree->gaps[gap].child[0]];
	while (gap) {
		gap_sum(tree, gap, GAP_INDEXED);
		uint32_t parent = gap_parent(tree->gaps, gap), other = tree->gaps[parent].child[1];
		bool turns = parent && other && other != gap;
		gap = turns ? other : parent;
		while (turns && (tree->gaps[gap].child[0] || tree->gaps[gap].child[1]))
			gap = tree->gaps[gap].child[!tree->gaps[gap].child[0]];
	}
}

/* That it finds nothing settles it: every gap that the limits reach is filed. */
static inline bool gap_index_settles(const struct gap_index *index, const struct gap_wish *wish)
{
	return index->whole || (index->filed_by == GAP_BY_ADDRESS && index->begun && wish->end <= index->filed.first);
}

/* The first gap in the order (side 0) or the last one (side 1) that satisfies the wish, and where: its lowest or highest
 * place. 0: there is none that is filed. */
static __attribute__((noinline, unused)) uint32_t gap_index_find(struct gap_index *index, const struct gap_wish *wish,
								 int side, bool highest, uint64_t *first,
								 uint64_t *examined)
{
	struct gap_tree *tree = &index->tree;
	const struct gap *gaps = tree->gaps;
	assert(index->on);
	index->changes = 0;
	gap_index_learn(tree, wish->align);
	const unsigned align = gap_index_align(tree, wish->align);
	uint32_t gap = gap_index_may(tree, tree->root, wish, align) ? tree->root : 0;
	bool down = true; /* what comes before the gap is still to be looked at */
	while (gap) {
		uint32_t before = gaps[gap].child[side], behind = gaps[gap].child[!side];
		gap_count_step(examined);
		if (down && gap_index_may(tree, before, wish, align)) {
			gap = before;
			continue;
		}
		if (gap_fit(gaps[gap].first, gaps[gap].first + gaps[gap].length, wish, highest, first))
			return gap;
		down = gap_index_may(tree, behind, wish, align);
		if (down) {
			gap = behind;
			continue;
		}
		uint32_t from;
		do {
			from = gap;
			gap = gap_parent(gaps, gap);
		} while (gap && gaps[gap].child[!side] == from);
	}
	return 0;
}

/* Pages of the gaps that are to be filed. */
struct gap_index_filed {
	const struct gap_index *index;
	uint64_t pages;
};

static inline void gap_index_count_filed(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct gap_index_filed *filed = context;
	if (state == IOVA_USABLE && gap_index_has(filed->index, first, count))
		filed->pages += count;
}

/* NULL, or the invariant that does not hold. visit_free: of the allocator, self, whose gaps these are. */
static inline const char *gap_index_check(const struct gap_index *index,
					  void (*visit_free)(void *self, iova_visit visit, void *context), void *self)
{
	struct gap_index_filed filed = {.index = index};
	uint64_t sum = 0;
	if (!index->on)
		return NULL;
	visit_free(self, gap_index_count_filed, &filed);
	for (uint32_t gap = gap_outermost(&index->tree, 0); gap && sum <= filed.pages;
	     gap = gap_neighbour(index->tree.gaps, gap, 1)) {
		if (!gap_index_has(index, index->tree.gaps[gap].first, index->tree.gaps[gap].length))
			return "an index has no gap that is not filed";
		sum += index->tree.gaps[gap].length;
	}
	if (sum != filed.pages)
		return "an index has all gaps up to the last one that is filed";
	return gap_check_tree(&index->tree, index->count, GAP_INDEXED);
}

#endif
