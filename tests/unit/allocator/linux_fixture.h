/* SPDX-License-Identifier: MIT
 * One instance of the cached search, and what it examined. */
#ifndef UNIT_LINUX_FIXTURE_H
#define UNIT_LINUX_FIXTURE_H

#include "allocator/registry.h"
#include "support/test_host_a.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOWHERE UINT64_MAX

static struct test_host host;
static struct allocator_instance instance;
static uint64_t examined; /* by the last take */

static inline void begin_pages(const char *spec, uint64_t first, uint64_t count, uint64_t page_bytes)
{
	struct allocator_spec parsed;
	const struct iova_space space = {first, count, page_bytes};
	test_host_init(&host);
	assert_int_equal(allocator_spec_open(spec, &parsed, NULL), 0);
	assert_int_equal(allocator_instance_create(&parsed, &space, &host.host, &instance, NULL), 0);
}

static inline void begin(const char *spec, uint64_t first, uint64_t count)
{
	begin_pages(spec, first, count, 4096);
}

static inline void end(void)
{
	assert_null(instance.table->broken_invariant(instance.self));
	allocator_instance_destroy(&instance);
	assert_int_equal(test_host_blocks_held(&host), 0);
}

static inline struct iova_extent get(struct iova_request request)
{
	struct iova_extent extent = {NOWHERE, 0, 0};
	struct iova_steps steps = {0};
	instance.table->alloc_counted(instance.self, &request, 0, &extent, &steps);
	examined = steps.examined;
	return extent;
}

static inline struct iova_extent take(uint64_t count)
{
	return get((struct iova_request){.count = count});
}

static inline void give(struct iova_extent extent)
{
	instance.table->free(instance.self, &extent, 0);
}

#endif
