/* SPDX-License-Identifier: MIT
 * Sequences of equal bits in one word, without branches but for single ones. */
#ifndef ALLOCATOR_BITMAP_WORD_RUNS_H
#define ALLOCATOR_BITMAP_WORD_RUNS_H

#include <assert.h>
#include <stdint.h>

/* One step of the search below: is there a longer sequence, of `more` on top of *length? begins: where `more` ones
 * begin. */
static inline void word_runs_lengthen(uint64_t begins, unsigned more, uint64_t *found, unsigned *length)
{
	uint64_t longer = *found & begins >> *length;
	*found = longer ? longer : *found;
	*length += longer ? more : 0;
}

/* Longest sequence of ones, 63 at most, also of 64: binary search over the masks of positions where 2^k ones begin. */
static inline unsigned word_runs_longest_ones(uint64_t ones)
{
	uint64_t begins2 = ones & ones >> 1, begins4 = begins2 & begins2 >> 2, begins8 = begins4 & begins4 >> 4;
	uint64_t begins16 = begins8 & begins8 >> 8, begins32 = begins16 & begins16 >> 16;
	uint64_t found = ~UINT64_C(0);
	unsigned length = 0;
	word_runs_lengthen(begins32, 32, &found, &length);
	word_runs_lengthen(begins16, 16, &found, &length);
	word_runs_lengthen(begins8, 8, &found, &length);
	word_runs_lengthen(begins4, 4, &found, &length);
	word_runs_lengthen(begins2, 2, &found, &length);
	word_runs_lengthen(ones, 1, &found, &length);
	return length;
}

/* One step of the search below: doubles, or nearly, how far every bit is smeared downwards. */
static inline uint64_t word_runs_smear(uint64_t used, unsigned *left)
{
	unsigned half = *left >> 1;
	*left -= half;
	return used | used >> half;
}

/* Lowest position whose next count < 64 bits are 0, where bits beyond the word count as 0; 64 if there is none. */
static inline unsigned word_runs_first_zeros(uint64_t used, uint64_t count)
{
	assert(count && count < 64);
	unsigned left = (unsigned)count;
	if (count == 1) /* the most frequent one need not wait for the others' steps */
		return ~used ? (unsigned)__builtin_ctzll(~used) : 64;
	used = word_runs_smear(used, &left);
	used = word_runs_smear(used, &left);
	used = word_runs_smear(used, &left);
	used = word_runs_smear(used, &left);
	used = word_runs_smear(used, &left);
	used = word_runs_smear(used, &left);
	return ~used ? (unsigned)__builtin_ctzll(~used) : 64;
}

#endif
