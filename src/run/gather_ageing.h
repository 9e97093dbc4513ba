/* SPDX-License-Identifier: MIT */
#ifndef RUN_GATHER_AGEING_H
#define RUN_GATHER_AGEING_H

#include "run/gather.h"

/* Class and figures of ageing of one phase: of the median over rounds of each part of it. -1: no memory. */
int gather_ageing(struct result_phase *phase, const struct gather_arm *records, size_t index);

#endif
