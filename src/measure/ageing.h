/* SPDX-License-Identifier: MIT
 * Whether a series of costs has levels, and what their order means.
 *
 * Levels are found by optimal partitioning (Jackson et al., IEEE Signal Processing Letters 12(2), 2005: the exact minimum that
 * PELT, Killick et al., JASA 107, 2012, finds with pruning) of the sum of squares around each level plus a penalty of 12 s^2
 * ln n for every change. s is the noise, from the median absolute difference of neighbours; outliers are taken away first by a
 * running median of five. Levels that differ by less than 5 % are one. The classes are those of Barrett et al., Virtual
 * Machine Warmup Blows Hot and Cold, OOPSLA 2017; ours adds that a rise to the very end is ageing, where they see no steady
 * state. */
#ifndef MEASURE_AGEING_H
#define MEASURE_AGEING_H

#include <stdbool.h>
#include <stddef.h>

#define AGEING_VALUES_MIN 20u
#define AGEING_VALUES_MAX 256u
#define AGEING_LEVEL_RATIO 1.05 /* levels nearer to each other are the same */

enum ageing_class {
	AGEING_UNKNOWN,         /* too few values */
	AGEING_FLAT,            /* one level */
	AGEING_WARM_UP,         /* the last quarter has one level, and no other was lower */
	AGEING_AGEING,          /* the last quarter has one level, and another was lower; or levels rise to the end */
	AGEING_NO_STEADY_STATE, /* the last quarter has several levels */
	AGEING_CLASS_COUNT
};

/* Where a value stands on the axis, which begins at 0: [first, end), end above first. */
struct ageing_extent {
	double first, end;
};

struct ageing {
	enum ageing_class class;
	size_t change_points;
	/* Mean of the last tenth of the axis / mean of the first one: above 1 it became slower. A value lies where its middle
	 * is; NaN when a tenth has none. */
	double first_to_last_decile;
	double slope; /* per unit of the axis, Theil-Sen: the median of the slopes between the middles of all pairs */
};

/* The first_to_last_decile of such a series alone; NaN also for an empty one. */
double ageing_ratio(const double *values, const struct ageing_extent *extents, size_t count, double end);

/* Whether a series without noise still grows at its end: everything in the last tenth of count rows lies more than
 * AGEING_GROWTH above everything in the first three quarters. false below AGEING_VALUES_MIN rows, and when one of these
 * is NaN. */
#define AGEING_GROWTH 0.01
bool ageing_grows(const double *values, size_t count);

/* values (all above 0) stand at extents, which ascend, do not overlap and may have gaps between them, on an axis that ends at
 * end. Fewer than AGEING_VALUES_MIN: AGEING_UNKNOWN, ratio and slope NaN. -1: no memory, or more than AGEING_VALUES_MAX. O(n^2
 * log n). */
int ageing_judge(const double *values, const struct ageing_extent *extents, size_t count, double end, struct ageing *found);

#endif
