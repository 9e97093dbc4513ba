/* SPDX-License-Identifier: MIT
 * What every key of a workload file means. A test holds the table against the parser's tables, its ranges against the parser itself, and
 * the manual against both. */
#ifndef WORKLOAD_KEYS_H
#define WORKLOAD_KEYS_H

#include <stddef.h>

struct workload_key {
	const char *path;       /* keys joined by points, lists add nothing: "requests.size.fixed" */
	const char *value;      /* kind, and range when it has one: "count, 1 to 4096" */
	const char *by_default; /* "required", "none", or what is taken when the key is left out */
	const char *about;
};

/* In the order of a file: a key stands before those below it. */
extern const struct workload_key workload_keys[];
extern const size_t workload_key_count;

/* The keys that the parser knows: calls each with the path of every one, in the order of its tables. */
void workload_keys_each(void (*each)(void *context, const char *path), void *context);

#endif
