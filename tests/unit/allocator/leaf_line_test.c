/* SPDX-License-Identifier: MIT
 * Lines of 512 pages against a look at every page: counts of a word and more, which few streams ask of one leaf, as well as
 * shorter ones. */
#include "allocator/leaf/line.h"
#include "base/rng.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static struct line line;
static bool used[LINE_PAGES];

/* Runs of free and used pages by turns, of up to so many. */
static void draw(struct rng *rng, unsigned free_most, unsigned used_most)
{
	bool is = rng_below(rng, 2);
	memset(&line, 0, sizeof line);
	for (unsigned page = 0; page < LINE_PAGES; is = !is) {
		unsigned end = page + 1 + (unsigned)rng_below(rng, is ? used_most : free_most);
		for (; page < end && page < LINE_PAGES; page++) {
			used[page] = is;
			line.words[page >> 6] |= (uint64_t)is << (page & 63);
		}
	}
}

/* Free pages from this one on. */
static unsigned free_from(unsigned page)
{
	unsigned end = page;
	while (end < LINE_PAGES && !used[end])
		end++;
	return end - page;
}

static void check_line(void)
{
	unsigned free[LINE_PAGES], longest = 0, next = LINE_NOTHING, previous = LINE_NOTHING;
	for (unsigned page = LINE_PAGES; page--;) {
		free[page] = used[page] ? 0 : page + 1 < LINE_PAGES ? free[page + 1] + 1 : 1;
		longest = free[page] > longest ? free[page] : longest;
		next = used[page] ? page : next;
		assert_int_equal(line_next_used(&line, page), next);
	}
	for (unsigned page = 0; page < LINE_PAGES; page++) {
		previous = used[page] ? page : previous;
		assert_int_equal(line_previous_used(&line, page), previous);
	}
	assert_int_equal(line_longest(&line), longest);
	assert_int_equal(line_is_zero(&line), longest == LINE_PAGES);
	for (unsigned count = 1; count <= LINE_PAGES; count++) {
		const struct line begins = line_begins(&line, count);
		unsigned lowest = LINE_NOTHING;
		for (unsigned page = LINE_PAGES; page--;) {
			bool does = begins.words[page >> 6] >> (page & 63) & 1;
			if (does != (free[page] >= count))
				fail_msg("%u pages from page %u on", count, page);
			lowest = does ? page : lowest;
		}
		assert_int_equal(line_lowest(&begins), lowest);
	}
}

static void runs_of_every_length_are_found(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 1);
	memset(&line, 0, sizeof line);
	memset(used, 0, sizeof used);
	check_line();
	for (unsigned i = 0; i < 60; i++) {
		static const unsigned most[][2] = {{2, 2}, {30, 3}, {3, 60}, {130, 2}, {512, 20}, {512, 1}};
		const unsigned *of = most[i % (sizeof most / sizeof most[0])];
		draw(&rng, of[0], of[1]);
		check_line();
	}
}

static void pages_are_set_and_cleared(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 2);
	memset(&line, 0, sizeof line);
	memset(used, 0, sizeof used);
	for (unsigned i = 0; i < 4000; i++) {
		unsigned first = (unsigned)rng_below(&rng, LINE_PAGES), most = free_from(first), count;
		if (!most) {
			while (first + most < LINE_PAGES && used[first + most])
				most++;
			count = 1 + (unsigned)rng_below(&rng, most);
			line_clear(&line, first, first + count);
		} else {
			count = 1 + (unsigned)rng_below(&rng, most);
			if (count < 64 && i % 2)
				line_set_few(&line, first, count);
			else
				line_set(&line, first, first + count);
		}
		for (unsigned page = first; page < first + count; page++)
			used[page] = !used[page];
		for (unsigned page = 0; page < LINE_PAGES; page++)
			assert_int_equal(line.words[page >> 6] >> (page & 63) & 1, used[page]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_of_every_length_are_found),
		cmocka_unit_test(pages_are_set_and_cleared),
	};
	return cmocka_run_group_tests_name("leaf lines", tests, NULL, NULL);
}
