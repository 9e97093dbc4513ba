/* SPDX-License-Identifier: MIT */
#include "allocator/magazine/depot.h"

#define CHUNK_MAGAZINES_MIN 16u

bool depot_grow(struct magazine_depot *depot)
{
	uint64_t count = depot->total > CHUNK_MAGAZINES_MIN ? depot->total : CHUNK_MAGAZINES_MIN;
	size_t header = bits_align_up(sizeof(struct magazine_chunk), 64), bytes = header + count * depot->magazine_bytes;
	struct magazine_chunk *chunk = depot->host->memory_get(depot->host->context, bytes);
	if (!chunk)
		return false;
	*chunk = (struct magazine_chunk){depot->chunks, bytes};
	depot->chunks = chunk;
	depot->fresh = (unsigned char *)chunk + header;
	depot->fresh_count = count;
	depot->total += count;
	return true;
}

void depot_release(struct magazine_depot *depot)
{
	while (depot->chunks) {
		struct magazine_chunk *chunk = depot->chunks;
		depot->chunks = chunk->next;
		depot->host->memory_put(depot->host->context, chunk, chunk->bytes);
	}
}
