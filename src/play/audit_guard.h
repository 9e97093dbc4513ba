/* SPDX-License-Identifier: MIT
 * The guard pages behind live extents of a stream, counted apart by the audit. */
#ifndef PLAY_AUDIT_GUARD_H
#define PLAY_AUDIT_GUARD_H

#include "base/memory.h"
#include "stream/op_stream.h"

#include <assert.h>
#include <stdint.h>

struct audit_guard {
	unsigned char *slot_request; /* of the extent in each slot */
	uint64_t pages, peak_pages;  /* behind live extents, now and at most */
};

/* 0, or -1: no memory. The caller releases slot_request. */
static inline int audit_guard_open(struct audit_guard *guard, uint32_t slots)
{
	guard->slot_request = memory_zeroed(slots, 1);
	return guard->slot_request ? 0 : -1;
}

static inline void audit_guard_take(struct audit_guard *guard, const struct op *op, const struct op_request *request)
{
	guard->slot_request[op->slot] = (unsigned char)(op->demand >> OP_REQUEST_SHIFT);
	guard->pages += request->guard;
	if (guard->pages > guard->peak_pages)
		guard->peak_pages = guard->pages;
}

/* requests: all of the stream. */
static inline void audit_guard_drop(struct audit_guard *guard, const struct op *op, const struct op_request *requests)
{
	assert(guard->pages >= requests[guard->slot_request[op->slot]].guard);
	guard->pages -= requests[guard->slot_request[op->slot]].guard;
}

#endif
