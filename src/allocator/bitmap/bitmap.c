/* SPDX-License-Identifier: MIT
 * bitmap: one bit per page, and per word the length of the longest free run that starts in it. docs/bitmap.md has the
 * picture.
 *
 * A run is a maximal sequence of free pages, and belongs to the word of its first page, however far it goes. The code
 * of a word is an upper bound of its longest run: it rises when pages are freed, and is made exact by a search that
 * trusted it in vain. So taking and freeing look at the neighbours of the pages alone. Page numbers in here are
 * indices: word 0, all that precedes the space and all that follows its last page are used for ever, and stop every search. */
#include "allocator/bitmap/runs.h"
#include "allocator/builtin.h"
#include "allocator/contract.h"

#include <assert.h>

/* 1.16 bits for each of these are more addresses than a host can be asked for. */
#define PAGES_MAX (UINT64_C(1) << 46)

/* Pages whose bits fill a page of memory. */
#define REGION (UINT64_C(4096) * 8)

/* Lowest page of the word at or after from where a run of count begins, or NOTHING. */
INLINE uint64_t start_in_word(const struct bitmap *self, uint64_t word, uint64_t used, uint64_t count)
{
	unsigned position;
	if (count < RUN_INDEX_EXACT) {
		position = word_runs_first_zeros(used, count);
		if (position + count <= 64)
			return (word << 6) + position;
	} else {
		position = used ? 64 - (unsigned)__builtin_clzll(used) : 0;
	}
	uint64_t start = (word << 6) + position;
	if (position == 64 || page_bitmap_next(&self->used, start) - start < count)
		return NOTHING;
	return start;
}

/* Lowest page of the word where count free pages begin, or NOTHING; then the code of the word is exact. */
INLINE uint64_t search_word(struct bitmap *self, uint64_t word, uint64_t count)
{
	uint64_t used = self->used.words[word];
	if (!~used) {
		self->runs.codes[word] = 0;
		return NOTHING;
	}
	uint64_t start = start_in_word(self, word, used, count);
	if (__builtin_expect(start == NOTHING, 0))
		run_index_set(&self->runs, word, word_code(self, word));
	return start;
}

/* Lowest page where count free pages begin among the words >= word, or NOTHING. */
static uint64_t search_words(struct bitmap *self, uint64_t word, uint64_t count, uint64_t *examined)
{
	uint8_t code = run_index_code(count);
	for (;; word++) {
		word = run_index_next(&self->runs, word, code, examined);
		if (word == RUN_INDEX_NOTHING)
			return NOTHING;
		++*examined;
		uint64_t start = search_word(self, word, count);
		if (start != NOTHING)
			return start;
	}
}

/* Lowest page >= from where count free pages begin, or NOTHING. from <= self->end. */
static uint64_t search_from(struct bitmap *self, uint64_t from, uint64_t count, uint64_t *examined)
{
	uint64_t used = page_bitmap_next(&self->used, from);
	++*examined;
	if (used - from >= count)
		return from;
	uint64_t word = used >> 6;
	uint64_t start = start_in_word(self, word, self->used.words[word] | ((UINT64_C(1) << (used & 63)) - 1), count);
	if (start != NOTHING)
		return start;
	return word == self->end >> 6 ? NOTHING : search_words(self, word + 1, count, examined);
}

#define BOUNDARY_NONE (UINT64_C(1) << 63)

/* Where a request may start and end, in indices. */
struct window {
	uint64_t low;
	uint64_t high; /* last start */
	uint64_t align;
	uint64_t boundary;
};

static bool window_of(const struct bitmap *self, const struct iova_request *request, struct window *window)
{
	uint64_t count = request->count, end = self->end;
	*window = (struct window){self->first, 0, 1, BOUNDARY_NONE};
	if (request->constraints & IOVA_CONSTRAIN_ALIGN)
		window->align = request->align;
	if (request->constraints & IOVA_CONSTRAIN_BOUNDARY)
		window->boundary = request->boundary;
	if (request->constraints & IOVA_CONSTRAIN_LIMIT) {
		if (request->high < request->low)
			return false;
		window->low = request->low - self->base;
		end = request->high - self->base + 1;
	}
	if (count > end - window->low || count > window->boundary)
		return false;
	window->high = end - count;
	return true;
}

/* Lowest index >= start that is aligned and not cut by a boundary. Powers of two: the multiples of the larger are
 * multiples of the smaller, so one step each is enough. */
static uint64_t fitting(const struct bitmap *self, const struct window *window, uint64_t start, uint64_t count)
{
	uint64_t page = bits_align_up(self->base + start, window->align);
	if ((page & (window->boundary - 1)) + count > window->boundary)
		page = bits_align_up(bits_align_up(page, window->boundary), window->align);
	return page - self->base;
}

/* The first run from a page on, which is used, or the first one of the space or of a run; self->end: there is none. */
static uint64_t next_run(const struct bitmap *self, uint64_t at)
{
	while (at < self->end) {
		uint64_t free = ~self->used.words[at >> 6] >> (at & 63);
		if (free)
			return at + (unsigned)__builtin_ctzll(free);
		/* What is free behind a used page begins in a word that has a code. */
		uint64_t word = run_index_peek(&self->runs, (at >> 6) + 1);
		at = word == RUN_INDEX_NOTHING ? self->end : word << 6;
	}
	return self->end;
}

/* A portion of the runs enters the index, the lowest first. */
static void file_runs(struct bitmap *self, uint64_t *examined)
{
	struct gap_index *index = &self->index;
	uint64_t end = index->begun ? page_bitmap_next(&self->used, index->filed.first - self->base) : self->first;
	unsigned left = GAP_INDEX_PORTION;
	for (uint64_t at; left && (at = next_run(self, end)) < self->end; left--) {
		end = page_bitmap_next(&self->used, at);
		gap_index_file(index, self->base + at, end - at, 0);
	}
	if (left)
		gap_index_finish(index);
	*examined += GAP_INDEX_PORTION - left;
}

/* Where it is wanted. True: it is on. */
static bool begin_index(struct bitmap *self, uint64_t *examined)
{
	if (gap_index_is_wanted(&self->index) && gap_index_begin(&self->index, self->host))
		file_runs(self, examined);
	self->inside_end = self->index.on ? 0 : RUN_INDEX_EXACT;
	return self->index.on;
}

/* As the searches below, by the index. False: it does not know. */
static bool search_index(struct bitmap *self, const struct window *window, uint64_t from, uint64_t count, bool down,
			 uint64_t *place, uint64_t *examined)
{
	const struct gap_wish wish = {.count = count,
				      .align = window->align,
				      .boundary = window->boundary < BOUNDARY_NONE ? window->boundary : 0,
				      .low = self->base + from,
				      .end = self->base + window->high + count};
	uint64_t first;
	*place = NOTHING;
	if (!begin_index(self, examined) || (down && !self->index.whole))
		return false;
	if (from > window->high)
		return true;
	if (!gap_index_find(&self->index, &wish, down, down, &first, examined))
		return gap_index_settles(&self->index, &wish);
	*place = first - self->base;
	return true;
}

/* Jumps from run to run and from fitting address to fitting address; lowest start >= from, or NOTHING. */
static uint64_t search_window(struct bitmap *self, const struct window *window, uint64_t from, uint64_t count,
			      uint64_t *examined)
{
	uint64_t start = fitting(self, window, from, count), place;
	if (gap_index_is_due(&self->index) && search_index(self, window, from, count, false, &place, examined))
		return place;
	gap_index_walk(&self->index);
	while (start <= window->high) {
		uint64_t run = search_from(self, start, count, examined);
		if (run == start)
			return start;
		if (run == NOTHING)
			return NOTHING;
		gap_index_tried(&self->index);
		start = fitting(self, window, run, count);
	}
	return NOTHING;
}

/* Highest index <= start that is aligned and not cut by a boundary, or NOTHING below the window. */
static uint64_t fitting_below(const struct bitmap *self, const struct window *window, uint64_t start, uint64_t count)
{
	uint64_t page = bits_align_down(self->base + start, window->align);
	uint64_t inside = page & (window->boundary - 1);
	if (inside + count > window->boundary) /* the count is at most the boundary */
		page = bits_align_down(page - (inside + count - window->boundary), window->align); /* in the same block */
	/* Modulo 2^64, as base is: a page below it is an index beyond all. */
	start = page - self->base;
	return start <= window->high && start >= window->low ? start : NOTHING;
}

/* The highest free page below an index of a used one, plus one; 0: there is none. Full words are passed over. */
static uint64_t free_end_below(const struct bitmap *self, uint64_t at, uint64_t *examined)
{
	uint64_t word = at >> 6, free = ~self->used.words[word] & ((UINT64_C(1) << (at & 63)) - 1);
	++*examined;
	while (!free && word) {
		free = ~self->used.words[--word];
		++*examined;
	}
	return free ? (word << 6) + 64 - (unsigned)__builtin_clzll(free) : 0;
}

/* As search_window, downwards: highest start in the window. Linear in the words above it. */
static uint64_t search_window_down(struct bitmap *self, const struct window *window, uint64_t count, uint64_t *examined)
{
	uint64_t start = fitting_below(self, window, window->high, count), place;
	if (gap_index_is_due(&self->index) && search_index(self, window, window->low, count, true, &place, examined))
		return place;
	gap_index_walk(&self->index);
	while (start != NOTHING) {
		uint64_t used = page_bitmap_previous(&self->used, start + count - 1);
		++*examined;
		if (used < start)
			return start;
		uint64_t end = free_end_below(self, used, examined);
		if (end < window->low + count)
			return NOTHING;
		gap_index_tried(&self->index);
		start = fitting_below(self, window, end - count, count);
	}
	return NOTHING;
}

/* Whether the constraints exclude any run that a request without them could get. */
static bool binds(const struct bitmap *self, const struct iova_request *request)
{
	uint32_t constraints = request->constraints;
	if (constraints & (IOVA_CONSTRAIN_BOUNDARY | IOVA_CONSTRAIN_BOTTOM | IOVA_CONSTRAIN_TOP) ||
	    (constraints & IOVA_CONSTRAIN_ALIGN && request->align > 1))
		return true;
	return constraints & IOVA_CONSTRAIN_LIMIT &&
	       (request->low > self->base + self->first || request->high < self->base + self->end - 1);
}

static uint64_t search_constrained(struct bitmap *self, const struct iova_request *request, uint64_t *examined)
{
	struct window window;
	if (!window_of(self, request, &window))
		return NOTHING;
	if (request->constraints & IOVA_CONSTRAIN_TOP)
		return search_window_down(self, &window, request->count, examined);
	if (self->fit == FIT_NEXT && self->cursor > window.low && !(request->constraints & IOVA_CONSTRAIN_BOTTOM)) {
		uint64_t start = search_window(self, &window, self->cursor, request->count, examined);
		if (start != NOTHING)
			return start;
	}
	return search_window(self, &window, window.low, request->count, examined);
}

static uint64_t search_next(struct bitmap *self, uint64_t count, uint64_t *examined)
{
	uint64_t start = search_from(self, self->cursor, count, examined);
	return start != NOTHING ? start : search_from(self, self->first, count, examined);
}

INLINE uint64_t search_first(struct bitmap *self, uint64_t count, uint64_t *examined)
{
	uint8_t code = run_index_code(count);
	uint64_t word = self->lowest[code];
	for (;;) {
		++*examined;
		if (self->runs.codes[word] < code) {
			word = run_index_next(&self->runs, word, code, examined);
			if (__builtin_expect(word == RUN_INDEX_NOTHING, 0))
				return NOTHING;
			raise(self, word, code);
		}
		uint64_t start = search_word(self, word, count);
		if (__builtin_expect(start != NOTHING, 1))
			return start;
		/* Too short by less than a step of the code. */
		if (self->runs.codes[word] == code)
			return search_words(self, word + 1, count, examined);
	}
}

/* Words with a run freed lately, from the smallest class that is sure to suffice; then the lowest address. */
INLINE uint64_t search_any(struct bitmap *self, uint64_t count, uint64_t *examined)
{
	uint8_t code = run_index_code(count);
	unsigned class = count < RUN_INDEX_EXACT ? bits_log2_ceil(count) : CLASSES - 1;
	for (struct recent *recent = self->recent + class; recent < self->recent + CLASSES; recent++) {
		while (recent->held) {
			uint64_t word = recent->words[recent->newest];
			++*examined;
			if (__builtin_expect(self->runs.codes[word] >= code, 1)) {
				uint64_t start = search_word(self, word, count);
				if (__builtin_expect(start != NOTHING, 1))
					return start;
			}
			recent->held--;
			recent->newest = recent->newest ? recent->newest - 1 : RECENT - 1;
		}
	}
	uint64_t start = search_words(self, 0, count, examined);
	if (start != NOTHING)
		remember(&self->recent[class], start >> 6);
	return start;
}

/* Where the run begins that a free page or the one behind it is of. */
static uint64_t run_begin(const struct bitmap *self, uint64_t page)
{
	return page_bitmap_previous(&self->used, page - 1) + 1;
}

/* The pages, used now, were of the run that lies on either side of them. */
static void index_taken(struct bitmap *self, uint64_t first, uint64_t count)
{
	if (!self->index.on)
		return;
	uint64_t begin = run_begin(self, first), end = page_bitmap_next(&self->used, first + count);
	gap_index_cut(&self->index, self->base + begin, end - begin, self->base + first, count);
}

static NOINLINE enum iova_status allocate(struct bitmap *self, const struct iova_request *request,
					  struct iova_extent *extent, struct iova_steps *steps)
{
	uint64_t count = request->count, start, examined = 0;
	if (__builtin_expect(count > self->free_pages, 0))
		return IOVA_NO_SPACE;
	if (__builtin_expect(gap_index_is_filing(&self->index), 0))
		file_runs(self, &examined);
	if (__builtin_expect(request->constraints & ~IOVA_CONSTRAIN_NO_DRAIN, 0) && binds(self, request))
		start = search_constrained(self, request, &examined);
	else if (self->fit == FIT_NEXT)
		start = search_next(self, count, &examined);
	else if (self->fit == FIT_ANY)
		start = search_any(self, count, &examined);
	else
		start = search_first(self, count, &examined);
	if (steps)
		steps->examined += examined;
	if (__builtin_expect(start == NOTHING, 0))
		return IOVA_NO_SPACE;
	take(self, start, count);
	self->cursor = start + count;
	*extent = (struct iova_extent){self->base + start, count, 0};
	index_taken(self, start, count);
	return IOVA_OK;
}

/* The word where the search for a run of less than 64 pages begins, or 0, which has none. */
INLINE uint64_t likely_word(const struct bitmap *self, uint64_t count)
{
	if (self->fit == FIT_FIRST)
		return self->lowest[count];
	if (self->fit == FIT_NEXT)
		return 0;
	const struct recent *recent = &self->recent[bits_log2_ceil(count)];
	return recent->held ? recent->words[recent->newest] : 0;
}

/* Most requests are small, and met inside the first word that is looked at. */
static enum iova_status bitmap_alloc(void *context, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	struct bitmap *self = context;
	uint64_t count = request->count;
	if (UNLIKELY(request->constraints & ~IOVA_CONSTRAIN_NO_DRAIN) || UNLIKELY(count >= self->inside_end))
		return allocate(self, request, extent, NULL);
	uint64_t word = likely_word(self, count);
	if (UNLIKELY(self->runs.codes[word] < count))
		return allocate(self, request, extent, NULL);
	uint64_t start = take_inside(self, word, count);
	if (UNLIKELY(start == NOTHING))
		return allocate(self, request, extent, NULL);
	*extent = (struct iova_extent){self->base + start, count, 0};
	return IOVA_OK;
}

static enum iova_status bitmap_alloc_counted(void *context, const struct iova_request *request, uint32_t cpu,
					     struct iova_extent *extent, struct iova_steps *steps)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	const struct bitmap *self = context;
	enum iova_status status = allocate(context, request, extent, steps);
	if (status != IOVA_OK)
		return status;
	uint64_t first = extent->first - self->base;
	steps->splits += page_bitmap_is_used(&self->used, first - 1) ? 0 : 1;
	steps->splits += page_bitmap_is_used(&self->used, first + extent->count) ? 0 : 1;
	return IOVA_OK;
}

static void give_back_indexed(struct bitmap *self, const struct iova_extent *extent)
{
	uint64_t first = extent->first - self->base, end = first + extent->count;
	give_back(self, first, extent->count);
	if (self->index.on)
		gap_index_join(&self->index, first - run_begin(self, first), extent->first, extent->count,
			       page_bitmap_next(&self->used, end) - end);
	self->inside_end = self->index.on ? 0 : RUN_INDEX_EXACT;
}

static void bitmap_free(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct bitmap *self = context;
	uint64_t first = extent->first - self->base;
	if (UNLIKELY(!give_back_inside(self, first, extent->count)))
		give_back_indexed(self, extent);
}

static void bitmap_free_counted(void *context, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	(void)cpu;
	struct bitmap *self = context;
	uint64_t first = extent->first - self->base, end = first + extent->count;
	steps->merges += page_bitmap_is_used(&self->used, first - 1) ? 0 : 1;
	steps->merges += page_bitmap_is_used(&self->used, end) ? 0 : 1;
	steps->examined += ((end - 1) >> 6) - (first >> 6) + 1;
	give_back_indexed(self, extent);
}

static enum iova_status bitmap_place(void *context, uint64_t first, uint64_t count, uint32_t cpu,
				     struct iova_extent *extent)
{
	assert(count);
	(void)cpu;
	struct bitmap *self = context;
	uint64_t start = first - self->base;
	if (start < self->first || start >= self->end || page_bitmap_next(&self->used, start) - start < count)
		return IOVA_TAKEN;
	take(self, start, count);
	index_taken(self, start, count);
	*extent = (struct iova_extent){first, count, 0};
	return IOVA_OK;
}

static void bitmap_visit_free(void *context, iova_visit visit, void *visit_context)
{
	const struct bitmap *self = context;
	for (uint64_t at = next_run(self, self->first), end; at < self->end; at = next_run(self, end)) {
		end = page_bitmap_next(&self->used, at);
		visit(visit_context, self->base + at, end - at, IOVA_USABLE);
	}
}

static void bitmap_statistics(void *context, struct iova_statistics *statistics)
{
	const struct bitmap *self = context;
	*statistics = (struct iova_statistics){.usable_pages = self->free_pages};
}

static const char *bitmap_broken_invariant(void *context)
{
	struct bitmap *self = context;
	const char *broken = bitmap_check(self);
	return broken ? broken : gap_index_check(&self->index, bitmap_visit_free, self);
}

static void bitmap_destroy(void *context)
{
	struct bitmap *self = context;
	if (!self)
		return;
	gap_index_release(&self->index, self->host);
	run_index_release(&self->runs);
	page_bitmap_release(&self->used);
	summaries_release(&self->summaries);
	self->host->memory_put(self->host->context, self, sizeof(*self));
}

static enum iova_status bitmap_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				      const struct iova_below *below, void **result, const char **reason)
{
	(void)below;
	if (space->count > PAGES_MAX) {
		*reason = "its bits are for 2^46 pages at most";
		return IOVA_UNSUPPORTED;
	}
	struct bitmap *self = host->memory_get(host->context, sizeof(*self));
	if (!self)
		return IOVA_NO_MEMORY;
	self->host = host;
	self->fit = (enum fit)options[0];
	/* Aligned, so that a region lies in no more pages of memory than it fills. */
	self->base = bits_align_down(space->first - 64, REGION);
	self->first = space->first - self->base;
	self->end = self->first + space->count;
	self->cursor = self->first;
	self->free_pages = space->count;
	self->inside_end = RUN_INDEX_EXACT;
	gap_index_create(&self->index, space->count, GAP_BY_ADDRESS, GAP_BY_ADDRESS);
	uint64_t words = (self->end >> 6) + 1;
	if (summaries_create(&self->summaries, words, host) ||
	    page_bitmap_create(&self->used, words << 6, &self->summaries, host) ||
	    run_index_create(&self->runs, words, &self->summaries, host)) {
		bitmap_destroy(self);
		return IOVA_NO_MEMORY;
	}
	page_bitmap_set(&self->used, 0, self->first);
	page_bitmap_set(&self->used, self->end, words << 6);
	for (unsigned code = 0; code <= UINT8_MAX; code++)
		self->lowest[code] = code ? self->first >> 6 : 0;
	promise(self, self->first >> 6, space->count);
	*result = self;
	return IOVA_OK;
}

static const char *const fit_choices[] = {"any", "first", "next", NULL};

static const struct iova_option bitmap_options[] = {
	{.name = "fit",
	 .kind = IOVA_OPTION_CHOICE,
	 .default_value = FIT_ANY,
	 .choices = fit_choices,
	 .help = "Which sufficient run is taken: any, the lowest address, or the next one after the last allocation."},
};

const struct iova_allocator allocator_bitmap = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "bitmap",
	.about = "One bit per page with summaries of the longest free runs; exact page counts, any run length.",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS | IOVA_DIRECTION,
	.options = bitmap_options,
	.option_count = sizeof(bitmap_options) / sizeof(bitmap_options[0]),
	.create = bitmap_create,
	.alloc = bitmap_alloc,
	.free = bitmap_free,
	.place = bitmap_place,
	.visit_free = bitmap_visit_free,
	.statistics = bitmap_statistics,
	.broken_invariant = bitmap_broken_invariant,
	.destroy = bitmap_destroy,
	.alloc_counted = bitmap_alloc_counted,
	.free_counted = bitmap_free_counted,
};
