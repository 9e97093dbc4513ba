/* SPDX-License-Identifier: MIT */
#include "run/order.h"

#include "base/memory.h"
#include "base/rng.h"

static void shuffle(struct rng *rng, size_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t other = (size_t)rng_below(rng, i + 1);
		values[i] = values[other];
		values[other] = i;
	}
}

int round_order(uint64_t seed, uint32_t round, size_t count, size_t *order)
{
	if (!count)
		return 0;
	size_t *rows = memory_zeroed(3 * count, sizeof rows[0]);
	if (!rows)
		return -1;
	size_t *columns = rows + count, *arms = columns + count;
	struct rng rng;
	rng_seed(&rng, seed * UINT64_C(0x9e3779b97f4a7c15) + round / count);
	shuffle(&rng, rows, count);
	shuffle(&rng, columns, count);
	shuffle(&rng, arms, count);
	for (size_t i = 0; i < count; i++)
		order[i] = arms[(rows[round % count] + columns[i]) % count];
	memory_release(rows);
	return 0;
}
