/* SPDX-License-Identifier: MIT
 * Where the words of a buddy tree lie, so that a region of 2^15 pages that is touched alone costs four pages of memory.
 *
 * A word of level l of order k is about 2^(c + 6) pages, where c = k + 6 l is its class. A zone holds some classes in the
 * order of a tree that is read from left to right: with b its first class, word i of class c is in slot (2 i + 1) << (c - b).
 *
 *   slot    0 1 2 3 4 5 6 7 8 9 ...
 *   class b   0   1   2   3   4
 *       b+1     0       1       2
 *       b+2         0
 *
 * So word i of a class is a power of two behind word i - 1, and all that is about the same pages lies in the same slots,
 * between two multiples of a power of two.
 *
 * A slot has room for one word of each level that comes in it. */
#include "allocator/buddy/tree.h"

#include <string.h>

#define ZONES 4
#define PAGE_WORDS 512

struct zone {
	unsigned first; /* class */
	unsigned end;
	unsigned slot_log2; /* words */
};

/* The first one has the orders 0 to 5, and in the slots of the classes 6 to 9 the level above orders 0 to 3: two pages of
 * memory for 2^15 pages. The others have the rest: a page of memory for 2^18 pages, one for 2^25, and one for what is
 * above. */
static const struct zone zones[ZONES] = {{0, 10, 0}, {6, 13, 2}, {13, 20, 2}, {20, 64, 3}};

_Static_assert(1 << 10 == 2 * PAGE_WORDS && (1 << 7) << 2 == PAGE_WORDS, "zones repeat in whole pages of memory");
_Static_assert((53 - 6) / 6 < 1 << 3, "a slot of the last zone has room for all levels that have two words");

static unsigned zone_of(unsigned class, unsigned level)
{
	if (class < 6 || (class < 10 && level == 1))
		return 0;
	return class < zones[1].end ? 1 : class < zones[2].end ? 2 : 3;
}

/* Of word 0 in the zone, in words. */
static uint64_t offset_in(unsigned zone, unsigned class, unsigned level)
{
	return (UINT64_C(1) << (class - zones[zone].first + zones[zone].slot_log2)) + (zone ? level : 0);
}

static unsigned shift_in(unsigned zone, unsigned class)
{
	return class - zones[zone].first + 1 + zones[zone].slot_log2;
}

/* Words of each zone up to the last that is used, in whole pages of memory. */
static void measure(const struct buddy_tree *tree, uint64_t sizes[ZONES])
{
	memset(sizes, 0, ZONES * sizeof(*sizes));
	for (unsigned log2 = 0; log2 <= tree->order_max; log2++) {
		for (unsigned level = 0; level < tree->top; level++) {
			uint64_t words = buddy_tree_words(tree->end, log2, level);
			unsigned class = log2 + 6 * level;
			if (words == 1)
				continue;
			unsigned zone = zone_of(class, level);
			uint64_t end = offset_in(zone, class, level) + ((words - 1) << shift_in(zone, class)) + 1;
			end = bits_align_up(end, PAGE_WORDS);
			sizes[zone] = end > sizes[zone] ? end : sizes[zone];
		}
	}
}

uint64_t buddy_tree_lay_out(struct buddy_tree *tree, uint64_t *shared_first, uint64_t *shared_words)
{
	uint64_t sizes[ZONES], starts[ZONES], next = 0;
	measure(tree, sizes);
	for (unsigned zone = 0; zone < ZONES; next += sizes[zone++])
		starts[zone] = next;
	for (unsigned log2 = 0; log2 <= tree->order_max; log2++) {
		for (unsigned level = 0; level < tree->top; level++) {
			unsigned class = log2 + 6 * level;
			bool single = buddy_tree_words(tree->end, log2, level) == 1;
			unsigned zone = single ? ZONES : zone_of(class, level);
			uint64_t at = single ? next++ : starts[zone] + offset_in(zone, class, level);
			tree->orders[log2].places[level] = at << 6 | (single ? 0 : shift_in(zone, class));
		}
	}
	*shared_first = starts[ZONES - 1];
	*shared_words = sizes[ZONES - 1];
	return next;
}
