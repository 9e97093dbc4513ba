/* SPDX-License-Identifier: MIT
 * Memory for allocators that is counted, and fails when told to. */
#ifndef VERIFY_HOST_H
#define VERIFY_HOST_H

#include "iovabench/allocator.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct verify_host {
	struct iova_host host;
	uint64_t requests;
	uint64_t failing_request; /* UINT64_MAX: none */
	uint64_t outstanding;     /* pieces */
	uint64_t locks;
	const char *wrong; /* what was done to memory that must not be */
	struct piece *pieces;
	size_t piece_slots, piece_marks; /* a power of two; those that are or were taken */
	pthread_mutex_t mutex;           /* around all of it: allocators without a lock around them ask from all threads */
};
void verify_host_make(struct verify_host *host, uint32_t cpus);
/* What is wrong with the memory after destroy, or NULL; everything is released. */
const char *verify_host_end(struct verify_host *host);

#endif
