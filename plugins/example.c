/* SPDX-License-Identifier: MIT
 *
 * An example of a plugin: next fit over one byte for each page. Simple and complete, linear in the size of the space: a start
 * for your own, not a competitor. It needs the public header and nothing else:
 *
 *     cc -shared -fPIC -Iinclude -o example.so plugins/example.c
 *     iovabench run WORKLOAD -a buddy -a ./example.so:start=low
 *
 * docs/plugins.md tells what is checked.
 */
#include "iovabench/allocator.h"

/* Everything that one instance knows. There are no variables outside of it: instances never share state. */
struct example {
	struct iova_space space;
	const struct iova_host *host; /* outlives the instance, so that the pointer may be kept */
	uint64_t start_low;
	uint64_t next; /* index of the page where the next search begins */
	uint64_t usable;
	unsigned char *taken; /* one byte for each page: 1 is live */
};

/* The values arrive parsed, in the order of this table. */
enum { OPTION_START };
static const char *const starts[] = {"next", "low", 0};
static const struct iova_option options[] = {
	{"start", IOVA_OPTION_CHOICE, 0, 0, 0, starts,
	 "where a search begins: behind the last extent, or at the lowest page", 0},
};

/* An allocator may refuse a space, with a sentence that says why. */
#define PAGES_MAX (UINT64_C(1) << 30)

static enum iova_status example_create(const struct iova_space *space, const uint64_t *values, const struct iova_host *host,
				       const struct iova_below *below, void **self, const char **reason)
{
	struct example *example;
	(void)below; /* only layers have something below them */
	if (space->count > PAGES_MAX) {
		*reason = "one byte for each page would be more than 1 GiB";
		return IOVA_UNSUPPORTED;
	}
	/* Memory comes from the host alone, and zeroed. What fails half-way gives back what it has. */
	example = host->memory_get(host->context, sizeof *example);
	if (!example)
		return IOVA_NO_MEMORY;
	example->taken = host->memory_get(host->context, (size_t)space->count);
	if (!example->taken) {
		host->memory_put(host->context, example, sizeof *example);
		return IOVA_NO_MEMORY;
	}
	example->space = *space;
	example->host = host;
	example->start_low = values[OPTION_START];
	example->usable = space->count;
	*self = example;
	return IOVA_OK;
}

static void example_destroy(void *self)
{
	struct example *example = self;
	const struct iova_host *host;
	if (!example)
		return;
	host = example->host;
	host->memory_put(host->context, example->taken, (size_t)example->space.count);
	host->memory_put(host->context, example, sizeof *example);
}

static void mark(struct example *example, uint64_t index, uint64_t count, unsigned char taken)
{
	for (uint64_t i = index; i < index + count; i++)
		example->taken[i] = taken;
	example->usable += taken ? -count : count;
}

/* May the extent begin at this page? A field of the request may be read only if its bit is set. */
static int satisfies(const struct iova_request *request, uint64_t first)
{
	uint64_t last = first + request->count - 1;
	uint32_t constraints = request->constraints;
	if ((constraints & IOVA_CONSTRAIN_ALIGN) && first % request->align)
		return 0;
	if ((constraints & IOVA_CONSTRAIN_LIMIT) && (first < request->low || last > request->high))
		return 0;
	return !(constraints & IOVA_CONSTRAIN_BOUNDARY) || first / request->boundary == last / request->boundary;
}

/* Searches for a place that begins in [from, to). Returns 1 and sets *index, or returns 0. */
static int find(const struct example *example, const struct iova_request *request, uint64_t from, uint64_t to,
		uint64_t *index)
{
	uint64_t run = 0;
	for (uint64_t i = from; i < example->space.count && i + 1 < to + request->count; i++) {
		run = example->taken[i] ? 0 : run + 1;
		if (run >= request->count && satisfies(request, example->space.first + i + 1 - request->count)) {
			*index = i + 1 - request->count;
			return 1;
		}
	}
	return 0;
}

static enum iova_status example_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	struct example *example = self;
	uint64_t start = example->start_low ? 0 : example->next, index;
	(void)cpu;
	if (request->count > example->space.count)
		return IOVA_NO_SPACE;
	/* From the start to the end of the space, then the part before the start: every place is tried. */
	if (!find(example, request, start, example->space.count, &index) && !find(example, request, 0, start, &index))
		return IOVA_NO_SPACE; /* nothing has changed, *extent neither */
	mark(example, index, request->count, 1);
	example->next = index + request->count;
	extent->first = example->space.first + index;
	extent->count = request->count; /* may be more: then free gets that number back */
	extent->cookie = 0;             /* 64 bits of your own, for example a node */
	return IOVA_OK;
}

static void example_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct example *example = self;
	(void)cpu;
	mark(example, extent->first - example->space.first, extent->count, 0);
}

/* Takes exactly this range: how holes come into a space. */
static enum iova_status example_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct example *example = self;
	uint64_t index = first - example->space.first;
	(void)cpu;
	for (uint64_t i = index; i < index + count; i++)
		if (example->taken[i])
			return IOVA_TAKEN;
	mark(example, index, count, 1);
	extent->first = first;
	extent->count = count;
	extent->cookie = 0;
	return IOVA_OK;
}

static void example_visit_free(void *self, iova_visit visit, void *context)
{
	const struct example *example = self;
	uint64_t run = 0;
	for (uint64_t i = 0; i < example->space.count; i++) {
		run = example->taken[i] ? 0 : run + 1;
		if (run && (i + 1 == example->space.count || example->taken[i + 1]))
			visit(context, example->space.first + i + 1 - run, run, IOVA_USABLE);
	}
}

static void example_statistics(void *self, struct iova_statistics *statistics)
{
	const struct example *example = self;
	statistics->usable_pages = example->usable;
	statistics->cached_pages = 0;
	statistics->deferred_pages = 0;
}

/* Recounts what alloc and free keep up to date. */
static const char *example_broken_invariant(void *self)
{
	const struct example *example = self;
	uint64_t usable = 0;
	for (uint64_t i = 0; i < example->space.count; i++)
		usable += !example->taken[i];
	if (usable != example->usable)
		return "usable is the number of pages that are not taken";
	return example->next <= example->space.count ? 0 : "the next search begins in the space";
}

static const struct iova_allocator example_allocator = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "example",
	.about = "next fit over one byte for each page: an example of a plugin",
	.capabilities = IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY,
	.options = options,
	.option_count = sizeof options / sizeof options[0],
	.create = example_create,
	.alloc = example_alloc,
	.free = example_free,
	.place = example_place,
	.visit_free = example_visit_free,
	.statistics = example_statistics,
	.broken_invariant = example_broken_invariant,
	.destroy = example_destroy,
};

const struct iova_allocator *iova_plugin(void);
const struct iova_allocator *iova_plugin(void)
{
	return &example_allocator;
}
