/* SPDX-License-Identifier: MIT
 * Adversaries: programs that see where an allocator places, and ask for what suits it least. */
#ifndef RUN_ADVERSARY_H
#define RUN_ADVERSARY_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* How an adversary plays. Slots are numbers below live. */
struct adversary_moves {
	/* Allocates count pages into an empty slot and tells the first of them. false: it failed, the slot stays empty. */
	bool (*alloc)(void *context, uint32_t slot, uint64_t count, uint64_t *first);
	void (*free)(void *context, uint32_t slot);
	void *context;
};

/* Robson's adversary for the largest block that is a power of two (J. M. Robson, JACM 21(3), 1974): no more than live pages at once,
 * blocks of 1, 2, 4, … largest pages, with largest <= live a power of two. First and best fit need live (log2(largest)/2 + 1) -
 * largest + 1 pages. Residues are relative to base, the first page of the space. A failed allocation ends its stage. What lives at the
 * end stays. -1: no memory. Cost: O(live log2 largest). */
int adversary_play_robson(uint64_t live, uint64_t largest, uint64_t base, const struct adversary_moves *moves,
			  struct error *error);

#endif
