/* SPDX-License-Identifier: MIT
 * Rebuilds a recording from map and unmap events alone: an unmap bounds its range, which begins with the first map at its
 * start since the unmap there before. */
#ifndef TRACE_IMPORT_MAPS_H
#define TRACE_IMPORT_MAPS_H

#include "trace/builder.h"
#include "trace/event.h"
#include "trace/import.h"
#include "trace/table.h"

struct mapped;

/* Zero-initialise, then set the first two. */
struct maps {
	struct builder *builder;
	struct import_report *report;
	struct table starts;   /* first page: index into mapped */
	struct mapped *mapped; /* what is mapped */
	size_t mapped_count;
	size_t mapped_capacity;
	uint32_t unused; /* 1 + head of a chain of unused places in mapped, 0 = none */
};

/* Takes an event of kind EVENT_MAP or EVENT_UNMAP. Returns 0, or -1 with a message. */
int maps_event(struct maps *maps, const struct event *event, struct error *error);

/* Joins what was never unmapped: ascending adjacent maps of one task are one range. Returns 0, or -1 with a message. */
int maps_finish(struct maps *maps, struct error *error);

void maps_release(struct maps *maps);

#endif
