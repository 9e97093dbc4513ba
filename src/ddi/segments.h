/* SPDX-License-Identifier: MIT
 * The mapped segments of one reserved range: a treap (Seidel and Aragon, 1996) over their entries, by their pages. It lies in
 * the second halves of the handles, so that nothing is allocated. All costs are O(log segments), expected. */
#ifndef DDI_SEGMENTS_H
#define DDI_SEGMENTS_H

#include "ddi/handle_table.h"

/* Whether a segment below root (an index, or HANDLE_INDEX_NONE) meets pages [first, first + count). */
bool segments_meet(const struct handle_table *handles, uint32_t root, uint64_t first, uint64_t count);
/* The segment that begins at a page, or HANDLE_INDEX_NONE. */
uint32_t segments_at(const struct handle_table *handles, uint32_t root, uint64_t page);
/* Adds a segment that meets no other. */
void segments_add(struct handle_table *handles, uint32_t *root, uint32_t index);
/* Takes one out that is there. */
void segments_remove(struct handle_table *handles, uint32_t *root, uint32_t index);

#endif
