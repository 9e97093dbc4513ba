/* SPDX-License-Identifier: MIT */
#include "measure/occupancy.h"

#include "base/memory.h"
#include "measure/occupancy_spans.h"

#include <assert.h>
#include <string.h>

struct occupancy *occupancy_create(uint64_t first, uint64_t count)
{
	assert(count && first <= UINT64_MAX - count);
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
	span_tree_release(&occupancy->live);
	for (unsigned size = 0; size < OCCUPANCY_SIZES; size++)
		span_tree_release(&occupancy->touched[size]);
	memory_release(occupancy->bitmaps);
	memory_release(occupancy->reserved);
	memory_release(occupancy);
}

bool occupancy_inside(const struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	return count && first >= occupancy->first && first < occupancy->end && count <= occupancy->end - first;
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

bool occupancy_meets_reserved(const struct occupancy *occupancy, uint64_t first, uint64_t end)
{
	assert(first < end);
	size_t i = reserved_from(occupancy, first);
	return i < occupancy->reserved_count && occupancy->reserved[i].first < end;
}

/* Reserved pages below page. */
static uint64_t reserved_below(const struct occupancy *occupancy, uint64_t page)
{
	size_t i = reserved_from(occupancy, page);
	const struct reserved_range *range = &occupancy->reserved[i];
	if (i < occupancy->reserved_count)
		return range->before + (range->first < page ? page - range->first : 0);
	return occupancy->counters.reserved_pages;
}

uint64_t occupancy_slots(const struct occupancy *occupancy, unsigned shift)
{
	assert(shift == LEAF_SHIFT || shift == GIB_SHIFT);
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

static bool is_slot(const struct occupancy *occupancy, uint64_t number, unsigned shift)
{
	uint64_t first = number << shift, end = (number + 1) << shift;
	return first >= occupancy->first && end <= occupancy->end && !occupancy_meets_reserved(occupancy, first, end);
}

uint64_t occupancy_slots_of(const struct occupancy *occupancy, uint64_t low, uint64_t high, unsigned shift)
{
	assert(low <= high && shift >= LEAF_SHIFT && shift <= TOP_SHIFT);
	uint64_t slots = high - low + 1;
	slots -= !is_slot(occupancy, low, shift);
	return slots - (high > low && !is_slot(occupancy, high, shift));
}

enum occupancy_result occupancy_reserve(struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	assert(!occupancy->counters.ever_used);
	if (!occupancy_inside(occupancy, first, count))
		return OCCUPANCY_OUTSIDE;
	if (occupancy_meets_reserved(occupancy, first, first + count))
		return OCCUPANCY_OVERLAP;
	if (memory_grow(&occupancy->reserved, &occupancy->reserved_capacity, occupancy->reserved_count,
			sizeof *occupancy->reserved))
		return OCCUPANCY_NO_MEMORY;
	uint64_t end = first + count;
	occupancy->slots_2mib -= occupancy_slots_of(occupancy, first >> LEAF_SHIFT, (end - 1) >> LEAF_SHIFT, LEAF_SHIFT);
	occupancy->slots_1gib -= occupancy_slots_of(occupancy, first >> GIB_SHIFT, (end - 1) >> GIB_SHIFT, GIB_SHIFT);
	size_t i = reserved_from(occupancy, first);
	uint64_t before = reserved_below(occupancy, first);
	memmove(&occupancy->reserved[i + 1], &occupancy->reserved[i],
		(occupancy->reserved_count - i) * sizeof *occupancy->reserved);
	occupancy->reserved[i] = (struct reserved_range){first, end, before};
	occupancy->reserved_count++;
	for (size_t behind = i + 1; behind < occupancy->reserved_count; behind++)
		occupancy->reserved[behind].before += count;
	occupancy->counters.reserved_pages += count;
	return OCCUPANCY_OK;
}

/* Live pages of a part, and the span that its region lies in; NULL: it has no live page at all. */
unsigned occupancy_live_of(const struct occupancy *occupancy, const struct part *part, struct span **span,
			   struct span_position *position)
{
	assert(part->from < part->to && part->to <= LEAF_PAGES);
	*span = span_tree_find(&occupancy->live, part->region, position);
	if (!covers(*span, part->region))
		*span = NULL;
	if (!*span)
		return 0;
	const struct bitmap *bitmap = bitmap_of(occupancy, *span);
	return bitmap ? occupancy_bits_set(bitmap, part->from, part->to) : part->to - part->from;
}

static uint64_t live_below(const struct occupancy *occupancy, uint64_t page)
{
	struct span_position position;
	const struct span *span = span_tree_find(&occupancy->live, page >> LEAF_SHIFT, &position);
	if (!span)
		return 0;
	if (!covers(span, page >> LEAF_SHIFT))
		return span_tree_weight_before(&occupancy->live, &position) + span->weight;
	const struct bitmap *bitmap = bitmap_of(occupancy, span);
	uint64_t own = bitmap ? occupancy_bits_set(bitmap, 0, page % LEAF_PAGES) : page - (span->first << LEAF_SHIFT);
	return span_tree_weight_before(&occupancy->live, &position) + own;
}

uint64_t occupancy_live_between(const struct occupancy *occupancy, uint64_t first, uint64_t end)
{
	assert(first < end && first >= occupancy->first && end <= occupancy->end);
	struct span_position position;
	struct span *span;
	uint64_t region = first >> LEAF_SHIFT;
	if ((end - 1) >> LEAF_SHIFT == region) {
		const struct part part = part_of(region, first, end);
		return occupancy_live_of(occupancy, &part, &span, &position);
	}
	return live_below(occupancy, end) - live_below(occupancy, first);
}

bool occupancy_is_free(const struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	return occupancy_inside(occupancy, first, count) && !occupancy_meets_reserved(occupancy, first, first + count) &&
	       !occupancy_live_between(occupancy, first, first + count);
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
	return end - first - occupancy_live_between(occupancy, first, end) -
	       (reserved_below(occupancy, end) - reserved_below(occupancy, first));
}

uint64_t occupancy_live_pages(const struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	uint64_t end;
	return clip(occupancy, &first, count, &end) ? occupancy_live_between(occupancy, first, end) : 0;
}

struct occupancy_counters occupancy_counters(const struct occupancy *occupancy)
{
	struct occupancy_counters counters = occupancy->counters;
	counters.free_2mib_slots = occupancy->slots_2mib - occupancy->used_2mib_slots;
	counters.free_1gib_slots = occupancy->slots_1gib - occupancy->used_1gib_slots;
	return counters;
}

uint64_t occupancy_page_table_pages(const struct occupancy *occupancy)
{
	const struct occupancy_counters *counters = &occupancy->counters;
	if (!counters->live_pages)
		return 0;
	return counters->regions_2mib_live + counters->regions_1gib_live + counters->regions_512gib_live + 1;
}

uint64_t occupancy_page_tables_ever(const struct occupancy *occupancy)
{
	const struct occupancy_counters *counters = &occupancy->counters;
	if (!counters->ever_used)
		return 0;
	return counters->regions_2mib_touched + counters->regions_1gib_touched + counters->regions_512gib_touched + 1;
}

uint64_t occupancy_page_table_floor(uint64_t pages)
{
	if (!pages)
		return 0;
	return ((pages - 1) >> LEAF_SHIFT) + ((pages - 1) >> GIB_SHIFT) + ((pages - 1) >> TOP_SHIFT) + 4;
}
