/* SPDX-License-Identifier: MIT
 * The model of the IOTLB: worked out by hand, and against one that keeps lists in the order of use and moves them about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/rng.h"
#include "measure/iotlb.h"

#include <stdbool.h>
#include <string.h>

#define PAGE IOTLB_LEAF_PAGE
#define LARGE IOTLB_LEAF_LARGE
#define HUGE_LEAF IOTLB_LEAF_HUGE

static struct iotlb *iotlb;

static void open_iotlb(uint32_t entries, uint32_t ways, uint32_t l2, uint32_t l3)
{
	iotlb_destroy(iotlb);
	iotlb = iotlb_create(&(struct iotlb_shape){entries, ways, l2, l3});
	assert_non_null(iotlb);
}

static int tear_down(void **state)
{
	(void)state;
	iotlb_destroy(iotlb);
	iotlb = NULL;
	memory_fail_after(UINT64_MAX);
	return 0;
}

#define touches(page, leaf, references) assert_int_equal(iotlb_touch(iotlb, 0, page, leaf), references)

static void a_walk_reads_a_level_each_and_what_it_read_is_kept(void **state)
{
	(void)state;
	open_iotlb(4, 4, 1, 1);
	touches(0, PAGE, 4);
	touches(0, PAGE, 0);
	touches(1, PAGE, 1);   /* the same leaf table */
	touches(512, PAGE, 2); /* another one below the same table */
	touches(2, PAGE, 2);   /* one entry leads to leaf tables, and it was replaced */
	touches(UINT64_C(1) << 18, PAGE, 4);
	open_iotlb(4, 4, 0, 0);
	touches(0, PAGE, 4);
	touches(1, PAGE, 4);
}

static void a_large_leaf_is_one_entry_and_ends_the_walk_above(void **state)
{
	(void)state;
	open_iotlb(4, 4, 2, 2);
	touches(512, LARGE, 3);
	touches(1023, LARGE, 0);
	touches(1024, LARGE, 1); /* the table above leaf tables is known; its entry is the leaf */
	touches(1024, PAGE, 2);  /* and leads to no leaf table */
	touches(UINT64_C(1) << 18, HUGE_LEAF, 2);
	touches((UINT64_C(2) << 18) - 1, HUGE_LEAF, 0);
	touches(UINT64_C(2) << 18, HUGE_LEAF, 2);
}

/* Two sets of two: even pages share one. */
static void the_least_recent_page_of_a_set_is_replaced(void **state)
{
	(void)state;
	open_iotlb(4, 2, 0, 0);
	touches(0, PAGE, 4);
	touches(2, PAGE, 4);
	touches(1, PAGE, 4);
	touches(0, PAGE, 0);
	touches(4, PAGE, 4); /* in place of 2 */
	touches(0, PAGE, 0);
	touches(2, PAGE, 4); /* in place of 4 */
	touches(4, PAGE, 4);
	touches(1, PAGE, 0);
}

static void domains_share_entries_and_no_translations(void **state)
{
	(void)state;
	open_iotlb(2, 2, 1, 1);
	touches(7, PAGE, 4);
	assert_int_equal(iotlb_touch(iotlb, 255, 7, PAGE), 4);
	touches(7, PAGE, 0);
	iotlb_invalidate_domain(iotlb, 255);
	touches(7, PAGE, 0);
	assert_int_equal(iotlb_touch(iotlb, 255, 7, PAGE), 4);
	iotlb_invalidate_domain(iotlb, 0);
	touches(7, PAGE, 4);
}

static void tables_leave_with_the_last_page_that_they_map(void **state)
{
	(void)state;
	open_iotlb(8, 8, 4, 4);
	touches(10, PAGE, 4);
	touches(11, PAGE, 1);
	iotlb_invalidate(iotlb, 0, 10, 11, 0, 11); /* page 11 is mapped */
	touches(11, PAGE, 0);
	touches(10, PAGE, 1);
	iotlb_invalidate(iotlb, 0, 10, 12, 0, 600); /* the leaf table is empty, not the one above */
	touches(10, PAGE, 2);
	iotlb_invalidate(iotlb, 0, 10, 11, 0, IOTLB_PAGES_MAX);
	touches(10, PAGE, 4);
	/* 512 to 1023 lie in the middle, and only their table is left by all. */
	open_iotlb(8, 8, 4, 4);
	touches(511, PAGE, 4);
	touches(512, PAGE, 2);
	touches(1024, PAGE, 2);
	iotlb_invalidate(iotlb, 0, 511, 1025, 511, 1025);
	touches(511, PAGE, 1);
	touches(512, PAGE, 2);
	touches(1024, PAGE, 1);
	/* What was never there leaves nothing, at both ends of what there may be. */
	iotlb_invalidate(iotlb, 1, 0, 1, 0, 1);
	iotlb_invalidate(iotlb, 1, IOTLB_PAGES_MAX - 1, IOTLB_PAGES_MAX, IOTLB_PAGES_MAX - 1, IOTLB_PAGES_MAX);
	touches(511, PAGE, 0);
}

/* ---- the other model: lists, the most recent first ---- */

#define SLOW_MOST 64

struct slow_list {
	struct slow_entry {
		uint32_t domain, order;
		uint64_t first; /* pages [first, first + 2^order) */
	} entries[SLOW_MOST];
	size_t count, most;
};

struct slow {
	struct slow_list sets[16], leaf_tables, tables;
	uint32_t set_count;
};

static bool slow_use(struct slow_list *list, struct slow_entry entry)
{
	size_t at = 0;
	while (at < list->count && (list->entries[at].domain != entry.domain || list->entries[at].order != entry.order ||
				    list->entries[at].first != entry.first))
		at++;
	bool held = at < list->count;
	if (list->most == 0)
		return false;
	if (!held && list->count < list->most)
		list->count++;
	if (!held)
		at = list->count - 1;
	memmove(list->entries + 1, list->entries, at * sizeof entry);
	list->entries[0] = entry;
	return held;
}

static struct slow_entry slow_entry(uint32_t domain, uint64_t page, uint32_t order)
{
	return (struct slow_entry){domain, order, page >> order << order};
}

static unsigned slow_touch(struct slow *slow, uint32_t domain, uint64_t page, enum iotlb_leaf leaf)
{
	if (slow_use(&slow->sets[(page >> leaf) % slow->set_count], slow_entry(domain, page, leaf)))
		return 0;
	unsigned references = 1;
	if (leaf == PAGE && slow_use(&slow->leaf_tables, slow_entry(domain, page, 9)))
		return references;
	references += leaf == PAGE;
	if (leaf != HUGE_LEAF && slow_use(&slow->tables, slow_entry(domain, page, 18)))
		return references;
	return references + (leaf != HUGE_LEAF) + 1;
}

/* Entries that meet [first, end), where whole only those that lie in [free_first, free_end). */
static void slow_drop(struct slow_list *list, uint32_t domain, uint64_t first, uint64_t end, uint64_t free_first,
		      uint64_t free_end)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct slow_entry entry = list->entries[i];
		uint64_t entry_end = entry.first + (UINT64_C(1) << entry.order);
		bool meets = entry.first < end && first < entry_end;
		bool whole = entry.first >= free_first && entry_end <= free_end;
		if (entry.domain != domain || !meets || !whole)
			list->entries[kept++] = entry;
	}
	list->count = kept;
}

static void slow_invalidate(struct slow *slow, uint32_t domain, uint64_t first, uint64_t end, uint64_t free_first,
			    uint64_t free_end)
{
	for (uint32_t i = 0; i < slow->set_count; i++)
		slow_drop(&slow->sets[i], domain, first, end, 0, UINT64_MAX);
	slow_drop(&slow->leaf_tables, domain, first, end, free_first, free_end);
	slow_drop(&slow->tables, domain, first, end, free_first, free_end);
}

/* Pages lie close together in some places, so that everything is met again. */
static uint64_t some_page(struct rng *rng)
{
	static const uint64_t places[] = {0, 500, 512, 1 << 18, (1 << 18) - 20, IOTLB_PAGES_MAX - 1030};
	return places[rng_below(rng, 6)] + rng_below(rng, 30) * (rng_below(rng, 2) ? 1 : 33);
}

static void step(struct slow *slow, struct rng *rng)
{
	static const enum iotlb_leaf leaves[] = {PAGE, PAGE, PAGE, LARGE, HUGE_LEAF};
	uint32_t domain = (uint32_t)rng_below(rng, 2) * 255;
	uint64_t page = some_page(rng), what = rng_below(rng, 100);
	if (what < 90) {
		enum iotlb_leaf leaf = leaves[rng_below(rng, 5)];
		assert_int_equal(iotlb_touch(iotlb, domain, page, leaf), slow_touch(slow, domain, page, leaf));
	} else if (what < 99) {
		uint64_t end = page + 1 + rng_below(rng, rng_below(rng, 2) ? 3 : 1500);
		uint64_t below = rng_below(rng, 2) ? 0 : rng_below(rng, page + 1), above = IOTLB_PAGES_MAX;
		end = end < IOTLB_PAGES_MAX ? end : IOTLB_PAGES_MAX;
		if (rng_below(rng, 2))
			above = end + rng_below(rng, IOTLB_PAGES_MAX - end + 1) % 2000;
		iotlb_invalidate(iotlb, domain, page, end, below, above);
		slow_invalidate(slow, domain, page, end, below, above);
	} else {
		iotlb_invalidate_domain(iotlb, domain);
		slow_invalidate(slow, domain, 0, IOTLB_PAGES_MAX, 0, UINT64_MAX);
	}
}

static void it_agrees_with_lists_in_the_order_of_use(void **state)
{
	(void)state;
	static const struct iotlb_shape shapes[] = {{1, 1, 0, 0},  {8, 1, 1, 1},   {16, 4, 4, 2},
						    {6, 3, 16, 8}, {64, 64, 8, 3}, {48, 3, 3, 0}};
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		struct slow slow = {.set_count = shapes[i].entries / shapes[i].ways};
		struct rng rng;
		rng_seed(&rng, i + 1);
		open_iotlb(shapes[i].entries, shapes[i].ways, shapes[i].walk_l2, shapes[i].walk_l3);
		for (uint32_t set = 0; set < slow.set_count; set++)
			slow.sets[set].most = shapes[i].ways;
		slow.leaf_tables.most = shapes[i].walk_l2;
		slow.tables.most = shapes[i].walk_l3;
		for (size_t k = 0; k < 30000; k++)
			step(&slow, &rng);
	}
}

static void without_memory_there_is_none(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 4; n++) {
		memory_fail_after(n);
		assert_null(iotlb_create(&(struct iotlb_shape){64, 4, 16, 8}));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_walk_reads_a_level_each_and_what_it_read_is_kept, tear_down),
		cmocka_unit_test_teardown(a_large_leaf_is_one_entry_and_ends_the_walk_above, tear_down),
		cmocka_unit_test_teardown(the_least_recent_page_of_a_set_is_replaced, tear_down),
		cmocka_unit_test_teardown(domains_share_entries_and_no_translations, tear_down),
		cmocka_unit_test_teardown(tables_leave_with_the_last_page_that_they_map, tear_down),
		cmocka_unit_test_teardown(it_agrees_with_lists_in_the_order_of_use, tear_down),
		cmocka_unit_test_teardown(without_memory_there_is_none, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
