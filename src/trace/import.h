/* SPDX-License-Identifier: MIT
 * Turns the text of kernel recordings into a recording. The rules are told in docs/traces.md. */
#ifndef TRACE_IMPORT_H
#define TRACE_IMPORT_H

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "stream/recording.h"
#include "trace/owners.h"
#include "trace/rule.h"

#include <stdbool.h>
#include <stdint.h>

#define IMPORT_FILES_MAX 256u
/* Of so many events one may be unreadable. */
#define IMPORT_UNREADABLE_SHARE 1000u

#define IMPORT_PAGE_BYTES_MIN RECORDING_PAGE_BYTES_MIN
#define IMPORT_PAGE_BYTES_MAX RECORDING_PAGE_BYTES_MAX

struct import_options {
	uint32_t domain;     /* the one to keep, by order of appearance, or OWNERS_ALL */
	uint64_t page_bytes; /* of the kernel, a power of two */
	uint64_t time_first; /* events from so many ns after the first one on … */
	uint64_t time_end;   /* … to before these; UINT64_MAX: all */
	bool lenient;        /* go on past unreadable events and a clock that runs backwards */
	struct rule_list rules;
};

/* Lines that hold an event and cannot be read: the first of them and how many there are. */
struct import_trouble {
	uint64_t count;
	uint64_t line;
	char text[600]; /* file, line, cause and the line itself */
	char brief[240];
};

/* What was seen, and what could not be used. */
struct import_report {
	uint64_t lines;
	uint64_t other_lines; /* no event, or an event that says nothing about address space */
	uint64_t used_events;
	uint64_t weaker_events;  /* of rules that tell less than the ones that were used */
	uint64_t foreign_events; /* of the same name and another group */
	uint64_t lost_marks;     /* places where a buffer overflowed */
	uint64_t loss_summaries; /* places where a tool tells that it lost some; lost_marks where nothing else does */
	uint64_t lost_events;    /* at them, as far as they tell */
	uint64_t overwritten;    /* older events that a full buffer overwrote */
	uint64_t backwards;      /* places where the clock runs backwards */
	uint64_t outside;        /* events before or behind the time that was asked for */
	uint64_t cpuless;        /* events whose CPU nobody tells; they stand on CPU 0 */
	bool first_line_cut;     /* a file begins inside a line of an event, which was left out */
	bool last_line_cut;      /* a file ends inside a line of a known event, which was left out */
	bool from_maps;          /* rebuilt from map and unmap; else a free names its allocation */
	uint32_t files;
	uint64_t page_bytes;
	uint64_t granule_bytes; /* every address and every size is a multiple of it; a power of two, or 0: there is none */
	char level[64];         /* the name of the rules that were used */
	char weaker[160];
	uint32_t domains; /* in the text; the recording may hold one of them */
	char domain_names[RECORDING_DOMAINS_MAX][OWNER_NAME_BYTES];
	struct import_trouble unreadable; /* events of the rules that were used, or of better ones */
	/* Exact pairs */
	uint64_t retries_merged;   /* failed attempts that were followed by a wider one of the same demand */
	uint64_t refused_demands;  /* no attempt succeeded */
	uint64_t unfinished_calls; /* a call without its return */
	uint64_t headless_returns; /* a return without its call */
	uint64_t foreign_frees;    /* of ranges that were allocated before the recording began */
	uint64_t resized_frees;    /* the free tells another size than the allocation, which was believed */
	uint64_t lost_frees;       /* a live range was handed out again: its free was assumed just before */
	uint64_t sizeless;         /* allocations of which neither they nor a free told the size */
	uint64_t ended_ranges;     /* that lived in a domain when it ended */
	/* Map and unmap */
	uint64_t maps;
	uint64_t joined_maps;    /* parts of a larger allocation */
	uint64_t linked_ranges;  /* ranges that were mapped and unmapped page by page */
	uint64_t linked_pages;   /* of them */
	uint64_t partial_unmaps; /* that took a part of what was mapped at once */
	uint64_t colliding_maps; /* something was mapped there already: more than one device */
	uint64_t foreign_unmaps; /* of ranges that were mapped before the recording began, or by a second device */
};

/* Defaults: all domains, 4 KiB, no rules of a user. */
void import_options_default(struct import_options *options);

/* Reads inputs (FILE_STANDARD_INPUT is one; plain or packed) into *recording, which the caller releases: several are merged by
 * time. Returns 0; or -1 with *recording zeroed and a message. *report is set either way. */
int recording_import(const char *const *paths, size_t count, const struct import_options *options,
		     struct recording *recording, struct import_report *report, struct error *error);
/* The same from one file that is open. */
int recording_import_open(struct file *file, const struct import_options *options, struct recording *recording,
			  struct import_report *report, struct error *error);

/* What a user should know about an import, one fact per line; nothing for counts of zero. */
void import_report_add(const struct import_report *report, struct text *text);

#endif
