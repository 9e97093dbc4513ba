/* SPDX-License-Identifier: MIT */
#include "play/adversary.h"

#include "base/bits.h"
#include "base/memory.h"

#include <assert.h>
#include <stdbool.h>

struct robson {
	const struct op_adversary *rules;
	const struct adversary_player *player;
	uint64_t base, live_pages;
	/* as asked for, by slot from rules->slot_first on; 0: empty. A block has a page at least, so live suffice */
	uint64_t *sizes;
	uint64_t slot; /* all below it are taken */
};

static const struct iova_extent *extent_of(const struct robson *robson, uint64_t slot)
{
	return &robson->player->slots[robson->rules->slot_first + slot];
}

/* Whether a page of the block is congruent to offset modulo a power of two. */
static bool covers(const struct robson *robson, uint64_t slot, uint64_t offset, uint64_t modulus)
{
	uint64_t first = extent_of(robson, slot)->first - robson->base;
	return ((offset - first) & (modulus - 1)) < robson->sizes[slot];
}

/* How far the blocks that would stay are from being as large as the ones to come. */
static uint64_t waste(const struct robson *robson, uint64_t offset, uint64_t size)
{
	uint64_t sum = 0;
	for (uint64_t slot = 0; slot < robson->rules->live; slot++)
		if (robson->sizes[slot] && covers(robson, slot, offset, size))
			sum += size - robson->sizes[slot];
	return sum;
}

static void free_all_but(struct robson *robson, uint64_t offset, uint64_t size)
{
	for (uint64_t slot = 0; slot < robson->rules->live; slot++) {
		if (!robson->sizes[slot] || covers(robson, slot, offset, size))
			continue;
		const struct op op = {.slot = robson->rules->slot_first + (uint32_t)slot};
		robson->player->play(robson->player->context, &op, 0);
		robson->live_pages -= robson->sizes[slot];
		robson->sizes[slot] = 0;
	}
	robson->slot = 0;
}

static void allocate(struct robson *robson, uint64_t size)
{
	while (robson->live_pages + size <= robson->rules->live) {
		while (robson->sizes[robson->slot])
			robson->slot++;
		/* One page in the word itself: a word of zeros would be a free. */
		const struct op op = {robson->rules->slot_first + (uint32_t)robson->slot,
				      robson->rules->request << OP_REQUEST_SHIFT | 1};
		robson->player->play(robson->player->context, &op, size);
		if (!extent_of(robson, robson->slot)->count)
			return;
		robson->sizes[robson->slot] = size;
		robson->live_pages += size;
	}
}

int adversary_play(const struct op_adversary *adversary, uint64_t base, const struct adversary_player *player,
		   struct error *error)
{
	assert(bits_is_power_of_two(adversary->largest) && adversary->largest <= adversary->live);
	struct robson robson = {.rules = adversary, .player = player, .base = base};
	robson.sizes = memory_zeroed((size_t)adversary->live, sizeof robson.sizes[0]);
	if (!robson.sizes)
		return error_set(error, EXIT_CODE_IO, "no memory for an adversary of %llu pages",
				 (unsigned long long)adversary->live);
	uint64_t offset = 0;
	allocate(&robson, 1);
	for (uint64_t size = 2; size <= adversary->largest; size *= 2) {
		/* It stays on a tie: switching gives the buddy's figure. */
		if (waste(&robson, offset + size / 2, size) > waste(&robson, offset, size))
			offset += size / 2;
		free_all_but(&robson, offset, size);
		allocate(&robson, size);
	}
	memory_release(robson.sizes);
	return 0;
}
