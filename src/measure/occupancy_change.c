/* SPDX-License-Identifier: MIT
 * Extents come and go. */
#include "measure/occupancy_spans.h"

#include "base/memory.h"

#include <assert.h>

/* ---- bitmaps ---- */

static int reserve_bitmaps(struct occupancy *occupancy, size_t wanted)
{
	while (occupancy->bitmaps_left < wanted) {
		size_t before = occupancy->bitmap_capacity;
		if (memory_grow(&occupancy->bitmaps, &occupancy->bitmap_capacity, before, sizeof *occupancy->bitmaps))
			return -1;
		for (size_t i = occupancy->bitmap_capacity; i-- > before;) {
			occupancy->bitmaps[i].live[0] = occupancy->bitmaps_unused;
			occupancy->bitmaps_unused = i + 1;
		}
		occupancy->bitmaps_left += occupancy->bitmap_capacity - before;
	}
	return 0;
}

/* Returns 1 + the index of one without a live page. */
static uint64_t take_bitmap(struct occupancy *occupancy)
{
	uint64_t taken = occupancy->bitmaps_unused;
	struct bitmap *bitmap = &occupancy->bitmaps[taken - 1];
	assert(occupancy->bitmaps_left);
	occupancy->bitmaps_unused = bitmap->live[0];
	occupancy->bitmaps_left--;
	*bitmap = (struct bitmap){0};
	return taken;
}

static void give_bitmap(struct occupancy *occupancy, uint64_t given)
{
	occupancy->bitmaps[given - 1].live[0] = occupancy->bitmaps_unused;
	occupancy->bitmaps_unused = given;
	occupancy->bitmaps_left++;
}

static void turn_bits(struct bitmap *bitmap, unsigned from, unsigned to)
{
	for (unsigned i = from / 64; i < LEAF_WORDS && 64 * i < to; i++)
		bitmap->live[i] ^= occupancy_word_mask(i, from, to);
}

/* ---- regions ---- */

/* Some page of the regions low to high is live. */
static bool any_live(const struct occupancy *occupancy, uint64_t low, uint64_t high)
{
	struct span_position position;
	return covers(span_tree_find(&occupancy->live, high, &position), low);
}

/* Adds [low, high] to a set; room was made. Returns how many are new. */
static uint64_t touch(struct span_tree *set, uint64_t low, uint64_t high)
{
	struct span_position position;
	struct span added = {.first = low, .count = high - low + 1};
	uint64_t known = 0;
	struct span *last = span_tree_find(set, high + 1, &position);
	if (covers(last, low) && last->first <= low && last->first + last->count > high)
		return 0;
	/* What is met, or is a neighbour, becomes one with it: each span that goes had come before. */
	for (; last && last->first + last->count >= low; last = span_tree_find(set, high + 1, &position)) {
		uint64_t first = last->first < added.first ? last->first : added.first;
		uint64_t end = added.first + added.count, own = last->first + last->count;
		known += last->count;
		added = (struct span){.first = first, .count = (end > own ? end : own) - first};
		if (last->first == first && first < low) {
			/* The others were removed already: they lie behind. */
			last->count = added.count;
			return added.count - known;
		}
		span_tree_remove(set, &position);
	}
	span_tree_insert(set, &added);
	return added.count - known;
}

/* Ends of [*low, *high] that are live without what changes are left out; false: nothing is left. */
static bool trim(const struct occupancy *occupancy, unsigned shift, uint64_t *low, uint64_t *high)
{
	unsigned more = shift - LEAF_SHIFT;
	const uint64_t last = (UINT64_C(1) << more) - 1;
	bool low_lives = any_live(occupancy, *low << more, (*low << more) + last);
	bool high_lives = *high > *low && any_live(occupancy, *high << more, (*high << more) + last);
	if (low_lives && *high - *low <= high_lives)
		return false;
	*low += low_lives;
	*high -= high_lives;
	return true;
}

/* The regions low to high of 2 MiB, all of them free without what changes (they are not entered yet, or taken out already),
 * become live or free. Regions of other sizes: only the first and the last can be live for another reason. */
static void regions_turn(struct occupancy *occupancy, uint64_t low, uint64_t high, bool live)
{
	static const unsigned shifts[OCCUPANCY_SIZES] = {LEAF_SHIFT, GIB_SHIFT, TOP_SHIFT};
	struct occupancy_counters *counters = &occupancy->counters;
	uint64_t *const alive[] = {&counters->regions_2mib_live, &counters->regions_1gib_live,
				   &counters->regions_512gib_live};
	uint64_t *const touched[] = {&counters->regions_2mib_touched, &counters->regions_1gib_touched,
				     &counters->regions_512gib_touched};
	uint64_t *const used[] = {&occupancy->used_2mib_slots, &occupancy->used_1gib_slots, NULL};
	for (unsigned size = 0; size < OCCUPANCY_SIZES; size++) {
		if (size) {
			unsigned more = shifts[size] - shifts[size - 1];
			low >>= more;
			high >>= more;
			if (!trim(occupancy, shifts[size], &low, &high))
				return;
		}
		uint64_t count = high - low + 1, slots = 0;
		if (used[size])
			slots = occupancy_slots_of(occupancy, low, high, shifts[size]);
		*alive[size] += live ? count : -count;
		if (used[size])
			*used[size] += live ? slots : -slots;
		if (live)
			*touched[size] += touch(&occupancy->touched[size], low, high);
	}
}

/* ---- extents ---- */

static void raise_peak(uint64_t *peak, uint64_t value)
{
	if (value > *peak)
		*peak = value;
}

/* Room for all that a change may have to make. */
static int make_room(struct occupancy *occupancy, unsigned spans, unsigned bitmaps)
{
	if (span_tree_reserve(&occupancy->live, spans) < 0 || reserve_bitmaps(occupancy, bitmaps) < 0)
		return -1;
	for (unsigned size = 0; size < OCCUPANCY_SIZES; size++)
		if (span_tree_reserve(&occupancy->touched[size], 1) < 0)
			return -1;
	return 0;
}

static void enter_part(struct occupancy *occupancy, const struct part *part)
{
	struct span span = {.first = part->region, .count = 1, .weight = part->to - part->from};
	if (span.weight < LEAF_PAGES) {
		span.value = take_bitmap(occupancy);
		turn_bits(&occupancy->bitmaps[span.value - 1], part->from, part->to);
	}
	span_tree_insert(&occupancy->live, &span);
}

static void enter_whole(struct occupancy *occupancy, uint64_t low, uint64_t end)
{
	struct span span = {.first = low, .count = end - low, .weight = (end - low) << LEAF_SHIFT};
	if (low < end)
		span_tree_insert(&occupancy->live, &span);
}

/* Turns all pages of a part in a region that has a bitmap; one without a live page is given back. */
static void turn_part(struct occupancy *occupancy, const struct span *span, const struct span_position *position,
		      const struct part *part, bool live)
{
	uint64_t pages = part->to - part->from;
	turn_bits(bitmap_of(occupancy, span), part->from, part->to);
	if (live || span->weight != pages) {
		span_tree_weigh(&occupancy->live, position, live ? pages : -pages);
		return;
	}
	give_bitmap(occupancy, span->value);
	span_tree_remove(&occupancy->live, position);
}

/* An extent of one region: most are. */
static enum occupancy_result take_part(struct occupancy *occupancy, const struct part *part)
{
	struct span_position position;
	struct span *span;
	if (occupancy_live_of(occupancy, part, &span, &position))
		return OCCUPANCY_OVERLAP;
	if (span) {
		turn_part(occupancy, span, &position, part, true);
		return OCCUPANCY_OK;
	}
	if (make_room(occupancy, 1, 1) < 0)
		return OCCUPANCY_NO_MEMORY;
	regions_turn(occupancy, part->region, part->region, true);
	enter_part(occupancy, part);
	return OCCUPANCY_OK;
}

/* Enters the part of an edge; whether its region was live before. */
static bool take_edge(struct occupancy *occupancy, const struct part *part)
{
	struct span_position position;
	struct span *span;
	occupancy_live_of(occupancy, part, &span, &position);
	if (span)
		turn_part(occupancy, span, &position, part, true);
	return span != NULL;
}

static enum occupancy_result take_regions(struct occupancy *occupancy, uint64_t first, uint64_t end)
{
	uint64_t low = first >> LEAF_SHIFT, high = (end - 1) >> LEAF_SHIFT;
	const struct part left = part_of(low, first, end), right = part_of(high, first, end);
	if (occupancy_live_between(occupancy, first, end))
		return OCCUPANCY_OVERLAP;
	if (make_room(occupancy, 3, 2) < 0)
		return OCCUPANCY_NO_MEMORY;
	bool left_lives = take_edge(occupancy, &left), right_lives = take_edge(occupancy, &right);
	uint64_t begin = low + left_lives, stop = high + 1 - right_lives;
	if (begin == stop)
		return OCCUPANCY_OK;
	regions_turn(occupancy, begin, stop - 1, true);
	if (!left_lives && left.from) {
		enter_part(occupancy, &left);
		begin++;
	}
	if (!right_lives && right.to < LEAF_PAGES) {
		enter_part(occupancy, &right);
		stop--;
	}
	enter_whole(occupancy, begin, stop);
	return OCCUPANCY_OK;
}

enum occupancy_result occupancy_take(struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	if (!occupancy_inside(occupancy, first, count))
		return OCCUPANCY_OUTSIDE;
	uint64_t end = first + count, region = first >> LEAF_SHIFT;
	if (occupancy_meets_reserved(occupancy, first, end))
		return OCCUPANCY_OVERLAP;
	const struct part part = part_of(region, first, end);
	enum occupancy_result result =
		(end - 1) >> LEAF_SHIFT == region ? take_part(occupancy, &part) : take_regions(occupancy, first, end);
	if (result != OCCUPANCY_OK)
		return result;
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

/* Live pages [first, end) of a span of whole regions, which may begin before and end behind them, are taken out: what is left
 * of it on either side is entered anew. */
static void cut_whole(struct occupancy *occupancy, const struct span_position *position, const struct span *whole,
		      uint64_t first, uint64_t end)
{
	uint64_t begin = whole->first << LEAF_SHIFT, stop = (whole->first + whole->count) << LEAF_SHIFT;
	first = first > begin ? first : begin;
	end = end < stop ? end : stop;
	uint64_t low = first >> LEAF_SHIFT, high = end >> LEAF_SHIFT;
	span_tree_remove(&occupancy->live, position);
	enter_whole(occupancy, whole->first, low);
	struct part left = {low, 0, (unsigned)(first % LEAF_PAGES)},
		    right = {high, (unsigned)(end % LEAF_PAGES), LEAF_PAGES};
	if (left.to)
		enter_part(occupancy, &left);
	if (right.from && left.to && low == high) {
		struct span_position added;
		const struct span *span = span_tree_find(&occupancy->live, low, &added);
		turn_part(occupancy, span, &added, &right, true);
	} else if (right.from) {
		enter_part(occupancy, &right);
	}
	enter_whole(occupancy, high + (right.from > 0), whole->first + whole->count);
}

enum occupancy_result occupancy_drop(struct occupancy *occupancy, uint64_t first, uint64_t count)
{
	if (!occupancy_inside(occupancy, first, count))
		return OCCUPANCY_OUTSIDE;
	uint64_t end = first + count, low = first >> LEAF_SHIFT, high = (end - 1) >> LEAF_SHIFT;
	if (occupancy_live_between(occupancy, first, end) != count)
		return OCCUPANCY_OVERLAP;
	/* A span at either end may leave a piece and a part of a region. */
	if (make_room(occupancy, 4, 2) < 0)
		return OCCUPANCY_NO_MEMORY;
	struct span_position position;
	for (uint64_t left = high + 1; left > low;) {
		const struct span span = *span_tree_find(&occupancy->live, left - 1, &position);
		const struct part part = part_of(span.first, first, end);
		if (span.value)
			turn_part(occupancy, &span, &position, &part, false);
		else
			cut_whole(occupancy, &position, &span, first, end);
		left = span.first > low ? span.first : low;
	}
	occupancy->counters.live_pages -= count;
	low += any_live(occupancy, low, low);
	high -= high >= low && any_live(occupancy, high, high);
	if (low <= high)
		regions_turn(occupancy, low, high, false);
	return OCCUPANCY_OK;
}
