/* SPDX-License-Identifier: MIT
 * What a comparison of a second says of time: one answer from the ratios of some short processes. */
#ifndef COMPARE_QUICK_H
#define COMPARE_QUICK_H

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"

#define COMPARE_QUICK_THRESHOLD 0.01 /* share */
/* Of its interval: one in a thousand comparisons of equals may lie beside 1 by chance. */
#define COMPARE_QUICK_LEVEL 0.999

enum compare_quick {
	COMPARE_QUICK_SAME,   /* a difference as large as the threshold is excluded */
	COMPARE_QUICK_SLOWER, /* b is slower: the interval lies above 1, and the ratio by half the threshold at least */
	COMPARE_QUICK_FASTER, /* likewise below */
	COMPARE_QUICK_UNDECIDED,
	COMPARE_QUICK_COUNT
};
extern const char *const compare_quick_name[COMPARE_QUICK_COUNT]; /* same, slower, faster, undecided */

/* Fewer processes have no interval. */
uint32_t compare_quick_processes_least(void);

/* The answer from the median pair of windows of each process, b / a; the ratio of sums must not say otherwise. row: the
 * interval at COMPARE_QUICK_LEVEL, and reason, the caller's to release. -1: no memory. */
int compare_quick(const struct result_paired *paired, double threshold, enum compare_quick *answer,
		  struct result_comparison *row, struct error *error);

/* "B is 1.3 % slower (0.9 % to 1.7 %)", "no difference above 1 %", "undecided: ...". */
void compare_quick_tell(enum compare_quick answer, const struct result_comparison *row, struct text *text);

#endif
