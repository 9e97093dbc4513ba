/* SPDX-License-Identifier: MIT
 * Goal: while an index of gaps is filed, a portion a request, gaps come and go before, behind and at the place where filing
 * goes on. Method: half of the extents of a full space are freed at random, but none at a multiple of 512 pages; requests for
 * such a place, which try all gaps in vain, begin the index and file it, between them extents are freed, and after each call
 * what is filed is held against all gaps. */
#include "base/rng.h"
#include "iovabench/instance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define EXTENT_PAGES 64u
#define EXTENTS 4096u
#define ALIGN 512u

static const char *const specs[] = {"buddy",
				    "buddy:first=low",
				    "bitmap",
				    "bitmap:fit=first",
				    "rbtree:fit=best",
				    "rbtree:fit=first",
				    "rbtree:fit=last",
				    "segregated",
				    "segregated:order=low",
				    "leaf",
				    "leaf:cache=cpu"};

static struct iova_extent live[EXTENTS + 1];
static size_t live_count;

/* Returns its first page. */
static uint64_t give_one(const struct iova_allocator *table, void *self, struct rng *rng)
{
	size_t victim;
	do
		victim = rng_below(rng, live_count);
	while (live[victim].first % ALIGN == 0);
	uint64_t first = live[victim].first;
	table->free(self, &live[victim], 0);
	live[victim] = live[--live_count];
	return first;
}

static void check(const struct iova_allocator *table, void *self, const char *spec)
{
	const char *broken = table->broken_invariant(self);
	if (broken)
		fail_msg("%s: %s", spec, broken);
}

/* direction: 0, or a constraint that says from which end. */
static void file_while_gaps_change(const char *spec, uint32_t direction, uint64_t seed)
{
	const struct iova_space space = {.first = ALIGN, .count = EXTENTS * EXTENT_PAGES, .page_bytes = 4096};
	const struct iova_request usual = {.count = EXTENT_PAGES},
				  hopeless = {.count = 2, .align = ALIGN, .constraints = IOVA_CONSTRAIN_ALIGN | direction};
	char message[256];
	struct rng rng;
	struct iova_instance *instance = iova_instance_create(spec, &space, NULL, message, sizeof message);
	assert_non_null(instance);
	const struct iova_allocator *table = iova_instance_table(instance);
	void *self = iova_instance_self(instance);
	rng_seed(&rng, seed);
	live_count = 0;
	while (table->alloc(self, &usual, 0, &live[live_count]) == IOVA_OK)
		live_count++;
	while (live_count > EXTENTS / 2 + EXTENTS / 8)
		give_one(table, self, &rng);
	for (unsigned request = 0; request < 40; request++) {
		struct iova_extent extent;
		struct iova_request undirected = hopeless;
		undirected.constraints = IOVA_CONSTRAIN_ALIGN;
		assert_int_equal(table->alloc(self, &hopeless, 0, &extent), IOVA_NO_SPACE);
		/* Who has an index for each files both at once. */
		if (request % 3 == 0)
			assert_int_equal(table->alloc(self, &undirected, 0, &extent), IOVA_NO_SPACE);
		check(table, self, spec);
		/* Any request files, so that changes where filing goes on come from frees, and places, in a row. */
		for (unsigned free = 0; request % 8 < 6 && free < 160; free++) {
			uint64_t first = give_one(table, self, &rng);
			if (rng_below(&rng, 2) && table->place(self, first + 9, 1, 0, &live[live_count]) == IOVA_OK)
				live_count++;
		}
		while (request % 8 == 7 && live_count < EXTENTS / 2 &&
		       table->alloc(self, &usual, 0, &live[live_count]) == IOVA_OK)
			live_count++;
		check(table, self, spec);
	}
	while (live_count > 0)
		table->free(self, &live[--live_count], 0);
	check(table, self, spec);
	iova_instance_destroy(instance);
}

static void what_is_filed_is_what_there_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
		for (uint64_t seed = 1; seed <= 10; seed++)
			file_while_gaps_change(specs[i], 0, seed);
}

static void from_an_end_it_is_so_too(void **state)
{
	(void)state;
	static const char *const directed[] = {"buddy", "buddy:first=low", "buddy:first=high,rounding=trim",
					       "bitmap:fit=first"};
	for (size_t i = 0; i < sizeof directed / sizeof directed[0]; i++)
		for (uint64_t seed = 1; seed <= 2; seed++)
			file_while_gaps_change(directed[i], seed % 2 ? IOVA_CONSTRAIN_TOP : IOVA_CONSTRAIN_BOTTOM, seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_filed_is_what_there_is),
					   cmocka_unit_test(from_an_end_it_is_so_too)};
	return cmocka_run_group_tests_name("gap_filing", tests, NULL, NULL);
}
