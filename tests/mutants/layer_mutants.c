/* SPDX-License-Identifier: MIT
 * A layer that keeps a few freed extents, most recent first, and what becomes of it with one flaw each. */
#include "conformance/conformance.h"

enum flaw {
	FLAW_NONE,
	FLAW_LOST_AT_DRAIN,
	FLAW_LIMITS_AT_POP,
	FLAW_ALIGN_AT_POP,
	FLAW_DOUBLE_HAND_OUT,
	FLAW_NO_DRAIN,
	FLAW_UNTOLD_CACHE,
	FLAW_DRAINS_ALWAYS,
	FLAW_LEAVING_CACHES,
	FLAW_LEAVING_FORGETS,
	FLAW_DRAINS_ONCE,
	FLAW_OTHER_LENGTH,
	FLAW_PLACE_BESIDE,
};

#define CACHED_MAX 12

struct layer {
	struct iova_below below;
	const struct iova_host *host;
	enum flaw flaw;
	uint64_t calls;
	size_t count;
	struct iova_extent cached[CACHED_MAX];
};

static bool serves(const struct layer *layer, const struct iova_extent *extent, const struct iova_request *request)
{
	uint64_t first = extent->first, last = first + request->count - 1;
	uint32_t constraints = request->constraints;
	if (layer->flaw == FLAW_OTHER_LENGTH ? extent->count / 2 != request->count / 2 : extent->count != request->count)
		return false;
	if (layer->flaw != FLAW_ALIGN_AT_POP && constraints & IOVA_CONSTRAIN_ALIGN && first & (request->align - 1))
		return false;
	if (layer->flaw != FLAW_LIMITS_AT_POP && constraints & IOVA_CONSTRAIN_LIMIT &&
	    (first < request->low || last > request->high))
		return false;
	return !(constraints & IOVA_CONSTRAIN_BOUNDARY) || first / request->boundary == last / request->boundary;
}

static void layer_drain(void *self)
{
	struct layer *layer = self;
	/* A magazine of four is forgotten. */
	if (layer->flaw == FLAW_LOST_AT_DRAIN && layer->count > 4)
		layer->count -= 4;
	while (layer->count)
		layer->below.table->free(layer->below.self, &layer->cached[--layer->count], 0);
}

static enum iova_status layer_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct layer *layer = self;
	layer->calls++;
	for (size_t i = layer->count; i-- > 0;) {
		if (!serves(layer, &layer->cached[i], request))
			continue;
		*extent = layer->cached[i];
		if (layer->flaw != FLAW_DOUBLE_HAND_OUT || layer->calls % 50)
			layer->cached[i] = layer->cached[--layer->count];
		return IOVA_OK;
	}
	enum iova_status status = layer->below.table->alloc(layer->below.self, request, cpu, extent);
	bool asked = !(request->constraints & IOVA_CONSTRAIN_NO_DRAIN) || layer->flaw == FLAW_DRAINS_ALWAYS;
	if (status != IOVA_NO_SPACE || layer->flaw == FLAW_NO_DRAIN || !asked)
		return status;
	/* The first portion, and no other one. */
	if (layer->flaw == FLAW_DRAINS_ONCE && layer->count)
		layer->below.table->free(layer->below.self, &layer->cached[--layer->count], 0);
	else
		layer_drain(layer);
	return layer->below.table->alloc(layer->below.self, request, cpu, extent);
}

static void layer_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct layer *layer = self;
	if (layer->count == CACHED_MAX) {
		layer->below.table->free(layer->below.self, extent, cpu);
		return;
	}
	layer->cached[layer->count++] = *extent;
}

static enum iova_status layer_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct layer *layer = self;
	if (layer->flaw != FLAW_PLACE_BESIDE)
		layer_drain(layer);
	return layer->below.table->place(layer->below.self, first, count, cpu, extent);
}

static void layer_visit_free(void *self, iova_visit visit, void *context)
{
	struct layer *layer = self;
	layer->below.table->visit_free(layer->below.self, visit, context);
	for (size_t i = 0; i < layer->count && layer->flaw != FLAW_UNTOLD_CACHE; i++)
		visit(context, layer->cached[i].first, layer->cached[i].count, IOVA_CACHED);
}

static void layer_statistics(void *self, struct iova_statistics *statistics)
{
	struct layer *layer = self;
	layer->below.table->statistics(layer->below.self, statistics);
	for (size_t i = 0; i < layer->count; i++)
		statistics->cached_pages += layer->cached[i].count;
}

static const char *layer_broken_invariant(void *self)
{
	struct layer *layer = self;
	return layer->below.table->broken_invariant(layer->below.self);
}

/* Who caches for all CPUs together has nothing to do; this one empties the cache, so that something can be wrong. */
static void layer_offline(void *self, uint32_t cpu)
{
	struct layer *layer = self;
	const struct iova_request one = {.count = 1};
	const struct iova_allocator *below = layer->below.table;
	if (layer->flaw == FLAW_LEAVING_CACHES && layer->count < CACHED_MAX)
		layer->count += below->alloc(layer->below.self, &one, cpu, &layer->cached[layer->count]) == IOVA_OK;
	else if (layer->flaw == FLAW_LEAVING_FORGETS)
		layer->count = 0;
	else
		layer_drain(layer);
}

static void layer_destroy(void *self)
{
	struct layer *layer = self;
	if (layer)
		layer->host->memory_put(layer->host->context, layer, sizeof *layer);
}

static enum iova_status layer_make(const struct iova_host *host, const struct iova_below *below, enum flaw flaw,
				   void **self)
{
	struct layer *layer = host->memory_get(host->context, sizeof *layer);
	if (!layer)
		return IOVA_NO_MEMORY;
	*layer = (struct layer){.below = *below, .host = host, .flaw = flaw};
	*self = layer;
	return IOVA_OK;
}

/* One table for each flaw: only create and the name differ. */
#define LAYER(flaw_, label, storage)                                                                                       \
	static enum iova_status create_##flaw_(const struct iova_space *space, const uint64_t *options,                    \
					       const struct iova_host *host, const struct iova_below *below, void **self,  \
					       const char **reason)                                                        \
	{                                                                                                                  \
		(void)space;                                                                                               \
		(void)options;                                                                                             \
		(void)reason;                                                                                              \
		return layer_make(host, below, flaw_, self);                                                               \
	}                                                                                                                  \
	storage const struct iova_allocator label = {                                                                      \
		.magic = IOVA_MAGIC,                                                                                       \
		.abi = IOVA_ABI,                                                                                           \
		.size = sizeof(struct iova_allocator),                                                                     \
		.name = #label,                                                                                            \
		.about = "keeps a few freed extents",                                                                      \
		.capabilities = IOVA_LAYER | IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY,                      \
		.create = create_##flaw_,                                                                                  \
		.alloc = layer_alloc,                                                                                      \
		.free = layer_free,                                                                                        \
		.place = layer_place,                                                                                      \
		.visit_free = layer_visit_free,                                                                            \
		.statistics = layer_statistics,                                                                            \
		.broken_invariant = layer_broken_invariant,                                                                \
		.drain = layer_drain,                                                                                      \
		.offline = layer_offline,                                                                                  \
		.destroy = layer_destroy,                                                                                  \
	};

LAYER(FLAW_NONE, mutant_layer_reference, )
LAYER(FLAW_LOST_AT_DRAIN, lost_at_drain, static)
LAYER(FLAW_LIMITS_AT_POP, limits_at_pop, static)
LAYER(FLAW_ALIGN_AT_POP, align_at_pop, static)
LAYER(FLAW_DOUBLE_HAND_OUT, double_hand_out, static)
LAYER(FLAW_NO_DRAIN, no_drain, static)
LAYER(FLAW_UNTOLD_CACHE, untold_cache, static)
LAYER(FLAW_DRAINS_ALWAYS, drains_always, static)
LAYER(FLAW_LEAVING_CACHES, leaving_caches, static)
LAYER(FLAW_LEAVING_FORGETS, leaving_forgets, static)
LAYER(FLAW_DRAINS_ONCE, drains_once, static)
LAYER(FLAW_OTHER_LENGTH, other_length, static)
LAYER(FLAW_PLACE_BESIDE, place_beside, static)

const struct mutant layer_mutants[] = {
	{&drains_always, "a request with NO_DRAIN leaves caches as they are"},
	{&leaving_caches, "a CPU that leaves makes free pages usable, and changes no other"},
	{&leaving_forgets, "a CPU that leaves makes free pages usable, and changes no other"},
	{&lost_at_drain, "after all frees the space is as new"},
	{&lost_at_drain, "visit_free shows every page that is not live, once"},
	{&limits_at_pop, "limits are honoured"},
	{&align_at_pop, "alignment is honoured"},
	{&double_hand_out, "live extents are disjoint parts of the space"},
	{&no_drain, "what was promised is found"},
	{&drains_once, "what was promised is found"},
	{&other_length, "live extents are disjoint parts of the space"},
	{&place_beside, "with IOVA_EXPLICIT extents can be placed at any time"},
	{&untold_cache, "visit_free shows every page that is not live, once"},
};
const size_t layer_mutant_count = sizeof layer_mutants / sizeof layer_mutants[0];
