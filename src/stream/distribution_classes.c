/* SPDX-License-Identifier: MIT
 * A class of numbers low … high stands for an interval of the continuous distribution. Sizes are rounded down, so it is
 * [low, high + 1); lifetimes to the nearest tick, so that their mean stays: [low - 1/2, high + 1/2). */
#include "stream/distribution_classes.h"

#include "base/bits.h"
#include "base/memory.h"
#include "stream/portable_math.h"

#include <assert.h>

#define RATIO_BITS 56u
#define WEIGHT_BITS 50u
/* An exponential passes this many means with a probability of 10^-14. */
#define EXPONENTIAL_MEANS 32u

static void add(struct classes *classes, uint64_t low, uint64_t high, uint64_t weight, double mass)
{
	if (classes->no_memory ||
	    memory_grow(&classes->ranges, &classes->range_capacity, classes->count, sizeof *classes->ranges) ||
	    memory_grow(&classes->weights, &classes->weight_capacity, classes->count, sizeof *classes->weights) ||
	    memory_grow(&classes->masses, &classes->mass_capacity, classes->count, sizeof *classes->masses)) {
		classes->no_memory = true;
		return;
	}
	classes->ranges[classes->count] = (struct distribution_range){low, high - low + 1};
	classes->weights[classes->count] = weight;
	classes->masses[classes->count++] = mass;
}

/* Weights of the classes from first on out of their masses: they add up to about one. */
static void weigh_masses(struct classes *classes, size_t first)
{
	double sum = 0;
	for (size_t i = first; i < classes->count; i++)
		sum += classes->masses[i];
	for (size_t i = first; i < classes->count; i++)
		classes->weights[i] = (uint64_t)(classes->masses[i] / sum * (double)(UINT64_C(1) << WEIGHT_BITS) + 0.5);
}

/* Weights of the classes from first on are scaled to add up to about total, one in 2^WEIGHT_BITS at most. */
static void weigh_part(struct classes *classes, size_t first, uint64_t total)
{
	rng_wide sum = 0;
	for (size_t i = first; i < classes->count; i++)
		sum += classes->weights[i];
	for (size_t i = first; i < classes->count; i++)
		classes->weights[i] = (uint64_t)((rng_wide)classes->weights[i] * total / sum);
}

static void add_powers_of_two(struct classes *classes, const struct workload_size *size)
{
	uint64_t ratio = (uint64_t)(size->ratio * (double)(UINT64_C(1) << RATIO_BITS));
	uint64_t weight = UINT64_C(1) << WEIGHT_BITS;
	uint64_t below = 0, top = size->min;
	for (bool first = true; size->exact ? top <= size->max : below < size->max; first = false) {
		uint64_t high = top < size->max ? top : size->max;
		add(classes, size->exact || first ? high : below + 1, high, weight, 0);
		weight = (uint64_t)((rng_wide)weight * ratio >> RATIO_BITS);
		below = top;
		top *= 2;
	}
}

/* The end of the class that begins at low. */
static uint64_t class_end(uint64_t low, uint64_t max, unsigned bits)
{
	uint64_t high = low;
	if (low >> (bits + 1))
		high |= (UINT64_C(1) << (bits_log2_floor(low) - bits)) - 1;
	return high < max ? high : max;
}

/* Integral of t^-power over [from, to], 0 < from < to; also where power is near 1. */
static double power_mass(double power, double from, double to)
{
	double length = portable_log(to / from), start = portable_log(from);
	return portable_exp((1 - power) * start) * length * portable_growth((1 - power) * length);
}

/* Sum of (s / min)^-alpha. Of a class of several numbers by Euler and Maclaurin, to (alpha / s)^4. */
static double zipf_mass(const struct workload_size *size, uint64_t low, uint64_t high)
{
	double min = (double)size->min, alpha = size->alpha;
	if (low == high)
		return portable_exp(-alpha * portable_log((double)low / min));
	double from = ((double)low - 0.5) / min, to = ((double)high + 0.5) / min;
	double slopes = portable_exp(-(alpha + 1) * portable_log(to)) - portable_exp(-(alpha + 1) * portable_log(from));
	return min * power_mass(alpha, from, to) + alpha / 24 / min * slopes;
}

static double size_mass(const struct workload_size *size, uint64_t low, uint64_t high)
{
	double min = (double)size->min, median = (double)size->median, from = (double)low, to = (double)(high + 1);
	switch (size->kind) {
	case WORKLOAD_SIZE_LOG_UNIFORM:
		return power_mass(1, from / min, to / min);
	case WORKLOAD_SIZE_PARETO:
		return power_mass(size->alpha + 1, from / min, to / min);
	case WORKLOAD_SIZE_ZIPF:
		return zipf_mass(size, low, high);
	case WORKLOAD_SIZE_LOGNORMAL: {
		double mass = portable_normal(portable_log(to / median) / size->sigma) -
			      portable_normal(portable_log(from / median) / size->sigma);
		return mass > 0 ? mass : 0;
	}
	default:
		assert(0);
		return 0;
	}
}

static void add_curve(struct classes *classes, const struct workload_size *size)
{
	size_t first = classes->count;
	for (uint64_t low = size->min, high; low <= size->max; low = high + 1) {
		high = class_end(low, size->max, DISTRIBUTION_SIZE_BITS);
		add(classes, low, high, 0, size->min == size->max ? 1 : size_mass(size, low, high));
	}
	if (!classes->no_memory)
		weigh_masses(classes, first);
}

/* Anything but a mixture. */
static void add_simple(struct classes *classes, const struct workload_size *size)
{
	switch (size->kind) {
	case WORKLOAD_SIZE_FIXED:
	case WORKLOAD_SIZE_FALLBACK: /* what is planned is the first size */
	case WORKLOAD_SIZE_UNIFORM:
		add(classes, size->min, size->max, 1, 0);
		break;
	case WORKLOAD_SIZE_POWERS_OF_TWO:
		add_powers_of_two(classes, size);
		break;
	default:
		add_curve(classes, size);
		break;
	}
}

void classes_of_size(struct classes *classes, const struct workload_size *size)
{
	rng_wide sum = 0;
	if (size->kind != WORKLOAD_SIZE_WEIGHTS && size->kind != WORKLOAD_SIZE_MIXED) {
		add_simple(classes, size);
		return;
	}
	for (size_t i = 0; i < size->part_count; i++)
		sum += size->parts[i].weight;
	for (size_t i = 0; i < size->part_count; i++) {
		size_t first = classes->count;
		add_simple(classes, &size->parts[i].size);
		rng_wide share = ((rng_wide)size->parts[i].weight << WEIGHT_BITS) / sum;
		if (!classes->no_memory && size->kind == WORKLOAD_SIZE_MIXED)
			weigh_part(classes, first, (uint64_t)share);
		else if (!classes->no_memory)
			classes->weights[first] = size->parts[i].weight;
	}
}

/* From one tick to another of the interval of a class, kept inside [min, max]. */
struct ticks {
	double from, to;
};

static struct ticks ticks_of(uint64_t low, uint64_t high, double min, double max)
{
	double from = (double)low - 0.5, to = (double)high + 0.5;
	return (struct ticks){from > min ? from : min, to < max ? to : max};
}

static void add_exponential(struct classes *classes, uint64_t mean)
{
	size_t first = classes->count;
	uint64_t max = EXPONENTIAL_MEANS * mean * DISTRIBUTION_TICKS;
	double scale = 1.0 / (double)(mean * DISTRIBUTION_TICKS);
	for (uint64_t low = 0, high; low <= max; low = high + 1) {
		high = class_end(low, max, DISTRIBUTION_LIFETIME_BITS);
		struct ticks at = ticks_of(low, high, 0, (double)max + 0.5);
		double length = (at.to - at.from) * scale;
		add(classes, low, high, 0, portable_exp(-at.from * scale) * length * portable_growth(-length));
	}
	if (!classes->no_memory)
		weigh_masses(classes, first);
}

/* t^-power over [min, max] operations. */
static void add_power(struct classes *classes, const struct workload_lifetime *lifetime, double power)
{
	size_t first = classes->count;
	uint64_t min = lifetime->min * DISTRIBUTION_TICKS, max = lifetime->max * DISTRIBUTION_TICKS;
	for (uint64_t low = min, high; low <= max; low = high + 1) {
		high = class_end(low, max, DISTRIBUTION_LIFETIME_BITS);
		struct ticks at = ticks_of(low, high, (double)min, (double)max);
		double mass = min == max ? 1 : power_mass(power, at.from / (double)min, at.to / (double)min);
		add(classes, low, high, 0, at.to > at.from || min == max ? mass : 0);
	}
	if (!classes->no_memory)
		weigh_masses(classes, first);
}

void classes_of_lifetime(struct classes *classes, const struct workload_lifetime *lifetime)
{
	uint64_t fixed = lifetime->min * DISTRIBUTION_TICKS;
	size_t young;
	switch (lifetime->kind) {
	case WORKLOAD_LIFETIME_NONE:
	case WORKLOAD_LIFETIME_FIXED:
		add(classes, fixed, fixed, 1, 0);
		break;
	case WORKLOAD_LIFETIME_UNIFORM:
		add_power(classes, lifetime, 0);
		break;
	case WORKLOAD_LIFETIME_EXPONENTIAL:
		add_exponential(classes, lifetime->mean);
		break;
	case WORKLOAD_LIFETIME_PARETO:
		add_power(classes, lifetime, lifetime->alpha + 1);
		break;
	case WORKLOAD_LIFETIME_GENERATIONAL:
		add_exponential(classes, lifetime->mean);
		young = classes->count;
		add_exponential(classes, lifetime->old_mean);
		for (size_t i = 0; i < classes->count && !classes->no_memory; i++) {
			double share = i < young ? lifetime->young_share : 1 - lifetime->young_share;
			classes->weights[i] = (uint64_t)((double)classes->weights[i] * share + 0.5);
		}
		break;
	}
}

void classes_weigh_by_length(struct classes *classes)
{
	if (classes->no_memory)
		return;
	for (size_t i = 0; i < classes->count; i++) {
		const struct distribution_range *range = &classes->ranges[i];
		double middle = (double)range->low + (double)(range->width - 1) / 2;
		classes->masses[i] = (double)classes->weights[i] * middle;
	}
	/* A single class keeps its weight, whatever its length. */
	if (classes->count > 1)
		weigh_masses(classes, 0);
}

void classes_release(struct classes *classes)
{
	memory_release(classes->ranges);
	memory_release(classes->weights);
	memory_release(classes->masses);
	*classes = (struct classes){0};
}
