/* SPDX-License-Identifier: MIT */
#include "measure/occupancy_spans.h"

#include <stddef.h>

/* Free runs are what lies between live pieces, told in ascending order, less the reserved ranges. */
struct walk {
	const struct occupancy *occupancy;
	uint64_t free_from; /* everything below is told */
	size_t reserved;    /* first range that ends behind free_from */
	void (*visit)(void *context, uint64_t first, uint64_t count);
	void *context;
};

/* [first, end) is live, or the end of the space. */
static void walk_live(struct walk *walk, uint64_t first, uint64_t end)
{
	const struct occupancy *occupancy = walk->occupancy;
	while (walk->reserved < occupancy->reserved_count && occupancy->reserved[walk->reserved].first < first) {
		const struct reserved_range *range = &occupancy->reserved[walk->reserved++];
		if (range->first > walk->free_from)
			walk->visit(walk->context, walk->free_from, range->first - walk->free_from);
		walk->free_from = range->end;
	}
	if (first > walk->free_from)
		walk->visit(walk->context, walk->free_from, first - walk->free_from);
	walk->free_from = end;
}

static void walk_word(struct walk *walk, uint64_t page, uint64_t word)
{
	unsigned bit = 0;
	while (bit < 64 && word >> bit) {
		bit += (unsigned)__builtin_ctzll(word >> bit);
		uint64_t rest = ~(word >> bit);
		unsigned length = rest ? (unsigned)__builtin_ctzll(rest) : 64;
		walk_live(walk, page + bit, page + bit + length);
		bit += length;
	}
}

void occupancy_visit_free(const struct occupancy *occupancy, void (*visit)(void *context, uint64_t first, uint64_t count),
			  void *context)
{
	struct walk walk = {occupancy, occupancy->first, 0, visit, context};
	struct span_position position;
	for (const struct span *span = span_tree_first(&occupancy->live, &position); span;
	     span = span_tree_next(&occupancy->live, &position)) {
		const struct bitmap *bitmap = bitmap_of(occupancy, span);
		uint64_t page = span->first << LEAF_SHIFT;
		if (!bitmap)
			walk_live(&walk, page, page + span->weight);
		for (unsigned i = 0; bitmap && i < LEAF_WORDS; i++)
			walk_word(&walk, page + 64 * i, bitmap->live[i]);
	}
	walk_live(&walk, occupancy->end, occupancy->end);
}

/* What a recount finds. */
struct recount {
	uint64_t live_pages;
	uint64_t live[OCCUPANCY_SIZES];    /* regions with a live page */
	uint64_t touched[OCCUPANCY_SIZES]; /* that were ever live */
	uint64_t used[OCCUPANCY_SIZES];    /* slots with a live page */
	uint64_t next[OCCUPANCY_SIZES];    /* regions below are counted */
	uint64_t lowest;
	uint64_t highest;
	size_t bitmaps;
};

static const unsigned shifts[OCCUPANCY_SIZES] = {LEAF_SHIFT, GIB_SHIFT, TOP_SHIFT};

static bool is_touched(const struct span_tree *set, uint64_t low, uint64_t high)
{
	struct span_position position;
	const struct span *span = span_tree_find(set, low, &position);
	return covers(span, high);
}

static void note_ends(struct recount *sum, uint64_t low, uint64_t high)
{
	sum->lowest = low < sum->lowest ? low : sum->lowest;
	sum->highest = high > sum->highest ? high : sum->highest;
}

/* NULL, or what is wrong with the live pages of a span. */
static const char *recount_pages(const struct occupancy *occupancy, const struct span *span, struct recount *sum)
{
	const struct bitmap *bitmap = bitmap_of(occupancy, span);
	uint64_t page = span->first << LEAF_SHIFT;
	if (bitmap && span->count != 1)
		return "a bitmap is of one region";
	if (!span->weight ||
	    span->weight != (bitmap ? occupancy_bits_set(bitmap, 0, LEAF_PAGES) : span->count << LEAF_SHIFT))
		return "live_pages of a span";
	for (unsigned i = 0; bitmap && i < LEAF_WORDS; i++)
		if (bitmap->live[i])
			note_ends(sum, page + 64 * i + (unsigned)__builtin_ctzll(bitmap->live[i]),
				  page + 64 * i + 63 - (unsigned)__builtin_clzll(bitmap->live[i]));
	if (!bitmap)
		note_ends(sum, page, page + span->weight - 1);
	sum->bitmaps += bitmap != NULL;
	sum->live_pages += span->weight;
	return NULL;
}

/* Regions of every size that the span is the first to be seen in. */
static const char *recount_regions(const struct occupancy *occupancy, const struct span *span, struct recount *sum)
{
	for (unsigned size = 0; size < OCCUPANCY_SIZES; size++) {
		unsigned more = shifts[size] - LEAF_SHIFT;
		uint64_t low = span->first >> more, high = (span->first + span->count - 1) >> more;
		low = low > sum->next[size] ? low : sum->next[size];
		sum->next[size] = high + 1;
		if (low > high)
			continue;
		if (!is_touched(&occupancy->touched[size], low, high))
			return "a live region is not known as touched";
		sum->live[size] += high - low + 1;
		sum->used[size] += occupancy_slots_of(occupancy, low, high, shifts[size]);
	}
	return NULL;
}

static const char *recount_touched(const struct occupancy *occupancy, struct recount *sum)
{
	for (unsigned size = 0; size < OCCUPANCY_SIZES; size++) {
		const struct span_tree *set = &occupancy->touched[size];
		struct span_position position;
		if (!span_tree_sound(set))
			return "touched regions are out of order";
		for (const struct span *span = span_tree_first(set, &position); span; span = span_tree_next(set, &position))
			sum->touched[size] += span->count;
	}
	return NULL;
}

static const char *compare(const struct occupancy *occupancy, const struct recount *sum)
{
	const struct occupancy_counters *counters = &occupancy->counters;
	uint64_t reserved = 0;
	for (size_t i = 0; i < occupancy->reserved_count; i++)
		reserved += occupancy->reserved[i].end - occupancy->reserved[i].first;
	const struct {
		uint64_t kept, found;
		const char *name;
	} pairs[] = {
		{counters->live_pages, sum->live_pages, "live_pages"},
		{counters->reserved_pages, reserved, "reserved_pages"},
		{counters->regions_2mib_live, sum->live[OCCUPANCY_LEAF], "regions_2mib_live"},
		{counters->regions_1gib_live, sum->live[OCCUPANCY_GIB], "regions_1gib_live"},
		{counters->regions_512gib_live, sum->live[OCCUPANCY_TOP], "regions_512gib_live"},
		{counters->regions_2mib_touched, sum->touched[OCCUPANCY_LEAF], "regions_2mib_touched"},
		{counters->regions_1gib_touched, sum->touched[OCCUPANCY_GIB], "regions_1gib_touched"},
		{counters->regions_512gib_touched, sum->touched[OCCUPANCY_TOP], "regions_512gib_touched"},
		{occupancy->used_2mib_slots, sum->used[OCCUPANCY_LEAF], "free_2mib_slots"},
		{occupancy->used_1gib_slots, sum->used[OCCUPANCY_GIB], "free_1gib_slots"},
		{occupancy->bitmap_capacity - occupancy->bitmaps_left, sum->bitmaps, "bitmaps in use"},
		{occupancy->slots_2mib, occupancy_slots(occupancy, LEAF_SHIFT), "free_2mib_slots"},
		{occupancy->slots_1gib, occupancy_slots(occupancy, GIB_SHIFT), "free_1gib_slots"},
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (pairs[i].kept != pairs[i].found)
			return pairs[i].name;
	}
	if (counters->peak_live_pages < sum->live_pages)
		return "peak_live_pages";
	if (counters->regions_2mib_live_peak < sum->live[OCCUPANCY_LEAF])
		return "regions_2mib_live_peak";
	if (sum->live_pages && (!counters->ever_used || sum->lowest < counters->lowest_page))
		return "lowest_page";
	return sum->live_pages && sum->highest > counters->highest_page ? "highest_page" : NULL;
}

const char *occupancy_broken_invariant(const struct occupancy *occupancy)
{
	struct recount sum = {.lowest = UINT64_MAX};
	struct span_position position;
	if (!span_tree_sound(&occupancy->live))
		return "spans of live regions are out of order";
	const char *broken = recount_touched(occupancy, &sum);
	for (const struct span *span = span_tree_first(&occupancy->live, &position); span && !broken;
	     span = span_tree_next(&occupancy->live, &position)) {
		broken = recount_pages(occupancy, span, &sum);
		if (!broken)
			broken = recount_regions(occupancy, span, &sum);
	}
	if (broken)
		return broken;
	for (size_t i = 0; i < occupancy->reserved_count; i++) {
		const struct reserved_range *range = &occupancy->reserved[i];
		if (occupancy_live_pages(occupancy, range->first, range->end - range->first))
			return "a reserved page is live";
	}
	return compare(occupancy, &sum);
}
