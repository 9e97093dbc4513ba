/* SPDX-License-Identifier: MIT
 * Between the files that read specs: values of options and plugins. */
#ifndef ALLOCATOR_SPEC_H
#define ALLOCATOR_SPEC_H

#include "allocator/registry.h"
#include "base/error.h"

/* Decodes "key=value,key=value" (cut in place; NULL: none) for table into values, one for each of its options, defaults first.
 * table is NULL for a plugin that is not open: then only the form is checked, and values may be NULL. Returns 0, or -1 with
 * EXIT_CODE_USAGE and a message that begins with the whole spec. */
int allocator_options_read(const char *spec, const char *part, const struct iova_allocator *table, char *options,
			   uint64_t *values, struct error *error);

/* Opens one plugin. Returns 0, or -1 with EXIT_CODE_USAGE; then nothing is open. */
int allocator_plugin_open(const char *path, const struct iova_allocator **table, void **library, struct error *error);
void allocator_plugin_close(void *library);

#endif
