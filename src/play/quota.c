/* SPDX-License-Identifier: MIT */
#include "play/quota.h"

#include "base/rng.h"

#include <assert.h>

/* Whether the attempt, from 1 on, finds no memory for metadata. */
static bool starves(const struct quota *quota, uint64_t attempt)
{
	const struct workload_metadata_fails *fails = &quota->metadata_fails;
	uint64_t state = quota->seed + attempt * UINT64_C(0x9e3779b97f4a7c15);
	if (fails->kind == WORKLOAD_METADATA_EVERY)
		return attempt % fails->every == 0;
	return (double)(rng_splitmix(&state) >> 11) * 0x1p-53 < fails->share;
}

static bool take_one(struct quota *quota)
{
	bool starved = false;
	if (quota->metadata_fails.kind != WORKLOAD_METADATA_SUFFICES) {
		starved = starves(quota, 1 + atomic_fetch_add_explicit(&quota->attempts, 1, memory_order_relaxed));
		atomic_store_explicit(&quota->starved, starved, memory_order_relaxed);
	}
	if (!starved && atomic_fetch_sub_explicit(&quota->left, 1, memory_order_relaxed) > 0)
		return true;
	if (!starved)
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
	if (!quota->of->place)
		return IOVA_UNSUPPORTED;
	if (!take_one(quota))
		return IOVA_TAKEN;
	return keep(quota, quota->of->place(quota->self, first, count, cpu, extent));
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

void quota_open(struct quota *quota, const struct iova_allocator *of, void *self, uint64_t capabilities,
		const struct workload_space *space, uint64_t seed)
{
	assert(quota_is_needed(space) && space->extents <= INT64_MAX);
	bool steps = capabilities & IOVA_STEPS && of->alloc_counted;
	quota->of = of;
	quota->self = self;
	quota->metadata_fails = space->metadata_fails;
	quota->seed = seed;
	atomic_init(&quota->left, space->extents ? (int64_t)space->extents : INT64_MAX);
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
