/* SPDX-License-Identifier: MIT
 * From the records of many paired passes to what one arm took against another. */
#ifndef RUN_GATHER_PAIRED_H
#define RUN_GATHER_PAIRED_H

#include "base/clock.h"
#include "base/error.h"
#include "run/gather.h"

#include <stddef.h>

/* Adds to what result->arms[arm] has against another arm of its workload, under one condition; both arms are filled. A round
 * counts when its process is to be trusted: both placed as in their audits, and metadata lay behind as many huge pages. -1: no
 * memory. */
int gather_paired(struct result *result, size_t arm, size_t against, enum result_condition condition,
		  const struct gather_arm *records, const struct clock *clock, struct error *error);

#endif
