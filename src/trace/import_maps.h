/* SPDX-License-Identifier: MIT
 * Rebuilds a recording from map and unmap events: an unmap bounds the range that its maps are parts of; a range that is
 * unmapped in parts ends with the last of them; pages that were linked one by one are one range. docs/traces.md tells the
 * rules. */
#ifndef TRACE_IMPORT_MAPS_H
#define TRACE_IMPORT_MAPS_H

#include "trace/builder.h"
#include "trace/event.h"
#include "trace/import.h"
#include "trace/owners.h"
#include "trace/ranges.h"
#include "trace/table.h"

struct mapped;
struct link_member;

/* Pages that were linked one by one and are being unmapped: one range if nothing comes between. */
struct link {
	struct link_member *members; /* unmapped so far */
	size_t count, capacity;
	uint64_t first, pages; /* of the whole; 0 pages: there is none */
	uint64_t task;         /* that unmaps it */
	uint32_t op;           /* of its first map */
	uint32_t number;
};

/* Zero-initialise, then set the first three. */
struct maps {
	struct builder *builder;
	struct owners *owners;
	struct import_report *report;
	struct ranges live; /* domain and page: index into mapped */
	struct table runs;  /* task: the number of its run of maps */
	struct mapped *mapped;
	size_t mapped_count;
	size_t mapped_capacity;
	uint32_t unused; /* 1 + head of a chain of unused places in mapped, 0 = none */
	uint32_t run_count;
	struct link link;
};

/* Takes an event of kind EVENT_MAP, _UNMAP or _END. Returns 0, or -1 with a message. */
int maps_event(struct maps *maps, const struct event *event, struct error *error);

/* Joins what was never unmapped: ascending adjacent maps of one task are one range. Returns 0, or -1 with a message. */
int maps_finish(struct maps *maps, struct error *error);

void maps_release(struct maps *maps);

#endif
