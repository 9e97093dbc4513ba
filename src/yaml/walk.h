/* SPDX-License-Identifier: MIT
 * The walk of a document over its table of keys. */
#ifndef YAML_WALK_H
#define YAML_WALK_H

#include "yaml/document.h"

/* Tells whatever does not fit and adds the rest to out in one form: a map of members for each struct, named by their locations
 * in it ("size.min"), every value as libcyaml takes it. Refuses the root when there is nothing to load. */
void yaml_walk(struct yaml_document *document, struct text *out);

/* As the key of a member in that text: prefix and name, joined by a point. Returns the new length. */
size_t yaml_prefix_add(char *prefix, size_t length, const char *name);
#define YAML_PREFIX_BYTES 256

#endif
