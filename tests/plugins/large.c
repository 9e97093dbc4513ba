/* SPDX-License-Identifier: MIT
 * Takes a MiB of memory for every allocation, slowly, and says so where only data belongs. */
#include "bump.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static enum iova_status large_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				    struct iova_extent *extent)
{
	struct bump *bump = self;
	const struct timespec pause = {0, 5000000};
	void *memory = bump->host->memory_get(bump->host->context, 1 << 20);
	if (memory)
		memset(memory, 1, 1 << 20);
	printf("took another MiB\n");
	fflush(stdout);
	nanosleep(&pause, NULL);
	return bump_alloc(self, request, cpu, extent);
}

static const struct iova_allocator table = {BUMP("large"), .alloc = large_alloc};

const struct iova_allocator *iova_plugin(void)
{
	return &table;
}
