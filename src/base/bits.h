/* SPDX-License-Identifier: MIT
 * Powers of two on 64-bit numbers. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

static inline bool bits_is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* floor(log2(value)), value >= 1. */
static inline unsigned bits_log2_floor(uint64_t value)
{
	assert(value);
	return 63u - (unsigned)__builtin_clzll(value);
}

/* ceil(log2(value)), 1 <= value <= 2^63. Branch-free: the mispredicted branch of the usual form costs more than all the rest
 * of a buddy's allocation. */
static inline unsigned bits_log2_ceil(uint64_t value)
{
	assert(value && value <= UINT64_C(1) << 63);
	return 63u - (unsigned)__builtin_clzll(2 * value - 1);
}

/* The smallest power of two >= value, 1 <= value <= 2^63. */
static inline uint64_t bits_power_of_two_ceil(uint64_t value)
{
	return UINT64_C(1) << bits_log2_ceil(value);
}

/* value rounded up or down to a multiple of align, a power of two. Up: the caller excludes overflow. */
static inline uint64_t bits_align_up(uint64_t value, uint64_t align)
{
	assert(bits_is_power_of_two(align) && value <= UINT64_MAX - (align - 1));
	return (value + align - 1) & ~(align - 1);
}

static inline uint64_t bits_align_down(uint64_t value, uint64_t align)
{
	assert(bits_is_power_of_two(align));
	return value & ~(align - 1);
}

#endif
