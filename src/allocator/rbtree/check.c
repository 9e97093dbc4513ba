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

static const char *check_leaf(const struct gap_keys *keys, uint32_t leaf)
{
	const struct gap_leaf *held = &keys->leaves[leaf];
	if (keys->leaves[held->next].previous != leaf)
		return "the next leaf's previous one is this one";
	if (held->count > GAP_LEAF_KEYS || (!held->count && keys->levels))
		return "a leaf has a key, and no more than it has room for";
	for (unsigned i = held->count; i < 2 * GAP_LEAF_KEYS; i++)
		if (held->key[i] != GAP_NO_KEY)
			return "behind the last key of a leaf there is none";
	return NULL;
}

static const char *check_inner(const struct gap_keys *keys, uint32_t node, uint32_t level)
{
	const struct gap_inner *inner = &keys->inners[node];
	if (inner->count > GAP_INNER_CHILDREN || inner->count < (level == keys->levels ? 2u : 1u))
		return "a node has a child, the root two, and no more than it has room for";
	for (uint32_t i = 0; i <= GAP_INNER_CHILDREN; i++)
		if (i + 1 < inner->count ? inner->last[i] >= inner->last[i + 1] : inner->last[i] != GAP_NO_KEY)
			return "the children of a node ascend, and the last one has the rest";
	for (uint32_t i = 0; i + 1 < inner->count; i++) {
		const uint32_t low = inner->child[i], high = inner->child[i + 1];
		if (level > 1 ? keys->inners[low].count <= GAP_INNER_FEW && keys->inners[high].count <= GAP_INNER_FEW
			      : keys->leaves[low].count <= GAP_LEAF_FEW && keys->leaves[high].count <= GAP_LEAF_FEW)
			return "of two neighbouring nodes one has more than few";
	}
	return NULL;
}

/* All nodes below the root, by key, and that the leaves are those of the circle. */
static const char *check_levels(const struct gap_keys *keys, uint64_t *inners)
{
	uint32_t path[GAP_KEYS_LEVELS_MAX + 1], index[GAP_KEYS_LEVELS_MAX + 1] = {0};
	uint32_t level = keys->levels, leaf = keys->leaves[0].next;
	if (!level)
		return keys->leaves[leaf].next || leaf != keys->root ? "the leaves by key are those of the tree" : NULL;
	path[level] = keys->root;
	*inners = 1;
	const char *broken = check_inner(keys, keys->root, level);
	while (!broken && level <= keys->levels) {
		const struct gap_inner *inner = &keys->inners[path[level]];
		if (index[level] == inner->count) {
			level++;
		} else if (level == 1) {
			if (inner->child[index[level]++] != leaf)
				return "the leaves by key are those of the tree";
			leaf = keys->leaves[leaf].next;
		} else {
			path[level - 1] = inner->child[index[level]++];
			index[--level] = 0;
			++*inners;
			broken = check_inner(keys, path[level], level);
		}
	}
	return broken || !leaf ? broken : "the leaves by key are those of the tree";
}

/* How many numbers are taken. */
static uint64_t leaves_taken(const struct gap_keys *keys)
{
	uint64_t taken = keys->leaf_numbers.fresh - 1;
	for (uint32_t leaf = keys->leaf_numbers.unused; leaf && taken; leaf = keys->leaves[leaf].next)
		taken--;
	return taken;
}

static uint64_t inners_taken(const struct gap_keys *keys)
{
	uint64_t taken = keys->inner_numbers.fresh - 1;
	for (uint32_t inner = keys->inner_numbers.unused; inner && taken; inner = keys->inners[inner].child[0])
		taken--;
	return taken;
}

const char *gap_keys_check(const struct gap_keys *keys)
{
	uint64_t leaves = 0, inners = 0, before = 0;
	const char *broken = keys->levels > GAP_KEYS_LEVELS_MAX ? "a tree has no more levels than it needs"
								: check_levels(keys, &inners);
	if (!broken && keys->leaves[keys->leaves[0].next].previous)
		broken = "the next leaf's previous one is this one";
	for (uint32_t leaf = keys->leaves[0].next; leaf && !broken; leaf = keys->leaves[leaf].next, leaves++)
		broken = check_leaf(keys, leaf);
	if (broken)
		return broken;
	if (leaves != leaves_taken(keys) || inners != inners_taken(keys))
		return "exactly the numbers that are not unused are nodes of the tree";
	for (struct gap_key_at at = gap_keys_first(keys); gap_keys_get(keys, at) != GAP_NO_KEY;
	     at = gap_keys_next(keys, at)) {
		const uint64_t key = gap_keys_get(keys, at);
		const struct gap_key_at spot = gap_keys_spot(keys, key, NULL);
		if ((at.leaf != keys->leaves[0].next || at.index) && key <= before)
			return "keys ascend";
		if (spot.leaf != at.leaf || spot.index != at.index)
			return "every key is found";
		before = key;
	}
	return NULL;
}

static const char *check_ends_of(const struct rbtree_by_key *by_key, uint64_t key)
{
	const uint64_t length = key_length(key), offset = key_offset(key);
	return by_key->length_at[offset] == length && by_key->length_at[offset + length] == length
		       ? NULL
		       : "both ends of a gap tell its length";
}

static const char *check_by_key(const struct rbtree *self)
{
	const struct rbtree_by_key *by_key = &self->by_key;
	const struct gap_keys *keys = &by_key->keys;
	uint64_t gaps = 0, ends = 0, pages = 0;
	const char *broken = gap_keys_check(keys);
	for (struct gap_key_at at = gap_keys_first(keys); !broken && gap_keys_get(keys, at) != GAP_NO_KEY;
	     at = gap_keys_next(keys, at), gaps++) {
		const uint64_t key = gap_keys_get(keys, at);
		uint64_t behind = 0;
		broken = check_range(self, self->first + key_offset(key), key_length(key), &behind, &pages);
		broken = broken ? broken : check_ends_of(by_key, key);
	}
	if (broken)
		return broken;
	for (uint64_t page = 0; page <= self->count; page++)
		ends += by_key->length_at[page] != 0;
	if (ends != 2 * gaps)
		return "exactly the two ends of every gap tell a length";
	if (gaps > self->live + 1)
		return "there is an extent between two gaps";
	return pages == self->usable_pages ? NULL : "usable_pages is the sum of all gaps";
}

const char *rbtree_check(const struct rbtree *self)
{
	return self->order == RBTREE_BY_ADDRESS ? check_by_address(self)
	       : self->order == RBTREE_BY_KEY   ? check_by_key(self)
						: check_by_length(self);
}
