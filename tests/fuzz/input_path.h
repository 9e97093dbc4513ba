/* SPDX-License-Identifier: MIT
 * An input as a file, for what reads by path. */
#ifndef FUZZ_INPUT_PATH_H
#define FUZZ_INPUT_PATH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The same path each time; it holds this input until the next call. */
static inline const char *input_path(const uint8_t *data, size_t size)
{
	static char path[32];
	static int descriptor = -1;
	if (descriptor < 0) {
		descriptor = memfd_create("input", 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
	}
	if (ftruncate(descriptor, 0) || pwrite(descriptor, data, size, 0) != (ssize_t)size)
		abort();
	return path;
}

#endif
