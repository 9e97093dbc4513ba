/* SPDX-License-Identifier: MIT */
#include "allocator/rbtree/order.h"

/* From the tree's low end, which is filed first, or from the other one. False: the index does not know. */
static bool find_indexed(struct rbtree *self, const struct gap_wish *wish, bool backward, struct gap_at *at,
			 uint64_t *first, uint64_t *examined)
{
	bool highest = backward != (self->mirror != 0);
	uint64_t place;
	*at = (struct gap_at){0};
	if (!rbtree_begin_index(self, examined) || (backward && !self->index.whole))
		return false;
	if (!gap_index_find(&self->index, wish, highest, highest, &place, examined))
		return gap_index_settles(&self->index, wish);
	*first = turn(self, place, wish->count);
	*at = gap_buckets_ending_behind(&self->by_address, *first, examined);
	return true;
}

/* The lowest gap that satisfies the constraints, and the place in it. Gaps too short are passed over, with whole subtrees of
 * them. */
static __attribute__((noinline)) struct gap_at find_constrained(struct rbtree *self, const struct iova_request *request,
								uint64_t *first, uint64_t *examined)
{
	const struct gap_buckets *gaps = &self->by_address;
	const struct gap_wish wish = gap_wish_make(request, self->first, self->first + self->count);
	struct gap_at at;
	if (gap_wish_is_hopeless(&wish))
		return (struct gap_at){0};
	if (gap_index_is_due(&self->index) && find_indexed(self, &wish, false, &at, first, examined))
		return at;
	uint64_t begin = turn(self, wish.low, wish.end - wish.low), end = begin + (wish.end - wish.low);
	at = gap_buckets_ending_behind(gaps, begin, examined);
	gap_index_walk(&self->index);
	while (at.bucket && gap_at_first(gaps, at) < end) {
		if (fit(self, gap_at_first(gaps, at), gap_at_length(gaps, at), &wish, first))
			return at;
		gap_index_tried(&self->index);
		at = gap_buckets_find_next(gaps, at, wish.count, examined);
	}
	return (struct gap_at){0};
}

/* Whether the request wants a place from the end of the tree that searches do not begin at. */
GAP_INLINE bool is_backward(const struct rbtree *self, const struct iova_request *request)
{
	return request->constraints & (self->mirror ? IOVA_CONSTRAIN_BOTTOM : IOVA_CONSTRAIN_TOP);
}

/* The gap before this one in its bucket, or the last one of the next lower bucket that has a gap of so many pages. Linear in
 * the buckets that have none. */
static struct gap_at gap_before(const struct gap_buckets *gaps, struct gap_at at, uint64_t pages, uint64_t *examined)
{
	if (at.index)
		return (struct gap_at){at.bucket, at.index - 1};
	uint32_t bucket = gaps->order[at.bucket].previous;
	gap_count_step(examined);
	while (bucket && gaps->tree.gaps[bucket].length < pages) {
		bucket = gaps->order[bucket].previous;
		gap_count_step(examined);
	}
	return (struct gap_at){bucket, bucket ? gaps->order[bucket].count - 1 : 0};
}

/* As find_constrained, from the other end. */
static __attribute__((noinline)) struct gap_at find_backward(struct rbtree *self, const struct iova_request *request,
							     uint64_t *first, uint64_t *examined)
{
	const struct gap_buckets *gaps = &self->by_address;
	const struct gap_wish wish = gap_wish_make(request, self->first, self->first + self->count);
	struct gap_at at;
	if (gap_wish_is_hopeless(&wish))
		return (struct gap_at){0};
	if (gap_index_is_due(&self->index) && find_indexed(self, &wish, true, &at, first, examined))
		return at;
	uint64_t begin = turn(self, wish.low, wish.end - wish.low), end = begin + (wish.end - wish.low);
	at = gap_buckets_behind(gaps, end - 1, examined);
	gap_index_walk(&self->index);
	/* That is behind it; without a gap before it bucket and index are 0. */
	for (at = at.index ? (struct gap_at){at.bucket, at.index - 1} : (struct gap_at){0}; at.bucket;
	     at = gap_before(gaps, at, wish.count, examined)) {
		gap_index_tried(&self->index);
		uint64_t low = gap_at_first(gaps, at), length = gap_at_length(gaps, at);
		if (low + length <= begin)
			break;
		if (fit_towards(self, low, length, &wish, true, first))
			return at;
	}
	return (struct gap_at){0};
}

unsigned address_file(struct rbtree *self)
{
	const struct gap_buckets *gaps = &self->by_address;
	struct gap_index *index = &self->index;
	struct gap_at at = {gaps->order[0].next, 0};
	unsigned left = GAP_INDEX_PORTION;
	if (index->begun)
		at = self->mirror ? gap_buckets_ending_behind(gaps, self->mirror - index->filed.first, NULL)
				  : gap_buckets_here(gaps, gap_buckets_behind(gaps, index->filed.first, NULL));
	for (; left && at.bucket; at = gap_buckets_find_next(gaps, at, 1, NULL)) {
		uint64_t length = gap_at_length(gaps, at);
		if (!length)
			continue;
		gap_index_file(index, turn(self, gap_at_first(gaps, at), length), length, 0);
		left--;
	}
	return left;
}

/* The gap that contains [first, first + count), if any. */
static struct gap_at find_around(const struct rbtree *self, uint64_t first, uint64_t count)
{
	const struct gap_buckets *gaps = &self->by_address;
	struct gap_at at = gap_buckets_ending_behind(gaps, first, NULL);
	if (!at.bucket || first < gap_at_first(gaps, at) || gap_at_length(gaps, at) < count ||
	    first - gap_at_first(gaps, at) > gap_at_length(gaps, at) - count)
		return (struct gap_at){0};
	return at;
}

/* The pages are about to be taken out of a gap. */
static void index_taken(struct rbtree *self, struct gap_at at, uint64_t first, uint64_t count)
{
	uint64_t begin = gap_at_first(&self->by_address, at), length = gap_at_length(&self->by_address, at);
	if (self->index.on)
		gap_index_cut(&self->index, turn(self, begin, length), length, turn(self, first, count), count);
}

GAP_INLINE enum iova_status allocate(struct rbtree *self, bool constrained, const struct iova_request *request,
				     struct iova_extent *extent, struct iova_steps *steps)
{
	struct gap_buckets *gaps = &self->by_address;
	const uint64_t count = request->count;
	uint64_t *examined = steps ? &steps->examined : NULL;
	struct gap_at at;
	uint64_t first;
	if (!constrained) {
		at = gap_buckets_find(gaps, count, examined);
		first = gap_at_first(gaps, at);
	} else if (is_backward(self, request)) {
		at = find_backward(self, request, &first, examined);
	} else {
		at = find_constrained(self, request, &first, examined);
	}
	if (__builtin_expect(!at.bucket, 0))
		return IOVA_NO_SPACE;
	if (__builtin_expect(self->live >= self->room, 0))
		return IOVA_NO_MEMORY;
	uint64_t before = first - gap_at_first(gaps, at);
	if (steps) {
		steps->splits += (uint64_t)(before != 0) + (gap_at_length(gaps, at) != before + count);
		index_taken(self, at, first, count);
	}
	gap_buckets_take(gaps, at, first, count);
	rbtree_grant(self, first, count, extent);
	return IOVA_OK;
}

/* A rank does not tell gaps of 2^32 pages apart: such a request looks at lengths, as constrained ones do. */
GAP_INLINE bool is_constrained(const struct iova_request *request)
{
	return request->constraints & (GAP_CONSTRAINED | GAP_DIRECTED) || request->count >= GAP_RANK_MAX;
}

/* Also what the index is to hear of; else allocations without constraints hold no call for it. */
static __attribute__((noinline)) enum iova_status alloc_general(struct rbtree *self, const struct iova_request *request,
								struct iova_extent *extent)
{
	struct iova_steps steps = {0};
	return address_alloc_counted(self, request, extent, &steps);
}

enum iova_status address_alloc(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent)
{
	if (__builtin_expect(is_constrained(request), 0) || __builtin_expect(self->index.on, 0))
		return alloc_general(self, request, extent);
	return allocate(self, false, request, extent, NULL);
}

enum iova_status address_alloc_counted(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				       struct iova_steps *steps)
{
	if (gap_index_is_filing(&self->index))
		rbtree_file(self, &steps->examined);
	return is_constrained(request) ? allocate(self, true, request, extent, steps)
				       : allocate(self, false, request, extent, steps);
}

/* Pages of the gaps that end at first and that begin behind the extent. A used up one in its place has none. */
struct beside {
	uint64_t low, high;
};

static struct beside beside(const struct gap_buckets *gaps, uint64_t first, uint64_t count)
{
	const struct gap_at behind = gap_buckets_behind(gaps, first, NULL), low = {behind.bucket, behind.index - 1};
	const struct gap_at high = gap_buckets_here(gaps, behind);
	struct beside pages = {0};
	if (behind.index && gap_at_first(gaps, low) + gap_at_length(gaps, low) == first)
		pages.low = gap_at_length(gaps, low);
	if (high.bucket && gap_at_first(gaps, high) == first + count)
		pages.high = gap_at_length(gaps, high);
	return pages;
}

static __attribute__((noinline)) void free_general(struct rbtree *self, const struct iova_extent *extent)
{
	struct iova_steps steps = {0};
	address_free_counted(self, extent, &steps);
}

void address_free(struct rbtree *self, const struct iova_extent *extent)
{
	if (__builtin_expect(self->index.on, 0)) {
		free_general(self, extent);
		return;
	}
	const uint64_t first = rbtree_take_back(self, extent);
	gap_buckets_give(&self->by_address, first, extent->count, NULL);
}

void address_free_counted(struct rbtree *self, const struct iova_extent *extent, struct iova_steps *steps)
{
	const uint64_t count = extent->count, first = rbtree_take_back(self, extent);
	const struct beside pages = beside(&self->by_address, first, count);
	steps->merges += (uint64_t)(pages.low != 0) + (pages.high != 0);
	gap_buckets_give(&self->by_address, first, count, &steps->examined);
	if (self->index.on)
		gap_index_join(&self->index, self->mirror ? pages.high : pages.low, extent->first, count,
			       self->mirror ? pages.low : pages.high);
}

enum iova_status address_place(struct rbtree *self, uint64_t first, uint64_t count, struct iova_extent *extent)
{
	first = turn(self, first, count);
	struct gap_at at = find_around(self, first, count);
	if (!at.bucket)
		return IOVA_TAKEN;
	if (self->live >= self->room)
		return IOVA_NO_MEMORY;
	index_taken(self, at, first, count);
	gap_buckets_take(&self->by_address, at, first, count);
	rbtree_grant(self, first, count, extent);
	return IOVA_OK;
}

void address_visit(const struct rbtree *self, iova_visit visit, void *context)
{
	const struct gap_buckets *gaps = &self->by_address;
	for (uint32_t bucket = gaps->order[0].next; bucket; bucket = gaps->order[bucket].next)
		for (unsigned i = 0; i < gaps->order[bucket].count; i++) {
			uint64_t length = gaps->buckets[bucket].length[i];
			if (length)
				visit(context, turn(self, gaps->buckets[bucket].first[i], length), length, IOVA_USABLE);
		}
}

enum iova_status address_create(struct rbtree *self)
{
	if (gap_buckets_create(&self->by_address, self->extents_max + 1, self->host) != IOVA_OK)
		return IOVA_NO_MEMORY;
	self->room = self->extents_max;
	gap_buckets_insert(&self->by_address, (struct gap_at){0}, self->first, self->count);
	return IOVA_OK;
}

void address_release(struct rbtree *self)
{
	gap_buckets_release(&self->by_address, self->host);
}
