/* SPDX-License-Identifier: MIT
 * When rounds are looked at. */
#ifndef RESULT_LOOKS_H
#define RESULT_LOOKS_H

#include "base/json.h"
#include "result/result.h"

/* "looks" of an arm. Older documents have none: all zero. */
void looks_write(struct json_writer *writer, json_t *object, const struct result_looks *looks);
void looks_read(struct json_reader *reader, const struct json_at *object, struct result_looks *looks);

/* Ascending numbers of rounds under key, at most limit of them, each from 1 to most. */
void looks_write_list(struct json_writer *writer, json_t *object, const char *key, const uint32_t *rounds, size_t count);
void looks_read_list(struct json_reader *reader, const struct json_at *object, const char *key, uint32_t most,
		     uint32_t rounds[RESULT_LOOKS_MAX], uint32_t *count);

/* Whether one was planned after so many rounds. */
bool looks_are_due(const struct result_looks *looks, uint32_t rounds);
/* Notes one after so many rounds, once; none after none. rounds: not below that of the one before. There is room for every
 * planned one, or for another in the place of those that are left. */
void looks_note(struct result_looks *looks, uint32_t rounds);

/* Among how many looks the error of a verdict is shared: at least 1. */
uint32_t looks_shared(const struct result_looks *looks);

#endif
