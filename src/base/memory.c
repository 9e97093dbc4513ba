/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define GROWN_LEAST ((size_t)16)

static atomic_uint_fast64_t requests;
static atomic_uint_fast64_t failing_request = UINT64_MAX;

static bool must_fail(void)
{
	return atomic_fetch_add(&requests, 1) == atomic_load(&failing_request);
}

void *memory_zeroed(size_t count, size_t bytes)
{
	size_t total;
	if (must_fail() || __builtin_mul_overflow(count, bytes, &total))
		return NULL;
	return calloc(count ? count : 1, bytes ? bytes : 1);
}

void *memory_zeroed_huge(size_t count, size_t bytes)
{
	size_t total;
	if (must_fail() || __builtin_mul_overflow(count, bytes, &total) || total > SIZE_MAX - HUGE_PAGE)
		return NULL;
	if (total < MEMORY_HUGE_LEAST)
		return calloc(total ? total : 1, 1);
	size_t whole = (total + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *memory = aligned_alloc(HUGE_PAGE, whole);
	if (!memory)
		return NULL;
	madvise(memory, whole, MADV_HUGEPAGE);
	return memset(memory, 0, total);
}

void *memory_addresses(size_t bytes)
{
	if (must_fail() || bytes > SIZE_MAX - HUGE_PAGE)
		return NULL;
	char *all = mmap(NULL, bytes + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED)
		return NULL;
	size_t before = -(uintptr_t)all & (HUGE_PAGE - 1);
	if (before)
		munmap(all, before);
	munmap(all + before + bytes, HUGE_PAGE - before);
	return all + before;
}

void memory_give_addresses(void *addresses, size_t bytes)
{
	if (addresses)
		munmap(addresses, bytes);
}

int memory_back(void *addresses, size_t bytes)
{
	assert(((uintptr_t)addresses | bytes) % ((size_t)64 << 10) == 0);
	return must_fail() ? -1 : mprotect(addresses, bytes, PROT_READ | PROT_WRITE);
}

void *memory_resize(void *memory, size_t count, size_t bytes)
{
	size_t total;
	if (must_fail() || __builtin_mul_overflow(count, bytes, &total))
		return NULL;
	return realloc(memory, total ? total : 1);
}

char *memory_text(const char *text)
{
	if (!text)
		return NULL;
	size_t bytes = strlen(text) + 1;
	char *copy = memory_resize(NULL, bytes, 1);
	if (copy)
		memcpy(copy, text, bytes);
	return copy;
}

void memory_release(void *memory)
{
	free(memory);
}

int memory_grow(void *array, size_t *capacity, size_t count, size_t bytes)
{
	assert(bytes && (count <= *capacity || (!*capacity && count < GROWN_LEAST)));
	if (count < *capacity)
		return 0;
	size_t wanted;
	if (__builtin_mul_overflow(*capacity, (size_t)2, &wanted))
		return -1;
	if (wanted < GROWN_LEAST)
		wanted = GROWN_LEAST;
	void *old;
	memcpy(&old, array, sizeof old);
	void *grown = memory_resize(old, wanted, bytes);
	if (!grown)
		return -1;
	memcpy(array, &grown, sizeof grown);
	*capacity = wanted;
	return 0;
}

void memory_fail_after(uint64_t passes)
{
	atomic_store(&failing_request, passes == UINT64_MAX ? UINT64_MAX : atomic_load(&requests) + passes);
}

uint64_t memory_requests(void)
{
	return atomic_load(&requests);
}
