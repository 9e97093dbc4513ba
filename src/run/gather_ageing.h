/* SPDX-License-Identifier: MIT */
#ifndef RUN_GATHER_AGEING_H
#define RUN_GATHER_AGEING_H

#include "run/gather.h"

/* Class and figures of ageing of one phase: of the median over rounds of each part of it, and of what grows in the arm's
 * series, which is filled before. A class other than flat stands only when the interval over rounds of the last tenth's
 * time by the first one's excludes 1. -1: no memory. */
int gather_ageing(struct result_phase *phase, const struct result_arm *arm, const struct gather_arm *records, size_t index);

#endif
