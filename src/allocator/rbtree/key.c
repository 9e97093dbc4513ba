/* SPDX-License-Identifier: MIT */
#include "allocator/rbtree/order.h"

/* The gap has these ends. */
GAP_INLINE void set_ends(struct rbtree_by_key *self, uint64_t offset, uint64_t length)
{
	self->length_at[offset] = (uint32_t)length;
	self->length_at[offset + length] = (uint32_t)length;
}

/* Of the gap at its place, the pages [offset, offset + count) are taken. */
GAP_INLINE void take(struct rbtree_by_key *self, struct gap_key_at at, uint64_t offset, uint64_t count,
		     struct iova_steps *steps)
{
	uint64_t *examined = steps ? &steps->examined : NULL;
	const uint64_t gap = gap_keys_get(&self->keys, at);
	const uint64_t begin = key_offset(gap), before = offset - begin, after = key_length(gap) - before - count;
	if (steps)
		steps->splits += (uint64_t)(after != 0) + (before != 0);
	self->length_at[begin] = 0;
	/* One of no pages leaves what is to be left: nothing. */
	set_ends(self, offset + count, after);
	if (after)
		gap_keys_move_at(&self->keys, at, make_key(after, offset + count), examined);
	else
		gap_keys_remove_at(&self->keys, at);
	if (__builtin_expect(before != 0, 0)) {
		set_ends(self, begin, before);
		gap_keys_add(&self->keys, make_key(before, begin), examined);
	}
}

static uint64_t length_at(const struct rbtree *self, uint64_t page)
{
	return self->by_key.length_at[page - self->first];
}

static uint64_t find_indexed(struct rbtree *self, const struct gap_wish *wish, uint64_t *first, uint64_t *examined)
{
	const uint32_t found = gap_index_find(&self->index, wish, 0, false, first, examined);
	const struct gap *gap = &self->index.tree.gaps[found];
	return found ? make_key(gap->length, gap->first - self->first) : GAP_NO_KEY;
}

/* The shortest gap that satisfies the constraints, the lowest of several, and the place in it. */
static __attribute__((noinline)) uint64_t find_constrained(struct rbtree *self, const struct iova_request *request,
							   uint64_t *first, uint64_t *examined)
{
	const struct gap_keys *keys = &self->by_key.keys;
	const struct gap_wish wish = gap_wish_make(request, self->first, self->first + self->count);
	if (gap_wish_is_hopeless(&wish))
		return GAP_NO_KEY;
	bool asks = rbtree_begin_index(self, examined) && gap_index_reaches(&self->index, &wish);
	uint64_t key = asks ? find_indexed(self, &wish, first, examined) : GAP_NO_KEY;
	if (asks && (key != GAP_NO_KEY || gap_index_settles(&self->index, &wish)))
		return key;
	gap_index_walk(&self->index);
	struct gap_key_at at = gap_keys_find(keys, make_key(wish.count, 0), examined);
	for (unsigned tries = 1; (key = gap_keys_get(keys, at)) != GAP_NO_KEY &&
				 !fit(self, self->first + key_offset(key), key_length(key), &wish, first);
	     tries++) {
		if (tries == RBTREE_TRIES && rbtree_index_below(self, &wish, length_at, examined))
			return find_indexed(self, &wish, first, examined);
		gap_index_tried(&self->index);
		gap_count_step(examined);
		at = gap_keys_next(keys, at);
	}
	return key;
}

unsigned key_file(struct rbtree *self)
{
	const struct gap_keys *keys = &self->by_key.keys;
	struct gap_index *index = &self->index;
	struct gap_key_at at = gap_keys_first(keys);
	unsigned left = GAP_INDEX_PORTION;
	if (index->begun)
		at = gap_keys_find(keys, make_key(index->filed.length, index->filed.first - self->first) + 1, NULL);
	for (uint64_t key; left && (key = gap_keys_get(keys, at)) != GAP_NO_KEY; at = gap_keys_next(keys, at), left--)
		gap_index_file(index, self->first + key_offset(key), key_length(key), 0);
	return left;
}

static void index_taken(struct rbtree *self, uint64_t gap, uint64_t first, uint64_t count)
{
	if (self->index.on)
		gap_index_cut(&self->index, self->first + key_offset(gap), key_length(gap), first, count);
}

/* Also when more pages are asked for than there are: no key has so many. */
GAP_INLINE struct gap_key_at find_best(const struct rbtree *self, uint64_t count, uint64_t *examined)
{
	return gap_keys_find(&self->by_key.keys, make_key(count <= self->count ? count : self->count + 1, 0), examined);
}

GAP_INLINE enum iova_status allocate(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				     struct iova_steps *steps)
{
	const struct gap_keys *keys = &self->by_key.keys;
	const struct gap_key_at at = find_best(self, request->count, steps ? &steps->examined : NULL);
	const uint64_t gap = gap_keys_get(keys, at);
	if (__builtin_expect(gap == GAP_NO_KEY, 0))
		return IOVA_NO_SPACE;
	if (__builtin_expect(self->live >= self->room, 0))
		return IOVA_NO_MEMORY;
	if (steps)
		index_taken(self, gap, self->first + key_offset(gap), request->count);
	take(&self->by_key, at, key_offset(gap), request->count, steps);
	rbtree_grant(self, self->first + key_offset(gap), request->count, extent);
	return IOVA_OK;
}

/* Takes the pages out of the gap, wherever in it they are. */
static __attribute__((noinline)) enum iova_status take_from(struct rbtree *self, uint64_t gap, uint64_t first,
							    uint64_t count, struct iova_extent *extent,
							    struct iova_steps *steps)
{
	if (self->live >= self->room)
		return IOVA_NO_MEMORY;
	index_taken(self, gap, first, count);
	take(&self->by_key, gap_keys_spot(&self->by_key.keys, gap, &steps->examined), first - self->first, count, steps);
	rbtree_grant(self, first, count, extent);
	return IOVA_OK;
}

/* Also what the index is to hear of; else allocations without constraints hold no call. */
static __attribute__((noinline)) enum iova_status alloc_general(struct rbtree *self, const struct iova_request *request,
								struct iova_extent *extent)
{
	struct iova_steps steps = {0};
	return key_alloc_counted(self, request, extent, &steps);
}

enum iova_status key_alloc(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent)
{
	if (__builtin_expect((request->constraints & GAP_CONSTRAINED) | self->index.on, 0))
		return alloc_general(self, request, extent);
	return allocate(self, request, extent, NULL);
}

enum iova_status key_alloc_counted(struct rbtree *self, const struct iova_request *request, struct iova_extent *extent,
				   struct iova_steps *steps)
{
	uint64_t first;
	if (gap_index_is_filing(&self->index))
		rbtree_file(self, &steps->examined);
	if (!(request->constraints & GAP_CONSTRAINED))
		return allocate(self, request, extent, steps);
	const uint64_t gap = find_constrained(self, request, &first, &steps->examined);
	return gap == GAP_NO_KEY ? IOVA_NO_SPACE : take_from(self, gap, first, request->count, extent, steps);
}

GAP_INLINE void give_back(struct rbtree *self, const struct iova_extent *extent, struct iova_steps *steps)
{
	struct rbtree_by_key *by_key = &self->by_key;
	uint64_t *examined = steps ? &steps->examined : NULL;
	const uint64_t count = extent->count, offset = rbtree_take_back(self, extent) - self->first, end = offset + count;
	const uint64_t low = by_key->length_at[offset], high = by_key->length_at[end];
	if (steps) {
		steps->merges += (uint64_t)(low != 0) + (high != 0);
		if (self->index.on)
			gap_index_join(&self->index, low, extent->first, count, high);
	}
	/* They are inside of the gap, or are told below. */
	by_key->length_at[offset] = by_key->length_at[end] = 0;
	set_ends(by_key, offset - low, low + count + high);
	const uint64_t gap = make_key(low + count + high, offset - low);
	if (low && high)
		gap_keys_remove(&by_key->keys, make_key(high, end), examined);
	if (low | high) {
		const uint64_t from = low ? make_key(low, offset - low) : make_key(high, end);
		gap_keys_move_at(&by_key->keys, gap_keys_spot(&by_key->keys, from, examined), gap, examined);
	} else {
		gap_keys_add(&by_key->keys, gap, examined);
	}
}

static __attribute__((noinline)) void free_general(struct rbtree *self, const struct iova_extent *extent)
{
	struct iova_steps steps = {0};
	give_back(self, extent, &steps);
}

void key_free(struct rbtree *self, const struct iova_extent *extent)
{
	if (__builtin_expect(self->index.on, 0))
		free_general(self, extent);
	else
		give_back(self, extent, NULL);
}

void key_free_counted(struct rbtree *self, const struct iova_extent *extent, struct iova_steps *steps)
{
	give_back(self, extent, steps);
}

/* The gap that contains [offset, offset + count), or GAP_NO_KEY. There is no index by address: from the longest gap down,
 * which is the first one while holes are made in a fresh space. */
static uint64_t find_around(const struct gap_keys *keys, uint64_t offset, uint64_t count)
{
	struct gap_key_at at = gap_keys_previous(keys, (struct gap_key_at){0});
	for (uint64_t key; (key = gap_keys_get(keys, at)) != GAP_NO_KEY && key_length(key) >= count;
	     at = gap_keys_previous(keys, at))
		if (offset >= key_offset(key) && offset + count <= key_offset(key) + key_length(key))
			return key;
	return GAP_NO_KEY;
}

enum iova_status key_place(struct rbtree *self, uint64_t first, uint64_t count, struct iova_extent *extent)
{
	struct iova_steps steps = {0};
	/* Outside of the space, or none: below, sums do not wrap around. */
	if (first < self->first || first - self->first >= self->count || count > self->count)
		return IOVA_TAKEN;
	const uint64_t gap = find_around(&self->by_key.keys, first - self->first, count);
	return gap == GAP_NO_KEY ? IOVA_TAKEN : take_from(self, gap, first, count, extent, &steps);
}

void key_visit(const struct rbtree *self, iova_visit visit, void *context)
{
	const struct gap_keys *keys = &self->by_key.keys;
	struct gap_key_at at = gap_keys_first(keys);
	for (uint64_t key; (key = gap_keys_get(keys, at)) != GAP_NO_KEY; at = gap_keys_next(keys, at))
		visit(context, self->first + key_offset(key), key_length(key), IOVA_USABLE);
}

enum iova_status key_create(struct rbtree *self)
{
	struct rbtree_by_key *by_key = &self->by_key;
	/* Between two gaps there is an extent. */
	if (gap_keys_create(&by_key->keys, self->count / 2 + 1, self->host) != IOVA_OK)
		return IOVA_NO_MEMORY;
	by_key->length_at = self->host->memory_get(self->host->context, (self->count + 1) * sizeof *by_key->length_at);
	if (!by_key->length_at)
		return IOVA_NO_MEMORY;
	self->room = self->extents_max;
	gap_keys_add(&by_key->keys, make_key(self->count, 0), NULL);
	set_ends(by_key, 0, self->count);
	return IOVA_OK;
}

void key_release(struct rbtree *self)
{
	struct rbtree_by_key *by_key = &self->by_key;
	self->host->memory_put(self->host->context, by_key->length_at, (self->count + 1) * sizeof *by_key->length_at);
	gap_keys_release(&by_key->keys, self->host);
}
