/* SPDX-License-Identifier: MIT
 * A layer that hands every call down and works WORK multiplications longer on each: a slow-down of known size, planted at
 * build time. WORK 0 is the arm that it is compared with, the same code but for that. */
#include "iovabench/allocator.h"

#ifndef WORK
#define WORK 0
#endif

struct planted {
	const struct iova_host *host;
	struct iova_below below;
};

/* Each waits for the one before. */
static inline void work(void)
{
	uint64_t value = 3;
	for (int i = 0; i < WORK; i++) {
		value *= UINT64_C(0x9e3779b97f4a7c15);
		__asm__ volatile("" : "+r"(value));
	}
}

static enum iova_status planted_create(const struct iova_space *space, const uint64_t *options,
				       const struct iova_host *host, const struct iova_below *below, void **self,
				       const char **reason)
{
	(void)space;
	(void)options;
	(void)reason;
	struct planted *planted = host->memory_get(host->context, sizeof *planted);
	if (!planted)
		return IOVA_NO_MEMORY;
	*planted = (struct planted){host, *below};
	*self = planted;
	return IOVA_OK;
}

static void planted_destroy(void *self)
{
	struct planted *planted = self;
	if (planted)
		planted->host->memory_put(planted->host->context, planted, sizeof *planted);
}

static enum iova_status planted_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	const struct planted *planted = self;
	work();
	return planted->below.table->alloc(planted->below.self, request, cpu, extent);
}

static void planted_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	const struct planted *planted = self;
	work();
	planted->below.table->free(planted->below.self, extent, cpu);
}

static enum iova_status planted_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	const struct planted *planted = self;
	return planted->below.table->place(planted->below.self, first, count, cpu, extent);
}

static void planted_visit_free(void *self, iova_visit visit, void *context)
{
	const struct planted *planted = self;
	planted->below.table->visit_free(planted->below.self, visit, context);
}

static void planted_statistics(void *self, struct iova_statistics *statistics)
{
	const struct planted *planted = self;
	planted->below.table->statistics(planted->below.self, statistics);
}

static const char *planted_broken_invariant(void *self)
{
	const struct planted *planted = self;
	return planted->below.table->broken_invariant(planted->below.self);
}

static const struct iova_allocator planted_layer = {
	.magic = IOVA_MAGIC,
	.abi = IOVA_ABI,
	.size = sizeof(struct iova_allocator),
	.name = "planted",
	.about = "hands everything down, and takes a known time more",
	.capabilities = IOVA_LAYER | IOVA_EXPLICIT | IOVA_ALIGN | IOVA_LIMIT | IOVA_BOUNDARY,
	.create = planted_create,
	.alloc = planted_alloc,
	.free = planted_free,
	.place = planted_place,
	.visit_free = planted_visit_free,
	.statistics = planted_statistics,
	.broken_invariant = planted_broken_invariant,
	.destroy = planted_destroy,
};

const struct iova_allocator *iova_plugin(void);
const struct iova_allocator *iova_plugin(void)
{
	return &planted_layer;
}
