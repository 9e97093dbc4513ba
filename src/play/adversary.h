/* SPDX-License-Identifier: MIT
 * Adversaries: programs that see where an allocator places, and ask for what suits it least. */
#ifndef PLAY_ADVERSARY_H
#define PLAY_ADVERSARY_H

#include "base/error.h"
#include "iovabench/allocator.h"
#include "stream/op_stream.h"

#include <stdint.h>

/* Who plays what an adversary thinks of. slots: extents by slot as they are after each operation, count == 0 where one is
 * empty. */
struct adversary_player {
	/* op frees what its slot holds (count 0), or allocates count pages into it, whatever its own low bits say. */
	void (*play)(void *context, const struct op *op, uint64_t count);
	void *context;
	const struct iova_extent *slots;
};

/* Robson's adversary (J. M. Robson, JACM 21(3), 1974): no more than live pages at once, blocks of 1, 2, 4, … largest pages.
 * First and best fit need live (log2(largest) / 2 + 1) - largest + 1 pages. Residues are relative to base, the first page of
 * the space. A failed allocation ends its stage. What lives at the end stays. -1: no memory. Cost: O(live log2 largest) beside
 * the operations. */
int adversary_play(const struct op_adversary *adversary, uint64_t base, const struct adversary_player *player,
		   struct error *error);

#endif
