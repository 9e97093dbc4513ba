/* SPDX-License-Identifier: MIT
 * Every invariant of a buddy, broken on purpose, is named. */
#include "allocator/buddy/buddy.c"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct test_host host;

enum { PAGES = 200 };

static struct buddy *self;
static struct buddy kept;
static uint64_t *memory_kept;

/* Page 0 is taken: free are 1, 2-3, 4-7, ..., 64-127, 128-191 and 192-199. */
static void make(enum first first)
{
	const struct iova_space space = {0, PAGES, 4096};
	const uint64_t options[] = {
		[OPTION_FIRST] = first, [OPTION_ROUNDING] = ROUNDING_POW2, [OPTION_PRESET] = PRESET_NONE};
	const char *reason;
	void *made;
	test_host_init(&host);
	assert_int_equal(allocator_buddy.create(&space, options, &host.host, NULL, &made, &reason), IOVA_OK);
	self = made;
	const struct iova_request lowest = {.count = 1, .low = 0, .high = 0, .constraints = IOVA_CONSTRAIN_LIMIT};
	struct iova_extent extent;
	assert_int_equal(allocator_buddy.alloc(self, &lowest, 0, &extent), IOVA_OK);
	kept = *self;
	memory_kept = malloc(self->tree.bytes);
	assert_non_null(memory_kept);
	memcpy(memory_kept, self->tree.memory, self->tree.bytes);
}

/* And mends what was broken. */
static void is_named(const char *sentence)
{
	const char *broken = allocator_buddy.broken_invariant(self);
	assert_non_null(broken);
	assert_string_equal(broken, sentence);
	*self = kept;
	memcpy(self->tree.memory, memory_kept, self->tree.bytes);
	assert_null(allocator_buddy.broken_invariant(self));
}

static void unmake(void)
{
	free(memory_kept);
	allocator_buddy.destroy(self);
}

static void what_is_wrong_with_any_buddy_is_named(void **state)
{
	(void)state;
	for (enum first first = FIRST_RECENT; first <= FIRST_HIGH; first++) {
		make(first);
		const bool by_address = self->tree.by_address;
		/* By address, order 0 has page 1 alone. */
		self->tree.orders[0].held = self->tree.orders[0].root = 0;
		is_named("a free block is marked in the levels above, or was freed lately");
		buddy_tree_insert(&self->tree, by_address, 0, 210);
		is_named("free blocks lie in the space");
		buddy_tree_insert(&self->tree, by_address, 0, 0);
		is_named("no free block has a free buddy");
		buddy_tree_insert(&self->tree, by_address, 0, 100);
		is_named("no free block lies in another");
		self->tree.nonempty ^= UINT64_C(1) << 0;
		is_named("an order is nonempty when it has a free block");
		self->tree.nonempty ^= UINT64_C(1) << 7;
		is_named("an order is nonempty when it has a free block");
		self->free_pages--;
		is_named("the free pages are counted");
		unmake();
	}
}

static void what_is_wrong_with_a_stack_is_named(void **state)
{
	(void)state;
	make(FIRST_RECENT);
	self->tree.orders[1].more++;
	is_named("the free blocks of an order are counted");
	unmake();
}

static void what_is_wrong_with_an_index_by_address_is_named(void **state)
{
	(void)state;
	make(FIRST_LOW);
	/* Pages 64 to 127 have no free block of order 0. */
	self->tree.orders[0].root |= 2;
	is_named("by address, a mark stands over a free block");
	self->tree.orders[0].only = 3;
	is_named("by address, a block that is said to be the only one of its order is");
	self->tree.orders[6].only = 1;
	is_named("by address, a block that is said to be the only one of its order is");
	unmake();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_any_buddy_is_named),
		cmocka_unit_test(what_is_wrong_with_a_stack_is_named),
		cmocka_unit_test(what_is_wrong_with_an_index_by_address_is_named),
	};
	return cmocka_run_group_tests_name("buddy_invariants", tests, NULL, NULL);
}
