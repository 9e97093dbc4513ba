/* SPDX-License-Identifier: MIT
 * leaf: the space in leaves of 512 pages, which is what one leaf table of an IOMMU maps, a line of bits each; docs/leaf.md has
 * the picture and the costs.
 *
 * Leaves are in bins by a bound of their longest free run, so that a request goes where it leaves least, and leaves that are
 * wholly free stay so. Nothing is linked to its neighbours: a free touches one word and one small line. */
#include "allocator/builtin.h"
#include "allocator/leaf/cache.h"

/* Words without a free page that one request passes over while it files runs in the index. */
#define FILED_WORDS (256 * LINE_WORDS)

/* Bins over more leaves are more addresses than a host can be asked for. */
#define PAGES_MAX (UINT64_C(1) << 44)

enum iova_status leaf_grant(struct leaf *self, uint64_t place, uint64_t count, struct iova_extent *extent)
{
	if (place == NOTHING)
		return IOVA_NO_SPACE;
	runs_take(self, place, count);
	*extent = (struct iova_extent){self->base + place, count, 0};
	return IOVA_OK;
}

/* An extent was taken: the gap that it was of is known by the pages used around it. */
static void index_taken(struct leaf *self, const struct iova_extent *extent)
{
	if (!self->index.on)
		return;
	uint64_t first = extent->first - self->base, begin = runs_previous_used(self, first - 1) + 1;
	uint64_t end = runs_next_used(self, first + extent->count);
	gap_index_cut(&self->index, self->base + begin, end - begin, extent->first, extent->count);
}

static void index_given(struct leaf *self, const struct iova_extent *extent)
{
	uint64_t first = extent->first - self->base, begin = runs_previous_used(self, first) + 1;
	uint64_t end = first + extent->count, behind = runs_next_used(self, end);
	if (self->index.on)
		gap_index_join(&self->index, first - begin, extent->first, extent->count, behind - end);
}

enum iova_status leaf_alloc_constrained(struct leaf *self, const struct iova_request *request, struct iova_extent *extent)
{
	enum iova_status status = leaf_grant(self, search_constrained(self, request), request->count, extent);
	if (status == IOVA_OK)
		index_taken(self, extent);
	return status;
}

enum iova_status leaf_alloc_any(struct leaf *self, uint64_t count, struct iova_extent *extent)
{
	return leaf_grant(self, search_any(self, count), count, extent);
}

static enum iova_status leaf_alloc(void *context, const struct iova_request *request, uint32_t cpu,
				   struct iova_extent *extent)
{
	const struct leaf *self = context;
	return self->calls.alloc(context, request, cpu, extent);
}

static void leaf_free(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	const struct leaf *self = context;
	self->calls.free(context, extent, cpu);
}

/* The first free page at or behind a used page, or where no more words are to be looked at, of which *words is taken, or the
 * end of the space. */
static uint64_t next_free(const struct leaf *self, uint64_t page, uint64_t *words)
{
	for (; page < self->end && *words; page = (page | 63) + 1, --*words) {
		uint64_t free = ~self->words[page >> 6] >> (page & 63);
		if (free)
			return page + (unsigned)__builtin_ctzll(free);
	}
	return page;
}

/* A portion of the runs enters the index, the lowest first, or of the words between them, where all pages are used. */
static void file_runs(struct leaf *self)
{
	struct gap_index *index = &self->index;
	uint64_t page = index->begun ? runs_next_used(self, index->filed.first - self->base) : self->first;
	uint64_t words = FILED_WORDS;
	unsigned left = GAP_INDEX_PORTION;
	for (; left && words && page < self->end; left--) {
		uint64_t first = next_free(self, page, &words);
		page = runs_next_used(self, first);
		if (page > first)
			gap_index_file(index, self->base + first, page - first, 0);
		else
			gap_index_pass(index, self->base + page, 0);
	}
	if (page >= self->end)
		gap_index_finish(index);
	self->examined += GAP_INDEX_PORTION - left + (FILED_WORDS - words) / LINE_WORDS;
}

static void use_calls(struct leaf *self, const struct leaf_calls *calls)
{
	self->inner = *calls;
	self->calls = self->cpus ? leaf_calls_cached : *calls;
}

static enum iova_status alloc_indexed(void *context, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	struct leaf *self = context;
	if (!self->index.on)
		use_calls(self, &self->usual);
	if (gap_index_is_filing(&self->index))
		file_runs(self);
	enum iova_status status = self->usual.alloc(self, request, cpu, extent);
	if (status == IOVA_OK && !(request->constraints & GAP_CONSTRAINED))
		index_taken(self, extent);
	return status;
}

static void free_indexed(void *context, const struct iova_extent *extent, uint32_t cpu)
{
	struct leaf *self = context;
	self->usual.free(self, extent, cpu);
	index_given(self, extent);
}

bool leaf_begin_index(struct leaf *self)
{
	if (gap_index_is_wanted(&self->index) && gap_index_begin(&self->index, self->host)) {
		use_calls(self, &(const struct leaf_calls){.alloc = alloc_indexed, .free = free_indexed});
		file_runs(self);
	}
	return self->index.on;
}

/* The fastest that this CPU runs. */
static const struct leaf_calls *calls_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
		return &leaf_calls_v3;
#endif
	return &leaf_calls_plain;
}

/* What caches have given back, and what is usable: a request that changes neither was served by a cache. */
struct before {
	uint64_t examined;
	uint64_t returned;
	uint64_t usable_pages;
};

static struct before look_before(const struct leaf *self)
{
	return (struct before){self->examined, self->cpus ? caches_of(self)->returned : 0, self->usable_pages};
}

static enum iova_status leaf_alloc_counted(void *context, const struct iova_request *request, uint32_t cpu,
					   struct iova_extent *extent, struct iova_steps *steps)
{
	struct leaf *self = context;
	struct before before = look_before(self);
	enum iova_status status = self->calls.alloc(self, request, cpu, extent);
	struct before after = look_before(self);
	steps->examined += after.examined - before.examined;
	if (status != IOVA_OK)
		return status;
	if (after.usable_pages == before.usable_pages && after.returned == before.returned) {
		steps->cache_hits++;
		return IOVA_OK;
	}
	/* The held hole that serves at once is not counted where it would cost something. */
	steps->examined += after.examined == before.examined;
	uint64_t first = extent->first - self->base;
	steps->splits += (uint64_t)!page_is_used(self, first - 1) + !page_is_used(self, first + extent->count);
	return IOVA_OK;
}

static void leaf_free_counted(void *context, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	struct leaf *self = context;
	uint64_t first = extent->first - self->base, end = first + extent->count, examined = self->examined;
	uint64_t merges = (uint64_t)!page_is_used(self, first - 1) + !page_is_used(self, end);
	self->calls.free(self, extent, cpu);
	steps->examined += self->examined - examined;
	/* To a cached one nothing has happened. */
	if (page_is_used(self, first))
		return;
	steps->merges += merges;
	steps->examined += ((end - 1) >> LINE_LOG2) - (first >> LINE_LOG2) + 1;
}

static enum iova_status leaf_place(void *context, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	assert(count);
	(void)cpu;
	struct leaf *self = context;
	uint64_t place = first - self->base;
	bool is_inside = place >= self->first && place < self->end;
	/* Taken pages may be cached. */
	if (is_inside && runs_next_used(self, place) - place < count)
		cache_return(self, ~0u);
	if (!is_inside || runs_next_used(self, place) - place < count)
		return IOVA_TAKEN;
	enum iova_status status = leaf_grant(self, place, count, extent);
	index_taken(self, extent);
	return status;
}

static void leaf_visit_free(void *context, iova_visit visit, void *visit_context)
{
	const struct leaf *self = context;
	uint64_t words = UINT64_MAX, end;
	for (uint64_t page = next_free(self, self->first, &words); page < self->end; page = next_free(self, end, &words)) {
		end = runs_next_used(self, page);
		visit(visit_context, self->base + page, end - page, IOVA_USABLE);
	}
	cache_visit(self, visit, visit_context);
}

static void leaf_statistics(void *context, struct iova_statistics *statistics)
{
	const struct leaf *self = context;
	*statistics = (struct iova_statistics){.usable_pages = self->usable_pages,
					       .cached_pages = self->cpus ? caches_of(self)->pages : 0};
}

static void leaf_drain(void *context)
{
	struct leaf *self = context;
	cache_return(self, ~0u);
}

static void leaf_offline(void *context, uint32_t cpu)
{
	struct leaf *self = context;
	cache_leave(self, cpu);
}

static const char *leaf_broken_invariant(void *context)
{
	const struct leaf *self = context;
	const char *broken = leaf_check(self);
	return broken ? broken : gap_index_check(&self->index, leaf_visit_free, context);
}

enum code {
	CODE_BEST,
	CODE_PLAIN,
};

enum cache {
	CACHE_NONE,
	CACHE_CPU,
};

enum { OPTION_CODE, OPTION_CACHE };

/* Where things lie in the one piece of memory, behind the state. Returns its bytes. */
static size_t lay_out(struct leaf *self, char *memory)
{
	size_t at = bits_align_up(CACHES_AT + cache_bytes(self->cpus), 64), leaves = self->leaves;
	struct {
		void **array;
		size_t bytes;
	} pieces[] = {
		{(void **)&self->in_use.words[0], bins_words(leaves, 1) * sizeof(uint64_t)},
		{(void **)&self->inside.words[0], bins_words(leaves, CLASSES_INSIDE + CLASSES_ACROSS) * sizeof(uint64_t)},
		{(void **)&self->bounds, leaves * sizeof *self->bounds},
		/* Not the first: there is a word before them (hole_is_there). */
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
	if (!self)
		return;
	gap_index_release(&self->index, self->host);
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
	(void)below;
	if (space->count > PAGES_MAX) {
		*reason = "its bins are for 2^44 pages at most";
		return IOVA_UNSUPPORTED;
	}
	struct leaf layout = {.base = bits_align_down(space->first, LINE_PAGES) - LINE_PAGES};
	layout.host = host;
	layout.cpus = options[OPTION_CACHE] == CACHE_CPU ? host->cpus : 0;
	layout.first = space->first - layout.base;
	layout.end = layout.first + space->count;
	layout.leaves = ((layout.end - 1) >> LINE_LOG2) + 2;
	struct leaf *self = host->memory_get(host->context, lay_out(&layout, NULL));
	if (!self)
		return IOVA_NO_MEMORY;
	*self = layout;
	lay_out(self, (char *)self);
	self->words = self->lines->words;
	self->usual = options[OPTION_CODE] == CODE_PLAIN ? leaf_calls_plain : *calls_best();
	if (self->end > HELD_PAGES)
		self->usual.free = self->usual.free_far;
	cache_make(self);
	use_calls(self, &self->usual);
	gap_index_create(&self->index, space->count, GAP_BY_LENGTH_DOWN, GAP_BY_ADDRESS);
	for (unsigned length = 0; length < CLASS_EXACT; length++)
		self->held[length] = (held_holes){HELD_NONE, HELD_NONE, HELD_NONE, HELD_NONE};
	uint64_t *words = self->inside.words[0];
	bins_make(&self->in_use, self->leaves, 1, 0, 1, self->in_use.words[0]);
	bins_make(&self->inside, self->leaves, CLASSES_INSIDE, 0, CLASSES_INSIDE + CLASSES_ACROSS, words);
	bins_make(&self->across, self->leaves, CLASSES_ACROSS, CLASSES_INSIDE, CLASSES_INSIDE + CLASSES_ACROSS, words);
	fill_outside(self, 0, self->first);
	fill_outside(self, self->end, self->leaves << LINE_LOG2);
	self->usable_pages = space->count;
	self->failed = NOTHING;
	runs_tell(self, self->first, self->end);
	*result = self;
	return IOVA_OK;
}

static const char *const code_choices[] = {"best", "plain", NULL};

static const char *const cache_choices[] = {"none", "cpu", NULL};

static const struct iova_option leaf_options[] = {
	[OPTION_CODE] = {.name = "code",
			 .kind = IOVA_OPTION_CHOICE,
			 .default_value = CODE_BEST,
			 .choices = code_choices,
			 .help = "Which instructions are used, the best that the CPU has or plain ones; both place alike."},
	[OPTION_CACHE] = {.name = "cache",
			  .kind = IOVA_OPTION_CHOICE,
			  .default_value = CACHE_NONE,
			  .choices = cache_choices,
			  .help = "Whether freed extents wait for the CPU's next request of their length: none, or few of "
				  "each length, so that page tables stay few."},
};

const struct iova_allocator allocator_leaf = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "leaf",
	.about = "leaves of 512 pages in bins by their longest free run, and recent holes: the fullest fill first",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY | IOVA_STEPS,
	.options = leaf_options,
	.option_count = sizeof leaf_options / sizeof leaf_options[0],
	.create = leaf_create,
	.alloc = leaf_alloc,
	.free = leaf_free,
	.place = leaf_place,
	.visit_free = leaf_visit_free,
	.statistics = leaf_statistics,
	.broken_invariant = leaf_broken_invariant,
	.drain = leaf_drain,
	.offline = leaf_offline,
	.destroy = leaf_destroy,
	.alloc_counted = leaf_alloc_counted,
	.free_counted = leaf_free_counted,
};
