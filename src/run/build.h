/* SPDX-License-Identifier: MIT
 * Which build of the program this is. */
#ifndef RUN_BUILD_H
#define RUN_BUILD_H

#include "base/error.h"

#include <stdint.h>

/* Of the build ID that the linker left in the program, in microseconds; where it left none, of the program's bytes.
 * -1: these cannot be read. */
int build_hash(uint64_t *hash, struct error *error);

#endif
