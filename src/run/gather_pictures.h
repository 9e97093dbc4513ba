/* SPDX-License-Identifier: MIT
 * What figures over time need of all rounds together. */
#ifndef RUN_GATHER_PICTURES_H
#define RUN_GATHER_PICTURES_H

#include "run/gather.h"

/* The heat map of an arm whose series is there. -1: no memory. */
int gather_heat(struct result_arm *arm, const struct gather_arm *records, const struct clock *clock);
/* Time per operation over a phase. -1: no memory. */
int gather_cells(struct result_phase *phase, const struct result_arm *arm, const struct gather_arm *records, size_t index);

#endif
