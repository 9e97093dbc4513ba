/* SPDX-License-Identifier: MIT
 * leaf: the space in leaves of 512 pages, which is what one leaf table of an IOMMU maps, a line of bits each; docs/leaf.md has
 * the picture and the costs.
 *
 * Leaves are in bins by a bound of their longest free run, so that a request goes where it leaves least, and leaves that are
 * wholly free stay so. Nothing is linked to its neighbours: a free touches one word and one small line. */
#include "allocator/builtin.h"
#include "allocator/contract.h"
#include "allocator/gap/fit.h"
#include "allocator/leaf/holes.h"

/* Bins over more leaves are more addresses than a host can be asked for. */
#define PAGES_MAX (UINT64_C(1) << 44)

static NOINLINE enum iova_status grant(struct leaf *self, uint64_t place, uint64_t count, struct iova_extent *extent)
{
	if (place == NOTHING)
		return IOVA_NO_SPACE;
	runs_take(self, place, count);
	*extent = (struct iova_extent){self->base + place, count, 0};
	return IOVA_OK;
}

static NOINLINE enum iova_status alloc_constrained(struct leaf *self, const struct iova_request *request,
						   struct iova_extent *extent)
{
	return grant(self, search_constrained(self, request), request->count, extent);
}

static NOINLINE enum iova_status alloc_any(struct leaf *self, uint64_t count, struct iova_extent *extent)
{
	return grant(self, search_any(self, count), count, extent);
}

/* count < 64, for which the lowest leaf of this bin may have a run; false: it has none, and its bound is exact. */
static NOINLINE bool take_inside(struct leaf *self, unsigned bin, uint64_t count, uint64_t *first)
{
	uint64_t leaf = bins_first(&self->inside, bin);
	struct line *line = &self->lines[leaf];
	bool only;
	self->examined++;
	struct line begins = line_begins(line, (unsigned)count);
	unsigned place = line_lowest(&begins, &only), end = place + (unsigned)count;
	if (UNLIKELY(place == LINE_NOTHING)) {
		runs_file_inside(self, leaf, line_longest(line));
		return false;
	}
	*first = leaf << LINE_LOG2 | place;
	if (UNLIKELY(end == LINE_PAGES) || UNLIKELY(leaf == self->leaves - 2)) {
		/* What follows in the next leaf begins there now; the last one may have more than its bound tells. */
		runs_take(self, *first, count);
		return true;
	}
	line_set(line, place, end);
	self->usable_pages -= count;
	if (only) {
		runs_file_inside(self, leaf, line_longest(line));
	} else if (end & 63) {
		/* What is left may be of a held hole, for which the bound does not hold. */
		uint64_t above = line->words[end >> 6] >> (end & 63);
		unsigned rest = above ? (unsigned)__builtin_ctzll(above) : 0;
		if (UNLIKELY(rest > self->inside_bounds[leaf]))
			runs_file_inside(self, leaf, rest);
	}
	return true;
}

/* The hole of `length` behind page before is held no longer: its first count pages, if it is still there. */
INLINE bool take_hole(struct leaf *self, uint64_t before, unsigned length, uint64_t count)
{
	if (UNLIKELY(!hole_is_there(self, before, length)))
		return false;
	*hole_word(self, before) |= line_ones((unsigned)count) << 1 << (before & 63);
	self->usable_pages -= count;
	if (length != count)
		hole_hold(self, before + count, length - (unsigned)count);
	return true;
}

/* count < 64. */
static NOINLINE enum iova_status alloc_short(struct leaf *self, uint64_t count, struct iova_extent *extent)
{
	uint64_t first;
	for (;;) {
		uint64_t some = (self->inside.some[0] | self->across.some[0] | self->held_some) >> count;
		if (!some)
			return alloc_any(self, count, extent);
		unsigned bin = (unsigned)(count + (unsigned)__builtin_ctzll(some));
		if (self->held_some >> bin & 1) {
			first = hole_pop(self, bin) + 1;
			self->examined++;
			if (take_hole(self, first - 1, bin, count))
				break;
		} else if (!(self->inside.some[0] >> bin & 1)) {
			return alloc_any(self, count, extent);
		} else if (take_inside(self, bin, count, &first)) {
			break;
		}
	}
	*extent = (struct iova_extent){self->base + first, count, 0};
	return IOVA_OK;
}

static enum iova_status leaf_alloc(void *context, const struct iova_request *request, uint32_t cpu,
				   struct iova_extent *extent)
{
	assert(contract_request_is_right(request));
	(void)cpu;
	struct leaf *self = context;
	uint64_t count = request->count;
	if (UNLIKELY(request->constraints & GAP_CONSTRAINED))
		return alloc_constrained(self, request, extent);
	if (UNLIKELY(count >= CLASS_EXACT))
		return alloc_any(self, count, extent);
	return alloc_short(self, count, extent);
}

/* A run that reaches an end of its word. The pages are free. */
static NOINLINE void give_edge(struct leaf *self, uint64_t page)
{
	uint64_t leaf = page >> LINE_LOG2;
	const struct line *line = &self->lines[leaf];
	unsigned before = line_previous_used(line, page & (LINE_PAGES - 1));
	unsigned behind = line_next_used(line, page & (LINE_PAGES - 1));
	if (before != LINE_NOTHING && behind != LINE_NOTHING) {
		if (behind - before - 1 > self->inside_bounds[leaf])
			runs_file_inside(self, leaf, behind - before - 1);
		return;
	}
	if (before == LINE_NOTHING && behind == LINE_NOTHING) {
		bins_remove(&self->in_use, 0, leaf);
		if (self->inside_bounds[leaf])
			runs_file_inside(self, leaf, 0);
	}
	runs_tell(self, runs_previous_used(self, page) + 1, runs_next_used(self, page));
}

static void leaf_free(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	(void)cpu;
	struct leaf *self = context;
	uint64_t count = extent->count, page = extent->first - self->base, bit = page & 63;
	if (UNLIKELY(bit + count > 64) || UNLIKELY(page >= HELD_PAGES)) {
		runs_give(self, page, count);
		return;
	}
	uint64_t *word = &self->lines[page >> LINE_LOG2].words[page >> 6 & (LINE_WORDS - 1)];
	assert((*word >> bit & line_ones((unsigned)count)) == line_ones((unsigned)count));
	uint64_t used = *word &= ~(line_ones((unsigned)count) << bit);
	self->usable_pages += count;
	self->remembers = false;
	uint64_t below = used & (((uint64_t)1 << bit) - 1), above = used >> bit;
	if (UNLIKELY(!below) || UNLIKELY(!above)) {
		give_edge(self, page);
		return;
	}
	unsigned before = bits_log2_floor(below);
	hole_hold(self, (page & ~UINT64_C(63)) + before, (unsigned)bit + (unsigned)__builtin_ctzll(above) - before - 1);
}

static enum iova_status leaf_alloc_counted(void *context, const struct iova_request *request, uint32_t cpu,
					   struct iova_extent *extent, struct iova_steps *steps)
{
	struct leaf *self = context;
	uint64_t examined = self->examined;
	enum iova_status status = leaf_alloc(self, request, cpu, extent);
	steps->examined += self->examined - examined;
	if (status != IOVA_OK)
		return status;
	uint64_t first = extent->first - self->base;
	steps->splits += (uint64_t)!page_is_used(self, first - 1) + !page_is_used(self, first + extent->count);
	return IOVA_OK;
}

static void leaf_free_counted(void *context, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	struct leaf *self = context;
	uint64_t first = extent->first - self->base, end = first + extent->count;
	steps->merges += (uint64_t)!page_is_used(self, first - 1) + !page_is_used(self, end);
	steps->examined += ((end - 1) >> LINE_LOG2) - (first >> LINE_LOG2) + 1;
	leaf_free(self, extent, cpu);
}

static enum iova_status leaf_place(void *context, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	assert(count);
	(void)cpu;
	struct leaf *self = context;
	uint64_t place = first - self->base;
	if (place < self->first || place >= self->end || runs_next_used(self, place) - place < count)
		return IOVA_TAKEN;
	return grant(self, place, count, extent);
}

static void leaf_visit_free(void *context, iova_visit visit, void *visit_context)
{
	const struct leaf *self = context;
	for (uint64_t page = self->first; page < self->end;) {
		uint64_t end = runs_next_used(self, page);
		if (end > page)
			visit(visit_context, self->base + page, end - page, IOVA_USABLE);
		for (page = end; page < self->end; page = (page | 63) + 1) {
			uint64_t free = ~self->lines[page >> LINE_LOG2].words[page >> 6 & (LINE_WORDS - 1)] >> (page & 63);
			if (free) {
				page += (unsigned)__builtin_ctzll(free);
				break;
			}
		}
	}
}

static void leaf_statistics(void *context, struct iova_statistics *statistics)
{
	const struct leaf *self = context;
	*statistics = (struct iova_statistics){.usable_pages = self->usable_pages};
}

static const char *leaf_broken_invariant(void *self)
{
	return leaf_check(self);
}

/* Where things lie in the one piece of memory, behind the state. Returns its bytes. */
static size_t lay_out(struct leaf *self, char *memory)
{
	size_t at = bits_align_up(sizeof *self, 64), leaves = self->leaves;
	struct {
		void **array;
		size_t bytes;
	} pieces[] = {
		{(void **)&self->inside_bounds, leaves * sizeof *self->inside_bounds},
		{(void **)&self->across_bounds, leaves * sizeof *self->across_bounds},
		{(void **)&self->in_use.words[0], bins_words(leaves, 1) * sizeof(uint64_t)},
		{(void **)&self->inside.words[0], bins_words(leaves, CLASSES_INSIDE) * sizeof(uint64_t)},
		{(void **)&self->across.words[0], bins_words(leaves, CLASSES_ACROSS) * sizeof(uint64_t)},
		{(void **)&self->lines, leaves * sizeof *self->lines},
	};
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		if (memory)
			*pieces[i].array = memory + at;
		at += bits_align_up(pieces[i].bytes, 64);
	}
	return at;
}

static void leaf_destroy(void *context)
{
	struct leaf *self = context;
	if (self)
		self->host->memory_put(self->host->context, self, lay_out(self, NULL));
}

static void fill_outside(struct leaf *self, uint64_t first, uint64_t end)
{
	for (uint64_t page = first; page < end; page = (page | (LINE_PAGES - 1)) + 1) {
		uint64_t leaf = page >> LINE_LOG2, base = leaf << LINE_LOG2;
		if (line_is_zero(&self->lines[leaf]))
			bins_add(&self->in_use, 0, leaf);
		line_set(&self->lines[leaf], (unsigned)(page - base),
			 end - base < LINE_PAGES ? (unsigned)(end - base) : LINE_PAGES);
	}
}

static enum iova_status leaf_create(const struct iova_space *space, const uint64_t *options, const struct iova_host *host,
				    const struct iova_below *below, void **result, const char **reason)
{
	(void)options;
	(void)below;
	if (space->count > PAGES_MAX) {
		*reason = "its bins are for 2^44 pages at most";
		return IOVA_UNSUPPORTED;
	}
	struct leaf layout = {.base = bits_align_down(space->first, LINE_PAGES) - LINE_PAGES};
	layout.host = host;
	layout.first = space->first - layout.base;
	layout.end = layout.first + space->count;
	layout.leaves = ((layout.end - 1) >> LINE_LOG2) + 2;
	struct leaf *self = host->memory_get(host->context, lay_out(&layout, NULL));
	if (!self)
		return IOVA_NO_MEMORY;
	*self = layout;
	lay_out(self, (char *)self);
	bins_make(&self->in_use, self->leaves, 1, self->in_use.words[0]);
	bins_make(&self->inside, self->leaves, CLASSES_INSIDE, self->inside.words[0]);
	bins_make(&self->across, self->leaves, CLASSES_ACROSS, self->across.words[0]);
	fill_outside(self, 0, self->first);
	fill_outside(self, self->end, self->leaves << LINE_LOG2);
	self->usable_pages = space->count;
	runs_tell(self, self->first, self->end);
	*result = self;
	return IOVA_OK;
}

const struct iova_allocator allocator_leaf = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "leaf",
	.about =
		"Leaves of 512 pages in bins by their longest free run, and the lowest recent holes: the fullest leaves fill first, free "
		"ones stay whole.",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS,
	.create = leaf_create,
	.alloc = leaf_alloc,
	.free = leaf_free,
	.place = leaf_place,
	.visit_free = leaf_visit_free,
	.statistics = leaf_statistics,
	.broken_invariant = leaf_broken_invariant,
	.destroy = leaf_destroy,
	.alloc_counted = leaf_alloc_counted,
	.free_counted = leaf_free_counted,
};
