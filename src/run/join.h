/* SPDX-License-Identifier: MIT
 * Puts shards of one matrix together again. */
#ifndef RUN_JOIN_H
#define RUN_JOIN_H

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"
#include "run/matrix.h"

#include <stddef.h>

/* Whether the folder is that of a shard. -1: its run.json cannot be read. A folder without one is none. */
int join_is_shard(const char *folder, struct error *error);

/* folders: of all shards of one matrix, in any order; they are put in that of their numbers. *into (zeroed) is the document
 * that a run without shards would have left, but for times; of shards that several machines played result_merge puts together
 * what each of them did. Nothing is played. -1 with EXIT_CODE_USAGE and the name of what is missing, there twice, not
 * finished, of another build, request, workload or clock; EXIT_CODE_UNTRUSTWORTHY: two audits of one
 * machine disagree; no memory. told: as for result_merge. Journals are read when their rounds are gathered, and arms of *into
 * are packed: peak memory is that of the records of one workload, and of what verdicts take of each arm. */
int join_shards(const char **folders, size_t count, const char *command, struct result *into, struct text *told,
		struct text *messages, struct error *error);

/* For matrix_take_shards: gives combinations the hashes of the streams that shards played, so that none has to be made. -1
 * with EXIT_CODE_USAGE: two shards played different ones. */
int join_streams(struct matrix *matrix, struct error *error);

/* Reads the journals of those shards that have rounds of a combination and were not read before. -1: one cannot be read, or
 * has what another one has. */
int join_journals(struct matrix *matrix, size_t number, struct error *error);

#endif
