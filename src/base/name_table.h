/* SPDX-License-Identifier: MIT
 * From names to numbers, so that a file of many names is read in linear time. */
#ifndef BASE_NAME_TABLE_H
#define BASE_NAME_TABLE_H

#include <stddef.h>

#define NAME_TABLE_NONE ((size_t)-1)

struct name_table_entry;

/* Zero-initialise. Names are borrowed: they must outlive the table. */
struct name_table {
	struct name_table_entry *entries;
	size_t count;
	size_t capacity;
	size_t *heads; /* head_count of them, a power of two */
	size_t head_count;
};

/* The number of name, or NAME_TABLE_NONE. O(1). */
size_t name_table_find(const struct name_table *table, const char *name);

/* Gives name a number, instead of the one that it had. Returns 0, or -1 without memory (the table is as it was). */
int name_table_set(struct name_table *table, const char *name, size_t number) __attribute__((warn_unused_result));

void name_table_release(struct name_table *table);

#endif
