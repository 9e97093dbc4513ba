/* SPDX-License-Identifier: MIT
 * In which order the arms of a round run. */
#ifndef RUN_ORDER_H
#define RUN_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* Writes a permutation of 0 … count - 1 for a round. Rounds 0 … count - 1, count … 2 count - 1, and so on form Latin squares:
 * in each of them every arm stands once at every place. A square is the cyclic one with its rows, columns and arms permuted at
 * random (R. A. Fisher, The Design of Experiments), seeded from the seed and the number of the square alone. -1: no memory. */
int round_order(uint64_t seed, uint32_t round, size_t count, size_t *order);

#endif
