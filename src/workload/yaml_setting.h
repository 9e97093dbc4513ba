/* SPDX-License-Identifier: MIT
 * A value of a document that is replaced before anything decodes it: what sweeps do. */
#ifndef WORKLOAD_YAML_SETTING_H
#define WORKLOAD_YAML_SETTING_H

#include "workload/workload_yaml.h"
#include "workload/yaml_tree.h"

/* Sets the value of setting->key. Reports and returns -1 when the document has no such value, or what stands there is a list or a map.
 * A value that aliases share changes in all their places. Cost: O(nodes on the way). */
int yaml_setting_apply(struct yaml_tree *tree, const struct workload_setting *setting, struct yaml_problems *problems);

#endif
