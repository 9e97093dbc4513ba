/* SPDX-License-Identifier: MIT */
#include "run/adversary.h"

#include "base/memory.h"

#include <stddef.h>

struct block {
	uint64_t first; /* from the base of the space */
	uint64_t count; /* 0: the slot is empty */
};

struct robson {
	const struct adversary_moves *moves;
	uint64_t base, limit, live_pages;
	struct block *blocks; /* by slot; limit of them: every block has a page at least */
	uint64_t slot;        /* below it all slots are taken */
};

/* Whether a page of the block is congruent to offset modulo a power of two. */
static bool covers(const struct block *block, uint64_t offset, uint64_t modulus)
{
	return ((offset - block->first) & (modulus - 1)) < block->count;
}

/* How far the blocks that would stay are from being as large as the ones to come. */
static uint64_t waste(const struct robson *robson, uint64_t offset, uint64_t size)
{
	uint64_t sum = 0;
	for (uint64_t i = 0; i < robson->limit; i++)
		if (robson->blocks[i].count && covers(&robson->blocks[i], offset, size))
			sum += size - robson->blocks[i].count;
	return sum;
}

static void free_all_but(struct robson *robson, uint64_t offset, uint64_t size)
{
	for (uint64_t i = 0; i < robson->limit; i++) {
		struct block *block = &robson->blocks[i];
		if (!block->count || covers(block, offset, size))
			continue;
		robson->moves->free(robson->moves->context, (uint32_t)i);
		robson->live_pages -= block->count;
		block->count = 0;
	}
	robson->slot = 0;
}

static void allocate(struct robson *robson, uint64_t size)
{
	while (robson->live_pages + size <= robson->limit) {
		uint64_t first;
		while (robson->blocks[robson->slot].count)
			robson->slot++;
		if (!robson->moves->alloc(robson->moves->context, (uint32_t)robson->slot, size, &first))
			return;
		robson->blocks[robson->slot] = (struct block){first - robson->base, size};
		robson->live_pages += size;
	}
}

int adversary_play_robson(uint64_t live, uint64_t largest, uint64_t base, const struct adversary_moves *moves,
			  struct error *error)
{
	struct robson robson = {.moves = moves, .base = base, .limit = live};
	robson.blocks = memory_zeroed((size_t)live, sizeof robson.blocks[0]);
	if (!robson.blocks)
		return error_set(error, EXIT_CODE_IO, "no memory for an adversary of %llu pages", (unsigned long long)live);
	uint64_t offset = 0;
	allocate(&robson, 1);
	for (uint64_t size = 2; size <= largest; size *= 2) {
		/* It stays on a tie: switching gives the buddy's figure. */
		if (waste(&robson, offset + size / 2, size) > waste(&robson, offset, size))
			offset += size / 2;
		free_all_but(&robson, offset, size);
		allocate(&robson, size);
	}
	memory_release(robson.blocks);
	return 0;
}
