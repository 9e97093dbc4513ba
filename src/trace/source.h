/* SPDX-License-Identifier: MIT
 * One input of an import: its lines, and the events in them in the order of time. */
#ifndef TRACE_SOURCE_H
#define TRACE_SOURCE_H

#include "base/file.h"
#include "trace/event.h"
#include "trace/import.h"
#include "trace/lines.h"

/* Zero-initialise; source_open sets it up. */
struct source {
	struct file *file;
	struct file own; /* that source_open opened */
	struct lines *lines;
	struct event_parser parser;
	struct line line;
	struct event event;   /* the next; borrows from the line */
	uint64_t before_time; /* of the one before it */
	enum head_clock before_clock;
	uint64_t before_line;
	const struct import_options *options;
	struct import_report *report;
	struct import_trouble *troubles; /* [RULE_LEVELS_MAX], of all sources */
};

/* Opens path, or takes a file that is open and stays the caller's (path NULL). Returns 0, or -1 with a message. */
int source_open(struct source *source, const char *path, struct file *file, struct error *error);

/* Finds the next event that can be used. Returns 1, 0 at the end, or -1 with a message. */
int source_next(struct source *source, struct error *error);

void source_close(struct source *source);

#endif
