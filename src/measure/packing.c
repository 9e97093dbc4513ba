/* SPDX-License-Identifier: MIT */
#include "measure/packing.h"

#include "base/bits.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ORDER 9u
#define TABLE_PAGES (UINT64_C(1) << TABLE_ORDER)

const char *const packing_way_name[PACKING_WAYS] = {
	[PACKING_SIZE] = "first fit by falling size",
	[PACKING_LIFE] = "first fit by falling life",
	[PACKING_AREA] = "first fit by falling size times life",
	[PACKING_BIRTH] = "first fit",
};

/* ---- the floor ---- */

static uint64_t tables_of(uint64_t pages)
{
	return pages / TABLE_PAGES + (pages % TABLE_PAGES != 0);
}

static uint64_t most(uint64_t one, uint64_t other)
{
	return one > other ? one : other;
}

/* Extents that begin at a leaf share no table with each other; what they leave of their last ones is all that others get
 * there. And extents that begin at multiples of 2^order begin at different ones. */
static void note_moment(struct packing_floor *floor)
{
	uint64_t spare = floor->apart_tables * TABLE_PAGES - floor->apart_pages;
	uint64_t others = floor->live_pages - floor->apart_pages;
	uint64_t tables = floor->apart_tables + tables_of(others > spare ? others - spare : 0);
	uint64_t span = floor->live_pages, beginning = 0;
	for (unsigned order = PACKING_ALIGN_ORDERS; order-- > 1;) {
		beginning += floor->aligned[order];
		if (!beginning || beginning > UINT64_MAX >> order)
			continue;
		span = most(span, ((beginning - 1) << order) + 1);
		if (order <= TABLE_ORDER)
			tables = most(tables, tables_of(beginning << order));
	}
	floor->tables = most(floor->tables, tables);
	floor->span_pages = most(floor->span_pages, span);
	floor->peak_live_pages = most(floor->peak_live_pages, floor->live_pages);
	floor->peak_rounded_pages = most(floor->peak_rounded_pages, floor->rounded_pages);
}

static unsigned order_of(uint64_t align)
{
	assert(bits_is_power_of_two(align));
	return (unsigned)__builtin_ctzll(align);
}

void packing_floor_take(struct packing_floor *floor, uint64_t pages, uint64_t align)
{
	assert(pages);
	unsigned order = order_of(align);
	floor->live_pages += pages;
	floor->rounded_pages += bits_power_of_two_ceil(pages);
	floor->aligned[order]++;
	if (order >= TABLE_ORDER) {
		floor->apart_tables += tables_of(pages);
		floor->apart_pages += pages;
	}
	floor->largest_pages = most(floor->largest_pages, pages);
	note_moment(floor);
}

void packing_floor_drop(struct packing_floor *floor, uint64_t pages, uint64_t align)
{
	unsigned order = order_of(align);
	assert(floor->live_pages >= pages && floor->aligned[order]);
	floor->live_pages -= pages;
	floor->rounded_pages -= bits_power_of_two_ceil(pages);
	floor->aligned[order]--;
	if (order >= TABLE_ORDER) {
		floor->apart_tables -= tables_of(pages);
		floor->apart_pages -= pages;
	}
}

static double half_orders(uint64_t largest_pages)
{
	return order_of(bits_power_of_two_ceil(largest_pages)) / 2.0 + 1;
}

double packing_robson_pages(uint64_t live_pages, uint64_t largest_pages)
{
	assert(live_pages >= largest_pages && largest_pages);
	return (double)live_pages * half_orders(largest_pages) - (double)bits_power_of_two_ceil(largest_pages) + 1;
}

double packing_robson_buddy_pages(uint64_t rounded_pages, uint64_t largest_pages)
{
	assert(largest_pages);
	return (double)rounded_pages * half_orders(largest_pages);
}

/* ---- packings ---- */

/* What was placed, in the order of addresses. */
struct placed {
	uint64_t first, end, born, died;
};

struct list {
	struct placed *placed;
	size_t count;
	size_t settled; /* of them, when those that died were taken out last */
};

static int by_birth(const void *left, const void *right)
{
	const struct packing_extent *a = left, *b = right;
	if (a->hole != b->hole)
		return a->hole ? -1 : 1;
	return (a->born > b->born) - (a->born < b->born);
}

/* Falling; ties, too, are decided on every machine alike. */
static int by_number(double a, double b, const void *left, const void *right)
{
	const struct packing_extent *one = left, *other = right;
	if (one->hole != other->hole || a == b)
		return by_birth(left, right);
	return (a < b) - (a > b);
}

static double life(const struct packing_extent *extent)
{
	return (double)(extent->died - extent->born);
}

static int by_size(const void *left, const void *right)
{
	const struct packing_extent *a = left, *b = right;
	return by_number((double)a->pages, (double)b->pages, left, right);
}

static int by_life(const void *left, const void *right)
{
	return by_number(life(left), life(right), left, right);
}

static int by_area(const void *left, const void *right)
{
	const struct packing_extent *a = left, *b = right;
	return by_number((double)a->pages * life(a), (double)b->pages * life(b), left, right);
}

/* The lowest place from a page on, or UINT64_MAX: there is none in its window. */
static uint64_t fit_from(const struct packing_extent *extent, uint64_t page)
{
	uint64_t first = page > extent->low ? page : extent->low;
	first = (first + (extent->align - 1)) & ~(extent->align - 1);
	if (extent->boundary && (first & (extent->boundary - 1)) + extent->pages > extent->boundary)
		first = (first | (extent->boundary - 1)) + 1;
	return first < extent->end && extent->pages <= extent->end - first ? first : UINT64_MAX;
}

static uint64_t find_place(const struct list *list, const struct packing_extent *extent)
{
	uint64_t free_from = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct placed *other = &list->placed[i];
		if (other->died <= extent->born || other->born >= extent->died || other->end <= free_from)
			continue;
		if (other->first > free_from && other->first - free_from >= extent->pages) {
			uint64_t first = fit_from(extent, free_from);
			if (first < other->first && extent->pages <= other->first - first)
				return first;
		}
		free_from = other->end;
	}
	return fit_from(extent, free_from);
}

static void enter(struct list *list, const struct packing_extent *extent)
{
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->placed[middle].first < extent->first)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(list->placed + low + 1, list->placed + low, (list->count - low) * sizeof list->placed[0]);
	list->placed[low] = (struct placed){extent->first, extent->first + extent->pages, extent->born, extent->died};
	list->count++;
}

/* Nobody who is born from now on meets who has died. */
static void bury(struct list *list, uint64_t now)
{
	if (list->count < 2 * list->settled + 64)
		return;
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->placed[i].died > now)
			list->placed[kept++] = list->placed[i];
	list->count = list->settled = kept;
}

static int by_first(const void *left, const void *right)
{
	const struct packing_extent *a = left, *b = right;
	return (a->first > b->first) - (a->first < b->first);
}

static void measure(struct packing_extent *extents, size_t count, struct packing *packing)
{
	uint64_t lowest = UINT64_MAX, highest = 0, table_end = 0;
	qsort(extents, count, sizeof extents[0], by_first);
	for (size_t i = 0; i < count; i++) {
		const struct packing_extent *extent = &extents[i];
		if (extent->hole)
			continue;
		uint64_t first = extent->first >> TABLE_ORDER, end = tables_of(extent->first + extent->pages);
		first = most(first, table_end);
		packing->tables += end > first ? end - first : 0;
		table_end = most(table_end, end);
		lowest = extent->first < lowest ? extent->first : lowest;
		highest = most(highest, extent->first + extent->pages);
	}
	packing->span_pages = highest > lowest ? highest - lowest : 0;
}

static void place_all(struct packing_extent *extents, size_t count, struct list *list, enum packing_way way,
		      struct packing *packing)
{
	packing->placed = true;
	for (size_t i = 0; i < count && packing->placed; i++) {
		struct packing_extent *extent = &extents[i];
		if (way == PACKING_BIRTH)
			bury(list, extent->born);
		extent->first = extent->hole ? extent->low : find_place(list, extent);
		packing->placed = extent->first != UINT64_MAX;
		if (packing->placed)
			enter(list, extent);
	}
	if (packing->placed)
		measure(extents, count, packing);
}

int packing_place(struct packing_extent *extents, size_t count, size_t live, enum packing_way way, struct packing *packing)
{
	static int (*const orders[PACKING_WAYS])(const void *left, const void *right) = {
		[PACKING_SIZE] = by_size, [PACKING_LIFE] = by_life, [PACKING_AREA] = by_area, [PACKING_BIRTH] = by_birth};
	assert(way < PACKING_WAYS && live <= count);
	*packing = (struct packing){0};
	if (count && (way == PACKING_BIRTH ? live : count) > PACKING_WORK_MAX / count)
		return 0;
	packing->tried = true;
	struct list list = {.placed = memory_zeroed(count, sizeof list.placed[0])};
	if (!list.placed)
		return -1;
	qsort(extents, count, sizeof extents[0], orders[way]);
	place_all(extents, count, &list, way, packing);
	memory_release(list.placed);
	return 0;
}
