/* SPDX-License-Identifier: MIT
 * Between workloads and cases. */
#ifndef VERIFY_STREAM_H
#define VERIFY_STREAM_H

#include "stream/op_stream.h"
#include "verify/child.h"
#include "verify/verify.h"

/* The calls that the first `most` words of a stream make in its first domain, where nothing fails; of several limits that are
 * tried in order the last one counts. Reserved ranges come first, as places. The stream is read from where it stands. Driver
 * calls are what they ask of the allocator at most. made->failed: there is no memory. */
void verify_case_of_stream(const struct workload *workload, struct op_stream *stream, uint64_t most,
			   struct verify_case *made);

/* What stands in the comments above a script. */
struct verify_remark {
	const char *spec, *file;
	const struct verify_rule *rule;
	const struct verify_outcome *outcome;
	uint64_t seed;
	bool repeats, minimal;
};

/* Appends the case as a workload with a script. What a script cannot say is told in its comments, and makes the answer false:
 * calls of several CPUs, the time of polls, a place behind the first allocation, memory that fails. */
bool verify_case_write(const struct verify_case *one, const struct verify_remark *remark, struct text *text);

#endif
