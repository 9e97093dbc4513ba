/* SPDX-License-Identifier: MIT */
#ifndef RUN_GATHER_AGEING_H
#define RUN_GATHER_AGEING_H

#include "run/gather.h"

/* Class and figures of ageing of one phase: of the median over rounds of each part of it, and of what grows in the arm's
 * series, which is filled before. A class other than flat stands only when the interval over rounds of the last tenth's
 * time by the first one's excludes 1. -1: no memory. */
int gather_ageing(struct result_phase *phase, const struct result_arm *arm, const struct gather_arm *records, size_t index);

/* What grows at the end of a phase: live pages, or, where these do not, what an allocator does with them. -1: no memory. */
struct gather_growth {
	bool known;       /* there are AGEING_VALUES_MIN rows */
	uint32_t growing; /* a bit for each enum result_series_column */
};
int gather_growth(const struct result_series_row *series, size_t rows, size_t phase, struct gather_growth *growth);

#endif
