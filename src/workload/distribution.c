/* SPDX-License-Identifier: MIT */
#include "workload/distribution.h"

#include <assert.h>
#include <string.h>

/* Sums stay below this, so that a weight times CHOICE_MAX and a sum shifted by 64 have room. */
#define SUM_MAX (UINT64_C(1) << 57)
#define WEIGHT_ONE_BITS 56u

static rng_wide sum_of(const uint64_t *weights, size_t count)
{
	rng_wide sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += weights[i];
	return sum;
}

/* Copies weights, halved until their sum has room. Returns the sum. */
static uint64_t scale(uint64_t *scaled, const uint64_t *weights, size_t count)
{
	memcpy(scaled, weights, count * sizeof *scaled);
	rng_wide sum;
	while ((sum = sum_of(scaled, count)) > SUM_MAX) {
		for (size_t i = 0; i < count; i++)
			scaled[i] = scaled[i] / 2 + (scaled[i] == 1);
	}
	return (uint64_t)sum;
}

void choice_init(struct choice *choice, const uint64_t *weights, size_t count)
{
	assert(count >= 1 && count <= CHOICE_MAX);
	uint64_t scaled[CHOICE_MAX];
	uint64_t sum = scale(scaled, weights, count);
	assert(sum > 0);
	/* In units of sum / count: a column of exactly sum needs no alias. */
	rng_wide mass[CHOICE_MAX];
	uint32_t small[CHOICE_MAX], large[CHOICE_MAX];
	size_t smalls = 0, larges = 0;
	memset(choice, 0, sizeof *choice);
	choice->count = (uint32_t)count;
	for (uint32_t i = 0; i < count; i++) {
		mass[i] = (rng_wide)scaled[i] * count;
		choice->columns[i] = (struct choice_column){UINT64_MAX, i};
		if (mass[i] < sum)
			small[smalls++] = i;
		else
			large[larges++] = i;
	}
	while (smalls && larges) {
		uint32_t poor = small[--smalls], rich = large[larges - 1];
		/* keep is inclusive; a column without any mass keeps one fraction in 2^64. */
		uint64_t keep = (uint64_t)((mass[poor] << 64) / sum);
		choice->columns[poor] = (struct choice_column){keep ? keep - 1 : 0, rich};
		mass[rich] -= sum - mass[poor];
		if (mass[rich] < sum) {
			larges--;
			small[smalls++] = rich;
		}
	}
}

/* Classes of powers of two; returns how many. */
static size_t power_classes(struct distribution *distribution, const struct workload_size *size, uint64_t *weights)
{
	uint64_t ratio = (uint64_t)(size->ratio * (double)(UINT64_C(1) << WEIGHT_ONE_BITS));
	uint64_t weight = UINT64_C(1) << (WEIGHT_ONE_BITS - 6);
	uint64_t below = 0, top = size->min;
	size_t count = 0;
	while (count < DISTRIBUTION_CLASSES_MAX && (size->exact ? top <= size->max : below < size->max)) {
		uint64_t high = top < size->max ? top : size->max;
		uint64_t low = size->exact || !count ? high : below + 1;
		distribution->ranges[count].low = low;
		distribution->ranges[count].width = high - low + 1;
		weights[count++] = weight;
		weight = (uint64_t)((rng_wide)weight * ratio >> WEIGHT_ONE_BITS);
		below = top;
		top *= 2;
	}
	return count;
}

void distribution_init(struct distribution *distribution, const struct workload_size *size)
{
	uint64_t weights[DISTRIBUTION_CLASSES_MAX] = {1};
	size_t count = 1;
	memset(distribution, 0, sizeof *distribution);
	if (size->kind == WORKLOAD_SIZE_POWERS_OF_TWO) {
		count = power_classes(distribution, size, weights);
	} else {
		distribution->ranges[0].low = size->min;
		distribution->ranges[0].width = size->kind == WORKLOAD_SIZE_UNIFORM ? size->max - size->min + 1 : 1;
	}
	choice_init(&distribution->classes, weights, count);
}
