/* SPDX-License-Identifier: MIT
 * The host of allocators under test: memory whose resident bytes can be told, locks, logical CPUs. */
#ifndef RUN_ARENA_H
#define RUN_ARENA_H

#include "base/error.h"
#include "iovabench/allocator.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One address range that is reserved once and handed out from the bottom; pages are backed when touched. */
struct arena {
	unsigned char *base;
	size_t bytes;         /* reserved */
	size_t used;          /* handed out */
	bool prefault;        /* back what is handed out at once (timed passes), up to ARENA_PREFAULT_BYTES at a time */
	uint64_t requests;    /* calls of memory_get: growth inside a measured window shows here */
	struct iova_host host;
};

/* Larger blocks are arrays over a sparse space: backing them would defeat their purpose. */
#define ARENA_PREFAULT_BYTES ((size_t)64 << 20)

/* Reserves the range; huge pages are kept out unless prefault, so that resident bytes are what was touched. -1: no address space. */
int arena_create(struct arena *arena, bool prefault, uint32_t cpus, struct error *error);
void arena_destroy(struct arena *arena);

/* Forgets everything that was handed out; the next instance gets zeroed memory again, still backed where it was prefaulted. */
void arena_reset(struct arena *arena);

/* From /proc/self/smaps; 0 when it cannot be read. */
uint64_t arena_resident_bytes(const struct arena *arena);

#endif
