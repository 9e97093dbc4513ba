/* SPDX-License-Identifier: MIT */
#include "allocator/rbtree/order.h"

#include <assert.h>

/* gap is about to leave its place. */
GAP_INLINE void forget_short(struct rbtree_by_length *self, uint32_t gap)
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

/* gap has got a place. */
GAP_INLINE void note_short(struct rbtree_by_length *self, uint32_t gap)
{
	const struct gap *gaps = self->tree.gaps;
	uint64_t index = gaps[gap].length - 1, bit = UINT64_C(1) << (index % SHORT_PAGES);
	if (index >= SHORT_PAGES || (self->short_lengths & bit && gaps[self->lowest[index]].first < gaps[gap].first))
		return;
	self->lowest[index] = gap;
	self->short_lengths |= bit;
}

GAP_INLINE void erase(struct rbtree_by_length *self, uint32_t gap)
{
	forget_short(self, gap);
	gap_erase(&self->tree, gap, GAP_BY_LENGTH);
}

/* Gives gap, which is in the tree, another range. */
GAP_INLINE void resize(struct rbtree_by_length *self, uint32_t gap, uint64_t first, uint64_t length, uint64_t *examined)
{
	struct gap *gaps = self->tree.gaps;
	bool grows = length > gaps[gap].length;
	uint32_t neighbour = gap_neighbour(gaps, gap, grows);
	bool stays = !neighbour || gap_is_behind(&gaps[neighbour], first, length, GAP_BY_LENGTH) == grows;
	forget_short(self, gap);
	if (!stays)
		gap_erase(&self->tree, gap, GAP_BY_LENGTH);
	gaps[gap].first = first;
	gaps[gap].length = length;
	if (!stays)
		gap_insert(&self->tree, gap, GAP_BY_LENGTH, examined);
	note_short(self, gap);
}

/* A gap where there was none. There is one to be had: no more gaps than live extents and one. */
GAP_INLINE void add(struct rbtree_by_length *self, uint64_t first, uint64_t length, uint64_t *examined)
{
	struct gap *gaps = self->tree.gaps;
	uint32_t gap = gap_take(&self->tree);
	gaps[gap].first = first;
	gaps[gap].length = length;
	gap_insert(&self->tree, gap, GAP_BY_LENGTH, examined);
	note_short(self, gap);
	gap_ends_set(&self->ends, gaps, first, gap, false);
	gap_ends_set(&self->ends, gaps, first + length, gap, true);
}

/* Of gap, the first `before` and the last `after` pages are left. */
static __attribute__((noinline)) void take_behind(struct rbtree_by_length *self, uint32_t gap, uint64_t before,
						  uint64_t after, uint64_t *examined)
{
	struct gap *gaps = self->tree.gaps;
	const uint64_t first = gaps[gap].first, end = first + gaps[gap].length;
	gap_ends_clear(&self->ends, gaps, end);
	resize(self, gap, first, before, examined);
	gap_ends_set(&self->ends, gaps, first + before, gap, true);
	if (after)
		add(self, end - after, after, examined);
}

/* Takes [first, first + count) out of gap. */
GAP_INLINE void take(struct rbtree_by_length *self, uint32_t gap, uint64_t first, uint64_t count, struct iova_steps *steps)
{
	struct gap *gaps = self->tree.gaps;
	uint64_t *examined = steps ? &steps->examined : NULL;
	const uint64_t begin = gaps[gap].first, before = first - begin, after = gaps[gap].length - before - count;
	if (steps)
		steps->splits += (uint64_t)(after != 0) + (before != 0);
	if (__builtin_expect(before != 0, 0)) {
		take_behind(self, gap, before, after, examined);
		return;
	}
	gap_ends_clear(&self->ends, gaps, begin);
	if (after) {
		resize(self, gap, first + count, after, examined);
		gap_ends_set(&self->ends, gaps, first + count, gap, false);
	} else {
		gap_ends_clear(&self->ends, gaps, first + count);
		erase(self, gap);
		gap_put(&self->tree, gap);
	}
}

/* The shortest gap of at least count pages, the lowest of several. */
GAP_INLINE uint32_t find_best(const struct rbtree_by_length *self, uint64_t count, uint64_t *examined)
{
	const struct gap *gaps = self->tree.gaps;
	uint32_t found = 0;
	uint64_t lengths = count <= SHORT_PAGES ? self->short_lengths >> (count - 1) : 0;
	if (lengths) {
		gap_count_step(examined);
		return self->lowest[count - 1 + (unsigned)__builtin_ctzll(lengths)];
	}
	for (uint32_t gap = self->tree.root; gap;) {
		gap_count_step(examined);
		uint32_t low = gaps[gap].child[0], high = gaps[gap].child[1];
		bool suffices = gaps[gap].length >= count;
		found = suffices ? gap : found;
		gap = suffices ? low : high;
	}
	return found;
}

static uint32_t find_indexed(struct rbtree *self, const struct gap_wish *wish, uint64_t *first, uint64_t *examined)
{
	uint32_t found = gap_index_find(&self->index, wish, 0, false, first, examined);
	const struct gap *gap = &self->index.tree.gaps[found];
	return found ? gap_ends_at(&self->by_length.ends, self->by_length.tree.gaps, gap->first) : 0;
}

static uint64_t length_at(const struct rbtree *self, uint64_t page)
{
	const struct gap *gaps = self->by_length.tree.gaps;
	return gaps[gap_ends_at(&self->by_length.ends, gaps, page)].length;
}

/* The shortest gap that satisfies the constraints, the lowest of several, and the place in it. */
static __attribute__((noinline)) uint32_t find_constrained(struct rbtree *self, const struct iova_request *request,
							   uint64_t *first, uint64_t *examined)
{
	const struct gap *gaps = self->by_length.tree.gaps;
	const struct gap_wish wish = gap_wish_make(request, self->first, self->first + self->count);
	if (gap_wish_is_hopeless(&wish))
		return 0;
	bool asks = rbtree_begin_index(self, examined) && gap_index_reaches(&self->index, &wish);
	uint32_t gap = asks ? find_indexed(self, &wish, first, examined) : 0;
	if (asks && (gap || gap_index_settles(&self->index, &wish)))
		return gap;
	gap_index_walk(&self->index);
	gap = find_best(&self->by_length, wish.count, examined);
	for (unsigned tries = 1; gap && !fit(self, gaps[gap].first, gaps[gap].length, &wish, first); tries++) {
		if (tries == RBTREE_TRIES && rbtree_index_below(self, &wish, length_at, examined))
			return find_indexed(self, &wish, first, examined);
		gap_index_tried(&self->index);
		gap_count_step(examined);
		gap = gap_neighbour(gaps, gap, 1);
	}
	return gap;
}

unsigned length_file(struct rbtree *self)
{
	const struct gap_tree *tree = &self->by_length.tree;
	struct gap_index *index = &self->index;
	uint32_t gap = gap_outermost(tree, 0);
	unsigned left = GAP_INDEX_PORTION;
	if (index->begun) {
		uint32_t before = gap_index_before(tree, index->filed.first, index->filed.length);
		gap = before ? gap_neighbour(tree->gaps, before, 1) : gap;
	}
	for (; left && gap; gap = gap_neighbour(tree->gaps, gap, 1), left--)
		gap_index_file(index, tree->gaps[gap].first, tree->gaps[gap].length, 0);
	return left;
}

/* The gap that contains [first, first + count), or 0. There is no index by address: from the longest gap down, which is the
 * first one while holes are made in a fresh space. */
static uint32_t find_around(const struct rbtree_by_length *self, uint64_t first, uint64_t count)
{
	const struct gap *gaps = self->tree.gaps;
	uint32_t gap = gap_outermost(&self->tree, 1);
	while (gap && gaps[gap].length >= count && (first < gaps[gap].first || first - gaps[gap].first >= gaps[gap].length))
		gap = gap_neighbour(gaps, gap, 0);
	if (first < gaps[gap].first || gaps[gap].length < count || first - gaps[gap].first > gaps[gap].length - count)
		return 0;
	return gap;
}

static void index_taken(struct rbtree *self, uint32_t gap, uint64_t first, uint64_t count)
{
	const struct gap *from = &self->by_length.tree.gaps[gap];
	if (self->index.on)
		gap_index_cut(&self->index, from->first, from->length, first, count);
}

static void set_room(struct rbtree *self)
{
	self->room = self->extents_max;
	if (!gap_ends_suffice(&self->by_length.ends, self->room + 1))
		self->room = gap_ends_gaps_max(&self->by_length.ends) - 1;
}

/* The ends of one gap more may need room, or entries are moving into a larger table: then a portion does, and its slots count
 * as examined. They have all moved long before that table is full. */
static __attribute__((noinline, cold)) enum iova_status make_room(struct rbtree *self, uint64_t *examined)
{
	struct gap_ends *ends = &self->by_length.ends;
	if (self->live >= self->extents_max)
		return IOVA_NO_MEMORY;
	if (!ends->old && gap_ends_grow(ends, self->host) != IOVA_OK)
		return IOVA_NO_MEMORY;
	uint64_t slots = gap_ends_move(ends, self->by_length.tree.gaps, self->host);
	if (examined)
		*examined += slots;
	if (!ends->old)
		set_room(self);
	else
		self->room = 0;
	assert(gap_ends_suffice(ends, self->live + 2));
	return IOVA_OK;
}

GAP_INLINE enum iova_status allocate(struct rbtree *self, bool constrained, const struct iova_request *request,
				     struct iova_extent *extent, struct iova_steps *steps)
{
	uint64_t *examined = steps ? &steps->examined : NULL;
	uint64_t first;
	uint32_t gap;
	if (!constrained) {
		gap = find_best(&self->by_length, request->count, examined);
		first = self->by_length.tree.gaps[gap].first;
	} else {
		gap = find_constrained(self, request, &first, examined);
	}
	if (__builtin_expect(!gap, 0))
		return IOVA_NO_SPACE;
	if (__builtin_expect(self->live >= self->room, 0) && make_room(self, examined) != IOVA_OK)
		return IOVA_NO_MEMORY;
	if (constrained || steps)
		index_taken(self, gap, first, request->count);
	take(&self->by_length, gap, first, request->count, steps);
	rbtree_grant(self, first, request->count, extent);
	return IOVA_OK;
}

/* Also what the index is to hear of; else allocations without constraints hold no call. */
static __attribute__((noinline)) enum iova_status alloc_general(struct rbtree *self, const struct iova_request *request,
								struct iova_extent *extent)
{
	struct iova_steps steps = {0};
	return length_alloc_counted(self, request, extent, &steps);
}

enum iova_status length_alloc(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent)
{
	if (__builtin_expect((request->constraints & GAP_CONSTRAINED) | self->index.on, 0))
		return alloc_general(self, request, extent);
	return allocate(self, false, request, extent, NULL);
}

enum iova_status length_alloc_counted(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				      struct iova_steps *steps)
{
	if (gap_index_is_filing(&self->index))
		rbtree_file(self, &steps->examined);
	if (request->constraints & GAP_CONSTRAINED)
		return allocate(self, true, request, extent, steps);
	return allocate(self, false, request, extent, steps);
}

/* Both neighbours of an extent that is freed are gaps. */
GAP_INLINE void join(struct rbtree_by_length *self, uint32_t low, uint32_t high, uint64_t *examined)
{
	struct gap *gaps = self->tree.gaps;
	uint64_t first = gaps[low].first, end = gaps[high].first + gaps[high].length;
	gap_ends_clear(&self->ends, gaps, first + gaps[low].length);
	gap_ends_clear(&self->ends, gaps, gaps[high].first);
	gap_ends_clear(&self->ends, gaps, end);
	erase(self, high);
	gap_put(&self->tree, high);
	resize(self, low, first, end - first, examined);
	gap_ends_set(&self->ends, gaps, end, low, true);
}

GAP_INLINE void give_back(struct rbtree *tree, const struct iova_extent *extent, struct iova_steps *steps)
{
	struct rbtree_by_length *self = &tree->by_length;
	struct gap *gaps = self->tree.gaps;
	struct gap_ends *ends = &self->ends;
	uint64_t *examined = steps ? &steps->examined : NULL;
	const uint64_t count = extent->count, first = rbtree_take_back(tree, extent), end = first + count;
	const uint32_t low = gap_ends_at(ends, gaps, first), high = gap_ends_at(ends, gaps, end);
	if (steps)
		steps->merges += (uint64_t)(low != 0) + (high != 0);
	if (steps && tree->index.on)
		gap_index_join(&tree->index, gaps[low].length, first, count, gaps[high].length);
	if (low && high) {
		join(self, low, high, examined);
	} else if (low) {
		gap_ends_clear(ends, gaps, first);
		resize(self, low, gaps[low].first, gaps[low].length + count, examined);
		gap_ends_set(ends, gaps, end, low, true);
	} else if (high) {
		gap_ends_clear(ends, gaps, end);
		resize(self, high, first, gaps[high].length + count, examined);
		gap_ends_set(ends, gaps, first, high, false);
	} else {
		add(self, first, count, examined);
	}
}

static __attribute__((noinline)) void free_general(struct rbtree *self, const struct iova_extent *extent)
{
	struct iova_steps steps = {0};
	length_free_counted(self, extent, &steps);
}

void length_free(struct rbtree *self, const struct iova_extent *extent)
{
	if (__builtin_expect(self->index.on, 0))
		free_general(self, extent);
	else
		give_back(self, extent, NULL);
}

void length_free_counted(struct rbtree *self, const struct iova_extent *extent, struct iova_steps *steps)
{
	give_back(self, extent, steps);
}

enum iova_status length_place(struct rbtree *self, uint64_t first, uint64_t count, struct iova_extent *extent)
{
	uint32_t gap = find_around(&self->by_length, first, count);
	if (!gap)
		return IOVA_TAKEN;
	if (self->live >= self->room && make_room(self, NULL) != IOVA_OK)
		return IOVA_NO_MEMORY;
	index_taken(self, gap, first, count);
	take(&self->by_length, gap, first, count, NULL);
	rbtree_grant(self, first, count, extent);
	return IOVA_OK;
}

void length_visit(const struct rbtree *self, iova_visit visit, void *context)
{
	const struct gap *gaps = self->by_length.tree.gaps;
	for (uint32_t gap = gap_outermost(&self->by_length.tree, 0); gap; gap = gap_neighbour(gaps, gap, 1))
		visit(context, gaps[gap].first, gaps[gap].length, IOVA_USABLE);
}

enum iova_status length_create(struct rbtree *self)
{
	struct rbtree_by_length *by_length = &self->by_length;
	by_length->tree = (struct gap_tree){.fresh = 1, .capacity = (uint32_t)self->extents_max + 2};
	by_length->tree.gaps =
		self->host->memory_get(self->host->context, by_length->tree.capacity * sizeof *by_length->tree.gaps);
	if (!by_length->tree.gaps || gap_ends_create(&by_length->ends, self->host) != IOVA_OK)
		return IOVA_NO_MEMORY;
	set_room(self);
	gap_set_black(by_length->tree.gaps, 0, true);
	add(by_length, self->first, self->count, NULL);
	return IOVA_OK;
}

void length_release(struct rbtree *self)
{
	const struct iova_host *host = self->host;
	struct gap_tree *tree = &self->by_length.tree;
	gap_ends_release(&self->by_length.ends, host);
	host->memory_put(host->context, tree->gaps, tree->capacity * sizeof *tree->gaps);
}
