/* SPDX-License-Identifier: MIT
 * iovabench trace fit: a workload like a recording, and how far it is from it. */
#ifndef CLI_TRACE_FIT_H
#define CLI_TRACE_FIT_H

#include "base/error.h"
#include "stream/recording.h"

#include <stddef.h>

#define FIT_AGAINST_MAX 8

struct fit_options {
	const char *source;                   /* name of the recording */
	const char *like;                     /* a workload whose space it gets; NULL: 4 GiB without page 0 */
	const char *output;                   /* the workload; it appears whole */
	const char *against[FIT_AGAINST_MAX]; /* allocators on which both are played */
	size_t against_count;
};

/* Writes the workload, and on standard output how far it is from the recording. Returns 0, or -1 with a message; fitting badly
 * is no failure. */
int trace_fit(const struct recording *recording, const struct fit_options *options, struct error *error);

#endif
