/* SPDX-License-Identifier: MIT
 * Memory that an allocator has beside that of the host: what its frees and its end give back to malloc, or to the system. What
 * it never gives back, and what is part of its file, is not seen. */
#ifndef PLAY_OUTSIDE_H
#define PLAY_OUTSIDE_H

#include "play/arena.h"

struct outside {
	const struct arena *arena;
	uint64_t heap_bytes, resident_bytes; /* beside the arena, when it was begun last */
	uint64_t heap_freed, resident_freed; /* between begins and ends */
};

/* Around calls of the allocator that give back, and nothing else. Cost: reads /proc/self/smaps. */
void outside_begin(struct outside *outside);
void outside_end(struct outside *outside);

/* Bytes that were held beside the host; 0 when they are no more than the noise of a process. */
uint64_t outside_bytes(const struct outside *outside);

#endif
