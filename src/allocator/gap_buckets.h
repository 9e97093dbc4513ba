/* SPDX-License-Identifier: MIT
 * Free gaps in the order of their addresses, in buckets of up to GAP_BUCKET_GAPS neighbours. The buckets are in a red-black tree: a
 * node's first is that of the bucket's first gap, its length that of the longest. So a descent is shorter by four levels than one over
 * gaps, the tree changes where a bucket is split or emptied alone, and the neighbours of a page lie side by side.
 *
 * The first gap of a bucket stays in its place when it is used up, with no pages, until the bucket is full: in a ring it is the next
 * one that something is freed beside, and to move its neighbours up and back again would cost more than all the rest. Between two
 * gaps, of pages or of none, there is an extent.
 *
 * Two neighbouring buckets hold GAP_BUCKETS_TWO_LEAST gaps or more: a bucket that fell to GAP_BUCKET_FEW looks for one to join. */
#ifndef ALLOCATOR_GAP_BUCKETS_H
#define ALLOCATOR_GAP_BUCKETS_H

#include "allocator/gap_find.h"
#include "allocator/gap_tree.h"
#include "iovabench/allocator.h"

#include <string.h>

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

/* What most calls do not need stays out of line: the functions around it save fewer registers. */
#define GAP_BUCKET_SELDOM static __attribute__((noinline))

GAP_BUCKET_SELDOM void gap_bucket_raise(struct gap_buckets *self, uint32_t bucket, uint64_t longest)
{
	self->tree.gaps[bucket].length = longest;
	gap_raise(self->tree.gaps, bucket);
}

GAP_BUCKET_SELDOM void gap_bucket_recount(struct gap_buckets *self, uint32_t bucket)
{
	self->tree.gaps[bucket].length = gap_bucket_longest(&self->buckets[bucket]);
	gap_recount(self->tree.gaps, bucket);
}

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

/* A new bucket behind the given one, which may be 0, with the count gaps at from. */
static inline uint32_t gap_bucket_add(struct gap_buckets *self, uint32_t behind, const struct gap_bucket *from,
				      unsigned index, uint32_t count)
{
	const uint32_t bucket = gap_take(&self->tree), next = self->order[behind].next;
	struct gap_bucket *filled = &self->buckets[bucket];
	for (unsigned i = 0; i < GAP_BUCKET_GAPS; i++) {
		filled->first[i] = i < count ? from->first[index + i] : UINT64_MAX;
		filled->length[i] = i < count ? from->length[index + i] : 0;
	}
	self->order[bucket] = (struct gap_bucket_order){behind, next, count};
	self->order[behind].next = bucket;
	self->order[next].previous = bucket;
	self->tree.gaps[bucket].first = filled->first[0];
	self->tree.gaps[bucket].length = gap_bucket_longest(filled);
	gap_insert(&self->tree, bucket, true, NULL);
	return bucket;
}

static inline void gap_bucket_remove(struct gap_buckets *self, uint32_t bucket)
{
	const struct gap_bucket_order order = self->order[bucket];
	self->order[order.previous].next = order.next;
	self->order[order.next].previous = order.previous;
	gap_erase(&self->tree, bucket, true);
	gap_put(&self->tree, bucket);
}

/* The upper half of the bucket moves into a new one. */
static inline void gap_bucket_split(struct gap_buckets *self, uint32_t bucket)
{
	const uint32_t count = self->order[bucket].count, half = count / 2;
	struct gap_bucket *lower = &self->buckets[bucket];
	gap_bucket_add(self, bucket, lower, half, count - half);
	for (unsigned i = half; i < count; i++) {
		lower->first[i] = UINT64_MAX;
		lower->length[i] = 0;
	}
	self->order[bucket].count = half;
	gap_bucket_recount(self, bucket);
}

/* Gaps of no pages leave the bucket. */
static inline void gap_bucket_purge(struct gap_buckets *self, uint32_t bucket)
{
	struct gap_bucket *purged = &self->buckets[bucket];
	uint32_t left = 0;
	for (unsigned i = 0; i < GAP_BUCKET_GAPS; i++) {
		const uint64_t first = purged->first[i], length = purged->length[i];
		purged->first[i] = UINT64_MAX;
		purged->length[i] = 0;
		purged->first[left] = length ? first : UINT64_MAX;
		purged->length[left] = length;
		left += length != 0;
	}
	self->order[bucket].count = left;
	if (left)
		self->tree.gaps[bucket].first = purged->first[0];
}

/* The gaps of high, the next bucket, go behind those of low. */
static inline void gap_bucket_join(struct gap_buckets *self, uint32_t low, uint32_t high)
{
	const uint32_t held = self->order[low].count, more = self->order[high].count;
	struct gap_bucket *bucket = &self->buckets[low];
	memcpy(bucket->first + held, self->buckets[high].first, more * sizeof bucket->first[0]);
	memcpy(bucket->length + held, self->buckets[high].length, more * sizeof bucket->length[0]);
	self->order[low].count = held + more;
	const uint64_t longest = self->tree.gaps[high].length;
	gap_bucket_remove(self, high);
	gap_bucket_grown(self, low, longest);
}

GAP_BUCKET_SELDOM void gap_bucket_few(struct gap_buckets *self, uint32_t bucket)
{
	const struct gap_bucket_order *order = &self->order[bucket];
	const uint32_t count = order->count, previous = order->previous, next = order->next;
	if (!count)
		gap_bucket_remove(self, bucket);
	else if (next && count + self->order[next].count <= GAP_BUCKET_JOINED_MAX)
		gap_bucket_join(self, bucket, next);
	else if (previous && count + self->order[previous].count <= GAP_BUCKET_JOINED_MAX)
		gap_bucket_join(self, previous, bucket);
}

GAP_BUCKET_SELDOM void gap_buckets_remove(struct gap_buckets *self, struct gap_at at)
{
	struct gap_bucket *bucket = &self->buckets[at.bucket];
	const uint64_t length = bucket->length[at.index];
	const uint32_t count = --self->order[at.bucket].count;
	for (unsigned i = at.index; i < count; i++) {
		bucket->first[i] = bucket->first[i + 1];
		bucket->length[i] = bucket->length[i + 1];
	}
	bucket->first[count] = UINT64_MAX;
	bucket->length[count] = 0;
	if (count && at.index == 0)
		self->tree.gaps[at.bucket].first = bucket->first[0];
	gap_bucket_shrunk(self, at.bucket, length);
	if (count <= GAP_BUCKET_FEW)
		gap_bucket_few(self, at.bucket);
}

/* Makes room for a gap in a full bucket; returns where it belongs then. */
GAP_BUCKET_SELDOM struct gap_at gap_bucket_relieve(struct gap_buckets *self, uint32_t bucket, uint64_t first)
{
	gap_bucket_purge(self, bucket);
	if (self->order[bucket].count > GAP_BUCKET_MANY) {
		gap_bucket_split(self, bucket);
		const uint32_t upper = self->order[bucket].next;
		bucket = self->tree.gaps[upper].first < first ? upper : bucket;
	}
	return (struct gap_at){bucket, gap_bucket_rank(&self->buckets[bucket], first)};
}

/* What was purged or split may be few beside a neighbour that is. */
GAP_BUCKET_SELDOM void gap_bucket_relieved(struct gap_buckets *self, uint32_t bucket)
{
	const uint32_t next = self->order[bucket].next;
	if (next)
		gap_bucket_few(self, next);
	gap_bucket_few(self, bucket);
}

GAP_BUCKET_SELDOM void gap_bucket_first(struct gap_buckets *self, uint64_t first, uint64_t length)
{
	const struct gap_bucket only = {{first}, {length}};
	gap_bucket_add(self, 0, &only, 0, 1);
}

/* A new gap at this place: before the one that is there, or behind the bucket's last. at.bucket is 0 when there is no gap at all. */
GAP_BUCKET_SELDOM void gap_buckets_insert(struct gap_buckets *self, struct gap_at at, uint64_t first, uint64_t length)
{
	if (__builtin_expect(!at.bucket, 0)) {
		gap_bucket_first(self, first, length);
		return;
	}
	const uint32_t full = self->order[at.bucket].count == GAP_BUCKET_GAPS ? at.bucket : 0;
	if (__builtin_expect(full, 0))
		at = gap_bucket_relieve(self, at.bucket, first);
	struct gap_bucket *bucket = &self->buckets[at.bucket];
	for (unsigned i = self->order[at.bucket].count++; i > at.index; i--) {
		bucket->first[i] = bucket->first[i - 1];
		bucket->length[i] = bucket->length[i - 1];
	}
	bucket->first[at.index] = first;
	bucket->length[at.index] = length;
	if (at.index == 0)
		self->tree.gaps[at.bucket].first = first;
	gap_bucket_grown(self, at.bucket, length);
	if (__builtin_expect(full, 0))
		gap_bucket_relieved(self, full);
}

/* The gap itself when it is one, else the first one of the next bucket. */
GAP_INLINE struct gap_at gap_buckets_here(const struct gap_buckets *self, struct gap_at at)
{
	return at.index < self->order[at.bucket].count ? at : (struct gap_at){self->order[at.bucket].next, 0};
}

/* Behind the last gap that begins at page or before: where a gap behind page belongs. The index may be that behind a bucket's last. */
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

GAP_BUCKET_SELDOM void gap_buckets_take_behind(struct gap_buckets *self, struct gap_at at, uint64_t first, uint64_t count)
{
	const uint64_t begin = gap_at_first(self, at), before = first - begin;
	const uint64_t after = gap_at_length(self, at) - before - count;
	gap_buckets_resize(self, at, begin, before);
	if (after)
		gap_buckets_insert(self, (struct gap_at){at.bucket, at.index + 1}, first + count, after);
}

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
GAP_BUCKET_SELDOM void gap_buckets_give_outside(struct gap_buckets *self, struct gap_at behind, uint64_t first,
						uint64_t count)
{
	const struct gap_at high = gap_buckets_here(self, behind), low = {behind.bucket, behind.index - 1};
	bool joins_low = behind.index && gap_at_first(self, low) + gap_at_length(self, low) == first;
	bool joins_high = high.bucket && gap_at_first(self, high) == first + count;
	if (joins_low) {
		uint64_t more = joins_high ? gap_at_length(self, high) : 0;
		gap_buckets_resize(self, low, gap_at_first(self, low), gap_at_length(self, low) + count + more);
		if (joins_high)
			gap_buckets_remove(self, high);
	} else if (joins_high) {
		gap_buckets_resize(self, high, first, gap_at_length(self, high) + count);
	} else {
		gap_buckets_insert(self, behind, first, count);
	}
}

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
static inline enum iova_status gap_buckets_create(struct gap_buckets *self, uint64_t gaps, const struct iova_host *host)
{
	*self = (struct gap_buckets){.tree = {.fresh = 1, .capacity = (uint32_t)(gaps / (GAP_BUCKETS_TWO_LEAST / 2)) + 4}};
	const size_t capacity = self->tree.capacity;
	self->tree.gaps = host->memory_get(host->context, capacity * sizeof *self->tree.gaps);
	self->order = host->memory_get(host->context, capacity * sizeof *self->order);
	self->buckets = host->memory_get(host->context, capacity * sizeof *self->buckets);
	if (!self->tree.gaps || !self->order || !self->buckets)
		return IOVA_NO_MEMORY;
	gap_set_black(self->tree.gaps, 0, true);
	return IOVA_OK;
}

static inline void gap_buckets_release(struct gap_buckets *self, const struct iova_host *host)
{
	const size_t capacity = self->tree.capacity;
	host->memory_put(host->context, self->buckets, capacity * sizeof *self->buckets);
	host->memory_put(host->context, self->order, capacity * sizeof *self->order);
	host->memory_put(host->context, self->tree.gaps, capacity * sizeof *self->tree.gaps);
}

#endif
