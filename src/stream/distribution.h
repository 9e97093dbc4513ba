/* SPDX-License-Identifier: MIT
 * Draws sizes, lifetimes and choices. Tables are made once; a draw is a few integer operations and no floating point, so that
 * the same random numbers give the same sizes on every machine. */
#ifndef STREAM_DISTRIBUTION_H
#define STREAM_DISTRIBUTION_H

#include "base/rng.h"
#include "workload/model.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define CHOICE_MAX (1u << 20)

/* One of count entries by weight: Walker's alias method with Vose's tables (IEEE TSE 17(9), 1991), in integers. Probabilities
 * are exact to 2^-57, those of tables of more than 128 entries to 2^-44. */
struct choice {
	uint32_t count;
	struct choice_column {
		uint64_t keep; /* the column itself when the fraction is not above this, else its alias */
		uint32_t alias;
	} * columns;
};

/* weights: count of them in [1, CHOICE_MAX], at least one not zero. Weights whose sum passes 2^57 are scaled down, none to
 * zero. Returns 0, or -1 without memory: *choice is zeroed then. */
int choice_init(struct choice *choice, const uint64_t *weights, size_t count) __attribute__((warn_unused_result));
void choice_release(struct choice *choice);

static inline uint32_t choice_draw(const struct choice *choice, struct rng *rng)
{
	assert(choice->count);
	if (choice->count == 1)
		return 0;
	rng_wide product = (rng_wide)rng_next(rng) * choice->count;
	uint32_t column = (uint32_t)(product >> 64);
	return (uint64_t)product <= choice->columns[column].keep ? column : choice->columns[column].alias;
}

/* A class by weight, then a number uniform in [low, low + width). Fixed and uniform sizes are one class. */
struct distribution {
	struct choice classes;
	struct distribution_range {
		uint64_t low;
		uint64_t width;
	} * ranges;
	double mean;
};

/* Classes of log_uniform, lognormal, pareto and zipf: sizes below 512 pages alone, above that 256 to a doubling. A class has
 * the weight of all its numbers together and draws them alike. Of lifetimes: 64 to a doubling. */
#define DISTRIBUTION_SIZE_BITS 8u
#define DISTRIBUTION_LIFETIME_BITS 6u

/* size as the model's header describes it. Powers of two up to max: an exact one is a class when min * 2^k <= max; else the
 * last class ends at max. The ratio is rounded down to a multiple of 2^-56, weights to one of 2^-50. Returns 0, or -1 without
 * memory: *distribution is zeroed then. */
int distribution_init(struct distribution *distribution, const struct workload_size *size)
	__attribute__((warn_unused_result));
void distribution_release(struct distribution *distribution);

/* Lifetimes are drawn in ticks, parts of an operation. */
#define DISTRIBUTION_TICKS 256u

/* Lifetimes in ticks. by_length: weighed by their own length as well, as what lives at one moment is. Returns as above. */
int distribution_init_lifetime(struct distribution *distribution, const struct workload_lifetime *lifetime, bool by_length)
	__attribute__((warn_unused_result));

/* Times between the arrivals of a Poisson process in ticks; mean in operations, in [1, 10^6]. Returns as above. */
int distribution_init_arrivals(struct distribution *distribution, uint64_t mean) __attribute__((warn_unused_result));

/* Adds pages to every number that will be drawn, without a cost to draws. */
void distribution_shift(struct distribution *distribution, uint64_t pages);

/* Pages in [size.min, size.max]. A fixed size draws no random number. */
static inline uint64_t distribution_draw(const struct distribution *distribution, struct rng *rng)
{
	uint32_t class = choice_draw(&distribution->classes, rng);
	uint64_t width = distribution->ranges[class].width;
	return distribution->ranges[class].low + (width > 1 ? rng_below(rng, width) : 0);
}

#endif
