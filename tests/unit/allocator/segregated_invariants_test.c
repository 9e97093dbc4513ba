/* SPDX-License-Identifier: MIT
 * Every invariant of segregated, broken on purpose, is named. */
#include "allocator/segregated.c"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct test_host host;

static struct segregated *self;
static struct segregated kept;
static struct block blocks_kept[8];
static uint32_t low, high;
static uint64_t order = ORDER_RECENT;

/* Gaps [0, 10) and [30, 100) with two extents between them, and a block that is unused. */
static void make(void)
{
	const struct iova_space space = {0, 100, 4096};
	const struct iova_request ten = {.count = 10};
	struct iova_extent gap, one, other;
	const char *reason;
	void *made;
	test_host_init(&host);
	assert_int_equal(allocator_segregated.create(&space, &order, &host.host, NULL, &made, &reason), IOVA_OK);
	self = made;
	assert_int_equal(allocator_segregated.alloc(self, &ten, 0, &gap), IOVA_OK);
	assert_int_equal(allocator_segregated.alloc(self, &ten, 0, &one), IOVA_OK);
	assert_int_equal(allocator_segregated.alloc(self, &ten, 0, &other), IOVA_OK);
	allocator_segregated.free(self, &gap, 0);
	low = (uint32_t)one.cookie, high = (uint32_t)other.cookie;
	assert_int_equal(self->blocks[low].length, 10);
	assert_int_equal(self->unused, gap.cookie);
	kept = *self;
	memcpy(blocks_kept, self->blocks, sizeof blocks_kept);
}

/* And mends what was broken. */
static void is_named(const char *sentence)
{
	const char *broken = allocator_segregated.broken_invariant(self);
	assert_non_null(broken);
	assert_string_equal(broken, sentence);
	*self = kept;
	memcpy(self->blocks, blocks_kept, sizeof blocks_kept);
	assert_null(allocator_segregated.broken_invariant(self));
}

static void what_is_wrong_with_the_blocks_is_named(void **state)
{
	(void)state;
	make();
	self->unused = BLOCK_NONE;
	is_named("every block of the pool is live or unused");
	self->blocks[self->unused].next = self->unused;
	is_named("every block of the pool is live or unused");
	self->fresh--;
	is_named("every block of the pool is live or unused");
	self->blocks[high].previous = BLOCK_END;
	is_named("the next block's previous block is this one");
	self->blocks[low].first++;
	is_named("every extent has pages and the first block begins with the space");
	self->blocks[high].first = 10;
	is_named("every extent has pages and the first block begins with the space");
	self->blocks[BLOCK_END].length--;
	is_named("the last block ends with the space");
	self->usable_pages--;
	is_named("usable_pages is the sum of all gaps");
	allocator_segregated.destroy(self);
}

static void what_is_wrong_with_the_bins_is_named(void **state)
{
	(void)state;
	make();
	self->blocks[low].bin_previous = high;
	is_named("the next gap of a bin knows this one");
	self->heads[11] = low;
	self->heads[10] = BLOCK_NONE;
	self->nonempty[0] ^= UINT64_C(3) << 10;
	is_named("a gap is in the bin of its length");
	self->heads[10] = BLOCK_NONE;
	self->nonempty[0] ^= UINT64_C(1) << 10;
	is_named("the bins have exactly the gaps with pages");
	self->nonempty[0] ^= UINT64_C(1) << 10;
	is_named("a bit is set for every bin with a gap");
	self->nonempty[0] |= UINT64_C(1) << 11;
	is_named("a bit is set for every bin with a gap");
	allocator_segregated.destroy(self);
}

/* Gaps [0, 10), [20, 30) and [40, 100): the first two are a tree, whose root is the first. */
static void what_is_wrong_with_a_bin_by_address_is_named(void **state)
{
	(void)state;
	const struct iova_request ten = {.count = 10};
	struct iova_extent second, third;
	order = ORDER_LOW;
	make();
	assert_int_equal(allocator_segregated.alloc(self, &ten, 0, &second), IOVA_OK);
	assert_int_equal(second.first, 0);
	assert_int_equal(allocator_segregated.alloc(self, &ten, 0, &third), IOVA_OK);
	assert_int_equal(third.first, 30);
	allocator_segregated.free(self, &second, 0);
	const struct iova_extent middle = {20, 10, high};
	allocator_segregated.free(self, &middle, 0);
	uint32_t root = self->heads[10], child = self->blocks[root].child[0] + self->blocks[root].child[1];
	assert_true(child && rank_of(root) >= rank_of(child));
	kept = *self;
	memcpy(blocks_kept, self->blocks, sizeof blocks_kept);
	uint32_t side = self->blocks[root].child[0];
	self->blocks[root].child[0] = self->blocks[root].child[1];
	self->blocks[root].child[1] = side;
	is_named("a bin by address ascends");
	/* The other one becomes the root. */
	bool above = self->blocks[root].child[1] != BLOCK_NONE;
	self->heads[10] = child;
	self->blocks[root].child[above] = BLOCK_NONE;
	self->blocks[child].child[!above] = root;
	is_named("no gap of a bin by address has a higher rank than its parent");
	self->quick_pages_max = 1;
	is_named("the quick way is for lists, while the index is off");
	allocator_segregated.destroy(self);
	order = ORDER_RECENT;
}

/* 2^26 extents are too many to try: here there is no block but the unused one. */
static void without_a_block_nothing_changes(void **state)
{
	(void)state;
	const struct iova_request page = {.count = 1}, even = {.count = 1, .align = 2, .constraints = IOVA_CONSTRAIN_ALIGN};
	struct iova_extent extent, none = {7, 7, 7};
	const struct iova_extent before = none;
	make();
	self->capacity = self->fresh;
	assert_int_equal(allocator_segregated.alloc(self, &page, 0, &extent), IOVA_OK);
	assert_int_equal(allocator_segregated.alloc(self, &page, 0, &none), IOVA_NO_MEMORY);
	assert_int_equal(allocator_segregated.alloc(self, &even, 0, &none), IOVA_NO_MEMORY);
	assert_int_equal(allocator_segregated.place(self, 50, 1, 0, &none), IOVA_NO_MEMORY);
	assert_memory_equal(&none, &before, sizeof none);
	assert_null(allocator_segregated.broken_invariant(self));
	allocator_segregated.free(self, &extent, 0);
	assert_int_equal(allocator_segregated.place(self, 50, 1, 0, &none), IOVA_OK);
	assert_null(allocator_segregated.broken_invariant(self));
	self->capacity = kept.capacity;
	allocator_segregated.destroy(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_the_blocks_is_named),
		cmocka_unit_test(what_is_wrong_with_the_bins_is_named),
		cmocka_unit_test(what_is_wrong_with_a_bin_by_address_is_named),
		cmocka_unit_test(without_a_block_nothing_changes),
	};
	return cmocka_run_group_tests_name("segregated_invariants", tests, NULL, NULL);
}
