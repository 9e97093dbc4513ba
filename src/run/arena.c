/* SPDX-License-Identifier: MIT */
#include "run/arena.h"

#include "base/bits.h"
#include "base/memory.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define LARGEST_RESERVATION ((size_t)1 << 44)
#define SMALLEST_RESERVATION ((size_t)1 << 28)

static void back(unsigned char *memory, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
	unsigned char *first = memory - (uintptr_t)memory % PAGE;
	if (madvise(first, bits_align_up((uint64_t)(memory + bytes - first), PAGE), MADV_POPULATE_WRITE) == 0)
		return;
#endif
	for (size_t i = 0; i < bytes; i += PAGE)
		*(volatile unsigned char *)(memory + i) = 0;
}

static void *get(void *context, size_t bytes)
{
	struct arena *arena = context;
	arena->requests++;
	size_t start = bits_align_up(arena->used, bytes >= PAGE ? PAGE : 64);
	if (bytes > arena->bytes || start > arena->bytes - bytes)
		return NULL;
	arena->used = start + bytes;
	unsigned char *memory = arena->base + start;
	if (arena->prefault && bytes <= ARENA_PREFAULT_BYTES)
		back(memory, bytes);
	return memory;
}

/* Whole pages go back to the system, so that they no longer count as resident; the range itself is handed out again only when it
 * was the last one. Small blocks stay until the next reset. */
static void put(void *context, void *memory, size_t bytes)
{
	struct arena *arena = context;
	if (!memory)
		return;
	size_t start = (size_t)((unsigned char *)memory - arena->base);
	size_t first = bits_align_up(start, PAGE);
	size_t end = bits_align_down(start + bytes, PAGE);
	if (end > first)
		madvise(arena->base + first, end - first, MADV_DONTNEED);
	bool last = start + bytes == arena->used;
	if (last && bytes >= PAGE && start == first) {
		memset(arena->base + end, 0, start + bytes - end);
		arena->used = start;
	}
}

static void *lock_create(void *context)
{
	(void)context;
	pthread_mutex_t *lock = memory_zeroed(1, sizeof *lock);
	if (lock)
		pthread_mutex_init(lock, NULL);
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

int arena_create(struct arena *arena, bool prefault, uint32_t cpus, struct error *error)
{
	*arena = (struct arena){.prefault = prefault};
	void *base = MAP_FAILED;
	size_t bytes = LARGEST_RESERVATION;
	for (; bytes >= SMALLEST_RESERVATION && base == MAP_FAILED; bytes /= 2)
		base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return error_set(error, EXIT_CODE_IO, "cannot reserve %zu MiB of address space for an allocator's metadata (ulimit -v?)",
		                 SMALLEST_RESERVATION >> 20);
	arena->base = base;
	arena->bytes = bytes * 2;
	if (!prefault)
		madvise(base, arena->bytes, MADV_NOHUGEPAGE);
	arena->host = (struct iova_host){
		.size = sizeof arena->host,
		.cpus = cpus,
		.context = arena,
		.memory_get = get,
		.memory_put = put,
		.lock_create = lock_create,
		.lock_destroy = lock_destroy,
		.lock_acquire = lock_acquire,
		.lock_release = lock_release,
	};
	return 0;
}

void arena_destroy(struct arena *arena)
{
	if (arena->base)
		munmap(arena->base, arena->bytes);
	*arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
	/* Zeroing keeps pages backed; giving back is right for what was sparse or large. */
	if (arena->prefault && arena->used <= ARENA_PREFAULT_BYTES)
		memset(arena->base, 0, arena->used);
	else
		madvise(arena->base, bits_align_up(arena->used, PAGE), MADV_DONTNEED);
	arena->used = 0;
}

uint64_t arena_resident_bytes(const struct arena *arena)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	if (!smaps)
		return 0;
	char line[512];
	uint64_t resident_kib = 0;
	bool inside = false;
	uintptr_t begin = (uintptr_t)arena->base, end = begin + arena->bytes;
	while (fgets(line, sizeof line, smaps)) {
		uintmax_t from, to, kib;
		if (sscanf(line, "%jx-%jx ", &from, &to) == 2)
			inside = from >= begin && to <= end;
		else if (inside && sscanf(line, "Rss: %ju kB", &kib) == 1)
			resident_kib += kib;
	}
	fclose(smaps);
	return resident_kib * 1024;
}
