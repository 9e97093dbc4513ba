/* SPDX-License-Identifier: MIT
 * A host for tests of one allocator: lazily backed memory that can be made to fail, and that counts what is touched. */
#ifndef SUPPORT_TEST_HOST_A_H
#define SUPPORT_TEST_HOST_A_H

#include "iovabench/allocator.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TEST_HOST_BLOCKS 64
#define TEST_PAGE_BYTES 4096

struct test_host {
	struct iova_host host;
	uint64_t passes; /* requests until one fails */
	struct {
		void *memory;
		size_t bytes;
	} blocks[TEST_HOST_BLOCKS];
};

static inline void *test_host_get(void *context, size_t bytes)
{
	struct test_host *host = context;
	if (!host->passes)
		return NULL;
	host->passes--;
	for (int i = 0; i < TEST_HOST_BLOCKS; i++) {
		if (host->blocks[i].memory)
			continue;
		void *memory =
			mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			return NULL;
		host->blocks[i].memory = memory;
		host->blocks[i].bytes = bytes;
		return memory;
	}
	return NULL;
}

static inline void test_host_put(void *context, void *memory, size_t bytes)
{
	struct test_host *host = context;
	if (!memory)
		return;
	for (int i = 0; i < TEST_HOST_BLOCKS; i++) {
		if (host->blocks[i].memory != memory)
			continue;
		if (host->blocks[i].bytes != bytes)
			abort();
		munmap(memory, bytes);
		host->blocks[i].memory = NULL;
		return;
	}
	abort(); /* not ours, or given back twice */
}

static inline void test_host_init(struct test_host *host)
{
	*host = (struct test_host){.passes = UINT64_MAX};
	host->host = (struct iova_host){.size = sizeof(host->host),
					.cpus = 1,
					.context = host,
					.memory_get = test_host_get,
					.memory_put = test_host_put};
}

static inline int test_host_blocks_held(const struct test_host *host)
{
	int held = 0;
	for (int i = 0; i < TEST_HOST_BLOCKS; i++)
		held += host->blocks[i].memory != NULL;
	return held;
}

/* Bytes of the pages that are in memory: what was touched. Asks in chunks, so that huge reservations need no huge
 * answer. */
static inline uint64_t test_host_touched_bytes(const struct test_host *host)
{
	enum { CHUNK = 1 << 22 };
	unsigned char *answer = malloc(CHUNK);
	uint64_t touched = 0;
	for (int i = 0; i < TEST_HOST_BLOCKS; i++) {
		if (!host->blocks[i].memory)
			continue;
		uint64_t pages = (host->blocks[i].bytes + TEST_PAGE_BYTES - 1) / TEST_PAGE_BYTES;
		for (uint64_t page = 0; page < pages; page += CHUNK) {
			uint64_t count = pages - page < CHUNK ? pages - page : CHUNK;
			char *at = (char *)host->blocks[i].memory + page * TEST_PAGE_BYTES;
			if (mincore(at, count * TEST_PAGE_BYTES, answer))
				abort();
			for (uint64_t k = 0; k < count; k++)
				touched += (answer[k] & 1u) * TEST_PAGE_BYTES;
		}
	}
	free(answer);
	return touched;
}

#endif
