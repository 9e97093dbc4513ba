/* SPDX-License-Identifier: MIT
 * The tables of keys: what workload_yaml.c, which alone knows libcyaml, does for the rest of the room. */
#ifndef WORKLOAD_WORKLOAD_DOCUMENT_H
#define WORKLOAD_WORKLOAD_DOCUMENT_H

#include "workload/model.h"
#include "workload/yaml_places.h"
#include "workload/yaml_problems.h"
#include "workload/yaml_tree.h"

/* Holds a tree against the tables and decodes what fits into *workload; everything else is among the problems. places are prepared
 * with room for a place for each node of the tree and one more for each lone value. */
void workload_document_read(const struct yaml_tree *tree, struct yaml_places *places, struct yaml_problems *problems,
			    struct workload *workload);

/* Calls each for every key that a file may have, in the order of the tables: "requests.size.fixed". Lists add nothing to a path. */
void workload_document_keys(void (*each)(void *context, const char *path), void *context);

#endif
