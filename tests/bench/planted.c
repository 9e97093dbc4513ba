/* SPDX-License-Identifier: MIT
 * A copy of a built-in allocator, ALLOCATOR of src/allocator, linked on its own, that works WORK multiplications longer on
 * each call: a slow-down of known size, planted at build time. WORK 0 is the arm that it is compared with. One text has one
 * layout; what two copies are worth says more of two builds. */
#include "allocator/builtin.h"

#ifndef WORK
#define WORK 0
#endif

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
