/* SPDX-License-Identifier: MIT
 * Steps of every operation of an arm, as its audit counted them, in a file in memory: those of its worst samples are there. */
#ifndef RUN_STEPS_FILE_H
#define RUN_STEPS_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* 16 MiB of each arm. */
#define STEPS_FILE_WORDS_MAX (UINT64_C(4) << 20)

/* For a stream of so many words, all zero: nothing was counted. Returns a descriptor, closed on exec, of a file that nobody
 * can make shorter; -1 with *error in EXIT_CODE_OK: the stream has none or too many; else it cannot be made. */
int steps_file_create(uint64_t words, struct error *error);
/* The words in this process's memory, or NULL with a message; descriptor -1: NULL without. */
uint32_t *steps_file_map(int descriptor, uint64_t words, struct error *error);
void steps_file_unmap(uint32_t *steps, uint64_t words);

#endif
