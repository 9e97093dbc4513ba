/* SPDX-License-Identifier: MIT
 * Names for whole specs, and spellings of earlier versions. */
#ifndef ALLOCATOR_NAMES_H
#define ALLOCATOR_NAMES_H

#include "base/text.h"

#include <stddef.h>

struct allocator_named_spec {
	const char *name; /* as a part of a spec, without options */
	const char *spec;
	const char *about;
	/* The built-in that -a all leaves to this spec, because nobody runs it bare; NULL: none. */
	const char *stands_for;
};

extern const struct allocator_named_spec allocator_named_specs[];
extern const size_t allocator_named_spec_count;

/* NULL when there is none of that name. */
const struct allocator_named_spec *allocator_named_spec_find(const char *name);

/* Appends spec with every name of the table, and every earlier spelling, written out. A lack of memory shows in expanded. */
void allocator_spec_expand(const char *spec, struct text *expanded);

/* The name of arm i of -a all: built-ins that are neither layers nor of the harness, in the order of the registry, or what
 * stands for them. NULL behind the last one. */
const char *allocator_competitor(size_t i);

#endif
