/* SPDX-License-Identifier: MIT
 * Rebuilds a recording from events of which a free names what one allocation returned: exact, whatever was mapped where. */
#ifndef TRACE_IMPORT_EXACT_H
#define TRACE_IMPORT_EXACT_H

#include "trace/builder.h"
#include "trace/event.h"
#include "trace/import.h"
#include "trace/owners.h"
#include "trace/table.h"

struct open_call;

/* Zero-initialise, then set the first three. */
struct exact {
	struct builder *builder;
	struct owners *owners;
	struct import_report *report;
	struct table live;    /* domain and first page: operation */
	struct table ties;    /* domain and match: operation */
	struct table tied[2]; /* the same: low 32 bits of the first page, and those above */
	struct table failed;  /* task and domain: operation of the last attempt, which failed */
	struct table callers; /* task: its innermost open call */
	struct open_call *calls;
	size_t call_count;
	size_t call_capacity;
	uint32_t unused_call; /* 1 + head of a chain of unused places in calls, 0 = none */
	bool called;          /* an EVENT_CALL was seen */
};

/* Takes an event of kind EVENT_CALL, _RETURN, _ALLOC, _FREE or _END. Returns 0, or -1 with a message. */
int exact_event(struct exact *exact, const struct event *event, struct error *error);

void exact_release(struct exact *exact);

#endif
