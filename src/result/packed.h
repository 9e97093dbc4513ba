/* SPDX-License-Identifier: MIT
 * Results that zstd has packed. */
#ifndef RESULT_PACKED_H
#define RESULT_PACKED_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* The ending of a packed file, behind that of what is in it. */
#define PACKED_ENDING ".zst"

/* Whether something begins as zstd begins its frames. */
bool packed_begins(const char *bytes, size_t length);
/* Puts what is in *content (one frame or several) in its place; more than limit bytes are refused before they are unpacked.
 * -1 with EXIT_CODE_USAGE: damaged, cut off or too large; EXIT_CODE_IO: no memory. *content is to be released either way. */
int packed_unpack(struct text *content, size_t limit, const char *name, struct error *error);

#endif
