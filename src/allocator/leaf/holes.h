/* SPDX-License-Identifier: MIT
 * Held holes: of each length below 63 the lowest of those that were made lately and lie, with the used pages on either side,
 * in one word. A hole is held, not taken: its bits are free, so neighbours merge with it as ever, and who meets it looks
 * whether it is still there and no longer than it was. Only one that is pushed out enters its leaf's bound. */
#ifndef ALLOCATOR_LEAF_HOLES_H
#define ALLOCATOR_LEAF_HOLES_H

#include "allocator/leaf/state.h"

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

/* Length < 63 free pages behind page `before`. */
INLINE uint64_t hole_bits(unsigned length)
{
	return line_ones(length) << 1;
}

/* And used pages on either side? */
INLINE bool hole_is_there(const struct leaf *self, uint64_t before, unsigned length)
{
	uint64_t free = ~self->words[before >> 6] >> (before & 63);
	return line_below(free, length + 2) == hole_bits(length);
}

INLINE uint64_t hole_before(int32_t hole)
{
	return (uint32_t)~hole;
}

INLINE held_holes hole_greater(held_holes a, held_holes b)
{
#if defined(__SSE4_1__)
	return (held_holes)_mm_max_epi32((__m128i)a, (__m128i)b);
#else
	held_holes greater = a > b;
	return (a & greater) | (b & ~greater);
#endif
}

INLINE held_holes hole_less(held_holes a, held_holes b)
{
#if defined(__SSE4_1__)
	return (held_holes)_mm_min_epi32((__m128i)a, (__m128i)b);
#else
	held_holes less = a < b;
	return (a & less) | (b & ~less);
#endif
}

/* Holds a hole; of one too many the highest is told to its leaf's bound. */
INLINE void hole_hold(struct leaf *self, uint64_t before, unsigned length)
{
	const held_holes no = {0};
	held_holes *held = &self->held[length], old = *held;
	int32_t hole = (int32_t)~before, least = old[HELD - 1];
	/* In order: max(old, min(hole, the one above)), and 0 is above all. */
	held_holes above = __builtin_shufflevector(no, old, 0, 4, 5, 6);
	*held = hole_greater(old, hole_less((held_holes){hole, hole, hole, hole}, above));
	self->held_some |= UINT64_C(1) << length;
	forget_failure(self, length);
	int32_t out = least < hole ? least : hole;
	uint64_t page = hole_before(out);
	if (out != HELD_NONE && length > self->inside_bounds[page >> LINE_LOG2] && hole_is_there(self, page, length))
		runs_file_inside(self, page >> LINE_LOG2, length);
}

/* The page before the lowest held hole of a length that has one. */
INLINE uint64_t hole_lowest(const struct leaf *self, unsigned length)
{
	return hole_before(self->held[length][0]);
}

/* It is held no longer. */
INLINE void hole_pop(struct leaf *self, unsigned length)
{
	const held_holes none = {HELD_NONE, HELD_NONE, HELD_NONE, HELD_NONE};
	held_holes *held = &self->held[length], old = *held;
	*held = __builtin_shufflevector(old, none, 1, 2, 3, 4);
	/* Not a branch: it could not be foretold. */
	self->held_some ^= (uint64_t)(old[1] == HELD_NONE) << length;
}

#endif
