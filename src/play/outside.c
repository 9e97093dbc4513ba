/* SPDX-License-Identifier: MIT */
#include "play/outside.h"

#include "base/process.h"

#include <malloc.h>
#include <unistd.h>

/* Pages of a stack, of the C library's buffers, of maps that were read. */
#define NOISE_BYTES ((uint64_t)128 * 1024)

static void look(const struct arena *arena, uint64_t *heap, uint64_t *resident)
{
	struct mallinfo2 info = mallinfo2();
	uint64_t all = process_resident_bytes(getpid()), host = arena_resident_bytes(arena);
	*heap = info.uordblks + info.hblkhd;
	*resident = all > host ? all - host : 0;
}

void outside_begin(struct outside *outside)
{
	look(outside->arena, &outside->heap_bytes, &outside->resident_bytes);
}

void outside_end(struct outside *outside)
{
	uint64_t heap, resident;
	look(outside->arena, &heap, &resident);
	outside->heap_freed += outside->heap_bytes > heap ? outside->heap_bytes - heap : 0;
	outside->resident_freed += outside->resident_bytes > resident ? outside->resident_bytes - resident : 0;
}

uint64_t outside_bytes(const struct outside *outside)
{
	uint64_t bytes = outside->heap_freed > outside->resident_freed ? outside->heap_freed : outside->resident_freed;
	return bytes > NOISE_BYTES ? bytes : 0;
}
