/* SPDX-License-Identifier: MIT
 * A first-fit allocator over one word for each page, right but slow, and what becomes of it with one flaw each. Conformance
 * must accept the former and reject all of the latter. */
#include "conformance/conformance.h"

#include <string.h>

enum flaw {
	FLAW_NONE,
	FLAW_OVERLAP,
	FLAW_OUT_OF_RANGE,
	FLAW_SHORT_GRANT,
	FLAW_LOST_FREE,
	FLAW_NO_COALESCING,
	FLAW_IGNORED_ALIGN,
	FLAW_IGNORED_LIMIT,
	FLAW_IGNORED_BOUNDARY,
	FLAW_FALSE_NO_SPACE,
	FLAW_LYING_VISIT,
	FLAW_LYING_STATISTICS,
	FLAW_FAILURE_MOVES,
	FLAW_EXTENT_ON_FAILURE,
	FLAW_COUNTED_DIFFERS,
	FLAW_UNREPEATABLE,
	FLAW_SHARED_STATE,
	FLAW_PLACE_ON_LIVE,
	FLAW_PLACE_REFUSES,
	FLAW_LEAK,
	FLAW_LEAK_ON_FAILURE,
	FLAW_NO_MEMORY_MOVES,
	FLAW_BROKEN_INVARIANT,
	FLAW_HUGE_SPACE,
	FLAW_PLACES_LATE, /* can, and does not say so */
	FLAW_IGNORED_BOTTOM,
	FLAW_IGNORED_TOP,
	FLAW_LONGEST_TOO_LONG,
	FLAW_LONGEST_TOO_SHORT,
	FLAW_PADS, /* is none: free pages in front of an aligned extent go with it */
	FLAW_PADDING_UNTOLD,
	FLAW_PADDING_TOO_LONG,
	FLAW_PADDING_CHANGES,
};

enum { PAGE_FREE, PAGE_LIVE, PAGE_SEAM /* free, but no run of FLAW_NO_COALESCING goes beyond it */ };

struct reference {
	struct iova_space space;
	const struct iova_host *host;
	enum flaw flaw;
	uint8_t *pages;
	void *notes; /* a second piece of memory, taken by the first allocation */
	uint64_t usable;
	uint64_t calls;
	uint64_t skip; /* pages at the beginning that a flawed search passes over */
};

/* State outside of instances, which is what some flaws consist of. */
static uint64_t shared_calls;

#define NOTES_BYTES 256
#define PAGES_MAX (UINT64_C(1) << 16)

static enum iova_status reference_make(const struct iova_space *space, const struct iova_host *host, enum flaw flaw,
				       void **self, const char **reason)
{
	if (space->count > PAGES_MAX) {
		*reason = "one byte for each page is too much";
		return IOVA_UNSUPPORTED;
	}
	struct reference *reference = host->memory_get(host->context, sizeof *reference);
	if (!reference)
		return IOVA_NO_MEMORY;
	*reference = (struct reference){.space = *space, .host = host, .flaw = flaw, .usable = space->count};
	reference->pages = host->memory_get(host->context, space->count);
	if (!reference->pages) {
		if (flaw != FLAW_LEAK_ON_FAILURE)
			host->memory_put(host->context, reference, sizeof *reference);
		return IOVA_NO_MEMORY;
	}
	if (flaw == FLAW_HUGE_SPACE && space->count == PAGES_MAX) {
		reference->pages[0] = PAGE_LIVE;
	}
	*self = reference;
	return IOVA_OK;
}

static bool satisfies(const struct reference *reference, const struct iova_request *request, uint64_t first)
{
	uint64_t last = first + request->count - 1;
	uint32_t constraints = request->constraints;
	if (reference->flaw != FLAW_IGNORED_ALIGN && constraints & IOVA_CONSTRAIN_ALIGN && first & (request->align - 1))
		return false;
	if (reference->flaw != FLAW_IGNORED_LIMIT && constraints & IOVA_CONSTRAIN_LIMIT &&
	    (first < request->low || last > request->high))
		return false;
	return reference->flaw == FLAW_IGNORED_BOUNDARY || !(constraints & IOVA_CONSTRAIN_BOUNDARY) ||
	       first / request->boundary == last / request->boundary;
}

/* The first free run that satisfies the request, or the last one if it asks for that; the number of its first page from the
 * beginning of the space, or UINT64_MAX. */
static uint64_t find(const struct reference *reference, const struct iova_request *request)
{
	uint64_t run = 0, count = reference->space.count, last = UINT64_MAX;
	bool bottom = request->constraints & IOVA_CONSTRAIN_BOTTOM, top = request->constraints & IOVA_CONSTRAIN_TOP;
	top = (top && reference->flaw != FLAW_IGNORED_TOP) || (bottom && reference->flaw == FLAW_IGNORED_BOTTOM);
	for (uint64_t page = reference->skip; page < count; page++) {
		if (reference->pages[page] == PAGE_LIVE)
			run = 0;
		else if (reference->flaw == FLAW_NO_COALESCING && reference->pages[page] == PAGE_SEAM)
			run = 1;
		else
			run++;
		uint64_t begin = page + 1 - request->count;
		if (run < request->count || !satisfies(reference, request, reference->space.first + begin))
			continue;
		last = begin;
		if (!top)
			break;
	}
	return last;
}

static bool pads(const struct reference *reference)
{
	return reference->flaw >= FLAW_PADS && reference->flaw <= FLAW_PADDING_CHANGES;
}

/* Free pages right in front of an extent, as many as an alignment may pass over. */
static uint64_t find_padding(const struct reference *reference, const struct iova_request *request, uint64_t begin)
{
	uint64_t most = request->constraints & IOVA_CONSTRAIN_ALIGN && pads(reference) ? request->align - 1 : 0,
		 padding = 0;
	while (padding < most && padding < begin && reference->pages[begin - padding - 1] != PAGE_LIVE)
		padding++;
	return padding;
}

static uint64_t reference_padding(void *self, const struct iova_extent *extent)
{
	const struct reference *reference = self;
	if (reference->flaw == FLAW_PADDING_UNTOLD)
		return 0;
	if (reference->flaw == FLAW_PADDING_TOO_LONG && extent->cookie)
		return extent->cookie + 1;
	return reference->flaw == FLAW_PADDING_CHANGES && extent->cookie ? reference->calls % 2 : extent->cookie;
}

static uint64_t reference_length_max(void *self)
{
	const struct reference *reference = self;
	uint64_t count = reference->space.count;
	return reference->flaw == FLAW_LONGEST_TOO_LONG    ? count + 1
	       : reference->flaw == FLAW_LONGEST_TOO_SHORT ? count / 2
							   : count;
}

static void mark(struct reference *reference, uint64_t begin, uint64_t count, uint8_t state)
{
	for (uint64_t page = begin; page < begin + count; page++) {
		bool was_live = reference->pages[page] == PAGE_LIVE;
		reference->usable += (uint64_t)was_live - (state == PAGE_LIVE);
		reference->pages[page] = state;
	}
}

static void flaw_before(struct reference *reference)
{
	reference->calls++;
	shared_calls++;
	if (reference->flaw == FLAW_SHARED_STATE || reference->flaw == FLAW_UNREPEATABLE)
		reference->skip = shared_calls % 5;
}

static enum iova_status reference_failed(struct reference *reference, const struct iova_request *request,
					 struct iova_extent *extent)
{
	if (reference->flaw == FLAW_FAILURE_MOVES)
		reference->skip = (reference->skip + 1) % 7;
	if (reference->flaw == FLAW_EXTENT_ON_FAILURE)
		extent->count = 0;
	if (reference->flaw == FLAW_OUT_OF_RANGE && request->count < reference->space.count &&
	    reference->pages[reference->space.count - 1] == PAGE_FREE) {
		*extent = (struct iova_extent){reference->space.first + reference->space.count - 1, request->count, 0};
		mark(reference, reference->space.count - 1, 1, PAGE_LIVE);
		return IOVA_OK;
	}
	return IOVA_NO_SPACE;
}

static enum iova_status reference_alloc(void *self, const struct iova_request *request, uint32_t cpu,
					struct iova_extent *extent)
{
	struct reference *reference = self;
	(void)cpu;
	flaw_before(reference);
	if (!reference->notes) {
		reference->notes = reference->host->memory_get(reference->host->context, NOTES_BYTES);
		if (!reference->notes && reference->flaw == FLAW_NO_MEMORY_MOVES)
			mark(reference, 0, 1, PAGE_LIVE);
		if (!reference->notes)
			return IOVA_NO_MEMORY;
	}
	if (reference->flaw == FLAW_FALSE_NO_SPACE && reference->calls % 41 == 0)
		return IOVA_NO_SPACE;
	uint64_t begin = find(reference, request), count = request->count;
	if (begin == UINT64_MAX)
		return reference_failed(reference, request, extent);
	uint64_t padding = find_padding(reference, request, begin);
	mark(reference, begin - padding, count + padding, PAGE_LIVE);
	if (reference->flaw == FLAW_OVERLAP && reference->calls % 50 == 0)
		mark(reference, begin, 1, PAGE_FREE);
	if (reference->flaw == FLAW_BROKEN_INVARIANT && reference->calls % 100 == 0)
		reference->usable++;
	if (reference->flaw == FLAW_SHORT_GRANT && count > 3 && reference->calls % 50 == 0)
		mark(reference, begin + --count, 1, PAGE_FREE);
	*extent = (struct iova_extent){reference->space.first + begin, count, padding};
	return IOVA_OK;
}

static void reference_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct reference *reference = self;
	uint64_t begin = extent->first - extent->cookie - reference->space.first, count = extent->count + extent->cookie;
	(void)cpu;
	if (reference->flaw == FLAW_OUT_OF_RANGE && count > reference->space.count - begin)
		count = reference->space.count - begin;
	mark(reference, begin, count, PAGE_FREE);
	reference->pages[begin] = PAGE_SEAM;
	if (reference->flaw == FLAW_LOST_FREE && reference->calls % 20 == 0)
		mark(reference, begin, 1, PAGE_LIVE);
}

static enum iova_status reference_place(void *self, uint64_t first, uint64_t count, uint32_t cpu,
					struct iova_extent *extent)
{
	struct reference *reference = self;
	uint64_t begin = first - reference->space.first, live = 0;
	(void)cpu;
	if (reference->flaw == FLAW_PLACE_REFUSES && begin % 8 == 0)
		return IOVA_TAKEN;
	for (uint64_t page = begin; page < begin + count; page++)
		live += reference->pages[page] == PAGE_LIVE;
	/* The flawed one looks at both ends only. */
	if (reference->flaw == FLAW_PLACE_ON_LIVE)
		live = reference->pages[begin] == PAGE_LIVE || reference->pages[begin + count - 1] == PAGE_LIVE;
	if (live)
		return IOVA_TAKEN;
	mark(reference, begin, count, PAGE_LIVE);
	*extent = (struct iova_extent){first, count, 0};
	return IOVA_OK;
}

static void reference_visit_free(void *self, iova_visit visit, void *context)
{
	struct reference *reference = self;
	uint64_t run = 0, first = reference->space.first;
	for (uint64_t page = 0; page <= reference->space.count; page++) {
		if (page < reference->space.count && reference->pages[page] != PAGE_LIVE) {
			run++;
			continue;
		}
		if (run && reference->flaw == FLAW_LYING_VISIT && run > 9)
			visit(context, first + page - run, run - 1, IOVA_USABLE);
		else if (run)
			visit(context, first + page - run, run, IOVA_USABLE);
		run = 0;
	}
}

static void reference_statistics(void *self, struct iova_statistics *statistics)
{
	struct reference *reference = self;
	*statistics = (struct iova_statistics){.usable_pages = reference->usable};
	if (reference->flaw == FLAW_LYING_STATISTICS && reference->calls > 100)
		statistics->usable_pages--;
}

static const char *reference_broken_invariant(void *self)
{
	struct reference *reference = self;
	uint64_t usable = 0;
	for (uint64_t page = 0; page < reference->space.count; page++)
		usable += reference->pages[page] != PAGE_LIVE;
	return usable == reference->usable ? NULL : "usable is the number of pages that are not live";
}

static void reference_destroy(void *self)
{
	struct reference *reference = self;
	if (!reference)
		return;
	const struct iova_host *host = reference->host;
	if (reference->flaw != FLAW_LEAK)
		host->memory_put(host->context, reference->notes, NOTES_BYTES);
	host->memory_put(host->context, reference->pages, reference->space.count);
	host->memory_put(host->context, reference, sizeof *reference);
}

static enum iova_status reference_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
						struct iova_extent *extent, struct iova_steps *steps)
{
	struct reference *reference = self;
	steps->examined += reference->space.count;
	if (reference->flaw == FLAW_COUNTED_DIFFERS && reference->calls == 60)
		reference->skip = 1;
	return reference_alloc(self, request, cpu, extent);
}

static void reference_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	steps->examined += extent->count;
	reference_free(self, extent, cpu);
}

/* One table for each flaw: only create and the name differ. */
#define REFERENCE(flaw_, label, storage) WITH(flaw_, label, storage, IOVA_EXPLICIT, NULL)
#define PADDED(flaw_, label, storage) WITH(flaw_, label, storage, IOVA_EXPLICIT, reference_padding)
#define WITH(flaw_, label, storage, explicit_, padding_)                                                                   \
	static enum iova_status create_##flaw_(const struct iova_space *space, const uint64_t *options,                    \
					       const struct iova_host *host, const struct iova_below *below, void **self,  \
					       const char **reason)                                                        \
	{                                                                                                                  \
		(void)options;                                                                                             \
		(void)below;                                                                                               \
		return reference_make(space, host, flaw_, self, reason);                                                   \
	}                                                                                                                  \
	storage const struct iova_allocator label = {                                                                      \
		.magic = IOVA_MAGIC,                                                                                       \
		.abi = IOVA_ABI,                                                                                           \
		.size = sizeof(struct iova_allocator),                                                                     \
		.name = #label,                                                                                            \
		.about = "one byte for each page, first fit",                                                              \
		.capabilities = (explicit_) | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS | IOVA_DIRECTION,       \
		.create = create_##flaw_,                                                                                  \
		.alloc = reference_alloc,                                                                                  \
		.free = reference_free,                                                                                    \
		.place = reference_place,                                                                                  \
		.visit_free = reference_visit_free,                                                                        \
		.statistics = reference_statistics,                                                                        \
		.broken_invariant = reference_broken_invariant,                                                            \
		.destroy = reference_destroy,                                                                              \
		.alloc_counted = reference_alloc_counted,                                                                  \
		.free_counted = reference_free_counted,                                                                    \
		.length_max = reference_length_max,                                                                        \
		.padding = (padding_),                                                                                     \
	};

REFERENCE(FLAW_NONE, mutant_reference, )
REFERENCE(FLAW_OVERLAP, overlap, static)
REFERENCE(FLAW_OUT_OF_RANGE, out_of_range, static)
REFERENCE(FLAW_SHORT_GRANT, short_grant, static)
REFERENCE(FLAW_LOST_FREE, lost_free, static)
REFERENCE(FLAW_NO_COALESCING, no_coalescing, static)
REFERENCE(FLAW_IGNORED_ALIGN, ignored_align, static)
REFERENCE(FLAW_IGNORED_LIMIT, ignored_limit, static)
REFERENCE(FLAW_IGNORED_BOUNDARY, ignored_boundary, static)
REFERENCE(FLAW_FALSE_NO_SPACE, false_no_space, static)
REFERENCE(FLAW_LYING_VISIT, lying_visit, static)
REFERENCE(FLAW_LYING_STATISTICS, lying_statistics, static)
REFERENCE(FLAW_FAILURE_MOVES, failure_moves, static)
REFERENCE(FLAW_EXTENT_ON_FAILURE, extent_on_failure, static)
REFERENCE(FLAW_COUNTED_DIFFERS, counted_differs, static)
REFERENCE(FLAW_UNREPEATABLE, unrepeatable, static)
REFERENCE(FLAW_SHARED_STATE, shared_state, static)
REFERENCE(FLAW_PLACE_ON_LIVE, place_on_live, static)
REFERENCE(FLAW_PLACE_REFUSES, place_refuses, static)
REFERENCE(FLAW_LEAK, leak, static)
REFERENCE(FLAW_LEAK_ON_FAILURE, leak_on_failure, static)
REFERENCE(FLAW_NO_MEMORY_MOVES, no_memory_moves, static)
REFERENCE(FLAW_BROKEN_INVARIANT, broken_invariant, static)
REFERENCE(FLAW_HUGE_SPACE, large_space, static)
WITH(FLAW_PLACES_LATE, places_late, static, 0, NULL)
REFERENCE(FLAW_IGNORED_BOTTOM, ignored_bottom, static)
REFERENCE(FLAW_IGNORED_TOP, ignored_top, static)
REFERENCE(FLAW_LONGEST_TOO_LONG, longest_too_long, static)
REFERENCE(FLAW_LONGEST_TOO_SHORT, longest_too_short, static)
PADDED(FLAW_PADS, mutant_padded, )
PADDED(FLAW_PADDING_UNTOLD, padding_untold, static)
PADDED(FLAW_PADDING_TOO_LONG, padding_too_long, static)
PADDED(FLAW_PADDING_CHANGES, padding_changes, static)

const struct mutant mutants[] = {
	{&overlap, "live extents are disjoint parts of the space"},
	{&out_of_range, "live extents are disjoint parts of the space"},
	{&short_grant, "live extents are disjoint parts of the space"},
	{&lost_free, "visit_free shows every page that is not live, once"},
	{&no_coalescing, "after all frees the space is as new"},
	{&ignored_align, "alignment is honoured"},
	{&ignored_limit, "limits are honoured"},
	{&ignored_boundary, "boundaries are honoured"},
	{&false_no_space, "what was promised is found"},
	{&lying_visit, "visit_free shows every page that is not live, once"},
	{&lying_statistics, "live and free pages are the space"},
	{&failure_moves, "a failure changes nothing"},
	{&extent_on_failure, "a failure changes nothing"},
	{&counted_differs, "counted calls place like plain ones"},
	{&unrepeatable, "the same calls place the same"},
	{&shared_state, "instances share nothing"},
	{&place_on_live, "with IOVA_EXPLICIT extents can be placed at any time"},
	{&places_late, "without IOVA_EXPLICIT no extent is placed after the first allocation"},
	{&place_refuses, "holes can be placed before the first allocation"},
	{&leak, "destroy gives all memory back, also with live extents"},
	{&leak_on_failure, "every failing memory request leaves all as it was"},
	{&no_memory_moves, "every failing memory request leaves all as it was"},
	{&broken_invariant, "no invariant breaks"},
	{&large_space, "odd and huge spaces work or are refused"},
	{&ignored_bottom, "the lowest or the highest place is found, as asked"},
	{&ignored_top, "the lowest or the highest place is found, as asked"},
	{&longest_too_long, "length_max is served by a free space, and nothing longer"},
	{&longest_too_short, "length_max is served by a free space, and nothing longer"},
	{&padding_untold, "visit_free shows every page that is not live, once"},
	{&padding_untold, "live and free pages are the space"},
	{&padding_too_long, "alignment is honoured"},
	{&padding_changes, "alignment is honoured"},
};
const size_t mutant_count = sizeof mutants / sizeof mutants[0];
