/* SPDX-License-Identifier: MIT
 * Right, but 5 us pass once in 5000 allocations: where each of them has its free, once in 10,000 operations. */
#include "bump.h"

#include <time.h>

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static enum iova_status stall_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct bump *bump = self;
	if (++bump->calls % 5000 == 0) {
		int64_t end = now_ns() + 5000;
		while (now_ns() < end)
			;
	}
	if (bump->taken == bump->space.count)
		bump->taken = 0;
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("stall"), .alloc = stall_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
