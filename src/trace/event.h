/* SPDX-License-Identifier: MIT
 * One line of a recording: its head by the table of formats, its event by the rules. */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include "trace/head.h"
#include "trace/rule.h"

#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_OTHER,       /* no event, or one that no rule names */
	EVENT_FOREIGN,     /* of the same name, of another group */
	EVENT_LOST,        /* a buffer overflowed here: lost (0: nobody tells how many) */
	EVENT_OVERWRITTEN, /* lost older events than the file holds are gone */
	EVENT_UNREADABLE,  /* a rule names it, and it cannot be read whole */
	EVENT_CALL,        /* an allocation begins: owner, count, limit */
	EVENT_RETURN,      /* it ended: first */
	EVENT_ALLOC,       /* a whole allocation; count 0: its free will tell */
	EVENT_FREE,
	EVENT_MAP, /* the same two where ranges may be mapped in parts */
	EVENT_UNMAP,
	EVENT_END, /* of an owner */
};

/* Addresses in pages. */
struct event {
	enum event_kind kind;
	uint8_t level; /* of the rule; of EVENT_UNREADABLE, too */
	bool failed;   /* the allocation did */
	bool limited;  /* limit is known */
	bool matched;  /* match ties the two, not first */
	bool summary;  /* EVENT_LOST: of what other lines may tell one by one */
	bool lone;     /* EVENT_RETURN that may be all there is of an allocation */
	uint32_t cpu;
	uint32_t count;
	uint64_t task;
	uint64_t owner;         /* a number, or a hash of its name; 0: there is none */
	const char *owner_name; /* NULL: none, or a number */
	size_t owner_name_length;
	uint64_t first;
	uint64_t limit; /* inclusive */
	uint64_t match;
	uint64_t lost;
	uint64_t time;
	enum head_clock clock;
	bool has_cpu;
	const char *name; /* of the event */
	size_t name_length;
};

#define EVENT_PREFIXES_MAX 16u
#define EVENT_PREFIX_BYTES 64u

/* State of one file. Zero-initialise, then set the first two. */
struct event_parser {
	const struct rule_table *rules;
	uint64_t page_bytes; /* a power of two */
	unsigned format;     /* 1 + the row of head_formats that the file's events have; 0: none was read */
	/* of a merged report of trace-cmd, which names each of its files with a line "name: cpus=4" */
	char prefixes[EVENT_PREFIXES_MAX][EVENT_PREFIX_BYTES];
	size_t prefix_count;
	char cause[240];
	struct fields fields; /* of the event that is read */
};

/* Whether a line that is no event may be the rest of one whose beginning is missing: it has fields that a rule looks for, and
 * no head. */
bool event_is_rest(struct event_parser *parser, const char *line);

/* Parses a line ('\0' at its end, no newline). *event borrows from it. Returns NULL; or what is wrong with an
 * EVENT_UNREADABLE, valid until the next call. */
const char *event_parse(struct event_parser *parser, const char *line, struct event *event);

#endif
