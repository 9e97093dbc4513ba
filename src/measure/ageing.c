/* SPDX-License-Identifier: MIT */
#include "measure/ageing.h"

#include "base/memory.h"
#include "measure/statistics.h"

#include <assert.h>
#include <math.h>

#define PENALTY 12.0
#define LEVEL_VALUES_MIN 3u      /* of a level */
#define NOISE_SHARE_MIN 1e-3     /* of the median: series without any noise have changes of rounding */
#define MAD_OF_DIFFERENCE 0.9539 /* median of |x - y| for two normal numbers of deviation 1: 0.6745 sqrt(2) */

struct level {
	size_t first, end;
	double mean;
};

/* A running median of five; at the ends, of the five that are nearest. */
static void smooth(const double *values, size_t count, double *smooth)
{
	for (size_t i = 0; i < count; i++) {
		size_t first = i < 2 ? 0 : i + 3 > count ? count - 5 : i - 2;
		double five[5] = {values[first], values[first + 1], values[first + 2], values[first + 3],
				  values[first + 4]};
		smooth[i] = statistics_median(five, 5);
	}
}

/* scratch: count */
static double noise(const double *values, size_t count, double *scratch)
{
	for (size_t i = 0; i < count; i++)
		scratch[i] = values[i];
	double least = statistics_median(scratch, count) * NOISE_SHARE_MIN;
	for (size_t i = 1; i < count; i++)
		scratch[i - 1] = fabs(values[i] - values[i - 1]);
	return fmax(statistics_median(scratch, count - 1) / MAD_OF_DIFFERENCE, least);
}

static double mean_of(const double *values, size_t first, size_t end)
{
	double sum = 0;
	for (size_t i = first; i < end; i++)
		sum += values[i];
	return sum / (double)(end - first);
}

/* Where the last level of the best partition of the first i values begins, for every i. */
static void partition(const double *values, size_t count, double penalty, double *best, size_t *begin)
{
	best[0] = -penalty;
	for (size_t end = 1; end <= count; end++) {
		double mean = 0, squares = 0;
		best[end] = INFINITY;
		/* From the end backwards, mean and squares grow by one value at a time (Welford). */
		for (size_t first = end; first-- > 0;) {
			double n = (double)(end - first), away = values[first] - mean;
			mean += away / n;
			squares += away * (values[first] - mean);
			double cost = best[first] + squares + penalty;
			if (end - first >= LEVEL_VALUES_MIN && cost < best[end]) {
				best[end] = cost;
				begin[end] = first;
			}
		}
	}
}

static bool same_level(double a, double b)
{
	return fmax(a, b) < AGEING_LEVEL_RATIO * fmin(a, b);
}

/* Joins the two neighbours that are nearest to each other while they are the same level. Returns how many levels are left. */
static size_t join(struct level *levels, size_t count, const double *values)
{
	for (;;) {
		size_t nearest = 0;
		double ratio = INFINITY;
		for (size_t i = 0; i + 1 < count; i++) {
			double a = levels[i].mean, b = levels[i + 1].mean;
			if (same_level(a, b) && fmax(a, b) / fmin(a, b) < ratio) {
				ratio = fmax(a, b) / fmin(a, b);
				nearest = i;
			}
		}
		if (isinf(ratio))
			return count;
		levels[nearest].end = levels[nearest + 1].end;
		levels[nearest].mean = mean_of(values, levels[nearest].first, levels[nearest].end);
		for (size_t i = nearest + 1; i + 1 < count; i++)
			levels[i] = levels[i + 1];
		count--;
	}
}

static size_t find_levels(const size_t *begin, const double *values, size_t count, struct level *levels)
{
	size_t found = 0;
	for (size_t end = count; end; end = begin[end])
		levels[found++] = (struct level){begin[end], end, mean_of(values, begin[end], end)};
	for (size_t i = 0; i < found / 2; i++) {
		struct level kept = levels[i];
		levels[i] = levels[found - 1 - i];
		levels[found - 1 - i] = kept;
	}
	return join(levels, found, values);
}

static enum ageing_class classify(const struct level *levels, size_t count, const struct ageing_extent *extents, double end)
{
	const struct level *last = &levels[count - 1];
	size_t steady = count - 1;
	while (steady && same_level(levels[steady - 1].mean, last->mean))
		steady--;
	bool lower = false, falls = false;
	for (size_t i = 0; i < steady; i++) {
		lower |= levels[i].mean < last->mean && !same_level(levels[i].mean, last->mean);
		falls |= levels[i].mean > levels[i + 1].mean && !same_level(levels[i].mean, levels[i + 1].mean);
	}
	if (steady == 0)
		return AGEING_FLAT;
	if (4 * (end - extents[levels[steady].first].first) >= end)
		return lower ? AGEING_AGEING : AGEING_WARM_UP;
	return falls ? AGEING_NO_STEADY_STATE : AGEING_AGEING;
}

static double middle(const struct ageing_extent *extent)
{
	return (extent->first + extent->end) / 2;
}

/* Of the values between two points of the axis; NaN without any. */
static double mean_between(const double *values, const struct ageing_extent *extents, size_t count, double from, double to)
{
	double sum = 0, found = 0;
	for (size_t i = 0; i < count; i++) {
		if (middle(&extents[i]) < from || middle(&extents[i]) >= to)
			continue;
		sum += values[i];
		found++;
	}
	return sum / found;
}

/* scratch: count * (count - 1) / 2 */
static double theil_sen(const double *values, const struct ageing_extent *extents, size_t count, double *scratch)
{
	size_t pairs = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			scratch[pairs++] = (values[j] - values[i]) / (middle(&extents[j]) - middle(&extents[i]));
	return statistics_median(scratch, pairs);
}

double ageing_ratio(const double *values, const struct ageing_extent *extents, size_t count, double end)
{
	return mean_between(values, extents, count, 0.9 * end, end) / mean_between(values, extents, count, 0, 0.1 * end);
}

bool ageing_grows(const double *values, size_t count)
{
	if (count < AGEING_VALUES_MIN)
		return false;
	double most = values[0];
	for (size_t i = 0; i < count - count / 4; i++)
		most = values[i] <= most ? most : values[i];
	for (size_t i = count - count / 10; i < count; i++)
		if (!(values[i] > most * (1 + AGEING_GROWTH)))
			return false;
	return true;
}

int ageing_judge(const double *values, const struct ageing_extent *extents, size_t count, double end, struct ageing *found)
{
	assert(end > 0 || !count);
	*found = (struct ageing){.first_to_last_decile = (double)NAN, .slope = (double)NAN};
	if (count > AGEING_VALUES_MAX)
		return -1;
	if (count < AGEING_VALUES_MIN)
		return 0;
	double *scratch = memory_zeroed(count * (count - 1) / 2 + 2 * count + 1, sizeof scratch[0]);
	size_t *begin = memory_zeroed(count + 1, sizeof begin[0]);
	struct level *levels = memory_zeroed(count, sizeof levels[0]);
	int result = scratch && begin && levels ? 0 : -1;
	if (result == 0) {
		double *best = scratch + count, s = noise(values, count, scratch);
		smooth(values, count, scratch);
		partition(scratch, count, PENALTY * s * s * log((double)count), best, begin);
		size_t level_count = find_levels(begin, scratch, count, levels);
		found->change_points = level_count - 1;
		found->class = classify(levels, level_count, extents, end);
		found->first_to_last_decile = ageing_ratio(values, extents, count, end);
		found->slope = theil_sen(values, extents, count, scratch);
	}
	memory_release(scratch);
	memory_release(begin);
	memory_release(levels);
	return result;
}
