/* SPDX-License-Identifier: MIT
 * A B+ tree. Nodes are numbered, so that they can lie in arrays that grow; what is full is divided on the way down. A node
 * is given back when it is empty, and not before: neighbours are not joined. */
#include "measure/span_tree.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

#define NOTHING UINT32_MAX

struct span_leaf {
	struct span spans[SPAN_TREE_CHILDREN];
	uint32_t count;
	uint32_t previous, next; /* leaf, or NOTHING */
};

struct span_fork {
	uint64_t first[SPAN_TREE_CHILDREN];  /* of the first span below each child */
	uint64_t weight[SPAN_TREE_CHILDREN]; /* of all spans below it */
	uint32_t child[SPAN_TREE_CHILDREN];  /* of an unused fork the first: 1 + the next unused one */
	uint32_t count;
};

void span_tree_release(struct span_tree *tree)
{
	memory_release(tree->leaves);
	memory_release(tree->forks);
	*tree = (struct span_tree){0};
}

static int reserve_leaves(struct span_tree *tree, size_t wanted)
{
	while (tree->leaves_left < wanted) {
		size_t before = tree->leaf_capacity;
		if (memory_grow(&tree->leaves, &tree->leaf_capacity, before, sizeof tree->leaves[0]) < 0)
			return -1;
		for (size_t i = tree->leaf_capacity; i-- > before;) {
			tree->leaves[i].next = tree->leaves_unused;
			tree->leaves_unused = (uint32_t)i + 1;
		}
		tree->leaves_left += tree->leaf_capacity - before;
	}
	return 0;
}

static int reserve_forks(struct span_tree *tree, size_t wanted)
{
	while (tree->forks_left < wanted) {
		size_t before = tree->fork_capacity;
		if (memory_grow(&tree->forks, &tree->fork_capacity, before, sizeof tree->forks[0]) < 0)
			return -1;
		for (size_t i = tree->fork_capacity; i-- > before;) {
			tree->forks[i].child[0] = tree->forks_unused;
			tree->forks_unused = (uint32_t)i + 1;
		}
		tree->forks_left += tree->fork_capacity - before;
	}
	return 0;
}

int span_tree_reserve(struct span_tree *tree, unsigned insertions)
{
	assert(insertions && insertions <= SPAN_TREE_CHILDREN);
	/* Each may divide a leaf and every fork above it, and put a new root on top. */
	size_t forks = (size_t)insertions * (tree->levels + insertions);
	return reserve_leaves(tree, insertions) < 0 || reserve_forks(tree, forks) < 0 ? -1 : 0;
}

static uint32_t take_leaf(struct span_tree *tree)
{
	uint32_t leaf = tree->leaves_unused - 1;
	assert(tree->leaves_left);
	tree->leaves_unused = tree->leaves[leaf].next;
	tree->leaves_left--;
	return leaf;
}

static uint32_t take_fork(struct span_tree *tree)
{
	uint32_t fork = tree->forks_unused - 1;
	assert(tree->forks_left);
	tree->forks_unused = tree->forks[fork].child[0];
	tree->forks_left--;
	return fork;
}

static void give_fork(struct span_tree *tree, uint32_t fork)
{
	tree->forks[fork].child[0] = tree->forks_unused;
	tree->forks_unused = fork + 1;
	tree->forks_left++;
}

static void give_leaf(struct span_tree *tree, uint32_t index)
{
	struct span_leaf *leaf = &tree->leaves[index];
	if (leaf->previous != NOTHING)
		tree->leaves[leaf->previous].next = leaf->next;
	if (leaf->next != NOTHING)
		tree->leaves[leaf->next].previous = leaf->previous;
	leaf->next = tree->leaves_unused;
	tree->leaves_unused = index + 1;
	tree->leaves_left++;
}

/* Index of the last child whose spans begin at or below number; 0 when none does. */
static uint32_t child_of(const struct span_fork *fork, uint64_t number)
{
	uint32_t low = 0, high = fork->count;
	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;
		if (fork->first[middle] <= number)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* How many spans of the leaf begin at or below number. */
static uint32_t spans_up_to(const struct span_leaf *leaf, uint64_t number)
{
	uint32_t low = 0, high = leaf->count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (leaf->spans[middle].first <= number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct span *span_tree_find(const struct span_tree *tree, uint64_t number, struct span_position *position)
{
	if (!tree->count)
		return NULL;
	uint32_t node = tree->root;
	for (unsigned level = 0; level < tree->levels; level++) {
		const struct span_fork *fork = &tree->forks[node];
		uint32_t child = child_of(fork, number);
		position->fork[level] = node;
		position->child[level] = child;
		node = fork->child[child];
	}
	struct span_leaf *leaf = &tree->leaves[node];
	uint32_t spans = spans_up_to(leaf, number);
	if (!spans)
		return NULL;
	position->leaf = node;
	position->at = spans - 1;
	return &leaf->spans[position->at];
}

uint64_t span_tree_weight_before(const struct span_tree *tree, const struct span_position *position)
{
	uint64_t weight = 0;
	for (unsigned level = 0; level < tree->levels; level++)
		for (uint32_t i = 0; i < position->child[level]; i++)
			weight += tree->forks[position->fork[level]].weight[i];
	for (uint32_t i = 0; i < position->at; i++)
		weight += tree->leaves[position->leaf].spans[i].weight;
	return weight;
}

const struct span *span_tree_first(const struct span_tree *tree, struct span_position *position)
{
	if (!tree->count)
		return NULL;
	uint32_t node = tree->root;
	for (unsigned level = 0; level < tree->levels; level++)
		node = tree->forks[node].child[0];
	position->leaf = node;
	position->at = 0;
	return &tree->leaves[node].spans[0];
}

const struct span *span_tree_next(const struct span_tree *tree, struct span_position *position)
{
	assert(position->leaf < tree->leaf_capacity && position->at < tree->leaves[position->leaf].count);
	const struct span_leaf *leaf = &tree->leaves[position->leaf];
	if (++position->at < leaf->count)
		return &leaf->spans[position->at];
	if (leaf->next == NOTHING)
		return NULL;
	position->leaf = leaf->next;
	position->at = 0;
	return &tree->leaves[position->leaf].spans[0];
}

/* A new child behind child number at. */
static void add_child(struct span_fork *fork, uint32_t at, uint32_t child, uint64_t first, uint64_t weight)
{
	uint32_t behind = fork->count - (at + 1);
	memmove(&fork->first[at + 2], &fork->first[at + 1], behind * sizeof fork->first[0]);
	memmove(&fork->weight[at + 2], &fork->weight[at + 1], behind * sizeof fork->weight[0]);
	memmove(&fork->child[at + 2], &fork->child[at + 1], behind * sizeof fork->child[0]);
	fork->first[at + 1] = first;
	fork->weight[at + 1] = weight;
	fork->child[at + 1] = child;
	fork->weight[at] -= weight;
	fork->count++;
}

/* What stays when a full node is divided: half of it, or nearly all when spans come in ascending order. */
static uint32_t kept(bool at_end)
{
	return at_end ? SPAN_TREE_CHILDREN - 1 : SPAN_TREE_CHILDREN / 2;
}

static void divide_leaf(struct span_tree *tree, struct span_fork *above, uint32_t at, uint64_t number)
{
	uint32_t low = above->child[at], high = take_leaf(tree);
	struct span_leaf *from = &tree->leaves[low], *to = &tree->leaves[high];
	uint32_t stay = kept(from->next == NOTHING && number > from->spans[from->count - 1].first);
	uint64_t weight = 0;
	to->count = from->count - stay;
	from->count = stay;
	memcpy(to->spans, &from->spans[stay], to->count * sizeof to->spans[0]);
	for (uint32_t i = 0; i < to->count; i++)
		weight += to->spans[i].weight;
	to->previous = low;
	to->next = from->next;
	if (from->next != NOTHING)
		tree->leaves[from->next].previous = high;
	from->next = high;
	add_child(above, at, high, to->spans[0].first, weight);
}

static void divide_fork(struct span_tree *tree, struct span_fork *above, uint32_t at, uint64_t number)
{
	uint32_t high = take_fork(tree);
	struct span_fork *from = &tree->forks[above->child[at]], *to = &tree->forks[high];
	uint32_t stay = kept(number > from->first[from->count - 1]);
	uint64_t weight = 0;
	to->count = from->count - stay;
	from->count = stay;
	memcpy(to->first, &from->first[stay], to->count * sizeof to->first[0]);
	memcpy(to->weight, &from->weight[stay], to->count * sizeof to->weight[0]);
	memcpy(to->child, &from->child[stay], to->count * sizeof to->child[0]);
	for (uint32_t i = 0; i < to->count; i++)
		weight += to->weight[i];
	add_child(above, at, high, to->first[0], weight);
}

static bool is_full(const struct span_tree *tree, unsigned level, uint32_t node)
{
	uint32_t count = level < tree->levels ? tree->forks[node].count : tree->leaves[node].count;
	return count == SPAN_TREE_CHILDREN;
}

/* A root that is full gets a fork above it, with itself as the only child. */
static void raise_root(struct span_tree *tree)
{
	uint32_t root = take_fork(tree);
	struct span_fork *fork = &tree->forks[root];
	assert(tree->levels < SPAN_TREE_LEVELS_MAX);
	fork->count = 1;
	fork->child[0] = tree->root;
	fork->weight[0] = 0;
	if (tree->levels) {
		const struct span_fork *below = &tree->forks[tree->root];
		fork->first[0] = below->first[0];
		for (uint32_t i = 0; i < below->count; i++)
			fork->weight[0] += below->weight[i];
	} else {
		const struct span_leaf *below = &tree->leaves[tree->root];
		fork->first[0] = below->spans[0].first;
		for (uint32_t i = 0; i < below->count; i++)
			fork->weight[0] += below->spans[i].weight;
	}
	tree->root = root;
	tree->levels++;
}

void span_tree_insert(struct span_tree *tree, const struct span *span)
{
	assert(span->count);
	if (!tree->count++) {
		tree->root = take_leaf(tree);
		tree->levels = 0;
		struct span_leaf *leaf = &tree->leaves[tree->root];
		leaf->spans[0] = *span;
		leaf->count = 1;
		leaf->previous = leaf->next = NOTHING;
		return;
	}
	if (is_full(tree, 0, tree->root))
		raise_root(tree);
	uint32_t node = tree->root;
	for (unsigned level = 0; level < tree->levels; level++) {
		struct span_fork *fork = &tree->forks[node];
		uint32_t child = child_of(fork, span->first);
		if (is_full(tree, level + 1, fork->child[child])) {
			if (level + 1 < tree->levels)
				divide_fork(tree, fork, child, span->first);
			else
				divide_leaf(tree, fork, child, span->first);
			child = child_of(fork, span->first);
		}
		if (span->first < fork->first[child])
			fork->first[child] = span->first;
		fork->weight[child] += span->weight;
		node = fork->child[child];
	}
	struct span_leaf *leaf = &tree->leaves[node];
	uint32_t at = spans_up_to(leaf, span->first);
	memmove(&leaf->spans[at + 1], &leaf->spans[at], (leaf->count - at) * sizeof leaf->spans[0]);
	leaf->spans[at] = *span;
	leaf->count++;
}

static void drop_child(struct span_fork *fork, uint32_t at)
{
	uint32_t behind = --fork->count - at;
	memmove(&fork->first[at], &fork->first[at + 1], behind * sizeof fork->first[0]);
	memmove(&fork->weight[at], &fork->weight[at + 1], behind * sizeof fork->weight[0]);
	memmove(&fork->child[at], &fork->child[at + 1], behind * sizeof fork->child[0]);
}

void span_tree_remove(struct span_tree *tree, const struct span_position *position)
{
	assert(tree->count && position->leaf < tree->leaf_capacity && position->at < tree->leaves[position->leaf].count);
	struct span_leaf *leaf = &tree->leaves[position->leaf];
	uint64_t weight = leaf->spans[position->at].weight;
	memmove(&leaf->spans[position->at], &leaf->spans[position->at + 1],
		(--leaf->count - position->at) * sizeof leaf->spans[0]);
	tree->count--;
	bool empty = leaf->count == 0;
	uint64_t first = empty ? 0 : leaf->spans[0].first;
	if (empty)
		give_leaf(tree, position->leaf);
	for (unsigned level = tree->levels; level-- > 0;) {
		struct span_fork *fork = &tree->forks[position->fork[level]];
		uint32_t at = position->child[level];
		fork->weight[at] -= weight;
		if (empty)
			drop_child(fork, at);
		else
			fork->first[at] = first;
		empty = fork->count == 0;
		first = empty ? 0 : fork->first[0];
		if (empty)
			give_fork(tree, position->fork[level]);
	}
	while (tree->count && tree->levels && tree->forks[tree->root].count == 1) {
		uint32_t root = tree->root;
		tree->root = tree->forks[root].child[0];
		tree->levels--;
		give_fork(tree, root);
	}
}

void span_tree_weigh(struct span_tree *tree, const struct span_position *position, uint64_t more)
{
	assert(position->leaf < tree->leaf_capacity && position->at < tree->leaves[position->leaf].count);
	for (unsigned level = 0; level < tree->levels; level++)
		tree->forks[position->fork[level]].weight[position->child[level]] += more;
	tree->leaves[position->leaf].spans[position->at].weight += more;
}

/* A walk through the whole tree. */
struct proof {
	const struct span_tree *tree;
	uint64_t end;                           /* of the last span */
	uint64_t weights[SPAN_TREE_LEVELS_MAX]; /* seen below the child at hand, by level */
	size_t spans;
	uint32_t before; /* leaf */
};

static bool leaf_is_sound(struct proof *proof, uint32_t index, uint64_t *weight)
{
	const struct span_leaf *leaf = &proof->tree->leaves[index];
	if (!leaf->count || leaf->count > SPAN_TREE_CHILDREN || leaf->previous != proof->before)
		return false;
	if (proof->before != NOTHING && proof->tree->leaves[proof->before].next != index)
		return false;
	*weight = 0;
	for (uint32_t i = 0; i < leaf->count; i++) {
		const struct span *span = &leaf->spans[i];
		if (!span->count || (proof->spans && span->first < proof->end))
			return false;
		proof->end = span->first + span->count;
		proof->spans++;
		*weight += span->weight;
	}
	proof->before = index;
	return true;
}

static uint64_t first_below(const struct span_tree *tree, unsigned level, uint32_t node)
{
	return level < tree->levels ? tree->forks[node].first[0] : tree->leaves[node].spans[0].first;
}

bool span_tree_sound(const struct span_tree *tree)
{
	struct proof proof = {.tree = tree, .before = NOTHING};
	struct span_position position = {.fork = {tree->root}};
	uint64_t weight;
	if (!tree->levels)
		return !tree->count || (leaf_is_sound(&proof, tree->root, &weight) && proof.spans == tree->count);
	for (unsigned level = 0;;) {
		const struct span_fork *fork = &tree->forks[position.fork[level]];
		uint32_t at = position.child[level];
		if (at == fork->count) {
			if (level-- == 0)
				break;
			const struct span_fork *above = &tree->forks[position.fork[level]];
			if (above->weight[position.child[level]] != proof.weights[level + 1])
				return false;
			proof.weights[level] += proof.weights[level + 1];
			position.child[level]++;
			continue;
		}
		if (fork->first[at] != first_below(tree, level + 1, fork->child[at]))
			return false;
		if (level + 1 < tree->levels) {
			position.fork[++level] = fork->child[at];
			position.child[level] = 0;
			proof.weights[level] = 0;
			continue;
		}
		if (!leaf_is_sound(&proof, fork->child[at], &weight) || weight != fork->weight[at])
			return false;
		proof.weights[level] += weight;
		position.child[level]++;
	}
	return proof.spans == tree->count && tree->leaves[proof.before].next == NOTHING;
}
