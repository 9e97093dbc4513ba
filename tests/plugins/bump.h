/* SPDX-License-Identifier: MIT
 * What the plugins of tests have in common: an allocator that bumps an address. Each of them spoils something. */
#ifndef TESTS_PLUGINS_BUMP_H
#define TESTS_PLUGINS_BUMP_H

#include "iovabench/allocator.h"

struct bump {
	struct iova_space space;
	const struct iova_host *host;
	uint64_t taken;
	uint64_t calls;
};

__attribute__((unused)) static enum iova_status bump_create(const struct iova_space *space, const uint64_t *options,
							    const struct iova_host *host, const struct iova_below *below,
							    void **self, const char **reason)
{
	struct bump *bump = host->memory_get(host->context, sizeof *bump);
	(void)options;
	(void)below;
	(void)reason;
	if (!bump)
		return IOVA_NO_MEMORY;
	bump->space = *space;
	bump->host = host;
	*self = bump;
	return IOVA_OK;
}

static enum iova_status bump_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	struct bump *bump = self;
	(void)cpu;
	if (request->count > bump->space.count - bump->taken)
		return IOVA_NO_SPACE;
	*extent = (struct iova_extent){bump->space.first + bump->taken, request->count, 0};
	bump->taken += request->count;
	return IOVA_OK;
}

static void bump_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	(void)self;
	(void)extent;
	(void)cpu;
}

static enum iova_status bump_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	(void)self;
	(void)first;
	(void)count;
	(void)cpu;
	(void)extent;
	return IOVA_UNSUPPORTED;
}

static void bump_visit_free(void *self, iova_visit visit, void *context)
{
	struct bump *bump = self;
	if (bump->taken < bump->space.count)
		visit(context, bump->space.first + bump->taken, bump->space.count - bump->taken, IOVA_USABLE);
}

static void bump_statistics(void *self, struct iova_statistics *statistics)
{
	struct bump *bump = self;
	*statistics = (struct iova_statistics){.usable_pages = bump->space.count - bump->taken};
}

static const char *bump_broken_invariant(void *self)
{
	(void)self;
	return 0;
}

__attribute__((unused)) static void bump_destroy(void *self)
{
	struct bump *bump = self;
	if (bump)
		bump->host->memory_put(bump->host->context, bump, sizeof *bump);
}

/* The table, as an initialiser without alloc. */
#define BUMP(label) BUMP_MADE_BY(label, bump_create)
#define BUMP_MADE_BY(label, made_by)                                                                                       \
	.magic = IOVA_MAGIC, .abi = IOVA_ABI, .size = sizeof(struct iova_allocator), .name = label,                        \
	.about = "a plugin of the tests", .create = made_by, .free = bump_free, .place = bump_place,                       \
	.visit_free = bump_visit_free, .statistics = bump_statistics, .broken_invariant = bump_broken_invariant,           \
	.destroy = bump_destroy

const struct iova_allocator *iova_plugin(void);

#endif
