/* SPDX-License-Identifier: MIT
 * Fragmentation of a set of free runs, by the formulas of docs/metrics.md: every run is split into maximal aligned
 * power-of-two blocks, k_i of order i; F = sum k_i 2^i, B = sum k_i, S_j = sum over i >= j of k_i 2^(i-j). */
#ifndef MEASURE_FRAGMENTATION_H
#define MEASURE_FRAGMENTATION_H

#include <stdint.h>

#define FRAGMENTATION_ORDERS 53u

/* Zero-initialise, then add runs (disjoint, any order). */
struct fragmentation {
	uint64_t blocks[FRAGMENTATION_ORDERS]; /* k_i */
	uint64_t runs[FRAGMENTATION_ORDERS];   /* as added, of 2^i to 2^(i + 1) - 1 pages */
	uint64_t free_pages;                   /* F */
	uint64_t free_extents;                 /* runs as added */
	uint64_t largest_free_pages;
};

/* Run [first, first + count), count >= 1, below 2^52. O(orders). */
void fragmentation_add(struct fragmentation *fragmentation, uint64_t first, uint64_t count);

/* unusable free space (Linux mm/vmstat.c, as a ratio): (F - S_j 2^j) / F; 1 when F = 0; 0 for order 0 of a space with free
 * pages. */
double fragmentation_unusable(const struct fragmentation *fragmentation, unsigned order);

/* Fragmentation index for a request of pages: 0 when B = 0; -1 when it would fit a free block; else 1 - (1 + F/pages)/B. */
double fragmentation_index(const struct fragmentation *fragmentation, uint64_t pages);

/* 1 - largest / F; NaN when F = 0. */
double fragmentation_outside_largest(const struct fragmentation *fragmentation);

#endif
