/* SPDX-License-Identifier: MIT
 * Free gaps in the order of their addresses, in buckets of up to GAP_BUCKET_GAPS neighbours. The buckets are in a red-black
 * tree: a node's first is that of the bucket's first gap, its length that of the longest. So a descent is shorter by four
 * levels than one over gaps, the tree changes where a bucket is split or emptied alone, and the neighbours of a page lie side
 * by side.
 *
 * The first gap of a bucket stays in its place when it is used up, with no pages, until the bucket is full: in a ring it is
 * the next one that something is freed beside, and to move its neighbours up and back again would cost more than all the rest.
 * Between two gaps, of pages or of none, there is an extent.
 *
 * Two neighbouring buckets hold GAP_BUCKETS_TWO_LEAST gaps or more: a bucket that fell to GAP_BUCKET_FEW looks for one to
 * join. */
#ifndef ALLOCATOR_RBTREE_BUCKETS_H
#define ALLOCATOR_RBTREE_BUCKETS_H

#include "allocator/gap/find.h"
#include "allocator/gap/tree.h"
#include "iovabench/allocator.h"

#define GAP_BUCKET_GAPS 16u
#define GAP_BUCKET_MANY 12u /* with more left when the used up ones are gone, a full bucket is split */
#define GAP_BUCKET_FEW 8u
#define GAP_BUCKET_JOINED_MAX 10u /* two that are joined leave room for more gaps */
#define GAP_BUCKETS_TWO_LEAST 10u /* one that holds more than GAP_BUCKET_FEW and any other */

/* Loops over a whole bucket have no branch: clang unrolls them by itself. */
#if defined(__clang__)
#define GAP_BUCKET_UNROLL
#else
#define GAP_BUCKET_UNROLL _Pragma("GCC unroll 16")
#endif

struct gap_bucket {
	uint64_t first[GAP_BUCKET_GAPS];  /* pages, ascending; behind the last gap UINT64_MAX */
	uint64_t length[GAP_BUCKET_GAPS]; /* pages; behind the last gap 0 */
};

/* A bucket's neighbours by address, in a circle through bucket 0, and its gaps. */
struct gap_bucket_order {
	uint32_t previous;
	uint32_t next;
	uint32_t count;
};

struct gap_buckets {
	struct gap_tree tree; /* a bucket has the same number in all three arrays; 0: none */
	struct gap_bucket *buckets;
	struct gap_bucket_order *order;
};

/* A gap; bucket 0: none. Valid until a gap is added or removed. */
struct gap_at {
	uint32_t bucket;
	unsigned index;
};

GAP_INLINE uint64_t gap_at_first(const struct gap_buckets *self, struct gap_at at)
{
	return self->buckets[at.bucket].first[at.index];
}

GAP_INLINE uint64_t gap_at_length(const struct gap_buckets *self, struct gap_at at)
{
	return self->buckets[at.bucket].length[at.index];
}

/* Gaps of the bucket that begin at page or before. Half of them are compared one by one: no branch is there to foretell. */
GAP_INLINE unsigned gap_bucket_rank(const struct gap_bucket *bucket, uint64_t page)
{
	const unsigned half = GAP_BUCKET_GAPS / 2;
	if (bucket->first[1] >
	    page) /* by first fit, most frees of a ring: foretold, they need not wait for the comparisons */
		return bucket->first[0] <= page;
	const unsigned start = bucket->first[half - 1] <= page ? half : 0;
	unsigned rank = start;
	GAP_BUCKET_UNROLL
	for (unsigned i = 0; i < half; i++)
		rank += bucket->first[start + i] <= page;
	return rank;
}

/* The first gap from index on that has so many pages, or GAP_BUCKET_GAPS. */
GAP_INLINE unsigned gap_bucket_sufficing(const struct gap_bucket *bucket, unsigned index, uint64_t pages)
{
	while (index < GAP_BUCKET_GAPS && bucket->length[index] < pages)
		index++;
	return index;
}

GAP_INLINE uint64_t gap_bucket_longest(const struct gap_bucket *bucket)
{
	uint64_t longest = 0;
	GAP_BUCKET_UNROLL
	for (unsigned i = 0; i < GAP_BUCKET_GAPS; i++)
		longest = bucket->length[i] > longest ? bucket->length[i] : longest;
	return longest;
}

/* What most calls do not need is in buckets.c: the functions around it save fewer registers. These two tell the tree above the
 * bucket that its longest gap has grown to that length, or has shrunk. */
void gap_bucket_raise(struct gap_buckets *self, uint32_t bucket, uint64_t longest);
void gap_bucket_recount(struct gap_buckets *self, uint32_t bucket);

/* A gap of the bucket has got that length. */
GAP_INLINE void gap_bucket_grown(struct gap_buckets *self, uint32_t bucket, uint64_t length)
{
	if (length > self->tree.gaps[bucket].length)
		gap_bucket_raise(self, bucket, length);
}

/* A gap of the bucket has no longer that length. */
GAP_INLINE void gap_bucket_shrunk(struct gap_buckets *self, uint32_t bucket, uint64_t length)
{
	if (length == self->tree.gaps[bucket].length)
		gap_bucket_recount(self, bucket);
}

/* The gap gets another range, in its place among the others. */
GAP_INLINE void gap_buckets_resize(struct gap_buckets *self, struct gap_at at, uint64_t first, uint64_t length)
{
	struct gap_bucket *bucket = &self->buckets[at.bucket];
	const uint64_t before = bucket->length[at.index];
	bucket->first[at.index] = first;
	bucket->length[at.index] = length;
	if (at.index == 0)
		self->tree.gaps[at.bucket].first = first;
	if (length > before)
		gap_bucket_grown(self, at.bucket, length);
	else
		gap_bucket_shrunk(self, at.bucket, before);
}

/* The gap leaves its bucket, which may be joined to a neighbour then. */
void gap_buckets_remove(struct gap_buckets *self, struct gap_at at);

/* A new gap at this place: before the one that is there, or behind the bucket's last. at.bucket is 0 when there is no gap at
 * all. */
void gap_buckets_insert(struct gap_buckets *self, struct gap_at at, uint64_t first, uint64_t length);

/* The gap itself when it is one, else the first one of the next bucket. */
GAP_INLINE struct gap_at gap_buckets_here(const struct gap_buckets *self, struct gap_at at)
{
	return at.index < self->order[at.bucket].count ? at : (struct gap_at){self->order[at.bucket].next, 0};
}

/* Behind the last gap that begins at page or before: where a gap behind page belongs. The index may be that behind a bucket's
 * last. */
GAP_INLINE struct gap_at gap_buckets_behind(const struct gap_buckets *self, uint64_t page, uint64_t *examined)
{
	const struct gap *nodes = self->tree.gaps;
	uint32_t found = 0;
	for (uint32_t node = self->tree.root; node;) {
		gap_count_step(examined);
		uint32_t low = nodes[node].child[0], high = nodes[node].child[1];
		bool begins = nodes[node].first <= page;
		found = begins ? node : found;
		node = begins ? high : low;
	}
	if (__builtin_expect(!found, 0))
		return (struct gap_at){self->order[0].next, 0};
	return (struct gap_at){found, gap_bucket_rank(&self->buckets[found], page)};
}

/* The lowest gap that ends behind page, if any. */
static inline struct gap_at gap_buckets_ending_behind(const struct gap_buckets *self, uint64_t page, uint64_t *examined)
{
	struct gap_at at = gap_buckets_behind(self, page, examined);
	const struct gap_at before = {at.bucket, at.index - 1};
	if (at.index && gap_at_first(self, before) + gap_at_length(self, before) > page)
		return before;
	return gap_buckets_here(self, at);
}

/* The lowest gap of at least so many pages, below 2^32 of them, if any. */
GAP_INLINE struct gap_at gap_buckets_find(const struct gap_buckets *self, uint64_t pages, uint64_t *examined)
{
	uint32_t bucket = gap_find_first(&self->tree, (uint32_t)pages, examined);
	return (struct gap_at){bucket, bucket ? gap_bucket_sufficing(&self->buckets[bucket], 0, pages) : 0};
}

/* The next gap behind this one that may have so many pages: above 2^32 - 2 of them its length has to be asked. */
static inline struct gap_at gap_buckets_find_next(const struct gap_buckets *self, struct gap_at at, uint64_t pages,
						  uint64_t *examined)
{
	const uint32_t rank = gap_rank(pages);
	at.index = gap_bucket_sufficing(&self->buckets[at.bucket], at.index + 1, rank);
	if (at.index < GAP_BUCKET_GAPS)
		return at;
	at.bucket = gap_find_next(self->tree.gaps, at.bucket, rank, examined);
	at.index = at.bucket ? gap_bucket_sufficing(&self->buckets[at.bucket], 0, rank) : 0;
	return at;
}

/* Takes [first, first + count), which does not begin where the gap does, out of it. */
void gap_buckets_take_behind(struct gap_buckets *self, struct gap_at at, uint64_t first, uint64_t count);

/* Takes [first, first + count) out of the gap. */
GAP_INLINE void gap_buckets_take(struct gap_buckets *self, struct gap_at at, uint64_t first, uint64_t count)
{
	if (__builtin_expect(first != gap_at_first(self, at), 0))
		gap_buckets_take_behind(self, at, first, count);
	else if (at.index == 0 || gap_at_length(self, at) != count)
		gap_buckets_resize(self, at, first + count, gap_at_length(self, at) - count);
	else
		gap_buckets_remove(self, at);
}

/* At a bucket's border: behind is in front of the lowest gap, or behind a bucket's last. */
void gap_buckets_give_outside(struct gap_buckets *self, struct gap_at behind, uint64_t first, uint64_t count);

/* [first, first + count) becomes part of its neighbours, or a gap of its own. */
GAP_INLINE void gap_buckets_give(struct gap_buckets *self, uint64_t first, uint64_t count, uint64_t *examined)
{
	const struct gap_at behind = gap_buckets_behind(self, first, examined);
	if (__builtin_expect(!behind.index || behind.index == self->order[behind.bucket].count, 0)) {
		gap_buckets_give_outside(self, behind, first, count);
		return;
	}
	struct gap_bucket *bucket = &self->buckets[behind.bucket];
	uint64_t *firsts = &bucket->first[behind.index - 1], *lengths = &bucket->length[behind.index - 1];
	if (firsts[0] + lengths[0] == first) {
		bool joins_high = firsts[1] == first + count;
		lengths[0] += count + (joins_high ? lengths[1] : 0);
		gap_bucket_grown(self, behind.bucket, lengths[0]);
		if (joins_high)
			gap_buckets_remove(self, behind);
	} else if (firsts[1] == first + count) {
		firsts[1] = first;
		lengths[1] += count;
		gap_bucket_grown(self, behind.bucket, lengths[1]);
	} else {
		gap_buckets_insert(self, behind, first, count);
	}
}

/* An empty one for so many gaps at most. Returns IOVA_OK or IOVA_NO_MEMORY; release takes a zeroed one, too. */
enum iova_status gap_buckets_create(struct gap_buckets *self, uint64_t gaps, const struct iova_host *host);

void gap_buckets_release(struct gap_buckets *self, const struct iova_host *host);

#endif
