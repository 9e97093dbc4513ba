/* SPDX-License-Identifier: MIT
 * The classes of a distribution: ranges of numbers with integer weights. */
#ifndef STREAM_DISTRIBUTION_CLASSES_H
#define STREAM_DISTRIBUTION_CLASSES_H

#include "stream/distribution.h"

/* Zero-initialise. */
struct classes {
	struct distribution_range *ranges;
	uint64_t *weights;
	double *masses; /* what weights are rounded from; scratch */
	size_t count;
	size_t range_capacity, weight_capacity, mass_capacity;
	bool no_memory; /* nothing else can be trusted then */
};

/* In the order of sizes (of parts: in their order); classes without weight may be among them. */
void classes_of_size(struct classes *classes, const struct workload_size *size);
/* In ticks. */
void classes_of_lifetime(struct classes *classes, const struct workload_lifetime *lifetime);
/* Multiplies each weight by the middle of its class. */
void classes_weigh_by_length(struct classes *classes);
void classes_release(struct classes *classes);

#endif
