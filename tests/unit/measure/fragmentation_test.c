/* SPDX-License-Identifier: MIT
 * The formulas of docs/metrics.md on runs that were split by hand. */
#include "measure/fragmentation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct fragmentation sample;

static int clean(void **state)
{
	(void)state;
	memset(&sample, 0, sizeof sample);
	return 0;
}

static void a_run_is_split_into_maximal_aligned_blocks(void **state)
{
	(void)state;
	fragmentation_add(&sample, 5, 14); /* 5 | 6,7 | 8..15 | 16,17 | 18 */
	assert_int_equal(sample.blocks[0], 2);
	assert_int_equal(sample.blocks[1], 2);
	assert_int_equal(sample.blocks[2], 0);
	assert_int_equal(sample.blocks[3], 1);
	assert_int_equal(sample.free_pages, 14);
	assert_int_equal(sample.free_extents, 1);
	assert_int_equal(sample.largest_free_pages, 14);
}

static void the_run_at_page_zero_starts_with_its_largest_block(void **state)
{
	(void)state;
	fragmentation_add(&sample, 0, 13); /* 0..7 | 8..11 | 12 */
	assert_int_equal(sample.blocks[3], 1);
	assert_int_equal(sample.blocks[2], 1);
	assert_int_equal(sample.blocks[0], 1);
}

static void the_whole_space_is_one_block(void **state)
{
	(void)state;
	fragmentation_add(&sample, 0, UINT64_C(1) << 52);
	assert_int_equal(sample.blocks[52], 1);
	assert_true(fragmentation_unusable(&sample, 18) == 0);
	assert_true(fragmentation_unusable(&sample, 53) == 1);
}

static void unusable_counts_pages_outside_large_blocks(void **state)
{
	(void)state;
	fragmentation_add(&sample, 5, 14);
	assert_true(fragmentation_unusable(&sample, 0) == 0);
	assert_true(fabs(fragmentation_unusable(&sample, 1) - 2.0 / 14) < 1e-15);
	assert_true(fabs(fragmentation_unusable(&sample, 2) - 6.0 / 14) < 1e-15);
	assert_true(fabs(fragmentation_unusable(&sample, 3) - 6.0 / 14) < 1e-15);
	assert_true(fragmentation_unusable(&sample, 4) == 1);
}

static void full_space_reads_as_unusable(void **state)
{
	(void)state;
	assert_true(fragmentation_unusable(&sample, 0) == 1);
	assert_true(fragmentation_unusable(&sample, 9) == 1);
	assert_true(fragmentation_index(&sample, 1) == 0);
	assert_true(isnan(fragmentation_outside_largest(&sample)));
}

static void index_is_minus_one_when_a_block_would_do(void **state)
{
	(void)state;
	fragmentation_add(&sample, 8, 8);
	assert_true(fragmentation_index(&sample, 8) == -1);
	assert_true(fragmentation_index(&sample, 5) == -1);
}

static void index_tells_fragmentation_from_lack_of_space(void **state)
{
	(void)state;
	fragmentation_add(&sample, 0, 1);
	/* One page for a request of 8: 1 - (1 + 1/8) / 1 */
	assert_true(fabs(fragmentation_index(&sample, 8) - -0.125) < 1e-15);
	for (uint64_t page = 2; page < 200; page += 2)
		fragmentation_add(&sample, page, 1);
	/* 100 single pages for 8: 1 - (1 + 100/8) / 100 */
	assert_true(fabs(fragmentation_index(&sample, 8) - 0.865) < 1e-15);
}

static void outside_largest_is_the_share_of_the_other_runs(void **state)
{
	(void)state;
	fragmentation_add(&sample, 0, 30);
	fragmentation_add(&sample, 40, 10);
	assert_int_equal(sample.free_extents, 2);
	assert_true(fabs(fragmentation_outside_largest(&sample) - 0.25) < 1e-15);
}

static void blocks_add_up_to_the_free_pages(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int i = 0; i < 1000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		fragmentation_add(&sample, (seed >> 20) % (UINT64_C(1) << 40), 1 + (seed >> 50));
	}
	uint64_t pages = 0;
	for (unsigned i = 0; i < FRAGMENTATION_ORDERS; i++)
		pages += sample.blocks[i] << i;
	assert_int_equal(pages, sample.free_pages);
	for (unsigned i = 0; i < 20; i++)
		assert_true(fragmentation_unusable(&sample, i) <= fragmentation_unusable(&sample, i + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_run_is_split_into_maximal_aligned_blocks, clean),
		cmocka_unit_test_setup(the_run_at_page_zero_starts_with_its_largest_block, clean),
		cmocka_unit_test_setup(the_whole_space_is_one_block, clean),
		cmocka_unit_test_setup(unusable_counts_pages_outside_large_blocks, clean),
		cmocka_unit_test_setup(full_space_reads_as_unusable, clean),
		cmocka_unit_test_setup(index_is_minus_one_when_a_block_would_do, clean),
		cmocka_unit_test_setup(index_tells_fragmentation_from_lack_of_space, clean),
		cmocka_unit_test_setup(outside_largest_is_the_share_of_the_other_runs, clean),
		cmocka_unit_test_setup(blocks_add_up_to_the_free_pages, clean),
	};
	return cmocka_run_group_tests_name("fragmentation", tests, NULL, NULL);
}
