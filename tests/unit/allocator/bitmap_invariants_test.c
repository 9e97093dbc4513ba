/* SPDX-License-Identifier: MIT
 * Every invariant of a bitmap, broken on purpose, is named. */
#include "allocator/bitmap/bitmap.c"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct test_host host;

/* More than 64 words, so that there is a level of maxima. */
enum { PAGES = 10000 };

static struct bitmap *self;

/* Used are pages 100 to 109. Returns the word of page 0. */
static uint64_t make(enum fit fit)
{
	const struct iova_space space = {0, PAGES, 4096};
	const uint64_t options[] = {fit};
	struct iova_extent extent;
	const char *reason;
	void *made;
	test_host_init(&host);
	assert_int_equal(allocator_bitmap.create(&space, options, &host.host, NULL, &made, &reason), IOVA_OK);
	self = made;
	assert_int_equal(allocator_bitmap.place(self, 100, 10, 0, &extent), IOVA_OK);
	assert_null(allocator_bitmap.broken_invariant(self));
	return self->first >> 6;
}

static void is_named(const char *sentence)
{
	const char *broken = allocator_bitmap.broken_invariant(self);
	assert_non_null(broken);
	assert_string_equal(broken, sentence);
}

static void what_is_wrong_with_any_bitmap_is_named(void **state)
{
	(void)state;
	for (enum fit fit = FIT_ANY; fit <= FIT_NEXT; fit++) {
		const uint64_t word = make(fit), end_word = self->end >> 6;
		uint64_t *words = self->used.words;
		self->free_pages--;
		is_named("the free pages are counted");
		/* The last page before the space, and the first one behind it. */
		words[word - 1] ^= UINT64_C(1) << 63;
		self->free_pages += 2;
		is_named("pages outside the space are used");
		words[word - 1] ^= UINT64_C(1) << 63;
		words[end_word] ^= UINT64_C(1) << (self->end & 63);
		is_named("pages outside the space are used");
		words[end_word] ^= UINT64_C(1) << (self->end & 63);
		self->free_pages--;
		const uint8_t code = self->runs.codes[word];
		self->runs.codes[word] = (uint8_t)(run_index_code(100) - 1);
		is_named("the code of a word is not less than that of the longest run that starts in it");
		self->runs.codes[word] = code;
		uint64_t *summary = page_bitmap_summary(&self->used, 1, (word + 1) >> 6);
		*summary ^= UINT64_C(1) << ((word + 1) & 63);
		is_named("a summary bit is set exactly when the word below it has a bit set");
		*summary ^= UINT64_C(1) << ((word + 1) & 63);
		assert_null(allocator_bitmap.broken_invariant(self));
		allocator_bitmap.destroy(self);
	}
}

static void what_is_wrong_with_a_maximum_is_named(void **state)
{
	(void)state;
	const uint64_t word = make(FIT_ANY);
	uint8_t *most = run_index_most(&self->runs, 1, word >> 6), kept = *most;
	*most = 1;
	is_named("a maximum is not less than the codes below it");
	*most = kept;
	assert_null(allocator_bitmap.broken_invariant(self));
	allocator_bitmap.destroy(self);
}

static void what_is_wrong_with_a_bound_is_named(void **state)
{
	(void)state;
	make(FIT_FIRST);
	const uint64_t kept = self->lowest[9];
	self->lowest[9] = self->lowest[8] - 1;
	is_named("the bounds do not fall");
	self->lowest[9] = kept;
	/* The long run begins in the second word. */
	for (unsigned code = 0; code <= UINT8_MAX; code++)
		self->lowest[code] = code >= run_index_code(5000) ? (self->first >> 6) + 2 : self->lowest[code];
	is_named("no word below its bound has the code");
	for (unsigned code = run_index_code(5000); code <= UINT8_MAX; code++)
		self->lowest[code] = kept;
	assert_null(allocator_bitmap.broken_invariant(self));
	allocator_bitmap.destroy(self);
}

/* In each of 100 words one page becomes free, and nothing else is. */
static void a_stack_of_recent_words_forgets_the_oldest(void **state)
{
	(void)state;
	make(FIT_ANY);
	struct iova_extent middle[100], other;
	for (uint64_t word = 0; word < 100; word++) {
		const uint64_t page = 512 + 64 * word + 9;
		assert_int_equal(allocator_bitmap.place(self, page - 9, 9, 0, &other), IOVA_OK);
		assert_int_equal(allocator_bitmap.place(self, page, 1, 0, &middle[word]), IOVA_OK);
		assert_int_equal(allocator_bitmap.place(self, page + 1, 54, 0, &other), IOVA_OK);
	}
	for (uint64_t word = 0; word < 100; word++)
		allocator_bitmap.free(self, &middle[word], 0);
	assert_int_equal(self->recent[0].held, RECENT);
	const struct iova_request page = {.count = 1};
	for (uint64_t taken = 0; taken < RECENT; taken++) {
		assert_int_equal(allocator_bitmap.alloc(self, &page, 0, &other), IOVA_OK);
		assert_int_equal(other.first, middle[99 - taken].first);
	}
	/* The other words are forgotten. What was split off last is the run behind them all. */
	assert_int_equal(allocator_bitmap.alloc(self, &page, 0, &other), IOVA_OK);
	assert_int_equal(other.first, 512 + 100 * 64);
	assert_null(allocator_bitmap.broken_invariant(self));
	allocator_bitmap.destroy(self);
}

/* Three pages become free: two are there for sure, four are not. */
static void a_word_is_remembered_by_what_its_run_is_sure_to_hold(void **state)
{
	(void)state;
	struct iova_extent three, other;
	const uint64_t word = make(FIT_ANY) + 10;
	const uint64_t page = 64 * 10 + 20;
	assert_int_equal(allocator_bitmap.place(self, page - 1, 1, 0, &other), IOVA_OK);
	assert_int_equal(allocator_bitmap.place(self, page, 3, 0, &three), IOVA_OK);
	assert_int_equal(allocator_bitmap.place(self, page + 3, 1, 0, &other), IOVA_OK);
	const uint64_t held = self->recent[2].held;
	allocator_bitmap.free(self, &three, 0);
	assert_int_equal(self->recent[1].words[self->recent[1].newest], word);
	assert_int_equal(self->recent[2].held, held);
	assert_null(allocator_bitmap.broken_invariant(self));
	allocator_bitmap.destroy(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_any_bitmap_is_named),
		cmocka_unit_test(what_is_wrong_with_a_maximum_is_named),
		cmocka_unit_test(what_is_wrong_with_a_bound_is_named),
		cmocka_unit_test(a_word_is_remembered_by_what_its_run_is_sure_to_hold),
		cmocka_unit_test(a_stack_of_recent_words_forgets_the_oldest),
	};
	return cmocka_run_group_tests_name("bitmap_invariants", tests, NULL, NULL);
}
