/* SPDX-License-Identifier: MIT
 * Codes of run lengths and the tree of maxima over them. */
#include "allocator/bitmap/run_index.h"
#include "base/rng.h"
#include "support/test_host_a.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define WORDS (64 * 64 * 2 + 7)

static struct test_host host;
static struct summaries summaries;
static struct run_index runs;

static int begin(void **state)
{
	(void)state;
	test_host_init(&host);
	assert_int_equal(summaries_create(&summaries, WORDS, &host.host), IOVA_OK);
	assert_int_equal(run_index_create(&runs, WORDS, &summaries, &host.host), IOVA_OK);
	return 0;
}

static int end(void **state)
{
	(void)state;
	const char *broken = run_index_broken_invariant(&runs);
	run_index_release(&runs);
	summaries_release(&summaries);
	return broken || test_host_blocks_held(&host);
}

static uint64_t next(uint64_t from, uint8_t code)
{
	uint64_t examined = 0;
	return run_index_next(&runs, from, code, &examined);
}

static void codes_are_exact_below_64_and_then_four_an_octave(void **state)
{
	(void)state;
	for (uint64_t pages = 0; pages < 64; pages++)
		assert_int_equal(run_index_code(pages), pages);
	assert_int_equal(run_index_code(64), 64);
	assert_int_equal(run_index_code(79), 64);
	assert_int_equal(run_index_code(80), 65);
	assert_int_equal(run_index_code(127), 67);
	assert_int_equal(run_index_code(128), 68);
	assert_int_equal(run_index_code(UINT64_C(1) << 52), 64 + 46 * 4);
}

static void the_first_word_that_suffices_is_found(void **state)
{
	(void)state;
	run_index_set(&runs, 5, 3);
	run_index_set(&runs, 70, 9);
	run_index_set(&runs, 8000, 200);
	assert_int_equal(next(0, 1), 5);
	assert_int_equal(next(5, 3), 5);
	assert_int_equal(next(6, 3), 70);
	assert_int_equal(next(0, 10), 8000);
	assert_int_equal(next(8001, 1), RUN_INDEX_NOTHING);
	assert_int_equal(next(0, 201), RUN_INDEX_NOTHING);
}

static void a_maximum_falls_when_a_search_finds_nothing(void **state)
{
	(void)state;
	run_index_set(&runs, 70, 9);
	run_index_set(&runs, 70, 2);
	assert_int_equal(run_index_peek(&runs, 0), 70);
	assert_int_equal(run_index_peek(&runs, 71), RUN_INDEX_NOTHING);
	assert_int_equal(*run_index_most(&runs, 1, 1), 9);
	assert_int_equal(next(0, 5), RUN_INDEX_NOTHING);
	assert_int_equal(*run_index_most(&runs, 1, 1), 2);
	assert_int_equal(next(0, 2), 70);
}

static void both_ways_to_compare_64_codes_agree(void **state)
{
	(void)state;
	uint8_t bytes[64] __attribute__((aligned(64)));
	struct rng rng;
	rng_seed(&rng, 1);
	for (int step = 0; step < 1000; step++) {
		for (int i = 0; i < 64; i++)
			bytes[i] = (uint8_t)rng_below(&rng, 256);
		uint8_t code = (uint8_t)rng_below(&rng, 256);
		assert_int_equal(run_index_at_least(bytes, code), run_index_at_least_portable(bytes, code));
	}
}

static void random_codes_agree_with_an_array(void **state)
{
	(void)state;
	static uint8_t codes[WORDS];
	struct rng rng;
	rng_seed(&rng, 2);
	for (int step = 0; step < 20000; step++) {
		uint64_t word = rng_below(&rng, WORDS);
		codes[word] = (uint8_t)(rng_below(&rng, 50) ? rng_below(&rng, 4) : rng_below(&rng, 256));
		run_index_set(&runs, word, codes[word]);
		uint64_t from = rng_below(&rng, WORDS), expected = from;
		while (expected < WORDS && !codes[expected])
			expected++;
		assert_int_equal(run_index_peek(&runs, from), expected < WORDS ? expected : RUN_INDEX_NOTHING);
		uint8_t wanted = (uint8_t)(1 + rng_below(&rng, 255));
		for (expected = from; expected < WORDS && codes[expected] < wanted;)
			expected++;
		assert_int_equal(next(from, wanted), expected < WORDS ? expected : RUN_INDEX_NOTHING);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(codes_are_exact_below_64_and_then_four_an_octave, begin, end),
		cmocka_unit_test_setup_teardown(the_first_word_that_suffices_is_found, begin, end),
		cmocka_unit_test_setup_teardown(a_maximum_falls_when_a_search_finds_nothing, begin, end),
		cmocka_unit_test_setup_teardown(both_ways_to_compare_64_codes_agree, begin, end),
		cmocka_unit_test_setup_teardown(random_codes_agree_with_an_array, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
