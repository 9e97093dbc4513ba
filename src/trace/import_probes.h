/* SPDX-License-Identifier: MIT
 * Rebuilds a recording from probes on the kernel's allocator: exact, whatever was mapped where. */
#ifndef TRACE_IMPORT_PROBES_H
#define TRACE_IMPORT_PROBES_H

#include "trace/builder.h"
#include "trace/event.h"
#include "trace/import.h"
#include "trace/table.h"

struct open_call;

/* Zero-initialise, then set the first three. */
struct probes {
	struct builder *builder;
	struct import_report *report;
	uint32_t wanted;      /* domain, or IMPORT_DOMAIN_ALL */
	struct table domains; /* the kernel's pointer: index */
	struct table live;    /* domain and first page: operation */
	struct table failed;  /* task and domain: operation of the last attempt, which failed */
	struct table callers; /* task: its innermost open call */
	struct open_call *calls;
	size_t call_count;
	size_t call_capacity;
	uint32_t unused_call; /* 1 + head of a chain of unused places in calls, 0 = none */
};

/* Takes an event of kind EVENT_ALLOC, _ALLOC_END, _ALLOC_ALL or _FREE. Returns 0, or -1 with a message. */
int probes_event(struct probes *probes, const struct event *event, struct error *error);

void probes_release(struct probes *probes);

#endif
