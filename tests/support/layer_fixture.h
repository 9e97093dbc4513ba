/* SPDX-License-Identifier: MIT
 * One stack of layers over a small space, with short words for its calls. Only one thread: locks count how deep they are
 * held. */
#ifndef SUPPORT_LAYER_FIXTURE_H
#define SUPPORT_LAYER_FIXTURE_H

#include "allocator/registry.h"
#include "support/test_host_a.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct test_host memory_host;
static struct allocator_instance instance;
static struct iova_steps steps;
static int locks, held;
static unsigned acquisitions;

static void *fixture_lock_create(void *context)
{
	(void)context;
	locks++;
	return calloc(1, sizeof(int));
}

static void fixture_lock_destroy(void *context, void *lock)
{
	(void)context;
	locks -= lock != NULL;
	free(lock);
}

static void fixture_lock_acquire(void *context, void *lock)
{
	(void)context;
	assert_int_equal(*(int *)lock, 0);
	*(int *)lock = 1;
	held++;
	acquisitions++;
}

static void fixture_lock_release(void *context, void *lock)
{
	(void)context;
	assert_int_equal(*(int *)lock, 1);
	*(int *)lock = 0;
	held--;
}

static void begin(const char *spec, uint64_t first, uint64_t count, uint32_t cpus)
{
	struct allocator_spec parsed;
	struct error error = {0};
	const struct iova_space space = {first, count, 4096};
	test_host_init(&memory_host);
	memory_host.host.cpus = cpus;
	memory_host.host.lock_create = fixture_lock_create;
	memory_host.host.lock_destroy = fixture_lock_destroy;
	memory_host.host.lock_acquire = fixture_lock_acquire;
	memory_host.host.lock_release = fixture_lock_release;
	if (allocator_spec_open(spec, &parsed, &error))
		fail_msg("%s", error.message);
	if (allocator_instance_create(&parsed, &space, &memory_host.host, &instance, &error))
		fail_msg("%s", error.message);
}

static void end(void)
{
	assert_int_equal(held, 0);
	assert_null(instance.table->broken_invariant(instance.self));
	allocator_instance_destroy(&instance);
	assert_int_equal(test_host_blocks_held(&memory_host), 0);
	assert_int_equal(locks, 0);
}

/* The counted calls; steps has what the last one did. */
static enum iova_status try_get(const struct iova_request *request, uint32_t cpu, struct iova_extent *extent)
{
	steps = (struct iova_steps){0};
	return instance.table->alloc_counted(instance.self, request, cpu, extent, &steps);
}

static struct iova_extent take(uint64_t count, uint32_t cpu)
{
	struct iova_extent extent = {UINT64_MAX, 0, 0};
	assert_int_equal(try_get(&(struct iova_request){.count = count}, cpu, &extent), IOVA_OK);
	return extent;
}

static void give(struct iova_extent extent, uint32_t cpu)
{
	steps = (struct iova_steps){0};
	instance.table->free_counted(instance.self, &extent, cpu, &steps);
}

static inline struct iova_statistics pages(void)
{
	struct iova_statistics statistics;
	instance.table->statistics(instance.self, &statistics);
	return statistics;
}

#endif
