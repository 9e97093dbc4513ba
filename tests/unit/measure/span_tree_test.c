/* SPDX-License-Identifier: MIT
 * A sorted array is the judge of random changes; orders in which spans come, memory that fails, and a proof that bites. */
#include "measure/span_tree.h"

#include "base/memory.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define SPANS 6000u

static struct span_tree tree;
static struct span model[SPANS];
static size_t model_count;

static int set_up(void **state)
{
	(void)state;
	model_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_fail_after(UINT64_MAX);
	span_tree_release(&tree);
	return 0;
}

/* How many spans begin at or below number. */
static size_t up_to(uint64_t number)
{
	size_t low = 0, high = model_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (model[middle].first <= number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct span span)
{
	size_t at = up_to(span.first);
	memmove(&model[at + 1], &model[at], (model_count++ - at) * sizeof model[0]);
	model[at] = span;
	assert_int_equal(span_tree_reserve(&tree, 1), 0);
	span_tree_insert(&tree, &span);
}

static void remove_at(size_t at)
{
	struct span_position position;
	const struct span *found = span_tree_find(&tree, model[at].first, &position);
	assert_memory_equal(found, &model[at], sizeof model[0]);
	span_tree_remove(&tree, &position);
	memmove(&model[at], &model[at + 1], (--model_count - at) * sizeof model[0]);
}

static void is_model(void)
{
	struct span_position position;
	size_t i = 0;
	assert_true(span_tree_sound(&tree));
	assert_int_equal(tree.count, model_count);
	for (const struct span *span = span_tree_first(&tree, &position); span; span = span_tree_next(&tree, &position))
		assert_memory_equal(span, &model[i++], sizeof model[0]);
	assert_int_equal(i, model_count);
}

static void finds_as_the_model(uint64_t number)
{
	struct span_position position;
	const struct span *span = span_tree_find(&tree, number, &position);
	size_t at = up_to(number);
	uint64_t before = 0;
	assert_int_equal(span != NULL, at > 0);
	if (!span)
		return;
	assert_memory_equal(span, &model[at - 1], sizeof model[0]);
	for (size_t i = 0; i + 1 < at; i++)
		before += model[i].weight;
	assert_int_equal(span_tree_weight_before(&tree, &position), before);
}

static void an_empty_tree_has_nothing(void **state)
{
	(void)state;
	struct span_position position;
	assert_null(span_tree_find(&tree, UINT64_MAX, &position));
	assert_null(span_tree_first(&tree, &position));
	assert_true(span_tree_sound(&tree));
}

static void any_order_of_arrival_is_the_same_order(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		set_up(state);
		for (uint64_t i = 0; i < SPANS; i++) {
			uint64_t number = way == 0   ? i
					  : way == 1 ? SPANS - 1 - i
					  : way == 2 ? i * 1009 % SPANS
						     : (i % 2 ? i : SPANS - i);
			insert((struct span){number * 10, 1 + number % 10, number, i});
		}
		is_model();
		for (uint64_t number = 0; number < 20; number++)
			finds_as_the_model(number * 3001);
		/* Spans in ascending order leave leaves that are nearly full. */
		if (way == 0)
			assert_true(tree.leaf_capacity - tree.leaves_left < SPANS / 30 + 2);
		while (model_count)
			remove_at(way == 0 ? 0 : way == 1 ? model_count - 1 : model_count * 7 / 11);
		is_model();
		assert_int_equal(tree.leaves_left, tree.leaf_capacity);
		assert_int_equal(tree.forks_left, tree.fork_capacity);
		assert_int_equal(tree.levels, 0);
	}
}

static void random_changes_agree_with_an_array(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 5);
	for (int i = 0; i < 200000; i++) {
		/* It grows and shrinks again and again. */
		bool grows = i / 10000 % 2 == 0;
		uint64_t number = rng_below(&rng, 1 << 16);
		size_t at = up_to(number);
		bool meets = at && model[at - 1].first + model[at - 1].count > number;
		if (!meets && model_count < SPANS && rng_below(&rng, 10) < (grows ? 9 : 2)) {
			uint64_t room = at < model_count ? model[at].first - number : 50;
			uint64_t count = 1 + rng_below(&rng, room < 9 ? room : 9);
			insert((struct span){number, count, rng_below(&rng, 1000), (uint64_t)i});
		} else if (at && rng_below(&rng, 3) == 0) {
			struct span_position position;
			uint64_t more = rng_below(&rng, 2000) - 1000;
			assert_non_null(span_tree_find(&tree, model[at - 1].first, &position));
			span_tree_weigh(&tree, &position, more);
			model[at - 1].weight += more;
		} else if (at) {
			remove_at(at - 1);
		}
		if (i % 50 == 0)
			finds_as_the_model(rng_below(&rng, 1 << 16));
		if (i % 5000 == 0)
			is_model();
	}
}

static void without_memory_it_stays_as_it_was(void **state)
{
	(void)state;
	unsigned failures = 0;
	for (uint64_t i = 0; i < SPANS; i++) {
		memory_fail_after(0);
		int result = span_tree_reserve(&tree, 1);
		memory_fail_after(UINT64_MAX);
		failures += result != 0;
		if (result != 0 && i % 2 == 0)
			is_model();
		insert((struct span){i * 2, 1, 1, i});
	}
	assert_true(failures >= 5);
	is_model();
	/* What was reserved suffices for as many, also when they divide a node each. */
	for (uint64_t i = 0; i < 500; i++) {
		assert_int_equal(span_tree_reserve(&tree, 4), 0);
		memory_fail_after(0);
		for (uint64_t j = 0; j < 4; j++) {
			struct span span = {.first = SPANS * 2 + (i * 4 + j) * 7919 % 2003 * 3 + j % 3, .count = 1};
			span_tree_insert(&tree, &span);
		}
		memory_fail_after(UINT64_MAX);
	}
	assert_true(tree.levels >= 2);
}

static void what_is_wrong_is_seen(void **state)
{
	(void)state;
	struct span_position position;
	for (uint64_t i = 0; i < 3000; i++)
		insert((struct span){i * 4, 2, 3, 0});
	static const uint64_t numbers[] = {0, 4, 400, 4004, 11996};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		struct span *span = span_tree_find(&tree, numbers[i], &position), kept = *span;
		span->weight++;
		assert_false(span_tree_sound(&tree));
		*span = kept;
		span->count = 0;
		assert_false(span_tree_sound(&tree));
		*span = kept;
		span->count = 5;
		assert_int_equal(span_tree_sound(&tree), i == 4); /* nothing follows the last one */
		*span = kept;
		assert_true(span_tree_sound(&tree));
	}
	tree.count++;
	assert_false(span_tree_sound(&tree));
	tree.count--;
	struct span *first = span_tree_find(&tree, 0, &position);
	first->first = 1;
	assert_false(span_tree_sound(&tree));
	first->first = 0;
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_tree_has_nothing),
		TEST(any_order_of_arrival_is_the_same_order),
		TEST(random_changes_agree_with_an_array),
		TEST(without_memory_it_stays_as_it_was),
		TEST(what_is_wrong_is_seen),
	};
	return cmocka_run_group_tests_name("span_tree", tests, NULL, NULL);
}
