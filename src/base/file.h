/* SPDX-License-Identifier: MIT
 * Files that are read whole and files that appear whole. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Reads a whole file, at most limit bytes, into *bytes (one '\0' behind them; released with memory_release). Returns 0, or -1
 * with a message that names the file: missing, a directory, unreadable, larger than limit. */
int file_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error);

/* A file that appears under its name only when it is complete: written to "<path>.partial", then fsync, rename, fsync of the
 * folder. On failure nothing stays behind. What is no regular file (a device, a pipe, a link) is written to as it is. */
int file_write_whole(const char *path, const void *bytes, size_t length, struct error *error);

/* Appends one complete record and forces it to disk. */
int file_append_synced(int descriptor, const char *path, const void *bytes, size_t length, struct error *error);

/* For tests: the disk becomes full in the write after `passes` more ones: half of its bytes are written, and it and all later ones fail
 * with ENOSPC; UINT64_MAX switches this off. */
void file_fail_writes_after(uint64_t passes);

#endif
