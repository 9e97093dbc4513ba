/* SPDX-License-Identifier: MIT
 * What stands before an event in a line: task, CPU, time. One row per format of the kernel and of tools. */
#ifndef TRACE_HEAD_H
#define TRACE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum head_clock {
	CLOCK_NONE,
	CLOCK_SECONDS, /* time is in ns */
	CLOCK_TICKS,   /* whole numbers of a unit that the file does not tell */
};

struct head {
	const char *name; /* of the event */
	size_t name_length;
	const char *group; /* NULL: the line names none */
	size_t group_length;
	const char *payload;
	const char *task_name; /* begins here; NULL: none */
	size_t task_name_length;
	uint32_t cpu;
	uint64_t task; /* its PID; for PID 0, which every CPU has, 2^32 + CPU */
	bool has_cpu;
	uint64_t time;
	enum head_clock clock;
};

struct head_format {
	const char *name;
	/* Finds the next event at or behind *at, and where to go on after it. False: there is none. */
	bool (*find)(const char *line, const char **at, struct head *head);
};

/* The most telling first; the last row has no name. */
extern const struct head_format head_formats[];
#define HEAD_FORMATS_STRICT 3u /* so many of them tell an event from any other line */

/* Why a line whose event stands at name has no head: "no [CPU]", "no PID", "no time" … */
const char *head_missing(const char *line, const char *name);

#endif
