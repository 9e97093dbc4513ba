/* SPDX-License-Identifier: MIT */
#include "allocator/rbtree/buckets.h"

#include <string.h>

void gap_bucket_raise(struct gap_buckets *self, uint32_t bucket, uint64_t longest)
{
	self->tree.gaps[bucket].length = longest;
	gap_raise(self->tree.gaps, bucket);
}

void gap_bucket_recount(struct gap_buckets *self, uint32_t bucket)
{
	self->tree.gaps[bucket].length = gap_bucket_longest(&self->buckets[bucket]);
	gap_recount(&self->tree, bucket, GAP_BY_ADDRESS);
}

/* A new bucket behind the given one, which may be 0, with the count gaps at from. */
static uint32_t gap_bucket_add(struct gap_buckets *self, uint32_t behind, const struct gap_bucket *from, unsigned index,
			       uint32_t count)
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
	gap_insert(&self->tree, bucket, GAP_BY_ADDRESS, NULL);
	return bucket;
}

static void gap_bucket_remove(struct gap_buckets *self, uint32_t bucket)
{
	const struct gap_bucket_order order = self->order[bucket];
	self->order[order.previous].next = order.next;
	self->order[order.next].previous = order.previous;
	gap_erase(&self->tree, bucket, GAP_BY_ADDRESS);
	gap_put(&self->tree, bucket);
}

/* The upper half of the bucket moves into a new one. */
static void gap_bucket_split(struct gap_buckets *self, uint32_t bucket)
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
static void gap_bucket_purge(struct gap_buckets *self, uint32_t bucket)
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
static void gap_bucket_join(struct gap_buckets *self, uint32_t low, uint32_t high)
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

static __attribute__((noinline)) void gap_bucket_few(struct gap_buckets *self, uint32_t bucket)
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

void gap_buckets_remove(struct gap_buckets *self, struct gap_at at)
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
static __attribute__((noinline)) struct gap_at gap_bucket_relieve(struct gap_buckets *self, uint32_t bucket, uint64_t first)
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
static __attribute__((noinline)) void gap_bucket_relieved(struct gap_buckets *self, uint32_t bucket)
{
	const uint32_t next = self->order[bucket].next;
	if (next)
		gap_bucket_few(self, next);
	gap_bucket_few(self, bucket);
}

static __attribute__((noinline)) void gap_bucket_first(struct gap_buckets *self, uint64_t first, uint64_t length)
{
	const struct gap_bucket only = {{first}, {length}};
	gap_bucket_add(self, 0, &only, 0, 1);
}

void gap_buckets_insert(struct gap_buckets *self, struct gap_at at, uint64_t first, uint64_t length)
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

void gap_buckets_take_behind(struct gap_buckets *self, struct gap_at at, uint64_t first, uint64_t count)
{
	const uint64_t begin = gap_at_first(self, at), before = first - begin;
	const uint64_t after = gap_at_length(self, at) - before - count;
	gap_buckets_resize(self, at, begin, before);
	if (after)
		gap_buckets_insert(self, (struct gap_at){at.bucket, at.index + 1}, first + count, after);
}

void gap_buckets_give_outside(struct gap_buckets *self, struct gap_at behind, uint64_t first, uint64_t count)
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

enum iova_status gap_buckets_create(struct gap_buckets *self, uint64_t gaps, const struct iova_host *host)
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

void gap_buckets_release(struct gap_buckets *self, const struct iova_host *host)
{
	const size_t capacity = self->tree.capacity;
	host->memory_put(host->context, self->buckets, capacity * sizeof *self->buckets);
	host->memory_put(host->context, self->order, capacity * sizeof *self->order);
	host->memory_put(host->context, self->tree.gaps, capacity * sizeof *self->tree.gaps);
}
