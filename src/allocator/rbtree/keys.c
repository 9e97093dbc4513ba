/* SPDX-License-Identifier: MIT */
#include "allocator/rbtree/keys.h"

#include <assert.h>
#include <string.h>

/* The inner nodes on the way to a key, by level from 1, and which child it goes on to. */
struct gap_path {
	uint32_t node[GAP_KEYS_LEVELS_MAX + 1];
	uint32_t index[GAP_KEYS_LEVELS_MAX + 1];
};

/* Returns the leaf. */
static uint32_t gap_path_find(const struct gap_keys *self, uint64_t key, struct gap_path *path)
{
	uint32_t node = self->root;
	for (uint32_t level = self->levels; level; level--) {
		const struct gap_inner *inner = &self->inners[node];
		path->node[level] = node;
		path->index[level] = gap_keys_below(inner->last, GAP_INNER_CHILDREN, key);
		node = inner->child[path->index[level]];
	}
	return node;
}

static uint32_t gap_leaf_take(struct gap_keys *self)
{
	struct gap_numbers *numbers = &self->leaf_numbers;
	const uint32_t leaf = numbers->unused ? numbers->unused : numbers->fresh;
	assert(leaf < numbers->capacity);
	numbers->fresh += !numbers->unused;
	if (numbers->unused)
		numbers->unused = self->leaves[leaf].next;
	memset(self->leaves[leaf].key, 0xff, sizeof self->leaves[leaf].key);
	self->leaves[leaf].count = 0;
	return leaf;
}

/* The leaf leaves the circle, and is nobody's. */
static void gap_leaf_put(struct gap_keys *self, uint32_t leaf)
{
	struct gap_leaf *leaves = self->leaves;
	leaves[leaves[leaf].previous].next = leaves[leaf].next;
	leaves[leaves[leaf].next].previous = leaves[leaf].previous;
	leaves[leaf].next = self->leaf_numbers.unused;
	self->leaf_numbers.unused = leaf;
}

static uint32_t gap_inner_take(struct gap_keys *self)
{
	struct gap_numbers *numbers = &self->inner_numbers;
	const uint32_t inner = numbers->unused ? numbers->unused : numbers->fresh;
	assert(inner < numbers->capacity);
	numbers->fresh += !numbers->unused;
	if (numbers->unused)
		numbers->unused = self->inners[inner].child[0];
	memset(self->inners[inner].last, 0xff, sizeof self->inners[inner].last);
	self->inners[inner].count = 0;
	return inner;
}

static void gap_inner_put(struct gap_keys *self, uint32_t inner)
{
	self->inners[inner].child[0] = self->inner_numbers.unused;
	self->inner_numbers.unused = inner;
}

/* The child at index has keys up to last from now on; right comes behind it. */
static void gap_inner_insert(struct gap_inner *inner, uint32_t index, uint64_t last, uint32_t right)
{
	for (uint32_t i = inner->count++; i > index + 1; i--) {
		inner->last[i] = inner->last[i - 1];
		inner->child[i] = inner->child[i - 1];
	}
	inner->last[index + 1] = inner->last[index];
	inner->last[index] = last;
	inner->child[index + 1] = right;
}

/* The child at index leaves; its range goes to the one before it, or to the one behind it when it is the first. */
static void gap_inner_remove(struct gap_inner *inner, uint32_t index)
{
	if (index)
		inner->last[index - 1] = inner->last[index];
	inner->count--;
	for (uint32_t i = index; i < inner->count; i++) {
		inner->last[i] = inner->last[i + 1];
		inner->child[i] = inner->child[i + 1];
	}
}

/* The upper half of a full node moves into a new one, which is returned; *last becomes the greatest key below the node. */
static uint32_t gap_inner_split(struct gap_keys *self, uint32_t node, uint64_t *last)
{
	const uint32_t upper = gap_inner_take(self), half = GAP_INNER_CHILDREN / 2 + 1;
	struct gap_inner *low = &self->inners[node], *high = &self->inners[upper];
	high->count = low->count - half;
	memcpy(high->last, low->last + half, high->count * sizeof high->last[0]);
	memcpy(high->child, low->child + half, high->count * sizeof high->child[0]);
	*last = low->last[half - 1];
	memset(low->last + half - 1, 0xff, (high->count + 1) * sizeof low->last[0]);
	low->count = half;
	return upper;
}

/* right, of the level below, comes behind the node that the path goes through there, whose greatest key is last now. */
static void gap_path_insert(struct gap_keys *self, const struct gap_path *path, uint64_t last, uint32_t right)
{
	for (uint32_t level = 1; level <= self->levels; level++) {
		const uint32_t node = path->node[level], index = path->index[level];
		struct gap_inner *inner = &self->inners[node];
		if (inner->count < GAP_INNER_CHILDREN) {
			gap_inner_insert(inner, index, last, right);
			return;
		}
		uint64_t last_below;
		const uint32_t upper = gap_inner_split(self, node, &last_below);
		if (index < inner->count)
			gap_inner_insert(inner, index, last, right);
		else
			gap_inner_insert(&self->inners[upper], index - inner->count, last, right);
		last = last_below;
		right = upper;
	}
	const uint32_t top = gap_inner_take(self);
	struct gap_inner *inner = &self->inners[top];
	inner->last[0] = last;
	inner->child[0] = self->root;
	inner->child[1] = right;
	inner->count = 2;
	self->root = top;
	self->levels++;
	assert(self->levels <= GAP_KEYS_LEVELS_MAX);
}

void gap_keys_split(struct gap_keys *self, uint64_t key)
{
	struct gap_path path;
	const uint32_t lower = gap_path_find(self, key, &path), upper = gap_leaf_take(self), half = GAP_LEAF_KEYS / 2 + 1;
	struct gap_leaf *low = &self->leaves[lower], *high = &self->leaves[upper];
	assert(low->count == GAP_LEAF_KEYS);
	high->count = low->count - half;
	memcpy(high->key, low->key + half, high->count * sizeof high->key[0]);
	memset(low->key + half, 0xff, high->count * sizeof low->key[0]);
	low->count = half;
	high->previous = lower;
	high->next = low->next;
	self->leaves[low->next].previous = upper;
	low->next = upper;
	gap_path_insert(self, &path, low->key[half - 1], upper);
}

/* The keys of high, which is the next leaf, go behind those of low. */
static void gap_leaf_join(struct gap_keys *self, uint32_t low, uint32_t high)
{
	struct gap_leaf *into = &self->leaves[low];
	const struct gap_leaf *from = &self->leaves[high];
	memcpy(into->key + into->count, from->key, from->count * sizeof from->key[0]);
	into->count += from->count;
	gap_leaf_put(self, high);
}

static bool gap_is_few(const struct gap_keys *self, uint32_t node, uint32_t level)
{
	return level ? self->inners[node].count <= GAP_INNER_FEW : self->leaves[node].count <= GAP_LEAF_FEW;
}

/* The children of the parent's child at index + 1 go behind those of the one at index; the parent forgets it. */
static void gap_inner_join(struct gap_keys *self, struct gap_inner *parent, uint32_t index)
{
	const uint32_t gone = parent->child[index + 1];
	struct gap_inner *into = &self->inners[parent->child[index]];
	const struct gap_inner *from = &self->inners[gone];
	into->last[into->count - 1] = parent->last[index];
	memcpy(into->last + into->count, from->last, from->count * sizeof from->last[0]);
	memcpy(into->child + into->count, from->child, from->count * sizeof from->child[0]);
	into->count += from->count;
	gap_inner_put(self, gone);
	gap_inner_remove(parent, index + 1);
}

/* Joins the parent's children at index and index + 1, nodes of the level. Those where they met are neighbours now, which may
 * both have few: they are joined, and so on. */
static void gap_inners_join(struct gap_keys *self, struct gap_inner *parent, uint32_t index, uint32_t level)
{
	for (bool few = true; few && level; level--) {
		struct gap_inner *joined = &self->inners[parent->child[index]];
		const uint32_t met = joined->count - 1;
		gap_inner_join(self, parent, index);
		few = gap_is_few(self, joined->child[met], level - 1) &&
		      gap_is_few(self, joined->child[met + 1], level - 1);
		parent = joined;
		index = met;
		if (few && level == 1) {
			gap_leaf_join(self, parent->child[index], parent->child[index + 1]);
			gap_inner_remove(parent, index + 1);
		}
	}
}

/* The node that the path goes through at this level has lost a child: without any it leaves, with few it is joined to a
 * neighbour. Returns whether its parent has lost one. */
static bool gap_path_few(struct gap_keys *self, const struct gap_path *path, uint32_t level)
{
	struct gap_inner *parent = &self->inners[path->node[level + 1]];
	const uint32_t node = path->node[level], index = path->index[level + 1], count = self->inners[node].count;
	if (!count) {
		gap_inner_put(self, node);
		gap_inner_remove(parent, index);
		return true;
	}
	if (count > GAP_INNER_FEW)
		return false;
	if (index + 1 < parent->count && count + self->inners[parent->child[index + 1]].count <= GAP_INNER_JOINED_MAX)
		gap_inners_join(self, parent, index, level);
	else if (index && count + self->inners[parent->child[index - 1]].count <= GAP_INNER_JOINED_MAX)
		gap_inners_join(self, parent, index - 1, level);
	else
		return false;
	return true;
}

/* The child at index of the lowest node of the path leaves; nodes that have few then are joined. */
static void gap_path_remove(struct gap_keys *self, const struct gap_path *path, uint32_t index)
{
	gap_inner_remove(&self->inners[path->node[1]], index);
	for (uint32_t level = 1; level < self->levels && gap_path_few(self, path, level);)
		level++;
	while (self->levels && self->inners[self->root].count == 1) {
		const uint32_t top = self->root;
		self->root = self->inners[top].child[0];
		self->levels--;
		gap_inner_put(self, top);
	}
}

void gap_keys_few(struct gap_keys *self, uint64_t key)
{
	struct gap_path path;
	const uint32_t number = gap_path_find(self, key, &path), index = path.index[1];
	const struct gap_leaf *leaf = &self->leaves[number];
	const uint32_t children = self->inners[path.node[1]].count, next = leaf->next, previous = leaf->previous;
	if (!leaf->count) {
		gap_leaf_put(self, number);
		gap_path_remove(self, &path, index);
	} else if (index + 1 < children && leaf->count + self->leaves[next].count <= GAP_LEAF_JOINED_MAX) {
		gap_leaf_join(self, number, next);
		gap_path_remove(self, &path, index + 1);
	} else if (index && leaf->count + self->leaves[previous].count <= GAP_LEAF_JOINED_MAX) {
		gap_leaf_join(self, previous, number);
		gap_path_remove(self, &path, index);
	}
}

enum iova_status gap_keys_create(struct gap_keys *self, uint64_t keys, const struct iova_host *host)
{
	/* Three to a leaf, and three leaves to a node, at least, but for the outermost ones. */
	*self = (struct gap_keys){.leaf_numbers = {.fresh = 1, .capacity = (uint32_t)(keys / 3) + 8},
				  .inner_numbers = {.fresh = 1, .capacity = (uint32_t)(keys / 6) + 8}};
	self->leaves = host->memory_get(host->context, self->leaf_numbers.capacity * sizeof *self->leaves);
	self->inners = host->memory_get(host->context, self->inner_numbers.capacity * sizeof *self->inners);
	if (!self->leaves || !self->inners)
		return IOVA_NO_MEMORY;
	self->leaves[0].key[0] = GAP_NO_KEY;
	self->root = gap_leaf_take(self);
	self->leaves[0].next = self->leaves[0].previous = self->root;
	return IOVA_OK;
}

void gap_keys_release(struct gap_keys *self, const struct iova_host *host)
{
	host->memory_put(host->context, self->leaves, self->leaf_numbers.capacity * sizeof *self->leaves);
	host->memory_put(host->context, self->inners, self->inner_numbers.capacity * sizeof *self->inners);
}
