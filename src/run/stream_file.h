/* SPDX-License-Identifier: MIT
 * The stream of a workload, generated once by the parent: what it holds, and, when it is not too long, its words in a file in
 * memory that workers map. With several threads the words are those of each thread, one after another; hash and figures are
 * those of the woven stream, which the audit plays. */
#ifndef RUN_STREAM_FILE_H
#define RUN_STREAM_FILE_H

#include "base/error.h"
#include "run/plan.h"

#include <stdint.h>

struct stream_file {
	int descriptor;          /* -1: too long to keep, workers generate it themselves */
	uint64_t kept_words_max; /* by the memory that there is */
	uint64_t words;          /* of the woven stream */
	uint64_t operations;     /* without control words */
	uint64_t hash;
	uint64_t peak_live_pages; /* planned, requested pages */
	uint32_t phase_count;
	uint64_t phase_words[WORKLOAD_PHASES_MAX];
	uint64_t (*portion_words)[WORKLOAD_PHASES_MAX]; /* by thread and phase; NULL with one thread */
	uint64_t words_of_portions;
};

int stream_file_create(struct stream_file *file, const struct plan *plan, struct error *error);
/* Gives the words back; the figures stay. Idempotent. */
void stream_file_close_words(struct stream_file *file);
/* Gives everything back. */
void stream_file_close(struct stream_file *file);

#endif
