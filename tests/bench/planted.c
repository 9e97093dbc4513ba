/* SPDX-License-Identifier: MIT
 * A copy of a built-in allocator, ALLOCATOR of src/allocator, linked on its own, with a slow-down of its own kind of work that
 * is planted at build time: every PERIOD-th allocation is made, undone and made again. 0: none, the arm that it is compared
 * with. All copies have one text but for a number, and so one layout; what two copies are worth says more of two builds. */
#include "allocator/builtin.h"

#include <stdint.h>

#ifndef PERIOD
#define PERIOD 0
#endif

static const volatile uint64_t period = PERIOD ? PERIOD : UINT64_MAX;
static uint64_t left = PERIOD ? PERIOD : UINT64_MAX;

static enum iova_status planted_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	if (--left == 0) {
		left = period;
		if (ALLOCATOR.alloc(self, request, cpu, extent) == IOVA_OK)
			ALLOCATOR.free(self, extent, cpu);
	}
	return ALLOCATOR.alloc(self, request, cpu, extent);
}

const struct iova_allocator *iova_plugin(void);

__attribute__((visibility("default"))) const struct iova_allocator *iova_plugin(void)
{
	static struct iova_allocator table;
	table = ALLOCATOR;
	table.name = "planted";
	table.alloc = planted_alloc;
	return &table;
}
