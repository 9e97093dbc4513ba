/* SPDX-License-Identifier: MIT
 * Machines on which rounds ran. A round is identified by its node and its number: rounds of two nodes are never paired. */
#ifndef RESULT_NODE_H
#define RESULT_NODE_H

#include "result/result.h"

#include <stdbool.h>

/* Whether everything but the identity is the same: CPU and how many, microcode, kernel, build, memory, NUMA nodes. What
 * neither of the two could tell counts as the same. */
bool result_node_same_class(const struct result_node *a, const struct result_node *b);

/* The node on which all rounds of an arm ran. The result must have its nodes. */
const struct result_node *result_arm_node(const struct result *result, const struct result_arm *arm);
/* The id of the run that measured an arm: of its source, in a merged document. */
const char *result_arm_run(const struct result *result, const struct result_arm *arm);

/* Fills cpu, kernel, build and cpus of a zeroed node from the sections machine and build. -1: no memory; to be released. */
int result_node_describe(const struct result *result, struct result_node *node);

/* Fills the nodes of a document of before there were any: one, or one for each machine among the sources. Their identity is
 * the model and the number of CPUs, which is all that such documents tell. -1: no memory. */
int result_guess_nodes(struct result *result);

void result_node_release(struct result_node *node);

#endif
