/* SPDX-License-Identifier: MIT
 * Dies of a segmentation fault in its 100th allocation. */
#include "bump.h"

#include <signal.h>

static enum iova_status crash_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct bump *bump = self;
	if (++bump->calls == 100)
		raise(SIGSEGV);
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("crash"), .alloc = crash_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
