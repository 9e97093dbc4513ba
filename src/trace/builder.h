/* SPDX-License-Identifier: MIT
 * Operations of a recording while it is put together. Until builder_finish a free names its allocation by index, and an
 * allocation may be withdrawn or be a place that is kept for one. */
#ifndef TRACE_BUILDER_H
#define TRACE_BUILDER_H

#include "base/error.h"
#include "stream/recording.h"
#include "trace/op_store.h"
#include "trace/placed.h"

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. */
struct builder {
	struct op_store store; /* count == 0 and slot == BUILDER_NOTHING: nothing is here */
	struct recording_limits limits[RECORDING_LIMITS_MAX];
	size_t limits_count;
	uint64_t refused_demands; /* after builder_finish: that the kernel refused altogether */
	struct placed placed;
};

#define BUILDER_NOTHING UINT32_MAX

/* Index of these limits, which are added if they are new. Returns -1 with a message when there is no room for one more. */
int builder_limits(struct builder *builder, const struct recording_limits *limits, uint8_t *index, struct error *error);

/* Appends an operation; *index is its place. Returns 0, or -1 with a message, as op_store_append. */
int builder_append(struct builder *builder, const struct recording_op *op, uint32_t *index, struct error *error);

/* Takes the operation at index out. */
void builder_withdraw(struct builder *builder, uint32_t index);

/* Gives slots to all that is left and hands it over, without its hash. Returns 0, or -1 with a message; builder_release
 * either way. */
int builder_finish(struct builder *builder, uint32_t domain_count, struct recording *recording, struct error *error);

void builder_release(struct builder *builder);

#endif
