/* SPDX-License-Identifier: MIT */
#include "stream/distribution.h"

#include "base/memory.h"
#include "stream/distribution_classes.h"

#include <assert.h>
#include <string.h>

/* Sums stay below this, so that a weight times CHOICE_MAX and a sum shifted by 64 have room. */
#define SUM_MAX (UINT64_C(1) << 57)

static rng_wide sum_of(const uint64_t *weights, size_t count)
{
	rng_wide sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += weights[i];
	return sum;
}

/* Halves weights until their sum has room. Returns the sum. */
static uint64_t scale(uint64_t *scaled, size_t count)
{
	rng_wide sum;
	while ((sum = sum_of(scaled, count)) > SUM_MAX) {
		for (size_t i = 0; i < count; i++)
			scaled[i] = scaled[i] / 2 + (scaled[i] == 1);
	}
	return (uint64_t)sum;
}

struct vose {
	uint64_t *scaled;
	rng_wide *mass; /* in units of sum / count: a column of exactly sum needs no alias */
	uint32_t *small, *large;
};

static void fill_columns(struct choice *choice, const struct vose *vose)
{
	uint32_t count = choice->count;
	uint64_t sum = scale(vose->scaled, count);
	size_t smalls = 0, larges = 0;
	assert(sum > 0);
	for (uint32_t i = 0; i < count; i++) {
		vose->mass[i] = (rng_wide)vose->scaled[i] * count;
		choice->columns[i] = (struct choice_column){UINT64_MAX, i};
		if (vose->mass[i] < sum)
			vose->small[smalls++] = i;
		else
			vose->large[larges++] = i;
	}
	while (smalls && larges) {
		uint32_t poor = vose->small[--smalls], rich = vose->large[larges - 1];
		/* keep is inclusive; a column without any mass keeps one fraction in 2^64. */
		uint64_t keep = (uint64_t)((vose->mass[poor] << 64) / sum);
		choice->columns[poor] = (struct choice_column){keep ? keep - 1 : 0, rich};
		vose->mass[rich] -= sum - vose->mass[poor];
		if (vose->mass[rich] < sum) {
			larges--;
			vose->small[smalls++] = rich;
		}
	}
}

int choice_init(struct choice *choice, const uint64_t *weights, size_t count)
{
	assert(count >= 1 && count <= CHOICE_MAX);
	struct vose vose = {memory_zeroed(count, sizeof *vose.scaled), memory_zeroed(count, sizeof *vose.mass),
			    memory_zeroed(count, sizeof *vose.small), memory_zeroed(count, sizeof *vose.large)};
	*choice = (struct choice){(uint32_t)count, memory_zeroed(count, sizeof *choice->columns)};
	bool good = vose.scaled && vose.mass && vose.small && vose.large && choice->columns;
	if (good) {
		memcpy(vose.scaled, weights, count * sizeof *weights);
		fill_columns(choice, &vose);
	} else {
		choice_release(choice);
	}
	memory_release(vose.scaled);
	memory_release(vose.mass);
	memory_release(vose.small);
	memory_release(vose.large);
	return good ? 0 : -1;
}

void choice_release(struct choice *choice)
{
	memory_release(choice->columns);
	*choice = (struct choice){0};
}

/* The sum of weights is at most 2^63: means are taken in double, in the order of classes. */
static double mean_of(const struct classes *classes)
{
	double sum = 0, weights = 0;
	for (size_t i = 0; i < classes->count; i++) {
		double middle = (double)classes->ranges[i].low + (double)(classes->ranges[i].width - 1) / 2;
		sum += (double)classes->weights[i] * middle;
		weights += (double)classes->weights[i];
	}
	return sum / weights;
}

static int take(struct distribution *distribution, struct classes *classes)
{
	*distribution = (struct distribution){0};
	if (classes->no_memory || choice_init(&distribution->classes, classes->weights, classes->count)) {
		classes_release(classes);
		return -1;
	}
	distribution->mean = mean_of(classes);
	distribution->ranges = classes->ranges;
	classes->ranges = NULL;
	classes_release(classes);
	return 0;
}

int distribution_init(struct distribution *distribution, const struct workload_size *size)
{
	struct classes classes = {0};
	classes_of_size(&classes, size);
	return take(distribution, &classes);
}

int distribution_init_lifetime(struct distribution *distribution, const struct workload_lifetime *lifetime, bool by_length)
{
	struct classes classes = {0};
	classes_of_lifetime(&classes, lifetime);
	if (by_length)
		classes_weigh_by_length(&classes);
	return take(distribution, &classes);
}

int distribution_init_arrivals(struct distribution *distribution, uint64_t mean)
{
	struct workload_lifetime gaps = {.kind = WORKLOAD_LIFETIME_EXPONENTIAL, .mean = mean};
	return distribution_init_lifetime(distribution, &gaps, false);
}

void distribution_shift(struct distribution *distribution, uint64_t pages)
{
	assert(distribution->classes.count);
	for (uint32_t i = 0; i < distribution->classes.count; i++)
		distribution->ranges[i].low += pages;
	distribution->mean += (double)pages;
}

void distribution_release(struct distribution *distribution)
{
	choice_release(&distribution->classes);
	memory_release(distribution->ranges);
	*distribution = (struct distribution){0};
}
