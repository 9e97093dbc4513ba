/* SPDX-License-Identifier: MIT
 * The summaries over used pages: neighbours near and far, against hand-set pages and a plain array. */
#include "allocator/bitmap/page_bitmap.h"
#include "base/rng.h"
#include "support/test_host_a.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define PAGES (64 * 64 * 3 + 100) /* three levels, the last words incomplete */

static struct test_host host;
static struct summaries summaries;
static struct page_bitmap bitmap;

static int begin(void **state)
{
	(void)state;
	test_host_init(&host);
	assert_int_equal(summaries_create(&summaries, (PAGES + 63) / 64, &host.host), IOVA_OK);
	assert_int_equal(page_bitmap_create(&bitmap, PAGES, &summaries, &host.host), IOVA_OK);
	page_bitmap_set(&bitmap, 0, 1);
	page_bitmap_set(&bitmap, PAGES - 1, PAGES);
	return 0;
}

static int end(void **state)
{
	(void)state;
	const char *broken = page_bitmap_broken_invariant(&bitmap);
	page_bitmap_release(&bitmap);
	summaries_release(&summaries);
	return broken || test_host_blocks_held(&host);
}

static void the_ends_are_found_across_every_level(void **state)
{
	(void)state;
	assert_int_equal(page_bitmap_next(&bitmap, 1), PAGES - 1);
	assert_int_equal(page_bitmap_previous(&bitmap, PAGES - 2), 0);
	assert_int_equal(page_bitmap_next(&bitmap, PAGES - 1), PAGES - 1);
	assert_int_equal(page_bitmap_previous(&bitmap, 0), 0);
}

static void neighbours_in_the_word_and_next_to_it_are_found(void **state)
{
	(void)state;
	page_bitmap_set(&bitmap, 130, 133); /* word 2 */
	assert_int_equal(page_bitmap_next(&bitmap, 128), 130);
	assert_int_equal(page_bitmap_next(&bitmap, 64), 130);
	assert_int_equal(page_bitmap_next(&bitmap, 131), 131);
	assert_int_equal(page_bitmap_next(&bitmap, 133), PAGES - 1);
	assert_int_equal(page_bitmap_previous(&bitmap, 191), 132);
	assert_int_equal(page_bitmap_previous(&bitmap, 200), 132);
	assert_int_equal(page_bitmap_previous(&bitmap, 129), 0);
}

static void a_range_fills_and_empties_whole_words(void **state)
{
	(void)state;
	page_bitmap_set(&bitmap, 100, 5000);
	assert_int_equal(page_bitmap_next(&bitmap, 99), 100);
	assert_int_equal(page_bitmap_previous(&bitmap, 6000), 4999);
	assert_null(page_bitmap_broken_invariant(&bitmap));
	page_bitmap_clear(&bitmap, 100, 5000);
	assert_int_equal(page_bitmap_next(&bitmap, 1), PAGES - 1);
}

static void a_summary_that_is_wrong_is_noticed(void **state)
{
	(void)state;
	*page_bitmap_summary(&bitmap, 1, 1) ^= 1;
	assert_non_null(page_bitmap_broken_invariant(&bitmap));
	*page_bitmap_summary(&bitmap, 1, 1) ^= 1;
}

static void random_ranges_agree_with_an_array(void **state)
{
	(void)state;
	static uint8_t used[PAGES];
	struct rng rng;
	rng_seed(&rng, 1);
	memset(used, 0, sizeof(used));
	used[0] = used[PAGES - 1] = 1;
	for (int step = 0; step < 3000; step++) {
		uint64_t first = 1 + rng_below(&rng, PAGES - 2),
			 count = 1 + rng_below(&rng, rng_below(&rng, 8) ? 20 : 3000);
		uint64_t stop = first + 1;
		while (stop < first + count && stop < PAGES - 1 && used[stop] == used[first])
			stop++;
		if (used[first])
			page_bitmap_clear(&bitmap, first, stop);
		else
			page_bitmap_set(&bitmap, first, stop);
		memset(used + first, !used[first], stop - first);
		uint64_t from = rng_below(&rng, PAGES), next = from, previous = from;
		while (!used[next])
			next++;
		while (!used[previous])
			previous--;
		assert_int_equal(page_bitmap_next(&bitmap, from), next);
		assert_int_equal(page_bitmap_previous(&bitmap, from), previous);
		assert_null(page_bitmap_broken_invariant(&bitmap));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_ends_are_found_across_every_level, begin, end),
		cmocka_unit_test_setup_teardown(neighbours_in_the_word_and_next_to_it_are_found, begin, end),
		cmocka_unit_test_setup_teardown(a_range_fills_and_empties_whole_words, begin, end),
		cmocka_unit_test_setup_teardown(a_summary_that_is_wrong_is_noticed, begin, end),
		cmocka_unit_test_setup_teardown(random_ranges_agree_with_an_array, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
