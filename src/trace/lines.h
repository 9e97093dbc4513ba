/* SPDX-License-Identifier: MIT
 * Lines of a text file, plain or packed, one after the other. */
#ifndef TRACE_LINES_H
#define TRACE_LINES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES_MAX 8192 /* of a longer line only the beginning is seen */

struct lines;
struct file;

struct line {
	const char *text; /* '\0' at its end; valid until the next line is asked for */
	size_t length;    /* '\0' bytes inside the line count too */
	uint64_t number;  /* from 1 */
	bool cut;         /* it was longer than LINE_BYTES_MAX */
	bool whole;       /* a newline ended it; else the file did */
};

/* The file stays the caller's, open until the end. Returns NULL with a message: a format that another program must print
 * first. */
struct lines *lines_open(struct file *file, struct error *error);

/* Returns 1 and *line; 0 at the end; -1 with a message: cannot be read, damaged packing, no memory. */
int lines_next(struct lines *lines, struct line *line, struct error *error);

void lines_close(struct lines *lines);

#endif
