/* SPDX-License-Identifier: MIT */
#include "play/arena.h"

#include "base/bits.h"
#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)
#define LARGEST_RESERVATION ((size_t)1 << 44)
#define SMALLEST_RESERVATION ((size_t)1 << 28)
#define ARENA_WHOLE_LOOKS 64 /* at blocks that were given back, for one of the right size */

_Static_assert(ARENA_SMALL_STEP *ARENA_SMALL_CLASSES == PAGE, "every block below a page has a list");

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

/* Index of a small block's list; 1 <= bytes < PAGE. */
static size_t class_of(size_t bytes)
{
	return (bytes - 1) / ARENA_SMALL_STEP;
}

static void *take_small(struct arena *arena, size_t bytes)
{
	assert(bytes && bytes < PAGE);
	void **list = &arena->small[class_of(bytes)], *memory = *list;
	if (memory) {
		memcpy(list, memory, sizeof *list);
		memset(memory, 0, (class_of(bytes) + 1) * ARENA_SMALL_STEP);
	}
	return memory;
}

/* What a block that was given back begins with. */
struct arena_whole {
	struct arena_whole *next;
	size_t bytes;
};

/* One of exactly this size, as those are whose owner gives back and asks again; NULL: none among the last few. */
static void *take_whole(struct arena *arena, size_t bytes)
{
	struct arena_whole **link = &arena->whole;
	for (int looks = 0; *link && looks < ARENA_WHOLE_LOOKS; looks++, link = &(*link)->next) {
		struct arena_whole *block = *link;
		if (block->bytes != bytes)
			continue;
		*link = block->next;
		memset(block, 0, bytes);
		return block;
	}
	return NULL;
}

/* A system call for every small block would be paid inside of windows: many are backed at once. */
static void prefault(struct arena *arena, size_t start, size_t bytes)
{
	/* Metadata of a kernel lies in its direct map, behind huge pages: with small ones the timed passes would show misses
	 * of the TLB that no kernel has. */
	size_t first = bits_align_down(start, HUGE_PAGE), end = bits_align_up(start + bytes, HUGE_PAGE);
	if (end > arena->bytes)
		end = arena->bytes;
	if (start + bytes <= arena->backed)
		return;
	madvise(arena->base + first, end - first, MADV_HUGEPAGE);
	if (bytes > ARENA_PREFAULT_BYTES)
		return;
	back(arena->base + start, end - start);
	arena->backed = end;
}

static void *get(void *context, size_t bytes)
{
	struct arena *arena = context;
	arena->requests++;
	bytes = bytes ? bytes : 1;
	void *again = bytes < PAGE ? take_small(arena, bytes) : take_whole(arena, bytes);
	if (again)
		return again;
	size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : bytes >= PAGE ? PAGE : ARENA_SMALL_STEP;
	size_t start = bits_align_up(arena->used, align);
	if (bytes > arena->bytes || start > arena->bytes - bytes)
		return NULL;
	arena->used = start + bytes;
	if (arena->prefault)
		prefault(arena, start, bytes);
	return arena->base + start;
}

/* Where nothing is timed whole pages go back to the system, so that they no longer count as resident, and their range is
 * handed out again only when it was the last one. Else they stay, as those behind a kernel's metadata do: giving back a part
 * would break up the huge page around it, for all that follows. Smaller blocks wait for the next request of their size. */
static void put(void *context, void *memory, size_t bytes)
{
	struct arena *arena = context;
	if (!memory)
		return;
	bytes = bytes ? bytes : 1;
	if (bytes < PAGE) {
		void **list = &arena->small[class_of(bytes)];
		memcpy(memory, list, sizeof *list);
		*list = memory;
		return;
	}
	if (arena->prefault && bytes <= ARENA_PREFAULT_BYTES) {
		*(struct arena_whole *)memory = (struct arena_whole){arena->whole, bytes};
		arena->whole = memory;
		return;
	}
	/* Blocks of a page and more begin with one. */
	size_t start = (size_t)((unsigned char *)memory - arena->base);
	size_t end = bits_align_down(start + bytes, PAGE);
	madvise(memory, end - start, MADV_DONTNEED);
	if (start + bytes == arena->used) {
		memset(arena->base + end, 0, start + bytes - end);
		arena->used = start;
		arena->backed = arena->backed < start ? arena->backed : start;
	}
}

#define BOOK_GONE (UINT64_C(1) << 63) /* it was given back */

/* Where the book has the block; NULL: no block can begin there. */
static uint64_t *entry_of(const struct arena *arena, const void *memory)
{
	uintptr_t offset = (uintptr_t)memory - (uintptr_t)arena->base;
	return offset < arena->bytes && offset % ARENA_SMALL_STEP == 0 ? &arena->book.sizes[offset / ARENA_SMALL_STEP]
								       : NULL;
}

static void enter(struct arena *arena, const void *memory, size_t bytes)
{
	uint64_t *entry = entry_of(arena, memory);
	*entry = bytes ? bytes : 1;
	arena->book.blocks++;
	arena->book.bytes += *entry;
}

/* Returns the size of the block, which goes back now; 0: it is none that is out. */
static uint64_t strike_out(struct arena *arena, const void *memory, size_t bytes)
{
	struct arena_book *book = &arena->book;
	uint64_t *entry = entry_of(arena, memory), size = entry ? *entry : 0;
	bytes = bytes ? bytes : 1;
	if (!size || (size & BOOK_GONE)) {
		book->faults++;
		snprintf(book->fault, sizeof book->fault,
			 size ? "memory was given back twice: %zu bytes"
			      : "memory was given back that was never handed out: %zu bytes",
			 bytes);
		return 0;
	}
	if (size != bytes) {
		book->faults++;
		snprintf(book->fault, sizeof book->fault,
			 "memory was given back with another size than it was asked for with: %zu bytes of %" PRIu64, bytes,
			 size);
	}
	book->blocks--;
	book->bytes -= size;
	*entry |= BOOK_GONE;
	return size;
}

/* Allocators that need no lock ask from several threads at once; for all others this one is never contended. */
static void *get_locked(void *context, size_t bytes)
{
	struct arena *arena = context;
	pthread_mutex_lock(&arena->mutex);
	void *memory = get(context, bytes);
	if (memory && arena->book.sizes)
		enter(arena, memory, bytes);
	pthread_mutex_unlock(&arena->mutex);
	return memory;
}

static void put_locked(void *context, void *memory, size_t bytes)
{
	struct arena *arena = context;
	pthread_mutex_lock(&arena->mutex);
	if (memory && arena->book.sizes)
		bytes = strike_out(arena, memory, bytes);
	if (bytes || !arena->book.sizes)
		put(context, memory, bytes);
	pthread_mutex_unlock(&arena->mutex);
}

static void *host_lock_create(void *context)
{
	struct arena *arena = context;
	struct lock *lock = memory_zeroed(1, sizeof *lock);
	if (lock)
		lock_open(lock, arena->lock_kind);
	arena->locks += lock != NULL;
	return lock;
}

static void host_lock_destroy(void *context, void *lock)
{
	struct arena *arena = context;
	if (lock)
		lock_close(lock);
	arena->locks -= lock != NULL;
	memory_release(lock);
}

static void host_lock_acquire(void *context, void *lock)
{
	(void)context;
	lock_acquire(lock);
}

static void host_lock_release(void *context, void *lock)
{
	(void)context;
	lock_release(lock);
}

/* Behind the range, after a gap that is neither's, lies the book when there is one. Both are backed where they are touched. */
static int reserve(struct arena *arena, bool book, struct error *error)
{
	size_t bytes = LARGEST_RESERVATION, all = 0;
	arena->reserved = MAP_FAILED;
	for (; bytes >= SMALLEST_RESERVATION && arena->reserved == MAP_FAILED; bytes /= 2) {
		all = bytes + (book ? HUGE_PAGE + bytes / ARENA_SMALL_STEP * sizeof arena->book.sizes[0] : 0);
		arena->reserved =
			mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	}
	if (arena->reserved == MAP_FAILED)
		return error_set(error, EXIT_CODE_IO,
				 "cannot reserve %zu MiB of address space for an allocator's metadata (ulimit -v?)",
				 SMALLEST_RESERVATION >> 20);
	bytes *= 2; /* as it went through */
	arena->reserved_bytes = all;
	unsigned char *end = (unsigned char *)arena->reserved + bytes;
	if (book && mprotect(end, HUGE_PAGE, PROT_NONE) == 0)
		arena->book.sizes = (uint64_t *)(void *)(end + HUGE_PAGE);
	/* Huge pages begin at their multiples. */
	size_t skipped = -(uintptr_t)arena->reserved & (HUGE_PAGE - 1);
	arena->base = (unsigned char *)arena->reserved + skipped;
	arena->bytes = bytes - skipped;
	return 0;
}

int arena_create(struct arena *arena, bool prefault, uint32_t cpus, struct error *error)
{
	assert(cpus);
	*arena = (struct arena){.prefault = prefault, .lock_kind = LOCK_MUTEX, .mutex = PTHREAD_MUTEX_INITIALIZER};
	if (reserve(arena, !prefault, error) < 0)
		return -1;
	if (!prefault)
		madvise(arena->base, arena->bytes, MADV_NOHUGEPAGE);
	arena->host = (struct iova_host){
		.size = sizeof arena->host,
		.cpus = cpus,
		.context = arena,
		.memory_get = get_locked,
		.memory_put = put_locked,
		.lock_create = host_lock_create,
		.lock_destroy = host_lock_destroy,
		.lock_acquire = host_lock_acquire,
		.lock_release = host_lock_release,
	};
	return 0;
}

void arena_destroy(struct arena *arena)
{
	if (arena->base)
		munmap(arena->reserved, arena->reserved_bytes);
	*arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
	assert(arena->base);
	/* Zeroing keeps pages backed; giving back is right for what was sparse or large. */
	if (arena->prefault && arena->used <= ARENA_PREFAULT_BYTES) {
		memset(arena->base, 0, arena->used);
	} else {
		madvise(arena->base, bits_align_up(arena->used, PAGE), MADV_DONTNEED);
		arena->backed = 0;
	}
	if (arena->book.sizes)
		madvise(arena->book.sizes,
			bits_align_up(arena->used / ARENA_SMALL_STEP * sizeof arena->book.sizes[0] + 1, PAGE),
			MADV_DONTNEED);
	arena->book = (struct arena_book){.sizes = arena->book.sizes};
	arena->used = 0;
	memset(arena->small, 0, sizeof arena->small);
	arena->whole = NULL;
}

struct arena_backing arena_backing(const struct arena *arena)
{
	struct arena_backing backing = {0};
	FILE *smaps = fopen("/proc/self/smaps", "re");
	if (!smaps)
		return backing;
	char line[512];
	bool inside = false;
	uintptr_t begin = (uintptr_t)arena->base, end = begin + arena->bytes;
	while (fgets(line, sizeof line, smaps)) {
		uintmax_t from, to, kib;
		if (sscanf(line, "%jx-%jx ", &from, &to) == 2)
			inside = from >= begin && to <= end;
		else if (inside && sscanf(line, "Rss: %ju kB", &kib) == 1)
			backing.resident_bytes += kib * 1024;
		else if (inside && sscanf(line, "AnonHugePages: %ju kB", &kib) == 1)
			backing.huge_bytes += kib * 1024;
	}
	fclose(smaps);
	return backing;
}

uint64_t arena_resident_bytes(const struct arena *arena)
{
	return arena_backing(arena).resident_bytes;
}
