/* SPDX-License-Identifier: MIT
 * Keys in leaves and nodes, against a sorted array, through growing and shrinking, at random and from either end. Invariants
 * of a tree of several levels are broken one by one. */
#include "allocator/rbtree/check.h"
#include "allocator/registry.h"
#include "base/rng.h"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { KEYS_MAX = 20000 };

static struct test_host host;
static struct gap_keys keys;
static uint64_t model[KEYS_MAX]; /* ascending */
static size_t model_count;

static void begin(void)
{
	test_host_init(&host);
	model_count = 0;
	assert_int_equal(gap_keys_create(&keys, KEYS_MAX, &host.host), IOVA_OK);
}

static void end(void)
{
	gap_keys_release(&keys, &host.host);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

/* Of the model, how many keys are smaller. */
static size_t model_below(uint64_t key)
{
	size_t low = 0, high = model_count;
	while (low < high) {
		const size_t middle = (low + high) / 2;
		if (model[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool model_has(uint64_t key)
{
	const size_t at = model_below(key);
	return at < model_count && model[at] == key;
}

static void model_add(uint64_t key)
{
	const size_t at = model_below(key);
	assert_true(model_count < KEYS_MAX);
	memmove(model + at + 1, model + at, (model_count++ - at) * sizeof model[0]);
	model[at] = key;
}

static void model_remove(uint64_t key)
{
	const size_t at = model_below(key);
	memmove(model + at, model + at + 1, (--model_count - at) * sizeof model[0]);
}

/* Both orders, and what a search finds at each key and behind it. */
static void compare(void)
{
	const char *broken = gap_keys_check(&keys);
	if (broken)
		fail_msg("%s, with %zu keys", broken, model_count);
	struct gap_key_at at = gap_keys_first(&keys), back = gap_keys_previous(&keys, (struct gap_key_at){0});
	for (size_t i = 0; i < model_count; i++) {
		const uint64_t next = i + 1 < model_count ? model[i + 1] : GAP_NO_KEY;
		assert_int_equal(gap_keys_get(&keys, at), model[i]);
		assert_int_equal(gap_keys_get(&keys, back), model[model_count - 1 - i]);
		assert_int_equal(gap_keys_get(&keys, gap_keys_find(&keys, model[i], NULL)), model[i]);
		assert_int_equal(gap_keys_get(&keys, gap_keys_find(&keys, model[i] + 1, NULL)), next);
		at = gap_keys_next(&keys, at);
		back = gap_keys_previous(&keys, back);
	}
	assert_int_equal(gap_keys_get(&keys, at), GAP_NO_KEY);
	assert_int_equal(gap_keys_get(&keys, back), GAP_NO_KEY);
}

static void add(uint64_t key)
{
	gap_keys_add(&keys, key, NULL);
	model_add(key);
}

static void remove_at(size_t index)
{
	const uint64_t key = model[index];
	gap_keys_remove(&keys, key, NULL);
	model_remove(key);
}

static void move(size_t index, uint64_t key)
{
	const uint64_t from = model[index];
	gap_keys_move_at(&keys, gap_keys_spot(&keys, from, NULL), key, NULL);
	model_remove(from);
	model_add(key);
}

/* A key that is not there: mostly close to others, so that leaves fill up and empty beside each other. */
static uint64_t fresh(struct rng *rng, uint64_t below)
{
	uint64_t key;
	do
		key = rng_below(rng, 4) ? rng_below(rng, below) : rng_below(rng, below / 64 + 1);
	while (model_has(key));
	return key;
}

/* Grows to `most`, shrinks to none, and again; a third of the changes move a key. */
static void grow_and_shrink(uint64_t seed, size_t most, size_t rounds, size_t steps_a_check)
{
	struct rng rng;
	rng_seed(&rng, seed);
	begin();
	for (size_t round = 0; round < 2 * rounds; round++)
		for (size_t step = 0; round % 2 ? model_count > 0 : model_count < most; step++) {
			const bool grows = rng_below(&rng, 4) ? round % 2 == 0 : round % 2 == 1;
			if (model_count && rng_below(&rng, 3) == 0)
				move(rng_below(&rng, model_count), fresh(&rng, 100 * most));
			else if (grows && model_count < KEYS_MAX)
				add(fresh(&rng, 100 * most));
			else if (model_count)
				remove_at(rng_below(&rng, model_count));
			if (step % steps_a_check == 0)
				compare();
		}
	compare();
	assert_int_equal(keys.levels, 0);
	end();
}

static void one_leaf_and_two_grow_and_shrink(void **state)
{
	(void)state;
	grow_and_shrink(1, 14, 200, 1);
	grow_and_shrink(2, 40, 100, 1);
}

static void one_level_and_two_grow_and_shrink(void **state)
{
	(void)state;
	grow_and_shrink(3, 600, 10, 7);
	grow_and_shrink(4, 2000, 5, 101);
}

static void many_keys_grow_and_shrink(void **state)
{
	(void)state;
	grow_and_shrink(5, 18000, 2, 4999);
}

/* Ascending and descending, in steps of one leaf each time: what is full or empty then is at an end of the tree. */
static void keys_come_and_go_at_either_end(void **state)
{
	(void)state;
	enum { MANY = 9000 };
	for (unsigned way = 0; way < 4; way++) {
		begin();
		for (uint64_t i = 0; i < MANY; i++) {
			add(1 + (way & 1 ? MANY - i : i));
			if (i % 500 == 0)
				compare();
		}
		assert_int_equal(keys.levels, 2);
		while (model_count) {
			remove_at(way & 2 ? model_count - 1 : 0);
			if (model_count % 500 == 0)
				compare();
		}
		assert_int_equal(keys.levels, 0);
		end();
	}
}

/* What was given back serves again: as often as there is room for keys, no number is left over. */
static void leaves_that_were_given_back_serve_again(void **state)
{
	(void)state;
	begin();
	uint32_t leaves = 0, inners = 0;
	for (int round = 0; round < 5; round++) {
		for (uint64_t i = 0; i < 3000; i++)
			add(3 * i + 1);
		assert_true(round == 0 || (keys.leaf_numbers.fresh == leaves && keys.inner_numbers.fresh == inners));
		leaves = keys.leaf_numbers.fresh;
		inners = keys.inner_numbers.fresh;
		while (model_count)
			remove_at(model_count / 2);
	}
	end();
}

static void begin_broken(void)
{
	begin();
	for (uint64_t i = 0; i < 1500; i++)
		add(2 * i + 2);
	assert_int_equal(keys.levels, 2);
}

static void expect_broken(const char *sentence)
{
	const char *broken = gap_keys_check(&keys);
	if (!broken || strcmp(broken, sentence))
		fail_msg("%s: told is %s", sentence, broken ? broken : "nothing");
	end();
	begin_broken();
}

static void every_broken_invariant_of_the_nodes_is_named(void **state)
{
	(void)state;
	begin_broken();
	compare();
	const uint32_t leaf = keys.leaves[0].next, inner = keys.inners[keys.root].child[0];
	assert_int_equal(keys.leaves[leaf].count, 8);
	/* A key lost, in the middle and at the end of a leaf. */
	keys.leaves[leaf].key[3] = keys.leaves[leaf].key[2];
	expect_broken("keys ascend");
	keys.leaves[leaf].count--;
	expect_broken("behind the last key of a leaf there is none");
	keys.leaves[leaf].count = 0;
	expect_broken("a leaf has a key, and no more than it has room for");
	keys.leaves[leaf].count = GAP_LEAF_KEYS + 1;
	expect_broken("a leaf has a key, and no more than it has room for");
	/* What a split or a change leaves behind. */
	keys.leaves[leaf].key[GAP_LEAF_KEYS] = 5;
	expect_broken("behind the last key of a leaf there is none");
	keys.inners[inner].last[0]--;
	expect_broken("every key is found");
	keys.inners[inner].last[0] = keys.inners[inner].last[1];
	expect_broken("the children of a node ascend, and the last one has the rest");
	keys.inners[keys.root].last[keys.inners[keys.root].count - 1] = 7;
	expect_broken("the children of a node ascend, and the last one has the rest");
	keys.inners[keys.root].last[0]--;
	expect_broken("every key is found");
	keys.inners[inner].child[0] = keys.inners[inner].child[1];
	expect_broken("the leaves by key are those of the tree");
	keys.leaves[leaf].previous = leaf;
	expect_broken("the next leaf's previous one is this one");
	keys.leaves[0].next = keys.leaves[leaf].next;
	expect_broken("the leaves by key are those of the tree");
	keys.inners[inner].count = 0;
	expect_broken("a node has a child, the root two, and no more than it has room for");
	keys.leaf_numbers.fresh++;
	expect_broken("exactly the numbers that are not unused are nodes of the tree");
	keys.inner_numbers.fresh++;
	expect_broken("exactly the numbers that are not unused are nodes of the tree");
	end();
}

static void two_neighbours_with_few_are_named(void **state)
{
	(void)state;
	begin();
	for (uint64_t i = 1; i <= GAP_LEAF_KEYS + 1; i++)
		add(i);
	assert_int_equal(keys.levels, 1);
	for (uint32_t leaf = keys.leaves[0].next; leaf; leaf = keys.leaves[leaf].next) {
		keys.leaves[leaf].count = 1;
		memset(keys.leaves[leaf].key + 1, 0xff, sizeof keys.leaves[leaf].key - sizeof(uint64_t));
	}
	assert_string_equal(gap_keys_check(&keys), "of two neighbouring nodes one has more than few");
	end();
}

/* With keys below its greatest one, and without the lowest ones, the leaf gets so many. */
static void refill(uint32_t leaf, uint32_t count)
{
	while (keys.leaves[leaf].count < count)
		add(keys.leaves[leaf].key[keys.leaves[leaf].count - 1] - 1 - keys.leaves[leaf].count);
	while (keys.leaves[leaf].count > count)
		remove_at(model_below(keys.leaves[leaf].key[0]));
}

/* Leaves of 1 and of 7 keys in turn, as few as they may have: each second one shrinks while its neighbours have too many to be
 * joined to it, then those do. There is room for so many, up to the last key. */
static void there_is_room_for_the_poorest_leaves(void **state)
{
	(void)state;
	enum { MANY = 6000 };
	test_host_init(&host);
	model_count = 0;
	assert_int_equal(gap_keys_create(&keys, MANY, &host.host), IOVA_OK);
	for (uint64_t first = 1000; model_count + 4 * GAP_LEAF_KEYS < MANY; first += 1600) {
		for (uint64_t i = 0; i < 16; i++)
			add(first + 100 * i);
		const uint32_t few = gap_keys_spot(&keys, first, NULL).leaf;
		const uint32_t before = keys.leaves[few].previous, behind = keys.leaves[few].next;
		if (!before || !behind)
			continue;
		refill(before, GAP_LEAF_JOINED_MAX);
		refill(behind, GAP_LEAF_JOINED_MAX);
		refill(few, 1);
		refill(before, GAP_LEAF_FEW + 1);
	}
	compare();
	assert_true(keys.leaf_numbers.fresh > MANY / 5);
	end();
}

static uint64_t passes_before;

static void *fail_once(void *context, size_t bytes)
{
	return passes_before-- ? test_host_get(context, bytes) : NULL;
}

/* The n-th request for memory fails, and no other: nothing is left behind. */
static void without_memory_there_is_no_instance(void **state)
{
	(void)state;
	const struct iova_space space = {0, 1000, 4096};
	struct allocator_instance instance;
	struct allocator_spec parsed;
	/* The instance, leaves, nodes, and lengths by page. */
	enum { REQUESTS = 4 };
	assert_int_equal(allocator_spec_open("rbtree:fit=best", &parsed, NULL), 0);
	for (uint64_t passes = 0; passes <= REQUESTS; passes++) {
		test_host_init(&host);
		host.host.memory_get = fail_once;
		passes_before = passes;
		const int failed = allocator_instance_create(&parsed, &space, &host.host, &instance, NULL);
		assert_int_equal(failed != 0, passes < REQUESTS);
		if (!failed)
			allocator_instance_destroy(&instance);
		assert_int_equal(test_host_blocks_held(&host), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_leaf_and_two_grow_and_shrink),
		cmocka_unit_test(one_level_and_two_grow_and_shrink),
		cmocka_unit_test(many_keys_grow_and_shrink),
		cmocka_unit_test(keys_come_and_go_at_either_end),
		cmocka_unit_test(leaves_that_were_given_back_serve_again),
		cmocka_unit_test(every_broken_invariant_of_the_nodes_is_named),
		cmocka_unit_test(two_neighbours_with_few_are_named),
		cmocka_unit_test(there_is_room_for_the_poorest_leaves),
		cmocka_unit_test(without_memory_there_is_no_instance),
	};
	return cmocka_run_group_tests_name("gap_keys", tests, NULL, NULL);
}
