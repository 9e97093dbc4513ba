/* SPDX-License-Identifier: MIT
 * A synthetic workload that behaves like a recording: sizes, lifetimes, CPUs. */
#ifndef TRACE_FIT_H
#define TRACE_FIT_H

#include "base/error.h"
#include "base/text.h"
#include "stream/recording.h"
#include "workload/model.h"

#define FIT_CLASSES_MAX 24 /* sizes with a lifetime of their own; all others are one class */

/* What the fit does not say, as far as it can be told without playing it. */
struct fit_distance {
	double lifetimes;        /* largest distance of the two distributions of lifetimes, 0 to 1 */
	double cpus;             /* largest distance of a CPU's share of the allocations from an equal one */
	double burst, fit_burst; /* allocations in a row */
	uint32_t domains;        /* of the recording; the fit has one */
	uint64_t stay;           /* ranges that are never freed, which the fit allocates first */
};

/* Adds a workload (its name is that of a phase's, small letters) in space to *yaml and tells how far it is from the recording.
 * source: what it was made of. Returns 0, or -1 with a message: no memory, or nothing of the recording is ever freed. */
int recording_fit(const struct recording *recording, const struct workload_space *space, const char *source,
		  struct text *yaml, struct fit_distance *distance, struct error *error);

/* Where a recording is played when nobody says: 4 GiB without page 0, or the next power of two of which what lives at once
 * takes at most seven eighths. */
struct workload_space fit_space(const struct recording *recording);

/* A workload that replays it from a compact file, whose name is as seen from the workload's folder. source: what it was made
 * of. */
void fit_add_replay(const struct recording *recording, const struct workload_space *space, const char *source,
		    const char *file, struct text *yaml);

/* Lines for people. */
void fit_distance_add(const struct fit_distance *distance, struct text *text);

#endif
