/* SPDX-License-Identifier: MIT
 * What a workload expects of its arms, held against what was found. */
#ifndef RUN_EXPECT_H
#define RUN_EXPECT_H

#include "base/error.h"
#include "result/result.h"
#include "workload/model.h"

/* Adds one entry for every expectation of the workload and every arm that it speaks of (arms that cannot play the workload are
 * left out). A figure that was not measured does not meet an expectation. -1: no memory. */
int expect_judge(struct result *result, size_t workload, const struct workload *model, struct error *error);

#endif
