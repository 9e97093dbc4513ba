/* SPDX-License-Identifier: MIT */
#include "play/quota.h"

#include <assert.h>

static bool take_one(struct quota *quota)
{
	if (atomic_fetch_sub_explicit(&quota->left, 1, memory_order_relaxed) > 0)
		return true;
	atomic_fetch_add_explicit(&quota->left, 1, memory_order_relaxed);
	return false;
}

static enum iova_status keep(struct quota *quota, enum iova_status status)
{
	if (status != IOVA_OK)
		atomic_fetch_add_explicit(&quota->left, 1, memory_order_relaxed);
	return status;
}

static enum iova_status quota_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct quota *quota = self;
	if (!take_one(quota))
		return IOVA_NO_SPACE;
	return keep(quota, quota->of->alloc(quota->self, request, cpu, extent));
}

static enum iova_status quota_alloc_counted(void *self, const struct iova_request *request, uint32_t cpu,
					    struct iova_extent *extent, struct iova_steps *steps)
{
	struct quota *quota = self;
	if (!take_one(quota))
		return IOVA_NO_SPACE;
	return keep(quota, quota->of->alloc_counted(quota->self, request, cpu, extent, steps));
}

static void quota_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	struct quota *quota = self;
	quota->of->free(quota->self, extent, cpu);
	atomic_fetch_add_explicit(&quota->left, 1, memory_order_relaxed);
}

static void quota_free_counted(void *self, const struct iova_extent *extent, uint32_t cpu, struct iova_steps *steps)
{
	struct quota *quota = self;
	quota->of->free_counted(quota->self, extent, cpu, steps);
	atomic_fetch_add_explicit(&quota->left, 1, memory_order_relaxed);
}

static enum iova_status quota_place(void *self, uint64_t first, uint64_t count, uint32_t cpu, struct iova_extent *extent)
{
	struct quota *quota = self;
	return quota->of->place(quota->self, first, count, cpu, extent);
}

static void quota_statistics(void *self, struct iova_statistics *statistics)
{
	const struct quota *quota = self;
	quota->of->statistics(quota->self, statistics);
}

static void quota_poll(void *self, uint64_t now_ns)
{
	const struct quota *quota = self;
	if (quota->of->poll)
		quota->of->poll(quota->self, now_ns);
}

static void quota_offline(void *self, uint32_t cpu)
{
	const struct quota *quota = self;
	if (quota->of->offline)
		quota->of->offline(quota->self, cpu);
}

void quota_open(struct quota *quota, const struct iova_allocator *of, void *self, uint64_t capabilities, uint64_t extents)
{
	assert(extents && extents <= INT64_MAX);
	bool steps = capabilities & IOVA_STEPS && of->alloc_counted;
	quota->of = of;
	quota->self = self;
	atomic_init(&quota->left, (int64_t)extents);
	quota->table = (struct iova_allocator){
		.magic = IOVA_MAGIC,
		.abi = IOVA_ABI,
		.size = sizeof(struct iova_allocator),
		.name = "quota",
		.capabilities = steps ? IOVA_STEPS : 0,
		.alloc = quota_alloc,
		.free = quota_free,
		.place = quota_place,
		.statistics = quota_statistics,
		.poll = quota_poll,
		.alloc_counted = steps ? quota_alloc_counted : NULL,
		.free_counted = steps ? quota_free_counted : NULL,
		.offline = quota_offline,
	};
}
