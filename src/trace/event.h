/* SPDX-License-Identifier: MIT
 * One line of a kernel recording: tracefs text, or what 'perf script' and 'trace-cmd report' print of the same events. */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_OTHER,     /* no event, or one that says nothing about address space */
	EVENT_LOST,      /* the kernel's buffer overflowed here */
	EVENT_ALLOC,     /* alloc: a call begins: domain, count, limit */
	EVENT_ALLOC_END, /* allocret without those: the call ended: first */
	EVENT_ALLOC_ALL, /* allocret with those: the whole call */
	EVENT_FREE,      /* freei: domain, first, count */
	EVENT_MAP,       /* first, count */
	EVENT_UNMAP,     /* first, count */
};

/* Addresses in pages of 4096 bytes. */
struct event {
	enum event_kind kind;
	uint32_t cpu;
	uint64_t task;   /* its PID; for PID 0, which every CPU has, 2^32 + CPU */
	uint64_t domain; /* the kernel's pointer */
	uint64_t first;  /* 0: the allocation failed */
	uint64_t limit;  /* inclusive */
	uint32_t count;
};

/* Parses a line ('\0' at its end, no newline). Returns NULL and *event; or what is wrong with a line of a known event. */
const char *event_parse(const char *line, struct event *event);

#endif
