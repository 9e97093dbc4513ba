/* SPDX-License-Identifier: MIT
 * The part of expand that tells driver calls. */
#ifndef WORKLOAD_EXPAND_CALL_H
#define WORKLOAD_EXPAND_CALL_H

#include "base/text.h"
#include "workload/model.h"

/* Appends the arguments that a request's call takes, beside size, align and what limits logical addresses. Nothing for extents. */
void expand_request_arguments(struct text *json, const struct workload_request *request);

/* Appends one routine call of a script, as an object. */
void expand_routine_call(struct text *json, const struct workload *workload, const struct workload_routine_call *call);

#endif
