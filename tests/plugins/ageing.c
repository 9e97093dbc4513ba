/* SPDX-License-Identifier: MIT
 * Right, but each allocation takes longer than the one before it: 10 ns, and 10 ns more after a million. The time is that of a
 * clock of its own, which stands still but for this, so that the figures are exact however busy the machine is. */
#include "bump.h"

#include <time.h>

/* Of the program itself (base/clock.h). */
void clock_pretend(uint64_t (*ns)(void));

static uint64_t begun_ns, passed_ps;

static uint64_t now_ns(void)
{
	return begun_ns + passed_ps / 1000;
}

/* Before anything is measured, from where the real one stands. */
__attribute__((constructor)) static void take_clock_over(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	begun_ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	clock_pretend(now_ns);
}

static enum iova_status ageing_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				     struct iova_extent *extent)
{
	struct bump *bump = self;
	passed_ps += 10000 + ++bump->calls / 100;
	if (bump->taken == bump->space.count)
		bump->taken = 0;
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("ageing"), .alloc = ageing_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
