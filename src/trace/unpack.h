/* SPDX-License-Identifier: MIT
 * Packed files: gzip and zstd by their libraries, xz, bzip2 and lz4 by the tools that are installed. */
#ifndef TRACE_UNPACK_H
#define TRACE_UNPACK_H

#include "base/file.h"

#include <stdbool.h>
#include <stddef.h>

struct unpacker;

/* What a file begins with. */
struct packing {
	const char *magic;
	size_t length;
	size_t at; /* where the magic stands */
	int (*open)(struct unpacker *unpacker, const struct packing *packing, struct error *error); /* NULL: refused */
	/* Adds to what is at to; 0 bytes: the end. */
	int (*read)(struct unpacker *unpacker, char *to, size_t room, size_t *got, struct error *error);
	void (*close)(struct unpacker *unpacker);
	const char *tool, *package;
	const char *advice; /* when it is refused, or the tool is missing */
};

/* The row that fits the first bytes, or NULL: nothing says that they are no plain text. */
const struct packing *packing_find(const void *bytes, size_t length);

/* Unpacks what the bytes and then the file hold; the bytes are copied. -1 with a message: refused, no memory, no tool. */
struct unpacker *unpacker_open(const struct packing *packing, struct file *file, const void *bytes, size_t length,
			       struct error *error);

/* Reads up to room bytes, at least one, or 0 at the end. -1 with a message that begins with the file's name: damaged, cut
 * off. */
int unpacker_read(struct unpacker *unpacker, char *to, size_t room, size_t *got, struct error *error);

void unpacker_close(struct unpacker *unpacker);

#endif
