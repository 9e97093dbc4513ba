/* SPDX-License-Identifier: MIT
 * Failures by request and kind, at every row of the series at which there are more of them. */
#ifndef PLAY_AUDIT_FAILURES_H
#define PLAY_AUDIT_FAILURES_H

#include "result/result.h"

#include <stddef.h>
#include <stdint.h>

/* Names of requests that are told apart; the rest is RESULT_CLASS_OTHERS. */
#define AUDIT_FAILURES_NAMES 16u

struct audit_failures {
	struct audit_failures_one {
		const char *request; /* borrowed until they are stored */
		enum result_failure kind;
		uint64_t total, told; /* since the start; of them, at the last row */
		double *ops, *numbers;
		size_t count, op_capacity, number_capacity;
	} * of;
	size_t count, capacity, names;
	bool failed; /* no memory */
};

/* O(names). number >= 0 more of them. */
void audit_failures_count(struct audit_failures *failures, const char *request, enum result_failure kind, uint64_t number);
/* After so many operations of the stream. */
void audit_failures_row(struct audit_failures *failures, uint64_t operations);
/* Moves them into the record. -1: there was no memory at some time. */
int audit_failures_store(struct audit_failures *failures, struct result_record *record);
void audit_failures_close(struct audit_failures *failures);

#endif
