/* SPDX-License-Identifier: MIT
 * Where a request goes. Every search that a bound misled makes the bound exact, so that it ends. */
#include "allocator/gap/fit.h"
#include "allocator/leaf/holes.h"

/* Leaves of a class that may suffice which are tried before one that is sure to. */
#define TRIES 4u

/* Leaves of a class of which that with the shortest run is taken. */
#define CHOICE 8u

/* With constraints: so many leaves are tried from the shortest runs up before one whose run is long enough for anything. */
#define TRIES_CONSTRAINED 48u

/* And without limits so many before all others. */
#define TRIES_MANY 256u

/* Where in the run [first, end), which has the pages, as few whole leaves as can be are used in part. */
static uint64_t place_across(uint64_t first, uint64_t end, uint64_t count)
{
	uint64_t whole = bits_align_up(first, LINE_PAGES), whole_end = bits_align_down(end, LINE_PAGES);
	uint64_t before = whole - first, behind = end - whole_end;
	if (whole >= whole_end || count <= before)
		return first;
	if (count <= behind)
		return whole_end;
	uint64_t needs = (count + LINE_PAGES - 1) / LINE_PAGES;
	uint64_t needs_less_before = (count - before + LINE_PAGES - 1) / LINE_PAGES;
	uint64_t needs_less_behind = (count - behind + LINE_PAGES - 1) / LINE_PAGES;
	uint64_t has = (whole_end - whole) / LINE_PAGES;
	if (needs_less_before < needs && needs_less_before <= has)
		return whole + needs_less_before * LINE_PAGES - count;
	if (needs_less_behind < needs && needs_less_behind <= has)
		return whole_end - needs_less_behind * LINE_PAGES;
	/* Whole leaves begin with one; what shares a leaf anyway leaves the rest in one piece. */
	return needs <= has && !(count & (LINE_PAGES - 1)) ? whole : first;
}

static bool is_in_leaf(struct leaf *self, uint64_t leaf, uint64_t count, bool across)
{
	uint64_t first;
	self->examined++;
	if (across) {
		uint64_t length = runs_across(self, leaf, &first);
		if (length >= 2 * LINE_PAGES)
			self->whole = ((first + length) >> LINE_LOG2) - 1;
		return length >= count;
	}
	struct line begins = line_begins(&self->lines[leaf], (unsigned)count);
	return line_lowest(&begins) != LINE_NOTHING;
}

/* From the longest class down: there it is, or hardly anywhere. */
static bool is_in_bins(struct leaf *self, uint64_t count, bool across)
{
	const struct bins *bins = across ? &self->across : &self->inside;
	unsigned least = class_of(saturated(count));
	for (unsigned bin = bins_some_below(bins, bins->bins - 1); bin != ~0u && bin >= least;
	     bin = bins_some_below(bins, bin - 1))
		for (uint64_t leaf = bins_first(bins, bin); leaf != BINS_NOTHING; leaf = bins_next(bins, bin, leaf + 1))
			if (is_in_leaf(self, leaf, count, across))
				return true;
	return false;
}

static bool is_held(struct leaf *self, uint64_t count)
{
	for (unsigned length = (unsigned)count; length < CLASS_EXACT; length++)
		for (unsigned i = 0; i < HELD && self->held[length][i] != HELD_NONE; i++)
			if (self->examined++, hole_is_there(self, hole_before(self->held[length][i]), length))
				return true;
	return false;
}

NOINLINE bool search_is_there(struct leaf *self, uint64_t count)
{
	if (count <= LINE_PAGES && line_is_zero(&self->lines[self->whole]))
		return true;
	if (is_in_bins(self, count, true) || (count < LINE_PAGES && is_in_bins(self, count, false)) ||
	    (count < CLASS_EXACT && is_held(self, count)))
		return true;
	self->failed = count;
	return false;
}

static bool is_sure(struct leaf *self, uint64_t count, bool *sure)
{
	if (!*sure)
		*sure = search_is_there(self, count);
	return *sure;
}

uint64_t search_inside(struct leaf *self, uint64_t leaf, uint64_t count, bool *sure)
{
	self->examined++;
	unsigned place = self->usual.find(self, leaf, count);
	if (place != LINE_NOTHING)
		return leaf << LINE_LOG2 | place;
	if (is_sure(self, count, sure))
		self->usual.tighten(self, leaf);
	return NOTHING;
}

uint64_t search_across(struct leaf *self, uint64_t leaf, uint64_t count, bool *sure)
{
	uint64_t first, length = runs_across(self, leaf, &first);
	self->examined++;
	if (length >= count)
		return place_across(first, first + length, count);
	if (is_sure(self, count, sure))
		runs_file_across(self, leaf, length);
	return NOTHING;
}

INLINE uint64_t bound_of(const struct leaf *self, uint64_t leaf, bool across)
{
	return across ? self->bounds[leaf].across : self->bounds[leaf].inside;
}

/* The leaf with the least bound among the CHOICE lowest of a class that has one, all of whose bounds suffice. */
static NOINLINE uint64_t shortest(const struct leaf *self, unsigned class, uint64_t count, bool across)
{
	const struct bins *bins = across ? &self->across : &self->inside;
	uint64_t leaf = bins_first(bins, class), found = leaf, least = UINT64_MAX;
	for (unsigned left = CHOICE; left && leaf != BINS_NOTHING && least > count;
	     left--, leaf = bins_next(bins, class, leaf + 1)) {
		uint64_t bound = bound_of(self, leaf, across);
		found = bound < least ? leaf : found;
		least = bound < least ? bound : least;
	}
	return found;
}

/* Among at most `tries` leaves of a class whose runs may be too short. */
static uint64_t search_class(struct leaf *self, unsigned class, uint64_t count, unsigned tries, bool *sure)
{
	uint64_t place = NOTHING, leaf;
	unsigned left = tries;
	if (class < CLASSES_INSIDE && self->inside.some[class >> 6] >> (class & 63) & 1)
		for (leaf = bins_first(&self->inside, class);
		     leaf != BINS_NOTHING && place == NOTHING && left-- && count < self->failed;
		     leaf = bins_next(&self->inside, class, leaf + 1))
			if (self->bounds[leaf].inside >= count)
				place = search_inside(self, leaf, count, sure);
	left = tries;
	if (place == NOTHING && self->across.some[class >> 6] >> (class & 63) & 1)
		for (leaf = bins_first(&self->across, class);
		     leaf != BINS_NOTHING && place == NOTHING && left-- && count < self->failed;
		     leaf = bins_next(&self->across, class, leaf + 1))
			if (self->bounds[leaf].across >= saturated(count))
				place = search_across(self, leaf, count, sure);
	return place;
}

/* In the class of the shorter runs. */
static uint64_t search_shortest(struct leaf *self, unsigned inside, unsigned across, uint64_t count, bool *sure)
{
	bool is_across = across < inside;
	uint64_t leaf = is_across ? bins_first(&self->across, across) : bins_first(&self->inside, inside);
	if (bound_of(self, leaf, is_across) > count)
		leaf = shortest(self, is_across ? across : inside, count, is_across);
	return is_across ? search_across(self, leaf, count, sure) : search_inside(self, leaf, count, sure);
}

uint64_t search_any(struct leaf *self, uint64_t count)
{
	if (count > self->usable_pages || count >= self->failed)
		return NOTHING;
	bool sure = false;
	unsigned may = class_of(saturated(count)), suffices = class_sufficing(saturated(count));
	uint64_t place = may == suffices ? NOTHING : search_class(self, may, count, TRIES, &sure);
	while (place == NOTHING && count < self->failed) {
		unsigned inside = bins_some(&self->inside, suffices), across = bins_some(&self->across, suffices);
		if (inside == across && inside == ~0u)
			break;
		place = search_shortest(self, inside, across, count, &sure);
	}
	if (place == NOTHING && may != suffices)
		place = search_class(self, may, count, ~0u, &sure);
	if (place == NOTHING)
		self->failed = count;
	return place;
}

struct constrained {
	struct gap_wish wish; /* in pages of the space; the others in indices */
	uint64_t low, end;
	struct line allowed; /* pages of a leaf at which alignment and boundary let an extent begin that ends in it */
	unsigned tries;
};

static void count_try(struct leaf *self, struct constrained *search)
{
	self->examined++;
	search->tries++;
	gap_index_tried(&self->index);
}

/* A one at every multiple of period, a power of two up to 64. */
static uint64_t bits_each(uint64_t period)
{
	return ~UINT64_C(0) / line_ones((unsigned)period);
}

static uint64_t aligned_in_word(unsigned word, uint64_t align)
{
	return align <= 64 ? bits_each(align) : !(64 * word & (align - 1));
}

/* count <= boundary. */
static uint64_t uncut_in_word(unsigned word, uint64_t boundary, uint64_t count)
{
	if (!boundary || boundary >= LINE_PAGES)
		return ~UINT64_C(0);
	if (boundary <= 64)
		return bits_each(boundary) * line_ones((unsigned)(boundary - count) + 1);
	uint64_t from = 64 * word & (boundary - 1), last = boundary - count;
	return last < from ? 0 : line_ones(last - from < 63 ? (unsigned)(last - from) + 1 : 64);
}

static void allow(struct constrained *search)
{
	const struct gap_wish *wish = &search->wish;
	for (unsigned word = 0; word < LINE_WORDS; word++)
		search->allowed.words[word] =
			aligned_in_word(word, wish->align) & uncut_in_word(word, wish->boundary, wish->count);
}

/* Takes the pages of a leaf away at which no extent begins that the limits contain. */
static void cut_to_limits(const struct constrained *search, uint64_t base, struct line *begins)
{
	uint64_t last = search->end - search->wish.count;
	for (unsigned word = 0; word < LINE_WORDS; word++, base += 64) {
		if (base < search->low)
			begins->words[word] &= search->low - base < 64 ? ~UINT64_C(0) << (search->low - base) : 0;
		if (base + 63 > last)
			begins->words[word] &= last < base ? 0 : line_ones((unsigned)(last - base) + 1);
	}
}

static uint64_t fit_inside(struct leaf *self, struct constrained *search, uint64_t leaf)
{
	uint64_t base = leaf << LINE_LOG2;
	count_try(self, search);
	struct line begins = line_begins(&self->lines[leaf], (unsigned)search->wish.count);
	for (unsigned part = 0; part < LINE_PARTS; part++)
		begins.parts[part] &= search->allowed.parts[part];
	if (base < search->low || base + LINE_PAGES > search->end)
		cut_to_limits(search, base, &begins);
	unsigned place = line_lowest(&begins);
	/* Of an alignment above a leaf only its first page was let through. */
	if (place == LINE_NOTHING || (self->base + base + place) & (search->wish.align - 1))
		return NOTHING;
	return base + place;
}

static uint64_t fit_run(const struct leaf *self, const struct constrained *search, uint64_t first, uint64_t end)
{
	uint64_t place;
	return gap_fit(self->base + first, self->base + end, &search->wish, false, &place) ? place - self->base : NOTHING;
}

static uint64_t fit_across(struct leaf *self, struct constrained *search, uint64_t leaf)
{
	uint64_t first, length = runs_across(self, leaf, &first);
	count_try(self, search);
	return length ? fit_run(self, search, first, first + length) : NOTHING;
}

typedef uint64_t fit_function(struct leaf *self, struct constrained *search, uint64_t leaf);

/* The leaves of a bin that the limits reach, the lowest first, until tries has reached `most`. */
static uint64_t fit_bin(struct leaf *self, struct constrained *search, const struct bins *bins, unsigned bin,
			fit_function *fit, unsigned most)
{
	uint64_t leaf = search->low >> LINE_LOG2, last = (search->end - 1) >> LINE_LOG2, place = NOTHING;
	while (place == NOTHING && search->tries < most) {
		leaf = bins_next(bins, bin, leaf);
		if (leaf == BINS_NOTHING || leaf > last)
			return NOTHING;
		place = fit(self, search, leaf++);
	}
	return place;
}

/* All classes from this one up to the end, until tries has reached `most`. */
static uint64_t fit_classes(struct leaf *self, struct constrained *search, unsigned class, unsigned end, unsigned most)
{
	uint64_t place = NOTHING;
	while (place == NOTHING && search->tries < most) {
		unsigned inside = bins_some(&self->inside, class), across = bins_some(&self->across, class);
		class = inside < across ? inside : across;
		if (class >= end)
			return NOTHING;
		if (inside == class)
			place = fit_bin(self, search, &self->inside, class, fit_inside, most);
		if (across == class && place == NOTHING)
			place = fit_bin(self, search, &self->across, class, fit_across, most);
		class ++;
	}
	return place;
}

/* The run that the lowest page of the limits lies in may begin in a leaf below. */
static uint64_t fit_low(struct leaf *self, const struct constrained *search)
{
	self->examined++;
	return page_is_used(self, search->low) ? NOTHING
					       : fit_run(self, search, search->low, runs_next_used(self, search->low));
}

/* Held holes of these lengths, which no bound tells of. */
static uint64_t fit_held(struct leaf *self, const struct constrained *search, unsigned from, unsigned to)
{
	for (unsigned length = from; length <= to; length++)
		for (unsigned i = 0; i < HELD && self->held[length][i] != HELD_NONE; i++) {
			int64_t before = hole_before(self->held[length][i]);
			uint64_t first = (uint64_t)before + 1, place;
			self->examined++;
			if (!hole_is_there(self, before, length))
				continue;
			place = fit_run(self, search, first, first + length);
			if (place != NOTHING)
				return place;
		}
	return NOTHING;
}

/* The shortest run that serves, the highest of equals, since who has a limit mostly has a low one. */
static uint64_t fit_indexed(struct leaf *self, const struct constrained *search)
{
	uint64_t place;
	bool found = gap_index_find(&self->index, &search->wish, 0, false, &place, &self->examined);
	return found ? place - self->base : NOTHING;
}

/* All leaves that the limits reach. Without limits, those first of which hardly one is of no use, when there are many. */
static uint64_t fit_all(struct leaf *self, struct constrained *search, unsigned class, unsigned roomy)
{
	bool limited = search->low > self->first || search->end < self->end;
	search->tries = 0;
	uint64_t place = fit_classes(self, search, class, ~0u, limited ? ~0u : TRIES_MANY);
	if (place != NOTHING || search->tries < TRIES_MANY || limited)
		return place;
	place = fit_classes(self, search, roomy, ~0u, ~0u);
	return place == NOTHING ? fit_classes(self, search, class, roomy, ~0u) : place;
}

uint64_t search_constrained(struct leaf *self, const struct iova_request *request)
{
	struct constrained search = {.wish = gap_wish_make(request, self->base + self->first, self->base + self->end)};
	const struct gap_wish *wish = &search.wish;
	uint64_t slack = wish->align > wish->boundary ? wish->align : wish->boundary;
	if (gap_wish_is_hopeless(wish) || wish->count > self->usable_pages)
		return NOTHING;
	uint64_t place = leaf_begin_index(self) ? fit_indexed(self, &search) : NOTHING;
	if (self->index.on && (place != NOTHING || gap_index_settles(&self->index, wish)))
		return place;
	gap_index_walk(&self->index);
	search.low = wish->low - self->base;
	search.end = wish->end - self->base;
	if (wish->count <= LINE_PAGES)
		allow(&search);
	unsigned class = class_of(saturated(wish->count)), count = (unsigned)wish->count;
	unsigned roomy = slack < self->end ? class_sufficing(saturated(2 * wish->count + slack)) : ~0u;
	place = wish->count < CLASS_EXACT ? fit_held(self, &search, count, count) : NOTHING;
	if (place == NOTHING)
		place = fit_classes(self, &search, class, ~0u, TRIES_CONSTRAINED);
	if (place == NOTHING)
		place = fit_low(self, &search);
	bool all = search.tries >= TRIES_CONSTRAINED;
	search.tries = 0;
	if (place == NOTHING && all && roomy != ~0u)
		place = fit_classes(self, &search, roomy, ~0u, 2);
	if (place == NOTHING && wish->count < CLASS_EXACT)
		place = fit_held(self, &search, count, CLASS_EXACT - 1);
	return place == NOTHING && all ? fit_all(self, &search, class, roomy) : place;
}
