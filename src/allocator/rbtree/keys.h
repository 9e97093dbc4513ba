/* SPDX-License-Identifier: MIT
 * Keys of 64 bits in ascending order: a B+ tree, leaves of up to GAP_LEAF_KEYS keys under nodes of up to GAP_INNER_CHILDREN
 * children. A search looks at one node of each level, all paths are as long, and in a node nothing is left to be foretold:
 * as many comparisons whatever they give, and as many keys that move, also those that are none. So behind the last key of a
 * leaf are as many that are UINT64_MAX, which is no key.
 *
 * Of two neighbouring leaves below one node, one has more than GAP_LEAF_FEW keys; likewise of nodes. */
#ifndef ALLOCATOR_RBTREE_KEYS_H
#define ALLOCATOR_RBTREE_KEYS_H

#include "allocator/gap/find.h"
#include "iovabench/allocator.h"

#define GAP_NO_KEY UINT64_MAX

#define GAP_LEAF_KEYS 15u
#define GAP_LEAF_JOINED_MAX 12u /* two that are joined leave room for more keys */
#define GAP_LEAF_FEW 6u         /* a leaf that falls to so many looks for a neighbour to join */
#define GAP_INNER_CHILDREN 63u
#define GAP_INNER_JOINED_MAX 48u
#define GAP_INNER_FEW 24u

/* Loops over a node have as many turns whatever it holds: clang unrolls them by itself. */
#if defined(__clang__)
#define GAP_KEYS_UNROLL
#else
#define GAP_KEYS_UNROLL _Pragma("GCC unroll 16")
#endif

/* More than there can be of them: every level but the topmost has less than a third of the one below. */
#define GAP_KEYS_LEVELS_MAX 20u

struct gap_leaf {
	uint64_t key[2 * GAP_LEAF_KEYS]; /* ascending; behind the last one GAP_NO_KEY */
	uint32_t count;
	uint32_t previous, next; /* by key, in a circle through leaf 0, which has no keys */
};

struct gap_inner {
	/* The greatest key that may be below the child; of the last child, and behind it, GAP_NO_KEY. */
	uint64_t last[GAP_INNER_CHILDREN + 1];
	uint32_t child[GAP_INNER_CHILDREN]; /* leaves at level 1, else nodes of the level below */
	uint32_t count;
};

/* Numbers from 1 on, of which some are taken. */
struct gap_numbers {
	uint32_t unused; /* given back, most recent first; the first entry of a node that is not taken names the next one */
	uint32_t fresh;  /* from here to capacity none was ever taken */
	uint32_t capacity; /* with number 0 */
};

struct gap_keys {
	struct gap_leaf *leaves;
	struct gap_inner *inners;
	uint32_t root;   /* a leaf when there are no levels */
	uint32_t levels; /* of inner nodes */
	struct gap_numbers leaf_numbers, inner_numbers;
};

/* A key's place. Valid until a key is added or removed. */
struct gap_key_at {
	uint32_t leaf;
	uint32_t index;
};

/* Two keys that move at once. */
typedef uint64_t gap_two_keys __attribute__((vector_size(16), aligned(8), may_alias));

/* How many of 15 or 63 ascending keys, one less than a power of four, are smaller. Three comparisons wait for nothing but the
 * three before them. */
GAP_INLINE uint32_t gap_keys_below(const uint64_t *keys, uint32_t most, uint64_t key)
{
	uint32_t below = 0;
	GAP_KEYS_UNROLL
	for (uint32_t step = (most + 1) / 4; step; step /= 4) {
		const uint64_t *at = keys + below;
		uint32_t quarters = at[step - 1] < key;
		quarters += at[2 * step - 1] < key;
		quarters += at[3 * step - 1] < key;
		below += quarters * step;
	}
	return below;
}

/* The leaf whose range has the key. */
GAP_INLINE uint32_t gap_keys_leaf(const struct gap_keys *self, uint64_t key, uint64_t *examined)
{
	uint32_t node = self->root;
	for (uint32_t level = self->levels; level; level--) {
		const struct gap_inner *inner = &self->inners[node];
		gap_count_step(examined);
		node = inner->child[gap_keys_below(inner->last, GAP_INNER_CHILDREN, key)];
	}
	gap_count_step(examined);
	return node;
}

GAP_INLINE uint64_t gap_keys_get(const struct gap_keys *self, struct gap_key_at at)
{
	return self->leaves[at.leaf].key[at.index];
}

/* The lowest key, or GAP_NO_KEY. */
GAP_INLINE struct gap_key_at gap_keys_first(const struct gap_keys *self)
{
	return (struct gap_key_at){self->leaves[0].next, 0};
}

/* How many keys of the leaf are smaller. */
GAP_INLINE uint32_t gap_leaf_below(const struct gap_keys *self, const struct gap_leaf *leaf, uint64_t key)
{
	if (!self->levels && leaf->key[0] >= key)
		return 0;
	return gap_keys_below(leaf->key, GAP_LEAF_KEYS, key);
}

/* The place of the first key of this one or more, or of GAP_NO_KEY. */
GAP_INLINE struct gap_key_at gap_keys_find(const struct gap_keys *self, uint64_t key, uint64_t *examined)
{
	const struct gap_key_at first = gap_keys_first(self);
	if (gap_keys_get(self, first) >= key) {
		gap_count_step(examined);
		return first;
	}
	const uint32_t leaf = gap_keys_leaf(self, key, examined);
	const uint32_t index = gap_leaf_below(self, &self->leaves[leaf], key);
	if (__builtin_expect(index == self->leaves[leaf].count, 0))
		return (struct gap_key_at){self->leaves[leaf].next, 0};
	return (struct gap_key_at){leaf, index};
}

/* The next key, or GAP_NO_KEY. */
GAP_INLINE struct gap_key_at gap_keys_next(const struct gap_keys *self, struct gap_key_at at)
{
	if (at.index + 1 < self->leaves[at.leaf].count)
		return (struct gap_key_at){at.leaf, at.index + 1};
	return (struct gap_key_at){self->leaves[at.leaf].next, 0};
}

/* The one before, or GAP_NO_KEY; from there, the last one. */
GAP_INLINE struct gap_key_at gap_keys_previous(const struct gap_keys *self, struct gap_key_at at)
{
	if (at.index)
		return (struct gap_key_at){at.leaf, at.index - 1};
	const uint32_t previous = self->leaves[at.leaf].previous, count = self->leaves[previous].count;
	return count ? (struct gap_key_at){previous, count - 1} : (struct gap_key_at){0};
}

/* What most calls do not need is in keys.c. The leaf, whose range has the key, is full: it is split. */
void gap_keys_split(struct gap_keys *self, uint64_t key);
/* It has few keys: it is joined to a neighbour, or leaves the tree. */
void gap_keys_few(struct gap_keys *self, uint64_t key);

/* Where the key is, or belongs. */
GAP_INLINE struct gap_key_at gap_keys_spot(const struct gap_keys *self, uint64_t key, uint64_t *examined)
{
	const uint32_t leaf = gap_keys_leaf(self, key, examined);
	return (struct gap_key_at){leaf, gap_leaf_below(self, &self->leaves[leaf], key)};
}

/* The keys behind the hole, and as many that are none, move up. */
GAP_INLINE void gap_leaf_close(struct gap_leaf *leaf, uint32_t index)
{
	uint64_t *hole = &leaf->key[index];
	GAP_KEYS_UNROLL
	for (unsigned i = 0; i < GAP_LEAF_KEYS - 1; i += 2)
		*(gap_two_keys *)(hole + i) = *(gap_two_keys *)(hole + i + 1);
	leaf->key[--leaf->count] = GAP_NO_KEY;
}

/* The leaf is not full. */
GAP_INLINE void gap_leaf_insert(struct gap_leaf *leaf, uint32_t index, uint64_t key)
{
	uint64_t *place = &leaf->key[index];
	GAP_KEYS_UNROLL
	for (unsigned i = GAP_LEAF_KEYS - 1; i; i -= 2)
		*(gap_two_keys *)(place + i - 1) = *(gap_two_keys *)(place + i - 2);
	*place = key;
	leaf->count++;
}

/* Removes the key at its place. */
GAP_INLINE void gap_keys_remove_at(struct gap_keys *self, struct gap_key_at at)
{
	struct gap_leaf *leaf = &self->leaves[at.leaf];
	const uint64_t key = leaf->key[at.index];
	gap_leaf_close(leaf, at.index);
	if (__builtin_expect(leaf->count <= GAP_LEAF_FEW, 0) && self->levels)
		gap_keys_few(self, key);
}

/* Removes a key that is there. */
GAP_INLINE void gap_keys_remove(struct gap_keys *self, uint64_t key, uint64_t *examined)
{
	gap_keys_remove_at(self, gap_keys_spot(self, key, examined));
}

/* Adds a key that is not there. */
GAP_INLINE void gap_keys_add(struct gap_keys *self, uint64_t key, uint64_t *examined)
{
	struct gap_key_at at = gap_keys_spot(self, key, examined);
	if (__builtin_expect(self->leaves[at.leaf].count == GAP_LEAF_KEYS, 0)) {
		gap_keys_split(self, key);
		at = gap_keys_spot(self, key, examined);
	}
	gap_leaf_insert(&self->leaves[at.leaf], at.index, key);
}

/* The key at its place becomes another one, which is not there. Both places are found before anything moves: what comes before
 * them in time is waited for once. */
GAP_INLINE void gap_keys_move_at(struct gap_keys *self, struct gap_key_at from, uint64_t key, uint64_t *examined)
{
	const struct gap_key_at to = gap_keys_spot(self, key, examined);
	struct gap_leaf *leaf = &self->leaves[from.leaf], *other = &self->leaves[to.leaf];
	const bool leaves = from.leaf != to.leaf;
	if (__builtin_expect(leaves & ((other->count == GAP_LEAF_KEYS) | (leaf->count <= GAP_LEAF_FEW + 1)), 0)) {
		gap_keys_remove_at(self, from);
		gap_keys_add(self, key, NULL);
		return;
	}
	gap_leaf_close(leaf, from.index);
	gap_leaf_insert(other, to.index - (!leaves & (from.index < to.index)), key);
}

/* An empty one for so many keys at most. Returns IOVA_OK or IOVA_NO_MEMORY; release takes a zeroed one, too. */
enum iova_status gap_keys_create(struct gap_keys *self, uint64_t keys, const struct iova_host *host);

void gap_keys_release(struct gap_keys *self, const struct iova_host *host);

#endif
