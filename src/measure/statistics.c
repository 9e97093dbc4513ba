/* SPDX-License-Identifier: MIT */
#include "measure/statistics.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
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

size_t statistics_logs(const double *values, size_t count, double *logs)
{
	assert((values && logs) || !count);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (isfinite(values[i]) && values[i] > 0)
			logs[kept++] = log(values[i]);
	return kept;
}

double statistics_median(double *values, size_t count)
{
	assert(values || !count);
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

/* P(|T| <= t) where t = freedom^(1/2) * tan(angle). */
static double student_share(size_t freedom, double angle)
{
	double cosine = cos(angle), square = cosine * cosine;
	bool odd = freedom % 2;
	double term = odd ? cosine : 1, sum = freedom > 1 ? term : 0;
	for (size_t k = odd ? 3 : 2; k < freedom; k += 2) {
		term *= square * (double)(k - 1) / (double)k;
		sum += term;
	}
	return odd ? M_2_PI * (angle + sin(angle) * sum) : sin(angle) * sum;
}

double statistics_student(size_t freedom, double level)
{
	assert(freedom && level > 0 && level < 1);
	double low = 0, high = M_PI_2;
	for (int i = 0; i < 60; i++) {
		double middle = low + (high - low) / 2;
		if (student_share(freedom, middle) < level)
			low = middle;
		else
			high = middle;
	}
	return sqrt((double)freedom) * tan(low);
}

struct statistics_interval statistics_mean_interval(const double *values, size_t count, double level)
{
	assert(values || !count);
	if (count < 2)
		return (struct statistics_interval){(double)NAN, (double)NAN, 0};
	double mean = 0, squares = 0;
	for (size_t i = 0; i < count; i++)
		mean += values[i] / (double)count;
	for (size_t i = 0; i < count; i++)
		squares += (values[i] - mean) * (values[i] - mean);
	double half = statistics_student(count - 1, level) * sqrt(squares / (double)(count - 1) / (double)count);
	return (struct statistics_interval){mean - half, mean + half, level};
}

struct statistics_interval statistics_median_interval(double *values, size_t count, double level)
{
	assert(values || !count);
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

size_t statistics_values_least(double level)
{
	for (size_t count = 1; count <= 53; count++)
		if (1 - ldexp(1, 1 - (int)count) >= level)
			return count;
	return 0;
}

/* lgamma() writes a global. */
static double log_factorial(uint64_t n)
{
	int sign;
	return lgamma_r((double)n + 1, &sign);
}

static double binomial_term(uint64_t trials, double share, uint64_t successes)
{
	return exp(log_factorial(trials) - log_factorial(successes) - log_factorial(trials - successes) +
		   (double)successes * log(share) + (double)(trials - successes) * log1p(-share));
}

double statistics_binomial_below(uint64_t trials, double share, uint64_t successes)
{
	assert(share >= 0 && share <= 1 && trials <= UINT64_C(1) << 50);
	double sum = 0, odds = share / (1 - share);
	if (successes == 0)
		return 0;
	if (successes > trials || share <= 0)
		return 1;
	if (share >= 1)
		return 0;
	bool below = (double)successes <= share * (double)trials;
	uint64_t at = below ? successes - 1 : successes;
	for (double term = binomial_term(trials, share, at); term > sum * 1e-17;) {
		sum += term;
		if (below ? at == 0 : at == trials)
			break;
		term *= below ? (double)at / ((double)(trials - at + 1) * odds)
			      : (double)(trials - at) * odds / (double)(at + 1);
		at += below ? UINT64_MAX : 1;
	}
	return below ? fmin(sum, 1) : fmax(1 - sum, 0);
}

double statistics_share_upper(uint64_t successes, uint64_t trials, double level)
{
	assert(level > 0 && level < 1);
	double low = 0, high = 1;
	if (successes >= trials)
		return 1;
	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;
		if (statistics_binomial_below(trials, middle, successes + 1) > 1 - level)
			low = middle;
		else
			high = middle;
	}
	return high;
}

struct statistics_ranks statistics_quantile_ranks(uint64_t count, double quantile, double level)
{
	assert(quantile > 0 && quantile < 1 && level > 0 && level < 1);
	struct statistics_ranks none = {0, 0, 0};
	double tail = (1 - level) / 2;
	uint64_t low = 0, low_bad = count + 1, high = count + 1, high_bad = 0;
	/* The largest low with P(X < low) <= tail, the smallest high with P(X < high) >= 1 - tail: both by halving. */
	while (low_bad - low > 1) {
		uint64_t middle = low + (low_bad - low) / 2;
		if (statistics_binomial_below(count, quantile, middle) <= tail)
			low = middle;
		else
			low_bad = middle;
	}
	while (high - high_bad > 1) {
		uint64_t middle = high_bad + (high - high_bad) / 2;
		if (statistics_binomial_below(count, quantile, middle) >= 1 - tail)
			high = middle;
		else
			high_bad = middle;
	}
	if (low < 1 || high > count || low > high)
		return none;
	return (struct statistics_ranks){low, high,
					 statistics_binomial_below(count, quantile, high) -
						 statistics_binomial_below(count, quantile, low)};
}

/* The fewest values of which the interval's ends have this rank, at most STATISTICS_VALUES_MAX + 1. */
static size_t values_of_rank(size_t rank, double level)
{
	size_t few = 2 * rank - 2, enough = STATISTICS_VALUES_MAX + 1;
	while (enough - few > 1) {
		size_t middle = few + (enough - few) / 2;
		if (1 - 2 * statistics_binomial_below(middle, 0.5, rank) >= level)
			enough = middle;
		else
			few = middle;
	}
	return enough;
}

/* P(rank <= X <= values - rank): the interval holds an edge that X of the values lie beyond, as `beyond` of count did. */
static double undecided(size_t values, size_t rank, size_t count, size_t beyond)
{
	double a = (double)beyond + 0.5, b = (double)(count - beyond) + 0.5, sum = 0;
	int sign;
	double whole = lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) + log_factorial(values) -
		       lgamma_r(a + b + (double)values, &sign);
	for (size_t x = rank; x <= values - rank; x++)
		sum += exp(whole - log_factorial(x) - log_factorial(values - x) + lgamma_r(a + (double)x, &sign) +
			   lgamma_r(b + (double)(values - x), &sign));
	return sum;
}

size_t statistics_values_wanted(size_t count, double level, size_t below, size_t above)
{
	assert(below + above <= count);
	size_t least = statistics_values_least(level), few = 0, enough = STATISTICS_VALUES_MAX / 2 + 1;
	if (!least || count < least)
		return least;
	while (enough - few > 1) {
		size_t rank = few + (enough - few) / 2, values = values_of_rank(rank, level);
		if (values > STATISTICS_VALUES_MAX ||
		    (values > count && undecided(values, rank, count, below) + undecided(values, rank, count, above) <=
					       1 - STATISTICS_PROMISE))
			enough = rank;
		else
			few = rank;
	}
	size_t values = values_of_rank(enough, level);
	return values > STATISTICS_VALUES_MAX ? 0 : values;
}

double statistics_detectable_shift(double *low_ends, size_t count, double edge, double power)
{
	assert(power > 0 && power <= 1);
	if (!count || sort(low_ends, count))
		return (double)NAN;
	size_t missed = (size_t)((1 - power) * (double)count + 1e-9);
	return edge - low_ends[missed < count ? missed : count - 1];
}
