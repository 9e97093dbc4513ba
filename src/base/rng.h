/* SPDX-License-Identifier: MIT
 * xoshiro256** by Blackman and Vigna (prng.di.unimi.it), seeded by splitmix64: the same seed gives the same numbers on
 * every machine. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <assert.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 rng_wide;

struct rng {
	uint64_t state[4];
};

static inline uint64_t rng_splitmix(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline void rng_seed(struct rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->state[i] = rng_splitmix(&seed);
}

static inline uint64_t rng_rotate_left(uint64_t value, int by)
{
	return (value << by) | (value >> (64 - by));
}

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rng_rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rng_rotate_left(s[3], 45);
	return result;
}

/* Uniform in [0, bound), bound >= 1. Lemire's multiply-and-reject (ACM TOMACS 29(1), 2019): exact, almost never divides. */
static inline uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	assert(bound);
	rng_wide product = (rng_wide)rng_next(rng) * bound;
	if ((uint64_t)product < bound) {
		uint64_t threshold = -bound % bound;
		while ((uint64_t)product < threshold)
			product = (rng_wide)rng_next(rng) * bound;
	}
	return (uint64_t)(product >> 64);
}

/* Uniform in [0, 1) with 53 bits. */
static inline double rng_unit(struct rng *rng)
{
	return (double)(rng_next(rng) >> 11) * 0x1.0p-53;
}

#endif
