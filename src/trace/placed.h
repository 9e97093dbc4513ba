/* SPDX-License-Identifier: MIT
 * Where the recorded kernel put its ranges, while they are rebuilt: its span and its page tables, as the audit has those of an
 * allocator. */
#ifndef TRACE_PLACED_H
#define TRACE_PLACED_H

#include "base/error.h"
#include "stream/recording.h"

#include <stdint.h>

struct occupancy;

/* Zero-initialise. */
struct placed {
	struct occupancy *domains[RECORDING_DOMAINS_MAX];
	uint64_t low[RECORDING_DOMAINS_MAX], end[RECORDING_DOMAINS_MAX]; /* pages that were ever given; end 0: none */
	uint64_t live_pages, fullest_pages;
	uint64_t live_tables, fullest_tables; /* page tables, of all domains together */
	uint64_t overlaps;                    /* ranges that lie on live ones: page tables are not known then */
};

/* The kernel gave a range, or took it back. Return 0, or -1 with a message: no memory. O(log ranges). */
int placed_take(struct placed *placed, uint8_t domain, uint64_t first, uint64_t count, struct error *error);
int placed_drop(struct placed *placed, uint8_t domain, uint64_t first, uint64_t count, struct error *error);

/* Sets the facts that are the kernel's. */
void placed_tell(const struct placed *placed, uint64_t facts[RECORDING_FACTS]);

void placed_release(struct placed *placed);

#endif
