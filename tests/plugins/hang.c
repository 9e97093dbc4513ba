/* SPDX-License-Identifier: MIT
 * Never comes back from its 100th allocation. */
#include "bump.h"

static enum iova_status hang_alloc(void *self, const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	static volatile int forever = 1;
	struct bump *bump = self;
	bump->calls++;
	while (bump->calls == 100 && forever)
		;
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("hang"), .alloc = hang_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
