/* SPDX-License-Identifier: MIT
 * libcyaml, which is called here alone. */
#ifndef YAML_SCHEMA_H
#define YAML_SCHEMA_H

#include "yaml/document.h"

/* Loads the text that yaml_walk wrote into *root, a zeroed struct of the language's root. Returns 0, or -1 (told) with *root
 * as it was. */
int yaml_schema_load(struct yaml_document *document, const struct text *text, void *root);

#endif
