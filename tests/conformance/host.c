/* SPDX-License-Identifier: MIT */
#include "conformance/conformance.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* From here on memory is mapped, so that an array over a large space costs what is touched; below, the sanitizer watches. */
#define MAPPED_BYTES (1u << 20)

static bool is_mapped(size_t bytes)
{
	return bytes >= MAPPED_BYTES;
}

static void *memory_get(void *context, size_t bytes)
{
	struct counting_host *host = context;
	if (host->requests++ == host->failing_request)
		return NULL;
	void *memory;
	if (is_mapped(bytes)) {
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			return NULL;
	} else if (posix_memalign(&memory, 64, bytes ? bytes : 1)) {
		return NULL;
	} else {
		memset(memory, 0, bytes);
	}
	for (size_t i = 0; i < PIECES_MAX; i++) {
		if (host->pieces[i].memory)
			continue;
		host->pieces[i].memory = memory;
		host->pieces[i].bytes = bytes;
		host->outstanding++;
		return memory;
	}
	abort();
}

static void give_back(void *memory, size_t bytes)
{
	if (is_mapped(bytes))
		munmap(memory, bytes);
	else
		free(memory);
}

static void memory_put(void *context, void *memory, size_t bytes)
{
	struct counting_host *host = context;
	for (size_t i = 0; memory && i < PIECES_MAX; i++) {
		if (host->pieces[i].memory != memory)
			continue;
		if (host->pieces[i].bytes != bytes)
			host->wrong = "memory goes back with another size than it came with";
		give_back(memory, host->pieces[i].bytes);
		host->pieces[i].memory = NULL;
		host->outstanding--;
		return;
	}
	if (memory)
		host->wrong = "memory goes back that was never given";
}

const char *counting_host_end(struct counting_host *host)
{
	const char *wrong = host->wrong;
	if (host->outstanding)
		wrong = "memory is left behind after destroy";
	else if (host->locks)
		wrong = "a lock is left behind after destroy";
	for (size_t i = 0; i < PIECES_MAX; i++)
		if (host->pieces[i].memory)
			give_back(host->pieces[i].memory, host->pieces[i].bytes);
	return wrong;
}

static void *lock_create(void *context)
{
	struct counting_host *host = context;
	if (host->requests++ == host->failing_request)
		return NULL;
	host->locks++;
	return &host->locks;
}

static void lock_destroy(void *context, void *lock)
{
	struct counting_host *host = context;
	host->locks -= lock != NULL;
}

static void lock_nothing(void *context, void *lock)
{
	(void)context;
	(void)lock;
}

void counting_host_make(struct counting_host *host)
{
	*host = (struct counting_host){
		.host = {.size = sizeof host->host,
			 .cpus = 2,
			 .context = host,
			 .memory_get = memory_get,
			 .memory_put = memory_put,
			 .lock_create = lock_create,
			 .lock_destroy = lock_destroy,
			 .lock_acquire = lock_nothing,
			 .lock_release = lock_nothing},
		.failing_request = UINT64_MAX,
	};
}
