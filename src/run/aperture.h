/* SPDX-License-Identifier: MIT
 * The smallest space in which a stream of operations meets no failure: how much address space a device needs with an
 * allocator. */
#ifndef RUN_APERTURE_H
#define RUN_APERTURE_H

#include "base/error.h"
#include "base/text.h"
#include "run/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one workload on one allocator. Pages count from the first page of the space. */
struct aperture {
	char *workload; /* its label */
	char *spec;
	char *reason;             /* NULL; else why there is no answer: what the allocator lacks, or how a worker ended */
	enum exit_code exit_code; /* with a reason */
	enum error_owner owner;   /* of a failure */
	bool found;               /* else, without a reason: it failed in all spaces up to APERTURE_GROWTH_MAX of its own */
	uint64_t pages;           /* the smallest space that was seen to suffice */
	uint64_t failing_above;   /* the largest space above it that was seen to fail; 0: none */
	uint64_t written_pages;   /* the space of the file */
	uint64_t peak_live_pages; /* requested: what no allocator can do without */
	uint64_t page_bytes;
	uint32_t runs;
};

struct aperture_list {
	struct aperture *items;
	size_t count, capacity;
};

/* How far beyond the space of its file a workload is tried. */
#define APERTURE_GROWTH_MAX 256u

/* Bisects over the end of the space, with audits in worker processes; the operations stay those of the workload as it is
 * written, limits above the end mean the end. Failures need not be monotone: sizes around the answer are tried, too. options:
 * of them files, specs, changes, sweeps, memory and stall count. Returns 0, or -1 with the faults of files in *messages or one
 * in *error. Cost: about log2(space) + 16 audits for each workload and allocator. */
int aperture_find(const struct run_options *options, struct aperture_list *list, struct text *messages,
		  struct error *error);
void aperture_list_release(struct aperture_list *list);

#endif
