/* SPDX-License-Identifier: MIT
 * What an audit saw, one line for each extent: CSV as docs/placements.md has it, from which any figure of the space can be
 * checked by a program that knows nothing of this one. */
#ifndef PLAY_PLACEMENTS_H
#define PLAY_PLACEMENTS_H

#include "iovabench/allocator.h"
#include "result/result.h"
#include "workload/model.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The first line of such a file. */
#define PLACEMENTS_HEADER "workload,allocator,phase,operation,event,request,domain,side,first,count\n"

enum placements_event {
	PLACEMENTS_SPACE,
	PLACEMENTS_RESERVE,
	PLACEMENTS_ALLOC,
	PLACEMENTS_FREE,
	PLACEMENTS_FAIL,
};

/* Where they go, and how workload and allocator are called there. */
struct placements_target {
	int descriptor;
	const char *workload; /* with the values of its sweep */
	const char *spec;
};

struct placements {
	FILE *file;
	char *label;         /* workload and allocator, as fields */
	const char *phase;   /* of the operation at hand */
	const char *request; /* what it asked for; NULL: nothing, or not known */
	uint64_t operation;  /* of the stream, from 1; 0: none yet */
	int lost;            /* errno of the first line that was lost; 0: none was */
};

/* The descriptor is duplicated. -1: no memory or no file; nothing is left behind. */
int placements_open(struct placements *placements, const struct placements_target *target);
/* What could not be written is noted in the record: it costs no figure. Takes a zeroed one, too. */
void placements_close(struct placements *placements, struct result_record *record);

/* One line. FAIL has no first page. cpu_side: of the CPU's address space of the domain, else of the device's. */
void placements_note(struct placements *placements, enum placements_event event, uint32_t domain, bool cpu_side,
		     uint64_t first, uint64_t count);

#endif
