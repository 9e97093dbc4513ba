/* SPDX-License-Identifier: MIT */
#include "measure/occupancy_table.h"

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

static void walk_gib(struct walk *walk, const struct gib *gib, uint64_t page)
{
	for (unsigned region = 0; region < GIB_LEAVES; region++, page += LEAF_PAGES) {
		uint32_t index = occupancy_leaf_of(walk->occupancy, gib, region);
		if (!index && occupancy_bit(gib->full, region))
			walk_live(walk, page, page + LEAF_PAGES);
		if (!index || !walk->occupancy->leaves[index - 1].live_pages)
			continue;
		for (unsigned i = 0; i < LEAF_WORDS; i++)
			walk_word(walk, page + 64 * i, walk->occupancy->leaves[index - 1].live[i]);
	}
}

void occupancy_visit_free(const struct occupancy *occupancy, void (*visit)(void *context, uint64_t first, uint64_t count),
			  void *context)
{
	struct walk walk = {occupancy, occupancy->first, 0, visit, context};
	for (size_t i = 0; i < occupancy->gibs.count; i++) {
		const struct region_entry *entry = &occupancy->gibs.entries[i];
		if (occupancy->gib[entry->value].live_pages)
			walk_gib(&walk, &occupancy->gib[entry->value], entry->number << GIB_SHIFT);
	}
	walk_live(&walk, occupancy->end, occupancy->end);
}

/* What a recount finds. */
struct recount {
	uint64_t live_pages;
	uint64_t regions_live;
	uint64_t regions_touched;
	uint64_t gibs_live;
	uint64_t tops_live;
	uint64_t used_2mib_slots;
	uint64_t used_1gib_slots;
	uint64_t lowest;
	uint64_t highest;
};

/* Live pages of one region, or UINT64_MAX when its own count is wrong. */
static uint64_t recount_leaf(const struct leaf *leaf, uint64_t page, struct recount *sum)
{
	uint64_t live = 0;
	for (unsigned i = 0; i < LEAF_WORDS; i++) {
		uint64_t word = leaf->live[i];
		if (!word)
			continue;
		live += (unsigned)__builtin_popcountll(word);
		uint64_t low = page + 64 * i + (unsigned)__builtin_ctzll(word);
		uint64_t high = page + 64 * i + 63 - (unsigned)__builtin_clzll(word);
		sum->lowest = low < sum->lowest ? low : sum->lowest;
		sum->highest = high > sum->highest ? high : sum->highest;
	}
	return live == leaf->live_pages ? live : UINT64_MAX;
}

static const char *recount_gib(const struct occupancy *occupancy, const struct region_entry *entry, struct recount *sum)
{
	const struct gib *gib = &occupancy->gib[entry->value];
	uint64_t page = entry->number << GIB_SHIFT, pages = 0, regions = 0;
	for (unsigned region = 0; region < GIB_LEAVES; region++, page += LEAF_PAGES) {
		uint32_t index = occupancy_leaf_of(occupancy, gib, region);
		bool full = occupancy_bit(gib->full, region), touched = occupancy_bit(gib->touched, region);
		bool slot = occupancy_is_slot(occupancy, page >> LEAF_SHIFT, LEAF_SHIFT);
		if (full && index)
			return "a 2 MiB region has a bitmap and is marked full";
		if (slot != occupancy_bit(gib->slots, region))
			return "a 2 MiB region is wrongly marked as a slot";
		uint64_t live = index ? recount_leaf(&occupancy->leaves[index - 1], page, sum) : full ? LEAF_PAGES : 0;
		if (live == UINT64_MAX)
			return "live_pages of a 2 MiB region";
		if (live && !touched)
			return "a live 2 MiB region is not marked as touched";
		if (full) {
			sum->lowest = page < sum->lowest ? page : sum->lowest;
			sum->highest = page + LEAF_PAGES - 1 > sum->highest ? page + LEAF_PAGES - 1 : sum->highest;
		}
		pages += live;
		regions += live != 0;
		sum->regions_touched += touched;
		sum->used_2mib_slots += live && slot;
	}
	if (pages != gib->live_pages)
		return "live_pages of a 1 GiB region";
	if (regions != gib->live_regions)
		return "live_regions of a 1 GiB region";
	if (gib->slot != occupancy_is_slot(occupancy, entry->number, GIB_SHIFT))
		return "a 1 GiB region is wrongly marked as a slot";
	sum->live_pages += pages;
	sum->regions_live += regions;
	sum->gibs_live += pages != 0;
	sum->used_1gib_slots += pages && gib->slot;
	return NULL;
}

/* GiB regions with a live page per 512 GiB, against the table of those. */
static const char *recount_tops(const struct occupancy *occupancy, struct recount *sum)
{
	size_t gib = 0;
	for (size_t i = 0; i < occupancy->tops.count; i++) {
		const struct region_entry *top = &occupancy->tops.entries[i];
		if (i && top->number <= top[-1].number)
			return "512 GiB regions are out of order";
		uint64_t live = 0;
		for (; gib < occupancy->gibs.count; gib++) {
			const struct region_entry *entry = &occupancy->gibs.entries[gib];
			if (entry->number >> (TOP_SHIFT - GIB_SHIFT) != top->number)
				break;
			live += occupancy->gib[entry->value].live_pages != 0;
		}
		if (live != top->value)
			return "live GiB regions of a 512 GiB region";
		sum->tops_live += live != 0;
	}
	return gib == occupancy->gibs.count ? NULL : "a GiB region has no 512 GiB region";
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
		{counters->regions_2mib_live, sum->regions_live, "regions_2mib_live"},
		{counters->regions_2mib_touched, sum->regions_touched, "regions_2mib_touched"},
		{counters->regions_1gib_live, sum->gibs_live, "regions_1gib_live"},
		{counters->regions_512gib_live, sum->tops_live, "regions_512gib_live"},
		{occupancy->used_2mib_slots, sum->used_2mib_slots, "free_2mib_slots"},
		{occupancy->used_1gib_slots, sum->used_1gib_slots, "free_1gib_slots"},
		{occupancy->slots_2mib, occupancy_slots(occupancy, LEAF_SHIFT), "free_2mib_slots"},
		{occupancy->slots_1gib, occupancy_slots(occupancy, GIB_SHIFT), "free_1gib_slots"},
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (pairs[i].kept != pairs[i].found)
			return pairs[i].name;
	}
	if (counters->peak_live_pages < sum->live_pages)
		return "peak_live_pages";
	if (counters->regions_2mib_live_peak < sum->regions_live)
		return "regions_2mib_live_peak";
	if (sum->live_pages && (!counters->ever_used || sum->lowest < counters->lowest_page))
		return "lowest_page";
	return sum->live_pages && sum->highest > counters->highest_page ? "highest_page" : NULL;
}

const char *occupancy_broken_invariant(const struct occupancy *occupancy)
{
	struct recount sum = {.lowest = UINT64_MAX};
	for (size_t i = 0; i < occupancy->gibs.count; i++) {
		const struct region_entry *entry = &occupancy->gibs.entries[i];
		if (i && entry->number <= entry[-1].number)
			return "GiB regions are out of order";
		const char *broken = recount_gib(occupancy, entry, &sum);
		if (broken)
			return broken;
	}
	for (size_t i = 0; i < occupancy->reserved_count; i++) {
		const struct reserved_range *range = &occupancy->reserved[i];
		if (occupancy_live_pages(occupancy, range->first, range->end - range->first))
			return "a reserved page is live";
	}
	const char *broken = recount_tops(occupancy, &sum);
	return broken ? broken : compare(occupancy, &sum);
}
