/* SPDX-License-Identifier: MIT
 * Turns the text of a kernel recording into a recording. The rules are told in docs/traces.md. */
#ifndef TRACE_IMPORT_H
#define TRACE_IMPORT_H

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "stream/recording.h"

#include <stdbool.h>
#include <stdint.h>

#define IMPORT_DOMAIN_ALL UINT32_MAX
#define IMPORT_DOMAINS_MAX 4096 /* in the text, of which a recording holds RECORDING_DOMAINS_MAX or the chosen one */

/* What was seen, and what could not be used. */
struct import_report {
	uint64_t lines;
	uint64_t other_lines; /* no event, or an event that says nothing about address space */
	uint64_t used_events;
	uint64_t lost_marks; /* places where the kernel's buffer overflowed */
	bool last_line_cut;  /* the file ends inside a line of a known event, which was left out */
	bool from_maps;      /* rebuilt from map and unmap; else from the probes */
	uint32_t domains;    /* in the text; the recording may hold one of them */
	/* Probes */
	uint64_t retries_merged;   /* failed attempts that were followed by a wider one of the same demand */
	uint64_t refused_demands;  /* no attempt succeeded */
	uint64_t unfinished_calls; /* alloc without its allocret */
	uint64_t headless_returns; /* allocret without its alloc */
	uint64_t foreign_frees;    /* of ranges that were allocated before the recording began */
	uint64_t resized_frees;    /* the free tells another size than the allocation, which was believed */
	uint64_t lost_frees;       /* a live range was handed out again: its free was assumed just before */
	/* Map and unmap */
	uint64_t maps;
	uint64_t joined_maps;    /* parts of a larger allocation */
	uint64_t colliding_maps; /* their start was mapped already: more than one device */
	uint64_t foreign_unmaps; /* of ranges that were mapped before the recording began, or by a second device */
};

/* Reads an input (FILE_STANDARD_INPUT is one; plain or packed with zstd) into *recording, which the caller releases. domain:
 * the one to keep, by order of appearance, or IMPORT_DOMAIN_ALL. Returns 0; or -1 with *recording zeroed and a message.
 * *report is set either way. */
int recording_import(const char *path, uint32_t domain, struct recording *recording, struct import_report *report,
		     struct error *error);
/* The same from a file that is open. */
int recording_import_open(struct file *file, uint32_t domain, struct recording *recording, struct import_report *report,
			  struct error *error);

/* What a user should know about an import, one fact per line; nothing for counts of zero. */
void import_report_add(const struct import_report *report, struct text *text);

#endif
