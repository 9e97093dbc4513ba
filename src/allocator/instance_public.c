/* SPDX-License-Identifier: MIT
 * include/iovabench/instance.h over the registry. */
#include "iovabench/instance.h"

#include "allocator/registry.h"
#include "base/bits.h"
#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

#define CACHE_LINE 64u
#define SPACE_PAGES_MAX (UINT64_C(1) << 52)

struct iova_instance {
	struct iova_host host; /* when the caller has none */
	struct allocator_spec spec;
	struct allocator_instance instance;
};

/* Behind a cache line that keeps the pointer to release. */
static void *memory_get(void *context, size_t bytes)
{
	(void)context;
	if (bytes > SIZE_MAX - 2 * CACHE_LINE)
		return NULL;
	unsigned char *block = memory_zeroed(1, bytes + 2 * CACHE_LINE);
	if (!block)
		return NULL;
	void **memory = (void **)(block + CACHE_LINE + (-(uintptr_t)block & (CACHE_LINE - 1)));
	memory[-1] = block;
	return memory;
}

static void memory_put(void *context, void *memory, size_t bytes)
{
	(void)context;
	(void)bytes;
	if (memory)
		memory_release(((void **)memory)[-1]);
}

static void *lock_create(void *context)
{
	(void)context;
	pthread_mutex_t *lock = memory_zeroed(1, sizeof *lock);
	if (lock && pthread_mutex_init(lock, NULL) != 0) {
		memory_release(lock);
		return NULL;
	}
	return lock;
}

static void lock_destroy(void *context, void *lock)
{
	(void)context;
	if (lock)
		pthread_mutex_destroy(lock);
	memory_release(lock);
}

static void lock_acquire(void *context, void *lock)
{
	(void)context;
	pthread_mutex_lock(lock);
}

static void lock_release(void *context, void *lock)
{
	(void)context;
	pthread_mutex_unlock(lock);
}

static const struct iova_host own_host = {
	.size = sizeof(struct iova_host),
	.cpus = 1,
	.memory_get = memory_get,
	.memory_put = memory_put,
	.lock_create = lock_create,
	.lock_destroy = lock_destroy,
	.lock_acquire = lock_acquire,
	.lock_release = lock_release,
};

/* NULL, or what the caller's surroundings lack for this spec. */
static const char *host_fault(const struct iova_host *host, const struct allocator_spec *spec)
{
	if (host->size < offsetof(struct iova_host, lock_release) + sizeof host->lock_release)
		return "the host's size says that it ends before lock_release";
	if (host->cpus == 0)
		return "the host has no logical CPUs: cpus is at least 1";
	if (!host->memory_get || !host->memory_put)
		return "the host has no memory_get or no memory_put, which every allocator calls";
	if (host->lock_create && host->lock_destroy && host->lock_acquire && host->lock_release)
		return NULL;
	if (host->lock_create || host->lock_destroy || host->lock_acquire || host->lock_release)
		return "the host has some of lock_create, lock_destroy, lock_acquire and lock_release, and not the others";
	for (size_t i = 0; i < spec->count; i++)
		if (spec->parts[i].table->capabilities & IOVA_CONCURRENT)
			return "the host has no locks (lock_create and the three after it), which concurrent allocators "
			       "take";
	return NULL;
}

static const char *space_fault(const struct iova_space *space)
{
	if (space->count == 0)
		return "the space is empty";
	if (space->first > SPACE_PAGES_MAX || space->count > SPACE_PAGES_MAX - space->first)
		return "the space ends beyond 2^52 pages";
	if (!bits_is_power_of_two(space->page_bytes))
		return "the page of the space is not a power of two of bytes";
	return NULL;
}

static int create_instance(struct iova_instance *instance, const struct iova_space *space, const struct iova_host *host,
			   struct error *error)
{
	instance->host = own_host;
	host = host ? host : &instance->host;
	const char *fault = space_fault(space);
	fault = fault ? fault : host_fault(host, &instance->spec);
	if (fault)
		return error_set(error, EXIT_CODE_USAGE, "%s", fault);
	return allocator_instance_create(&instance->spec, space, host, &instance->instance, error);
}

struct iova_instance *iova_instance_create(const char *spec, const struct iova_space *space, const struct iova_host *host,
					   char *message, size_t message_bytes)
{
	assert(spec && space && (message || !message_bytes));
	struct error error = {0};
	struct iova_instance *instance = memory_zeroed(1, sizeof *instance);
	if (!instance) {
		error_set(&error, EXIT_CODE_IO, "no memory");
	} else if (allocator_spec_open(spec, &instance->spec, &error) == 0) {
		if (create_instance(instance, space, host, &error) == 0)
			return instance;
		allocator_spec_close(&instance->spec);
	}
	memory_release(instance);
	if (message_bytes > 0)
		snprintf(message, message_bytes, "%s", error.message);
	return NULL;
}

const struct iova_allocator *iova_instance_table(const struct iova_instance *instance)
{
	return instance->instance.table;
}

void *iova_instance_self(const struct iova_instance *instance)
{
	return instance->instance.self;
}

uint64_t iova_instance_capabilities(const struct iova_instance *instance)
{
	return instance->instance.capabilities;
}

void iova_instance_destroy(struct iova_instance *instance)
{
	if (!instance)
		return;
	allocator_instance_destroy(&instance->instance);
	allocator_spec_close(&instance->spec);
	memory_release(instance);
}
