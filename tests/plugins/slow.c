/* SPDX-License-Identifier: MIT
 * Right, but it takes its time: 4 ms for each allocation. */
#include "bump.h"

#include <time.h>

static enum iova_status slow_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	const struct timespec pause = {0, 4000000};
	nanosleep(&pause, 0);
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("slow"), .alloc = slow_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
