/* SPDX-License-Identifier: MIT
 * A copy of a built-in allocator, ALLOCATOR of src/allocator, linked on its own, with a slow-down that is planted at build
 * time: WORK multiplications more on each call, or, of its own kind of work, every PERIOD-th allocation made, undone and made
 * again. 0: none, the arm that it is compared with. Copies with PERIOD have one text but for a number, and so one layout; what
 * two copies are worth says more of two builds. */
#include "allocator/builtin.h"

#include <stdint.h>

#ifndef WORK
#define WORK 0
#endif
#ifndef PERIOD
#define PERIOD 0
#endif

static const volatile uint64_t period = PERIOD ? PERIOD : UINT64_MAX;
static uint64_t left = PERIOD ? PERIOD : UINT64_MAX;

/* Each waits for the one before. */
static inline void work(void)
{
	uint64_t value = 3;
	for (int i = 0; i < WORK; i++) {
		value *= UINT64_C(0x9e3779b97f4a7c15);
		__asm__ volatile("" : "+r"(value));
	}
}

static enum iova_status planted_alloc(void *self, const struct iova_request *request, uint32_t cpu,
				      struct iova_extent *extent)
{
	work();
	if (--left == 0) {
		left = period;
		if (ALLOCATOR.alloc(self, request, cpu, extent) == IOVA_OK)
			ALLOCATOR.free(self, extent, cpu);
	}
	return ALLOCATOR.alloc(self, request, cpu, extent);
}

static void planted_free(void *self, const struct iova_extent *extent, uint32_t cpu)
{
	work();
	ALLOCATOR.free(self, extent, cpu);
}

const struct iova_allocator *iova_plugin(void);

__attribute__((visibility("default"))) const struct iova_allocator *iova_plugin(void)
{
	static struct iova_allocator table;
	table = ALLOCATOR;
	table.name = "planted";
	table.alloc = planted_alloc;
	table.free = planted_free;
	return &table;
}
