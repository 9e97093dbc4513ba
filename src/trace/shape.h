/* SPDX-License-Identifier: MIT
 * The distributions of a recording: sizes, lifetimes, what lives over time, who allocates. */
#ifndef TRACE_SHAPE_H
#define TRACE_SHAPE_H

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "stream/recording.h"

#include <stddef.h>
#include <stdint.h>

#define SHAPE_ORDERS 33
#define SHAPE_LIFETIMES 40
#define SHAPE_POINTS 64

struct shape_size {
	uint32_t pages;
	uint64_t allocs;
	uint64_t freed;        /* of them */
	uint64_t lifetime_sum; /* of those, in operations */
};

struct shape_point {
	uint64_t op, live, live_pages; /* after it */
};

struct recording_shape {
	struct shape_size *sizes; /* ascending */
	size_t size_count;
	uint64_t orders[SHAPE_ORDERS];       /* [k]: allocations of more than 2^(k-1) pages, at most 2^k */
	uint64_t lifetimes[SHAPE_LIFETIMES]; /* [k]: of freed ranges, more than 2^(k-1) operations, at most 2^k */
	struct shape_point points[SHAPE_POINTS];
	size_t point_count;
	uint64_t *cpu_allocs; /* [cpus] */
	uint32_t cpus;
	uint64_t allocs, bursts; /* runs of allocations without a free between */
};

/* Returns 0; or -1 without memory. recording_shape_release in both cases. Cost: one pass, and a sort of the sizes. */
int recording_shape(const struct recording *recording, struct recording_shape *shape, struct error *error);
void recording_shape_release(struct recording_shape *shape);

/* Lines for people, behind those of recording_stat_add. */
void recording_shape_add(const struct recording_shape *shape, struct text *text);
/* Keys of an object. */
void recording_shape_put(const struct recording_shape *shape, struct json_writer *writer, json_t *object);

#endif
