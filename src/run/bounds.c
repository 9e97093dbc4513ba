/* SPDX-License-Identifier: MIT */
#include "run/bounds.h"

#include "base/bits.h"
#include "base/memory.h"
#include "measure/packing.h"
#include "stream/op_stream.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define PIECE_WORDS ((size_t)4096)
#define EXTENTS_MAX (UINT64_C(1) << 20) /* more take no packing: their comparisons alone pass PACKING_WORK_MAX */

/* What lives in a slot. */
struct held {
	uint64_t pages, align; /* pages 0: nothing */
	uint64_t extent;       /* 1 + index among the extents of its group; 0: it is not kept */
	uint32_t group;
};

/* A domain: extents of different ones do not meet. */
struct group {
	struct packing_floor floor;
	struct packing_extent *extents; /* holes first */
	size_t count, capacity;
	size_t live, peak_live;
};

struct search {
	const struct plan *plan;
	const struct op_request *requests;
	struct held *slots;
	struct group *groups;
	uint32_t group_count;
	uint32_t group;      /* of the operations at hand */
	uint64_t count_high; /* of the next one */
	uint64_t now;        /* operations done */
	uint64_t extents;    /* kept */
	bool too_many, failed;
};

static enum result_reason why_unknown(const struct op_stream *stream)
{
	size_t count;
	const struct op_request *requests = op_stream_requests(stream, &count);
	if (op_stream_adaptive(stream))
		return RESULT_REASON_ADAPTIVE;
	for (size_t i = 0; i < count; i++)
		if (requests[i].call != WORKLOAD_CALL_EXTENT || requests[i].fallback_count)
			return RESULT_REASON_IN_PIECES;
	return RESULT_REASON_COUNT;
}

static struct packing_extent *keep(struct search *search, struct group *group, const struct packing_extent *extent)
{
	if (search->extents >= EXTENTS_MAX) {
		search->too_many = true;
		return NULL;
	}
	if (memory_grow(&group->extents, &group->capacity, group->count, sizeof group->extents[0]) < 0) {
		search->failed = true;
		return NULL;
	}
	search->extents++;
	group->extents[group->count] = *extent;
	return &group->extents[group->count++];
}

static int open_groups(struct search *search)
{
	const struct workload_space *space = &search->plan->workload.space;
	search->group_count = op_stream_domains(search->plan->stream);
	search->slots = memory_zeroed(op_stream_slots(search->plan->stream), sizeof search->slots[0]);
	search->groups = memory_zeroed(search->group_count, sizeof search->groups[0]);
	if (!search->slots || !search->groups)
		return -1;
	for (uint32_t i = 0; i < search->group_count; i++)
		for (size_t hole = 0; hole < space->hole_count; hole++)
			keep(search, &search->groups[i],
			     &(struct packing_extent){.died = UINT64_MAX,
						      .pages = space->holes[hole].count,
						      .align = 1,
						      .low = space->holes[hole].first,
						      .end = space->holes[hole].first + space->holes[hole].count,
						      .hole = true});
	return search->failed ? -1 : 0;
}

static void close_search(struct search *search)
{
	for (uint32_t i = 0; search->groups && i < search->group_count; i++)
		memory_release(search->groups[i].extents);
	memory_release(search->groups);
	memory_release(search->slots);
}

static uint64_t align_of(const struct op_request *request, uint64_t pages)
{
	if (!(request->request.constraints & IOVA_CONSTRAIN_ALIGN))
		return 1;
	if (request->align == WORKLOAD_ALIGN_FIXED)
		return request->request.align;
	uint64_t align = bits_power_of_two_ceil(pages - request->guard);
	return request->align == WORKLOAD_ALIGN_NATURAL_UP_TO && align > request->align_cap ? request->align_cap : align;
}

/* What a demand asks for, in the widest of its windows; pages 0: none holds it. */
static struct packing_extent extent_of(const struct search *search, const struct op_request *request, uint64_t pages)
{
	const struct workload_space *space = &search->plan->workload.space;
	struct packing_extent extent = {.born = search->now,
					.pages = pages,
					.align = align_of(request, pages),
					.low = space->first,
					.end = space->end};
	if (request->request.constraints & IOVA_CONSTRAIN_LIMIT) {
		extent.low = request->request.low > extent.low ? request->request.low : extent.low;
		extent.end = 0;
		for (uint32_t i = 0; i < request->high_count; i++)
			if (request->highs[i] >= extent.end)
				extent.end = request->highs[i] + 1;
	}
	if (request->request.constraints & IOVA_CONSTRAIN_BOUNDARY)
		extent.boundary = request->request.boundary;
	if (request->placed) {
		extent.low = request->request.low;
		extent.end = extent.low + pages;
	}
	uint64_t first = extent.low < extent.end ? bits_align_up(extent.low, extent.align) : extent.end;
	bool fits = first < extent.end && pages <= extent.end - first && (!extent.boundary || pages <= extent.boundary);
	extent.pages = fits && !request->beyond ? pages : 0;
	return extent;
}

static void drop(struct search *search, struct held *held)
{
	if (!held->pages)
		return;
	struct group *group = &search->groups[held->group];
	packing_floor_drop(&group->floor, held->pages, held->align);
	group->live--;
	if (held->extent)
		group->extents[held->extent - 1].died = search->now;
	*held = (struct held){0};
}

static void take(struct search *search, struct held *held, const struct op *op)
{
	uint64_t pages = search->count_high + (op->demand & OP_COUNT_MAX);
	const struct packing_extent extent = extent_of(search, &search->requests[op->demand >> OP_REQUEST_SHIFT], pages);
	struct group *group = &search->groups[search->group];
	search->count_high = 0;
	if (!extent.pages)
		return;
	*held = (struct held){.pages = pages, .align = extent.align, .group = search->group};
	held->extent = keep(search, group, &extent) ? group->count : 0;
	packing_floor_take(&group->floor, pages, extent.align);
	if (++group->live > group->peak_live)
		group->peak_live = group->live;
}

static void follow(struct search *search, const struct op *op)
{
	const struct workload *workload = &search->plan->workload;
	if (!op_is_control(op)) {
		search->now++;
		if (op->demand >> OP_REQUEST_SHIFT == OP_CONTROL)
			return;
		if (op->demand)
			take(search, &search->slots[op->slot], op);
		else
			drop(search, &search->slots[op->slot]);
		return;
	}
	uint32_t code = op->demand & OP_COUNT_MAX;
	if (code == OP_COUNT_HIGH)
		search->count_high = (uint64_t)op->slot << OP_REQUEST_SHIFT;
	if (code == OP_CONTEXT) {
		search->group = op->slot >> 16;
		if (search->group < workload->adapter_count)
			search->group = (uint32_t)workload->adapters[search->group].domain;
	}
}

static void play(struct search *search)
{
	static struct op ops[PIECE_WORDS];
	struct op_stream *stream = search->plan->stream;
	size_t count, phase, before = SIZE_MAX;
	op_stream_rewind(stream);
	while (!search->failed && (count = op_stream_next(stream, ops, PIECE_WORDS, &phase)) > 0) {
		if (phase != before)
			search->group = 0;
		before = phase;
		for (size_t i = 0; i < count; i++)
			follow(search, &ops[i]);
	}
	op_stream_rewind(stream);
	search->now++;
	for (uint32_t i = 0; i < search->group_count; i++)
		for (size_t k = 0; k < search->groups[i].count; k++)
			if (!search->groups[i].extents[k].died)
				search->groups[i].extents[k].died = search->now;
}

static void sum_floors(const struct search *search, struct bounds *bounds)
{
	for (uint32_t i = 0; i < search->group_count; i++) {
		const struct packing_floor *floor = &search->groups[i].floor;
		if (!floor->peak_live_pages)
			continue;
		bounds->tables_floor += floor->tables;
		bounds->span_floor_pages += floor->span_pages;
		bounds->robson_pages += packing_robson_pages(floor->peak_live_pages, floor->largest_pages);
		bounds->robson_buddy_pages += packing_robson_buddy_pages(floor->peak_rounded_pages, floor->largest_pages);
	}
}

/* Of one domain: the best of all ways. */
static int pack(struct search *search, struct group *group, struct bounds *bounds)
{
	uint64_t tables = UINT64_MAX, span = UINT64_MAX;
	bool tried = false;
	const struct packing_floor *floor = &group->floor;
	size_t holes = search->plan->workload.space.hole_count;
	/* None is better than one that needs no more than the floor. */
	for (enum packing_way way = 0; way < PACKING_WAYS && (tables > floor->tables || span > floor->span_pages); way++) {
		struct packing packing;
		if (packing_place(group->extents, group->count, group->peak_live + holes, way, &packing) < 0)
			return -1;
		tried |= packing.tried;
		if (packing.placed && packing.tables < tables)
			tables = packing.tables;
		if (packing.placed && packing.span_pages < span)
			span = packing.span_pages;
	}
	if (tables == UINT64_MAX) {
		bounds->unpacked = tried ? RESULT_REASON_NO_PACKING : RESULT_REASON_MANY_EXTENTS;
		return 0;
	}
	bounds->tables_packed += tables;
	bounds->span_packed_pages += span;
	return 0;
}

int bounds_find(const struct plan *plan, struct bounds *bounds, struct error *error)
{
	struct search search = {.plan = plan};
	size_t request_count;
	*bounds = (struct bounds){.unknown = why_unknown(plan->stream), .unpacked = RESULT_REASON_COUNT};
	if (bounds->unknown != RESULT_REASON_COUNT)
		return 0;
	search.requests = op_stream_requests(plan->stream, &request_count);
	search.failed = open_groups(&search) < 0;
	if (!search.failed)
		play(&search);
	if (!search.failed)
		sum_floors(&search, bounds);
	if (search.too_many)
		bounds->unpacked = RESULT_REASON_MANY_EXTENTS;
	for (uint32_t i = 0; !search.failed && bounds->unpacked == RESULT_REASON_COUNT && i < search.group_count; i++)
		search.failed = pack(&search, &search.groups[i], bounds) < 0;
	close_search(&search);
	return search.failed ? error_set(error, EXIT_CODE_IO, "no memory for the bounds of %s", plan->workload.file) : 0;
}

static void set_ratio(struct result_figures *figures, enum metric metric, double part, double whole)
{
	if (isfinite(part) && whole > 0)
		result_set(figures, metric, part / whole);
	else
		result_set_null(figures, metric,
				isfinite(part) ? RESULT_REASON_NOT_APPLICABLE : RESULT_REASON_NOT_MEASURED);
}

void bounds_set(const struct bounds *bounds, struct result_figures *figures)
{
	static const enum metric packed[] = {METRIC_BOUNDS_TABLES_PACKED, METRIC_BOUNDS_SPAN_PACKED_PAGES,
					     METRIC_BOUNDS_TABLES_RATIO, METRIC_BOUNDS_SPAN_RATIO};
	if (!bounds || bounds->unknown != RESULT_REASON_COUNT) {
		result_set_null_of(figures, METRIC_SOURCE_BOUNDS, bounds ? bounds->unknown : RESULT_REASON_NO_BOUNDS);
		return;
	}
	result_set(figures, METRIC_BOUNDS_TABLES_FLOOR, (double)bounds->tables_floor);
	result_set(figures, METRIC_BOUNDS_SPAN_FLOOR_PAGES, (double)bounds->span_floor_pages);
	result_set(figures, METRIC_BOUNDS_ROBSON_PAGES, bounds->robson_pages);
	result_set(figures, METRIC_BOUNDS_ROBSON_BUDDY_PAGES, bounds->robson_buddy_pages);
	if (bounds->unpacked != RESULT_REASON_COUNT) {
		for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++)
			result_set_null(figures, packed[i], bounds->unpacked);
		return;
	}
	double tables = (double)bounds->tables_packed, span = (double)bounds->span_packed_pages;
	result_set(figures, METRIC_BOUNDS_TABLES_PACKED, tables);
	result_set(figures, METRIC_BOUNDS_SPAN_PACKED_PAGES, span);
	set_ratio(figures, METRIC_BOUNDS_TABLES_RATIO, figures->value[METRIC_PAGE_TABLE_EVER_LEAF_PAGES], tables);
	set_ratio(figures, METRIC_BOUNDS_SPAN_RATIO, figures->value[METRIC_SPAN_PAGES], span);
}
