/* SPDX-License-Identifier: MIT
 * A hash table from 64-bit keys to 32-bit values: what is live, who is in the middle of an allocation. */
#ifndef TRACE_TABLE_H
#define TRACE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_entry {
	uint64_t key;
	uint32_t value;
	uint32_t used;
};

/* Zero-initialise. */
struct table {
	struct table_entry *entries;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* The value of key, or NULL. Valid until the next put or remove. */
uint32_t *table_find(const struct table *table, uint64_t key);

/* Sets the value of key. Returns 0, or -1 without memory (everything as it was). */
int table_put(struct table *table, uint64_t key, uint32_t value) __attribute__((warn_unused_result));

/* Nothing happens when key is not there. */
void table_remove(struct table *table, uint64_t key);

void table_release(struct table *table);

#endif
