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

/* And used pages on either side? Before the first word only a bit is looked at, which is no hole whatever it is. */
INLINE bool hole_is_there(const struct leaf *self, int64_t before, unsigned length)
{
	uint64_t free = ~self->words[before >> 6] >> (before & 63);
	return line_below(free, length + 2) == hole_bits(length);
}

/* HELD_NONE becomes -1, and there is no hole. */
INLINE int64_t hole_before(uint32_t hole)
{
	return (int32_t)hole;
}

INLINE held_holes hole_greater(held_holes a, held_holes b)
{
#if defined(__SSE4_1__)
	return (held_holes)_mm_max_epu32((__m128i)a, (__m128i)b);
#else
	held_holes greater = (held_holes)(a > b);
	return (a & greater) | (b & ~greater);
#endif
}

INLINE held_holes hole_less(held_holes a, held_holes b)
{
#if defined(__SSE4_1__)
	return (held_holes)_mm_min_epu32((__m128i)a, (__m128i)b);
#else
	held_holes less = (held_holes)(a < b);
	return (a & less) | (b & ~less);
#endif
}

/* Holds a hole; of one too many the highest is told. */
INLINE void hole_hold(struct leaf *self, uint64_t before, uint64_t length)
{
	assert(length && length <= HELD_LENGTH_MOST && before < HELD_PAGES);
	const held_holes no = {0};
	held_holes *held = &self->held[length], old = *held;
	uint32_t hole = (uint32_t)before, last = old[HELD - 1];
	/* In order: min(old, max(hole, the one below)), and 0 is below all. */
	held_holes below = __builtin_shufflevector(no, old, 0, 4, 5, 6);
	*held = hole_less(old, hole_greater((held_holes){hole, hole, hole, hole}, below));
	self->held_some |= UINT64_C(1) << length;
	forget_failure(self, length);
	if (UNLIKELY(last != HELD_NONE))
		runs_tell_hole(self, last > hole ? last : hole, (unsigned)length);
}

/* The page before the lowest held hole of a length, or -1. */
INLINE int64_t hole_lowest(const struct leaf *self, uint64_t length)
{
	return hole_before(self->held[length][0]);
}

/* It is held no longer. */
INLINE void hole_pop(struct leaf *self, uint64_t length)
{
	const held_holes none = {HELD_NONE, HELD_NONE, HELD_NONE, HELD_NONE};
	held_holes *held = &self->held[length];
	*held = __builtin_shufflevector(*held, none, 1, 2, 3, 4);
}

#endif
