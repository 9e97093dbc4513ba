/* SPDX-License-Identifier: MIT
 * Right, but the system clock of the program that loads it goes back by a second now and then. */
#include "bump.h"

#include <time.h>

/* Of the program itself (base/clock.h). */
void clock_pretend(uint64_t (*ns)(void));

static uint64_t calls, back_ns;

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec - back_ns;
}

static enum iova_status back_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	struct bump *bump = self;
	clock_pretend(now_ns);
	if (++calls % 1000 == 0)
		back_ns += UINT64_C(1000000000);
	if (bump->taken == bump->space.count)
		bump->taken = 0;
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("clock_back"), .alloc = back_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
