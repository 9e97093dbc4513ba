/* SPDX-License-Identifier: MIT
 * segregated: free runs in lists by length, two-level size classes; docs/segregated.md has the picture and the costs. */
#include "allocator/builtin.h"
#include "allocator/gap/index.h"
#include "allocator/contract.h"

#include <assert.h>

#define INLINE static inline __attribute__((always_inline))

/* Every length below EXACT_PAGES has a bin of its own; above, each power of two has 2^DIVISION_LOG2 of them. */
#define EXACT_LOG2 6
#define EXACT_PAGES (1u << EXACT_LOG2)
#define DIVISION_LOG2 3
#define SPACE_LOG2_MAX 52
#define BINS (EXACT_PAGES + ((SPACE_LOG2_MAX - EXACT_LOG2 + 1u) << DIVISION_LOG2))
#define WORDS ((BINS + 63) / 64)

/* With constraints: so many runs are tried from the shortest up before one is taken that is long enough for anything, and so
 * many before one of the longest. */
#define TRIES 64u
#define TRIES_LONG 320u

/* Live extents at most: 2^26 times 32 bytes are reserved for a space of more pages, and backed when touched. */
#define EXTENTS_MAX (UINT32_C(1) << 26)

enum { OPTION_ORDER };

/* Which gap of a bin is taken. In the usual calls a compile-time constant. */
enum order {
	ORDER_RECENT, /* a bin is a list */
	ORDER_LOW,    /* a bin is a tree by address */
};

/* Blocks that are always there. */
enum { BLOCK_NONE, BLOCK_END, BLOCKS_FIXED };

/* A gap, possibly of no pages, and the live extent behind it. */
struct block {
	uint64_t first;    /* of the gap; the extent begins at first + length */
	uint64_t length;   /* of the gap */
	uint32_t previous; /* by address: a circle, in which the end of the space is a block, too */
	uint32_t next;     /* the next one in the pool while it is unused */
	/* Of a gap with pages. */
	union {
		struct {
			uint32_t bin_previous;
			uint32_t bin_next;
		};
		uint32_t child[2]; /* lower and higher */
	};
};

struct segregated {
	uint64_t nonempty[WORDS]; /* bit per bin */
	struct block *blocks;
	uint64_t usable_pages;
	uint32_t unused;   /* blocks given back, most recent first */
	uint32_t fresh;    /* from here to capacity no block was ever used */
	uint32_t capacity; /* blocks */
	uint64_t first;
	uint64_t count;
	/* Requests of up to so many pages, and all frees if it is not 0, take the quick way: the space. 0 with order=low and
	 * while the index is on. */
	uint64_t quick_pages_max;
	enum order order;
	const struct iova_host *host;
	struct gap_index index;
	uint32_t filed_next;  /* while it is filing: the next block */
	uint32_t heads[BINS]; /* gaps, most recent first, or the root of the tree; there is no bin 0 */
};

/* The bin of a gap. */
INLINE unsigned bin_of(uint64_t length)
{
	if (length < EXACT_PAGES)
		return (unsigned)length;
	unsigned log2 = bits_log2_floor(length);
	return EXACT_PAGES + ((log2 - EXACT_LOG2) << DIVISION_LOG2) +
	       (unsigned)(length >> (log2 - DIVISION_LOG2) & ((1u << DIVISION_LOG2) - 1));
}

/* The first bin whose gaps all have that many pages. */
INLINE unsigned bin_sufficing(uint64_t count)
{
	if (count < EXACT_PAGES)
		return (unsigned)count;
	return bin_of(count + (UINT64_C(1) << (bits_log2_floor(count) - DIVISION_LOG2)) - 1);
}

/* The first bin from this one on that has a gap, or 0. */
INLINE unsigned bin_find(const struct segregated *self, unsigned from)
{
	unsigned word = from / 64;
	uint64_t bits = self->nonempty[word] >> (from % 64) << (from % 64);
	while (!bits) {
		if (++word == WORDS)
			return 0;
		bits = self->nonempty[word];
	}
	return word * 64 + (unsigned)__builtin_ctzll(bits);
}

/* A bin by address is a zip tree (Tarjan, Levy and Timmel, 2019): a search tree in which no child has a higher rank than its
 * parent. Ranks are drawn from the numbers of blocks, half of them 0, a quarter 1, and so on, so that its depth is O(log n). A
 * gap keeps its place among the others however it grows or shrinks. */
INLINE unsigned rank_of(uint32_t block)
{
	return (unsigned)__builtin_ctz(block * UINT32_C(0x9e3779b1) >> 6 | UINT32_C(1) << 26);
}

INLINE void count_step(struct iova_steps *steps)
{
	if (steps)
		steps->examined++;
}

static void tree_insert(struct block *blocks, uint32_t *link, uint32_t block, struct iova_steps *steps)
{
	const uint64_t first = blocks[block].first;
	unsigned rank = rank_of(block);
	uint32_t *low = &blocks[block].child[0], *high = &blocks[block].child[1];
	while (*link && rank_of(*link) >= rank) {
		link = &blocks[*link].child[blocks[*link].first < first];
		count_step(steps);
	}
	/* What was there is unzipped: what lies below the block, and what lies above it. */
	uint32_t rest = *link;
	*link = block;
	while (rest) {
		count_step(steps);
		if (blocks[rest].first < first) {
			*low = rest;
			low = &blocks[rest].child[1];
			rest = *low;
		} else {
			*high = rest;
			high = &blocks[rest].child[0];
			rest = *high;
		}
	}
	*low = *high = BLOCK_NONE;
}

static void tree_erase(struct block *blocks, uint32_t *link, uint32_t block, struct iova_steps *steps)
{
	while (*link != block) {
		link = &blocks[*link].child[blocks[*link].first < blocks[block].first];
		count_step(steps);
	}
	uint32_t low = blocks[block].child[0], high = blocks[block].child[1];
	while (low && high) {
		count_step(steps);
		if (rank_of(low) >= rank_of(high)) {
			*link = low;
			link = &blocks[low].child[1];
			low = *link;
		} else {
			*link = high;
			link = &blocks[high].child[0];
			high = *link;
		}
	}
	*link = low ? low : high;
}

/* The lowest gap of a tree from a page on, or BLOCK_NONE. */
static uint32_t tree_first(const struct block *blocks, uint32_t root, uint64_t page, struct iova_steps *steps)
{
	uint32_t found = BLOCK_NONE;
	while (root) {
		bool suffices = blocks[root].first >= page;
		count_step(steps);
		found = suffices ? root : found;
		root = blocks[root].child[!suffices];
	}
	return found;
}

/* The gaps of a bin, in the order in which they are taken. */
INLINE uint32_t bin_first(const struct segregated *self, enum order order, unsigned bin, struct iova_steps *steps)
{
	return order == ORDER_LOW ? tree_first(self->blocks, self->heads[bin], 0, steps) : self->heads[bin];
}

INLINE uint32_t bin_next(const struct segregated *self, enum order order, unsigned bin, uint32_t block,
			 struct iova_steps *steps)
{
	const struct block *blocks = self->blocks;
	if (order == ORDER_LOW)
		return tree_first(blocks, self->heads[bin], blocks[block].first + 1, steps);
	return blocks[block].bin_next;
}

/* What is foretold by branches need not be waited for: neither masks nor neighbours are written without one. A store to an
 * address that comes from a cache miss holds up every later load that it has met before. */
INLINE void bin_insert(struct segregated *self, enum order order, uint32_t block, unsigned bin, struct iova_steps *steps)
{
	struct block *blocks = self->blocks;
	if (order == ORDER_LOW) {
		tree_insert(blocks, &self->heads[bin], block, steps);
		self->nonempty[bin / 64] |= UINT64_C(1) << (bin % 64);
		return;
	}
	uint32_t next = self->heads[bin];
	blocks[block].bin_previous = BLOCK_NONE;
	blocks[block].bin_next = next;
	self->heads[bin] = block;
	if (next)
		blocks[next].bin_previous = block;
	else
		self->nonempty[bin / 64] |= UINT64_C(1) << (bin % 64);
}

INLINE void bin_erase(struct segregated *self, enum order order, uint32_t block, unsigned bin, struct iova_steps *steps)
{
	struct block *blocks = self->blocks;
	if (order == ORDER_LOW) {
		tree_erase(blocks, &self->heads[bin], block, steps);
		if (!self->heads[bin])
			self->nonempty[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
		return;
	}
	uint32_t previous = blocks[block].bin_previous, next = blocks[block].bin_next;
	if (next)
		blocks[next].bin_previous = previous;
	if (previous) {
		blocks[previous].bin_next = next;
		return;
	}
	self->heads[bin] = next;
	if (!next)
		self->nonempty[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
}

INLINE uint32_t pool_take(struct segregated *self)
{
	uint32_t block = self->unused;
	if (__builtin_expect(block != BLOCK_NONE, 1)) {
		self->unused = self->blocks[block].next;
		return block;
	}
	return self->fresh < self->capacity ? self->fresh++ : BLOCK_NONE;
}

INLINE void pool_put(struct segregated *self, uint32_t block)
{
	self->blocks[block].next = self->unused;
	self->unused = block;
}

/* The first one of a bin whose gaps all suffice, else one of the last bin whose gaps may: with exact bins there is none. */
INLINE uint32_t find(const struct segregated *self, enum order order, uint64_t count, unsigned *bin,
		     struct iova_steps *steps)
{
	const struct block *blocks = self->blocks;
	*bin = bin_find(self, bin_sufficing(count));
	if (steps)
		steps->examined++;
	if (__builtin_expect(*bin != 0, 1))
		return bin_first(self, order, *bin, steps);
	*bin = bin_of(count);
	uint32_t block = bin_first(self, order, *bin, steps);
	for (; block && blocks[block].length < count; block = bin_next(self, order, *bin, block, steps))
		if (steps)
			steps->examined++;
	return block;
}

INLINE bool fits(const struct segregated *self, uint32_t block, const struct gap_wish *wish, uint64_t *first)
{
	const struct block *tried = &self->blocks[block];
	return tried->length >= wish->count && gap_fit(tried->first, tried->first + tried->length, wish, false, first);
}

/* Whether the first gap that is long enough for any alignment and boundary will do; limits may still rule it out. */
static uint32_t find_roomy(const struct segregated *self, const struct gap_wish *wish, uint64_t *first)
{
	uint64_t step = wish->align > wish->boundary ? wish->align : wish->boundary;
	if (step > self->count || wish->count > self->count - step || 2 * wish->count > self->count - step)
		return BLOCK_NONE;
	unsigned bin = bin_find(self, bin_sufficing(2 * wish->count + step));
	uint32_t block = bin_first(self, self->order, bin, NULL);
	return bin && fits(self, block, wish, first) ? block : BLOCK_NONE;
}

/* The longest gaps, TRIES of them: what a limit leaves alone for long is long. */
static __attribute__((noinline)) uint32_t find_long(const struct segregated *self, const struct gap_wish *wish,
						    uint64_t *first, struct iova_steps *steps)
{
	unsigned tries = 0;
	for (unsigned bin = BINS - 1; bin >= bin_of(wish->count); bin--)
		for (uint32_t block = bin_first(self, self->order, bin, steps); block && tries < TRIES;
		     block = bin_next(self, self->order, bin, block, steps), tries++) {
			count_step(steps);
			if (fits(self, block, wish, first))
				return block;
		}
	return BLOCK_NONE;
}

/* A portion of the blocks, by address, enters the index with its gaps. What lies before the next one may have become part of
 * its gap, which is filed then. */
static void file_gaps(struct segregated *self, struct iova_steps *steps)
{
	const struct block *blocks = self->blocks;
	struct gap_index *index = &self->index;
	for (unsigned left = GAP_INDEX_PORTION; left && gap_index_is_filing(index); left--) {
		uint32_t block = self->filed_next;
		uint64_t first = blocks[block].first, length = blocks[block].length;
		self->filed_next = blocks[block].next;
		if (length && (!index->begun || !gap_index_has(index, first, 0)))
			gap_index_file(index, first, length, block);
		/* What will be free up to the extent of the block, where none was or where it is cut, is not met again. */
		if (!index->begun || !gap_index_has(index, first + length, 0))
			gap_index_pass(index, first + length, 0);
		if (block == BLOCK_END)
			gap_index_finish(index);
		count_step(steps);
	}
}

/* Where it is wanted. True: it is on. */
static bool begin_index(struct segregated *self, struct iova_steps *steps)
{
	if (gap_index_is_wanted(&self->index) && gap_index_begin(&self->index, self->host)) {
		self->filed_next = self->blocks[BLOCK_END].next;
		self->quick_pages_max = 0;
		file_gaps(self, steps);
	}
	return self->index.on;
}

static uint32_t find_indexed(struct segregated *self, const struct gap_wish *wish, uint64_t *first,
			     struct iova_steps *steps)
{
	uint32_t found = gap_index_find(&self->index, wish, 0, false, first, steps ? &steps->examined : NULL);
	return found ? self->index.tree.gaps[found].owner : BLOCK_NONE;
}

/* By the index the shortest of all. Else from the shortest gaps that may suffice up, with other tries in between. */
static uint32_t find_constrained(struct segregated *self, const struct iova_request *request, uint64_t *first,
				 struct iova_steps *steps)
{
	struct gap_wish wish = gap_wish_make(request, self->first, self->first + self->count);
	unsigned tries = 0, other_from = TRIES;
	if (gap_wish_is_hopeless(&wish))
		return BLOCK_NONE;
	uint32_t found = begin_index(self, steps) ? find_indexed(self, &wish, first, steps) : BLOCK_NONE;
	if (self->index.on && (found || gap_index_settles(&self->index, &wish)))
		return found;
	gap_index_walk(&self->index);
	for (unsigned bin = bin_find(self, bin_of(wish.count)); bin; bin = bin + 1 < BINS ? bin_find(self, bin + 1) : 0)
		for (uint32_t block = bin_first(self, self->order, bin, steps); block;
		     block = bin_next(self, self->order, bin, block, steps)) {
			if (steps)
				steps->examined++;
			if (fits(self, block, &wish, first))
				return block;
			gap_index_tried(&self->index);
			if (__builtin_expect(++tries < other_from, 1))
				continue;
			uint32_t other =
				tries == TRIES ? find_roomy(self, &wish, first) : find_long(self, &wish, first, steps);
			if (other)
				return other;
			other_from = tries == TRIES ? TRIES_LONG : ~0u;
		}
	return BLOCK_NONE;
}

/* Makes count pages of gap, which is in bin, behind the first `before` ones, the extent of block. Returns its first page. A
 * long gap often stays in its bin. */
INLINE uint64_t take(struct segregated *self, enum order order, uint32_t gap, unsigned bin, uint32_t block, uint64_t before,
		     uint64_t count, struct iova_steps *steps)
{
	struct block *blocks = self->blocks;
	uint64_t first = blocks[gap].first + before, after = blocks[gap].length - before - count;
	uint32_t previous = blocks[gap].previous;
	blocks[block].first = first - before;
	blocks[block].length = before;
	blocks[block].previous = previous;
	blocks[block].next = gap;
	blocks[previous].next = block;
	blocks[gap].previous = block;
	blocks[gap].first = first + count;
	blocks[gap].length = after;
	if (!after) {
		bin_erase(self, order, gap, bin, steps);
	} else {
		unsigned wanted = bin_of(after);
		if (wanted != bin) {
			bin_erase(self, order, gap, bin, steps);
			bin_insert(self, order, gap, wanted, steps);
		}
	}
	if (__builtin_expect(before != 0, 0))
		bin_insert(self, order, block, bin_of(before), steps);
	if (steps)
		steps->splits += (uint64_t)(after != 0) + (before != 0);
	self->usable_pages -= count;
	return first;
}

/* Pages became the extent of a block: of the gap that they were of, what is before them belongs to it, and what is behind them
 * to the next one. */
static void index_taken(struct segregated *self, uint64_t count, uint32_t block)
{
	const struct block *before = &self->blocks[block], *behind = &self->blocks[before->next];
	if (self->filed_next == before->next)
		self->filed_next = block;
	uint64_t length = before->length + count + behind->length;
	if (before->length)
		gap_index_move(&self->index, before->first, length, before->first, before->length, block);
	if (behind->length && !before->length)
		gap_index_move(&self->index, before->first, length, behind->first, behind->length, before->next);
	if (behind->length && before->length)
		gap_index_add(&self->index, behind->first, behind->length, before->next);
	if (!behind->length && !before->length)
		gap_index_remove(&self->index, before->first, length);
}

static void index_given(struct segregated *self, const struct iova_extent *extent)
{
	uint32_t block = (uint32_t)extent->cookie, behind = self->blocks[block].next;
	uint64_t front = self->blocks[block].length, back = self->blocks[behind].length, count = extent->count;
	if (self->filed_next == block)
		self->filed_next = behind;
	if (front && back)
		gap_index_remove(&self->index, extent->first + count, back);
	if (front)
		gap_index_move(&self->index, extent->first - front, front, extent->first - front, front + count + back,
			       behind);
	else if (back)
		gap_index_move(&self->index, extent->first + count, back, extent->first, count + back, behind);
	else
		gap_index_add(&self->index, extent->first, count, behind);
}

static __attribute__((noinline)) enum iova_status alloc_constrained(struct segregated *self,
								    const struct iova_request *request,
								    struct iova_extent *extent, struct iova_steps *steps)
{
	uint64_t first;
	uint32_t gap = find_constrained(self, request, &first, steps);
	if (!gap)
		return IOVA_NO_SPACE;
	uint32_t block = pool_take(self);
	if (!block)
		return IOVA_NO_MEMORY;
	take(self, self->order, gap, bin_of(self->blocks[gap].length), block, first - self->blocks[gap].first,
	     request->count, steps);
	*extent = (struct iova_extent){first, request->count, block};
	index_taken(self, request->count, block);
	return IOVA_OK;
}

INLINE enum iova_status alloc_plain(struct segregated *self, enum order order, uint64_t count, struct iova_extent *extent,
				    struct iova_steps *steps)
{
	unsigned bin;
	uint32_t gap = find(self, order, count, &bin, steps);
	if (__builtin_expect(!gap, 0))
		return IOVA_NO_SPACE;
	uint32_t block = pool_take(self);
	if (__builtin_expect(!block, 0))
		return IOVA_NO_MEMORY;
	extent->first = take(self, order, gap, bin, block, 0, count, steps);
	extent->count = count;
	extent->cookie = block;
	return IOVA_OK;
}

static __attribute__((noinline)) enum iova_status alloc_general(struct segregated *self, const struct iova_request *request,
								struct iova_extent *extent, struct iova_steps *steps)
{
	if (request->count > self->count)
		return IOVA_NO_SPACE;
	self->quick_pages_max = self->index.on || self->order != ORDER_RECENT ? 0 : self->count;
	if (gap_index_is_filing(&self->index))
		file_gaps(self, steps);
	if (request->constraints & GAP_CONSTRAINED)
		return alloc_constrained(self, request, extent, steps);
	enum iova_status status = alloc_plain(self, self->order, request->count, extent, steps);
	if (status == IOVA_OK)
		index_taken(self, request->count, (uint32_t)extent->cookie);
	return status;
}

INLINE enum iova_status allocate(struct segregated *self, const struct iova_request *request, struct iova_extent *extent,
				 struct iova_steps *steps)
{
	if (__builtin_expect(request->count > self->quick_pages_max, 0))
		return alloc_general(self, request, extent, steps);
	if (__builtin_expect(request->constraints & GAP_CONSTRAINED, 0))
		return alloc_constrained(self, request, extent, steps);
	return alloc_plain(self, ORDER_RECENT, request->count, extent, steps);
}

/* A gap of back pages becomes a longer one. */
INLINE void grow(struct segregated *self, enum order order, uint32_t gap, uint64_t back, uint64_t first, uint64_t length,
		 struct iova_steps *steps)
{
	unsigned bin = bin_of(back), wanted = bin_of(length);
	self->blocks[gap].first = first;
	self->blocks[gap].length = length;
	if (wanted == bin)
		return;
	bin_erase(self, order, gap, bin, steps);
	bin_insert(self, order, gap, wanted, steps);
}

/* The gap in front and the extent join the gap behind, in the next block. The neighbours are asked by branches, which are
 * foretold long before their blocks come from memory: a sum of the three would have to wait for them, and the next allocation
 * for it. */
INLINE void release(struct segregated *self, enum order order, const struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_range_is_inside(extent->first, extent->count, self->first, self->first + self->count));
	assert(extent->cookie);
	struct block *blocks = self->blocks;
	uint32_t block = (uint32_t)extent->cookie, behind = blocks[block].next, previous = blocks[block].previous;
	uint64_t first = extent->first, length = extent->count, front = blocks[block].length, back = blocks[behind].length;
	blocks[previous].next = behind;
	blocks[behind].previous = previous;
	if (front) {
		bin_erase(self, order, block, bin_of(front), steps);
		first -= front;
		length += front;
	}
	if (back) {
		grow(self, order, behind, back, first, length + back, steps);
	} else {
		blocks[behind].first = first;
		blocks[behind].length = length;
		bin_insert(self, order, behind, bin_of(length), steps);
	}
	if (steps)
		steps->merges += (uint64_t)(front != 0) + (back != 0);
	self->usable_pages += extent->count;
	pool_put(self, block);
}

static enum iova_status segregated_alloc(void *self, const struct iova_request *request, uint32_t cpu,
					 struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	return allocate(self, request, extent, NULL);
}

static enum iova_status segregated_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
						 struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	return allocate(self, request, extent, steps);
}

/* Calls around it would save registers for one inside. */
static __attribute__((noinline)) void release_general(struct segregated *self, const struct iova_extent *extent,
						      struct iova_steps *steps)
{
	index_given(self, extent);
	release(self, self->order, extent, steps);
}

static void segregated_free(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct segregated *self = context;
	if (__builtin_expect(!self->quick_pages_max, 0))
		release_general(self, extent, NULL);
	else
		release(self, ORDER_RECENT, extent, NULL);
}

static void segregated_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	(void)cpu;
	release_general(self, extent, steps);
}

/* The gap that contains [first, first + count), or BLOCK_NONE. There is no index by address: from the longest gaps down, which
 * are the first while holes are made in a fresh space. */
static uint32_t find_around(const struct segregated *self, uint64_t first, uint64_t count)
{
	for (unsigned bin = BINS - 1; bin && bin >= bin_of(count); bin--)
		for (uint32_t block = bin_first(self, self->order, bin, NULL); block;
		     block = bin_next(self, self->order, bin, block, NULL)) {
			const struct block *gap = &self->blocks[block];
			if (first >= gap->first && gap->length >= count && first - gap->first <= gap->length - count)
				return block;
		}
	return BLOCK_NONE;
}

static enum iova_status segregated_place(void *context, uint64_t first, uint64_t count, uint32_t cpu,
					 struct iova_extent *extent)
{
	assert(count);
	(void)cpu;
	struct segregated *self = context;
	if (count > self->count)
		return IOVA_TAKEN;
	uint32_t gap = find_around(self, first, count);
	if (!gap)
		return IOVA_TAKEN;
	uint32_t block = pool_take(self);
	if (!block)
		return IOVA_NO_MEMORY;
	take(self, self->order, gap, bin_of(self->blocks[gap].length), block, first - self->blocks[gap].first, count, NULL);
	*extent = (struct iova_extent){first, count, block};
	index_taken(self, count, block);
	return IOVA_OK;
}

static void segregated_visit_free(void *context, iova_visit visit, void *visit_context)
{
	const struct segregated *self = context;
	uint32_t block = BLOCK_END;
	do {
		block = self->blocks[block].next;
		const struct block *gap = &self->blocks[block];
		if (gap->length)
			visit(visit_context, gap->first, gap->length, IOVA_USABLE);
	} while (block != BLOCK_END);
}

static void segregated_statistics(void *context, struct iova_statistics *statistics)
{
	const struct segregated *self = context;
	*statistics = (struct iova_statistics){.usable_pages = self->usable_pages};
}

/* The blocks by address, which are all that were taken from the pool, and *gaps: those with pages. */
static const char *broken_circle(const struct segregated *self, uint64_t taken, uint64_t *gaps)
{
	const struct block *blocks = self->blocks;
	uint64_t usable = 0, live = 0, at = self->first;
	for (uint32_t block = blocks[BLOCK_END].next;; block = blocks[block].next) {
		if (blocks[blocks[block].next].previous != block)
			return "the next block's previous block is this one";
		if (live ? blocks[block].first <= at : blocks[block].first != at)
			return "every extent has pages and the first block begins with the space";
		at = blocks[block].first + blocks[block].length;
		usable += blocks[block].length;
		*gaps += blocks[block].length != 0;
		if (block == BLOCK_END)
			break;
		if (++live > taken)
			break;
	}
	if (live != taken)
		return "every block of the pool is live or unused";
	if (at != self->first + self->count)
		return "the last block ends with the space";
	return usable == self->usable_pages ? NULL : "usable_pages is the sum of all gaps";
}

/* The circle is checked before. */
static const char *broken_trees(const struct segregated *self)
{
	const struct block *blocks = self->blocks;
	uint32_t block = BLOCK_END;
	do {
		block = blocks[block].next;
		for (int side = 0; side < 2 && blocks[block].length; side++) {
			uint32_t child = blocks[block].child[side];
			if (child && (blocks[child].first < blocks[block].first) != (side == 0))
				return "a bin by address ascends";
			if (child && rank_of(child) > rank_of(block))
				return "no gap of a bin by address has a higher rank than its parent";
		}
	} while (block != BLOCK_END);
	return NULL;
}

static const char *broken_bins(const struct segregated *self, uint64_t gaps)
{
	const struct block *blocks = self->blocks;
	uint64_t listed = 0;
	for (unsigned bin = 1; bin < BINS; bin++) {
		uint32_t previous = BLOCK_NONE;
		for (uint32_t block = bin_first(self, self->order, bin, NULL); block;
		     previous = block, block = bin_next(self, self->order, bin, block, NULL), listed++) {
			if (self->order == ORDER_RECENT && blocks[block].bin_previous != previous)
				return "the next gap of a bin knows this one";
			if (bin_of(blocks[block].length) != bin)
				return "a gap is in the bin of its length";
			if (listed > gaps)
				return "the bins have exactly the gaps with pages";
		}
		if ((self->nonempty[bin / 64] >> (bin % 64) & 1) != (self->heads[bin] != BLOCK_NONE))
			return "a bit is set for every bin with a gap";
	}
	return listed == gaps ? NULL : "the bins have exactly the gaps with pages";
}

static const char *segregated_broken_invariant(void *context)
{
	const struct segregated *self = context;
	uint64_t gaps = 0, unused = 0, taken = self->fresh - BLOCKS_FIXED;
	for (uint32_t block = self->unused; block && unused <= taken; block = self->blocks[block].next)
		unused++;
	if (unused > taken)
		return "every block of the pool is live or unused";
	const char *broken = broken_circle(self, taken - unused, &gaps);
	if (!broken && self->order == ORDER_LOW)
		broken = broken_trees(self);
	broken = broken ? broken : broken_bins(self, gaps);
	if (!broken && (self->index.on || self->order != ORDER_RECENT) && self->quick_pages_max)
		return "the quick way is for lists, while the index is off";
	return broken ? broken : gap_index_check(&self->index, segregated_visit_free, context);
}

static void segregated_destroy(void *context)
{
	struct segregated *self = context;
	if (!self)
		return;
	const struct iova_host *host = self->host;
	gap_index_release(&self->index, host);
	host->memory_put(host->context, self->blocks, self->capacity * sizeof *self->blocks);
	host->memory_put(host->context, self, sizeof *self);
}

static enum iova_status segregated_create(const struct iova_space *space, const uint64_t *options,
					  const struct iova_host *host, const struct iova_below *below, void **result,
					  const char **reason)
{
	(void)below;
	(void)reason;
	struct segregated *self = host->memory_get(host->context, sizeof *self);
	if (!self)
		return IOVA_NO_MEMORY;
	self->host = host;
	self->first = space->first;
	self->order = (enum order)options[OPTION_ORDER];
	self->count = space->count;
	self->quick_pages_max = self->order == ORDER_RECENT ? space->count : 0;
	gap_index_create(&self->index, space->count, GAP_BY_LENGTH_DOWN, GAP_BY_ADDRESS);
	self->capacity = (uint32_t)(space->count < EXTENTS_MAX ? space->count : EXTENTS_MAX) + BLOCKS_FIXED;
	self->fresh = BLOCKS_FIXED;
	self->usable_pages = space->count;
	self->blocks = host->memory_get(host->context, self->capacity * sizeof *self->blocks);
	if (!self->blocks) {
		segregated_destroy(self);
		return IOVA_NO_MEMORY;
	}
	self->blocks[BLOCK_END].previous = self->blocks[BLOCK_END].next = BLOCK_END;
	self->blocks[BLOCK_END].first = space->first;
	self->blocks[BLOCK_END].length = space->count;
	bin_insert(self, self->order, BLOCK_END, bin_of(space->count), NULL);
	*result = self;
	return IOVA_OK;
}

static const char *const orders[] = {"recent", "low", NULL};

static const struct iova_option segregated_options[] = {
	[OPTION_ORDER] =
		{.name = "order",
		 .kind = IOVA_OPTION_CHOICE,
		 .default_value = ORDER_RECENT,
		 .choices = orders,
		 .help = "which gap of a bin is taken: the one that was freed last, or the lowest, which leaves longer "
			 "gaps"},
};

const struct iova_allocator allocator_segregated = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "segregated",
	.about = "free runs in lists by length, exact below 64 pages and eight to a power of two above: O(1), coalesced at "
		 "once",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS,
	.options = segregated_options,
	.option_count = sizeof segregated_options / sizeof segregated_options[0],
	.create = segregated_create,
	.alloc = segregated_alloc,
	.free = segregated_free,
	.place = segregated_place,
	.visit_free = segregated_visit_free,
	.statistics = segregated_statistics,
	.broken_invariant = segregated_broken_invariant,
	.destroy = segregated_destroy,
	.alloc_counted = segregated_alloc_counted,
	.free_counted = segregated_free_counted,
};
