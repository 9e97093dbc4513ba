/* SPDX-License-Identifier: MIT
 * null: addresses go up and start again; nothing fails that fits into the space. */
#include "allocator/builtin.h"
#include "support/test_host_a.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct test_host host;

static void *begin(uint64_t first, uint64_t count)
{
	struct iova_space space = {first, count, 4096};
	const char *reason;
	void *self;
	test_host_init(&host);
	assert_int_equal(allocator_null.create(&space, NULL, &host.host, NULL, &self, &reason), IOVA_OK);
	return self;
}

static void addresses_go_up_and_start_again(void **state)
{
	(void)state;
	void *self = begin(10, 10);
	static const uint64_t counts[] = {4, 6, 3, 8, 10, 1}, firsts[] = {10, 14, 10, 10, 10, 10};
	for (int i = 0; i < 6; i++) {
		struct iova_request request = {.count = counts[i]};
		struct iova_extent extent;
		assert_int_equal(allocator_null.alloc(self, &request, 0, &extent), IOVA_OK);
		assert_int_equal(extent.first, firsts[i]);
		assert_int_equal(extent.count, counts[i]);
		assert_null(allocator_null.broken_invariant(self));
		allocator_null.free(self, &extent, 0);
	}
	allocator_null.destroy(self);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static void more_than_the_space_is_refused(void **state)
{
	(void)state;
	void *self = begin(10, 10);
	struct iova_request request = {.count = 11};
	struct iova_extent extent;
	assert_int_equal(allocator_null.alloc(self, &request, 0, &extent), IOVA_NO_SPACE);
	request.count = UINT64_MAX;
	assert_int_equal(allocator_null.alloc(self, &request, 0, &extent), IOVA_NO_SPACE);
	allocator_null.destroy(self);
}

static void count_visit(void *context, uint64_t first, uint64_t count, enum iova_free_state free_state)
{
	assert_int_equal(first, 10);
	assert_int_equal(free_state, IOVA_USABLE);
	*(uint64_t *)context += count;
}

static void the_whole_space_reads_as_usable(void **state)
{
	(void)state;
	void *self = begin(10, 10);
	struct iova_statistics statistics;
	uint64_t visited = 0;
	allocator_null.statistics(self, &statistics);
	allocator_null.visit_free(self, count_visit, &visited);
	assert_int_equal(statistics.usable_pages, 10);
	assert_int_equal(visited, 10);
	allocator_null.destroy(self);
}

static void creation_fails_cleanly_without_memory(void **state)
{
	(void)state;
	struct iova_space space = {0, 1, 4096};
	const char *reason;
	void *self;
	test_host_init(&host);
	host.passes = 0;
	assert_int_equal(allocator_null.create(&space, NULL, &host.host, NULL, &self, &reason), IOVA_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_go_up_and_start_again),
		cmocka_unit_test(more_than_the_space_is_refused),
		cmocka_unit_test(the_whole_space_reads_as_usable),
		cmocka_unit_test(creation_fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
