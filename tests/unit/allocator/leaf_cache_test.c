/* SPDX-License-Identifier: MIT
 * The caches of leaf:cache=cpu: what waits, for whom, and who gives it back. Invariants are recounted after each call. */
#include "allocator/builtin.h"
#include "allocator/leaf/cache.h"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEAF 512
#define PAGES (UINT64_C(64) * LEAF)

static const struct iova_allocator *const table = &allocator_leaf;
static const uint64_t options[] = {0, 1};
static struct test_host host;
static struct iova_steps steps;
static void *self;

static void begin(uint64_t pages, uint32_t cpus)
{
	const struct iova_space space = {1000, pages, 4096};
	const char *reason;
	test_host_init(&host);
	host.host.cpus = cpus;
	assert_int_equal(table->create(&space, options, &host.host, NULL, &self, &reason), IOVA_OK);
}

static void end(void)
{
	assert_null(table->broken_invariant(self));
	table->destroy(self);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static enum iova_status ask(const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	steps = (struct iova_steps){0};
	enum iova_status status = table->alloc_counted(self, request, cpu, extent, &steps);
	assert_null(table->broken_invariant(self));
	return status;
}

static struct iova_extent take(uint64_t count, uint32_t cpu)
{
	struct iova_extent extent;
	assert_int_equal(ask(&(struct iova_request){.count = count}, cpu, &extent), IOVA_OK);
	assert_int_equal(extent.count, count);
	return extent;
}

static void give(struct iova_extent extent, uint32_t cpu)
{
	steps = (struct iova_steps){0};
	table->free_counted(self, &extent, cpu, &steps);
	assert_null(table->broken_invariant(self));
}

static uint64_t cached(void)
{
	struct iova_statistics statistics;
	table->statistics(self, &statistics);
	return statistics.cached_pages;
}

/* 32 leaves are used, so that caches may have two; what is freed below is theirs. */
static struct iova_extent fill(void)
{
	struct iova_extent extent;
	assert_int_equal(table->place(self, 1000 + LEAF, 32 * LEAF, 0, &extent), IOVA_OK);
	/* Bounds are set by what reaches the leaves. */
	give(take(600, 0), 0);
	return extent;
}

static void a_cpu_gets_what_it_freed_last(void **state)
{
	(void)state;
	begin(PAGES, 2);
	fill();
	struct iova_extent a = take(3, 0), b = take(3, 0), c = take(3, 0), d = take(4, 0);
	assert_int_equal(steps.cache_hits, 0);
	give(a, 0);
	give(c, 0);
	give(d, 0);
	assert_int_equal(steps.merges, 0);
	assert_int_equal(cached(), 10);
	assert_int_equal(take(3, 0).first, c.first);
	assert_int_equal(steps.cache_hits, 1);
	assert_int_equal(steps.splits, 0);
	/* Nobody else's, and of no other length. */
	struct iova_extent other = take(3, 1), longer = take(5, 0);
	assert_int_not_equal(other.first, a.first);
	assert_int_not_equal(longer.first, a.first);
	give(other, 1);
	give(b, 1);
	assert_int_equal(take(3, 1).first, b.first);
	assert_int_equal(take(3, 0).first, a.first);
	assert_int_equal(steps.cache_hits, 1);
	assert_int_equal(take(4, 0).first, d.first);
	assert_int_equal(cached(), 3);
	end();
}

static void constraints_hold_for_what_waits(void **state)
{
	(void)state;
	begin(PAGES, 1);
	fill();
	struct iova_extent all[8], extent;
	for (size_t i = 0; i < 8; i++)
		all[i] = take(2, 0);
	for (size_t i = 0; i < 8; i++)
		give(all[i], 0);
	uint64_t wanted = 3;
	while (all[wanted].first & 3)
		wanted++;
	const struct iova_request request = {.count = 2,
					     .low = all[wanted].first,
					     .high = all[wanted].first + 1,
					     .align = 4,
					     .constraints = IOVA_CONSTRAIN_LIMIT | IOVA_CONSTRAIN_ALIGN};
	assert_int_equal(ask(&request, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, all[wanted].first);
	assert_int_equal(steps.cache_hits, 1);
	assert_int_equal(steps.examined, 8 - wanted);
	assert_int_equal(ask(&request, 0, &extent), IOVA_NO_SPACE);
	end();
}

static void a_space_that_is_almost_empty_caches_nothing(void **state)
{
	(void)state;
	begin(PAGES, 1);
	struct iova_extent extents[40];
	for (size_t i = 0; i < 40; i++)
		extents[i] = take(1, 0);
	for (size_t i = 40; i--;) {
		give(extents[i], 0);
		assert_true(cached() * 16 <= i + 16);
	}
	assert_true(cached() <= 2);
	end();
}

/* What crosses leaves, and what lies above the leaves that would do. */
static void some_pass_through(void **state)
{
	(void)state;
	begin(PAGES, 1);
	struct iova_extent kept = fill(), high, across;
	assert_int_equal(table->place(self, 1000 + 40 * LEAF, 4, 0, &high), IOVA_OK);
	/* 1024 is where a leaf begins. */
	assert_int_equal(table->place(self, 1024 - 2, 4, 0, &across), IOVA_OK);
	give(high, 0);
	give(across, 0);
	assert_int_equal(steps.merges, 2);
	give(take(17, 0), 0);
	assert_int_equal(cached(), 0);
	give(take(16, 0), 0);
	assert_int_equal(cached(), 16);
	assert_int_equal(table->place(self, 1100, 128, 0, &high), IOVA_OK);
	give(high, 0);
	assert_int_equal(cached(), 16 + 128);
	/* When hardly anything lives any more, frees give it back. */
	give(kept, 0);
	give(take(600, 0), 0);
	assert_int_equal(cached(), 0);
	end();
}

static void a_full_cache_keeps_those_that_lie_lowest(void **state)
{
	(void)state;
	begin(PAGES, 1);
	fill();
	struct iova_extent extents[80];
	for (size_t i = 0; i < 80; i++)
		extents[i] = take(1, 0);
	for (size_t i = 80; i--;)
		give(extents[i], 0);
	assert_int_equal(cached(), CACHE_PAGES);
	for (size_t i = 0; i < CACHE_PAGES; i++)
		assert_true(take(1, 0).first <= extents[CACHE_PAGES - 1].first);
	assert_int_equal(cached(), 0);
	end();
}

/* More CPUs than caches that are awake have room for: others fall asleep. */
static void no_call_gives_back_more_than_512(void **state)
{
	(void)state;
	enum { CPUS = 40, LENGTHS = 4 };
	begin(PAGES, CPUS);
	fill();
	static struct iova_extent extents[CPUS][LENGTHS][2];
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		for (size_t i = 0; i < 2 * LENGTHS; i++)
			extents[cpu][i / 2][i & 1] = take(i / 2 + 1, cpu);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		for (size_t i = 0; i < 2 * LENGTHS; i++) {
			give(extents[cpu][i / 2][i & 1], cpu);
			assert_true(steps.examined <= 512);
		}
	uint64_t pages = cached();
	assert_true(pages > 0);
	struct iova_extent extent;
	struct iova_request request = {.count = PAGES, .constraints = IOVA_CONSTRAIN_NO_DRAIN};
	assert_int_equal(ask(&request, 0, &extent), IOVA_NO_SPACE);
	assert_int_equal(cached(), pages);
	request.constraints = 0;
	assert_int_equal(ask(&request, 0, &extent), IOVA_NO_SPACE);
	assert_int_equal(cached(), 0);
	assert_true(steps.examined <= 512);
	end();
}

static void what_waits_is_given_back_before_there_is_no_space(void **state)
{
	(void)state;
	begin(4 * LEAF, 2);
	struct iova_extent last = {0}, extent;
	for (uint64_t i = 0; i < 4 * LEAF / 4; i++)
		last = take(4, i & 1);
	assert_int_equal(ask(&(struct iova_request){.count = 1}, 0, &extent), IOVA_NO_SPACE);
	give((struct iova_extent){1000, 4, 0}, 1);
	give((struct iova_extent){1004, 4, 0}, 1);
	assert_int_equal(cached(), 8);
	assert_int_equal(take(7, 0).first, 1000);
	assert_int_equal(cached(), 0);
	/* Placed where it waits. */
	give((struct iova_extent){1008, 4, 0}, 0);
	assert_int_equal(cached(), 4);
	assert_int_equal(table->place(self, 1009, 2, 0, &extent), IOVA_OK);
	assert_int_equal(table->place(self, last.first, 4, 0, &extent), IOVA_TAKEN);
	end();
}

/* A free leaf is begun when nothing else would do. */
static void what_waits_is_given_back_before_a_free_leaf_is_used(void **state)
{
	(void)state;
	/* 24 pages belong to the first leaf; the last one is whole. */
	begin(24 + PAGES, 1);
	struct iova_extent extent, all[256];
	assert_int_equal(table->place(self, 1000, 24, 0, &extent), IOVA_OK);
	for (size_t i = 0; i < 256; i++)
		all[i] = take(2, 0);
	give(all[7], 0);
	give(all[8], 0);
	assert_int_equal(cached(), 4);
	assert_int_equal(take(4, 0).first, all[7].first);
	assert_int_equal(cached(), 0);
	give(all[20], 0);
	assert_int_equal(cached(), 2);
	/* Nothing of it helps: it is begun. */
	assert_int_equal(take(3, 0).first, 1024 + LEAF);
	end();
}

static void a_cpu_that_leaves_keeps_nothing(void **state)
{
	(void)state;
	begin(PAGES, 3);
	fill();
	struct iova_extent one = take(1, 0), two = take(2, 1), three = take(3, 2);
	give(one, 0);
	give(two, 1);
	give(three, 2);
	table->offline(self, 1);
	assert_int_equal(cached(), 4);
	table->drain(self);
	assert_int_equal(cached(), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_gets_what_it_freed_last),
		cmocka_unit_test(constraints_hold_for_what_waits),
		cmocka_unit_test(a_space_that_is_almost_empty_caches_nothing),
		cmocka_unit_test(some_pass_through),
		cmocka_unit_test(a_full_cache_keeps_those_that_lie_lowest),
		cmocka_unit_test(no_call_gives_back_more_than_512),
		cmocka_unit_test(what_waits_is_given_back_before_there_is_no_space),
		cmocka_unit_test(what_waits_is_given_back_before_a_free_leaf_is_used),
		cmocka_unit_test(a_cpu_that_leaves_keeps_nothing),
	};
	return cmocka_run_group_tests_name("leaf caches", tests, NULL, NULL);
}
