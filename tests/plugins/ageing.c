/* SPDX-License-Identifier: MIT
 * Right, but each allocation takes longer than the one before it: 1 ns in 1000 allocations. */
#include "bump.h"

#include <time.h>

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static enum iova_status ageing_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	struct bump *bump = self;
	int64_t end = now_ns() + (int64_t)(++bump->calls / 1000);
	while (now_ns() < end)
		;
	if (bump->taken == bump->space.count)
		bump->taken = 0;
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("ageing"), .alloc = ageing_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
