/* SPDX-License-Identifier: MIT */
#include "measure/occupancy.h"

#include "base/memory.h"
#include "measure/occupancy_table.h"

#include <assert.h>
#include <string.h>

struct occupancy *occupancy_create(uint64_t first, uint64_t count)
{
	struct occupancy *occupancy = memory_zeroed(1, sizeof *occupancy);
	if (!occupancy)
		return NULL;
	occupancy->first = first;
	occupancy->end = first + count;
	occupancy->slots_2mib = occupancy_slots(occupancy, LEAF_SHIFT);
	occupancy->slots_1gib = occupancy_slots(occupancy, GIB_SHIFT);
	return occupancy;
}

void occupancy_destroy(struct occupancy *occupancy)
{
	if (!occupancy)
		return;
	memory_release(occupancy->gibs.entries);
	memory_release(occupancy->tops.entries);
	memory_release(occupancy->gib);
	memory_release(occupancy->leaf_tables);
	memory_release(occupancy->leaves);
	memory_release(occupancy->reserved);
	memory_release(occupancy);
}

static bool inside(const struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	return count && first >= occupancy->first && first < occupancy->end && count <= occupancy->end - first;
}

/* First page after the aligned block of 2^shift pages around page, but not beyond end. */
static uint64_t piece_end(uint64_t page, uint64_t end, unsigned shift)
{
	uint64_t next = ((page >> shift) + 1) << shift;
	return next < end ? next : end;
}

/* Index of the first reserved range that ends behind page. */
static size_t reserved_from(const struct occupancy *occupancy, uint64_t page)
{
	size_t low = 0, high = occupancy->reserved_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (occupancy->reserved[middle].end > page)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool meets_reserved(const struct occupancy *occupancy, uint64_t first, uint64_t end)
{
	size_t i = reserved_from(occupancy, first);
	return i < occupancy->reserved_count && occupancy->reserved[i].first < end;
}

static uint64_t reserved_pages(const struct occupancy *occupancy, uint64_t first, uint64_t end)
{
	uint64_t pages = 0;
	for (size_t i = reserved_from(occupancy, first); i < occupancy->reserved_count; i++) {
		const struct reserved_range *range = &occupancy->reserved[i];
		if (range->first >= end)
			break;
		pages += (range->end < end ? range->end : end) - (range->first > first ? range->first : first);
	}
	return pages;
}

uint64_t occupancy_slots(const struct occupancy *occupancy, unsigned shift)
{
	uint64_t next = (occupancy->first + (UINT64_C(1) << shift) - 1) >> shift;
	uint64_t end = occupancy->end >> shift;
	if (next >= end)
		return 0;
	uint64_t slots = end - next;
	for (size_t i = 0; i < occupancy->reserved_count; i++) {
		/* Neighbouring ranges may share a slot. */
		uint64_t low = occupancy->reserved[i].first >> shift;
		uint64_t high = ((occupancy->reserved[i].end - 1) >> shift) + 1;
		low = low > next ? low : next;
		high = high < end ? high : end;
		if (low >= high)
			continue;
		slots -= high - low;
		next = high;
	}
	return slots;
}

bool occupancy_is_slot(const struct occupancy *occupancy, uint64_t number, unsigned shift)
{
	uint64_t first = number << shift, end = (number + 1) << shift;
	return first >= occupancy->first && end <= occupancy->end && !meets_reserved(occupancy, first, end);
}

enum occupancy_result occupancy_reserve(struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	assert(!occupancy->counters.ever_used && !occupancy->gibs.count);
	if (!inside(occupancy, first, count))
		return OCCUPANCY_OUTSIDE;
	if (meets_reserved(occupancy, first, first + count))
		return OCCUPANCY_OVERLAP;
	if (memory_grow(&occupancy->reserved, &occupancy->reserved_capacity, occupancy->reserved_count,
			sizeof *occupancy->reserved))
		return OCCUPANCY_NO_MEMORY;
	size_t i = reserved_from(occupancy, first);
	memmove(&occupancy->reserved[i + 1], &occupancy->reserved[i],
		(occupancy->reserved_count - i) * sizeof *occupancy->reserved);
	occupancy->reserved[i] = (struct reserved_range){first, first + count};
	occupancy->reserved_count++;
	occupancy->counters.reserved_pages += count;
	occupancy->slots_2mib = occupancy_slots(occupancy, LEAF_SHIFT);
	occupancy->slots_1gib = occupancy_slots(occupancy, GIB_SHIFT);
	return OCCUPANCY_OK;
}

/* Index of the first entry whose number is not below number. */
static size_t table_from(const struct region_table *table, uint64_t number)
{
	/* In a small space every region comes into use: the entries have no gaps then. */
	if (table->count) {
		uint64_t guess = number - table->entries[0].number;
		if (guess < table->count && table->entries[guess].number == number)
			return (size_t)guess;
	}
	size_t low = 0, high = table->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table->entries[middle].number >= number)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The entry of number, made with value if need be; NULL without memory. */
static struct region_entry *table_entry(struct region_table *table, uint64_t number, uint64_t value)
{
	size_t i = table_from(table, number);
	if (i < table->count && table->entries[i].number == number)
		return &table->entries[i];
	if (memory_grow(&table->entries, &table->capacity, table->count, sizeof *table->entries))
		return NULL;
	memmove(&table->entries[i + 1], &table->entries[i], (table->count - i) * sizeof *table->entries);
	table->entries[i] = (struct region_entry){number, value};
	table->count++;
	return &table->entries[i];
}

static struct gib *gib_of(const struct occupancy *occupancy, uint64_t page)
{
	return &occupancy->gib[occupancy->gibs.entries[table_from(&occupancy->gibs, page >> GIB_SHIFT)].value];
}

/* Makes sure that the GiB of page has an entry. Returns 0, or -1 without memory. */
static int need_gib(struct occupancy *occupancy, uint64_t page)
{
	uint64_t number = page >> GIB_SHIFT;
	size_t i = table_from(&occupancy->gibs, number);
	if (i < occupancy->gibs.count && occupancy->gibs.entries[i].number == number)
		return 0;
	size_t count = occupancy->gibs.count;
	if (memory_grow(&occupancy->gib, &occupancy->gib_capacity, count, sizeof *occupancy->gib))
		return -1;
	if (!table_entry(&occupancy->tops, page >> TOP_SHIFT, 0) || !table_entry(&occupancy->gibs, number, count))
		return -1;
	struct gib *gib = &occupancy->gib[count];
	memset(gib, 0, sizeof *gib);
	gib->slot = occupancy_is_slot(occupancy, number, GIB_SHIFT);
	for (unsigned region = 0; region < GIB_LEAVES; region++) {
		if (gib->slot || occupancy_is_slot(occupancy, (number << (GIB_SHIFT - LEAF_SHIFT)) + region, LEAF_SHIFT))
			gib->slots[region / 64] |= UINT64_C(1) << (region % 64);
	}
	return 0;
}

/* Makes sure that the region of page, in a GiB that has an entry, has a bitmap. Returns 0, or -1 without memory. */
static int need_leaf(struct occupancy *occupancy, uint64_t page)
{
	struct gib *gib = gib_of(occupancy, page);
	unsigned region = (unsigned)(page >> LEAF_SHIFT) % GIB_LEAVES;
	if (occupancy_leaf_of(occupancy, gib, region))
		return 0;
	if (!gib->leaf_table) {
		if (memory_grow(&occupancy->leaf_tables, &occupancy->leaf_table_capacity, occupancy->leaf_table_count,
				sizeof *occupancy->leaf_tables))
			return -1;
		memset(&occupancy->leaf_tables[occupancy->leaf_table_count], 0, sizeof *occupancy->leaf_tables);
		gib->leaf_table = (uint32_t)++occupancy->leaf_table_count;
	}
	if (memory_grow(&occupancy->leaves, &occupancy->leaf_capacity, occupancy->leaf_count, sizeof *occupancy->leaves))
		return -1;
	struct leaf *leaf = &occupancy->leaves[occupancy->leaf_count];
	bool full = occupancy_bit(gib->full, region);
	memset(leaf->live, full ? 0xff : 0, sizeof leaf->live);
	leaf->live_pages = full ? LEAF_PAGES : 0;
	gib->full[region / 64] &= ~(UINT64_C(1) << (region % 64));
	occupancy->leaf_tables[gib->leaf_table - 1].leaf[region] = (uint32_t)++occupancy->leaf_count;
	return 0;
}

/* Only the first and the last region of an extent can be used in part. */
static int need_edges(struct occupancy *occupancy, uint64_t first, uint64_t end)
{
	if ((first % LEAF_PAGES || piece_end(first, end, LEAF_SHIFT) % LEAF_PAGES) && need_leaf(occupancy, first))
		return -1;
	return end % LEAF_PAGES ? need_leaf(occupancy, end - 1) : 0;
}

/* Bits [from, to) of one word, to <= 64, from < to. */
static uint64_t word_mask(unsigned from, unsigned to)
{
	return (UINT64_MAX >> (64 - (to - from))) << from;
}

/* Live pages of [first, end) inside one region. */
static uint32_t region_live_pages(const struct occupancy *occupancy, const struct gib *gib, uint64_t first, uint64_t end)
{
	unsigned region = (unsigned)(first >> LEAF_SHIFT) % GIB_LEAVES;
	uint32_t index = occupancy_leaf_of(occupancy, gib, region);
	if (!index)
		return occupancy_bit(gib->full, region) ? (uint32_t)(end - first) : 0;
	const struct leaf *leaf = &occupancy->leaves[index - 1];
	if (end - first == LEAF_PAGES)
		return leaf->live_pages;
	unsigned bit = (unsigned)(first % LEAF_PAGES), stop = bit + (unsigned)(end - first);
	uint32_t pages = 0;
	while (bit < stop) {
		unsigned next = (unsigned)piece_end(bit, stop, 6), base = bit & ~63u;
		pages += (uint32_t)__builtin_popcountll(leaf->live[bit / 64] & word_mask(bit - base, next - base));
		bit = next;
	}
	return pages;
}

static uint64_t live_pages(const struct occupancy *occupancy, uint64_t first, uint64_t end)
{
	uint64_t pages = 0, last = (end - 1) >> GIB_SHIFT;
	for (size_t i = table_from(&occupancy->gibs, first >> GIB_SHIFT); i < occupancy->gibs.count; i++) {
		const struct region_entry *entry = &occupancy->gibs.entries[i];
		if (entry->number > last)
			break;
		const struct gib *gib = &occupancy->gib[entry->value];
		uint64_t page = entry->number << GIB_SHIFT, stop = page + GIB_PAGES;
		page = page > first ? page : first;
		stop = stop < end ? stop : end;
		if (stop - page == GIB_PAGES) {
			pages += gib->live_pages;
			continue;
		}
		for (uint64_t next; page < stop; page = next) {
			next = piece_end(page, stop, LEAF_SHIFT);
			pages += region_live_pages(occupancy, gib, page, next);
		}
	}
	return pages;
}

static void regions_become_live(struct occupancy *occupancy, struct gib *gib, uint64_t page, uint32_t regions)
{
	struct occupancy_counters *counters = &occupancy->counters;
	counters->regions_2mib_live += regions;
	gib->live_regions += regions;
	if (gib->live_regions != regions)
		return;
	occupancy->used_1gib_slots += gib->slot;
	counters->regions_1gib_live++;
	struct region_entry *top = &occupancy->tops.entries[table_from(&occupancy->tops, page >> TOP_SHIFT)];
	counters->regions_512gib_live += top->value++ == 0;
}

static void regions_become_free(struct occupancy *occupancy, struct gib *gib, uint64_t page, uint32_t regions)
{
	struct occupancy_counters *counters = &occupancy->counters;
	counters->regions_2mib_live -= regions;
	gib->live_regions -= regions;
	if (gib->live_regions)
		return;
	occupancy->used_1gib_slots -= gib->slot;
	counters->regions_1gib_live--;
	struct region_entry *top = &occupancy->tops.entries[table_from(&occupancy->tops, page >> TOP_SHIFT)];
	counters->regions_512gib_live -= --top->value == 0;
}

/* Turns all pages of [first, end) in one region; true when the region was free before or is free now. */
static bool region_turn(struct occupancy *occupancy, struct gib *gib, uint64_t first, uint64_t end, bool live)
{
	unsigned region = (unsigned)(first >> LEAF_SHIFT) % GIB_LEAVES;
	uint32_t index = occupancy_leaf_of(occupancy, gib, region), pages = (uint32_t)(end - first);
	gib->live_pages += live ? pages : -pages;
	if (!index) {
		gib->full[region / 64] ^= UINT64_C(1) << (region % 64);
		return true;
	}
	struct leaf *leaf = &occupancy->leaves[index - 1];
	unsigned bit = (unsigned)(first % LEAF_PAGES), stop = bit + pages;
	while (bit < stop) {
		unsigned next = (unsigned)piece_end(bit, stop, 6), base = bit & ~63u;
		leaf->live[bit / 64] ^= word_mask(bit - base, next - base);
		bit = next;
	}
	leaf->live_pages += live ? pages : -pages;
	return leaf->live_pages == (live ? pages : 0);
}

/* A whole GiB without bitmaps, from free to live or back. */
static void gib_turn(struct occupancy *occupancy, struct gib *gib, uint64_t page, bool live)
{
	for (unsigned i = 0; i < GIB_WORDS; i++) {
		unsigned slots = (unsigned)__builtin_popcountll(gib->slots[i]);
		occupancy->used_2mib_slots += live ? slots : -(uint64_t)slots;
		if (live)
			occupancy->counters.regions_2mib_touched += (unsigned)__builtin_popcountll(~gib->touched[i]);
		gib->touched[i] = UINT64_MAX;
		gib->full[i] = live ? UINT64_MAX : 0;
	}
	gib->live_pages = live ? GIB_PAGES : 0;
	if (live)
		regions_become_live(occupancy, gib, page, GIB_LEAVES);
	else
		regions_become_free(occupancy, gib, page, GIB_LEAVES);
}

/* Turns [first, end), which is wholly of the other state. */
static void turn(struct occupancy *occupancy, uint64_t first, uint64_t end, bool live)
{
	for (uint64_t page = first, stop; page < end; page = stop) {
		stop = piece_end(page, end, GIB_SHIFT);
		struct gib *gib = gib_of(occupancy, page);
		if (stop - page == GIB_PAGES && !gib->leaf_table) {
			gib_turn(occupancy, gib, page, live);
			continue;
		}
		for (uint64_t next, at = page; at < stop; at = next) {
			next = piece_end(at, stop, LEAF_SHIFT);
			if (!region_turn(occupancy, gib, at, next, live))
				continue;
			unsigned region = (unsigned)(at >> LEAF_SHIFT) % GIB_LEAVES;
			bool slot = occupancy_bit(gib->slots, region);
			if (!live) {
				occupancy->used_2mib_slots -= slot;
				regions_become_free(occupancy, gib, at, 1);
				continue;
			}
			occupancy->used_2mib_slots += slot;
			occupancy->counters.regions_2mib_touched += !occupancy_bit(gib->touched, region);
			gib->touched[region / 64] |= UINT64_C(1) << (region % 64);
			regions_become_live(occupancy, gib, at, 1);
		}
	}
}

static void raise_peak(uint64_t *peak, uint64_t value)
{
	if (value > *peak)
		*peak = value;
}

enum occupancy_result occupancy_take(struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	if (!inside(occupancy, first, count))
		return OCCUPANCY_OUTSIDE;
	uint64_t end = first + count;
	if (meets_reserved(occupancy, first, end) || live_pages(occupancy, first, end))
		return OCCUPANCY_OVERLAP;
	for (uint64_t page = first; page < end; page = piece_end(page, end, GIB_SHIFT)) {
		if (need_gib(occupancy, page))
			return OCCUPANCY_NO_MEMORY;
	}
	if (need_edges(occupancy, first, end))
		return OCCUPANCY_NO_MEMORY;
	turn(occupancy, first, end, true);
	struct occupancy_counters *counters = &occupancy->counters;
	if (!counters->ever_used || first < counters->lowest_page)
		counters->lowest_page = first;
	raise_peak(&counters->highest_page, end - 1);
	counters->ever_used = true;
	counters->live_pages += count;
	raise_peak(&counters->peak_live_pages, counters->live_pages);
	raise_peak(&counters->regions_2mib_live_peak, counters->regions_2mib_live);
	return OCCUPANCY_OK;
}

enum occupancy_result occupancy_drop(struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	if (!inside(occupancy, first, count))
		return OCCUPANCY_OUTSIDE;
	if (live_pages(occupancy, first, first + count) != count)
		return OCCUPANCY_OVERLAP;
	if (need_edges(occupancy, first, first + count))
		return OCCUPANCY_NO_MEMORY;
	turn(occupancy, first, first + count, false);
	occupancy->counters.live_pages -= count;
	return OCCUPANCY_OK;
}

bool occupancy_is_free(const struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	return inside(occupancy, first, count) && !meets_reserved(occupancy, first, first + count) &&
	       !live_pages(occupancy, first, first + count);
}

/* Cuts [*first, *first + count) to the space; false when nothing is left. */
static bool clip(const struct occupancy *occupancy, uint64_t *first, uint64_t count, uint64_t *end)
{
	*end = count < occupancy->end && *first < occupancy->end - count ? *first + count : occupancy->end;
	*first = *first > occupancy->first ? *first : occupancy->first;
	return *first < *end;
}

uint64_t occupancy_free_pages(const struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	uint64_t end;
	if (!clip(occupancy, &first, count, &end))
		return 0;
	return end - first - live_pages(occupancy, first, end) - reserved_pages(occupancy, first, end);
}

uint64_t occupancy_live_pages(const struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	uint64_t end;
	return clip(occupancy, &first, count, &end) ? live_pages(occupancy, first, end) : 0;
}

struct occupancy_counters occupancy_counters(const struct occupancy *occupancy)
{
	struct occupancy_counters counters = occupancy->counters;
	counters.free_2mib_slots = occupancy->slots_2mib - occupancy->used_2mib_slots;
	counters.free_1gib_slots = occupancy->slots_1gib - occupancy->used_1gib_slots;
	counters.regions_1gib_touched = occupancy->gibs.count;
	counters.regions_512gib_touched = occupancy->tops.count;
	return counters;
}

uint64_t occupancy_page_table_pages(const struct occupancy *occupancy)
{
	const struct occupancy_counters *counters = &occupancy->counters;
	if (!counters->live_pages)
		return 0;
	return counters->regions_2mib_live + counters->regions_1gib_live + counters->regions_512gib_live + 1;
}

uint64_t occupancy_page_table_floor(uint64_t pages)
{
	if (!pages)
		return 0;
	return ((pages - 1) >> LEAF_SHIFT) + ((pages - 1) >> GIB_SHIFT) + ((pages - 1) >> TOP_SHIFT) + 4;
}
