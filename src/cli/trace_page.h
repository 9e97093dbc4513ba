/* SPDX-License-Identifier: MIT
 * iovabench trace stat -o PAGE.html: the figures of a recording as a page that needs no other file. */
#ifndef CLI_TRACE_PAGE_H
#define CLI_TRACE_PAGE_H

#include "base/error.h"
#include "base/text.h"
#include "trace/shape.h"

/* Writes the page whole, or nothing. told: what trace stat says in text; name: of the recording. Returns 0, or -1 with a
 * message. */
int trace_page_write(const char *path, const char *name, const struct recording_shape *shape, const struct text *told,
		     struct error *error);

#endif
