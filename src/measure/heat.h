/* SPDX-License-Identifier: MIT
 * Bins of the latency heat map: four for each doubling, coarse enough to be kept for every stretch of a stream. */
#ifndef MEASURE_HEAT_H
#define MEASURE_HEAT_H

#include <stddef.h>
#include <stdint.h>

#define HEAT_BINS 160u /* values below 2^40 lie in the first 156; all others in the last one */

static inline size_t heat_bin(uint64_t value)
{
	if (value < 4)
		return (size_t)value;
	unsigned magnitude = 63u - (unsigned)__builtin_clzll(value);
	size_t bin = 4 * (size_t)(magnitude - 1) + (size_t)(value >> (magnitude - 2) & 3);
	return bin < HEAT_BINS ? bin : HEAT_BINS - 1;
}

/* The lowest value of a bin. bin <= HEAT_BINS. */
static inline uint64_t heat_bin_low(size_t bin)
{
	return bin < 4 ? bin : (4 + (bin & 3)) << (bin / 4 - 1);
}

#endif
