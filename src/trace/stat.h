/* SPDX-License-Identifier: MIT
 * Figures of a recording. */
#ifndef TRACE_STAT_H
#define TRACE_STAT_H

#include "base/error.h"
#include "base/text.h"
#include "stream/recording.h"
#include "trace/shape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAT_REFUSALS_MAX 16 /* that are told one by one */

/* A demand of which the kernel refused the first attempt. */
struct stat_refusal {
	size_t op;
	uint32_t pages;
	uint64_t live_pages; /* of all domains, before it */
	bool altogether;     /* no attempt succeeded */
};

struct recording_stat {
	uint64_t ops;    /* allocs + frees + refused altogether */
	uint64_t allocs; /* that the kernel granted */
	uint64_t frees;
	uint64_t pages;    /* of allocs, as asked for */
	double pages_mean; /* 0 without allocs */
	uint32_t pages_max;
	uint64_t peak_live;       /* ranges, all domains together */
	uint64_t peak_live_pages; /* not at the same moment as peak_live */
	uint64_t live_at_end;
	uint64_t live_pages_at_end;
	uint64_t frees_other_cpu;                        /* on another CPU than the allocation */
	uint64_t retried;                                /* demands that were granted after refused attempts */
	uint64_t refused;                                /* demands that were refused altogether */
	struct stat_refusal refusals[STAT_REFUSALS_MAX]; /* the first ones */
	size_t refusal_count;                            /* <= STAT_REFUSALS_MAX; retried + refused are all */
	uint32_t domains;
	uint32_t cpus;
	uint64_t domain_allocs[RECORDING_DOMAINS_MAX];
	uint64_t limits_demands[RECORDING_LIMITS_MAX]; /* granted or not */
};

/* Returns 0, or -1 with a message: no memory. Cost: one pass. */
int recording_stat(const struct recording *recording, struct recording_stat *stat, struct error *error);

/* A table for people; name is its title. What the import said follows. */
void recording_stat_add(const struct recording_stat *stat, const struct recording *recording, const char *name,
			struct text *text);

/* One JSON object, with the distributions where there is a shape. -1: no memory. */
int recording_stat_add_json(const struct recording_stat *stat, const struct recording *recording,
			    const struct recording_shape *shape, const char *name, struct text *text, struct error *error);

#endif
