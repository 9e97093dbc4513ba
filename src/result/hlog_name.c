/* SPDX-License-Identifier: MIT
 * What the logs of arms are called. '~' stands in no workload's or allocator's own part of a name: what is made different
 * stays so. */
#include "result/result.h"

#include "base/hash.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_MAX 160 /* of a longer name this much stays, before its hash */

static void add_plain(const struct result *result, size_t arm, struct text *name)
{
	result_workload_label(&result->workloads[result->arms[arm].workload], name);
	text_add(name, "-%s", result->arms[arm].spec);
	if (name->failed)
		return;
	uint64_t hash = hash_bytes(HASH_START, name->bytes, name->length);
	for (size_t i = 0; i < name->length; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", name->bytes[i]))
			name->bytes[i] = '_';
	if (name->length <= PLAIN_MAX)
		return;
	name->length = PLAIN_MAX;
	text_add(name, "~%016" PRIx64, hash);
}

static int compare(const void *a, const void *b)
{
	const struct text *const *x = a, *const *y = b;
	return strcmp((*x)->bytes, (*y)->bytes);
}

/* sorted: room for as many pointers as there are names. */
static void tell_apart(struct text *names, struct text **sorted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sorted[i] = &names[i];
	qsort(sorted, count, sizeof sorted[0], compare);
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count && strcmp(sorted[end]->bytes, sorted[first]->bytes) == 0; end++)
			;
		if (end - first == 1)
			continue;
		for (size_t i = first; i < end; i++)
			text_add(sorted[i], "~%zu", (size_t)(sorted[i] - names));
	}
}

struct text *result_hlog_names(const struct result *result)
{
	size_t count = result->arm_count;
	bool failed = false;
	struct text *names = memory_zeroed(count, sizeof names[0]);
	struct text **sorted = memory_zeroed(count, sizeof sorted[0]);
	for (size_t i = 0; names && sorted && i < count; i++) {
		add_plain(result, i, &names[i]);
		failed |= names[i].failed;
	}
	if (names && sorted && !failed)
		tell_apart(names, sorted, count);
	for (size_t i = 0; names && sorted && i < count; i++) {
		text_add(&names[i], ".hlog");
		failed |= names[i].failed;
	}
	if (sorted && !failed) {
		memory_release(sorted);
		return names;
	}
	memory_release(sorted);
	result_release_hlog_names(names, names ? count : 0);
	return NULL;
}

void result_release_hlog_names(struct text *names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		text_release(&names[i]);
	memory_release(names);
}
