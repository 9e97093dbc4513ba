/* SPDX-License-Identifier: MIT */
#include "allocator/rbtree/check.h"

#include "allocator/gap/check.h"

/* A gap of the space, the first page behind the gap before it, and the sum of pages so far. */
static const char *check_range(const struct rbtree *self, uint64_t first, uint64_t length, uint64_t *behind,
			       uint64_t *pages)
{
	if (first < self->first || first > self->first + self->count || length > self->first + self->count - first)
		return "a gap lies in the space";
	if (*behind && first <= *behind)
		return "gaps ascend, and two of them do not touch";
	*behind = first + length;
	*pages += length;
	return NULL;
}

static const char *check_bucket(const struct gap_buckets *gaps, uint32_t bucket)
{
	const struct gap_bucket *held = &gaps->buckets[bucket];
	const struct gap_bucket_order *order = &gaps->order[bucket];
	if (gaps->order[order->next].previous != bucket)
		return "the next bucket's previous one is this one";
	if (!order->count || order->count > GAP_BUCKET_GAPS)
		return "a bucket has a gap, and no more than it has room for";
	if (order->next && order->count + gaps->order[order->next].count < GAP_BUCKETS_TWO_LEAST)
		return "two neighbouring buckets have ten gaps or more";
	for (unsigned i = order->count; i < GAP_BUCKET_GAPS; i++)
		if (held->first[i] != UINT64_MAX || held->length[i])
			return "behind the last gap of a bucket there is none";
	const struct gap *node = &gaps->tree.gaps[bucket];
	if (node->first != held->first[0] || node->length != gap_bucket_longest(held))
		return "a node has its bucket's first page and longest gap";
	return NULL;
}

static const char *check_by_address(const struct rbtree *self)
{
	const struct gap_buckets *gaps = &self->by_address;
	uint64_t taken = gap_check_taken(&gaps->tree), count = 0, behind = 0, pages = 0, buckets = 0;
	uint32_t node = gap_outermost(&gaps->tree, 0);
	const char *broken = gap_check_tree(&gaps->tree, taken, GAP_BY_ADDRESS);
	for (uint32_t bucket = gaps->order[0].next; bucket && !broken; bucket = gaps->order[bucket].next, buckets++) {
		if (buckets == taken || bucket != node)
			return "the buckets by address are those of the tree";
		node = gap_neighbour(gaps->tree.gaps, node, 1);
		broken = check_bucket(gaps, bucket);
		count += gaps->order[bucket].count;
		for (unsigned i = 0; !broken && i < gaps->order[bucket].count; i++)
			broken = check_range(self, gaps->buckets[bucket].first[i], gaps->buckets[bucket].length[i], &behind,
					     &pages);
	}
	if (broken)
		return broken;
	if (buckets != taken)
		return "the buckets by address are those of the tree";
	if (count > self->live + 1)
		return "there is an extent between two gaps";
	return pages == self->usable_pages ? NULL : "usable_pages is the sum of all gaps";
}

/* Every gap is found at both of its ends, and nothing else is. */
static const char *check_ends(const struct rbtree_by_length *self, uint64_t count)
{
	const struct gap *gaps = self->tree.gaps;
	uint64_t entries = 0;
	for (uint64_t i = 0; i < self->ends.entries; i++)
		entries += self->ends.gap_at[i] != 0;
	for (uint64_t i = 0; self->ends.old && i < self->ends.entries / 2; i++) {
		entries += self->ends.old[i] != 0;
		if (self->ends.old[i] && i < self->ends.moved)
			return "slots that were moved are empty";
	}
	if (entries != 2 * count)
		return "exactly the two ends of every gap are entered";
	for (uint32_t gap = gap_outermost(&self->tree, 0); gap; gap = gap_neighbour(gaps, gap, 1))
		if (gap_ends_at(&self->ends, gaps, gaps[gap].first) != gap ||
		    gap_ends_at(&self->ends, gaps, gaps[gap].first + gaps[gap].length) != gap)
			return "a gap is found at both of its ends";
	return NULL;
}

/* The order of the tree is checked before. */
static const char *check_short(const struct rbtree_by_length *self)
{
	const struct gap *gaps = self->tree.gaps;
	uint64_t lengths = 0;
	for (uint32_t gap = gap_outermost(&self->tree, 0); gap && gaps[gap].length <= SHORT_PAGES;
	     gap = gap_neighbour(gaps, gap, 1)) {
		uint64_t index = gaps[gap].length - 1;
		if (!(lengths >> index & 1) && self->lowest[index] != gap)
			return "a table entry is the lowest gap of its length";
		lengths |= UINT64_C(1) << index;
	}
	return lengths == self->short_lengths ? NULL : "short_lengths has exactly the lengths of short gaps";
}

static const char *check_by_length(const struct rbtree *self)
{
	const struct rbtree_by_length *by_length = &self->by_length;
	const struct gap *gaps = by_length->tree.gaps;
	uint64_t taken = gap_check_taken(&by_length->tree), pages = 0;
	const char *broken = gap_check_tree(&by_length->tree, taken, GAP_BY_LENGTH);
	if (broken)
		return broken;
	if (taken > self->live + 1)
		return "there is an extent between two gaps";
	for (uint32_t gap = gap_outermost(&by_length->tree, 0); gap; gap = gap_neighbour(gaps, gap, 1)) {
		uint64_t behind = 0;
		broken = check_range(self, gaps[gap].first, gaps[gap].length, &behind, &pages);
		if (broken)
			return broken;
	}
	if (pages != self->usable_pages)
		return "usable_pages is the sum of all gaps";
	if (!gap_ends_suffice(&by_length->ends, self->room + 1))
		return "there is room for the ends of every gap that may be left";
	broken = check_ends(by_length, taken);
	return broken ? broken : check_short(by_length);
}

const char *rbtree_check(const struct rbtree *self)
{
	return self->is_by_address ? check_by_address(self) : check_by_length(self);
}
