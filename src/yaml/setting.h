/* SPDX-License-Identifier: MIT
 * A value of a document that is replaced before anything decodes it: what sweeps do. */
#ifndef YAML_SETTING_H
#define YAML_SETTING_H

#include <stddef.h>
#include <stdint.h>

struct yaml_problems;
struct yaml_tree;

/* The value that takes the place of one that is written. */
struct yaml_setting {
	const char *key; /* keys joined by points, items of lists by their name, request or number: phases.churn.ops */
	const char *value;
	uint32_t line, column; /* where the value is written; line 0: the position is that of what it replaces */
};

/* Sets the value of setting->key. Reports and returns -1 when the document has no such value, or what stands there is a list
 * or a map. A value that aliases share changes in all their locations. Cost: O(nodes on the way). */
int yaml_setting_apply(struct yaml_tree *tree, const struct yaml_setting *setting, struct yaml_problems *problems);

#endif
