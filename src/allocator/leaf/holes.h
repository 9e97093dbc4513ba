/* SPDX-License-Identifier: MIT
 * Held holes: of each length below 63 the lowest of those that were made lately and lie, with the used pages on either side,
 * in one word. A hole is held, not taken: its bits are free, so neighbours merge with it as ever, and who meets it looks
 * whether it is still there and no longer than it was. Only one that is pushed out enters its leaf's bound. */
#ifndef ALLOCATOR_LEAF_HOLES_H
#define ALLOCATOR_LEAF_HOLES_H

#include "allocator/leaf/state.h"

/* Length < 63 free pages behind page `before`, and a used page behind them. */
INLINE uint64_t hole_bits(unsigned length)
{
	return line_ones(length) << 1;
}

INLINE uint64_t *hole_word(const struct leaf *self, uint64_t before)
{
	return &self->lines[before >> LINE_LOG2].words[before >> 6 & (LINE_WORDS - 1)];
}

INLINE bool hole_is_there(const struct leaf *self, uint64_t before, unsigned length)
{
	return ((*hole_word(self, before) >> (before & 63) ^ hole_bits(length)) & line_ones(length + 2)) ==
	       line_ones(length + 2);
}

/* Holds a hole; of one too many the highest is told to its leaf's bound. */
INLINE void hole_hold(struct leaf *self, uint64_t before, unsigned length)
{
	held_holes *held = &self->held[length], old = *held;
	int32_t hole = (int32_t)(HELD_PAGES - before);
	held_holes all = {hole, hole, hole, hole}, none = {INT32_MAX, 0, 0, 0};
	held_holes above = __builtin_shufflevector(none, old, 0, 4, 5, 6);
	/* Ordered: max(old, min(hole, above)). */
	held_holes lower = all<above, least = (all & lower) | (above & ~lower), greater = old> least;
	*held = (old & greater) | (least & ~greater);
	self->held_some |= UINT64_C(1) << length;
	int32_t out = old[HELD - 1] < hole ? old[HELD - 1] : hole;
	uint64_t page = HELD_PAGES - (uint64_t)(uint32_t)out;
	if (out && length > self->inside_bounds[page >> LINE_LOG2] && hole_is_there(self, page, length))
		runs_file_inside(self, page >> LINE_LOG2, length);
}

/* The lowest held hole of a length that has one is held no longer. Returns the page before it. */
INLINE uint64_t hole_pop(struct leaf *self, unsigned length)
{
	held_holes *held = &self->held[length], old = *held, zero = {0, 0, 0, 0};
	*held = __builtin_shufflevector(old, zero, 1, 2, 3, 4);
	/* Not a branch: it could not be foretold. */
	self->held_some ^= (uint64_t)!old[1] << length;
	return HELD_PAGES - (uint64_t)(uint32_t)old[0];
}

#endif
