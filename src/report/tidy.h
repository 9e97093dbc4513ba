/* SPDX-License-Identifier: MIT
 * What every row of a tidy table begins with: all that tells one arm from another, each in a column of its own. */
#ifndef REPORT_TIDY_H
#define REPORT_TIDY_H

#include "base/text.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>

/* The keys that sweeps set, each once, borrowed from results. Zero-initialise; names is released with memory_release. */
struct tidy_keys {
	const char **names;
	size_t count, capacity;
};
/* Adds those of one more result. false: no memory. */
bool tidy_find_keys(const struct result *result, struct tidy_keys *keys);

/* The names of the columns, and what an arm has in them; a comma stands behind the last one. */
void tidy_add_head(const struct tidy_keys *keys, struct text *csv);
void tidy_add_start(const struct result *result, const struct result_arm *arm, const struct tidy_keys *keys,
		    struct text *start);

#endif
