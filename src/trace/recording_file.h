/* SPDX-License-Identifier: MIT
 * The compact file of a recording (.iovatrace): written whole, checked completely when it is read. docs/traces.md tells its
 * bytes. */
#ifndef TRACE_RECORDING_FILE_H
#define TRACE_RECORDING_FILE_H

#include "base/error.h"
#include "base/file.h"
#include "stream/recording.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_OPS_MAX (UINT64_C(1) << 27)
#define RECORDING_FILE_BYTES_MAX (UINT64_C(1) << 30)
#define RECORDING_SOURCE_BYTES 128 /* with its '\0' */

/* Reads a compact file into *recording, which the caller releases. Returns 0; or -1 with *recording zeroed and a message that
 * names the file, the position and the cause. Memory follows what the file really holds, not what its header promises. */
int recording_read(const char *path, struct recording *recording, struct error *error);

/* The same from a file that is open. What is no recording is refused by its first bytes, what is longer than its header lets
 * it be before it is read. */
int recording_take(struct file *file, struct recording *recording, struct error *error);

/* The same from memory; name stands for the file in messages. source: what the recording was imported from; NULL if not
 * wanted. */
int recording_decode(const char *name, const void *bytes, size_t length, struct recording *recording,
		     char source[RECORDING_SOURCE_BYTES], struct error *error);

/* Whether bytes begin as a compact file does (8 are needed). */
bool recording_is_compact(const void *bytes, size_t length);

/* Writes the file whole or not at all. source is cut to RECORDING_SOURCE_BYTES; control characters in it become '?'. Slots are
 * numbered anew by the rule of trace/slots.h, which changes no recording that was imported or read. Returns 0 or -1: a
 * recording that breaks a rule of workload/recording.h (the operation is named), no memory, or the file cannot be written. */
int recording_write(const char *path, const char *source, const struct recording *recording, struct error *error);

/* The value of recording.hash: 64 bits over operations, limits and counts. Imported and read recordings agree on it. */
uint64_t recording_hash(const struct recording *recording);

#endif
