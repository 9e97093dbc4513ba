/* SPDX-License-Identifier: MIT
 * Every invariant of leaf, broken on purpose, is named. */
#include "allocator/builtin.h"
#include "allocator/leaf/cache.h"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t options[] = {0, 0}, cached[] = {0, 1};
static struct test_host host;
static struct leaf *self;
static unsigned char kept[1 << 18];
static size_t kept_bytes;

static void make_of(const struct iova_space *space)
{
	const char *reason;
	void *made;
	test_host_init(&host);
	assert_int_equal(allocator_leaf.create(space, options, &host.host, NULL, &made, &reason), IOVA_OK);
	self = made;
}

/* In leaf 1 a held hole of pages 10 to 12, and a run of 200 pages from it into leaf 2; leaves 3 and 4 wholly free. */
static void make(void)
{
	const struct iova_space space = {0, 4 * 512, 4096};
	struct iova_extent extent;
	make_of(&space);
	assert_int_equal(allocator_leaf.place(self, 0, 412, 0, &extent), IOVA_OK);
	assert_int_equal(allocator_leaf.place(self, 612, 412, 0, &extent), IOVA_OK);
	allocator_leaf.free(self, &(struct iova_extent){10, 3, 0}, 0);
	assert_null(allocator_leaf.broken_invariant(self));
	kept_bytes = (size_t)((unsigned char *)(self->lines + self->leaves) - (unsigned char *)self);
	assert_true(kept_bytes <= sizeof kept);
	memcpy(kept, self, kept_bytes);
}

/* And mends what was broken. */
static void is_named(const char *sentence)
{
	const char *broken = allocator_leaf.broken_invariant(self);
	assert_non_null(broken);
	assert_string_equal(broken, sentence);
	memcpy(self, kept, kept_bytes);
	assert_null(allocator_leaf.broken_invariant(self));
}

static void what_is_wrong_with_bits_and_leaves_is_named(void **state)
{
	(void)state;
	make();
	self->usable_pages++;
	is_named("the free pages are counted");
	self->lines[0].words[3] = 0;
	is_named("pages outside the space are used");
	*bins_word(&self->in_use, 0, 0, 0) ^= 1 << 3;
	is_named("a leaf is in use exactly when it has a used page");
	self->bounds[3].inside = 5;
	is_named("a leaf that is wholly free has no bound inside");
	*bins_word(&self->inside, 0, 7, 0) |= 2;
	is_named("a leaf is in the bin of its bound and in no other");
	self->bounds[2].across = 9;
	is_named("a leaf is in the bin of its bound and in no other");
	self->inside.some[0] ^= 1 << 9;
	is_named("a bin is marked exactly when it has a leaf");
	self->across.some[0] ^= 1 << 9;
	is_named("a bin is marked exactly when it has a leaf");
	self->in_use.some[0] = 0;
	is_named("a bin is marked exactly when it has a leaf");
	allocator_leaf.destroy(self);
}

static void a_run_that_nothing_leads_to_is_named(void **state)
{
	(void)state;
	static const char sentence[] = "every free run is within the bounds of its leaves, or held";
	make();
	runs_file_across(self, 1, 199);
	is_named(sentence);
	runs_file_across(self, 3, 1023);
	is_named(sentence);
	self->held[3][0] = HELD_NONE;
	self->held_some = 0;
	is_named(sentence);
	/* A bound inside is as good. */
	self->held[3][0] = HELD_NONE;
	self->held_some = 0;
	runs_file_inside(self, 1, 3);
	assert_null(allocator_leaf.broken_invariant(self));
	runs_file_inside(self, 1, 2);
	is_named(sentence);
	allocator_leaf.destroy(self);
}

static void what_is_wrong_with_held_holes_is_named(void **state)
{
	(void)state;
	make();
	self->held_some = 0;
	is_named("a length is marked when a hole of it is held");
	/* Not the other way round: the last hole of a length goes without a look at its mark. */
	self->held_some |= 1 << 4;
	assert_null(allocator_leaf.broken_invariant(self));
	self->held[3][1] = self->held[3][0] - 1;
	is_named("held holes are in order");
	self->held[HELD_LENGTH_MOST + 1] = self->held[3];
	is_named("only holes of 1 to 62 pages are held");
	self->held[0] = self->held[3];
	is_named("only holes of 1 to 62 pages are held");
	allocator_leaf.destroy(self);
}

/* Of two holes of three pages on either side of page 2^31 the lower one is held, and a bound leads to the other one. */
static void holes_are_held_among_the_first_pages(void **state)
{
	(void)state;
	const struct iova_space space = {512, (UINT64_C(1) << 31) + 1024, 4096};
	const struct iova_request three = {.count = 3};
	const uint64_t low = (UINT64_C(1) << 31) - 50, high = low + 100;
	struct iova_extent extent;
	make_of(&space);
	assert_int_equal(self->base, 0);
	assert_int_equal(allocator_leaf.place(self, low - 20, 200, 0, &extent), IOVA_OK);
	allocator_leaf.free(self, &(struct iova_extent){high, 3, 0}, 0);
	assert_int_equal(self->held[3][0], HELD_NONE);
	assert_int_equal(self->bounds[high >> LINE_LOG2].inside, 3);
	allocator_leaf.free(self, &(struct iova_extent){low, 3, 0}, 0);
	assert_int_equal(self->held[3][0], low - 1);
	assert_int_equal(allocator_leaf.alloc(self, &three, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, low);
	assert_int_equal(allocator_leaf.alloc(self, &three, 0, &extent), IOVA_OK);
	assert_int_equal(extent.first, high);
	allocator_leaf.destroy(self);
}

/* A bound that leads a request to a leaf without room stays while there is no room anywhere; then it is made exact. */
static void a_request_that_fails_changes_no_bound(void **state)
{
	(void)state;
	const struct iova_space space = {0, 2 * 512, 4096};
	const struct iova_request four = {.count = 4};
	struct iova_extent extent;
	const char *reason;
	void *made;
	for (uint64_t code = 0; code < 2; code++) {
		test_host_init(&host);
		const uint64_t of_code[] = {code, 0};
		assert_int_equal(allocator_leaf.create(&space, of_code, &host.host, NULL, &made, &reason), IOVA_OK);
		self = made;
		assert_int_equal(allocator_leaf.place(self, 0, 1024, 0, &extent), IOVA_OK);
		runs_file_inside(self, 1, 5);
		assert_int_equal(allocator_leaf.alloc(self, &four, 0, &extent), IOVA_NO_SPACE);
		assert_int_equal(self->bounds[1].inside, 5);
		allocator_leaf.free(self, &(struct iova_extent){700, 6, 0}, 0);
		assert_int_equal(allocator_leaf.alloc(self, &four, 0, &extent), IOVA_OK);
		assert_int_equal(extent.first, 700);
		assert_int_equal(self->bounds[1].inside, 0);
		assert_null(allocator_leaf.broken_invariant(self));
		allocator_leaf.destroy(self);
	}
}

/* Requests at multiples of 64 pages in a space of holes begin the index. */
static void what_is_wrong_while_the_index_is_on_is_named(void **state)
{
	(void)state;
	const struct iova_space space = {0, 200 * 512, 4096};
	const struct iova_request request = {.count = 2, .align = 64, .constraints = IOVA_CONSTRAIN_ALIGN};
	const char *reason;
	void *made;
	struct iova_extent extent;
	test_host_init(&host);
	assert_int_equal(allocator_leaf.create(&space, options, &host.host, NULL, &made, &reason), IOVA_OK);
	struct leaf *large = made;
	struct iova_extent last = {0};
	while (allocator_leaf.alloc(large, &request, 0, &extent) == IOVA_OK)
		last = extent;
	for (unsigned i = 0; i < 100 && !large->index.whole; i++)
		assert_int_equal(allocator_leaf.alloc(large, &request, 0, &extent), IOVA_NO_SPACE);
	assert_true(large->index.on && large->index.whole);
	allocator_leaf.free(large, &last, 0);
	assert_null(allocator_leaf.broken_invariant(large));
	const struct leaf_calls calls = large->inner;
	large->inner = large->usual;
	assert_string_equal(allocator_leaf.broken_invariant(large), "while the index is on, calls tell it what they do");
	large->inner = calls;
	gap_index_add(&large->index, 1, 1, 0);
	assert_string_equal(allocator_leaf.broken_invariant(large),
			    "an index has all gaps up to the last one that is filed");
	gap_index_remove(&large->index, 1, 1);
	assert_null(allocator_leaf.broken_invariant(large));
	allocator_leaf.destroy(large);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static void what_is_wrong_with_caches_is_named(void **state)
{
	(void)state;
	const struct iova_space space = {0, 64 * 512, 4096};
	struct iova_extent extent;
	const char *reason;
	void *made;
	test_host_init(&host);
	host.host.cpus = 2;
	assert_int_equal(allocator_leaf.create(&space, cached, &host.host, NULL, &made, &reason), IOVA_OK);
	self = made;
	assert_int_equal(allocator_leaf.place(self, 0, 32 * 512, 0, &extent), IOVA_OK);
	allocator_leaf.free(self, &(struct iova_extent){600, 600, 0}, 0);
	allocator_leaf.free(self, &(struct iova_extent){10, 3, 0}, 1);
	allocator_leaf.free(self, &(struct iova_extent){20, 3, 0}, 1);
	allocator_leaf.free(self, &(struct iova_extent){30, 1, 0}, 0);
	kept_bytes = CACHES_AT + cache_bytes(2);
	assert_true(kept_bytes <= sizeof kept);
	memcpy(kept, self, kept_bytes);
	struct leaf_caches *caches = caches_of(self);
	struct leaf_cache *cache = cache_of(caches, 1, 3);
	assert_int_equal(caches->pages, 7);
	caches->pages = 4;
	is_named("the cached pages are counted");
	cache->count = cache->room + 1;
	is_named("a cache has at most the extents that it has room for");
	cache->pages[0] = 512 + 600;
	is_named("cached pages are used");
	cache->pages[0] = 5 * 512 - 1;
	is_named("a cached extent lies in one leaf of the space");
	cache->pages[0] = 3;
	is_named("a cached extent lies in one leaf of the space");
	cache->pages[1] = cache->pages[0] + 2;
	is_named("cached extents are disjoint");
	cache->room = 0;
	is_named("a cache that is asleep is empty");
	caches->awake_count = 1;
	is_named("caches that are awake are known, and have room for as many extents as one call may give back");
	caches->awake[0].length = 2;
	is_named("what is known to be awake is");
	cache_of(caches, 0, 0)->room = 1;
	is_named("lengths that are not cached have a cache that never wakes");
	self->calls = self->inner;
	is_named("calls come to the caches first");
	allocator_leaf.destroy(self);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static void levels_are_held_against_each_other(void **state)
{
	(void)state;
	const struct iova_space space = {0, 64 * 512, 4096};
	const char *reason;
	void *made;
	test_host_init(&host);
	assert_int_equal(allocator_leaf.create(&space, options, &host.host, NULL, &made, &reason), IOVA_OK);
	struct leaf *large = made;
	assert_int_equal(large->in_use.levels, 2);
	*bins_word(&large->in_use, 1, 0, 0) = 1;
	assert_string_equal(allocator_leaf.broken_invariant(large),
			    "a bit of a level is set exactly when the word below it has a bit set");
	*bins_word(&large->in_use, 1, 0, 0) = 3;
	assert_null(allocator_leaf.broken_invariant(large));
	allocator_leaf.destroy(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_bits_and_leaves_is_named),
		cmocka_unit_test(a_run_that_nothing_leads_to_is_named),
		cmocka_unit_test(what_is_wrong_with_held_holes_is_named),
		cmocka_unit_test(holes_are_held_among_the_first_pages),
		cmocka_unit_test(a_request_that_fails_changes_no_bound),
		cmocka_unit_test(what_is_wrong_while_the_index_is_on_is_named),
		cmocka_unit_test(what_is_wrong_with_caches_is_named),
		cmocka_unit_test(levels_are_held_against_each_other),
	};
	return cmocka_run_group_tests_name("leaf_invariants", tests, NULL, NULL);
}
