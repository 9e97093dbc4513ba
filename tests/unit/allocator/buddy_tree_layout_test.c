/* SPDX-License-Identifier: MIT
 * Where the words of a buddy tree lie: places worked out by hand, and every word of trees of several sizes has one of its
 * own. */
#include "allocator/buddy/tree.h"
#include "base/memory.h"
#include "support/test_host_a.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct buddy_tree tree;
static struct test_host host;

static void begin(uint64_t end)
{
	test_host_init(&host);
	assert_int_equal(buddy_tree_create(&tree, bits_log2_ceil(end), end, true, false, &host.host), IOVA_OK);
}

static void end(void)
{
	buddy_tree_release(&tree);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static uint64_t place(unsigned log2, unsigned level, uint64_t word)
{
	return (uint64_t)(buddy_tree_word(&tree, log2, level, word) - tree.memory);
}

/* Words of 8 bytes; a page of memory has 512. In 2^20 pages are 32 regions of 1024 words, then 4 pages for 8 regions each. */
static void orders_alternate_in_a_region(void **state)
{
	(void)state;
	begin(1 << 20);
	assert_int_equal(place(0, 0, 0), 1);
	assert_int_equal(place(0, 0, 1), 3);
	assert_int_equal(place(1, 0, 0), 2);
	assert_int_equal(place(1, 0, 1), 6);
	assert_int_equal(place(5, 0, 0), 32);
	assert_int_equal(place(0, 1, 0), 64);         /* class 6 */
	assert_int_equal(place(3, 1, 1), 512 + 1024); /* class 9, region 1 */
	assert_int_equal(place(0, 0, 512), 1024 + 1); /* region 1 */
	assert_int_equal(place(6, 0, 0), 32 * 1024 + 4);
	assert_int_equal(place(6, 0, 1), 32 * 1024 + 12);
	assert_int_equal(place(9, 0, 8), 32 * 1024 + 512 + 32);
	assert_int_equal(place(0, 2, 3), 32 * 1024 + 3 * 512 + 256 + 2);
	end();
}

/* Of 2^36 pages, the words about one region of 2^15 lie in four pages of memory and the last zone. */
static void what_is_about_a_region_lies_in_four_pages(void **state)
{
	(void)state;
	begin(UINT64_C(1) << 36);
	uint64_t page = UINT64_C(1234567) << 15, seen[8], pages = 0, last_zone = place(20, 0, 0) >> 9;
	for (unsigned log2 = 0; log2 <= 30; log2++) {
		for (unsigned level = 0; level < tree.top && log2 + 6 * level < 30; level++) {
			unsigned shift = log2 + 6 * level + 6;
			uint64_t words = shift < 15 ? UINT64_C(1) << (15 - shift) : 1;
			for (uint64_t word = page >> shift; word < (page >> shift) + words; word++) {
				uint64_t at = place(log2, level, word) >> 9, i = 0;
				while (i < pages && seen[i] != at)
					i++;
				if (i == pages && at < last_zone)
					seen[pages++] = at;
				assert_true(pages <= 4);
			}
		}
	}
	assert_int_equal(pages, 4);
	end();
}

static void every_word_has_a_place_of_its_own(void **state)
{
	(void)state;
	static const uint64_t ends[] = {
		1, 63, 65, 4097, (1 << 15) + 1, 5 * (1 << 18) + 77, (1 << 25) - 1, (1 << 26) + (1 << 20) + 3};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		begin(ends[i]);
		unsigned char *taken = memory_zeroed(tree.bytes / sizeof(uint64_t) + 1, 1);
		uint64_t clashes = 0, outside = 0;
		for (unsigned log2 = 0; log2 <= tree.order_max; log2++)
			for (unsigned level = 0; level < tree.top; level++)
				for (uint64_t word = 0; word < buddy_tree_words(ends[i], log2, level); word++) {
					uint64_t at = place(log2, level, word);
					if (at >= tree.bytes / sizeof(uint64_t))
						outside++;
					else
						clashes += taken[at]++;
				}
		memory_release(taken);
		assert_int_equal(outside, 0);
		assert_int_equal(clashes, 0);
		end();
	}
}

/* Bits of 2 words for 64 pages, and as much again at most for all that lies above, in whole pages of memory. */
static void reserved_memory_stays_in_proportion(void **state)
{
	(void)state;
	begin(UINT64_C(1) << 36);
	assert_in_range(tree.bytes, UINT64_C(1) << 34, (UINT64_C(1) << 34) + (UINT64_C(1) << 30) + (UINT64_C(1) << 25));
	end();
	begin(16);
	assert_in_range(tree.bytes, 1, 4096);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_alternate_in_a_region),
		cmocka_unit_test(what_is_about_a_region_lies_in_four_pages),
		cmocka_unit_test(every_word_has_a_place_of_its_own),
		cmocka_unit_test(reserved_memory_stays_in_proportion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
