/* SPDX-License-Identifier: MIT */
#include "play/audit_space.h"

#include "base/bits.h"
#include "base/memory.h"
#include "play/audit_map.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const enum result_failure audit_failure_result[AUDIT_FAILURES] = {
	[AUDIT_IMPOSSIBLE] = RESULT_FAILURE_IMPOSSIBLE, [AUDIT_EXHAUSTED] = RESULT_FAILURE_EXHAUSTED,
	[AUDIT_FRAGMENTED] = RESULT_FAILURE_FRAGMENTED, [AUDIT_HELD] = RESULT_FAILURE_HELD,
	[AUDIT_REFUSED] = RESULT_FAILURE_REFUSED,       [AUDIT_PHYSICAL] = RESULT_FAILURE_PHYSICAL,
	[AUDIT_METADATA] = RESULT_FAILURE_METADATA,
};

double audit_clock_s(const struct audit_clock *clock, uint64_t operations)
{
	if (!clock || !(clock->pace > 0))
		return (double)NAN;
	return clock->poll_ns / 1e9 + (double)(operations - clock->operations) / clock->pace;
}

struct result_violation *audit_complain(struct audit_complaints *complaints, uint64_t operation, const char *format, ...)
{
	if (complaints->count++ >= AUDIT_COMPLAINTS_KEPT)
		return NULL;
	char what[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	struct result_violation *violation = &complaints->kept[complaints->kept_count++];
	*violation = (struct result_violation){
		.operation = operation, .device_s = audit_clock_s(complaints->clock, operation), .what = memory_text(what)};
	complaints->failed |= !violation->what;
	return violation;
}

void audit_complain_request(struct audit_complaints *complaints, struct result_violation *violation, const char *name,
			    const struct iova_request *asked, uint64_t highest)
{
	if (!violation)
		return;
	violation->request = memory_text(name);
	complaints->failed |= !violation->request;
	violation->pages = asked->count;
	if (asked->constraints & IOVA_CONSTRAIN_ALIGN)
		violation->align = asked->align;
	if (asked->constraints & IOVA_CONSTRAIN_BOUNDARY)
		violation->boundary = asked->boundary;
	violation->limited = asked->constraints & IOVA_CONSTRAIN_LIMIT;
	violation->low = violation->limited ? asked->low : 0;
	violation->high = violation->limited ? highest : 0;
}

void audit_complain_extent(struct result_violation *violation, const struct iova_extent *extent)
{
	if (!violation)
		return;
	violation->has_extent = true;
	violation->first = extent->first;
	violation->count = extent->count;
}

void audit_complaints_release(struct audit_complaints *complaints)
{
	for (size_t i = 0; i < complaints->kept_count; i++) {
		memory_release(complaints->kept[i].what);
		memory_release(complaints->kept[i].request);
	}
	*complaints = (struct audit_complaints){0};
}

/* The first sentence; the others stand beside it. */
static char *summary(const struct audit_complaints *complaints)
{
	struct text text = {0};
	text_add(&text, "%" PRIu64 " wrong answer%s%s: ", complaints->count, complaints->count == 1 ? "" : "s",
		 complaints->count == 1 ? "" : "; the first");
	result_violation_text(&complaints->kept[0], &text);
	if (text.failed || complaints->failed) {
		text_release(&text);
		return memory_text("wrong answers, and no memory to tell them");
	}
	return text.bytes;
}

void audit_complaints_tell(const struct audit_complaints *complaints, struct result_record *record)
{
	assert(complaints->count && complaints->kept_count <= AUDIT_COMPLAINTS_KEPT);
	record->owner = complaints->harness ? ERROR_OWNER_HARNESS : ERROR_OWNER_ALLOCATOR;
	memory_release(record->message);
	record->message = summary(complaints);
	result_violations_copy(&record->violations, &record->violation_count, complaints->kept, complaints->kept_count);
}

int audit_space_open(struct audit_space *space, const struct workload *workload, const struct allocator_instance *instance,
		     struct error *error)
{
	assert(workload->space.first < workload->space.end);
	*space = (struct audit_space){
		.instance = instance,
		.first = workload->space.first,
		.count = workload->space.end - workload->space.first,
		.usable = workload->space.usable,
		.holes = workload->space.holes,
		.hole_count = workload->space.hole_count,
		.held_looks = AUDIT_HELD_LOOKS,
	};
	space->occupancy = occupancy_create(space->first, space->count);
	bool good = space->occupancy != NULL;
	for (size_t i = 0; good && i < workload->space.hole_count; i++)
		good = occupancy_reserve(space->occupancy, workload->space.holes[i].first,
					 workload->space.holes[i].count) == OCCUPANCY_OK;
	if (good)
		return 0;
	audit_space_close(space);
	return error_set(error, EXIT_CODE_IO, "no memory for the audit's map of the space");
}

int audit_spaces_open(struct audit_space *spaces, uint32_t *count, uint32_t *first, const struct workload *workload,
		      const struct engine *engine, struct error *error)
{
	/* The CPU's address space has no reserved ranges. */
	struct workload plain = *workload;
	plain.space.hole_count = 0;
	plain.space.usable = workload->space.end - workload->space.first;
	bool logical = workload->routine_call_count > 0;
	for (size_t i = 0; i < engine->request_count; i++)
		logical |= engine->requests[i].call != WORKLOAD_CALL_MAP;
	/* Without requests there is an adversary or nothing. */
	logical |= engine->request_count == 0;
	*first = logical ? 0 : engine->instance_count;
	uint32_t wanted = engine->instance_count + (engine->views ? engine->domain_count : 0);
	for (*count = 0; *count < wanted; ++*count) {
		bool view = *count >= engine->instance_count;
		const struct engine_domain *domain = &engine->domains[view ? *count - engine->instance_count : 0];
		while (!view && domain->rank != *count) /* the first one has the instance */
			domain++;
		if (audit_space_open(&spaces[*count], view ? &plain : workload, view ? &domain->view : &domain->instance,
				     error) < 0)
			return -1;
		spaces[*count].quota = !view && domain->quota.of ? &domain->quota : NULL;
	}
	return 0;
}

void audit_space_close(struct audit_space *space)
{
	occupancy_destroy(space->occupancy);
	memory_release(space->held);
	*space = (struct audit_space){0};
}

/* overlap: what OCCUPANCY_OVERLAP means for it. */
static bool complain_of(enum occupancy_result result, bool freed, const char *overlap, const struct iova_extent *extent,
			struct audit_complaints *complaints, uint64_t operation, struct result_violation **told)
{
	const char *const reasons[] = {
		[OCCUPANCY_OVERLAP] = overlap,
		[OCCUPANCY_OUTSIDE] = "lies outside of the space",
		[OCCUPANCY_NO_MEMORY] = "cannot be followed: no memory for the audit's map",
	};
	if (told)
		*told = NULL;
	if (result == OCCUPANCY_OK)
		return true;
	struct result_violation *violation = audit_complain(complaints, operation, "%s", reasons[result]);
	audit_complain_extent(violation, extent);
	if (violation)
		violation->freed = freed;
	if (told)
		*told = violation;
	return false;
}

void audit_space_note(const struct audit_space *space, enum placements_event event, uint64_t first, uint64_t count)
{
	if (space->placements)
		placements_note(space->placements, event, space->domain, space->cpu_side, first, count);
}

/* An extent with its padding; all of memory where that would begin below 0. */
static struct iova_extent with_padding(const struct iova_extent *extent, uint64_t padding)
{
	if (padding > extent->first)
		return (struct iova_extent){.count = UINT64_MAX};
	return (struct iova_extent){.first = extent->first - padding, .count = extent->count + padding};
}

bool audit_space_take(struct audit_space *space, const struct iova_extent *extent, uint64_t padding,
		      struct audit_complaints *complaints, uint64_t operation, struct result_violation **told)
{
	struct result_violation *kept;
	const struct iova_extent whole = with_padding(extent, padding);
	enum occupancy_result result = occupancy_take(space->occupancy, whole.first, whole.count);
	if (result == OCCUPANCY_OK && space->live_pages)
		*space->live_pages += whole.count;
	if (result == OCCUPANCY_OK && space->map)
		audit_map_take(space->map, &whole);
	bool good = complain_of(result, false, padding ? "overlaps with its padding" : "overlaps", extent, complaints,
				operation, &kept);
	if (result == OCCUPANCY_OVERLAP && kept)
		audit_space_tell_overlap(space, &whole, &(struct iova_extent){0}, kept);
	audit_space_note(space, PLACEMENTS_ALLOC, extent->first, extent->count);
	if (told)
		*told = kept;
	return good;
}

bool audit_space_drop(struct audit_space *space, const struct iova_extent *extent, uint64_t padding,
		      struct audit_complaints *complaints, uint64_t operation)
{
	const struct iova_extent whole = with_padding(extent, padding);
	enum occupancy_result result = occupancy_drop(space->occupancy, whole.first, whole.count);
	if (result == OCCUPANCY_OK && space->live_pages)
		*space->live_pages -= whole.count;
	if (result == OCCUPANCY_OK && space->map)
		audit_map_drop(space->map, &whole);
	audit_space_note(space, PLACEMENTS_FREE, extent->first, extent->count);
	return complain_of(result, true, "was not live, or not all of it", extent, complaints, operation, NULL);
}

static bool meets(const struct iova_extent *extent, uint64_t first, uint64_t count)
{
	return count && first < extent->first + extent->count && extent->first < first + count;
}

/* The first run of pages of an extent that are not free. */
struct overlap {
	uint64_t first, end;
	bool ended;
};

static void look_for_overlap(void *context, uint64_t first, uint64_t count)
{
	struct overlap *overlap = context;
	if (overlap->ended || first + count <= overlap->first)
		return;
	if (first <= overlap->first) {
		overlap->first = first + count;
		return;
	}
	overlap->ended = true;
	if (first < overlap->end)
		overlap->end = first;
}

void audit_space_tell_overlap(const struct audit_space *space, const struct iova_extent *extent,
			      const struct iova_extent *live, struct result_violation *violation)
{
	assert(violation);
	const char *what = "overlaps the live pages";
	struct overlap overlap = {extent->first, extent->first + extent->count, false};
	occupancy_visit_free(space->occupancy, look_for_overlap, &overlap);
	violation->overlaps = true;
	violation->overlap_first = overlap.first;
	violation->overlap_count = overlap.end - overlap.first;
	for (size_t i = 0; i < space->hole_count; i++)
		if (meets(extent, space->holes[i].first, space->holes[i].count)) {
			what = "overlaps the reserved range";
			violation->overlap_first = space->holes[i].first;
			violation->overlap_count = space->holes[i].count;
		}
	if (live->count) {
		what = "overlaps the live extent";
		violation->overlap_first = live->first;
		violation->overlap_count = live->count;
	}
	char *text = memory_text(what);
	if (!text)
		return; /* "overlaps" says enough */
	memory_release(violation->what);
	violation->what = text;
}

const char *audit_extent_fault(const struct iova_request *asked, const struct iova_extent *extent)
{
	if (extent->count < asked->count)
		return "fewer pages than requested";
	if ((asked->constraints & IOVA_CONSTRAIN_ALIGN) && extent->first % asked->align)
		return "not aligned";
	if ((asked->constraints & IOVA_CONSTRAIN_BOUNDARY) &&
	    extent->first / asked->boundary != (extent->first + asked->count - 1) / asked->boundary)
		return "crosses the boundary";
	return NULL;
}

void audit_check_answer(struct audit_complaints *complaints, uint64_t operation, const struct op_request *request,
			const struct engine_outcome *outcome)
{
	assert(outcome->what == ENGINE_ALLOCATED && outcome->attempt < request->high_count);
	const struct iova_extent *extent = &outcome->extent;
	const struct iova_request *asked = &request->request;
	uint64_t highest = request->highs[outcome->attempt], last = extent->first + asked->count - 1;
	bool outside = (asked->constraints & IOVA_CONSTRAIN_LIMIT) && (extent->first < asked->low || last > highest);
	const char *const faults[] = {audit_extent_fault(asked, extent), outside ? "lies outside of the limits" : NULL};
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		if (!faults[i])
			continue;
		struct result_violation *violation = audit_complain(complaints, operation, "%s", faults[i]);
		audit_complain_request(complaints, violation, request->name, asked, highest);
		audit_complain_extent(violation, extent);
	}
}

/* Whether count pages could lie in [low, end) as the request wants them. Sums stay below 2^54. */
static bool fits_between(const struct iova_request *asked, uint64_t low, uint64_t end)
{
	uint64_t first = low;
	if (asked->constraints & IOVA_CONSTRAIN_ALIGN)
		first = bits_align_up(first, asked->align);
	if (asked->constraints & IOVA_CONSTRAIN_BOUNDARY) {
		if (asked->count > asked->boundary)
			return false;
		/* A start that crosses lies between boundaries: the alignment is the smaller of the two, so a boundary is
		 * aligned. */
		uint64_t next = bits_align_up(first, asked->boundary);
		if (next - first < asked->count)
			first = next;
	}
	return first <= end && end - first >= asked->count;
}

static bool fits_when_empty(const struct audit_space *space, const struct iova_request *asked, uint64_t low, uint64_t high)
{
	for (size_t i = 0; i < space->hole_count && low <= high; i++) {
		const struct workload_hole *hole = &space->holes[i];
		if (hole->first + hole->count <= low)
			continue;
		if (hole->first > high)
			break;
		if (hole->first > low && fits_between(asked, low, hole->first))
			return true;
		low = hole->first + hole->count;
	}
	return low <= high && fits_between(asked, low, high + 1);
}

/* The same, from what is known already where that does: looking takes as long as there are holes. */
static bool may_fit(struct audit_space *space, size_t kind, const struct iova_request *asked, uint64_t low, uint64_t high)
{
	struct audit_fit *fit = &space->fit[kind];
	if (asked->count <= fit->fits)
		return true;
	if (fit->never && asked->count >= fit->never)
		return false;
	bool fits = low <= high && fits_when_empty(space, asked, low, high);
	*(fits ? &fit->fits : &fit->never) = asked->count;
	return fits;
}

void audit_space_poll_begins(struct audit_space *space)
{
	space->before_poll = (struct iova_statistics){0};
	space->instance->table->statistics(space->instance->self, &space->before_poll);
}

bool audit_space_poll_ended(const struct audit_space *space, const char *what, struct audit_complaints *complaints,
			    uint64_t operation)
{
	const struct iova_statistics *before = &space->before_poll;
	struct iova_statistics after = {0};
	space->instance->table->statistics(space->instance->self, &after);
	uint64_t free_before = before->usable_pages + before->cached_pages + before->deferred_pages;
	uint64_t free_after = after.usable_pages + after.cached_pages + after.deferred_pages;
	if (free_before != free_after)
		audit_complain(complaints, operation, "%s turned %" PRIu64 " free pages into %" PRIu64, what, free_before,
			       free_after);
	return before->usable_pages != after.usable_pages || before->cached_pages != after.cached_pages ||
	       before->deferred_pages != after.deferred_pages;
}

/* ---- runs of usable pages ---- */

/* From the runs of the map to those of usable pages. */
struct usable {
	const struct audit_space *space;
	size_t held; /* the next one */
	void (*visit)(void *context, uint64_t first, uint64_t count);
	void *context;
};

/* A run of the map: what is held back is cut out. It lies inside of runs, unless the allocator is wrong in any case. */
static void cut_held(void *context, uint64_t first, uint64_t count)
{
	struct usable *usable = context;
	const struct audit_space *space = usable->space;
	uint64_t end = first + count;
	for (; usable->held < space->held_count && space->held[usable->held].first < end; usable->held++) {
		const struct audit_held *held = &space->held[usable->held];
		if (held->first > first)
			usable->visit(usable->context, first, held->first - first);
		if (held->first + held->count > first)
			first = held->first + held->count;
	}
	if (first < end)
		usable->visit(usable->context, first, end - first);
}

struct window {
	uint64_t low, high; /* pages, inclusive */
	uint64_t longest;
};

static void look_for_longest(void *context, uint64_t first, uint64_t count)
{
	struct window *window = context;
	uint64_t low = first > window->low ? first : window->low, last = first + count - 1;
	uint64_t high = last < window->high ? last : window->high;
	if (low <= high && high - low + 1 > window->longest)
		window->longest = high - low + 1;
}

static struct window window_of(const struct audit_space *space, const struct op_request *request)
{
	struct window window = {space->first, space->first + space->count - 1, 0};
	if (request->request.constraints & IOVA_CONSTRAIN_LIMIT) {
		uint64_t last = request->highs[request->high_count - 1];
		window.low = request->request.low > window.low ? request->request.low : window.low;
		window.high = last < window.high ? last : window.high;
	}
	return window;
}

uint64_t audit_space_largest_free(const struct audit_space *space, const struct op_request *request)
{
	struct window window = window_of(space, request);
	struct usable usable = {space, 0, look_for_longest, &window};
	occupancy_visit_free(space->occupancy, cut_held, &usable);
	return window.longest;
}

/* ---- a walk ---- */

struct walk {
	struct audit_space *space;
	struct audit_complaints *complaints;
	uint64_t operation;
	struct usable usable;
};

static void hold(struct walk *walk, uint64_t first, uint64_t count, bool deferred)
{
	struct audit_space *space = walk->space;
	if (memory_grow(&space->held, &space->held_capacity, space->held_count, sizeof space->held[0]) < 0) {
		audit_complain(walk->complaints, walk->operation, "no memory for the audit's list of what is held back");
		walk->complaints->harness = true;
		return;
	}
	space->held[space->held_count++] = (struct audit_held){first, count, deferred};
}

static void visit(void *context, uint64_t first, uint64_t count, enum iova_free_state state)
{
	struct walk *walk = context;
	struct audit_space *space = walk->space;
	if (!count || !occupancy_is_free(space->occupancy, first, count)) {
		audit_complain(walk->complaints, walk->operation,
			       "the allocator calls [0x%" PRIx64 ", 0x%" PRIx64 ") free, which is not", first,
			       first + count);
		return;
	}
	if (state == IOVA_USABLE) {
		fragmentation_add(&space->free, first, count);
		return;
	}
	*(state == IOVA_CACHED ? &space->cached_pages : &space->deferred_pages) += count;
	hold(walk, first, count, state != IOVA_CACHED);
}

static int by_first(const void *left, const void *right)
{
	const struct audit_held *a = left, *b = right;
	return (a->first > b->first) - (a->first < b->first);
}

static void add_run(void *context, uint64_t first, uint64_t count)
{
	fragmentation_add(context, first, count);
}

static void visit_drained(void *context, uint64_t first, uint64_t count)
{
	struct walk *walk = context;
	struct audit_space *space = walk->space;
	fragmentation_add(&space->drained, first, count);
	space->gaps += first != space->first && first + count != space->first + space->count;
	cut_held(&walk->usable, first, count);
}

bool audit_space_fits_exactly(const struct audit_space *space, const struct iova_extent *extent, uint64_t padding)
{
	uint64_t end = extent->first + extent->count, first = extent->first - padding;
	bool below = first > space->first && occupancy_is_free(space->occupancy, first - 1, 1);
	return !below && !occupancy_is_free(space->occupancy, end, 1);
}

void audit_space_walk(struct audit_space *space, struct audit_complaints *complaints, uint64_t operation)
{
	struct walk walk = {space, complaints, operation, {space, 0, add_run, &space->runs}};
	space->free = space->runs = space->drained = (struct fragmentation){0};
	space->cached_pages = space->deferred_pages = space->gaps = 0;
	space->held_count = 0;
	const struct iova_allocator *table = space->instance->table;
	if (table->visit_free)
		table->visit_free(space->instance->self, visit, &walk);
	else /* all that is not live is usable */
		occupancy_visit_free(space->occupancy, add_run, &space->free);
	if (space->held_count)
		qsort(space->held, space->held_count, sizeof space->held[0], by_first);
	occupancy_visit_free(space->occupancy, visit_drained, &walk);

	struct occupancy_counters counters = occupancy_counters(space->occupancy);
	uint64_t seen = counters.live_pages + counters.reserved_pages + space->free.free_pages + space->cached_pages +
			space->deferred_pages;
	if (seen != space->count)
		audit_complain(complaints, operation,
			       "live %" PRIu64 " + usable %" PRIu64 " + cached %" PRIu64 " + deferred %" PRIu64
			       " + reserved %" PRIu64 " pages are not the space of %" PRIu64,
			       counters.live_pages, space->free.free_pages, space->cached_pages, space->deferred_pages,
			       counters.reserved_pages, space->count);
	struct iova_statistics statistics = {0};
	table->statistics(space->instance->self, &statistics);
	if (statistics.usable_pages != space->free.free_pages || statistics.cached_pages != space->cached_pages ||
	    statistics.deferred_pages != space->deferred_pages)
		audit_complain(complaints, operation,
			       "statistics say %" PRIu64 " usable, %" PRIu64 " cached and %" PRIu64
			       " deferred pages, the walk finds %" PRIu64 ", %" PRIu64 " and %" PRIu64,
			       statistics.usable_pages, statistics.cached_pages, statistics.deferred_pages,
			       space->free.free_pages, space->cached_pages, space->deferred_pages);
}

/* ---- why a request failed ---- */

/* Looks for a run, inside the window, in which the request would fit. */
struct fitting {
	const struct iova_request *asked;
	struct window window;
	uint64_t runs;
	bool fits;
};

static void look_for_fit(void *context, uint64_t first, uint64_t count)
{
	struct fitting *fitting = context;
	uint64_t low = first > fitting->window.low ? first : fitting->window.low;
	uint64_t end = first + count <= fitting->window.high ? first + count : fitting->window.high + 1;
	fitting->runs++;
	fitting->fits |= low < end && fits_between(fitting->asked, low, end);
}

/* With all that is held back the request would fit, and without it would not. */
static bool is_held(struct audit_space *space, const struct iova_request *asked, const struct window *window,
		    struct audit_complaints *complaints, uint64_t operation)
{
	struct fitting all = {.asked = asked, .window = *window}, usable = all;
	occupancy_visit_free(space->occupancy, look_for_fit, &all);
	space->held_looks -= all.runs < space->held_looks ? all.runs : space->held_looks;
	if (!all.fits)
		return false;
	audit_space_walk(space, complaints, operation);
	struct usable cut = {space, 0, look_for_fit, &usable};
	occupancy_visit_free(space->occupancy, cut_held, &cut);
	uint64_t runs = usable.runs + space->held_count;
	space->held_looks -= runs < space->held_looks ? runs : space->held_looks;
	return !usable.fits;
}

enum audit_failure audit_space_classify(struct audit_space *space, const struct op_request *request, size_t kind,
					struct audit_complaints *complaints, uint64_t operation)
{
	assert(kind < OP_CONTROL && request->high_count);
	const struct iova_request *asked = &request->request;
	const struct window window = window_of(space, request);
	if (!may_fit(space, kind, asked, window.low, window.high) ||
	    asked->count > allocator_instance_length_max(space->instance))
		return AUDIT_IMPOSSIBLE;
	if (space->quota && quota_is_starved(space->quota))
		return AUDIT_METADATA;
	if (space->quota && quota_is_spent(space->quota))
		return AUDIT_REFUSED;
	struct iova_statistics statistics = {0};
	space->instance->table->statistics(space->instance->self, &statistics);
	uint64_t held = statistics.cached_pages + statistics.deferred_pages;
	uint64_t free = occupancy_free_pages(space->occupancy, window.low, window.high - window.low + 1);
	if (free < asked->count)
		return AUDIT_EXHAUSTED;
	bool exhausted = free < asked->count + held;
	if (held && (space->held_looks ? is_held(space, asked, &window, complaints, operation) : exhausted))
		return AUDIT_HELD;
	return exhausted ? AUDIT_EXHAUSTED : AUDIT_FRAGMENTED;
}

double audit_space_window_occupancy(const struct audit_space *space, const struct op_request *request)
{
	const struct window window = window_of(space, request);
	if (window.low > window.high)
		return 1;
	uint64_t count = window.high - window.low + 1;
	double free = (double)occupancy_free_pages(space->occupancy, window.low, count);
	double live = (double)occupancy_live_pages(space->occupancy, window.low, count);
	return live + free > 0 ? live / (live + free) : 1;
}

void audit_space_check_empty(const struct audit_space *space, struct audit_complaints *complaints, uint64_t operation)
{
	if (space->free.free_pages != space->usable)
		audit_complain(complaints, operation,
			       "after everything was freed %" PRIu64 " of %" PRIu64 " pages are usable",
			       space->free.free_pages, space->usable);
}
