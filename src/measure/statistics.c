/* SPDX-License-Identifier: MIT */
#include "measure/statistics.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

/* 0, or -1 when a value is no number: there is no order then. */
static int sort(double *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (isnan(values[i]))
			return -1;
	}
	if (count > 1)
		qsort(values, count, sizeof *values, compare);
	return 0;
}

double statistics_median(double *values, size_t count)
{
	if (!count || sort(values, count))
		return (double)NAN;
	if (count % 2)
		return values[count / 2];
	return values[count / 2 - 1] / 2 + values[count / 2] / 2;
}

/* Largest k <= (n + 1) / 2 with 1 - 2 P(Bin(n, 1/2) < k) >= level, and that coverage; 0 when there is none. */
static size_t largest_order(size_t count, double level, double *coverage)
{
	size_t order = 0;
	/* C(n, i) / 2^n as fraction * 2^exponent, for 2^-n alone would underflow. */
	double fraction = 1, below = 0;
	int exponent = -(int)count;
	for (size_t k = 1; k <= (count + 1) / 2; k++) {
		below += ldexp(fraction, exponent);
		if (1 - 2 * below < level)
			break;
		order = k;
		*coverage = 1 - 2 * below;
		int moved;
		fraction = frexp(fraction * (double)(count - k + 1) / (double)k, &moved);
		exponent += moved;
	}
	return order;
}

struct statistics_interval statistics_median_interval(double *values, size_t count, double level)
{
	struct statistics_interval interval = {(double)NAN, (double)NAN, 0};
	if (sort(values, count))
		return interval;
	double coverage = 0;
	size_t order = largest_order(count, level, &coverage);
	if (!order)
		return interval;
	interval.low = values[order - 1];
	interval.high = values[count - order];
	interval.level = coverage;
	return interval;
}
