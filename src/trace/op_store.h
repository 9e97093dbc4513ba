/* SPDX-License-Identifier: MIT
 * Operations while a recording is put together: the first ones in memory, a long recording in a file without a name that is
 * mapped, so that memory does not grow with it. The file lies where TMPDIR says, else in /var/tmp, and goes with its map. */
#ifndef TRACE_OP_STORE_H
#define TRACE_OP_STORE_H

#include "base/error.h"
#include "stream/recording.h"

#include <stddef.h>

/* Zero-initialise. ops may move with every append. */
struct op_store {
	struct recording_op *ops;
	size_t count;
	size_t capacity;
	size_t mapped_bytes; /* 0: ops are in memory */
	int file;            /* where they are mapped */
};

/* Returns 0, or -1 with a message (everything as it was): no memory, no room for the file, more than a recording holds. */
int op_store_append(struct op_store *store, const struct recording_op *op, struct error *error);

/* Hands what is left to a recording, whose release ends it; the store is empty then. */
void op_store_hand_over(struct op_store *store, struct recording *recording);

void op_store_release(struct op_store *store);

/* So many operations stay in memory. For tests, which make it small. */
extern size_t op_store_memory_ops;

#endif
