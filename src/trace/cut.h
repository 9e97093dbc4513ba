/* SPDX-License-Identifier: MIT
 * Recordings made from recordings: a part of one, and one made larger. */
#ifndef TRACE_CUT_H
#define TRACE_CUT_H

#include "base/error.h"
#include "stream/recording.h"

#include <stdint.h>

/* What is kept. What lived when the part begins is allocated first, so that its frees are there too. */
struct recording_part {
	uint64_t first_op, end_op; /* operations [first, end) */
	uint32_t domain;           /* UINT32_MAX: all */
	uint32_t pages_min, pages_max;
};

/* Returns 0 and *part, which the caller releases; or -1 with *part zeroed: no memory, or nothing of it is in the part. */
int recording_cut(const struct recording *recording, const struct recording_part *wanted, struct recording *part,
		  struct error *error);

/* Each operation happens live times in each of domains times as many domains, one after the other. */
int recording_scale(const struct recording *recording, uint32_t live, uint32_t domains, struct recording *scaled,
		    struct error *error);

#endif
