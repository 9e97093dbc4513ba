/* SPDX-License-Identifier: MIT
 * Operations of a recording while it is put together. Until builder_finish a free names its allocation by index, and an
 * allocation may be withdrawn or be a place that is kept for one. */
#ifndef TRACE_BUILDER_H
#define TRACE_BUILDER_H

#include "base/error.h"
#include "stream/recording.h"

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. */
struct builder {
	struct recording_op *ops; /* count == 0 and slot == BUILDER_NOTHING: nothing is here */
	size_t op_count;
	size_t op_capacity;
	struct recording_limits limits[RECORDING_LIMITS_MAX];
	size_t limits_count;
	uint64_t low[RECORDING_DOMAINS_MAX], end[RECORDING_DOMAINS_MAX]; /* pages that were ever given; end 0: none */
};

#define BUILDER_NOTHING UINT32_MAX

/* Index of these limits, which are added if they are new. Returns -1 with a message when there is no room for one more. */
int builder_limits(struct builder *builder, const struct recording_limits *limits, uint8_t *index, struct error *error);

/* Appends an operation; *index is its place. Returns 0, or -1 with a message: no memory, or more than a recording holds. */
int builder_append(struct builder *builder, const struct recording_op *op, uint32_t *index, struct error *error);

/* Notes where the kernel put a range. */
void builder_place(struct builder *builder, uint8_t domain, uint64_t first, uint64_t count);

/* Pages from the lowest to the highest one, of all domains together. */
uint64_t builder_span(const struct builder *builder);

/* Takes the operation at index out. */
void builder_withdraw(struct builder *builder, uint32_t index);

/* Gives slots to all that is left and hands it over. Returns 0, or -1 with a message; builder_release either way. */
int builder_finish(struct builder *builder, uint32_t domain_count, struct recording *recording, struct error *error);

void builder_release(struct builder *builder);

#endif
