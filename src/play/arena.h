/* SPDX-License-Identifier: MIT
 * The host of allocators under test: memory whose resident bytes can be told, locks, logical CPUs. */
#ifndef PLAY_ARENA_H
#define PLAY_ARENA_H

#include "base/error.h"
#include "iovabench/allocator.h"
#include "play/lock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_SMALL_STEP ((size_t)64)
#define ARENA_SMALL_CLASSES ((size_t)64) /* up to a page */

#define ARENA_FAULT_BYTES 160

/* What an allocator has and gives back, held against each other. */
struct arena_book {
	uint64_t *sizes;        /* by steps of 64 bytes, of the block that begins there; NULL: no book is kept */
	uint64_t blocks, bytes; /* handed out and not given back */
	/* Blocks that were given back twice, with another size, or were never handed out, and the last one in a sentence.
	 * Nothing comes of them. */
	uint64_t faults;
	char fault[ARENA_FAULT_BYTES];
};

/* One address range that is reserved once and handed out from the bottom; pages are backed when touched. */
struct arena {
	unsigned char *base;
	size_t bytes;   /* reserved */
	size_t used;    /* handed out */
	void *reserved; /* where the reservation begins, and */
	size_t reserved_bytes;
	_Atomic uint64_t locks; /* made and not destroyed */
	size_t backed;          /* prefault: what lies below was backed, but for blocks above ARENA_PREFAULT_BYTES */
	bool prefault;          /* back what is handed out at once (timed passes), up to ARENA_PREFAULT_BYTES at a time */
	struct arena_book book; /* kept where nothing is timed */
	/* Blocks that were given back; each begins with the next one. By size in steps of 64 bytes, and, in a prefaulted
	 * arena, those of a page and more. */
	void *small[ARENA_SMALL_CLASSES];
	struct arena_whole *whole;
	uint64_t requests; /* calls of memory_get: growth inside a measured window shows here */
	struct iova_host host;
	enum lock_kind lock_kind; /* of the host's locks: mutex unless changed before the first is made */
	pthread_mutex_t mutex;
};

/* Larger blocks are arrays over a sparse space: backing them would defeat their purpose. */
#define ARENA_PREFAULT_BYTES ((size_t)64 << 20)

/* Reserves the range. prefault: for passes that are timed; else a book is kept, and huge pages are kept out, so that resident
 * bytes are what was touched. -1: no address space. */
int arena_create(struct arena *arena, bool prefault, uint32_t cpus, struct error *error);
void arena_destroy(struct arena *arena);

/* Forgets everything that was handed out; the next instance gets zeroed memory again, still backed where it was prefaulted. */
void arena_reset(struct arena *arena);

/* From /proc/self/smaps; 0 when it cannot be read. */
struct arena_backing {
	uint64_t resident_bytes;
	uint64_t huge_bytes; /* of them, behind huge pages */
};
struct arena_backing arena_backing(const struct arena *arena);
uint64_t arena_resident_bytes(const struct arena *arena);

#endif
