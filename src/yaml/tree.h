/* SPDX-License-Identifier: MIT
 * The pre-pass: one YAML document as a tree with positions, read with libyaml's events and without recursion. It bounds what
 * a file may ask for before anything else looks at it. */
#ifndef YAML_TREE_H
#define YAML_TREE_H

#include "yaml/problems.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits of a document; a message names the one that was passed. */
#define YAML_DEPTH_MAX 32u
#define YAML_NODES_MAX 100000u /* after alias expansion */
#define YAML_SCALAR_BYTES_MAX 4096u

#define YAML_NODE_NONE UINT32_MAX

/* Of all scalars together, aliases written out: forty for each node that a file may have. */
#define YAML_TEXT_BYTES_MAX (4u << 20)

enum yaml_node_kind { YAML_NODE_SCALAR, YAML_NODE_LIST, YAML_NODE_MAP, YAML_NODE_ALIAS };

struct yaml_node {
	enum yaml_node_kind kind;
	bool plain;                    /* SCALAR: written without quotes */
	bool refused;                  /* SCALAR: has been reported; must not be used */
	struct yaml_position position; /* where it is written */
	uint32_t first;    /* LIST: first item; MAP: first key, its next is the value; ALIAS: what it stands for */
	uint32_t next;     /* sibling, or YAML_NODE_NONE */
	uint32_t height;   /* collections on the way down, itself included */
	uint32_t expanded; /* nodes below and including it, aliases followed */
	size_t text;       /* SCALAR: offset of its bytes in yaml_tree.texts, '\0' behind them */
	size_t text_bytes; /* after alias expansion */
};

/* Zero-initialise. nodes[0] is the root. */
struct yaml_tree {
	struct yaml_node *nodes;
	size_t count;
	size_t capacity;
	struct text texts;
	uint32_t expanded; /* nodes after alias expansion, <= YAML_NODES_MAX */
};

/* Reads bytes (of problems, too). Returns 0 when there is a tree, perhaps with problems about single scalars; -1 when there is
 * none: not UTF-8, not YAML, several documents or none, too deep, too many nodes. empty: what is said of a file without a
 * node. Released by the caller in both cases. */
int yaml_tree_read(struct yaml_tree *tree, const char *empty, struct yaml_problems *problems);
void yaml_tree_release(struct yaml_tree *tree);

/* The text of a scalar. */
const char *yaml_tree_text(const struct yaml_tree *tree, uint32_t node);

/* The node that an alias stands for, or the node itself. */
uint32_t yaml_tree_resolve(const struct yaml_tree *tree, uint32_t node);

#endif
